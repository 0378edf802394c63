//! TLS: server contexts from certificates, the accept side, the connect side, and small certificates of our own.

pub mod certificate;
pub mod client;
pub mod mint;
pub mod server;
