//! What a lookup costs, and what it costs to change one route, by the number of routes: one JSON object on stdout.
//!
//! Lookups go through what workers use (host table, host entry, route table), over shuffled hosts and paths, several
//! times; the best round counts, because everything else that the machine does only adds to it. All times are CPU times
//! of this thread. With many routes a lookup is a few cache misses, so the cost of one miss is measured beside it.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints, its numbers are small, and it stops where something is wrong"
)]

mod tree;

use std::hint::black_box;

use sallygate_engine::clock::Clock;
use sallygate_engine::route::Pattern;
use sallygate_engine::snapshot::{Publisher, Snapshot};
use sallygate_engine::telemetry::SlotAllocator;
use sallygate_image::{Digest, PathMatch};
use tree::{Segments, Tree, forward, prefix};

/// Hosts and paths per host.
const SIZES: &[(usize, usize)] =
    &[(1, 1), (100, 10), (1_000, 10), (10_000, 10), (100_000, 1), (1, 1_000), (1, 10_000), (1, 100_000)];

/// Services that the routes share.
const SERVICES: usize = 1_000;

const LOOKUPS: usize = 200_000;
const ROUNDS: usize = 7;
const CHANGES: usize = 20;

fn host(number: usize) -> String {
    format!("app-{number}.team-{}.example.com", number % 100)
}

fn path(number: usize) -> String {
    format!("/api/v{}/orders-{number}/items", number % 3)
}

fn tree(hosts: usize, paths: usize) -> Tree {
    let mut tree = Tree::new();
    for service in 0..SERVICES {
        tree.backend(&format!("service-{service}"), &[1, 2, 3]);
    }
    for number in 0..hosts {
        let routes = (0..paths)
            .map(|at| (prefix(&path(at)), forward(&format!("service-{}", (number * paths + at) % SERVICES))))
            .collect();
        tree.host(&host(number), routes);
    }
    tree
}

/// Hosts and paths back to back, as they are in the buffer that a request was just received into: reading them must not
/// cost misses of its own.
#[derive(Default)]
struct Requests {
    text: Vec<u8>,
    /// The lengths of each host and path.
    lengths: Vec<(u32, u32)>,
}

impl Requests {
    fn push(&mut self, host: &str, path: &str) {
        self.text.extend_from_slice(host.as_bytes());
        self.text.extend_from_slice(path.as_bytes());
        self.lengths.push((host.len() as u32, path.len() as u32));
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = self.text.as_slice();
        self.lengths.iter().map(move |(host, path)| {
            let (host, tail) = rest.split_at(*host as usize);
            let (path, tail) = tail.split_at(*path as usize);
            rest = tail;
            (host, path)
        })
    }
}

/// Random requests that have a route.
fn requests(hosts: usize, paths: usize) -> Requests {
    let mut random = fastrand::Rng::with_seed(7);
    let mut requests = Requests::default();
    for _ in 0..LOOKUPS {
        requests.push(&host(random.usize(..hosts)), &(path(random.usize(..paths)) + "/17"));
    }
    requests
}

fn lookups_ns(snapshot: &Snapshot, requests: &Requests) -> f64 {
    let Some(table) = snapshot.listener_table("http") else { return f64::NAN };
    let count = requests.lengths.len();
    let round = |_| {
        let start = cpu_seconds();
        let found = requests
            .iter()
            .filter(|(host, path)| {
                let entry = snapshot.host(table, black_box(host));
                entry.is_some_and(|entry| black_box(entry.lookup(black_box(path))).is_ok_and(|route| route.is_some()))
            })
            .count();
        assert_eq!(found, count, "every request has a route");
        (cpu_seconds() - start) * 1e9 / count as f64
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

/// CPU time of this thread, in seconds.
fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live value of the type that the call fills in.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// What one read costs that depends on the one before and that no cache of 2 MiB holds, in nanoseconds.
fn miss_ns() -> f64 {
    const LINES: usize = 1 << 20;
    const READS: usize = 1 << 20;
    // One cycle through all cache lines of 64 MiB, in random order.
    let mut order: Vec<usize> = (0..LINES).collect();
    fastrand::Rng::with_seed(3).shuffle(&mut order);
    let mut lines = vec![[0_usize; 8]; LINES];
    for (this, next) in order.iter().zip(order.iter().cycle().skip(1)) {
        lines[*this][0] = *next;
    }
    let start = cpu_seconds();
    black_box((0..READS).fold(0, |at, _| lines[at][0]));
    (cpu_seconds() - start) * 1e9 / READS as f64
}

/// Memory that is allocated, in KiB.
fn allocated_kib() -> f64 {
    // SAFETY: it takes no argument and returns plain numbers.
    let info = unsafe { libc::mallinfo2() };
    (info.uordblks + info.hblkhd) as f64 / 1024.0
}

fn publisher() -> Publisher {
    Publisher::new(SlotAllocator::new(4_096), None, Clock::new(), || fastrand::u64(..))
}

struct Cost {
    cpu_us: f64,
    swap_us: u64,
    segments: usize,
    bytes: usize,
}

fn offer(publisher: &mut Publisher, root: Digest, segments: Vec<Vec<u8>>) -> Cost {
    let (count, bytes) = (segments.len(), segments.iter().map(Vec::len).sum());
    let start = cpu_seconds();
    let outcome = publisher.offer(root, segments);
    let cpu_us = (cpu_seconds() - start) * 1e6;
    let outcome = outcome.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(outcome.accepted, "everything was there");
    Cost { cpu_us, swap_us: outcome.swap_us, segments: count, bytes }
}

/// What the data plane lacks after `before`.
fn difference(before: &Segments, after: &Segments) -> Vec<Vec<u8>> {
    after.iter().filter(|(digest, _)| !before.contains_key(digest)).map(|(_, bytes)| bytes.clone()).collect()
}

/// Change one thing after the other, and give the median costs.
fn changes(publisher: &mut Publisher, tree: &mut Tree, mut change: impl FnMut(&mut Tree, usize)) -> Cost {
    let (_, mut before) = tree.encode();
    let mut costs: Vec<Cost> = (0..CHANGES)
        .map(|number| {
            change(tree, number);
            let (root, after) = tree.encode();
            let cost = offer(publisher, root, difference(&before, &after));
            before = after;
            cost
        })
        .collect();
    costs.sort_by(|one, other| one.cpu_us.total_cmp(&other.cpu_us));
    costs.swap_remove(CHANGES / 2)
}

fn cost_json(cost: &Cost) -> String {
    let Cost { cpu_us, swap_us, segments, bytes } = cost;
    format!(r#"{{"cpu_us":{cpu_us:.0},"swap_us":{swap_us},"segments":{segments},"bytes":{bytes}}}"#)
}

fn size_json(hosts: usize, paths: usize) -> String {
    let mut tree = tree(hosts, paths);
    let (root, segments) = tree.encode();
    let all: Vec<Vec<u8>> = segments.into_values().collect();
    let mut publisher = publisher();
    // What is offered is gone afterwards.
    let before = allocated_kib() - all.iter().map(Vec::len).sum::<usize>() as f64 / 1024.0;
    let full = offer(&mut publisher, root, all);
    let memory_kib = allocated_kib() - before;
    let lookup_ns = lookups_ns(&publisher.publication().current(), &requests(hosts, paths));
    let changed = hosts / 2;
    let route = changes(&mut publisher, &mut tree, |tree, number| {
        let key = host(changed);
        let host = tree.tables.get_mut("web").and_then(|hosts| hosts.get_mut(&key));
        if let Some(last) = host.and_then(|host| host.routes.last_mut()) {
            last.action = forward(&format!("service-{number}"));
        }
    });
    let endpoints = changes(&mut publisher, &mut tree, |tree, number| {
        tree.backend("service-500", &[1, 2, 3, 10 + u8::try_from(number).unwrap_or(0)]);
    });
    format!(
        r#"{{"hosts":{hosts},"paths":{paths},"routes":{},"lookup_ns":{lookup_ns:.1},"memory_kib":{memory_kib:.0},"full":{},"one_route":{},"one_backend":{}}}"#,
        hosts * paths,
        cost_json(&full),
        cost_json(&route),
        cost_json(&endpoints)
    )
}

/// A host in regex mode: many patterns, of which the last one matches.
fn regexes_json(count: usize, pattern: impl Fn(usize) -> String) -> String {
    let mut tree = Tree::new();
    tree.backend("service-0", &[1]);
    let regex = |number| PathMatch::Regex { pattern: pattern(number), ignore_case: true };
    tree.host("app-0.team-0.example.com", (0..count).map(|number| (regex(number), forward("service-0"))).collect());
    let (root, segments) = tree.encode();
    let mut publisher = publisher();
    let full = offer(&mut publisher, root, segments.into_values().collect());
    let last = format!("/app-{}/17/items", count - 1);
    let mut requests = Requests::default();
    for _ in 0..LOOKUPS / 10 {
        requests.push(&host(0), &last);
    }
    let lookup_ns = lookups_ns(&publisher.publication().current(), &requests);
    let example = pattern(0);
    format!(
        r#"{{"patterns":{count},"example":{example:?},"lookup_ns":{lookup_ns:.1},"full_cpu_us":{:.0}}}"#,
        full.cpu_us
    )
}

/// What one compiled pattern takes.
fn pattern_bytes(pattern: impl Fn(usize) -> String) -> f64 {
    const COUNT: usize = 500;
    let before = allocated_kib();
    let patterns: Vec<Pattern> = (0..COUNT).filter_map(|number| Pattern::new(&pattern(number), true).ok()).collect();
    assert!(
        patterns
            .iter()
            .zip(0..)
            .all(|(pattern, number)| pattern.matches(format!("/app-{number}/7").as_bytes()) == Ok(true))
    );
    (allocated_kib() - before) * 1024.0 / COUNT as f64
}

fn main() {
    let sizes: Vec<String> = SIZES.iter().map(|(hosts, paths)| size_json(*hosts, *paths)).collect();
    let shape = |number| format!("/app-{number}(/|$)(.*)");
    let general = |number| format!("/app-{number}/([0-9]+)(/.*)?");
    let regexes: Vec<String> = [1, 10, 100, 1_000]
        .into_iter()
        .flat_map(|count| [regexes_json(count, shape), regexes_json(count, general)])
        .collect();
    println!(
        r#"{{"lookups":[{}],"regexes":[{}],"pattern_bytes":{{"shape":{:.0},"general":{:.0}}},"miss_ns":{:.1}}}"#,
        sizes.join(","),
        regexes.join(","),
        pattern_bytes(shape),
        pattern_bytes(general),
        miss_ns()
    );
}
