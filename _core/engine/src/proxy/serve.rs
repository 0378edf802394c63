//! The life of a client connection: handshake, then one request after another.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;

use openssl::ssl::{Ssl, SslContext};
use sallygate_wire::body::{Decoder, Encoder};
use sallygate_wire::exchange::{ClientEnd, Exchange as Ledger};
use sallygate_wire::fault::Fault;
use sallygate_wire::request::{Framing, Method, RequestHead, Version, parse_request};
use sallygate_wire::response::RequestKind;
use tokio::net::TcpStream;

use crate::balance;
use crate::fault::{Failure, Kind, Side};
use crate::http1::answer::Persistence;
use crate::http1::forward::{self, Facts, Outgoing};
use crate::proxy::account::{Account, connect_failure, tls_version};
use crate::proxy::exchange::{Exchange, Peers, Terms, Upload};
use crate::proxy::plan::{Plan, plan};
use crate::proxy::reply::{self, Reply};
use crate::proxy::tunnel::tunnel;
use crate::proxy::worker::Worker;
use crate::route::{Action, Route};
use crate::snapshot::Snapshot;
use crate::telemetry::Counter;
use crate::transport::buffer::{Buffer, Output};
use crate::transport::deadline::Deadline;
use crate::transport::stream::Stream;
use crate::upstream::connect::connect;
use crate::upstream::pool::{Swept, Target};

/// A head may fill this much of a receive buffer before it is refused (the wire's own limit is lower).
const HEAD_BUFFER_BYTES: usize = 64 * 1024;
/// What is read and thrown away after a refused request, so that its sender can read the answer (RFC 9112 §9.6).
const LINGER_BYTES: usize = 64 * 1024;
/// How long that may take.
const LINGER_MS: u64 = 1_000;

/// A listening socket, as its connections see it.
pub struct Entry {
    /// The name that snapshots know it by.
    pub name: String,
    /// The port that clients came to; 443 for every TLS listener, as ingress-nginx reports it.
    pub port: u16,
    /// What TLS handshakes start with.
    pub tls: Option<SslContext>,
}

/// A client's connection.
struct Connection<'w> {
    worker: &'w Worker,
    entry: &'w Entry,
    stream: Stream,
    peer: SocketAddr,
    peer_text: String,
    deadline: Rc<Deadline>,
    /// Bytes that came after the last request.
    input: Option<Buffer>,
    requests: u64,
}

/// Counts a connection for as long as it lives, however it ends.
struct Opened<'w> {
    worker: &'w Worker,
    tls: bool,
}

impl<'w> Opened<'w> {
    fn new(worker: &'w Worker, tls: bool) -> Self {
        worker.open.set(worker.open.get() + 1);
        let counter = if tls { Counter::ConnectionsOpenedHttps } else { Counter::ConnectionsOpenedHttp };
        worker.telemetry.add(counter, 1);
        Self { worker, tls }
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        let Self { worker, tls } = self;
        worker.open.set(worker.open.get().saturating_sub(1));
        let counter = if *tls { Counter::ConnectionsClosedHttps } else { Counter::ConnectionsClosedHttp };
        worker.telemetry.add(counter, 1);
        // The task is unwinding: tokio catches the panic, and the connection is closed.
        if std::thread::panicking() {
            worker.telemetry.add(Counter::Panics, 1);
        }
    }
}

/// How a request head ended.
enum Next {
    Request(Buffer, RequestHead),
    Refused(Buffer, Fault),
    TimedOut,
    Closed,
}

/// Serves one client until either side is done.
pub async fn serve(worker: Rc<Worker>, entry: Rc<Entry>, tcp: TcpStream, peer: SocketAddr) {
    let worker = &*worker;
    let _opened = Opened::new(worker, entry.tls.is_some());
    let _ = tcp.set_nodelay(true);
    let deadline = worker.deadlines.register();
    poll_fn(|cx| {
        deadline.watch(cx.waker());
        Poll::Ready(())
    })
    .await;
    let Some(stream) = accept(worker, &entry, tcp, &deadline).await else { return };
    let peer_text = peer.ip().to_canonical().to_string();
    let mut connection =
        Connection { worker, entry: &entry, stream, peer, peer_text, deadline, input: None, requests: 0 };
    while connection.serve_one().await {}
    if let Some(input) = connection.input.take() {
        worker.blocks.put_buffer(input);
    }
}

/// The TLS handshake, where there is one.
async fn accept(worker: &Worker, entry: &Entry, tcp: TcpStream, deadline: &Deadline) -> Option<Stream> {
    let Some(context) = &entry.tls else { return Some(Stream::Plain(tcp)) };
    let mut session = Ssl::new(context).ok()?;
    session.set_accept_state();
    let mut stream = Stream::tls(session, tcp).ok()?;
    deadline.set(worker.settings.handshake_timeout_ms);
    let done = poll_fn(|cx| match stream.poll_handshake(cx) {
        Poll::Pending if deadline.passed() => Poll::Ready(false),
        polled => polled.map(|result| result.is_ok()),
    })
    .await;
    let Some(session) = stream.session().filter(|_| done) else {
        worker.telemetry.add(Counter::TlsHandshakesFailed, 1);
        if deadline.passed() {
            worker.telemetry.add(Counter::TimeoutHandshake, 1);
        }
        return None;
    };
    let resumed = session.session_reused();
    worker.telemetry.add(if resumed { Counter::TlsHandshakesResumed } else { Counter::TlsHandshakesFull }, 1);
    let newest = tls_version(session) == 0x0304;
    worker.telemetry.add(if newest { Counter::TlsVersion13 } else { Counter::TlsVersion12 }, 1);
    Some(stream)
}

impl Connection<'_> {
    /// Reads one request and answers it. False when the connection is over.
    async fn serve_one(&mut self) -> bool {
        match self.next_head().await {
            Next::Closed => false,
            Next::TimedOut => {
                let mut account = Account::begin(self.worker, self.peer, &self.peer_text);
                self.refuse(&mut account, Failure::of(Kind::HeadTimeout)).await;
                account.finish(self.worker, self.stream.session());
                false
            }
            Next::Refused(buffer, fault) => {
                let mut account = Account::begin(self.worker, self.peer, &self.peer_text);
                account.refused_head(buffer.filled());
                self.refuse(&mut account, Failure::client(fault)).await;
                account.finish(self.worker, self.stream.session());
                self.worker.blocks.put_buffer(buffer);
                false
            }
            Next::Request(buffer, head) => {
                self.requests += 1;
                let keep = self.answer(&buffer, &head).await;
                self.worker.blocks.put_buffer(buffer);
                keep
            }
        }
    }

    /// Waits for a whole request head. While nothing has arrived the connection holds no buffer.
    async fn next_head(&mut self) -> Next {
        let Self { worker, stream, deadline, input, requests, .. } = self;
        let worker = *worker;
        let settings = &worker.settings;
        let mut buffer = match input.take() {
            Some(buffer) if !buffer.is_empty() => buffer,
            empty => {
                if let Some(empty) = empty {
                    worker.blocks.put_buffer(empty);
                }
                let fresh = *requests == 0;
                deadline.set(if fresh { settings.header_timeout_ms } else { settings.client_idle_ms });
                deadline.set_idle(true);
                let first = poll_fn(|cx| match stream.poll_first(cx, &worker.blocks) {
                    Poll::Pending if worker.closing_idle() => {
                        worker.idle_closed.set(worker.idle_closed.get() + 1);
                        Poll::Ready(Ok(None))
                    }
                    Poll::Pending if deadline.passed() => {
                        worker.telemetry.add(Counter::TimeoutClientIdle, 1);
                        Poll::Ready(Ok(None))
                    }
                    polled => polled,
                })
                .await;
                deadline.set_idle(false);
                match first {
                    Ok(Some(buffer)) => buffer,
                    Ok(None) | Err(_) => return Next::Closed,
                }
            }
        };
        deadline.set(settings.header_timeout_ms);
        loop {
            {
                let mut fields = worker.request_fields.borrow_mut();
                match parse_request(buffer.filled(), &worker.request_limits, &mut fields) {
                    Ok(Some(head)) => return Next::Request(buffer, head),
                    Err(fault) => return Next::Refused(buffer, fault),
                    Ok(None) => {}
                }
            }
            buffer.make_space(1, HEAD_BUFFER_BYTES);
            // Parse again only once a line has ended: a head that trickles in costs one look per line, not per byte.
            let more = poll_fn(|cx| {
                loop {
                    match stream.poll_read(cx, buffer.space()) {
                        Poll::Pending if deadline.passed() => return Poll::Ready(None),
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Some(false)),
                        Poll::Ready(Ok(count)) => {
                            let line_ended = buffer.space().get(..count).is_some_and(|new| new.contains(&b'\n'));
                            buffer.filled_by(count);
                            if line_ended || !buffer.make_space(1, HEAD_BUFFER_BYTES) || buffer.filled().len() > 8192 {
                                return Poll::Ready(Some(true));
                            }
                        }
                    }
                }
            })
            .await;
            match more {
                Some(true) => {}
                Some(false) => {
                    worker.blocks.put_buffer(buffer);
                    return Next::Closed;
                }
                None => {
                    worker.blocks.put_buffer(buffer);
                    return Next::TimedOut;
                }
            }
        }
    }

    /// Answers a request. `buffer` starts with its head and may hold bytes after it. True to go on.
    async fn answer(&mut self, buffer: &Buffer, head: &RequestHead) -> bool {
        let worker = self.worker;
        let bytes = buffer.filled().get(..head.len).unwrap_or_default();
        if let Some(rest) = buffer.filled().get(head.len..).filter(|rest| !rest.is_empty()) {
            let mut input = worker.blocks.buffer();
            input.append(rest);
            self.input = Some(input);
        }
        let mut account = Account::begin(worker, self.peer, &self.peer_text);
        let fresh_id = worker.fresh_id();
        let current = worker.snapshots.get();
        let snapshot: &Snapshot = &current;
        let mut upload = self.upload(head);
        let planned = {
            let fields = worker.request_fields.borrow();
            account.request(bytes, head, &fields, fresh_id);
            let mut scratch = worker.scratch.borrow_mut();
            let table = snapshot.listener_table(&self.entry.name);
            match plan(snapshot, table, self.entry.tls.is_some(), bytes, head, &mut scratch) {
                Plan::Forward { route, path } => {
                    let facts = Facts {
                        peer: self.peer_text.as_bytes(),
                        port: self.entry.port,
                        tls: self.entry.tls.is_some(),
                        fresh_id: &fresh_id,
                    };
                    let outgoing = match head.framing {
                        Framing::None => Outgoing::None,
                        Framing::Length(length) => Outgoing::Length(length),
                        Framing::Chunked => Outgoing::Chunked,
                    };
                    let out = &mut upload.output.bytes;
                    match forward::write(out, bytes, head, &fields, path, &facts, outgoing) {
                        Ok(()) => Ok(route),
                        Err(fault) => Err(Local::failure(Some(route), Failure::client(fault))),
                    }
                }
                Plan::Redirect { route, status, location } => {
                    Err(Local { route: Some(route), status, location: Some(location), failure: None })
                }
                Plan::Respond { route, status } => {
                    Err(Local { route: Some(route), status, location: None, failure: None })
                }
                Plan::Fail { route, failure } => {
                    let failure = if snapshot.is_empty() { Failure::of(Kind::NoSnapshot) } else { failure };
                    Err(Local::failure(route, failure))
                }
            }
        };
        let keep = match planned {
            Ok(route) => {
                account.route(route);
                self.forward(snapshot, route, bytes, head, &mut upload, &mut account).await
            }
            Err(local) => {
                if let Some(route) = local.route {
                    account.route(route);
                }
                self.reply_local(&local, bytes, head, &mut upload, &mut account).await
            }
        };
        self.input = upload.input.take().or(self.input.take());
        worker.blocks.put_output(std::mem::take(&mut upload.output));
        account.finish(worker, self.stream.session());
        keep
    }

    fn upload(&mut self, head: &RequestHead) -> Upload {
        let encoder = match head.framing {
            Framing::None => Encoder::None,
            Framing::Length(length) => Encoder::Length(length),
            Framing::Chunked => Encoder::Chunked,
        };
        let complete = matches!(head.framing, Framing::None | Framing::Length(0));
        Upload {
            input: self.input.take(),
            decoder: Decoder::request(head.framing),
            encoder,
            output: self.worker.blocks.output(),
            replayable: true,
            complete,
        }
    }

    /// Proxies a request, with as many tries as its route allows.
    async fn forward(
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
        let terms = Terms {
            version: head.version,
            kind: if head.method == Method::Head { RequestKind::Head } else { RequestKind::Other },
            upgrade: head.upgrade.map(|token| token.of(bytes)),
            hsts: policy.hsts.as_deref().filter(|_| self.entry.tls.is_some()).map(str::as_bytes),
            body_limit: policy.body_limit_bytes,
            send_ms: policy.timeouts.send_ms,
            read_ms: policy.timeouts.read_ms,
        };
        let mut ledger = Ledger::new(head);
        let ledger = &mut ledger;
        if upload.complete {
            ledger.request_read();
        }
        if let Err(failure) = upload.fill(ledger, account, terms.body_limit) {
            return self.fail(failure, head, bytes, account, &terms).await;
        }
        if head.expect_continue && !upload.complete {
            if !self.send_continue().await {
                account.fail(Failure::of(Kind::ClientGone));
                return false;
            }
            ledger.continued();
        }
        let mut tries = 0;
        let mut excluded = Vec::new();
        loop {
            tries += 1;
            let picked = snapshot
                .backend(*backend)
                .and_then(|backend| balance::pick(backend, &mut worker.balance.borrow_mut(), &excluded));
            let Some(endpoint) = picked.cloned() else {
                // With every endpoint tried, what the last one did is the answer.
                let failure = account.last_failure.unwrap_or(Failure::of(Kind::NoEndpoint));
                return self.fail(failure, head, bytes, account, &terms).await;
            };
            let target = Target { address: endpoint.address(), tls: tls.clone() };
            account.try_endpoint(target.address, &worker.clock);
            let (mut stream, reused) = match self.upstream(&target, policy.timeouts.connect_ms).await {
                Ok(found) => found,
                Err(failure) => {
                    account.last_failure = Some(failure);
                    if tries < policy.tries && upload.replayable {
                        excluded.push(target.address);
                        let timed_out = failure.kind == Kind::ConnectTimeout;
                        worker
                            .telemetry
                            .add(if timed_out { Counter::RetriesTimeout } else { Counter::RetriesConnect }, 1);
                        continue;
                    }
                    return self.fail(failure, head, bytes, account, &terms).await;
                }
            };
            worker.telemetry.add(Counter::UpstreamRequests, 1);
            endpoint.begin();
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
            drop(exchange);
            worker.telemetry.add(Counter::UpstreamConnectionsClosed, 1);
            account.last_failure = Some(failure);
            if begun {
                // Part of the answer is out: the client must see that it is not whole.
                account.fail(failure);
                self.stream.abort();
                return false;
            }
            // Another try is safe if the upstream cannot have acted on the request, or if acting twice is acting once.
            let safe = !account.upstream_written || head.method.is_idempotent();
            if failure.side == Side::Upstream && safe && upload.replayable && tries < policy.tries {
                // A connection that was kept too long says nothing about its endpoint.
                let stale = reused && failure.kind == Kind::Broken;
                if !stale {
                    excluded.push(target.address);
                }
                upload.output.rewind();
                worker.telemetry.add(if stale { Counter::RetriesStale } else { Counter::RetriesTimeout }, 1);
                continue;
            }
            if tries > 1 {
                worker.telemetry.add(Counter::RetriesExhausted, 1);
            }
            return self.fail(failure, head, bytes, account, &terms).await;
        }
    }

    /// Makes the client's connection ready for what comes next. True if a request may.
    async fn end_of_answer(&mut self, end: ClientEnd, upload: &mut Upload) -> bool {
        match end {
            ClientEnd::Keep => true,
            ClientEnd::Close => {
                self.linger(upload.complete).await;
                false
            }
            ClientEnd::Drain => self.discard(upload).await,
        }
    }

    /// Reads the rest of a body that nobody wants. True if it ended within bounds, so that a request may follow it.
    async fn discard(&mut self, upload: &mut Upload) -> bool {
        let Self { worker, stream, deadline, .. } = self;
        deadline.set(LINGER_MS);
        let mut left = LINGER_BYTES;
        poll_fn(|cx| {
            loop {
                match upload.discard(&worker.blocks) {
                    Ok(true) => return Poll::Ready(true),
                    Ok(false) => {}
                    Err(_) => return Poll::Ready(false),
                }
                match stream.poll_first(cx, &worker.blocks) {
                    Poll::Pending if !deadline.passed() => return Poll::Pending,
                    Poll::Ready(Ok(Some(buffer))) if buffer.filled().len() < left => {
                        left -= buffer.filled().len();
                        upload.input = Some(buffer);
                    }
                    _ => return Poll::Ready(false),
                }
            }
        })
        .await
    }

    /// A connection to the target, and whether it was used before.
    async fn upstream(&self, target: &Target, connect_ms: u64) -> Result<(Stream, bool), Failure> {
        let worker = self.worker;
        let mut swept = Swept::default();
        let pooled = poll_fn(|cx| Poll::Ready(worker.upstreams.borrow_mut().take(target, cx, &mut swept))).await;
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

    async fn send_continue(&mut self) -> bool {
        let mut output = self.worker.blocks.output();
        output.bytes.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        self.write_all(output).await
    }

    /// Answers a failed request whose response has not begun.
    async fn fail(
        &mut self,
        failure: Failure,
        head: &RequestHead,
        bytes: &[u8],
        account: &mut Account,
        terms: &Terms<'_>,
    ) -> bool {
        account.fail(failure);
        if failure.kind == Kind::ClientGone {
            return false;
        }
        // The upload may have stopped anywhere, so nothing that follows on this connection can be told apart.
        let keep = head.keep_alive && !self.worker.draining() && matches!(head.framing, Framing::None);
        self.send_reply(failure.status(), None, terms.hsts, keep, Some((head, bytes)), account).await && keep
    }

    /// Answers a request that no upstream is asked about.
    async fn reply_local(
        &mut self,
        local: &Local<'_>,
        bytes: &[u8],
        head: &RequestHead,
        upload: &mut Upload,
        account: &mut Account,
    ) -> bool {
        match local.failure {
            Some(failure) => account.fail(failure),
            None => account.status = local.status,
        }
        // A body that has arrived whole is dropped, and the connection stays; any other ends it.
        let swallowed = upload.complete || upload.discard(&self.worker.blocks) == Ok(true);
        let malformed = matches!(local.failure, Some(Failure { kind: Kind::Wire(_), .. }));
        let keep = head.keep_alive && swallowed && !malformed && !self.worker.draining();
        let hsts = local.route.and_then(|route| route.policy.hsts.as_deref()).filter(|_| self.entry.tls.is_some());
        let location = local.location.as_deref();
        let status = local.status;
        self.send_reply(status, location, hsts.map(str::as_bytes), keep, Some((head, bytes)), account).await && keep
    }

    /// Answers bytes that are no request, and ends the connection.
    async fn refuse(&mut self, account: &mut Account, failure: Failure) {
        account.fail(failure);
        self.send_reply(failure.status(), None, None, false, None, account).await;
    }

    async fn send_reply(
        &mut self,
        status: u16,
        location: Option<&[u8]>,
        hsts: Option<&[u8]>,
        keep: bool,
        request: Option<(&RequestHead, &[u8])>,
        account: &mut Account,
    ) -> bool {
        let mut output = self.worker.blocks.output();
        let old = request.is_some_and(|(head, _)| head.version == Version::Http10);
        let date = self.worker.date.get();
        let reply = Reply {
            status,
            location,
            date: &date,
            hsts,
            request_id: request.map_or(&b""[..], |(_, bytes)| account.request_id(bytes)),
            persistence: Persistence::of(!keep, old),
            bodiless: request.is_some_and(|(head, _)| head.method == Method::Head),
        };
        let body = reply::write(&mut output.bytes, &reply);
        account.local = true;
        account.response_body = body;
        account.written += u64::try_from(output.bytes.len()).unwrap_or(0);
        let sent = self.write_all(output).await;
        if sent && !keep {
            self.linger(false).await;
        }
        sent
    }

    /// Writes everything, or gives up after the client's time.
    async fn write_all(&mut self, mut output: Output) -> bool {
        let Self { worker, stream, deadline, .. } = self;
        deadline.set(worker.settings.client_body_timeout_ms);
        let sent = poll_fn(|cx| {
            while !output.is_empty() {
                match stream.poll_write(cx, output.rest()) {
                    Poll::Pending if deadline.passed() => return Poll::Ready(false),
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(count)) => output.wrote(count),
                    Poll::Ready(Err(_)) => return Poll::Ready(false),
                }
            }
            Poll::Ready(true)
        })
        .await;
        worker.blocks.put_output(output);
        sent
    }

    /// Ends our side, then reads on for a while: closing with unread bytes would reset the connection, and the client
    /// might never see the answer.
    async fn linger(&mut self, quiet: bool) {
        self.stream.finish();
        if quiet {
            return;
        }
        let Self { worker, stream, deadline, .. } = self;
        deadline.set(LINGER_MS);
        let mut buffer = worker.blocks.buffer();
        let mut left = LINGER_BYTES;
        poll_fn(|cx| {
            loop {
                match stream.poll_read(cx, buffer.space()) {
                    Poll::Pending if !deadline.passed() => return Poll::Pending,
                    Poll::Ready(Ok(count)) if count > 0 && count < left => left -= count,
                    _ => return Poll::Ready(()),
                }
            }
        })
        .await;
        worker.blocks.put_buffer(buffer);
    }
}

/// An answer of our own.
struct Local<'s> {
    route: Option<&'s Route>,
    status: u16,
    location: Option<Vec<u8>>,
    failure: Option<Failure>,
}

impl<'s> Local<'s> {
    fn failure(route: Option<&'s Route>, failure: Failure) -> Self {
        Self { route, status: failure.status(), location: None, failure: Some(failure) }
    }
}
