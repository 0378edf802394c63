//! What is to be done with a request. Pure: a head and a snapshot in, a plan out.
//!
//! The order of the checks is ingress-nginx's: the route first, then the declared size of the body, then a closed
//! route, then local redirects, then https, then forwarding.

use sallygate_wire::fault::Fault;
use sallygate_wire::host::canonical_host;
use sallygate_wire::path::{PathScratch, check_rewritten, encode_path, read_path};
use sallygate_wire::request::{Framing, RequestHead};

use crate::fault::{Failure, Kind};
use crate::route::{Action, Captures, Route};
use crate::snapshot::{HostEntry, Snapshot, TableIndex};

/// Scratch space that one worker uses for one request at a time.
#[derive(Default)]
pub struct Scratch {
    host: Vec<u8>,
    path: PathScratch,
    captures: Captures,
    expanded: Vec<u8>,
    rewritten: Vec<u8>,
    check: PathScratch,
}

/// What is to be done.
pub enum Plan<'s, 'b> {
    /// Proxy it, with this path.
    Forward {
        /// The route that was selected.
        route: &'s Route,
        /// The path to send.
        path: &'b [u8],
    },
    /// Answer with a redirect.
    Redirect {
        /// The route that was selected.
        route: &'s Route,
        /// 3xx.
        status: u16,
        /// The value of Location.
        location: Vec<u8>,
    },
    /// Answer with a status, for the sake of the route.
    Respond {
        /// The route that was selected.
        route: &'s Route,
        /// The status.
        status: u16,
    },
    /// Answer that it cannot be served.
    Fail {
        /// The route, if it got as far as one.
        route: Option<&'s Route>,
        /// The route whose HSTS is sent: its own, or that of its host.
        secured: Option<&'s Route>,
        /// Why.
        failure: Failure,
    },
}

fn fail<'b>(route: Option<&Route>, failure: Failure) -> Plan<'_, 'b> {
    Plan::Fail { route, secured: route, failure }
}

/// No route of a host that is served. As with ingress-nginx, HSTS is a matter of the host, whatever its certificate.
fn no_path<'b>(entry: &HostEntry) -> Plan<'_, 'b> {
    Plan::Fail { route: None, secured: entry.routes().first(), failure: Failure::of(Kind::NoRoute) }
}

/// Selects the route. A path whose two readings select different routes selects none.
fn select<'s>(entry: &'s HostEntry, matched: &[u8], undecoded: Option<&[u8]>) -> Result<Option<&'s Route>, Fault> {
    let route = entry.lookup(matched);
    if let Some(other) = undecoded {
        let same = match (route, entry.lookup(other)) {
            (Some(one), Some(two)) => std::ptr::eq(one, two),
            (None, None) => true,
            _ => false,
        };
        if !same {
            return Err(Fault::AmbiguousPath);
        }
    }
    Ok(route)
}

/// Decides. `tls` is how the client sent the request, and `public` the host that it asked for, where that is another than
/// the request's own; `bytes` is its head as received.
pub fn plan<'s, 'b>(
    snapshot: &'s Snapshot,
    table: Option<TableIndex>,
    tls: bool,
    public: Option<&[u8]>,
    bytes: &'b [u8],
    head: &RequestHead,
    scratch: &'b mut Scratch,
) -> Plan<'s, 'b> {
    let host = match head.authority {
        // HTTP/1.0 without Host goes to whatever serves unknown hosts.
        None => &b""[..],
        Some(authority) => match canonical_host(authority.of(bytes), &mut scratch.host) {
            Ok(host) => host,
            Err(fault) => return fail(None, Failure::client(fault)),
        },
    };
    let forms = match read_path(head.path.of(bytes), &mut scratch.path) {
        Ok(forms) => forms,
        Err(fault) => return fail(None, Failure::client(fault)),
    };
    let Some(table) = table else { return fail(None, Failure::of(Kind::NoRoute)) };
    let Some(entry) = snapshot.host(table, host) else { return fail(None, Failure::of(Kind::NoRoute)) };
    let route = match select(entry, forms.matched, forms.undecoded) {
        Ok(Some(route)) => route,
        Ok(None) => return no_path(entry),
        Err(fault) => return fail(None, Failure::client(fault)),
    };
    let policy = &route.policy;
    if let Framing::Length(length) = head.framing
        && policy.body_limit_bytes > 0
        && length > policy.body_limit_bytes
    {
        return fail(Some(route), Failure::of(Kind::BodyTooLarge));
    }
    match &route.action {
        Action::Respond { status: 503 } => return fail(Some(route), Failure::of(Kind::Closed)),
        Action::Respond { status } => return Plan::Respond { route, status: *status },
        Action::Redirect { path, status } => {
            let scheme: &[u8] = if tls { b"https://" } else { b"http://" };
            let authority = head.authority.map_or(&b""[..], |authority| authority.of(bytes));
            let mut location = [scheme, authority].concat();
            encode_path(path.as_bytes(), &mut location);
            append_query(&mut location, head, bytes);
            return Plan::Redirect { route, status: *status, location };
        }
        Action::Forward { .. } => {}
    }
    if let Some(redirect) = policy.https_redirect.as_ref().filter(|_| !tls) {
        // The canonical host has lost its port, and a client without Host cannot be sent anywhere.
        if !host.is_empty() {
            let mut odd = Vec::new();
            let shown = public.and_then(|public| canonical_host(public, &mut odd).ok()).unwrap_or(host);
            let mut location = [b"https://", shown, forms.forward].concat();
            append_query(&mut location, head, bytes);
            // ingress-nginx removes one slash at the end of the whole target, query included.
            if location.last() == Some(&b'/') {
                location.pop();
            }
            return Plan::Redirect { route, status: redirect.status, location };
        }
    }
    let Some(rewrite) = &route.rewrite else { return Plan::Forward { route, path: forms.forward } };
    let Scratch { captures, expanded, rewritten, check, .. } = scratch;
    expanded.clear();
    rewritten.clear();
    route.captures(forms.matched, captures);
    rewrite.expand(forms.matched, captures, expanded);
    encode_path(expanded, rewritten);
    match check_rewritten(rewritten, check) {
        Ok(()) => Plan::Forward { route, path: rewritten },
        Err(_) => fail(Some(route), Failure::of(Kind::BadRewrite)),
    }
}

fn append_query(location: &mut Vec<u8>, head: &RequestHead, bytes: &[u8]) {
    if let Some(query) = head.query {
        location.push(b'?');
        location.extend_from_slice(query.of(bytes));
    }
}
