//! One try to have a request answered by one upstream connection: both directions, in one task, by polls.
//!
//! The exchange owns no socket. It is polled until the response is whole, the protocol was switched, or something
//! failed; what it leaves behind says whether the connections may be used again.

use std::rc::Rc;
use std::task::{Context, Poll};

use sallygate_wire::body::{Decoder, Encoder};
use sallygate_wire::exchange::{Answer, Exchange as Ledger};
use sallygate_wire::fault::Fault;
use sallygate_wire::field::Fields;
use sallygate_wire::response::{ResponseFraming, ResponseHead, parse_response};

use crate::fault::{Failure, Kind};
use crate::filter::Coded;
use crate::http1::answer::{self, Outgoing, Persistence};
use crate::proxy::account::Account;
use crate::proxy::compressing::Compressing;
use crate::proxy::terms::Terms;
use crate::proxy::trailing::Trailing;
use crate::proxy::upload::Upload;
use crate::proxy::worker::Worker;
use crate::transport::buffer::{Buffer, Output};
use crate::transport::conduit::Conduit;
use crate::transport::deadline::Deadline;
use crate::transport::pace::Pace;
use crate::transport::stream::Stream;
use crate::transport::throttle::{Throttle, WAIT_MS};
use crate::transport::watch::Watch;

/// Response bytes that wait for the client before the upstream is read on.
const PENDING_RESPONSE_BYTES: usize = 64 * 1024;
/// An upstream's head may be as large as a client's.
const RESPONSE_HEAD_BYTES: usize = 64 * 1024;

/// Answers that cookies of a service that was asked come with: those that nginx adds headers to.
const COOKIE_STATUSES: [u16; 10] = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/// How far the response has come.
pub(super) enum Phase {
    Head,
    /// The body goes through decoder and encoder.
    Body(Decoder, Encoder),
    /// This many bytes go through as they are (`u64::MAX`: until the end of the connection).
    Direct(u64),
    Done,
}

/// The two peers, lent for one poll.
pub(super) struct Peers<'a> {
    pub(super) client: &'a mut Stream,
    pub(super) upstream: &'a mut Stream,
    /// The head of the client's request, as received.
    pub(super) request: &'a [u8],
}

/// One try.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that happened or did not")]
pub(super) struct Exchange<'a> {
    pub(super) worker: &'a Worker,
    terms: &'a Terms<'a>,
    /// Answers that another endpoint is to do better.
    passed_over: &'a [u16],
    deadline: &'a Deadline,
    upload: &'a mut Upload,
    /// The trailers of the answer.
    trailing: Trailing,
    compressing: Compressing,
    ledger: &'a mut Ledger,
    pub(super) account: &'a mut Account,
    pub(super) reply: Option<Buffer>,
    pub(super) down: Output,
    pub(super) phase: Phase,
    /// Through which the body goes, while large pieces of it come.
    pub(super) conduit: Option<Conduit>,
    /// Was there more to read than one call could take?
    pub(super) flowing: bool,
    /// The upstream no longer takes the request; it may still answer.
    upload_broken: bool,
    /// A byte of the final response was handed to the client's side.
    pub(super) begun: bool,
    /// The protocol was switched.
    pub(super) switched: bool,
    waiting: Kind,
    armed: bool,
    /// How fast the client sends, and how fast it reads.
    sending: Pace,
    reading: Pace,
    /// Over the client, once it has sent everything and waits.
    watch: Watch,
    /// What may go to the client, where that is limited.
    pub(super) throttle: Option<Box<Throttle>>,
    /// Does only the throttle keep bytes back?
    throttled: bool,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        worker: &'a Worker,
        terms: &'a Terms<'a>,
        passed_over: &'a [u16],
        deadline: &'a Deadline,
        upload: &'a mut Upload,
        ledger: &'a mut Ledger,
        account: &'a mut Account,
    ) -> Self {
        ledger.try_upstream();
        Self {
            worker,
            terms,
            passed_over,
            deadline,
            upload,
            trailing: Trailing::default(),
            compressing: Compressing::default(),
            ledger,
            account,
            reply: None,
            down: worker.blocks.output(),
            phase: Phase::Head,
            conduit: None,
            flowing: false,
            upload_broken: false,
            begun: false,
            switched: false,
            waiting: Kind::ReadTimeout,
            armed: false,
            sending: Pace::default(),
            reading: Pace::default(),
            watch: Watch::default(),
            throttle: None,
            throttled: false,
        }
    }

    /// What is left of informational answers: the client must have all of it before it can be told anything else.
    pub(super) fn take_unsent(&mut self) -> Output {
        std::mem::take(&mut self.down)
    }

    /// Bytes that came after the head of a switch.
    pub(super) fn take_leftover(&mut self) -> Option<Buffer> {
        self.reply.take()
    }

    /// Goes on as far as it can.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, peers: &mut Peers<'_>) -> Poll<Result<(), Failure>> {
        let mut progress = false;
        self.compressing.begin_turn();
        loop {
            // Whatever becomes possible by this is tried below.
            progress |= self.send_request(cx, peers)?;
            let mut moved = self.read_request(cx, peers)?;
            moved |= self.read_response(cx, peers)?;
            moved |= self.send_response(cx, peers)?;
            if matches!(self.phase, Phase::Done) && self.down.is_empty() {
                self.settle();
                return Poll::Ready(Ok(()));
            }
            if moved {
                progress = true;
                continue;
            }
            self.watch(cx, peers)?;
            if progress || !self.armed {
                self.arm();
            } else if self.deadline.passed() {
                if self.throttled {
                    self.armed = false;
                    continue;
                }
                return Poll::Ready(Err(Failure::of(self.waiting)));
            }
            return Poll::Pending;
        }
    }

    /// Nobody must work for a client that has left. One that has ended its side after its request (RFC 9112 §9.6), or has
    /// sent the next one already, may still read, and is answered: only a reset says that it does not.
    fn watch(&mut self, cx: &mut Context<'_>, peers: &mut Peers<'_>) -> Result<(), Failure> {
        if self.upload.complete && self.watch.poll_left(peers.client, cx).is_ready() {
            return Err(Failure::of(Kind::ClientGone));
        }
        Ok(())
    }

    /// Notes how the exchange ended.
    fn settle(&mut self) {
        self.ledger.answer_read();
        self.ledger.answer_sent();
        if self.upload_broken || self.reply.as_ref().is_some_and(|reply| !reply.is_empty()) {
            self.ledger.surplus();
        }
    }

    /// Sets the deadline for whatever is being waited for.
    fn arm(&mut self) {
        self.armed = true;
        let unread = matches!(self.phase, Phase::Direct(_))
            && (self.reply.as_ref().is_some_and(|reply| !reply.is_empty()) || self.is_pipe_full());
        self.throttled = (unread || !self.down.is_empty()) && self.allowance() == 0;
        if self.throttled {
            self.deadline.set(WAIT_MS);
            return;
        }
        let (waiting, timeout_ms) = if unread || !self.down.is_empty() {
            (Kind::ClientStalled, self.worker.keeping.get().client_body_timeout_ms)
        } else if !self.upload.is_sent() && !self.upload_broken {
            (Kind::SendTimeout, self.terms.timeouts().send_ms)
        } else if !self.upload.complete && !self.upload_broken {
            (Kind::ClientTimeout, self.worker.keeping.get().client_body_timeout_ms)
        } else {
            (Kind::ReadTimeout, self.terms.timeouts().read_ms)
        };
        let now_ms = self.worker.clock.coarse_ms();
        match waiting {
            Kind::ClientStalled => self.reading.wait(now_ms),
            Kind::ClientTimeout => self.sending.wait(now_ms),
            _ => {}
        }
        self.waiting = waiting;
        self.deadline.set(timeout_ms);
    }

    fn send_request(&mut self, cx: &mut Context<'_>, peers: &mut Peers<'_>) -> Result<bool, Failure> {
        let mut moved = false;
        while !self.upload_broken {
            let bytes = self.upload.next()?;
            if bytes.is_empty() {
                break;
            }
            match peers.upstream.poll_write(cx, bytes) {
                Poll::Pending => break,
                Poll::Ready(Ok(count)) => {
                    self.upload.sent(count);
                    self.account.upstream_written = true;
                    self.account.upstream_sent += u64::try_from(count).unwrap_or(0);
                    moved = true;
                }
                Poll::Ready(Err(_)) => {
                    // It may have answered before it closed: a refusal, most likely. Read that before judging.
                    self.upload_broken = true;
                    moved = true;
                }
            }
        }
        if moved && self.upload.complete && self.upload.is_sent() {
            self.ledger.request_sent();
        }
        Ok(moved)
    }

    fn read_request(&mut self, cx: &mut Context<'_>, peers: &mut Peers<'_>) -> Result<bool, Failure> {
        if self.upload.complete || self.upload_broken || !self.upload.is_sent() {
            return Ok(false);
        }
        let mut quick = true;
        if self.upload.input.as_ref().is_none_or(Buffer::is_empty) {
            if let Some(empty) = self.upload.input.take() {
                self.worker.blocks.put_buffer(empty);
            }
            let expected = self.upload.decoder.remaining().unwrap_or(0);
            match peers.client.poll_piece(cx, &self.worker.blocks, expected) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(Some(buffer))) => {
                    let (now_ms, rate) = (self.worker.clock.coarse_ms(), self.worker.client_send_rate());
                    quick = self.sending.moved(now_ms, buffer.filled().len(), rate);
                    self.upload.input = Some(buffer);
                }
                // It has ended its side too soon, and may still read an answer.
                Poll::Ready(Ok(None)) => return Err(Failure::client(Fault::TruncatedBody)),
                Poll::Ready(Err(_)) => return Err(Failure::of(Kind::ClientGone)),
            }
        }
        self.upload.forget();
        self.upload.fill(self.ledger, self.account, self.terms.way.route.policy.body_limit_bytes)?;
        if quick || self.upload.complete { Ok(true) } else { Err(Failure::of(Kind::ClientTooSlow)) }
    }

    fn read_response(&mut self, cx: &mut Context<'_>, peers: &mut Peers<'_>) -> Result<bool, Failure> {
        if matches!(self.phase, Phase::Done) || self.down.rest().len() >= PENDING_RESPONSE_BYTES {
            return Ok(false);
        }
        if self.compressing.had_its_turn() {
            cx.waker().wake_by_ref();
            return Ok(false);
        }
        if let Phase::Direct(remaining) = self.phase {
            if self.reply.as_ref().is_some_and(|reply| !reply.is_empty()) {
                return self.pass_direct(cx, peers, remaining);
            }
            if self.is_piped(peers, remaining) {
                return self.pass_piped(cx, peers, remaining);
            }
        }
        let in_head = matches!(self.phase, Phase::Head);
        let waits = match &self.reply {
            None => true,
            Some(reply) if reply.is_empty() => true,
            Some(_) => in_head && !self.try_head(peers.request)?,
        };
        if !waits {
            return if matches!(self.phase, Phase::Done) { Ok(true) } else { self.step_body() };
        }
        match self.poll_reply(cx, peers) {
            Poll::Pending => match &mut self.phase {
                Phase::Body(_, encoder) => {
                    let flushed = self.compressing.flush(encoder, &mut self.down.bytes, self.account);
                    flushed.map_err(Failure::upstream)
                }
                _ => Ok(false),
            },
            Poll::Ready(Ok(0)) => {
                self.upstream_ended()?;
                Ok(true)
            }
            Poll::Ready(Ok(count)) => {
                self.account.upstream_received += u64::try_from(count).unwrap_or(0);
                Ok(true)
            }
            // A reset is never the end of anything, not even of a body that only the connection's end can end.
            Poll::Ready(Err(_)) => Err(Failure::of(Kind::Broken)),
        }
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>, peers: &mut Peers<'_>) -> Poll<std::io::Result<usize>> {
        // Only of a body that goes through as it is: the others are copied, and gain nothing by large pieces.
        let expected = if let Phase::Direct(remaining) = self.phase { remaining } else { 0 };
        if let Some(small) = self.reply.take_if(|reply| reply.is_outgrown(expected)) {
            self.worker.blocks.put_buffer(small);
        }
        let Some(reply) = &mut self.reply else {
            return peers.upstream.poll_piece(cx, &self.worker.blocks, expected).map_ok(|mut buffer| {
                let count = buffer.as_ref().map_or(0, |buffer| buffer.filled().len());
                self.flowing = buffer.as_mut().is_some_and(|buffer| buffer.space().is_empty());
                self.reply = buffer;
                count
            });
        };
        // Only a head can be unfinished in the buffer; a body is taken out as it comes.
        if !reply.make_space(1, RESPONSE_HEAD_BYTES) {
            return Poll::Ready(Err(std::io::ErrorKind::InvalidData.into()));
        }
        let polled = peers.upstream.poll_read(cx, reply.space());
        if let Poll::Ready(Ok(count)) = polled {
            reply.filled_by(count);
        }
        polled
    }

    /// The upstream sent its last byte, or was cut off.
    pub(super) fn upstream_ended(&mut self) -> Result<(), Failure> {
        let clean = match &mut self.phase {
            Phase::Body(decoder, encoder) => {
                let out = &mut self.down.bytes;
                decoder.finish().is_ok()
                    && self.compressing.finish(encoder, out, self.account).is_ok()
                    && encoder.finish(out).is_ok()
            }
            Phase::Direct(remaining) => *remaining == u64::MAX,
            Phase::Head | Phase::Done => false,
        };
        if !clean {
            return Err(Failure::of(Kind::Broken));
        }
        self.phase = Phase::Done;
        Ok(())
    }

    /// Reads heads until the final one is whole. True if it is.
    fn try_head(&mut self, request: &[u8]) -> Result<bool, Failure> {
        loop {
            let Some(reply) = &self.reply else { return Ok(false) };
            let mut fields = self.worker.response_fields.borrow_mut();
            let parsed = parse_response(reply.filled(), &self.worker.response_limits, &mut fields, self.terms.kind());
            let Some(head) = parsed.map_err(Failure::upstream)? else { return Ok(false) };
            let length = head.len;
            let finished = self.accept_head(&head, &fields, request)?;
            drop(fields);
            if let Some(reply) = &mut self.reply {
                reply.consume(length);
            }
            if finished {
                return Ok(true);
            }
        }
    }

    /// Writes the client's head for one of the upstream's. True if it was the final one.
    fn accept_head(&mut self, head: &ResponseHead, fields: &Fields, request: &[u8]) -> Result<bool, Failure> {
        let bytes = self.reply.as_ref().map_or(&b""[..], Buffer::filled);
        match self.ledger.answer(head).map_err(Failure::upstream)? {
            Answer::Informational { forward } => {
                if forward {
                    answer::write_informational(&mut self.down.bytes, bytes, head, fields)
                        .map_err(Failure::upstream)?;
                }
                return Ok(false);
            }
            Answer::Upgraded => {
                // In HTTP/1.0 nothing was asked for, whatever the client asked us for.
                let wanted = self.terms.upgrade(request).ok_or(Failure::upstream(Fault::UnaskedUpgrade))?;
                wanted.write(&mut self.down.bytes, bytes, head, fields).map_err(Failure::upstream)?;
                let reply = bytes.get(..head.len).unwrap_or_default();
                self.account.note(|line| line.replied(101, reply, self.worker.clock.micros()));
                self.account.note(|line| line.answer(&self.down.bytes));
                self.account.status = 101;
                self.account.upstream_status = 101;
                self.begun = true;
                self.switched = true;
                self.phase = Phase::Done;
            }
            Answer::Final => self.final_head(head, fields, request)?,
        }
        Ok(true)
    }

    fn final_head(&mut self, head: &ResponseHead, fields: &Fields, request: &[u8]) -> Result<(), Failure> {
        let reply = self.reply.as_ref().and_then(|reply| reply.filled().get(..head.len)).unwrap_or_default();
        self.account.note(|line| line.replied(head.status, reply, self.worker.clock.micros()));
        if self.passed_over.contains(&head.status) && self.upload.replayable {
            self.account.upstream_status = head.status;
            return Err(Failure::of(Kind::PassedOver));
        }
        let bytes = self.reply.as_ref().map_or(&b""[..], Buffer::filled);
        if self.terms.way.errors.is_some_and(|errors| !errors.local_only && errors.cover(head.status)) {
            self.account.upstream_status = head.status;
            return Err(Failure::of(Kind::Covered(head.status)));
        }
        let old_client = self.terms.is_old();
        let decoder = Decoder::response(head.framing);
        let coded = self.compressing.begin(self.worker, self.terms, request, (head, bytes, fields));
        let (outgoing, phase) = match head.framing {
            ResponseFraming::None if matches!(coded, Coded::By(..)) => (Outgoing::None, Phase::Done),
            _ if self.compressing.is_on() => (Outgoing::Chunked, Phase::Body(decoder, Encoder::Chunked)),
            ResponseFraming::None if head.status == 204 => (Outgoing::None, Phase::Done),
            ResponseFraming::None => (Outgoing::Described, Phase::Done),
            ResponseFraming::Length(0) => (Outgoing::Length(0), Phase::Done),
            ResponseFraming::Length(length) => (Outgoing::Length(length), Phase::Direct(length)),
            ResponseFraming::Chunked | ResponseFraming::UntilClose if old_client => {
                (Outgoing::UntilClose, Phase::Body(decoder, Encoder::UntilClose))
            }
            ResponseFraming::Chunked | ResponseFraming::UntilClose => {
                (Outgoing::Chunked, Phase::Body(decoder, Encoder::Chunked))
            }
        };
        if outgoing == Outgoing::UntilClose {
            self.ledger.until_close();
        }
        if self.terms.last || self.worker.draining() {
            self.ledger.close();
        }
        let persistence = Persistence::of(self.ledger.announce_close(), old_client);
        let date = self.worker.date.get();
        let (hsts, added) = (self.terms.hsts(), self.terms.added);
        let edits = self.terms.edits();
        let cookies = if COOKIE_STATUSES.contains(&head.status) { self.terms.way.cookies } else { b"" };
        if self.terms.head.takes_trailers && outgoing == Outgoing::Chunked {
            self.trailing.wanted = Some(Rc::clone(&self.worker.response_trailers));
        }
        let trailers = self.trailing.wanted.as_deref();
        let facts = answer::Facts { date: &date, hsts, persistence, edits, added, cookies, trailers, coded };
        let start = self.down.bytes.len();
        answer::write(&mut self.down.bytes, bytes, head, fields, &facts, outgoing).map_err(Failure::upstream)?;
        self.account.note(|line| line.answer(self.down.bytes.get(start..).unwrap_or_default()));
        if let Some(pacing) = self.terms.pacing() {
            let now_ms = self.worker.clock.coarse_ms();
            self.throttle = Some(Box::new(Throttle::new(pacing.bytes_per_second, pacing.after_bytes, now_ms)));
        }
        self.account.status = head.status;
        self.account.upstream_status = head.status;
        self.begun = true;
        self.phase = phase;
        Ok(())
    }

    /// Takes what is there of the body through decoder and encoder. A small one joins its head in one write.
    pub(super) fn step_body(&mut self) -> Result<bool, Failure> {
        let Some(reply) = &mut self.reply else { return Ok(false) };
        if reply.is_empty() {
            return Ok(true);
        }
        match &mut self.phase {
            Phase::Body(decoder, encoder) => {
                // Everything that is there: short chunks leave in one write. What is good goes out before a fault behind
                // it counts, which the next call meets again.
                let (mut done, mut moved) = (false, false);
                while !done && !reply.is_empty() {
                    let here = *decoder;
                    let piece = match decoder.step(reply.filled()) {
                        Err(_) if moved => {
                            *decoder = here;
                            break;
                        }
                        stepped => stepped.map_err(Failure::upstream)?,
                    };
                    moved = true;
                    let consumed = reply.filled().get(..piece.consumed).unwrap_or_default();
                    self.trailing.note(decoder, here.trailer_bytes(), consumed);
                    let data = reply.filled().get(piece.data.clone()).unwrap_or_default();
                    if !data.is_empty() {
                        let written = self.compressing.write(data, encoder, &mut self.down.bytes, self.account);
                        written.map_err(Failure::upstream)?;
                    }
                    reply.consume(piece.consumed);
                    done = piece.done;
                }
                if done {
                    let ended = self.compressing.finish(encoder, &mut self.down.bytes, self.account);
                    ended.map_err(Failure::upstream)?;
                    let hides = |name: &[u8]| self.terms.edits().is_some_and(|edits| edits.hides(name));
                    let lines = self.trailing.lines(decoder, hides, self.account);
                    encoder.finish_with(&lines, &mut self.down.bytes).map_err(Failure::upstream)?;
                    self.phase = Phase::Done;
                }
            }
            Phase::Direct(remaining) => {
                let wanted = usize::try_from(*remaining).unwrap_or(usize::MAX);
                let data = reply.filled();
                let data = data.get(..wanted.min(data.len())).unwrap_or_default();
                let count = data.len();
                self.down.bytes.extend_from_slice(data);
                self.account.sent_body(count);
                reply.consume(count);
                *remaining -= u64::try_from(count).unwrap_or(0);
                if *remaining == 0 {
                    self.phase = Phase::Done;
                }
            }
            Phase::Head | Phase::Done => {}
        }
        Ok(true)
    }

    /// A client that reads a byte now and then would hold its upstream for as long as it likes.
    pub(super) fn client_read(&mut self, count: usize) -> Result<(), Failure> {
        let (now_ms, rate) = (self.worker.clock.coarse_ms(), self.worker.client_read_rate());
        if self.reading.moved(now_ms, count, rate) { Ok(()) } else { Err(Failure::of(Kind::ClientTooSlow)) }
    }

    /// How many bytes may go to the client now.
    #[inline]
    fn allowance(&self) -> usize {
        match &self.throttle {
            None => usize::MAX,
            Some(throttle) => throttle.allowance(self.worker.clock.coarse_ms()),
        }
    }

    fn send_response(&mut self, cx: &mut Context<'_>, peers: &mut Peers<'_>) -> Result<bool, Failure> {
        let mut moved = false;
        while !self.down.is_empty() {
            let rest = self.down.rest();
            let allowed = rest.get(..self.allowance().min(rest.len())).unwrap_or_default();
            if allowed.is_empty() {
                break;
            }
            match peers.client.poll_write(cx, allowed) {
                Poll::Pending => break,
                Poll::Ready(Ok(count)) => {
                    self.throttle.iter_mut().for_each(|throttle| throttle.sent(count));
                    self.account.written += u64::try_from(count).unwrap_or(0);
                    self.down.wrote(count);
                    self.client_read(count)?;
                    moved = true;
                }
                Poll::Ready(Err(_)) => return Err(Failure::of(Kind::ClientGone)),
            }
        }
        Ok(moved)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.compressing.end(self.worker, self.account);
        self.worker.blocks.put_output(std::mem::take(&mut self.down));
        if let Some(reply) = self.reply.take() {
            self.worker.blocks.put_buffer(reply);
        }
        if let Some(conduit) = self.conduit.take() {
            self.worker.conduits.put(conduit);
        }
    }
}
