//! The head that a client receives: an upstream's response, re-serialised.

use sallygate_wire::fault::Fault;
use sallygate_wire::field::{Field, Fields, Name};
use sallygate_wire::response::ResponseHead;
use sallygate_wire::trailer::TrailerNames;
use sallygate_wire::write::{HeadWriter, Label, Lines};

const DATE: Label<6> = Label::new(b"Date: ");
const CONTENT_LENGTH: Label<16> = Label::new(b"Content-Length: ");
const CHUNKED: Lines<28> = Lines::new(b"Transfer-Encoding: chunked\r\n");
const KEEP_ALIVE: Lines<24> = Lines::new(b"Connection: keep-alive\r\n");
const CLOSE: Lines<19> = Lines::new(b"Connection: close\r\n");

use crate::filter::{Answers, Coded};

/// How the response's body is framed on its way to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// No body, and no field that speaks of one.
    None,
    /// No body, but the length that a GET would have had is passed on (HEAD, 304).
    Described,
    /// A body of known length.
    Length(u64),
    /// A body in chunks.
    Chunked,
    /// A body that ends with the connection (HTTP/1.0 clients).
    UntilClose,
}

/// What is said about the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It stays, as HTTP/1.1 assumes.
    Keep,
    /// It stays, and an HTTP/1.0 client must be told so.
    KeepAlive,
    /// It ends with this response.
    Close,
}

impl Persistence {
    /// What to say. `old` is a client that speaks HTTP/1.0.
    pub fn of(close: bool, old: bool) -> Self {
        match (close, old) {
            (true, _) => Self::Close,
            (false, true) => Self::KeepAlive,
            (false, false) => Self::Keep,
        }
    }
}

/// What the gateway adds to a response.
pub struct Facts<'a> {
    /// The Date header (RFC 9110 §6.6.1).
    pub date: &'a [u8],
    /// Strict-Transport-Security, on a connection with TLS.
    pub hsts: Option<&'a [u8]>,
    /// What becomes of the connection.
    pub persistence: Persistence,
    /// What the route says in other words.
    pub edits: Option<&'a Answers>,
    /// Field lines that the route adds.
    pub added: &'a [u8],
    /// More of them.
    pub cookies: &'a [u8],
    /// The trailer fields that may follow the body, if any may.
    pub trailers: Option<&'a TrailerNames>,
    /// Is the body compressed?
    pub coded: Coded,
}

/// Appends the head for the client to `out`. `bytes` is the head as it was received.
pub fn write(
    out: &mut Vec<u8>,
    bytes: &[u8],
    head: &ResponseHead,
    fields: &Fields,
    facts: &Facts<'_>,
    outgoing: Outgoing,
) -> Result<(), Fault> {
    let mut writer = HeadWriter::new(out);
    writer.status_line(head.status);
    writer.labelled(&DATE, facts.date)?;
    if facts.coded != Coded::Never {
        tell_coding(&mut writer, bytes, fields, facts)?;
    }
    let plain = facts.edits.is_none() && !matches!(facts.coded, Coded::By(..));
    for field in fields {
        if field.dropped {
            continue;
        }
        match field.id {
            Name::ContentLength if outgoing == Outgoing::Described => writer.forwarded(bytes, field)?,
            Name::Server if let Some(edits) = facts.edits.filter(|edits| edits.passes_server()) => {
                edited(&mut writer, bytes, field, edits)?;
            }
            // Which software answers is nobody's business (ingress-nginx: server-tokens off); nginx's own controls
            // (X-Accel-*) are for the proxy.
            Name::Server
            | Name::Date
            | Name::XAccel
            | Name::Connection
            | Name::KeepAlive
            | Name::ProxyConnection
            | Name::TransferEncoding
            | Name::ContentLength
            | Name::Te
            | Name::Trailer
            | Name::Upgrade => {}
            Name::StrictTransportSecurity if facts.hsts.is_some() => {}
            _ if plain => writer.forwarded(bytes, field)?,
            _ => rewritten(&mut writer, bytes, field, facts)?,
        }
    }
    if !facts.added.is_empty() || !facts.cookies.is_empty() {
        out.extend_from_slice(facts.added);
        out.extend_from_slice(facts.cookies);
        writer = HeadWriter::new(out);
    }
    if let Some(hsts) = facts.hsts {
        writer.field(b"Strict-Transport-Security", hsts)?;
    }
    match outgoing {
        Outgoing::None | Outgoing::Described | Outgoing::UntilClose => {}
        Outgoing::Length(length) => writer.labelled_u64(&CONTENT_LENGTH, length),
        Outgoing::Chunked => writer.lines(&CHUNKED),
    }
    if let Some(names) = facts.trailers
        && fields.has(Name::Trailer)
    {
        announce(&mut writer, names, bytes, fields)?;
    }
    match facts.persistence {
        Persistence::Keep => {}
        Persistence::KeepAlive => writer.lines(&KEEP_ALIVE),
        Persistence::Close => writer.lines(&CLOSE),
    }
    writer.end();
    Ok(())
}

/// Says which trailer fields will follow, of those that may.
#[cold]
pub(super) fn announce(
    writer: &mut HeadWriter<'_>,
    names: &TrailerNames,
    bytes: &[u8],
    fields: &Fields,
) -> Result<(), Fault> {
    let names = names.announced(bytes, fields);
    if names.is_empty() { Ok(()) } else { writer.field(b"Trailer", &names) }
}

/// Is this field about the body before it was compressed? A strong validator becomes a weak one, as in nginx: the two mean
/// the same, byte for byte or not (RFC 9110 §8.8.1). Whatever names bytes by number or by digest is left out.
#[cold]
fn is_of_the_uncoded(
    writer: &mut HeadWriter<'_>,
    bytes: &[u8],
    field: &Field,
    edits: Option<&Answers>,
) -> Result<bool, Fault> {
    const GONE: [&[u8]; 5] = [b"accept-ranges", b"content-digest", b"content-md5", b"digest", b"repr-digest"];
    let (name, value) = (field.name.of(bytes), field.value.of(bytes));
    if !name.eq_ignore_ascii_case(b"etag") {
        return Ok(GONE.iter().any(|gone| name.eq_ignore_ascii_case(gone)));
    }
    if value.starts_with(b"W/") || edits.is_some_and(|edits| edits.hides(name)) {
        return Ok(false);
    }
    // What is no validator is not made one.
    if value.starts_with(b"\"") { writer.field_parts(name, &[b"W/", value]).map(|()| true) } else { Ok(true) }
}

/// How the body is compressed, and that this depends on the client.
#[cold]
fn tell_coding(writer: &mut HeadWriter<'_>, bytes: &[u8], fields: &Fields, facts: &Facts<'_>) -> Result<(), Fault> {
    if let Coded::By(coding, _) = facts.coded {
        writer.field(b"Content-Encoding", coding.name())?;
    }
    let hidden = facts.edits.is_some_and(|edits| edits.hides(b"Vary"));
    let mut told = fields.iter().filter(|field| field.id == Name::Vary && !field.dropped && !hidden);
    let names = |name: &[u8]| name == b"*" || name.eq_ignore_ascii_case(b"Accept-Encoding");
    if told.any(|field| field.value.of(bytes).split(|byte| *byte == b',').any(|name| names(name.trim_ascii()))) {
        return Ok(());
    }
    writer.field(b"Vary", b"Accept-Encoding")
}

/// A field line of an answer that does not go through as it is.
fn rewritten(writer: &mut HeadWriter<'_>, bytes: &[u8], field: &Field, facts: &Facts<'_>) -> Result<(), Fault> {
    match facts.edits {
        _ if matches!(facts.coded, Coded::By(..)) && is_of_the_uncoded(writer, bytes, field, facts.edits)? => Ok(()),
        None => writer.forwarded(bytes, field),
        Some(edits) => edited(writer, bytes, field, edits),
    }
}

/// A field line, unless it is hidden; in other words, if the route has some.
fn edited(writer: &mut HeadWriter<'_>, bytes: &[u8], field: &Field, edits: &Answers) -> Result<(), Fault> {
    let name = field.name.of(bytes);
    if edits.hides(name) {
        return Ok(());
    }
    match edits.replaced(field.id, field.value.of(bytes)) {
        Some(value) => writer.field(name, &value),
        None => writer.forwarded(bytes, field),
    }
}

/// Appends the head of an informational response (RFC 9110 §15.2).
pub fn write_informational(out: &mut Vec<u8>, bytes: &[u8], head: &ResponseHead, fields: &Fields) -> Result<(), Fault> {
    let mut writer = HeadWriter::new(out);
    writer.status_line(head.status);
    for field in fields {
        let hidden = matches!(field.id, Name::Server | Name::XAccel | Name::ContentLength | Name::TransferEncoding);
        if !field.dropped && !hidden {
            writer.forwarded(bytes, field)?;
        }
    }
    writer.end();
    Ok(())
}
