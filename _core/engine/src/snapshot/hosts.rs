//! The host tables of a snapshot, in three steps: prepare what is new, check what everything refers to, finish.

use std::sync::Arc;

use sallygate_image::{
    Action as ImageAction, BackendId, Canary as ImageCanary, CertificateId, Digest, Host, HostShard as ListedHosts,
    Kind, Mirror as ImageMirror, PathMatch, Refusal, Root, RouteId, SHARDS, Segment, Shards, shard_of_bytes,
};

use super::build::{Build, Found, Place, absent_certificate, name};
use super::host::{HostDraft, HostEntry, compiled, display_host};
use super::shards::{HostShard, Table};
use super::store::{DigestMap, Node};
use super::wide::Wide;
use crate::balance::{BackendIndex, BackendKey, BackendKeys};
use crate::filter::{Canary, Filters, RequestEdits, Text};
use crate::route::{Action, Errors, Mirror, Origin, Others, Route, RouteTable, Source};
use crate::telemetry::Labels;
use crate::trust::HostTls;

/// A host that is ready but for the slots of its routes, which are given only when nothing can be refused any more.
struct Draft {
    host: HostDraft,
    bytes: usize,
}

/// A shard whose hosts are all known to be there.
struct DraftShard {
    listed: ListedHosts,
    bytes: usize,
}

/// What is new in the host tables.
pub(super) struct Hosts<'r> {
    root: &'r Root,
    drafts: DigestMap<Draft>,
    shards: DigestMap<DraftShard>,
}

impl<'r> Hosts<'r> {
    /// Make everything new that can be refused.
    pub(super) fn prepare(build: &mut Build<'_>, root_digest: Digest, root: &'r Root) -> Result<Self, Refusal> {
        let mut this = Self { root, drafts: DigestMap::default(), shards: DigestMap::default() };
        for (table, shards) in &root.tables {
            for (number, digest) in shards.iter() {
                if kept(build, table, number, digest).is_some() {
                    build.reused += 1;
                    continue;
                }
                let field = || format!("tables.{table}[{number}]");
                let place = Place { segment: root_digest, kind: Kind::Root, field: &field };
                this.prepare_shard(build, number, digest, place)?;
            }
        }
        Ok(this)
    }

    fn prepare_shard(
        &mut self,
        build: &mut Build<'_>,
        number: u8,
        digest: Digest,
        place: Place<'_>,
    ) -> Result<(), Refusal> {
        let stray = |key: &[u8]| {
            let host = || display_host(&String::from_utf8_lossy(key));
            (shard_of_bytes(key) != number).then(|| place.refuse(format!("host {:?} is not of this shard", host())))
        };
        if let Some(shard) = self.shards.get(&digest) {
            return shard.listed.hosts.iter().find_map(|(key, _)| stray(key.as_bytes())).map_or(Ok(()), Err);
        }
        match build.find(digest) {
            Found::Node(Node::Hosts(shard)) => shard.entries().find_map(|entry| stray(entry.key())).map_or(Ok(()), Err),
            Found::Segment(Segment::Hosts(listed), bytes) => {
                for (key, host) in &listed.hosts {
                    if let Some(refusal) = stray(key.as_bytes()) {
                        return Err(refusal);
                    }
                    let field = || format!("hosts.{key}");
                    self.prepare_host(build, key, *host, Place { segment: digest, kind: Kind::Hosts, field: &field })?;
                }
                self.shards.insert(digest, DraftShard { listed, bytes });
                Ok(())
            }
            other => Err(other.refuse(place, digest, Kind::Hosts)),
        }
    }

    fn prepare_host(
        &mut self,
        build: &mut Build<'_>,
        key: &str,
        digest: Digest,
        place: Place<'_>,
    ) -> Result<(), Refusal> {
        let misplaced = |found: &str| {
            let key = display_host(key);
            place.refuse(format!("segment {digest} is host {found:?}, listed as {key:?}"))
        };
        if let Some(draft) = self.drafts.get(&digest) {
            return if draft.host.key == key { Ok(()) } else { Err(misplaced(&display_host(&draft.host.key))) };
        }
        match build.find(digest) {
            Found::Node(Node::Host(entry)) if entry.key() == key.as_bytes() => Ok(()),
            Found::Node(Node::Host(entry)) => Err(misplaced(&entry.host())),
            Found::Segment(Segment::Host(host), _) if host.key() != key => Err(misplaced(&host.host)),
            Found::Segment(Segment::Host(host), bytes) => {
                let draft = draft(build, digest, host, bytes)?;
                self.drafts.insert(digest, draft);
                Ok(())
            }
            other => Err(other.refuse(place, digest, Kind::Host)),
        }
    }

    /// Refuse routes and hosts that refer to what is not there. Hosts that did not change are looked at only if
    /// something was `removed`.
    pub(super) fn check(
        &self,
        build: &Build<'_>,
        removed: bool,
        has_backend: impl Fn(BackendIndex) -> bool,
        has_certificate: impl Fn(&CertificateId) -> bool,
    ) -> Result<(), Refusal> {
        let refers = |digest: Digest, certificate: Option<&CertificateId>, routes: &[Route]| {
            if let Some(id) = certificate.filter(|id| !has_certificate(id)) {
                return Err(Refusal::new(digest, Kind::Host.name(), "certificate", absent_certificate(id)));
            }
            for (index, route) in routes.iter().enumerate() {
                if let Some(key) = route.backends().find(|key| !has_backend(key.index())) {
                    let reason = format!("there is no backend {}", name(key.id()));
                    let own = route.backend.as_ref().is_some_and(|own| Arc::ptr_eq(own, key));
                    let field = format!("routes[{index}]{}", if own { ".action.backend" } else { "" });
                    return Err(Refusal::new(digest, Kind::Host.name(), field, reason));
                }
            }
            Ok(())
        };
        let check = |entry: &HostEntry| refers(entry.digest(), entry.certificate(), entry.routes());
        self.drafts
            .values()
            .try_for_each(|Draft { host, .. }| refers(host.digest, host.certificate.as_ref(), host.routes.routes()))?;
        if !removed {
            return Ok(());
        }
        for (table, shards) in &self.root.tables {
            for (number, digest) in shards.iter() {
                if let Some(shard) = kept(build, table, number, digest) {
                    shard.entries().try_for_each(&check)?;
                } else if let Some(Node::Hosts(shard)) = build.store.get(&digest) {
                    shard.entries().try_for_each(&check)?;
                } else if let Some(draft) = self.shards.get(&digest) {
                    for (_, host) in &draft.listed.hosts {
                        if let Some(Node::Host(entry)) = build.store.get(host) {
                            check(entry)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Give routes their slots, and put everything together. Nothing fails here.
    pub(super) fn finish(self, build: &mut Build<'_>) -> Box<[Table]> {
        for (digest, Draft { mut host, bytes }) in self.drafts {
            let name = display_host(&host.key);
            for route in host.routes.routes_mut() {
                route.slot = build.makers.slots.slot(&labels(route, &name));
            }
            build.keep(digest, Node::Host(host.finish()), bytes);
        }
        for (digest, DraftShard { listed, bytes }) in self.shards {
            let entries = listed.hosts.iter().filter_map(|(_, host)| match known(build, *host) {
                Some(Node::Host(entry)) => Some(entry.clone()),
                _ => None,
            });
            let shard = HostShard::new(digest, entries.collect(), build.makers.seed);
            build.keep(digest, Node::Hosts(Arc::new(shard)), bytes);
        }
        self.root.tables.iter().map(|(table, shards)| finish_table(build, table, shards)).collect()
    }
}

fn copied(mirror: ImageMirror, backend: Arc<BackendKey>, filters: Option<&Filters>) -> Result<Mirror, String> {
    Ok(Mirror {
        backend,
        edits: RequestEdits::of_copy(&mirror.host, filters.and_then(Filters::request))?,
        plain: !mirror.target.contains('$'),
        target: Text::new(&mirror.target)?.ok_or("there is no target")?,
        tls: mirror.tls,
        body: mirror.body,
    })
}

/// The shard that stood at the same place before, if it has not changed.
fn kept<'a>(build: &'a Build<'_>, table: &str, number: u8, digest: Digest) -> Option<&'a Arc<HostShard>> {
    let before = build.previous.tables.iter().find(|before| *before.name == *table)?;
    before.shards.get(usize::from(number)).filter(|shard| shard.digest == digest)
}

fn known<'a>(build: &'a Build<'_>, digest: Digest) -> Option<&'a Node> {
    build.store.get(&digest).or_else(|| build.fresh.get(&digest).map(|fresh| &fresh.node))
}

fn finish_table(build: &Build<'_>, name: &str, shards: &Shards) -> Table {
    let before = build.previous.tables.iter().find(|before| *before.name == *name);
    let unchanged = before
        .filter(|before| shards.iter().zip(before.shards.iter()).all(|((_, digest), shard)| shard.digest == digest));
    if let Some(before) = unchanged {
        return Table { name: name.into(), shards: before.shards.clone(), wide: before.wide.clone() };
    }
    let nothing = Arc::new(HostShard::new(Digest([0; 16]), Vec::new(), build.makers.seed));
    let mut list: [Arc<HostShard>; SHARDS] = std::array::from_fn(|_| nothing.clone());
    for (place, (number, digest)) in list.iter_mut().zip(shards.iter()) {
        if let Some(shard) = kept(build, name, number, digest) {
            *place = shard.clone();
        } else if let Some(Node::Hosts(shard)) = known(build, digest) {
            *place = shard.clone();
        }
    }
    let wide = Wide::new(list.iter().flat_map(|shard| shard.wide().iter().cloned())).map(Arc::new);
    Table { name: name.into(), shards: Arc::new(list), wide }
}

/// One host and its routes, in the form that workers use.
fn draft(build: &mut Build<'_>, digest: Digest, host: Host, bytes: usize) -> Result<Draft, Refusal> {
    let mut policies = Vec::new();
    let mut matches: Vec<PathMatch> = Vec::with_capacity(host.routes.len());
    let mut routes: Vec<Route> = Vec::with_capacity(host.routes.len());
    let key = host.key().to_owned();
    for (index, route) in host.routes.into_iter().enumerate() {
        let field = || format!("routes[{index}].policy");
        let policy = build.policy(route.policy, Place { segment: digest, kind: Kind::Host, field: &field })?;
        if policies.last() != Some(&route.policy) {
            policies.push(route.policy);
        }
        let (action, backend) = match route.action {
            ImageAction::Forward { backend, tls, canaries, spare } => {
                let keys = &build.makers.keys;
                let key = keys.key(&backend);
                let others = others(keys, canaries, spare.as_ref()).map_err(|reason| {
                    let field = format!("routes[{index}].action.canaries");
                    Refusal::new(digest, Kind::Host.name(), field, reason)
                })?;
                (Action::Forward { backend: key.index(), tls, others }, Some(key))
            }
            ImageAction::Redirect { path, status, query, relative } => {
                (Action::Redirect { path: path.into(), status, query, relative }, None)
            }
            ImageAction::RedirectHost { host, status } => (Action::RedirectHost { host: host.into(), status }, None),
            ImageAction::Respond { status } => (Action::Respond { status }, None),
        };
        let origin = origin(route.id, routes.last());
        let errors = route.errors.map(|errors| {
            let backend = build.makers.keys.key(&errors.backend);
            Box::new(Errors { statuses: errors.statuses.into(), backend, local_only: errors.local_only })
        });
        let mut made = Route::new(origin, action, policy.policy, policy.rewrite, backend);
        made.path = route.display_path.into();
        made.filters = policy.filters;
        made.endpoint = policy.endpoint;
        made.errors = errors;
        if let Some(mirror) = route.mirror {
            let key = build.makers.keys.key(&mirror.backend);
            let field = || format!("routes[{index}].mirror");
            let refused = |reason| Refusal::new(digest, Kind::Host.name(), field(), reason);
            made.mirror = Some(Box::new(copied(mirror, key, made.filters.as_deref()).map_err(refused)?));
        }
        routes.push(made);
        matches.push(route.match_);
    }
    let makers = &mut *build.makers;
    let tls = host.tls.as_ref().map(|tls| HostTls::new(tls, &mut makers.authorities)).transpose();
    let tls = tls.map_err(|bad| Refusal::new(digest, Kind::Host.name(), bad.field, bad.reason))?.map(Arc::new);
    let (routes, block) = RouteTable::new(key.as_bytes(), &matches, routes, makers.seed, &mut makers.patterns)
        .map_err(|bad| {
            Refusal::new(digest, Kind::Host.name(), format!("routes[{}].match.pattern", bad.index), bad.reason)
        })?;
    policies.sort_unstable();
    policies.dedup();
    let certificate = host.certificate;
    let refused = |reason| Refusal::new(digest, Kind::Host.name(), "host", reason);
    let expression = compiled(&key).map_err(refused)?;
    let host = HostDraft { digest, key, certificate, routes, block, policies: policies.into(), tls, expression };
    Ok(Draft { host, bytes })
}

/// Backends beside a route's own, if there are any.
fn others(
    keys: &BackendKeys,
    canaries: Vec<ImageCanary>,
    spare: Option<&BackendId>,
) -> Result<Option<Box<Others>>, String> {
    if canaries.is_empty() && spare.is_none() {
        return Ok(None);
    }
    let ready = |canary: ImageCanary| {
        let key = keys.key(&canary.backend);
        Canary::new(canary, key)
    };
    let canaries = canaries.into_iter().map(ready).collect::<Result<_, _>>()?;
    Ok(Some(Box::new(Others { canaries, spare: spare.map(|id| keys.key(id)) })))
}

/// Routes of one object follow each other, so looking at the one before is enough to share the object's names.
fn origin(id: RouteId, before: Option<&Route>) -> Origin {
    let before = before.map(|route| &route.origin.source);
    let same = before
        .filter(|source| *source.kind == *id.kind && *source.namespace == *id.namespace && *source.name == *id.name);
    let source = same.cloned().unwrap_or_else(|| {
        Arc::new(Source { kind: id.kind.into(), namespace: id.namespace.into(), name: id.name.into() })
    });
    Origin { source, rule: id.rule, path: id.path }
}

/// What a route's figures are reported under.
fn labels(route: &Route, host: &str) -> Labels {
    let backend = route.backend.as_ref().map(|key| key.id());
    Labels {
        namespace: route.origin.source.namespace.to_string(),
        object: route.origin.source.name.to_string(),
        service: backend.map(|id| id.service.clone()).unwrap_or_default(),
        port: backend.map(|id| id.port.clone()).unwrap_or_default(),
        host: host.to_owned(),
        path: route.path.to_string(),
    }
}
