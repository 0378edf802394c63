//! Where requests go, and the shard that lists backends.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::BackendId;

/// How an endpoint is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// The less busy of two random endpoints.
    LeastRequest,
}

/// One address that answers: an IP literal without brackets, and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(String, u16)", into = "(String, u16)")]
pub struct Endpoint {
    /// An IP literal without brackets.
    pub address: String,
    /// The port.
    pub port: u16,
}

impl From<(String, u16)> for Endpoint {
    fn from((address, port): (String, u16)) -> Self {
        Self { address, port }
    }
}

impl From<Endpoint> for (String, u16) {
    fn from(endpoint: Endpoint) -> Self {
        (endpoint.address, endpoint.port)
    }
}

/// `endpoints` is sorted and holds no address twice; empty answers 503.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// Which backend this is.
    pub id: BackendId,
    /// The addresses that answer.
    pub endpoints: Vec<Endpoint>,
    /// How one of them is chosen.
    #[serde(default, skip_serializing_if = "is_default")]
    pub balance: Balance,
}

/// Some of all backends, sorted by id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendShard {
    /// Which backend has which digest.
    pub backends: Vec<(BackendId, Digest)>,
}

/// Whether a field can be left out, because its reader fills in the same value.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
