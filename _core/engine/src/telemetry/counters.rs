//! The worker's counters. The list is `_core/cython/metrics.h`, which C reads too: a new counter is one row there.

use core::ops::Deref;

use super::sync::{AtomicU64, Ordering};

macro_rules! metrics {
    (
        $( COUNTER($id:ident, $name:literal, $labels:literal, $help:literal) )+
        $( GAUGE($gauge:literal, $gauge_labels:literal, $opened:ident, $closed:ident, $gauge_help:literal) )+
        $( SERIES($series:ident, $series_name:literal, $series_type:literal, $series_help:literal) )+
    ) => {
        /// One counter of a worker; its number is its place in the shared memory.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter {
            $(
                #[doc = concat!("`", $name, "{", $labels, "}` ", $help)]
                $id,
            )+
        }

        impl Counter {
            /// Every counter, in the order of the shared memory.
            pub const ALL: [Self; [$(stringify!($id)),+].len()] = [$(Self::$id),+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();
            /// Gauges: pairs of counters that count the beginnings and the ends of the same thing.
            pub const GAUGES: &[(Self, Self)] = &[$((Self::$opened, Self::$closed)),+];
        }
    };
}

include!("../../../cython/metrics.h");

impl Counter {
    /// Responses sent to clients with this status.
    pub const fn response(status: u16) -> Self {
        match status / 100 {
            1 => Self::Responses1xx,
            2 => Self::Responses2xx,
            3 => Self::Responses3xx,
            4 => Self::Responses4xx,
            _ => Self::Responses5xx,
        }
    }

    /// Responses read from endpoints with this status.
    pub const fn upstream_response(status: u16) -> Self {
        match status / 100 {
            1 => Self::UpstreamResponses1xx,
            2 => Self::UpstreamResponses2xx,
            3 => Self::UpstreamResponses3xx,
            4 => Self::UpstreamResponses4xx,
            _ => Self::UpstreamResponses5xx,
        }
    }
}

/// The counters of one worker, which is their only writer: a load and a store, never a locked instruction.
#[derive(Debug)]
pub struct WorkerCounters<W> {
    words: W,
}

impl<W: Deref<Target = [AtomicU64]>> WorkerCounters<W> {
    /// `words` are the worker's own, [`Counter::COUNT`] of them.
    pub const fn new(words: W) -> Self {
        Self { words }
    }

    /// Adds to a counter. Wraps, as readers of counters expect.
    #[inline]
    pub fn add(&self, counter: Counter, amount: u64) {
        add(&self.words, counter as usize, amount);
    }
}

/// Adds to one word that has no other writer.
#[inline]
pub(super) fn add(words: &[AtomicU64], index: usize, amount: u64) {
    if let Some(word) = words.get(index) {
        word.store(word.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enum_order_is_the_row_order_of_the_table() {
        let rows = include_str!("../../../cython/metrics.h").lines().filter_map(|line| line.strip_prefix("COUNTER("));
        let names: Vec<&str> = rows.filter_map(|row| row.split_once(',')).map(|(id, _)| id).collect();
        let here: Vec<String> = Counter::ALL.iter().map(|counter| format!("{counter:?}")).collect();
        assert_eq!(names, here);
        for (place, counter) in Counter::ALL.into_iter().enumerate() {
            assert_eq!(counter as usize, place);
        }
    }

    #[test]
    fn a_gauge_is_made_of_two_different_counters() {
        for (opened, closed) in Counter::GAUGES {
            assert_ne!(opened, closed);
        }
    }

    #[test]
    fn adds_to_its_own_word_only_and_wraps() {
        let words: Vec<AtomicU64> = (0..Counter::COUNT).map(|_| AtomicU64::new(u64::MAX)).collect();
        WorkerCounters::new(&words[..]).add(Counter::Panics, 3);
        for counter in Counter::ALL {
            let expected = if counter == Counter::Panics { 2 } else { u64::MAX };
            assert_eq!(words[counter as usize].load(Ordering::Relaxed), expected);
        }
    }

    #[test]
    fn every_status_has_a_class() {
        let classes = [100, 299, 304, 499, 502, 0, 999].map(Counter::response);
        assert_eq!(
            classes,
            [
                Counter::Responses1xx,
                Counter::Responses2xx,
                Counter::Responses3xx,
                Counter::Responses4xx,
                Counter::Responses5xx,
                Counter::Responses5xx,
                Counter::Responses5xx
            ]
        );
        assert_eq!(Counter::upstream_response(101), Counter::UpstreamResponses1xx);
        assert_eq!(Counter::upstream_response(504), Counter::UpstreamResponses5xx);
    }
}
