//! All routes of one host.

use sallygate_image::PathMatch;

use super::action::Route;
use super::block::BlockBuilder;
use super::exact::ExactIndex;
use super::hash::Seed;
use super::pattern::Patterns;
use super::prefix::PrefixIndex;
use super::regexes::Regexes;
use crate::regex::GaveUp;

/// A route that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRoute {
    /// Its place in the list.
    pub index: usize,
    /// What is wrong with its regex.
    pub reason: String,
}

/// The routes, and three indexes into them. The texts of the indexes are not in here but in a block that whoever keeps the
/// table puts next to it: together they are what a lookup has to fetch from memory.
// In this order, so that what every lookup reads lies side by side.
#[repr(C)]
pub struct RouteTable {
    exact: ExactIndex,
    prefixes: PrefixIndex,
    seed: Seed,
    regexes: Regexes,
    routes: Box<[Route]>,
}

impl RouteTable {
    /// Build the table, and its block, which begins with `start`. `matches` and `routes` belong together one by one.
    pub fn new(
        start: &[u8],
        matches: &[PathMatch],
        mut routes: Vec<Route>,
        seed: Seed,
        patterns: &mut Patterns,
    ) -> Result<(Self, Vec<u8>), BadRoute> {
        let mut regexes = Vec::new();
        for (index, (match_, route)) in matches.iter().zip(&mut routes).enumerate() {
            if let PathMatch::Regex { pattern, ignore_case } = match_ {
                let bad = |reason| BadRoute { index, reason };
                let number = u32::try_from(index).map_err(|_| bad("there are too many routes".into()))?;
                let compiled = patterns.get(pattern, *ignore_case).map_err(bad)?;
                route.pattern = Some(compiled.clone());
                regexes.push((compiled, number));
            }
        }
        let numbered = || matches.iter().zip(0_u32..);
        let exact = numbered().filter_map(|(match_, number)| match match_ {
            PathMatch::Exact { path } => Some((path.as_str(), number)),
            _ => None,
        });
        let prefixes = numbered().filter_map(|(match_, number)| match match_ {
            PathMatch::Prefix { path } => Some((path.as_str(), number)),
            _ => None,
        });
        let mut builder = BlockBuilder::after(start);
        let this = Self {
            exact: ExactIndex::new(&mut builder, exact, seed),
            prefixes: PrefixIndex::new(&mut builder, prefixes, seed),
            seed,
            regexes: Regexes::new(regexes),
            routes: routes.into(),
        };
        Ok((this, builder.finish()))
    }

    /// The route of a path in normal form. `block` is what `new` gave beside the table.
    #[inline]
    pub fn lookup(&self, block: &[u8], path: &[u8]) -> Result<Option<&Route>, GaveUp> {
        let found = match self.exact.find(block, path, self.seed) {
            Some(found) => Some(found),
            None => match self.regexes.find(path)? {
                Some(found) => Some(found),
                None => self.prefixes.find(block, path, self.seed),
            },
        };
        Ok(found.and_then(|found| self.routes.get(found as usize)))
    }

    /// All routes, in the order of the list.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// All routes, before anybody else sees them.
    pub(crate) fn routes_mut(&mut self) -> &mut [Route] {
        &mut self.routes
    }
}
