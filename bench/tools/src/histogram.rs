//! Latencies in buckets whose width grows with the value: at most 1/32 of error, 2,048 counters, no allocation.

/// Sub-buckets per power of two.
const FINE: u64 = 32;
const FINE_BITS: u32 = FINE.ilog2();
const BUCKETS: usize = 64 << FINE_BITS;

/// Counts of nanosecond values.
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u64,
    highest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, sum: 0, highest: 0 }
    }
}

fn bucket(value: u64) -> usize {
    let shift = (value | 1).ilog2().saturating_sub(FINE_BITS);
    usize::try_from(u64::from(shift) * FINE + (value >> shift)).map_or(BUCKETS - 1, |index| index.min(BUCKETS - 1))
}

/// The middle of the values that fall into a bucket.
fn middle(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * FINE {
        return index;
    }
    let shift = index / FINE - 1;
    ((index - shift * FINE) << shift) + (1 << shift) / 2
}

impl Histogram {
    /// Counts one value.
    pub fn add(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
        self.sum = self.sum.saturating_add(nanoseconds);
        self.highest = self.highest.max(nanoseconds);
    }

    /// The value below which the given part of all values lies; zero where there are none.
    pub fn quantile(&self, part: f64) -> u64 {
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let wanted = ((self.total as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return middle(index).min(self.highest);
            }
        }
        0
    }

    /// A JSON object of microseconds.
    pub fn json(&self) -> String {
        #[allow(clippy::cast_precision_loss)]
        let micro = |nanoseconds: u64| nanoseconds as f64 / 1000.0;
        format!(
            r#"{{"mean":{:.1},"p50":{:.1},"p90":{:.1},"p99":{:.1},"p999":{:.1},"max":{:.1}}}"#,
            micro(self.sum.checked_div(self.total).unwrap_or(0)),
            micro(self.quantile(0.5)),
            micro(self.quantile(0.9)),
            micro(self.quantile(0.99)),
            micro(self.quantile(0.999)),
            micro(self.highest),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, Histogram, bucket, middle};

    #[test]
    fn every_value_falls_near_the_middle_of_its_bucket() {
        let mut value: u64 = 1;
        while value < 1 << 50 {
            for near in [value - 1, value, value + 1, value + value / 3] {
                let guess = middle(bucket(near));
                assert!(guess.abs_diff(near) * 32 <= near.max(32), "{near} became {guess}");
            }
            value *= 2;
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn quantiles_of_a_line() {
        let mut line = Histogram::default();
        (1..=1000).for_each(|value| line.add(value * 1000));
        for (part, wanted) in [(0.5, 500_000_u64), (0.99, 990_000), (1.0, 1_000_000)] {
            assert!(line.quantile(part).abs_diff(wanted) * 32 <= wanted);
        }
        assert_eq!(Histogram::default().quantile(0.5), 0);
    }
}
