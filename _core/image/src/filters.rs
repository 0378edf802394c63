//! The filters of a policy: what refuses a request, and what changes it or its answer.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::external::External;
use crate::secret::Secret;

/// Which client addresses are served. `deny` is looked at first; an empty `allow` is everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Networks in CIDR notation.
    #[serde(skip_serializing_if = "is_default")]
    pub allow: Vec<String>,
    /// Networks in CIDR notation.
    #[serde(skip_serializing_if = "is_default")]
    pub deny: Vec<String>,
}

/// Values of a header. An empty text is the absence of it, too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listed {
    /// Whole values, in any case.
    #[serde(skip_serializing_if = "is_default")]
    pub texts: Vec<String>,
    /// Expressions that are found in them.
    #[serde(skip_serializing_if = "is_default")]
    pub patterns: Vec<String>,
    /// Expressions for which case does not count.
    #[serde(skip_serializing_if = "is_default")]
    pub patterns_in_any_case: Vec<String>,
}

/// Who is not served, whatever the route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Blocked {
    /// By User-Agent.
    #[serde(skip_serializing_if = "is_default")]
    pub user_agents: Listed,
    /// By Referer.
    #[serde(skip_serializing_if = "is_default")]
    pub referers: Listed,
}

/// Cross-origin requests: answers to preflights, and headers of every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// `*`, `null` or `scheme://host[:port]`, whose host may begin with `*.`.
    pub origins: Vec<String>,
    /// Access-Control-Allow-Methods.
    pub methods: String,
    /// Access-Control-Allow-Headers.
    pub headers: String,
    /// Access-Control-Expose-Headers; empty is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expose: String,
    /// Whether Access-Control-Allow-Credentials is sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub credentials: bool,
    /// Access-Control-Max-Age in seconds.
    pub max_age_s: u32,
}

/// How often and how much at a time one client may ask, known by its address or by a text. Zero is without limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests are counted together under this name.
    pub zone: String,
    /// Requests per second.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per_second: u32,
    /// Requests per minute.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per_minute: u32,
    /// Each of the two may be exceeded by so many times itself for a moment.
    #[serde(default, skip_serializing_if = "is_default")]
    pub burst: u32,
    /// Requests at a time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub connections: u32,
    /// Networks in CIDR notation that none of it applies to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exempt: Vec<String>,
    /// A text with variables: requests that agree in it are counted together, and those for which it is empty are not.
    /// Empty itself, it is the client's address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: String,
    /// The answer to a request too many per time.
    pub rate_status: u16,
    /// The answer to a request too many at a time.
    pub connections_status: u16,
}

/// Ask for a name and a password (RFC 7617).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// Shown to people.
    pub realm: String,
    /// Lines of `name:hash`.
    pub users: Secret,
}

/// Keep a client on one endpoint by a cookie. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is one word of a manifest")]
pub struct Affinity {
    /// Its name.
    pub cookie: String,
    /// Its Path.
    pub path: String,
    /// Its Domain; empty is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub domain: String,
    /// How far ahead its Expires is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires_s: Option<i64>,
    /// Its Max-Age.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_age_s: Option<i64>,
    /// Whether it is Secure on plain HTTP, too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secure: bool,
    /// Its `SameSite`; empty is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub same_site: String,
    /// Whether clients stay for as long as their endpoint is there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub persistent: bool,
    /// Whether it also keeps clients on the canary, or on the primary.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sticky: bool,
    /// Whether `SameSite=None` is left out for browsers that mistake it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub same_site_by_browser: bool,
    /// Whether a client whose endpoint fails is led to another one from then on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub moves_on_failure: bool,
}

/// How fast an answer goes to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Bytes per second.
    pub bytes_per_second: u64,
    /// Bytes that go before, as fast as they can.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after_bytes: u64,
}

/// How hard a coding tries, and which answers it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coding {
    /// 1 to 9 with gzip, 0 to `limits::BROTLI_LEVEL` with Brotli.
    pub level: u8,
    /// Answers that say to be shorter are left as they are.
    pub min_length: u64,
    /// Content types in lower case; `*` is every one.
    pub types: Vec<String>,
}

/// Answers are compressed for clients that take it; for those that take both, with Brotli.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Compression {
    /// With gzip.
    #[serde(skip_serializing_if = "is_default")]
    pub gzip: Option<Coding>,
    /// With Brotli.
    #[serde(skip_serializing_if = "is_default")]
    pub brotli: Option<Coding>,
    /// An expression for User-Agent, whatever its case, of clients that get no gzip; empty is nobody.
    #[serde(skip_serializing_if = "is_default")]
    pub no_gzip_for: String,
}

/// A header to set. An empty value takes the header away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// A text with variables.
    pub value: String,
}

/// One text in place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// What is looked for.
    pub from: String,
    /// What takes its place.
    pub to: String,
}

/// All of them. What is absent is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is asked for or not")]
pub struct Filters {
    /// Who is not served.
    #[serde(skip_serializing_if = "is_default")]
    pub blocked: Option<Blocked>,
    /// Cross-origin requests.
    #[serde(skip_serializing_if = "is_default")]
    pub cors: Option<Cors>,
    /// Limits per client address.
    #[serde(skip_serializing_if = "is_default")]
    pub limits: Option<Limits>,
    /// Client addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub access: Option<Access>,
    /// Names and passwords.
    #[serde(skip_serializing_if = "is_default")]
    pub password: Option<Password>,
    /// A service that is asked.
    #[serde(skip_serializing_if = "is_default")]
    pub external: Option<External>,
    /// Whether one of address, password and that service's word is enough.
    #[serde(skip_serializing_if = "is_default")]
    pub satisfy_any: bool,
    /// The Host that the upstream gets, a text with variables; empty is the client's.
    #[serde(skip_serializing_if = "is_default")]
    pub host: String,
    /// The X-Forwarded-Prefix that the upstream gets; empty is none.
    #[serde(skip_serializing_if = "is_default")]
    pub forwarded_prefix: String,
    /// Headers that the upstream gets.
    #[serde(skip_serializing_if = "is_default")]
    pub request_headers: Vec<Header>,
    /// Headers that the client gets, in place of the upstream's.
    #[serde(skip_serializing_if = "is_default")]
    pub response_headers: Vec<Header>,
    /// Headers of the upstream that the client does not get.
    #[serde(skip_serializing_if = "is_default")]
    pub hidden_headers: Vec<String>,
    /// The start of Location and of the URL in Refresh.
    #[serde(skip_serializing_if = "is_default")]
    pub location: Option<Replacement>,
    /// The Domain of Set-Cookie.
    #[serde(skip_serializing_if = "is_default")]
    pub cookie_domain: Option<Replacement>,
    /// The start of the Path of Set-Cookie.
    #[serde(skip_serializing_if = "is_default")]
    pub cookie_path: Option<Replacement>,
    /// Keeps clients on their endpoints.
    #[serde(skip_serializing_if = "is_default")]
    pub affinity: Option<Affinity>,
    /// A text with variables; requests that agree in it go to one endpoint. Empty is none.
    #[serde(skip_serializing_if = "is_default")]
    pub hash_by: String,
    /// To one of so many endpoints instead; 0 is to one.
    #[serde(skip_serializing_if = "is_default")]
    pub hash_subset: u32,
    /// The Connection that the upstream gets, `close` or `keep-alive`; empty is what the exchange asks for.
    #[serde(skip_serializing_if = "is_default")]
    pub connection: String,
    /// How fast answers go to their clients.
    #[serde(skip_serializing_if = "is_default")]
    pub throttle: Option<Throttle>,
    /// Which answers are compressed.
    #[serde(skip_serializing_if = "is_default")]
    pub compression: Option<Box<Compression>>,
    /// Whether requests are in the access log.
    #[serde(skip_serializing_if = "is_true")]
    pub logged: bool,
    /// Whether the upstream gets an X-Request-ID that is made for it where the client has sent none.
    #[serde(skip_serializing_if = "is_true")]
    pub makes_ids: bool,
    /// Whether the client gets the upstream's Server.
    #[serde(skip_serializing_if = "is_default")]
    pub server: bool,
}

impl Default for Filters {
    fn default() -> Self {
        Self {
            blocked: None,
            cors: None,
            limits: None,
            access: None,
            password: None,
            external: None,
            satisfy_any: false,
            host: String::new(),
            forwarded_prefix: String::new(),
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            hidden_headers: Vec::new(),
            location: None,
            cookie_domain: None,
            cookie_path: None,
            affinity: None,
            hash_by: String::new(),
            hash_subset: 0,
            connection: String::new(),
            throttle: None,
            compression: None,
            logged: true,
            makes_ids: true,
            server: false,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(value: &bool) -> bool {
    *value
}
