//! A list that is changed by copying only what changes: pages of a few dozen places, and a list of pages.

use std::sync::Arc;

/// Places per page: one change copies this many, and one list of all pages.
const PAGE: usize = 64;

type Page<T> = [Option<T>; PAGE];

/// Places by number; each holds something or nothing.
pub(super) struct Pages<T> {
    pages: Arc<[Arc<Page<T>>]>,
}

impl<T> Clone for Pages<T> {
    fn clone(&self) -> Self {
        Self { pages: self.pages.clone() }
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Arc::new([]) }
    }
}

impl<T: Clone> Pages<T> {
    /// What stands at a place.
    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<&T> {
        self.pages.get(place / PAGE)?.get(place % PAGE)?.as_ref()
    }

    /// The same list but for some places; later changes of a place win. Nothing is copied if nothing changes.
    pub(super) fn with(&self, changes: impl IntoIterator<Item = (usize, Option<T>)>) -> Self {
        let mut changes = changes.into_iter().peekable();
        if changes.peek().is_none() {
            return self.clone();
        }
        let mut pages = self.pages.to_vec();
        for (place, value) in changes {
            while pages.len() <= place / PAGE {
                pages.push(Arc::new([const { None }; PAGE]));
            }
            if let Some(slot) = pages.get_mut(place / PAGE).and_then(|page| Arc::make_mut(page).get_mut(place % PAGE)) {
                *slot = value;
            }
        }
        Self { pages: pages.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_the_old_list_alone_and_shares_what_it_can() {
        let old = Pages::default().with([(0, Some("a")), (200, Some("b"))]);
        let new = old.with([(0, None), (1, Some("c")), (1, Some("d"))]);
        assert_eq!([0, 1, 200, 300].map(|place| old.get(place).copied()), [Some("a"), None, Some("b"), None]);
        assert_eq!([0, 1, 200, 300].map(|place| new.get(place).copied()), [None, Some("d"), Some("b"), None]);
        assert!(Arc::ptr_eq(&old.pages[3], &new.pages[3]));
        assert!(!Arc::ptr_eq(&old.pages[0], &new.pages[0]));
        assert!(Arc::ptr_eq(&old.pages, &old.with([]).pages));
    }
}
