"""What an operator can set. Frozen groups, each handed whole to the component that reads it. Imports nothing of ours.

Flags win over the environment, the environment over defaults. Only the composition root sees all groups.
"""
