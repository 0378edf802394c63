//! The tables of a snapshot: hosts, backends and certificates, each in 256 parts that are kept as long as their digest
//! stays the same.

use std::collections::HashMap;
use std::sync::Arc;

use hashbrown::HashTable;
use sallygate_image::{BackendId, CertificateId, Digest, SHARDS, shard_of_bytes};

use crate::balance::BackendSnapshot;
use crate::route::{RouteTable, Seed};
use crate::tls::certificate::ServerCertificate;

/// One host and its routes.
pub struct HostEntry {
    /// The segment that it was built from.
    pub digest: Digest,
    /// The name that its shard lists it under: the host itself, `.x` for `*.x`, or nothing.
    pub key: Box<str>,
    /// What a TLS client that names this host is shown; None is the default certificate.
    pub certificate: Option<CertificateId>,
    /// Its routes.
    pub routes: RouteTable,
    /// The segments of its policies, each once.
    pub(super) policies: Box<[Digest]>,
}

impl HostEntry {
    /// The host as its owner would write it.
    pub fn host(&self) -> String {
        display_host(&self.key)
    }
}

/// A host key as its owner would write it.
pub(super) fn display_host(key: &str) -> String {
    if key.starts_with('.') { format!("*{key}") } else { key.to_owned() }
}

/// Some of a table's hosts.
pub(super) struct HostShard {
    pub(super) digest: Digest,
    hosts: HashTable<Arc<HostEntry>>,
    seed: Seed,
}

impl HostShard {
    pub(super) fn new(digest: Digest, entries: Vec<Arc<HostEntry>>, seed: Seed) -> Self {
        let hash = |entry: &Arc<HostEntry>| seed.hash(entry.key.as_bytes());
        let mut hosts = HashTable::with_capacity(entries.len());
        for entry in entries {
            hosts.insert_unique(hash(&entry), entry, hash);
        }
        Self { digest, hosts, seed }
    }

    #[inline]
    fn get(&self, key: &[u8]) -> Option<&Arc<HostEntry>> {
        if self.hosts.is_empty() {
            return None;
        }
        self.hosts.find(self.seed.hash(key), |entry| entry.key.as_bytes() == key)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<HostEntry>> {
        self.hosts.iter()
    }
}

/// All shards of one kind.
pub(super) type Sharded<T> = Arc<[Arc<T>; SHARDS]>;

/// The hosts of a listener.
pub(super) struct Table {
    pub(super) name: Box<str>,
    pub(super) shards: Sharded<HostShard>,
}

impl Table {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<&Arc<HostEntry>> {
        self.shards.get(usize::from(shard_of_bytes(key)))?.get(key)
    }

    /// The entry that serves a host: its own, or the one for any label before the rest of it, or the one for all others.
    #[inline]
    pub(super) fn host(&self, host: &[u8]) -> Option<&Arc<HostEntry>> {
        let named = || match memchr::memchr(b'.', host) {
            // Not a name, and it must not be taken for the key of a wildcard.
            Some(0) => None,
            Some(dot) => self.get(host).or_else(|| self.get(host.get(dot..).unwrap_or_default())),
            None if host.is_empty() => None,
            None => self.get(host),
        };
        named().or_else(|| self.get(b""))
    }
}

/// Some of all backends.
pub(super) struct BackendShard {
    pub(super) digest: Digest,
    /// Sorted by id.
    pub(super) backends: Box<[Arc<BackendSnapshot>]>,
}

impl BackendShard {
    pub(super) fn has(&self, id: &BackendId) -> bool {
        self.backends.binary_search_by(|backend| backend.key.id().cmp(id)).is_ok()
    }
}

/// A certificate that can be shown.
pub(super) struct CertificateEntry {
    pub(super) digest: Digest,
    pub(super) id: CertificateId,
    pub(super) certificate: Arc<ServerCertificate>,
}

/// Some of all certificates.
pub(super) struct CertificateShard {
    pub(super) digest: Digest,
    pub(super) certificates: HashMap<CertificateId, Arc<CertificateEntry>>,
}
