//! Whether a request is tried again, and where. The rules are those of nginx's `proxy_next_upstream`, with one more: an
//! endpoint is not tried twice while there is another.

use std::net::SocketAddr;

use sallygate_image::Policy;
use sallygate_wire::request::Method;

use crate::fault::{Failure, Kind, Side};
use crate::telemetry::Counter;

/// The tries of one request.
pub(super) struct Tries<'p> {
    policy: &'p Policy,
    idempotent: bool,
    begun: u32,
    first_us: u64,
    excluded: Vec<SocketAddr>,
    /// The endpoint whose kept connection broke: it comes last, but it may come again.
    stale: Option<SocketAddr>,
}

impl<'p> Tries<'p> {
    pub(super) fn new(policy: &'p Policy, method: Method) -> Self {
        Self { policy, idempotent: method.is_idempotent(), begun: 0, first_us: 0, excluded: Vec::new(), stale: None }
    }

    /// A try begins.
    pub(super) fn begin(&mut self, now_us: u64) {
        if self.begun == 0 {
            self.first_us = now_us;
        }
        self.begun += 1;
    }

    /// How many have begun.
    pub(super) fn begun(&self) -> u32 {
        self.begun
    }

    /// Endpoints that are not to be tried.
    pub(super) fn excluded(&self) -> &[SocketAddr] {
        &self.excluded
    }

    /// No endpoint is left. True if one may be tried again after all: its kept connection broke, which says nothing
    /// about a new one.
    pub(super) fn relent(&mut self) -> bool {
        let Some(stale) = self.stale.take() else { return false };
        self.excluded.retain(|address| *address != stale);
        true
    }

    /// May another try begin, as far as number and time go?
    pub(super) fn left(&self, now_us: u64) -> bool {
        let budget_us = self.policy.retries.budget_ms.saturating_mul(1_000);
        self.begun < self.policy.tries && (budget_us == 0 || now_us.saturating_sub(self.first_us) < budget_us)
    }

    /// May a request be sent again of which an upstream has seen something?
    pub(super) fn repeatable(&self) -> bool {
        self.idempotent || self.policy.retries.non_idempotent
    }

    /// The answers that another endpoint could do better, given that there is one.
    pub(super) fn passed_over(&self) -> &'p [u16] {
        if self.repeatable() { &self.policy.retries.statuses } else { &[] }
    }

    /// What a try failed with, before any of its answer reached the client. Why there is to be another, if there is.
    /// `sent`: an upstream has seen something of the request; `reused`: on a kept connection.
    pub(super) fn after(
        &mut self,
        failure: Failure,
        address: SocketAddr,
        sent: bool,
        reused: bool,
        now_us: u64,
    ) -> Option<Counter> {
        let reason = self.reason(failure, reused)?;
        if (sent && !self.repeatable()) || !self.left(now_us) {
            return None;
        }
        if reason == Counter::RetriesStale {
            self.stale = Some(address);
        }
        self.excluded.push(address);
        Some(reason)
    }

    fn reason(&self, failure: Failure, reused: bool) -> Option<Counter> {
        let retries = &self.policy.retries;
        let (wanted, reason) = match failure.kind {
            Kind::ConnectFailed | Kind::Unreachable | Kind::HandshakeFailed | Kind::Untrusted => {
                (retries.error, Counter::RetriesConnect)
            }
            Kind::Broken if reused => (retries.error, Counter::RetriesStale),
            Kind::Broken => (retries.error, Counter::RetriesBroken),
            Kind::ConnectTimeout | Kind::SendTimeout | Kind::ReadTimeout => (retries.timeout, Counter::RetriesTimeout),
            Kind::Wire(_) if failure.side == Side::Upstream => (retries.invalid, Counter::RetriesInvalid),
            // Only answers that are passed over end so.
            Kind::PassedOver => (true, Counter::RetriesStatus),
            _ => return None,
        };
        wanted.then_some(reason)
    }
}

#[cfg(test)]
mod tests {
    use sallygate_image::Retries;
    use sallygate_wire::fault::Fault;

    use super::*;

    const BROKEN: Failure = Failure { side: Side::Upstream, kind: Kind::Broken };

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], port))
    }

    fn policy(retries: Retries) -> Policy {
        Policy { retries, ..Policy::default() }
    }

    /// The reason for a second try after a first one that failed so.
    fn second(retries: Retries, method: Method, failure: Failure, sent: bool) -> Option<Counter> {
        let policy = policy(retries);
        let mut tries = Tries::new(&policy, method);
        tries.begin(0);
        tries.after(failure, address(1), sent, false, 0)
    }

    #[test]
    fn each_condition_lets_its_failures_be_tried_again_and_no_others() {
        let off = Retries { error: false, timeout: false, ..Retries::default() };
        let failures = [
            (Failure::of(Kind::ConnectFailed), Retries { error: true, ..off.clone() }, Counter::RetriesConnect),
            (Failure::of(Kind::Unreachable), Retries { error: true, ..off.clone() }, Counter::RetriesConnect),
            (Failure::of(Kind::HandshakeFailed), Retries { error: true, ..off.clone() }, Counter::RetriesConnect),
            (BROKEN, Retries { error: true, ..off.clone() }, Counter::RetriesBroken),
            (Failure::of(Kind::ConnectTimeout), Retries { timeout: true, ..off.clone() }, Counter::RetriesTimeout),
            (Failure::of(Kind::SendTimeout), Retries { timeout: true, ..off.clone() }, Counter::RetriesTimeout),
            (Failure::of(Kind::ReadTimeout), Retries { timeout: true, ..off.clone() }, Counter::RetriesTimeout),
            (
                Failure::upstream(Fault::BadStatusLine),
                Retries { invalid: true, ..off.clone() },
                Counter::RetriesInvalid,
            ),
        ];
        for (index, (failure, retries, reason)) in failures.iter().enumerate() {
            assert_eq!(second(retries.clone(), Method::Get, *failure, true), Some(*reason), "{failure:?}");
            assert_eq!(second(off.clone(), Method::Get, *failure, true), None, "{failure:?}");
            for (other, (_, others, _)) in failures.iter().enumerate() {
                let same = others == retries;
                assert_eq!(second(others.clone(), Method::Get, *failure, false).is_some(), same, "{index} {other}");
            }
        }
        for failure in
            [Failure::of(Kind::ClientGone), Failure::of(Kind::ClientTimeout), Failure::of(Kind::BodyTooLarge)]
        {
            assert_eq!(second(Retries::default(), Method::Get, failure, false), None, "{failure:?}");
        }
    }

    #[test]
    fn what_was_sent_is_repeated_only_where_that_is_harmless_or_wanted() {
        let wanted = Retries { non_idempotent: true, ..Retries::default() };
        for (method, harmless) in [(Method::Get, true), (Method::Put, true), (Method::Post, false)] {
            assert_eq!(second(Retries::default(), method, BROKEN, true).is_some(), harmless);
            assert!(second(Retries::default(), method, BROKEN, false).is_some());
            assert!(second(wanted.clone(), method, BROKEN, true).is_some());
        }
    }

    #[test]
    fn tries_end_by_number_and_by_time() {
        let policy = Policy { tries: 2, ..policy(Retries { budget_ms: 10, ..Retries::default() }) };
        let mut tries = Tries::new(&policy, Method::Get);
        tries.begin(1_000);
        assert!(tries.left(10_999) && !tries.left(11_000));
        assert!(tries.after(BROKEN, address(1), true, false, 11_000).is_none());
        assert!(tries.after(BROKEN, address(1), true, false, 10_000).is_some());
        tries.begin(10_000);
        assert!(tries.after(BROKEN, address(2), true, false, 10_000).is_none());
    }

    #[test]
    fn an_endpoint_with_a_stale_connection_comes_again_but_last() {
        let policy = policy(Retries::default());
        let mut tries = Tries::new(&policy, Method::Get);
        tries.begin(0);
        assert_eq!(tries.after(BROKEN, address(1), true, true, 0), Some(Counter::RetriesStale));
        assert_eq!(tries.excluded(), [address(1)]);
        tries.begin(0);
        tries.after(BROKEN, address(2), true, false, 0);
        assert!(tries.relent());
        assert_eq!(tries.excluded(), [address(2)]);
        assert!(!tries.relent());
    }
}
