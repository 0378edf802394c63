//! The part of PCRE's syntax that the linear engine can express exactly, read as PCRE reads it.
//!
//! Whatever is not certain to mean the same is left to PCRE, with the reason. So this knows no errors: PCRE finds them.

use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Dot, Hir, Look, Repetition};

use super::Place;
use super::limits::NESTING;

/// An expression, understood.
pub(super) struct Found {
    pub(super) hir: Hir,
    /// It can match at the start of a text only.
    pub(super) anchored: bool,
    /// It has a `$`, which also matches before a line feed at the very end.
    pub(super) dollar: bool,
}

/// Why an expression is left to PCRE.
type Why = &'static str;

const LOOK_AROUND: Why = "it looks ahead or behind";
const BACK_REFERENCE: Why = "it refers back to a group";
const ATOMIC: Why = "it has an atomic group or a possessive quantifier";
const GROUP: Why = "it has an option, a condition or another special group";
const ESCAPE: Why = "it has an escape that only PCRE knows";
const CLASS: Why = "it has a class that only PCRE knows";
const EMPTY: Why = "it repeats what may be empty";
const QUANTIFIER: Why = "it has an unusual quantifier";
const DEEP: Why = "its groups are nested deeply";

/// The most that PCRE lets something be repeated.
const REPEATS: u32 = 65_535;
/// The longest name of a group in any release of PCRE.
const NAME: usize = 32;

/// Read a pattern.
pub(super) fn read(pattern: &str, ignore_case: bool, place: Place) -> Result<Found, Why> {
    let mut reader =
        Reader { bytes: pattern.as_bytes(), at: 0, ignore_case, groups: 0, dollar: false, names: Vec::new() };
    let mut branches = reader.alternatives(0)?;
    if reader.at < reader.bytes.len() {
        return Err(GROUP); // a parenthesis that nothing opened
    }
    let mut anchored = false;
    if place == Place::Start
        && let Some(first) = branches.first_mut()
    {
        *first = Hir::concat(vec![Hir::look(Look::Start), std::mem::replace(first, Hir::empty())]);
        anchored = branches.len() == 1;
    }
    Ok(Found { hir: Hir::alternation(branches), anchored, dollar: reader.dollar })
}

struct Reader<'p> {
    bytes: &'p [u8],
    at: usize,
    ignore_case: bool,
    groups: u32,
    dollar: bool,
    names: Vec<&'p [u8]>,
}

impl<'p> Reader<'p> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'p [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Until a closing parenthesis or the end.
    fn alternatives(&mut self, depth: u32) -> Result<Vec<Hir>, Why> {
        if depth >= NESTING {
            return Err(DEEP);
        }
        let mut branches = Vec::new();
        loop {
            branches.push(self.branch(depth)?);
            if !self.take(b"|") {
                return Ok(branches);
            }
        }
    }

    fn branch(&mut self, depth: u32) -> Result<Hir, Why> {
        let mut parts = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| !b"|)".contains(byte)) {
            self.at += 1;
            let atom = self.atom(byte, depth)?;
            parts.push(self.repeated(atom)?);
        }
        Ok(Hir::concat(parts))
    }

    fn atom(&mut self, byte: u8, depth: u32) -> Result<Hir, Why> {
        Ok(match byte {
            b'^' => Hir::look(Look::Start),
            b'$' => {
                self.dollar = true;
                Hir::look(Look::End)
            }
            b'.' => Hir::dot(Dot::AnyByteExceptLF),
            b'(' => self.group(depth)?,
            b'[' => self.class()?,
            b'\\' => self.escape()?,
            b'*' | b'+' | b'?' | b'{' => return Err(QUANTIFIER),
            byte => self.literal(byte),
        })
    }

    fn literal(&self, byte: u8) -> Hir {
        if self.ignore_case && byte.is_ascii_alphabetic() {
            let both = [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
            return bytes(both.map(|one| (one, one)));
        }
        Hir::literal([byte])
    }

    fn group(&mut self, depth: u32) -> Result<Hir, Why> {
        if self.rest().starts_with(b"*") {
            return Err(GROUP);
        }
        let captures = if self.take(b"?") {
            if self.take(b":") {
                false
            } else {
                self.name()?;
                true
            }
        } else {
            true
        };
        // A group has the number of its opening parenthesis.
        self.groups += u32::from(captures);
        let index = self.groups;
        let inner = Hir::alternation(self.alternatives(depth + 1)?);
        if !self.take(b")") {
            return Err(GROUP); // PCRE says that it is not closed
        }
        Ok(if captures { Hir::capture(Capture { index, name: None, sub: Box::new(inner) }) } else { inner })
    }

    /// The name of a group, after `(?`.
    fn name(&mut self) -> Result<(), Why> {
        match self.rest() {
            [b'=' | b'!', ..] | [b'<', b'=' | b'!', ..] => return Err(LOOK_AROUND),
            [b'>', ..] => return Err(ATOMIC),
            [b'R' | b'&' | b'0'..=b'9', ..] | [b'P', b'=' | b'>', ..] => return Err(BACK_REFERENCE),
            _ => {}
        }
        if !self.take(b"<") && !self.take(b"P<") {
            return Err(GROUP);
        }
        let rest = self.rest();
        let length = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default();
        let sound = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            && !name.first().is_none_or(u8::is_ascii_digit)
            && name.len() <= NAME
            && !self.names.contains(&name);
        self.at += length;
        if !sound || !self.take(b">") {
            return Err(GROUP);
        }
        self.names.push(name);
        Ok(())
    }

    /// A backslash was taken.
    fn escape(&mut self) -> Result<Hir, Why> {
        let byte = self.peek().ok_or(ESCAPE)?;
        self.at += 1;
        if let Some(class) = class_escape(byte) {
            return Ok(Hir::class(Class::Bytes(class)));
        }
        match byte {
            b'b' => Ok(Hir::look(Look::WordAscii)),
            b'B' => Ok(Hir::look(Look::WordAsciiNegate)),
            b'A' => Ok(Hir::look(Look::Start)),
            b'z' => Ok(Hir::look(Look::End)),
            b'Z' => {
                self.dollar = true;
                Ok(Hir::look(Look::End))
            }
            b'n' => Ok(Hir::literal(*b"\n")),
            b'r' => Ok(Hir::literal(*b"\r")),
            b't' => Ok(Hir::literal(*b"\t")),
            b'1'..=b'9' | b'g' | b'k' => Err(BACK_REFERENCE),
            byte if byte.is_ascii_punctuation() || byte == b' ' => Ok(Hir::literal([byte])),
            _ => Err(ESCAPE),
        }
    }

    /// A `[` was taken.
    fn class(&mut self) -> Result<Hir, Why> {
        let negated = self.take(b"^");
        let mut class = ClassBytes::empty();
        let mut first = true;
        loop {
            let byte = self.peek().ok_or(CLASS)?;
            self.at += 1;
            let start = match byte {
                b']' if !first => break,
                b'[' if matches!(self.peek(), Some(b':' | b'.' | b'=')) => return Err(CLASS),
                b'\\' => match self.member()? {
                    Member::Byte(byte) => byte,
                    Member::Class(found) => {
                        class.union(&found);
                        first = false;
                        // PCRE takes a hyphen after it for itself, or refuses it.
                        if self.rest().starts_with(b"-") && !self.rest().starts_with(b"-]") {
                            return Err(CLASS);
                        }
                        continue;
                    }
                },
                byte => byte,
            };
            first = false;
            let mut end = start;
            if self.rest().starts_with(b"-") && !self.rest().starts_with(b"-]") {
                self.at += 1;
                end = match self.peek().ok_or(CLASS)? {
                    b'[' => return Err(CLASS),
                    b'\\' => {
                        self.at += 1;
                        match self.member()? {
                            Member::Byte(byte) => byte,
                            Member::Class(_) => return Err(CLASS),
                        }
                    }
                    byte => {
                        self.at += 1;
                        byte
                    }
                };
                if end < start {
                    return Err(CLASS);
                }
            }
            class.push(ClassBytesRange::new(start, end));
        }
        if self.ignore_case {
            class.case_fold_simple();
        }
        if negated {
            class.negate();
        }
        Ok(Hir::class(Class::Bytes(class)))
    }

    /// A backslash was taken, in a class.
    fn member(&mut self) -> Result<Member, Why> {
        let byte = self.peek().ok_or(CLASS)?;
        self.at += 1;
        if let Some(class) = class_escape(byte) {
            return Ok(Member::Class(class));
        }
        match byte {
            b'n' => Ok(Member::Byte(b'\n')),
            b'r' => Ok(Member::Byte(b'\r')),
            b't' => Ok(Member::Byte(b'\t')),
            byte if byte.is_ascii_punctuation() || byte == b' ' => Ok(Member::Byte(byte)),
            _ => Err(CLASS),
        }
    }

    /// The atom, with the quantifier that follows it.
    fn repeated(&mut self, atom: Hir) -> Result<Hir, Why> {
        let (min, max) = match self.peek() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => {
                self.at += 1;
                self.counts()?
            }
            _ => return Ok(atom),
        };
        self.at += 1;
        let greedy = !self.take(b"?");
        match self.peek() {
            Some(b'+') if greedy => return Err(ATOMIC),
            Some(b'*' | b'+' | b'?' | b'{') => return Err(QUANTIFIER),
            _ => {}
        }
        // An assertion, or a group that may be empty: when the repetition ends is then each engine's own affair.
        if atom.properties().minimum_len().is_none_or(|length| length == 0) {
            return Err(EMPTY);
        }
        Ok(Hir::repetition(Repetition { min, max, greedy, sub: Box::new(atom) }))
    }

    /// The numbers of `{2}`, `{2,}` or `{2,3}`, up to the closing brace.
    fn counts(&mut self) -> Result<(u32, Option<u32>), Why> {
        let min = self.number().ok_or(QUANTIFIER)?;
        let max = if self.take(b",") {
            if self.peek() == Some(b'}') { None } else { Some(self.number()) }
        } else {
            Some(Some(min))
        };
        let max = match max {
            None => None,
            Some(number) => Some(number.ok_or(QUANTIFIER)?),
        };
        let sound = self.peek() == Some(b'}') && max.is_none_or(|max| max >= min && max > 0);
        if sound { Ok((min, max)) } else { Err(QUANTIFIER) }
    }

    fn number(&mut self) -> Option<u32> {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(rest.get(..length)?).ok()?.parse().ok()?;
        self.at += length;
        (number <= REPEATS).then_some(number)
    }
}

enum Member {
    Byte(u8),
    Class(ClassBytes),
}

fn bytes<const N: usize>(ranges: [(u8, u8); N]) -> Hir {
    Hir::class(Class::Bytes(ClassBytes::new(ranges.map(|(start, end)| ClassBytesRange::new(start, end)))))
}

/// What `\d`, `\s`, `\w` and their opposites stand for: ASCII only.
fn class_escape(byte: u8) -> Option<ClassBytes> {
    let ranges: &[(u8, u8)] = match byte.to_ascii_lowercase() {
        b'd' => &[(b'0', b'9')],
        b's' => &[(b'\t', b'\r'), (b' ', b' ')],
        b'w' => &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')],
        _ => return None,
    };
    let mut class = ClassBytes::new(ranges.iter().map(|(start, end)| ClassBytesRange::new(*start, *end)));
    if byte.is_ascii_uppercase() {
        class.negate();
    }
    Some(class)
}
