//! What filters of all workers share: how often each client has asked, and the threads that check passwords.

use std::sync::Arc;

use openssl::error::ErrorStack;

use crate::clock::Stopwatch;
use crate::filter::{Buckets, Checkers, Memory};

/// Made once per engine.
pub struct Shared {
    /// How often each client has asked.
    pub buckets: Arc<Buckets>,
    /// The threads that check passwords.
    pub checkers: Checkers,
    /// What services have answered that were asked about requests.
    pub memory: Memory,
    /// New for each process: what passwords are remembered by.
    pub secret: [u8; 32],
    start: Stopwatch,
}

impl Shared {
    /// With nothing in it.
    pub fn new() -> Result<Self, ErrorStack> {
        let mut secret = [0; 32];
        openssl::rand::rand_bytes(&mut secret)?;
        let (buckets, checkers, memory) = (Arc::default(), Checkers::default(), Memory::default());
        Ok(Self { buckets, checkers, memory, secret, start: Stopwatch::new() })
    }

    /// Milliseconds since it was made, the same for all workers.
    pub fn clock_ms(&self) -> u64 {
        self.start.micros() / 1_000
    }
}
