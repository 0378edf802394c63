//! A certificate and its key, and the shard that lists certificates.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::CertificateId;
use crate::secret::Secret;

/// Both members are PEM (RFC 7468); they are opened by the engine's TLS part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Which certificate this is.
    pub id: CertificateId,
    /// The leaf first, then its issuers.
    #[serde(with = "serde_bytes")]
    pub chain_pem: Vec<u8>,
    /// The leaf's private key.
    pub key_pem: Secret,
}

/// Some of all certificates, sorted by id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateShard {
    /// Which certificate has which digest.
    pub certificates: Vec<(CertificateId, Digest)>,
}
