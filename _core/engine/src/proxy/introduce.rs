//! Whose a connection is, where a load balancer says so in a PROXY header before anything else.
//!
//! Nothing that the client sent is taken in here: what follows the header is its TLS handshake, or its first request.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use sallygate_wire::limits::PROXY_HEADER_BYTES;
use sallygate_wire::proxy_header::{ProxyHeader, parse_proxy_header};

use crate::proxy::client::Connection;
use crate::proxy::peer::PeerText;
use crate::telemetry::Counter;
use crate::transport::stream::Stream;

/// The port behind which load balancers end TLS.
pub(super) const TLS_PORT: u16 = 443;

impl Connection {
    /// Reads the header, where there has to be one. False when the connection is over.
    pub(super) async fn introduce(&mut self) -> bool {
        match self.introduction() {
            None => true,
            // Boxed: few listeners have it, and every connection would carry its state about.
            Some(timeout_ms) => Box::pin(self.read_introduction(timeout_ms)).await,
        }
    }

    /// How long the header may take; none if the peer is none that sends one.
    fn introduction(&self) -> Option<u64> {
        let current = self.worker.snapshots.get();
        let headers = current.listener(&self.entry.name)?.proxy_headers.as_ref()?;
        let peer = self.peer.ip().to_canonical();
        headers.networks.iter().any(|network| network.contains(peer)).then_some(headers.timeout_ms)
    }

    async fn read_introduction(&mut self, timeout_ms: u64) -> bool {
        let Self { worker, stream, deadline, .. } = self;
        let worker = &Rc::clone(worker);
        deadline.set(timeout_ms);
        let mut seen = 0;
        let header = poll_fn(|cx| match poll_header(stream, cx, &mut seen) {
            Poll::Pending if deadline.passed() => {
                worker.telemetry.add(Counter::TimeoutProxyHeader, 1);
                Poll::Ready(None)
            }
            polled => polled,
        })
        .await;
        let Some(header) = header else {
            // No answer: what it would be written in, HTTP or TLS, nobody can tell.
            worker.telemetry.add(Counter::ProxyHeadersRefused, 1);
            self.stream.abort();
            return false;
        };
        worker.telemetry.add(Counter::ProxyHeadersRead, 1);
        if let Some((client, came_to)) = header.addresses {
            self.believe(client, came_to);
        }
        true
    }

    fn believe(&mut self, client: SocketAddr, came_to: SocketAddr) {
        self.peer = client;
        self.peer_text = PeerText::of(client.ip());
        self.came_to = came_to.port();
    }
}

/// The header, once it is whole, taken off the stream; nothing if there will be none. `seen` is how much of it was there
/// the last time.
fn poll_header(stream: &Stream, cx: &mut Context<'_>, seen: &mut usize) -> Poll<Option<ProxyHeader>> {
    let mut bytes = [0; PROXY_HEADER_BYTES];
    loop {
        let Ok(count @ 1..) = ready!(stream.poll_ahead(cx, &mut bytes, *seen)) else { return Poll::Ready(None) };
        *seen = count;
        match parse_proxy_header(bytes.get(..count).unwrap_or_default()) {
            Ok(None) => {}
            Ok(Some(header)) => {
                let taken = bytes.get_mut(..header.len).map(|taken| stream.take_ahead(taken));
                return Poll::Ready(matches!(taken, Some(Ok(()))).then_some(header));
            }
            Err(_) => return Poll::Ready(None),
        }
    }
}
