//! The regexes of a host, in the order in which they are tried.
//!
//! Most regexes start with literal text that most paths do not have. So each has the last bytes of that text in the list
//! itself, as one number: a host with a thousand regexes sorts nearly all of them out at a comparison each, without
//! touching the regexes.

use std::sync::Arc;

use super::pattern::Pattern;
use crate::regex::GaveUp;

/// Sets the bit by which upper- and lower-case ASCII letters differ. It makes some other bytes alike, too, which only
/// means that the regex itself is asked.
const FOLD: u64 = 0x2020_2020_2020_2020;

struct Tried {
    /// The folded bytes of the literal that lie at `start`, as far as `mask` goes.
    literal: u64,
    mask: u64,
    start: u32,
    route: u32,
    pattern: Arc<Pattern>,
}

/// The list.
pub(super) struct Regexes {
    tried: Box<[Tried]>,
}

impl Regexes {
    pub(super) fn new(regexes: Vec<(Arc<Pattern>, u32)>) -> Self {
        let tried = |(pattern, route): (Arc<Pattern>, u32)| {
            let literal = pattern.literal();
            let start = literal.len().saturating_sub(8);
            let tail = literal.get(start..).unwrap_or_default();
            let mask = tail.iter().fold(0_u64, |mask, _| (mask << 8) | 0xff);
            let literal = (load(tail, 0) | FOLD) & mask;
            // Patterns are limited to 4 KB.
            Tried { literal, mask, start: u32::try_from(start).unwrap_or(0), route, pattern }
        };
        Self { tried: regexes.into_iter().map(tried).collect() }
    }

    /// The route of the first regex that matches. One that gives up ends it: a later one could be more open.
    #[inline]
    pub(super) fn find(&self, path: &[u8]) -> Result<Option<u32>, GaveUp> {
        let may = |tried: &&Tried| (load(path, tried.start as usize) | FOLD) & tried.mask == tried.literal;
        for tried in self.tried.iter().filter(may) {
            if tried.pattern.matches(path)? {
                return Ok(Some(tried.route));
            }
        }
        Ok(None)
    }
}

/// Eight bytes from `start` on; zeros where there are none.
#[inline]
fn load(bytes: &[u8], start: usize) -> u64 {
    let rest = bytes.get(start..).unwrap_or_default();
    match rest.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => rest.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte)),
    }
}
