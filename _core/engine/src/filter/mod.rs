//! What refuses a request, and what changes it or its answer: the filters of one policy, ready for use.
//!
//! A route without filters has none of this. Which filter comes before which stands in `proxy/order.rs`.

mod access;
mod affinity;
mod asked;
mod blocked;
mod browser;
mod canary;
mod compression;
mod cors;
mod edits;
mod external;
mod hashes;
mod limit;
mod memory;
mod password;
mod text;
mod weight;

use std::sync::Arc;

use sallygate_image as image;
use sallygate_wire::fault::Fault;
use sallygate_wire::field::Name;
use sallygate_wire::write::HeadWriter;

pub use access::Word;
pub use affinity::{Affinity, Held, backend_number};
pub use asked::{Asked, Names};
pub use blocked::{Blocked, Lists};
pub use canary::{Canary, choose};
pub use compression::{Answer, Coded, Coding, Compression, Fitting};
pub use edits::{Answers, Headers};
pub use external::{Answered, Digest, External};
pub use limit::{Buckets, Limits, Seed as ZoneSeed, UnderWay};
pub use memory::Memory;
pub use password::{Checked, Checkers, Claim, Password, Remembered};
pub use sallygate_image::Throttle as Pacing;
pub use text::Text;
pub use weight::weight;

use access::Access;
use cors::Cors;

use crate::balance::BackendKeys;

/// All filters of a policy.
pub struct Filters {
    /// User agents and referring pages that nobody is served with. Shared by all policies that have the same lists.
    pub blocked: Option<Arc<Blocked>>,
    /// Cross-origin requests.
    pub cors: Option<Cors>,
    /// Limits per client address.
    pub limits: Option<Limits>,
    /// Client addresses.
    pub access: Option<Access>,
    /// Names and passwords.
    pub password: Option<Password>,
    /// A service that is asked.
    pub external: Option<External>,
    /// Is one of address, password and that service's word enough?
    pub satisfy_any: bool,
    /// What the upstream is told.
    request: RequestEdits,
    /// Headers that the client gets in place of the upstream's.
    response: Headers,
    /// What becomes of the upstream's other headers.
    answers: Answers,
    /// Keeps clients on their endpoints.
    pub affinity: Option<Affinity>,
    /// Requests that agree in it go to one endpoint.
    pub hash_by: Option<Text>,
    /// To one of so many endpoints instead, if it is not 0.
    pub hash_subset: u32,
    /// How fast answers go to their clients.
    pub pacing: Option<Pacing>,
    /// Which answers are compressed.
    pub compression: Option<Compression>,
    /// Are requests in the access log?
    pub logged: bool,
}

/// What the upstream is told in other words than the client's.
pub struct RequestEdits {
    /// The Host.
    pub host: Option<Text>,
    /// The X-Forwarded-Prefix.
    pub prefix: Option<Text>,
    /// Headers to set.
    pub headers: Headers,
    /// The password was for the gateway, so the upstream does not get it.
    pub drops_authorization: bool,
    /// Headers that only the service that is asked may say, whether it says them or not.
    told: Box<[Box<str>]>,
    /// Is a request without an id given one?
    pub makes_ids: bool,
    /// The Connection that it gets whatever the exchange asks for; no protocol is switched then.
    pub connection: Option<&'static str>,
}

impl RequestEdits {
    /// Those of a copy: a Host of its own, and a connection that ends with the answer. What is not for the backend is not
    /// for whoever gets the copy.
    pub fn of_copy(host: &str, own: Option<&Self>) -> Result<Self, String> {
        Ok(Self {
            host: Text::new(host)?,
            prefix: None,
            headers: Headers::new(&[])?,
            drops_authorization: own.is_some_and(|own| own.drops_authorization),
            told: own.map(|own| own.told.clone()).unwrap_or_default(),
            makes_ids: own.is_none_or(|own| own.makes_ids),
            connection: Some("close"),
        })
    }

    /// Does the upstream get what every route's gets?
    pub fn is_empty(&self) -> bool {
        // Taken apart, so that whoever adds an edit is asked about it here.
        let Self { host, prefix, headers, drops_authorization, told, makes_ids, connection } = self;
        let same = *makes_ids && host.is_none() && prefix.is_none() && headers.is_empty() && connection.is_none();
        same && !drops_authorization && told.is_empty()
    }

    /// Appends the field lines that the upstream gets by these edits.
    pub fn write(&self, asked: &Asked<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut writer = HeadWriter::new(out);
        let mut value = Vec::new();
        for (name, text) in [(&b"Host"[..], &self.host), (b"X-Forwarded-Prefix", &self.prefix)] {
            if let Some(text) = text {
                value.clear();
                text.expand(asked, &mut value);
                writer.field(name, &value)?;
            }
        }
        self.headers.fill(asked, |name, value| writer.field(name, value))
    }

    /// Is a header of this name written by these edits, so that nobody else may?
    pub fn replaces(&self, id: Name, name: &[u8]) -> bool {
        match id {
            Name::Host => self.host.is_some(),
            Name::XForwardedPrefix if self.prefix.is_some() => true,
            Name::Authorization if self.drops_authorization => true,
            _ => self.headers.name(name) || self.told.iter().any(|told| edits::is_twin(told.as_bytes(), name)),
        }
    }
}

impl Filters {
    /// What the upstream is told in other words, if anything is.
    pub fn request(&self) -> Option<&RequestEdits> {
        Some(&self.request).filter(|edits| !edits.is_empty())
    }

    /// The id of a request as texts have it: nothing where it brings none and none is made.
    pub fn id<'a>(&self, id: &'a [u8], sent: bool) -> &'a [u8] {
        if sent || self.request.makes_ids { id } else { b"" }
    }

    /// What becomes of the answer's fields, if they do not go through as they are.
    pub fn answers(&self) -> Option<&Answers> {
        Some(&self.answers).filter(|answers| !answers.is_empty())
    }

    /// Makes the filters ready. They have been validated, so hardly anything is left to be wrong.
    pub fn new(
        filters: &image::Filters,
        zones: &ZoneSeed,
        keys: &BackendKeys,
        blocked: Option<Arc<Blocked>>,
    ) -> Result<Self, String> {
        let set = filters.response_headers.iter().map(|header| header.name.clone());
        let cors = if filters.cors.is_some() { cors::ANSWERS } else { &[] };
        let hidden = filters.hidden_headers.iter().cloned().chain(set).chain(cors.iter().map(ToString::to_string));
        let external = filters.external.as_ref().map(|external| External::new(external, keys)).transpose()?;
        let told = filters.external.as_ref().map_or(&[][..], |external| &external.response_headers);
        // What the service says counts before what is set for every request.
        let own = |header: &&image::Header| !told.iter().any(|name| name.eq_ignore_ascii_case(&header.name));
        let headers: Vec<_> = filters.request_headers.iter().filter(own).cloned().collect();
        Ok(Self {
            blocked,
            cors: filters.cors.as_ref().map(Cors::new),
            limits: filters.limits.as_ref().map(|limits| Limits::new(limits, zones)).transpose()?,
            access: filters.access.as_ref().map(Access::new).transpose()?,
            password: filters.password.as_ref().map(Password::new),
            external,
            satisfy_any: filters.satisfy_any,
            request: RequestEdits {
                host: Text::new(&filters.host)?,
                prefix: Text::new(&filters.forwarded_prefix)?,
                headers: Headers::new(&headers)?,
                drops_authorization: filters.password.is_some(),
                told: told.iter().map(|name| name.as_str().into()).collect(),
                makes_ids: filters.makes_ids,
                connection: match &*filters.connection {
                    "close" => Some("close"),
                    "keep-alive" => Some("keep-alive"),
                    _ => None,
                },
            },
            response: Headers::new(&filters.response_headers)?,
            answers: Answers::new(filters, hidden),
            affinity: filters.affinity.as_ref().map(Affinity::new),
            hash_by: Text::new(&filters.hash_by)?,
            hash_subset: filters.hash_subset,
            pacing: filters.throttle,
            compression: filters.compression.as_deref().map(Compression::new).transpose()?,
            logged: filters.logged,
        })
    }

    /// Appends the field lines that every answer to this request has.
    pub fn write_answer(&self, asked: &Asked<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        if let Some(cors) = &self.cors {
            cors.write(asked, out)?;
        }
        if self.response.is_empty() {
            return Ok(());
        }
        let mut writer = HeadWriter::new(out);
        self.response.fill(asked, |name, value| writer.field(name, value))
    }
}
