//! Where clients connect.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::connections::Connections;
use crate::forwarders::Forwarders;
use crate::log::AccessLog;
use crate::network::Network;
use crate::peers::TlsVersion;
use crate::secret::Secret;

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

/// TLS with the clients of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenerTls {
    /// The oldest version.
    #[serde(skip_serializing_if = "is_oldest")]
    pub oldest: TlsVersion,
    /// The newest version.
    #[serde(skip_serializing_if = "is_newest")]
    pub newest: TlsVersion,
    /// The suites of TLS 1.2, as OpenSSL lists them; empty: the data plane's own.
    #[serde(skip_serializing_if = "is_default")]
    pub ciphers: String,
    /// The groups for key exchange, as OpenSSL lists them; empty: its own.
    #[serde(skip_serializing_if = "is_default")]
    pub groups: String,
    /// Whether the client's order of suites counts.
    #[serde(skip_serializing_if = "is_default")]
    pub client_order: bool,
    /// Whether handshakes can be shortened by a ticket.
    #[serde(skip_serializing_if = "is_true")]
    pub tickets: bool,
    /// How long a ticket is good for, in seconds.
    #[serde(skip_serializing_if = "is_default_session")]
    pub session_s: u32,
    /// The key of tickets, 80 or 48 bytes as nginx has it; None: the data plane's own, which change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_key: Option<Secret>,
    /// Whether handshakes that ask for no host, or for one that only every other host's routes are for, are refused.
    #[serde(skip_serializing_if = "is_default")]
    pub known_names_only: bool,
}

impl Default for ListenerTls {
    fn default() -> Self {
        Self {
            oldest: TlsVersion::V12,
            newest: TlsVersion::V13,
            ciphers: String::new(),
            groups: String::new(),
            client_order: false,
            tickets: true,
            session_s: 600,
            ticket_key: None,
            known_names_only: false,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_oldest(version: &TlsVersion) -> bool {
    *version == TlsVersion::V12
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_newest(version: &TlsVersion) -> bool {
    *version == TlsVersion::V13
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default_session(value: &u32) -> bool {
    *value == ListenerTls::default().session_s
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
    /// How TLS is spoken on it, where that is not as it is by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
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
    /// The access log.
    #[serde(default, skip_serializing_if = "is_default")]
    pub log: AccessLog,
}
