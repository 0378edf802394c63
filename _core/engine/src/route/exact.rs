//! Whole paths, to the route that has them.

use super::block::{BlockBuilder, Index, hashed};
use super::hash::Seed;

/// The index.
pub(super) struct ExactIndex {
    index: Index,
}

impl ExactIndex {
    /// Of two routes with the same path the first one counts.
    pub(super) fn new<'a>(builder: &mut BlockBuilder, paths: impl Iterator<Item = (&'a str, u32)>, seed: Seed) -> Self {
        Self { index: builder.index(&hashed(paths, seed)) }
    }

    #[inline]
    pub(super) fn find(&self, block: &[u8], path: &[u8], seed: Seed) -> Option<u32> {
        if self.index.is_few() {
            self.index.find_among_few(block, |text| text == path)
        } else {
            self.index.find(block, seed.hash(path), path)
        }
    }
}
