//! Regular expressions that mean what they mean in nginx, which uses PCRE.
//!
//! There are two engines. The linear one takes time in proportion to the text, whatever the expression; it gets those that
//! `read` can express exactly. All others are matched by PCRE itself (`backtrack`), which goes back and tries again, and
//! so has limits. Which one it is makes no difference to what an expression means: the tests hold them against each
//! other.
//!
//! Texts are bytes, and case is ignored for ASCII letters only, as in nginx. Knows nothing of routes or requests.

mod backtrack;
pub mod limits;
mod read;

use std::sync::OnceLock;

use regex_automata::meta;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};

use backtrack::Backtracking;
use limits::{CACHE_BYTES, COMPILED_BYTES};

/// Groups that can be asked for: the match itself, and `$1` to `$9`.
pub const GROUPS: usize = 10;

/// Starts and ends of groups, alternating.
pub type Slots = [Option<NonMaxUsize>; 2 * GROUPS];

/// The engine gave up, so nobody knows whether the text matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GaveUp;

/// Where in a text an expression may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// As in nginx locations: a `^` stands before it. It belongs to the first of several alternatives only.
    Start,
    /// Anywhere.
    Anywhere,
}

/// A compiled expression.
pub struct Regex {
    engine: Engine,
}

enum Engine {
    Linear {
        regex: meta::Regex,
        anchored: Anchored,
        /// For texts whose last byte is a line feed, before which a `$` may match: then PCRE says it.
        dollar: Option<Box<Written>>,
    },
    Backtracking {
        regex: Backtracking,
        why: &'static str,
    },
}

/// An expression that is compiled for PCRE when it is needed.
struct Written {
    pattern: String,
    ignore_case: bool,
    compiled: OnceLock<Option<Backtracking>>,
}

impl Written {
    fn get(&self) -> Result<&Backtracking, GaveUp> {
        let compile = || Backtracking::new(&self.pattern, self.ignore_case).ok();
        self.compiled.get_or_init(compile).as_ref().ok_or(GaveUp)
    }
}

impl Regex {
    /// Compile an expression, or say why it cannot be.
    pub fn new(pattern: &str, ignore_case: bool, place: Place) -> Result<Self, String> {
        let why = match read::read(pattern, ignore_case, place) {
            Ok(found) => match linear(&found) {
                Ok(regex) => {
                    let anchored = if found.anchored { Anchored::Yes } else { Anchored::No };
                    let written =
                        || Written { pattern: for_pcre(pattern, place), ignore_case, compiled: OnceLock::new() };
                    let dollar = found.dollar.then(|| Box::new(written()));
                    return Ok(Self { engine: Engine::Linear { regex, anchored, dollar } });
                }
                Err(why) => why,
            },
            Err(why) => why,
        };
        let regex = Backtracking::new(&for_pcre(pattern, place), ignore_case)?;
        Ok(Self { engine: Engine::Backtracking { regex, why } })
    }

    /// Why it is matched by PCRE; none if it is not.
    pub fn why_backtracking(&self) -> Option<&'static str> {
        match self.engine {
            Engine::Linear { .. } => None,
            Engine::Backtracking { why, .. } => Some(why),
        }
    }

    /// Whether the text matches.
    #[inline]
    pub fn matches(&self, text: &[u8]) -> Result<bool, GaveUp> {
        match &self.engine {
            Engine::Linear { dollar: Some(written), .. } if text.ends_with(b"\n") => written.get()?.matches(text),
            Engine::Linear { regex, anchored, .. } => {
                Ok(regex.is_match(Input::new(text).anchored(*anchored).earliest(true)))
            }
            Engine::Backtracking { regex, .. } => regex.matches(text),
        }
    }

    /// Where its groups match, if the text does.
    pub fn captures(&self, text: &[u8], slots: &mut Slots) -> Result<(), GaveUp> {
        match &self.engine {
            Engine::Linear { dollar: Some(written), .. } if text.ends_with(b"\n") => {
                written.get()?.captures(text, slots)
            }
            Engine::Linear { regex, anchored, .. } => {
                regex.search_slots(&Input::new(text).anchored(*anchored), slots);
                Ok(())
            }
            Engine::Backtracking { regex, .. } => regex.captures(text, slots),
        }
    }
}

fn linear(found: &read::Found) -> Result<meta::Regex, &'static str> {
    let config = meta::Regex::config()
        .utf8_empty(false)
        .nfa_size_limit(Some(COMPILED_BYTES))
        .onepass_size_limit(Some(COMPILED_BYTES))
        .hybrid_cache_capacity(CACHE_BYTES);
    let built = meta::Regex::builder().configure(config).build_from_hir(&found.hir);
    built.map_err(|_| "it is too large for the linear engine")
}

fn for_pcre(pattern: &str, place: Place) -> String {
    match place {
        Place::Start => format!("^{pattern}"),
        Place::Anywhere => pattern.to_owned(),
    }
}

#[cfg(test)]
mod tests;
