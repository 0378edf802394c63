//! From a backend to one of its endpoints.
//!
//! A backend's list of endpoints is replaced as a whole; what is known about an endpoint while it lives (requests in
//! flight) is kept by its address and outlives every such list.

mod backend;
mod endpoint;
mod pick;
mod prefer;

pub use backend::{BackendIndex, BackendKey, BackendKeys, BackendSnapshot};
pub use endpoint::{Endpoint, EndpointKey, EndpointRef, Endpoints, InFlight};
pub use pick::{WorkerState, has_other, pick};
pub use prefer::{Preference, endpoint_number, prefer, stable_hash};
