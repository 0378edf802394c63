//! What workers serve: an immutable snapshot of everything that the control plane sent, built from segments, swapped in
//! at once, and kept on disk for the next start.
//!
//! Everything whose digest did not change is taken over from the snapshot before, so the cost of a change is the size of
//! what changed.

mod build;
mod host;
mod host_index;
mod hosts;
mod last_good;
mod pages;
mod publication;
mod publisher;
mod shards;
mod store;
mod sync;
mod tls_entry;
mod wide;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sallygate_image::{CertificateId, Connections, Digest, Forwarders, Protocol, ProxyHeaders};

use crate::balance::{BackendIndex, BackendSnapshot};
use crate::log::Plan;
use crate::tls::certificate::ServerCertificate;
use crate::tls::server::Shown;

pub use host::HostEntry;
pub use last_good::LastGood;
pub use publication::Held;
pub use publisher::{Outcome, Publisher};
pub use tls_entry::TlsEntry;

/// Where workers get their snapshots from.
pub type Publication = publication::Publication<Snapshot>;

/// One worker's view of the publication.
pub type CurrentReader = publication::Reader<Snapshot>;

/// The place of a table in one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableIndex(usize);

/// A listener as one snapshot has it.
pub struct ListenerEntry {
    /// The name of the socket.
    pub name: Box<str>,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// The table that serves it.
    pub table: TableIndex,
    /// Who may say where a request comes from, besides the connection itself.
    pub forwarders: Option<Forwarders>,
    /// Who says in a PROXY header whose connection it is.
    pub proxy_headers: Option<ProxyHeaders>,
    /// How TLS is spoken on it, where that is not as it is by default.
    pub tls: Option<Arc<TlsEntry>>,
}

/// Everything that is served at one moment.
pub struct Snapshot {
    root: Option<Digest>,
    listeners: Box<[ListenerEntry]>,
    connections: Connections,
    log: Plan,
    tables: Box<[shards::Table]>,
    backends: pages::Pages<Arc<BackendSnapshot>>,
    backend_shards: shards::Sharded<shards::BackendShard>,
    certificates: shards::Sharded<shards::CertificateShard>,
    default_certificate: Option<CertificateId>,
}

impl Snapshot {
    /// The digest of its root; None before the first one was published.
    pub fn root(&self) -> Option<Digest> {
        self.root
    }

    /// Whether nothing was published yet.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// All listeners.
    pub fn listeners(&self) -> &[ListenerEntry] {
        &self.listeners
    }

    /// How the access log is kept.
    #[inline]
    pub fn log(&self) -> &Plan {
        &self.log
    }

    /// How connections are kept.
    pub fn connections(&self) -> Connections {
        self.connections
    }

    /// The table that serves the listener of this name.
    #[inline]
    pub fn listener_table(&self, name: &str) -> Option<TableIndex> {
        self.listener(name).map(|listener| listener.table)
    }

    /// The listener of this name.
    #[inline]
    pub fn listener(&self, name: &str) -> Option<&ListenerEntry> {
        self.listeners.iter().find(|listener| *listener.name == *name)
    }

    /// The entry that serves a host, which is lower-case and without port or trailing dot: its own, or that of a
    /// wildcard for its first label, or that for all other hosts.
    #[inline]
    pub fn host(&self, table: TableIndex, host: &[u8]) -> Option<&HostEntry> {
        self.tables.get(table.0)?.host(host)
    }

    /// A backend that a route of this snapshot names.
    #[inline]
    pub fn backend(&self, index: BackendIndex) -> Option<&Arc<BackendSnapshot>> {
        self.backends.get(index.number())
    }

    /// What a client that names this host on this listener is shown (`name` is empty if it names none). None is the
    /// listener's own self-signed certificate.
    pub fn certificate(&self, listener: &str, name: &str) -> Option<&Arc<ServerCertificate>> {
        let table = self.listener_table(listener)?;
        self.shown_by(self.host(table, name.as_bytes()))
    }

    fn shown_by(&self, entry: Option<&HostEntry>) -> Option<&Arc<ServerCertificate>> {
        let id = entry.and_then(HostEntry::certificate).or(self.default_certificate.as_ref())?;
        let shard = self.certificates.get(usize::from(id.shard()))?;
        shard.certificates.get(id).map(|entry| &entry.certificate)
    }

    /// What a handshake for this name goes on with.
    pub fn handshake(&self, listener: &str, name: &str) -> Shown {
        let Some(table) = self.listener_table(listener) else { return Shown::default() };
        let entry = self.host(table, name.as_bytes());
        Shown {
            context: self.shown_by(entry).map(|certificate| certificate.context.clone()),
            host: entry.and_then(HostEntry::tls).cloned(),
            known: entry.is_some_and(|entry| !entry.key().is_empty()),
        }
    }
}

impl Default for Snapshot {
    /// Serves nothing.
    fn default() -> Self {
        let none = Digest([0; 16]);
        let backends = Arc::new(shards::BackendShard { digest: none, backends: Box::default() });
        let certificates =
            Arc::new(shards::CertificateShard { digest: none, certificates: std::collections::HashMap::new() });
        Self {
            root: None,
            listeners: Box::default(),
            connections: Connections::default(),
            log: Plan::default(),
            tables: Box::default(),
            backends: pages::Pages::default(),
            backend_shards: Arc::new(std::array::from_fn(|_| backends.clone())),
            certificates: Arc::new(std::array::from_fn(|_| certificates.clone())),
            default_certificate: None,
        }
    }
}
