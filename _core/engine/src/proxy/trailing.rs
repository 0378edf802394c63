//! The trailer fields of a body on its way through: set aside while it is read, and sent on behind it where they may be.

use std::rc::Rc;

use sallygate_wire::body::Decoder;
use sallygate_wire::trailer::{Section, TrailerNames};

use crate::proxy::account::Account;

/// What is kept of them. Nearly every body has none, and costs nothing here.
#[derive(Default)]
pub(super) struct Trailing {
    /// The names that may go on, if the receiver knows what to do with any.
    pub(super) wanted: Option<Rc<TrailerNames>>,
    section: Option<Box<Section>>,
}

impl Trailing {
    /// Notes one step of the decoder, which consumed these bytes and had read `before` bytes of trailers before it.
    #[inline]
    pub(super) fn note(&mut self, decoder: &Decoder, before: u32, consumed: &[u8]) {
        let read = decoder.trailer_bytes();
        if read != before && self.wanted.is_some() && decoder.trailer_fields() > 0 {
            self.section.get_or_insert_default().take(consumed, read - before);
        }
    }

    /// The body is over: the field lines that go on with it.
    #[inline]
    pub(super) fn lines(&mut self, decoder: &Decoder, hides: impl Fn(&[u8]) -> bool, account: &mut Account) -> Vec<u8> {
        let mut lines = Vec::new();
        let fields = u16::from(decoder.trailer_fields());
        if fields > 0 {
            let kept = self.section.take().zip(self.wanted.as_ref());
            let sent = kept.map_or(0, |(section, names)| section.write(names, |name| !hides(name), &mut lines));
            account.trailers_sent += sent;
            account.trailers_dropped += fields - sent;
        }
        lines
    }
}
