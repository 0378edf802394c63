//! The chunked coding: a strict reader, one state per byte that may come next, and the bytes that a writer needs.
//!
//! Extensions are checked and dropped: nobody downstream may read framing into them. Trailers are checked; who wants some of
//! them takes them aside (see [`crate::trailer`]).

use std::io::Write as _;
use std::ops::Range;

use crate::body::Piece;
use crate::fault::Fault;
use crate::limits::{CHUNK_SIZE_DIGITS, EXTENSION_BYTES, LENGTH_MAX, TRAILER_BYTES, TRAILER_FIELDS};
use crate::scan::{TOKEN, class, hex};

/// What follows a chunk's data.
pub const CHUNK_END: &[u8] = b"\r\n";

/// The last chunk, and the end of an empty trailer section.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writes the line that comes before a chunk of `len` bytes. A chunk of none would end the message: nothing is written.
pub fn chunk_head(len: u64, out: &mut Vec<u8>) {
    if len > 0 {
        // Writing into memory does not fail.
        let _ = write!(out, "{len:x}\r\n");
    }
}

/// Which byte may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A digit of the size, of which there are so many already.
    Size(u8),
    /// The first byte of an extension's name.
    NameStart,
    /// More of it, or what may follow it.
    Name,
    /// The first byte of an extension's value.
    ValueStart,
    /// More of an unquoted value, or what may follow it.
    Value,
    /// More of a quoted value, or its end.
    Quoted,
    /// The byte after a backslash.
    Escaped,
    /// What may follow a quoted value.
    QuotedEnd,
    /// LF after the size line.
    SizeLf,
    /// Data, of which `left` bytes are to come.
    Data,
    /// CR, then LF, after data.
    DataCr,
    DataLf,
    /// A trailer's name, or CR for the end.
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    /// LF of the line that ends the message.
    EndLf,
    Done,
}

/// Reads a chunked body.
#[derive(Clone, Copy, Debug)]
pub struct Chunked {
    state: State,
    /// The size read so far, then the data bytes still to come.
    left: u64,
    extension_bytes: u32,
    trailer_bytes: u32,
    trailer_fields: u8,
}

impl Chunked {
    /// At the start of a body.
    pub const fn new() -> Self {
        Self { state: State::Size(0), left: 0, extension_bytes: 0, trailer_bytes: 0, trailer_fields: 0 }
    }

    /// Has the end been read?
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes of the trailer section have been read.
    #[inline]
    pub fn trailer_bytes(&self) -> u32 {
        self.trailer_bytes
    }

    /// How many of its field lines.
    #[inline]
    pub fn trailer_fields(&self) -> u8 {
        self.trailer_fields
    }

    /// Takes the framing before the next data, that data, and the framing after it as far as it is good.
    pub(crate) fn step(&mut self, input: &[u8]) -> Result<Piece, Fault> {
        let before = self.framing(input)?;
        let rest = input.get(before..).unwrap_or_default();
        let run = if self.state == State::Data { limit(self.left, rest.len()) } else { 0 };
        let mut consumed = before + run;
        if run > 0 {
            self.left -= run as u64;
            if self.left == 0 {
                self.state = State::DataCr;
                // Data comes before the fault behind it: the next step meets that again.
                let here = *self;
                match self.framing(input.get(consumed..).unwrap_or_default()) {
                    Ok(after) => consumed += after,
                    Err(_) => *self = here,
                }
            }
        }
        Ok(Piece { consumed, data: Range { start: before, end: before + run }, done: self.is_done() })
    }

    /// Reads until data comes, the message ends or the input does; says how many bytes that were.
    #[inline]
    fn framing(&mut self, input: &[u8]) -> Result<usize, Fault> {
        for (at, &byte) in input.iter().enumerate() {
            if matches!(self.state, State::Data | State::Done) {
                return Ok(at);
            }
            self.state = self.next(byte)?;
        }
        Ok(input.len())
    }

    #[inline]
    fn next(&mut self, byte: u8) -> Result<State, Fault> {
        match self.state {
            State::Size(digits) => self.size(digits, byte),
            State::SizeLf if byte == b'\n' => Ok(if self.left == 0 { State::TrailerStart } else { State::Data }),
            State::DataCr if byte == b'\r' => Ok(State::DataLf),
            State::DataLf if byte == b'\n' => Ok(State::Size(0)),
            State::SizeLf | State::DataCr | State::DataLf => Err(Fault::BadChunk),
            State::TrailerStart | State::TrailerName | State::TrailerValue | State::TrailerLf | State::EndLf => {
                self.trailer(byte)
            }
            State::Data | State::Done => Ok(self.state),
            _ => self.extension(byte),
        }
    }

    #[inline]
    fn size(&mut self, digits: u8, byte: u8) -> Result<State, Fault> {
        if let Some(digit) = hex(byte) {
            // 16 digits fill a u64 exactly.
            self.left = self.left << 4 | u64::from(digit);
            if digits == CHUNK_SIZE_DIGITS || self.left > LENGTH_MAX {
                return Err(Fault::BadChunk);
            }
            return Ok(State::Size(digits + 1));
        }
        match byte {
            b'\r' if digits > 0 => Ok(State::SizeLf),
            b';' if digits > 0 => self.count_extension(State::NameStart),
            _ => Err(Fault::BadChunk),
        }
    }

    fn count_extension(&mut self, next: State) -> Result<State, Fault> {
        self.extension_bytes += 1;
        if self.extension_bytes > EXTENSION_BYTES { Err(Fault::ExtensionsTooLarge) } else { Ok(next) }
    }

    /// `;name`, `;name=token`, `;name="quoted"`, without any white space.
    #[cold]
    #[expect(clippy::match_same_arms, reason = "one row per transition of the grammar")]
    fn extension(&mut self, byte: u8) -> Result<State, Fault> {
        let token = class(byte) & TOKEN != 0;
        let next = match (self.state, byte) {
            (State::NameStart | State::Name, _) if token => State::Name,
            (State::ValueStart | State::Value, _) if token => State::Value,
            (State::Name, b'=') => State::ValueStart,
            (State::ValueStart, b'"') => State::Quoted,
            (State::Quoted, b'"') => State::QuotedEnd,
            (State::Quoted, b'\\') => State::Escaped,
            (State::Quoted | State::Escaped, b'\t' | b' '..=b'~' | 0x80..) => State::Quoted,
            (State::Name | State::Value | State::QuotedEnd, b';') => State::NameStart,
            (State::Name | State::Value | State::QuotedEnd, b'\r') => return Ok(State::SizeLf),
            _ => return Err(Fault::BadChunk),
        };
        self.count_extension(next)
    }

    #[expect(clippy::match_same_arms, reason = "one row per transition of the grammar")]
    fn trailer(&mut self, byte: u8) -> Result<State, Fault> {
        self.trailer_bytes += 1;
        if self.trailer_bytes > TRAILER_BYTES {
            return Err(Fault::TrailersTooLarge);
        }
        let token = class(byte) & TOKEN != 0;
        match (self.state, byte) {
            (State::TrailerStart, b'\r') => Ok(State::EndLf),
            (State::EndLf, b'\n') => Ok(State::Done),
            (State::TrailerStart, _) if token => {
                self.trailer_fields += 1;
                if self.trailer_fields > TRAILER_FIELDS { Err(Fault::TrailersTooLarge) } else { Ok(State::TrailerName) }
            }
            (State::TrailerName, _) if token => Ok(State::TrailerName),
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, b'\t' | b' '..=b'~' | 0x80..) => Ok(State::TrailerValue),
            (State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            _ => Err(Fault::BadTrailer),
        }
    }
}

impl Default for Chunked {
    fn default() -> Self {
        Self::new()
    }
}

/// The smaller of what is left and what is there.
#[inline]
pub(crate) fn limit(left: u64, there: usize) -> usize {
    usize::try_from(left).map_or(there, |left| left.min(there))
}
