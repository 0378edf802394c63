//! How a new value reaches the threads that serve it, and how an old one is freed away from them.
//!
//! One number counts the publications. A worker compares it once per request, which is a single load, and takes the new
//! value under a lock only when it has changed. Whatever a worker lets go of is put into a bin instead of being dropped,
//! because freeing a large snapshot takes milliseconds; the publishing side empties the bin.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::{Arc as Shared, PoisonError};

use super::sync::{Arc, AtomicU64, Mutex, MutexGuard, Ordering};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The value that is served now.
pub struct Publication<T> {
    generation: AtomicU64,
    current: Mutex<Arc<T>>,
    /// Old values that somebody has let go of.
    retired: Mutex<Vec<Arc<T>>>,
}

impl<T> Publication<T> {
    /// The first value. Its generation is 0.
    pub fn new(first: T) -> Self {
        Self { generation: AtomicU64::new(0), current: Mutex::new(Arc::new(first)), retired: Mutex::new(Vec::new()) }
    }

    /// Serve another value from now on. Never called by a worker: the old value may be freed here.
    pub fn publish(&self, value: T) -> u64 {
        let value = Arc::new(value);
        let mut current = lock(&self.current);
        let old = std::mem::replace(&mut *current, value);
        // Under the lock, so that the number and the value change together for whoever takes the lock.
        let generation = self.generation.load(Ordering::Relaxed) + 1;
        self.generation.store(generation, Ordering::Release);
        drop(current);
        drop(old);
        self.reclaim();
        generation
    }

    /// How many publications there were.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Free what workers have let go of. Never called by a worker.
    pub fn reclaim(&self) {
        let retired = std::mem::take(&mut *lock(&self.retired));
        drop(retired); // after the lock is free again
    }

    /// The value that is served now, for a look at it from any thread.
    pub fn current(self: &Shared<Self>) -> Held<T> {
        self.take().0
    }

    /// A worker's own view. The worker makes it on its own thread.
    pub fn reader(self: &Shared<Self>) -> Reader<T> {
        let (held, seen) = self.take();
        let held = RefCell::new(Rc::new(held));
        Reader { publication: self.clone(), seen: Cell::new(seen), taken: Cell::new(0), held }
    }

    fn take(self: &Shared<Self>) -> (Held<T>, u64) {
        let current = lock(&self.current);
        let held = Held { value: Some(current.clone()), home: self.clone() };
        (held, self.generation.load(Ordering::Relaxed))
    }

    fn let_go(&self, value: Arc<T>) {
        let current = lock(&self.current);
        if Arc::ptr_eq(&current, &value) {
            // While the lock is held there is another one, so this frees nothing.
            drop(value);
            return;
        }
        drop(current);
        lock(&self.retired).push(value);
    }
}

/// A value in use. Dropping it never frees the value: an old one is handed to the publishing side.
pub struct Held<T> {
    /// Empty only while it is being dropped.
    value: Option<Arc<T>>,
    home: Shared<Publication<T>>,
}

impl<T> Deref for Held<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.value {
            Some(value) => value,
            None => unreachable!("a value leaves only when nobody can ask for it any more"),
        }
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.home.let_go(value);
        }
    }
}

/// One worker's view of a publication.
pub struct Reader<T> {
    publication: Shared<Publication<T>>,
    seen: Cell<u64>,
    taken: Cell<u64>,
    held: RefCell<Rc<Held<T>>>,
}

impl<T> Reader<T> {
    /// The newest value. Costs a load and the count of an `Rc` unless it has changed since the last call.
    #[inline]
    pub fn get(&self) -> Rc<Held<T>> {
        if self.publication.generation.load(Ordering::Acquire) != self.seen.get() {
            self.refresh();
        }
        self.held.borrow().clone()
    }

    /// How many newer values it has begun to use since the last call.
    pub fn taken(&self) -> u64 {
        self.taken.replace(0)
    }

    #[cold]
    fn refresh(&self) {
        let (held, seen) = self.publication.take();
        self.seen.set(seen);
        self.taken.set(self.taken.get() + 1);
        // What is replaced goes to the bin here, or when the last request that uses it ends.
        drop(self.held.replace(Rc::new(held)));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc as StdArc;
    use std::sync::atomic::{AtomicBool, AtomicUsize};
    use std::thread;

    use super::*;

    /// Counts how many are freed, and remembers if one ever was on another thread than its maker's.
    struct Traced {
        number: u64,
        twin: u64,
        maker: thread::ThreadId,
        freed: StdArc<AtomicUsize>,
        astray: StdArc<AtomicBool>,
    }

    impl Drop for Traced {
        fn drop(&mut self) {
            self.freed.fetch_add(1, Ordering::SeqCst);
            if thread::current().id() != self.maker {
                self.astray.store(true, Ordering::SeqCst);
            }
        }
    }

    #[test]
    fn under_load_values_are_whole_in_order_and_freed_by_their_maker() {
        const PUBLICATIONS: u64 = 2_000;
        let (freed, astray) = (StdArc::new(AtomicUsize::new(0)), StdArc::new(AtomicBool::new(false)));
        let maker = thread::current().id();
        let value = |number| Traced { number, twin: !number, maker, freed: freed.clone(), astray: astray.clone() };
        let publication = Arc::new(Publication::new(value(0)));
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let publication = publication.clone();
                thread::spawn(move || {
                    let reader = publication.reader();
                    let (mut last, mut kept) = (0, Vec::new());
                    while last < PUBLICATIONS {
                        let held = reader.get();
                        assert_eq!(held.number, !held.twin);
                        assert!(held.number >= last);
                        if held.number != last {
                            kept.push(held.clone());
                            kept.truncate(3);
                        }
                        last = held.number;
                        drop(publication.current());
                    }
                })
            })
            .collect();
        for number in 1..=PUBLICATIONS {
            assert_eq!(publication.publish(value(number)), number);
            thread::yield_now();
        }
        for worker in workers {
            worker.join().unwrap();
        }
        publication.reclaim();
        assert_eq!(freed.load(Ordering::SeqCst), usize::try_from(PUBLICATIONS).unwrap(), "all but the last");
        assert!(!astray.load(Ordering::SeqCst));
    }

    #[test]
    fn a_value_in_use_stays_until_it_is_let_go_of() {
        let publication = Arc::new(Publication::new(1));
        let reader = publication.reader();
        let held = reader.get();
        assert_eq!(publication.publish(2), 1);
        assert_eq!((**held, **reader.get()), (1, 2));
        drop((publication.current(), reader.get()));
        assert_eq!(lock(&publication.retired).len(), 0, "the current value needs no bin");
        drop(held);
        assert_eq!(lock(&publication.retired).len(), 1);
        publication.reclaim();
        assert_eq!(lock(&publication.retired).len(), 0);
        assert_eq!(publication.generation(), 1);
    }
}
