//! The head of a request: from bytes to one reading, or to a fault.
//!
//! The syntax is checked in the order of the bytes, and the meaning only once the head is whole: whole or byte by byte,
//! the same request meets the same answer.

use crate::fault::Fault;
use crate::field::{Fields, Name};
use crate::head::{self, Side};
use crate::limits::{Limits, METHOD_BYTES};
use crate::scan::{QUERY, TOKEN, path_run, run};
use crate::span::Span;
use crate::websocket;

pub use crate::head::Version;

/// What HTTP/2 clients with prior knowledge send first. On a listener without h2c it is a bad request.
pub const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The methods that are worth a name. Case is kept: `get` is not GET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the name of a method")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Patch,
    Options,
    Connect,
    Trace,
    /// Any other token; `method_text` has it.
    Other,
}

impl Method {
    /// The method of this name.
    #[inline]
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"DELETE" => Method::Delete,
            b"PATCH" => Method::Patch,
            b"OPTIONS" => Method::Options,
            b"CONNECT" => Method::Connect,
            // TRACK is an old server's name for the same thing.
            b"TRACE" | b"TRACK" => Method::Trace,
            _ => Method::Other,
        }
    }

    /// May it be sent twice without doing more than once? (RFC 9110 §9.2.2.)
    pub fn is_idempotent(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Put | Method::Delete | Method::Options | Method::Trace)
    }
}

/// How the end of a request's body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// It has this many bytes.
    Length(u64),
    /// Its last chunk says so.
    Chunked,
}

/// The head of a request. Spans point into the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// The bytes of the head, one CRLF before it included.
    pub len: usize,
    /// The method.
    pub method: Method,
    /// The method as sent.
    pub method_text: Span,
    /// The target as sent.
    pub target: Span,
    /// The path, not yet decoded: starts with a slash, or is `*`, or is empty when an absolute target has none.
    pub path: Span,
    /// The query without its question mark.
    pub query: Option<Span>,
    /// Host, or the authority of an absolute target, which says the same. None only in HTTP/1.0.
    pub authority: Option<Span>,
    /// The version.
    pub version: Version,
    /// How the end of the body is known.
    pub framing: Framing,
    /// May the connection be kept after the answer, as far as the client is concerned?
    pub keep_alive: bool,
    /// The protocol that the client asks to switch to, and that may be passed on.
    pub upgrade: Option<Span>,
    /// The key of the WebSocket that it is to open, if that is the protocol.
    pub websocket_key: Option<Span>,
    /// Does the client know what to do with trailer fields?
    pub takes_trailers: bool,
    /// Does the client wait for a 100 before it sends the body?
    pub expect_continue: bool,
}

/// Reads the head of a request at the start of `bytes`. Nothing when it is not whole yet; one that can no longer become
/// good, or has grown too long, is a fault at once.
pub fn parse_request(bytes: &[u8], limits: &Limits, fields: &mut Fields) -> Result<Option<RequestHead>, Fault> {
    fields.clear();
    // One empty line before the request is what old clients send after a body; a second one is not skipped.
    let start = match bytes {
        [b'\r', b'\n', ..] => 2,
        [] | [b'\r'] => return Ok(None),
        _ => 0,
    };
    let view = bytes.get(..limits.head_bytes).unwrap_or(bytes);
    let more = || if view.len() >= limits.head_bytes { Err(Fault::HeadTooLarge) } else { Ok(None) };
    let Some(line) = read_line(view, start, limits)? else { return more() };
    let Some(len) = head::read_fields(view, line.end, Side::Request, limits, fields)? else { return more() };
    understand(bytes, len, &line, fields).map(Some)
}

struct Line {
    method: Method,
    method_text: Span,
    target: Span,
    /// Where the question mark stands.
    mark: Option<usize>,
    version: Version,
    /// The byte after its CRLF.
    end: usize,
}

#[inline]
fn read_line(view: &[u8], start: usize, limits: &Limits) -> Result<Option<Line>, Fault> {
    let longest = start + limits.request_line_bytes + 2;
    let line = view.get(..longest).unwrap_or(view);
    // More bytes may still come, unless the line has used up its share.
    let more = || if line.len() == longest { Err(Fault::UriTooLong) } else { Ok(None) };

    let rest = line.get(start..).unwrap_or_default();
    let method_len = run(rest.get(..=METHOD_BYTES).unwrap_or(rest), TOKEN);
    if method_len > METHOD_BYTES {
        return Err(Fault::BadMethod);
    }
    match rest.get(method_len) {
        Some(b' ') if method_len > 0 => {}
        Some(_) => return Err(Fault::BadMethod),
        None => return more(),
    }

    let target_start = start + method_len + 1;
    let rest = line.get(target_start..).unwrap_or_default();
    let mut target_len = path_run(rest);
    let mut mark = None;
    if rest.get(target_len) == Some(&b'?') {
        mark = Some(target_start + target_len);
        target_len += 1;
        target_len += run(rest.get(target_len..).unwrap_or_default(), QUERY);
    }
    match rest.get(target_len) {
        Some(b' ') if target_len > 0 => {}
        Some(_) => return Err(Fault::BadTarget),
        None => return more(),
    }

    let version_start = target_start + target_len + 1;
    let version = match read_version(line.get(version_start..).unwrap_or_default()) {
        Ok(Some(version)) => version,
        Ok(None) => return more(),
        // The preface of HTTP/2 is not a version that an upgrade of this gateway could bring: it is the wrong protocol.
        Err(Fault::HttpVersion) if rest_of(view, start, method_len) == b"PRI" => return Err(Fault::BadRequestLine),
        Err(fault) => return Err(fault),
    };
    Ok(Some(Line {
        method: Method::of(rest_of(view, start, method_len)),
        method_text: Span::new(start, start + method_len),
        target: Span::new(target_start, target_start + target_len),
        mark,
        version,
        end: version_start + 10,
    }))
}

#[inline]
fn rest_of(view: &[u8], start: usize, len: usize) -> &[u8] {
    view.get(start..start + len).unwrap_or_default()
}

#[inline]
fn read_version(rest: &[u8]) -> Result<Option<Version>, Fault> {
    match rest.first_chunk::<10>() {
        Some(b"HTTP/1.1\r\n") => Ok(Some(Version::Http11)),
        Some(b"HTTP/1.0\r\n") => Ok(Some(Version::Http10)),
        _ => odd_version(rest),
    }
}

/// A version that is incomplete, malformed, or not ours.
#[cold]
fn odd_version(rest: &[u8]) -> Result<Option<Version>, Fault> {
    for (&byte, &expect) in rest.iter().zip(b"HTTP/0.0\r\n") {
        let fits = if expect == b'0' { byte.is_ascii_digit() } else { byte == expect };
        if !fits {
            return Err(if matches!(byte, b'\r' | b'\n' | b' ' | b'\t') {
                Fault::BadRequestLine
            } else {
                Fault::BadVersion
            });
        }
    }
    match (rest.get(5), rest.len() >= 10) {
        (_, false) => Ok(None),
        (Some(b'0'), _) => Err(Fault::BadVersion),
        _ => Err(Fault::HttpVersion),
    }
}

/// What the whole head means.
#[inline]
fn understand(bytes: &[u8], len: usize, line: &Line, fields: &mut Fields) -> Result<RequestHead, Fault> {
    match line.method {
        Method::Connect => return Err(Fault::ConnectRefused),
        Method::Trace => return Err(Fault::TraceRefused),
        _ => {}
    }
    let target = read_target(bytes, line)?;
    let host = fields.find(Name::Host).map(|field| field.value);
    let authority = match (host, target.authority) {
        _ if fields.is_repeated(Name::Host) => return Err(Fault::DuplicateHost),
        (None, _) if line.version == Version::Http11 => return Err(Fault::MissingHost),
        (Some(host), _) if host.is_empty() => return Err(Fault::BadHost),
        (Some(host), Some(authority)) if !host.of(bytes).eq_ignore_ascii_case(authority.of(bytes)) => {
            return Err(Fault::HostMismatch);
        }
        (Some(host), _) => Some(host),
        (None, authority) => authority,
    };
    let chunked = head::read_coding(bytes, line.version, fields)?;
    let framing = match head::read_length(bytes, fields)? {
        _ if chunked => Framing::Chunked,
        Some(length) => Framing::Length(length),
        None => Framing::None,
    };
    let options = head::read_connection(bytes, Side::Request, fields)?;
    let modern = line.version == Version::Http11;
    let expect = fields.has(Name::Expect) && read_expect(bytes, fields)?;
    let upgrade = if modern && options.upgrade { head::read_upgrade(bytes, fields) } else { None };
    let websocket_key = match upgrade {
        Some(token) if websocket::is_named(token.of(bytes)) => Some(websocket::read_key(line.method, bytes, fields)?),
        _ => None,
    };
    Ok(RequestHead {
        len,
        method: line.method,
        method_text: line.method_text,
        target: line.target,
        path: target.path,
        query: target.query,
        authority,
        version: line.version,
        framing,
        keep_alive: if modern { !options.close } else { options.keep_alive && !options.close },
        upgrade,
        websocket_key,
        takes_trailers: modern && fields.has(Name::Te) && head::read_te(bytes, fields),
        // HTTP/1.0 clients know no 100, and without a body nobody waits.
        expect_continue: expect && modern && !matches!(framing, Framing::None | Framing::Length(0)),
    })
}

fn read_expect(bytes: &[u8], fields: &Fields) -> Result<bool, Fault> {
    let all = fields.iter().filter(|field| field.id == Name::Expect);
    for field in all {
        if !field.value.of(bytes).eq_ignore_ascii_case(b"100-continue") {
            return Err(Fault::UnknownExpectation);
        }
    }
    Ok(true)
}

struct Target {
    path: Span,
    query: Option<Span>,
    authority: Option<Span>,
}

#[inline]
fn read_target(bytes: &[u8], line: &Line) -> Result<Target, Fault> {
    let start = line.target.start as usize;
    let end = line.target.end as usize;
    let path_end = line.mark.unwrap_or(end);
    let query = line.mark.map(|mark| Span::new(mark + 1, end));
    let before = bytes.get(start..path_end).unwrap_or_default();
    match before {
        [b'/', ..] => Ok(Target { path: Span::new(start, path_end), query, authority: None }),
        // The asterisk speaks of the server as a whole, so it has no query and one method.
        [b'*'] if line.method == Method::Options && query.is_none() => {
            Ok(Target { path: line.target, query: None, authority: None })
        }
        _ => absolute(before, start, query),
    }
}

/// `http://authority/path`, as clients send to proxies.
#[cold]
fn absolute(before: &[u8], start: usize, query: Option<Span>) -> Result<Target, Fault> {
    let scheme = [b"http://".as_slice(), b"https://"]
        .iter()
        .find(|scheme| before.get(..scheme.len()).is_some_and(|text| text.eq_ignore_ascii_case(scheme)))
        .ok_or(Fault::BadTarget)?
        .len();
    let rest = before.get(scheme..).unwrap_or_default();
    let length = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
    let authority = rest.get(..length).unwrap_or_default();
    if authority.is_empty() || authority.contains(&b'@') {
        return Err(Fault::BadHost);
    }
    let path = start + scheme + length;
    Ok(Target { path: Span::new(path, start + before.len()), query, authority: Some(Span::new(start + scheme, path)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The rows of syntax and meaning are cases in `tests/wire/vectors`; here is what those cannot say.

    #[test]
    fn spans_point_at_what_was_sent() {
        let bytes = b"\r\nGET http://a.example/b?c=d HTTP/1.1\r\nHost: A.example\r\n\r\nrest";
        let head = parse_request(bytes, &Limits::default(), &mut Fields::new()).unwrap().unwrap();
        assert_eq!(head.len, bytes.len() - 4);
        assert_eq!(head.method, Method::Get);
        assert_eq!(head.method_text.of(bytes), b"GET");
        assert_eq!(head.target.of(bytes), b"http://a.example/b?c=d");
        assert_eq!(head.path.of(bytes), b"/b");
        assert_eq!(head.query.map(|query| query.of(bytes)), Some(b"c=d".as_slice()));
        assert_eq!(head.authority.map(|authority| authority.of(bytes)), Some(b"A.example".as_slice()));
    }

    #[test]
    fn underscores_are_kept_only_by_name_and_never_in_a_twin() {
        let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nx_plain: 1\r\nX_Real-IP: 2\r\nx_forwarded_groups: 3\r\n\
            Transfer_Encoding: chunked\r\nssl_client_verify: SUCCESS\r\nx_forwarded_for_a_name_that_is_longer_than_any: 4\r\n\r\n";
        let names = |keep_underscores| {
            let (limits, mut fields) = (Limits { keep_underscores, ..Limits::default() }, Fields::new());
            parse_request(bytes, &limits, &mut fields).unwrap().unwrap();
            let kept: Vec<_> = fields.iter().filter(|field| !field.dropped).map(|field| field.name.of(bytes)).collect();
            (kept, fields.twins())
        };
        assert_eq!(names(false), (vec![b"Host".as_slice()], 5));
        assert_eq!(names(true), (vec![b"Host".as_slice(), b"x_plain"], 5));
    }

    #[test]
    fn storage_is_used_again() {
        let (limits, mut fields) = (Limits::default(), Fields::new());
        parse_request(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &limits, &mut fields).unwrap();
        let head = parse_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &limits, &mut fields).unwrap().unwrap();
        assert!(head.keep_alive && fields.len() == 1 && !fields.has(Name::Connection));
    }

    #[test]
    fn small_limits_hold() {
        let bytes = b"GET /abc HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
        let cases = [
            (Limits::default(), None),
            (Limits { request_line_bytes: 17, ..Limits::default() }, None),
            (Limits { request_line_bytes: 16, ..Limits::default() }, Some(Fault::UriTooLong)),
            (Limits { head_bytes: bytes.len(), ..Limits::default() }, None),
            (Limits { head_bytes: bytes.len() - 1, ..Limits::default() }, Some(Fault::HeadTooLarge)),
            (Limits { head_bytes: 5, ..Limits::default() }, Some(Fault::HeadTooLarge)),
            (Limits { fields: 2, ..Limits::default() }, None),
            (Limits { fields: 1, ..Limits::default() }, Some(Fault::TooManyFields)),
        ];
        for (limits, fault) in cases {
            let found = parse_request(bytes, &limits, &mut Fields::new());
            assert_eq!(found.err(), fault, "{limits:?}");
        }
    }

    #[test]
    fn only_some_methods_may_be_sent_twice() {
        for (name, idempotent) in [("GET", true), ("PUT", true), ("POST", false), ("PATCH", false), ("get", false)] {
            assert_eq!(Method::of(name.as_bytes()).is_idempotent(), idempotent, "{name}");
        }
    }
}
