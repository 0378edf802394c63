//! Sockets, buffers and deadlines: what bytes travel through. Knows no protocol.

pub mod buffer;
pub mod deadline;
pub mod stream;
