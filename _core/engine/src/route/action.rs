//! A route as workers see it.

use std::sync::Arc;

use sallygate_image::{Policy, UpstreamTls};

use super::captures::Captures;
use super::pattern::Pattern;
use super::rewrite::Template;
use crate::balance::{BackendIndex, BackendKey};
use crate::filter::{Canary, Filters, RequestEdits, Text};
use crate::regex::GaveUp;
use crate::trust::Endpoint;

/// Backends beside a route's own.
pub struct Others {
    /// For some of the requests.
    pub canaries: Box<[Canary]>,
    /// For all requests while the route's own has no endpoint.
    pub spare: Option<Arc<BackendKey>>,
}

/// Who answers in place of errors.
pub struct Errors {
    /// Ascending.
    pub statuses: Box<[u16]>,
    /// Who answers.
    pub backend: Arc<BackendKey>,
    /// Only in place of answers of our own.
    pub local_only: bool,
}

impl Errors {
    /// Is this status answered by somebody else?
    pub fn cover(&self, status: u16) -> bool {
        self.statuses.binary_search(&status).is_ok()
    }
}

/// Who gets a copy of each request, and what it says.
pub struct Mirror {
    /// Who gets it.
    pub backend: Arc<BackendKey>,
    /// None is plain HTTP.
    pub tls: Option<UpstreamTls>,
    /// Its Host, and that its connection ends with its answer.
    pub edits: RequestEdits,
    /// Its path and query.
    pub target: Text,
    /// Does the target stand as it is written, so that the request's query is added?
    pub plain: bool,
    /// Does it have the request's body?
    pub body: bool,
}

/// What is done with a request.
pub enum Action {
    /// Proxy to one endpoint of a backend.
    Forward {
        /// The backend's place in every snapshot that has this route.
        backend: BackendIndex,
        /// None is plain HTTP.
        tls: Option<UpstreamTls>,
        /// Other backends for some of the requests.
        others: Option<Box<Others>>,
    },
    /// Answer with a redirect to `path` on the same scheme and host.
    Redirect {
        /// Starts with a slash; or an absolute URL.
        path: Box<str>,
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
        host: Box<str>,
        /// 300 to 399.
        status: u16,
    },
    /// Answer locally with a status.
    Respond {
        /// 200 to 599.
        status: u16,
    },
}

/// An object that routes were written in; they share it.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Source {
    pub kind: Box<str>,
    pub namespace: Box<str>,
    pub name: Box<str>,
}

/// Where a route was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The object.
    pub source: Arc<Source>,
    /// The rule in it, from 0.
    pub rule: u32,
    /// The path in the rule, from 0.
    pub path: u32,
}

/// A route. There may be many, so it holds only what requests need; the texts of its labels stand in telemetry.
pub struct Route {
    /// What it does.
    pub action: Action,
    /// What it does besides.
    pub policy: Arc<Policy>,
    /// What becomes of the path, from the policy.
    pub rewrite: Option<Arc<Template>>,
    /// What refuses and changes requests, from the policy.
    pub filters: Option<Arc<Filters>>,
    /// Who answers in place of errors.
    pub errors: Option<Box<Errors>>,
    /// How TLS is spoken with its endpoints, from the policy, where it is spoken and more is asked for than that.
    pub endpoint: Option<Arc<Endpoint>>,
    /// Who gets a copy of each request.
    pub mirror: Option<Box<Mirror>>,
    /// The place of its figures, and of its labels, in telemetry; 0 is shared.
    pub slot: u32,
    /// Where it was written.
    pub origin: Origin,
    /// The path as its author wrote it.
    pub path: Box<str>,
    /// Keeps the backend's index from being given to another backend.
    pub(crate) backend: Option<Arc<BackendKey>>,
    /// Its regex, if it has one.
    pub(super) pattern: Option<Arc<Pattern>>,
}

impl Route {
    /// A route that no telemetry knows yet.
    pub(crate) fn new(
        origin: Origin,
        action: Action,
        policy: Arc<Policy>,
        rewrite: Option<Arc<Template>>,
        backend: Option<Arc<BackendKey>>,
    ) -> Self {
        Self {
            action,
            policy,
            rewrite,
            filters: None,
            errors: None,
            mirror: None,
            endpoint: None,
            slot: 0,
            origin,
            path: Box::default(),
            backend,
            pattern: None,
        }
    }

    /// The backends that it can lead to.
    pub(crate) fn backends(&self) -> impl Iterator<Item = &Arc<BackendKey>> {
        let others = match &self.action {
            Action::Forward { others, .. } => others.as_deref(),
            _ => None,
        };
        let canaries = others.into_iter().flat_map(|others| others.canaries.iter().map(|canary| &canary.backend));
        let spare = others.and_then(|others| others.spare.as_ref());
        let external = self.filters.as_ref().and_then(|filters| filters.external.as_ref());
        let asked = external.and_then(|external| external.backend.as_ref());
        let errors = self.errors.iter().map(|errors| &errors.backend);
        let mirror = self.mirror.iter().map(|mirror| &mirror.backend);
        self.backend.iter().chain(canaries).chain(spare).chain(errors).chain(asked).chain(mirror)
    }

    /// The captures of a path that this route matched; none if it has no regex.
    pub fn captures(&self, path: &[u8], captures: &mut Captures) -> Result<(), GaveUp> {
        if let Some(pattern) = &self.pattern {
            return pattern.captures(path, captures);
        }
        captures.clear();
        Ok(())
    }
}
