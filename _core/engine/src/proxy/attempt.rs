//! Proxies a request: as many tries as its route allows, each on an endpoint that has not failed it yet.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use sallygate_image::{Policy, UpstreamTls};
use sallygate_wire::exchange::{ClientEnd, Exchange as Ledger};
use sallygate_wire::request::{RequestHead, parse_request};

use crate::balance::{self, BackendIndex, BackendSnapshot, InFlight, Preference};
use crate::fault::{Failure, Kind};
use crate::filter::{Affinity, Held, backend_number};
use crate::log::Line;
use crate::proxy::account::{Account, connect_failure};
use crate::proxy::client::{Connection, End};
use crate::proxy::exchange::{Exchange, Peers};
use crate::proxy::mirror;
use crate::proxy::plan::Ground as _;
use crate::proxy::retry::Tries;
use crate::proxy::terms::Terms;
use crate::proxy::tunnel::tunnel;
use crate::proxy::upload::Upload;
use crate::route::{Errors, Route};
use crate::snapshot::Snapshot;
use crate::telemetry::Counter;
use crate::transport::buffer::{Buffer, Output};
use crate::transport::stream::Stream;
use crate::upstream::connect::connect;
use crate::upstream::pool::{Speech, Swept, Target, Upstream};

/// How many keys are drawn for a client that is to go to an endpoint that has not failed it.
const MOVES: usize = 64;

/// Where a request goes, and what is known of the answer already.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) route: &'a Route,
    pub(super) backend: BackendIndex,
    pub(super) tls: Option<&'a UpstreamTls>,
    /// Which endpoint it should go to.
    pub(super) preference: Preference,
    /// Field lines that the route adds to the answer.
    pub(super) added: &'a [u8],
    /// Cookies that are added to answers that tell of no error.
    pub(super) cookies: &'a [u8],
    /// Statuses that somebody else answers.
    pub(super) errors: Option<&'a Errors>,
}

impl<'a> Way<'a> {
    /// By what a client is led to another endpoint when its own fails.
    fn affinity(&self) -> Option<&'a Affinity> {
        let affinity = self.route.filters.as_ref()?.affinity.as_ref()?;
        Some(affinity).filter(|affinity| affinity.moves_on_failure && self.preference != Preference::None)
    }
}

/// What became of a request that was proxied.
pub(super) enum Forwarded {
    /// It was answered. True if another may come.
    Done(bool),
    /// Nothing was said yet: this status is somebody else's to answer.
    Covered(u16),
}

/// How TLS is spoken with a route's endpoints.
pub(super) fn speech(route: &Route, tls: &UpstreamTls) -> Speech {
    match &route.endpoint {
        Some(own) => Speech::Own(own.clone()),
        None => Speech::Usual(tls.clone()),
    }
}

/// The ledger of a request as far as it has been read.
fn opened(head: &RequestHead, upload: &Upload) -> Ledger {
    let mut ledger = Ledger::new(head);
    if upload.complete {
        ledger.request_read();
    }
    ledger
}

/// Notes where a request goes that does not go to its route's own backend.
fn alternative(line: &mut Line, backend: &BackendSnapshot, route: &Route) {
    let id = backend.key.id();
    if route.backend.as_ref().is_some_and(|own| own.id() != id) {
        line.alternative([&id.namespace, &id.service, &id.port]);
    }
}

impl Connection {
    /// Proxies a request, with as many tries as its route allows.
    pub(super) async fn forward(
        &mut self,
        snapshot: &Snapshot,
        way: &Way<'_>,
        bytes: &[u8],
        head: &RequestHead,
        upload: &mut Upload,
        account: &mut Account,
    ) -> Forwarded {
        let worker = &Rc::clone(&self.worker);
        let Way { route, backend, tls, preference, .. } = *way;
        let policy = &route.policy;
        let secure = self.entry.tls.is_some();
        let terms = Terms { way, head, added: way.added, secure, last: self.is_last() };
        let ledger = &mut opened(head, upload);
        match self.prepare(policy, head, upload, ledger, account).await {
            Ok(true) => {}
            Ok(false) => return Forwarded::Done(false),
            Err(failure) => return self.failed(failure, head, bytes, upload, account, &terms).await,
        }
        if let (Some(draft), Some(mirror)) = (upload.copy.take(), &route.mirror) {
            mirror::send(worker, snapshot, mirror, *draft, upload);
        }
        let mut tries = Tries::new(policy, head.method);
        // Why the next try is one more, to be counted if there is an endpoint for it.
        let mut again = None;
        let Some(backend) = snapshot.backend(backend) else {
            return self.failed(Failure::of(Kind::NoEndpoint), head, bytes, upload, account, &terms).await;
        };
        account.note(|line| alternative(line, backend, route));
        let mut preference = preference;
        loop {
            let mut moved = Vec::new();
            if !tries.excluded().is_empty()
                && let Some(affinity) = way.affinity()
            {
                moved.extend_from_slice(way.added);
                self.move_on(backend, affinity, &tries, bytes, &mut preference, &mut moved);
            }
            let led;
            let terms = if moved.is_empty() {
                &terms
            } else {
                led = Terms { added: &moved, ..terms };
                &led
            };
            let Some((address, _in_flight)) = self.pick(backend, preference, &mut tries) else {
                // With every endpoint tried, what the last one did is the answer.
                let failure = account.last_failure.unwrap_or(Failure::of(Kind::NoEndpoint));
                self.exhausted(&tries);
                return self.failed(failure, head, bytes, upload, account, terms).await;
            };
            if let Some(reason) = again.take() {
                worker.telemetry.add(reason, 1);
            }
            let target = Target { address, tls: tls.map(|tls| speech(route, tls)) };
            tries.begin(account.try_endpoint(address, &worker.clock));
            let mut kept = match self.upstream(&target, !policy.http10, policy.timeouts.connect_ms).await {
                Ok(found) => found,
                Err(failure) => {
                    account.try_failed(failure, &worker.clock);
                    again = self.once_more(&mut tries, upload, failure, target.address, (false, false));
                    if again.is_some() {
                        continue;
                    }
                    return self.failed(failure, head, bytes, upload, account, terms).await;
                }
            };
            worker.telemetry.add(Counter::UpstreamRequests, 1);
            account.note(|line| line.connected(worker.clock.micros()));
            let passed_over = self.passed_over(backend, target.address, &tries);
            let mut exchange = Exchange::new(worker, terms, passed_over, &self.deadline, upload, ledger, account);
            let mut peers = Peers { client: &mut self.stream, upstream: &mut kept.stream, request: bytes };
            let ended = poll_fn(|cx| exchange.poll(cx, &mut peers)).await;
            let Err(failure) = ended else {
                let switched = exchange.switched.then(|| exchange.take_leftover());
                drop(exchange);
                account.answered(&worker.clock);
                if let Some(from_upstream) = switched {
                    let leftovers = (upload.input.take(), from_upstream);
                    Box::pin(self.tunnel(kept.stream, leftovers, terms.timeouts().read_ms, account)).await;
                    return Forwarded::Done(false);
                }
                worker.park(&target, kept, ledger.reuse_upstream() && !policy.http10);
                let end = ledger.client_end(upload.decoder.remaining());
                return Forwarded::Done(end == ClientEnd::Keep || Box::pin(self.end_of_answer(end, upload)).await);
            };
            let begun = exchange.begun;
            let unsent = exchange.take_unsent();
            drop(exchange);
            let reused = kept.is_used();
            drop(kept);
            worker.telemetry.add(Counter::UpstreamConnectionsClosed, 1);
            account.try_failed(failure, &worker.clock);
            if let Err(failure) = self.after_broken(begun, unsent, failure).await {
                account.fail(failure);
                return Forwarded::Done(false);
            }
            if let Kind::Covered(status) = failure.kind {
                account.answered(&worker.clock);
                return Forwarded::Covered(status);
            }
            again = self.once_more(&mut tries, upload, failure, target.address, (account.upstream_written, reused));
            if again.is_some() {
                upload.rewind();
                continue;
            }
            return self.failed(failure, head, bytes, upload, account, terms).await;
        }
    }

    /// Why an endpoint is tried once more after this failure, if one is. Of the connection: was anything written to it, and
    /// was it a kept one?
    fn once_more(
        &self,
        tries: &mut Tries,
        upload: &Upload,
        failure: Failure,
        address: SocketAddr,
        (written, reused): (bool, bool),
    ) -> Option<Counter> {
        let now_us = self.worker.clock.micros();
        let again = upload.replayable.then(|| tries.after(failure, address, written, reused, now_us)).flatten();
        if again.is_none() {
            self.exhausted(tries);
        }
        again
    }

    /// Sees to it that the client may still be answered, after an exchange that failed. It may not if it has `begun` to be
    /// answered, or is gone before all that was meant for it is sent.
    async fn after_broken(&mut self, begun: bool, unsent: Output, failure: Failure) -> Result<(), Failure> {
        if begun {
            // Part of the answer is out: the client must see that it is not whole.
            self.stream.abort();
            return Err(failure);
        }
        if !unsent.is_empty() && !Box::pin(self.write_all(unsent)).await {
            return Err(Failure::of(Kind::ClientGone));
        }
        Ok(())
    }

    /// Has as much of the body as has to be there before an upstream is asked. False if the client is gone.
    async fn prepare(
        &mut self,
        policy: &Policy,
        head: &RequestHead,
        upload: &mut Upload,
        ledger: &mut Ledger,
        account: &mut Account,
    ) -> Result<bool, Failure> {
        upload.fill(ledger, account, policy.body_limit_bytes)?;
        if !upload.complete {
            account.waits();
        }
        // Boxed, both: few bodies take more than one read, and every other request would carry their state about.
        if head.expect_continue && !upload.complete && !Box::pin(self.invite(ledger, account)).await {
            return Ok(false);
        }
        if !upload.complete && (policy.request_body.buffered || upload.must_be_whole()) {
            Box::pin(self.take_in(policy, upload, ledger, account)).await?;
        }
        Ok(true)
    }

    /// Tells a client that waits to hear it that its body may come. False if the client is gone.
    async fn invite(&mut self, ledger: &mut Ledger, account: &mut Account) -> bool {
        let told = self.send_continue().await;
        if told {
            ledger.continued();
        } else {
            account.fail(Failure::of(Kind::ClientGone));
        }
        told
    }

    /// Answers a failed request, or has somebody else answer it.
    async fn failed(
        &mut self,
        failure: Failure,
        head: &RequestHead,
        bytes: &[u8],
        upload: &Upload,
        account: &mut Account,
        terms: &Terms<'_>,
    ) -> Forwarded {
        let status = failure.status();
        if failure.kind != Kind::ClientGone && terms.way.errors.is_some_and(|errors| errors.cover(status)) {
            account.fail(failure);
            return Forwarded::Covered(status);
        }
        Forwarded::Done(Box::pin(self.fail(failure, head, bytes, upload, account, terms)).await)
    }

    /// Leads a client whose endpoint has failed to another one, by a cookie in its place.
    fn move_on(
        &self,
        backend: &BackendSnapshot,
        affinity: &Affinity,
        tries: &Tries<'_>,
        bytes: &[u8],
        preference: &mut Preference,
        added: &mut Vec<u8>,
    ) {
        let draw = || u64::from(self.worker.draw(u32::MAX)) << 32 | u64::from(self.worker.draw(u32::MAX));
        let wins = |key: u64| balance::prefer(backend, Preference::Key(key), &[]).map(|endpoint| endpoint.address());
        let key = if affinity.persistent {
            let other = balance::prefer(backend, Preference::Key(draw()), tries.excluded());
            other.map(|endpoint| balance::endpoint_number(endpoint.address()))
        } else {
            (0..MOVES).map(|_| draw()).find(|key| wins(*key).is_some_and(|one| !tries.excluded().contains(&one)))
        };
        let Some(key) = key else { return };
        *preference = if affinity.persistent { Preference::Endpoint(key) } else { Preference::Key(key) };
        let mut fields = self.worker.request_fields.borrow_mut();
        // Other requests were read meanwhile.
        let _ = parse_request(bytes, &self.worker.keeping.get().again(), &mut fields);
        let browser = fields.iter().find(|field| field.name.of(bytes).eq_ignore_ascii_case(b"user-agent"));
        let browser = browser.map(|field| field.value.of(bytes));
        let held = Held { key, backend: backend_number(backend.key.id()) };
        // Nothing in it can be refused; and a client without it only stays where it was.
        let _ = affinity.write(held, self.entry.tls.is_some(), browser, added);
    }

    /// The endpoint that is tried next; none if there is no other.
    fn pick(
        &self,
        backend: &BackendSnapshot,
        preference: Preference,
        tries: &mut Tries<'_>,
    ) -> Option<(SocketAddr, Option<InFlight>)> {
        let choose = |tries: &Tries<'_>| {
            let turn = || balance::pick(backend, &mut self.worker.balance.borrow_mut(), tries.excluded());
            balance::prefer(backend, preference, tries.excluded()).or_else(turn)
        };
        let endpoint = choose(tries).or_else(|| if tries.relent() { choose(tries) } else { None })?;
        Some((endpoint.address(), backend.begin(endpoint)))
    }

    /// The statuses for which another endpoint is asked, given that there is one and that it may be.
    fn passed_over<'p>(&self, backend: &BackendSnapshot, address: SocketAddr, tries: &Tries<'p>) -> &'p [u16] {
        let statuses = tries.passed_over();
        if statuses.is_empty() || !tries.left(self.worker.clock.micros()) {
            return &[];
        }
        if balance::has_other(backend, address, tries.excluded()) { statuses } else { &[] }
    }

    /// Counts a request that failed although it was tried again.
    fn exhausted(&self, tries: &Tries<'_>) {
        if tries.begun() > 1 {
            self.worker.telemetry.add(Counter::RetriesExhausted, 1);
        }
    }

    /// A connection to the target: one that was kept, or a new one.
    pub(super) async fn upstream(&self, target: &Target, reuses: bool, timeout_ms: u64) -> Result<Upstream, Failure> {
        let worker = &self.worker;
        let mut swept = Swept::default();
        let mut take = |cx: &mut Context<'_>| worker.upstreams.borrow_mut().take(target, cx, &mut swept);
        let pooled = match target.tls {
            _ if !reuses => None,
            None => take(&mut Context::from_waker(Waker::noop())),
            // Unconstrained: a connection must never pass for silent because this task has used up its turn.
            Some(_) => tokio::task::coop::unconstrained(poll_fn(|cx| Poll::Ready(take(cx)))).await,
        };
        if swept != Swept::default() {
            worker.swept(swept);
        }
        if let Some(kept) = pooled {
            worker.telemetry.add(Counter::UpstreamConnectionsUnparked, 1);
            worker.telemetry.add(Counter::UpstreamConnectionsReused, 1);
            return Ok(kept);
        }
        // Boxed, as all is that few requests come to: every other one would carry its state about.
        match Box::pin(connect(target, &worker.connector, &self.deadline, timeout_ms)).await {
            Ok(stream) => {
                worker.telemetry.add(Counter::UpstreamConnectionsOpened, 1);
                Ok(Upstream::new(stream, worker.clock.coarse_ms()))
            }
            Err(failure) => {
                worker.telemetry.add(connect_failure(failure), 1);
                if failure.kind == Kind::Exhausted {
                    worker.make_room(1);
                }
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
            tunnel(&self.worker, &self.deadline, &mut self.stream, &mut upstream, leftovers, idle_ms).await;
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
