//! A ring of byte records between one producer and one consumer, in memory that two languages share.
//!
//! The producer never waits: a record that does not fit is dropped and counted. Positions are free-running byte counts;
//! records are multiples of 8 bytes and never wrap: a length of `SKIP` sends the reader to the start of the data. Data is
//! moved as relaxed 64-bit words between an acquire of the other side's position and a release of one's own, which is
//! all the ordering there is. This file stands on core and `sync.rs` alone: the loom model runs it as it is.

use core::cell::Cell;
use core::ops::Deref;

use super::sync::{AtomicU64, Ordering};

/// Words of the control block: `head` and `dropped` in the producer's line, `tail` in the consumer's.
const HEAD: usize = 0;
const DROPPED: usize = 1;
const TAIL: usize = 16;
/// Size of the control block.
pub const CONTROL_WORDS: usize = 32;
/// A length that stands for "go on at the start".
const SKIP: u32 = u32::MAX;

/// The shared words of a ring; `W` is whatever keeps them alive.
#[derive(Debug)]
pub struct Ring<W> {
    control: W,
    data: W,
}

impl<W: Deref<Target = [AtomicU64]>> Ring<W> {
    /// `control` has [`CONTROL_WORDS`] words, `data` a power of two of them; `None` otherwise.
    pub fn new(control: W, data: W) -> Option<Self> {
        (control.len() >= CONTROL_WORDS && data.len().is_power_of_two()).then_some(Self { control, data })
    }

    fn load(&self, word: usize, order: Ordering) -> u64 {
        self.control.get(word).map_or(0, |word| word.load(order))
    }

    fn store(&self, word: usize, value: u64, order: Ordering) {
        if let Some(word) = self.control.get(word) {
            word.store(value, order);
        }
    }

    fn bytes(&self) -> u64 {
        self.data.len() as u64 * 8
    }

    /// The words from a position up to the end of the data.
    #[allow(clippy::cast_possible_truncation)] // smaller than the data, which is in memory
    fn words_from(&self, position: u64) -> &[AtomicU64] {
        self.data.get(((position & (self.bytes() - 1)) / 8) as usize..).unwrap_or_default()
    }
}

/// The writing end. One per ring.
#[derive(Debug)]
pub struct Producer<W> {
    ring: Ring<W>,
    head: Cell<u64>,
    /// What was last seen of the consumer's position: it is only looked up when the ring seems full.
    tail: Cell<u64>,
    dropped: Cell<u64>,
}

impl<W: Deref<Target = [AtomicU64]>> Producer<W> {
    /// Goes on where the ring stands.
    pub fn new(ring: Ring<W>) -> Self {
        let head = Cell::new(ring.load(HEAD, Ordering::Relaxed));
        let tail = Cell::new(ring.load(TAIL, Ordering::Acquire));
        let dropped = Cell::new(ring.load(DROPPED, Ordering::Relaxed));
        Self { ring, head, tail, dropped }
    }

    /// Copies one record in. Its length must be a multiple of 8, and stand in its first four bytes.
    /// `false`, and counted, when there is no room.
    #[inline]
    pub fn push(&self, record: &[u8]) -> bool {
        let written = self.write(record);
        if !written {
            self.dropped.set(self.dropped.get().wrapping_add(1));
            self.ring.store(DROPPED, self.dropped.get(), Ordering::Relaxed);
        }
        written
    }

    #[inline]
    fn write(&self, record: &[u8]) -> bool {
        let (words, rest) = record.as_chunks::<8>();
        if words.is_empty() || !rest.is_empty() {
            return false;
        }
        let head = self.head.get();
        let mut target = self.ring.words_from(head);
        let gap = if target.len() < words.len() { target.len() as u64 * 8 } else { 0 };
        let end = head.wrapping_add(gap).wrapping_add(record.len() as u64);
        if end.wrapping_sub(self.tail.get()) > self.ring.bytes() {
            self.tail.set(self.ring.load(TAIL, Ordering::Acquire));
            if end.wrapping_sub(self.tail.get()) > self.ring.bytes() {
                return false;
            }
        }
        if gap > 0 {
            if let Some(word) = target.first() {
                word.store(u64::from(SKIP), Ordering::Relaxed);
            }
            target = self.ring.words_from(0);
        }
        for (word, bytes) in target.iter().zip(words) {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        }
        self.head.set(end);
        self.ring.store(HEAD, end, Ordering::Release);
        true
    }
}

/// The reading end, as the Cython reader does it: the reference for the model, the tests and the measurements.
#[derive(Debug)]
pub struct Consumer<W> {
    ring: Ring<W>,
    tail: u64,
}

impl<W: Deref<Target = [AtomicU64]>> Consumer<W> {
    /// Goes on where the ring stands.
    pub fn new(ring: Ring<W>) -> Self {
        let tail = ring.load(TAIL, Ordering::Relaxed);
        Self { ring, tail }
    }

    /// Appends the next record to `into`; `false` when there is none, or none that makes sense.
    #[allow(clippy::cast_possible_truncation)] // the length is the low half of the first word
    pub fn pop(&mut self, into: &mut Vec<u8>) -> bool {
        let head = self.ring.load(HEAD, Ordering::Acquire);
        while self.tail != head {
            let words = self.ring.words_from(self.tail);
            let length = words.first().map_or(0, |word| word.load(Ordering::Relaxed)) as u32;
            if length == SKIP {
                self.tail = self.tail.wrapping_add(words.len() as u64 * 8);
                continue;
            }
            let words = words.get(..length as usize / 8).unwrap_or_default();
            if words.is_empty() || !length.is_multiple_of(8) {
                return false;
            }
            for word in words {
                into.extend_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
            }
            self.tail = self.tail.wrapping_add(u64::from(length));
            self.ring.store(TAIL, self.tail, Ordering::Release);
            return true;
        }
        false
    }

    /// Records that the producer dropped so far.
    pub fn dropped(&self) -> u64 {
        self.ring.load(DROPPED, Ordering::Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)] // cfg(all(..)) hides from clippy that these are tests
mod tests {
    use std::thread;

    use super::*;

    type Words = Vec<AtomicU64>;

    fn words(control: usize, data: usize) -> (Words, Words) {
        let make = |count| (0..count).map(|_| AtomicU64::new(0)).collect();
        (make(control), make(data))
    }

    fn ends((control, data): &(Words, Words)) -> (Producer<&[AtomicU64]>, Consumer<&[AtomicU64]>) {
        let ring = || Ring::new(&control[..], &data[..]).unwrap();
        (Producer::new(ring()), Consumer::new(ring()))
    }

    /// A record that can be recognised: every byte after the length follows from `number` and its place.
    fn record(number: u64, words: usize) -> Vec<u8> {
        let mut record = ((words * 8) as u64 | number << 32).to_le_bytes().to_vec();
        (1..words as u64).for_each(|place| record.extend((number ^ place << 40).to_le_bytes()));
        record
    }

    #[test]
    fn records_come_out_as_they_went_in_at_every_position() {
        let memory = words(CONTROL_WORDS, 16);
        let (producer, mut consumer) = ends(&memory);
        for number in 0..1_000 {
            let sent = record(number, 1 + number as usize % 8);
            assert!(producer.push(&sent));
            let mut got = Vec::new();
            assert!(consumer.pop(&mut got));
            assert_eq!(got, sent);
            assert!(!consumer.pop(&mut got));
        }
        assert_eq!(consumer.dropped(), 0);
    }

    #[test]
    fn positions_may_wrap_around() {
        let memory = words(CONTROL_WORDS, 16);
        memory.0[HEAD].store(u64::MAX - 63, Ordering::Relaxed);
        memory.0[TAIL].store(u64::MAX - 63, Ordering::Relaxed);
        let (producer, mut consumer) = ends(&memory);
        for number in 0..100 {
            assert!(producer.push(&record(number, 5)));
            let mut got = Vec::new();
            assert!(consumer.pop(&mut got));
            assert_eq!(got, record(number, 5));
        }
    }

    #[test]
    fn what_can_never_fit_or_is_not_padded_is_dropped() {
        let memory = words(CONTROL_WORDS, 16);
        let (producer, mut consumer) = ends(&memory);
        for bytes in [0, 7, 12, 136] {
            assert!(!producer.push(&vec![0; bytes]));
        }
        assert_eq!(consumer.dropped(), 4);
        assert!(!consumer.pop(&mut Vec::new()));
    }

    #[test]
    fn a_length_that_makes_no_sense_ends_the_reading() {
        for length in [0, 3, 4_096] {
            let memory = words(CONTROL_WORDS, 16);
            let (producer, mut consumer) = ends(&memory);
            assert!(producer.push(&record(1, 2)));
            memory.1[0].store(length, Ordering::Relaxed);
            assert!(!consumer.pop(&mut Vec::new()));
        }
    }

    #[test]
    fn a_ring_of_the_wrong_shape_is_none() {
        for (control, data) in [(CONTROL_WORDS - 1, 16), (CONTROL_WORDS, 0), (CONTROL_WORDS, 12)] {
            let (control, data) = words(control, data);
            assert!(Ring::new(&control[..], &data[..]).is_none());
        }
    }

    #[test]
    fn under_stress_nothing_is_torn_lost_or_reordered() {
        const RECORDS: u64 = 300_000;
        let memory = words(CONTROL_WORDS, 512);
        let (control, data) = &memory;
        thread::scope(|scope| {
            scope.spawn(move || {
                let producer = Producer::new(Ring::new(&control[..], &data[..]).unwrap());
                for number in 0..RECORDS {
                    producer.push(&record(number, 1 + number as usize % 37));
                }
                // The last one must arrive, so that the reader knows when to stop.
                while !producer.push(&record(RECORDS, 1)) {
                    thread::yield_now();
                }
            });
            let mut consumer = Consumer::new(Ring::new(&control[..], &data[..]).unwrap());
            let (mut got, mut seen, mut last) = (Vec::new(), 0, None);
            while last != Some(RECORDS) {
                got.clear();
                if !consumer.pop(&mut got) {
                    thread::yield_now();
                    continue;
                }
                let number = u64::from_le_bytes(got[..8].try_into().unwrap()) >> 32;
                assert!(last < Some(number), "{number} after {last:?}");
                let words = if number == RECORDS { 1 } else { 1 + number as usize % 37 };
                assert_eq!(got, record(number, words));
                (seen, last) = (seen + 1, Some(number));
            }
            // The retries of the last record count as dropped too.
            assert!(seen + consumer.dropped() > RECORDS);
        });
    }
}
