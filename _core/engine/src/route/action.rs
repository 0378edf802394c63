//! A route as workers see it.

use std::sync::Arc;

use sallygate_image::{Policy, RouteId, UpstreamTls};

use super::captures::Captures;
use super::pattern::Pattern;
use super::rewrite::Template;
use crate::balance::{BackendIndex, BackendKey};
use crate::telemetry::Labels;

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

/// A route.
pub struct Route {
    /// Where it was written.
    pub id: RouteId,
    /// What it does.
    pub action: Action,
    /// What it does besides.
    pub policy: Arc<Policy>,
    /// What becomes of the path, from the policy.
    pub rewrite: Option<Arc<Template>>,
    /// The path as its author wrote it.
    pub display_path: Box<str>,
    /// The place of its figures in telemetry; 0 is shared.
    pub slot: u32,
    /// Keeps the backend's index from being given to another backend.
    pub(crate) backend: Option<Arc<BackendKey>>,
    /// Its regex, if it has one.
    pub(super) pattern: Option<Arc<Pattern>>,
}

impl Route {
    /// A route that no telemetry knows yet.
    pub(crate) fn new(
        id: RouteId,
        action: Action,
        policy: Arc<Policy>,
        rewrite: Option<Arc<Template>>,
        display_path: Box<str>,
        backend: Option<Arc<BackendKey>>,
    ) -> Self {
        Self { id, action, policy, rewrite, display_path, slot: 0, backend, pattern: None }
    }

    /// The captures of a path that this route matched; none if it has no regex.
    pub fn captures(&self, path: &[u8], captures: &mut Captures) {
        match &self.pattern {
            Some(pattern) => pattern.captures(path, captures),
            None => captures.clear(),
        }
    }

    /// What its figures are reported under.
    pub fn labels(&self, host: &str) -> Labels {
        let backend = self.backend.as_ref().map(|key| key.id());
        Labels {
            namespace: self.id.namespace.clone(),
            object: self.id.name.clone(),
            service: backend.map(|id| id.service.clone()).unwrap_or_default(),
            port: backend.map(|id| id.port.clone()).unwrap_or_default(),
            host: host.to_owned(),
            path: self.display_path.clone().into(),
        }
    }
}
