//! The tables of a snapshot: hosts, backends and certificates, each in 256 parts that are kept as long as their digest
//! stays the same.

use std::collections::HashMap;
use std::sync::Arc;

use hashbrown::HashTable;
use sallygate_image::{CertificateId, Digest, SHARDS, shard_of_bytes};

use crate::balance::BackendSnapshot;
use crate::route::{RouteTable, Seed};
use crate::tls::certificate::ServerCertificate;

/// Keys up to this length lie in the entry itself, where comparing them costs no further cache line.
const SHORT_KEY: usize = 47;

/// The name that a shard lists a host under: the host itself, `.x` for `*.x`, or nothing.
enum Key {
    Short { length: u8, bytes: [u8; SHORT_KEY] },
    Long(Box<str>),
}

impl Key {
    fn new(key: &str) -> Self {
        let mut bytes = [0; SHORT_KEY];
        match (bytes.get_mut(..key.len()), u8::try_from(key.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(key.as_bytes());
                Self::Short { length, bytes }
            }
            _ => Self::Long(key.into()),
        }
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(key) => key.as_bytes(),
        }
    }
}

/// One host and its routes.
// In this order, so that what every lookup reads lies side by side.
#[repr(C)]
pub struct HostEntry {
    key: Key,
    /// Its routes.
    pub routes: RouteTable,
    /// What a TLS client that names this host is shown; None is the default certificate.
    pub certificate: Option<Box<CertificateId>>,
    /// The segment that it was built from.
    pub digest: Digest,
    /// The segments of its policies, each once.
    pub(super) policies: Box<[Digest]>,
}

impl HostEntry {
    pub(super) fn new(
        digest: Digest,
        key: &str,
        certificate: Option<CertificateId>,
        routes: RouteTable,
        policies: Box<[Digest]>,
    ) -> Self {
        Self { key: Key::new(key), routes, certificate: certificate.map(Box::new), digest, policies }
    }

    /// The name that its shard lists it under.
    #[inline]
    pub(super) fn key(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// The host as its owner would write it.
    pub fn host(&self) -> String {
        display_host(&String::from_utf8_lossy(self.key()))
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
        let hash = |entry: &Arc<HostEntry>| seed.hash(entry.key());
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
        self.hosts.find(self.seed.hash(key), |entry| entry.key() == key)
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
