//! Sockets, their addresses, buffers, files and deadlines: what bytes travel through. Knows no protocol.

pub mod address;
pub mod buffer;
pub mod compress;
pub mod conduit;
pub mod deadline;
pub mod pace;
pub mod spill;
pub mod stream;
pub mod throttle;
pub mod watch;
