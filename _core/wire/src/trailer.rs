//! Trailer fields: which of them go on behind a body, and where they wait for its end.
//!
//! A list of names is all that may pass. Whatever frames, routes, authenticates or describes a message belongs to its head,
//! and a receiver that merges trailers into headers would be told twice, the second time by whoever sent the body.

use crate::chunk::LAST_CHUNK;
use crate::field::{Fields, Name};
use crate::head::{self, Side};
use crate::limits::{Limits, TRAILER_FIELDS};
use crate::write::HeadWriter;

/// The names that pass, in either direction: what a sender only knows once the body is out, and nobody decides by before
/// that. The outcome of a gRPC call, timings for a browser's console, and digests of what was sent (RFC 9530, and the
/// header that it replaces).
pub const TRAILERS: [&str; 7] = [
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "server-timing",
    "content-digest",
    "repr-digest",
    "digest",
];

/// May a trailer field of this name go on?
pub fn passes(name: &[u8]) -> bool {
    TRAILERS.iter().any(|trailer| trailer.as_bytes().eq_ignore_ascii_case(name))
}

/// The names of a `Trailer` field that may go on, joined by commas.
#[cold]
pub fn announced(bytes: &[u8], fields: &Fields) -> Vec<u8> {
    let lists = fields.iter().filter(|field| field.id == Name::Trailer);
    let names = lists.flat_map(|field| field.value.of(bytes).split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    names.filter(|name| passes(name)).take(TRAILERS.len()).collect::<Vec<_>>().join(b", ".as_slice())
}

/// A trailer section on its way in.
#[derive(Debug, Default)]
pub struct Section(Vec<u8>);

impl Section {
    /// Takes what one step of a decoder has read of it: the last `count` of the bytes that the step consumed.
    #[cold]
    pub fn take(&mut self, consumed: &[u8], count: u32) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.0.extend_from_slice(consumed.get(consumed.len().saturating_sub(count)..).unwrap_or_default());
    }

    /// Appends the field lines that may go on, and that `wanted` lets pass; says how many they are.
    #[cold]
    pub fn write(&self, wanted: impl Fn(&[u8]) -> bool, out: &mut Vec<u8>) -> u16 {
        let limits = Limits { fields: usize::from(TRAILER_FIELDS), ..Limits::default() };
        let mut fields = Fields::new();
        // The decoder has checked it as it came.
        let Ok(Some(_)) = head::read_fields(&self.0, 0, Side::Response, &limits, &mut fields) else { return 0 };
        let mut count = 0;
        for field in fields.iter().filter(|field| field.id == Name::Other) {
            let name = field.name.of(&self.0);
            if passes(name) && wanted(name) && HeadWriter::new(out).forwarded(&self.0, field).is_ok() {
                count += 1;
            }
        }
        count
    }
}

/// The end of a chunked body, with these field lines behind it.
pub(crate) fn end_with(lines: &[u8], out: &mut Vec<u8>) {
    let (last, end) = LAST_CHUNK.split_at_checked(3).unwrap_or((LAST_CHUNK, b""));
    out.extend_from_slice(last);
    out.extend_from_slice(lines);
    out.extend_from_slice(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{Decoder, Encoder};
    use crate::request::Framing;

    #[test]
    fn no_name_that_a_proxy_treats_specially_may_pass() {
        for name in TRAILERS {
            assert_eq!(Name::of(name.as_bytes()), Name::Other, "{name}");
            assert!(passes(name.to_uppercase().as_bytes()) && !name.contains('_'));
        }
        for name in [
            "Host",
            "Content-Length",
            "Transfer-Encoding",
            "TE",
            "Trailer",
            "Connection",
            "Authorization",
            "Cookie",
            "Set-Cookie",
            "Content-Type",
            "Content-Encoding",
            "Content-Range",
            "Cache-Control",
            "Expires",
            "Age",
            "Location",
            "Vary",
            "Date",
            "ETag",
            "WWW-Authenticate",
            "Proxy-Authenticate",
            "Proxy-Authorization",
            "X-Forwarded-For",
            "X-Real-IP",
            "Forwarded",
            "If-Match",
            "Range",
            "Expect",
            "Max-Forwards",
            "Pragma",
            "X-Auth-Request-User",
            "grpc_status",
            "grpc-status ",
            "grpc-timeout",
            "X-Checksum",
            "",
        ] {
            assert!(!passes(name.as_bytes()), "{name}");
        }
    }

    fn carried(body: &str, part: usize) -> (String, u16, u32) {
        let (mut decoder, mut section, mut at) = (Decoder::request(Framing::Chunked), Section::default(), 0);
        let bytes = body.as_bytes();
        for end in (0..bytes.len()).step_by(part).map(|start| (start + part).min(bytes.len())) {
            while at < end && !decoder.is_done() {
                let before = decoder.trailer_bytes();
                let piece = decoder.step(&bytes[at..end]).unwrap();
                section.take(&bytes[at..at + piece.consumed], decoder.trailer_bytes() - before);
                at += piece.consumed;
                if piece.consumed == 0 {
                    break;
                }
            }
        }
        assert!(decoder.is_done());
        let mut lines = Vec::new();
        let count = section.write(|name| !name.eq_ignore_ascii_case(b"digest"), &mut lines);
        (String::from_utf8(lines).unwrap(), count, u32::from(decoder.trailer_fields()))
    }

    #[test]
    fn what_may_pass_comes_out_as_it_was_sent() {
        let cases = [
            ("0\r\n\r\n", "", 0),
            ("3\r\nabc\r\n0\r\ngrpc-status: 0\r\n\r\n", "grpc-status: 0\r\n", 1),
            ("0\r\nGrpc-Status:0\r\nGRPC-MESSAGE:  a b \t\r\n\r\n", "Grpc-Status: 0\r\nGRPC-MESSAGE: a b\r\n", 2),
            (
                "0\r\nContent-Length: 5\r\nHost: evil\r\nServer-Timing: a;dur=1\r\nX: y\r\n\r\n",
                "Server-Timing: a;dur=1\r\n",
                4,
            ),
            ("0\r\nTransfer-Encoding: chunked\r\nCookie: a\r\nAuthorization: b\r\n\r\n", "", 3),
            ("0\r\ngrpc_status: 0\r\ngrpc-status-: 0\r\n\r\n", "", 2),
            ("0\r\nDigest: x\r\nRepr-Digest:\r\n\r\n", "Repr-Digest: \r\n", 2),
        ];
        for (body, lines, fields) in cases {
            for part in [1, 2, 3, 7, 1000] {
                let found = carried(body, part);
                assert_eq!((found.0.as_str(), found.2), (lines, fields), "{body:?} by {part}");
                assert_eq!(usize::from(found.1), lines.matches("\r\n").count());
            }
        }
    }

    #[test]
    fn a_body_ends_with_its_trailers() {
        let mut out = Vec::new();
        let mut encoder = Encoder::Chunked;
        encoder.write(b"abc", &mut out).unwrap();
        encoder.finish_with(b"grpc-status: 0\r\n", &mut out).unwrap();
        assert_eq!(out, b"3\r\nabc\r\n0\r\ngrpc-status: 0\r\n\r\n");
        // No other framing has a place for them.
        for mut encoder in [Encoder::Length(0), Encoder::None, Encoder::UntilClose] {
            let mut out = Vec::new();
            encoder.finish_with(b"grpc-status: 0\r\n", &mut out).unwrap();
            assert!(out.is_empty());
        }
        assert!(Encoder::Length(1).finish_with(b"", &mut out).is_err());
    }

    #[test]
    fn what_is_announced_is_what_may_pass() {
        let head =
            b"GET / HTTP/1.1\r\nHost: a\r\nTrailer: X, grpc-status,Host\r\nTrailer: , Server-Timing ,a b\r\n\r\n";
        let mut fields = Fields::new();
        crate::request::parse_request(head, &Limits::default(), &mut fields).unwrap().unwrap();
        assert_eq!(announced(head, &fields), b"grpc-status, Server-Timing");
    }
}
