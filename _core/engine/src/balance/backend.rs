//! Backends, and the small numbers that stand for their ids.
//!
//! A route does not name its backend by three texts but by an index that is the same in every snapshot, so that a new
//! list of endpoints touches no route. An index belongs to its backend for as long as any route of any snapshot that
//! still lives refers to it, and only then is given to another one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use sallygate_image::{BackendId, Balance, Digest};

use super::endpoint::{EndpointRef, InFlight};

/// The place of a backend in every snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackendIndex(pub(crate) u32);

impl BackendIndex {
    /// The index that no backend has.
    pub const NONE: Self = Self(u32::MAX);

    /// The index as a number.
    pub fn number(self) -> usize {
        self.0 as usize
    }
}

/// A backend's id and its index. Whoever holds this keeps the index.
pub struct BackendKey {
    index: BackendIndex,
    id: BackendId,
    home: Arc<Mutex<Registry>>,
}

impl BackendKey {
    /// The index.
    pub fn index(&self) -> BackendIndex {
        self.index
    }

    /// The id.
    pub fn id(&self) -> &BackendId {
        &self.id
    }
}

impl fmt::Debug for BackendKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} = {:?}", self.index, self.id)
    }
}

impl Drop for BackendKey {
    fn drop(&mut self) {
        let mut registry = lock(&self.home);
        // The same id may have come back under another index in the meantime.
        if registry.known.get(&self.id).is_some_and(|(index, _)| *index == self.index) {
            registry.known.remove(&self.id);
        }
        registry.free.push(self.index);
    }
}

#[derive(Default)]
struct Registry {
    known: HashMap<BackendId, (BackendIndex, Weak<BackendKey>), foldhash::fast::RandomState>,
    free: Vec<BackendIndex>,
    next: u32,
}

fn lock(registry: &Mutex<Registry>) -> MutexGuard<'_, Registry> {
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives out indexes. Used only by threads that build or drop snapshots.
#[derive(Clone, Default)]
pub struct BackendKeys(Arc<Mutex<Registry>>);

impl BackendKeys {
    /// The key of an id: the one in use, or one with a free index.
    pub fn key(&self, id: &BackendId) -> Arc<BackendKey> {
        let mut registry = lock(&self.0);
        if let Some(known) = registry.known.get(id).and_then(|(_, key)| key.upgrade()) {
            return known;
        }
        let index = registry.free.pop().unwrap_or_else(|| {
            let index = BackendIndex(registry.next);
            registry.next += 1;
            index
        });
        let key = Arc::new(BackendKey { index, id: id.clone(), home: self.0.clone() });
        registry.known.insert(id.clone(), (index, Arc::downgrade(&key)));
        key
    }
}

/// A backend as of one snapshot.
#[derive(Debug)]
pub struct BackendSnapshot {
    /// Its id and index.
    pub key: Arc<BackendKey>,
    /// The segment that it was built from.
    pub digest: Digest,
    /// Where requests may go.
    pub endpoints: Box<[EndpointRef]>,
    /// How one is chosen.
    pub balance: Balance,
}

impl BackendSnapshot {
    /// Counts a request to one of its endpoints until the answer is dropped, if anybody reads the count. All workers
    /// share it, so counting costs four atomic read-modify-writes on a shared cache line: only where it is the choice
    /// between endpoints that needs it.
    pub fn begin(&self, endpoint: &EndpointRef) -> Option<InFlight> {
        match self.balance {
            Balance::LeastRequest => Some(endpoint.begin()),
            Balance::RoundRobin => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(service: &str) -> BackendId {
        BackendId { namespace: "n".into(), service: service.into(), port: "80".into() }
    }

    #[test]
    fn an_index_is_kept_while_it_is_held_and_then_given_away() {
        let keys = BackendKeys::default();
        let (a, b) = (keys.key(&id("a")), keys.key(&id("b")));
        assert_eq!((a.index().number(), b.index().number()), (0, 1));
        assert!(Arc::ptr_eq(&a, &keys.key(&id("a"))));
        drop(a);
        assert_eq!(keys.key(&id("c")).index().number(), 0, "free at once");
        assert_eq!(keys.key(&id("b")).index().number(), 1);
        drop(b);
        let back = keys.key(&id("b"));
        assert_eq!(keys.key(&id("d")).index().number() + back.index().number(), 1, "two in use, no third one");
        assert_eq!(lock(&keys.0).next, 2);
    }
}
