//! Stable identities, and the shard that each belongs to. On the wire an id is an array, never a joined string.

use serde::{Deserialize, Serialize};

/// How many shards a table is split into.
pub const SHARDS: usize = 256;

/// The shard of a host key, or of the encoded form of an id.
pub fn shard_of_bytes(bytes: &[u8]) -> u8 {
    // The lowest byte of the little-endian form is `crc & 255`.
    let [lowest, ..] = crc32fast::hash(bytes).to_le_bytes();
    lowest
}

/// One port of one Service as a route names it: the port's number or name, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(String, String, String)", into = "(String, String, String)")]
pub struct BackendId {
    /// The Service's namespace.
    pub namespace: String,
    /// The Service's name.
    pub service: String,
    /// The port's number or name.
    pub port: String,
}

/// A `kubernetes.io/tls` Secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(String, String)", into = "(String, String)")]
pub struct CertificateId {
    /// The Secret's namespace.
    pub namespace: String,
    /// The Secret's name.
    pub name: String,
}

/// Where a route was written: an object, and the rule and path in it, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(String, String, String, u32, u32)", into = "(String, String, String, u32, u32)")]
pub struct RouteId {
    /// The object's kind.
    pub kind: String,
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The rule in the object.
    pub rule: u32,
    /// The path in the rule.
    pub path: u32,
}

impl BackendId {
    /// The shard that holds this backend.
    pub fn shard(&self) -> u8 {
        shard_of_texts(&[&self.namespace, &self.service, &self.port])
    }
}

impl CertificateId {
    /// The shard that holds this certificate.
    pub fn shard(&self) -> u8 {
        shard_of_texts(&[&self.namespace, &self.name])
    }
}

/// The shard of an id that is an array of texts: of its `MessagePack` form.
fn shard_of_texts(texts: &[&str]) -> u8 {
    // Encoding texts into memory has no way to fail; an id that could not be encoded would belong to no shard's list.
    rmp_serde::to_vec(texts).map_or(0, |bytes| shard_of_bytes(&bytes))
}

impl From<(String, String, String)> for BackendId {
    fn from((namespace, service, port): (String, String, String)) -> Self {
        Self { namespace, service, port }
    }
}

impl From<BackendId> for (String, String, String) {
    fn from(id: BackendId) -> Self {
        (id.namespace, id.service, id.port)
    }
}

impl From<(String, String)> for CertificateId {
    fn from((namespace, name): (String, String)) -> Self {
        Self { namespace, name }
    }
}

impl From<CertificateId> for (String, String) {
    fn from(id: CertificateId) -> Self {
        (id.namespace, id.name)
    }
}

impl From<(String, String, String, u32, u32)> for RouteId {
    fn from((kind, namespace, name, rule, path): (String, String, String, u32, u32)) -> Self {
        Self { kind, namespace, name, rule, path }
    }
}

impl From<RouteId> for (String, String, String, u32, u32) {
    fn from(id: RouteId) -> Self {
        (id.kind, id.namespace, id.name, id.rule, id.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_agree_with_zlib() {
        // python3 -c "import zlib; print(zlib.crc32(b'shop.example') & 255)"
        assert_eq!(shard_of_bytes(b"shop.example"), 187);
        // python3 -c "import zlib, msgspec; print(zlib.crc32(msgspec.msgpack.encode(['default', 'shop', '80'])) & 255)"
        let id = BackendId { namespace: "default".into(), service: "shop".into(), port: "80".into() };
        assert_eq!(id.shard(), 72);
    }
}
