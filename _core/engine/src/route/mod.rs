//! From a path to a route, within one host. Order: exact paths, then regexes in the order of the list, then the longest
//! prefix. The cost of a lookup depends on the path's length and on the host's regexes, never on the number of routes.
//!
//! Knows nothing of hosts, listeners or snapshots, and takes no memory on the request path.

mod action;
mod block;
mod captures;
mod exact;
mod hash;
mod pattern;
mod prefix;
mod regexes;
mod rewrite;
mod shape;
mod table;

#[cfg(test)]
mod model;

pub use action::{Action, Errors, Mirror, Origin, Others, Route, Source};
pub use captures::Captures;
pub use hash::Seed;
pub use pattern::{Judgement, Pattern, Patterns, check_regex};
pub use rewrite::Template;
pub use table::{BadRoute, RouteTable};
