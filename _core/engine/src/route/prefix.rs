//! Path prefixes, to the route of the longest one that covers a path, element by element.
//!
//! The path is walked once from the left; at each element's end the hash of everything so far is noted. Then the noted
//! places are looked up, the longest first, and the bytes are compared. So a lookup costs the path's length and at most
//! one probe per element, however many prefixes there are.

use hashbrown::HashTable;
use memchr::memchr;

use super::hash::Seed;

/// Up to so many prefixes are compared one by one, longest first, which is faster than hashing.
const FEW: usize = 4;

/// How many places are noted. Places beyond are looked up on the way, so that any depth works without more memory.
const NOTED: usize = 32;

/// A prefix in the index's text, without a trailing slash (so the root is empty), and its route.
#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    length: u32,
    route: u32,
}

impl Entry {
    fn text(self, texts: &[u8]) -> &[u8] {
        let start = self.start as usize;
        texts.get(start..start + self.length as usize).unwrap_or_default()
    }
}

struct Many {
    table: HashTable<Entry>,
    seed: Seed,
    root: Option<u32>,
    /// Bit n is set if a prefix of n elements exists; only up to 63 elements.
    depths: u64,
    deepest: usize,
}

enum Entries {
    Few(Box<[Entry]>),
    Many(Box<Many>),
}

/// The index. All prefixes lie back to back in one text.
pub(super) struct PrefixIndex {
    texts: Box<[u8]>,
    entries: Entries,
}

impl PrefixIndex {
    /// Of two routes with the same prefix the first one counts.
    pub(super) fn new<'a>(prefixes: impl Iterator<Item = (&'a str, u32)>, seed: Seed) -> Self {
        let mut texts = Vec::new();
        let mut list: Vec<Entry> = Vec::new();
        for (prefix, route) in prefixes {
            let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
            // As in `ExactIndex`: far below 4 GB.
            let (Ok(start), Ok(length)) = (u32::try_from(texts.len()), u32::try_from(prefix.len())) else { continue };
            texts.extend_from_slice(prefix.as_bytes());
            list.push(Entry { start, length, route });
        }
        let texts = texts.into_boxed_slice();
        let entries = if list.len() <= FEW {
            // Stable, so of two equal ones the first stays first.
            list.sort_by_key(|entry| std::cmp::Reverse(entry.length));
            Entries::Few(list.into())
        } else {
            Entries::Many(Box::new(Many::new(&list, &texts, seed)))
        };
        Self { texts, entries }
    }

    #[inline]
    pub(super) fn find(&self, path: &[u8]) -> Option<u32> {
        match &self.entries {
            Entries::Few(entries) => {
                entries.iter().find(|entry| covers(entry.text(&self.texts), path)).map(|entry| entry.route)
            }
            Entries::Many(many) => many.find(path, &self.texts),
        }
    }
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

/// Where the element that starts with the slash at `start` ends.
#[inline]
fn element_end(path: &[u8], start: usize) -> usize {
    let rest = path.get(start + 1..).unwrap_or_default();
    memchr(b'/', rest).map_or(path.len(), |length| start + 1 + length)
}

impl Many {
    fn new(list: &[Entry], texts: &[u8], seed: Seed) -> Self {
        let mut this = Self { table: HashTable::with_capacity(list.len()), seed, root: None, depths: 0, deepest: 0 };
        let hash = |prefix: &[u8]| {
            let (mut state, mut start, mut depth) = (seed.start(), 0, 0_usize);
            while start < prefix.len() {
                let end = element_end(prefix, start);
                state = seed.extend(state, prefix.get(start..end).unwrap_or_default());
                (start, depth) = (end, depth + 1);
            }
            (state, depth)
        };
        for entry in list {
            let prefix = entry.text(texts);
            if prefix.is_empty() {
                this.root.get_or_insert(entry.route);
                continue;
            }
            let (state, depth) = hash(prefix);
            this.depths |= 1_u64.checked_shl(u32::try_from(depth).unwrap_or(u32::MAX)).unwrap_or(0);
            this.deepest = this.deepest.max(depth);
            let same = |other: &Entry| other.text(texts) == prefix;
            this.table.entry(state, same, |other| hash(other.text(texts)).0).or_insert(*entry);
        }
        this
    }

    fn probe(&self, state: u64, prefix: &[u8], texts: &[u8]) -> Option<u32> {
        self.table.find(state, |entry| entry.text(texts) == prefix).map(|entry| entry.route)
    }

    fn find(&self, path: &[u8], texts: &[u8]) -> Option<u32> {
        if path.first() != Some(&b'/') {
            return None;
        }
        let mut noted = [(0_usize, 0_u64); NOTED];
        let mut places = 0;
        let mut deep = None;
        let (mut state, mut start, mut depth) = (self.seed.start(), 0, 0);
        while start < path.len() && depth < self.deepest {
            let end = element_end(path, start);
            state = self.seed.extend(state, path.get(start..end).unwrap_or_default());
            (start, depth) = (end, depth + 1);
            if depth < 64 && self.depths & (1 << depth) == 0 {
                continue;
            }
            if let Some(place) = noted.get_mut(places) {
                *place = (end, state);
                places += 1;
            } else {
                // Deeper than anything noted, and each time longer than what was found before.
                deep = self.probe(state, path.get(..end).unwrap_or_default(), texts).or(deep);
            }
        }
        let probe = |(end, state): &(usize, u64)| self.probe(*state, path.get(..*end).unwrap_or_default(), texts);
        deep.or_else(|| noted.get(..places).unwrap_or_default().iter().rev().find_map(probe)).or(self.root)
    }
}
