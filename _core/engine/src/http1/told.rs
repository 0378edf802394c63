//! What proxies before us say of a request, as far as they may be believed: the client's address, and how it came to them.
//!
//! Pure. Nobody is believed whose own address is not in the networks that configuration names.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use sallygate_image::Forwarders;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::host::canonical_host;

/// An IP address, and its text, on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressText {
    address: IpAddr,
    /// The longest IPv6 address takes 45 bytes.
    bytes: [u8; 46],
    len: usize,
}

impl AddressText {
    pub(super) fn new(address: IpAddr) -> Self {
        let mut bytes = [0; 46];
        let room = bytes.len();
        let mut rest = bytes.as_mut_slice();
        let _ = write!(rest, "{address}");
        let len = room - rest.len();
        Self { address, bytes, len }
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// What is believed of one request. The default is nothing: the connection speaks for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told<'a> {
    /// Where the client is, if not at the other end of the connection.
    pub address: Option<AddressText>,
    /// The scheme that the client used, as written.
    pub scheme: Option<&'a [u8]>,
    /// The host that the client asked for: the first of `X-Forwarded-Host`.
    pub host: Option<&'a [u8]>,
    /// The port that the client came to.
    pub port: Option<&'a [u8]>,
    /// Are the other forwarded fields passed on?
    pub passes: bool,
    /// Is the list of addresses passed on with the peer's at its end?
    pub appends: bool,
}

impl<'a> Told<'a> {
    /// Reads what the peer says, if it is believed.
    pub fn read(forwarders: Option<&Forwarders>, peer: IpAddr, bytes: &'a [u8], fields: &Fields) -> Self {
        let peer = peer.to_canonical();
        let Some(forwarders) = forwarders.filter(|forwarders| believes(forwarders, peer)) else {
            return Self::default();
        };
        let address = client(forwarders, bytes, fields).filter(|client| *client != peer).map(AddressText::new);
        let mut told = Self { address, appends: forwarders.append, ..Self::default() };
        if forwarders.claims {
            let value = |id| fields.find(id).map(|field| field.value.of(bytes)).filter(|value| !value.is_empty());
            told.passes = true;
            told.scheme = value(Name::XForwardedProto);
            told.port = value(Name::XForwardedPort).filter(|port| is_port(port));
            told.host = value(Name::XForwardedHost).and_then(first_host);
        }
        told
    }

    /// The client's address, of which `peer` is what the connection says.
    pub fn client(&self, peer: IpAddr) -> IpAddr {
        self.address.as_ref().map_or_else(|| peer.to_canonical(), |told| told.address)
    }

    /// Did the client use TLS? `tls` is what the connection says.
    pub fn secure(&self, tls: bool) -> bool {
        tls || self.scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case(b"http"))
    }
}

fn believes(forwarders: &Forwarders, address: IpAddr) -> bool {
    forwarders.networks.iter().any(|network| network.contains(address))
}

/// The client's address: walking the list back from its end, the first that is no proxy of ours, or else the last that can
/// be read.
fn client(forwarders: &Forwarders, bytes: &[u8], fields: &Fields) -> Option<IpAddr> {
    let name = forwarders.address_header.as_bytes();
    let lists = fields.iter().rev().filter(|field| field.name.of(bytes).eq_ignore_ascii_case(name));
    let mut found = None;
    for entry in lists.flat_map(|field| field.value.of(bytes).rsplit(|&byte| byte == b',')).map(<[u8]>::trim_ascii) {
        if entry.is_empty() {
            continue;
        }
        // What is no address was written by somebody who cannot be relied on for what is before it either.
        let Some(address) = read_address(entry) else { return found };
        found = Some(address);
        if !believes(forwarders, address) {
            return found;
        }
    }
    found
}

/// An address, or an address and a port; an IPv6 address may stand in brackets.
fn read_address(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

fn is_port(text: &[u8]) -> bool {
    text.len() <= 5 && text.iter().all(u8::is_ascii_digit)
}

/// The first host of a list, if it is one: it becomes the Host of a request, so nothing else may.
fn first_host(list: &[u8]) -> Option<&[u8]> {
    let host = list.split(|&byte| byte == b',').next()?.trim_ascii();
    canonical_host(host, &mut Vec::new()).is_ok().then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sallygate_image::Network;
    use sallygate_wire::limits::Limits;
    use sallygate_wire::request::parse_request;

    fn forwarders(networks: &[&str], header: &str) -> Forwarders {
        let networks = networks.iter().map(|text| Network::try_from((*text).to_owned()).unwrap()).collect();
        Forwarders { networks, address_header: header.into(), claims: true, append: true }
    }

    fn told(forwarders: &Forwarders, peer: &str, lines: &str, check: impl FnOnce(Told<'_>)) {
        let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let mut fields = Fields::new();
        parse_request(text.as_bytes(), &Limits::default(), &mut fields).unwrap().unwrap();
        check(Told::read(Some(forwarders), peer.parse().unwrap(), text.as_bytes(), &fields));
    }

    fn address(networks: &[&str], peer: &str, lines: &str) -> Option<String> {
        let mut found = None;
        told(&forwarders(networks, "x-forwarded-for"), peer, lines, |told| {
            found = told.address.map(|text| String::from_utf8(text.as_bytes().to_vec()).unwrap());
        });
        found
    }

    #[test]
    fn the_client_is_the_last_that_is_no_proxy_of_ours() {
        let ours: &[&str] = &["10.0.0.0/8", "2001:db8::/32"];
        let cases = [
            ("10.0.0.1", "X-Forwarded-For: 203.0.113.7\r\n", Some("203.0.113.7")),
            ("10.0.0.1", "X-Forwarded-For: 1.1.1.1, 203.0.113.7\r\n", Some("203.0.113.7")),
            ("10.0.0.1", "X-Forwarded-For: 1.1.1.1, 203.0.113.7, 10.9.9.9\r\n", Some("203.0.113.7")),
            ("10.0.0.1", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.7\r\n", Some("203.0.113.7")),
            ("10.0.0.1", "X-Forwarded-For: 203.0.113.7\r\nx-forwarded-for: 10.1.1.1\r\n", Some("203.0.113.7")),
            ("10.0.0.1", "X-Forwarded-For: 10.2.2.2, 10.1.1.1\r\n", Some("10.2.2.2")),
            ("10.0.0.1", "X-Forwarded-For: 203.0.113.7:4711\r\n", Some("203.0.113.7")),
            ("10.0.0.1", "X-Forwarded-For: [2001:db9::1]:4711\r\n", Some("2001:db9::1")),
            ("10.0.0.1", "X-Forwarded-For: [2001:db9::1]\r\n", Some("2001:db9::1")),
            ("10.0.0.1", "X-Forwarded-For: ::ffff:203.0.113.7\r\n", Some("203.0.113.7")),
            ("10.0.0.1", "X-Forwarded-For: , 203.0.113.7 ,,\t\r\n", Some("203.0.113.7")),
            ("2001:db8::1", "X-Forwarded-For: 203.0.113.7\r\n", Some("203.0.113.7")),
            ("::ffff:10.0.0.1", "X-Forwarded-For: 203.0.113.7\r\n", Some("203.0.113.7")),
            // What cannot be read ends the search, and nobody before it is believed.
            ("10.0.0.1", "X-Forwarded-For: 1.1.1.1, unknown, 10.1.1.1\r\n", Some("10.1.1.1")),
            ("10.0.0.1", "X-Forwarded-For: 1.1.1.1, unknown\r\n", None),
            ("10.0.0.1", "X-Forwarded-For: 203.0.113.7 x\r\n", None),
            ("10.0.0.1", "X-Forwarded-For:\r\n", None),
            ("10.0.0.1", "", None),
            // A peer of no proxy's address is believed nothing.
            ("203.0.113.9", "X-Forwarded-For: 203.0.113.7\r\n", None),
            ("2001:db9::1", "X-Forwarded-For: 203.0.113.7\r\n", None),
        ];
        for (peer, lines, expect) in cases {
            assert_eq!(address(ours, peer, lines).as_deref(), expect, "{peer} {lines}");
        }
        // Everybody is a proxy of ours: the first in the list is the client.
        let list = "X-Forwarded-For: 203.0.113.7, 1.1.1.1, 2.2.2.2\r\n";
        assert_eq!(address(&["0.0.0.0/0"], "10.0.0.1", list).as_deref(), Some("203.0.113.7"));
    }

    #[test]
    fn another_header_may_say_it() {
        let lines = "CF-Connecting-IP: 203.0.113.7\r\nX-Forwarded-For: 1.1.1.1\r\n";
        told(&forwarders(&["0.0.0.0/0"], "cf-connecting-ip"), "10.0.0.1", lines, |told| {
            assert_eq!(told.address.unwrap().as_bytes(), b"203.0.113.7");
        });
    }

    #[test]
    fn claims_are_read_only_as_far_as_they_make_sense() {
        let all = forwarders(&["10.0.0.0/8"], "x-forwarded-for");
        let lines = "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 8443\r\nX-Forwarded-Host: b.example:80, c\r\n";
        told(&all, "10.0.0.1", lines, |told| {
            assert_eq!(told.scheme, Some(&b"https"[..]));
            assert_eq!(told.port, Some(&b"8443"[..]));
            assert_eq!(told.host, Some(&b"b.example:80"[..]));
            assert!(told.passes && told.appends && told.secure(false));
        });
        let odd = "X-Forwarded-Proto:\r\nX-Forwarded-Port: 80a\r\nX-Forwarded-Host: a/b, c\r\n";
        told(&all, "10.0.0.1", odd, |told| {
            assert_eq!((told.scheme, told.port, told.host), (None, None, None));
            assert!(!told.secure(false) && told.secure(true));
        });
        told(&all, "192.0.2.1", lines, |told| assert_eq!(told, Told::default()));
        let address_only = Forwarders { claims: false, ..all };
        told(&address_only, "10.0.0.1", lines, |told| {
            assert_eq!((told.scheme, told.port, told.host, told.passes), (None, None, None, false));
        });
    }
}
