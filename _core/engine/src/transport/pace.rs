//! Does a peer move bytes fast enough, in the time in which only it was waited for?
//!
//! A silent peer runs into its deadline; one that moves a byte now and then never does, and this is what ends it.

/// What a peer owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How long it may be as slow as it likes.
    pub grace_ms: u64,
    /// How many bytes a second it must have moved on average once it was waited for longer.
    pub bytes_per_second: u64,
}

/// One direction of one message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    since_ms: Option<u64>,
    waited_ms: u64,
    bytes: u64,
}

impl Pace {
    /// From now on nothing but the peer is waited for.
    pub fn wait(&mut self, now_ms: u64) {
        self.since_ms.get_or_insert(now_ms);
    }

    /// The peer has moved bytes. False if it is too slow.
    pub fn moved(&mut self, now_ms: u64, bytes: usize, rate: Rate) -> bool {
        self.bytes += u64::try_from(bytes).unwrap_or(0);
        if let Some(since_ms) = self.since_ms.take() {
            self.waited_ms += now_ms.saturating_sub(since_ms);
        }
        self.waited_ms <= rate.grace_ms || self.bytes.saturating_mul(1_000) >= self.waited_ms * rate.bytes_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { grace_ms: 10_000, bytes_per_second: 240 };

    #[test]
    fn a_trickle_is_too_slow_once_the_grace_is_over() {
        let mut pace = Pace::default();
        for second in 0..=10 {
            assert!(pace.moved(second * 1_000, 1, RATE), "{second}");
            pace.wait(second * 1_000);
        }
        assert!(!pace.moved(11_000, 1, RATE));
    }

    #[test]
    fn a_slow_line_is_fast_enough() {
        let mut pace = Pace::default();
        for second in 0..1_000 {
            assert!(pace.moved(second * 1_000, 240, RATE));
            pace.wait(second * 1_000);
        }
    }

    #[test]
    fn time_in_which_others_were_waited_for_does_not_count() {
        let mut pace = Pace::default();
        for hour in 0..100 {
            pace.wait(hour * 3_600_000);
            assert!(pace.moved(hour * 3_600_000 + 50, 1, RATE));
        }
        pace.wait(0);
        pace.wait(9_000_000);
        assert!(!pace.moved(9_000_000, 1, RATE), "the first wait counts");
    }
}
