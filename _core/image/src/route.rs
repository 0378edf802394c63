//! A route, and the table of routes of one host.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::digest::Digest;
use crate::ids::{BackendId, CertificateId, RouteId};
use crate::match_::PathMatch;

/// Speak TLS to the endpoints. Without `verify` any certificate is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamTls {
    /// Whether the endpoint's certificate is verified.
    #[serde(skip_serializing_if = "is_default")]
    pub verify: bool,
    /// Sent as SNI, and the name to verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

/// What is done with a request that a route matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub enum Action {
    /// Proxy to one endpoint of a backend.
    Forward {
        /// Which backend.
        backend: BackendId,
        /// None is plain HTTP.
        tls: Option<UpstreamTls>,
    },
    /// Answer with a redirect to `path` on the same scheme and host; the query stays.
    Redirect {
        /// Starts with a slash.
        path: String,
        /// 300 to 399.
        status: u16,
    },
    /// Answer locally with a status and a short plain body.
    Respond {
        /// 200 to 599.
        status: u16,
    },
}

/// One route. `display_path` is the path as its author wrote it, for logs, metrics and tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Where the route was written.
    pub id: RouteId,
    /// How it recognises a path.
    #[serde(rename = "match")]
    pub match_: PathMatch,
    /// What it does.
    pub action: Action,
    /// The digest of its policy.
    pub policy: Digest,
    /// The path as its author wrote it.
    pub display_path: String,
}

/// The routes of one host name.
///
/// `host` is lower-case without port or trailing dot; `*.x` is any one label before `.x`; empty is every other host.
/// Order of evaluation: exact paths, then regexes in the order of `routes`, then the longest prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The host name.
    pub host: String,
    /// What a TLS client that names this host is shown; None is the default certificate.
    #[serde(default)]
    pub certificate: Option<CertificateId>,
    /// Its routes.
    pub routes: Vec<Route>,
}

impl Host {
    /// The name that shards list this host under: the host itself, but `.x` for `*.x`.
    pub fn key(&self) -> &str {
        self.host.strip_prefix('*').unwrap_or(&self.host)
    }
}

/// The action as it lies on the wire; see `match_::Fields` for why it is flat.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(rename = "type")]
    tag: Tag,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backend: Option<BackendId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<UpstreamTls>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tag {
    Forward,
    Redirect,
    Respond,
}

impl TryFrom<Fields> for Action {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        match fields {
            Fields { tag: Tag::Forward, backend: Some(backend), tls, path: None, status: None } => {
                Ok(Self::Forward { backend, tls })
            }
            Fields { tag: Tag::Redirect, backend: None, tls: None, path: Some(path), status } => {
                Ok(Self::Redirect { path, status: status.unwrap_or(301) })
            }
            Fields { tag: Tag::Respond, backend: None, tls: None, path: None, status: Some(status) } => {
                Ok(Self::Respond { status })
            }
            Fields { tag: Tag::Forward, .. } => Err("type forward has the fields backend, tls and no other"),
            Fields { tag: Tag::Redirect, .. } => Err("type redirect has the fields path, status and no other"),
            Fields { tag: Tag::Respond, .. } => Err("type respond has the field status and no other"),
        }
    }
}

impl From<Action> for Fields {
    fn from(action: Action) -> Self {
        let empty = Self { tag: Tag::Respond, backend: None, tls: None, path: None, status: None };
        match action {
            Action::Forward { backend, tls } => Self { tag: Tag::Forward, backend: Some(backend), tls, ..empty },
            Action::Redirect { path, status } => {
                Self { tag: Tag::Redirect, path: Some(path), status: (status != 301).then_some(status), ..empty }
            }
            Action::Respond { status } => Self { status: Some(status), ..empty },
        }
    }
}
