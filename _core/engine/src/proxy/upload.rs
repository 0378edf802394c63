//! The client's side of a request: what has arrived of it, what is still to come, and what of it goes to an upstream.
//!
//! A body is either sent on as it comes, or taken in whole first (see `intake`). Of one that is taken in, the beginning
//! stays in memory behind the head and the rest lies on disk, and both can be sent again.

use std::io;
use std::rc::Rc;

use sallygate_image::Policy;
use sallygate_wire::body::{Decoder, Encoder};
use sallygate_wire::exchange::Exchange as Ledger;
use sallygate_wire::fault::Fault;
use sallygate_wire::request::Framing;
use sallygate_wire::trailer::TrailerNames;

use crate::fault::{Failure, Kind};
use crate::http1::forward::{self, Outgoing};
use crate::proxy::account::Account;
use crate::proxy::mirror::Draft;
use crate::proxy::trailing::Trailing;
use crate::proxy::worker::Worker;
use crate::telemetry::Counter;
use crate::transport::buffer::{Buffer, Output, Pool};
use crate::transport::spill::Spill;

/// What is read from disk at a time: a few system calls per megabyte, and a block that is kept for reuse.
const PIECE_BYTES: usize = 64 * 1024;

/// The request on its way.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is so or not")]
pub(super) struct Upload {
    /// Bytes that have arrived and were not looked at.
    pub(super) input: Option<Buffer>,
    pub(super) decoder: Decoder,
    encoder: Encoder,
    trailing: Trailing,
    /// The head, and the body as far as it was read and is kept in memory.
    pub(super) output: Output,
    /// The length of the head in `output`.
    head: usize,
    /// Does the head still say nothing of the body, because its length is not known yet?
    unframed: bool,
    /// Is the body framed in chunks on its way to the upstream?
    in_chunks: bool,
    /// A chunk was begun that `output` and `store` fill to its end.
    open_chunk: bool,
    store: Option<Box<Store>>,
    /// What another service gets of it, once it is whole.
    pub(super) copy: Option<Box<Draft>>,
    /// Is everything that was read from the client still here, so that it can be sent again?
    pub(super) replayable: bool,
    /// Is the last byte read?
    pub(super) complete: bool,
}

/// What a body that is taken in holds of the worker's room.
struct Store {
    worker: Rc<Worker>,
    memory: u64,
    disk: u64,
    spill: Option<Spill>,
    /// What was read from disk last.
    piece: Output,
    /// What came when there was no more room on disk.
    tail: Output,
}

impl Store {
    /// False if there is no room.
    fn put_on_disk(&mut self, bytes: &[u8]) -> bool {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if !self.worker.bodies.take_disk(count) {
            return false;
        }
        self.disk += count;
        if self.spill.is_none() {
            self.spill = self.worker.spill();
            if self.spill.is_some() {
                self.worker.telemetry.add(Counter::BodiesSpilled, 1);
            }
        }
        self.spill.as_mut().is_some_and(|spill| spill.append(bytes).is_ok())
    }

    fn is_sent(&self) -> bool {
        self.piece.is_empty() && self.tail.is_empty() && self.spill.as_ref().is_none_or(Spill::is_read)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.worker.bodies.give_back(self.memory, self.disk);
        self.worker.blocks.put_output(std::mem::take(&mut self.piece));
    }
}

impl Upload {
    /// Before the head is written to `output`.
    pub(super) fn new(framing: Framing, input: Option<Buffer>, output: Output) -> Self {
        Self {
            input,
            decoder: Decoder::request(framing),
            encoder: match framing {
                Framing::None => Encoder::None,
                Framing::Length(length) => Encoder::Length(length),
                Framing::Chunked => Encoder::Chunked,
            },
            trailing: Trailing::default(),
            output,
            head: 0,
            unframed: false,
            open_chunk: false,
            in_chunks: false,
            store: None,
            copy: None,
            replayable: true,
            complete: matches!(framing, Framing::None | Framing::Length(0)),
        }
    }

    /// What the head is to say of the body. Chunks that are taken in are sent on with their length, which many servers
    /// understand better; HTTP/1.0 knows nothing else.
    pub(super) fn outgoing(&mut self, framing: Framing, policy: &Policy, trailers: &Rc<TrailerNames>) -> Outgoing {
        if framing == Framing::Chunked && !policy.http10 {
            self.trailing.wanted = Some(Rc::clone(trailers));
        }
        match framing {
            Framing::None => Outgoing::None,
            Framing::Length(length) => Outgoing::Length(length),
            Framing::Chunked if policy.request_body.buffered || policy.http10 => {
                self.encoder = Encoder::UntilClose;
                self.unframed = true;
                Outgoing::None
            }
            Framing::Chunked => {
                self.in_chunks = true;
                Outgoing::Chunked
            }
        }
    }

    /// `output` has the head, and nothing else yet.
    pub(super) fn head_written(&mut self) {
        self.head = self.output.bytes.len();
    }

    /// Can it not be sent before all of it is there?
    pub(super) fn must_be_whole(&self) -> bool {
        self.unframed
    }

    /// Takes what has arrived of the body through decoder and encoder into `output`.
    pub(super) fn fill(&mut self, ledger: &mut Ledger, account: &mut Account, limit: u64) -> Result<(), Failure> {
        while let Some(input) = self.input.as_mut().filter(|_| !self.complete) {
            let trailers = self.decoder.trailer_bytes();
            let piece = self.decoder.step(input.filled()).map_err(Failure::client)?;
            self.trailing.note(&self.decoder, trailers, input.filled().get(..piece.consumed).unwrap_or_default());
            let data = input.filled().get(piece.data.clone()).unwrap_or_default();
            if !data.is_empty() {
                self.encoder.write(data, &mut self.output.bytes).map_err(Failure::client)?;
                account.received_body(data.len());
                if limit > 0 && account.request_body > limit {
                    return Err(Failure::of(Kind::BodyTooLarge));
                }
            }
            input.consume(piece.consumed);
            if piece.done {
                self.complete = true;
                ledger.request_read();
                let lines = self.trailing.lines(&self.decoder, |_| false, account);
                let framed = !std::mem::take(&mut self.unframed);
                if !framed && !lines.is_empty() {
                    self.enclose(account.request_body).map_err(Failure::client)?;
                } else if !framed {
                    let length = Outgoing::Length(account.request_body);
                    self.head = forward::frame(&mut self.output.bytes, self.head, length);
                }
                self.encoder.finish_with(&lines, &mut self.output.bytes).map_err(Failure::client)?;
            } else if piece.consumed == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Makes one chunk of a body that was taken in whole, because its trailers have no place behind a length.
    #[cold]
    fn enclose(&mut self, length: u64) -> Result<(), Fault> {
        self.encoder = Encoder::Chunked;
        self.in_chunks = true;
        self.head = forward::frame(&mut self.output.bytes, self.head, Outgoing::Chunked);
        let mut begin = Vec::with_capacity(20);
        self.encoder.begin(length, &mut begin)?;
        self.output.bytes.splice(self.head..self.head, begin.iter().copied());
        // What is kept in memory is counted from behind it.
        self.head += begin.len();
        if length > 0 {
            self.encoder.end(&mut self.output.bytes);
        }
        Ok(())
    }

    /// All of the body, and how it is framed; none if it has not all arrived, or is more than `most` bytes.
    pub(super) fn copied_body(&self, most: usize) -> Option<(Outgoing, Vec<u8>)> {
        // Chunks are sent on as they come, or because trailers follow; there is no length to copy them with.
        if !self.complete || !self.replayable || self.in_chunks {
            return None;
        }
        let mut body = self.output.bytes.get(self.head..)?.to_vec();
        if let Some(store) = &self.store {
            let on_disk = store.spill.as_ref().map_or(0, Spill::len);
            if on_disk > u64::try_from(most).ok()? {
                return None;
            }
            if let Some(spill) = &store.spill {
                body.extend_from_slice(&spill.whole().ok()?);
            }
            body.extend_from_slice(&store.tail.bytes);
        }
        let outgoing = if body.is_empty() { Outgoing::None } else { Outgoing::Length(u64::try_from(body.len()).ok()?) };
        (body.len() <= most).then_some((outgoing, body))
    }

    /// Throws away what has arrived of the body. True once that was all of it.
    pub(super) fn discard(&mut self, pool: &Pool) -> Result<bool, Fault> {
        while let Some(input) = self.input.as_mut().filter(|_| !self.complete) {
            let piece = self.decoder.step(input.filled())?;
            input.consume(piece.consumed);
            self.complete = piece.done;
            if input.is_empty() {
                self.input.take().into_iter().for_each(|empty| pool.put_buffer(empty));
            }
        }
        Ok(self.complete)
    }

    /// Moves what of the body is too much for memory to disk. False if there is no room for it: then it has to be sent
    /// on as it comes.
    pub(super) fn stow(&mut self, worker: &Rc<Worker>, memory_bytes: u64) -> bool {
        let store = self.store.get_or_insert_with(|| {
            let (piece, tail) = (Output::default(), Output::default());
            Box::new(Store { worker: worker.clone(), memory: 0, disk: 0, spill: None, piece, tail })
        });
        let held = self.output.bytes.len().saturating_sub(self.head);
        if store.spill.is_none() {
            let wanted = u64::try_from(held).unwrap_or(u64::MAX).min(memory_bytes);
            store.memory += worker.bodies.take_memory(wanted.saturating_sub(store.memory));
        }
        let kept = usize::try_from(store.memory).unwrap_or(usize::MAX);
        if held <= kept {
            return true;
        }
        let excess = self.output.bytes.get(self.head + kept..).unwrap_or_default();
        let on_disk = store.put_on_disk(excess);
        if !on_disk && store.spill.is_some() {
            // It comes after what is on disk.
            store.tail.bytes.extend_from_slice(excess);
        }
        if on_disk || store.spill.is_some() {
            self.output.bytes.truncate(self.head + kept);
        }
        on_disk
    }

    /// What was taken in is sent, and the rest as it comes. `received` is how much of the body that is.
    pub(super) fn stream(&mut self, received: u64, http10: bool) -> Result<(), Failure> {
        if !std::mem::take(&mut self.unframed) {
            return Ok(());
        }
        if http10 {
            return Err(Failure::of(Kind::BodyNotKept));
        }
        self.encoder = Encoder::Chunked;
        self.in_chunks = true;
        self.head = forward::frame(&mut self.output.bytes, self.head, Outgoing::Chunked);
        if received > 0 {
            let mut begin = Vec::with_capacity(20);
            self.encoder.begin(received, &mut begin).map_err(Failure::client)?;
            self.output.bytes.splice(self.head..self.head, begin);
            self.open_chunk = true;
        }
        Ok(())
    }

    /// The next bytes to send; none if everything that was read is sent.
    pub(super) fn next(&mut self) -> Result<&[u8], Failure> {
        if !self.output.is_empty() {
            return Ok(self.output.rest());
        }
        let Some(store) = &mut self.store else { return Ok(&[]) };
        let Store { spill, piece, tail, worker, .. } = &mut **store;
        if piece.is_empty()
            && let Some(spill) = spill.as_mut().filter(|spill| !spill.is_read())
        {
            if piece.bytes.is_empty() {
                *piece = worker.blocks.output();
            }
            piece.rewind();
            piece.bytes.resize(PIECE_BYTES, 0);
            let count = spill.read(&mut piece.bytes).map_err(|_: io::Error| Failure::of(Kind::BodyNotKept))?;
            piece.bytes.truncate(count);
        }
        Ok(if piece.is_empty() { tail.rest() } else { piece.rest() })
    }

    /// `count` bytes of `next` were sent.
    pub(super) fn sent(&mut self, count: usize) {
        if !self.output.is_empty() {
            self.output.wrote_keeping(count);
        } else if let Some(store) = &mut self.store {
            let part = if store.piece.is_empty() { &mut store.tail } else { &mut store.piece };
            part.wrote_keeping(count);
        }
    }

    /// Is everything sent that was read from the client?
    pub(super) fn is_sent(&self) -> bool {
        self.output.is_empty() && self.store.as_ref().is_none_or(|store| store.is_sent())
    }

    /// Makes room for more of the body: what was sent cannot be sent again from here on.
    pub(super) fn forget(&mut self) {
        self.output.clear();
        self.head = 0;
        self.store = None;
        self.replayable = false;
        if std::mem::take(&mut self.open_chunk) {
            self.encoder.end(&mut self.output.bytes);
        }
    }

    /// Starts again from the first byte, for another upstream.
    pub(super) fn rewind(&mut self) {
        self.output.rewind();
        if let Some(store) = &mut self.store {
            store.piece.clear();
            store.tail.rewind();
            store.spill.iter_mut().for_each(Spill::rewind);
        }
    }
}
