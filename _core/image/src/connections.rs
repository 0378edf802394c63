//! How long connections are kept, and how much may be said on them before a request is whole.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;

/// Of clients, and of ours to endpoints. What is None stands as the data plane was started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connections {
    /// How long a client may be silent between two requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_idle_ms: Option<u32>,
    /// Requests on one client connection before it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_requests: Option<u32>,
    /// How long a request head may take from its first byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_timeout_ms: Option<u32>,
    /// How long a client may be silent within a body, or refuse to read an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_timeout_ms: Option<u32>,
    /// The longest request line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_line_bytes: Option<u32>,
    /// The longest request head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_bytes: Option<u32>,
    /// Are request fields forwarded whose name holds an underscore?
    #[serde(default, skip_serializing_if = "is_default")]
    pub underscores: bool,
    /// How many unused connections to endpoints a worker keeps in all; 0 is a new one for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_idle: Option<u32>,
    /// How long an unused connection to an endpoint is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_idle_ms: Option<u32>,
    /// Requests on one connection to an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_requests: Option<u32>,
    /// How old a connection to an endpoint may become before it is not used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_age_ms: Option<u32>,
}
