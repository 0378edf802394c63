//! Bodies: how many bytes belong to the message that is read, and the one framing that is written.

use std::ops::Range;

use crate::chunk::{CHUNK_END, Chunked, LAST_CHUNK, chunk_head, limit};
use crate::fault::Fault;
use crate::request::Framing;
use crate::response::ResponseFraming;
use crate::trailer::end_with;

/// What one step of a decoder found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The bytes of the input that are dealt with, the data included.
    pub consumed: usize,
    /// Where the body's data is inside the input; may be empty.
    pub data: Range<usize>,
    /// Is the message over?
    pub done: bool,
}

/// Reads a body.
#[derive(Clone, Copy, Debug)]
pub enum Decoder {
    /// Nothing more belongs to the message.
    Empty,
    /// So many bytes are still to come; never none.
    Length(u64),
    /// The chunked coding.
    Chunked(Chunked),
    /// Everything until the connection ends.
    UntilClose,
}

impl Decoder {
    /// For the body of a request.
    pub fn request(framing: Framing) -> Self {
        match framing {
            Framing::None | Framing::Length(0) => Decoder::Empty,
            Framing::Length(length) => Decoder::Length(length),
            Framing::Chunked => Decoder::Chunked(Chunked::new()),
        }
    }

    /// For the body of an answer.
    pub fn response(framing: ResponseFraming) -> Self {
        match framing {
            ResponseFraming::None | ResponseFraming::Length(0) => Decoder::Empty,
            ResponseFraming::Length(length) => Decoder::Length(length),
            ResponseFraming::Chunked => Decoder::Chunked(Chunked::new()),
            ResponseFraming::UntilClose => Decoder::UntilClose,
        }
    }

    /// Takes the next run of data from the input. Nothing consumed and not done: more input is needed. What is not
    /// consumed when it is done belongs to the next message.
    #[inline]
    pub fn step(&mut self, input: &[u8]) -> Result<Piece, Fault> {
        match self {
            Decoder::Empty => Ok(Piece { consumed: 0, data: 0..0, done: true }),
            Decoder::Length(left) => {
                let run = limit(*left, input.len());
                *left -= run as u64;
                let done = *left == 0;
                if done {
                    *self = Decoder::Empty;
                }
                Ok(Piece { consumed: run, data: 0..run, done })
            }
            Decoder::Chunked(chunked) => chunked.step(input),
            Decoder::UntilClose => Ok(Piece { consumed: input.len(), data: 0..input.len(), done: false }),
        }
    }

    /// The connection has ended: was that the end of the message, too?
    pub fn finish(&mut self) -> Result<(), Fault> {
        if matches!(self, Decoder::UntilClose) || self.is_done() {
            *self = Decoder::Empty;
            return Ok(());
        }
        Err(Fault::TruncatedBody)
    }

    /// Is the message over?
    #[inline]
    pub fn is_done(&self) -> bool {
        match self {
            Decoder::Empty => true,
            Decoder::Length(_) | Decoder::UntilClose => false,
            Decoder::Chunked(chunked) => chunked.is_done(),
        }
    }

    /// How many bytes of a trailer section have been read, its empty line included.
    #[inline]
    pub fn trailer_bytes(&self) -> u32 {
        if let Decoder::Chunked(chunked) = self { chunked.trailer_bytes() } else { 0 }
    }

    /// How many field lines of it have been read.
    #[inline]
    pub fn trailer_fields(&self) -> u8 {
        if let Decoder::Chunked(chunked) = self { chunked.trailer_fields() } else { 0 }
    }

    /// The data bytes still to come, where that is known.
    pub fn remaining(&self) -> Option<u64> {
        match self {
            Decoder::Empty => Some(0),
            Decoder::Length(left) => Some(*left),
            Decoder::Chunked(_) | Decoder::UntilClose => None,
        }
    }
}

/// Writes a body, and keeps the account of what was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoder {
    /// There is no body.
    None,
    /// So many bytes are still to be written.
    Length(u64),
    /// Chunks.
    Chunked,
    /// The end of the connection will end it.
    UntilClose,
}

impl Encoder {
    /// Writes data with its framing.
    pub fn write(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        self.begin(data.len() as u64, out)?;
        out.extend_from_slice(data);
        if !data.is_empty() {
            self.end(out);
        }
        Ok(())
    }

    /// Accounts for `len` bytes of data that the caller sends itself, and writes what comes before them.
    #[inline]
    pub fn begin(&mut self, len: u64, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Encoder::None if len > 0 => return Err(Fault::SurplusBody),
            Encoder::Length(left) => *left = left.checked_sub(len).ok_or(Fault::SurplusBody)?,
            Encoder::Chunked => chunk_head(len, out),
            Encoder::None | Encoder::UntilClose => {}
        }
        Ok(())
    }

    /// Writes what comes after the data of a [`begin`](Self::begin) that was not for nothing.
    #[inline]
    pub fn end(&self, out: &mut Vec<u8>) {
        if *self == Encoder::Chunked {
            out.extend_from_slice(CHUNK_END);
        }
    }

    /// Writes the end of the body; a fault when less was written than announced. Nothing can be written after it.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Encoder::Length(1..) => return Err(Fault::TruncatedBody),
            Encoder::Chunked => out.extend_from_slice(LAST_CHUNK),
            Encoder::None | Encoder::Length(0) | Encoder::UntilClose => {}
        }
        *self = Encoder::None;
        Ok(())
    }

    /// The same with these field lines behind the body, where its framing has a place for them.
    pub fn finish_with(&mut self, lines: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        if *self != Encoder::Chunked {
            return self.finish(out);
        }
        end_with(lines, out);
        *self = Encoder::None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the input in parts of a size, and gives the data, the bytes taken and the end.
    fn decode(mut decoder: Decoder, input: &[u8], part: usize) -> Result<(Vec<u8>, usize, bool), Fault> {
        let (mut data, mut taken) = (Vec::new(), 0);
        for end in (0..input.len()).step_by(part).map(|start| (start + part).min(input.len())) {
            loop {
                let piece = decoder.step(&input[taken..end])?;
                data.extend_from_slice(&input[taken..end][piece.data]);
                taken += piece.consumed;
                if piece.done {
                    return Ok((data, taken, true));
                }
                if piece.consumed == 0 {
                    break;
                }
            }
        }
        Ok((data, taken, decoder.is_done()))
    }

    fn chunked() -> Decoder {
        Decoder::request(Framing::Chunked)
    }

    #[test]
    fn good_chunks() {
        let long_extension = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(1023));
        let cases: &[(&str, &str)] = &[
            ("0\r\n\r\n", ""),
            ("3\r\nabc\r\n0\r\n\r\n", "abc"),
            ("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", "abc0123456789"),
            ("a\r\n0123456789\r\n000\r\n\r\n", "0123456789"),
            ("0000000000000001\r\na\r\n0\r\n\r\n", "a"),
            ("1;a\r\nx\r\n0\r\n\r\n", "x"),
            ("1;a=b;c=\"d;\\\"\te\u{e9}\"\r\nx\r\n0;last=1\r\n\r\n", "x"),
            ("1;a=\"\"\r\nx\r\n0\r\n\r\n", "x"),
            (&long_extension, "a"),
            ("1\r\nx\r\n0\r\nA: b\r\nC:\r\nD: \u{e9}\t\r\n\r\n", "x"),
            ("0\r\nContent-Length: 5\r\nHost: evil\r\n\r\n", ""),
        ];
        for (input, expect) in cases {
            for part in [1, 2, 3, 7, 10_000] {
                let (data, taken, done) = decode(chunked(), input.as_bytes(), part).unwrap();
                assert_eq!(
                    (data.as_slice(), taken, done),
                    (expect.as_bytes(), input.len(), true),
                    "{input:?} by {part}"
                );
            }
        }
    }

    #[test]
    fn bad_chunks() {
        let long = "x".repeat(1024);
        let long_extension = format!("1;{long}\r\na\r\n0\r\n\r\n");
        let long_trailer = format!("0\r\nA: {}\r\n\r\n", "x".repeat(9000));
        let many_trailers = format!("0\r\n{}\r\n", "A:\r\n".repeat(65));
        let cases: &[(&str, Fault)] = &[
            // K1
            ("\r\n", Fault::BadChunk),
            (" 1\r\na\r\n", Fault::BadChunk),
            ("1 \r\na\r\n", Fault::BadChunk),
            ("\t1\r\na\r\n", Fault::BadChunk),
            ("0x1\r\na\r\n", Fault::BadChunk),
            ("+1\r\na\r\n", Fault::BadChunk),
            ("-1\r\na\r\n", Fault::BadChunk),
            ("1_0\r\na\r\n", Fault::BadChunk),
            ("g\r\n", Fault::BadChunk),
            (";a\r\n", Fault::BadChunk),
            ("00000000000000001\r\na\r\n", Fault::BadChunk),
            ("8000000000000000\r\n", Fault::BadChunk),
            ("ffffffffffffffff\r\n", Fault::BadChunk),
            // K2
            ("1\na\r\n", Fault::BadChunk),
            ("1\ra\r\n", Fault::BadChunk),
            ("1;a\nx\r\n", Fault::BadChunk),
            ("1;a\rx\r\n", Fault::BadChunk),
            ("1;a=\"b\r\n\"\r\nx\r\n", Fault::BadChunk),
            ("0\n\r\n", Fault::BadChunk),
            // K3
            ("1;\r\nx\r\n", Fault::BadChunk),
            ("1;a=\r\nx\r\n", Fault::BadChunk),
            ("1;a b\r\nx\r\n", Fault::BadChunk),
            ("1 ;a\r\nx\r\n", Fault::BadChunk),
            ("1; a\r\nx\r\n", Fault::BadChunk),
            ("1;a\0\r\nx\r\n", Fault::BadChunk),
            ("1;a=\"b\"c\r\nx\r\n", Fault::BadChunk),
            ("1;a=\"\\\0\"\r\nx\r\n", Fault::BadChunk),
            (&long_extension, Fault::ExtensionsTooLarge),
            // K4
            ("1\r\nab\r\n0\r\n\r\n", Fault::BadChunk),
            ("3\r\nab\r\n0\r\n\r\n", Fault::BadChunk),
            ("1\r\na0\r\n\r\n", Fault::BadChunk),
            ("1\r\na\n0\r\n\r\n", Fault::BadChunk),
            ("1\r\na\r\n\r\n0\r\n\r\n", Fault::BadChunk),
            // K6
            ("0\r\n A: b\r\n\r\n", Fault::BadTrailer),
            ("0\r\nA b: c\r\n\r\n", Fault::BadTrailer),
            ("0\r\nA\r\n\r\n", Fault::BadTrailer),
            ("0\r\n: c\r\n\r\n", Fault::BadTrailer),
            ("0\r\nA: b\n\r\n", Fault::BadTrailer),
            ("0\r\nA: b\r\n c\r\n\r\n", Fault::BadTrailer),
            ("0\r\nA: \0\r\n\r\n", Fault::BadTrailer),
            ("0\r\nA: b\r\n\n", Fault::BadTrailer),
            ("0\r\n\n", Fault::BadTrailer),
            ("0\r\n\rx", Fault::BadTrailer),
            (&long_trailer, Fault::TrailersTooLarge),
            (&many_trailers, Fault::TrailersTooLarge),
        ];
        for (input, fault) in cases {
            for part in [1, 2, 3, 7, 10_000] {
                assert_eq!(decode(chunked(), input.as_bytes(), part), Err(*fault), "{input:?} by {part}");
            }
        }
    }

    #[test]
    fn data_is_handed_out_before_the_fault_behind_it() {
        let mut decoder = chunked();
        let piece = decoder.step(b"3\r\nabcX").unwrap();
        assert_eq!(piece, Piece { consumed: 6, data: 3..6, done: false });
        assert_eq!(decoder.step(b"X"), Err(Fault::BadChunk));
    }

    #[test]
    fn a_whole_body_takes_one_step_per_chunk() {
        let mut decoder = chunked();
        let input = b"3\r\nabc\r\n0\r\n\r\nGET";
        assert_eq!(decoder.step(input).unwrap(), Piece { consumed: input.len() - 3, data: 3..6, done: true });
    }

    #[test]
    fn lengths_end_exactly() {
        for part in [1, 2, 100] {
            let (data, taken, done) = decode(Decoder::request(Framing::Length(3)), b"abcdef", part).unwrap();
            assert_eq!((data.as_slice(), taken, done), (b"abc".as_slice(), 3, true));
        }
        let mut decoder = Decoder::request(Framing::Length(u64::MAX));
        assert_eq!(decoder.step(b"ab").unwrap().consumed, 2);
        assert_eq!(decoder.remaining(), Some(u64::MAX - 2));
        assert!(Decoder::request(Framing::Length(0)).is_done());
        assert!(Decoder::request(Framing::None).is_done());
        assert!(Decoder::response(ResponseFraming::None).step(b"x").unwrap().done);
    }

    #[test]
    fn the_end_of_the_connection() {
        let cases = [
            (Decoder::request(Framing::None), true),
            (Decoder::request(Framing::Length(1)), false),
            (chunked(), false),
            (Decoder::response(ResponseFraming::UntilClose), true),
        ];
        for (mut decoder, good) in cases {
            assert_eq!(decoder.finish().is_ok(), good, "{decoder:?}");
            assert_eq!(decoder.is_done(), good);
        }
        let mut until_close = Decoder::response(ResponseFraming::UntilClose);
        assert_eq!(until_close.step(b"abc").unwrap(), Piece { consumed: 3, data: 0..3, done: false });
    }

    #[test]
    fn an_encoder_keeps_its_word() {
        let mut out = Vec::new();
        let mut chunked = Encoder::Chunked;
        chunked.write(b"abc", &mut out).unwrap();
        chunked.write(b"", &mut out).unwrap();
        chunked.write(&[b'x'; 16], &mut out).unwrap();
        chunked.finish(&mut out).unwrap();
        assert_eq!(out, b"3\r\nabc\r\n10\r\nxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
        assert_eq!(chunked.write(b"x", &mut out), Err(Fault::SurplusBody));

        let mut out = Vec::new();
        let mut length = Encoder::Length(3);
        length.write(b"ab", &mut out).unwrap();
        assert_eq!(length.finish(&mut out), Err(Fault::TruncatedBody));
        assert_eq!(length.write(b"cd", &mut out), Err(Fault::SurplusBody));
        length.write(b"c", &mut out).unwrap();
        length.finish(&mut out).unwrap();
        assert_eq!(out, b"abc");

        let mut out = Vec::new();
        assert_eq!(Encoder::None.write(b"x", &mut out), Err(Fault::SurplusBody));
        Encoder::None.write(b"", &mut out).unwrap();
        Encoder::UntilClose.write(b"abc", &mut out).unwrap();
        Encoder::UntilClose.finish(&mut out).unwrap();
        assert_eq!(out, b"abc");
    }

    #[test]
    fn chunk_heads_are_written_from_u64() {
        for (len, expect) in
            [(0, ""), (1, "1\r\n"), (255, "ff\r\n"), (1 << 32, "100000000\r\n"), (u64::MAX, "ffffffffffffffff\r\n")]
        {
            let mut out = Vec::new();
            chunk_head(len, &mut out);
            assert_eq!(out, expect.as_bytes());
        }
    }
}
