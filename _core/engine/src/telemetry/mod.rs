//! What the data plane says about itself: counters, per-route figures and access-log records, in shared memory.
//!
//! This side only writes. Each word has exactly one writer, the worker it belongs to, so nothing here waits, locks or
//! allocates per request; readers in Python map the same memory (`_core/cython/shm.pyx`). The layout is `layout`, its
//! C twin `_core/cython/abi.h`. Nothing here knows what a connection or a route is, and no clock is read: times are given.
//!
//! A worker's use, per request:
//! ```text
//! let mut record = worker.record();            // at the end of the request, in the worker's memory for it
//! record.set(Field::Method, b"GET"); ...       // in the order of `Field`
//! worker.observe(slot, status, bytes_in, bytes_out, duration_us);
//! worker.log(record, &Outcome { status, ..Outcome::default() });
//! ```

pub mod counters;
pub mod layout;
pub mod record;
pub mod ring;
pub mod shm;
pub mod slots;
pub mod sync;
pub mod worker;

pub use counters::Counter;
pub use layout::{Geometry, LINE_MAX_BYTES};
pub use record::{AccessRecord, Field, Outcome};
pub use shm::Region;
pub use slots::{Labels, SlotAllocator, SlotRows};
pub use worker::Worker;
