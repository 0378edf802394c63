//! Per-route figures: which slot belongs to which labels, and how a worker adds to one.
//!
//! Slots are given once and never taken back, so a route that comes back after a change goes on where it stood, and a
//! reader can never see one route's figures under another's labels. When the table is full, new label sets share slot 0.

use core::ops::Deref;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::counters::add;
use super::layout::{
    BOUNDS_US, SLOT_BUCKETS, SLOT_DURATION_SUM, SLOT_REQUEST_BYTES, SLOT_RESPONSE_BYTES, SLOT_STATUS, SLOT_WORDS,
};
use super::sync::AtomicU64;

/// What a route's figures are reported under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub struct Labels {
    pub namespace: String,
    /// Name of the object that the route was written in.
    pub object: String,
    pub service: String,
    pub port: String,
    pub host: String,
    /// The path as its author wrote it.
    pub path: String,
}

/// The label sets that have slots, in order. Clones share it, so that whoever reports figures need not wait for whoever
/// builds snapshots.
#[derive(Clone, Debug, Default)]
pub struct SlotRows(Arc<Mutex<Vec<Labels>>>);

impl SlotRows {
    /// The slots given after `since`, in order. Start with 0, go on with the last number received.
    pub fn assigned(&self, since: u32) -> Vec<(u32, Labels)> {
        let rows = self.lock();
        // Only what is asked for is copied: this is called for every scrape, and mostly there is nothing new.
        (1_u32..).zip(rows.iter()).skip(since as usize).map(|(slot, labels)| (slot, labels.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Labels>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives slots to label sets. Lives on the thread that builds snapshots; workers see only the numbers.
#[derive(Debug)]
pub struct SlotAllocator {
    capacity: u32,
    slots: HashMap<Labels, u32>,
    rows: SlotRows,
    overflowed: u64,
}

impl SlotAllocator {
    /// `capacity` is the region's number of slots, slot 0 included.
    pub fn new(capacity: u32) -> Self {
        Self { capacity, slots: HashMap::new(), rows: SlotRows::default(), overflowed: 0 }
    }

    /// The slot of these labels: the one they had before, or the next free one, or 0 when none is free.
    pub fn slot(&mut self, labels: &Labels) -> u32 {
        if let Some(slot) = self.slots.get(labels) {
            return *slot;
        }
        let Some(slot) = u32::try_from(self.slots.len() + 1).ok().filter(|slot| *slot < self.capacity) else {
            self.overflowed += 1;
            return 0;
        };
        self.slots.insert(labels.clone(), slot);
        self.rows.lock().push(labels.clone());
        slot
    }

    /// What the slots stand for.
    pub fn rows(&self) -> &SlotRows {
        &self.rows
    }

    /// How often a label set found no slot.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }
}

/// The slots of one worker, which is their only writer.
#[derive(Debug)]
pub struct WorkerSlots<W> {
    words: W,
}

impl<W: Deref<Target = [AtomicU64]>> WorkerSlots<W> {
    /// `words` are the worker's own: [`SLOT_WORDS`] per slot.
    pub const fn new(words: W) -> Self {
        Self { words }
    }

    /// Adds one request. A slot that does not exist counts as slot 0.
    #[inline]
    pub fn record(&self, slot: u32, status: u16, bytes_in: u64, bytes_out: u64, duration_us: u64) {
        let start = slot as usize * SLOT_WORDS;
        let words = self.words.get(start..start + SLOT_WORDS).or_else(|| self.words.get(..SLOT_WORDS));
        let words = words.unwrap_or_default();
        add(words, SLOT_STATUS + usize::from((status / 100).clamp(1, 5)) - 1, 1);
        add(words, SLOT_REQUEST_BYTES, bytes_in);
        add(words, SLOT_RESPONSE_BYTES, bytes_out);
        add(words, SLOT_DURATION_SUM, duration_us);
        // Most requests are in one of the first buckets, so counting up beats halving.
        let bucket = BOUNDS_US.iter().position(|bound| duration_us <= *bound).unwrap_or(BOUNDS_US.len());
        add(words, SLOT_BUCKETS + bucket, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sync::Ordering;
    use super::*;

    fn labels(path: &str) -> Labels {
        let text = |text: &str| text.to_owned();
        Labels {
            namespace: text("ns"),
            object: text("web"),
            service: text("svc"),
            port: text("80"),
            host: text("a.example"),
            path: text(path),
        }
    }

    #[test]
    fn a_slot_stays_with_its_labels_and_the_last_resort_is_slot_0() {
        let mut slots = SlotAllocator::new(3);
        assert_eq!([slots.slot(&labels("/a")), slots.slot(&labels("/b")), slots.slot(&labels("/a"))], [1, 2, 1]);
        assert_eq!([slots.slot(&labels("/c")), slots.slot(&labels("/b")), slots.slot(&labels("/c"))], [0, 2, 0]);
        assert_eq!(slots.overflowed(), 2);
        let rows: Vec<_> = slots.rows().assigned(0).into_iter().map(|(slot, labels)| (slot, labels.path)).collect();
        assert_eq!(rows, [(1, "/a".to_owned()), (2, "/b".to_owned())]);
        assert_eq!(slots.rows().assigned(1).iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), [2]);
        assert_eq!(slots.rows().assigned(2).len(), 0);
    }

    #[test]
    fn a_table_without_room_gives_slot_0() {
        assert_eq!(SlotAllocator::new(1).slot(&labels("/")), 0);
        assert_eq!(SlotAllocator::new(0).slot(&labels("/")), 0);
    }

    #[test]
    fn a_request_lands_in_one_status_and_one_bucket() {
        let cases =
            [(200, 5_000, 1, 0), (302, 5_001, 2, 1), (404, 10_000_000, 3, 10), (0, 10_000_001, 0, 11), (999, 0, 4, 0)];
        for (status, duration_us, class, bucket) in cases {
            let words: Vec<AtomicU64> = (0..2 * SLOT_WORDS).map(|_| AtomicU64::new(0)).collect();
            WorkerSlots::new(&words[..]).record(1, status, 10, 20, duration_us);
            let slot: Vec<u64> = words[SLOT_WORDS..].iter().map(|word| word.load(Ordering::Relaxed)).collect();
            let mut expected = vec![0; SLOT_WORDS];
            expected[class] = 1;
            expected[5..8].copy_from_slice(&[10, 20, duration_us]);
            expected[SLOT_BUCKETS + bucket] = 1;
            assert_eq!(slot, expected, "{status} {duration_us}");
            assert!(words[..SLOT_WORDS].iter().all(|word| word.load(Ordering::Relaxed) == 0));
        }
    }

    #[test]
    fn a_slot_beyond_the_table_counts_as_slot_0() {
        let words: Vec<AtomicU64> = (0..SLOT_WORDS).map(|_| AtomicU64::new(0)).collect();
        WorkerSlots::new(&words[..]).record(u32::MAX, 200, 0, 0, 0);
        assert_eq!(words[1].load(Ordering::Relaxed), 1);
    }
}
