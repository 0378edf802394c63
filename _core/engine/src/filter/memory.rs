//! Answers of services that are asked about requests, remembered for a while; all workers share them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::external::{Answered, Digest};

/// Answers that are remembered. Clients choose what keys are made of, so they could fill any memory.
const ENTRIES: usize = 10_000;
/// What they may take in all.
const BYTES: usize = 16 << 20;
/// What one may take: a larger one is asked for each time.
const ENTRY_BYTES: usize = 16 << 10;

struct Entry {
    answered: Arc<Answered>,
    until_ms: u64,
    number: u64,
}

#[derive(Default)]
struct Inner {
    known: HashMap<Digest, Entry>,
    /// In the order in which they came; some have been replaced since.
    order: VecDeque<(Digest, u64)>,
    bytes: usize,
    next: u64,
}

/// What was answered lately.
#[derive(Default)]
pub struct Memory(Mutex<Inner>);

impl Memory {
    /// What was answered under this key, if that still counts.
    pub fn find(&self, key: &Digest, now_ms: u64) -> Option<Arc<Answered>> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.known.get(key).filter(|entry| now_ms < entry.until_ms).map(|entry| Arc::clone(&entry.answered))
    }

    /// Remembers an answer, for as long as it says. The oldest ones make room.
    pub fn keep(&self, key: Digest, answered: &Arc<Answered>, now_ms: u64) {
        let Some(kept_ms) = answered.kept_ms.filter(|_| answered.bytes() <= ENTRY_BYTES) else { return };
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = inner.next;
        inner.next += 1;
        let entry = Entry { answered: Arc::clone(answered), until_ms: now_ms.saturating_add(kept_ms), number };
        inner.bytes += answered.bytes();
        if let Some(before) = inner.known.insert(key, entry) {
            inner.bytes -= before.answered.bytes();
        }
        inner.order.push_back((key, number));
        while inner.known.len() > ENTRIES || inner.bytes > BYTES || inner.order.len() > 2 * ENTRIES {
            let Some((oldest, number)) = inner.order.pop_front() else { break };
            if inner.known.get(&oldest).is_some_and(|entry| entry.number == number)
                && let Some(gone) = inner.known.remove(&oldest)
            {
                inner.bytes -= gone.answered.bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: u64) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    fn answered(bytes: usize, kept_ms: Option<u64>) -> Arc<Answered> {
        Arc::new(Answered { status: 200, copied: vec![b'x'; bytes], kept_ms, ..Answered::default() })
    }

    #[test]
    fn an_answer_counts_until_its_time_is_over() {
        let memory = Memory::default();
        memory.keep(digest(1), &answered(0, Some(1_000)), 500);
        memory.keep(digest(2), &answered(0, None), 500);
        assert!(memory.find(&digest(1), 1_499).is_some());
        assert!(memory.find(&digest(1), 1_500).is_none());
        assert!(memory.find(&digest(2), 500).is_none() && memory.find(&digest(3), 500).is_none());
    }

    #[test]
    fn it_never_grows_beyond_its_bounds() {
        let memory = Memory::default();
        for number in 0..25_000 {
            memory.keep(digest(number % 12_000), &answered(4_000, Some(1_000)), 0);
        }
        memory.keep(digest(99_999), &answered(ENTRY_BYTES, Some(1_000)), 0);
        let inner = memory.0.lock().unwrap();
        assert!(inner.known.len() <= ENTRIES && inner.bytes <= BYTES && inner.order.len() <= 2 * ENTRIES);
        assert_eq!(inner.bytes, inner.known.values().map(|entry| entry.answered.bytes()).sum::<usize>());
        assert!(!inner.known.contains_key(&digest(99_999)));
        assert!(inner.known.len() > 1_000, "the newest are there");
    }
}
