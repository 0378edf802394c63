//! Nanoseconds per call of what the data plane does for each request: `cargo run --release --example speed`.
//!
//! With a number of rounds as its argument it runs only the first case so often, for counting instructions under callgrind.
//! Compares with httparse, which checks less and leaves the meaning to its caller.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, clippy::cast_precision_loss)]

use std::hint::black_box;
use std::time::Instant;

use sallygate_wire::body::Decoder;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::host::canonical_host;
use sallygate_wire::limits::Limits;
use sallygate_wire::path::{PathScratch, read_path};
use sallygate_wire::request::{Framing, parse_request};
use sallygate_wire::response::{RequestKind, parse_response};
use sallygate_wire::write::HeadWriter;

const SMALL: &[u8] = b"GET /api/v1/users/42?full=1 HTTP/1.1\r\nHost: app-1.team-2.example.com\r\n\
    User-Agent: curl/8.5.0\r\nAccept: */*\r\nX-Request-ID: 0123456789abcdef0123456789abcdef\r\n\r\n";

const BROWSER: &[u8] = b"GET /static/app/main.css HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n\
    sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n\
    Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en-US;q=0.9,en;q=0.8\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n\r\n";

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 01 Sep 2025 10:00:00 GMT\r\n\
    Content-Type: application/json\r\nContent-Length: 128\r\nConnection: keep-alive\r\n\r\n";

const CHUNKS: &[u8] = b"80\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n0\r\n\r\n";

fn time(name: &str, mut call: impl FnMut()) {
    const ROUNDS: u32 = 2_000;
    let best = (0..400)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                call();
            }
            start.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
        })
        .fold(f64::MAX, f64::min);
    println!("{name:<46} {best:>8.1} ns");
}

fn theirs(bytes: &[u8]) -> usize {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let length = request.parse(bytes).unwrap();
    length.unwrap() + request.headers.len()
}

fn main() {
    let limits = Limits::default();
    let mut fields = Fields::new();
    if let Some(rounds) = std::env::args().nth(1) {
        for _ in 0..rounds.parse().unwrap_or(0_u32) {
            let _ = black_box(parse_request(black_box(SMALL), &limits, &mut fields));
        }
        return;
    }
    time("request head, 4 fields, ours", || {
        let _ = black_box(parse_request(black_box(SMALL), &limits, &mut fields));
    });
    time("request head, 4 fields, httparse", || {
        black_box(theirs(black_box(SMALL)));
    });
    time("request head, browser, 15 fields, ours", || {
        let _ = black_box(parse_request(black_box(BROWSER), &limits, &mut fields));
    });
    time("request head, browser, 15 fields, httparse", || {
        black_box(theirs(black_box(BROWSER)));
    });
    time("response head, 5 fields", || {
        let _ = black_box(parse_response(black_box(ANSWER), &limits, &mut fields, RequestKind::Other));
    });
    let mut host = Vec::new();
    time("canonical host, canonical", || {
        let _ = black_box(canonical_host(black_box(b"app-1.team-2.example.com:8080"), &mut host));
    });
    time("canonical host, upper case", || {
        let _ = black_box(canonical_host(black_box(b"App-1.team-2.example.com:8080"), &mut host));
    });
    let mut scratch = PathScratch::new();
    time("path, plain", || {
        let _ = black_box(read_path(black_box(b"/api/v1/users/42/orders.json"), &mut scratch));
    });
    time("path, encoded", || {
        let _ = black_box(read_path(black_box(b"/api/v1/caf%c3%a9/a%20b/../c"), &mut scratch));
    });
    time("chunked body, one chunk of 128", || {
        let mut decoder = Decoder::request(Framing::Chunked);
        let _ = black_box(decoder.step(black_box(CHUNKS)));
    });
    let mut out = Vec::new();
    let mut parsed = Fields::new();
    let head = parse_request(SMALL, &limits, &mut parsed);
    time("write request head, 4 forwarded and 6 set", || {
        out.clear();
        let Ok(Some(head)) = &head else { return };
        let mut writer = HeadWriter::new(&mut out);
        let _ = writer.request_line(head.method_text.of(SMALL), &[head.path.of(SMALL)]);
        for field in parsed.iter().filter(|field| !field.dropped && field.id != Name::XRequestId) {
            let _ = writer.forwarded(black_box(SMALL), field);
        }
        let _ = writer.field(b"X-Request-ID", black_box(b"0123456789abcdef0123456789abcdef"));
        let _ = writer.field(b"X-Real-IP", black_box(b"192.0.2.1"));
        let _ = writer.field(b"X-Forwarded-For", black_box(b"192.0.2.1"));
        let _ = writer.field(b"X-Forwarded-Host", black_box(b"app-1.team-2.example.com"));
        let _ = writer.field(b"X-Forwarded-Port", black_box(b"443"));
        let _ = writer.field(b"X-Forwarded-Proto", black_box(b"https"));
        writer.end();
        black_box(&out);
    });
}
