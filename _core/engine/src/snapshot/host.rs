//! One host and its routes, in one piece of memory.
//!
//! With many hosts nothing of a host is in a cache when a request for it comes. So everything that a lookup reads lies
//! side by side (what the indexes say, the host's name, the texts of its paths), where it is fetched all at once, and
//! what a lookup does not read lies elsewhere.

use std::sync::Arc;

use sallygate_image::{CertificateId, Digest};
use triomphe::ThinArc;

use super::wide;
use crate::prefetch::{LINE, prefetch};
use crate::regex::{GaveUp, Place, Regex};
use crate::route::{Route, RouteTable};
use crate::trust::{HostTls, Verification};

/// What a lookup may read of an entry, in cache lines, at the most: of a host with more the rest comes as it is read.
pub(super) const LINES: usize = 8;

/// A host that is served. Clones share it.
#[derive(Clone)]
pub struct HostEntry(ThinArc<Head, u8>);

/// What stands before the bytes, which are the host's key and then what the routes' indexes hold.
#[repr(C)]
struct Head {
    routes: RouteTable,
    key_length: u32,
    /// Does it ask its clients for certificates? Most do not, and must not be looked at further to know.
    guarded: bool,
    rest: Box<Rest>,
}

/// What lookups do not need.
struct Rest {
    certificate: Option<CertificateId>,
    digest: Digest,
    policies: Box<[Digest]>,
    tls: Option<Arc<HostTls>>,
    expression: Option<Regex>,
}

/// What an entry is made of, as long as its routes may still change.
pub(super) struct HostDraft {
    pub(super) digest: Digest,
    pub(super) key: String,
    pub(super) certificate: Option<CertificateId>,
    pub(super) routes: RouteTable,
    /// Begins with the key; what `RouteTable::new` gave.
    pub(super) block: Vec<u8>,
    pub(super) policies: Box<[Digest]>,
    pub(super) tls: Option<Arc<HostTls>>,
    /// What its name is looked for with, if it is one.
    pub(super) expression: Option<Regex>,
}

/// The expression that a key holds, if it does.
pub(super) fn compiled(key: &str) -> Result<Option<Regex>, String> {
    // Case means nothing in hosts: they come in lower case, whatever the expression is written in.
    wide::expression(key).map(|pattern| Regex::new(pattern, true, Place::Anywhere)).transpose()
}

impl HostDraft {
    pub(super) fn finish(self) -> HostEntry {
        let Self { digest, key, certificate, routes, block, policies, tls, expression } = self;
        let head = Head {
            routes,
            // Hosts are limited to 253 bytes.
            key_length: u32::try_from(key.len()).unwrap_or(0),
            guarded: tls.as_ref().is_some_and(|tls| tls.clients.is_some()),
            rest: Box::new(Rest { certificate, digest, policies, tls, expression }),
        };
        HostEntry(ThinArc::from_header_and_slice(head, &block))
    }
}

impl HostEntry {
    /// The name that its shard lists it under: the host itself, `.x` for `*.x`, or nothing.
    #[inline]
    pub(super) fn key(&self) -> &[u8] {
        self.0.slice.get(..self.0.header.header.key_length as usize).unwrap_or_default()
    }

    /// Is its expression found in this name? One that gives up on it says no: a name is no secret, and whoever has chosen
    /// it could have chosen another one.
    pub(super) fn is_found_in(&self, host: &[u8]) -> bool {
        let expression = self.0.header.header.rest.expression.as_ref();
        expression.is_some_and(|expression| expression.matches(host).unwrap_or(false))
    }

    /// Whether they are one and the same, not only equal.
    #[cfg(test)]
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.heap_ptr() == other.0.heap_ptr()
    }

    /// The host as its owner would write it.
    pub fn host(&self) -> String {
        display_host(&String::from_utf8_lossy(self.key()))
    }

    /// The route of a path in normal form.
    #[inline]
    pub fn lookup(&self, path: &[u8]) -> Result<Option<&Route>, GaveUp> {
        self.0.header.header.routes.lookup(&self.0.slice, path)
    }

    /// All routes, in the order of the host's list.
    pub fn routes(&self) -> &[Route] {
        self.0.header.header.routes.routes()
    }

    /// What a TLS client that names this host is shown; None is the default certificate.
    pub fn certificate(&self) -> Option<&CertificateId> {
        self.0.header.header.rest.certificate.as_ref()
    }

    /// What TLS with its clients is besides.
    pub fn tls(&self) -> Option<&Arc<HostTls>> {
        self.0.header.header.rest.tls.as_ref()
    }

    /// What it asks of its clients' certificates, if anything.
    #[inline]
    pub fn clients(&self) -> Option<&Verification> {
        if !self.0.header.header.guarded {
            return None;
        }
        self.tls()?.clients.as_ref()
    }

    /// The segment that it was built from.
    pub fn digest(&self) -> Digest {
        self.0.header.header.rest.digest
    }

    /// The segments of its policies, each once.
    pub(super) fn policies(&self) -> &[Digest] {
        &self.0.header.header.rest.policies
    }

    /// How many lines a lookup may read: 1 to `LINES`.
    pub(super) fn lines(&self) -> u16 {
        let bytes = size_of::<Head>() + self.0.slice.len();
        u16::try_from((bytes / LINE + 1).min(LINES)).unwrap_or(1)
    }

    /// Have the first lines fetched from memory, all at once. Whoever calls this knows their number without reading the
    /// entry, which would wait for the first one.
    #[inline]
    pub(super) fn fetch(&self, lines: usize) {
        prefetch(self.0.heap_ptr(), lines);
    }
}

/// A host key as its owner would write it.
pub(super) fn display_host(key: &str) -> String {
    if key.starts_with('.') { format!("*{key}") } else { key.to_owned() }
}
