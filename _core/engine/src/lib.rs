//! The data plane: listeners, workers, routing, forwarding.
//!
//! Rooms, top floor first; imports go downward only (a test reads the `use crate::` lines):
//! `{engine, explain} > listen > proxy > {http1, snapshot} > upstream > tls > {route, transport} > trust > {filter, log} >
//! {balance, telemetry, clock, fault, prefetch, settings, regex}`.
//! Nothing here knows Python. Worker threads share nothing but immutable snapshots, endpoint counters and telemetry.

pub mod balance;
pub mod clock;
mod engine;
pub mod explain;
pub mod fault;
pub mod filter;
pub mod http1;
pub mod listen;
pub mod log;
mod prefetch;
pub mod proxy;
pub mod regex;
pub mod route;
pub mod settings;
pub mod snapshot;
pub mod telemetry;
pub mod tls;
pub mod transport;
pub mod trust;
pub mod upstream;

pub use engine::{DrainReport, Engine, StartError};
