//! A client's address as text: needed by every request, so it is written once, and inside its connection, because an
//! idle connection is to cost as few bytes as it can.

use std::fmt;
use std::io::Write;
use std::net::IpAddr;

/// The longest text of an IPv6 address: eight groups of four digits and seven colons.
const LONGEST: usize = 39;

/// The text of an IP address.
pub struct PeerText {
    bytes: [u8; LONGEST],
    length: u8,
}

impl PeerText {
    /// As logs and upstreams see it: an IPv4 address that came mapped into IPv6 is written as IPv4.
    pub fn of(address: IpAddr) -> Self {
        let mut bytes = [0; LONGEST];
        let left = {
            let mut rest = &mut bytes[..];
            let _ = write!(rest, "{}", address.to_canonical());
            rest.len()
        };
        Self { bytes, length: u8::try_from(LONGEST - left).unwrap_or(0) }
    }

    /// Digits, colons and dots.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Debug for PeerText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self.as_bytes()), formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_fits() {
        let cases = [
            ("10.1.2.3", "10.1.2.3"),
            ("255.255.255.255", "255.255.255.255"),
            ("::ffff:10.1.2.3", "10.1.2.3"),
            ("::1", "::1"),
            ("::1.2.3.4", "::102:304"),
            ("2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:6666"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ];
        for (address, text) in cases {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(PeerText::of(address).as_bytes(), text.as_bytes());
        }
    }
}
