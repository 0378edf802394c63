//! A route, and the table of routes of one host.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::digest::Digest;
use crate::ids::{BackendId, CertificateId, RouteId};
use crate::match_::PathMatch;
use crate::peers::HostTls;

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

/// Another backend for some of the requests of a route. The first that fits is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Which backend.
    pub backend: BackendId,
    /// None is plain HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<UpstreamTls>,
    /// Its share of the requests that neither header nor cookie decide.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weight: u32,
    /// What `weight` is a share of.
    #[serde(default = "hundred", skip_serializing_if = "is_hundred")]
    pub total: u32,
    /// The header that decides; empty is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub header: String,
    /// The value of it that chooses the canary; empty: `always` does, and `never` chooses the other.
    #[serde(default, skip_serializing_if = "is_default")]
    pub header_value: String,
    /// An expression that values which choose the canary match somewhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub header_pattern: String,
    /// The cookie that decides by `always` and `never`; empty is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cookie: String,
}

fn hundred() -> u32 {
    100
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_hundred(value: &u32) -> bool {
    *value == hundred()
}

/// Answers that another backend gives in place of the route's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// The statuses that it answers for, ascending.
    pub statuses: Vec<u16>,
    /// Who answers.
    pub backend: BackendId,
    /// Only for answers of the gateway itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub local_only: bool,
}

/// A copy of each request that is forwarded, for another backend whose answers nobody gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// Who gets it.
    pub backend: BackendId,
    /// Its Host, a text with variables.
    pub host: String,
    /// Its path and query, a text with variables; the request's query is added where there is no variable.
    pub target: String,
    /// None is plain HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<UpstreamTls>,
    /// Whether it has the request's body.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub body: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(value: &bool) -> bool {
    *value
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
        /// Other backends for some of the requests.
        canaries: Vec<Canary>,
        /// Who answers while the backend has no endpoint.
        spare: Option<BackendId>,
    },
    /// Answer with a redirect to `path` on the same scheme and host.
    Redirect {
        /// Starts with a slash; or an absolute URL.
        path: String,
        /// 300 to 399.
        status: u16,
        /// Whether the query stays.
        query: bool,
        /// Whether Location has neither scheme nor host.
        relative: bool,
    },
    /// Answer with a redirect to the same path on another host.
    RedirectHost {
        /// A name, without port.
        host: String,
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
    /// Who answers in place of errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Errors>,
    /// Who gets a copy of each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Mirror>,
}

/// The routes of one host name.
///
/// `host` is lower-case without port or trailing dot; `*.x` is any one label before `.x`; empty is every other host. There
/// are three kinds that few have: `**.x` is one label or more before `.x`, `x.*` one or more after `x.`, and
/// `~LENDER NUMBER EXPRESSION` whatever an expression is found in. The longest of the first kind comes before the longest
/// of the second; expressions come by their whole text, and a `*.x` among them as if it were a lender.
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
    /// What TLS with its clients is besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<HostTls>,
}

impl Host {
    /// The name that shards list this host under: the host itself, but `.x` for `*.x`.
    pub fn key(&self) -> &str {
        if self.host.starts_with("*.") { self.host.get(1..).unwrap_or_default() } else { &self.host }
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
    canaries: Option<Vec<Canary>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spare: Option<BackendId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relative: Option<bool>,
}

impl Fields {
    fn of(tag: Tag) -> Self {
        Self {
            tag,
            backend: None,
            tls: None,
            canaries: None,
            spare: None,
            path: None,
            host: None,
            status: None,
            query: None,
            relative: None,
        }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tag {
    Forward,
    Redirect,
    RedirectHost,
    Respond,
}

impl TryFrom<Fields> for Action {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let Fields { tag, backend, tls, canaries, spare, path, host, status, query, relative } = fields;
        let proxies = backend.is_some() || tls.is_some() || canaries.is_some() || spare.is_some();
        let points = path.is_some() || query.is_some() || relative.is_some();
        match (tag, backend, path, host, status) {
            (Tag::Forward, Some(backend), None, None, None) if !points => {
                Ok(Self::Forward { backend, tls, canaries: canaries.unwrap_or_default(), spare })
            }
            (Tag::Redirect, None, Some(path), None, status) if !proxies => Ok(Self::Redirect {
                path,
                status: status.unwrap_or(301),
                query: query.unwrap_or(true),
                relative: relative.unwrap_or(false),
            }),
            (Tag::RedirectHost, None, None, Some(host), status) if !proxies && !points => {
                Ok(Self::RedirectHost { host, status: status.unwrap_or(308) })
            }
            (Tag::Respond, None, None, None, Some(status)) if !proxies && !points => Ok(Self::Respond { status }),
            (Tag::Forward, ..) => Err("type forward has the fields backend, tls, canaries, spare and no other"),
            (Tag::Redirect, ..) => Err("type redirect has the fields path, status, query, relative and no other"),
            (Tag::RedirectHost, ..) => Err("type redirect_host has the fields host, status and no other"),
            (Tag::Respond, ..) => Err("type respond has the field status and no other"),
        }
    }
}

impl From<Action> for Fields {
    fn from(action: Action) -> Self {
        match action {
            Action::Forward { backend, tls, canaries, spare } => {
                let canaries = Some(canaries).filter(|canaries| !canaries.is_empty());
                Self { backend: Some(backend), tls, canaries, spare, ..Self::of(Tag::Forward) }
            }
            Action::Redirect { path, status, query, relative } => Self {
                path: Some(path),
                status: (status != 301).then_some(status),
                query: (!query).then_some(false),
                relative: relative.then_some(true),
                ..Self::of(Tag::Redirect)
            },
            Action::RedirectHost { host, status } => {
                Self { host: Some(host), status: (status != 308).then_some(status), ..Self::of(Tag::RedirectHost) }
            }
            Action::Respond { status } => Self { status: Some(status), ..Self::of(Tag::Respond) },
        }
    }
}
