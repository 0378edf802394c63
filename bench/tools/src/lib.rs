//! What the four programs of the benchmark share: command lines, polling, HTTP framing, a histogram of latencies.
//!
//! None of it knows the product. It must stay cheaper than any proxy that is measured with it, and it reports what it
//! could not do instead of guessing: a wrong status or a short body is counted, never repaired.

#![forbid(unsafe_code)]

pub mod framing;
pub mod histogram;
pub mod options;
pub mod poll;
