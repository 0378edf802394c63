//! What is to be done with a request: a head and a snapshot in, a plan out. The order of the steps stands in `order`.

use std::net::IpAddr;
use std::sync::Arc;

use sallygate_image::UpstreamTls;
use sallygate_wire::fault::Fault;
use sallygate_wire::field::Fields;
use sallygate_wire::host::canonical_host;
use sallygate_wire::path::{PathScratch, check_rewritten, encode_path, read_path};
use sallygate_wire::request::RequestHead;

use crate::balance::{BackendIndex, Preference};
use crate::fault::{Failure, Kind};
use crate::filter::{Answered, Asked, Buckets, Checked, Claim, UnderWay};
use crate::http1::forward::has_id;
use crate::http1::told::Told;
use crate::proxy::choice::{Choice, names};
use crate::proxy::inquire::Inquiry;
use crate::proxy::judge::Judge;
use crate::proxy::mirror::Draft;
use crate::proxy::order::BARE;
use crate::regex::GaveUp;
use crate::route::{Captures, Route};
use crate::snapshot::{HostEntry, Snapshot, TableIndex};
use crate::trust::{Refused, Secured, Verification};

/// Scratch space that one worker uses for one request at a time.
#[derive(Default)]
pub struct Scratch {
    host: Vec<u8>,
    path: PathScratch,
    captures: Captures,
    rewriting: Rewriting,
}

#[derive(Default)]
struct Rewriting {
    expanded: Vec<u8>,
    rewritten: Vec<u8>,
    check: PathScratch,
}

impl Rewriting {
    /// The path that a route sends in place of the one that it matched; none if it sends that one.
    fn path(&mut self, route: &Route, matched: &[u8], captures: &mut Captures) -> Result<Option<&[u8]>, Failure> {
        let Some(template) = &route.rewrite else { return Ok(None) };
        let Self { expanded, rewritten, check } = self;
        route.captures(matched, captures).map_err(gave_up)?;
        expanded.clear();
        rewritten.clear();
        template.expand(matched, captures, expanded);
        encode_path(expanded, rewritten);
        check_rewritten(rewritten, check).map_err(|_| Failure::of(Kind::BadRewrite))?;
        Ok(Some(rewritten))
    }
}

/// What outlives a request and filters ask for.
pub trait Ground {
    /// How often each client has asked.
    fn buckets(&self) -> &Arc<Buckets>;
    /// Milliseconds by the clock of the buckets.
    fn now_ms(&self) -> u64;
    /// Was this found to be right lately?
    fn knows(&self, claim: &Claim) -> bool;
    /// A random number below `below`, which is at least 1.
    fn draw(&self, below: u32) -> u32;
}

/// A request, and where it came from.
pub struct Arrival<'a> {
    /// The table of its listener.
    pub table: Option<TableIndex>,
    /// Did its client send it over TLS?
    pub tls: bool,
    /// How the connection itself is secured, whatever a proxy before us says.
    pub secured: Secured<'a>,
    /// The host that its client asked for, where that is another than its own.
    pub public: Option<&'a [u8]>,
    /// The port that it came to, as its client knows it.
    pub port: u16,
    /// The client's address; IPv4 is never written as IPv6.
    pub peer: IpAddr,
    /// The client's address as text.
    pub peer_text: &'a [u8],
    /// Its id.
    pub id: &'a [u8],
    /// Its head as received.
    pub bytes: &'a [u8],
    /// Its head, understood.
    pub head: &'a RequestHead,
    /// Its field lines.
    pub fields: &'a Fields,
    /// What became of its password, if that had to be checked. Then all earlier steps have been taken.
    pub checked: Option<Checked>,
    /// What a service has said of it, if one had to be asked. Then all earlier steps have been taken, too.
    pub answered: Option<&'a Answered>,
    /// What a proxy before us says of it.
    pub told: &'a Told<'a>,
    /// The address at the other end of its connection as text.
    pub near: &'a [u8],
}

impl Arrival<'_> {
    /// Does it come back with something that had to be found out?
    pub(super) fn resumes(&self) -> bool {
        self.checked.is_some() || self.answered.is_some()
    }
}

/// What is to be done.
pub enum Plan<'s, 'b> {
    /// Proxy it.
    Forward(Forward<'s, 'b>),
    /// See whether a password is right, and come back.
    Check {
        /// What is to be checked.
        claim: Claim,
        /// It is under way already.
        under_way: Option<UnderWay>,
    },
    /// Ask a service about it, and come back.
    Ask {
        /// The route that was selected.
        route: &'s Route,
        /// What is to be asked.
        inquiry: Box<Inquiry<'s>>,
        /// It is under way already.
        under_way: Option<UnderWay>,
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
    /// Send a client away that its host does not serve.
    Send {
        /// The route whose HSTS is sent.
        secured: Option<&'s Route>,
        /// Where to.
        location: &'s str,
    },
    /// Answer with a status, for the sake of the route.
    Respond {
        /// The route that was selected.
        route: &'s Route,
        /// The status.
        status: u16,
    },
    /// Ask for a name and a password.
    Challenge {
        /// The route that was selected.
        route: &'s Route,
        /// The value of WWW-Authenticate.
        challenge: Vec<u8>,
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

/// How a request is proxied.
pub struct Forward<'s, 'b> {
    /// The route that was selected.
    pub route: &'s Route,
    /// The path to send.
    pub path: &'b [u8],
    /// Where it goes.
    pub backend: BackendIndex,
    /// None is plain HTTP.
    pub tls: Option<&'s UpstreamTls>,
    /// It goes to whoever answers while the route's own backend has no endpoint.
    pub spare: bool,
    /// Which endpoint it should go to.
    pub preference: Preference,
    /// Counts for as long as it lives.
    pub under_way: Option<UnderWay>,
    /// The copy that another service gets.
    pub copy: Option<Box<Draft>>,
}

pub(super) fn fail<'b>(route: Option<&Route>, failure: Failure) -> Plan<'_, 'b> {
    Plan::Fail { route, secured: route, failure }
}

/// No route of a host that is served. As with ingress-nginx, HSTS is a matter of the host, whatever its certificate.
fn no_path<'b>(entry: &HostEntry) -> Plan<'_, 'b> {
    Plan::Fail { route: None, secured: entry.routes().first(), failure: Failure::of(Kind::NoRoute) }
}

fn gave_up(_: GaveUp) -> Failure {
    Failure::of(Kind::RegexLimit)
}

/// Lets a client in that its host asks for a certificate, and says what the upstream is to know of it.
fn admit(clients: &Verification, secured: Secured<'_>, lines: &mut Vec<u8>) -> Result<(), Kind> {
    let report = clients.judge(secured).map_err(|refused| match refused {
        Refused::Missing => Kind::CertificateMissing,
        Refused::Bad => Kind::CertificateBad,
        Refused::Unmatched => Kind::CertificateUnmatched,
        Refused::Elsewhere => Kind::Misdirected,
        Refused::Plain => Kind::NotSecured,
    })?;
    // Names are escaped, so that nothing of them can be refused; and if it were, the client would stay out.
    report.map_or(Ok(()), |report| report.write(lines)).map_err(|_| Kind::CertificateBad)
}

/// The answer to a client that is not let in.
fn turn_away<'s, 'b>(entry: &'s HostEntry, clients: &'s Verification, kind: Kind) -> Plan<'s, 'b> {
    let secured = entry.routes().first();
    match (&clients.error_page, kind) {
        (Some(location), Kind::CertificateMissing | Kind::CertificateBad) => Plan::Send { secured, location },
        _ => Plan::Fail { route: None, secured, failure: Failure::of(kind) },
    }
}

/// Selects the route. A path whose two readings select different routes selects none.
pub(super) fn select<'s>(
    entry: &'s HostEntry,
    matched: &[u8],
    undecoded: Option<&[u8]>,
) -> Result<Option<&'s Route>, Failure> {
    let route = entry.lookup(matched).map_err(gave_up)?;
    if let Some(other) = undecoded {
        let same = match (route, entry.lookup(other).map_err(gave_up)?) {
            (Some(one), Some(two)) => std::ptr::eq(one, two),
            (None, None) => true,
            _ => false,
        };
        if !same {
            return Err(Failure::client(Fault::AmbiguousPath));
        }
    }
    Ok(route)
}

/// Decides. What filters add to the answer is appended to `added`, as whole field lines.
pub fn plan<'s, 'b>(
    ground: &impl Ground,
    snapshot: &'s Snapshot,
    arrival: &Arrival<'b>,
    scratch: &'b mut Scratch,
    request_lines: &mut Vec<u8>,
    added: &mut Vec<u8>,
) -> Plan<'s, 'b> {
    let Arrival { table, bytes, head, .. } = *arrival;
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
    let Some(entry) = table.and_then(|table| snapshot.host(table, host)) else {
        return fail(None, Failure::of(Kind::NoRoute));
    };
    let barred = match entry.clients().map(|clients| (clients, admit(clients, arrival.secured, request_lines))) {
        None | Some((_, Ok(()))) => false,
        // It may still be sent to https.
        Some((_, Err(Kind::NotSecured))) => true,
        Some((clients, Err(kind))) => return turn_away(entry, clients, kind),
    };
    let route = match select(entry, forms.matched, forms.undecoded) {
        Ok(Some(route)) => route,
        Ok(None) => return no_path(entry),
        Err(failure) => return fail(None, failure),
    };
    if barred && (arrival.tls || route.policy.https_redirect.is_none()) {
        return fail(Some(route), Failure::of(Kind::NotSecured));
    }
    let judge = Judge { arrival, entry, route, reported: request_lines, host, path: forms.forward };
    let Scratch { captures, rewriting, .. } = scratch;
    let mut under_way = None;
    let mut choice = Choice::of(route);
    let mut copy = None;
    if route.filters.is_none() && route.mirror.is_none() && !choice.has_others() {
        for step in BARE {
            if let Some(plan) = judge.bare(step) {
                return plan;
            }
        }
    } else {
        if let Err(problem) = route.captures(forms.matched, captures) {
            return fail(Some(route), gave_up(problem));
        }
        let asked = Asked {
            bytes,
            head,
            fields: arrival.fields,
            host,
            path: forms.matched,
            peer: arrival.peer,
            peer_text: arrival.peer_text,
            port: arrival.port,
            tls: arrival.tls,
            id: route
                .filters
                .as_ref()
                .map_or(arrival.id, |filters| filters.id(arrival.id, has_id(bytes, arrival.fields))),
            capture: &|group| captures.get(group, forms.matched),
            names: names(route),
        };
        match judge.filtered(ground, &asked, added) {
            Err(plan) => return plan,
            Ok(guard) => under_way = guard,
        }
        if let Err(failure) = choice.make(ground, snapshot, &asked, route, added) {
            return fail(Some(route), failure);
        }
        if let Some(edits) = route.filters.as_ref().and_then(|filters| filters.request())
            && let Err(fault) = edits.write(&asked, request_lines)
        {
            return fail(Some(route), Failure::client(fault));
        }
        if let Some(answered) = arrival.answered {
            request_lines.extend_from_slice(&answered.copied);
        }
        copy = route.mirror.as_ref().and_then(|mirror| Draft::new(mirror, &asked)).map(Box::new);
    }
    if barred {
        return fail(Some(route), Failure::of(Kind::NotSecured));
    }
    let mut forward = Forward {
        route,
        path: forms.forward,
        backend: choice.backend,
        tls: choice.tls,
        spare: choice.spare,
        preference: choice.preference,
        under_way,
        copy,
    };
    match rewriting.path(route, forms.matched, captures) {
        Ok(path) => forward.path = path.unwrap_or(forward.path),
        Err(failure) => return fail(Some(route), failure),
    }
    Plan::Forward(forward)
}
