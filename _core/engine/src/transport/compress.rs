//! Compresses one body while it comes. Which bodies are compressed is not known here.
//!
//! Two libraries do the work, both in Rust, both with interfaces without `unsafe`:
//!
//! - gzip: `flate2` over `zlib-rs`, which the Trifecta Tech Foundation keeps, fuzzes and has had audited. Beside zlib in C, on
//!   1.5 MB of JSON: 281 MB/s to 227 at nginx's usual level, 85 to 74 at level 6, in 0.4 MB for each body. `miniz_oxide`,
//!   which has no `unsafe` at all, takes twice the time and more memory.
//! - Brotli: `brotli`, Dropbox's, a translation of Google's encoder without `unsafe`. The original would be somewhat faster,
//!   and be C that reads what upstreams send.
//!
//! What is compressed on the event loop takes it a few milliseconds at most (`TURN_BYTES`), so there is no thread for it.

use std::cell::Cell;

use brotli::InputReferenceMut;
use brotli::enc::StandardAlloc;
use brotli::enc::encode::{BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct};
use brotli::enc::interface::{InputPair, PredictionModeContextMap, StaticCommand};
use flate2::{Compress, Compression, FlushCompress};
use sallygate_wire::fault::Fault;

use crate::filter::Coding;

/// So much is compressed at a stretch before others get their turn: 0.2 to 2 milliseconds' work.
const TURN_BYTES: usize = 64 * 1024;
/// Brotli is made to write what it has after so much: it would keep up to sixteen times that, and megabytes of notes on it.
/// It costs a fiftieth of the size at most.
const BLOCK_BYTES: usize = 64 * 1024;
/// How far back Brotli looks, as a power of two.
const BROTLI_WINDOW: u32 = 18;
/// How far back gzip looks: as far as the format allows.
const GZIP_WINDOW: u8 = 15;
/// What leaves the encoders at a time.
const OUTPUT_BYTES: usize = 16 * 1024;

/// The memory of a compressor, as measured, with what it writes into.
fn cost(coding: Coding) -> u64 {
    let kibibytes = match coding {
        Coding::Gzip(_) => 400,
        Coding::Brotli(0 | 1) => 220,
        Coding::Brotli(2 | 3) => 1_200,
        Coding::Brotli(4) => 2_100,
        Coding::Brotli(5) => 2_700,
        Coding::Brotli(_) => 3_700,
    };
    kibibytes << 10
}

/// How much memory the compressors of a worker may take together.
#[derive(Debug)]
pub struct Allowance {
    left: Cell<u64>,
}

impl Allowance {
    /// Nothing is taken yet.
    pub fn new(bytes: u64) -> Self {
        Self { left: Cell::new(bytes) }
    }

    /// A compressor, if there is memory for it. It must be given back.
    pub fn take(&self, coding: Coding) -> Option<Box<Compressor>> {
        let cost = cost(coding);
        self.left.set(self.left.get().checked_sub(cost)?);
        Some(Box::new(Compressor::new(coding, cost)))
    }

    /// The memory of a compressor that ends is free again.
    pub fn give_back(&self, compressor: &Compressor) {
        self.left.set(self.left.get() + compressor.cost);
    }
}

enum Engine {
    Gzip(Compress),
    Brotli(Box<BrotliEncoderStateStruct<StandardAlloc>>),
}

/// What an encoder is to do with what it has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Keep it for as long as it likes.
    Go,
    /// Write it all.
    Flush,
    /// Write it all, and the end.
    Finish,
}

/// One body on its way.
pub struct Compressor {
    engine: Engine,
    output: Vec<u8>,
    cost: u64,
    /// Bytes that were taken in, and bytes that came out.
    pub taken: u64,
    /// See above.
    pub given: u64,
    /// Bytes that were taken in since everything was written.
    kept: usize,
    /// Bytes that were taken in in this turn.
    turn: usize,
}

impl Compressor {
    fn new(coding: Coding, cost: u64) -> Self {
        let engine = match coding {
            // Level 1 of zlib-rs is not that of zlib, but faster and a third larger. Its level 2 is faster and smaller.
            Coding::Gzip(level) => {
                Engine::Gzip(Compress::new_gzip(Compression::new(u32::from(level.clamp(2, 9))), GZIP_WINDOW))
            }
            Coding::Brotli(level) => {
                let mut encoder = BrotliEncoderStateStruct::new(StandardAlloc::default());
                encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, u32::from(level));
                encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, BROTLI_WINDOW);
                Engine::Brotli(Box::new(encoder))
            }
        };
        Self { engine, output: vec![0; OUTPUT_BYTES], cost, taken: 0, given: 0, kept: 0, turn: 0 }
    }

    /// Takes a piece of the body. What comes out goes to `sink`.
    pub fn write(&mut self, data: &[u8], mut sink: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        self.taken += u64::try_from(data.len()).unwrap_or(0);
        self.kept += data.len();
        self.turn += data.len();
        self.run(Order::Go, data, &mut sink)?;
        if matches!(self.engine, Engine::Brotli(_)) && self.kept >= BLOCK_BYTES {
            self.flush(sink)?;
        }
        Ok(())
    }

    /// Is there anything that a reader of what came out so far does not know?
    pub fn holds_back(&self) -> bool {
        self.kept > 0
    }

    /// Writes all that it has, so that a reader knows all that was taken in.
    pub fn flush(&mut self, mut sink: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        self.kept = 0;
        self.run(Order::Flush, &[], &mut sink)
    }

    /// Writes all that it has, and the end.
    pub fn finish(&mut self, mut sink: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        self.kept = 0;
        self.run(Order::Finish, &[], &mut sink)
    }

    /// Begins a turn.
    pub fn begin_turn(&mut self) {
        self.turn = 0;
    }

    /// Is it somebody else's turn?
    pub fn had_its_turn(&self) -> bool {
        self.turn >= TURN_BYTES
    }

    fn run(
        &mut self,
        order: Order,
        mut data: &[u8],
        sink: &mut impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        loop {
            let (consumed, written) = self.engine.step(order, data, &mut self.output)?;
            data = data.get(consumed..).unwrap_or_default();
            self.given += u64::try_from(written).unwrap_or(0);
            let piece = self.output.get(..written).unwrap_or_default();
            if !piece.is_empty() {
                sink(piece)?;
            }
            // An encoder that did not fill what it was given has no more.
            if data.is_empty() && written < self.output.len() {
                return Ok(());
            }
        }
    }
}

impl Engine {
    /// How many bytes were consumed and written. Neither library refuses what it is asked for here: if one does, the body
    /// cannot be ended, and whoever reads it is told so.
    fn step(&mut self, order: Order, data: &[u8], output: &mut [u8]) -> Result<(usize, usize), Fault> {
        match self {
            Self::Gzip(encoder) => {
                let how = match order {
                    Order::Go => FlushCompress::None,
                    Order::Flush => FlushCompress::Sync,
                    Order::Finish => FlushCompress::Finish,
                };
                let (taken, given) = (encoder.total_in(), encoder.total_out());
                encoder.compress(data, output, how).map_err(|_| Fault::TruncatedBody)?;
                let count = |after: u64, before: u64| usize::try_from(after - before).unwrap_or(0);
                Ok((count(encoder.total_in(), taken), count(encoder.total_out(), given)))
            }
            Self::Brotli(encoder) => {
                let how = match order {
                    Order::Go => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
                    Order::Flush => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
                    Order::Finish => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
                };
                let (mut left, mut consumed, mut room, mut written) = (data.len(), 0, output.len(), 0);
                let mut ignore = |_: &mut PredictionModeContextMap<InputReferenceMut<'_>>,
                                  _: &mut [StaticCommand],
                                  _: InputPair<'_>,
                                  _: &mut StandardAlloc| ();
                let good = encoder.compress_stream(
                    how,
                    &mut left,
                    data,
                    &mut consumed,
                    &mut room,
                    output,
                    &mut written,
                    &mut None,
                    &mut ignore,
                );
                if good { Ok((consumed, written)) } else { Err(Fault::TruncatedBody) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn coding() -> impl Strategy<Value = Coding> {
        prop_oneof![(1..=9_u8).prop_map(Coding::Gzip), (0..=6_u8).prop_map(Coding::Brotli)]
    }

    type State = brotli::BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

    /// A reader that sees what comes as it comes. It need not be at the end to know all that was flushed.
    enum Reader {
        Gzip(Box<flate2::write::GzDecoder<Vec<u8>>>),
        Brotli(Box<State>, Vec<u8>, bool),
    }

    impl Reader {
        fn new(coding: Coding) -> Self {
            match coding {
                Coding::Gzip(_) => Self::Gzip(Box::new(flate2::write::GzDecoder::new(Vec::new()))),
                Coding::Brotli(_) => {
                    let alloc = StandardAlloc::default;
                    Self::Brotli(Box::new(State::new(alloc(), alloc(), alloc())), Vec::new(), false)
                }
            }
        }

        fn take(&mut self, piece: &[u8]) {
            match self {
                Self::Gzip(reader) => reader.write_all(piece).and_then(|()| reader.flush()).unwrap(),
                Self::Brotli(state, known, ended) => {
                    let (mut left, mut read) = (piece.len(), 0);
                    loop {
                        let (mut room, mut written) = (4096, 0);
                        let mut block = [0; 4096];
                        let result = brotli::BrotliDecompressStream(
                            &mut left,
                            &mut read,
                            piece,
                            &mut room,
                            &mut written,
                            &mut block,
                            &mut 0,
                            state,
                        );
                        known.extend_from_slice(&block[..written]);
                        match result {
                            brotli::BrotliResult::NeedsMoreOutput => {}
                            // There may be more for another block.
                            brotli::BrotliResult::NeedsMoreInput if room == 0 => {}
                            brotli::BrotliResult::NeedsMoreInput => return,
                            brotli::BrotliResult::ResultSuccess => {
                                assert!(!*ended && left == 0);
                                *ended = true;
                                return;
                            }
                            brotli::BrotliResult::ResultFailure => panic!("not a body"),
                        }
                    }
                }
            }
        }

        fn known(&self) -> &[u8] {
            match self {
                Self::Gzip(reader) => reader.get_ref(),
                Self::Brotli(_, known, _) => known,
            }
        }

        /// True if what came was whole.
        fn ends(self) -> bool {
            match self {
                Self::Gzip(mut reader) => reader.try_finish().is_ok(),
                Self::Brotli(_, _, ended) => ended,
            }
        }
    }

    /// Bytes like those of texts, or like none.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let text = vec("[a-e]{1,9}|<div class=|\\{\"id\": [0-9]{1,3}\\}", 0..900)
            .prop_map(|words| words.concat().into_bytes());
        prop_oneof![text, vec(any::<u8>(), 0..40_000), (0..300_000_usize).prop_map(|length| vec![b'x'; length])]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn a_body_in_any_pieces_comes_out_as_it_went_in(
            coding in coding(),
            body in body(),
            pieces in vec((1..20_000_usize, any::<bool>()), 1..40),
        ) {
            let (mut compressor, mut reader) = (Compressor::new(coding, 0), Reader::new(coding));
            let mut given = 0;
            let mut flushes = 0;
            let mut start = 0;
            for (length, flush) in pieces {
                let end = (start + length).min(body.len());
                let mut sink = |piece: &[u8]| { given += piece.len(); reader.take(piece); Ok(()) };
                compressor.write(&body[start..end], &mut sink).unwrap();
                if flush && compressor.holds_back() {
                    compressor.flush(&mut sink).unwrap();
                    flushes += 1;
                    prop_assert_eq!(reader.known(), &body[..end]);
                    prop_assert!(!compressor.holds_back());
                }
                start = end;
            }
            let mut sink = |piece: &[u8]| { given += piece.len(); reader.take(piece); Ok(()) };
            compressor.write(&body[start..], &mut sink).unwrap();
            compressor.finish(&mut sink).unwrap();
            prop_assert_eq!(reader.known(), &body[..]);
            prop_assert!(reader.ends());
            prop_assert_eq!((compressor.taken, compressor.given), (body.len() as u64, given as u64));
            // However little there is to gain, it never grows by more than a few bytes for each block and each flush.
            prop_assert!(given <= body.len() + body.len() / 512 + 64 + 16 * flushes, "{} {}", given, body.len());
        }
    }

    #[test]
    fn without_its_end_a_body_is_not_whole() {
        for coding in [Coding::Gzip(1), Coding::Gzip(9), Coding::Brotli(0), Coding::Brotli(4)] {
            let (mut compressor, mut reader) = (Compressor::new(coding, 0), Reader::new(coding));
            let mut sink = |piece: &[u8]| {
                reader.take(piece);
                Ok(())
            };
            compressor.write(b"hello, hello, hello", &mut sink).unwrap();
            compressor.flush(&mut sink).unwrap();
            assert_eq!(reader.known(), b"hello, hello, hello");
            assert!(!reader.ends(), "{coding:?}");
        }
    }

    #[test]
    fn an_encoder_keeps_no_more_than_a_block() {
        // Bytes that cannot be compressed: what is not given out is kept.
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(1 << 20).collect();
        for coding in [Coding::Gzip(1), Coding::Gzip(9), Coding::Brotli(0), Coding::Brotli(4), Coding::Brotli(6)] {
            let mut compressor = Compressor::new(coding, 0);
            for piece in noise.chunks(5_000) {
                compressor.write(piece, |_| Ok(())).unwrap();
                let kept = compressor.taken.saturating_sub(compressor.given);
                assert!(kept <= (BLOCK_BYTES + 2 * OUTPUT_BYTES) as u64 * 2, "{coding:?} {kept}");
            }
        }
    }

    #[test]
    fn there_is_memory_for_so_many_and_then_for_none() {
        let allowance = Allowance::new(cost(Coding::Brotli(4)) + cost(Coding::Gzip(1)));
        let first = allowance.take(Coding::Brotli(4)).unwrap();
        assert!(allowance.take(Coding::Brotli(4)).is_none());
        let second = allowance.take(Coding::Gzip(1)).unwrap();
        assert!(allowance.take(Coding::Gzip(1)).is_none());
        allowance.give_back(&first);
        assert!(allowance.take(Coding::Brotli(4)).is_some());
        allowance.give_back(&second);
    }

    #[test]
    fn whoever_has_much_to_compress_lets_others_go_first() {
        let mut compressor = Compressor::new(Coding::Gzip(1), 0);
        compressor.write(&vec![b'x'; TURN_BYTES - 1], |_| Ok(())).unwrap();
        assert!(!compressor.had_its_turn());
        compressor.write(b"x", |_| Ok(())).unwrap();
        assert!(compressor.had_its_turn());
        compressor.begin_turn();
        assert!(!compressor.had_its_turn());
    }
}
