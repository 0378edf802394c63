"""What the cluster is told of what is served here: addresses in the status of Ingresses, and Events.

Only the leader writes, and only of what the data plane has acknowledged. Must not know how anything is served.
"""
