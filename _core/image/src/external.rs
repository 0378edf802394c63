//! The service that is asked about each request of a route.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::filters::Header;
use crate::ids::BackendId;

/// How long answers with some statuses are remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Which ones; empty is every status.
    #[serde(default, skip_serializing_if = "is_default")]
    pub statuses: Vec<u16>,
    /// For how long.
    pub ms: u64,
}

/// Connections to a service that wait for their next request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptAlive {
    /// How many, for each worker and endpoint.
    pub connections: u32,
    /// For how many requests each.
    pub requests: u32,
    /// How long unused.
    pub idle_ms: u64,
}

/// Ask another service whether a request may pass. 2xx lets it, 401 and 403 are passed on, and everything else is 500.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// Who is asked; none: whichever route of the request's own host serves `target`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub backend: Option<BackendId>,
    /// Whether TLS is spoken to it. Any certificate is taken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tls: bool,
    /// Sent as SNI; empty is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub server_name: String,
    /// The Host that it gets, a text with variables.
    pub host: String,
    /// Path and query that it is asked for, a text with variables that begins with a slash.
    pub target: String,
    /// The method; empty is GET, and says less of the request.
    #[serde(default, skip_serializing_if = "is_default")]
    pub method: String,
    /// The X-Auth-Request-Redirect that it gets, a text with variables; empty is the request's target.
    #[serde(default, skip_serializing_if = "is_default")]
    pub redirect: String,
    /// Headers that it gets besides.
    #[serde(default, skip_serializing_if = "is_default")]
    pub request_headers: Vec<Header>,
    /// Headers of its answer that the upstream gets, in place of whatever the client has sent under their names.
    #[serde(default, skip_serializing_if = "is_default")]
    pub response_headers: Vec<String>,
    /// Where clients are sent that it answers 401, a text with variables; empty passes the 401 on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signin: String,
    /// Whether its cookies are set whatever the status of the answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub always_set_cookie: bool,
    /// What its answers are remembered by, a text with variables; empty remembers none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cache_key: String,
    /// How long they are. The first entry that has the status counts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kept: Vec<Kept>,
    /// How its connections are kept; none: as those to backends are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub alive: Option<KeptAlive>,
}
