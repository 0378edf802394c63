//! Regexes as people write them for paths: a literal, then one of a few endings.
//!
//! `/app(/|$)(.*)` and its like are nearly all there are. They are matched without a regex engine: faster, and without
//! the tens of kilobytes that each compiled regex takes. Whatever has another shape still tells its leading literal,
//! which sorts out most paths before the engine is asked.

use memchr::memchr;

use super::captures::Captures;

/// What may follow the literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Nothing is asked: the empty pattern, or `.*`.
    Open,
    /// `$`
    End,
    /// `(.*)`
    Rest,
    /// `/?(.*)`
    SlashRest,
    /// `(/|$)`
    Boundary,
    /// `(/|$)(.*)`
    BoundaryRest,
}

/// How each ending is written. A `.*` at the very end changes only where the match ends, which nobody asks.
const ENDINGS: &[(&str, Ending)] = &[
    ("", Ending::Open),
    (".*", Ending::Open),
    ("$", Ending::End),
    ("(.*)", Ending::Rest),
    ("/?(.*)", Ending::SlashRest),
    ("(/|$)", Ending::Boundary),
    ("(/|$)(.*)", Ending::BoundaryRest),
];

/// Bytes that mean something else than themselves in a pattern. Space and `#` do so in verbose mode only, which cannot
/// have begun before the first parenthesis.
const SPECIAL: &[u8] = b"\\.+*?()|[]{}^$";

/// The literal that every match starts with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Literal {
    text: Box<[u8]>,
    ignore_case: bool,
}

impl Literal {
    /// Every path starts with nothing.
    pub(super) fn none() -> Self {
        Self { text: Box::default(), ignore_case: false }
    }

    /// The text itself.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether the path starts with it.
    #[inline]
    pub(super) fn starts(&self, path: &[u8]) -> bool {
        match path.get(..self.text.len()) {
            Some(head) if self.ignore_case => head.eq_ignore_ascii_case(&self.text),
            Some(head) => *head == *self.text,
            None => false,
        }
    }
}

/// A pattern that is a literal and an ending.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape {
    literal: Literal,
    ending: Ending,
}

impl Shape {
    /// The shape of a pattern, or else the literal that it starts with.
    pub(super) fn read(pattern: &str, ignore_case: bool) -> Result<Self, Literal> {
        let (text, rest) = split_literal(pattern);
        let literal = Literal { text: text.into(), ignore_case };
        match ENDINGS.iter().find(|(written, _)| *written == rest) {
            Some((_, ending)) => Ok(Self { literal, ending: *ending }),
            None if has_alternatives(pattern) => Err(Literal { text: Box::default(), ignore_case }),
            None => Err(literal),
        }
    }

    /// What every match starts with.
    pub(super) fn literal(&self) -> &Literal {
        &self.literal
    }

    /// Whether the path matches.
    #[inline]
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        self.literal.starts(path)
            && match self.ending {
                Ending::Open | Ending::Rest | Ending::SlashRest => true,
                // A dollar also matches before a line feed that is the very last byte.
                Ending::End => matches!(self.after(path), [] | [b'\n']),
                Ending::Boundary | Ending::BoundaryRest => matches!(self.after(path), [] | [b'/', ..] | [b'\n']),
            }
    }

    #[inline]
    fn after<'p>(&self, path: &'p [u8]) -> &'p [u8] {
        path.get(self.literal.text.len()..).unwrap_or_default()
    }

    /// The captures of a path that matches.
    pub(super) fn captures(&self, path: &[u8], captures: &mut Captures) {
        let literal = self.literal.text.len();
        let slash = usize::from(path.get(literal) == Some(&b'/'));
        // A dot matches everything but a line feed.
        let rest = |start: usize| {
            let tail = path.get(start..).unwrap_or_default();
            (start, start + memchr(b'\n', tail).unwrap_or(tail.len()))
        };
        let mut set = |group, (start, end)| captures.set(group, start, end);
        match self.ending {
            Ending::Open | Ending::End => {}
            Ending::Rest => set(1, rest(literal)),
            Ending::SlashRest => set(1, rest(literal + slash)),
            Ending::Boundary => set(1, (literal, literal + slash)),
            Ending::BoundaryRest => {
                set(1, (literal, literal + slash));
                set(2, rest(literal + slash));
            }
        }
    }
}

/// Split a pattern into the literal that it starts with and what remains of it.
fn split_literal(pattern: &str) -> (Vec<u8>, &str) {
    let mut text = Vec::new();
    // Patterns are anchored at the start anyway.
    let mut rest = pattern.strip_prefix('^').unwrap_or(pattern);
    loop {
        let mut characters = rest.chars();
        let literal = match characters.next() {
            // Letters after a backslash are classes and the like; punctuation stands for itself.
            Some('\\') => characters.next().filter(char::is_ascii_punctuation).filter(|one| !"<>".contains(*one)),
            first => first.filter(|one| !one.is_ascii() || !SPECIAL.contains(&(*one as u8))),
        };
        let after = characters.as_str();
        match literal {
            // What is repeated is not plain text.
            Some(one) if !after.starts_with(['*', '+', '?', '{']) => {
                text.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            _ => return (text, rest),
        }
    }
}

/// Whether a `|` may stand outside of all groups, so that the leading literal belongs to one alternative only. Says yes
/// too often rather than too rarely: the answer only costs speed.
fn has_alternatives(pattern: &str) -> bool {
    let mut depth = 0_u32;
    let mut bytes = pattern.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            // In a class, parentheses count for nothing, and this simple count would be led astray.
            b'[' if pattern.contains('|') => return true,
            b'|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(pattern: &str) -> String {
        let literal = match Shape::read(pattern, false) {
            Ok(shape) => shape.literal,
            Err(literal) => literal,
        };
        String::from_utf8(literal.text.into_vec()).unwrap()
    }

    #[test]
    fn shapes_are_recognised() {
        for pattern in ["/a", "/a.*", "/a$", "/a(.*)", "/a/?(.*)", "/a(/|$)", "/a(/|$)(.*)", "^/a", "/a\\.b", ""] {
            assert!(Shape::read(pattern, true).is_ok(), "{pattern}");
        }
        for pattern in ["/a+", "/a|/b", "/(a|b)", "/a.b", "/a?", "/[ab]", "/a{2}", "(?i)/a", "/a\\d", "/a$b", "/a\\"] {
            assert!(Shape::read(pattern, true).is_err(), "{pattern}");
        }
    }

    #[test]
    fn literals_are_what_every_match_starts_with() {
        let cases = [
            ("/api/v[0-9]+/x", "/api/v"),
            ("/a/b?c", "/a/"),
            ("/a+", "/"),
            ("/é{2}", "/"),
            ("/a\\.b\\-c\\dx", "/a.b-c"),
            ("/a/(b|c)", "/a/"),
            ("/a|/b", ""),
            ("/a/[|(]x|/b", ""),
            ("/a\\|b(c)", "/a|b"),
            ("(?i)/a", ""),
            ("/a\\<b", "/a"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(literal(pattern), expected, "{pattern}");
        }
    }
}
