//! The memory that a lookup walks through: one block per host, with everything that belongs together side by side.
//!
//! With many hosts nothing of a host is in a cache when a request for it comes, and then a lookup costs as much as it
//! touches cache lines. So texts, hashes and route numbers are not spread over lists of structs and strings but lie in
//! one piece, each text right behind the number of its route.

use super::hash::Seed;

/// Up to so many texts are compared one by one.
pub(super) const FEW: usize = 4;

/// Up to so many texts are found by scanning a list of hashes, which fits one cache line.
const SCANNED: usize = 16;

/// A route's number, and the length of its text.
const RECORD_HEAD: usize = 6;

/// A part of a hash, and where the record is.
const SLOT: usize = 8;

/// Builds a block.
pub(super) struct BlockBuilder {
    bytes: Vec<u8>,
}

/// Texts in a block, each with the number of a route.
#[derive(Clone, Copy)]
pub(super) struct Index {
    start: u32,
    count: u32,
    /// How many slots the hash table has; 0 where there is none.
    slots: u32,
}

/// A text to be indexed. Of two equal ones the first counts.
pub(super) struct Entry<'a> {
    pub(super) text: &'a [u8],
    pub(super) hash: u64,
    pub(super) route: u32,
}

/// The part of a hash that is compared; the other part says where to look.
#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[inline]
fn u32_at(block: &[u8], at: usize) -> u32 {
    block.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The record at a place: its route and its text, and where the next one is.
#[inline]
fn record(block: &[u8], at: usize) -> Option<(u32, &[u8], usize)> {
    let (head, rest) = block.get(at..)?.split_first_chunk::<RECORD_HEAD>()?;
    let [one, two, three, four, low, high] = *head;
    let length = usize::from(u16::from_le_bytes([low, high]));
    Some((u32::from_le_bytes([one, two, three, four]), rest.get(..length)?, at + RECORD_HEAD + length))
}

impl BlockBuilder {
    /// A block that begins with bytes of somebody else's.
    pub(super) fn after(start: &[u8]) -> Self {
        Self { bytes: start.to_vec() }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Where the next byte goes. A block is far smaller than 4 GB, because segments are limited to 64 MB.
    fn place(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    fn put_u32(&mut self, at: usize, value: u32) {
        if let Some(place) = self.bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&value.to_le_bytes());
        }
    }

    fn push_record(&mut self, entry: &Entry<'_>) {
        // Paths are limited to 8 KB.
        let length = u16::try_from(entry.text.len()).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(&entry.route.to_le_bytes());
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(entry.text.get(..usize::from(length)).unwrap_or_default());
    }

    /// Add an index of these texts. Few ones stay in the order that they come in.
    pub(super) fn index(&mut self, entries: &[Entry<'_>]) -> Index {
        let start = self.place();
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        if entries.len() <= FEW {
            for entry in entries {
                self.push_record(entry);
            }
            return Index { start, count, slots: 0 };
        }
        if entries.len() <= SCANNED {
            let tags = self.bytes.len();
            self.bytes.resize(tags + entries.len() * SLOT, 0);
            for (entry, at) in entries.iter().zip((tags..).step_by(4)) {
                let place = self.place();
                self.put_u32(at, tag(entry.hash));
                self.put_u32(at + 4 * entries.len(), place);
                self.push_record(entry);
            }
            return Index { start, count, slots: 0 };
        }
        // At most half full, so that chains stay short.
        let slots = (2 * entries.len()).next_power_of_two();
        let table = self.bytes.len();
        self.bytes.resize(table + slots * SLOT, 0);
        for entry in entries {
            let mut slot = first_slot(entry.hash, slots);
            loop {
                let at = table + slot * SLOT;
                let place = u32_at(&self.bytes, at + 4);
                if place == 0 {
                    let place = self.place();
                    self.put_u32(at, tag(entry.hash));
                    self.put_u32(at + 4, place);
                    self.push_record(entry);
                    break;
                }
                let same = record(&self.bytes, place as usize).is_some_and(|(_, text, _)| text == entry.text);
                if same {
                    break;
                }
                slot = (slot + 1) & (slots - 1);
            }
        }
        Index { start, count, slots: u32::try_from(slots).unwrap_or(u32::MAX) }
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "only the lowest bits are meant")]
fn first_slot(hash: u64, slots: usize) -> usize {
    hash as usize & (slots - 1)
}

impl Index {
    /// Whether texts are compared one by one, so that no hash is needed.
    #[inline]
    pub(super) fn is_few(self) -> bool {
        self.count as usize <= FEW
    }

    /// The first text that is accepted, where there are few.
    #[inline]
    pub(super) fn find_among_few(self, block: &[u8], accept: impl Fn(&[u8]) -> bool) -> Option<u32> {
        let mut at = self.start as usize;
        for _ in 0..self.count {
            let (route, text, next) = record(block, at)?;
            if accept(text) {
                return Some(route);
            }
            at = next;
        }
        None
    }

    /// The text with this hash, where there are more.
    #[inline]
    pub(super) fn find(self, block: &[u8], hash: u64, text: &[u8]) -> Option<u32> {
        let start = self.start as usize;
        let route_at =
            |place: u32| record(block, place as usize).and_then(|(route, found, _)| (found == text).then_some(route));
        let wanted = tag(hash);
        if self.slots == 0 {
            let count = self.count as usize;
            let (tags, _) = block.get(start..start + 4 * count)?.as_chunks::<4>();
            let mut hits = tags.iter().zip(0..).filter(|(tag, _)| u32::from_le_bytes(**tag) == wanted);
            return hits.find_map(|(_, at)| route_at(u32_at(block, start + 4 * (count + at))));
        }
        let slots = self.slots as usize;
        let mut slot = first_slot(hash, slots);
        loop {
            let at = start + slot * SLOT;
            let place = u32_at(block, at + 4);
            if place == 0 {
                return None;
            }
            let found = if u32_at(block, at) == wanted { route_at(place) } else { None };
            if found.is_some() {
                return found;
            }
            slot = (slot + 1) & (slots - 1);
        }
    }
}

/// The entries of texts, hashed as a whole.
pub(super) fn hashed<'a>(texts: impl Iterator<Item = (&'a str, u32)>, seed: Seed) -> Vec<Entry<'a>> {
    texts.map(|(text, route)| Entry { text: text.as_bytes(), hash: seed.hash(text.as_bytes()), route }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes that collide in every way: all alike, alike in what is compared, alike in where to look.
    const CLASHES: &[fn(u64) -> u64] =
        &[|_| 0, |number| number, |number| number << 32, |number| number * 0x1_0000_0001];

    #[test]
    fn every_text_is_found_and_no_other() {
        let texts: Vec<String> = (0..400).map(|number| format!("/{number}")).collect();
        for clash in CLASHES {
            for count in [0, 1, FEW, FEW + 1, SCANNED, SCANNED + 1, 100, 300] {
                let mut builder = BlockBuilder::after(b"host");
                let entry = |(text, route): (&'static str, u32)| -> Entry<'static> {
                    Entry { text: text.as_bytes(), hash: clash(u64::from(route)), route }
                };
                let texts: Vec<&'static str> =
                    texts.iter().map(|text| -> &'static str { String::leak(text.clone()) }).collect();
                let list: Vec<Entry<'_>> = texts.iter().copied().zip(0..).take(count).map(entry).collect();
                let before = builder.index(&[entry(("/before", 9))]);
                let index = builder.index(&list);
                let block = builder.finish();
                assert_eq!(before.find_among_few(&block, |text| text == b"/before"), Some(9));
                for (text, route) in texts.iter().zip(0_u32..) {
                    let found = if index.is_few() {
                        index.find_among_few(&block, |found| found == text.as_bytes())
                    } else {
                        index.find(&block, clash(u64::from(route)), text.as_bytes())
                    };
                    assert_eq!(found, ((route as usize) < count).then_some(route), "{text} among {count}");
                }
            }
        }
    }

    #[test]
    fn the_first_of_equal_texts_counts() {
        for count in [2, FEW + 1, SCANNED + 1] {
            let mut builder = BlockBuilder::after(b"host");
            let list: Vec<Entry<'_>> =
                (0..count).zip(0..).map(|(_, route)| Entry { text: b"/a", hash: 7, route }).collect();
            let index = builder.index(&list);
            let block = builder.finish();
            let few = index.is_few();
            let found = if few { index.find_among_few(&block, |_| true) } else { index.find(&block, 7, b"/a") };
            assert_eq!(found, Some(0));
        }
    }
}
