//! Where clients connect.

use serde::{Deserialize, Serialize};

use crate::forwarders::Forwarders;
use crate::network::Network;

/// What is spoken on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// Load balancers whose connections begin with a PROXY header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyHeaders {
    /// Peers in these send one, and must; of all others it is a bad request. Ascending.
    pub networks: Vec<Network>,
    /// How long the header may take.
    #[serde(default = "proxy_header_ms", skip_serializing_if = "is_proxy_header_ms")]
    pub timeout_ms: u64,
}

/// A load balancer has it ready when it connects; a lost packet or two are sent again within this.
fn proxy_header_ms() -> u64 {
    3_000
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_proxy_header_ms(timeout_ms: &u64) -> bool {
    *timeout_ms == proxy_header_ms()
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
    /// Who says in a PROXY header whose connection it is; None: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_headers: Option<ProxyHeaders>,
}

/// All listeners.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listeners {
    /// No two have the same name.
    pub listeners: Vec<Listener>,
}
