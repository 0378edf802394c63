//! Time, read here and nowhere else. Deadlines use the monotonic clock; only log lines see the wall clock.

use std::cell::Cell;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock from one moment on; threads may share it.
#[derive(Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// One that counts from now.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Microseconds since it was made.
    pub fn micros(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Default for Stopwatch {
    fn default() -> Self {
        Self::new()
    }
}

/// A worker's clock. `micros` costs a vDSO call, the others a load.
pub struct Clock {
    start: Stopwatch,
    coarse: Cell<u64>,
    /// The wall clock's time when the clock was made, as it was understood at the last `tick`.
    start_unix_ns: Cell<u64>,
}

impl Clock {
    /// A clock that counts from now.
    pub fn new() -> Self {
        Self { start: Stopwatch::new(), coarse: Cell::new(0), start_unix_ns: Cell::new(unix_ns()) }
    }

    /// Microseconds since the clock was made.
    pub fn micros(&self) -> u64 {
        self.start.micros()
    }

    /// Milliseconds since the clock was made, as old as the last `tick` (see `transport::deadline::TICK_MS`).
    pub fn coarse_ms(&self) -> u64 {
        self.coarse.get()
    }

    /// Nanoseconds since 1970, for log lines, at a time that `micros` gave. A wall clock that is set is followed with the
    /// next `tick`.
    pub fn wall_ns(&self, micros: u64) -> u64 {
        self.start_unix_ns.get().saturating_add(micros.saturating_mul(1000))
    }

    /// Brings the coarse time up to date, and what is known of the wall clock.
    pub fn tick(&self) {
        let micros = self.micros();
        self.coarse.set(micros / 1000);
        self.start_unix_ns.set(unix_ns().saturating_sub(micros * 1000));
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// Nanoseconds since 1970.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn unix_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_known_between_two_readings_of_it() {
        let clock = Clock::new();
        for _ in 0..2 {
            let before = unix_ns();
            let told = clock.wall_ns(clock.micros());
            let after = unix_ns();
            // Microseconds are cut, and the two clocks are read one after the other.
            assert!(told + 10_000_000 >= before && told <= after + 10_000_000, "{before} {told} {after}");
            clock.tick();
        }
    }
}
