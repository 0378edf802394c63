//! Segments to typed configuration, or an error that carries its path.
//!
//! The control plane sends its configuration as content-addressed segments: the `MessagePack` of one value each, named by
//! the `BLAKE2b` digest of its bytes. This crate turns bytes into values and says exactly what is wrong with those it
//! cannot take. It does no input or output, knows no socket and no thread, and trusts nobody: whatever it accepts is
//! within the bounds of [`limits`] and holds the promises that the types' documentation makes.
#![forbid(unsafe_code)]

mod backend;
mod certificate;
mod connections;
mod digest;
mod external;
mod filters;
mod forwarders;
mod ids;
pub mod limits;
mod listener;
mod log;
mod match_;
mod network;
mod peers;
mod policy;
mod refusal;
mod root;
mod route;
mod secret;
mod segment;
mod text;
mod tree;
mod validate;
mod validate_filters;
mod validate_peers;
pub mod version;

pub use backend::{Backend, BackendShard, Balance, Endpoint};
pub use certificate::{Certificate, CertificateShard};
pub use connections::Connections;
pub use digest::{Digest, NotADigest};
pub use external::{External, Kept, KeptAlive};
pub use filters::{
    Access, Affinity, Blocked, Coding, Compression, Cors, Filters, Header, Limits, Listed, Password, Replacement,
    Throttle,
};
pub use forwarders::Forwarders;
pub use ids::{BackendId, CertificateId, RouteId, SHARDS, shard_of_bytes};
pub use listener::{Listener, ListenerTls, Listeners, Protocol, ProxyHeaders};
pub use log::{AccessLog, CertificatePart, Escape, LOG_VARIABLES, LogVariable, SkipPattern};
pub use match_::PathMatch;
pub use network::Network;
pub use peers::{ClientCertificates, EndpointTls, HostTls, TlsVersion, Verify};
pub use policy::{HttpsRedirect, Policy, RequestBody, Retries, Rewrite, Timeouts};
pub use refusal::Refusal;
pub use root::{HostShard, Root, Shards};
pub use route::{Action, Canary, Errors, Host, Mirror, Route, UpstreamTls};
pub use secret::Secret;
pub use segment::{Kind, Segment, decode, encode};
pub use text::{Part, VARIABLES, Variable, parse_text};
pub use tree::{Known, Lookup, children, missing};
