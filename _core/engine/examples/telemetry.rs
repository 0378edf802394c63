//! What telemetry costs per request: `cargo run --release --example telemetry`. Prints nanoseconds as JSON.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used)] // a measurement reads the clock and talks

use std::fs::{self, File};
use std::hint::black_box;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use sallygate_engine::telemetry::{Counter, Field, Geometry, Outcome, Region, Worker};

const ROUNDS: usize = 400;
const BATCH: u32 = 1_000;

/// Counters that a plain proxied keep-alive request touches.
const TOUCHED: [Counter; 12] = [
    Counter::RequestsStarted,
    Counter::RequestsFinished,
    Counter::Responses2xx,
    Counter::ClientBytesReceived,
    Counter::ClientBytesSent,
    Counter::UpstreamRequests,
    Counter::UpstreamResponses2xx,
    Counter::UpstreamBytesSent,
    Counter::UpstreamBytesReceived,
    Counter::UpstreamConnectionsReused,
    Counter::UpstreamConnectionsParked,
    Counter::UpstreamConnectionsUnparked,
];

/// Slices, so that their lengths are as unknown to the compiler as in service.
const AGENT: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn count(worker: &Worker, number: u32) {
    for counter in TOUCHED {
        worker.add(black_box(counter), u64::from(number));
    }
    worker.observe(black_box(number % 1_000), 200, 0, 1_024, u64::from(number % 7_000));
}

fn log(worker: &Worker, number: u32) {
    let mut record = worker.record();
    record.set(Field::RemoteAddr, black_box(&b"203.0.113.7"[..]));
    record.set(Field::RemotePort, black_box(&b"51234"[..]));
    record.set(Field::Method, black_box(&b"GET"[..]));
    record.set(Field::Target, black_box(&b"/api/v1/items/4711?page=2&sort=name"[..]));
    record.set(Field::Protocol, black_box(&b"HTTP/1.1"[..]));
    record.set(Field::Host, black_box(&b"shop.example.com"[..]));
    record.set(Field::Referer, black_box(&b"https://shop.example.com/items"[..]));
    record.set(Field::UserAgent, black_box(AGENT));
    record.set(Field::RequestId, black_box(&b"4f2a9c1de07b4cf3a1b0c9d8e7f60512"[..]));
    record.tried(black_box(&b"10.244.3.17:8080"[..]));
    let outcome = Outcome {
        status: 200,
        start_unix_ns: 1_700_000_000_000_000_000,
        duration_us: u64::from(number),
        upstream_us: Some(900),
        request_length: 312,
        body_bytes_sent: 1_024,
        upstream_response_length: 1_024,
        slot: 1,
        upstream_status: 200,
        tls_version: 0x0304,
    };
    worker.log(record, black_box(&outcome));
}

fn main() {
    let path = std::env::temp_dir().join(format!("sallygate-telemetry-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let region = Region::create(file.as_fd(), Geometry::new(1, 1_024, 1 << 20).unwrap(), 0).unwrap();
    let (worker, mut reader) = (region.worker(0).unwrap(), region.log_reader(0).unwrap());
    let mut times = [Duration::MAX; 2];
    let mut drained = Vec::with_capacity(1 << 10);
    for _ in 0..ROUNDS {
        for (best, work) in times.iter_mut().zip([count as fn(&Worker, u32), log]) {
            let start = Instant::now();
            (0..BATCH).for_each(|number| work(&worker, number));
            *best = (*best).min(start.elapsed());
            while reader.pop(&mut drained) {
                drained.clear();
            }
        }
    }
    let [counters, record] = times.map(|time| time.as_secs_f64() * 1e9 / f64::from(BATCH));
    println!(
        "{{\"counters_and_slot_ns\": {counters:.1}, \"record_ns\": {record:.1}, \"request_ns\": {:.1}, \"dropped\": {}}}",
        counters + record,
        reader.dropped()
    );
}
