//! Requests that are refused for what they say of their client, or of the page that led it here.

use std::sync::{Arc, Weak};

use sallygate_image as image;
use sallygate_wire::field::Name;

use super::asked::Asked;
use crate::regex::{GaveUp, Place, Regex};

/// Values of User-Agent and of Referer that nobody is served with.
pub struct Blocked {
    user_agents: Listed,
    referers: Listed,
}

/// Values of one header. Case counts in patterns only.
struct Listed {
    texts: Box<[Box<[u8]>]>,
    patterns: Box<[Regex]>,
}

impl Blocked {
    /// Compile the expressions.
    pub fn new(blocked: &image::Blocked) -> Result<Self, String> {
        Ok(Self { user_agents: Listed::new(&blocked.user_agents)?, referers: Listed::new(&blocked.referers)? })
    }

    /// Is the request one of them? If an expression gives up, nobody knows.
    pub fn stops(&self, asked: &Asked<'_>) -> Result<bool, GaveUp> {
        Ok(self.user_agents.stops(asked, Name::UserAgent)? || self.referers.stops(asked, Name::Referer)?)
    }
}

/// Lists that are compiled and still in use. Options say them for every route, so there are as many as there are classes
/// with options of their own, while thousands of policies have them.
#[derive(Default)]
pub struct Lists(Vec<(image::Blocked, Weak<Blocked>)>);

impl Lists {
    /// The compiled lists, compiled now if they are not yet.
    pub fn get(&mut self, blocked: &image::Blocked) -> Result<Arc<Blocked>, String> {
        let known = self.0.iter().find(|(lists, _)| lists == blocked).and_then(|(_, compiled)| compiled.upgrade());
        if let Some(known) = known {
            return Ok(known);
        }
        let compiled = Arc::new(Blocked::new(blocked)?);
        self.0.retain(|(_, compiled)| compiled.strong_count() > 0);
        self.0.push((blocked.clone(), Arc::downgrade(&compiled)));
        Ok(compiled)
    }
}

impl Listed {
    fn new(listed: &image::Listed) -> Result<Self, String> {
        let compile = |(pattern, any_case)| Regex::new(pattern, any_case, Place::Anywhere);
        let by_case = listed.patterns.iter().map(|pattern| (pattern.as_str(), false));
        let in_any_case = listed.patterns_in_any_case.iter().map(|pattern| (pattern.as_str(), true));
        Ok(Self {
            texts: listed.texts.iter().map(|text| text.as_bytes().into()).collect(),
            patterns: by_case.chain(in_any_case).map(compile).collect::<Result<_, _>>()?,
        })
    }

    /// Of several fields each is looked at, so that a second one hides nothing. A request without any counts as one with
    /// an empty value.
    fn stops(&self, asked: &Asked<'_>, name: Name) -> Result<bool, GaveUp> {
        let mut absent = true;
        for field in asked.fields.iter().filter(|field| field.id == name) {
            absent = false;
            if self.holds(field.value.of(asked.bytes))? {
                return Ok(true);
            }
        }
        if absent { self.holds(b"") } else { Ok(false) }
    }

    /// As nginx's `map` has it: an empty value matches no expression.
    fn holds(&self, value: &[u8]) -> Result<bool, GaveUp> {
        if self.texts.iter().any(|text| text.eq_ignore_ascii_case(value)) {
            return Ok(true);
        }
        if value.is_empty() {
            return Ok(false);
        }
        for pattern in &self.patterns {
            if pattern.matches(value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(texts: &[&str], patterns: &[&str], patterns_in_any_case: &[&str]) -> Listed {
        let own = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let listed = image::Listed {
            texts: own(texts),
            patterns: own(patterns),
            patterns_in_any_case: own(patterns_in_any_case),
        };
        Listed::new(&listed).unwrap()
    }

    #[test]
    fn texts_are_whole_in_any_case_and_patterns_are_found_anywhere() {
        let listed = listed(&["curl/8.0"], &["Bot"], &["evil.*spider"]);
        for (value, expect) in [
            (&b"curl/8.0"[..], true),
            (b"CURL/8.0", true),
            (b"curl/8.0.1", false),
            (b"a Bot of somebody", true),
            (b"a bot of somebody", false),
            (b"an EVIL old Spider", true),
            (b"", false),
        ] {
            assert_eq!(listed.holds(value), Ok(expect), "{}", String::from_utf8_lossy(value));
        }
    }

    #[test]
    fn an_empty_value_is_named_and_not_described() {
        assert_eq!(listed(&[], &["^$", ".*"], &[]).holds(b""), Ok(false));
        assert_eq!(listed(&[""], &[], &[]).holds(b""), Ok(true));
    }

    #[test]
    fn what_cannot_be_matched_within_limits_is_not_taken_for_a_no() {
        let slow = listed(&[], &["^(?!x)(a+)+$"], &[]);
        assert_eq!(slow.holds(&[&[b'a'; 60][..], b"!"].concat()), Err(GaveUp));
    }

    #[test]
    fn lists_are_compiled_once_for_as_long_as_they_are_used() {
        let (mut lists, asked) = (Lists::default(), image::Blocked::default());
        let first = lists.get(&asked).unwrap();
        assert!(Arc::ptr_eq(&first, &lists.get(&asked).unwrap()));
        drop(first);
        drop(lists.get(&asked).unwrap());
        assert_eq!(lists.0.len(), 1);
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let bad = image::Listed { patterns: vec!["(".into()], ..image::Listed::default() };
        assert!(Listed::new(&bad).is_err());
    }
}
