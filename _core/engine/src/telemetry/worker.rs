//! All that one worker writes. Lives on its thread; `&self` everywhere, so the worker's tasks can share it in an `Rc`.

use std::cell::Cell;
use std::io;
use std::sync::Arc;

use super::counters::{Counter, WorkerCounters};
use super::layout::{Geometry, RECORD_MAX_BYTES, RING_DATA, SLOT_WORDS};
use super::record::{AccessRecord, Outcome};
use super::ring::{CONTROL_WORDS, Producer, Ring};
use super::shm::{Region, Span};
use super::slots::WorkerSlots;

/// Spare record buffers kept per worker: as many requests as are usually under way at once. More are freed.
const SPARE_RECORDS: usize = 256;
/// First size of a record buffer: most records fit, so it never grows.
const RECORD_BYTES: usize = 512;

/// One worker's counters, slots and log ring.
#[derive(Debug)]
pub struct Worker {
    counters: WorkerCounters<Span>,
    slots: WorkerSlots<Span>,
    ring: Producer<Span>,
    spare: Cell<Vec<Vec<u8>>>,
}

impl Worker {
    /// `None` when the region is smaller than its geometry says.
    pub(super) fn new(region: &Arc<Region>, index: u32) -> Option<Self> {
        let geometry = region.geometry();
        let span = |offset, words| Span::new(region, offset, words);
        let ring = geometry.ring_at(index);
        let ring = Ring::new(span(ring, CONTROL_WORDS as u64)?, span(ring + RING_DATA, geometry.ring_bytes() / 8)?)?;
        let slot_words = u64::from(geometry.slots()) * SLOT_WORDS as u64;
        Some(Self {
            counters: WorkerCounters::new(span(Geometry::counters_at(index), Counter::COUNT as u64)?),
            slots: WorkerSlots::new(span(geometry.slots_at(index), slot_words)?),
            ring: Producer::new(ring),
            spare: Cell::default(),
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
        let mut spare = self.spare.take();
        let bytes = spare.pop().unwrap_or_else(|| Vec::with_capacity(RECORD_BYTES));
        self.spare.set(spare);
        AccessRecord::start(bytes)
    }

    /// Writes a record to the log. Never waits: `false` when the ring is full, which readers see as a count of dropped ones.
    #[inline]
    pub fn log(&self, record: AccessRecord, outcome: &Outcome) -> bool {
        let bytes = record.finish(outcome);
        let written = self.ring.push(&bytes);
        if written {
            self.counters.add(Counter::AccessLogRecords, 1);
        }
        let mut spare = self.spare.take();
        if spare.len() < SPARE_RECORDS && bytes.capacity() <= RECORD_MAX_BYTES * 2 {
            spare.push(bytes);
        }
        self.spare.set(spare);
        written
    }
}
