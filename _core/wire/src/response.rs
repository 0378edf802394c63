//! The head of an upstream's answer. Its faults are the upstream's, and never reach the client as bytes.

use crate::fault::Fault;
use crate::field::{Fields, Name};
use crate::head::{self, Side};
use crate::limits::Limits;
use crate::scan::control;
use crate::span::Span;

pub use crate::head::Version;

/// What kind of request an answer belongs to: it decides whether a body follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// HEAD: the fields speak of a body that does not follow.
    Head,
    /// CONNECT: after a 2xx no message follows, but a tunnel.
    Connect,
    /// Any other.
    Other,
}

/// How the end of an answer's body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFraming {
    /// There is no body.
    None,
    /// It has this many bytes.
    Length(u64),
    /// Its last chunk says so.
    Chunked,
    /// The connection's end.
    UntilClose,
}

/// The head of an answer. Spans point into the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The bytes of the head.
    pub len: usize,
    /// The status.
    pub status: u16,
    /// The reason phrase, which nobody needs.
    pub reason: Span,
    /// The version.
    pub version: Version,
    /// How the end of the body is known.
    pub framing: ResponseFraming,
    /// May the connection be used again after the body? Never in HTTP/1.0.
    pub keep_alive: bool,
    /// The protocol that a 101 switches to. The answer is a fault if the request did not ask for it; see
    /// [`crate::exchange::Exchange`].
    pub upgrade: Option<Span>,
}

/// Reads the head of an answer at the start of `bytes`. Nothing when it is not whole yet.
pub fn parse_response(
    bytes: &[u8],
    limits: &Limits,
    fields: &mut Fields,
    to: RequestKind,
) -> Result<Option<ResponseHead>, Fault> {
    fields.clear();
    let view = bytes.get(..limits.head_bytes).unwrap_or(bytes);
    let more = || if view.len() >= limits.head_bytes { Err(Fault::HeadTooLarge) } else { Ok(None) };
    let Some(line) = read_line(view, limits)? else { return more() };
    let Some(len) = head::read_fields(view, line.end, Side::Response, limits, fields)? else { return more() };
    understand(bytes, len, &line, fields, to).map(Some)
}

struct Line {
    version: Version,
    status: u16,
    reason: Span,
    end: usize,
}

#[inline]
fn read_line(view: &[u8], limits: &Limits) -> Result<Option<Line>, Fault> {
    let line = view.get(..limits.request_line_bytes).unwrap_or(view);
    let more = || if line.len() == limits.request_line_bytes { Err(Fault::BadStatusLine) } else { Ok(None) };
    for (&byte, &expect) in line.iter().zip(b"HTTP/1.x 000") {
        let fits = match expect {
            b'x' => matches!(byte, b'0' | b'1'),
            b'0' => byte.is_ascii_digit(),
            _ => byte == expect,
        };
        if !fits {
            return Err(Fault::BadStatusLine);
        }
    }
    let Some(&[.., minor, _, hundreds, tens, ones]) = line.first_chunk::<12>() else { return more() };
    let status = [hundreds, tens, ones].iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    if status < 100 {
        return Err(Fault::BadStatusLine);
    }
    // The space before an empty reason is required, and forgotten by servers that are otherwise sound.
    let reason_start = match line.get(12) {
        Some(b' ') => 13,
        Some(b'\r') => 12,
        Some(_) => return Err(Fault::BadStatusLine),
        None => return more(),
    };
    let rest = line.get(reason_start..).unwrap_or_default();
    let Some(length) = control(rest) else { return more() };
    match rest.get(length..) {
        Some([b'\r', b'\n', ..]) => {}
        Some([b'\r']) => return more(),
        _ => return Err(Fault::BadStatusLine),
    }
    let reason_end = reason_start + length;
    Ok(Some(Line {
        version: if minor == b'1' { Version::Http11 } else { Version::Http10 },
        status,
        reason: Span::new(reason_start, reason_end),
        end: reason_end + 2,
    }))
}

fn understand(
    bytes: &[u8],
    len: usize,
    line: &Line,
    fields: &mut Fields,
    to: RequestKind,
) -> Result<ResponseHead, Fault> {
    let chunked = head::read_coding(bytes, line.version, fields)?;
    let length = head::read_length(bytes, fields)?;
    let informational = line.status < 200;
    let bodiless = informational || matches!(line.status, 204 | 304);
    if chunked && bodiless {
        return Err(Fault::BadTransferEncoding);
    }
    if informational || line.status == 204 {
        // RFC 9110 §8.6: no Content-Length here. Sloppy upstreams write a zero; it must not be sent on.
        fields.drop_named(Name::ContentLength);
    }
    let tunnel = to == RequestKind::Connect && (200..300).contains(&line.status);
    let framing = match length {
        _ if bodiless || tunnel || to == RequestKind::Head => ResponseFraming::None,
        _ if chunked => ResponseFraming::Chunked,
        Some(length) => ResponseFraming::Length(length),
        None => ResponseFraming::UntilClose,
    };
    let options = head::read_connection(bytes, Side::Response, fields)?;
    let switching = line.status == 101 && options.upgrade && line.version == Version::Http11;
    Ok(ResponseHead {
        len,
        status: line.status,
        reason: line.reason,
        version: line.version,
        framing,
        keep_alive: line.version == Version::Http11 && !options.close && framing != ResponseFraming::UntilClose,
        upgrade: if switching { head::read_upgrade(bytes, fields) } else { None },
    })
}
