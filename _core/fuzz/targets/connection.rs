//! The whole connection, both sides: a client's bytes and an upstream's, sliced anywhere, through the real engine over
//! loopback sockets in this process. What the upstream gets is read by another parser (`httparse`), and each client gets
//! the answers to its own requests or none.
//!
//! The input is a list of moves (see [`Move`]). One engine with one worker lives as long as the process.
#![no_main]

#[path = "../../engine/examples/lookup_bench/tree.rs"]
#[allow(dead_code)]
mod tree;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sallygate_engine::Engine;
use sallygate_engine::clock::Clock;
use sallygate_engine::settings::Settings;
use sallygate_engine::snapshot::Publisher;
use sallygate_engine::telemetry::SlotAllocator;
use sallygate_image::{Backend, Balance, Endpoint, Policy, Timeouts};

/// Nothing here waits for anything that is not under way on this machine; longer than this is a hang.
const HANG: Duration = Duration::from_secs(8);
/// After a move, what the engine sends on at once is there within this.
const SETTLE: Duration = Duration::from_micros(200);
/// Bytes per move that follow its two bytes.
const SLICE_BYTES: usize = 64;

/// One byte of the input says what is done, the next how many bytes of the input it takes.
enum Move<'a> {
    /// The client sends.
    Client(&'a [u8]),
    /// The upstream sends on the connection that it got last.
    Upstream(&'a [u8]),
    /// The client ends its side.
    ClientEnds,
    /// The upstream ends its side of that connection.
    UpstreamEnds,
    /// The upstream closes that connection, with or without having read everything.
    UpstreamCloses,
}

fn moves(mut input: &[u8]) -> Vec<Move<'_>> {
    let mut found = Vec::new();
    while let [kind, length, rest @ ..] = input {
        let (bytes, tail) = rest.split_at(rest.len().min(usize::from(*length) % (SLICE_BYTES + 1)));
        found.push(match kind % 16 {
            0..7 => Move::Client(bytes),
            7..13 => Move::Upstream(bytes),
            13 => Move::ClientEnds,
            14 => Move::UpstreamEnds,
            _ => Move::UpstreamCloses,
        });
        input = tail;
    }
    found
}

struct Bench {
    /// Kept for its threads.
    _engine: Engine,
    gateway: SocketAddr,
    upstream: TcpListener,
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| start().expect("the engine starts"))
}

fn start() -> Result<Bench, Box<dyn std::error::Error>> {
    let upstream = TcpListener::bind("127.0.0.1:0")?;
    upstream.set_nonblocking(true)?;
    let mut tree = tree::Tree::new();
    let id = tree::backend_id("web");
    let endpoints = vec![Endpoint { address: "127.0.0.1".into(), port: upstream.local_addr()?.port() }];
    tree.backends.insert(id.clone(), Backend { id, endpoints, balance: Balance::RoundRobin });
    let timeouts = Timeouts { connect_ms: 2_000, send_ms: 2_000, read_ms: 2_000 };
    let policy = tree.policy(Policy { timeouts, tries: 1, ..Policy::default() });
    tree.host("", vec![(tree::prefix("/"), tree::forward("web"))]).routes.iter_mut().for_each(|route| {
        route.policy = policy;
    });
    let mut publisher = Publisher::new(SlotAllocator::new(64), None, Clock::new(), || 1);
    let (root, segments) = tree.encode();
    let mut outcome = publisher.offer(root, Vec::new()).map_err(|refusal| format!("{refusal:?}"))?;
    while !outcome.accepted {
        let wanted = outcome.wanted.iter().map(|digest| segments[digest].clone()).collect();
        outcome = publisher.offer(root, wanted).map_err(|refusal| format!("{refusal:?}"))?;
    }
    let memory = memory()?;
    let settings: Settings = serde_json::from_value(serde_json::json!({
        "workers": 1,
        "listeners": [{"name": "http", "tls": false, "address": "127.0.0.1:0"}],
        "telemetry_fd": -1,
        "telemetry_slots": 64,
        "telemetry_ring_bytes": 65536,
        "client_idle_ms": 2000,
        "header_timeout_ms": 2000,
        "client_body_timeout_ms": 2000,
    }))?;
    let telemetry = Engine::telemetry(&settings, memory.as_fd()).map_err(|error| format!("{error:?}"))?;
    let engine = Engine::new(settings, Arc::clone(publisher.publication()), telemetry);
    let engine = engine.map_err(|error| format!("{error:?}"))?;
    let addresses = engine.start().map_err(|error| format!("{error:?}"))?;
    let (_, gateway) = addresses.into_iter().next().ok_or("no listener")?;
    Ok(Bench { _engine: engine, gateway, upstream })
}

fn memory() -> std::io::Result<OwnedFd> {
    // SAFETY: the name is a C string; the descriptor that comes back is nobody else's.
    let fd = unsafe { libc::memfd_create(c"telemetry".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: just opened.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// One connection from the gateway, and everything that came on it.
struct Upstream {
    stream: TcpStream,
    seen: Vec<u8>,
    open: bool,
}

fn take(stream: &mut TcpStream, seen: &mut Vec<u8>) -> bool {
    let mut part = [0; 16 * 1024];
    loop {
        match stream.read(&mut part) {
            Ok(0) => return false,
            Ok(count) => seen.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

struct Play<'b> {
    bench: &'b Bench,
    client: TcpStream,
    answers: Vec<u8>,
    /// Does the gateway still send to the client?
    open: bool,
    upstreams: Vec<Upstream>,
}

impl Play<'_> {
    /// Takes in whatever has arrived on every socket.
    fn look(&mut self) {
        self.open &= take(&mut self.client, &mut self.answers);
        while let Ok((stream, _)) = self.bench.upstream.accept() {
            stream.set_nonblocking(true).expect("a socket");
            self.upstreams.push(Upstream { stream, seen: Vec::new(), open: true });
        }
        for upstream in &mut self.upstreams {
            upstream.open &= take(&mut upstream.stream, &mut upstream.seen);
        }
    }

    fn play(&mut self, step: &Move<'_>) {
        match step {
            // A full or closed socket takes no more, which is no fault of anybody's.
            Move::Client(bytes) => drop(self.client.write_all(bytes)),
            Move::ClientEnds => drop(self.client.shutdown(Shutdown::Write)),
            Move::Upstream(bytes) => drop(self.upstreams.last_mut().map(|one| one.stream.write_all(bytes))),
            Move::UpstreamEnds => drop(self.upstreams.last().map(|one| one.stream.shutdown(Shutdown::Write))),
            Move::UpstreamCloses => drop(self.upstreams.last().map(|one| one.stream.shutdown(Shutdown::Both))),
        }
        wait(&self.client, SETTLE);
        self.look();
    }

    /// Both sides leave; the gateway must end every connection of its own accord.
    fn end(&mut self) {
        drop(self.client.shutdown(Shutdown::Write));
        let mut waited = Duration::ZERO;
        loop {
            for upstream in &self.upstreams {
                drop(upstream.stream.shutdown(Shutdown::Write));
            }
            self.look();
            if !self.open {
                // Its task is over, so what it has asked of upstreams has arrived by now.
                return self.look();
            }
            assert!(waited < HANG, "the client's connection does not end: {}", self.answers.escape_ascii());
            let step = Duration::from_millis(2);
            wait(&self.client, step);
            waited += step;
        }
    }
}

/// Waits until the gateway has something for the client, or for as long as given.
fn wait(stream: &TcpStream, time: Duration) {
    use std::os::fd::AsRawFd;
    let mut one = libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let time = libc::timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) };
    // SAFETY: one entry and one time, which outlive the call.
    unsafe { libc::ppoll(&raw mut one, 1, &raw const time, std::ptr::null()) };
}

fuzz_target!(|input: &[u8]| {
    let bench = bench();
    let Ok(client) = TcpStream::connect(bench.gateway) else { return };
    client.set_nodelay(true).expect("a socket");
    client.set_nonblocking(true).expect("a socket");
    let mut play = Play { bench, client, answers: Vec::new(), open: true, upstreams: Vec::new() };
    let mut sent = Vec::new();
    for step in moves(input) {
        if let Move::Client(bytes) = &step {
            sent.extend_from_slice(bytes);
        }
        play.play(&step);
    }
    play.end();
    let requested: usize = play.upstreams.iter().map(|one| read_requests(&in_ascii(&one.seen))).sum();
    let possible = sent.windows(4).filter(|window| *window == b"\r\n\r\n").count();
    assert!(requested <= possible, "{requested} requests from {possible} heads: {}", sent.escape_ascii());
    read_answers(&play.answers);
});

/// With one letter for each byte above ASCII: a query goes on byte for byte, and the parser wants a target in UTF-8.
fn in_ascii(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| if byte.is_ascii() { *byte } else { b'x' }).collect()
}

/// How many requests these bytes are. They must be written strictly, one after the other, the last perhaps cut.
fn read_requests(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while !bytes.is_empty() {
        let mut fields = [httparse::EMPTY_HEADER; 200];
        let mut request = httparse::Request::new(&mut fields);
        let length = match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            // A tunnel carries anything, and a head is sent whole.
            Ok(httparse::Status::Partial) => return count,
            Err(error) => panic!("the upstream got what is no request ({error}): {}", bytes.escape_ascii()),
        };
        count += 1;
        assert!(bytes[..length].windows(2).all(|pair| pair[1] != b'\n' || pair[0] == b'\r'), "a bare LF was sent on");
        let upgrade = request.headers.iter().any(|field| field.name.eq_ignore_ascii_case("upgrade"));
        let framing = framing(request.headers);
        bytes = &bytes[length..];
        match framing {
            // What follows may be a tunnel.
            _ if upgrade => return count,
            Body::None => {}
            Body::Length(length) => bytes = bytes.get(length..).unwrap_or_default(),
            Body::Chunked => {
                let Some(rest) = skip_chunks(bytes) else { return count };
                bytes = rest;
            }
        }
    }
    count
}

enum Body {
    None,
    Length(usize),
    Chunked,
}

fn framing(fields: &[httparse::Header<'_>]) -> Body {
    let of = |name: &str| -> Vec<&[u8]> {
        fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value).collect()
    };
    match (of("content-length").as_slice(), of("transfer-encoding").as_slice()) {
        ([], []) => Body::None,
        ([length], []) => Body::Length(str::from_utf8(length).expect("digits").parse().expect("a length")),
        ([], [b"chunked"]) => Body::Chunked,
        _ => panic!("more than one framing was sent on"),
    }
}

/// The bytes behind a chunked body; nothing if it is not whole.
fn skip_chunks(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        match httparse::parse_chunk_size(bytes) {
            Ok(httparse::Status::Complete((line, 0))) => return bytes.get(line..)?.strip_prefix(b"\r\n"),
            Ok(httparse::Status::Complete((line, size))) => {
                let size = usize::try_from(size).ok()?;
                let rest = bytes.get(line..)?.get(size..)?;
                if rest.len() < 2 {
                    return None;
                }
                bytes = rest.strip_prefix(b"\r\n").expect("a chunk ends in CRLF");
            }
            Ok(httparse::Status::Partial) => return None,
            Err(_) => panic!("a chunk size that is none was sent on: {}", bytes.escape_ascii()),
        }
    }
}

/// What the client got begins with the head of an answer, if it got anything.
fn read_answers(bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let mut fields = [httparse::EMPTY_HEADER; 200];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(bytes) {
        Ok(_) => {}
        Err(error) => panic!("the client got what is no answer ({error}): {}", bytes.escape_ascii()),
    }
}
