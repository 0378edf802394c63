//! The log ring between a worker and the reader, as in `engine/src/telemetry`.

#[path = "../../engine/src/telemetry/ring.rs"]
pub mod ring;
#[path = "../../engine/src/telemetry/sync.rs"]
pub mod sync;
