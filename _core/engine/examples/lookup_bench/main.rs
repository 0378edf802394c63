//! What a lookup costs, and what it costs to change one route, by the number of routes: one JSON object on stdout.
//!
//! Lookups go through what workers use (host table, host entry, route table), over shuffled hosts and paths, several
//! times; the best round counts, because everything else that the machine does only adds to it.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark reads the clock and prints")]

mod tree;

use std::hint::black_box;
use std::time::Instant;

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

/// Pairs of hosts and paths that are found, in random order.
fn requests(hosts: usize, paths: usize) -> Vec<(String, String)> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..LOOKUPS).map(|_| (host(random.usize(..hosts)), path(random.usize(..paths)) + "/17")).collect()
}

fn lookups_ns(snapshot: &Snapshot, requests: &[(String, String)]) -> f64 {
    let Some(table) = snapshot.listener_table("http") else { return f64::NAN };
    let round = |_| {
        let start = Instant::now();
        let found = requests
            .iter()
            .filter(|(host, path)| {
                let entry = snapshot.host(table, black_box(host.as_bytes()));
                entry.and_then(|entry| black_box(entry.routes.lookup(black_box(path.as_bytes())))).is_some()
            })
            .count();
        assert_eq!(found, requests.len(), "every request has a route");
        start.elapsed().as_secs_f64() * 1e9 / requests.len() as f64
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
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
    build_us: f64,
    swap_us: f64,
    whole_us: f64,
    segments: usize,
    bytes: usize,
}

fn offer(publisher: &mut Publisher, root: Digest, segments: Vec<Vec<u8>>) -> Cost {
    let (count, bytes) = (segments.len(), segments.iter().map(Vec::len).sum());
    let start = Instant::now();
    let outcome = publisher.offer(root, segments);
    let whole_us = start.elapsed().as_secs_f64() * 1e6;
    let outcome = outcome.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(outcome.accepted, "everything was there");
    let (build_us, swap_us) = (outcome.build_us as f64, outcome.swap_us as f64);
    Cost { build_us, swap_us, whole_us, segments: count, bytes }
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
    costs.sort_by(|one, other| one.whole_us.total_cmp(&other.whole_us));
    costs.swap_remove(CHANGES / 2)
}

fn cost_json(cost: &Cost) -> String {
    let Cost { build_us, swap_us, whole_us, segments, bytes } = cost;
    format!(
        r#"{{"build_us":{build_us:.0},"swap_us":{swap_us:.0},"whole_us":{whole_us:.0},"segments":{segments},"bytes":{bytes}}}"#
    )
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
        if let Some(host) = tree.tables.get_mut("web").and_then(|hosts| hosts.get_mut(&key)) {
            if let Some(last) = host.routes.last_mut() {
                last.action = forward(&format!("service-{number}"));
            }
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
    let requests = vec![(host(0), last); LOOKUPS / 10];
    let lookup_ns = lookups_ns(&publisher.publication().current(), &requests);
    let example = pattern(0);
    format!(r#"{{"patterns":{count},"example":{example:?},"lookup_ns":{lookup_ns:.1},"full_us":{:.0}}}"#, full.whole_us)
}

/// What one compiled pattern takes.
fn pattern_bytes(pattern: impl Fn(usize) -> String) -> f64 {
    const COUNT: usize = 500;
    let before = allocated_kib();
    let patterns: Vec<Pattern> = (0..COUNT).filter_map(|number| Pattern::new(&pattern(number), true).ok()).collect();
    assert!(patterns.iter().zip(0..).all(|(pattern, number)| pattern.matches(format!("/app-{number}/7").as_bytes())));
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
        r#"{{"lookups":[{}],"regexes":[{}],"pattern_bytes":{{"shape":{:.0},"general":{:.0}}}}}"#,
        sizes.join(","),
        regexes.join(","),
        pattern_bytes(shape),
        pattern_bytes(general)
    );
}
