//! The service that is asked about each request of a route: what it is asked, and what its answer says.
//!
//! Sends nothing itself (see `proxy/ask.rs`), and lets nobody pass: it reads.

use std::sync::Arc;

use openssl::sha::{Sha256, sha256};
use sallygate_image::{self as image, Kept, KeptAlive, UpstreamTls};
use sallygate_wire::fault::Fault;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::write::HeadWriter;

use super::asked::Asked;
use super::edits::Headers;
use super::text::Text;
use crate::balance::{BackendKey, BackendKeys};
use crate::fault::Undecided;

/// How it is asked.
pub struct External {
    /// Who is asked; none: a route of the request's own host.
    pub backend: Option<Arc<BackendKey>>,
    /// How TLS is spoken to it, if at all.
    pub tls: Option<UpstreamTls>,
    /// The method.
    pub method: Box<[u8]>,
    /// Was the method asked for? Then the request says a little more.
    pub told_method: bool,
    /// The Host.
    pub host: Option<Text>,
    /// Path and query.
    pub target: Option<Text>,
    /// X-Auth-Request-Redirect; none is the request's target.
    pub redirect: Option<Text>,
    /// Headers that it gets besides.
    pub headers: Headers,
    /// Where clients go that it answers 401.
    pub signin: Option<Text>,
    /// Are its cookies set whatever the status?
    pub always_set_cookie: bool,
    /// Headers of its answer that the upstream gets.
    copied: Box<[Box<[u8]>]>,
    cache_key: Option<Text>,
    kept: Box<[Kept]>,
    /// How its connections are kept; none: as those to backends are.
    pub alive: Option<KeptAlive>,
    /// Two services that are asked in different ways share no memory.
    scope: [u8; 32],
}

/// What an answer is remembered by.
pub type Digest = [u8; 32];

/// What the service has said.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Its status; 0 if it has not answered.
    pub status: u16,
    /// Why it has not said yes or no, if it has not.
    pub undecided: Undecided,
    /// Field lines for the upstream.
    pub copied: Vec<u8>,
    /// Set-Cookie lines for the client.
    pub cookies: Vec<u8>,
    /// WWW-Authenticate lines for the client, of a 401.
    pub challenge: Vec<u8>,
    /// For how long it may be remembered.
    pub kept_ms: Option<u64>,
}

impl Answered {
    /// May the request pass? Nothing else lets it.
    pub fn allows(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.copied.len() + self.cookies.len() + self.challenge.len()
    }
}

impl External {
    /// Makes it ready.
    pub fn new(external: &image::External, keys: &BackendKeys) -> Result<Self, String> {
        let server_name = Some(external.server_name.clone()).filter(|name| !name.is_empty());
        Ok(Self {
            backend: external.backend.as_ref().map(|id| keys.key(id)),
            tls: external.tls.then(|| UpstreamTls { server_name, ..UpstreamTls::default() }),
            method: if external.method.is_empty() { &b"GET"[..] } else { external.method.as_bytes() }.into(),
            told_method: !external.method.is_empty(),
            host: Text::new(&external.host)?,
            target: Text::new(&external.target)?,
            redirect: Text::new(&external.redirect)?,
            headers: Headers::new(&external.request_headers)?,
            signin: Text::new(&external.signin)?,
            always_set_cookie: external.always_set_cookie,
            copied: external.response_headers.iter().map(|name| name.as_bytes().into()).collect(),
            cache_key: Text::new(&external.cache_key)?,
            kept: external.kept.as_slice().into(),
            alive: external.alive.clone(),
            scope: sha256(format!("{external:?}").as_bytes()),
        })
    }

    /// What an answer to this request is remembered by; none if it is not. `place` names the route.
    pub fn key(&self, asked: &Asked<'_>, place: &[&[u8]]) -> Option<Digest> {
        let mut text = Vec::new();
        self.cache_key.as_ref()?.expand(asked, &mut text);
        let mut hasher = Sha256::new();
        hasher.update(&self.scope);
        for part in place.iter().copied().chain([asked.host, &text]) {
            // With its length, so that no two lists of parts run together to the same bytes.
            hasher.update(&part.len().to_be_bytes());
            hasher.update(part);
        }
        Some(hasher.finish())
    }

    /// What an answer says.
    pub fn read(&self, status: u16, fields: &Fields, bytes: &[u8]) -> Result<Answered, Fault> {
        let mut answered = Answered { status, ..Answered::default() };
        let named = |name: &[u8]| {
            let name = name.to_vec();
            fields.iter().filter(move |field| !field.dropped && field.name.of(bytes).eq_ignore_ascii_case(&name))
        };
        if answered.allows() {
            let mut writer = HeadWriter::new(&mut answered.copied);
            for name in &self.copied {
                for field in named(name).filter(|field| !field.value.is_empty()) {
                    writer.field(name, field.value.of(bytes))?;
                }
            }
        }
        let mut writer = HeadWriter::new(&mut answered.cookies);
        for field in fields.iter().filter(|field| field.id == Name::SetCookie) {
            writer.field(b"Set-Cookie", field.value.of(bytes))?;
        }
        if status == 401 {
            let mut writer = HeadWriter::new(&mut answered.challenge);
            for field in named(b"WWW-Authenticate") {
                writer.field(b"WWW-Authenticate", field.value.of(bytes))?;
            }
        }
        if self.cache_key.is_some() && answered.cookies.is_empty() && named(b"Vary").next().is_none() {
            let entry = self.kept.iter().find(|kept| kept.statuses.is_empty() || kept.statuses.contains(&status));
            let told = named(b"Cache-Control").map(|field| field.value.of(bytes));
            answered.kept_ms = entry.and_then(|kept| no_longer_than(kept.ms, told));
        }
        Ok(answered)
    }

    /// Is a header of this name for its answer to say, and for nobody else?
    pub fn names(&self, name: &[u8]) -> bool {
        self.copied.iter().any(|copied| copied.eq_ignore_ascii_case(name))
    }
}

/// The time that an answer is kept, where its Cache-Control may only shorten it.
fn no_longer_than<'v>(ms: u64, told: impl Iterator<Item = &'v [u8]>) -> Option<u64> {
    let mut ms = ms;
    for directive in told.flat_map(|value| value.split(|byte| *byte == b',')) {
        let directive = directive.trim_ascii().to_ascii_lowercase();
        let name = directive.split(|byte| *byte == b'=').next().unwrap_or_default();
        match name {
            b"no-store" | b"no-cache" | b"private" => return None,
            b"max-age" | b"s-maxage" => {
                let text = directive.get(name.len() + 1..).and_then(|text| std::str::from_utf8(text).ok());
                let seconds = text.and_then(|text| text.trim_matches('"').parse::<u64>().ok()).unwrap_or(0);
                ms = ms.min(seconds.saturating_mul(1_000));
            }
            _ => {}
        }
    }
    (ms > 0).then_some(ms)
}

#[cfg(test)]
mod tests {
    use sallygate_wire::limits::Limits;
    use sallygate_wire::response::{RequestKind, parse_response};

    use super::*;

    fn external() -> External {
        let asked = image::External {
            backend: None,
            tls: false,
            server_name: String::new(),
            host: "auth.example".into(),
            target: "/".into(),
            method: String::new(),
            redirect: String::new(),
            request_headers: Vec::new(),
            response_headers: vec!["X-User".into()],
            signin: String::new(),
            always_set_cookie: false,
            cache_key: "$http_cookie".into(),
            kept: vec![Kept { statuses: vec![200, 401], ms: 300_000 }, Kept { statuses: Vec::new(), ms: 1_000 }],
            alive: None,
        };
        External::new(&asked, &BackendKeys::default()).unwrap()
    }

    fn read(head: &str) -> Answered {
        let mut fields = Fields::default();
        let bytes = head.as_bytes();
        let found = parse_response(bytes, &Limits::default(), &mut fields, RequestKind::Other).unwrap().unwrap();
        external().read(found.status, &fields, bytes).unwrap()
    }

    #[test]
    fn an_answer_is_kept_for_as_long_as_both_sides_want_it() {
        for (lines, kept_ms) in [
            ("", Some(300_000)),
            ("Cache-Control: max-age=60\r\n", Some(60_000)),
            ("Cache-Control: public, max-age=6000\r\n", Some(300_000)),
            ("Cache-Control: no-store\r\n", None),
            ("Cache-Control: Private\r\n", None),
            ("Cache-Control: max-age=0\r\n", None),
            ("Cache-Control: max-age\r\n", None),
            ("Set-Cookie: a=b\r\n", None),
            ("Vary: Cookie\r\n", None),
        ] {
            let answered = read(&format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n"));
            assert_eq!(answered.kept_ms, kept_ms, "{lines}");
        }
        assert_eq!(read("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").kept_ms, Some(1_000));
    }

    #[test]
    fn what_it_says_of_a_user_is_taken_from_those_who_may_pass_only() {
        let lines = "x-user: ann\r\nX-User: bob\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nWWW-Authenticate: Basic\r\n";
        let passed = read(&format!("HTTP/1.1 204 OK\r\n{lines}\r\n"));
        assert!(passed.allows() && passed.challenge.is_empty());
        assert_eq!(passed.copied, b"X-User: ann\r\nX-User: bob\r\n");
        assert_eq!(passed.cookies, b"Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n");
        let refused = read(&format!("HTTP/1.1 401 No\r\n{lines}Content-Length: 0\r\n\r\n"));
        assert!(!refused.allows() && refused.copied.is_empty());
        assert_eq!(refused.challenge, b"WWW-Authenticate: Basic\r\n");
        assert!(!Answered::default().allows());
    }
}
