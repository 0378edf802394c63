//! Rooms: where a connection is while it has something to do.
//!
//! Serving a request takes kilobytes of state, waiting for one takes a few hundred bytes, and nearly all connections
//! wait. So a connection's own task only waits. With the first byte of a request it enters a room, a coroutine that
//! outlives it and takes in the next one: entering and leaving move a pointer and allocate nothing.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::prefetch::prefetch_value;
use crate::proxy::client::Connection;
use crate::proxy::worker::Worker;

/// Empty rooms that a worker keeps: more than are taken at once on a busy worker. Who has a thousand requests under way at
/// the same time has them again in a moment, and a room that is made anew costs more than all else about a request.
const KEPT: usize = 1024;

/// Where a worker's connections are handed over, into a room and out of it: both within one poll, and one room is polled
/// at a time, so that one desk will do for all of them.
#[derive(Default)]
struct Desk {
    coming: Cell<Option<Box<Connection>>>,
    leaving: Cell<Option<Leaving>>,
}

/// How a connection leaves.
enum Leaving {
    /// It has nothing more to do for now.
    Idle(Box<Connection>),
    /// It is over.
    Over,
}

/// A place to serve requests in. Between two connections it holds nothing but the desk.
type Room = Pin<Box<dyn Future<Output = Infallible>>>;

async fn inside(desk: Rc<Desk>) -> Infallible {
    loop {
        let connection = poll_fn(|_| desk.coming.take().map_or(Poll::Pending, Poll::Ready)).await;
        let leaving = connection.serve().await.map_or(Leaving::Over, Leaving::Idle);
        desk.leaving.set(Some(leaving));
    }
}

/// A worker's empty rooms.
#[derive(Default)]
pub struct Rooms {
    empty: RefCell<Vec<Room>>,
    taken: Cell<usize>,
    desk: Rc<Desk>,
}

impl Rooms {
    /// Lets a connection in whose next request has begun to arrive. Comes back with it once nothing of a further one
    /// has, or with nothing if it is over.
    pub(super) fn enter(connection: Box<Connection>) -> Visit {
        let worker = Rc::clone(&connection.worker);
        let mut empty = worker.rooms.empty.borrow_mut();
        let room = empty.pop().unwrap_or_else(|| Box::pin(inside(worker.rooms.desk.clone())));
        // The next request's: where many are under way at the same time, it has not been used for long.
        if let Some(next) = empty.last() {
            prefetch_value(&**next);
        }
        drop(empty);
        worker.rooms.taken.set(worker.rooms.taken() + 1);
        Visit { worker, room: Some(room), coming: Some(connection) }
    }

    /// How many connections are in a room.
    pub(super) fn taken(&self) -> usize {
        self.taken.get()
    }

    fn put(&self, room: Room) {
        let mut kept = self.empty.borrow_mut();
        if kept.len() < KEPT {
            kept.push(room);
        }
    }
}

/// A connection in a room. Dropped before its end, or by a panic, it takes the room with it.
pub(super) struct Visit {
    worker: Rc<Worker>,
    room: Option<Room>,
    coming: Option<Box<Connection>>,
}

impl Future for Visit {
    type Output = Option<Box<Connection>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut room) = self.room.take() else { return Poll::Ready(None) };
        if let Some(connection) = self.coming.take() {
            self.worker.rooms.desk.coming.set(Some(connection));
        } else {
            prefetch_value(&*room);
        }
        // It never ends by itself.
        let Poll::Pending = room.as_mut().poll(cx);
        let Some(leaving) = self.worker.rooms.desk.leaving.take() else {
            self.room = Some(room);
            return Poll::Pending;
        };
        self.worker.rooms.put(room);
        Poll::Ready(match leaving {
            Leaving::Idle(connection) => Some(connection),
            Leaving::Over => None,
        })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let rooms = &self.worker.rooms;
        rooms.taken.set(rooms.taken().saturating_sub(1));
    }
}
