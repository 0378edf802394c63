//! What a worker takes from the heap: nothing for a request on connections that are there already, and little for a
//! connection that waits. Measured on a real engine over loopback, by an allocator that counts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a test, helpers and all")]

#[path = "../examples/lookup_bench/tree.rs"]
#[allow(dead_code, reason = "shared with an example")]
mod tree;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use sallygate_engine::Engine;
use sallygate_engine::clock::Clock;
use sallygate_engine::settings::{ListenerSettings, Settings};
use sallygate_engine::snapshot::Publisher;
use sallygate_engine::telemetry::SlotAllocator;
use sallygate_image::{Backend, Balance, Endpoint};
use tree::{Tree, backend_id, forward, prefix};

/// How often the threads that are counted have asked the heap for something, and how many bytes of it they hold.
static ASKED: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicI64 = AtomicI64::new(0);
/// What is done once a second may take something, on a machine on which this takes seconds; a request may not: one in a
/// thousand that did would be more than this.
const HOUSEKEEPING: u64 = 3;
/// How many connections are left idle, twice.
const IDLE: usize = 256;
/// What glibc keeps beside each block that it gives out.
const BESIDE: usize = 16;

thread_local! {
    /// The threads of the test itself.
    static EXEMPT: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

fn count(change: i64) {
    if !EXEMPT.try_with(Cell::get).unwrap_or(true) {
        ASKED.fetch_add(u64::from(change > 0), Ordering::Relaxed);
        HELD.fetch_add(change, Ordering::Relaxed);
    }
}

fn weight(layout: Layout) -> i64 {
    i64::try_from(layout.size() + BESIDE).unwrap_or(i64::MAX)
}

// SAFETY: every call goes to the system's allocator with the caller's own arguments; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(weight(layout));
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-weight(layout));
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

const REQUEST: &[u8] = b"GET /a/path?with=query HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: test\r\n\
    Accept: */*\r\nCookie: session=0123456789\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
const POST: &[u8] = b"POST /a/path HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 11\r\n\r\nhello world";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";

/// An engine with one worker, in front of an upstream that answers a POST with chunks.
struct Bench {
    engine: Arc<Engine>,
    address: SocketAddr,
}

impl Bench {
    fn new() -> Self {
        EXEMPT.set(true);
        let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = upstream.local_addr().unwrap();
        thread::spawn(move || {
            EXEMPT.set(true);
            for connection in upstream.incoming().flatten() {
                thread::spawn(move || answer(connection));
            }
        });
        let mut tree = Tree::new();
        let id = backend_id("shop");
        let endpoint = Endpoint { address: endpoint.ip().to_string(), port: endpoint.port() };
        tree.backends.insert(id.clone(), Backend { id, endpoints: vec![endpoint], balance: Balance::RoundRobin });
        tree.host("shop.example", vec![(prefix("/"), forward("shop"))]);
        let (root, segments) = tree.encode();
        let mut publisher = Publisher::new(SlotAllocator::new(64), None, Clock::new(), || 1);
        assert!(publisher.offer(root, segments.into_values().collect()).unwrap().accepted);
        let listener =
            ListenerSettings { name: "http".into(), tls: false, address: ([127, 0, 0, 1], 0).into(), fds: Vec::new() };
        let settings = Settings { telemetry_slots: 64, ..Settings::new(1, vec![listener]) };
        let path = std::env::temp_dir().join(format!("sallygate-steady-{}-{:p}", std::process::id(), &tree));
        let memory = std::fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let telemetry = Engine::telemetry(&settings, memory.as_fd()).unwrap();
        let engine = Arc::new(Engine::new(settings, publisher.publication().clone(), telemetry).unwrap());
        // Workers inherit nothing from this thread: they are counted.
        let address = engine.start().unwrap()[0].1;
        Self { engine, address }
    }

    fn client(&self) -> TcpStream {
        let client = TcpStream::connect(self.address).unwrap();
        client.set_nodelay(true).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        client
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.engine.drain(Duration::ZERO);
    }
}

fn answer(mut connection: TcpStream) {
    EXEMPT.set(true);
    let (mut bytes, mut filled) = ([0; 4096], 0);
    while let Ok(count @ 1..) = connection.read(&mut bytes[filled..]) {
        filled += count;
        let seen = &bytes[..filled];
        let reply = match seen.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(_) if seen.starts_with(b"GET ") => ANSWER,
            Some(_) if seen.ends_with(b"hello world") => CHUNKED,
            _ => continue,
        };
        filled = 0;
        connection.write_all(reply).unwrap();
    }
}

/// One request and its whole answer.
fn ask(client: &mut TcpStream, request: &[u8], end: &[u8]) {
    client.write_all(request).unwrap();
    let (mut bytes, mut filled) = ([0; 4096], 0);
    while !bytes[..filled].ends_with(end) {
        let count = client.read(&mut bytes[filled..]).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&bytes[..filled]));
        filled += count;
    }
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

/// The figure once a worker that is about to change it has done so: the last bytes of an answer leave before its
/// request is accounted for.
fn settled(read: impl Fn() -> u64, expect: u64) -> u64 {
    for _ in 0..1_000 {
        if read() == expect {
            break;
        }
        thread::yield_now();
    }
    read()
}

#[test]
fn steady_requests_take_nothing_and_idle_connections_little() {
    let bench = Bench::new();
    // What every request needs once: buffers, a room, the space of a log record.
    let mut client = bench.client();
    for _ in 0..200 {
        ask(&mut client, REQUEST, b"\r\n\r\nhello");
        ask(&mut client, POST, b"\r\n0\r\n\r\n");
    }
    let before = ASKED.load(Ordering::Relaxed);
    for _ in 0..3_000 {
        ask(&mut client, REQUEST, b"\r\n\r\nhello");
    }
    for _ in 0..1_000 {
        ask(&mut client, POST, b"\r\n0\r\n\r\n");
    }
    let taken = settled(|| ASKED.load(Ordering::Relaxed), before) - before;
    assert!(taken <= HOUSEKEEPING, "{taken} allocations in 4,000 requests");

    let held = || u64::try_from(HELD.load(Ordering::Relaxed)).unwrap_or(0);
    let mut idle = Vec::with_capacity(2 * IDLE);
    let fill = |idle: &mut Vec<TcpStream>| {
        for _ in 0..IDLE {
            let mut client = bench.client();
            ask(&mut client, REQUEST, b"\r\n\r\nhello");
            idle.push(client);
        }
        held()
    };
    // The first ones also make tables grow that the next ones find large enough.
    let before = fill(&mut idle);
    let each = (fill(&mut idle) - before) / IDLE as u64;
    assert!(each <= IDLE_BYTES, "{each} bytes of heap for an idle connection");
}

/// The heap of an idle connection, with what the allocator keeps beside its blocks. The kernel's part comes on top.
const IDLE_BYTES: u64 = 900;
