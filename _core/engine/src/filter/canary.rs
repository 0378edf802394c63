//! Which requests go to another backend than their route's own.

use std::sync::Arc;

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use sallygate_image::{self as image, UpstreamTls};

use super::asked::Asked;
use crate::balance::BackendKey;

/// The largest compiled form of a pattern for header values.
const COMPILED_BYTES: usize = 1 << 18;
/// How deep groups in it may be nested, which bounds the stack that compiling takes.
const NESTING: u32 = 100;

/// Another backend, and whose requests it gets.
pub struct Canary {
    /// The backend.
    pub backend: Arc<BackendKey>,
    /// None is plain HTTP.
    pub tls: Option<UpstreamTls>,
    weight: u32,
    total: u32,
    header: Box<[u8]>,
    value: Value,
    cookie: Box<[u8]>,
}

/// What a header must say.
enum Value {
    /// `always` or `never`.
    Word,
    Text(Box<[u8]>),
    Pattern(Box<Regex>),
}

/// What header and cookie say of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Always,
    Never,
    Silent,
}

fn word(value: Option<&[u8]>) -> Word {
    match value {
        Some(b"always") => Word::Always,
        Some(b"never") => Word::Never,
        _ => Word::Silent,
    }
}

impl Canary {
    /// Read it; `backend` is the one that it names.
    pub fn new(canary: image::Canary, backend: Arc<BackendKey>) -> Result<Self, String> {
        let value = if !canary.header_value.is_empty() {
            Value::Text(canary.header_value.as_bytes().into())
        } else if canary.header_pattern.is_empty() {
            Value::Word
        } else {
            Value::Pattern(Box::new(compile(&canary.header_pattern)?))
        };
        Ok(Self {
            backend,
            tls: canary.tls,
            weight: canary.weight,
            total: canary.total,
            header: canary.header.into_bytes().into(),
            value,
            cookie: canary.cookie.into_bytes().into(),
        })
    }

    /// The header comes before the cookie.
    fn word(&self, asked: &Asked<'_>) -> Word {
        let sent = if self.header.is_empty() { None } else { asked.header(&self.header) };
        let by_header = match &self.value {
            Value::Word => word(sent),
            Value::Text(text) if sent == Some(text) => Word::Always,
            Value::Pattern(pattern) if sent.is_some_and(|sent| pattern.is_match(sent)) => Word::Always,
            Value::Text(_) | Value::Pattern(_) => Word::Silent,
        };
        match by_header {
            Word::Silent if !self.cookie.is_empty() => word(asked.cookie(&self.cookie)),
            word => word,
        }
    }
}

/// An expression that is looked for anywhere in a value, in time that grows with the value alone.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let config = Regex::config().utf8_empty(false).nfa_size_limit(Some(COMPILED_BYTES));
    let syntax = syntax::Config::new().unicode(false).utf8(false).nest_limit(NESTING);
    Regex::builder().configure(config).syntax(syntax).build(pattern).map_err(|error| error.to_string())
}

/// The canary that gets this request, if one does. Who is asked for by name gets it; of the others each gets its share,
/// and what none gets is the route's own. `draw` gives a number below its argument.
pub fn choose<'c>(canaries: &'c [Canary], asked: &Asked<'_>, draw: impl FnOnce(u32) -> u32) -> Option<&'c Canary> {
    let mut shares: Vec<&Canary> = Vec::new();
    for canary in canaries {
        match canary.word(asked) {
            Word::Always => return Some(canary),
            Word::Silent if canary.weight > 0 => shares.push(canary),
            Word::Never | Word::Silent => {}
        }
    }
    let total = shares.iter().map(|canary| canary.total).max()?;
    let mut left = u64::from(draw(total));
    shares.into_iter().find(|canary| {
        // Each share is of its own total; the draw is of the largest.
        let share = u64::from(canary.weight) * u64::from(total) / u64::from(canary.total);
        let hit = left < share;
        left = left.saturating_sub(share);
        hit
    })
}
