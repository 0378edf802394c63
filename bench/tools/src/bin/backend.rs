//! The backend: answers every request at once with the same bytes, on connections that stay open.
//!
//! Three targets are special. `/__stats` answers with the connections and requests so far, which is how a benchmark
//! knows that a proxy reused its connections. `/__head` answers with the request's head as it arrived, which is how it
//! knows that all proxies did the same work. `/__echo` answers with the request's body.

use std::io;
use std::net::{SocketAddr, TcpStream};

use sallygate_bench_tools::framing;
use sallygate_bench_tools::options::{Options, fail};
use sallygate_bench_tools::poll::{self, Got, Interest, LISTENER, Poll};

/// The largest head or echoed body that is taken.
const LIMIT: usize = 16 * 1024 * 1024;

struct Connection {
    stream: TcpStream,
    /// Received and not used yet: part of a head, or of a body to echo.
    received: Vec<u8>,
    /// Bytes of a request body still to come, which nobody wants.
    skip: u64,
    /// Bytes of answers that the peer has not taken yet.
    waiting: Vec<u8>,
    close: bool,
}

#[derive(Default)]
struct Stats {
    accepted: u64,
    requests: u64,
}

fn answer(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nCache-Control: no-store\r\nX-Backend: bench\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Answers everything in `connection.received` that is complete. False: what arrived is not a request we can take.
fn answer_all(connection: &mut Connection, stats: &mut Stats, fixed: &[u8], out: &mut Vec<u8>) -> bool {
    let mut used = 0;
    while used < connection.received.len() {
        let rest = &connection.received[used..];
        if connection.skip > 0 {
            let count = usize::try_from(connection.skip).map_or(rest.len(), |skip| skip.min(rest.len()));
            connection.skip -= count as u64;
            used += count;
            continue;
        }
        let Some(head) = framing::head(rest) else { break };
        if head.coded {
            return false;
        }
        let (method, target) = framing::request_line(rest);
        let length = head.length.unwrap_or(0);
        let start = out.len();
        match target {
            b"/__echo" => {
                let Some(body) =
                    usize::try_from(length).ok().and_then(|length| rest.get(head.bytes..head.bytes + length))
                else {
                    break;
                };
                out.extend(answer("application/octet-stream", body));
                used += body.len();
            }
            b"/__head" => {
                out.extend(answer("text/plain", &rest[..head.bytes]));
                connection.skip = length;
            }
            b"/__stats" => {
                let text = format!(r#"{{"accepted":{},"requests":{}}}"#, stats.accepted, stats.requests);
                out.extend(answer("application/json", text.as_bytes()));
                connection.skip = length;
            }
            _ => {
                stats.requests += 1;
                out.extend_from_slice(fixed);
                connection.skip = length;
            }
        }
        if method == b"HEAD" {
            let end = framing::head(&out[start..]).map_or(0, |head| head.bytes);
            out.truncate(start + end);
        }
        used += head.bytes;
        connection.close |= head.close;
    }
    connection.received.drain(..used);
    connection.received.len() <= LIMIT
}

fn serve(poll: &Poll, token: u64, connection: &mut Connection, work: &mut Work, flags: Interest) -> io::Result<bool> {
    if !connection.waiting.is_empty() {
        if flags.intersects(Interest::HUP | Interest::ERR) {
            return Ok(false);
        }
        let Some(count) = poll::write(&connection.stream, &connection.waiting) else { return Ok(false) };
        connection.waiting.drain(..count);
        if connection.waiting.is_empty() {
            poll.change(&connection.stream, token, Interest::IN)?;
        }
        return Ok(!(connection.close && connection.waiting.is_empty()));
    }
    let count = match poll::read(&connection.stream, &mut work.buffer) {
        Got::Bytes(count) => count,
        Got::Nothing => return Ok(true),
        Got::End => return Ok(false),
    };
    connection.received.extend_from_slice(&work.buffer[..count]);
    work.out.clear();
    if !answer_all(connection, &mut work.stats, &work.fixed, &mut work.out) {
        return Ok(false);
    }
    if work.out.is_empty() {
        return Ok(true);
    }
    let Some(sent) = poll::write(&connection.stream, &work.out) else { return Ok(false) };
    if sent < work.out.len() {
        connection.waiting.extend_from_slice(&work.out[sent..]);
        poll.change(&connection.stream, token, Interest::OUT)?;
        return Ok(true);
    }
    Ok(!connection.close)
}

struct Work {
    stats: Stats,
    fixed: Vec<u8>,
    buffer: Vec<u8>,
    out: Vec<u8>,
}

fn run(listen: SocketAddr, body: &[u8]) -> io::Result<()> {
    let listener = poll::listen(listen)?;
    let mut poll = Poll::new()?;
    poll.add(&listener, LISTENER, Interest::IN)?;
    let (mut connections, mut free, mut closed) = (Vec::<Option<Connection>>::new(), Vec::new(), Vec::new());
    let mut work = Work {
        stats: Stats::default(),
        fixed: answer("text/plain", body),
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
                    work.stats.accepted += 1;
                    let index = free.pop().unwrap_or_else(|| {
                        connections.push(None);
                        connections.len() - 1
                    });
                    poll.add(&stream, index as u64, Interest::IN)?;
                    let (received, waiting) = (Vec::new(), Vec::new());
                    connections[index] = Some(Connection { stream, received, skip: 0, waiting, close: false });
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
