//! Bounds of copies. Each worker has them for itself; a copy beyond one is dropped and counted.

/// Copies under way at a time. A service that answers in 20 ms gets more than ten thousand a second.
pub const COPIES: usize = 256;

/// The bytes of all copies under way: heads and bodies.
pub const COPIES_BYTES: usize = 16 << 20;

/// The largest body that is copied: the largest that a route takes by default.
pub const COPY_BODY_BYTES: usize = 1 << 20;

/// How long a copy may take, from its connection to the end of its answer.
pub const COPY_MS: u64 = 10_000;

/// What is read of an answer, which nobody gets, so that its service is not cut off while it writes.
pub const COPY_ANSWER_BYTES: usize = 1 << 20;
