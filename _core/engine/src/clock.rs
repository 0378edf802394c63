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

/// A worker's clock. `coarse_ms` costs a load; the others a vDSO call.
pub struct Clock {
    start: Stopwatch,
    coarse: Cell<u64>,
}

impl Clock {
    /// A clock that counts from now.
    pub fn new() -> Self {
        Self { start: Stopwatch::new(), coarse: Cell::new(0) }
    }

    /// Microseconds since the clock was made.
    pub fn micros(&self) -> u64 {
        self.start.micros()
    }

    /// Milliseconds since the clock was made, as old as the last `tick` (see `transport::deadline::TICK_MS`).
    pub fn coarse_ms(&self) -> u64 {
        self.coarse.get()
    }

    /// Brings the coarse time up to date.
    pub fn tick(&self) {
        self.coarse.set(self.micros() / 1000);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// Nanoseconds since 1970, for log lines.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn unix_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX))
}
