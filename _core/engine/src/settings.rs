//! What the engine is started with. Fixed for its life; everything that may change comes in snapshots.

use std::net::SocketAddr;

use serde::Deserialize;

/// One socket to listen on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerSettings {
    /// The name by which a snapshot's listener refers to it.
    pub name: String,
    /// Is TLS terminated here?
    pub tls: bool,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Listening sockets that were bound by whoever started us: one per worker, or none.
    #[serde(default)]
    pub fds: Vec<i32>,
}

/// Everything the engine is started with. Times are in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Worker threads; each serves every listener.
    pub workers: usize,
    /// Sockets to listen on.
    pub listeners: Vec<ListenerSettings>,
    /// The memory file of counters and rings.
    pub telemetry_fd: i32,
    /// How many label sets of routes are counted apart.
    #[serde(default = "default::telemetry_slots")]
    pub telemetry_slots: u32,
    /// How many bytes of access-log records wait for the log pump, per worker (a power of two).
    #[serde(default = "default::telemetry_ring_bytes")]
    pub telemetry_ring_bytes: u64,
    /// Where the last good snapshot is kept.
    #[serde(default)]
    pub last_good: Option<std::path::PathBuf>,
    /// How long an unused upstream connection is kept.
    #[serde(default = "default::upstream_idle_ms")]
    pub upstream_idle_ms: u64,
    /// How many unused connections are kept per endpoint and worker.
    #[serde(default = "default::upstream_idle_per_endpoint")]
    pub upstream_idle_per_endpoint: usize,
    /// How long a client may be silent between two requests.
    #[serde(default = "default::client_idle_ms")]
    pub client_idle_ms: u64,
    /// How long a request head may take from its first byte.
    #[serde(default = "default::header_timeout_ms")]
    pub header_timeout_ms: u64,
    /// How long a TLS handshake may take.
    #[serde(default = "default::handshake_timeout_ms")]
    pub handshake_timeout_ms: u64,
    /// How long a client may be silent within a body, or refuse to read an answer.
    #[serde(default = "default::client_body_timeout_ms")]
    pub client_body_timeout_ms: u64,
    /// Client connections per worker; more are refused.
    #[serde(default = "default::max_connections")]
    pub max_connections: usize,
    /// How long a drain leaves idle connections open, so that a request that is under way to us still arrives.
    #[serde(default = "default::drain_idle_ms")]
    pub drain_idle_ms: u64,
}

mod default {
    pub(super) fn telemetry_slots() -> u32 {
        131_072
    }
    pub(super) fn telemetry_ring_bytes() -> u64 {
        4 << 20
    }
    pub(super) fn upstream_idle_ms() -> u64 {
        60_000
    }
    pub(super) fn upstream_idle_per_endpoint() -> usize {
        1_024
    }
    pub(super) fn client_idle_ms() -> u64 {
        75_000
    }
    pub(super) fn header_timeout_ms() -> u64 {
        10_000
    }
    pub(super) fn handshake_timeout_ms() -> u64 {
        5_000
    }
    pub(super) fn client_body_timeout_ms() -> u64 {
        60_000
    }
    pub(super) fn max_connections() -> usize {
        65_536
    }
    pub(super) fn drain_idle_ms() -> u64 {
        1_000
    }
}
