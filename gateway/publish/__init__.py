"""The way to the data plane: one unix socket, snapshots out, judgements back. Nothing here decides what is served."""
