//! The publisher as the control plane sees it, and the snapshot as workers see it.

#[path = "../../examples/lookup_bench/tree.rs"]
mod tree;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use sallygate_image::{
    Action as ImageAction, Certificate, CertificateId, Digest, Listener, PathMatch, Policy, Protocol, Refusal, Rewrite,
    Secret, Segment, encode,
};
use tree::{Segments, Tree, forward, prefix};

use super::{LastGood, Outcome, Publisher, Snapshot};
use crate::clock::Clock;
use crate::route::{Action, Captures};
use crate::telemetry::SlotAllocator;
use crate::tls::mint;

/// A folder that goes when it is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sallygate-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn publisher() -> Publisher {
    publisher_with(None)
}

fn publisher_with(last_good: Option<LastGood>) -> Publisher {
    let mut number = 0;
    let random = move || {
        number += 1;
        number
    };
    Publisher::new(SlotAllocator::new(1_000), last_good, Clock::new(), random)
}

/// Offer a tree the way the control plane does: the root alone first, then whatever is wanted.
fn publish(publisher: &mut Publisher, tree: &Tree) -> Result<Outcome, Refusal> {
    let (root, segments) = tree.encode();
    offer(publisher, root, &segments)
}

fn offer(publisher: &mut Publisher, root: Digest, segments: &Segments) -> Result<Outcome, Refusal> {
    let mut outcome = publisher.offer(root, Vec::new())?;
    while !outcome.accepted {
        assert!(!outcome.wanted.is_empty());
        let wanted = outcome.wanted.iter().map(|digest| segments[digest].clone()).collect();
        outcome = publisher.offer(root, wanted)?;
    }
    Ok(outcome)
}

fn shop() -> Tree {
    let mut tree = Tree::new();
    tree.backend("shop", &[1, 2]);
    tree.backend("blog", &[3]);
    tree.host("shop.example", vec![(prefix("/"), forward("shop")), (prefix("/blog"), forward("blog"))]);
    tree.host("*.shop.example", vec![(prefix("/"), ImageAction::Respond { status: 404 })]);
    tree.host("", vec![(prefix("/"), forward("blog"))]);
    tree
}

/// The service that a request is forwarded to, or the status that it is answered with.
fn served(snapshot: &Snapshot, host: &str, path: &str) -> Option<String> {
    let table = snapshot.listener_table("http")?;
    let route = snapshot.host(table, host.as_bytes())?.lookup(path.as_bytes()).unwrap()?;
    Some(match &route.action {
        Action::Forward { backend, .. } => snapshot.backend(*backend).unwrap().key.id().service.clone(),
        Action::Redirect { status, .. } | Action::RedirectHost { status, .. } | Action::Respond { status } => {
            status.to_string()
        }
    })
}

#[test]
fn a_configuration_is_asked_for_level_by_level_and_then_served() {
    let mut publisher = publisher();
    let reader = publisher.publication().reader();
    assert!(reader.get().is_empty());
    assert_eq!(publisher.digest(), None);
    let (root, segments) = shop().encode();
    let outcome = publish(&mut publisher, &shop()).unwrap();
    assert_eq!((outcome.root, outcome.built, outcome.reused), (root, segments.len(), 0));
    assert_eq!(publisher.digest(), Some(root));
    let snapshot = reader.get();
    assert!(!snapshot.is_empty());
    let cases = [
        ("shop.example", "/", Some("shop")),
        ("shop.example", "/blog/1", Some("blog")),
        ("shop.example", "/blogs", Some("shop")),
        ("www.shop.example", "/", Some("404")),
        ("a.www.shop.example", "/", Some("blog")),
        (".shop.example", "/", Some("blog")),
        ("*.shop.example", "/", Some("404")),
        ("elsewhere", "/", Some("blog")),
        ("", "/", Some("blog")),
        ("shop.example", "*", None),
    ];
    for (host, path, expected) in cases {
        assert_eq!(served(&snapshot, host, path).as_deref(), expected, "{host} {path}");
    }
    assert_eq!(snapshot.listener_table("https"), None);
    let again = publisher.offer(root, Vec::new()).unwrap();
    assert_eq!((again.accepted, again.built), (true, 0));
}

#[test]
fn what_did_not_change_is_taken_over() {
    let mut publisher = publisher();
    let mut tree = shop();
    publish(&mut publisher, &tree).unwrap();
    let before = publisher.publication().current();
    let table = before.listener_table("http").unwrap();
    let kept = before.host(table, b"").unwrap();
    tree.host("shop.example", vec![(prefix("/"), forward("blog"))]);
    let outcome = publish(&mut publisher, &tree).unwrap();
    assert_eq!(outcome.built, 3, "the root, a shard and a host");
    let after = publisher.publication().current();
    assert!(kept.is(after.host(table, b"").unwrap()));
    assert_eq!(served(&before, "shop.example", "/").as_deref(), Some("shop"));
    assert_eq!(served(&after, "shop.example", "/").as_deref(), Some("blog"));
}

#[test]
fn new_endpoints_touch_no_route_and_keep_what_is_known_of_old_ones() {
    let mut publisher = publisher();
    let mut tree = shop();
    publish(&mut publisher, &tree).unwrap();
    let before = publisher.publication().current();
    let table = before.listener_table("http").unwrap();
    let entry = before.host(table, b"shop.example").unwrap();
    let Action::Forward { backend, .. } = entry.lookup(b"/").unwrap().unwrap().action else { panic!("it forwards") };
    let under_way = before.backend(backend).unwrap().endpoints[1].begin();
    tree.backend("shop", &[2, 9]);
    assert_eq!(publish(&mut publisher, &tree).unwrap().built, 3, "the root, a shard and a backend");
    let after = publisher.publication().current();
    assert!(entry.is(after.host(table, b"shop.example").unwrap()));
    let endpoints = &after.backend(backend).unwrap().endpoints;
    let seen: Vec<_> = endpoints.iter().map(|one| (one.address().to_string(), one.in_flight())).collect();
    assert_eq!(seen, [("10.0.0.2:8080".to_owned(), 1), ("10.0.0.9:8080".to_owned(), 0)]);
    drop(under_way);
    assert_eq!(endpoints[0].in_flight(), 0);
}

#[test]
fn an_index_stays_with_its_backend_while_an_old_snapshot_is_in_use() {
    let mut publisher = publisher();
    let mut tree = shop();
    publish(&mut publisher, &tree).unwrap();
    let old = publisher.publication().current();
    tree.host("shop.example", vec![(prefix("/"), forward("blog"))]);
    tree.backends.remove(&tree::backend_id("shop"));
    for number in 0..20 {
        tree.backend(&format!("new-{number}"), &[number]);
        publish(&mut publisher, &tree).unwrap();
    }
    assert_eq!(served(&old, "shop.example", "/").as_deref(), Some("shop"));
    assert_eq!(served(&publisher.publication().current(), "shop.example", "/").as_deref(), Some("blog"));
}

#[test]
fn routes_have_slots_and_rewrites() {
    let mut publisher = publisher();
    let mut tree = shop();
    let rewrite = Some(Rewrite { template: "/$2".into() });
    let policy = tree.policy(Policy { rewrite, tries: 1, ..Policy::default() });
    let pattern = PathMatch::Regex { pattern: "/app(/|$)(.*)".into(), ignore_case: true };
    tree.host("*.shop.example", vec![(pattern, forward("shop"))]).routes[0].policy = policy;
    publish(&mut publisher, &tree).unwrap();
    let snapshot = publisher.publication().current();
    let table = snapshot.listener_table("http").unwrap();
    let entry = snapshot.host(table, b"a.shop.example").unwrap();
    let route = entry.lookup(b"/app/x").unwrap().unwrap();
    let (mut captures, mut out) = (Captures::default(), Vec::new());
    route.captures(b"/app/x", &mut captures).unwrap();
    route.rewrite.as_ref().unwrap().expand(b"/app/x", &captures, &mut out);
    assert_eq!((out.as_slice(), route.policy.tries), (&b"/x"[..], 1));
    let (slot, labels) = publisher.slots().assigned(0).into_iter().find(|(slot, _)| *slot == route.slot).unwrap();
    assert!(slot > 0);
    assert_eq!((labels.host.as_str(), labels.service.as_str()), ("*.shop.example", "shop"));
    assert_eq!(labels.path, "/app(/|$)(.*)");
    // The same route in another host table keeps its slot.
    tree.host("*.shop.example", vec![(prefix("/"), forward("shop"))]);
    publish(&mut publisher, &tree).unwrap();
    assert_eq!(publisher.slots().assigned(0).len(), 5);
}

fn certificate_id(name: &str) -> CertificateId {
    CertificateId { namespace: "default".into(), name: name.into() }
}

fn minted(tree: &mut Tree, id: &str, name: &str) {
    let (chain_pem, key) = mint::mint(&[name.to_owned()], None, 30).unwrap();
    let id = certificate_id(id);
    let certificate = Certificate { id: id.clone(), chain_pem, key_pem: Secret::new(key) };
    tree.certificates.insert(id, certificate);
}

#[test]
fn a_name_is_shown_its_hosts_certificate_or_the_default_one() {
    let mut publisher = publisher();
    let mut tree = shop();
    minted(&mut tree, "one", "one.example");
    minted(&mut tree, "two", "two.example");
    for host in ["shop.example", ".shop.example"] {
        tree.tables.get_mut("web").unwrap().get_mut(host).unwrap().certificate = Some(certificate_id("one"));
    }
    publish(&mut publisher, &tree).unwrap();
    let shown = |publisher: &Publisher, listener: &str, name: &str| {
        let snapshot = publisher.publication().current();
        snapshot.certificate(listener, name).map(|certificate| certificate.facts.subject.clone())
    };
    assert_eq!(shown(&publisher, "http", "shop.example").as_deref(), Some("one.example"));
    assert_eq!(shown(&publisher, "http", "a.shop.example").as_deref(), Some("one.example"));
    assert_eq!(shown(&publisher, "http", ""), None);
    tree.default_certificate = Some(certificate_id("two"));
    publish(&mut publisher, &tree).unwrap();
    assert_eq!(shown(&publisher, "http", "").as_deref(), Some("two.example"));
    assert_eq!(shown(&publisher, "http", "elsewhere").as_deref(), Some("two.example"));
    assert_eq!(shown(&publisher, "other", "shop.example"), None);
}

/// Changes that must be refused: kind, field, a part of the reason, and the change.
type Mistake = (&'static str, &'static str, &'static str, fn(&mut Tree));

const MISTAKES: &[Mistake] = &[
    ("host", "routes[1].action.backend", "no backend default/lost:80", |tree| {
        tree.host("a.example", vec![(prefix("/"), forward("shop")), (prefix("/lost"), forward("lost"))]);
    }),
    ("host", "routes[0].action.backend", "no backend default/shop:80", |tree| {
        // The host that refers to it has not changed.
        tree.backends.remove(&tree::backend_id("shop"));
    }),
    ("host", "certificate", "no certificate default/lost", |tree| {
        tree.host("a.example", Vec::new()).certificate = Some(certificate_id("lost"));
    }),
    ("root", "default_certificate", "no certificate default/lost", |tree| {
        tree.default_certificate = Some(certificate_id("lost"));
    }),
    ("host", "routes[1].match.pattern", "missing closing parenthesis", |tree| {
        let bad = PathMatch::Regex { pattern: "/a(".into(), ignore_case: true };
        tree.host("a.example", vec![(prefix("/"), forward("shop")), (bad, forward("shop"))]);
    }),
    ("listeners", "listeners[1].table", "no table \"other\"", |tree| {
        tree.listeners.push(Listener {
            name: "b".into(),
            protocol: Protocol::Http,
            table: "other".into(),
            forwarders: None,
            proxy_headers: None,
            tls: None,
        });
    }),
    ("hosts", "hosts.a.example", "is host \"b.example\", listed as \"a.example\"", |tree| {
        tree.host("a.example", Vec::new()).host = "b.example".into();
    }),
    ("backends", "backends[0][1]", "listed as", |tree| {
        let mut backend = tree.backends[&tree::backend_id("blog")].clone();
        backend.id = tree::backend_id("other");
        tree.backends.insert(tree::backend_id("blog"), backend);
    }),
    ("certificate", "key_pem", "does not belong", |tree| {
        minted(tree, "one", "one.example");
        minted(tree, "two", "two.example");
        let key = tree.certificates[&certificate_id("two")].key_pem.clone();
        tree.certificates.get_mut(&certificate_id("one")).unwrap().key_pem = key;
    }),
    ("host", "routes[0].policy", "is a listeners, where a policy is needed", |tree| {
        let listeners = Segment::Listeners(sallygate_image::Listeners {
            listeners: tree.listeners.clone(),
            ..sallygate_image::Listeners::default()
        });
        let digest = Digest::of(&encode(&listeners).unwrap());
        tree.host("a.example", vec![(prefix("/"), forward("shop"))]).routes[0].policy = digest;
    }),
];

#[test]
fn a_refused_snapshot_is_named_and_changes_nothing() {
    let mut publisher = publisher();
    publish(&mut publisher, &shop()).unwrap();
    let (root, segments) = shop().encode();
    for (kind, field, reason, change) in MISTAKES {
        let mut tree = shop();
        change(&mut tree);
        let refusal = publish(&mut publisher, &tree).expect_err(field);
        assert_eq!((refusal.kind.as_str(), refusal.field.as_str()), (*kind, *field), "{refusal}");
        assert!(refusal.reason.contains(reason), "{refusal} should say {reason:?}");
        assert_eq!(publisher.digest(), Some(root));
        assert_eq!(publisher.store.len(), segments.len());
        assert_eq!(served(&publisher.publication().current(), "shop.example", "/").as_deref(), Some("shop"));
    }
    assert_eq!(publisher.slots().assigned(0).len(), 4, "no slot was given for what is not served");
    assert_eq!(publish(&mut publisher, &shop()).unwrap().built, 0);
}

#[test]
fn a_root_must_be_a_root_and_shards_must_hold_what_is_theirs() {
    let mut publisher = publisher();
    let (root, segments) = shop().encode();
    let policy = Segment::Policy(Policy::default());
    let bytes = encode(&policy).unwrap();
    let refusal = publisher.offer(Digest::of(&bytes), vec![bytes]).unwrap_err();
    assert_eq!(refusal.reason, "it is a policy, where a root is needed");
    // Every shard moved by one place.
    let Segment::Root(mut moved) = sallygate_image::decode(&segments[&root]).unwrap().1 else { panic!("a root") };
    let old = moved.tables["web"].clone();
    for (number, digest) in old.iter() {
        moved.tables.get_mut("web").unwrap().set(number.wrapping_add(1), digest);
    }
    let bytes = encode(&Segment::Root(moved)).unwrap();
    let all: Vec<Vec<u8>> = segments.values().cloned().chain([bytes.clone()]).collect();
    for _ in 0..2 {
        let refusal = publisher.offer(Digest::of(&bytes), all.clone()).unwrap_err();
        assert!(refusal.reason.ends_with("is not of this shard"), "{refusal}");
        // The second time its shards are known already.
        publish(&mut publisher, &shop()).unwrap();
    }
}

#[test]
fn a_new_offer_starts_over_and_noise_is_refused() {
    let mut publisher = publisher();
    let (one, segments) = shop().encode();
    let (two, _) = Tree::new().encode();
    let all: Vec<Vec<u8>> = segments.values().filter(|bytes| Digest::of(bytes) != one).cloned().collect();
    assert_eq!(publisher.offer(one, all).unwrap().wanted, [one]);
    assert_eq!(publisher.offer(two, Vec::new()).unwrap().wanted, [two]);
    assert!(publisher.offered.is_empty());
    let wanted = publisher.offer(one, vec![segments[&one].clone()]).unwrap().wanted;
    assert!(wanted.len() > 2, "what was offered before is forgotten");
    let refusal = publisher.offer(one, vec![b"noise".to_vec()]).unwrap_err();
    assert_eq!(refusal.segment, Digest::of(b"noise").hex());
    assert!(publisher.offered.is_empty());
    assert!(publish(&mut publisher, &shop()).unwrap().accepted);
}

#[test]
fn the_last_good_configuration_is_served_after_a_restart() {
    let folder = Folder::new();
    let path = folder.file("last-good");
    let open = || publisher_with(Some(LastGood::new(&path)));
    assert_eq!(open().restore(), Ok(None));
    let mut first = open();
    let mut tree = shop();
    publish(&mut first, &tree).unwrap();
    let one = std::fs::metadata(&path).unwrap().len();
    tree.host("shop.example", vec![(prefix("/"), forward("blog"))]);
    assert_eq!(publish(&mut first, &tree).unwrap().problem, None);
    let two = std::fs::read(&path).unwrap();

    let mut second = open();
    let outcome = second.restore().unwrap().unwrap();
    assert_eq!((outcome.accepted, outcome.root), (true, tree.encode().0));
    assert_eq!(served(&second.publication().current(), "shop.example", "/").as_deref(), Some("blog"));
    tree.host("shop.example", Vec::new());
    publish(&mut second, &tree).unwrap();
    assert_eq!(open().restore().unwrap().unwrap().root, tree.encode().0);

    // Damage in what only the newest commit needs: the one before it is served.
    let mut damaged = two.clone();
    damaged[usize::try_from(one).unwrap() + 20] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    assert_eq!(open().restore().unwrap().unwrap().root, shop().encode().0);

    // Damage in what all need: none is.
    damaged[20] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let mut third = open();
    assert!(third.restore().unwrap_err().contains("nothing that is complete"));
    publish(&mut third, &tree).unwrap();
    assert_eq!(open().restore().unwrap().unwrap().root, tree.encode().0, "it starts a new file");
}

#[test]
fn a_disk_that_fails_leaves_serving_alone() {
    let folder = Folder::new();
    let mut publisher = publisher_with(Some(LastGood::new(folder.file("no-such-folder/last-good"))));
    let outcome = publish(&mut publisher, &shop()).unwrap();
    assert!(outcome.accepted);
    assert!(outcome.problem.unwrap().contains("no-such-folder/last-good"));
    assert_eq!(publisher.digest(), Some(shop().encode().0));
}

/// A change of a configuration: a host (by number) gets a route, a backend gets an endpoint, or either goes.
#[derive(Debug, Clone)]
enum Edit {
    Host(u8, u8),
    NoHost(u8),
    Endpoint(u8, u8),
    Table(bool),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (0..6_u8, 0..4_u8).prop_map(|(host, service)| Edit::Host(host, service)),
        (0..6_u8).prop_map(Edit::NoHost),
        (0..4_u8, 0..9_u8).prop_map(|(service, endpoint)| Edit::Endpoint(service, endpoint)),
        any::<bool>().prop_map(Edit::Table),
    ];
    vec(edit, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn step_by_step_gives_what_a_fresh_start_gives(edits in edits()) {
        let mut tree = Tree::new();
        for service in 0..4 {
            tree.backend(&service.to_string(), &[]);
        }
        let mut publisher = publisher();
        for edit in edits {
            match edit {
                Edit::Host(host, service) => {
                    tree.host(&format!("{host}.example"), vec![(prefix("/"), forward(&service.to_string()))]);
                }
                Edit::NoHost(host) => drop(tree.tables.get_mut("web").unwrap().remove(&format!("{host}.example"))),
                Edit::Endpoint(service, endpoint) => tree.backend(&service.to_string(), &[endpoint]),
                // A second table of the same hosts, which shares every segment with the first.
                Edit::Table(true) => drop(tree.tables.insert("twin".into(), tree.tables["web"].clone())),
                Edit::Table(false) => drop(tree.tables.remove("twin")),
            }
            let (root, segments) = tree.encode();
            let sent: HashSet<Digest> = segments.keys().copied().collect();
            offer(&mut publisher, root, &segments).unwrap();
            let mut fresh = self::publisher();
            offer(&mut fresh, root, &segments).unwrap();
            prop_assert_eq!(publisher.store.len(), fresh.store.len(), "nothing is left behind");
            prop_assert_eq!(publisher.store.bytes(), fresh.store.bytes());
            prop_assert!(publisher.store.len() <= sent.len());
            let (one, other) = (publisher.publication().current(), fresh.publication().current());
            for host in 0..6 {
                let host = format!("{host}.example");
                prop_assert_eq!(served(&one, &host, "/"), served(&other, &host, "/"));
            }
        }
    }
}
