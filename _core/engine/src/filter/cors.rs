//! Cross-origin requests: which origins may read answers, and what they are told.

use sallygate_image as image;
use sallygate_wire::fault::Fault;
use sallygate_wire::field::Name;
use sallygate_wire::write::HeadWriter;

use super::asked::Asked;

/// Headers that only this filter writes while it is on: what an upstream says under these names is not sent on.
pub const ANSWERS: &[&str] = &[
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

/// One origin, or all that differ from it in their first label only.
enum Origin {
    Exact(Box<[u8]>),
    /// What stands before the label, and what follows it.
    Wildcard(Box<[u8]>, Box<[u8]>),
}

/// Who may read answers. Names are compared without case, and as a whole.
pub struct Cors {
    /// None: everybody.
    origins: Option<Box<[Origin]>>,
    methods: Box<[u8]>,
    headers: Box<[u8]>,
    expose: Box<[u8]>,
    credentials: bool,
    max_age_s: u32,
}

impl Cors {
    /// Read the origins.
    pub fn new(cors: &image::Cors) -> Self {
        let origin = |text: &String| match text.split_once("*.") {
            Some((before, after)) => Origin::Wildcard(lower(before), lower(&format!(".{after}"))),
            None => Origin::Exact(lower(text)),
        };
        let all = cors.origins.iter().any(|origin| origin == "*");
        Self {
            origins: (!all).then(|| cors.origins.iter().map(origin).collect()),
            methods: cors.methods.as_bytes().into(),
            headers: cors.headers.as_bytes().into(),
            expose: cors.expose.as_bytes().into(),
            credentials: cors.credentials,
            max_age_s: cors.max_age_s,
        }
    }

    /// The origin to name in the answer; None if it may not be read.
    pub fn allows<'a>(&self, asked: &Asked<'a>) -> Option<&'a [u8]> {
        let Some(origins) = &self.origins else { return Some(b"*") };
        let sent = asked.fields.find(Name::Origin).map(|field| field.value.of(asked.bytes))?;
        origins.iter().any(|origin| origin.is(sent)).then_some(sent)
    }

    /// Appends what every answer says, for this request.
    pub fn write(&self, asked: &Asked<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut writer = HeadWriter::new(out);
        if self.origins.is_some() {
            // An answer that depends on the origin must not be given to another one from a cache.
            writer.field(b"Vary", b"Origin")?;
        }
        let Some(origin) = self.allows(asked) else { return Ok(()) };
        writer.field(b"Access-Control-Allow-Origin", origin)?;
        if self.credentials {
            writer.field(b"Access-Control-Allow-Credentials", b"true")?;
        }
        writer.field(b"Access-Control-Allow-Methods", &self.methods)?;
        writer.field(b"Access-Control-Allow-Headers", &self.headers)?;
        if !self.expose.is_empty() {
            writer.field(b"Access-Control-Expose-Headers", &self.expose)?;
        }
        writer.field_u64(b"Access-Control-Max-Age", u64::from(self.max_age_s))
    }
}

fn lower(text: &str) -> Box<[u8]> {
    text.to_ascii_lowercase().into_bytes().into()
}

impl Origin {
    fn is(&self, sent: &[u8]) -> bool {
        match self {
            Self::Exact(text) => sent.eq_ignore_ascii_case(text),
            Self::Wildcard(before, after) => {
                let Some(length) = sent.len().checked_sub(before.len() + after.len()) else { return false };
                let (head, rest) = sent.split_at(before.len());
                let (label, tail) = rest.split_at(length);
                let in_label = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                head.eq_ignore_ascii_case(before)
                    && tail.eq_ignore_ascii_case(after)
                    && !label.is_empty()
                    && label.iter().all(in_label)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_one_label() {
        let cors = Cors::new(&image::Cors {
            origins: vec!["https://*.a.example:8080".into(), "http://b.example".into(), "null".into()],
            methods: "GET".into(),
            headers: "X".into(),
            expose: String::new(),
            credentials: true,
            max_age_s: 1,
        });
        let origins = cors.origins.unwrap();
        let allowed = |sent: &str| origins.iter().any(|origin| origin.is(sent.as_bytes()));
        for sent in ["https://x.a.example:8080", "HTTPS://X-1.A.example:8080", "http://b.example", "null"] {
            assert!(allowed(sent), "{sent}");
        }
        for sent in [
            "https://a.example:8080",
            "https://x.y.a.example:8080",
            "https://.a.example:8080",
            "https://x.a.example",
            "http://x.a.example:8080",
            "https://evil.example/.a.example:8080",
            "http://b.example.evil.example",
            "xhttp://b.example",
            "",
        ] {
            assert!(!allowed(sent), "{sent}");
        }
    }
}
