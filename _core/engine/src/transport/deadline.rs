//! One deadline per connection, checked by a coarse tick: re-arming costs a store, not a timer.
//!
//! A deadline is never early and at most two ticks late.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

/// How often deadlines are looked at, in milliseconds. Timeouts are given in seconds, so this is fine enough.
pub const TICK_MS: u64 = 100;
const NEVER: u64 = u64::MAX;

/// The deadline of one connection.
pub struct Deadline {
    at_ms: Cell<u64>,
    idle: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    place: usize,
    wheel: Rc<Deadlines>,
}

struct Entry {
    deadline: std::rc::Weak<Deadline>,
}

/// Every deadline of a worker.
#[derive(Default)]
pub struct Deadlines {
    entries: RefCell<Vec<Option<Entry>>>,
    free: RefCell<Vec<usize>>,
    now_ms: Cell<u64>,
}

impl Deadlines {
    /// Registers a connection. Its deadline is unset.
    pub fn register(self: &Rc<Self>) -> Rc<Deadline> {
        let mut entries = self.entries.borrow_mut();
        let place = self.free.borrow_mut().pop().unwrap_or_else(|| {
            entries.push(None);
            entries.len() - 1
        });
        let deadline = Rc::new(Deadline {
            at_ms: Cell::new(NEVER),
            idle: Cell::new(false),
            waker: RefCell::new(None),
            place,
            wheel: self.clone(),
        });
        if let Some(entry) = entries.get_mut(place) {
            *entry = Some(Entry { deadline: Rc::downgrade(&deadline) });
        }
        deadline
    }

    /// Wakes every connection whose deadline has passed, and with `wake_idle` every idle one too.
    pub fn tick(&self, now_ms: u64, wake_idle: bool) {
        self.now_ms.set(now_ms);
        for entry in self.entries.borrow().iter().flatten() {
            let Some(deadline) = entry.deadline.upgrade() else { continue };
            if (deadline.at_ms.get() <= now_ms || (wake_idle && deadline.idle.get()))
                && let Some(waker) = deadline.waker.borrow().as_ref()
            {
                waker.wake_by_ref();
            }
        }
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
        self.idle.set(idle);
    }

    /// Has it passed?
    pub fn passed(&self) -> bool {
        self.at_ms.get() <= self.wheel.now_ms.get()
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(entry) = self.wheel.entries.borrow_mut().get_mut(self.place) {
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
}
