//! A connection, plain or TLS, as two polls. A short read has drained the socket: the runtime is told so, and no second
//! call is made in vain.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll, Waker, ready};

use openssl::ssl::{ErrorCode, Ssl, SslRef, SslStream};
use rustix::net::{RecvFlags, SendFlags};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::transport::buffer::{Buffer, Pool};
use crate::transport::conduit::Conduit;

/// What can happen on a connection that should be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// The peer ended it, or it broke.
    Closed,
    /// The peer sent bytes that nobody asked for.
    Bytes,
}

/// A connection.
pub enum Stream {
    /// TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<SslStream<Carrier>>),
}

/// The TCP side of a TLS stream: OpenSSL calls `Read` and `Write` on it, which register the waker of the last poll.
pub struct Carrier {
    tcp: TcpStream,
    waker: Waker,
}

impl Carrier {
    fn watch(&mut self, cx: &Context<'_>) {
        if !self.waker.will_wake(cx.waker()) {
            self.waker.clone_from(cx.waker());
        }
    }
}

fn blocked<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl Read for Carrier {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut cx = Context::from_waker(&self.waker);
        blocked(poll_taking(&self.tcp, &mut cx, || (read_from(&self.tcp, into), into.len())))
    }
}

impl Write for Carrier {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        let mut cx = Context::from_waker(&self.waker);
        blocked(poll_giving(&self.tcp, &mut cx, from))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The result of an OpenSSL call as a poll. `Ok(None)` is a clean end (`close_notify`).
fn tls_poll<T>(result: Result<T, openssl::ssl::Error>) -> Poll<io::Result<Option<T>>> {
    match result {
        Ok(value) => Poll::Ready(Ok(Some(value))),
        Err(error) => match error.code() {
            // Whichever side it waits for, `Carrier` has registered the waker there.
            ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => Poll::Pending,
            ErrorCode::ZERO_RETURN => Poll::Ready(Ok(None)),
            // An end without close_notify may be an attacker's cut, so it is never a clean end.
            ErrorCode::SYSCALL if error.io_error().is_none() => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            _ => Poll::Ready(Err(error.into_io_error().unwrap_or_else(io::Error::other))),
        },
    }
}

/// Did a call only find out that there is nothing yet?
fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Reads from the socket itself. Only where the runtime says that there is something.
///
/// Straight into the kernel: the C library's calls are points where a thread may be cancelled, which nobody does here,
/// and they pay for it with two atomic operations each.
#[inline]
fn read_from(tcp: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::net::recv(tcp, into, RecvFlags::empty())?.0)
}

/// What one call gets once there is something. `take` says what it got and how much it had room for.
///
/// Readiness is asked for once; the runtime's own reads would ask again.
#[inline]
fn poll_taking(
    tcp: &TcpStream,
    cx: &mut Context<'_>,
    mut take: impl FnMut() -> (io::Result<usize>, usize),
) -> Poll<io::Result<usize>> {
    loop {
        ready!(tcp.poll_read_ready(cx))?;
        let mut taken = 0;
        let tried = tcp.try_io(Interest::READABLE, || {
            let (got, room) = take();
            taken = got?;
            // The end of a connection is no drained socket: it is read again as often as somebody asks.
            if taken > 0 && taken < room { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match tried {
            Err(error) if taken == 0 && is_nothing(&error) => {}
            Err(error) if taken == 0 => return Poll::Ready(Err(error)),
            _ => return Poll::Ready(Ok(taken)),
        }
    }
}

/// Tries `call` whenever the runtime says that there is something to read, until it is not told to wait.
fn poll_in(
    tcp: &TcpStream,
    cx: &mut Context<'_>,
    mut call: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(tcp.poll_read_ready(cx))?;
        match tcp.try_io(Interest::READABLE, &mut call) {
            Err(error) if is_nothing(&error) => {}
            done => return Poll::Ready(done),
        }
    }
}

/// The same for writing.
fn poll_out(
    tcp: &TcpStream,
    cx: &mut Context<'_>,
    mut call: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(tcp.poll_write_ready(cx))?;
        match tcp.try_io(Interest::WRITABLE, &mut call) {
            Err(error) if is_nothing(&error) => {}
            done => return Poll::Ready(done),
        }
    }
}

/// Gives the socket as much as it takes at once.
///
/// A socket is nearly always ready to be written to, so it is tried first and waited for afterwards. What keeps a task that
/// never has to wait from keeping its worker to itself is counted where it reads.
#[inline]
fn poll_giving(tcp: &TcpStream, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
    loop {
        let mut given = 0;
        let tried = tcp.try_io(Interest::WRITABLE, || {
            given = rustix::net::send(tcp, from, SendFlags::NOSIGNAL)?;
            // A short write has filled the socket, as a short read drains it.
            if given > 0 && given < from.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match tried {
            Err(error) if given == 0 && is_nothing(&error) => ready!(tcp.poll_write_ready(cx))?,
            Err(error) if given == 0 => return Poll::Ready(Err(error)),
            _ => return Poll::Ready(Ok(given)),
        }
    }
}

impl Stream {
    /// TLS over `tcp`, before its handshake.
    pub fn tls(ssl: Ssl, tcp: TcpStream) -> io::Result<Self> {
        let carrier = Carrier { tcp, waker: Waker::noop().clone() };
        Ok(Self::Tls(Box::new(SslStream::new(ssl, carrier)?)))
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(stream) => &stream.get_ref().tcp,
        }
    }

    /// The TLS session, if there is one.
    pub fn session(&self) -> Option<&SslRef> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => Some(stream.ssl()),
        }
    }

    /// Goes on with the handshake, as the server or the client that the `Ssl` was made for.
    pub fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self::Tls(stream) = self else { return Poll::Ready(Ok(())) };
        stream.get_mut().watch(cx);
        match ready!(tls_poll(stream.do_handshake()))? {
            Some(()) => Poll::Ready(Ok(())),
            None => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Reads some bytes into a buffer that is lent by `pool` only while there is something to read, so that an idle
    /// connection holds none. `Ok(None)` is a clean end.
    pub fn poll_first(&mut self, cx: &mut Context<'_>, pool: &Pool) -> Poll<io::Result<Option<Buffer>>> {
        self.poll_piece(cx, pool, 0)
    }

    /// The same in the middle of a body, of which so many bytes are still to come.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>, pool: &Pool, expected: u64) -> Poll<io::Result<Option<Buffer>>> {
        let (buffer, polled) = if let Self::Plain(tcp) = self {
            let mut lent = None;
            let polled = poll_taking(tcp, cx, || {
                let space = lent.get_or_insert_with(|| pool.buffer_for(expected)).space();
                (read_from(tcp, space), space.len())
            });
            (lent, polled)
        } else {
            // TLS must be asked itself: a whole record may wait inside OpenSSL while the socket has nothing. It gives
            // one at a time, and none is larger than this.
            let mut buffer = pool.buffer();
            let polled = self.poll_read(cx, buffer.space());
            (Some(buffer), polled)
        };
        let Some(mut buffer) = buffer else { return polled.map_ok(|_| None) };
        if let Poll::Ready(Ok(count)) = polled
            && count > 0
        {
            buffer.filled_by(count);
            return Poll::Ready(Ok(Some(buffer)));
        }
        pool.put_buffer(buffer);
        polled.map_ok(|_| None)
    }

    /// What happened on a connection that should be silent, if anything did.
    pub fn disturbance(&mut self, cx: &mut Context<'_>) -> Option<Disturbance> {
        let found = match self {
            // Nobody is to be woken, so the runtime is only asked for what it has heard.
            Self::Plain(tcp) => match tcp.try_io(Interest::READABLE, || read_from(tcp, &mut [0])) {
                Err(error) if is_nothing(&error) => return None,
                found => found,
            },
            // This takes in session tickets, which come after the handshake and disturb nothing.
            Self::Tls(_) => match self.poll_read(cx, &mut [0]) {
                Poll::Pending => return None,
                Poll::Ready(found) => found,
            },
        };
        Some(if matches!(found, Ok(1..)) { Disturbance::Bytes } else { Disturbance::Closed })
    }

    /// Has anything happened on a connection that nothing is expected on? An error says that it is over; a peer that has
    /// only ended its side, or that has sent something, is there. Costs no system call before something has happened;
    /// from then on it is at once.
    pub(super) fn poll_disturbed(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tcp = self.tcp();
        let socket = socket2::SockRef::from(tcp);
        poll_in(tcp, cx, || socket.peek(&mut [MaybeUninit::uninit()])).map_ok(drop)
    }

    /// The socket, for who watches it.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.tcp().as_fd()
    }

    /// Has nothing arrived, by the kernel's own word? What the runtime knows may be a moment old.
    pub fn is_silent(&self) -> bool {
        let peeked = socket2::SockRef::from(self.tcp()).peek(&mut [MaybeUninit::uninit()]);
        !matches!(peeked, Ok(1..))
    }

    /// Shows what has arrived without taking it, once that is more than `seen` bytes. 0 is the end of the connection. Only
    /// before anything was read, be it by TLS.
    pub fn poll_ahead(&self, cx: &mut Context<'_>, into: &mut [u8], seen: usize) -> Poll<io::Result<usize>> {
        let tcp = self.tcp();
        let socket = self.shared()?;
        poll_in(tcp, cx, || match socket.peek(into)? {
            count if count == 0 || count > seen => Ok(count),
            // Not to be called again before more has arrived.
            _ => Err(io::ErrorKind::WouldBlock.into()),
        })
    }

    /// Takes as many bytes as `into` has, which were shown before.
    pub fn take_ahead(&self, into: &mut [u8]) -> io::Result<()> {
        (&self.shared()?).read_exact(into)
    }

    /// The same socket, for what the runtime's cannot do.
    fn shared(&self) -> io::Result<std::net::TcpStream> {
        Ok(self.tcp().as_fd().try_clone_to_owned()?.into())
    }

    /// Reads some bytes. 0 is a clean end.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => poll_taking(tcp, cx, || (read_from(tcp, into), into.len())),
            Self::Tls(stream) => {
                stream.get_mut().watch(cx);
                Poll::Ready(Ok(ready!(tls_poll(stream.ssl_read(into)))?.unwrap_or(0)))
            }
        }
    }

    /// Writes some bytes.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => poll_giving(tcp, cx, from),
            Self::Tls(stream) => {
                stream.get_mut().watch(cx);
                match ready!(tls_poll(stream.ssl_write(from)))? {
                    Some(count) => Poll::Ready(Ok(count)),
                    None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                }
            }
        }
    }

    /// Can bytes go through it by reference? Those of TLS pass through its own hands.
    pub fn takes_pipes(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Moves up to `most` bytes that have arrived into an empty pipe. 0 is a clean end.
    pub fn poll_take(&self, cx: &mut Context<'_>, pipe: &mut Conduit, most: usize) -> Poll<io::Result<usize>> {
        let tcp = self.tcp();
        poll_in(tcp, cx, || pipe.take(tcp, most))
    }

    /// Moves out of a pipe as many bytes as the peer takes.
    pub fn poll_give(&self, cx: &mut Context<'_>, pipe: &mut Conduit) -> Poll<io::Result<usize>> {
        let tcp = self.tcp();
        poll_out(tcp, cx, || pipe.give(tcp))
    }

    /// Says that no more bytes will come. Best effort: the peer may be gone already.
    pub fn finish(&mut self) {
        if let Self::Tls(stream) = self {
            let _ = stream.shutdown();
        }
        let _ = socket2::SockRef::from(self.tcp()).shutdown(Shutdown::Write);
    }

    /// Makes the close that follows an abort (RST), so that the peer cannot take it for a clean end.
    pub fn abort(&self) {
        let _ = socket2::SockRef::from(self.tcp()).set_linger(Some(std::time::Duration::ZERO));
    }
}
