//! Proxies a request: as many tries as its route allows, each on an endpoint that has not failed it yet.

use std::future::poll_fn;
use std::task::Poll;

use sallygate_image::Policy;
use sallygate_wire::exchange::{ClientEnd, Exchange as Ledger};
use sallygate_wire::request::{Method, RequestHead};
use sallygate_wire::response::RequestKind;

use crate::balance;
use crate::fault::{Failure, Kind};
use crate::proxy::account::{Account, connect_failure};
use crate::proxy::client::{Connection, End};
use crate::proxy::exchange::{Exchange, Peers, Terms, Upload};
use crate::proxy::tunnel::tunnel;
use crate::route::{Action, Route};
use crate::snapshot::Snapshot;
use crate::telemetry::Counter;
use crate::transport::buffer::Buffer;
use crate::transport::stream::Stream;
use crate::upstream::connect::connect;
use crate::upstream::pool::{Swept, Target};

impl Connection<'_> {
    /// Proxies a request, with as many tries as its route allows.
    pub(super) async fn forward(
        &mut self,
        snapshot: &Snapshot,
        route: &Route,
        bytes: &[u8],
        head: &RequestHead,
        upload: &mut Upload,
        account: &mut Account,
    ) -> bool {
        let worker = self.worker;
        let Action::Forward { backend, tls } = &route.action else { return false };
        let policy = &route.policy;
        let terms = self.terms(policy, bytes, head);
        let mut ledger = Ledger::new(head);
        let ledger = &mut ledger;
        if upload.complete {
            ledger.request_read();
        }
        if let Err(failure) = upload.fill(ledger, account, terms.body_limit) {
            return self.fail(failure, head, bytes, upload, account, &terms).await;
        }
        if head.expect_continue && !upload.complete {
            if !self.send_continue().await {
                account.fail(Failure::of(Kind::ClientGone));
                return false;
            }
            ledger.continued();
        }
        let mut tries = 0;
        // Why the next try is one more, to be counted if there is an endpoint for it.
        let mut again = None;
        let mut excluded = Vec::new();
        loop {
            tries += 1;
            let picked = snapshot
                .backend(*backend)
                .and_then(|backend| balance::pick(backend, &mut worker.balance.borrow_mut(), &excluded));
            let Some((address, _in_flight)) = picked.map(|endpoint| (endpoint.address(), endpoint.begin())) else {
                // With every endpoint tried, what the last one did is the answer.
                let failure = account.last_failure.unwrap_or(Failure::of(Kind::NoEndpoint));
                self.exhausted(tries - 1);
                return self.fail(failure, head, bytes, upload, account, &terms).await;
            };
            if let Some(reason) = again.take() {
                worker.telemetry.add(reason, 1);
            }
            let target = Target { address, tls: tls.clone() };
            account.try_endpoint(target.address, &worker.clock);
            let (mut stream, reused) = match self.upstream(&target, policy.timeouts.connect_ms).await {
                Ok(found) => found,
                Err(failure) => {
                    account.last_failure = Some(failure);
                    if tries < policy.tries && upload.replayable {
                        excluded.push(target.address);
                        let timed_out = failure.kind == Kind::ConnectTimeout;
                        again = Some(if timed_out { Counter::RetriesTimeout } else { Counter::RetriesConnect });
                        continue;
                    }
                    self.exhausted(tries);
                    return self.fail(failure, head, bytes, upload, account, &terms).await;
                }
            };
            worker.telemetry.add(Counter::UpstreamRequests, 1);
            let mut exchange = Exchange::new(worker, &terms, &self.deadline, upload, ledger, account);
            let client = &mut self.stream;
            let ended =
                poll_fn(|cx| exchange.poll(cx, &mut Peers { client: &mut *client, upstream: &mut stream })).await;
            let Err(failure) = ended else {
                let switched = exchange.switched.then(|| exchange.take_leftover());
                drop(exchange);
                account.answered(&worker.clock);
                if let Some(from_upstream) = switched {
                    let leftovers = (upload.input.take(), from_upstream);
                    self.tunnel(stream, leftovers, terms.read_ms, account).await;
                    return false;
                }
                worker.park(&target, stream, ledger.reuse_upstream());
                return self.end_of_answer(ledger.client_end(upload.decoder.remaining()), upload).await;
            };
            let begun = exchange.begun;
            let unsent = exchange.take_unsent();
            drop(exchange);
            drop(stream);
            worker.telemetry.add(Counter::UpstreamConnectionsClosed, 1);
            account.last_failure = Some(failure);
            if begun {
                // Part of the answer is out: the client must see that it is not whole.
                account.fail(failure);
                self.stream.abort();
                return false;
            }
            if !unsent.is_empty() && !self.write_all(unsent).await {
                account.fail(Failure::of(Kind::ClientGone));
                return false;
            }
            // Another try is safe if the upstream cannot have acted on the request, or if acting twice is acting once.
            let safe = !account.upstream_written || head.method.is_idempotent();
            // An answer that makes no sense is an answer: the next endpoint would be given the same to choke on.
            let unanswered = matches!(failure.kind, Kind::Broken | Kind::SendTimeout | Kind::ReadTimeout);
            if unanswered && safe && upload.replayable && tries < policy.tries {
                // A connection that was kept too long says nothing about its endpoint.
                let stale = reused && failure.kind == Kind::Broken;
                if !stale {
                    excluded.push(target.address);
                }
                upload.output.rewind();
                again = Some(if stale { Counter::RetriesStale } else { Counter::RetriesTimeout });
                continue;
            }
            self.exhausted(tries);
            return self.fail(failure, head, bytes, upload, account, &terms).await;
        }
    }

    fn terms<'a>(&self, policy: &'a Policy, bytes: &'a [u8], head: &RequestHead) -> Terms<'a> {
        Terms {
            version: head.version,
            kind: if head.method == Method::Head { RequestKind::Head } else { RequestKind::Other },
            upgrade: head.upgrade.map(|token| token.of(bytes)),
            hsts: policy.hsts.as_deref().filter(|_| self.entry.tls.is_some()).map(str::as_bytes),
            body_limit: policy.body_limit_bytes,
            send_ms: policy.timeouts.send_ms,
            read_ms: policy.timeouts.read_ms,
        }
    }

    /// Counts a request that failed although it was tried again.
    fn exhausted(&self, tries: u32) {
        if tries > 1 {
            self.worker.telemetry.add(Counter::RetriesExhausted, 1);
        }
    }

    /// A connection to the target, and whether it was used before.
    async fn upstream(&self, target: &Target, connect_ms: u64) -> Result<(Stream, bool), Failure> {
        let worker = self.worker;
        let mut swept = Swept::default();
        // Unconstrained: a connection must never pass for silent because this task has used up its turn.
        let take = poll_fn(|cx| Poll::Ready(worker.upstreams.borrow_mut().take(target, cx, &mut swept)));
        let pooled = tokio::task::coop::unconstrained(take).await;
        if swept != Swept::default() {
            worker.swept(swept);
        }
        if let Some(stream) = pooled {
            worker.telemetry.add(Counter::UpstreamConnectionsUnparked, 1);
            worker.telemetry.add(Counter::UpstreamConnectionsReused, 1);
            return Ok((stream, true));
        }
        match connect(target, &worker.connector, &self.deadline, connect_ms).await {
            Ok(stream) => {
                worker.telemetry.add(Counter::UpstreamConnectionsOpened, 1);
                Ok((stream, false))
            }
            Err(failure) => {
                worker.telemetry.add(connect_failure(failure), 1);
                Err(failure)
            }
        }
    }

    async fn tunnel(
        &mut self,
        mut upstream: Stream,
        leftovers: (Option<Buffer>, Option<Buffer>),
        idle_ms: u64,
        account: &mut Account,
    ) {
        let telemetry = &self.worker.telemetry;
        telemetry.add(Counter::TunnelsOpened, 1);
        let (carried, failure) =
            tunnel(self.worker, &self.deadline, &mut self.stream, &mut upstream, leftovers, idle_ms).await;
        telemetry.add(Counter::TunnelsClosed, 1);
        telemetry.add(Counter::UpstreamConnectionsClosed, 1);
        telemetry.add(Counter::TunnelBytesReceived, carried.up);
        telemetry.add(Counter::TunnelBytesSent, carried.down);
        account.request_body += carried.up;
        account.response_body += carried.down;
        if failure.is_some_and(|failure| failure.kind == Kind::ReadTimeout) {
            telemetry.add(Counter::TimeoutTunnelIdle, 1);
        }
    }

    /// Makes the client's connection ready for what comes next. True if a request may.
    async fn end_of_answer(&mut self, end: ClientEnd, upload: &mut Upload) -> bool {
        match end {
            ClientEnd::Keep => true,
            ClientEnd::Close => {
                self.linger(End::close(upload) == End::Close).await;
                false
            }
            ClientEnd::Drain => self.discard(upload).await,
        }
    }
}
