//! A worker thread: its runtime, its accept loops, its tick, and the orders it takes.

use std::future::poll_fn;
use std::io;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::MissedTickBehavior;

use crate::listen::accept::{Stop, accept};
use crate::listen::signals;
use crate::proxy::serve::Entry;
use crate::proxy::shared::Shared;
use crate::proxy::worker::Worker;
use crate::settings::Settings;
use crate::snapshot::Publication;
use crate::telemetry::{Counter, Region};
use crate::tls::server::Handshakes;
use crate::transport::deadline::TICK_MS;

/// The port that upstreams are told for every TLS listener (as ingress-nginx does).
const HTTPS_PORT: u16 = 443;
/// Idle upstream connections are looked through once in this many ticks.
const SWEEP_TICKS: u32 = 10;

/// An order to a worker.
pub enum Order {
    /// There is a newer snapshot: let go of the old one, even if no request comes.
    Refresh,
    /// End connections with their next response.
    Draining,
    /// Accept nobody any more, finish what is under way within this many milliseconds, and leave.
    Drain(u64),
}

/// What a worker did with its connections when it left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left {
    /// Connections that ended by themselves.
    pub finished: usize,
    /// Connections that were idle and were closed.
    pub idle_closed: usize,
    /// Connections that were cut.
    pub aborted: usize,
}

/// A listening socket of one worker.
pub struct Listening {
    /// The listener's name.
    pub name: String,
    /// The socket.
    pub socket: TcpListener,
    /// What TLS handshakes start with.
    pub tls: Option<Handshakes>,
}

/// Everything that a worker thread is started with.
pub struct Start {
    /// The worker's number, from 0.
    pub index: u32,
    /// The engine's settings.
    pub settings: Arc<Settings>,
    /// What the workers share.
    pub shared: Arc<Shared>,
    /// Where snapshots come from.
    pub snapshots: Arc<Publication>,
    /// Where counters and log records go.
    pub telemetry: Arc<Region>,
    /// Its sockets.
    pub listening: Vec<Listening>,
    /// Its orders.
    pub orders: UnboundedReceiver<Order>,
    /// Where it reports that it left.
    pub left: Sender<Left>,
}

/// The thread's body. A panic outside of a connection's task (those are caught one by one) starts the worker anew.
pub fn run(mut start: Start) {
    signals::block_all();
    loop {
        let ended = catch_unwind(AssertUnwindSafe(|| attempt(&mut start)));
        let left = match ended {
            Ok(Ok(left)) => left,
            Ok(Err(_)) => Left::default(),
            Err(_) => {
                if let Some(telemetry) = start.telemetry.worker(start.index) {
                    telemetry.add(Counter::Panics, 1);
                }
                continue;
            }
        };
        // Nobody listens any more if the engine is gone; then there is nobody to tell.
        let _ = start.left.send(left);
        return;
    }
}

fn attempt(start: &mut Start) -> io::Result<Left> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build_local(LocalOptions::default())?;
    let telemetry = start.telemetry.worker(start.index).ok_or(io::ErrorKind::InvalidInput)?;
    let worker = Worker::new(start.settings.clone(), start.snapshots.reader(), start.shared.clone(), telemetry)
        .map_err(io::Error::other)?;
    let worker = Rc::new(worker);
    let left = runtime.block_on(serve(worker, &mut start.listening, &mut start.orders))?;
    // Dropping the runtime drops every task that is left, and with them their connections.
    drop(runtime);
    Ok(left)
}

async fn serve(
    worker: Rc<Worker>,
    listening: &mut Vec<Listening>,
    orders: &mut UnboundedReceiver<Order>,
) -> io::Result<Left> {
    let stop = Rc::new(Stop::default());
    let mut accepting = Vec::new();
    for one in listening.iter() {
        let socket = tokio::net::TcpListener::from_std(one.socket.try_clone()?)?;
        let port = if one.tls.is_some() { HTTPS_PORT } else { socket.local_addr()?.port() };
        let entry = Rc::new(Entry { name: one.name.clone(), port, tls: one.tls.clone() });
        accepting.push(tokio::task::spawn_local(accept(worker.clone(), entry, socket, stop.clone())));
    }
    tokio::task::spawn_local(tick(worker.clone()));
    let mut deadline_ms = loop {
        match orders.recv().await {
            Some(Order::Refresh) => worker.refresh(),
            Some(Order::Draining) => worker.set_draining(),
            Some(Order::Drain(deadline_ms)) => break deadline_ms,
            None => break 0,
        }
    };
    worker.set_draining();
    stop.stop();
    for task in accepting {
        // An accept loop that panicked has nobody left to accept.
        let _ = task.await;
    }
    // Closed now, not at the end: who connects during the drain is refused at once instead of waiting for nothing.
    listening.clear();
    let before = worker.open.get();
    let mut waited_ms = 0;
    while worker.open.get() > 0 && waited_ms < deadline_ms {
        if waited_ms >= worker.settings.drain_idle_ms.min(deadline_ms / 2) && !worker.closing_idle() {
            worker.close_idle();
        }
        tokio::time::sleep(Duration::from_millis(DRAIN_STEP_MS)).await;
        waited_ms += DRAIN_STEP_MS;
        while let Ok(order) = orders.try_recv() {
            if let Order::Drain(sooner_ms) = order {
                deadline_ms = deadline_ms.min(waited_ms.saturating_add(sooner_ms));
            }
        }
    }
    let aborted = worker.open.get();
    let idle_closed = worker.idle_closed.get();
    Ok(Left { finished: before.saturating_sub(aborted + idle_closed), idle_closed, aborted })
}

/// How often a drain looks whether it is done.
const DRAIN_STEP_MS: u64 = 10;

/// Time and housekeeping.
async fn tick(worker: Rc<Worker>) {
    let mut interval = tokio::time::interval(Duration::from_millis(TICK_MS));
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut ticks = 0_u32;
    loop {
        interval.tick().await;
        worker.tick();
        ticks = ticks.wrapping_add(1);
        if ticks.is_multiple_of(SWEEP_TICKS) {
            // Unconstrained: however many there are, each is really looked at.
            tokio::task::coop::unconstrained(poll_fn(|cx| {
                worker.sweep(cx);
                Poll::Ready(())
            }))
            .await;
        }
    }
}
