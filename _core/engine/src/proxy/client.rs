//! A client's connection: what every answer needs of it. Knows nothing of routes and upstreams.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;

use sallygate_wire::limits::DRAIN_BYTES;

use crate::proxy::introduce::TLS_PORT;
use crate::proxy::peer::PeerText;
use crate::proxy::upload::Upload;
use crate::proxy::worker::Worker;
use crate::telemetry::Counter;
use crate::tls::server::Handshakes;
use crate::transport::buffer::{Buffer, Output};
use crate::transport::deadline::Deadline;
use crate::transport::stream::Stream;
use crate::trust::Secured;

/// How long the rest of a body may take that nobody wants, for its connection to be kept.
const DRAIN_MS: u64 = 1_000;
/// What is read and thrown away after the last answer, so that a client that is still sending can read it (RFC 9112
/// §9.6). More than most bodies that are refused for their size, because most clients read only after they have sent.
const LINGER_BYTES: usize = 16 * 1024 * 1024;
/// How long that may take.
const LINGER_MS: u64 = 2_000;

/// A listening socket, as its connections see it.
pub struct Entry {
    /// The name that snapshots know it by.
    pub name: String,
    /// The port that clients came to; 443 for every TLS listener, as ingress-nginx reports it.
    pub port: u16,
    /// What TLS handshakes start with.
    pub tls: Option<Handshakes>,
}

/// A client's connection. It is nearly all that is kept of one that waits, so every byte of it counts.
pub(super) struct Connection {
    pub(super) worker: Rc<Worker>,
    pub(super) entry: Rc<Entry>,
    pub(super) stream: Stream,
    pub(super) peer: SocketAddr,
    pub(super) peer_text: PeerText,
    pub(super) deadline: Rc<Deadline>,
    /// Bytes that came after the last request. However many requests a client sends ahead, one is served at a time, and
    /// what waits here is what one read brought; the rest stays with the kernel, which holds the client back.
    pub(super) input: Option<Buffer>,
    pub(super) requests: u32,
    /// The port that the client came to, if not the listener's; otherwise 0.
    pub(super) came_to: u16,
    opened_ms: u64,
}

/// What becomes of the client's connection after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It waits for the next request.
    Keep,
    /// It is closed at once: everything that came on it was read.
    Close,
    /// It is closed once its client has had time to read the answer.
    Linger,
}

impl End {
    /// The way to close it.
    pub(super) fn close(upload: &Upload) -> Self {
        let read = upload.complete && upload.input.as_ref().is_none_or(Buffer::is_empty);
        if read { Self::Close } else { Self::Linger }
    }
}

impl Connection {
    /// A connection that has just been accepted; counted until it is dropped, however it ends.
    pub(super) fn open(worker: Rc<Worker>, entry: Rc<Entry>, stream: Stream, peer: SocketAddr) -> Self {
        worker.open.set(worker.open.get() + 1);
        let tls = entry.tls.is_some();
        let counter = if tls { Counter::ConnectionsOpenedHttps } else { Counter::ConnectionsOpenedHttp };
        worker.telemetry.add(counter, 1);
        let deadline = worker.deadlines.register();
        let (peer_text, opened_ms) = (PeerText::of(peer.ip()), worker.clock.coarse_ms());
        Self { stream, peer, peer_text, deadline, input: None, requests: 0, came_to: 0, opened_ms, worker, entry }
    }

    /// The port that the client came to.
    pub(super) fn port(&self) -> u16 {
        if self.came_to == 0 { self.entry.port } else { self.came_to }
    }

    /// Did it come over TLS, which we or a load balancer in front of us ended?
    pub(super) fn is_secure(&self) -> bool {
        self.entry.tls.is_some() || self.came_to == TLS_PORT
    }

    /// How it is secured.
    pub(super) fn secured(&self) -> Secured<'_> {
        self.stream.session().map_or(Secured::No, Secured::By)
    }

    /// Does it end with the answer that is next?
    pub(super) fn is_last(&self) -> bool {
        let worker = &self.worker;
        worker.draining()
            || self.requests >= worker.keeping.get().client_requests
            || worker.clock.coarse_ms().saturating_sub(self.opened_ms) >= worker.settings.client_age_ms
    }

    pub(super) async fn send_continue(&mut self) -> bool {
        let mut output = self.worker.blocks.output();
        output.bytes.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        self.write_all(output).await
    }

    /// Writes everything, or gives up after the client's time.
    pub(super) async fn write_all(&mut self, mut output: Output) -> bool {
        let Self { worker, stream, deadline, .. } = self;
        deadline.set(worker.keeping.get().client_body_timeout_ms);
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

    /// Reads the rest of a body that nobody wants. True if it ended within bounds, so that a request may follow it.
    pub(super) async fn discard(&mut self, upload: &mut Upload) -> bool {
        let Self { worker, stream, deadline, .. } = self;
        deadline.set(DRAIN_MS);
        let mut left = DRAIN_BYTES;
        poll_fn(|cx| {
            loop {
                match upload.discard(&worker.blocks) {
                    Ok(true) => return Poll::Ready(true),
                    Ok(false) => {}
                    Err(_) => return Poll::Ready(false),
                }
                match stream.poll_first(cx, &worker.blocks) {
                    Poll::Pending if !deadline.passed() => return Poll::Pending,
                    Poll::Ready(Ok(Some(buffer))) if (buffer.filled().len() as u64) < left => {
                        left -= buffer.filled().len() as u64;
                        upload.input = Some(buffer);
                    }
                    _ => return Poll::Ready(false),
                }
            }
        })
        .await
    }

    /// Ends our side, then reads on for a while: closing with unread bytes would reset the connection, and the client
    /// might never see the answer.
    pub(super) async fn linger(&mut self, quiet: bool) {
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

impl Drop for Connection {
    fn drop(&mut self) {
        let worker = &self.worker;
        worker.open.set(worker.open.get().saturating_sub(1));
        let tls = self.entry.tls.is_some();
        let counter = if tls { Counter::ConnectionsClosedHttps } else { Counter::ConnectionsClosedHttp };
        worker.telemetry.add(counter, 1);
        // The task is unwinding: tokio catches the panic, and the connection is closed.
        if std::thread::panicking() {
            worker.telemetry.add(Counter::Panics, 1);
        }
    }
}
