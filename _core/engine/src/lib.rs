//! The data plane: listeners, workers, routing, forwarding.
