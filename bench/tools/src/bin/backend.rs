//! The backend: answers every request with the same bytes, on connections that stay open. A request that has a body is
//! answered when all of it is there.
//!
//! Four targets are special. `/__stats` answers with the connections and requests so far, which is how a benchmark
//! knows that a proxy reused its connections. `/__head` answers with the request's head as it arrived, which is how it
//! knows that all proxies did the same work. `/__echo` answers with the request's body, `/__bytes/NUMBER` with as many
//! bytes.

use std::io;
use std::net::{SocketAddr, TcpStream};

use sallygate_bench_tools::framing;
use sallygate_bench_tools::options::{Options, fail};
use sallygate_bench_tools::poll::{self, Got, Interest, LISTENER, Poll};

/// The largest head or echoed body that is taken.
const LIMIT: usize = 16 * 1024 * 1024;
/// What a large body is written from, again and again: its bytes must not cost memory that the proxy's would miss.
const BLOCK: usize = 256 * 1024;

struct Connection {
    stream: TcpStream,
    /// Received and not used yet: part of a head, or of a body to echo.
    received: Vec<u8>,
    /// Bytes of a request body still to come, which nobody wants.
    skip: u64,
    /// The answer to the request whose body is still to come.
    owed: Option<Answer>,
    /// Bytes of answers that the peer has not taken yet.
    waiting: Vec<u8>,
    /// Bytes of a large body that follow them.
    filler: u64,
    close: bool,
}

/// An answer: these bytes, and then so many of the block.
struct Answer {
    bytes: Vec<u8>,
    filler: u64,
}

fn head(kind: &str, length: u64) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nCache-Control: no-store\r\nX-Backend: bench\r\nContent-Length: {length}\r\n\r\n"
    )
    .into_bytes()
}

fn answer(kind: &str, body: &[u8]) -> Vec<u8> {
    [&head(kind, body.len() as u64), body].concat()
}

/// The number at the end of `/__bytes/NUMBER`.
fn bytes_wanted(target: &[u8]) -> Option<u64> {
    std::str::from_utf8(target.strip_prefix(b"/__bytes/")?).ok()?.parse().ok()
}

/// Answers everything in `connection.received` that is complete. False: what arrived is not a request we can take.
fn answer_all(connection: &mut Connection, work: &mut Work) -> bool {
    let mut used = 0;
    // A large body ends a turn: what follows it must not be put in front of it.
    while connection.filler == 0 {
        let rest = &connection.received[used..];
        let skipped = usize::try_from(connection.skip).map_or(rest.len(), |skip| skip.min(rest.len()));
        connection.skip -= skipped as u64;
        used += skipped;
        if connection.skip > 0 {
            break;
        }
        if let Some(answer) = connection.owed.take() {
            work.out.extend(answer.bytes);
            connection.filler = answer.filler;
            continue;
        }
        let rest = &connection.received[used..];
        let Some(head) = framing::head(rest) else { break };
        if head.coded {
            return false;
        }
        let (method, target) = framing::request_line(rest);
        let length = head.length.unwrap_or(0);
        let mut filler = 0;
        let mut bytes = match target {
            b"/__echo" => {
                let Some(body) =
                    usize::try_from(length).ok().and_then(|length| rest.get(head.bytes..head.bytes + length))
                else {
                    break;
                };
                answer("application/octet-stream", body)
            }
            b"/__head" => answer("text/plain", &rest[..head.bytes]),
            b"/__stats" => {
                let (accepted, requests) = (work.accepted, work.requests);
                answer("application/json", format!(r#"{{"accepted":{accepted},"requests":{requests}}}"#).as_bytes())
            }
            _ => {
                work.requests += 1;
                if let Some(wanted) = bytes_wanted(target) {
                    filler = wanted;
                    self::head("application/octet-stream", wanted)
                } else if length == 0 && method != b"HEAD" {
                    // Nearly every request: no copy in between.
                    work.out.extend_from_slice(&work.fixed);
                    Vec::new()
                } else {
                    work.fixed.clone()
                }
            }
        };
        if method == b"HEAD" {
            bytes.truncate(framing::head(&bytes).map_or(0, |head| head.bytes));
            filler = 0;
        }
        if length > 0 {
            connection.skip = length;
            connection.owed = Some(Answer { bytes, filler });
        } else {
            work.out.extend(bytes);
            connection.filler = filler;
        }
        used += head.bytes;
        connection.close |= head.close;
    }
    connection.received.drain(..used);
    connection.received.len() <= LIMIT
}

/// Writes what waits. Some(true): all of it is out; None: the peer is gone.
fn flush(connection: &mut Connection, block: &[u8]) -> Option<bool> {
    while !connection.waiting.is_empty() {
        let count = poll::write(&connection.stream, &connection.waiting)?;
        if count == 0 {
            return Some(false);
        }
        connection.waiting.drain(..count);
    }
    while connection.filler > 0 {
        let size = usize::try_from(connection.filler).map_or(block.len(), |left| left.min(block.len()));
        let count = poll::write(&connection.stream, &block[..size])?;
        if count == 0 {
            return Some(false);
        }
        connection.filler -= count as u64;
    }
    Some(true)
}

fn serve(poll: &Poll, token: u64, connection: &mut Connection, work: &mut Work, flags: Interest) -> io::Result<bool> {
    if connection.waiting.is_empty() && connection.filler == 0 {
        let count = match poll::read(&connection.stream, &mut work.buffer) {
            Got::Bytes(count) => count,
            Got::Nothing => return Ok(true),
            Got::End => return Ok(false),
        };
        if connection.received.is_empty() && connection.skip > count as u64 {
            connection.skip -= count as u64; // the middle of a body: not even kept
            return Ok(true);
        }
        connection.received.extend_from_slice(&work.buffer[..count]);
    } else if flags.intersects(Interest::HUP | Interest::ERR) {
        return Ok(false);
    }
    let waited = !connection.waiting.is_empty() || connection.filler > 0;
    loop {
        if connection.waiting.is_empty() && connection.filler == 0 {
            work.out.clear();
            if !answer_all(connection, work) {
                return Ok(false);
            }
            if work.out.is_empty() {
                break;
            }
            let Some(sent) = poll::write(&connection.stream, &work.out) else { return Ok(false) };
            connection.waiting.extend_from_slice(&work.out[sent..]);
        }
        match flush(connection, &work.block) {
            None => return Ok(false),
            Some(true) => {}
            Some(false) => {
                if !waited {
                    poll.change(&connection.stream, token, Interest::OUT)?;
                }
                return Ok(true);
            }
        }
    }
    if waited {
        poll.change(&connection.stream, token, Interest::IN)?;
    }
    Ok(!(connection.close && connection.owed.is_none()))
}

struct Work {
    accepted: u64,
    requests: u64,
    fixed: Vec<u8>,
    block: Vec<u8>,
    buffer: Vec<u8>,
    out: Vec<u8>,
}

fn run(listen: SocketAddr, body: &[u8]) -> io::Result<()> {
    let listener = poll::listen(listen)?;
    let mut poll = Poll::new()?;
    poll.add(&listener, LISTENER, Interest::IN)?;
    let (mut connections, mut free, mut closed) = (Vec::<Option<Connection>>::new(), Vec::new(), Vec::new());
    let mut work = Work {
        accepted: 0,
        requests: 0,
        fixed: answer("text/plain", body),
        block: vec![b'x'; BLOCK],
        buffer: vec![0; 64 * 1024],
        out: Vec::new(),
    };
    let mut ready = Vec::new();
    loop {
        ready.clear();
        ready.extend(poll.wait(None)?);
        for (token, flags) in &ready {
            if *token == LISTENER {
                while let Some(stream) = poll::accept(&listener)? {
                    work.accepted += 1;
                    let index = free.pop().unwrap_or_else(|| {
                        connections.push(None);
                        connections.len() - 1
                    });
                    poll.add(&stream, index as u64, Interest::IN)?;
                    connections[index] = Some(Connection {
                        stream,
                        received: Vec::new(),
                        skip: 0,
                        owed: None,
                        waiting: Vec::new(),
                        filler: 0,
                        close: false,
                    });
                }
                continue;
            }
            let index = usize::try_from(*token).map_err(io::Error::other)?;
            let Some(connection) = connections[index].as_mut() else { continue };
            if !serve(&poll, *token, connection, &mut work, *flags)? {
                connections[index] = None;
                closed.push(index);
            }
        }
        free.append(&mut closed);
    }
}

fn main() {
    let mut options = Options::from_arguments(std::env::args());
    let listen = options.take("listen", SocketAddr::from(([127, 0, 0, 1], 0)));
    let mut body = options.take("body-text", String::new()).into_bytes();
    body.resize(options.take("body-bytes", 128).max(body.len()), b'x');
    options.finish();
    if let Err(error) = run(listen, &body) {
        fail("backend", error);
    }
}
