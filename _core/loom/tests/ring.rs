//! The log ring: whatever the interleaving, records come out whole and in order, and each is either read or counted.
//!
//! Loom shows what a stale load can do, which is what `head` guards against. It never delays a load past a later store, so
//! the release of `tail` (a record is read before its room is given back) is argued in `ring.rs` and stressed there.

use loom::sync::Arc;
use loom::sync::atomic::AtomicU64;
use loom::thread;
use sallygate_loom::telemetry::ring::{CONTROL_WORDS, Consumer, Producer, Ring};

/// Words that keep themselves alive: what a mapped region is in the engine.
#[derive(Clone)]
struct Words(Arc<Vec<AtomicU64>>);

impl Words {
    fn new(count: usize) -> Self {
        Self(Arc::new((0..count).map(|_| AtomicU64::new(0)).collect()))
    }
}

impl std::ops::Deref for Words {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        &self.0
    }
}

/// `words` words that all follow from `number`, so that a torn record shows.
fn record(number: u64, words: u64) -> Vec<u8> {
    let mut bytes = (words * 8 | (number << 32)).to_le_bytes().to_vec();
    (1..words).for_each(|place| bytes.extend((number * 100 + place).to_le_bytes()));
    bytes
}

/// Pushes records of these sizes while they are read, and checks what came of it.
fn run(data_words: usize, sizes: &'static [u64], looks: usize) {
    loom::model(move || {
        let (control, data) = (Words::new(CONTROL_WORDS), Words::new(data_words));
        let ring = || Ring::new(control.clone(), data.clone()).unwrap();
        let producer = Producer::new(ring());
        let mut consumer = Consumer::new(ring());
        let writing = thread::spawn(move || {
            let pushed = sizes.iter().zip(1..).filter(|(size, number)| producer.push(&record(*number, **size)));
            pushed.count() as u64
        });
        let mut seen = Vec::new();
        let mut look = |consumer: &mut Consumer<Words>| {
            let mut bytes = Vec::new();
            if consumer.pop(&mut bytes) {
                let number = u64::from_le_bytes(bytes[..8].try_into().unwrap()) >> 32;
                assert_eq!(bytes, record(number, sizes[number as usize - 1]), "torn");
                assert!(seen.last() < Some(&number), "out of order");
                seen.push(number);
                return true;
            }
            false
        };
        for _ in 0..looks {
            look(&mut consumer);
        }
        let pushed = writing.join().unwrap();
        while look(&mut consumer) {}
        assert_eq!(seen.len() as u64, pushed);
        assert_eq!(consumer.dropped() + pushed, sizes.len() as u64);
    });
}

#[test]
fn records_are_whole_and_in_order() {
    run(8, &[2, 2], 2);
}

#[test]
fn room_is_only_used_again_after_it_was_read() {
    run(4, &[2, 2, 2], 2);
}

#[test]
fn a_gap_at_the_end_is_skipped() {
    run(4, &[3, 2, 2], 2);
}
