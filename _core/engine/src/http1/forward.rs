//! The head that an upstream receives: the client's request, re-serialised, with what the gateway knows about it.
//!
//! The set and the values of the forwarded headers are ingress-nginx's defaults. Whatever a client sends under those
//! names is replaced, never joined, unless it comes from a proxy that is believed ([`Told`]).

use sallygate_wire::fault::Fault;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::request::{RequestHead, Version};
use sallygate_wire::trailer::TrailerNames;
use sallygate_wire::write::{HeadWriter, Label, Lines};

use crate::filter::RequestEdits;
use crate::http1::answer::announce;
use crate::http1::told::{AddressText, Told};

const HOST: Label<6> = Label::new(b"Host: ");
const REQUEST_ID: Label<14> = Label::new(b"X-Request-ID: ");
const REAL_IP: Label<11> = Label::new(b"X-Real-IP: ");
const FORWARDED_FOR: Label<17> = Label::new(b"X-Forwarded-For: ");
const FORWARDED_HOST: Label<18> = Label::new(b"X-Forwarded-Host: ");
const FORWARDED_PORT: Label<18> = Label::new(b"X-Forwarded-Port: ");
const CONTENT_LENGTH: Label<16> = Label::new(b"Content-Length: ");
const CHUNKED: Lines<28> = Lines::new(b"Transfer-Encoding: chunked\r\n");
const TRAILERS: Lines<30> = Lines::new(b"Connection: TE\r\nTE: trailers\r\n");
const HTTP: Lines<67> = Lines::new(b"X-Forwarded-Proto: http\r\nX-Forwarded-Scheme: http\r\nX-Scheme: http\r\n");
const HTTPS: Lines<70> = Lines::new(b"X-Forwarded-Proto: https\r\nX-Forwarded-Scheme: https\r\nX-Scheme: https\r\n");

/// How the request's body is framed on its way to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// No body.
    None,
    /// A body of known length.
    Length(u64),
    /// A body in chunks.
    Chunked,
}

/// What the gateway knows about a request that the upstream should know too.
pub struct Facts<'a> {
    /// The client's IP address as text.
    pub peer: &'a [u8],
    /// The port that the client came to, as it knows it.
    pub port: u16,
    /// Did it come over TLS?
    pub tls: bool,
    /// What a proxy before us says of the client, where it is believed.
    pub told: &'a Told<'a>,
    /// The request's id: see [`request_id`].
    pub id: &'a [u8],
    /// Is the upstream spoken to in HTTP/1.0? Then it switches no protocol, and its connection ends with its answer.
    pub http10: bool,
    /// What the route says in other words.
    pub edits: Option<&'a RequestEdits>,
    /// Field lines that are to be added: by the edits, and by a report.
    pub lines: &'a [u8],
    /// Whether the lines report an error, so that nobody else may.
    pub reports: bool,
    /// The trailer fields that may follow the body.
    pub trailers: &'a TrailerNames,
}

/// What a backend is told that answers in place of an error. Only the gateway may say it.
const REPORT: &[&[u8]] = &[
    b"X-Code",
    b"X-Format",
    b"X-Original-URI",
    b"X-Namespace",
    b"X-Ingress-Name",
    b"X-Service-Name",
    b"X-Service-Port",
];

/// Who an error is reported for.
pub struct Report<'a> {
    /// The status.
    pub status: u16,
    /// The target as the client sent it.
    pub target: &'a [u8],
    /// The media types that the client takes.
    pub accept: &'a [u8],
    /// Namespace and name of the route's object, and its backend's Service and port.
    pub names: [&'a str; 4],
}

impl Report<'_> {
    /// Appends its field lines.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut status = itoa::Buffer::new();
        let [namespace, object, service, port] = self.names.map(str::as_bytes);
        let values =
            [status.format(self.status).as_bytes(), self.accept, self.target, namespace, object, service, port];
        let mut writer = HeadWriter::new(out);
        REPORT.iter().zip(values).try_for_each(|(name, value)| writer.field(name, value))
    }
}

impl Facts<'_> {
    /// Is a field of this name written by others?
    #[inline]
    fn replaced(&self, id: Name, name: &[u8]) -> bool {
        self.edits.is_some_and(|edits| edits.replaces(id, name))
            || (self.reports && REPORT.iter().any(|reported| reported.eq_ignore_ascii_case(name)))
    }

    /// Is a field of this name among those that the route sets?
    fn sets(&self, name: &[u8]) -> bool {
        self.edits.is_some_and(|edits| edits.headers.name(name))
    }

    /// Is a request without an id given one?
    fn makes_ids(&self) -> bool {
        self.edits.is_none_or(|edits| edits.makes_ids)
    }
}

/// Has the client sent an id of its own?
pub fn has_id(bytes: &[u8], fields: &Fields) -> bool {
    fields.find(Name::XRequestId).is_some_and(|field| !field.value.of(bytes).is_empty())
}

/// The client's request id, or the fresh one.
pub fn request_id<'a>(bytes: &'a [u8], fields: &Fields, fresh: &'a [u8; 32]) -> &'a [u8] {
    match fields.find(Name::XRequestId).map(|field| field.value.of(bytes)) {
        Some(id) if !id.is_empty() => id,
        _ => fresh,
    }
}

/// Appends the head for the upstream to `out`. `path` is the path to send, `bytes` the head as it was received.
pub fn write(
    out: &mut Vec<u8>,
    bytes: &[u8],
    head: &RequestHead,
    fields: &Fields,
    path: &[u8],
    facts: &Facts<'_>,
    outgoing: Outgoing,
) -> Result<(), Fault> {
    let method = head.method_text.of(bytes);
    let version = if facts.http10 { Version::Http10 } else { Version::Http11 };
    match head.query {
        Some(query) => HeadWriter::new(out).request_line_of(version, method, &[path, b"?", query.of(bytes)])?,
        None => HeadWriter::new(out).request_line_of(version, method, &[path])?,
    }
    write_fields(out, bytes, head, fields, facts, outgoing)
}

/// Appends the head of a request for `/` by another method, with the client's other fields.
pub fn write_as(
    out: &mut Vec<u8>,
    method: &[u8],
    bytes: &[u8],
    head: &RequestHead,
    fields: &Fields,
    facts: &Facts<'_>,
    outgoing: Outgoing,
) -> Result<(), Fault> {
    let version = if facts.http10 { Version::Http10 } else { Version::Http11 };
    HeadWriter::new(out).request_line_of(version, method, &[b"/"])?;
    write_fields(out, bytes, head, fields, facts, outgoing)
}

/// Appends the head of a request for another target, with the client's method and fields; it says nothing of a body.
pub fn write_to(
    out: &mut Vec<u8>,
    target: &[u8],
    bytes: &[u8],
    head: &RequestHead,
    fields: &Fields,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    HeadWriter::new(out).request_line_of(Version::Http11, head.method_text.of(bytes), &[target])?;
    write_fields(out, bytes, head, fields, facts, Outgoing::None)
}

#[inline]
fn write_fields(
    out: &mut Vec<u8>,
    bytes: &[u8],
    head: &RequestHead,
    fields: &Fields,
    facts: &Facts<'_>,
    outgoing: Outgoing,
) -> Result<(), Fault> {
    let mut writer = HeadWriter::new(out);
    let told = facts.told;
    let host = told.host.or(head.authority.map(|authority| authority.of(bytes))).unwrap_or_default();
    let edited = facts.edits.is_some() || facts.reports;
    if edited {
        write_ours_edited(&mut writer, bytes, fields, facts, host)?;
    } else {
        write_ours(&mut writer, bytes, fields, facts, host)?;
    }
    for field in fields {
        if field.dropped || (edited && facts.replaced(field.id, field.name.of(bytes))) {
            continue;
        }
        match field.id {
            // Kept under other names, as ingress-nginx does.
            Name::XForwardedFor | Name::XForwardedHost if field.value.is_empty() => {}
            Name::XForwardedFor if edited && facts.sets(b"X-Original-Forwarded-For") => {}
            Name::XForwardedHost if edited && facts.sets(b"X-Original-Forwarded-Host") => {}
            Name::XForwardedFor => writer.field(b"X-Original-Forwarded-For", field.value.of(bytes))?,
            Name::XForwardedHost => writer.field(b"X-Original-Forwarded-Host", field.value.of(bytes))?,
            Name::XForwardedPrefix | Name::XForwarded | Name::Forwarded if told.passes => {
                writer.forwarded(bytes, field)?;
            }
            id if is_ours(id) => {}
            _ => writer.forwarded(bytes, field)?,
        }
    }
    if facts.http10 {
        writer.field(b"Connection", b"close")?;
    } else if let Some(fixed) = facts.edits.and_then(|edits| edits.connection) {
        writer.field(b"Connection", fixed.as_bytes())?;
    } else if let Some(token) = head.upgrade {
        writer.field(b"Connection", b"upgrade")?;
        writer.field(b"Upgrade", token.of(bytes))?;
    } else if head.takes_trailers {
        // RFC 9110 §10.1.4: it is meant for the next hop alone, which must be told so.
        writer.lines(&TRAILERS);
    }
    if !facts.lines.is_empty() {
        out.extend_from_slice(facts.lines);
        writer = HeadWriter::new(out);
    }
    match outgoing {
        Outgoing::None => {}
        Outgoing::Length(length) => writer.labelled_u64(&CONTENT_LENGTH, length),
        Outgoing::Chunked => {
            writer.lines(&CHUNKED);
            if fields.has(Name::Trailer) {
                announce(&mut writer, facts.trailers, bytes, fields)?;
            }
        }
    }
    writer.end();
    Ok(())
}

/// The fields that the gateway writes itself. Their names and most of their values are copied in one piece.
#[inline]
fn write_ours(
    writer: &mut HeadWriter<'_>,
    bytes: &[u8],
    fields: &Fields,
    facts: &Facts<'_>,
    host: &[u8],
) -> Result<(), Fault> {
    let told = facts.told;
    // RFC 9112 §3.2 wants a Host in any case, if only an empty one.
    writer.labelled(&HOST, host)?;
    writer.labelled(&REQUEST_ID, facts.id)?;
    let client = told.address.as_ref().map_or(facts.peer, AddressText::as_bytes);
    writer.labelled(&REAL_IP, client)?;
    if told.appends {
        append_peer(writer, bytes, fields, facts.peer)?;
    } else {
        writer.labelled(&FORWARDED_FOR, client)?;
    }
    if !host.is_empty() {
        writer.labelled(&FORWARDED_HOST, host)?;
    }
    match told.port {
        Some(port) => writer.labelled(&FORWARDED_PORT, port)?,
        None => writer.labelled_u64(&FORWARDED_PORT, u64::from(facts.port)),
    }
    match told.scheme {
        Some(scheme) => {
            writer.field(b"X-Forwarded-Proto", scheme)?;
            writer.field(b"X-Forwarded-Scheme", scheme)?;
            writer.field(b"X-Scheme", scheme)?;
        }
        None if facts.tls => writer.lines(&HTTPS),
        None => writer.lines(&HTTP),
    }
    Ok(())
}

/// The same where the route takes some of them out or puts its own in their place.
fn write_ours_edited(
    writer: &mut HeadWriter<'_>,
    bytes: &[u8],
    fields: &Fields,
    facts: &Facts<'_>,
    host: &[u8],
) -> Result<(), Fault> {
    let told = facts.told;
    let client = told.address.as_ref().map_or(facts.peer, AddressText::as_bytes);
    let scheme = told.scheme.unwrap_or(if facts.tls { b"https" } else { b"http" });
    let mut port = itoa::Buffer::new();
    let ours = [
        // RFC 9112 §3.2 wants a Host in any case, if only an empty one.
        (Name::Host, &b"Host"[..], host),
        (Name::XRequestId, b"X-Request-ID", facts.id),
        (Name::XRealIp, b"X-Real-IP", client),
        (Name::XForwardedFor, b"X-Forwarded-For", client),
        (Name::XForwardedHost, b"X-Forwarded-Host", host),
        (Name::XForwardedPort, b"X-Forwarded-Port", told.port.unwrap_or(port.format(facts.port).as_bytes())),
        (Name::XForwardedProto, b"X-Forwarded-Proto", scheme),
        (Name::XForwardedScheme, b"X-Forwarded-Scheme", scheme),
        (Name::XScheme, b"X-Scheme", scheme),
    ];
    for (id, name, value) in ours {
        let absent = match id {
            Name::XForwardedHost => value.is_empty(),
            Name::XRequestId => !facts.makes_ids() && !has_id(bytes, fields),
            _ => false,
        };
        if absent || facts.replaced(id, name) {
            continue;
        }
        if id == Name::XForwardedFor && told.appends {
            append_peer(writer, bytes, fields, facts.peer)?;
        } else {
            writer.field(name, value)?;
        }
    }
    Ok(())
}

/// `X-Forwarded-For` as the proxy before us sent it, with that proxy's own address at its end.
pub(crate) fn append_peer(
    writer: &mut HeadWriter<'_>,
    bytes: &[u8],
    fields: &Fields,
    peer: &[u8],
) -> Result<(), Fault> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for field in fields.iter().filter(|field| field.id == Name::XForwardedFor && !field.value.is_empty()) {
        parts.extend([field.value.of(bytes), b", "]);
    }
    parts.push(peer);
    writer.field_parts(b"X-Forwarded-For", &parts)
}

/// Says how the body is framed, in the head that is the first `head` bytes of `out` and says nothing of it yet.
/// Returns how long the head is now.
pub fn frame(out: &mut Vec<u8>, head: usize, outgoing: Outgoing) -> usize {
    let mut line = Vec::with_capacity(40);
    let mut writer = HeadWriter::new(&mut line);
    // Neither name nor value can be refused.
    let _ = match outgoing {
        Outgoing::None => Ok(()),
        Outgoing::Length(length) => writer.field_u64(b"Content-Length", length),
        Outgoing::Chunked => writer.field(b"Transfer-Encoding", b"chunked"),
    };
    let at = head.saturating_sub(EMPTY_LINE).min(out.len());
    let length = line.len();
    out.splice(at..at, line);
    head + length
}

/// The length of the empty line that ends a head.
const EMPTY_LINE: usize = 2;

/// Headers that the gateway writes itself, or that only it may write.
pub(crate) fn is_ours(id: Name) -> bool {
    matches!(
        id,
        Name::Host
            | Name::Connection
            | Name::KeepAlive
            | Name::ProxyConnection
            | Name::Proxy
            | Name::Te
            | Name::Trailer
            | Name::TransferEncoding
            | Name::ContentLength
            | Name::Upgrade
            | Name::Expect
            | Name::Http2Settings
            | Name::XForwardedFor
            | Name::XForwardedHost
            | Name::XForwardedPort
            | Name::XForwardedProto
            | Name::XForwardedScheme
            | Name::XForwardedPrefix
            | Name::XForwarded
            | Name::XOriginalUri
            | Name::XOriginalUrl
            | Name::XOriginalMethod
            | Name::Forwarded
            | Name::XScheme
            | Name::XRealIp
            | Name::XRequestId
            | Name::XOriginalForwardedFor
            | Name::XOriginalForwardedHost
            | Name::SslClient
    )
}

#[cfg(test)]
mod tests {
    use sallygate_wire::limits::Limits;
    use sallygate_wire::request::parse_request;

    use super::*;

    /// What an upstream gets of a request, by the writer of usual routes or by that of routes with edits.
    fn written(bytes: &[u8], tls: bool, told: &Told<'_>, edited: bool) -> String {
        let mut fields = Fields::default();
        let head = parse_request(bytes, &Limits::default(), &mut fields).unwrap().unwrap();
        let facts = Facts {
            peer: b"192.0.2.7",
            port: 8080,
            tls,
            told,
            id: request_id(bytes, &fields, b"0123456789abcdef0123456789abcdef"),
            http10: false,
            edits: None,
            lines: b"",
            reports: edited,
            trailers: &TrailerNames::default(),
        };
        let mut out = Vec::new();
        write(&mut out, bytes, &head, &fields, b"/a", &facts, Outgoing::None).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_route_with_edits_is_told_the_same_where_they_change_nothing() {
        let heads = [
            &b"GET /a?b HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n"[..],
            b"GET /a HTTP/1.1\r\nHost: b.example:81\r\nX-Request-ID: mine\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n",
            b"GET /a HTTP/1.0\r\n\r\n",
        ];
        let told = [
            Told::default(),
            Told { appends: true, ..Told::default() },
            Told {
                address: Some(AddressText::new("203.0.113.9".parse().unwrap())),
                scheme: Some(b"https"),
                host: Some(b"told.example"),
                port: Some(b"443"),
                ..Told::default()
            },
        ];
        for head in heads {
            for told in &told {
                for tls in [false, true] {
                    assert_eq!(written(head, tls, told, true), written(head, tls, told, false));
                }
            }
        }
    }

    #[test]
    fn the_framing_is_put_into_a_head_that_was_written_before_the_body() {
        let cases = [
            (Outgoing::None, "POST / HTTP/1.1\r\nHost: a\r\n\r\nbody"),
            (Outgoing::Length(4), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"),
            (Outgoing::Chunked, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nbody"),
        ];
        for (outgoing, expect) in cases {
            let mut out = b"POST / HTTP/1.1\r\nHost: a\r\n\r\nbody".to_vec();
            let head = out.len() - 4;
            let now = frame(&mut out, head, outgoing);
            assert_eq!(String::from_utf8(out.clone()).unwrap(), expect);
            assert_eq!(&out[now..], b"body");
        }
    }
}
