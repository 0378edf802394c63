//! Field lines of a head: which ones the proxy treats specially, which are never sent on, and where they are kept.

use crate::scan::{is_token, key};
use crate::span::Span;

/// The names that the proxy treats specially.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the name of a field")]
pub enum Name {
    Other,
    // Framing and the connection: rewritten or dropped by every proxy.
    Host,
    Connection,
    KeepAlive,
    ProxyConnection,
    Proxy,
    Te,
    Trailer,
    TransferEncoding,
    ContentLength,
    Upgrade,
    Expect,
    Http2Settings,
    // Whom the request comes from: the gateway's to say.
    XForwardedFor,
    XForwardedHost,
    XForwardedPort,
    XForwardedProto,
    XForwardedScheme,
    XForwardedPrefix,
    /// Any other `X-Forwarded-*`.
    XForwarded,
    Forwarded,
    XScheme,
    XRealIp,
    XRequestId,
    XOriginalForwardedFor,
    XOriginalForwardedHost,
    XOriginalUri,
    XOriginalUrl,
    XOriginalMethod,
    /// Any `ssl-client-*`: what TLS client authentication found out.
    SslClient,
    Authorization,
    Cookie,
    // Read for logs, redirects and filters.
    Referer,
    UserAgent,
    Origin,
    Accept,
    AcceptEncoding,
    ContentType,
    ContentEncoding,
    CacheControl,
    Server,
    Date,
    Location,
    Refresh,
    SetCookie,
    Vary,
    XPoweredBy,
    StrictTransportSecurity,
    /// Any `X-Accel-*`: an upstream's words to its proxy.
    XAccel,
}

/// The names that their first eight bytes and their length tell apart.
const SINGLE: &[(&[u8], Name)] = &[
    (b"host", Name::Host),
    (b"connection", Name::Connection),
    (b"keep-alive", Name::KeepAlive),
    (b"proxy-connection", Name::ProxyConnection),
    (b"proxy", Name::Proxy),
    (b"te", Name::Te),
    (b"trailer", Name::Trailer),
    (b"transfer-encoding", Name::TransferEncoding),
    (b"content-length", Name::ContentLength),
    (b"upgrade", Name::Upgrade),
    (b"expect", Name::Expect),
    (b"http2-settings", Name::Http2Settings),
    (b"forwarded", Name::Forwarded),
    (b"x-scheme", Name::XScheme),
    (b"x-real-ip", Name::XRealIp),
    (b"x-request-id", Name::XRequestId),
    (b"authorization", Name::Authorization),
    (b"cookie", Name::Cookie),
    (b"referer", Name::Referer),
    (b"user-agent", Name::UserAgent),
    (b"origin", Name::Origin),
    (b"accept", Name::Accept),
    (b"accept-encoding", Name::AcceptEncoding),
    (b"content-type", Name::ContentType),
    (b"content-encoding", Name::ContentEncoding),
    (b"cache-control", Name::CacheControl),
    (b"server", Name::Server),
    (b"date", Name::Date),
    (b"location", Name::Location),
    (b"refresh", Name::Refresh),
    (b"set-cookie", Name::SetCookie),
    (b"vary", Name::Vary),
    (b"x-powered-by", Name::XPoweredBy),
    (b"strict-transport-security", Name::StrictTransportSecurity),
];

/// The names that begin like another one.
const FAMILIES: &[(&[u8], Name)] = &[
    (b"x-forwarded-for", Name::XForwardedFor),
    (b"x-forwarded-host", Name::XForwardedHost),
    (b"x-forwarded-port", Name::XForwardedPort),
    (b"x-forwarded-proto", Name::XForwardedProto),
    (b"x-forwarded-scheme", Name::XForwardedScheme),
    (b"x-forwarded-prefix", Name::XForwardedPrefix),
    (b"x-original-forwarded-for", Name::XOriginalForwardedFor),
    (b"x-original-forwarded-host", Name::XOriginalForwardedHost),
    (b"x-original-uri", Name::XOriginalUri),
    (b"x-original-url", Name::XOriginalUrl),
    (b"x-original-method", Name::XOriginalMethod),
];

const X_FORWAR: u64 = u64::from_le_bytes(*b"x-forwar");
const X_ORIGIN: u64 = u64::from_le_bytes(*b"x-origin");
const SSL_CLIE: u64 = u64::from_le_bytes(*b"ssl-clie");
const X_ACCEL: u64 = u64::from_le_bytes(*b"x-accel-");

const SLOT_BITS: u32 = 6;
const MULTIPLIER: u64 = 0xc093_b8cb_4f8b_b47f;

/// Where a single name stands. The multiplier was searched for: it gives every one of them a slot of its own, which the
/// compiler checks.
#[inline]
const fn slot(key: u64, len: usize) -> usize {
    ((key ^ len as u64).wrapping_mul(MULTIPLIER) >> (64 - SLOT_BITS)) as usize
}

/// One name with its first and second eight bytes, missing ones zero.
#[derive(Clone, Copy)]
struct Slot {
    first: u64,
    second: u64,
    text: &'static [u8],
    id: Name,
}

static SLOTS: [Slot; 1 << SLOT_BITS] = slots();

#[expect(clippy::indexing_slicing, reason = "at compile time")]
const fn slots() -> [Slot; 1 << SLOT_BITS] {
    let mut table = [Slot { first: 0, second: 0, text: b"", id: Name::Other }; 1 << SLOT_BITS];
    let mut number = 0;
    while number < SINGLE.len() {
        let (text, id) = SINGLE[number];
        let mut words = [0_u64; 2];
        let mut at = 0;
        while at < text.len() && at < 16 {
            words[at / 8] |= (text[at] as u64) << (8 * (at % 8));
            at += 1;
        }
        let slot = slot(words[0], text.len());
        assert!(table[slot].text.is_empty(), "two names in one slot: search for another multiplier");
        table[slot] = Slot { first: words[0], second: words[1], text, id };
        number += 1;
    }
    table
}

fn is_token_from(at: usize, bytes: &[u8], text: &[u8]) -> bool {
    bytes.get(at..text.len()).zip(text.get(at..)).is_some_and(|(rest, text)| is_token(rest, text))
}

const fn bit(id: Name) -> u64 {
    1 << id as u8
}

/// Meant for one connection only, so never sent on; and `Proxy`, which CGI programs take for an address to use.
const HOP_BY_HOP: u64 = bit(Name::Connection)
    | bit(Name::KeepAlive)
    | bit(Name::ProxyConnection)
    | bit(Name::Proxy)
    | bit(Name::Te)
    | bit(Name::Trailer)
    | bit(Name::TransferEncoding)
    | bit(Name::Upgrade)
    | bit(Name::Http2Settings);

/// What others trust the gateway for: a peer can neither nominate these away nor imitate them.
const MANAGED: u64 = bit(Name::Host)
    | bit(Name::ContentLength)
    | bit(Name::TransferEncoding)
    | bit(Name::Expect)
    | bit(Name::XForwardedFor)
    | bit(Name::XForwardedHost)
    | bit(Name::XForwardedPort)
    | bit(Name::XForwardedProto)
    | bit(Name::XForwardedScheme)
    | bit(Name::XForwardedPrefix)
    | bit(Name::XForwarded)
    | bit(Name::Forwarded)
    | bit(Name::XScheme)
    | bit(Name::XRealIp)
    | bit(Name::XRequestId)
    | bit(Name::XOriginalForwardedFor)
    | bit(Name::XOriginalForwardedHost)
    | bit(Name::XOriginalUri)
    | bit(Name::XOriginalUrl)
    | bit(Name::XOriginalMethod)
    | bit(Name::SslClient)
    | bit(Name::Authorization)
    | bit(Name::Cookie)
    | bit(Name::SetCookie)
    | bit(Name::StrictTransportSecurity);

impl Name {
    /// Is it meant for one connection only?
    #[inline]
    pub fn is_hop_by_hop(self) -> bool {
        HOP_BY_HOP & bit(self) != 0
    }

    /// Is it the gateway's own to set or to pass on, whatever a Connection field says?
    #[inline]
    pub fn is_managed(self) -> bool {
        MANAGED & bit(self) != 0
    }

    /// Which name this is, in any case.
    #[inline]
    pub fn of(name: &[u8]) -> Self {
        Self::at(name, name.len())
    }

    /// Which name the first `len` of these bytes are.
    #[inline]
    pub(crate) fn at(bytes: &[u8], len: usize) -> Self {
        let first = key(bytes, len);
        if let Some(known) = SLOTS.get(slot(first, len))
            && known.first == first
            && known.text.len() == len
        {
            let rest = bytes.get(8..).unwrap_or_default();
            if len <= 8 || (key(rest, len - 8) == known.second && (len <= 16 || is_token_from(16, bytes, known.text))) {
                return known.id;
            }
        }
        match first {
            X_FORWAR | X_ORIGIN | SSL_CLIE | X_ACCEL => Self::of_family(bytes.get(..len).unwrap_or_default()),
            _ => Name::Other,
        }
    }

    /// The names that begin alike, and those that only their beginning tells.
    #[inline(never)]
    fn of_family(name: &[u8]) -> Self {
        let family = |start: &[u8]| name.get(..start.len()).is_some_and(|head| is_token(head, start));
        for (text, id) in FAMILIES {
            if is_token(name, text) {
                return *id;
            }
        }
        if family(b"x-forwarded-") {
            Name::XForwarded
        } else if family(b"ssl-client-") {
            Name::SslClient
        } else if family(b"x-accel-") {
            Name::XAccel
        } else {
            Name::Other
        }
    }

    /// Which name this would be to a server that reads underscores as hyphens.
    pub(crate) fn of_twin(name: &[u8]) -> Self {
        // No managed name is longer; a longer one can only belong to a family, which its beginning tells.
        let mut twin = [0; 32];
        let mut len = 0;
        for (to, &from) in twin.iter_mut().zip(name) {
            *to = if from == b'_' { b'-' } else { from };
            len += 1;
        }
        Self::of(twin.get(..len).unwrap_or_default())
    }
}

/// One field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which name it is.
    pub id: Name,
    /// The name as sent.
    pub name: Span,
    /// The value as sent, without the white space around it.
    pub value: Span,
    /// Must it not be sent on?
    pub dropped: bool,
}

/// The field lines of one head. Kept and used again: after the first few requests nothing is allocated.
#[derive(Debug, Default)]
pub struct Fields {
    list: Vec<Field>,
    /// One bit per name that occurs.
    seen: u64,
    /// One bit per name that occurs more than once.
    repeated: u64,
    twins: u32,
}

impl Fields {
    /// Empty storage that has allocated nothing yet.
    pub const fn new() -> Self {
        Self { list: Vec::new(), seen: 0, repeated: 0, twins: 0 }
    }

    /// Forgets the field lines and keeps the storage.
    #[inline]
    pub fn clear(&mut self) {
        self.list.clear();
        self.seen = 0;
        self.repeated = 0;
        self.twins = 0;
    }

    /// Every field line in the order sent, dropped ones included.
    #[inline]
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.list.iter()
    }

    /// The first field line of this name.
    #[inline]
    pub fn find(&self, id: Name) -> Option<&Field> {
        if self.has(id) { self.list.iter().find(|field| field.id == id) } else { None }
    }

    /// Does a field line of this name occur?
    #[inline]
    pub fn has(&self, id: Name) -> bool {
        self.seen & bit(id) != 0
    }

    /// Does more than one field line of this name occur?
    #[inline]
    pub fn is_repeated(&self, id: Name) -> bool {
        self.repeated & bit(id) != 0
    }

    /// How many field lines there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Are there none?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many were dropped because an underscore made them the twin of a managed name: an attack worth counting.
    pub fn twins(&self) -> u32 {
        self.twins
    }

    #[inline]
    pub(crate) fn push(&mut self, field: Field) {
        let bit = bit(field.id);
        self.repeated |= self.seen & bit;
        self.seen |= bit;
        self.list.push(field);
    }

    pub(crate) fn count_twin(&mut self) {
        self.twins = self.twins.saturating_add(1);
    }

    /// Drops every field line of this name.
    pub(crate) fn drop_named(&mut self, id: Name) {
        for field in &mut self.list {
            field.dropped |= field.id == id;
        }
    }

    /// Drops the field lines that a Connection field nominated, unless they are managed.
    pub(crate) fn drop_nominated(&mut self, bytes: &[u8], option: &[u8]) {
        for field in &mut self.list {
            if field.name.len() == option.len()
                && !field.id.is_managed()
                && field.name.of(bytes).eq_ignore_ascii_case(option)
            {
                field.dropped = true;
            }
        }
    }
}

impl<'f> IntoIterator for &'f Fields {
    type Item = &'f Field;
    type IntoIter = std::slice::Iter<'f, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[(&str, Name)] = &[
        ("Host", Name::Host),
        ("Connection", Name::Connection),
        ("Keep-Alive", Name::KeepAlive),
        ("Proxy-Connection", Name::ProxyConnection),
        ("Proxy", Name::Proxy),
        ("TE", Name::Te),
        ("Trailer", Name::Trailer),
        ("Transfer-Encoding", Name::TransferEncoding),
        ("Content-Length", Name::ContentLength),
        ("Upgrade", Name::Upgrade),
        ("Expect", Name::Expect),
        ("HTTP2-Settings", Name::Http2Settings),
        ("X-Forwarded-For", Name::XForwardedFor),
        ("X-Forwarded-Host", Name::XForwardedHost),
        ("X-Forwarded-Port", Name::XForwardedPort),
        ("X-Forwarded-Proto", Name::XForwardedProto),
        ("X-Forwarded-Scheme", Name::XForwardedScheme),
        ("X-Forwarded-Prefix", Name::XForwardedPrefix),
        ("X-Forwarded-Client-Cert", Name::XForwarded),
        ("X-Forwarded-Ssl", Name::XForwarded),
        ("Forwarded", Name::Forwarded),
        ("X-Scheme", Name::XScheme),
        ("X-Real-IP", Name::XRealIp),
        ("X-Request-ID", Name::XRequestId),
        ("X-Original-Forwarded-For", Name::XOriginalForwardedFor),
        ("X-Original-Forwarded-Host", Name::XOriginalForwardedHost),
        ("X-Original-URI", Name::XOriginalUri),
        ("X-Original-URL", Name::XOriginalUrl),
        ("X-Original-Method", Name::XOriginalMethod),
        ("ssl-client-verify", Name::SslClient),
        ("ssl-client-subject-dn", Name::SslClient),
        ("Authorization", Name::Authorization),
        ("Cookie", Name::Cookie),
        ("Referer", Name::Referer),
        ("User-Agent", Name::UserAgent),
        ("Origin", Name::Origin),
        ("Accept", Name::Accept),
        ("Accept-Encoding", Name::AcceptEncoding),
        ("Content-Type", Name::ContentType),
        ("Content-Encoding", Name::ContentEncoding),
        ("Cache-Control", Name::CacheControl),
        ("Server", Name::Server),
        ("Date", Name::Date),
        ("Location", Name::Location),
        ("Refresh", Name::Refresh),
        ("Set-Cookie", Name::SetCookie),
        ("Vary", Name::Vary),
        ("X-Powered-By", Name::XPoweredBy),
        ("Strict-Transport-Security", Name::StrictTransportSecurity),
        ("X-Accel-Redirect", Name::XAccel),
        ("x", Name::Other),
        ("X-Forwarded", Name::Other),
        ("X-Forwarded_For", Name::Other),
        ("Accept-Language", Name::Other),
        ("Hosts", Name::Other),
        ("ssl-client", Name::Other),
        ("", Name::Other),
    ];

    #[test]
    fn names_are_known_in_any_case_and_only_whole() {
        for (name, id) in NAMES {
            for text in [(*name).to_owned(), name.to_lowercase(), name.to_uppercase()] {
                assert_eq!(Name::of(text.as_bytes()), *id, "{text}");
            }
            if !matches!(id, Name::Other | Name::XForwarded | Name::SslClient | Name::XAccel) {
                let longer = Name::of(format!("{name}x").as_bytes());
                assert!(matches!(longer, Name::Other | Name::XForwarded), "{name}x is {longer:?}");
            }
        }
    }

    #[test]
    fn every_managed_name_is_found_behind_underscores() {
        for (name, id) in NAMES {
            if id.is_managed() {
                assert_eq!(Name::of_twin(name.replace('-', "_").as_bytes()), *id, "{name}");
            }
        }
    }
}
