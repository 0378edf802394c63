//! An address as text, as the standard library displays it. For IPv4 without its formatting machinery, which costs more
//! than reading a request's head.

use std::io::Write;
use std::net::SocketAddr;

/// Long enough for any IPv6 address with a zone, brackets and a port.
const TEXT_BYTES: usize = 72;

/// The text of an address, made where it is needed.
pub struct SocketText {
    bytes: [u8; TEXT_BYTES],
    length: usize,
}

impl SocketText {
    /// The text of `address`.
    pub fn of(address: SocketAddr) -> Self {
        let mut text = Self { bytes: [0; TEXT_BYTES], length: 0 };
        match address {
            SocketAddr::V4(address) => {
                let mut number = itoa::Buffer::new();
                for (octet, end) in address.ip().octets().into_iter().zip(*b"...:") {
                    text.append(number.format(octet).as_bytes());
                    text.append(&[end]);
                }
                text.append(number.format(address.port()).as_bytes());
            }
            SocketAddr::V6(address) => {
                let mut rest = text.bytes.as_mut_slice();
                let _ = write!(rest, "{address}");
                text.length = TEXT_BYTES - rest.len();
            }
        }
        text
    }

    fn append(&mut self, part: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + part.len()) {
            place.copy_from_slice(part);
            self.length += part.len();
        }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_standard_library_displays() {
        for text in [
            "0.0.0.0:0",
            "255.255.255.255:65535",
            "10.1.20.3:8080",
            "[::1]:80",
            "[2001:db8:1:2:3:4:5:6%4294967295]:443",
        ] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(SocketText::of(address).as_bytes(), address.to_string().as_bytes());
        }
    }
}
