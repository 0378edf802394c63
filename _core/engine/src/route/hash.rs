//! The hash behind the path indexes: seeded, and computed element by element, so that all prefixes of a path are hashed
//! in one pass over it.

/// What hashes depend on besides the bytes. Chosen once per process, so that nobody can prepare colliding paths.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    start: u64,
    key: u64,
}

impl Seed {
    /// A seed from two random numbers.
    pub fn new(start: u64, key: u64) -> Self {
        // An odd factor keeps every bit of what it multiplies.
        Self { start, key: key | 1 }
    }

    /// The hash of nothing.
    #[inline]
    pub(super) fn start(self) -> u64 {
        self.start
    }

    /// The hash of what `state` is the hash of, followed by `element`.
    #[inline]
    pub(super) fn extend(self, state: u64, element: &[u8]) -> u64 {
        let (words, tail) = element.as_chunks::<8>();
        // With the length in, elements that differ only by zero bytes at their end stay apart.
        let mut state = state ^ element.len() as u64;
        for word in words {
            state = fold(state ^ u64::from_le_bytes(*word), self.key);
        }
        let last = tail.iter().fold(0_u64, |last, byte| (last << 8) | u64::from(*byte));
        fold(state ^ last, self.key)
    }

    /// The hash of a whole text.
    #[inline]
    pub(crate) fn hash(self, text: &[u8]) -> u64 {
        self.extend(self.start, text)
    }
}

/// Both halves of the product, so that high bits reach low ones.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves are what is wanted")]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Seed;

    #[test]
    fn elements_do_not_run_into_each_other() {
        let seed = Seed::new(1, 2);
        let of = |elements: &[&str]| {
            elements.iter().fold(seed.start(), |state, element| seed.extend(state, element.as_bytes()))
        };
        assert_ne!(of(&["/ab", "/c"]), of(&["/a", "b/c"]));
        assert_ne!(of(&["/a"]), of(&["/a\0"]));
        assert_ne!(of(&["/a", "/b"]), of(&["/b", "/a"]));
    }

    #[test]
    fn hashes_spread_and_depend_on_the_seed() {
        let paths: Vec<String> = (0..10_000).map(|number| format!("/api/v1/items/{number}")).collect();
        let low_bits =
            |seed: Seed| -> HashSet<u64> { paths.iter().map(|path| seed.hash(path.as_bytes()) & 0xffff).collect() };
        let (one, other) = (low_bits(Seed::new(1, 3)), low_bits(Seed::new(2, 0x9e37_79b9_7f4a_7c15)));
        // 10,000 balls in 65,536 boxes fill about 9,270 of them.
        assert!(other.len() > 9_100, "{}", other.len());
        assert_ne!(one, other);
    }
}
