//! From segments to a snapshot. Everything that exists already is taken over by digest; everything new is made first and
//! checked first, and only when nothing can fail any more is anything made visible.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sallygate_image::{
    Backend, BackendId, Certificate, CertificateId, Digest, Kind, Listeners, Policy, Refusal, Root, SHARDS, Segment,
};

use super::hosts::Hosts;
use super::pages::Pages;
use super::shards::{BackendShard, CertificateEntry, CertificateShard, Sharded};
use super::store::{DigestMap, Fresh, Node, PolicyEntry, Store};
use super::{ListenerEntry, Snapshot, TableIndex, TlsEntry};
use crate::balance::{BackendIndex, BackendKeys, BackendSnapshot, Endpoints};
use crate::filter::{Filters, Lists, ZoneSeed};
use crate::log::Plan;
use crate::route::{Patterns, Seed, Template};
use crate::telemetry::SlotAllocator;
use crate::tls::certificate;
use crate::trust::{self, Authorities, Endpoint};

/// What outlives every snapshot and is needed to build the next one.
pub(super) struct Makers {
    pub(super) seed: Seed,
    pub(super) keys: BackendKeys,
    pub(super) endpoints: Endpoints,
    pub(super) patterns: Patterns,
    pub(super) slots: SlotAllocator,
    pub(super) zones: ZoneSeed,
    pub(super) lists: Lists,
    pub(super) authorities: Authorities,
}

/// A segment that was offered. Building takes the value and leaves the bytes, which are kept on disk.
pub(super) struct Offered {
    pub(super) segment: Option<Segment>,
    pub(super) bytes: Vec<u8>,
}

/// A snapshot that can be served, and the nodes that the store lacks for it.
pub(super) struct Built {
    pub(super) snapshot: Snapshot,
    pub(super) fresh: DigestMap<Fresh>,
    /// How many segments that the new ones name existed already.
    pub(super) reused: usize,
}

/// Where a segment names another one: for refusals.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) segment: Digest,
    pub(super) kind: Kind,
    pub(super) field: &'a dyn Fn() -> String,
}

impl Place<'_> {
    pub(super) fn refuse(self, reason: impl Into<String>) -> Refusal {
        Refusal::new(self.segment, self.kind.name(), (self.field)(), reason)
    }
}

/// What there is under a digest.
pub(super) enum Found {
    Node(Node),
    /// And its size.
    Segment(Segment, usize),
    Nothing,
}

impl Found {
    /// The refusal of a segment that is not of the kind that its place asks for.
    pub(super) fn refuse(&self, place: Place<'_>, digest: Digest, wanted: Kind) -> Refusal {
        let kind = match self {
            Self::Node(node) => node.kind(),
            Self::Segment(segment, _) => segment.kind(),
            Self::Nothing => return place.refuse(format!("segment {digest} is missing")),
        };
        place.refuse(format!("segment {digest} is a {}, where a {} is needed", kind.name(), wanted.name()))
    }
}

/// The work on one snapshot.
pub(super) struct Build<'a> {
    pub(super) offered: &'a mut DigestMap<Offered>,
    pub(super) store: &'a Store,
    pub(super) previous: &'a Snapshot,
    pub(super) makers: &'a mut Makers,
    pub(super) fresh: DigestMap<Fresh>,
    pub(super) reused: usize,
}

/// The backends of a snapshot.
struct Backends {
    pages: Pages<Arc<BackendSnapshot>>,
    shards: Sharded<BackendShard>,
    removed: bool,
}

/// The certificates of a snapshot.
struct Certificates {
    shards: Sharded<CertificateShard>,
    removed: bool,
}

impl Certificates {
    fn has(&self, id: &CertificateId) -> bool {
        self.shards.get(usize::from(id.shard())).is_some_and(|shard| shard.certificates.contains_key(id))
    }
}

impl Build<'_> {
    /// Build the snapshot of a root whose whole tree is either offered or in the store.
    pub(super) fn run(mut self, digest: Digest) -> Result<Built, Refusal> {
        let at_root = |field: &'static str| move || field.to_owned();
        let place = |field| Place { segment: digest, kind: Kind::Root, field };
        let root = self.root(digest)?;
        let certificates = self.certificates(digest, &root)?;
        if let Some(id) = root.default_certificate.as_ref().filter(|id| !certificates.has(id)) {
            return Err(place(&at_root("default_certificate")).refuse(absent_certificate(id)));
        }
        let backends = self.backends(digest, &root)?;
        let hosts = Hosts::prepare(&mut self, digest, &root)?;
        let has_backend = |index: BackendIndex| backends.pages.get(index.number()).is_some();
        hosts.check(&self, backends.removed || certificates.removed, has_backend, |id| certificates.has(id))?;
        let listeners = self.listeners(root.listeners, place(&at_root("listeners")))?;
        let log = Plan::new(&listeners.log)
            .map_err(|reason| Refusal::new(root.listeners, Kind::Listeners.name(), "log.skip_patterns", reason))?;
        let entries = listener_entries(&listeners, &root, self.previous)?;
        // From here on nothing is refused.
        let tables = hosts.finish(&mut self);
        let snapshot = Snapshot {
            root: Some(digest),
            listeners: entries,
            connections: listeners.connections,
            log,
            tables,
            backends: backends.pages,
            backend_shards: backends.shards,
            certificates: certificates.shards,
            default_certificate: root.default_certificate.clone(),
        };
        Ok(Built { snapshot, fresh: self.fresh, reused: self.reused })
    }

    /// What there is under a digest. An offered segment is given out once; then it is a node or refused.
    pub(super) fn find(&mut self, digest: Digest) -> Found {
        if let Some(node) = self.store.get(&digest) {
            self.reused += 1;
            return Found::Node(node.clone());
        }
        if let Some(fresh) = self.fresh.get(&digest) {
            return Found::Node(fresh.node.clone());
        }
        let Some(offered) = self.offered.get_mut(&digest) else { return Found::Nothing };
        let bytes = offered.bytes.len();
        offered.segment.take().map_or(Found::Nothing, |segment| Found::Segment(segment, bytes))
    }

    pub(super) fn keep(&mut self, digest: Digest, node: Node, bytes: usize) {
        self.fresh.insert(digest, Fresh { node, bytes });
    }

    fn root(&mut self, digest: Digest) -> Result<Arc<Root>, Refusal> {
        match self.find(digest) {
            Found::Node(Node::Root(root)) => Ok(root),
            Found::Segment(Segment::Root(root), bytes) => {
                let root = Arc::new(root);
                self.keep(digest, Node::Root(root.clone()), bytes);
                Ok(root)
            }
            Found::Segment(segment, _) => {
                let reason = format!("it is a {}, where a root is needed", segment.kind().name());
                Err(Refusal::new(digest, segment.kind().name(), "", reason))
            }
            other => {
                Err(other.refuse(Place { segment: digest, kind: Kind::Root, field: &String::new }, digest, Kind::Root))
            }
        }
    }

    fn listeners(&mut self, digest: Digest, place: Place<'_>) -> Result<Arc<Listeners>, Refusal> {
        match self.find(digest) {
            Found::Node(Node::Listeners(listeners)) => Ok(listeners),
            Found::Segment(Segment::Listeners(listeners), bytes) => {
                let listeners = Arc::new(listeners);
                self.keep(digest, Node::Listeners(listeners.clone()), bytes);
                Ok(listeners)
            }
            other => Err(other.refuse(place, digest, Kind::Listeners)),
        }
    }

    /// A policy, for a route that names it.
    pub(super) fn policy(&mut self, digest: Digest, place: Place<'_>) -> Result<PolicyEntry, Refusal> {
        match self.find(digest) {
            Found::Node(Node::Policy(policy)) => Ok(policy),
            Found::Segment(Segment::Policy(policy), bytes) => {
                let policy = policy_entry(policy, self.makers)
                    .map_err(|(field, reason)| Refusal::new(digest, Kind::Policy.name(), field, reason))?;
                self.keep(digest, Node::Policy(policy.clone()), bytes);
                Ok(policy)
            }
            other => Err(other.refuse(place, digest, Kind::Policy)),
        }
    }

    fn certificates(&mut self, root_digest: Digest, root: &Root) -> Result<Certificates, Refusal> {
        let mut shards = Arc::clone(&self.previous.certificates);
        let mut removed = false;
        for (number, digest) in root.certificates.iter() {
            let Some(old) = self.previous.certificates.get(usize::from(number)) else { continue };
            if old.digest == digest {
                self.reused += 1;
                continue;
            }
            let field = || format!("certificates[{number}]");
            let place = Place { segment: root_digest, kind: Kind::Root, field: &field };
            let new = self.certificate_shard(digest, place)?;
            if let Some(stray) = new.certificates.keys().find(|id| id.shard() != number) {
                return Err(
                    place.refuse(format!("certificate {}/{} is not of this shard", stray.namespace, stray.name))
                );
            }
            removed |= old.certificates.keys().any(|id| !new.certificates.contains_key(id));
            replace(&mut shards, number, new);
        }
        Ok(Certificates { shards, removed })
    }

    fn certificate_shard(&mut self, digest: Digest, place: Place<'_>) -> Result<Arc<CertificateShard>, Refusal> {
        match self.find(digest) {
            Found::Node(Node::Certificates(shard)) => Ok(shard),
            Found::Segment(Segment::Certificates(listed), bytes) => {
                let mut certificates = HashMap::with_capacity(listed.certificates.len());
                for (index, (id, certificate)) in listed.certificates.into_iter().enumerate() {
                    let field = || format!("certificates[{index}][1]");
                    let place = Place { segment: digest, kind: Kind::Certificates, field: &field };
                    let entry = self.certificate(certificate, &id, place)?;
                    certificates.insert(id, entry);
                }
                let shard = Arc::new(CertificateShard { digest, certificates });
                self.keep(digest, Node::Certificates(shard.clone()), bytes);
                Ok(shard)
            }
            other => Err(other.refuse(place, digest, Kind::Certificates)),
        }
    }

    fn certificate(
        &mut self,
        digest: Digest,
        id: &CertificateId,
        place: Place<'_>,
    ) -> Result<Arc<CertificateEntry>, Refusal> {
        let entry = match self.find(digest) {
            Found::Node(Node::Certificate(entry)) => entry,
            Found::Segment(Segment::Certificate(certificate), bytes) => {
                let entry = Arc::new(load(digest, certificate)?);
                self.keep(digest, Node::Certificate(entry.clone()), bytes);
                entry
            }
            other => return Err(other.refuse(place, digest, Kind::Certificate)),
        };
        if entry.id == *id {
            return Ok(entry);
        }
        let reason = format!("segment {digest} is certificate {}/{}", entry.id.namespace, entry.id.name);
        Err(place.refuse(format!("{reason}, listed as {}/{}", id.namespace, id.name)))
    }

    fn backends(&mut self, root_digest: Digest, root: &Root) -> Result<Backends, Refusal> {
        let mut shards = Arc::clone(&self.previous.backend_shards);
        let mut changes = Vec::new();
        let mut removed = false;
        for (number, digest) in root.backends.iter() {
            let Some(old) = self.previous.backend_shards.get(usize::from(number)) else { continue };
            if old.digest == digest {
                self.reused += 1;
                continue;
            }
            let field = || format!("backends[{number}]");
            let place = Place { segment: root_digest, kind: Kind::Root, field: &field };
            let new = self.backend_shard(digest, place)?;
            if let Some(stray) = new.backends.iter().find(|backend| backend.key.id().shard() != number) {
                return Err(place.refuse(format!("backend {} is not of this shard", name(stray.key.id()))));
            }
            let kept: HashSet<_> = new.backends.iter().map(|backend| backend.key.index()).collect();
            for gone in old.backends.iter().filter(|backend| !kept.contains(&backend.key.index())) {
                changes.push((gone.key.index().number(), None));
                removed = true;
            }
            changes.extend(new.backends.iter().map(|backend| (backend.key.index().number(), Some(backend.clone()))));
            replace(&mut shards, number, new);
        }
        Ok(Backends { pages: self.previous.backends.with(changes), shards, removed })
    }

    fn backend_shard(&mut self, digest: Digest, place: Place<'_>) -> Result<Arc<BackendShard>, Refusal> {
        match self.find(digest) {
            Found::Node(Node::Backends(shard)) => Ok(shard),
            Found::Segment(Segment::Backends(listed), bytes) => {
                let mut backends = Vec::with_capacity(listed.backends.len());
                for (index, (id, backend)) in listed.backends.iter().enumerate() {
                    let field = || format!("backends[{index}][1]");
                    let place = Place { segment: digest, kind: Kind::Backends, field: &field };
                    backends.push(self.backend(*backend, id, place)?);
                }
                let shard = Arc::new(BackendShard { digest, backends: backends.into() });
                self.keep(digest, Node::Backends(shard.clone()), bytes);
                Ok(shard)
            }
            other => Err(other.refuse(place, digest, Kind::Backends)),
        }
    }

    fn backend(&mut self, digest: Digest, id: &BackendId, place: Place<'_>) -> Result<Arc<BackendSnapshot>, Refusal> {
        let backend = match self.find(digest) {
            Found::Node(Node::Backend(backend)) => backend,
            Found::Segment(Segment::Backend(backend), bytes) => {
                let backend = Arc::new(self.makers.backend(digest, &backend));
                self.keep(digest, Node::Backend(backend.clone()), bytes);
                backend
            }
            other => return Err(other.refuse(place, digest, Kind::Backend)),
        };
        if backend.key.id() == id {
            return Ok(backend);
        }
        let reason = format!("segment {digest} is backend {}, listed as {}", name(backend.key.id()), name(id));
        Err(place.refuse(reason))
    }
}

impl Makers {
    fn backend(&mut self, digest: Digest, backend: &Backend) -> BackendSnapshot {
        // Addresses were found to be sound when the segment was decoded.
        let sound = backend
            .endpoints
            .iter()
            .filter_map(|endpoint| Some(SocketAddr::new(endpoint.address.parse::<IpAddr>().ok()?, endpoint.port)));
        BackendSnapshot {
            key: self.keys.key(&backend.id),
            digest,
            endpoints: sound.map(|address| self.endpoints.get(address)).collect(),
            balance: backend.balance,
        }
    }
}

fn load(digest: Digest, certificate: Certificate) -> Result<CertificateEntry, Refusal> {
    let loaded = certificate::load(&certificate.chain_pem, certificate.key_pem.expose())
        .map_err(|bad| Refusal::new(digest, Kind::Certificate.name(), bad.field, bad.reason))?;
    Ok(CertificateEntry { digest, id: certificate.id, certificate: Arc::new(loaded) })
}

/// An error is the field and the reason.
fn policy_entry(mut policy: Policy, makers: &mut Makers) -> Result<PolicyEntry, (&'static str, String)> {
    let template = policy.rewrite.as_ref().map(|rewrite| Template::new(&rewrite.template)).transpose();
    let template = template.map_err(|reason| ("rewrite.template", reason))?;
    // What workers use is kept, and what it was made of is not.
    let filters = policy.filters.take();
    let blocked = filters.as_ref().and_then(|filters| filters.blocked.as_ref());
    let blocked = blocked.map(|blocked| makers.lists.get(blocked)).transpose();
    let blocked = blocked.map_err(|reason| ("filters.blocked", reason))?;
    let filters = filters.map(|filters| Filters::new(&filters, &makers.zones, &makers.keys, blocked)).transpose();
    let filters = filters.map_err(|reason| ("filters", reason))?;
    let endpoint = policy.endpoint_tls.take().map(|tls| Endpoint::new(&tls)).transpose();
    let endpoint = endpoint.map_err(|bad| (bad.field, bad.reason))?;
    Ok(PolicyEntry {
        policy: Arc::new(policy),
        rewrite: template.map(Arc::new),
        filters: filters.map(Arc::new),
        endpoint: endpoint.map(Arc::new),
    })
}

fn listener_entries(listeners: &Listeners, root: &Root, previous: &Snapshot) -> Result<Box<[ListenerEntry]>, Refusal> {
    let entry = |(index, listener): (usize, &sallygate_image::Listener)| {
        // Tables of a snapshot stand in the order of their names, as they do in the root.
        let table = root.tables.keys().position(|table| *table == listener.table).ok_or_else(|| {
            let reason = format!("there is no table {:?}", listener.table);
            Refusal::new(root.listeners, Kind::Listeners.name(), format!("listeners[{index}].table"), reason)
        })?;
        Ok(ListenerEntry {
            name: listener.name.as_str().into(),
            protocol: listener.protocol,
            table: TableIndex(table),
            forwarders: listener.forwarders.clone(),
            proxy_headers: listener.proxy_headers.clone(),
            tls: listener_tls(index, listener, root, previous)?,
        })
    };
    listeners.listeners.iter().enumerate().map(entry).collect()
}

/// What a listener's TLS is made of, taken over if it is as before.
fn listener_tls(
    index: usize,
    listener: &sallygate_image::Listener,
    root: &Root,
    previous: &Snapshot,
) -> Result<Option<Arc<TlsEntry>>, Refusal> {
    let Some(tls) = &listener.tls else { return Ok(None) };
    let before = previous.listener(&listener.name).and_then(|before| before.tls.as_ref());
    if let Some(before) = before.filter(|before| before.settings == *tls) {
        return Ok(Some(before.clone()));
    }
    let refuse = |field: &str| {
        let field = format!("listeners[{index}].tls.{field}");
        move |reason| Refusal::new(root.listeners, Kind::Listeners.name(), field, reason)
    };
    if !tls.ciphers.is_empty() {
        trust::check_ciphers(&tls.ciphers).map_err(refuse("ciphers"))?;
    }
    if !tls.groups.is_empty() {
        trust::check_groups(&tls.groups).map_err(refuse("groups"))?;
    }
    Ok(Some(Arc::new(TlsEntry::new(tls.clone()))))
}

/// A backend's id, for people.
pub(super) fn name(id: &BackendId) -> String {
    format!("{}/{}:{}", id.namespace, id.service, id.port)
}

/// What is said of a certificate that is named and not there.
pub(super) fn absent_certificate(id: &CertificateId) -> String {
    format!("there is no certificate {}/{}", id.namespace, id.name)
}

/// Replace one shard, copying the list of shards the first time.
pub(super) fn replace<T>(shards: &mut Sharded<T>, number: u8, shard: Arc<T>) {
    let shards: &mut [Arc<T>; SHARDS] = Arc::make_mut(shards);
    if let Some(place) = shards.get_mut(usize::from(number)) {
        *place = shard;
    }
}
