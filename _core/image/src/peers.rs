//! TLS beyond one certificate: what a host asks of its clients, and what a route asks of its endpoints.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::secret::Secret;

/// Whether a client must show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// One from the authorities.
    #[default]
    On,
    /// None is asked for.
    Off,
    /// One from the authorities, or none.
    Optional,
    /// Any, or none; the upstream is told whether it is from the authorities.
    OptionalNoCa,
}

/// What a host asks of its clients' certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificates {
    /// The authorities, PEM.
    #[serde(with = "serde_bytes")]
    pub ca_pem: Vec<u8>,
    /// What they have revoked, PEM; empty: nothing is asked about it.
    #[serde(default, with = "serde_bytes", skip_serializing_if = "is_default")]
    pub crl_pem: Vec<u8>,
    /// Whether one must be shown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub verify: Verify,
    /// How many certificates may stand between a client's and an authority.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub depth: u32,
    /// An absolute URL where those are sent that have no good certificate; empty is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub error_page: String,
    /// Whether the upstream gets the certificate itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub passes: bool,
    /// An expression that is found somewhere in the subject; empty is any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub subject: String,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(value: &u32) -> bool {
    *value == one()
}

/// How TLS is spoken with the clients of one host, where that is not as with all others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostTls {
    /// Certificates of clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<ClientCertificates>,
    /// The suites of TLS 1.2, as OpenSSL lists them; empty: the listener's.
    #[serde(skip_serializing_if = "is_default")]
    pub ciphers: String,
    /// Whether the client's order of suites counts; None: as the listener has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_order: Option<bool>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
    /// 1.2.
    #[serde(rename = "1.2")]
    V12,
    /// 1.3.
    #[serde(rename = "1.3")]
    V13,
}

/// How TLS is spoken with endpoints, where that is more than taking whatever they show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointTls {
    /// Whether their certificate must be from the authorities, and for `name`.
    #[serde(skip_serializing_if = "is_default")]
    pub verify: bool,
    /// How many certificates may stand between theirs and an authority.
    #[serde(skip_serializing_if = "is_one")]
    pub depth: u32,
    /// The name that they are verified by; empty is none, which none has.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// Whether they are told the name (SNI).
    #[serde(skip_serializing_if = "is_default")]
    pub tells_name: bool,
    /// The oldest version.
    #[serde(skip_serializing_if = "is_oldest")]
    pub oldest: TlsVersion,
    /// The newest version.
    #[serde(skip_serializing_if = "is_newest")]
    pub newest: TlsVersion,
    /// The suites of TLS 1.2, as OpenSSL lists them; empty: its own.
    #[serde(skip_serializing_if = "is_default")]
    pub ciphers: String,
    /// The authorities, PEM; empty is none.
    #[serde(with = "serde_bytes", skip_serializing_if = "is_default")]
    pub ca_pem: Vec<u8>,
    /// The certificate to show them, leaf first, PEM; empty is none.
    #[serde(with = "serde_bytes", skip_serializing_if = "is_default")]
    pub chain_pem: Vec<u8>,
    /// Its key.
    #[serde(skip_serializing_if = "is_empty")]
    pub key_pem: Secret,
}

impl Default for EndpointTls {
    fn default() -> Self {
        Self {
            verify: false,
            depth: one(),
            name: String::new(),
            tells_name: false,
            oldest: TlsVersion::V12,
            newest: TlsVersion::V13,
            ciphers: String::new(),
            ca_pem: Vec::new(),
            chain_pem: Vec::new(),
            key_pem: Secret::new(Vec::new()),
        }
    }
}

fn is_empty(secret: &Secret) -> bool {
    secret.expose().is_empty()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_oldest(version: &TlsVersion) -> bool {
    *version == TlsVersion::V12
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_newest(version: &TlsVersion) -> bool {
    *version == TlsVersion::V13
}
