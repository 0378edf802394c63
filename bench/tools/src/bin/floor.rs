//! The floor: what the kernel alone charges for carrying a request and its response through a proxy.
//!
//! One upstream connection per client connection, bytes copied between them, nothing read or understood: two receives
//! and two sends per request, and the wait for them. No proxy on plain sockets can be cheaper, so every other figure is
//! stated as its distance from this one.

use std::io;
use std::net::{SocketAddr, TcpStream};

use sallygate_bench_tools::options::{Options, fail};
use sallygate_bench_tools::poll::{self, Got, Interest, LISTENER, Poll};

/// The two ends of one carried connection; `waiting[i]` are bytes that end `i` has not taken yet.
struct Pair {
    ends: [TcpStream; 2],
    waiting: [Vec<u8>; 2],
}

struct Floor {
    poll: Poll,
    pairs: Vec<Option<Pair>>,
    free: Vec<usize>,
    /// Freed in this batch of events: reused only after it, so that a late event never meets a stranger.
    closed: Vec<usize>,
}

const fn token(index: usize, end: usize) -> u64 {
    (index * 2 + end) as u64
}

impl Floor {
    fn open(&mut self, client: TcpStream, upstream: SocketAddr) -> io::Result<()> {
        let pair = Pair { ends: [client, poll::connect(upstream)?], waiting: [Vec::new(), Vec::new()] };
        let index = self.free.pop().unwrap_or_else(|| {
            self.pairs.push(None);
            self.pairs.len() - 1
        });
        for (end, stream) in pair.ends.iter().enumerate() {
            self.poll.add(stream, token(index, end), Interest::IN)?;
        }
        self.pairs[index] = Some(pair);
        Ok(())
    }

    /// Serves one event; false where the pair is finished.
    fn serve(&mut self, index: usize, end: usize, flags: Interest, buffer: &mut [u8]) -> io::Result<bool> {
        let Some(pair) = self.pairs[index].as_mut() else { return Ok(true) };
        let other = 1 - end;
        if flags.contains(Interest::OUT) && !pair.waiting[end].is_empty() {
            let Some(count) = poll::write(&pair.ends[end], &pair.waiting[end]) else { return Ok(false) };
            pair.waiting[end].drain(..count);
            if pair.waiting[end].is_empty() {
                self.poll.change(&pair.ends[end], token(index, end), Interest::IN)?;
                self.poll.change(&pair.ends[other], token(index, other), Interest::IN)?;
            }
            return Ok(true);
        }
        if !pair.waiting[other].is_empty() {
            return Ok(!flags.intersects(Interest::HUP | Interest::ERR));
        }
        let count = match poll::read(&pair.ends[end], buffer) {
            Got::Bytes(count) => count,
            Got::Nothing => return Ok(true),
            Got::End => return Ok(false),
        };
        let Some(sent) = poll::write(&pair.ends[other], &buffer[..count]) else { return Ok(false) };
        if sent < count {
            pair.waiting[other].extend_from_slice(&buffer[sent..count]);
            self.poll.change(&pair.ends[end], token(index, end), Interest::empty())?;
            self.poll.change(&pair.ends[other], token(index, other), Interest::OUT)?;
        }
        Ok(true)
    }
}

fn run(listen: SocketAddr, upstream: SocketAddr) -> io::Result<()> {
    let listener = poll::listen(listen)?;
    let mut floor = Floor { poll: Poll::new()?, pairs: Vec::new(), free: Vec::new(), closed: Vec::new() };
    floor.poll.add(&listener, LISTENER, Interest::IN)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut ready = Vec::new();
    loop {
        ready.clear();
        ready.extend(floor.poll.wait(None)?);
        for (token, flags) in &ready {
            if *token == LISTENER {
                while let Some(client) = poll::accept(&listener)? {
                    floor.open(client, upstream)?;
                }
                continue;
            }
            let token = usize::try_from(*token).map_err(io::Error::other)?;
            if !floor.serve(token / 2, token % 2, *flags, &mut buffer)? {
                floor.pairs[token / 2] = None;
                floor.closed.push(token / 2);
            }
        }
        floor.free.append(&mut floor.closed);
    }
}

fn main() {
    let mut options = Options::from_arguments(std::env::args());
    let listen = options.take("listen", SocketAddr::from(([127, 0, 0, 1], 0)));
    let upstream = options.take("upstream", SocketAddr::from(([127, 0, 0, 1], 0)));
    options.finish();
    if let Err(error) = run(listen, upstream) {
        fail("floor", error);
    }
}
