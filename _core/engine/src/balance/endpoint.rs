//! What is known about an address that answers, for as long as anybody uses it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

/// What makes two endpoints the same.
pub type EndpointKey = SocketAddr;

/// A shared endpoint.
pub type EndpointRef = Arc<Endpoint>;

/// An address, and the requests that are under way to it from all workers. Two of them never share a cache line, so
/// that counting for one does not slow down the other.
#[derive(Debug)]
#[repr(align(64))]
pub struct Endpoint {
    address: SocketAddr,
    in_flight: AtomicU32,
}

impl Endpoint {
    /// An endpoint that nothing is under way to.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, in_flight: AtomicU32::new(0) }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests that are under way to it.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Count a request until the answer is dropped.
    #[must_use = "the request is under way for as long as this lives"]
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }
}

/// A request under way.
#[derive(Debug)]
pub struct InFlight(EndpointRef);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All endpoints that are in use, by address. Only the thread that builds snapshots asks it.
#[derive(Debug, Default)]
pub struct Endpoints {
    known: HashMap<EndpointKey, Weak<Endpoint>>,
    /// How many there may be before those that nobody uses any more are dropped.
    sweep_at: usize,
}

impl Endpoints {
    /// The endpoint of an address: the one that is in use, or a new one.
    pub fn get(&mut self, address: EndpointKey) -> EndpointRef {
        if let Some(known) = self.known.get(&address).and_then(Weak::upgrade) {
            return known;
        }
        if self.known.len() >= self.sweep_at {
            self.known.retain(|_, endpoint| endpoint.strong_count() > 0);
            self.sweep_at = 2 * self.known.len() + 64;
        }
        let fresh = Arc::new(Endpoint::new(address));
        self.known.insert(address, Arc::downgrade(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_live_as_long_as_the_endpoint_is_used() {
        let mut endpoints = Endpoints::default();
        let address: SocketAddr = "10.0.0.1:80".parse().unwrap();
        let endpoint = endpoints.get(address);
        let (one, two) = (endpoint.begin(), endpoint.begin());
        drop(endpoint);
        let again = endpoints.get(address);
        assert_eq!(again.in_flight(), 2, "kept by the requests alone");
        drop((one, two));
        assert_eq!(again.in_flight(), 0);
        let gone = Arc::downgrade(&again);
        drop(again);
        assert!(gone.upgrade().is_none(), "the registry keeps nothing alive");
    }

    #[test]
    fn the_registry_does_not_grow_with_what_is_gone() {
        let mut endpoints = Endpoints::default();
        for number in 0..10_000_u32 {
            endpoints.get(SocketAddr::from((number.to_be_bytes(), 80)));
        }
        assert!(endpoints.known.len() <= 64, "{}", endpoints.known.len());
    }
}
