//! Makes a connection to an endpoint: TCP, then TLS where the route asks for it, within one deadline.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use openssl::ssl::SslVerifyMode;
use openssl::x509::X509VerifyResult;
use tokio::net::TcpStream;

use crate::fault::{Failure, Kind};
use crate::tls::client::Connector;
use crate::transport::deadline::Deadline;
use crate::transport::stream::Stream;
use crate::upstream::pool::{Speech, Target};

/// Connects within `timeout_ms`. The connection's deadline is left set.
pub async fn connect(
    target: &Target,
    connector: &Connector,
    deadline: &Deadline,
    timeout_ms: u64,
) -> Result<Stream, Failure> {
    deadline.set(timeout_ms);
    let mut connecting = std::pin::pin!(TcpStream::connect(target.address));
    let tcp = poll_fn(|cx| match connecting.as_mut().poll(cx) {
        Poll::Pending if deadline.passed() => Poll::Ready(Err(Failure::of(Kind::ConnectTimeout))),
        polled => polled.map_err(|error| Failure::of(kind(&error))),
    })
    .await?;
    // Requests are written whole, so waiting for more to send only costs time. Failing costs the same.
    let _ = tcp.set_nodelay(true);
    let Some(tls) = &target.tls else { return Ok(Stream::Plain(tcp)) };
    let failed = |_: io::Error| Failure::of(Kind::HandshakeFailed);
    let session = match tls {
        Speech::Usual(tls) => connector.session(tls.verify, tls.server_name.as_deref()),
        Speech::Own(endpoint) => endpoint.session(),
    };
    let mut session = session.map_err(|_| Failure::of(Kind::HandshakeFailed))?;
    session.set_connect_state();
    let mut stream = Stream::tls(session, tcp).map_err(failed)?;
    let shaken = poll_fn(|cx| match stream.poll_handshake(cx) {
        Poll::Pending if deadline.passed() => Poll::Ready(Err(Failure::of(Kind::ConnectTimeout))),
        polled => polled.map_err(failed),
    })
    .await;
    match shaken {
        Ok(()) => Ok(stream),
        Err(failure) if failure.kind == Kind::HandshakeFailed && is_untrusted(&stream) => {
            Err(Failure::of(Kind::Untrusted))
        }
        Err(failure) => Err(failure),
    }
}

/// Did the handshake fail because of what the endpoint has shown?
fn is_untrusted(stream: &Stream) -> bool {
    stream
        .session()
        .is_some_and(|ssl| ssl.verify_mode() != SslVerifyMode::NONE && ssl.verify_result() != X509VerifyResult::OK)
}

/// What it means that TCP did not connect.
fn kind(error: &io::Error) -> Kind {
    if let Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) = error.raw_os_error() {
        return Kind::Exhausted;
    }
    match error.kind() {
        // Every port of ours is taken by a connection to it.
        io::ErrorKind::AddrNotAvailable => Kind::Exhausted,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Kind::Unreachable,
        // The kernel gave up before our own time was over.
        io::ErrorKind::TimedOut => Kind::ConnectTimeout,
        _ => Kind::ConnectFailed,
    }
}
