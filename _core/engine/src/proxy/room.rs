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

use crate::proxy::client::Connection;
use crate::proxy::worker::Worker;

/// Empty rooms that a worker keeps: more than are taken at once on a busy worker. Who has a thousand requests under way at
/// the same time has them again in a moment, and a room that is made anew costs more than all else about a request.
const KEPT: usize = 1024;

/// Where a connection is handed over. A room between two connections holds nothing else, least of all its worker.
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

/// A place to serve requests in.
struct Room {
    desk: Rc<Desk>,
    inside: Pin<Box<dyn Future<Output = Infallible>>>,
}

impl Room {
    fn new() -> Self {
        let desk = Rc::<Desk>::default();
        Self { inside: Box::pin(inside(desk.clone())), desk }
    }
}

async fn inside(desk: Rc<Desk>) -> Infallible {
    loop {
        let connection = poll_fn(|_| desk.coming.take().map_or(Poll::Pending, Poll::Ready)).await;
        let leaving = connection.serve().await.map_or(Leaving::Over, Leaving::Idle);
        desk.leaving.set(Some(leaving));
    }
}

/// A worker's empty rooms.
#[derive(Default)]
pub struct Rooms(RefCell<Vec<Room>>);

impl Rooms {
    /// Lets a connection in whose next request has begun to arrive. Comes back with it once nothing of a further one
    /// has, or with nothing if it is over.
    pub(super) fn enter(connection: Box<Connection>) -> Visit {
        let worker = Rc::clone(&connection.worker);
        let room = worker.rooms.0.borrow_mut().pop().unwrap_or_else(Room::new);
        room.desk.coming.set(Some(connection));
        Visit { worker, room: Some(room) }
    }

    fn put(&self, room: Room) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < KEPT {
            kept.push(room);
        }
    }
}

/// A connection in a room. Dropped before its end, or by a panic, it takes the room with it.
pub(super) struct Visit {
    worker: Rc<Worker>,
    room: Option<Room>,
}

impl Future for Visit {
    type Output = Option<Box<Connection>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut room) = self.room.take() else { return Poll::Ready(None) };
        // It never ends by itself.
        let Poll::Pending = room.inside.as_mut().poll(cx);
        let Some(leaving) = room.desk.leaving.take() else {
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
