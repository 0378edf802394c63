//! Connections to endpoints: how they are made, kept and taken up again.

pub mod connect;
pub mod pool;
