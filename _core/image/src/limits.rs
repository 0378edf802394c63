//! The bounds of what is accepted, each with the reason it is there.
//!
//! They are far above any sane configuration. What goes beyond them is refused by name instead of being cut or served.

/// A segment is read into memory as a whole; a host of 100,000 routes takes about 30 MB.
pub const SEGMENT_BYTES: usize = 64 << 20;

/// Route numbers are 32 bits wide, and building one host's table must stay well below a second.
pub const ROUTES_PER_HOST: usize = 100_000;

/// A regular expression is compiled and its text is shown to people; nothing useful is longer.
pub const PATTERN_BYTES: usize = 4 << 10;

/// Paths longer than this never arrive: the request line is limited too.
pub const PATH_BYTES: usize = 8 << 10;

/// The value of a header that we add must fit many times over into a response head.
pub const HEADER_VALUE_BYTES: usize = 4 << 10;

/// An expression for hosts, which are at most 253 bytes long themselves; it is part of a key, and keys are kept short.
pub const HOST_PATTERN_BYTES: usize = 256;

/// Endpoints of a backend are chosen by index in one contiguous list that is rebuilt on each change.
pub const ENDPOINTS_PER_BACKEND: usize = 10_000;

/// Entries of one of 256 shards: allows for 25 million hosts, and bounds what one shard can make us allocate.
pub const ENTRIES_PER_SHARD: usize = 100_000;

/// Each listener is a socket per worker.
pub const LISTENERS: usize = 64;

/// The shortest limit of a request's head: below it the simplest browser is refused.
pub const LEAST_HEAD_BYTES: u32 = 1 << 10;

/// The head of a request that may be asked for: a worker reads it into one buffer of 64 KiB.
pub const HEAD_BYTES: u32 = 60 << 10;

/// The networks of proxies before us. Each address that they name is compared with all of them in turn; the largest content
/// networks publish a few hundred.
pub const FORWARDER_NETWORKS: usize = 1_024;

/// Each table costs 256 pointers per snapshot, used or not.
pub const TABLES: usize = 64;

/// The longest host name (RFC 1035 section 2.3.4), in its textual form.
pub const HOST_BYTES: usize = 253;

/// The longest label of a host name (RFC 1035 section 2.3.4).
pub const LABEL_BYTES: usize = 63;

/// Names of namespaces, objects and ports are at most 253 bytes in Kubernetes; ours leave room for other sources.
pub const NAME_BYTES: usize = 1 << 10;

/// PEM of a chain or a key: about a hundred certificates. TLS libraries slow down far before.
pub const PEM_BYTES: usize = 256 << 10;

/// Lists of revoked certificates, PEM: some ten thousand entries. Each handshake with a certificate searches them.
pub const CRL_BYTES: usize = 1 << 20;

/// Certificates between a leaf and its authority; chains of more than three hardly exist.
pub const CHAIN_DEPTH: u32 = 100;

/// A list of cipher suites: all that OpenSSL knows, by name, several times over.
pub const CIPHERS_BYTES: usize = 4 << 10;

/// A week: a ticket is as good as a handshake, so none is good for ever (RFC 8446 section 4.6.1).
pub const SESSION_SECONDS: u32 = 7 * 24 * 60 * 60;

/// One year. Timers are driven by a wheel that covers about two.
pub const TIMEOUT_MS: u64 = 365 * 24 * 60 * 60 * 1000;

/// What one request body may keep of memory while it is taken in: beyond it the disk is as good, and a few hundred
/// clients must not be able to fill a machine.
pub const BODY_MEMORY_BYTES: u64 = 64 << 20;

/// Statuses that let a request be tried again: there are seven in ingress-nginx, and each answer is compared with all.
pub const RETRY_STATUSES: usize = 32;

/// Attempts per request: more than this never helps, and each one is written to the access log.
pub const TRIES: u32 = 100;

/// Networks of one list: each request is compared with all of them.
pub const NETWORKS: usize = 10_000;

/// Origins of one list: each request of a browser is compared with all of them.
pub const ORIGINS: usize = 1_000;

/// Headers that a route sets or hides: they must fit into a head, beside those of the peer.
pub const HEADERS: usize = 100;

/// Values of a header that nobody is served with: each request is compared with all of them.
pub const LISTED: usize = 1_000;

/// Expressions among them: each request is searched for all of them.
pub const LISTED_PATTERNS: usize = 100;

/// Lines of names and password hashes: about ten thousand users.
pub const USERS_BYTES: usize = 1 << 20;

/// A century: browsers keep cookies for about a year at the most.
pub const COOKIE_SECONDS: i64 = 100 * 365 * 24 * 60 * 60;

/// Canaries of one route: each request may be compared with all of them.
pub const CANARIES: usize = 32;

/// The largest total that a canary's weight is a share of, and the largest limit and burst of requests: sums and
/// products of them stay far from overflow.
pub const COUNT: u32 = 1_000_000;

/// Headers of the answer of a service that is asked about a request: they are looked for one by one.
pub const COPIED_HEADERS: usize = 100;

/// Durations for which its answers are remembered: each answer is compared with all of them.
pub const KEPT: usize = 32;

/// Of rates and sizes by which answers are held back: a pebibyte, which no sum of a few overflows.
pub const THROTTLE_BYTES: u64 = 1 << 50;

/// How hard Brotli may try. A step more takes three times the memory, two more six times, for a hundredth of the size; from
/// 9 on it is 33 MB for each answer, and 10 keeps a worker from its other clients for tens of milliseconds at a time.
pub const BROTLI_LEVEL: u8 = 6;

/// Content types that are compressed: each answer's is compared with all of them.
pub const CONTENT_TYPES: usize = 200;

/// The form of a log line: with every value at its shortest, a line must fit into a record.
pub const LOG_FORMAT_BYTES: usize = 4_096;

/// Targets and expressions of requests that are not logged: each request is compared with all of them.
pub const LOG_SKIPS: usize = 100;
