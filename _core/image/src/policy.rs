//! What a route does to a request besides forwarding it.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;

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
}

impl Default for HttpsRedirect {
    fn default() -> Self {
        Self { status: 308 }
    }
}

/// Replace the whole path by `template`; `$1` to `$9` are the captures of the route's regex. The query stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// Literal text and captures.
    pub template: String,
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
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default_body_limit(value: &u64) -> bool {
    *value == Policy::default().body_limit_bytes
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default_tries(value: &u32) -> bool {
    *value == Policy::default().tries
}
