//! Holds connections: opens them one after the other, each with one request, says `ready`, and is silent.
//!
//! For every line on standard input it sends one more request on each, and prints how many were answered: one that the
//! proxy has closed meanwhile is not. The end of standard input ends it.

use std::io::{self, BufRead, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use sallygate_bench_tools::framing;
use sallygate_bench_tools::options::{Options, fail};

/// How long one answer may stay out.
const PATIENCE: Duration = Duration::from_secs(10);

struct Plan {
    address: SocketAddr,
    /// The address to come from: there are only some 28,000 ports for each.
    source: Option<IpAddr>,
    request: Vec<u8>,
}

fn open(plan: &Plan) -> io::Result<TcpStream> {
    let Some(source) = plan.source else { return TcpStream::connect(plan.address) };
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from((source, 0)))?;
    connect(&socket, &plan.address)?;
    Ok(socket.into())
}

/// One request and its answer, which must be a 200.
fn ask(mut stream: &TcpStream, request: &[u8], buffer: &mut [u8]) -> io::Result<()> {
    stream.write_all(request)?;
    let mut received = 0;
    loop {
        match stream.read(&mut buffer[received..])? {
            0 => return Err(io::Error::other("it was closed")),
            count => received += count,
        }
        let whole = framing::head(&buffer[..received]).map(|head| head.bytes as u64 + head.length.unwrap_or(0));
        if whole.is_some_and(|whole| whole <= received as u64) {
            break;
        }
    }
    if framing::status(buffer) == Some(200) { Ok(()) } else { Err(io::Error::other("the answer was no 200")) }
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn run(plan: &Plan, connections: usize) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut held = Vec::with_capacity(connections);
    for number in 0..connections {
        let mut first = || {
            let stream = open(plan)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            ask(&stream, &plan.request, &mut buffer)?;
            Ok(stream)
        };
        held.push(first().map_err(|error: io::Error| io::Error::other(format!("connection {number}: {error}")))?);
    }
    say("ready")?;
    let mut line = String::new();
    while io::stdin().lock().read_line(&mut line)? > 0 {
        let answered = held.iter().filter(|stream| ask(stream, &plan.request, &mut buffer).is_ok()).count();
        say(&answered.to_string())?;
        line.clear();
    }
    Ok(())
}

fn main() {
    let mut options = Options::from_arguments(std::env::args());
    let address = options.take("address", SocketAddr::from(([127, 0, 0, 1], 0)));
    let host = options.take("host", address.to_string());
    let source = options.take("source", String::new());
    let connections = options.take("connections", 1);
    options.finish();
    let source =
        (!source.is_empty()).then(|| source.parse().unwrap_or_else(|_| fail("hold", "--source is no address")));
    let request =
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sallygate-bench/1\r\nAccept: */*\r\n\r\n").into_bytes();
    if let Err(error) = run(&Plan { address, source, request }, connections) {
        fail("hold", error);
    }
}
