//! The authority of a request: one canonical host name, or a fault. No IDNA: names are compared as bytes.

use std::net::Ipv6Addr;

use crate::fault::Fault;
use crate::limits::HOST_BYTES;
use crate::scan::{HOST, class, run};

/// The host of an authority, in lower case, without its port and without one trailing dot. An IPv6 literal keeps its
/// brackets. Borrows when the authority is canonical already; writes into `scratch` when not.
pub fn canonical_host<'a>(authority: &'a [u8], scratch: &'a mut Vec<u8>) -> Result<&'a [u8], Fault> {
    let length = run(authority, HOST);
    match authority.get(length..) {
        Some([] | [b':', ..]) => {}
        _ => return odd_host(authority, scratch),
    }
    let (host, port) = authority.split_at_checked(length).ok_or(Fault::BadHost)?;
    check_port(port)?;
    check_labels(host)
}

/// Upper case, an address in brackets, or a fault.
#[cold]
fn odd_host<'a>(authority: &[u8], scratch: &'a mut Vec<u8>) -> Result<&'a [u8], Fault> {
    scratch.clear();
    scratch.extend(authority.iter().map(u8::to_ascii_lowercase));
    let whole: &[u8] = scratch;
    if let [b'[', rest @ ..] = whole {
        let length = rest.iter().position(|&byte| byte == b']').ok_or(Fault::BadHost)?;
        let (literal, port) = rest.split_at_checked(length).ok_or(Fault::BadHost)?;
        // The standard parser knows no zone id, which is what a zone id deserves: it means something to its sender only.
        let literal = str::from_utf8(literal).map_err(|_| Fault::BadHost)?;
        literal.parse::<Ipv6Addr>().map_err(|_| Fault::BadHost)?;
        check_port(port.get(1..).unwrap_or_default())?;
        return whole.get(..length + 2).ok_or(Fault::BadHost);
    }
    let length = whole.iter().position(|&byte| class(byte) & HOST == 0).unwrap_or(whole.len());
    let (host, port) = whole.split_at_checked(length).ok_or(Fault::BadHost)?;
    check_port(port)?;
    check_labels(host)
}

#[inline]
fn check_port(port: &[u8]) -> Result<(), Fault> {
    match port {
        [] => Ok(()),
        [b':', digits @ ..] if (1..=5).contains(&digits.len()) => {
            let mut number = 0_u32;
            for digit in digits {
                if !digit.is_ascii_digit() {
                    return Err(Fault::BadHost);
                }
                number = number * 10 + u32::from(digit - b'0');
            }
            if (1..=65535).contains(&number) { Ok(()) } else { Err(Fault::BadHost) }
        }
        _ => Err(Fault::BadHost),
    }
}

/// No label may be empty: `.example.com` would read as the wildcard of `example.com`.
#[inline]
fn check_labels(host: &[u8]) -> Result<&[u8], Fault> {
    if host.is_empty() || host.len() > HOST_BYTES {
        return Err(Fault::BadHost);
    }
    let host = host.strip_suffix(b".").unwrap_or(host);
    let mut dot_before = true;
    let mut empty = false;
    for &byte in host {
        let dot = byte == b'.';
        empty |= dot & dot_before;
        dot_before = dot;
    }
    if empty | dot_before { Err(Fault::BadHost) } else { Ok(host) }
}

#[cfg(test)]
mod tests {
    use super::canonical_host;
    use crate::fault::Fault;

    #[test]
    fn hosts() {
        let long = "a".repeat(254);
        let cases: &[(&str, Option<&str>)] = &[
            ("example.com", Some("example.com")),
            ("EXAMPLE.Com", Some("example.com")),
            ("example.com.", Some("example.com")),
            ("Example.com.:8080", Some("example.com")),
            ("example.com:80", Some("example.com")),
            ("example.com:65535", Some("example.com")),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("my_service", Some("my_service")),
            ("127.0.0.1:8080", Some("127.0.0.1")),
            ("[::1]", Some("[::1]")),
            ("[2001:DB8::1]:443", Some("[2001:db8::1]")),
            ("[::ffff:1.2.3.4]", Some("[::ffff:1.2.3.4]")),
            (&long, Some(&long)),
            ("", None),
            (".", None),
            (".example.com", None),
            ("a..b", None),
            ("example.com..", None),
            ("example.com:", None),
            ("example.com:0", None),
            ("example.com:65536", None),
            ("example.com:000080", None),
            ("example.com:80:80", None),
            ("example.com:8o", None),
            ("example.com:+80", None),
            ("a,b", None),
            ("user@example.com", None),
            ("example.com/path", None),
            ("exa mple.com", None),
            ("example.com\t", None),
            ("exämple.com", None),
            ("EXämple.com", None),
            ("a%2eb", None),
            ("*.example.com", None),
            ("a\\b", None),
            ("::1", None),
            ("[::1", None),
            ("[::1]x", None),
            ("[::1]:", None),
            ("[fe80::1%eth0]", None),
            ("[fe80::1%25eth0]", None),
            ("[v1.a]", None),
            ("[]", None),
            ("[127.0.0.1]", None),
            (":80", None),
        ];
        for (authority, expect) in cases {
            let mut scratch = Vec::new();
            let found = canonical_host(authority.as_bytes(), &mut scratch);
            assert_eq!(found, expect.map(str::as_bytes).ok_or(Fault::BadHost), "{authority}");
        }
    }

    #[test]
    fn a_canonical_host_is_borrowed() {
        let mut scratch = Vec::new();
        assert!(canonical_host(b"example.com:8080", &mut scratch).is_ok());
        assert_eq!(scratch.capacity(), 0);
    }
}
