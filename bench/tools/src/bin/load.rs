//! The load: a closed loop of HTTP/1.1 requests over a number of connections, and what came back.
//!
//! It speaks with whoever started it, so that the cost of opening connections and of warming up stays out of a
//! measurement: it warms up, says `ready`, and for every line `go` on standard input it runs once more over the same
//! connections and prints one line of JSON. Any line while it runs stops it early; the end of standard input ends it.
//! With `--new-connections` each request has a connection of its own, and says so; with `--unannounced` it does not say
//! so, and the client closes.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use sallygate_bench_tools::framing;
use sallygate_bench_tools::histogram::Histogram;
use sallygate_bench_tools::options::{Options, fail};
use sallygate_bench_tools::poll::{self, Got, Interest, Poll, STDIN};

/// How long answers may stay out after the end of a run.
const PATIENCE: Duration = Duration::from_secs(10);

struct Plan {
    address: SocketAddr,
    request: Vec<u8>,
    connections: usize,
    expect: Option<u64>,
    fresh: bool,
}

struct Connection {
    stream: Option<TcpStream>,
    started: Option<Instant>,
    /// Bytes of the request that are out.
    sent: usize,
    /// Part of a response head.
    partial: Vec<u8>,
    /// Bytes of the response body still to come.
    left: u64,
    close: bool,
}

#[derive(Default)]
struct Tally {
    statuses: BTreeMap<u16, u64>,
    issued: u64,
    answered: u64,
    reconnects: u64,
    connect: u64,
    broken: u64,
    framing: u64,
    length: u64,
    unanswered: u64,
    latency: Histogram,
}

impl Tally {
    fn json(&self, seconds: f64) -> String {
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!(r#""{status}":{count}"#)).collect();
        format!(
            concat!(
                r#"{{"seconds":{:.6},"requests":{},"statuses":{{{}}},"reconnects":{},"errors":{{"connect":{},"#,
                r#""broken":{},"framing":{},"length":{},"unanswered":{}}},"latency_us":{}}}"#
            ),
            seconds,
            self.answered,
            statuses.join(","),
            self.reconnects,
            self.connect,
            self.broken,
            self.framing,
            self.length,
            self.unanswered,
            self.latency.json(),
        )
    }
}

struct Load<'plan> {
    plan: &'plan Plan,
    poll: Poll,
    connections: Vec<Connection>,
    tally: Tally,
    /// Requests that may still be issued.
    budget: u64,
    in_flight: usize,
}

/// What has become of a response.
enum Answer {
    Partial,
    Done,
    Broken,
}

impl<'plan> Load<'plan> {
    fn new(plan: &'plan Plan) -> io::Result<Self> {
        let connections = (0..plan.connections)
            .map(|_| Connection { stream: None, started: None, sent: 0, partial: Vec::new(), left: 0, close: false })
            .collect();
        Ok(Self { plan, poll: Poll::new()?, connections, tally: Tally::default(), budget: 0, in_flight: 0 })
    }

    /// Sends the next request on a connection, if there is one to send.
    fn issue(&mut self, index: usize) -> io::Result<()> {
        if self.budget == 0 {
            return Ok(());
        }
        let connection = &mut self.connections[index];
        if connection.stream.is_none() {
            match poll::connect(self.plan.address) {
                Ok(stream) => {
                    self.poll.add(&stream, index as u64, Interest::IN)?;
                    connection.stream = Some(stream);
                }
                Err(error) => {
                    self.tally.connect += 1;
                    // A proxy that takes no connection at all will not start to: end instead of spinning.
                    return if self.tally.connect > 1000 { Err(error) } else { Ok(()) };
                }
            }
        }
        self.budget -= 1;
        self.tally.issued += 1;
        self.in_flight += 1;
        connection.started = Some(Instant::now());
        (connection.sent, connection.left, connection.close) = (0, 0, false);
        connection.partial.clear();
        self.send(index)
    }

    fn send(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        let Some(stream) = &connection.stream else { return Ok(()) };
        let rest = &self.plan.request[connection.sent..];
        let Some(count) = poll::write(stream, rest) else { return self.broken(index) };
        let resumed = connection.sent > 0;
        connection.sent += count;
        if count < rest.len() {
            self.poll.change(stream, index as u64, Interest::IN | Interest::OUT)?;
        } else if resumed {
            self.poll.change(stream, index as u64, Interest::IN)?;
        }
        Ok(())
    }

    /// The connection is gone. Between requests that is the proxy's right; during one it is a failed request.
    fn broken(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        connection.stream = None;
        if connection.started.take().is_some() {
            self.in_flight -= 1;
            self.tally.broken += 1;
            self.tally.reconnects += 1;
            if self.tally.broken > 1000 && self.tally.answered == 0 {
                return Err(io::Error::other("every request fails: no answer to 1000 of them"));
            }
            return self.issue(index);
        }
        Ok(())
    }

    fn take(&mut self, index: usize, mut bytes: &[u8]) -> Answer {
        let connection = &mut self.connections[index];
        if connection.started.is_none() {
            return Answer::Broken;
        }
        if connection.left == 0 {
            let joined;
            let text = if connection.partial.is_empty() {
                bytes
            } else {
                connection.partial.extend_from_slice(bytes);
                joined = std::mem::take(&mut connection.partial);
                &joined
            };
            let Some(head) = framing::head(text) else {
                connection.partial = text.to_vec();
                return Answer::Partial;
            };
            let (Some(status), Some(length)) = (framing::status(text), head.length) else {
                self.tally.framing += 1;
                return Answer::Broken;
            };
            *self.tally.statuses.entry(status).or_default() += 1;
            self.tally.length += u64::from(self.plan.expect.is_some_and(|expect| expect != length));
            connection.close = head.close;
            connection.left = length;
            let body = text.len() - head.bytes;
            bytes = &bytes[bytes.len() - body..];
            if length == 0 {
                return if bytes.is_empty() { Answer::Done } else { Answer::Broken };
            }
        }
        let Some(left) = connection.left.checked_sub(bytes.len() as u64) else {
            self.tally.framing += 1;
            return Answer::Broken;
        };
        connection.left = left;
        if left == 0 { Answer::Done } else { Answer::Partial }
    }

    fn readable(&mut self, index: usize, buffer: &mut [u8]) -> io::Result<()> {
        let Some(stream) = &self.connections[index].stream else { return Ok(()) };
        let answer = match poll::read(stream, buffer) {
            Got::Bytes(count) => self.take(index, &buffer[..count]),
            Got::Nothing => Answer::Partial,
            Got::End => Answer::Broken,
        };
        match answer {
            Answer::Partial => Ok(()),
            Answer::Broken => self.broken(index),
            Answer::Done => {
                let connection = &mut self.connections[index];
                if let Some(started) = connection.started.take() {
                    let elapsed = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    self.tally.latency.add(elapsed);
                }
                if connection.close || self.plan.fresh {
                    connection.stream = None;
                    self.tally.reconnects += u64::from(!self.plan.fresh);
                }
                self.in_flight -= 1;
                self.tally.answered += 1;
                self.issue(index)
            }
        }
    }

    /// False where standard input is something that cannot be watched, such as a file.
    fn watch_stdin(&self) -> bool {
        self.poll.add(io::stdin(), STDIN, Interest::IN).is_ok()
            || self.poll.change(io::stdin(), STDIN, Interest::IN).is_ok()
    }

    /// Issues requests until the time, the number or a line on standard input says stop; then waits for the answers.
    fn run(&mut self, patience: Duration, requests: u64, stoppable: bool) -> io::Result<f64> {
        self.tally = Tally::default();
        self.budget = requests;
        let stoppable = stoppable && self.watch_stdin();
        let started = Instant::now();
        let mut stopped = started;
        for index in 0..self.connections.len() {
            self.issue(index)?;
        }
        let mut buffer = vec![0; 64 * 1024];
        let mut ready = Vec::new();
        loop {
            let now = Instant::now();
            if self.budget > 0 && now - started >= patience {
                self.budget = 0;
            }
            if self.in_flight == 0 && self.budget == 0 {
                break;
            }
            if self.budget > 0 {
                stopped = now;
                if self.in_flight < self.connections.len() {
                    // Some could not connect: they try again.
                    for index in 0..self.connections.len() {
                        if self.connections[index].started.is_none() {
                            self.issue(index)?;
                        }
                    }
                }
            } else if now - stopped > PATIENCE {
                self.tally.unanswered = self.in_flight as u64;
                break;
            }
            ready.clear();
            ready.extend(self.poll.wait(Some(Duration::from_millis(20)))?);
            for (token, flags) in &ready {
                if *token == STDIN {
                    // The line stays unread for whoever asks next; watching it further would only spin.
                    self.poll.change(io::stdin(), STDIN, Interest::empty())?;
                    self.budget = 0;
                    continue;
                }
                let index = usize::try_from(*token).map_err(io::Error::other)?;
                if flags.contains(Interest::OUT) {
                    self.send(index)?;
                }
                if flags.intersects(Interest::IN | Interest::HUP | Interest::ERR) {
                    self.readable(index, &mut buffer)?;
                }
            }
        }
        if stoppable {
            self.poll.change(io::stdin(), STDIN, Interest::empty())?;
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn session(plan: &Plan, warm_up: Duration, seconds: Duration, requests: u64) -> io::Result<()> {
    let mut line = String::new();
    let mut load = Load::new(plan)?;
    load.run(warm_up, u64::MAX, false)?;
    say("ready")?;
    while io::stdin().lock().read_line(&mut line)? > 0 {
        if line.trim_end() == "go" {
            let elapsed = load.run(seconds, requests, true)?;
            say(&load.tally.json(elapsed))?;
        }
        line.clear();
    }
    Ok(())
}

fn main() {
    let mut options = Options::from_arguments(std::env::args());
    let address = options.take("address", SocketAddr::from(([127, 0, 0, 1], 0)));
    let host = options.take("host", address.to_string());
    let path = options.take("path", "/".to_owned());
    let body = options.take("body-bytes", 0_usize);
    let unannounced = options.switch("unannounced");
    let fresh = options.switch("new-connections") || unannounced;
    let expect = options.take("expect-bytes", -1_i64);
    let connections = options.take("connections", 1);
    let warm_up = Duration::from_millis(options.take("warm-up-ms", 200));
    let seconds = Duration::from_secs_f64(options.take("seconds", 2.0));
    let requests = options.take("requests", u64::MAX);
    options.finish();
    let method = if body > 0 { "POST" } else { "GET" };
    let length = if body > 0 { format!("Content-Length: {body}\r\n") } else { String::new() };
    let close = if fresh && !unannounced { "Connection: close\r\n" } else { "" };
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sallygate-bench/1\r\nAccept: */*\r\n{length}{close}\r\n"
    )
    .into_bytes();
    request.resize(request.len() + body, b'b');
    let plan = Plan { address, request, connections, expect: u64::try_from(expect).ok(), fresh };
    if let Err(error) = session(&plan, warm_up, seconds, requests) {
        fail("load", error);
    }
}
