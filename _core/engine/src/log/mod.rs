//! The form of the access log, where the gateway's options ask for one of their own.
//!
//! A snapshot has a [`Plan`]; a request that is judged under it fills in a [`Line`], which is rendered at its end. Must
//! not know connections, routes or the ring that lines leave by.

mod client;
mod escape;
mod line;
mod time;

use std::sync::Arc;

use sallygate_image::{AccessLog, Escape, LogVariable};

use crate::regex::{Place, Regex};

pub use client::Client;
pub use line::{Ending, Line, Tls};

/// A part of a line.
#[derive(Debug)]
enum Piece {
    Text(Box<[u8]>),
    Variable(LogVariable),
}

/// The form of a line, ready to be filled in.
#[derive(Debug)]
pub struct Form {
    pieces: Box<[Piece]>,
    escape: Escape,
}

/// The access log as one snapshot has it.
pub struct Plan {
    /// None: records go out as they are, and their reader writes the line.
    pub form: Option<Arc<Form>>,
    /// Are requests for hosts that nobody serves in it?
    pub unrouted: bool,
    /// Is anything in it that no route speaks for?
    pub enabled: bool,
    skip: Box<[Box<[u8]>]>,
    patterns: Box<[Regex]>,
}

impl Plan {
    /// The plan, or which expression cannot be compiled and why.
    pub fn new(log: &AccessLog) -> Result<Self, String> {
        let compiled = |skip: &sallygate_image::SkipPattern| {
            Regex::new(&skip.pattern, skip.ignore_case, Place::Anywhere)
                .map_err(|why| format!("{:?}: {why}", skip.pattern))
        };
        Ok(Self {
            form: (!log.format.is_empty()).then(|| Arc::new(Form::new(&log.format, log.escape))),
            unrouted: log.unrouted,
            enabled: log.enabled,
            skip: log.skip.iter().map(|target| target.as_bytes().into()).collect(),
            patterns: log.skip_patterns.iter().map(compiled).collect::<Result<_, _>>()?,
        })
    }

    /// Is a request for this target kept out? One that an expression gives up on is not.
    #[inline]
    pub fn skips(&self, target: &[u8]) -> bool {
        if self.skip.is_empty() && self.patterns.is_empty() {
            return false;
        }
        self.skip.iter().any(|one| one.eq_ignore_ascii_case(target))
            || self.patterns.iter().any(|pattern| pattern.matches(target) == Ok(true))
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self { form: None, unrouted: true, enabled: true, skip: Box::default(), patterns: Box::default() }
    }
}

impl Form {
    /// Of texts and names of variables in turn.
    fn new(parts: &[String], escape: Escape) -> Self {
        let piece = |(index, part): (usize, &String)| {
            if index % 2 == 0 {
                return Piece::Text(part.as_bytes().into());
            }
            match LogVariable::of(part) {
                // It is the same for every line.
                LogVariable::Hostname => Piece::Text(hostname().into()),
                variable => Piece::Variable(variable),
            }
        };
        Self { pieces: parts.iter().enumerate().map(piece).collect(), escape }
    }
}

/// In lower case, as nginx has it.
fn hostname() -> Vec<u8> {
    rustix::system::uname().nodename().to_bytes().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use sallygate_image::SkipPattern;

    use super::*;

    #[test]
    fn targets_are_skipped_as_an_nginx_map_has_them() {
        let pattern = |pattern: &str, ignore_case| SkipPattern { pattern: pattern.into(), ignore_case };
        let log = AccessLog {
            skip: vec!["/health".into()],
            skip_patterns: vec![pattern("^/Live", false), pattern("\\.PNG$", true)],
            ..AccessLog::default()
        };
        let plan = Plan::new(&log).unwrap();
        for (target, skipped) in [
            ("/health", true),
            ("/HEALTH", true),
            ("/health?x", false),
            ("/Live/1", true),
            ("/live/1", false),
            ("/a.png", true),
            ("/a.png?", false),
        ] {
            assert_eq!(plan.skips(target.as_bytes()), skipped, "{target}");
        }
        assert!(!Plan::default().skips(b"/health"));
        let bad = AccessLog { skip_patterns: vec![pattern("(", false)], ..AccessLog::default() };
        assert!(Plan::new(&bad).is_err());
    }
}
