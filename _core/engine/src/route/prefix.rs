//! Path prefixes, to the route of the longest one that covers a path, element by element.
//!
//! The path is walked once from the left; at each element's end the hash of everything so far is noted. Then the noted
//! places are looked up, the longest first, and the bytes are compared. So a lookup costs the path's length and at most
//! one probe per element, however many prefixes there are.

use memchr::memchr;

use super::block::{BlockBuilder, Entry, FEW, Index};
use super::hash::Seed;

/// How many places are noted. Places beyond are looked up on the way, so that any depth works without more memory.
const NOTED: usize = 32;

/// No route.
const NONE: u32 = u32::MAX;

/// The index. Prefixes stand in it without a trailing slash; the root has a place of its own where there are many.
pub(super) struct PrefixIndex {
    index: Index,
    root: u32,
    deepest: u32,
    /// Bit n is set if a prefix of n elements exists; only up to 63 elements.
    depths: u64,
}

/// The hash of a prefix and its number of elements.
fn hash(prefix: &[u8], seed: Seed) -> (u64, u32) {
    let (mut state, mut start, mut depth) = (seed.start(), 0, 0);
    while start < prefix.len() {
        let end = element_end(prefix, start);
        state = seed.extend(state, prefix.get(start..end).unwrap_or_default());
        (start, depth) = (end, depth + 1);
    }
    (state, depth)
}

/// Where the element that starts with the slash at `start` ends.
#[inline]
fn element_end(path: &[u8], start: usize) -> usize {
    let rest = path.get(start + 1..).unwrap_or_default();
    memchr(b'/', rest).map_or(path.len(), |length| start + 1 + length)
}

/// Whether `path` is `prefix` or lies below it.
#[inline]
fn covers(prefix: &[u8], path: &[u8]) -> bool {
    // An empty prefix is the root, which covers what starts with a slash: the same rule as for all others.
    match path.strip_prefix(prefix) {
        Some(rest) => rest.first().map_or(!prefix.is_empty(), |byte| *byte == b'/'),
        None => false,
    }
}

impl PrefixIndex {
    /// Of two routes with the same prefix the first one counts.
    pub(super) fn new<'a>(
        builder: &mut BlockBuilder,
        prefixes: impl Iterator<Item = (&'a str, u32)>,
        seed: Seed,
    ) -> Self {
        let mut this = Self { index: builder.index(&[]), root: NONE, deepest: 0, depths: 0 };
        let mut entries = Vec::new();
        for (prefix, route) in prefixes {
            let text = prefix.strip_suffix('/').unwrap_or(prefix).as_bytes();
            let (hash, depth) = hash(text, seed);
            if depth == 0 && this.root == NONE {
                this.root = route;
            }
            this.deepest = this.deepest.max(depth);
            this.depths |= 1_u64.checked_shl(depth).unwrap_or(0);
            entries.push(Entry { text, hash, route });
        }
        if entries.len() <= FEW {
            // Stable, so of two equal ones the first stays first.
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.text.len()));
        }
        this.index = builder.index(&entries);
        this
    }

    #[inline]
    pub(super) fn find(&self, block: &[u8], path: &[u8], seed: Seed) -> Option<u32> {
        if self.index.is_few() {
            self.index.find_among_few(block, |prefix| covers(prefix, path))
        } else {
            self.find_by_hash(block, path, seed)
        }
    }

    fn find_by_hash(&self, block: &[u8], path: &[u8], seed: Seed) -> Option<u32> {
        if path.first() != Some(&b'/') {
            return None;
        }
        let probe = |end: usize, state: u64| self.index.find(block, state, path.get(..end).unwrap_or_default());
        let mut noted = [(0_usize, 0_u64); NOTED];
        let mut places = 0;
        let mut deep = None;
        let (mut state, mut start, mut depth) = (seed.start(), 0, 0);
        while start < path.len() && depth < self.deepest {
            let end = element_end(path, start);
            state = seed.extend(state, path.get(start..end).unwrap_or_default());
            (start, depth) = (end, depth + 1);
            if depth < 64 && self.depths & (1 << depth) == 0 {
                continue;
            }
            if let Some(place) = noted.get_mut(places) {
                *place = (end, state);
                places += 1;
            } else {
                // Deeper than anything noted, and each time longer than what was found before.
                deep = probe(end, state).or(deep);
            }
        }
        let noted = noted.get(..places).unwrap_or_default().iter().rev();
        let found = deep.or_else(|| noted.map(|(end, state)| probe(*end, *state)).find_map(|route| route));
        found.or(Some(self.root).filter(|root| *root != NONE))
    }
}
