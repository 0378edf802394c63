//! What a route does to a request besides forwarding it.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::filters::Filters;
use crate::peers::EndpointTls;

/// Upstream timeouts in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// One attempt to connect, TLS included.
    pub connect_ms: u64,
    /// Between two successful writes of the request.
    pub send_ms: u64,
    /// Between two successful reads of the response.
    pub read_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 5_000, send_ms: 60_000, read_ms: 60_000 }
    }
}

/// Send a request that came over plain HTTP to https, keeping host, path and query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpsRedirect {
    /// The status of the answer.
    pub status: u16,
    /// Whether a slash at the end of the target stays.
    #[serde(skip_serializing_if = "is_default")]
    pub keep_slash: bool,
    /// Whether Location has the port, too.
    #[serde(skip_serializing_if = "is_default")]
    pub port: bool,
}

impl Default for HttpsRedirect {
    fn default() -> Self {
        Self { status: 308, keep_slash: false, port: false }
    }
}

/// Replace the whole path by `template`; `$1` to `$9` are the captures of the route's regex. The query stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// Literal text and captures.
    pub template: String,
}

/// Whether a request's body is taken in whole before an endpoint is asked, so that a slow client keeps none waiting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestBody {
    /// Whether it is.
    #[serde(skip_serializing_if = "is_true")]
    pub buffered: bool,
    /// How much of it waits in memory; the rest waits on disk.
    #[serde(skip_serializing_if = "is_default_memory")]
    pub memory_bytes: u64,
}

impl Default for RequestBody {
    fn default() -> Self {
        Self { buffered: true, memory_bytes: 8_192 }
    }
}

/// What lets a request be tried on another endpoint, as long as its client has seen nothing of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a condition of its own")]
pub struct Retries {
    /// No connection, or one that broke before the answer's head was whole.
    #[serde(skip_serializing_if = "is_true")]
    pub error: bool,
    /// Connecting, sending or waiting for the answer took too long.
    #[serde(skip_serializing_if = "is_true")]
    pub timeout: bool,
    /// An answer that is not HTTP.
    #[serde(skip_serializing_if = "is_default")]
    pub invalid: bool,
    /// Answers with one of these, ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<u16>,
    /// Also methods such as POST, after bytes of the request were sent.
    #[serde(skip_serializing_if = "is_default")]
    pub non_idempotent: bool,
    /// No further try is begun after this much time; 0 is no limit.
    #[serde(skip_serializing_if = "is_default")]
    pub budget_ms: u64,
}

impl Default for Retries {
    fn default() -> Self {
        Self { error: true, timeout: true, invalid: false, statuses: Vec::new(), non_idempotent: false, budget_ms: 0 }
    }
}

/// Shared between routes by value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Upstream timeouts.
    #[serde(skip_serializing_if = "is_default")]
    pub timeouts: Timeouts,
    /// The largest request body; 0 is unlimited.
    #[serde(skip_serializing_if = "is_default_body_limit")]
    pub body_limit_bytes: u64,
    /// Whether plain HTTP is sent to https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_redirect: Option<HttpsRedirect>,
    /// What becomes of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Rewrite>,
    /// The value of `Strict-Transport-Security` on every response over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hsts: Option<String>,
    /// Attempts in all, the first included.
    #[serde(skip_serializing_if = "is_default_tries")]
    pub tries: u32,
    /// What lets a request be tried again.
    #[serde(skip_serializing_if = "is_default")]
    pub retries: Retries,
    /// How its body is taken in.
    #[serde(skip_serializing_if = "is_default")]
    pub request_body: RequestBody,
    /// Endpoints are spoken to in HTTP/1.0, one request per connection.
    #[serde(skip_serializing_if = "is_default")]
    pub http10: bool,
    /// What refuses and changes requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Box<Filters>>,
    /// How TLS is spoken with endpoints that it is spoken with; None: whatever they show is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_tls: Option<Box<EndpointTls>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            body_limit_bytes: 1_048_576,
            https_redirect: None,
            rewrite: None,
            hsts: None,
            tries: 3,
            retries: Retries::default(),
            request_body: RequestBody::default(),
            http10: false,
            filters: None,
            endpoint_tls: None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default_memory(value: &u64) -> bool {
    *value == RequestBody::default().memory_bytes
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default_body_limit(value: &u64) -> bool {
    *value == Policy::default().body_limit_bytes
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default_tries(value: &u32) -> bool {
    *value == Policy::default().tries
}
