//! Where clients connect.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::connections::Connections;
use crate::forwarders::Forwarders;

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
    /// Who may say where a request comes from, besides the connection itself; None: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarders: Option<Forwarders>,
}

/// All listeners.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listeners {
    /// No two have the same name.
    pub listeners: Vec<Listener>,
    /// What holds for the connections of all of them, and for ours to endpoints.
    #[serde(default, skip_serializing_if = "is_default")]
    pub connections: Connections,
}
