//! The compression of an answer on its way to the client: whether, with what, and the bytes of its body meanwhile.

use sallygate_wire::body::Encoder;
use sallygate_wire::fault::Fault;
use sallygate_wire::field::Fields;
use sallygate_wire::request::parse_request;
use sallygate_wire::response::{RequestKind, ResponseFraming, ResponseHead};

use crate::filter::{Answer, Coded, Compression};
use crate::proxy::account::Account;
use crate::proxy::terms::Terms;
use crate::proxy::worker::Worker;
use crate::transport::compress::Compressor;

/// What compresses an answer. Nearly every answer has none, and pays for a look at a pointer.
#[derive(Default)]
pub(super) struct Compressing(Option<Box<Compressor>>);

impl Compressing {
    /// What becomes of an answer: its head, and the bytes and fields of that. `request` is the head that asked for it.
    #[inline]
    pub(super) fn begin(
        &mut self,
        worker: &Worker,
        terms: &Terms<'_>,
        request: &[u8],
        answer: (&ResponseHead, &[u8], &Fields),
    ) -> Coded {
        terms.compression().map_or(Coded::Never, |compression| self.judge(worker, terms, compression, request, answer))
    }

    #[cold]
    fn judge(
        &mut self,
        worker: &Worker,
        terms: &Terms<'_>,
        compression: &Compression,
        request: &[u8],
        (head, bytes, fields): (&ResponseHead, &[u8], &Fields),
    ) -> Coded {
        let answer = Answer { status: head.status, bytes, fields };
        let Some(fitting) = compression.fitting(&answer) else { return Coded::Never };
        let mut asked = worker.request_fields.borrow_mut();
        // Read anew: other requests were read meanwhile.
        let coded = match parse_request(request, &worker.keeping.get().again(), &mut asked) {
            Ok(Some(_)) => fitting.asked_by(terms.head.version, request, &asked),
            _ => Coded::NotNow,
        };
        match coded {
            // The answer to a HEAD says what that to a GET would.
            Coded::By(..) if head.framing == ResponseFraming::None && terms.kind() == RequestKind::Head => coded,
            Coded::By(first, second) => match worker.compressor(first, second) {
                Some((coding, compressor)) => {
                    self.0 = Some(compressor);
                    Coded::By(coding, None)
                }
                None => Coded::NotNow,
            },
            _ => coded,
        }
    }

    /// Is there a body that is compressed?
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a turn on the worker.
    #[inline]
    pub(super) fn begin_turn(&mut self) {
        if let Some(compressor) = &mut self.0 {
            compressor.begin_turn();
        }
    }

    /// Is it somebody else's turn on the worker?
    #[inline]
    pub(super) fn had_its_turn(&self) -> bool {
        self.0.as_ref().is_some_and(|compressor| compressor.had_its_turn())
    }

    /// Takes a piece of the body, and frames what goes to the client of it.
    #[inline]
    pub(super) fn write(
        &mut self,
        data: &[u8],
        encoder: &mut Encoder,
        out: &mut Vec<u8>,
        account: &mut Account,
    ) -> Result<(), Fault> {
        let Some(compressor) = &mut self.0 else {
            encoder.write(data, out)?;
            account.sent_body(data.len());
            return Ok(());
        };
        compressor.write(data, framed(encoder, out, account))
    }

    /// Frames what was held back. True if there was something: the upstream pauses, and the client must not have to wait
    /// for what was said before.
    #[inline]
    pub(super) fn flush(
        &mut self,
        encoder: &mut Encoder,
        out: &mut Vec<u8>,
        account: &mut Account,
    ) -> Result<bool, Fault> {
        match &mut self.0 {
            Some(compressor) if compressor.holds_back() => {
                compressor.flush(framed(encoder, out, account)).map(|()| true)
            }
            _ => Ok(false),
        }
    }

    /// The body is over: frames the rest of it.
    #[inline]
    pub(super) fn finish(
        &mut self,
        encoder: &mut Encoder,
        out: &mut Vec<u8>,
        account: &mut Account,
    ) -> Result<(), Fault> {
        self.0.as_mut().map_or(Ok(()), |compressor| compressor.finish(framed(encoder, out, account)))
    }

    /// No more is to come, whether the body is whole or not.
    #[inline]
    pub(super) fn end(&mut self, worker: &Worker, account: &mut Account) {
        if let Some(compressor) = self.0.take() {
            account.uncompressed = compressor.taken;
            worker.compressed(&compressor);
        }
    }
}

/// Where a compressor's output goes: into the framing of the body.
fn framed<'a>(
    encoder: &'a mut Encoder,
    out: &'a mut Vec<u8>,
    account: &'a mut Account,
) -> impl FnMut(&[u8]) -> Result<(), Fault> + 'a {
    |piece| {
        account.sent_body(piece.len());
        encoder.write(piece, out)
    }
}
