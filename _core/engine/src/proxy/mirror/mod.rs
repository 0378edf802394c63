//! Copies of requests for another service, whose answers nobody gets.
//!
//! Whatever becomes of a copy, the request that it was made of goes its own way: a copy is a task of its own with a
//! connection of its own, and what it may take is bounded.

pub mod limits;

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use sallygate_wire::field::Fields;
use sallygate_wire::request::RequestHead;

use crate::balance;
use crate::filter::Asked;
use crate::http1::forward::{self, Facts, Outgoing};
use crate::proxy::upload::Upload;
use crate::proxy::worker::Worker;
use crate::route::Mirror;
use crate::snapshot::Snapshot;
use crate::telemetry::Counter;
use crate::upstream::connect::connect;
use crate::upstream::pool::{Speech, Target};
use limits::{COPIES, COPIES_BYTES, COPY_ANSWER_BYTES, COPY_BODY_BYTES, COPY_MS};

/// What a worker's copies under way take.
#[derive(Debug, Default)]
pub struct Copies {
    count: Cell<usize>,
    bytes: Cell<usize>,
}

impl Copies {
    /// Takes room for one more. False if there is none.
    fn take(&self, bytes: usize) -> bool {
        let total = self.bytes.get().saturating_add(bytes);
        let fits = self.count.get() < COPIES && total <= COPIES_BYTES;
        if fits {
            self.count.set(self.count.get() + 1);
            self.bytes.set(total);
        }
        fits
    }

    fn give_back(&self, bytes: usize) {
        self.count.set(self.count.get().saturating_sub(1));
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
    }
}

/// A copy, as far as it is known when its request is judged.
#[derive(Debug)]
pub struct Draft {
    target: Vec<u8>,
    /// Field lines that are its own.
    lines: Vec<u8>,
    head: Vec<u8>,
}

impl Draft {
    /// None if it cannot be written: the request goes its way without it.
    pub(super) fn new(mirror: &Mirror, asked: &Asked<'_>) -> Option<Self> {
        let (mut target, mut lines) = (Vec::new(), Vec::new());
        mirror.target.expand(asked, &mut target);
        if let Some(query) = asked.head.query.filter(|_| mirror.plain) {
            target.push(if target.contains(&b'?') { b'&' } else { b'?' });
            target.extend_from_slice(query.of(asked.bytes));
        }
        mirror.edits.write(asked, &mut lines).ok()?;
        Some(Self { target, lines, head: Vec::new() })
    }

    /// With its head, which says nothing of a body yet.
    pub(super) fn with_head(
        mut self,
        bytes: &[u8],
        head: &RequestHead,
        fields: &Fields,
        facts: &Facts<'_>,
    ) -> Option<Box<Self>> {
        let facts = Facts { lines: &self.lines, ..*facts };
        forward::write_to(&mut self.head, &self.target, bytes, head, fields, &facts).ok()?;
        Some(Box::new(self))
    }
}

/// Room that a copy gives back however it ends.
struct Held {
    worker: Rc<Worker>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.worker.copies.give_back(self.bytes);
    }
}

/// Sends a copy of a request whose body has been taken in as far as it ever will be.
pub(super) fn send(worker: &Rc<Worker>, snapshot: &Snapshot, mirror: &Mirror, draft: Draft, upload: &Upload) {
    if begin(worker, snapshot, mirror, draft, upload).is_none() {
        worker.telemetry.add(Counter::MirrorsDropped, 1);
    }
}

fn begin(worker: &Rc<Worker>, snapshot: &Snapshot, mirror: &Mirror, draft: Draft, upload: &Upload) -> Option<()> {
    let mut request = draft.head;
    if mirror.body {
        let (outgoing, body) = upload.copied_body(COPY_BODY_BYTES)?;
        if outgoing != Outgoing::None {
            let head = request.len();
            forward::frame(&mut request, head, outgoing);
            request.extend_from_slice(&body);
        }
    }
    let backend = snapshot.backend(mirror.backend.index())?;
    let address = balance::pick(backend, &mut worker.balance.borrow_mut(), &[])?.address();
    let target = Target { address, tls: mirror.tls.clone().map(Speech::Usual) };
    let bytes = request.len();
    if !worker.copies.take(bytes) {
        return None;
    }
    let held = Held { worker: worker.clone(), bytes };
    tokio::task::spawn_local(async move {
        let worker = &held.worker;
        let sent = exchange(worker, &target, &request).await;
        worker.telemetry.add(if sent { Counter::MirrorsSent } else { Counter::MirrorsFailed }, 1);
    });
    Some(())
}

/// True if the service has begun to answer.
async fn exchange(worker: &Worker, target: &Target, request: &[u8]) -> bool {
    let deadline = worker.deadlines.register();
    poll_fn(|cx| {
        deadline.watch(cx.waker());
        Poll::Ready(())
    })
    .await;
    let Ok(mut stream) = connect(target, &worker.connector, &deadline, COPY_MS).await else { return false };
    deadline.set(COPY_MS);
    let (mut rest, mut read) = (request, 0);
    let mut answer = worker.blocks.buffer();
    poll_fn(|cx| {
        loop {
            while !rest.is_empty() {
                match stream.poll_write(cx, rest) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(count)) => rest = rest.get(count..).unwrap_or_default(),
                    // It may have answered all the same.
                    Poll::Ready(Err(_)) => rest = &[],
                }
            }
            let filled = answer.filled().len();
            answer.consume(filled);
            answer.make_space(1, usize::MAX);
            match stream.poll_read(cx, answer.space()) {
                Poll::Pending if deadline.passed() => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(count)) => read += count,
            }
            if read > COPY_ANSWER_BYTES {
                return Poll::Ready(());
            }
        }
    })
    .await;
    worker.blocks.put_buffer(answer);
    read > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_room_until_it_is_taken() {
        let copies = Copies::default();
        assert!(copies.take(COPIES_BYTES) && !copies.take(1));
        copies.give_back(COPIES_BYTES);
        assert!((0..COPIES).all(|_| copies.take(1)));
        assert!(!copies.take(1));
        copies.give_back(1);
        assert!(copies.take(1));
    }
}
