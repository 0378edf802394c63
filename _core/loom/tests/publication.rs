//! Publishing while workers read: values are whole, never go back, and are freed by the publisher alone.

use std::cell::Cell;
use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use sallygate_loom::snapshot::publication::Publication;

loom::thread_local! {
    /// Whether this thread is a worker, which must never free a value.
    static WORKER: Cell<bool> = Cell::new(false);
}

/// A value whose halves belong together, and that knows who frees it.
struct Value {
    number: u64,
    twin: u64,
}

fn value(number: u64) -> Value {
    Value { number, twin: !number }
}

impl Drop for Value {
    fn drop(&mut self) {
        // The model's own end drops what is left, where there is no thread to ask.
        let freed_by_worker = WORKER.try_with(Cell::get).unwrap_or(false);
        assert!(!freed_by_worker, "value {} was freed by a worker", self.number);
    }
}

/// Reads a few times and returns the last number.
fn work(publication: &Arc<Publication<Value>>, reads: usize) -> u64 {
    WORKER.with(|worker| worker.set(true));
    let reader = publication.reader();
    let mut last = 0;
    for _ in 0..reads {
        let held = reader.get();
        assert_eq!(held.number, !held.twin, "torn");
        assert!(held.number >= last, "it went back from {last} to {}", held.number);
        last = held.number;
    }
    last
}

#[test]
fn two_workers_and_a_publication() {
    loom::model(|| {
        let publication = Arc::new(Publication::new(value(0)));
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let publication = publication.clone();
                thread::spawn(move || work(&publication, 2))
            })
            .collect();
        assert_eq!(publication.publish(value(1)), 1);
        workers.into_iter().for_each(|worker| assert!(worker.join().unwrap() <= 1));
        assert_eq!(publication.current().number, 1);
        publication.reclaim();
    });
}

#[test]
fn a_worker_and_two_publications() {
    loom::model(|| {
        let publication = Arc::new(Publication::new(value(0)));
        let worker = {
            let publication = publication.clone();
            thread::spawn(move || work(&publication, 3))
        };
        publication.publish(value(1));
        publication.publish(value(2));
        assert!(worker.join().unwrap() <= 2);
        assert_eq!((publication.current().number, publication.generation()), (2, 2));
        publication.reclaim();
    });
}

#[test]
fn a_look_from_a_worker_and_a_publication() {
    loom::model(|| {
        let publication = Arc::new(Publication::new(value(0)));
        let worker = {
            let publication = publication.clone();
            thread::spawn(move || {
                WORKER.with(|worker| worker.set(true));
                let held = publication.current();
                assert_eq!(held.number, !held.twin);
                let later = publication.current();
                assert!(later.number >= held.number);
            })
        };
        publication.publish(value(1));
        publication.reclaim();
        worker.join().unwrap();
        publication.reclaim();
    });
}

#[test]
fn what_was_published_before_is_seen() {
    loom::model(|| {
        let publication = Arc::new(Publication::new(value(0)));
        publication.publish(value(1));
        let seen = {
            let publication = publication.clone();
            thread::spawn(move || work(&publication, 1)).join().unwrap()
        };
        assert_eq!(seen, 1);
    });
}

#[test]
fn whoever_hears_of_a_publication_sees_it() {
    loom::model(|| {
        let publication = Arc::new(Publication::new(value(0)));
        let told = loom::sync::Arc::new(AtomicBool::new(false));
        let worker = {
            let (publication, told) = (publication.clone(), told.clone());
            thread::spawn(move || {
                WORKER.with(|worker| worker.set(true));
                let reader = publication.reader();
                // A look that may come at any moment must not make the next one blind.
                drop(reader.get());
                if told.load(Ordering::Acquire) {
                    assert_eq!(reader.get().number, 1);
                }
            })
        };
        publication.publish(value(1));
        told.store(true, Ordering::Release);
        worker.join().unwrap();
        publication.reclaim();
    });
}
