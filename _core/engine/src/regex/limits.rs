//! Bounds of regular expressions. Whoever writes one may be wrong about what it costs, and whoever sends a request may
//! know better.

/// The largest compiled form of one expression. `(/[a-z0-9-]{1,63}){1,8}` fits; nested counts of thousands do not.
pub const COMPILED_BYTES: usize = 1 << 20;

/// What a worker may keep per expression of the linear engine to go faster the next time; it is emptied when it is full.
pub const CACHE_BYTES: usize = 256 << 10;

/// How deep groups may be nested, which bounds the stack that compiling takes.
pub const NESTING: u32 = 100;

/// How often PCRE may go back and try again in one match: a few milliseconds of a worker. PCRE's own default is a hundred
/// times as much, in which time one request would keep all others of its worker waiting.
pub const MATCH_STEPS: u32 = 100_000;

/// How deep what PCRE may go back to is nested.
pub const MATCH_DEPTH: u32 = 10_000;

/// What PCRE may remember in one match to go back to, in KiB. A worker keeps as much for the next one.
pub const MATCH_KIBIBYTES: u32 = 1_024;
