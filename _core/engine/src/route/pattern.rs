//! Regexes of routes. They run in linear time on any path, are bounded in size, and are shared between routes that have
//! the same one.
//!
//! A path is matched as bytes and case is ignored for ASCII letters only, as in an nginx location.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use regex_automata::meta::{BuildError, Regex};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::captures::Captures;
use super::shape::{Literal, Shape};

/// The largest compiled form of one regex. `(/[a-z0-9-]{1,63}){1,8}` fits; nested counts of thousands do not.
const COMPILED_BYTES: usize = 1 << 20;

/// What a worker may keep per regex to go faster the next time; it is emptied when it is full.
const CACHE_BYTES: usize = 256 << 10;

/// How deep groups may be nested, which bounds the stack that compiling takes.
const NESTING: u32 = 100;

enum Matcher {
    Shape(Shape),
    Regex { literal: Literal, regex: Box<Regex> },
}

/// A compiled regex, anchored at the start.
pub struct Pattern {
    matcher: Matcher,
}

impl Pattern {
    /// Compile a regex, or say why it cannot be.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Self, String> {
        let matcher = match Shape::read(pattern, ignore_case) {
            Ok(shape) => Matcher::Shape(shape),
            Err(literal) => Matcher::Regex { literal, regex: Box::new(compile(pattern, ignore_case)?) },
        };
        Ok(Self { matcher })
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
    pub fn matches(&self, path: &[u8]) -> bool {
        match &self.matcher {
            Matcher::Shape(shape) => shape.matches(path),
            Matcher::Regex { literal, regex } => {
                literal.starts(path) && regex.is_match(Input::new(path).anchored(Anchored::Yes).earliest(true))
            }
        }
    }

    /// The captures of a path that matches. A path that does not leaves none.
    pub fn captures(&self, path: &[u8], captures: &mut Captures) {
        captures.clear();
        match &self.matcher {
            Matcher::Shape(shape) => shape.captures(path, captures),
            Matcher::Regex { regex, .. } => captures.fill(|slots| {
                regex.search_slots(&Input::new(path).anchored(Anchored::Yes), slots);
            }),
        }
    }
}

/// None is sound; else why the engine cannot take this regex, whether case counts or not.
pub fn check_regex(pattern: &str) -> Result<(), String> {
    if pattern.len() > sallygate_image::limits::PATTERN_BYTES {
        let (found, limit) = (pattern.len(), sallygate_image::limits::PATTERN_BYTES);
        return Err(format!("{found} bytes are more than the {limit} allowed"));
    }
    Pattern::new(pattern, true).map(drop)?;
    Pattern::new(pattern, false).map(drop)
}

fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    let config = Regex::config()
        .utf8_empty(false)
        .nfa_size_limit(Some(COMPILED_BYTES))
        .onepass_size_limit(Some(COMPILED_BYTES))
        .hybrid_cache_capacity(CACHE_BYTES);
    let syntax = syntax::Config::new().unicode(false).utf8(false).case_insensitive(ignore_case).nest_limit(NESTING);
    Regex::builder().configure(config).syntax(syntax).build(pattern).map_err(|error| explain(&error))
}

fn explain(error: &BuildError) -> String {
    match (error.syntax_error(), error.size_limit()) {
        (Some(problem), _) => problem.to_string(),
        (None, Some(limit)) => format!("it is too large: compiled, it takes more than {limit} bytes"),
        (None, None) => error.to_string(),
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
    fn groups(matcher: Matcher, path: &[u8]) -> Option<[Vec<u8>; 9]> {
        let pattern = Pattern { matcher };
        let mut captures = Captures::default();
        pattern.matches(path).then(|| {
            pattern.captures(path, &mut captures);
            [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|group| captures.get(group, path).to_vec())
        })
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
            let shape = Shape::read(&written, ignore_case).unwrap();
            let regex = Box::new(compile(&written, ignore_case).unwrap());
            let none = Shape::read("(", false).unwrap_err();
            let by_engine = groups(Matcher::Regex { literal: none, regex }, path.as_bytes());
            prop_assert_eq!(groups(Matcher::Shape(shape), path.as_bytes()), by_engine);
        }

        #[test]
        fn a_leading_literal_never_hides_a_match(
            pattern in "\\^?(/|a|B|b\\?|a\\*|b\\+|\\.|\\\\\\.|\\[a|b\\]|\\(a|\\)|\\||a\\{2\\}|é){0,8}",
            ignore_case in any::<bool>(),
            path in "(/|a|b|A|B|\\.|é){0,6}",
        ) {
            if let (Ok(pattern), Ok(regex)) = (Pattern::new(&pattern, ignore_case), compile(&pattern, ignore_case)) {
                let expected = regex.is_match(Input::new(path.as_bytes()).anchored(Anchored::Yes));
                prop_assert_eq!(pattern.matches(path.as_bytes()), expected);
            }
        }
    }

    #[test]
    fn matching_is_anchored_at_the_start_only() {
        let pattern = Pattern::new("/a[0-9]", false).unwrap();
        assert!(pattern.matches(b"/a1/more"));
        assert!(!pattern.matches(b"/x/a1"));
        assert!(!pattern.matches(b"/A1"));
        assert!(Pattern::new("/a[0-9]", true).unwrap().matches(b"/A1"));
    }

    #[test]
    fn captures_that_took_no_part_are_empty() {
        let pattern = Pattern::new("/(a)?(b)(c*)", false).unwrap();
        let mut captures = Captures::default();
        pattern.captures(b"/bcc", &mut captures);
        assert_eq!([1, 2, 3, 4].map(|group| captures.get(group, b"/bcc")), [&b""[..], b"b", b"cc", b""]);
        pattern.captures(b"/x", &mut captures);
        assert_eq!(captures, Captures::default());
    }

    #[test]
    fn hostile_patterns_are_refused_with_a_reason() {
        let deep = format!("{}a{}", "(".repeat(200), ")".repeat(200));
        let cases = [
            ("/a(", "unclosed group"),
            ("/(?<!b)a", "look-around"),
            ("/(a)\\1", "backreferences"),
            ("/((a{1,1000}){1,1000}){1,1000}", "too large"),
            (deep.as_str(), "nest"),
        ];
        for (pattern, reason) in cases {
            let problem = check_regex(pattern).unwrap_err();
            assert!(problem.contains(reason), "{pattern}: {problem}");
        }
        assert!(check_regex(&"a".repeat(4_097)).unwrap_err().contains("4096"));
        assert_eq!(check_regex("/app(/|$)(.*)"), Ok(()));
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
