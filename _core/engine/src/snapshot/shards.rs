//! The tables of a snapshot: hosts, backends and certificates, each in 256 parts that are kept as long as their digest
//! stays the same.

use std::collections::HashMap;
use std::sync::Arc;

use sallygate_image::{CertificateId, Digest, SHARDS, shard_of_bytes};

use super::host::HostEntry;
use super::host_index::HostIndex;
use super::wide::{Wide, is_wide};
use crate::balance::BackendSnapshot;
use crate::route::Seed;
use crate::tls::certificate::ServerCertificate;

/// Some of a table's hosts.
pub(super) struct HostShard {
    pub(super) digest: Digest,
    hosts: HostIndex,
    /// Those that are not found by their key.
    wide: Box<[HostEntry]>,
}

impl HostShard {
    pub(super) fn new(digest: Digest, entries: Vec<HostEntry>, seed: Seed) -> Self {
        let (wide, hosts): (Vec<_>, _) = entries.into_iter().partition(|entry| is_wide(entry.key()));
        Self { digest, hosts: HostIndex::new(hosts, seed), wide: wide.into() }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &HostEntry> {
        self.hosts.iter().chain(&self.wide)
    }

    pub(super) fn wide(&self) -> &[HostEntry] {
        &self.wide
    }
}

/// All shards of one kind.
pub(super) type Sharded<T> = Arc<[Arc<T>; SHARDS]>;

/// The hosts of a listener.
pub(super) struct Table {
    pub(super) name: Box<str>,
    pub(super) shards: Sharded<HostShard>,
    /// Most have none.
    pub(super) wide: Option<Arc<Wide>>,
}

impl Table {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<&HostEntry> {
        self.shards.get(usize::from(shard_of_bytes(key)))?.hosts.get(key)
    }

    /// That of a host that nobody has as it is.
    #[inline]
    fn below<'t>(&'t self, host: &[u8], single: impl Fn() -> Option<&'t HostEntry>) -> Option<&'t HostEntry> {
        match &self.wide {
            None => single(),
            Some(wide) => wide.host(host, single()),
        }
    }

    /// The entry that serves a host: its own, or the one for any label before the rest of it, or the one for all others.
    #[inline]
    pub(super) fn host(&self, host: &[u8]) -> Option<&HostEntry> {
        let named = || match memchr::memchr(b'.', host) {
            // Not a name, and it must not be taken for the key of a wildcard.
            Some(0) => None,
            Some(dot) => self.get(host).or_else(|| self.below(host, || self.get(host.get(dot..).unwrap_or_default()))),
            None if host.is_empty() => None,
            None => self.get(host).or_else(|| self.below(host, || None)),
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
