//! The root of a configuration, and the shards of a host table.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{CertificateId, SHARDS};

/// The digests of all shards of one table; always [`SHARDS`] of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Digest>", into = "Vec<Digest>")]
pub struct Shards(Box<[Digest; SHARDS]>);

impl Shards {
    /// A table whose shards all have this digest.
    pub fn filled(digest: Digest) -> Self {
        Self(Box::new([digest; SHARDS]))
    }

    /// The digest of one shard.
    pub fn get(&self, shard: u8) -> Digest {
        let [first, ..] = *self.0;
        self.0.get(usize::from(shard)).copied().unwrap_or(first) // a u8 is always within
    }

    /// Replace the digest of one shard.
    pub fn set(&mut self, shard: u8, digest: Digest) {
        if let Some(place) = self.0.get_mut(usize::from(shard)) {
            *place = digest;
        }
    }

    /// Every shard's number and digest.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Digest)> {
        (0_u8..=u8::MAX).zip(self.0.iter().copied())
    }
}

impl TryFrom<Vec<Digest>> for Shards {
    type Error = String;

    fn try_from(digests: Vec<Digest>) -> Result<Self, String> {
        let found = digests.len();
        digests.try_into().map(Self).map_err(|_| format!("{SHARDS} digests are needed, not {found}"))
    }
}

impl From<Shards> for Vec<Digest> {
    fn from(shards: Shards) -> Self {
        shards.0.to_vec()
    }
}

/// Everything, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Major and minor version of the IR.
    pub version: (u32, u32),
    /// The digest of the listeners.
    pub listeners: Digest,
    /// The shards of each host table.
    pub tables: BTreeMap<String, Shards>,
    /// The shards of all backends.
    pub backends: Shards,
    /// The shards of all certificates.
    pub certificates: Shards,
    /// Shown to clients that name no host which has its own; None: the data plane makes a self-signed one.
    #[serde(default)]
    pub default_certificate: Option<CertificateId>,
}

/// Some of the hosts of a table: host key to digest of the host, sorted by key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostShard {
    /// A map on the wire; kept in its order, so that the order can be checked.
    #[serde(serialize_with = "write_pairs", deserialize_with = "read_pairs")]
    pub hosts: Vec<(String, Digest)>,
}

fn write_pairs<S: Serializer>(pairs: &[(String, Digest)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (key, digest) in pairs {
        map.serialize_entry(key, digest)?;
    }
    map.end()
}

fn read_pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Digest)>, D::Error> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, Digest)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map of host key to digest")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }

    deserializer.deserialize_map(Pairs)
}
