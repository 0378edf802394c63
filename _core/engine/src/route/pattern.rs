//! Regexes of routes, shared between routes that have the same one.
//!
//! What they mean is the affair of `crate::regex`; the commonest shapes are matched right here.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::captures::Captures;
use super::shape::{Literal, Shape};
use crate::regex::{GaveUp, Place, Regex};

enum Matcher {
    Shape(Shape),
    Regex { literal: Literal, regex: Box<Regex> },
}

/// A compiled regex: as in an nginx location, a `^` stands before it.
pub struct Pattern {
    matcher: Matcher,
}

impl Pattern {
    /// Compile a regex, or say why it cannot be.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Self, String> {
        let literal = match Shape::read(pattern, ignore_case) {
            Ok(shape) => return Ok(Self { matcher: Matcher::Shape(shape) }),
            Err(literal) => literal,
        };
        let regex = Regex::new(pattern, ignore_case, Place::Start)?;
        // Comments and quotations of PCRE may hide parentheses, by which alternatives are found.
        let hidden = regex.why_backtracking().is_some() && pattern.contains('|');
        let literal = if hidden { Literal::none() } else { literal };
        Ok(Self { matcher: Matcher::Regex { literal, regex: Box::new(regex) } })
    }

    /// What every path that matches starts with, if case does not count.
    pub(super) fn literal(&self) -> &[u8] {
        match &self.matcher {
            Matcher::Shape(shape) => shape.literal().text(),
            Matcher::Regex { literal, .. } => literal.text(),
        }
    }

    /// Whether the path matches.
    #[inline]
    pub fn matches(&self, path: &[u8]) -> Result<bool, GaveUp> {
        match &self.matcher {
            Matcher::Shape(shape) => Ok(shape.matches(path)),
            Matcher::Regex { literal, regex } => Ok(literal.starts(path) && regex.matches(path)?),
        }
    }

    /// The captures of a path that matches. A path that does not leaves none.
    pub fn captures(&self, path: &[u8], captures: &mut Captures) -> Result<(), GaveUp> {
        captures.clear();
        match &self.matcher {
            Matcher::Shape(shape) => {
                shape.captures(path, captures);
                Ok(())
            }
            Matcher::Regex { regex, .. } => captures.fill(|slots| regex.captures(path, slots)),
        }
    }
}

/// What became of a regex.
#[derive(Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is matched in linear time.
    Linear,
    /// It is matched by PCRE, within limits, for this reason.
    Backtracking(&'static str),
    /// It cannot be had, for this reason.
    Refused(String),
}

/// What would become of this regex, whether case counts or not: of a path, or looked for anywhere in a text.
pub fn check_regex(pattern: &str, place: Place) -> Judgement {
    if pattern.len() > sallygate_image::limits::PATTERN_BYTES {
        let (found, limit) = (pattern.len(), sallygate_image::limits::PATTERN_BYTES);
        return Judgement::Refused(format!("{found} bytes are more than the {limit} allowed"));
    }
    let both = Regex::new(pattern, false, place).and_then(|_| Regex::new(pattern, true, place));
    match both.as_ref().map(Regex::why_backtracking) {
        Ok(None) => Judgement::Linear,
        Ok(Some(why)) => Judgement::Backtracking(why),
        Err(problem) => Judgement::Refused(problem.clone()),
    }
}

/// Patterns that some route has, so that equal ones are compiled and kept once.
#[derive(Default)]
pub struct Patterns {
    known: HashMap<(String, bool), Weak<Pattern>>,
    /// How many there may be before those that no route has any more are dropped.
    sweep_at: usize,
}

impl Patterns {
    /// The compiled form of a regex.
    pub fn get(&mut self, pattern: &str, ignore_case: bool) -> Result<Arc<Pattern>, String> {
        let key = (pattern.to_owned(), ignore_case);
        if let Some(known) = self.known.get(&key).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let fresh = Arc::new(Pattern::new(pattern, ignore_case)?);
        if self.known.len() >= self.sweep_at {
            self.known.retain(|_, pattern| pattern.strong_count() > 0);
            self.sweep_at = 2 * self.known.len() + 64;
        }
        self.known.insert(key, Arc::downgrade(&fresh));
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `$1` to `$9` are, if the path matches.
    fn groups(pattern: &Pattern, path: &[u8]) -> Option<[Vec<u8>; 9]> {
        let mut captures = Captures::default();
        pattern.matches(path).unwrap().then(|| {
            pattern.captures(path, &mut captures).unwrap();
            [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|group| captures.get(group, path).to_vec())
        })
    }

    /// Without any short cut.
    fn plainly(pattern: &str, ignore_case: bool) -> Option<Pattern> {
        let regex = Box::new(Regex::new(pattern, ignore_case, Place::Start).ok()?);
        Some(Pattern { matcher: Matcher::Regex { literal: Literal::none(), regex } })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn shapes_do_what_the_engine_does(
            literal in "\\^?(/|a|B|é|\\\\\\.|~|-){0,4}",
            ending in prop::sample::select(vec!["", ".*", "$", "(.*)", "/?(.*)", "(/|$)", "(/|$)(.*)"]),
            ignore_case in any::<bool>(),
            path in "(/|a|b|A|B|é|\\.|~|-|\n){0,6}",
        ) {
            let written = format!("{literal}{ending}");
            let matcher = Matcher::Shape(Shape::read(&written, ignore_case).unwrap());
            let by_engine = groups(&plainly(&written, ignore_case).unwrap(), path.as_bytes());
            prop_assert_eq!(groups(&Pattern { matcher }, path.as_bytes()), by_engine);
        }

        #[test]
        fn a_leading_literal_never_hides_a_match(
            pattern in "\\^?(/|a|B|b\\?|a\\*|b\\+|\\.|\\\\\\.|\\[a|b\\]|\\(a|\\)|\\||a\\{2\\}|é|\\(\\?#|\\\\Q|\\\\E){0,8}",
            ignore_case in any::<bool>(),
            path in "(/|a|b|A|B|\\.|é){0,6}",
        ) {
            if let (Ok(pattern), Some(plain)) = (Pattern::new(&pattern, ignore_case), plainly(&pattern, ignore_case)) {
                prop_assert_eq!(pattern.matches(path.as_bytes()), plain.matches(path.as_bytes()));
            }
        }
    }

    #[test]
    fn matching_is_anchored_at_the_start_only() {
        let pattern = Pattern::new("/a[0-9]", false).unwrap();
        let cases = [("/a1/more", true), ("/x/a1", false), ("/A1", false)];
        for (path, expected) in cases {
            assert_eq!(pattern.matches(path.as_bytes()), Ok(expected), "{path}");
        }
        assert_eq!(Pattern::new("/a[0-9]", true).unwrap().matches(b"/A1"), Ok(true));
    }

    #[test]
    fn captures_that_took_no_part_are_empty() {
        let pattern = Pattern::new("/(a)?(b)(c*)", false).unwrap();
        let mut captures = Captures::default();
        pattern.captures(b"/bcc", &mut captures).unwrap();
        assert_eq!([1, 2, 3, 4].map(|group| captures.get(group, b"/bcc")), [&b""[..], b"b", b"cc", b""]);
        pattern.captures(b"/x", &mut captures).unwrap();
        assert_eq!(captures, Captures::default());
    }

    #[test]
    fn every_pattern_is_judged() {
        let refused = |pattern: &str| match check_regex(pattern, Place::Start) {
            Judgement::Refused(problem) => problem,
            other => format!("{other:?}"),
        };
        let deep = format!("{}a{}", "(".repeat(200), ")".repeat(200));
        let cases = [
            ("/a(", "parenthesis"),
            ("/a**", "quantifier"),
            ("/((a{1,1000}){1,1000}){1,1000}", "too"),
            (deep.as_str(), "nested"),
        ];
        for (pattern, reason) in cases {
            assert!(refused(pattern).contains(reason), "{pattern}: {}", refused(pattern));
        }
        assert!(refused(&"a".repeat(4_097)).contains("4096"));
        assert_eq!(check_regex("/app(/|$)(.*)", Place::Start), Judgement::Linear);
        assert_eq!(check_regex("/(?!b)a", Place::Start), Judgement::Backtracking("it looks ahead or behind"));
        assert_eq!(
            check_regex("*", Place::Start),
            Judgement::Refused("quantifier does not follow a repeatable item".into())
        );
    }

    #[test]
    fn equal_patterns_are_shared_and_unused_ones_are_dropped() {
        let mut patterns = Patterns::default();
        let one = patterns.get("/a[bc]", true).unwrap();
        assert!(Arc::ptr_eq(&one, &patterns.get("/a[bc]", true).unwrap()));
        assert!(!Arc::ptr_eq(&one, &patterns.get("/a[bc]", false).unwrap()));
        for number in 0..1_000 {
            patterns.get(&format!("/{number}"), true).unwrap();
        }
        assert!(patterns.known.len() < 200, "{}", patterns.known.len());
        assert!(Arc::ptr_eq(&one, &patterns.get("/a[bc]", true).unwrap()));
    }
}
