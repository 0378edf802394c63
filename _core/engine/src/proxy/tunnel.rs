//! A connection whose protocol was switched: bytes both ways, as they come, until both sides have ended.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use crate::fault::{Failure, Kind};
use crate::proxy::worker::Worker;
use crate::transport::buffer::{Buffer, Pool};
use crate::transport::deadline::Deadline;
use crate::transport::stream::Stream;

/// One direction of a tunnel.
struct Direction {
    pending: Option<Buffer>,
    ended: bool,
    bytes: u64,
}

impl Direction {
    /// Moves bytes until one of the sides has to be waited for. Ready when this direction has ended.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        pool: &Pool,
    ) -> Poll<std::io::Result<()>> {
        while !self.ended {
            if let Some(buffer) = &mut self.pending {
                let wrote = ready!(to.poll_write(cx, buffer.filled()))?;
                self.bytes += u64::try_from(wrote).unwrap_or(0);
                buffer.consume(wrote);
                if buffer.is_empty() {
                    self.pending.take().into_iter().for_each(|buffer| pool.put_buffer(buffer));
                }
                continue;
            }
            if let Some(buffer) = ready!(from.poll_first(cx, pool))? {
                self.pending = Some(buffer);
            } else {
                self.ended = true;
                to.finish();
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// What went through a tunnel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried {
    /// Bytes from the client.
    pub up: u64,
    /// Bytes from the upstream.
    pub down: u64,
}

/// Carries until both sides have ended, one breaks, or nothing moves for `idle_ms`.
pub async fn tunnel(
    worker: &Worker,
    deadline: &Deadline,
    client: &mut Stream,
    upstream: &mut Stream,
    leftovers: (Option<Buffer>, Option<Buffer>),
    idle_ms: u64,
) -> (Carried, Option<Failure>) {
    let direction = |pending: Option<Buffer>| Direction {
        pending: pending.filter(|buffer| !buffer.is_empty()),
        ended: false,
        bytes: 0,
    };
    let (mut up, mut down) = (direction(leftovers.0), direction(leftovers.1));
    deadline.set(idle_ms);
    let mut seen = 0;
    let failure = poll_fn(|cx| {
        let went_up = up.poll(cx, client, upstream, &worker.blocks);
        let went_down = down.poll(cx, upstream, client, &worker.blocks);
        match (&went_up, &went_down) {
            (Poll::Ready(Err(_)), _) | (_, Poll::Ready(Err(_))) => return Poll::Ready(Some(Failure::of(Kind::Broken))),
            (Poll::Ready(_), Poll::Ready(_)) => return Poll::Ready(None),
            _ => {}
        }
        if seen != up.bytes + down.bytes {
            seen = up.bytes + down.bytes;
            deadline.set(idle_ms);
        } else if deadline.passed() {
            return Poll::Ready(Some(Failure::of(Kind::ReadTimeout)));
        }
        Poll::Pending
    })
    .await;
    for pending in [up.pending.take(), down.pending.take()].into_iter().flatten() {
        worker.blocks.put_buffer(pending);
    }
    (Carried { up: up.bytes, down: down.bytes }, failure)
}
