//! Keeping a client on one endpoint: what its cookie says, and what a new one is to say.
//!
//! A cookie is a key, and which backend it is for. Everybody may write one; all that it can do is choose an endpoint.

use sallygate_image as image;
use sallygate_wire::fault::Fault;
use sallygate_wire::write::HeadWriter;

use super::asked::Asked;
use super::browser::mistakes_same_site;
use crate::balance::stable_hash;
use crate::clock::unix_ns;

/// How a cookie is read and written.
pub struct Affinity {
    cookie: Box<[u8]>,
    /// Attributes that are the same for all clients, from the first semicolon on.
    attributes: Box<[u8]>,
    expires_s: Option<i64>,
    secure: bool,
    /// Does a client stay for as long as its endpoint is there?
    pub persistent: bool,
    /// Does the cookie also keep a client on its backend?
    pub sticky: bool,
    /// Is a client whose endpoint fails led to another one from then on?
    pub moves_on_failure: bool,
    /// `SameSite=None`, which some browsers mistake, so that they do not get it.
    same_site_none: bool,
}

/// What a cookie says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Of the client, or of its endpoint.
    pub key: u64,
    /// Which backend.
    pub backend: u32,
}

/// A number for a backend, the same in every process.
pub fn backend_number(id: &image::BackendId) -> u32 {
    let text = [&*id.namespace, &*id.service, &*id.port].join("/");
    (stable_hash(text.as_bytes()) >> 32) as u32
}

impl Affinity {
    /// Puts together what is the same in all cookies.
    pub fn new(affinity: &image::Affinity) -> Self {
        let named = |name: &str, value: &str| {
            if value.is_empty() { String::new() } else { format!("; {name}={value}") }
        };
        let by_browser = affinity.same_site_by_browser && affinity.same_site == "None";
        let attributes = [
            named("Path", &affinity.path),
            named("Domain", &affinity.domain),
            named("Max-Age", &affinity.max_age_s.map(|seconds| seconds.to_string()).unwrap_or_default()),
            named("SameSite", if by_browser { "" } else { &affinity.same_site }),
            "; HttpOnly".to_owned(),
        ]
        .concat();
        Self {
            cookie: affinity.cookie.as_bytes().into(),
            attributes: attributes.into_bytes().into(),
            expires_s: affinity.expires_s,
            secure: affinity.secure,
            persistent: affinity.persistent,
            sticky: affinity.sticky,
            moves_on_failure: affinity.moves_on_failure,
            same_site_none: by_browser,
        }
    }

    /// What the request's cookie says, if it has a sound one.
    pub fn held(&self, asked: &Asked<'_>) -> Option<Held> {
        let value = std::str::from_utf8(asked.cookie(&self.cookie)?).ok()?;
        let (key, backend) = value.split_once('.')?;
        let hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex(key, 16) || !hex(backend, 8) {
            return None;
        }
        Some(Held { key: u64::from_str_radix(key, 16).ok()?, backend: u32::from_str_radix(backend, 16).ok()? })
    }

    /// Appends the Set-Cookie that says this from now on.
    pub fn write(&self, held: Held, tls: bool, browser: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let value = format!("={:016x}.{:08x}", held.key, held.backend);
        let expires = self.expires_s.map(|seconds| format!("; Expires={}", date(seconds))).unwrap_or_default();
        let secure: &[u8] = if tls || self.secure { b"; Secure" } else { b"" };
        let none = self.same_site_none && !browser.is_some_and(mistakes_same_site);
        let same_site: &[u8] = if none { b"; SameSite=None" } else { b"" };
        let parts = [&self.cookie, value.as_bytes(), expires.as_bytes(), &self.attributes, same_site, secure];
        HeadWriter::new(out).field_parts(b"Set-Cookie", &parts)
    }
}

/// The date in so many seconds.
fn date(seconds: i64) -> String {
    let now = i64::try_from(unix_ns() / 1_000_000_000).unwrap_or(i64::MAX);
    let then = u64::try_from(now.saturating_add(seconds)).unwrap_or(0);
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(then))
}
