//! Changes of heads on their way: headers that are set or hidden, and the places that cookies and redirects name.

use sallygate_image::{self as image, Replacement};
use sallygate_wire::field::Name;

use super::asked::Asked;
use super::text::Text;

/// A header to set.
struct Header {
    name: Box<[u8]>,
    /// None takes the header away.
    value: Option<Text>,
}

/// The lengths of some names, one bit each: nearly every other name is told from them by its length alone.
#[derive(Default)]
struct Lengths(u64);

impl Lengths {
    fn of<'a>(names: impl Iterator<Item = &'a [u8]>) -> Self {
        Self(names.fold(0, |lengths, name| lengths | Self::bit(name)))
    }

    fn bit(name: &[u8]) -> u64 {
        1 << name.len().min(63)
    }

    fn may_hold(&self, name: &[u8]) -> bool {
        self.0 & Self::bit(name) != 0
    }
}

/// Headers to set.
pub struct Headers {
    list: Box<[Header]>,
    lengths: Lengths,
}

impl Headers {
    /// Read their texts.
    pub fn new(headers: &[image::Header]) -> Result<Self, String> {
        let read = |header: &image::Header| {
            Ok(Header { name: header.name.as_bytes().into(), value: Text::new(&header.value)? })
        };
        let list = headers.iter().map(read).collect::<Result<Box<[Header]>, String>>()?;
        let lengths = Lengths::of(list.iter().map(|header| &*header.name));
        Ok(Self { list, lengths })
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Is a header of this name one of them, or would a server take it for one that reads underscores as hyphens?
    pub fn name(&self, name: &[u8]) -> bool {
        self.lengths.may_hold(name) && self.list.iter().any(|header| is_twin(&header.name, name))
    }

    /// Hands each name and value to `write`; what turns out to be empty is not sent.
    pub fn fill<E>(&self, asked: &Asked<'_>, mut write: impl FnMut(&[u8], &[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut value = Vec::new();
        for header in &self.list {
            value.clear();
            if let Some(text) = &header.value {
                text.expand(asked, &mut value);
            }
            if !value.is_empty() {
                write(&header.name, &value)?;
            }
        }
        Ok(())
    }
}

/// The same name in any case, with underscores for hyphens or the other way round?
pub(super) fn is_twin(one: &[u8], other: &[u8]) -> bool {
    let plain = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    one.len() == other.len() && one.iter().map(plain).eq(other.iter().map(plain))
}

/// What becomes of the fields of an upstream's answer.
pub struct Answers {
    hidden: Box<[Box<[u8]>]>,
    lengths: Lengths,
    location: Option<Replacement>,
    cookie_domain: Option<Replacement>,
    cookie_path: Option<Replacement>,
    server: bool,
}

impl Answers {
    /// `hidden` are names of headers that are not sent on; they may be in any case.
    pub fn new(filters: &image::Filters, hidden: impl Iterator<Item = String>) -> Self {
        let hidden: Box<[Box<[u8]>]> = hidden.map(|name| name.into_bytes().into()).collect();
        Self {
            lengths: Lengths::of(hidden.iter().map(|name| &**name)),
            hidden,
            location: filters.location.clone(),
            cookie_domain: filters.cookie_domain.clone(),
            cookie_path: filters.cookie_path.clone(),
            server: filters.server,
        }
    }

    /// Do all fields go through as they are?
    pub fn is_empty(&self) -> bool {
        // Taken apart, so that whoever adds an edit is asked about it here.
        let Self { hidden, lengths: _, location, cookie_domain, cookie_path, server } = self;
        let same = hidden.is_empty() && location.is_none() && cookie_domain.is_none() && cookie_path.is_none();
        same && !server
    }

    /// Does the client see which software answers?
    pub fn passes_server(&self) -> bool {
        self.server
    }

    /// Is a header of this name kept from the client?
    pub fn hides(&self, name: &[u8]) -> bool {
        self.lengths.may_hold(name) && self.hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(name))
    }

    /// What a field says instead, if it is to say something else.
    pub fn replaced(&self, id: Name, value: &[u8]) -> Option<Vec<u8>> {
        match id {
            Name::Location => self.location.as_ref().and_then(|location| replace_start(location, value)),
            Name::Refresh => self.refresh(value),
            Name::SetCookie => self.cookie(value),
            _ => None,
        }
    }

    /// `5; url=http://a/b`.
    fn refresh(&self, value: &[u8]) -> Option<Vec<u8>> {
        let at = value.windows(4).position(|part| part.eq_ignore_ascii_case(b"url="))? + 4;
        let (before, url) = value.split_at_checked(at)?;
        let replaced = replace_start(self.location.as_ref()?, url)?;
        Some([before, &replaced].concat())
    }

    /// Domain and Path among the attributes of a cookie. Everything else stays as it was, byte for byte.
    fn cookie(&self, value: &[u8]) -> Option<Vec<u8>> {
        let mut changed = false;
        let mut out = Vec::with_capacity(value.len());
        for (number, part) in value.split(|byte| *byte == b';').enumerate() {
            if number > 0 {
                out.push(b';');
            }
            let found = if number > 0 { self.attribute(part) } else { None };
            changed |= found.is_some();
            out.extend_from_slice(found.as_deref().unwrap_or(part));
        }
        changed.then_some(out)
    }

    fn attribute(&self, part: &[u8]) -> Option<Vec<u8>> {
        let equals = part.iter().position(|byte| *byte == b'=')?;
        let (name, value) = part.split_at_checked(equals + 1)?;
        let bare = name.strip_suffix(b"=").unwrap_or(name).trim_ascii();
        let value = value.trim_ascii();
        let new = if bare.eq_ignore_ascii_case(b"domain") {
            let domain = self.cookie_domain.as_ref()?;
            let (dot, named) = value.strip_prefix(b".").map_or((&b""[..], value), |named| (b".", named));
            if !named.eq_ignore_ascii_case(without_dot(&domain.from)) {
                return None;
            }
            [dot, without_dot(&domain.to)].concat()
        } else if bare.eq_ignore_ascii_case(b"path") {
            replace_start(self.cookie_path.as_ref()?, value)?
        } else {
            return None;
        };
        Some([name, &new].concat())
    }
}

/// A dot in front of a domain means nothing: the one that a cookie brings stays, and those of a replacement go.
fn without_dot(domain: &str) -> &[u8] {
    domain.strip_prefix('.').unwrap_or(domain).as_bytes()
}

fn replace_start(replacement: &Replacement, value: &[u8]) -> Option<Vec<u8>> {
    let rest = value.strip_prefix(replacement.from.as_bytes())?;
    Some([replacement.to.as_bytes(), rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_gateway_sets_is_nobody_elses_in_any_spelling() {
        for (other, twin) in [
            ("X-Auth-User", true),
            ("x-auth-user", true),
            ("X_Auth_User", true),
            ("x-AUTH_user", true),
            ("X-Auth-Users", false),
            ("X.Auth.User", false),
            ("XAuthUser", false),
            ("", false),
        ] {
            assert_eq!(is_twin(b"X-Auth-User", other.as_bytes()), twin, "{other}");
        }
    }

    fn answers() -> Answers {
        let replacement = |from: &str, to: &str| Some(Replacement { from: from.into(), to: to.into() });
        let filters = image::Filters {
            location: replacement("http://inner/", "https://outer/x/"),
            cookie_domain: replacement("inner", "outer.example"),
            cookie_path: replacement("/app", "/"),
            ..image::Filters::default()
        };
        Answers::new(&filters, ["x-secret".to_owned()].into_iter())
    }

    #[test]
    fn places_are_replaced() {
        let replaced =
            |id, value: &str| answers().replaced(id, value.as_bytes()).map(|new| String::from_utf8(new).unwrap());
        for (id, value, expected) in [
            (Name::Location, "http://inner/a?b", Some("https://outer/x/a?b")),
            (Name::Location, "https://inner/a", None),
            (Name::Refresh, "5; URL=http://inner/a", Some("5; URL=https://outer/x/a")),
            (Name::Refresh, "5", None),
            (Name::SetCookie, "a=b; Domain=.Inner; Path=/app/x", Some("a=b; Domain=.outer.example; Path=//x")),
            (Name::SetCookie, "domain=inner; HttpOnly", None),
            (Name::SetCookie, "a=b;path=/other; Domain=elsewhere", None),
            (Name::Other, "http://inner/", None),
        ] {
            assert_eq!(replaced(id, value).as_deref(), expected, "{value}");
        }
        assert!(answers().hides(b"X-Secret") && !answers().hides(b"x"));
    }
}
