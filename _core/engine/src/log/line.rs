//! One line of the access log while its request is served: values as they become known, the text at the end.
//!
//! Values are kept as they are and escaped at the end, since how much of each fits into the line is known only then.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use sallygate_image::{CertificatePart, Escape, LogVariable};
use sallygate_wire::field::Fields;
use sallygate_wire::host::canonical_host;
use sallygate_wire::path::{PathScratch, read_path};
use sallygate_wire::request::{RequestHead, Version};

use super::escape::write;
use super::{Form, Piece, time};

/// What is kept of one value: as much as the plain log keeps of a request's target.
const VALUE_BYTES: usize = 2_048;

/// How the client's connection is secured.
#[derive(Clone, Copy)]
#[allow(missing_docs)] // the names say it
pub struct Tls<'a> {
    pub protocol: &'a str,
    pub cipher: &'a str,
    pub server_name: Option<&'a str>,
    pub reused: bool,
    /// Appends what the client's certificate says; false if there is none.
    pub certificate: &'a dyn Fn(CertificatePart, &mut Vec<u8>) -> bool,
}

/// What is known at the end of a request.
pub struct Ending<'a> {
    /// Status sent to the client; 0 for none.
    pub status: u16,
    /// When it ended.
    pub end_unix_ns: u64,
    /// How long it took.
    pub duration_us: u64,
    /// Bytes read from the client.
    pub request_length: u64,
    /// Bytes written to it.
    pub bytes_sent: u64,
    /// Those of the body among them.
    pub body_bytes_sent: u64,
    /// Was all of the answer sent?
    pub complete: bool,
    /// How the connection is secured.
    pub tls: Option<Tls<'a>>,
}

/// One try. What is None is not known.
#[derive(Default, Clone, Copy)]
struct Try {
    address: Option<SocketAddr>,
    start_us: u64,
    connect_us: Option<u64>,
    header_us: Option<u64>,
    response_us: Option<u64>,
    status: u16,
    length: u64,
    received: u64,
    sent: u64,
}

/// A line being filled in.
pub struct Line {
    form: Arc<Form>,
    /// The values, one after the other; a piece has the place of its own, or none while it is not known.
    values: Vec<u8>,
    places: Vec<Option<(usize, usize)>>,
    tries: Vec<Try>,
    /// The client's address.
    pub(super) address: Vec<u8>,
    /// Totals up to the last try.
    before: (u64, u64),
}

impl Line {
    /// A line without values, in memory that may have been used before.
    pub fn begin(form: &Arc<Form>, used: Option<Box<Self>>) -> Box<Self> {
        let mut line = used.unwrap_or_else(|| {
            Box::new(Self {
                form: Arc::clone(form),
                values: Vec::new(),
                places: Vec::new(),
                tries: Vec::new(),
                address: Vec::new(),
                before: (0, 0),
            })
        });
        // Workers share it, and with it the count of its holders: touched only when there is a new one.
        if !Arc::ptr_eq(&line.form, form) {
            line.form = Arc::clone(form);
        }
        line.values.clear();
        line.places.clear();
        line.places.resize(form.pieces.len(), None);
        line.tries.clear();
        line.before = (0, 0);
        line
    }

    /// Has `value` say each variable. True is a value, be it empty; false leaves what was known before.
    pub(super) fn fill(&mut self, mut value: impl FnMut(&LogVariable, &mut Vec<u8>) -> bool) {
        let Self { form, values, places, .. } = self;
        for (piece, place) in form.pieces.iter().zip(places) {
            if let Piece::Variable(variable) = piece {
                let start = values.len();
                if value(variable, values) {
                    values.truncate(start + VALUE_BYTES);
                    *place = Some((start, values.len()));
                } else {
                    values.truncate(start);
                }
            }
        }
    }

    /// Notes a head that was not understood, by its first line.
    pub fn refused(&mut self, first: &[u8]) {
        self.fill_known(|variable, out| match variable {
            LogVariable::Request if !first.is_empty() => out.extend_from_slice(first),
            _ => {}
        });
    }

    /// Notes a head that was understood.
    pub fn request(&mut self, bytes: &[u8], head: &RequestHead, fields: &Fields, id: &[u8]) {
        // A lone question mark asks for nothing.
        let query = head.query.map(|query| query.of(bytes)).filter(|query| !query.is_empty());
        let target = head.target.of(bytes);
        let protocol: &[u8] = if head.version == Version::Http10 { b"HTTP/1.0" } else { b"HTTP/1.1" };
        let headers = || fields.iter().map(|field| (field.name.of(bytes), field.value.of(bytes)));
        let address = std::mem::take(&mut self.address);
        let mut put = |variable: &LogVariable, out: &mut Vec<u8>| {
            let value = match variable {
                LogVariable::Request => {
                    out.extend_from_slice(head.method_text.of(bytes));
                    out.push(b' ');
                    out.extend_from_slice(target);
                    out.push(b' ');
                    Some(protocol)
                }
                LogVariable::Method => Some(head.method_text.of(bytes)),
                LogVariable::RequestUri => Some(target),
                LogVariable::EscapedRequestUri => {
                    escape_query(target, out);
                    Some(&b""[..])
                }
                LogVariable::Uri => {
                    let mut scratch = PathScratch::new();
                    let forms = read_path(head.path.of(bytes), &mut scratch);
                    out.extend_from_slice(forms.map_or(head.path.of(bytes), |forms| forms.matched));
                    Some(&b""[..])
                }
                LogVariable::Query => query,
                LogVariable::IsArgs => Some(query.map_or(&b""[..], |_| b"?")),
                LogVariable::Protocol => Some(protocol),
                LogVariable::Host => {
                    let mut scratch = Vec::new();
                    let authority = head.authority.map(|authority| authority.of(bytes)).unwrap_or_default();
                    out.extend_from_slice(canonical_host(authority, &mut scratch).unwrap_or(authority));
                    Some(&b""[..])
                }
                LogVariable::RequestId => Some(id),
                LogVariable::RemoteUser => {
                    let found = headers().find(|(name, _)| name.eq_ignore_ascii_case(b"authorization"));
                    return found.is_some_and(|(_, value)| user(value, out));
                }
                LogVariable::ForwardedFor => {
                    if joined(headers(), "x_forwarded_for", out) {
                        out.extend_from_slice(b", ");
                    }
                    Some(address.as_slice())
                }
                LogVariable::Header(name) => return joined(headers(), name, out),
                LogVariable::Argument(name) => argument(query.unwrap_or_default(), name.as_bytes()),
                LogVariable::Cookie(name) => {
                    let lines = headers().filter(|(name, _)| name.eq_ignore_ascii_case(b"cookie"));
                    lines.flat_map(|(_, value)| value.split(|byte| *byte == b';')).find_map(|pair| {
                        let (key, value) = split(pair.trim_ascii(), b'=')?;
                        key.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
                    })
                }
                _ => None,
            };
            value.map(|value| out.extend_from_slice(value)).is_some()
        };
        self.fill(&mut put);
        self.address = address;
    }

    /// Notes the route: namespace and name of its object, its path there, service and port.
    pub fn route(&mut self, [namespace, object, path, service, port]: [&str; 5]) {
        self.fill(&mut |variable: &LogVariable, out: &mut Vec<u8>| {
            let value = match variable {
                LogVariable::Namespace => namespace,
                LogVariable::IngressName => object,
                LogVariable::LocationPath => path,
                LogVariable::ServiceName => service,
                LogVariable::ServicePort => port,
                LogVariable::UpstreamName if !service.is_empty() => {
                    let _ = write!(out, "{namespace}-{service}-{port}");
                    ""
                }
                _ => return false,
            };
            out.extend_from_slice(value.as_bytes());
            true
        });
    }

    /// Notes that a canary takes it: namespace, service and port.
    pub fn alternative(&mut self, [namespace, service, port]: [&str; 3]) {
        self.fill(&mut |variable: &LogVariable, out: &mut Vec<u8>| {
            let wanted = *variable == LogVariable::AlternativeName;
            if wanted {
                let _ = write!(out, "{namespace}-{service}-{port}");
            }
            wanted
        });
    }

    /// Notes the head that the client is sent.
    pub fn answer(&mut self, head: &[u8]) {
        self.fill(&mut |variable: &LogVariable, out: &mut Vec<u8>| match variable {
            LogVariable::SentHeader(name) => joined(lines(head), name, out),
            _ => false,
        });
    }

    /// Begins a try. `totals` are the bytes that upstreams were sent and have sent so far.
    pub fn attempt(&mut self, address: SocketAddr, now_us: u64, totals: (u64, u64)) {
        self.count(totals, 0);
        self.tries.push(Try { address: Some(address), start_us: now_us, ..Try::default() });
    }

    /// Notes that the try has a connection.
    pub fn connected(&mut self, now_us: u64) {
        if let Some(last) = self.tries.last_mut() {
            last.connect_us = Some(now_us.saturating_sub(last.start_us));
        }
    }

    /// Notes the head that the upstream has sent.
    pub fn replied(&mut self, status: u16, head: &[u8], now_us: u64) {
        if let Some(last) = self.tries.last_mut() {
            last.status = status;
            last.header_us = Some(now_us.saturating_sub(last.start_us));
        }
        self.fill(&mut |variable: &LogVariable, out: &mut Vec<u8>| match variable {
            LogVariable::UpstreamHeader(name) => joined(lines(head), name, out),
            LogVariable::UpstreamCookie(name) => {
                let set = lines(head).filter(|(header, _)| header.eq_ignore_ascii_case(b"set-cookie"));
                let mut cookies =
                    set.filter_map(|(_, value)| split(value.split(|b| *b == b';').next()?.trim_ascii(), b'='));
                let found = cookies.find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
                found.map(|(_, value)| out.extend_from_slice(value)).is_some()
            }
            _ => false,
        });
    }

    /// Notes how the try ended: with the status that stands for what went wrong, if it had none.
    pub fn tried(&mut self, failure: Option<u16>, now_us: u64) {
        if let Some(last) = self.tries.last_mut() {
            if last.status == 0 {
                last.status = failure.unwrap_or(0);
            }
            if last.response_us.is_none() {
                last.response_us = Some(now_us.saturating_sub(last.start_us));
            }
        }
    }

    /// Shares out what was counted since the last try began.
    fn count(&mut self, totals: (u64, u64), length: u64) {
        if let Some(last) = self.tries.last_mut() {
            last.sent = totals.0.saturating_sub(self.before.0);
            last.received = totals.1.saturating_sub(self.before.1);
            last.length = length;
        }
        self.before = totals;
    }

    /// Notes the end. `totals` are as in [`Self::attempt`], `length` are bytes of the last upstream's body.
    pub fn end(&mut self, ending: &Ending<'_>, totals: (u64, u64), length: u64) {
        self.count(totals, length);
        let tries = std::mem::take(&mut self.tries);
        let second = ending.end_unix_ns / 1_000_000_000;
        self.fill(&mut |variable: &LogVariable, out: &mut Vec<u8>| {
            match variable {
                LogVariable::Status => {
                    let _ = write!(out, "{:03}", ending.status);
                }
                LogVariable::BytesSent => number(ending.bytes_sent, out),
                LogVariable::BodyBytesSent => number(ending.body_bytes_sent, out),
                LogVariable::RequestLength => number(ending.request_length, out),
                LogVariable::RequestTime => time::seconds(ending.duration_us, out),
                LogVariable::Completion => out.extend_from_slice(if ending.complete { b"OK" } else { b"" }),
                LogVariable::TimeLocal => time::local(second, out),
                LogVariable::TimeIso => time::iso8601(second, out),
                LogVariable::Msec => time::seconds(ending.end_unix_ns / 1_000, out),
                LogVariable::Pid => number(u64::from(std::process::id()), out),
                LogVariable::SslProtocol => return said(ending.tls.map(|tls| tls.protocol), out),
                LogVariable::SslCipher => return said(ending.tls.map(|tls| tls.cipher), out),
                LogVariable::SslServerName => return said(ending.tls.and_then(|tls| tls.server_name), out),
                LogVariable::SslSessionReused => {
                    return said(ending.tls.map(|tls| if tls.reused { "r" } else { "." }), out);
                }
                LogVariable::Certificate(part) => return ending.tls.is_some_and(|tls| (tls.certificate)(*part, out)),
                other => return of_tries(other, &tries, out),
            }
            true
        });
        self.tries = tries;
    }

    /// The line, `most` bytes of it at the most. Where that is too few, every long value gives way, so that the form
    /// stays whole: what a client sends cannot push the text of the form out of the line.
    pub fn render(&self, most: usize, out: &mut Vec<u8>) {
        let mut each = most;
        loop {
            out.clear();
            for (piece, place) in self.form.pieces.iter().zip(&self.places) {
                match (piece, place) {
                    (Piece::Text(text), _) => out.extend_from_slice(text),
                    (Piece::Variable(_), None) if self.form.escape == Escape::Default => out.push(b'-'),
                    (Piece::Variable(_), None) => {}
                    (Piece::Variable(_), Some((start, end))) => {
                        write(self.values.get(*start..*end).unwrap_or_default(), self.form.escape, each, out);
                    }
                }
            }
            if out.len() <= most || each == 0 {
                out.truncate(most);
                return;
            }
            each /= 2;
        }
    }

    /// As `fill`, for values that are never absent once this is called.
    fn fill_known(&mut self, mut value: impl FnMut(&LogVariable, &mut Vec<u8>)) {
        self.fill(&mut |variable: &LogVariable, out: &mut Vec<u8>| {
            let before = out.len();
            value(variable, out);
            out.len() > before
        });
    }
}

pub(super) fn number(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn said(value: Option<&str>, out: &mut Vec<u8>) -> bool {
    value.map(|value| out.extend_from_slice(value.as_bytes())).is_some()
}

/// What all tries say of a variable, in their order.
fn of_tries(variable: &LogVariable, tries: &[Try], out: &mut Vec<u8>) -> bool {
    let known = |value: Option<u64>, out: &mut Vec<u8>| match value {
        Some(us) => time::seconds(us, out),
        None => out.push(b'-'),
    };
    for (index, one) in tries.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        match variable {
            LogVariable::UpstreamAddr => {
                if let Some(address) = one.address {
                    let _ = write!(out, "{address}");
                }
            }
            LogVariable::UpstreamStatus if one.status == 0 => out.push(b'-'),
            LogVariable::UpstreamStatus => number(u64::from(one.status), out),
            LogVariable::UpstreamTime => known(one.response_us, out),
            LogVariable::UpstreamConnectTime => known(one.connect_us, out),
            LogVariable::UpstreamHeaderTime => known(one.header_us, out),
            LogVariable::UpstreamLength => number(one.length, out),
            LogVariable::UpstreamReceived => number(one.received, out),
            LogVariable::UpstreamSent => number(one.sent, out),
            _ => return false,
        }
    }
    !tries.is_empty()
}

/// The field lines of a head, without its first line.
fn lines(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.skip(1).take_while(|line| !line.is_empty()).filter_map(|line| split(line, b':'))
}

fn split(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|byte| *byte == at)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

/// The values of a header whose name is written as in variables, joined.
fn joined<'a>(headers: impl Iterator<Item = (&'a [u8], &'a [u8])>, name: &str, out: &mut Vec<u8>) -> bool {
    let same = |header: &[u8]| {
        let written = header.iter().map(|byte| if *byte == b'-' { b'_' } else { byte.to_ascii_lowercase() });
        header.len() == name.len() && written.eq(name.bytes())
    };
    let between: &[u8] = if name == "cookie" { b"; " } else { b", " };
    let mut found = false;
    for (_, value) in headers.filter(|(header, _)| same(header)) {
        if found {
            out.extend_from_slice(between);
        }
        out.extend_from_slice(value.trim_ascii());
        found = true;
    }
    found
}

fn argument<'a>(query: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let pairs = query.split(|byte| *byte == b'&').filter_map(|pair| split(pair, b'='));
    pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The name of a user who sends a password.
fn user(authorization: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((scheme, rest)) = split(authorization, b' ') else { return false };
    let Ok(decoded) = openssl::base64::decode_block(std::str::from_utf8(rest.trim_ascii()).unwrap_or_default()) else {
        return false;
    };
    let Some((name, _)) = split(&decoded, b':').filter(|_| scheme.eq_ignore_ascii_case(b"basic")) else { return false };
    out.extend_from_slice(name);
    true
}

/// As one value of a query.
fn escape_query(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_box_returns, reason = "as it is made and passed on")]
    fn line(parts: &[&str], escape: Escape) -> Box<Line> {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        Line::begin(&Arc::new(Form::new(&parts, escape)), None)
    }

    fn ending() -> Ending<'static> {
        Ending {
            status: 0,
            end_unix_ns: 1_795_883_278_123_456_789,
            duration_us: 1_234_567,
            request_length: 1,
            bytes_sent: 2,
            body_bytes_sent: 3,
            complete: false,
            tls: None,
        }
    }

    fn rendered(line: &Line, most: usize) -> String {
        let mut out = Vec::new();
        line.render(most, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tries_are_told_in_their_order() {
        let names = ["", "upstream_addr", "|", "upstream_status", "|", "upstream_response_time", "|"];
        let more = ["upstream_connect_time", "|", "upstream_header_time", "|", "upstream_response_length", "|"];
        let last = ["upstream_bytes_sent", "|", "upstream_bytes_received", ""];
        let mut line = line(&[&names[..], &more, &last].concat(), Escape::Default);
        line.attempt("10.0.0.1:80".parse().unwrap(), 1_000, (0, 0));
        line.tried(Some(502), 3_000);
        line.attempt("10.0.0.2:80".parse().unwrap(), 4_000, (10, 0));
        line.connected(5_000);
        line.replied(200, b"HTTP/1.1 200 OK\r\n\r\n", 7_000);
        line.tried(None, 9_000);
        line.end(&ending(), (30, 500), 5);
        let expected = "10.0.0.1:80, 10.0.0.2:80|502, 200|0.002, 0.005|-, 0.001|-, 0.003|0, 5|10, 20|0, 500";
        assert_eq!(rendered(&line, 999), expected);
    }

    #[test]
    fn what_is_known_at_the_end_is_written_as_nginx_does_it() {
        let names = ["", "status", " ", "request_time", " ", "msec", " ", "time_local", " ", "time_iso8601", " "];
        let mut line =
            line(&[&names[..], &["bytes_sent", " ", "geoip2_city", "", "upstream_addr", ""]].concat(), Escape::Default);
        line.end(&ending(), (0, 0), 0);
        let moments = "28/Nov/2026:16:27:58 +0000 2026-11-28T16:27:58+00:00";
        assert_eq!(rendered(&line, 999), format!("000 1.234 1795883278.123 {moments} 2 --"));
    }

    #[test]
    fn long_values_give_way_and_the_form_stays() {
        let mut line = line(&["[", "sent_http_a", "] [", "sent_http_b", "] end"], Escape::Json);
        line.answer(format!("HTTP/1.1 200 OK\r\nA: {}\r\nB: short\r\n\r\n", "x".repeat(1_000)).as_bytes());
        let text = rendered(&line, 100);
        assert!(text.len() <= 100 && text.starts_with("[xxxxxxxxxxxxxxxxx"), "{text}");
        assert!(text.ends_with("x] [short] end"), "{text}");
        assert_eq!(rendered(&line, 10), "[] [] end");
    }

    #[test]
    fn memory_is_used_again_without_what_was_in_it() {
        let mut line = line(&["", "sent_http_a", ""], Escape::Default);
        line.answer(b"HTTP/1.1 200 OK\r\nA: one\r\na: two\r\n\r\n");
        assert_eq!(rendered(&line, 99), "one, two");
        let form = Arc::clone(&line.form);
        assert_eq!(rendered(&Line::begin(&form, Some(line)), 99), "-");
    }
}
