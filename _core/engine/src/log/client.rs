//! What a line tells of who asks. What only the kernel knows it is asked for where the form names it. Must not know what a
//! connection is, but for its socket.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;

use rustix::io;
use rustix::net::sockopt::socket_cookie;
use rustix::net::{SocketAddrAny, getpeername, getsockname};
use sallygate_image::LogVariable;

use super::line::{Line, number};

/// Who asks, and how.
pub struct Client<'a> {
    /// The client's address, as it is believed to be.
    pub address: &'a [u8],
    /// The same, parsed.
    pub ip: IpAddr,
    /// Its port; 0 if nobody knows.
    pub port: u16,
    /// The other end of the connection, or whoever a proxy says is behind it.
    pub near: SocketAddr,
    /// Does a header of the PROXY protocol say so?
    pub proxied: bool,
    /// The connection's socket.
    pub socket: BorrowedFd<'a>,
    /// The port that the client came to.
    pub came_to: u16,
    /// Did it come over TLS?
    pub tls: bool,
    /// Requests on this connection so far, this one among them.
    pub requests: u32,
    /// Did it come while the one before was served?
    pub pipelined: bool,
}

impl Client<'_> {
    /// The other end of the connection, whatever a proxy says.
    fn next(&self) -> Option<SocketAddr> {
        if self.proxied { end(getpeername(self.socket).ok().flatten()) } else { Some(self.near) }
    }
}

impl Line {
    /// Notes who asks.
    pub fn client(&mut self, client: &Client<'_>) {
        self.address.clear();
        self.address.extend_from_slice(client.address);
        self.fill(|variable, out| {
            match variable {
                LogVariable::RemoteAddr => out.extend_from_slice(client.address),
                LogVariable::RemotePort if client.port == 0 => {}
                LogVariable::RemotePort => number(u64::from(client.port), out),
                LogVariable::BinaryRemoteAddr => match client.ip {
                    IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
                    IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
                },
                LogVariable::RealipRemoteAddr => return address(client.next().map(|next| next.ip()), out),
                LogVariable::RealipRemotePort => return said(client.next().map(|next| next.port().into()), out),
                LogVariable::ProxyAddr => return address(client.proxied.then(|| client.near.ip()), out),
                LogVariable::ProxyPort => return said(client.proxied.then(|| client.near.port().into()), out),
                LogVariable::ProxyServerPort => return said(client.proxied.then(|| client.came_to.into()), out),
                LogVariable::ServerAddr => return address(ip(getsockname(client.socket)), out),
                // The kernel's own number of the socket, which no other has until the machine starts anew.
                LogVariable::Connection => return said(socket_cookie(client.socket).ok(), out),
                LogVariable::ConnectionRequests => number(u64::from(client.requests), out),
                LogVariable::Pipe => out.push(if client.pipelined { b'p' } else { b'.' }),
                LogVariable::ServerPort => number(u64::from(client.came_to), out),
                LogVariable::Scheme => out.extend_from_slice(if client.tls { b"https" } else { b"http" }),
                LogVariable::Https => out.extend_from_slice(if client.tls { b"on" } else { b"" }),
                // As ingress-nginx sets them where no location says more.
                LogVariable::UpstreamName => out.push(b'-'),
                LogVariable::AlternativeName
                | LogVariable::Namespace
                | LogVariable::IngressName
                | LogVariable::LocationPath
                | LogVariable::ServiceName
                | LogVariable::ServicePort => {}
                _ => return false,
            }
            true
        });
    }
}

fn end(address: Option<SocketAddrAny>) -> Option<SocketAddr> {
    address?.try_into().ok()
}

fn ip(address: io::Result<SocketAddrAny>) -> Option<IpAddr> {
    end(address.ok()).map(|end| end.ip())
}

fn address(value: Option<IpAddr>, out: &mut Vec<u8>) -> bool {
    value.is_some_and(|ip| write!(out, "{}", ip.to_canonical()).is_ok())
}

fn said(value: Option<u64>, out: &mut Vec<u8>) -> bool {
    value.map(|value| number(value, out)).is_some()
}
