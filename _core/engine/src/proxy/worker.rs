//! What one worker thread owns. Nothing here is shared with another worker but snapshots, endpoint counters and
//! telemetry, so nothing here is locked.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;

use openssl::error::ErrorStack;
use sallygate_image::KeptAlive;
use sallygate_wire::field::Fields;
use sallygate_wire::limits::Limits;
use sallygate_wire::trailer::TrailerNames;

use crate::balance;
use crate::clock::Clock;
use crate::filter::{Buckets, Claim, Coding, Remembered};
use crate::http1::hexadecimal::hexadecimal;
use crate::log::Line;
use crate::proxy::bodies::Bodies;
use crate::proxy::keeping::Keeping;
use crate::proxy::mirror::Copies;
use crate::proxy::plan::{Ground, Scratch};
use crate::proxy::room::Rooms;
use crate::proxy::shared::Shared;
use crate::settings::Settings;
use crate::snapshot::CurrentReader;
use crate::telemetry::{Counter, Worker as WorkerTelemetry};
use crate::tls::client::Connector;
use crate::transport::buffer;
use crate::transport::compress::{Allowance, Compressor};
use crate::transport::conduit::Conduits;
use crate::transport::deadline::Deadlines;
use crate::transport::pace::Rate;
use crate::transport::spill::Spill;
use crate::upstream;
use crate::upstream::pool::{Keep, Put, Swept, Target, Upstream};

/// From this share of `max_connections` or `max_files` on, idle connections are closed for new ones.
const SHED_PER_CENT: usize = 85;
/// The length of a Date header's value.
const DATE_BYTES: usize = 29;

/// One worker.
pub struct Worker {
    /// What the engine was started with.
    pub settings: Arc<Settings>,
    /// The worker's clock.
    pub clock: Clock,
    /// The snapshot that requests are judged by.
    pub snapshots: CurrentReader,
    /// Buffers that wait for their next use.
    pub blocks: buffer::Pool,
    /// Pipes for large bodies.
    pub(super) conduits: Conduits,
    /// The trailer fields that may go on, of requests and of answers: its own, so that no count of holders is shared.
    pub(super) request_trailers: Rc<TrailerNames>,
    /// See above.
    pub(super) response_trailers: Rc<TrailerNames>,
    /// Where requests are served.
    pub rooms: Rooms,
    /// Room for request bodies.
    pub bodies: Bodies,
    /// Room for compressors.
    pub compressors: Allowance,
    /// Room for copies of requests.
    pub copies: Copies,
    /// Deadlines of every connection.
    pub deadlines: Rc<Deadlines>,
    /// Idle upstream connections.
    pub upstreams: RefCell<upstream::pool::Pool>,
    /// TLS to upstreams.
    pub connector: Connector,
    /// Cursors of the balancing algorithms.
    pub balance: RefCell<balance::WorkerState>,
    /// What it shares with the other workers.
    pub shared: Arc<Shared>,
    /// Passwords that were right lately.
    pub(super) remembered: RefCell<Remembered>,
    /// Counters and the access-log ring.
    pub telemetry: WorkerTelemetry,
    /// The fields of the request head that is being read.
    pub request_fields: RefCell<Fields>,
    /// The fields of the response head that is being read.
    pub response_fields: RefCell<Fields>,
    /// How connections are kept, as of the last tick.
    pub keeping: Cell<Keeping>,
    /// Bounds of response heads.
    pub response_limits: Limits,
    pub(super) scratch: RefCell<Scratch>,
    /// Log lines that wait for their next use.
    #[expect(clippy::vec_box, reason = "they leave and come back as they are")]
    pub(super) spare_lines: RefCell<Vec<Box<Line>>>,
    pub(super) date: Cell<[u8; DATE_BYTES]>,
    random: RefCell<fastrand::Rng>,
    /// Connections of clients.
    pub open: Cell<usize>,
    /// Idle connections that a drain has closed.
    pub idle_closed: Cell<usize>,
    /// How many idle connections are to make room for others.
    unwanted: Cell<usize>,
    draining: Cell<bool>,
    closing_idle: Cell<bool>,
}

impl Ground for Worker {
    fn buckets(&self) -> &Arc<Buckets> {
        &self.shared.buckets
    }

    fn now_ms(&self) -> u64 {
        self.shared.clock_ms()
    }

    fn knows(&self, claim: &Claim) -> bool {
        self.remembered.borrow().knows(claim, self.clock.coarse_ms())
    }

    fn draw(&self, below: u32) -> u32 {
        self.random.borrow_mut().u32(..below.max(1))
    }
}

impl Worker {
    /// A worker with empty pools.
    pub fn new(
        settings: Arc<Settings>,
        snapshots: CurrentReader,
        shared: Arc<Shared>,
        telemetry: WorkerTelemetry,
    ) -> Result<Self, ErrorStack> {
        let keeping = Keeping::new(&settings, snapshots.get().connections());
        let upstreams = upstream::pool::Pool::new(keeping.upstreams);
        let response_limits = Limits { keep_underscores: true, ..Limits::default() };
        let worker = Self {
            clock: Clock::new(),
            snapshots,
            blocks: buffer::Pool::default(),
            conduits: Conduits::default(),
            request_trailers: Rc::new(settings.request_trailers.clone()),
            response_trailers: Rc::new(settings.response_trailers.clone()),
            rooms: Rooms::default(),
            compressors: Allowance::new(settings.compression_bytes),
            copies: Copies::default(),
            bodies: Bodies::new(settings.body_memory_bytes, settings.body_disk_bytes),
            deadlines: Rc::default(),
            upstreams: RefCell::new(upstreams),
            connector: Connector::new()?,
            balance: RefCell::new(balance::WorkerState::new(fastrand::u64(..))),
            remembered: RefCell::new(Remembered::new(&shared.secret)),
            shared,
            telemetry,
            request_fields: RefCell::default(),
            response_fields: RefCell::default(),
            keeping: Cell::new(keeping),
            response_limits,
            scratch: RefCell::default(),
            spare_lines: RefCell::default(),
            date: Cell::new([b' '; DATE_BYTES]),
            random: RefCell::new(fastrand::Rng::new()),
            settings,
            open: Cell::new(0),
            idle_closed: Cell::new(0),
            unwanted: Cell::new(0),
            draining: Cell::new(false),
            closing_idle: Cell::new(false),
        };
        worker.tick();
        Ok(worker)
    }

    /// Brings the coarse time, the Date header and the deadlines up to date. Called every `TICK_MS`.
    pub fn tick(&self) {
        self.clock.tick();
        self.adopt();
        let seconds = crate::clock::unix_ns() / 1_000_000_000;
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let mut date = [b' '; DATE_BYTES];
        // In place: nothing that happens all the time goes to the heap.
        let _ = write!(&mut date[..], "{}", httpdate::HttpDate::from(now));
        self.date.set(date);
        self.deadlines.tick(self.clock.coarse_ms(), self.closing_idle.get());
        let unwanted = self.unwanted.take();
        if unwanted > 0 {
            self.unwanted.set(self.deadlines.shed(unwanted));
        }
        self.telemetry.add(Counter::SnapshotsTaken, self.snapshots.taken());
    }

    /// May another client come? From `SHED_PER_CENT` of a limit on, each costs one idle connection its life, so that
    /// those who only sit there cannot keep out those who ask.
    pub fn admits(&self) -> bool {
        let limits = [(self.open.get(), self.settings.max_connections), (self.files(), self.settings.max_files)];
        if limits.iter().any(|(now, most)| now.saturating_mul(100) >= most.saturating_mul(SHED_PER_CENT)) {
            self.make_room(1);
        }
        limits.iter().all(|(now, most)| now < most)
    }

    /// How many files the connections of this worker need.
    fn files(&self) -> usize {
        self.open.get() + self.rooms.taken() + self.upstreams.borrow().len()
    }

    /// Closes so many idle connections with the next tick, the oldest first.
    pub fn make_room(&self, count: usize) {
        self.unwanted.set(self.unwanted.get() + count);
    }

    /// Lets go of a snapshot that is no longer the newest.
    pub fn refresh(&self) {
        drop(self.snapshots.get());
        self.adopt();
    }

    /// Keeps connections as the newest snapshot asks for.
    fn adopt(&self) {
        let keeping = Keeping::new(&self.settings, self.snapshots.get().connections());
        self.upstreams.borrow_mut().keep_as(keeping.upstreams);
        self.keeping.set(keeping);
    }

    /// Closes idle upstream connections that are too old, or that their upstream disturbed.
    pub fn sweep(&self, cx: &mut Context<'_>) {
        let swept = self.upstreams.borrow_mut().sweep(self.clock.coarse_ms(), cx);
        if swept != Swept::default() {
            self.swept(swept);
        }
    }

    /// Counts idle connections that had to be closed.
    pub(super) fn swept(&self, swept: Swept) {
        self.telemetry.add(Counter::UpstreamIdleExpired, swept.expired);
        self.telemetry.add(Counter::UpstreamIdlePeerClosed, swept.closed);
        self.telemetry.add(Counter::UpstreamIdleUnsolicited, swept.unsolicited);
        self.telemetry.add(Counter::UpstreamConnectionsUnparked, swept.total());
        self.telemetry.add(Counter::UpstreamConnectionsClosed, swept.total());
    }

    /// Keeps an upstream connection for the next request, or closes it.
    pub(super) fn park(&self, target: &Target, upstream: Upstream, reusable: bool) {
        self.park_for(None, target, upstream, reusable);
    }

    /// The same within other limits.
    pub(super) fn park_for(&self, alive: Option<&KeptAlive>, target: &Target, upstream: Upstream, reusable: bool) {
        if reusable {
            let mut pool = self.upstreams.borrow_mut();
            let keep = alive.map_or(pool.keep(), |alive| Keep {
                per_target: usize::try_from(alive.connections).unwrap_or(usize::MAX),
                idle_ms: alive.idle_ms,
                requests: alive.requests,
                ..pool.keep()
            });
            match pool.put_for(keep, target, upstream, self.clock.coarse_ms()) {
                Put::Kept => {
                    self.telemetry.add(Counter::UpstreamConnectionsParked, 1);
                    return;
                }
                Put::Full => self.telemetry.add(Counter::UpstreamIdlePoolFull, 1),
                Put::Worn => self.telemetry.add(Counter::UpstreamIdleWorn, 1),
            }
        }
        self.telemetry.add(Counter::UpstreamConnectionsClosed, 1);
    }

    /// A compressor for an answer, of the first sort that there is memory for.
    #[cold]
    pub(super) fn compressor(&self, first: Coding, second: Option<Coding>) -> Option<(Coding, Box<Compressor>)> {
        let take = |coding| self.compressors.take(coding).map(|compressor| (coding, compressor));
        let taken = take(first).or_else(|| second.and_then(take));
        let counter = match taken {
            Some((Coding::Gzip(_), _)) => Counter::CompressedGzip,
            Some((Coding::Brotli(_), _)) => Counter::CompressedBrotli,
            None => Counter::CompressedNoRoom,
        };
        self.telemetry.add(counter, 1);
        taken
    }

    /// Counts what a compressor did that ends now.
    #[cold]
    pub(super) fn compressed(&self, compressor: &Compressor) {
        self.telemetry.add(Counter::CompressionBytesTaken, compressor.taken);
        self.telemetry.add(Counter::CompressionBytesGiven, compressor.given);
        self.compressors.give_back(compressor);
    }

    /// How fast a client has to send its body.
    pub(super) fn client_send_rate(&self) -> Rate {
        let settings = &self.settings;
        Rate { grace_ms: settings.client_send_grace_ms, bytes_per_second: settings.client_send_bytes_per_second }
    }

    /// How fast a client has to read its answer.
    pub(super) fn client_read_rate(&self) -> Rate {
        let settings = &self.settings;
        Rate { grace_ms: settings.client_read_grace_ms, bytes_per_second: settings.client_read_bytes_per_second }
    }

    /// A file for what of a body is too much for memory; none if there is no folder for it, or no room in it.
    pub(super) fn spill(&self) -> Option<Spill> {
        let folder = self.settings.body_folder.as_deref()?;
        Spill::create(folder, || self.random.borrow_mut().u64(..)).ok()
    }

    /// 32 hexadecimal digits that no other request has.
    pub(super) fn fresh_id(&self) -> [u8; 32] {
        hexadecimal(self.random.borrow_mut().u128(..))
    }

    /// Is this worker on its way out, so that no connection outlives its next response?
    pub fn draining(&self) -> bool {
        self.draining.get()
    }

    /// From now on every response ends its connection.
    pub fn set_draining(&self) {
        self.draining.set(true);
    }

    /// Are idle connections to be closed now?
    pub fn closing_idle(&self) -> bool {
        self.closing_idle.get()
    }

    /// Closes idle connections from now on.
    pub fn close_idle(&self) {
        self.closing_idle.set(true);
    }
}
