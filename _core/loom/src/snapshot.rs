//! How snapshots reach workers and are freed away from them, as in `engine/src/snapshot`.

#[path = "../../engine/src/snapshot/publication.rs"]
pub mod publication;
#[path = "../../engine/src/snapshot/sync.rs"]
pub mod sync;
