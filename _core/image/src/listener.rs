//! Where clients connect.

use serde::{Deserialize, Serialize};

/// What is spoken on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// A socket that the data plane was started with, and the table of hosts that serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The socket's name.
    pub name: String,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// The table that serves it.
    pub table: String,
}

/// All listeners.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listeners {
    /// No two have the same name.
    pub listeners: Vec<Listener>,
}
