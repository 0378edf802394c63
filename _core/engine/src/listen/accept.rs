//! Accepts clients and starts a task for each.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::net::TcpListener;

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
                    // Whoever has connected before the stop is served: closing the socket would reset them.
                    Poll::Pending if stop.stopped.get() => return Poll::Ready(Ok(())),
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok((tcp, peer))) => {
                        accepted += 1;
                        if worker.open.get() >= worker.settings.max_connections {
                            worker.telemetry.add(Counter::ConnectionsRefusedLimit, 1);
                            continue;
                        }
                        tokio::task::spawn_local(serve(worker.clone(), entry.clone(), tcp, peer));
                    }
                    Poll::Ready(Err(error)) => match error.kind() {
                        // The client left before it was accepted.
                        io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::Interrupted => {}
                        _ => return Poll::Ready(Err(error)),
                    },
                }
            }
        })
        .await;
        if ended.is_ok() {
            return;
        }
        worker.telemetry.add(Counter::ConnectionsRefusedResources, 1);
        tokio::time::sleep(EXHAUSTED_PAUSE).await;
    }
}
