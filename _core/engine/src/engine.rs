//! The engine: worker threads, the snapshot that they serve, and how both come and go.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::BorrowedFd;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use sallygate_image::ListenerTls;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::clock::Stopwatch;
use crate::listen::worker::{Left, Listening, Order, Start, run};
use crate::listen::{bind, inherit};
use crate::proxy::shared::Shared;
use crate::settings::{ListenerSettings, Settings};
use crate::snapshot::Publication;
use crate::telemetry::Region;
use crate::tls::server::{self, Handshakes};
use crate::tls::tickets::TicketKeys;

/// How much longer than its deadline a drain waits for the threads to end.
const JOIN_GRACE: Duration = Duration::from_secs(2);

/// Why the engine could not be started.
#[derive(Debug)]
pub enum StartError {
    /// A setting makes no sense.
    Settings(String),
    /// An address cannot be listened on.
    Bind(SocketAddr, io::Error),
    /// The machine refuses something else.
    Machine(String),
}

/// What became of the connections at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrainReport {
    /// Connections that ended by themselves.
    pub finished: usize,
    /// Connections that were idle and were closed.
    pub idle_closed: usize,
    /// Connections that were cut at the deadline.
    pub aborted: usize,
}

struct Running {
    orders: Vec<UnboundedSender<Order>>,
    /// Taken by the drain that waits for them.
    threads: Option<(Vec<JoinHandle<()>>, Receiver<Left>)>,
}

/// Worker threads and what they share.
pub struct Engine {
    settings: Arc<Settings>,
    publication: Arc<Publication>,
    telemetry: Arc<Region>,
    running: Mutex<Option<Running>>,
    report: Mutex<Option<DrainReport>>,
}

impl Engine {
    /// An engine that serves nothing yet.
    pub fn new(settings: Settings, publication: Arc<Publication>, telemetry: Arc<Region>) -> Result<Self, StartError> {
        if settings.workers == 0 || settings.workers > 1_024 {
            return Err(StartError::Settings(format!("workers: {} is not between 1 and 1024", settings.workers)));
        }
        Ok(Self {
            settings: Arc::new(settings),
            publication,
            telemetry,
            running: Mutex::new(None),
            report: Mutex::new(None),
        })
    }

    /// The memory file that telemetry is written to, mapped.
    pub fn telemetry(settings: &Settings, fd: BorrowedFd<'_>) -> Result<Arc<Region>, StartError> {
        let workers = u32::try_from(settings.workers).unwrap_or(u32::MAX);
        let geometry =
            crate::telemetry::Geometry::new(workers, settings.telemetry_slots, settings.telemetry_ring_bytes)
                .map_err(StartError::Settings)?;
        Region::create(fd, geometry, crate::clock::unix_ns())
            .map_err(|error| StartError::Machine(format!("the telemetry memory cannot be mapped: {error}")))
    }

    /// Listens and serves. Returns each listener's name and the address that it is bound to.
    pub fn start(&self) -> Result<Vec<(String, SocketAddr)>, StartError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return Err(StartError::Settings("the engine has been started already".into()));
        }
        let clock = Stopwatch::new();
        let keys = TicketKeys::fresh(Box::new(move || clock.micros() / 1_000))
            .map_err(|error| StartError::Machine(format!("there are no random numbers: {error}")))?;
        let keys = Arc::new(keys);
        let mut addresses = Vec::new();
        let mut per_worker: Vec<Vec<Listening>> = (0..self.settings.workers).map(|_| Vec::new()).collect();
        for listener in &self.settings.listeners {
            let sockets = self.sockets(listener)?;
            let bound = sockets.first().and_then(|socket| socket.local_addr().ok()).unwrap_or(listener.address);
            addresses.push((listener.name.clone(), bound));
            let tls = if listener.tls { Some(self.tls(&listener.name, &keys)?) } else { None };
            for (listening, socket) in per_worker.iter_mut().zip(sockets) {
                listening.push(Listening { name: listener.name.clone(), socket, tls: tls.clone() });
            }
        }
        let shared = Arc::new(
            Shared::new().map_err(|error| StartError::Machine(format!("there are no random numbers: {error}")))?,
        );
        let (left_sender, left) = channel();
        let mut threads = Vec::new();
        let mut orders = Vec::new();
        for (index, listening) in per_worker.into_iter().enumerate() {
            let (sender, receiver) = unbounded_channel();
            let start = Start {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                settings: self.settings.clone(),
                shared: shared.clone(),
                snapshots: self.publication.clone(),
                telemetry: self.telemetry.clone(),
                listening,
                orders: receiver,
                left: left_sender.clone(),
            };
            let thread = Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || run(start))
                .map_err(|error| StartError::Machine(format!("worker {index} cannot be started: {error}")))?;
            threads.push(thread);
            orders.push(sender);
        }
        *running = Some(Running { orders, threads: Some((threads, left)) });
        Ok(addresses)
    }

    /// One socket per worker: those that were handed over, or fresh ones.
    fn sockets(&self, listener: &ListenerSettings) -> Result<Vec<TcpListener>, StartError> {
        let workers = self.settings.workers;
        if listener.fds.is_empty() {
            return bind::bind(listener.address, workers).map_err(|error| StartError::Bind(listener.address, error));
        }
        if listener.fds.len() != workers {
            let (name, count) = (&listener.name, listener.fds.len());
            return Err(StartError::Settings(format!("listener {name}: {count} sockets for {workers} workers")));
        }
        let taken: io::Result<Vec<_>> = listener.fds.iter().map(|fd| inherit::listener(*fd)).collect();
        taken.map_err(|error| StartError::Bind(listener.address, error))
    }

    fn tls(&self, listener: &str, keys: &Arc<TicketKeys>) -> Result<Handshakes, StartError> {
        // Weak: snapshots hold contexts that were made by this.
        let publication = Arc::downgrade(&self.publication);
        let listener = listener.to_owned();
        let make = move |settings: &ListenerTls, keys: Arc<TicketKeys>| {
            let (publication, listener) = (publication.clone(), listener.clone());
            // Without a name it is what there is for all other hosts.
            let resolve = move |name: Option<&str>| {
                let snapshot = publication.upgrade().map(|publication| publication.current());
                snapshot.map(|current| current.handshake(&listener, name.unwrap_or_default())).unwrap_or_default()
            };
            server::listener(Box::new(resolve), settings, keys)
        };
        let usual = make(&ListenerTls::default(), keys.clone())
            .map_err(|problem| StartError::Machine(format!("TLS cannot be set up: {}", problem.reason)))?;
        let make = move |settings: &ListenerTls, keys| make(settings, keys).ok();
        Ok(Handshakes { usual, keys: keys.clone(), make: Arc::new(make) })
    }

    /// What the workers serve.
    pub fn publication(&self) -> &Arc<Publication> {
        &self.publication
    }

    fn order(&self, order: impl Fn() -> Order) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for orders in running.iter().flat_map(|running| &running.orders) {
            // A worker that has left needs no orders.
            let _ = orders.send(order());
        }
    }

    /// Wakes workers that have nothing to do, so that they let go of a snapshot that was replaced.
    pub fn refresh(&self) {
        self.order(|| Order::Refresh);
    }

    /// From now on every response ends its connection.
    pub fn set_draining(&self) {
        self.order(|| Order::Draining);
    }

    /// Accepts nobody any more, finishes what is under way within the deadline, and ends the threads. A second call
    /// while the first waits can only bring the deadline nearer; a later one only reports.
    pub fn drain(&self, deadline: Duration) -> DrainReport {
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        self.order(|| Order::Drain(deadline_ms));
        // Held until the threads are joined: whoever calls meanwhile waits here for the same report.
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let threads = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.as_mut().and_then(|running| running.threads.take())
        };
        let Some((threads, left)) = threads else { return report.unwrap_or_default() };
        let mut sum = DrainReport::default();
        for thread in threads {
            if let Ok(left) = left.recv_timeout(deadline + JOIN_GRACE) {
                sum.finished += left.finished;
                sum.idle_closed += left.idle_closed;
                sum.aborted += left.aborted;
                let _ = thread.join();
            }
        }
        *report = Some(sum);
        sum
    }
}
