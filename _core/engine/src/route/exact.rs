//! Whole paths, to the route that has them.

use hashbrown::HashTable;

use super::hash::Seed;

/// Up to so many paths are compared one by one, which is faster than hashing.
const FEW: usize = 4;

/// A path in the index's text, and its route.
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

enum Entries {
    Few(Box<[Entry]>),
    Many(HashTable<Entry>),
}

/// The index. All paths lie back to back in one text.
pub(super) struct ExactIndex {
    texts: Box<[u8]>,
    entries: Entries,
    seed: Seed,
}

impl ExactIndex {
    /// Of two routes with the same path the first one counts.
    pub(super) fn new<'a>(paths: impl Iterator<Item = (&'a str, u32)>, seed: Seed) -> Self {
        let mut texts = Vec::new();
        let mut list = Vec::new();
        for (path, route) in paths {
            // Bounded by the number and length of routes far below 4 GB: segments are limited to 64 MB.
            let (Ok(start), Ok(length)) = (u32::try_from(texts.len()), u32::try_from(path.len())) else { continue };
            texts.extend_from_slice(path.as_bytes());
            list.push(Entry { start, length, route });
        }
        let texts = texts.into_boxed_slice();
        let entries = if list.len() <= FEW {
            Entries::Few(list.into())
        } else {
            let mut table = HashTable::with_capacity(list.len());
            for entry in list {
                let path = entry.text(&texts);
                let rehash = |entry: &Entry| seed.hash(entry.text(&texts));
                table.entry(seed.hash(path), |other: &Entry| other.text(&texts) == path, rehash).or_insert(entry);
            }
            Entries::Many(table)
        };
        Self { texts, entries, seed }
    }

    #[inline]
    pub(super) fn find(&self, path: &[u8]) -> Option<u32> {
        let same = |entry: &&Entry| entry.text(&self.texts) == path;
        let found = match &self.entries {
            Entries::Few(entries) => entries.iter().find(same),
            Entries::Many(table) => table.find(self.seed.hash(path), |entry| same(&entry)),
        };
        found.map(|entry| entry.route)
    }
}
