//! How fast an answer may go to its client, where its route says so. As in nginx, a second's worth may go at once.

/// How long whoever has nothing left waits before it looks again: no less than the clock's own step.
pub const WAIT_MS: u64 = 100;

/// One answer.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    bytes_per_second: u64,
    after_bytes: u64,
    begun_ms: u64,
    sent: u64,
}

impl Throttle {
    /// An answer that begins now.
    pub fn new(bytes_per_second: u64, after_bytes: u64, now_ms: u64) -> Self {
        Self { bytes_per_second, after_bytes, begun_ms: now_ms, sent: 0 }
    }

    /// How many bytes may go now.
    pub fn allowance(&self, now_ms: u64) -> usize {
        let elapsed_ms = u128::from(now_ms.saturating_sub(self.begun_ms)) + 1_000;
        // Neither product nor sum of numbers of 64 bits needs more than 128, but for the very largest.
        let earned =
            u128::from(self.bytes_per_second).saturating_mul(elapsed_ms) / 1_000 + u128::from(self.after_bytes);
        usize::try_from(earned.saturating_sub(u128::from(self.sent))).unwrap_or(usize::MAX)
    }

    /// So many went.
    pub fn sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_may_be_sent_later_and_no_more() {
        let mut throttle = Throttle::new(1_000, 5_000, 7);
        assert_eq!(throttle.allowance(7), 6_000);
        throttle.sent(6_000);
        assert_eq!((throttle.allowance(7), throttle.allowance(107), throttle.allowance(1_007)), (0, 100, 1_000));
        throttle.sent(100);
        assert_eq!(throttle.allowance(107), 0);
        assert_eq!(throttle.allowance(10_007), 9_900);
    }

    #[test]
    fn the_largest_numbers_do_no_harm() {
        let mut throttle = Throttle::new(u64::MAX, u64::MAX, 0);
        throttle.sent(usize::MAX);
        throttle.sent(usize::MAX);
        assert!(throttle.allowance(u64::MAX) > 0);
    }
}
