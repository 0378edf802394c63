//! The proxies before us whose word is taken on where a request comes from.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;
use crate::network::Network;

/// Whom to believe, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forwarders {
    /// Peers in these are believed. Ascending.
    pub networks: Vec<Network>,
    /// Where they say the client's address; lower case.
    #[serde(default = "x_forwarded_for", skip_serializing_if = "is_x_forwarded_for")]
    pub address_header: String,
    /// Are their `X-Forwarded-Proto`, `-Host` and `-Port` believed, too?
    #[serde(default, skip_serializing_if = "is_default")]
    pub claims: bool,
    /// Is the upstream's `X-Forwarded-For` their list and the peer, instead of the client's address alone?
    #[serde(default, skip_serializing_if = "is_default")]
    pub append: bool,
}

fn x_forwarded_for() -> String {
    "x-forwarded-for".into()
}

fn is_x_forwarded_for(name: &str) -> bool {
    name == "x-forwarded-for"
}
