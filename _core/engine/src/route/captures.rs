//! What the groups of a route's regex matched.

use crate::regex::{GROUPS, GaveUp, Slots};

/// The places of groups in a path. Reused from request to request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    spans: [Option<(usize, usize)>; GROUPS],
}

impl Captures {
    /// What a group matched in the path that these captures were made from; empty if the group had no part in it.
    pub fn get<'p>(&self, group: u8, path: &'p [u8]) -> &'p [u8] {
        let span = self.spans.get(usize::from(group)).copied().flatten();
        span.and_then(|(start, end)| path.get(start..end)).unwrap_or_default()
    }

    /// Forget everything.
    pub(super) fn clear(&mut self) {
        self.spans = [None; GROUPS];
    }

    /// Note where a group matched.
    pub(super) fn set(&mut self, group: u8, start: usize, end: usize) {
        if let Some(span) = self.spans.get_mut(usize::from(group)) {
            *span = Some((start, end));
        }
    }

    /// Take over what a search filled in: starts and ends, alternating.
    pub(super) fn fill(&mut self, search: impl FnOnce(&mut Slots) -> Result<(), GaveUp>) -> Result<(), GaveUp> {
        let mut slots = Slots::default();
        search(&mut slots)?;
        let (pairs, _) = slots.as_chunks::<2>();
        for (span, [start, end]) in self.spans.iter_mut().zip(pairs) {
            *span = start.zip(*end).map(|(start, end)| (start.get(), end.get()));
        }
        Ok(())
    }
}
