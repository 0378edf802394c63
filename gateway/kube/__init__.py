"""The API server: reaching it, watching it, writing to it. Must not know what the objects are for.

Nothing here loads the `kubernetes` library before a client connects: it takes most of a second, and many commands need
no cluster.
"""
