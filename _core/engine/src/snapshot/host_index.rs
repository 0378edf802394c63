//! The hosts of a shard by key: open addressing, tags in one list and hosts in another.
//!
//! With many shards these lists are out of the nearest caches most of the time, so they are small, and both are read at
//! the same place at the same time; what they lead to is fetched at once.

use super::host::{HostEntry, LINES};
use crate::route::Seed;

/// The part of a hash that is compared, and how much of the host a lookup may read: `HostEntry::lines`, which is never 0.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tag(u16);

impl Tag {
    const EMPTY: Self = Self(0);
    const LINES: u16 = 0xf;

    /// Without lines. It is compared with those that have some.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the half that does not say where to look, less four bits")]
    fn of(hash: u64) -> Self {
        Self((hash >> 32) as u16 & !Self::LINES)
    }

    #[inline]
    fn matches(self, wanted: Self) -> bool {
        self.0 & !Self::LINES == wanted.0
    }

    #[inline]
    fn lines(self) -> usize {
        usize::from(self.0 & Self::LINES)
    }
}

const _: () = assert!(LINES <= Tag::LINES as usize);

pub(super) struct HostIndex {
    /// A power of two of them, of which at least a fifth are empty; none if there is no host.
    tags: Box<[Tag]>,
    hosts: Box<[Option<HostEntry>]>,
    seed: Seed,
}

#[expect(clippy::cast_possible_truncation, reason = "only the lower bits are meant")]
fn first_place(hash: u64) -> usize {
    hash as usize
}

impl HostIndex {
    /// Keys are different from each other.
    pub(super) fn new(entries: Vec<HostEntry>, seed: Seed) -> Self {
        let count = if entries.is_empty() { 0 } else { (entries.len() + entries.len() / 4 + 1).next_power_of_two() };
        let mut tags = vec![Tag::EMPTY; count].into_boxed_slice();
        let mut hosts: Box<[Option<HostEntry>]> = (0..count).map(|_| None).collect();
        for entry in entries {
            let hash = seed.hash(entry.key());
            let mut at = first_place(hash);
            while tags.get(at & (count - 1)).is_some_and(|tag| *tag != Tag::EMPTY) {
                at = at.wrapping_add(1);
            }
            let at = at & (count - 1);
            if let (Some(tag), Some(host)) = (tags.get_mut(at), hosts.get_mut(at)) {
                *tag = Tag(Tag::of(hash).0 | entry.lines());
                *host = Some(entry);
            }
        }
        Self { tags, hosts, seed }
    }

    #[inline]
    pub(super) fn get(&self, key: &[u8]) -> Option<&HostEntry> {
        let mask = self.tags.len().checked_sub(1)?;
        let hash = self.seed.hash(key);
        let (mut at, wanted) = (first_place(hash), Tag::of(hash));
        // The empty places end it.
        loop {
            let tag = *self.tags.get(at & mask)?;
            if tag.matches(wanted)
                && let Some(host) = self.hosts.get(at & mask)?
            {
                host.fetch(tag.lines());
                if host.key() == key {
                    return Some(host);
                }
            }
            if tag == Tag::EMPTY {
                return None;
            }
            at = at.wrapping_add(1);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &HostEntry> {
        self.hosts.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use sallygate_image::{Digest, PathMatch};

    use super::*;
    use crate::route::{Patterns, RouteTable};
    use crate::snapshot::host::HostDraft;

    /// A host, of which a lookup may read more or less.
    fn host(key: &str, paths: usize) -> HostEntry {
        let matches: Vec<PathMatch> = (0..paths).map(|path| PathMatch::Prefix { path: format!("/{path}") }).collect();
        let built = RouteTable::new(key.as_bytes(), &matches, Vec::new(), Seed::new(1, 3), &mut Patterns::default());
        let (routes, block) = built.unwrap();
        let (key, digest) = (key.to_owned(), Digest([0; 16]));
        HostDraft {
            digest,
            key,
            certificate: None,
            routes,
            block,
            policies: Box::default(),
            tls: None,
            expression: None,
        }
        .finish()
    }

    fn finds_these_and_no_others(keys: &[String], others: &[String], seed: Seed) {
        let entries = keys.iter().zip((0..40).cycle()).map(|(key, paths)| host(key, paths));
        let index = HostIndex::new(entries.collect(), seed);
        for key in keys {
            assert_eq!(index.get(key.as_bytes()).map(HostEntry::key), Some(key.as_bytes()), "{key} of {}", keys.len());
        }
        for key in others {
            assert!(index.get(key.as_bytes()).is_none(), "{key} of {}", keys.len());
        }
        assert_eq!(index.iter().count(), keys.len());
    }

    #[test]
    fn every_host_is_found_and_no_other() {
        let keys: Vec<String> = (0..1_010).map(|number| format!("{number}.example")).collect();
        for count in [0, 1, 2, 3, 4, 5, 100, 1_000] {
            let (keys, others) = keys.split_at(count);
            finds_these_and_no_others(keys, others, Seed::new(7, 0x9e37_79b9_7f4a_7c15));
        }
    }

    /// With the factor 1 a hash is only the sum of the text's words, in any order.
    #[test]
    fn hosts_whose_hashes_collide_are_told_apart() {
        let seed = Seed::new(0, 1);
        let words: Vec<String> = (0..32).map(|number| format!("{number:07}.")).collect();
        let keys: Vec<String> =
            (0..31).flat_map(|at| [[&*words[at], "0000031."].concat(), ["0000031.", &*words[at]].concat()]).collect();
        assert_eq!(seed.hash(keys[0].as_bytes()), seed.hash(keys[1].as_bytes()));
        let (keys, others) = keys.split_at(31);
        finds_these_and_no_others(keys, others, seed);
    }
}
