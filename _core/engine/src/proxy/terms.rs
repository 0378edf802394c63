//! What is known of a request and its route while an upstream answers it.

use sallygate_wire::request::Version;
use sallygate_wire::response::RequestKind;

use crate::filter::{Answers, Compression, Filters, Pacing};
use crate::http1::switch::Wanted;
use crate::route::Errors;

/// What is known of the request and its route, for the length of the exchange.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) version: Version,
    pub(super) kind: RequestKind,
    /// The switch of protocols that the client asked for.
    pub(super) upgrade: Option<Wanted<'a>>,
    pub(super) hsts: Option<&'a [u8]>,
    /// Does the client take trailer fields?
    pub(super) trailers: bool,
    pub(super) body_limit: u64,
    pub(super) send_ms: u64,
    pub(super) read_ms: u64,
    /// Is the client's connection to end with this answer?
    pub(super) last: bool,
    /// What becomes of the answer.
    pub(super) filters: Option<&'a Filters>,
    /// Field lines that are added to the answer.
    pub(super) added: &'a [u8],
    /// Cookies that are added, too, unless the answer tells of an error.
    pub(super) cookies: &'a [u8],
    /// Statuses that somebody else answers.
    pub(super) errors: Option<&'a Errors>,
}

impl<'a> Terms<'a> {
    /// What becomes of the answer's fields.
    pub(super) fn edits(&self) -> Option<&'a Answers> {
        self.filters.and_then(Filters::answers)
    }

    /// How fast the answer goes to the client.
    pub(super) fn pacing(&self) -> Option<Pacing> {
        self.filters.and_then(|filters| filters.pacing)
    }

    /// Whether and how the answer is compressed.
    pub(super) fn compression(&self) -> Option<&'a Compression> {
        self.filters.and_then(|filters| filters.compression.as_ref())
    }
}
