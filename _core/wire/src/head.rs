//! What heads of requests and answers have in common: field lines, the Connection field, lengths and codings.

use crate::fault::Fault;
use crate::field::{Field, Fields, Name};
use crate::limits::{CONNECTION_OPTIONS, LENGTH_DIGITS, LENGTH_MAX, Limits};
use crate::scan::{TOKEN, control, is_token, run, token_run, trim};
use crate::span::Span;

/// The version that a peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: closes by default and knows no chunks.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// Whose head is read: some rules hold for one side only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
}

/// Reads field lines from `at` to the empty line, and says where the head ends; nothing when more bytes are needed.
///
/// Faults are found in the order of the bytes, so that any split of the same bytes meets the same one.
#[inline]
pub(crate) fn read_fields(
    view: &[u8],
    mut at: usize,
    side: Side,
    limits: &Limits,
    fields: &mut Fields,
) -> Result<Option<usize>, Fault> {
    loop {
        let rest = view.get(at..).unwrap_or_default();
        match rest {
            [b'\r', b'\n', ..] => return Ok(Some(at + 2)),
            [] | [b'\r'] => return Ok(None),
            _ => {}
        }
        if fields.len() >= limits.fields {
            return Err(Fault::TooManyFields);
        }
        // A name is at least one token byte and directly followed by its colon: that refuses empty names, white space
        // before the colon, folded lines, and white space before the first name, all at once.
        let length = token_run(rest);
        match rest.get(length) {
            Some(b':') if length > 0 => {}
            Some(_) => return Err(Fault::BadHeader),
            None => return Ok(None),
        }
        let name = Span::new(at, at + length);
        let mut start = at + length + 1;
        while let Some(b' ' | b'\t') = view.get(start) {
            start += 1;
        }
        let tail = view.get(start..).unwrap_or_default();
        let Some(end) = control(tail) else { return Ok(None) };
        match tail.get(end..) {
            Some([b'\r', b'\n', ..]) => {}
            Some([b'\r']) => return Ok(None),
            _ => return Err(Fault::BadHeader),
        }
        at = start + end + 2;
        let mut end = start + end;
        while end > start && matches!(view.get(end - 1), Some(b' ' | b'\t')) {
            end -= 1;
        }
        let id = Name::at(rest, length);
        let mut dropped = id.is_hop_by_hop();
        if id == Name::Other && side == Side::Request {
            let text = rest.get(..length).unwrap_or_default();
            if text.contains(&b'_') {
                dropped = is_twin(text, fields) || !limits.keep_underscores;
            }
        }
        fields.push(Field { id, name, value: Span::new(start, end), dropped });
    }
}

/// Would a server that reads underscores as hyphens take this for a managed or hop-by-hop name?
#[cold]
fn is_twin(name: &[u8], fields: &mut Fields) -> bool {
    let twin = Name::of_twin(name);
    let managed = twin.is_managed() || twin.is_hop_by_hop();
    if managed {
        fields.count_twin();
    }
    managed
}

/// What the Connection fields say.
#[derive(Clone, Copy, Default)]
pub(crate) struct Options {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
}

/// Reads all Connection fields, and drops what they nominate.
#[inline]
pub(crate) fn read_connection(bytes: &[u8], side: Side, fields: &mut Fields) -> Result<Options, Fault> {
    if !fields.has(Name::Connection) {
        return Ok(Options::default());
    }
    if !fields.is_repeated(Name::Connection)
        && let Some(field) = fields.find(Name::Connection)
        && is_token(field.value.of(bytes), b"keep-alive")
    {
        return Ok(Options { keep_alive: true, ..Options::default() });
    }
    read_options(bytes, side, fields)
}

fn read_options(bytes: &[u8], side: Side, fields: &mut Fields) -> Result<Options, Fault> {
    let mut options = Options::default();
    let mut count = 0;
    for number in 0..fields.len() {
        let Some(value) =
            fields.iter().nth(number).filter(|field| field.id == Name::Connection).map(|field| field.value)
        else {
            continue;
        };
        for option in value.of(bytes).split(|&byte| byte == b',').map(trim) {
            // RFC 9110 lets lists hold empty elements, and old software sends them.
            if option.is_empty() {
                continue;
            }
            count += 1;
            if count > CONNECTION_OPTIONS || run(option, TOKEN) != option.len() {
                if side == Side::Request {
                    return Err(Fault::BadConnection);
                }
                // An upstream that cannot write the list is served, but its connection is not trusted again.
                options.close = true;
                return Ok(options);
            }
            if option.eq_ignore_ascii_case(b"close") {
                options.close = true;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                options.keep_alive = true;
            } else if option.eq_ignore_ascii_case(b"upgrade") {
                options.upgrade = true;
            } else {
                fields.drop_nominated(bytes, option);
            }
        }
    }
    Ok(options)
}

/// The protocol that an Upgrade field names, if it is exactly one and not another way of speaking HTTP or TLS: those
/// would open a second, unparsed way through the gateway.
pub(crate) fn read_upgrade(bytes: &[u8], fields: &Fields) -> Option<Span> {
    if fields.is_repeated(Name::Upgrade) {
        return None;
    }
    let span = fields.find(Name::Upgrade)?.value;
    let text = span.of(bytes);
    let name = run(text, TOKEN);
    let (protocol, version) = text.split_at_checked(name)?;
    let well_formed = match version {
        [] => true,
        [b'/', version @ ..] => !version.is_empty() && run(version, TOKEN) == version.len(),
        _ => false,
    };
    let refused = [b"h2c".as_slice(), b"h2", b"http", b"tls"].iter().any(|other| protocol.eq_ignore_ascii_case(other));
    (well_formed && !protocol.is_empty() && !refused).then_some(span)
}

/// Does a TE field ask for trailer fields (RFC 9110 §10.1.4)?
#[cold]
pub(crate) fn read_te(bytes: &[u8], fields: &Fields) -> bool {
    let lists = fields.iter().filter(|field| field.id == Name::Te);
    let mut codings = lists.flat_map(|field| field.value.of(bytes).split(|byte| *byte == b','));
    codings.any(|coding| trim(coding).eq_ignore_ascii_case(b"trailers"))
}

/// The one Content-Length, as one decimal number.
#[inline]
pub(crate) fn read_length(bytes: &[u8], fields: &Fields) -> Result<Option<u64>, Fault> {
    let Some(field) = fields.find(Name::ContentLength) else { return Ok(None) };
    let text = field.value.of(bytes);
    if fields.is_repeated(Name::ContentLength) || text.is_empty() || text.len() > LENGTH_DIGITS {
        return Err(Fault::BadContentLength);
    }
    let mut length = 0_u64;
    for &digit in text {
        if !digit.is_ascii_digit() {
            return Err(Fault::BadContentLength);
        }
        // 19 digits are below 10^19, which is below 2^64.
        length = length.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
    }
    if length > LENGTH_MAX { Err(Fault::BadContentLength) } else { Ok(Some(length)) }
}

/// Is the body chunked? Nothing but one `chunked` is taken for it, and nothing else is passed over.
#[inline]
pub(crate) fn read_coding(bytes: &[u8], version: Version, fields: &Fields) -> Result<bool, Fault> {
    let Some(field) = fields.find(Name::TransferEncoding) else { return Ok(false) };
    if fields.has(Name::ContentLength) {
        return Err(Fault::LengthAndEncoding);
    }
    let text = field.value.of(bytes);
    if version == Version::Http10 || fields.is_repeated(Name::TransferEncoding) {
        return Err(Fault::BadTransferEncoding);
    }
    if text.eq_ignore_ascii_case(b"chunked") { Ok(true) } else { Err(odd_coding(text)) }
}

/// A coding that may exist is a 501; what is only another way to write `chunked`, or no coding, is an attack.
#[cold]
fn odd_coding(text: &[u8]) -> Fault {
    let lookalike = text.windows(b"chunked".len()).any(|part| part.eq_ignore_ascii_case(b"chunked"));
    let token = !text.is_empty() && run(text, TOKEN) == text.len();
    if token && !lookalike && !text.eq_ignore_ascii_case(b"identity") {
        Fault::UnknownTransferCoding
    } else {
        Fault::BadTransferEncoding
    }
}
