//! TLS: server contexts from certificates, the accept side and its tickets, the connect side, and small certificates of our
//! own.

pub mod certificate;
pub mod client;
mod foreign;
pub mod mint;
pub mod server;
pub mod tickets;
