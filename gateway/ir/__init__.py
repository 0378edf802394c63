"""The intermediate representation: what is to be served, in the gateway's own words.

Imports nothing else of ours and knows no Kubernetes type. Every type is frozen; units stand in the names; an id is a
struct, never a joined string.
"""
