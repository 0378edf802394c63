//! How connections are kept: as the engine was started, and as the newest snapshot asks for instead.
//!
//! A worker looks at the snapshot with every tick, so a change holds for connections that are open, and for whatever
//! is waited for from then on. A request that is being read is read to its end under the limits it began with.

use sallygate_image::Connections;
use sallygate_wire::limits::Limits;

use crate::settings::Settings;
use crate::upstream::pool::{IDLE_IN_ALL, Keep};

/// The part of a worker's files that connections to upstreams may take while they are idle.
const IDLE_SHARE: usize = 4;
/// More than any buffer that a head is read into.
const AGAIN_BYTES: usize = 1 << 20;

/// What holds now.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// How long a client may be silent between two requests.
    pub client_idle_ms: u64,
    /// Requests on one client connection before it is closed.
    pub client_requests: u32,
    /// How long a request head may take from its first byte.
    pub header_timeout_ms: u64,
    /// How long a client may be silent within a body, or refuse to read an answer.
    pub client_body_timeout_ms: u64,
    /// Bounds of request heads.
    pub limits: Limits,
    /// How connections to endpoints are kept.
    pub upstreams: Keep,
}

impl Keeping {
    /// `asked` wins over `settings`.
    pub fn new(settings: &Settings, asked: Connections) -> Self {
        let ms = |asked: Option<u32>, started: u64| asked.map_or(started, u64::from);
        let bytes = |asked: Option<u32>, usual: usize| asked.and_then(|one| usize::try_from(one).ok()).unwrap_or(usual);
        let usual = Limits::default();
        Self {
            client_idle_ms: ms(asked.client_idle_ms, settings.client_idle_ms),
            client_requests: asked.client_requests.unwrap_or(settings.client_requests),
            header_timeout_ms: ms(asked.header_timeout_ms, settings.header_timeout_ms),
            client_body_timeout_ms: ms(asked.body_timeout_ms, settings.client_body_timeout_ms),
            limits: Limits {
                request_line_bytes: bytes(asked.request_line_bytes, usual.request_line_bytes),
                head_bytes: bytes(asked.head_bytes, usual.head_bytes),
                keep_underscores: asked.underscores,
                ..usual
            },
            upstreams: Keep {
                in_all: bytes(asked.upstream_idle, IDLE_IN_ALL).min(IDLE_IN_ALL).min(settings.max_files / IDLE_SHARE),
                per_target: settings.upstream_idle_per_endpoint,
                idle_ms: ms(asked.upstream_idle_ms, settings.upstream_idle_ms),
                requests: asked.upstream_requests.unwrap_or(settings.upstream_requests),
                age_ms: ms(asked.upstream_age_ms, settings.upstream_age_ms),
            },
        }
    }

    /// For a head that was read before, perhaps under other limits: its length is not judged again.
    pub fn again(&self) -> Limits {
        Limits { request_line_bytes: AGAIN_BYTES, head_bytes: AGAIN_BYTES, ..self.limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_stands_as_it_was_started() {
        let mut settings = Settings::new(1, Vec::new());
        settings.client_requests = 7;
        let keeping = Keeping::new(&settings, Connections { client_idle_ms: Some(5), ..Connections::default() });
        assert_eq!((keeping.client_requests, keeping.client_idle_ms), (7, 5));
        assert_eq!(keeping.header_timeout_ms, settings.header_timeout_ms);
        assert_eq!(keeping.limits, Limits::default());
        assert_eq!(keeping.upstreams.in_all, IDLE_IN_ALL);
    }

    #[test]
    fn more_idle_connections_than_a_worker_can_have_are_as_many_as_it_can() {
        let settings = Settings::new(1, Vec::new());
        let asked = Connections { upstream_idle: Some(u32::MAX), ..Connections::default() };
        assert_eq!(Keeping::new(&settings, asked).upstreams.in_all, IDLE_IN_ALL);
    }

    #[test]
    fn where_files_are_few_idle_connections_leave_some_to_clients() {
        let mut settings = Settings::new(1, Vec::new());
        settings.max_files = 1_000;
        assert_eq!(Keeping::new(&settings, Connections::default()).upstreams.in_all, 250);
    }

    #[test]
    fn a_head_is_not_measured_twice() {
        let settings = Settings::new(1, Vec::new());
        let asked = Connections { head_bytes: Some(1_024), underscores: true, ..Connections::default() };
        let again = Keeping::new(&settings, asked).again();
        assert_eq!((again.head_bytes, again.keep_underscores), (AGAIN_BYTES, true));
    }
}
