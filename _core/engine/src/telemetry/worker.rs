//! All that one worker writes. Lives on its thread; `&self` everywhere, so the worker's tasks can share it in an `Rc`.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use super::counters::{Counter, WorkerCounters};
use super::layout::{Geometry, SLOT_WORDS};
use super::record::{AccessRecord, Outcome};
use super::ring::Producer;
use super::shm::{Claim, Region, Span};
use super::slots::WorkerSlots;

/// One worker's counters, slots and log ring.
pub struct Worker {
    counters: WorkerCounters<Span>,
    slots: WorkerSlots<Span>,
    ring: Producer<Span>,
    /// The memory of the last record: each is written at once, so that one will do, and stays in the cache.
    memory: Cell<Vec<u8>>,
    _claim: Claim,
}

impl Worker {
    /// `None` when the region is smaller than its geometry says.
    pub(super) fn new(region: &Arc<Region>, claim: Claim) -> Option<Self> {
        let index = claim.index();
        let geometry = region.geometry();
        let span = |offset, words| Span::new(region, offset, words);
        let slot_words = u64::from(geometry.slots()) * SLOT_WORDS as u64;
        Some(Self {
            counters: WorkerCounters::new(span(Geometry::counters_at(index), Counter::COUNT as u64)?),
            slots: WorkerSlots::new(span(geometry.slots_at(index), slot_words)?),
            ring: Producer::new(region.ring(index)?),
            memory: Cell::default(),
            _claim: claim,
        })
    }

    /// Adds to a counter.
    #[inline]
    pub fn add(&self, counter: Counter, amount: u64) {
        self.counters.add(counter, amount);
    }

    /// Adds one request to the figures of its route: bytes are of bodies, slot 0 is "no route".
    #[inline]
    pub fn observe(&self, slot: u32, status: u16, bytes_in: u64, bytes_out: u64, duration_us: u64) {
        self.slots.record(slot, status, bytes_in, bytes_out, duration_us);
    }

    /// A fresh access-log record. One that is dropped instead of logged costs an allocation later, nothing else.
    #[inline]
    pub fn record(&self) -> AccessRecord {
        AccessRecord::start(self.memory.take())
    }

    /// Writes a record to the log. Never waits: `false` when the ring is full, which readers see as a count of dropped ones.
    #[inline]
    pub fn log(&self, mut record: AccessRecord, outcome: &Outcome) -> bool {
        let written = self.ring.push(record.finish(outcome));
        if written {
            self.counters.add(Counter::AccessLogRecords, 1);
        }
        self.memory.set(record.into_memory());
        written
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
