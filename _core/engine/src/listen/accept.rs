//! Accepts clients and starts a task for each.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::listen::bind::BACKLOG;
use crate::proxy::serve::{Entry, serve};
use crate::proxy::worker::Worker;
use crate::telemetry::Counter;

/// Clients accepted in a row before others get their turn.
const BURST: usize = 64;
/// Pause when descriptors or memory have run out: trying again at once would only burn the core that could free some.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// Tells accept loops to end.
#[derive(Default)]
pub struct Stop {
    stopped: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Stop {
    /// Ends them once everybody who has already connected is accepted.
    pub fn stop(&self) {
        self.stopped.set(true);
        self.wakers.borrow_mut().drain(..).for_each(Waker::wake);
    }
}

fn admit(worker: &Rc<Worker>, entry: &Rc<Entry>, tcp: TcpStream, peer: SocketAddr) {
    if !worker.admits() {
        worker.telemetry.add(Counter::ConnectionsRefusedLimit, 1);
        return;
    }
    if let Some(task) = serve(worker.clone(), entry.clone(), tcp, peer) {
        tokio::task::spawn_local(task);
    }
}

/// Accepts whoever stands in the queue by the kernel's own word, as what the runtime knows of it may be a moment old:
/// closing the socket would reset them.
fn admit_rest(worker: &Rc<Worker>, entry: &Rc<Entry>, listener: &TcpListener) {
    let queue = SockRef::from(listener);
    for _ in 0..BACKLOG {
        match queue.accept() {
            Ok((socket, address)) => {
                let tcp = socket.set_nonblocking(true).and_then(|()| TcpStream::from_std(socket.into()));
                if let (Ok(tcp), Some(peer)) = (tcp, address.as_socket()) {
                    admit(worker, entry, tcp, peer);
                }
            }
            Err(error) if left_early(&error) => {}
            Err(_) => return,
        }
    }
}

/// Did the client leave before it was accepted?
fn left_early(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Accepts until stopped.
pub async fn accept(worker: Rc<Worker>, entry: Rc<Entry>, listener: TcpListener, stop: Rc<Stop>) {
    poll_fn(|cx| {
        stop.wakers.borrow_mut().push(cx.waker().clone());
        Poll::Ready(())
    })
    .await;
    loop {
        let mut accepted = 0;
        let ended: io::Result<()> = poll_fn(|cx| {
            loop {
                if accepted == BURST {
                    accepted = 0;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match listener.poll_accept(cx) {
                    Poll::Pending if stop.stopped.get() => return Poll::Ready(Ok(())),
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok((tcp, peer))) => {
                        accepted += 1;
                        admit(&worker, &entry, tcp, peer);
                    }
                    Poll::Ready(Err(error)) if left_early(&error) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                }
            }
        })
        .await;
        if ended.is_ok() {
            admit_rest(&worker, &entry, &listener);
            return;
        }
        worker.telemetry.add(Counter::ConnectionsRefusedResources, 1);
        worker.make_room(BURST);
        tokio::time::sleep(EXHAUSTED_PAUSE).await;
    }
}
