//! How much of their bodies all requests of a worker together may keep, in memory and on disk.
//!
//! Each body has a limit of its own; this is what many of them come to. Beyond it a body is not refused, but sent on as
//! it comes.

use std::cell::Cell;

/// What is left.
#[derive(Debug)]
pub struct Bodies {
    memory: Cell<u64>,
    disk: Cell<u64>,
}

impl Bodies {
    /// Nothing is taken yet.
    pub fn new(memory_bytes: u64, disk_bytes: u64) -> Self {
        Self { memory: Cell::new(memory_bytes), disk: Cell::new(disk_bytes) }
    }

    /// Takes as much memory as there is, up to `wanted`; what is missing must go to disk.
    pub fn take_memory(&self, wanted: u64) -> u64 {
        let taken = wanted.min(self.memory.get());
        self.memory.set(self.memory.get() - taken);
        taken
    }

    /// Takes room on disk: all of it or, with the answer false, nothing.
    pub fn take_disk(&self, wanted: u64) -> bool {
        let left = self.disk.get().checked_sub(wanted);
        self.disk.set(left.unwrap_or(self.disk.get()));
        left.is_some()
    }

    /// Gives both back.
    pub fn give_back(&self, memory: u64, disk: u64) {
        self.memory.set(self.memory.get() + memory);
        self.disk.set(self.disk.get() + disk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_missing_until_it_is_given_back() {
        let bodies = Bodies::new(10, 100);
        assert_eq!((bodies.take_memory(7), bodies.take_memory(7), bodies.take_memory(7)), (7, 3, 0));
        assert!(bodies.take_disk(60) && !bodies.take_disk(60) && bodies.take_disk(40));
        bodies.give_back(3, 60);
        assert_eq!(bodies.take_memory(7), 3);
        assert!(bodies.take_disk(60) && !bodies.take_disk(1));
    }
}
