//! Has a peer left that nothing is expected of? It may have sent more, or ended its side: then its socket stays readable
//! for as long as nobody reads on, and readiness to be read says nothing any more. Knows no protocol.

use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::transport::stream::Stream;

/// A watch over one peer. It costs no system call before something happens to the peer's socket.
#[derive(Default)]
pub struct Watch {
    /// The same socket once more, asked only whether it can be written to: bytes that arrive wake nobody, a reset does.
    ///
    /// The one that the stream has cannot be asked in its place. To be woken, its readiness would have to be declared
    /// over, and whoever then writes or reads in earnest would wait for an event that has long been.
    aside: Option<Box<AsyncFd<OwnedFd>>>,
}

impl Watch {
    /// Ready as soon as the peer has reset the connection, whatever it did before. One that has only ended its side, or
    /// that has sent something, is there.
    pub fn poll_left(&mut self, stream: &Stream, cx: &mut Context<'_>) -> Poll<()> {
        if self.aside.is_none() {
            match stream.poll_disturbed(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => self.aside = aside(stream),
            }
        }
        let Some(aside) = &self.aside else {
            // No descriptor is free. Whoever is woken for another reason asks again.
            return Poll::Pending;
        };
        while let Poll::Ready(writable) = aside.poll_write_ready(cx) {
            // An error of the runtime itself means that it ends.
            let Ok(mut writable) = writable else { return Poll::Ready(()) };
            if writable.ready().is_write_closed() {
                return Poll::Ready(());
            }
            writable.clear_ready();
        }
        Poll::Pending
    }
}

#[cold]
fn aside(stream: &Stream) -> Option<Box<AsyncFd<OwnedFd>>> {
    let again = stream.descriptor().try_clone_to_owned().ok()?;
    // SAFETY: the descriptor is the watch's own: nobody takes it out, and it is closed after its registration is over.
    let registered = unsafe { AsyncFd::register_with_interest(again, Interest::WRITABLE) };
    Some(Box::new(registered.ok()?))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A stream and its peer.
    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Stream::Plain(listener.accept().await.unwrap().0), peer)
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    /// Lets the runtime ask the kernel what has happened.
    async fn turn() {
        tokio::task::yield_now().await;
    }

    /// Waits until so many bytes are there to be read.
    async fn arrived(stream: &Stream, count: usize) {
        let mut seen = vec![std::mem::MaybeUninit::uninit(); count];
        while socket2::SockRef::from(&stream.descriptor()).peek(&mut seen).unwrap_or(0) < count {
            turn().await;
        }
    }

    fn reset(peer: TcpStream) {
        socket2::SockRef::from(&peer).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
    }

    fn send(peer: &TcpStream, bytes: &[u8]) {
        assert_eq!(socket2::SockRef::from(peer).send(bytes).unwrap(), bytes.len());
    }

    async fn left(watch: &mut Watch, stream: &Stream) {
        poll_fn(|cx| watch.poll_left(stream, cx)).await;
    }

    #[test]
    fn a_reset_is_noticed_whatever_came_before_it() {
        run(async {
            for sent in [&b""[..], b"more"] {
                for ended in [false, true] {
                    let (stream, peer) = pair().await;
                    let mut watch = Watch::default();
                    send(&peer, sent);
                    if ended {
                        socket2::SockRef::from(&peer).shutdown(std::net::Shutdown::Write).unwrap();
                    }
                    if ended || !sent.is_empty() {
                        poll_fn(|cx| stream.poll_disturbed(cx)).await.unwrap();
                    }
                    assert!(poll_fn(|cx| Poll::Ready(watch.poll_left(&stream, cx))).await.is_pending());
                    assert_eq!(watch.aside.is_some(), ended || !sent.is_empty());
                    reset(peer);
                    left(&mut watch, &stream).await;
                }
            }
        });
    }

    #[test]
    fn bytes_that_nobody_reads_wake_nobody() {
        run(async {
            let (mut stream, peer) = pair().await;
            let (mut watch, bell) = (Watch::default(), Arc::new(Bell::default()));
            let waker = Waker::from(Arc::clone(&bell));
            let mut cx = Context::from_waker(&waker);
            send(&peer, b"more");
            poll_fn(|cx| stream.poll_disturbed(cx)).await.unwrap();
            // What the registration itself tells is taken in.
            while watch.aside.is_none() || bell.0.load(Ordering::Relaxed) == 0 {
                assert!(watch.poll_left(&stream, &mut cx).is_pending());
                turn().await;
            }
            assert!(watch.poll_left(&stream, &mut cx).is_pending());
            let before = bell.0.load(Ordering::Relaxed);
            for count in 1..=100 {
                send(&peer, &[0; 100]);
                arrived(&stream, 4 + count * 100).await;
                turn().await;
            }
            assert_eq!(bell.0.load(Ordering::Relaxed), before);
            // The end of its side is told once, and then no more.
            socket2::SockRef::from(&peer).shutdown(std::net::Shutdown::Write).unwrap();
            for _ in 0..100 {
                assert!(watch.poll_left(&stream, &mut cx).is_pending());
                turn().await;
            }
            let before = bell.0.load(Ordering::Relaxed);
            assert!(before <= 2, "{before}");
            // And all of them are there for whoever reads on.
            let mut read = 0;
            while read < 10_004 {
                read += poll_fn(|cx| stream.poll_read(cx, &mut [0; 1000])).await.unwrap();
            }
            assert_eq!(poll_fn(|cx| stream.poll_read(cx, &mut [0])).await.unwrap(), 0);
            reset(peer);
            while bell.0.load(Ordering::Relaxed) == before {
                turn().await;
            }
            assert!(watch.poll_left(&stream, &mut cx).is_ready());
        });
    }
}
