"""The configuration as a tree of content-addressed segments. Knows the IR and nothing else: no store, no socket."""
