//! Sockets that clients come to, and the worker threads that accept them.

pub mod accept;
pub mod bind;
pub mod inherit;
pub mod signals;
pub mod worker;
