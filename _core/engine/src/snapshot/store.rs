//! Everything that was built and is in use, by the digest of its segment.
//!
//! Each segment counts how often the others name it, so that a new root costs as much as it changes: what it shares with
//! the old one is neither walked nor built again, and what nobody names any more goes.

use std::collections::HashMap;
use std::sync::Arc;

use sallygate_image::{Digest, Kind, Listeners, Policy, Root};

use super::host::HostEntry;
use super::shards::{BackendShard, CertificateEntry, CertificateShard, HostShard};
use crate::balance::BackendSnapshot;
use crate::filter::Filters;
use crate::route::Template;
use crate::trust::Endpoint;

/// Values by digest. Digests are hashes already, so little more hashing is needed.
pub(super) type DigestMap<T> = HashMap<Digest, T, foldhash::fast::RandomState>;

/// A policy, and what is in it ready for use.
#[derive(Clone)]
pub(super) struct PolicyEntry {
    pub(super) policy: Arc<Policy>,
    pub(super) rewrite: Option<Arc<Template>>,
    pub(super) filters: Option<Arc<Filters>>,
    pub(super) endpoint: Option<Arc<Endpoint>>,
}

/// What became of a segment.
#[derive(Clone)]
pub(super) enum Node {
    Root(Arc<Root>),
    Listeners(Arc<Listeners>),
    Hosts(Arc<HostShard>),
    Host(HostEntry),
    Policy(PolicyEntry),
    Backends(Arc<BackendShard>),
    Backend(Arc<BackendSnapshot>),
    Certificates(Arc<CertificateShard>),
    Certificate(Arc<CertificateEntry>),
}

impl Node {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Root(_) => Kind::Root,
            Self::Listeners(_) => Kind::Listeners,
            Self::Hosts(_) => Kind::Hosts,
            Self::Host(_) => Kind::Host,
            Self::Policy(_) => Kind::Policy,
            Self::Backends(_) => Kind::Backends,
            Self::Backend(_) => Kind::Backend,
            Self::Certificates(_) => Kind::Certificates,
            Self::Certificate(_) => Kind::Certificate,
        }
    }

    /// The digests that it names. Only that the order and number stay the same matters.
    fn children(&self) -> Vec<Digest> {
        match self {
            Self::Root(root) => [root.listeners]
                .into_iter()
                .chain(root.tables.values().flat_map(|shards| shards.iter().map(|(_, digest)| digest)))
                .chain(root.backends.iter().map(|(_, digest)| digest))
                .chain(root.certificates.iter().map(|(_, digest)| digest))
                .collect(),
            Self::Hosts(shard) => shard.entries().map(HostEntry::digest).collect(),
            Self::Host(entry) => entry.policies().to_vec(),
            Self::Backends(shard) => shard.backends.iter().map(|backend| backend.digest).collect(),
            Self::Certificates(shard) => shard.certificates.values().map(|entry| entry.digest).collect(),
            Self::Listeners(_) | Self::Policy(_) | Self::Backend(_) | Self::Certificate(_) => Vec::new(),
        }
    }
}

/// A node that is not in the store yet, and the size of its segment.
pub(super) struct Fresh {
    pub(super) node: Node,
    pub(super) bytes: usize,
}

struct Stored {
    node: Node,
    bytes: usize,
    references: usize,
}

/// All nodes below the current root.
#[derive(Default)]
pub(super) struct Store {
    nodes: DigestMap<Stored>,
    root: Option<Digest>,
    bytes: usize,
}

impl Store {
    pub(super) fn get(&self, digest: &Digest) -> Option<&Node> {
        self.nodes.get(digest).map(|stored| &stored.node)
    }

    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.nodes.contains_key(digest)
    }

    /// The size of all segments in the store.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Make `root` the current one. What it needs and the store lacks is in `fresh`; what it does not need goes.
    pub(super) fn commit(&mut self, root: Digest, mut fresh: DigestMap<Fresh>) {
        let mut adopt = vec![root];
        while let Some(digest) = adopt.pop() {
            if let Some(stored) = self.nodes.get_mut(&digest) {
                stored.references += 1;
            } else if let Some(Fresh { node, bytes }) = fresh.remove(&digest) {
                adopt.extend(node.children());
                self.bytes += bytes;
                self.nodes.insert(digest, Stored { node, bytes, references: 1 });
            }
        }
        let mut release: Vec<Digest> = self.root.replace(root).into_iter().collect();
        while let Some(digest) = release.pop() {
            let Some(stored) = self.nodes.get_mut(&digest) else { continue };
            stored.references -= 1;
            if stored.references == 0 {
                release.extend(stored.node.children());
                self.bytes -= stored.bytes;
                self.nodes.remove(&digest);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }
}
