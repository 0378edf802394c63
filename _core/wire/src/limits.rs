//! Everything that a peer can make grow, its bound, and why the bound stands where it stands.

/// A request or status line, without its CRLF. 8 KiB is what ingress-nginx gave a URI (`large-client-header-buffers`),
/// so no URI that worked there is refused.
pub const REQUEST_LINE_BYTES: usize = 8 * 1024;

/// A whole head. ingress-nginx allowed four buffers of 8 KiB; large cookies and Kerberos tickets need about that.
pub const HEAD_BYTES: usize = 32 * 1024;

/// The field lines of one head. Browsers send about 20 and service meshes about 60; each costs one stored `Field`.
pub const FIELDS: usize = 128;

/// A method's name. The longest registered one (`UPDATEREDIRECTREF`) has 17 bytes.
pub const METHOD_BYTES: usize = 32;

/// The digits of a Content-Length: 2^63-1 has 19, so that no sum of two lengths leaves u64.
pub const LENGTH_DIGITS: usize = 19;

/// The largest length of a body or a chunk: beyond 2^63-1 some peer's signed integer turns negative.
pub const LENGTH_MAX: u64 = i64::MAX as u64;

/// The hexadecimal digits of a chunk size: 16 fill a u64, more would overflow somebody's integer.
pub const CHUNK_SIZE_DIGITS: u8 = 16;

/// The bytes of chunk extensions in one message. They carry nothing that anybody uses, but they can carry a slow attack
/// that sends a kilobyte for each byte of body.
pub const EXTENSION_BYTES: u32 = 1024;

/// The bytes of a trailer section, which are kept until it ends; gRPC and checksums need a few hundred.
pub const TRAILER_BYTES: u32 = 8 * 1024;

/// The field lines of a trailer section, for the same reason.
pub const TRAILER_FIELDS: u8 = 64;

/// A PROXY header of version 1, with its CRLF: what its specification allows.
pub const PROXY_LINE_BYTES: usize = 107;

/// A PROXY header of version 2. The addresses take 36 bytes; the names of a certificate, of a virtual network or of a
/// cloud's endpoint that load balancers add take some hundreds.
pub const PROXY_HEADER_BYTES: usize = 2 * 1024;

/// Informational answers before the final one. One 100 and a few 103 are real; an endless row of them holds a request
/// open for ever.
pub const INFORMATIONAL_RESPONSES: u8 = 16;

/// The options in all Connection fields of one head. Each is compared with every field's name, so their number bounds
/// that product; real heads have two or three.
pub const CONNECTION_OPTIONS: usize = 32;

/// A host name: 253 bytes by DNS, one more for the trailing dot.
pub const HOST_BYTES: usize = 254;

/// The bytes of a head and of what its client has sent ahead behind it that are read before the request is answered. The rest
/// stays with the kernel, which holds the client back.
pub const PIPELINED_BYTES: usize = 64 * 1024;

/// The requests in a row that a client which sends ahead has answered before all others of its worker get their turn. One is
/// under way at a time, so their answers come in order, and a bad one cuts none before it.
pub const PIPELINED_REQUESTS: u32 = 16;

/// What the rest of an unread request body may be for its connection to be kept: reading more costs more than a new
/// connection.
pub const DRAIN_BYTES: u64 = 64 * 1024;

/// The bounds that configuration may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`REQUEST_LINE_BYTES`].
    pub request_line_bytes: usize,
    /// See [`HEAD_BYTES`].
    pub head_bytes: usize,
    /// See [`FIELDS`].
    pub fields: usize,
    /// Are request fields forwarded whose name holds an underscore? ingress-nginx drops them unless
    /// `enable-underscores-in-headers` says otherwise, because servers that map names to variables cannot tell
    /// `x_real_ip` from `x-real-ip`. A twin of a managed name is dropped in any case.
    pub keep_underscores: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request_line_bytes: REQUEST_LINE_BYTES, head_bytes: HEAD_BYTES, fields: FIELDS, keep_underscores: false }
    }
}
