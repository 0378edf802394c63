//! One request and its answer: from what happened, may either connection be used again?
//!
//! Pure bookkeeping. The rule for the upstream side is the strict one: a connection is used again only if everything
//! about the exchange ended exactly, because whatever is left over on it would become part of somebody else's answer.

use crate::fault::Fault;
use crate::limits::{DRAIN_BYTES, INFORMATIONAL_RESPONSES};
use crate::request::{RequestHead, Version};
use crate::response::{ResponseFraming, ResponseHead};

/// What an answer's head means for the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Another head will follow.
    Informational {
        /// Does the client know what to do with it?
        forward: bool,
    },
    /// Both connections are a tunnel from here on.
    Upgraded,
    /// This is the answer.
    Final,
}

/// What becomes of the client's connection after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEnd {
    /// The next request may come.
    Keep,
    /// The rest of the request's body is to be read and thrown away first, at most [`DRAIN_BYTES`] of it.
    Drain,
    /// It is to be closed, after the answer is written.
    Close,
}

/// The account of one exchange.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that happened or did not")]
pub struct Exchange {
    client_version: Version,
    client_keep_alive: bool,
    upgrade_asked: bool,
    expects_continue: bool,
    continued: bool,
    request_read: bool,
    closing: bool,
    answer_sent: bool,
    until_close: bool,
    upgraded: bool,
    upstream: Upstream,
}

/// The account of one try at one upstream.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that happened or did not")]
struct Upstream {
    request_sent: bool,
    informational: u8,
    answered: bool,
    keep_alive: bool,
    answer_read: bool,
    surplus: bool,
}

impl Exchange {
    /// A request has been read as far as its head.
    pub fn new(head: &RequestHead) -> Self {
        Self {
            client_version: head.version,
            client_keep_alive: head.keep_alive,
            upgrade_asked: head.upgrade.is_some(),
            expects_continue: head.expect_continue,
            continued: false,
            request_read: false,
            closing: false,
            answer_sent: false,
            until_close: false,
            upgraded: false,
            upstream: Upstream::default(),
        }
    }

    /// The request is tried on an upstream connection, for the first time or again.
    pub fn try_upstream(&mut self) {
        self.upstream = Upstream::default();
    }

    /// The request's body has been read to its end.
    pub fn request_read(&mut self) {
        self.request_read = true;
    }

    /// The whole request has been written to the upstream.
    pub fn request_sent(&mut self) {
        self.upstream.request_sent = true;
    }

    /// A 100 has been written to the client, by us or from upstream.
    pub fn continued(&mut self) {
        self.continued = true;
    }

    /// The upstream has sent a head.
    pub fn answer(&mut self, head: &ResponseHead) -> Result<Answer, Fault> {
        if head.status == 101 {
            // A switch that nobody asked for would turn the connection into a tunnel of the upstream's choice. One that
            // comes before the request is whole would mix its body into the tunnel.
            if !self.upgrade_asked || head.upgrade.is_none() || !self.upstream.request_sent {
                return Err(Fault::UnaskedUpgrade);
            }
            self.upgraded = true;
            return Ok(Answer::Upgraded);
        }
        if head.status < 200 {
            self.upstream.informational += 1;
            if self.upstream.informational > INFORMATIONAL_RESPONSES {
                return Err(Fault::TooManyInformational);
            }
            // HTTP/1.0 knows no answer before the answer, and a second 100 tells nobody anything.
            let wanted = head.status != 100 || (self.expects_continue && !self.continued);
            return Ok(Answer::Informational { forward: wanted && self.client_version == Version::Http11 });
        }
        self.upstream.answered = true;
        self.upstream.keep_alive =
            head.keep_alive && head.version == Version::Http11 && head.framing != ResponseFraming::UntilClose;
        Ok(Answer::Final)
    }

    /// The answer's body has been read to its end.
    pub fn answer_read(&mut self) {
        self.upstream.answer_read = true;
    }

    /// The upstream has sent bytes after its answer, or a body where none may be.
    pub fn surplus(&mut self) {
        self.upstream.surplus = true;
    }

    /// The answer, ours or the upstream's, has been written to the client with its end.
    pub fn answer_sent(&mut self) {
        self.answer_sent = true;
    }

    /// The answer's end is the end of the client's connection: HTTP/1.0 has no other way to send a body of unknown length.
    pub fn until_close(&mut self) {
        self.until_close = true;
    }

    /// The client's connection is to be closed after this answer: the gateway drains, or the request was at fault.
    pub fn close(&mut self) {
        self.closing = true;
    }

    /// Must the answer say `Connection: close`? Asked when its head is written.
    pub fn announce_close(&self) -> bool {
        self.closing || self.until_close || !self.client_keep_alive || self.waits_in_vain()
    }

    /// May the upstream's connection go back to the pool?
    pub fn reuse_upstream(&self) -> bool {
        let upstream = &self.upstream;
        upstream.request_sent
            && upstream.answered
            && upstream.answer_read
            && upstream.keep_alive
            && !upstream.surplus
            && !self.upgraded
    }

    /// What becomes of the client's connection? `remaining` is what is still unread of the request's body, where known.
    pub fn client_end(&self, remaining: Option<u64>) -> ClientEnd {
        if self.announce_close() || self.upgraded || !self.answer_sent {
            return ClientEnd::Close;
        }
        match remaining {
            _ if self.request_read => ClientEnd::Keep,
            Some(0) => ClientEnd::Keep,
            Some(length) if length > DRAIN_BYTES => ClientEnd::Close,
            _ => ClientEnd::Drain,
        }
    }

    /// The client waits for a 100 that never came: after a final answer it may send its body, or the next request, and
    /// nobody can tell which.
    fn waits_in_vain(&self) -> bool {
        self.expects_continue && !self.continued && !self.request_read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Fields;
    use crate::limits::Limits;
    use crate::request::parse_request;
    use crate::response::{RequestKind, parse_response};

    fn exchange(head: &str) -> Exchange {
        let text = format!("{head}\r\nHost: a\r\n\r\n");
        Exchange::new(&parse_request(text.as_bytes(), &Limits::default(), &mut Fields::new()).unwrap().unwrap())
    }

    fn answer(head: &str) -> ResponseHead {
        let text = format!("{head}\r\n\r\n");
        parse_response(text.as_bytes(), &Limits::default(), &mut Fields::new(), RequestKind::Other).unwrap().unwrap()
    }

    const GET: &str = "GET / HTTP/1.1";
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0";

    /// Everything goes well, except what `spoil` does.
    fn run(request: &str, response: &str, spoil: impl FnOnce(&mut Exchange)) -> Exchange {
        let mut exchange = exchange(request);
        exchange.try_upstream();
        exchange.request_read();
        exchange.request_sent();
        exchange.answer(&answer(response)).unwrap();
        exchange.answer_read();
        exchange.answer_sent();
        spoil(&mut exchange);
        exchange
    }

    #[test]
    fn an_upstream_is_used_again_only_after_an_exact_end() {
        type Spoil = fn(&mut Exchange);
        let cases: &[(&str, &str, Spoil, bool)] = &[
            (GET, OK, |_| {}, true),
            ("GET / HTTP/1.0", OK, |_| {}, true),
            ("GET / HTTP/1.1\r\nConnection: close", OK, |_| {}, true),
            (GET, OK, Exchange::close, true),
            (GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", |_| {}, true),
            (GET, "HTTP/1.1 304 Not Modified", |_| {}, true),
            (GET, OK, |exchange| exchange.upstream.request_sent = false, false),
            (GET, OK, |exchange| exchange.upstream.answer_read = false, false),
            (GET, OK, Exchange::surplus, false),
            (GET, OK, Exchange::try_upstream, false),
            (GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close", |_| {}, false),
            (GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: a,CLOSE", |_| {}, false),
            (GET, "HTTP/1.1 200 OK", |_| {}, false),
            (GET, "HTTP/1.0 200 OK\r\nContent-Length: 0", |_| {}, false),
            (GET, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive", |_| {}, false),
            (
                "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: SPDY/3.1",
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: SPDY/3.1",
                |_| {},
                false,
            ),
        ];
        for (request, response, spoil, expect) in cases {
            assert_eq!(run(request, response, spoil).reuse_upstream(), *expect, "{request} / {response}");
        }
    }

    #[test]
    fn the_end_of_the_client() {
        type Spoil = fn(&mut Exchange);
        const UNREAD: Spoil = |exchange| exchange.request_read = false;
        let post = "POST / HTTP/1.1\r\nContent-Length: 9";
        let expect = "POST / HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue";
        let cases: &[(&str, Spoil, Option<u64>, ClientEnd)] = &[
            (GET, |_| {}, Some(0), ClientEnd::Keep),
            ("GET / HTTP/1.0", |_| {}, Some(0), ClientEnd::Close),
            ("GET / HTTP/1.0\r\nConnection: keep-alive", |_| {}, Some(0), ClientEnd::Keep),
            ("GET / HTTP/1.1\r\nConnection: close", |_| {}, Some(0), ClientEnd::Close),
            (GET, Exchange::close, Some(0), ClientEnd::Close),
            (GET, Exchange::until_close, Some(0), ClientEnd::Close),
            (GET, |exchange| exchange.answer_sent = false, Some(0), ClientEnd::Close),
            (GET, UNREAD, Some(0), ClientEnd::Keep),
            (post, UNREAD, Some(9), ClientEnd::Drain),
            (post, UNREAD, None, ClientEnd::Drain),
            (post, UNREAD, Some(DRAIN_BYTES), ClientEnd::Drain),
            (post, UNREAD, Some(DRAIN_BYTES + 1), ClientEnd::Close),
            (expect, UNREAD, Some(9), ClientEnd::Close),
            (expect, |_| {}, Some(0), ClientEnd::Keep),
            (
                expect,
                |exchange| {
                    exchange.request_read = false;
                    exchange.continued();
                },
                Some(9),
                ClientEnd::Drain,
            ),
        ];
        for (request, spoil, remaining, end) in cases {
            let exchange = run(request, OK, spoil);
            assert_eq!(exchange.client_end(*remaining), *end, "{request} {remaining:?}");
            assert!(!exchange.announce_close() || *end == ClientEnd::Close);
        }
    }

    #[test]
    fn informational_answers_are_few_and_only_for_those_who_know_them() {
        let expect = "POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue";
        let cases = [
            (GET, "HTTP/1.1 103 Early Hints", true),
            (GET, "HTTP/1.1 100 Continue", false),
            (expect, "HTTP/1.1 100 Continue", true),
            ("GET / HTTP/1.0", "HTTP/1.1 103 Early Hints", false),
        ];
        for (request, response, forward) in cases {
            let mut exchange = exchange(request);
            for _ in 0..INFORMATIONAL_RESPONSES {
                assert_eq!(exchange.answer(&answer(response)), Ok(Answer::Informational { forward }), "{request}");
            }
            assert_eq!(exchange.answer(&answer(response)), Err(Fault::TooManyInformational));
        }
    }

    #[test]
    fn a_switch_must_have_been_asked_for() {
        let asked = "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: SPDY/3.1";
        let whole = "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: SPDY/3.1";
        let cases = [
            (asked, whole, true, Ok(Answer::Upgraded)),
            (asked, whole, false, Err(Fault::UnaskedUpgrade)),
            (GET, whole, true, Err(Fault::UnaskedUpgrade)),
            (asked, "HTTP/1.1 101 X", true, Err(Fault::UnaskedUpgrade)),
            (asked, "HTTP/1.1 101 X\r\nUpgrade: SPDY/3.1", true, Err(Fault::UnaskedUpgrade)),
            (asked, "HTTP/1.0 101 X\r\nConnection: upgrade\r\nUpgrade: SPDY/3.1", true, Err(Fault::UnaskedUpgrade)),
        ];
        for (request, response, sent, expect) in cases {
            let mut exchange = exchange(request);
            if sent {
                exchange.request_sent();
            }
            assert_eq!(exchange.answer(&answer(response)), expect, "{request} / {response}");
        }
    }
}
