//! What filters may know of a request.

use std::net::IpAddr;

use sallygate_wire::field::Fields;
use sallygate_wire::request::RequestHead;

/// One request, as it was read, and where it came from. Knows nothing of routes.
pub struct Asked<'a> {
    /// Its head as received.
    pub bytes: &'a [u8],
    /// The head, understood.
    pub head: &'a RequestHead,
    /// Its field lines.
    pub fields: &'a Fields,
    /// The host without port, in lower case.
    pub host: &'a [u8],
    /// The path in normal form.
    pub path: &'a [u8],
    /// The client's address.
    pub peer: IpAddr,
    /// The client's address as text.
    pub peer_text: &'a [u8],
    /// The port that the client came to, as it knows it.
    pub port: u16,
    /// Did it come over TLS?
    pub tls: bool,
    /// Its id.
    pub id: &'a [u8],
    /// What a group of the route's regex matched.
    pub capture: &'a dyn Fn(u8) -> &'a [u8],
    /// Where its route was written.
    pub names: Names<'a>,
}

/// Where a route was written, and whom it leads to.
#[derive(Clone, Copy, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Names<'a> {
    pub namespace: &'a str,
    pub object: &'a str,
    pub service: &'a str,
    pub port: &'a str,
}

impl<'a> Asked<'a> {
    /// The first value of a header, whose name is given in any case.
    pub fn header(&self, name: &[u8]) -> Option<&'a [u8]> {
        let same = |field: &&sallygate_wire::field::Field| {
            !field.dropped && field.name.of(self.bytes).eq_ignore_ascii_case(name)
        };
        self.fields.iter().find(same).map(|field| field.value.of(self.bytes))
    }

    /// The value of a cookie; of several, the first.
    pub fn cookie(&self, name: &[u8]) -> Option<&'a [u8]> {
        let lines = self.fields.iter().filter(|field| field.id == sallygate_wire::field::Name::Cookie);
        lines.flat_map(|field| field.value.of(self.bytes).split(|byte| *byte == b';')).find_map(|pair| {
            let pair = pair.trim_ascii();
            pair.strip_prefix(name)?.strip_prefix(b"=")
        })
    }

    /// The value of a parameter of the query, as sent.
    pub fn argument(&self, name: &[u8]) -> Option<&'a [u8]> {
        let query = self.head.query?.of(self.bytes);
        query.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="))
    }

    /// The scheme.
    pub fn scheme(&self) -> &'static [u8] {
        if self.tls { b"https" } else { b"http" }
    }

    /// Host as the client sent it.
    pub fn authority(&self) -> &'a [u8] {
        self.head.authority.map_or(&b""[..], |authority| authority.of(self.bytes))
    }
}
