//! A range inside a receive buffer: what a parsed head is made of instead of copies.

/// A range of bytes inside a buffer that its holder knows.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`. Heads are bounded far below 4 GiB, so a position always fits; one that does not
    /// gives a span that is out of range everywhere, thus empty.
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
    }

    /// The bytes that it names; none when it is out of range, never a panic.
    #[inline]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// How many bytes it names.
    #[inline]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Does it name no byte?
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn a_span_never_panics() {
        let cases: [(u32, u32, &[u8]); 6] =
            [(0, 0, b""), (0, 3, b"abc"), (1, 2, b"b"), (2, 1, b""), (3, 9, b""), (u32::MAX, u32::MAX, b"")];
        for (start, end, expect) in cases {
            assert_eq!(Span { start, end }.of(b"abc"), expect, "{start}..{end}");
        }
        assert_eq!(Span { start: 2, end: 1 }.len(), 0);
        assert!(Span::default().is_empty());
    }
}
