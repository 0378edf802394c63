//! Bodies of answers that go to the client as they come: written from where they were received, or through a pipe.

use std::task::{Context, Poll};

use crate::fault::{Failure, Kind};
use crate::proxy::exchange::{Exchange, Peers, Phase};
use crate::transport::conduit;

/// Body pieces from this size on are written from where they were received, without a copy.
const DIRECT_BYTES: usize = 4 * 1024;
/// A body of which at least this much is still to come goes through a pipe, if it comes fast.
const PIPED_BYTES: u64 = 64 * 1024;
/// Less than this in one call, and the body is read and written again.
const SLOW_BYTES: usize = 16 * 1024;

impl Exchange<'_> {
    /// Writes a large piece of the body from where it was received.
    pub(super) fn pass_direct(
        &mut self,
        cx: &mut Context<'_>,
        peers: &mut Peers<'_>,
        remaining: u64,
    ) -> Result<bool, Failure> {
        let wanted = usize::try_from(remaining).unwrap_or(usize::MAX);
        let Some(reply) = &mut self.reply else { return Ok(false) };
        let filled = reply.filled();
        let data = filled.get(..wanted.min(filled.len())).unwrap_or_default();
        if !self.down.is_empty() || data.len() < DIRECT_BYTES {
            return self.step_body();
        }
        let data = match &self.throttle {
            None => data,
            Some(throttle) => {
                let allowed = throttle.allowance(self.worker.clock.coarse_ms());
                data.get(..allowed.min(data.len())).unwrap_or_default()
            }
        };
        if data.is_empty() {
            return Ok(false);
        }
        match peers.client.poll_write(cx, data) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(_)) => Err(Failure::of(Kind::ClientGone)),
            Poll::Ready(Ok(count)) => {
                self.throttle.iter_mut().for_each(|throttle| throttle.sent(count));
                reply.consume(count);
                self.passed(count, remaining)?;
                Ok(true)
            }
        }
    }

    /// Does something wait in the pipe?
    pub(super) fn is_pipe_full(&self) -> bool {
        self.conduit.as_ref().is_some_and(|conduit| conduit.held() > 0)
    }

    /// Does the rest of the body go through a pipe? Only between two plain sockets, as fast as they can, and once all that
    /// was read before has been written.
    pub(super) fn is_piped(&mut self, peers: &Peers<'_>, remaining: u64) -> bool {
        if self.is_pipe_full() {
            return true;
        }
        if !self.flowing {
            // One that has become slow leaves the pipe to others: it may take hours.
            self.conduit.take().into_iter().for_each(|conduit| self.worker.conduits.put(conduit));
            return false;
        }
        let suits = remaining >= PIPED_BYTES && self.down.is_empty() && self.throttle.is_none();
        if !suits || !peers.client.takes_pipes() || !peers.upstream.takes_pipes() {
            return false;
        }
        if self.conduit.is_none() {
            self.conduit = self.worker.conduits.lend();
        }
        self.conduit.is_some()
    }

    /// Takes a piece of the body into the pipe, or gives the client what waits there.
    pub(super) fn pass_piped(
        &mut self,
        cx: &mut Context<'_>,
        peers: &Peers<'_>,
        remaining: u64,
    ) -> Result<bool, Failure> {
        let Some(conduit) = &mut self.conduit else { return Ok(false) };
        if conduit.held() > 0 {
            return match peers.client.poll_give(cx, conduit) {
                Poll::Pending => Ok(false),
                Poll::Ready(Err(_)) => Err(Failure::of(Kind::ClientGone)),
                Poll::Ready(Ok(count)) => {
                    self.passed(count, remaining)?;
                    Ok(true)
                }
            };
        }
        let most = usize::try_from(remaining).unwrap_or(usize::MAX);
        match peers.upstream.poll_take(cx, conduit, most) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(0)) => {
                self.upstream_ended()?;
                Ok(true)
            }
            Poll::Ready(Ok(count)) => {
                self.account.upstream_received += u64::try_from(count).unwrap_or(0);
                self.flowing = count >= SLOW_BYTES;
                Ok(true)
            }
            Poll::Ready(Err(error)) if conduit::is_unsupported(&error) => {
                self.conduit = None;
                self.worker.conduits.give_up();
                self.flowing = false;
                Ok(true)
            }
            Poll::Ready(Err(_)) => Err(Failure::of(Kind::Broken)),
        }
    }

    /// Notes that the client took so many bytes of the body, of which so many were still to come.
    fn passed(&mut self, count: usize, remaining: u64) -> Result<(), Failure> {
        let bytes = u64::try_from(count).unwrap_or(0);
        self.account.sent_body(count);
        self.account.written += bytes;
        self.client_read(count)?;
        let left = remaining.saturating_sub(bytes);
        self.phase = if left == 0 { Phase::Done } else { Phase::Direct(left) };
        Ok(())
    }
}
