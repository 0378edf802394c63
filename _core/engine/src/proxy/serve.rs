//! The life of a client connection: handshake, then one request after another.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;

use openssl::ssl::Ssl;
use sallygate_wire::fault::Fault;
use sallygate_wire::limits::{Limits, PIPELINED_BYTES, PIPELINED_REQUESTS};
use sallygate_wire::request::{RequestHead, parse_request};
use tokio::net::TcpStream;

use crate::fault::{Failure, Kind};
use crate::proxy::account::{Account, Asked, tls_version};
use crate::proxy::client::Connection;
use crate::proxy::room::Rooms;
use crate::proxy::worker::Worker;
use crate::telemetry::Counter;
use crate::transport::buffer::Buffer;
use crate::transport::stream::Stream;

pub use crate::proxy::client::Entry;

/// A request, with the buffer that begins with its head.
struct Request {
    buffer: Buffer,
    head: RequestHead,
}

/// Why there is no request, of a client that is to be told so.
enum Unread {
    Refused(Buffer, Fault),
    TimedOut,
}

/// Is there a length of heads, after `before` and up to `now`, that an unended line can be refused for?
fn passes_limit(limits: &Limits, before: usize, now: usize) -> bool {
    // A request line ends in CRLF, and an empty line may come before it.
    let line = limits.request_line_bytes;
    [line + 2, line + 4, limits.head_bytes].iter().any(|limit| (before + 1..=now).contains(limit))
}

/// Serves one client until either side is done. None if TLS cannot even be begun.
///
/// What can be done at once is done before the task is made: whatever a task was started with is part of it for good.
pub fn serve(
    worker: Rc<Worker>,
    entry: Rc<Entry>,
    tcp: TcpStream,
    peer: SocketAddr,
) -> Option<impl Future<Output = ()>> {
    let _ = tcp.set_nodelay(true);
    let stream = stream(&worker, &entry, tcp)?;
    let mut connection = Box::new(Connection::open(worker, entry, stream, peer));
    Some(async move {
        poll_fn(|cx| {
            connection.deadline.watch(cx.waker());
            Poll::Ready(())
        })
        .await;
        if !connection.introduce().await || !connection.handshake().await {
            return;
        }
        while connection.wait().await {
            let Some(idle) = Rooms::enter(connection).await else { return };
            connection = idle;
        }
    })
}

/// The connection, with TLS over it where the listener has it.
fn stream(worker: &Worker, entry: &Entry, tcp: TcpStream) -> Option<Stream> {
    let Some(tls) = &entry.tls else { return Some(Stream::Plain(tcp)) };
    let snapshot = worker.snapshots.get();
    let mut session = match snapshot.listener(&entry.name).and_then(|listener| listener.tls.as_ref()) {
        None => Ssl::new(&tls.usual),
        Some(asked) => Ssl::new(asked.context(&tls.keys, &*tls.make)?),
    }
    .ok()?;
    session.set_accept_state();
    Stream::tls(session, tcp).ok()
}

impl Connection {
    /// The TLS handshake, where there is one.
    async fn handshake(&mut self) -> bool {
        let Self { worker, stream, deadline, .. } = self;
        if stream.session().is_none() {
            return true;
        }
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
            return false;
        };
        let resumed = session.session_reused();
        worker.telemetry.add(if resumed { Counter::TlsHandshakesResumed } else { Counter::TlsHandshakesFull }, 1);
        let newest = tls_version(session) == 0x0304;
        worker.telemetry.add(if newest { Counter::TlsVersion13 } else { Counter::TlsVersion12 }, 1);
        true
    }

    /// Waits for the first bytes of a request, without a buffer and outside of any room. False when none come.
    async fn wait(&mut self) -> bool {
        let Self { worker, stream, deadline, input, requests, .. } = self;
        let keeping = worker.keeping.get();
        deadline.set(if *requests == 0 { keeping.header_timeout_ms } else { keeping.client_idle_ms });
        deadline.set_idle(true);
        let first = poll_fn(|cx| match stream.poll_first(cx, &worker.blocks) {
            Poll::Pending if worker.closing_idle() && stream.is_silent() => {
                worker.idle_closed.set(worker.idle_closed.get() + 1);
                Poll::Ready(Ok(None))
            }
            Poll::Pending if deadline.passed() => {
                worker.telemetry.add(Counter::TimeoutClientIdle, 1);
                Poll::Ready(Ok(None))
            }
            Poll::Pending if deadline.is_unwanted() && stream.is_silent() => {
                worker.telemetry.add(Counter::ConnectionsShed, 1);
                Poll::Ready(Ok(None))
            }
            polled => polled,
        })
        .await;
        deadline.set_idle(false);
        *input = first.unwrap_or(None);
        input.is_some()
    }

    /// Serves requests for as long as bytes of a next one are there. None when the connection is over.
    pub(super) async fn serve(mut self: Box<Self>) -> Option<Box<Self>> {
        let mut ahead: u32 = 0;
        while self.serve_one().await {
            match &self.input {
                Some(input) if !input.is_empty() => {
                    ahead = ahead.wrapping_add(1);
                    self.worker.telemetry.add(Counter::RequestsPipelined, 1);
                    if ahead.is_multiple_of(PIPELINED_REQUESTS) {
                        self.worker.telemetry.add(Counter::PipelineTurns, 1);
                        tokio::task::yield_now().await;
                    }
                }
                _ => {
                    self.put_input();
                    return Some(self);
                }
            }
        }
        self.put_input();
        None
    }

    fn put_input(&mut self) {
        if let Some(input) = self.input.take() {
            self.worker.blocks.put_buffer(input);
        }
    }

    /// Reads one request and answers it. False when the connection is over.
    async fn serve_one(&mut self) -> bool {
        // In a statement of its own: what it comes in would be kept for as long as the request.
        let request = match self.next_head().await {
            Ok(request) => request,
            Err(Some(unread)) => {
                Box::pin(self.refuse_unread(unread)).await;
                return false;
            }
            Err(None) => return false,
        };
        self.requests += 1;
        let keep = self.answer(&request.buffer, &request.head).await;
        self.worker.blocks.put_buffer(request.buffer);
        keep
    }

    /// Answers what is no request. That ends the connection.
    async fn refuse_unread(&mut self, unread: Unread) {
        let mut account = Account::begin(&self.worker, None);
        account.follow(self.worker.snapshots.get().log(), &self.worker, |line| {
            self.introduce_to(line, (self.peer_text.as_bytes(), self.peer.ip()), self.is_secure());
        });
        match unread {
            Unread::TimedOut => {
                self.refuse(&mut account, Failure::of(Kind::HeadTimeout)).await;
                account.finish(self, Asked::Nothing);
            }
            Unread::Refused(buffer, fault) => {
                account.refused_head(buffer.filled());
                self.refuse(&mut account, Failure::client(fault)).await;
                account.finish(self, Asked::Bytes(buffer.filled()));
                self.worker.blocks.put_buffer(buffer);
            }
        }
    }

    /// Waits for a whole request head. None is the error of a client that has left.
    async fn next_head(&mut self) -> Result<Request, Option<Unread>> {
        let Self { worker, stream, deadline, input, .. } = self;
        let Some(mut buffer) = input.take() else { return Err(None) };
        let keeping = worker.keeping.get();
        deadline.set(keeping.header_timeout_ms);
        loop {
            let looked_at = buffer.filled().len();
            {
                let mut fields = worker.request_fields.borrow_mut();
                match parse_request(buffer.filled(), &keeping.limits, &mut fields) {
                    Ok(Some(head)) => return Ok(Request { buffer, head }),
                    Err(fault) => return Err(Some(Unread::Refused(buffer, fault))),
                    Ok(None) => {}
                }
            }
            buffer.make_space(1, PIPELINED_BYTES);
            // Look again only once a line may have ended: a head that trickles in costs two looks per line, not one
            // per byte.
            let more = poll_fn(|cx| {
                loop {
                    match stream.poll_read(cx, buffer.space()) {
                        Poll::Pending if deadline.passed() => return Poll::Ready(None),
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Some(false)),
                        Poll::Ready(Ok(count)) => {
                            let after_cr = buffer.filled().ends_with(b"\r");
                            let new = buffer.space().get(..count).unwrap_or_default();
                            let line_ended = after_cr || new.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
                            buffer.filled_by(count);
                            if line_ended || passes_limit(&keeping.limits, looked_at, buffer.filled().len()) {
                                return Poll::Ready(Some(true));
                            }
                            buffer.make_space(1, PIPELINED_BYTES);
                        }
                    }
                }
            })
            .await;
            match more {
                Some(true) => {}
                Some(false) => {
                    worker.blocks.put_buffer(buffer);
                    return Err(None);
                }
                None => {
                    worker.blocks.put_buffer(buffer);
                    return Err(Some(Unread::TimedOut));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::deadline::Deadline;

    /// The size of what a function may come to.
    fn size_of_call<A, B, C, D, F>(_: impl FnOnce(A, B, C, D) -> Option<F>) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_that_waits_is_small() {
        let task = size_of_call(serve);
        let connection = size_of::<Connection>();
        let deadline = size_of::<Deadline>();
        // Tokio adds about 130 bytes, and rounds up to a multiple of 128.
        assert!(task <= 112, "{task}");
        assert!(connection <= 224, "{connection}");
        assert!(deadline <= 56, "{deadline}");
    }

    /// The size of what a function of one argument may come to.
    fn size_of_visit<A, F>(_: impl FnOnce(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_request_under_way_is_small() {
        // So much is touched for each of many that are under way at the same time.
        let served = size_of_visit(Connection::serve);
        assert!(served <= 2_264, "{served}");
    }
}
