//! A whole configuration as segments, the way the control plane encodes it: for the benchmark and for tests.

use std::collections::{BTreeMap, HashMap};

use sallygate_image::{
    Action, Backend, BackendId, BackendShard, Balance, Certificate, CertificateId, CertificateShard, Digest, Endpoint,
    Host, HostShard, Listener, Listeners, PathMatch, Policy, Protocol, Root, Route, RouteId, Segment, Shards, encode,
    shard_of_bytes, version,
};

/// Encoded segments by digest.
pub type Segments = HashMap<Digest, Vec<u8>>;

/// What the control plane wants to be served.
#[derive(Clone, Default)]
pub struct Tree {
    pub listeners: Vec<Listener>,
    /// Hosts by table and key.
    pub tables: BTreeMap<String, BTreeMap<String, Host>>,
    pub backends: BTreeMap<BackendId, Backend>,
    pub certificates: BTreeMap<CertificateId, Certificate>,
    pub default_certificate: Option<CertificateId>,
    policies: Segments,
}

pub fn backend_id(service: &str) -> BackendId {
    BackendId { namespace: "default".into(), service: service.into(), port: "80".into() }
}

pub fn forward(service: &str) -> Action {
    Action::Forward { backend: backend_id(service), tls: None, canaries: Vec::new(), spare: None }
}

pub fn prefix(path: &str) -> PathMatch {
    PathMatch::Prefix { path: path.into() }
}

fn put(segments: &mut Segments, segment: &Segment) -> Digest {
    let bytes = encode(segment).unwrap_or_default();
    let digest = Digest::of(&bytes);
    segments.insert(digest, bytes);
    digest
}

/// 256 shards of entries, each made by `make` from those that belong to it.
fn shards<T>(segments: &mut Segments, entries: Vec<(u8, T)>, make: impl Fn(Vec<T>) -> Segment) -> Shards {
    let mut split: Vec<Vec<T>> = (0..256).map(|_| Vec::new()).collect();
    for (shard, entry) in entries {
        if let Some(list) = split.get_mut(usize::from(shard)) {
            list.push(entry);
        }
    }
    let mut shards = Shards::filled(put(segments, &make(Vec::new())));
    for (number, list) in (0_u8..=255).zip(split) {
        shards.set(number, put(segments, &make(list)));
    }
    shards
}

impl Tree {
    /// A tree that serves the table `web` on the listener `http`.
    pub fn new() -> Self {
        let listener = Listener {
            name: "http".into(),
            protocol: Protocol::Http,
            table: "web".into(),
            forwarders: None,
            proxy_headers: None,
            tls: None,
        };
        Self { listeners: vec![listener], tables: [("web".to_owned(), BTreeMap::new())].into(), ..Self::default() }
    }

    /// A policy that routes may name.
    pub fn policy(&mut self, policy: Policy) -> Digest {
        put(&mut self.policies, &Segment::Policy(policy))
    }

    /// A route with the default policy.
    pub fn route(&mut self, number: u32, match_: PathMatch, action: Action) -> Route {
        let display_path = match &match_ {
            PathMatch::Exact { path } | PathMatch::Prefix { path } => path.clone(),
            PathMatch::Regex { pattern, .. } => pattern.clone(),
        };
        let id =
            RouteId { kind: "Ingress".into(), namespace: "default".into(), name: "shop".into(), rule: 0, path: number };
        Route { id, match_, action, policy: self.policy(Policy::default()), display_path, errors: None, mirror: None }
    }

    /// Put a host into the table `web`.
    pub fn host(&mut self, host: &str, routes: Vec<(PathMatch, Action)>) -> &mut Host {
        let routes =
            (0_u32..).zip(routes).map(|(number, (match_, action))| self.route(number, match_, action)).collect();
        let host = Host { host: host.to_owned(), certificate: None, routes, tls: None };
        let key = host.key().to_owned();
        let place = self.tables.entry("web".into()).or_default().entry(key).or_insert_with(|| host.clone());
        *place = host;
        place
    }

    /// Put a backend, with endpoints 10.0.0.n:8080.
    pub fn backend(&mut self, service: &str, endpoints: &[u8]) {
        let id = backend_id(service);
        let mut endpoints: Vec<Endpoint> =
            endpoints.iter().map(|last| Endpoint { address: format!("10.0.0.{last}"), port: 8080 }).collect();
        endpoints.sort();
        self.backends.insert(id.clone(), Backend { id, endpoints, balance: Balance::RoundRobin });
    }

    /// The root's digest, and everything that it needs (and policies that nothing needs any more).
    pub fn encode(&self) -> (Digest, Segments) {
        let mut segments = self.policies.clone();
        let all = &mut segments;
        let mut tables = BTreeMap::new();
        for (name, hosts) in &self.tables {
            let entries = hosts.iter().map(|(key, host)| {
                let digest = put(all, &Segment::Host(host.clone()));
                (shard_of_bytes(key.as_bytes()), (key.clone(), digest))
            });
            let entries = entries.collect();
            tables.insert(name.clone(), shards(all, entries, |hosts| Segment::Hosts(HostShard { hosts })));
        }
        let backends = self
            .backends
            .iter()
            .map(|(id, backend)| (id.shard(), (id.clone(), put(all, &Segment::Backend(backend.clone())))));
        let backends = backends.collect();
        let certificates = self
            .certificates
            .iter()
            .map(|(id, certificate)| (id.shard(), (id.clone(), put(all, &Segment::Certificate(certificate.clone())))));
        let certificates = certificates.collect();
        let root = Root {
            version: (version::MAJOR, version::MINOR),
            listeners: put(
                all,
                &Segment::Listeners(Listeners { listeners: self.listeners.clone(), ..Listeners::default() }),
            ),
            tables,
            backends: shards(all, backends, |backends| Segment::Backends(BackendShard { backends })),
            certificates: shards(all, certificates, |certificates| {
                Segment::Certificates(CertificateShard { certificates })
            }),
            default_certificate: self.default_certificate.clone(),
        };
        (put(&mut segments, &Segment::Root(root)), segments)
    }
}
