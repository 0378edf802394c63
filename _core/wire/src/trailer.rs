//! Trailer fields: which of them go on behind a body, and where they wait for its end.
//!
//! A list of names is all that may pass. Whatever frames, routes, authenticates or describes a message belongs to its head,
//! and a receiver that merges trailers into headers would be told twice, the second time by whoever sent the body.

use crate::chunk::LAST_CHUNK;
use crate::field::{Fields, Name};
use crate::head::{self, Side};
use crate::limits::{Limits, TRAILER_FIELDS};
use crate::write::HeadWriter;

/// The names that pass, in either direction, unless the operator says others: what a sender only knows once the body is
/// out, and nobody decides by before that. The outcome of a gRPC call, timings for a browser's console, and digests of what
/// was sent (RFC 9530, and the header that it replaces).
pub const TRAILERS: [&str; 7] = [
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "server-timing",
    "content-digest",
    "repr-digest",
    "digest",
];

/// How many names may pass in one direction: each trailer field is compared with all of them.
pub const TRAILER_NAMES: usize = 32;

/// Names that never pass, beside those that a proxy treats specially: they decide who asks, what is asked for, how an
/// answer is kept or what it is, and a receiver may act on them wherever they stand (RFC 9110 §6.5.1).
const NEVER: &[&str] = &[
    "accept-charset",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "authentication-info",
    "clear-site-data",
    "content-disposition",
    "content-language",
    "content-location",
    "content-range",
    "early-data",
    "etag",
    "expires",
    "last-modified",
    "link",
    "max-forwards",
    "origin-agent-cluster",
    "pragma",
    "priority",
    "range",
    "retry-after",
    "via",
    "warning",
    "www-authenticate",
    "x-http-method-override",
    "x-method-override",
];

/// The same by what they begin with.
const NEVER_BEGIN: &[&str] = &[
    "access-control-",
    "content-security-policy",
    "cross-origin-",
    "if-",
    "permissions-policy",
    "proxy-",
    "referrer-policy",
    "sec-",
    "x-auth-",
    "x-content-type-",
    "x-forwarded-",
    "x-frame-",
    "x-original-",
    "x-real-",
];

/// Why a name may not be among those that pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameRefused(String);

impl std::fmt::Display for NameRefused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The names that pass in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailerNames(Vec<String>);

impl Default for TrailerNames {
    fn default() -> Self {
        Self(TRAILERS.map(str::to_owned).to_vec())
    }
}

impl TrailerNames {
    /// Those that an operator names. None at all is a choice, too.
    pub fn read<S: AsRef<str>>(names: &[S]) -> Result<Self, NameRefused> {
        if names.len() > TRAILER_NAMES {
            return Err(NameRefused(format!("{} names of trailer fields are more than {TRAILER_NAMES}", names.len())));
        }
        names.iter().map(|name| Self::one(name.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    fn one(name: &str) -> Result<String, NameRefused> {
        let lower = name.to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if lower.is_empty() || !lower.bytes().all(plain) {
            return Err(NameRefused(format!("{name:?} is no name of a trailer field; use letters, digits, - and .")));
        }
        let never = Name::of(lower.as_bytes()) != Name::Other
            || NEVER.contains(&lower.as_str())
            || NEVER_BEGIN.iter().any(|beginning| lower.starts_with(beginning));
        if never {
            let why = "what frames, routes, authenticates or describes a message stands before its body";
            return Err(NameRefused(format!("{name} may not be a trailer field: {why}")));
        }
        Ok(lower)
    }

    /// In lower case.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// May a trailer field of this name go on?
    pub fn pass(&self, name: &[u8]) -> bool {
        self.0.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(name))
    }

    /// The names of a `Trailer` field that may go on, joined by commas.
    #[cold]
    pub fn announced(&self, bytes: &[u8], fields: &Fields) -> Vec<u8> {
        let lists = fields.iter().filter(|field| field.id == Name::Trailer);
        let names = lists.flat_map(|field| field.value.of(bytes).split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        names.filter(|name| self.pass(name)).take(self.0.len()).collect::<Vec<_>>().join(b", ".as_slice())
    }
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

    /// Appends the field lines that `names` let go on, and that are `wanted`; says how many they are.
    #[cold]
    pub fn write(&self, names: &TrailerNames, wanted: impl Fn(&[u8]) -> bool, out: &mut Vec<u8>) -> u16 {
        let limits = Limits { fields: usize::from(TRAILER_FIELDS), ..Limits::default() };
        let mut fields = Fields::new();
        // The decoder has checked it as it came.
        let Ok(Some(_)) = head::read_fields(&self.0, 0, Side::Response, &limits, &mut fields) else { return 0 };
        let mut count = 0;
        for field in fields.iter().filter(|field| field.id == Name::Other) {
            let name = field.name.of(&self.0);
            if names.pass(name) && wanted(name) && HeadWriter::new(out).forwarded(&self.0, field).is_ok() {
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
        let usual = TrailerNames::default();
        for name in TRAILERS {
            assert_eq!(Name::of(name.as_bytes()), Name::Other, "{name}");
            assert!(usual.pass(name.to_uppercase().as_bytes()) && !name.contains('_'));
        }
        assert_eq!(TrailerNames::read(&TRAILERS), Ok(usual.clone()));
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
            "Upgrade",
            "Keep-Alive",
            "X-Request-ID",
            "ssl-client-verify",
            "X-Accel-Redirect",
            "Strict-Transport-Security",
            "Access-Control-Allow-Origin",
            "Sec-WebSocket-Key",
            "grpc_status",
            "grpc-status ",
            "a:b",
            "a,b",
            "a\r\nb",
            "",
        ] {
            assert!(!usual.pass(name.as_bytes()), "{name}");
            assert!(TrailerNames::read(&[name]).is_err(), "{name}");
        }
        assert!(!usual.pass(b"X-Checksum") && !usual.pass(b"grpc-timeout"));
    }

    #[test]
    fn an_operator_may_name_others() {
        let own = TrailerNames::read(&["X-Checksum", "a.b-c9"]).unwrap();
        assert!(own.pass(b"x-checksum") && own.pass(b"A.B-C9") && !own.pass(b"grpc-status"));
        let none = TrailerNames::read::<&str>(&[]).unwrap();
        assert!(!none.pass(b"grpc-status") && !none.pass(b""));
        let many: Vec<String> = (0..=TRAILER_NAMES).map(|number| format!("x-{number}")).collect();
        assert!(TrailerNames::read(&many).unwrap_err().to_string().contains("more than 32"));
        assert!(TrailerNames::read(&many[1..]).is_ok());
        assert_eq!(
            TrailerNames::read(&["host"]).unwrap_err().to_string(),
            "host may not be a trailer field: what frames, routes, authenticates or describes a message stands before its \
             body"
        );
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
        let count = section.write(&TrailerNames::default(), |name| !name.eq_ignore_ascii_case(b"digest"), &mut lines);
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
        assert_eq!(TrailerNames::default().announced(head, &fields), b"grpc-status, Server-Timing");
    }
}
