//! A range of IP addresses, written as a CIDR.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// All addresses that start with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// Is this address one of them? An address of the other family never is.
    #[inline]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (differing, width) = match (self.first, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => (u128::from(ours.to_bits() ^ theirs.to_bits()), 32),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits() ^ theirs.to_bits(), 128),
            _ => return false,
        };
        // A shift by the whole width leaves nothing to differ.
        differing.checked_shr(width - u32::from(self.prefix)).unwrap_or(0) == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first, self.prefix)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    /// Takes the canonical form only: `address/prefix`, and no bit behind the prefix.
    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(address, prefix)| {
            let network = Self { first: address.parse().ok()?, prefix: prefix.parse().ok()? };
            let width = if network.first.is_ipv4() { 32 } else { 128 };
            (network.prefix <= width).then_some((network, width))
        });
        let Some((network, width)) = parsed else {
            return Err(format!("{text:?} is not an address, a slash and the length of a prefix"));
        };
        let bits = match network.first {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        let rest = u32::from(width - network.prefix);
        let behind = if rest == 128 { bits } else { bits & ((1 << rest) - 1) };
        if behind != 0 || network.to_string() != text {
            return Err(format!("{text:?} is not written in its canonical form"));
        }
        Ok(network)
    }
}

#[cfg(test)]
mod tests {
    use super::Network;
    use std::net::IpAddr;

    fn network(text: &str) -> Result<Network, String> {
        Network::try_from(text.to_owned())
    }

    #[test]
    fn addresses_are_in_or_out() {
        let cases = [
            ("0.0.0.0/0", "203.0.113.7", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "203.0.113.7", false),
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.128/25", "192.0.2.128", true),
            ("192.0.2.1/32", "192.0.2.1", true),
            ("192.0.2.1/32", "192.0.2.0", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::1/128", "::1", true),
            ("::1/128", "::2", false),
        ];
        for (text, address, inside) in cases {
            assert_eq!(network(text).unwrap().contains(address.parse().unwrap()), inside, "{address} in {text}");
        }
    }

    #[test]
    fn only_the_canonical_form_is_taken() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "::1/128", "255.255.255.255/32"] {
            assert_eq!(network(text).unwrap().to_string(), text);
        }
        let bad = [
            "",
            "/",
            "10.0.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "010.0.0.0/8",
            "::/129",
            "::1/127",
            "0::/0",
            "2001:DB8::/32",
            "a/8",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
        ];
        for text in bad {
            assert!(network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_prefix_has_a_first_and_a_last_address() {
        for prefix in 0..=128_u32 {
            let first = if prefix == 0 { 0 } else { u128::MAX << (128 - prefix) };
            let text = format!("{}/{prefix}", std::net::Ipv6Addr::from_bits(first));
            let network = network(&text).unwrap();
            assert!(network.contains(IpAddr::V6(std::net::Ipv6Addr::from_bits(u128::MAX))), "{text}");
            assert!(network.contains(IpAddr::V6(std::net::Ipv6Addr::from_bits(first))), "{text}");
            assert!(first == 0 || !network.contains(IpAddr::V6(std::net::Ipv6Addr::from_bits(first - 1))), "{text}");
        }
    }
}
