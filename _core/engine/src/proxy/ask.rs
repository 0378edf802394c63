//! Asks a service about a request, on a connection of the worker's pool. Whatever goes wrong, nobody passes.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use sallygate_image::Policy;
use sallygate_wire::body::Decoder;
use sallygate_wire::fault::Fault;
use sallygate_wire::response::{ResponseFraming, parse_response};

use crate::balance;
use crate::fault::{Failure, Kind};
use crate::filter::Answered;
use crate::proxy::client::Connection;
use crate::proxy::inquire::Inquiry;
use crate::proxy::worker::Worker;
use crate::snapshot::Snapshot;
use crate::transport::buffer::Buffer;
use crate::transport::stream::Stream;
use crate::transport::watch::Watch;
use crate::upstream::pool::{Target, Upstream};

/// Endpoints that are tried.
const TRIES: usize = 3;
/// How long one answer may take, whatever its route allows its backend: a client waits for both.
const ANSWER_MS: u64 = 60_000;
/// The head of an answer may be as large as any upstream's.
const HEAD_BYTES: usize = 64 * 1024;
/// Informational answers before the final one.
const INFORMATIONAL: usize = 8;
/// What is read of a body, which nobody wants, so that its connection can be used again.
const BODY_BYTES: usize = 64 * 1024;
/// How long that may take.
const BODY_MS: u64 = 1_000;

/// An answer whose head was read.
struct Read {
    answered: Answered,
    framing: ResponseFraming,
    keep_alive: bool,
}

impl Connection {
    /// The answer about a request that `policy` holds for; one without a status, and with the reason, if there is none. `whole`: nothing more
    /// is to come from the client, so that it is seen to leave. Fails only if it has.
    pub(super) async fn ask(
        &mut self,
        snapshot: &Snapshot,
        inquiry: &Inquiry<'_>,
        policy: &Policy,
        whole: bool,
    ) -> Result<Arc<Answered>, Failure> {
        let worker = &Rc::clone(&self.worker);
        let memory = &worker.shared.memory;
        if let Some(known) = inquiry.key.and_then(|key| memory.find(&key, worker.shared.clock_ms())) {
            return Ok(known);
        }
        let answered = match self.ask_endpoints(snapshot, inquiry, policy, whole).await {
            Ok(answered) => Arc::new(answered),
            Err(failure) if failure.kind == Kind::ClientGone => return Err(failure),
            Err(failure) => Arc::new(Answered { undecided: failure.into(), ..Answered::default() }),
        };
        if let Some(key) = inquiry.key {
            memory.keep(key, &answered, worker.shared.clock_ms());
        }
        Ok(answered)
    }

    async fn ask_endpoints(
        &mut self,
        snapshot: &Snapshot,
        inquiry: &Inquiry<'_>,
        policy: &Policy,
        whole: bool,
    ) -> Result<Answered, Failure> {
        let worker = &Rc::clone(&self.worker);
        let mut failure = Failure::of(Kind::NoEndpoint);
        let Some(backend) = snapshot.backend(inquiry.backend) else { return Err(failure) };
        let mut tried = Vec::new();
        while tried.len() < TRIES {
            let picked = balance::pick(backend, &mut worker.balance.borrow_mut(), &tried)
                .map(|endpoint| (endpoint.address(), backend.begin(endpoint)));
            let Some((address, _in_flight)) = picked else { break };
            tried.push(address);
            let target = Target { address, tls: inquiry.tls.clone() };
            let mut reuses = inquiry.repeatable;
            loop {
                let mut upstream = match self.upstream(&target, reuses, policy.timeouts.connect_ms).await {
                    Ok(upstream) => upstream,
                    Err(unreached) => {
                        failure = unreached;
                        break;
                    }
                };
                let used = upstream.is_used();
                let mut begun = false;
                match self.talk(&mut upstream, inquiry, policy.timeouts.read_ms, whole, &mut begun).await {
                    Ok((answered, reusable)) => {
                        worker.park_for(inquiry.external.alive.as_ref(), &target, upstream, reusable);
                        return Ok(answered);
                    }
                    Err(broken) => {
                        worker.park(&target, upstream, false);
                        // One that was idle may have been closed in this very moment: that says nothing.
                        if used && !begun && broken.kind == Kind::Broken {
                            reuses = false;
                            continue;
                        }
                        return Err(broken);
                    }
                }
            }
        }
        Err(failure)
    }

    /// Sends the request and reads the answer. True with it if the connection can be used again.
    async fn talk(
        &mut self,
        upstream: &mut Upstream,
        inquiry: &Inquiry<'_>,
        read_ms: u64,
        whole: bool,
        begun: &mut bool,
    ) -> Result<(Answered, bool), Failure> {
        let Self { worker, stream: client, deadline, .. } = self;
        deadline.set(read_ms.min(ANSWER_MS));
        let mut buffer = worker.blocks.buffer();
        let (mut rest, mut watch) = (inquiry.bytes.as_slice(), Watch::default());
        let upstream = &mut upstream.stream;
        let read = poll_fn(|cx| {
            loop {
                if whole && watch.poll_left(client, cx).is_ready() {
                    return Poll::Ready(Err(Failure::of(Kind::ClientGone)));
                }
                while !rest.is_empty() {
                    match upstream.poll_write(cx, rest) {
                        Poll::Pending => break,
                        Poll::Ready(Ok(count)) => rest = rest.get(count..).unwrap_or_default(),
                        Poll::Ready(Err(_)) => return Poll::Ready(Err(Failure::of(Kind::Broken))),
                    }
                }
                if !buffer.make_space(1, HEAD_BYTES) {
                    return Poll::Ready(Err(Failure::upstream(Fault::HeadTooLarge)));
                }
                match upstream.poll_read(cx, buffer.space()) {
                    Poll::Pending if deadline.passed() => return Poll::Ready(Err(Failure::of(Kind::ReadTimeout))),
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(count)) if count > 0 => {
                        *begun = true;
                        buffer.filled_by(count);
                        match final_head(worker, inquiry, &mut buffer) {
                            Ok(Some(read)) => return Poll::Ready(Ok(read)),
                            Ok(None) => {}
                            Err(fault) => return Poll::Ready(Err(Failure::upstream(fault))),
                        }
                    }
                    Poll::Ready(_) => return Poll::Ready(Err(Failure::of(Kind::Broken))),
                }
            }
        })
        .await;
        let outcome = match read {
            Ok(Read { answered, framing, keep_alive }) => {
                deadline.set(BODY_MS);
                let passed = || deadline.passed();
                let reusable = keep_alive && rest.is_empty() && finish(upstream, framing, &mut buffer, passed).await;
                Ok((answered, reusable))
            }
            Err(failure) => Err(failure),
        };
        worker.blocks.put_buffer(buffer);
        outcome
    }
}

/// The final head, once it is whole.
fn final_head(worker: &Worker, inquiry: &Inquiry<'_>, buffer: &mut Buffer) -> Result<Option<Read>, Fault> {
    let mut fields = worker.response_fields.borrow_mut();
    for _ in 0..=INFORMATIONAL {
        let bytes = buffer.filled();
        let Some(head) = parse_response(bytes, &worker.response_limits, &mut fields, inquiry.kind)? else {
            return Ok(None);
        };
        if head.status == 101 {
            return Err(Fault::UnaskedUpgrade);
        }
        let read = (head.status >= 200).then(|| inquiry.external.read(head.status, &fields, bytes)).transpose()?;
        buffer.consume(head.len);
        if let Some(answered) = read {
            return Ok(Some(Read { answered, framing: head.framing, keep_alive: head.keep_alive }));
        }
    }
    Err(Fault::HeadTooLarge)
}

/// Reads the body and throws it away. True if nothing stands in the way of another request.
async fn finish(
    upstream: &mut Stream,
    framing: ResponseFraming,
    buffer: &mut Buffer,
    passed: impl Fn() -> bool,
) -> bool {
    if framing == ResponseFraming::UntilClose {
        return false;
    }
    let mut decoder = Decoder::response(framing);
    let mut left = BODY_BYTES;
    poll_fn(|cx| {
        loop {
            match decoder.step(buffer.filled()) {
                Err(_) => return Poll::Ready(false),
                Ok(piece) => {
                    buffer.consume(piece.consumed);
                    if piece.done {
                        return Poll::Ready(buffer.is_empty());
                    }
                    if piece.consumed > 0 {
                        continue;
                    }
                }
            }
            buffer.make_space(1, HEAD_BYTES);
            match upstream.poll_read(cx, buffer.space()) {
                Poll::Pending if !passed() => return Poll::Pending,
                Poll::Ready(Ok(count)) if count > 0 && count < left => {
                    left -= count;
                    buffer.filled_by(count);
                }
                _ => return Poll::Ready(false),
            }
        }
    })
    .await
}
