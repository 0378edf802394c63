//! The engine's own files, compiled against loom. The models stand in `tests/`.

pub mod snapshot;
pub mod telemetry;
