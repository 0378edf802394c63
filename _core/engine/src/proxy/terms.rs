//! What is known of a request and its route while an upstream answers it: where it stands, not copies of it, since all of it
//! is kept for as long as the upstream takes.

use sallygate_image::Timeouts;
use sallygate_wire::request::{Method, RequestHead, Version};
use sallygate_wire::response::RequestKind;

use crate::filter::{Answers, Compression, Pacing};
use crate::http1::switch::Wanted;
use crate::proxy::attempt::Way;

/// What is known of the request and its route, for the length of the exchange.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) way: &'a Way<'a>,
    pub(super) head: &'a RequestHead,
    /// Field lines that are added to the answer.
    pub(super) added: &'a [u8],
    /// Did the client come over TLS that ends here?
    pub(super) secure: bool,
    /// Is the client's connection to end with this answer?
    pub(super) last: bool,
}

impl<'a> Terms<'a> {
    /// Is the request of HTTP/1.0?
    pub(super) fn is_old(&self) -> bool {
        self.head.version == Version::Http10
    }

    /// What of an answer depends on the request.
    pub(super) fn kind(&self) -> RequestKind {
        if self.head.method == Method::Head { RequestKind::Head } else { RequestKind::Other }
    }

    /// The switch of protocols that the upstream was asked for. `bytes` is the request's head.
    pub(super) fn upgrade<'b>(&self, bytes: &'b [u8]) -> Option<Wanted<'b>> {
        let route = self.way.route;
        let edits = route.filters.as_ref().and_then(|filters| filters.request());
        let dropped = route.policy.http10 || edits.is_some_and(|edits| edits.connection.is_some());
        Wanted::of(self.head, bytes).filter(|_| !dropped)
    }

    /// The value of `Strict-Transport-Security`, where the answer has it.
    pub(super) fn hsts(&self) -> Option<&'a [u8]> {
        self.way.route.policy.hsts.as_deref().filter(|_| self.secure).map(str::as_bytes)
    }

    /// How long an upstream may take to read the request, and to answer it.
    pub(super) fn timeouts(&self) -> &'a Timeouts {
        &self.way.route.policy.timeouts
    }

    /// What becomes of the answer's fields.
    pub(super) fn edits(&self) -> Option<&'a Answers> {
        self.way.route.filters.as_ref().and_then(|filters| filters.answers())
    }

    /// How fast the answer goes to the client.
    pub(super) fn pacing(&self) -> Option<Pacing> {
        self.way.route.filters.as_ref().and_then(|filters| filters.pacing)
    }

    /// Whether and how the answer is compressed.
    pub(super) fn compression(&self) -> Option<&'a Compression> {
        self.way.route.filters.as_ref().and_then(|filters| filters.compression.as_ref())
    }
}
