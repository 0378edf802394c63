//! One deadline per connection, checked by a coarse tick: re-arming costs a store, not a timer.
//!
//! A deadline is never early and at most two ticks late.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

/// How often deadlines are looked at, in milliseconds. Timeouts are given in seconds, so this is fine enough.
pub const TICK_MS: u64 = 100;
const NEVER: u64 = u64::MAX;
/// One in so many idle connections may be told to go at a time.
const SHED_SHARE: usize = 4;

/// Idle for less than this, and the next request may be on its way already: closing would lose it. What is known of when
/// it began may be a tick old.
const SHED_GRACE_MS: u64 = 2 * TICK_MS;

/// The deadline of one connection.
pub struct Deadline {
    at_ms: Cell<u64>,
    waker: RefCell<Option<Waker>>,
    /// Since when its connection has waited for a request; `NEVER` while it has one.
    idle_since_ms: Cell<u64>,
    wheel: Rc<Deadlines>,
    // Numbers and flags together: there are as many of these as connections.
    place: u32,
    unwanted: Cell<bool>,
}

struct Entry {
    deadline: std::rc::Weak<Deadline>,
}

/// Every deadline of a worker.
#[derive(Default)]
pub struct Deadlines {
    entries: RefCell<Vec<Option<Entry>>>,
    free: RefCell<Vec<u32>>,
    now_ms: Cell<u64>,
}

impl Deadlines {
    /// Registers a connection. Its deadline is unset.
    pub fn register(self: &Rc<Self>) -> Rc<Deadline> {
        let mut entries = self.entries.borrow_mut();
        let place = self.free.borrow_mut().pop().unwrap_or_else(|| {
            entries.push(None);
            u32::try_from(entries.len() - 1).unwrap_or(u32::MAX)
        });
        let deadline = Rc::new(Deadline {
            at_ms: Cell::new(NEVER),
            waker: RefCell::new(None),
            idle_since_ms: Cell::new(NEVER),
            wheel: self.clone(),
            place,
            unwanted: Cell::new(false),
        });
        if let Some(entry) = entries.get_mut(place as usize) {
            *entry = Some(Entry { deadline: Rc::downgrade(&deadline) });
        }
        deadline
    }

    /// Wakes every connection whose deadline has passed, and with `wake_idle` every idle one too.
    pub fn tick(&self, now_ms: u64, wake_idle: bool) {
        self.now_ms.set(now_ms);
        for entry in self.entries.borrow().iter().flatten() {
            let Some(deadline) = entry.deadline.upgrade() else { continue };
            if (deadline.at_ms.get() <= now_ms || (wake_idle && deadline.is_idle()))
                && let Some(waker) = deadline.waker.borrow().as_ref()
            {
                waker.wake_by_ref();
            }
        }
    }

    /// Tells so many idle connections that they are unwanted: those that have been idle longest and for a while, and never
    /// more than a share of them at once, because the others may be used in a moment. Returns how many to ask for again
    /// with the next tick, because only connections that became idle a moment ago are left: one for each such connection.
    #[must_use]
    pub fn shed(&self, count: usize) -> usize {
        let entries = self.entries.borrow();
        let latest = self.now_ms.get().saturating_sub(SHED_GRACE_MS);
        let mut young = 0;
        let mut idle: Vec<_> = entries
            .iter()
            .flatten()
            .filter_map(|entry| entry.deadline.upgrade())
            .filter(|deadline| deadline.is_idle() && !deadline.unwanted.get())
            .filter(|deadline| {
                let old = deadline.idle_since_ms.get() <= latest;
                young += usize::from(!old);
                old
            })
            .collect();
        let owed = count.saturating_sub(idle.len()).min(young);
        let count = count.min(idle.len().div_ceil(SHED_SHARE));
        if count < idle.len() {
            idle.select_nth_unstable_by_key(count, |deadline| deadline.idle_since_ms.get());
            idle.truncate(count);
        }
        for deadline in idle {
            deadline.unwanted.set(true);
            if let Some(waker) = deadline.waker.borrow().as_ref() {
                waker.wake_by_ref();
            }
        }
        owed
    }

    /// How many connections are registered.
    pub fn len(&self) -> usize {
        self.entries.borrow().len() - self.free.borrow().len()
    }

    /// Is none registered?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Deadline {
    /// Names the task to wake. A connection's task never changes, so once is enough.
    pub fn watch(&self, waker: &Waker) {
        *self.waker.borrow_mut() = Some(waker.clone());
    }

    /// Sets the deadline to `timeout_ms` from now.
    pub fn set(&self, timeout_ms: u64) {
        // The coarse time may be a tick old: add one, so that no deadline is early.
        self.at_ms.set(self.wheel.now_ms.get().saturating_add(timeout_ms).saturating_add(TICK_MS));
    }

    /// Unsets the deadline.
    pub fn clear(&self) {
        self.at_ms.set(NEVER);
    }

    /// Marks the connection as waiting for its next request, so that a drain wakes it.
    pub fn set_idle(&self, idle: bool) {
        self.idle_since_ms.set(if idle { self.wheel.now_ms.get() } else { NEVER });
        self.unwanted.set(false);
    }

    fn is_idle(&self) -> bool {
        self.idle_since_ms.get() != NEVER
    }

    /// Is the connection, which is idle, to make room for another?
    pub fn is_unwanted(&self) -> bool {
        self.unwanted.get()
    }

    /// Has it passed?
    pub fn passed(&self) -> bool {
        self.at_ms.get() <= self.wheel.now_ms.get()
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(entry) = self.wheel.entries.borrow_mut().get_mut(self.place as usize) {
            *entry = None;
        }
        self.wheel.free.borrow_mut().push(self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_early_and_its_place_is_used_again() {
        let wheel = Rc::new(Deadlines::default());
        wheel.tick(1_000, false);
        let deadline = wheel.register();
        deadline.set(500);
        wheel.tick(1_500, false);
        assert!(!deadline.passed());
        wheel.tick(1_600, false);
        assert!(deadline.passed());
        deadline.clear();
        assert!(!deadline.passed());
        let place = deadline.place;
        drop(deadline);
        assert!(wheel.is_empty());
        assert_eq!(wheel.register().place, place);
    }

    #[test]
    fn those_that_have_been_idle_longest_are_shed_first() {
        let wheel = Rc::new(Deadlines::default());
        let all: Vec<_> = (0..6).map(|_| wheel.register()).collect();
        for (now_ms, index) in [2, 4, 0, 5, 1, 3].into_iter().enumerate() {
            wheel.tick(now_ms as u64, false);
            all[index].set_idle(index != 2);
        }
        assert_eq!(wheel.shed(6), 5, "nobody has been idle for long, but five will have been soon");
        assert_eq!(wheel.shed(1), 1);
        assert!(!all.iter().any(|one| one.is_unwanted()));
        wheel.tick(5 + SHED_GRACE_MS, false);
        assert_eq!(wheel.shed(1), 0);
        assert_eq!(wheel.shed(1), 0);
        let shed = |all: &[Rc<Deadline>]| all.iter().map(|one| one.is_unwanted()).collect::<Vec<_>>();
        assert_eq!(shed(&all), [true, false, false, false, true, false], "the oldest is busy");
        assert_eq!(wheel.shed(100), 0, "nobody is left who only has to wait a little longer");
        assert_eq!(shed(&all), [true, false, false, false, true, true], "one in four of those that are left");
        all[0].set_idle(true);
        assert!(!all[0].is_unwanted(), "it has had a request in between");
    }
}
