//! What the engine is started with. Fixed for its life; everything that may change comes in snapshots.

use std::net::SocketAddr;

pub use sallygate_wire::trailer::TrailerNames;
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
    /// How many requests an upstream connection serves; ingress-nginx's number (`upstream-keepalive-requests`).
    #[serde(default = "default::upstream_requests")]
    pub upstream_requests: u32,
    /// How old an upstream connection may become before it is not used again; ingress-nginx's hour, so that upstreams
    /// that changed their address or their weight are met anew at last.
    #[serde(default = "default::upstream_age_ms")]
    pub upstream_age_ms: u64,
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
    /// Requests on one client connection before it is closed, so that what balances clients in front of us can move
    /// them; ten times ingress-nginx's number, as a close in mid-work costs a connection and, often, a handshake.
    #[serde(default = "default::client_requests")]
    pub client_requests: u32,
    /// How old a client connection may become before its next response ends it, for the same reason (nginx's
    /// `keepalive_time`).
    #[serde(default = "default::client_age_ms")]
    pub client_age_ms: u64,
    /// How long a client may send its body as slowly as it likes; only time in which it was waited for counts.
    #[serde(default = "default::client_send_grace_ms")]
    pub client_send_grace_ms: u64,
    /// How fast it must have sent on average after that: what a bad telephone line still carries.
    #[serde(default = "default::client_send_bytes_per_second")]
    pub client_send_bytes_per_second: u64,
    /// How long a client may read its answer as slowly as it likes; only time in which it was waited for counts.
    #[serde(default = "default::client_read_grace_ms")]
    pub client_read_grace_ms: u64,
    /// How fast it must have read on average after that: enough to see that it is there, and holds no upstream for fun.
    #[serde(default = "default::client_read_bytes_per_second")]
    pub client_read_bytes_per_second: u64,
    /// Where request bodies go that are too much for memory; without a folder they are sent on as they come.
    #[serde(default)]
    pub body_folder: Option<std::path::PathBuf>,
    /// Bytes of request bodies that a worker keeps in memory in all; each body has a limit of its own, but clients are
    /// many.
    #[serde(default = "default::body_memory_bytes")]
    pub body_memory_bytes: u64,
    /// Bytes of request bodies that a worker keeps on disk in all; beyond it bodies are sent on as they come.
    #[serde(default = "default::body_disk_bytes")]
    pub body_disk_bytes: u64,
    /// Memory that the compressors of a worker take in all, which are 0.4 MB with gzip and 2 with Brotli for each answer;
    /// beyond it answers go as they are. Whoever reads slowly keeps one for as long as that takes.
    #[serde(default = "default::compression_bytes")]
    pub compression_bytes: u64,
    /// Client connections per worker; more are refused, and before it comes to that, idle ones make room.
    #[serde(default = "default::max_connections")]
    pub max_connections: usize,
    /// Files that the connections of a worker may need: one for each that is idle, to a client or an upstream, and two
    /// for each client that is being served, whose request has an upstream. At the limit new clients are refused, and
    /// before it comes to that, idle ones make room. The process sets it by how many files it may open.
    #[serde(default = "default::max_files")]
    pub max_files: usize,
    /// Names of trailer fields that go on to upstreams behind a body in chunks: what is only known once it is out.
    #[serde(default, deserialize_with = "trailer_names")]
    pub request_trailers: TrailerNames,
    /// Names of trailer fields that go on to clients that take any, for the same reason.
    #[serde(default, deserialize_with = "trailer_names")]
    pub response_trailers: TrailerNames,
    /// How long a drain leaves idle connections open, so that a request that is under way to us still arrives.
    #[serde(default = "default::drain_idle_ms")]
    pub drain_idle_ms: u64,
}

impl Settings {
    /// Defaults, but for what has none. The descriptor of the telemetry memory is not set.
    pub fn new(workers: usize, listeners: Vec<ListenerSettings>) -> Self {
        Self {
            workers,
            listeners,
            telemetry_fd: -1,
            telemetry_slots: default::telemetry_slots(),
            telemetry_ring_bytes: default::telemetry_ring_bytes(),
            last_good: None,
            upstream_idle_ms: default::upstream_idle_ms(),
            upstream_idle_per_endpoint: default::upstream_idle_per_endpoint(),
            upstream_requests: default::upstream_requests(),
            upstream_age_ms: default::upstream_age_ms(),
            client_idle_ms: default::client_idle_ms(),
            header_timeout_ms: default::header_timeout_ms(),
            handshake_timeout_ms: default::handshake_timeout_ms(),
            client_body_timeout_ms: default::client_body_timeout_ms(),
            client_requests: default::client_requests(),
            client_age_ms: default::client_age_ms(),
            client_send_grace_ms: default::client_send_grace_ms(),
            client_send_bytes_per_second: default::client_send_bytes_per_second(),
            client_read_grace_ms: default::client_read_grace_ms(),
            client_read_bytes_per_second: default::client_read_bytes_per_second(),
            body_folder: None,
            body_memory_bytes: default::body_memory_bytes(),
            body_disk_bytes: default::body_disk_bytes(),
            compression_bytes: default::compression_bytes(),
            max_connections: default::max_connections(),
            max_files: default::max_files(),
            request_trailers: TrailerNames::default(),
            response_trailers: TrailerNames::default(),
            drain_idle_ms: default::drain_idle_ms(),
        }
    }
}

fn trailer_names<'de, D: serde::Deserializer<'de>>(from: D) -> Result<TrailerNames, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    TrailerNames::read(&names).map_err(serde::de::Error::custom)
}

mod default {
    pub(super) fn client_requests() -> u32 {
        10_000
    }
    pub(super) fn client_age_ms() -> u64 {
        3_600_000
    }
    pub(super) fn client_send_grace_ms() -> u64 {
        10_000
    }
    pub(super) fn client_send_bytes_per_second() -> u64 {
        240
    }
    pub(super) fn client_read_grace_ms() -> u64 {
        30_000
    }
    pub(super) fn client_read_bytes_per_second() -> u64 {
        100
    }
    pub(super) fn body_memory_bytes() -> u64 {
        64 << 20
    }
    pub(super) fn body_disk_bytes() -> u64 {
        1 << 30
    }
    pub(super) fn compression_bytes() -> u64 {
        64 << 20
    }
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
    pub(super) fn upstream_requests() -> u32 {
        10_000
    }
    pub(super) fn upstream_age_ms() -> u64 {
        3_600_000
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
    pub(super) fn max_files() -> usize {
        131_072
    }
    pub(super) fn drain_idle_ms() -> u64 {
        1_000
    }
}
