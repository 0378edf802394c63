//! The PROXY header, versions 1 and 2: the first bytes of a connection, in which a load balancer says whose it is.
//!
//! Sans-I/O like the rest. Nothing in it is optional for the reader: a byte out of place, a length that does not fit or a
//! checksum that does not hold is a fault, because whatever follows is read as a request in the name of that address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::fault::Fault;
use crate::limits::{PROXY_HEADER_BYTES, PROXY_LINE_BYTES};

/// The first bytes of version 2. Version 1 begins with [`WORD`].
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The first bytes of version 1.
const WORD: &[u8; 6] = b"PROXY ";
/// Signature, command, family and length.
const FIXED_BYTES: usize = 16;
/// Type and length of an extension of version 2 (a TLV).
const TLV_HEAD_BYTES: usize = 3;
/// The extension that holds a checksum of the whole header.
const CRC32C: u8 = 0x03;
/// The extension that tells of TLS; after five bytes it holds further extensions.
const SSL: u8 = 0x20;
const SSL_HEAD_BYTES: usize = 5;

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    /// Its length.
    pub len: usize,
    /// Client and the address that it came to; none where the load balancer speaks for itself (health checks), or of a
    /// connection that is neither IPv4 nor IPv6.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
}

/// Reads the header at the start of `bytes`. Nothing when it is not whole yet.
pub fn parse_proxy_header(bytes: &[u8]) -> Result<Option<ProxyHeader>, Fault> {
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(byte, expect)| byte == expect);
    if begins(WORD) {
        if bytes.len() < WORD.len() { Ok(None) } else { read_line(bytes) }
    } else if begins(SIGNATURE) {
        if bytes.len() < FIXED_BYTES { check_fixed(bytes).map(|()| None) } else { read_binary(bytes) }
    } else {
        Err(Fault::BadProxyHeader)
    }
}

/// Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 4711 80` and CRLF.
fn read_line(bytes: &[u8]) -> Result<Option<ProxyHeader>, Fault> {
    let view = bytes.get(..PROXY_LINE_BYTES).unwrap_or(bytes);
    let Some(end) = view.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return if view.len() == PROXY_LINE_BYTES { Err(Fault::BadProxyHeader) } else { Ok(None) };
    };
    match view.get(end..) {
        Some([b'\r', b'\n', ..]) => {}
        Some([b'\r']) if view.len() < PROXY_LINE_BYTES => return Ok(None),
        _ => return Err(Fault::BadProxyHeader),
    }
    let line = view.get(WORD.len()..end).unwrap_or_default();
    let mut parts = line.split(|byte| *byte == b' ');
    let addresses = match parts.next() {
        // Whatever follows is to be passed over.
        Some(b"UNKNOWN") => None,
        Some(family @ (b"TCP4" | b"TCP6")) => {
            let six = family == b"TCP6";
            let (from, to) = (address(parts.next(), six)?, address(parts.next(), six)?);
            let (from_port, to_port) = (port(parts.next())?, port(parts.next())?);
            if parts.next().is_some() {
                return Err(Fault::BadProxyHeader);
            }
            Some((SocketAddr::new(from, from_port), SocketAddr::new(to, to_port)))
        }
        _ => return Err(Fault::BadProxyHeader),
    };
    Ok(Some(ProxyHeader { len: end + 2, addresses }))
}

fn address(text: Option<&[u8]>, six: bool) -> Result<IpAddr, Fault> {
    let text = text.and_then(|text| str::from_utf8(text).ok()).ok_or(Fault::BadProxyHeader)?;
    let address: IpAddr = text.parse().map_err(|_| Fault::BadProxyHeader)?;
    if address.is_ipv6() == six { Ok(address) } else { Err(Fault::BadProxyHeader) }
}

/// Decimal, without a sign and without leading zeros.
fn port(text: Option<&[u8]>) -> Result<u16, Fault> {
    let text = text.unwrap_or_default();
    let canonical = text == b"0" || text.first().is_some_and(|first| matches!(first, b'1'..=b'9'));
    if !canonical || !text.iter().all(u8::is_ascii_digit) {
        return Err(Fault::BadProxyHeader);
    }
    str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(Fault::BadProxyHeader)
}

/// The bytes behind the signature, as far as they are there: version and command, family, length.
fn check_fixed(bytes: &[u8]) -> Result<(), Fault> {
    let command = bytes.get(12).is_none_or(|byte| matches!(byte, 0x20 | 0x21));
    let family = bytes.get(13).is_none_or(|byte| byte >> 4 <= 3 && byte & 0xf <= 2);
    if command && family { Ok(()) } else { Err(Fault::BadProxyHeader) }
}

/// Version 2.
fn read_binary(bytes: &[u8]) -> Result<Option<ProxyHeader>, Fault> {
    check_fixed(bytes)?;
    let Some(&[.., command, family, high, low]) = bytes.first_chunk::<FIXED_BYTES>() else { return Ok(None) };
    let len = FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
    if len > PROXY_HEADER_BYTES {
        return Err(Fault::BadProxyHeader);
    }
    let Some(whole) = bytes.get(..len) else { return Ok(None) };
    let body = whole.get(FIXED_BYTES..).unwrap_or_default();
    let (addresses, extensions) = match family >> 4 {
        // What families there may be besides has no addresses of ours; a block of it is passed over as a whole.
        0 => return Ok(Some(ProxyHeader { len, addresses: None })),
        1 => read_four(body)?,
        2 => read_six(body)?,
        _ => (None, body.get(216..).ok_or(Fault::BadProxyHeader)?),
    };
    check_extensions(whole, extensions)?;
    // Only streams can be what was accepted, and only of these is the word taken.
    let proxied = command == 0x21 && family & 0xf == 1;
    Ok(Some(ProxyHeader { len, addresses: addresses.filter(|_| proxied) }))
}

type Pair = Option<(SocketAddr, SocketAddr)>;
type Addresses<'b> = (Pair, &'b [u8]);

fn read_four(body: &[u8]) -> Result<Addresses<'_>, Fault> {
    let (from, rest) = body.split_first_chunk::<4>().ok_or(Fault::BadProxyHeader)?;
    let (to, rest) = rest.split_first_chunk::<4>().ok_or(Fault::BadProxyHeader)?;
    with_ports(Ipv4Addr::from(*from).into(), Ipv4Addr::from(*to).into(), rest)
}

fn read_six(body: &[u8]) -> Result<Addresses<'_>, Fault> {
    let (from, rest) = body.split_first_chunk::<16>().ok_or(Fault::BadProxyHeader)?;
    let (to, rest) = rest.split_first_chunk::<16>().ok_or(Fault::BadProxyHeader)?;
    with_ports(Ipv6Addr::from(*from).into(), Ipv6Addr::from(*to).into(), rest)
}

fn with_ports(from: IpAddr, to: IpAddr, rest: &[u8]) -> Result<Addresses<'_>, Fault> {
    let (from_port, rest) = rest.split_first_chunk::<2>().ok_or(Fault::BadProxyHeader)?;
    let (to_port, rest) = rest.split_first_chunk::<2>().ok_or(Fault::BadProxyHeader)?;
    let of = |address, port: &[u8; 2]| SocketAddr::new(address, u16::from_be_bytes(*port));
    Ok((Some((of(from, from_port), of(to, to_port))), rest))
}

/// Walks the extensions: their lengths must fit exactly, and a checksum must hold.
fn check_extensions(whole: &[u8], extensions: &[u8]) -> Result<(), Fault> {
    let mut rest = extensions;
    while !rest.is_empty() {
        let (kind, value, after) = extension(rest)?;
        match kind {
            CRC32C => {
                let written = value.first_chunk().filter(|_| value.len() == 4).ok_or(Fault::BadProxyHeader)?;
                let at = whole.len() - after.len() - value.len();
                if u32::from_be_bytes(*written) != checksum(whole, at) {
                    return Err(Fault::BadProxyHeader);
                }
            }
            SSL => {
                let mut inner = value.get(SSL_HEAD_BYTES..).ok_or(Fault::BadProxyHeader)?;
                while !inner.is_empty() {
                    inner = extension(inner)?.2;
                }
            }
            _ => {}
        }
        rest = after;
    }
    Ok(())
}

/// Type, value and what follows.
fn extension(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), Fault> {
    let (&[kind, high, low], rest) = bytes.split_first_chunk::<TLV_HEAD_BYTES>().ok_or(Fault::BadProxyHeader)?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let (value, after) = rest.split_at_checked(length).ok_or(Fault::BadProxyHeader)?;
    Ok((kind, value, after))
}

/// CRC-32C of the header with its own four bytes, at `at`, taken for zero.
fn checksum(whole: &[u8], at: usize) -> u32 {
    let mut sum = u32::MAX;
    for (number, &byte) in whole.iter().enumerate() {
        sum ^= u32::from(if (at..at + 4).contains(&number) { 0 } else { byte });
        for _ in 0..8 {
            sum = sum >> 1 ^ (if sum & 1 == 1 { 0x82f6_3b78 } else { 0 });
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(checksum(b"123456789", 9), 0xe306_9283);
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [SIGNATURE.as_slice(), &[command, family], &length, body].concat()
    }

    const FOUR: &[u8] = &[203, 0, 113, 7, 10, 0, 0, 1, 0x12, 0x67, 0x04, 0xd2];

    #[test]
    fn good_ones() {
        let four: (SocketAddr, SocketAddr) = ("203.0.113.7:4711".parse().unwrap(), "10.0.0.1:1234".parse().unwrap());
        let six: (SocketAddr, SocketAddr) = ("[2001:db8::7]:1".parse().unwrap(), "[::1]:65535".parse().unwrap());
        let mut six_body = Vec::new();
        for address in [six.0, six.1] {
            let IpAddr::V6(address) = address.ip() else { panic!() };
            six_body.extend_from_slice(&address.octets());
        }
        six_body.extend_from_slice(&[0, 1, 0xff, 0xff]);
        let tlv = |kind: u8, value: &[u8]| [&[kind, 0, u8::try_from(value.len()).unwrap()], value].concat();
        let ssl = [&[1, 0, 0, 0, 0], tlv(0x21, b"TLSv1.3").as_slice()].concat();
        let mut summed = v2(0x21, 0x11, &[FOUR, &tlv(1, b"h2"), &tlv(CRC32C, &[0; 4])].concat());
        let sum = checksum(&summed, summed.len() - 4).to_be_bytes();
        let at = summed.len() - 4;
        summed[at..].copy_from_slice(&sum);
        let cases: &[(Vec<u8>, Pair)] = &[
            (b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 1234\r\n".to_vec(), Some(four)),
            (b"PROXY TCP6 2001:db8::7 ::1 1 65535\r\n".to_vec(), Some(six)),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff::1 ffff::1 65535 65535 and more\r\n".to_vec(), None),
            (v2(0x21, 0x11, FOUR), Some(four)),
            (v2(0x21, 0x21, &six_body), Some(six)),
            (v2(0x20, 0x00, b""), None),
            (v2(0x20, 0x11, FOUR), None),
            (v2(0x21, 0x00, b"anything"), None),
            (v2(0x21, 0x12, FOUR), None),
            (v2(0x21, 0x31, &[0; 216]), None),
            (v2(0x21, 0x11, &[FOUR, &tlv(0xea, b"vpce-1"), &tlv(4, &[0; 9])].concat()), Some(four)),
            (v2(0x21, 0x11, &[FOUR, &tlv(SSL, &ssl)].concat()), Some(four)),
            (summed, Some(four)),
        ];
        for (bytes, addresses) in cases {
            let text = bytes.escape_ascii();
            let expect = Ok(Some(ProxyHeader { len: bytes.len(), addresses: *addresses }));
            assert_eq!(parse_proxy_header(bytes), expect, "{text}");
            assert_eq!(parse_proxy_header(&[bytes, b"GET / HTTP/1.1\r\n".as_slice()].concat()), expect, "{text}");
            for end in 0..bytes.len() {
                assert_eq!(parse_proxy_header(&bytes[..end]), Ok(None), "{text} up to {end}");
            }
        }
    }

    #[test]
    fn bad_ones() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(PROXY_LINE_BYTES));
        let lines: &[&str] = &[
            "GET / HTTP/1.1\r\n",
            "proxy TCP4 203.0.113.7 10.0.0.1 4711 1234\r\n",
            " PROXY TCP4 203.0.113.7 10.0.0.1 4711 1234\r\n",
            "PROXY  TCP4 203.0.113.7 10.0.0.1 4711 1234\r\n",
            "PROXY TCP4 203.0.113.7  10.0.0.1 4711 1234\r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 4711 1234 \r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 4711 1234 1\r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 4711\r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 4711 1234\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 4711 1234\r\r\n",
            "PROXY TCP4 203.0.113.07 10.0.0.1 4711 1234\r\n",
            "PROXY TCP4 203.0.113 10.0.0.1 4711 1234\r\n",
            "PROXY TCP4 2001:db8::7 ::1 4711 1234\r\n",
            "PROXY TCP6 203.0.113.7 10.0.0.1 4711 1234\r\n",
            "PROXY TCP6 [2001:db8::7] ::1 4711 1234\r\n",
            "PROXY TCP6 fe80::1%eth0 ::1 4711 1234\r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 04711 1234\r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 +4711 1234\r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 65536 1234\r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 -1 1234\r\n",
            "PROXY TCP4 203.0.113.7 10.0.0.1 4711 \r\n",
            "PROXY UDP4 203.0.113.7 10.0.0.1 4711 1234\r\n",
            "PROXY\tTCP4 203.0.113.7 10.0.0.1 4711 1234\r\n",
            "PROXY \r\n",
            "PROXY tcp4 203.0.113.7 10.0.0.1 4711 1234\r\n",
            &long,
        ];
        let sum = [CRC32C, 0, 4, 1, 2, 3, 4];
        let binaries = [
            v2(0x11, 0x11, FOUR),
            v2(0x22, 0x11, FOUR),
            v2(0x21, 0x41, FOUR),
            v2(0x21, 0x13, FOUR),
            v2(0x21, 0x11, &FOUR[..11]),
            v2(0x21, 0x21, FOUR),
            v2(0x21, 0x31, FOUR),
            v2(0x21, 0x11, &[FOUR, &[1]].concat()),
            v2(0x21, 0x11, &[FOUR, &[1, 0, 1]].concat()),
            v2(0x21, 0x11, &[FOUR, &[1, 0xff, 0xff, 1]].concat()),
            v2(0x21, 0x11, &[FOUR, &[1, 0, 0], &[2, 0, 9]].concat()),
            v2(0x21, 0x11, &[FOUR, &[SSL, 0, 4, 0, 0, 0, 0]].concat()),
            v2(0x21, 0x11, &[FOUR, &[SSL, 0, 8, 0, 0, 0, 0, 0, 0x21, 0, 1]].concat()),
            v2(0x21, 0x11, &[FOUR, &sum].concat()),
            v2(0x21, 0x11, &[FOUR, &[CRC32C, 0, 3, 1, 2, 3]].concat()),
            v2(0x21, 0x00, &[0; PROXY_HEADER_BYTES]),
        ];
        let all = lines.iter().map(|line| line.as_bytes().to_vec()).chain(binaries);
        for bytes in all {
            let text = bytes.escape_ascii();
            assert_eq!(parse_proxy_header(&bytes), Err(Fault::BadProxyHeader), "{text}");
            let first = (0..=bytes.len()).map(|end| parse_proxy_header(&bytes[..end])).find(|found| *found != Ok(None));
            assert_eq!(first, Some(Err(Fault::BadProxyHeader)), "{text}");
        }
    }
}
