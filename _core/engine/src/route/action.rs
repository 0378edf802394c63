//! A route as workers see it.

use std::sync::Arc;

use sallygate_image::{Policy, UpstreamTls};

use super::captures::Captures;
use super::pattern::Pattern;
use super::rewrite::Template;
use crate::balance::{BackendIndex, BackendKey};

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Proxy to one endpoint of a backend.
    Forward {
        /// The backend's place in every snapshot that has this route.
        backend: BackendIndex,
        /// None is plain HTTP.
        tls: Option<UpstreamTls>,
    },
    /// Answer with a redirect to `path` on the same scheme and host; the query stays.
    Redirect {
        /// Starts with a slash.
        path: Box<str>,
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
    /// The place of its figures, and of its labels, in telemetry; 0 is shared.
    pub slot: u32,
    /// Where it was written.
    pub origin: Origin,
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
        Self { action, policy, rewrite, slot: 0, origin, backend, pattern: None }
    }

    /// The captures of a path that this route matched; none if it has no regex.
    pub fn captures(&self, path: &[u8], captures: &mut Captures) {
        match &self.pattern {
            Some(pattern) => pattern.captures(path, captures),
            None => captures.clear(),
        }
    }
}
