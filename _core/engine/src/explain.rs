//! What would be done with one request, and what else could have been: the lookup and the plan that serve traffic, asked
//! by hand. Opens no socket, starts no thread and keeps nothing.
//!
//! Why one route is taken and another is not is found out by asking the same tables with fewer routes in them, never by
//! a second set of rules.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sallygate_image::{Digest, Host, PathMatch, Policy, Refusal, Segment, decode};
use sallygate_wire::fault::Fault;
use sallygate_wire::field::Fields;
use sallygate_wire::host::canonical_host;
use sallygate_wire::limits::Limits;
use sallygate_wire::path::{PathScratch, read_path};
use sallygate_wire::request::{Framing, parse_request};
use sallygate_wire::trailer::TrailerNames;
use serde::Serialize;

use crate::clock::Clock;
use crate::fault::{Failure, Kind};
use crate::filter::{Answered, Buckets, Claim};
use crate::http1::forward::{self, Facts, Outgoing};
use crate::http1::told::{AddressText, Told};
use crate::proxy::cover::report;
use crate::proxy::plan::{Arrival, Forward, Ground, Plan, Scratch, plan};
use crate::route::{Action, Origin, Patterns, Route, RouteTable, Seed, Source};
use crate::snapshot::{HostEntry, Publisher, Snapshot, TableIndex};
use crate::telemetry::SlotAllocator;
use crate::trust::Secured;

/// How many routes are put in order. A host may have a hundred thousand, and nobody reads on for so long.
pub const RANKED: usize = 100;

/// A request, and how it comes.
pub struct Question<'a> {
    /// The name of the listener.
    pub listener: &'a str,
    /// Did it come over TLS?
    pub tls: bool,
    /// The client's IP address as text.
    pub peer: &'a str,
    /// The port that the client came to, as it knows it.
    pub port: u16,
    /// The name that a TLS client asks for; empty if it names none.
    pub sni: &'a str,
    /// The request's head, as on the wire.
    pub head: &'a [u8],
    /// The id that the request gets if it brings none.
    pub fresh_id: &'a [u8; 32],
}

/// What filters find before the first request: nobody has asked yet, and no password is known.
struct Nothing(Arc<Buckets>);

impl Ground for Nothing {
    fn buckets(&self) -> &Arc<Buckets> {
        &self.0
    }

    fn now_ms(&self) -> u64 {
        0
    }

    fn knows(&self, _claim: &Claim) -> bool {
        false
    }

    fn draw(&self, below: u32) -> u32 {
        // The last place, which is the route's own wherever anything is left to it.
        below.saturating_sub(1)
    }
}

/// What comes of it.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// It is sent on, with this head.
    Forward {
        /// As the upstream receives it.
        head: String,
    },
    /// A redirect.
    Redirect {
        /// 3xx.
        status: u16,
        /// The value of Location.
        location: String,
    },
    /// A status, for the sake of the route.
    Respond {
        /// The status.
        status: u16,
    },
    /// It cannot be served.
    Fail {
        /// The status.
        status: u16,
        /// The name of the failure in logs and metrics.
        code: &'static str,
    },
}

/// A route that was considered.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The host that it belongs to, as its owner would write it.
    pub host: String,
    /// Its place in the host's list.
    pub index: usize,
    /// How many others would have to go for it to be selected within its host. None: it does not match the path.
    pub rank: Option<usize>,
}

/// The answer to a question.
#[derive(Debug, Serialize)]
pub struct Decision {
    /// The host whose routes are asked.
    pub host: Option<String>,
    /// The path that is compared, percent-decoded.
    pub path: String,
    /// The host whose certificate a TLS client is shown.
    pub certificate_host: Option<String>,
    /// The place of the selected route in the list of its host.
    pub selected: Option<usize>,
    /// Routes of every host that could serve the name, the most specific host first; of each those that match in order,
    /// then the others.
    pub candidates: Vec<Candidate>,
    /// How many more there are.
    pub omitted: usize,
    /// What becomes of the request.
    pub outcome: Outcome,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Problem {
    /// The snapshot is not one that would be served.
    Refused(Refusal),
    /// Segments of it are missing.
    Incomplete(usize),
    /// The head is not one whole head.
    NotAHead,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(formatter, "the snapshot would be refused: {refusal}"),
            Self::Incomplete(count) => write!(formatter, "the snapshot lacks {count} segments"),
            Self::NotAHead => formatter.write_str("the head is not one whole request head"),
        }
    }
}

/// Builds the snapshot and asks it.
pub fn explain(root: Digest, segments: Vec<Vec<u8>>, question: &Question<'_>) -> Result<Decision, Problem> {
    let hosts = host_segments(&segments)?;
    // Slot 0 is shared by all: nothing is counted here.
    let mut publisher = Publisher::new(SlotAllocator::new(1), None, Clock::new(), || fastrand::u64(..));
    let outcome = publisher.offer(root, segments).map_err(Problem::Refused)?;
    if !outcome.accepted {
        return Err(Problem::Incomplete(outcome.wanted.len()));
    }
    let snapshot = publisher.publication().current();
    let listener = snapshot.listener(question.listener);
    let table = listener.map(|listener| listener.table);
    let certificate_host = table
        .and_then(|table| snapshot.host(table, question.sni.as_bytes()))
        .filter(|_| question.tls)
        .map(HostEntry::host);
    let mut fields = Fields::default();
    let head = match parse_request(question.head, &Limits::default(), &mut fields) {
        Ok(Some(head)) if head.len == question.head.len() => head,
        Ok(_) => return Err(Problem::NotAHead),
        Err(fault) => return Ok(unread(certificate_host, fault)),
    };
    let peer: IpAddr = question.peer.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let told = Told::read(listener.and_then(|one| one.forwarders.as_ref()), peer, question.head, &fields);
    let mut arrival = Arrival {
        table,
        tls: told.secure(question.tls),
        // What kind of certificate it would show is not asked: a good one.
        secured: if question.tls { Secured::Assumed } else { Secured::No },
        public: told.host,
        port: question.port,
        peer: told.client(peer),
        peer_text: told.address.as_ref().map_or(question.peer.as_bytes(), AddressText::as_bytes),
        id: forward::request_id(question.head, &fields, question.fresh_id),
        bytes: question.head,
        head: &head,
        fields: &fields,
        checked: None,
        answered: None,
        told: &told,
        near: question.peer.as_bytes(),
    };
    let ground = Nothing(Arc::default());
    // A service that is asked is taken to have said yes, and nothing of the user: nothing is sent from here.
    let yes = Answered { status: 200, ..Answered::default() };
    let (mut scratch, mut again, mut third) = (Scratch::default(), Scratch::default(), Scratch::default());
    let (mut lines, mut added) = (Vec::new(), Vec::new());
    let mut planned = plan(&ground, &snapshot, &arrival, &mut scratch, &mut lines, &mut added);
    if let Plan::Check { claim, .. } = &planned {
        arrival.checked = Some(claim.check());
        lines.clear();
        planned = plan(&ground, &snapshot, &arrival, &mut again, &mut lines, &mut added);
    }
    if let Plan::Ask { .. } = &planned {
        arrival.answered = Some(&yes);
        lines.clear();
        planned = plan(&ground, &snapshot, &arrival, &mut third, &mut lines, &mut added);
    }
    let (route, outcome) = in_words(&snapshot, planned, question, &told, &arrival, lines);
    let mut considered = Considered { hosts: &hosts, candidates: Vec::new(), omitted: 0 };
    let mut path_scratch = PathScratch::default();
    let forms = read_path(head.path.of(question.head), &mut path_scratch);
    let path = forms.map(|forms| forms.matched.to_vec()).unwrap_or_default();
    let mut entries = Vec::new();
    if let Some(table) = table {
        let mut host_scratch = Vec::new();
        let authority = told.host.or(head.authority.map(|one| one.of(question.head)));
        let authority = authority.map_or(Ok(&b""[..]), |one| canonical_host(one, &mut host_scratch));
        entries = authority.map(|host| entries_of(&snapshot, table, host)).unwrap_or_default();
    }
    for entry in &entries {
        considered.add(entry, &path);
    }
    let selected = route.and_then(|route| entries.first()?.routes().iter().position(|one| std::ptr::eq(one, route)));
    Ok(Decision {
        host: entries.first().map(|entry| entry.host()),
        path: String::from_utf8_lossy(&path).into_owned(),
        certificate_host,
        selected,
        candidates: considered.candidates,
        omitted: considered.omitted,
        outcome,
    })
}

/// The hosts among the segments, by digest.
fn host_segments(segments: &[Vec<u8>]) -> Result<HashMap<Digest, Host>, Problem> {
    let mut hosts = HashMap::new();
    for bytes in segments {
        let (digest, segment) = decode(bytes).map_err(Problem::Refused)?;
        if let Segment::Host(host) = segment {
            hosts.insert(digest, host);
        }
    }
    Ok(hosts)
}

/// A head that is refused before anything is looked up.
fn unread(certificate_host: Option<String>, fault: Fault) -> Decision {
    Decision {
        host: None,
        path: String::new(),
        certificate_host,
        selected: None,
        candidates: Vec::new(),
        omitted: 0,
        outcome: failed(Failure::client(fault)),
    }
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Fail { status: failure.status(), code: failure.code() }
}

/// A plan in words, and its route.
fn in_words<'s>(
    snapshot: &Snapshot,
    planned: Plan<'s, '_>,
    question: &Question<'_>,
    told: &Told<'_>,
    arrival: &Arrival<'_>,
    lines: Vec<u8>,
) -> (Option<&'s Route>, Outcome) {
    match planned {
        Plan::Forward(way) => (Some(way.route), forwarded(snapshot, &way, question, told, arrival, lines)),
        // Its password was checked already.
        Plan::Check { .. } | Plan::Ask { .. } => (None, failed(Failure::of(Kind::TooBusy))),
        Plan::Challenge { route, .. } => (Some(route), Outcome::Respond { status: 401 }),
        Plan::Redirect { route, status, location } => {
            (Some(route), Outcome::Redirect { status, location: String::from_utf8_lossy(&location).into_owned() })
        }
        Plan::Respond { route, status } => (Some(route), Outcome::Respond { status }),
        Plan::Send { location, .. } => (None, Outcome::Redirect { status: 302, location: location.to_owned() }),
        Plan::Fail { route, failure, .. } => (route, failed(failure)),
    }
}

fn forwarded(
    snapshot: &Snapshot,
    way: &Forward<'_, '_>,
    question: &Question<'_>,
    told: &Told<'_>,
    arrival: &Arrival<'_>,
    mut lines: Vec<u8>,
) -> Outcome {
    let Forward { route, path, .. } = *way;
    let Arrival { head, fields, .. } = *arrival;
    let policy = &route.policy;
    if snapshot.backend(way.backend).is_none_or(|backend| backend.endpoints.is_empty()) {
        return failed(Failure::of(Kind::NoEndpoint));
    }
    if way.spare
        && let Err(fault) = report(503, route, question.head, head, fields, &mut lines)
    {
        return failed(Failure::client(fault));
    }
    let facts = Facts {
        peer: question.peer.as_bytes(),
        port: question.port,
        tls: question.tls,
        told,
        id: forward::request_id(question.head, fields, question.fresh_id),
        http10: policy.http10,
        edits: route.filters.as_ref().and_then(|filters| filters.request()),
        lines: &lines,
        reports: way.spare,
        trailers: &TrailerNames::default(),
    };
    let outgoing = match head.framing {
        Framing::None => Outgoing::None,
        Framing::Length(length) => Outgoing::Length(length),
        // Its length is written once it is known.
        Framing::Chunked if policy.request_body.buffered || policy.http10 => Outgoing::None,
        Framing::Chunked => Outgoing::Chunked,
    };
    let mut out = Vec::new();
    match forward::write(&mut out, question.head, head, fields, path, &facts, outgoing) {
        Ok(()) => Outcome::Forward { head: String::from_utf8_lossy(&out).into_owned() },
        Err(fault) => failed(Failure::client(fault)),
    }
}

/// The entry that serves a host, then those that would if it was not there: the wildcard's, and the one for all others.
/// Each is found by the lookup that serves traffic, asked for a name that only it can have.
fn entries_of<'s>(snapshot: &'s Snapshot, table: TableIndex, host: &[u8]) -> Vec<&'s HostEntry> {
    let sibling = host.iter().position(|byte| *byte == b'.').map(|dot| {
        // No host has a label of a lone underscore: it is no host name.
        [&b"_"[..], host.get(dot..).unwrap_or_default()].concat()
    });
    let asked = [Some(host), sibling.as_deref(), Some(&b""[..])];
    let mut found: Vec<&HostEntry> = Vec::new();
    for entry in asked.into_iter().flatten().filter_map(|name| snapshot.host(table, name)) {
        if !found.iter().any(|one| one.digest() == entry.digest() && one.host() == entry.host()) {
            found.push(entry);
        }
    }
    found
}

/// The candidates so far.
struct Considered<'a> {
    hosts: &'a HashMap<Digest, Host>,
    candidates: Vec<Candidate>,
    omitted: usize,
}

impl Considered<'_> {
    /// All routes of one host.
    fn add(&mut self, entry: &HostEntry, path: &[u8]) {
        let Some(segment) = self.hosts.get(&entry.digest()) else { return };
        let matches: Vec<&PathMatch> = segment.routes.iter().map(|route| &route.match_).collect();
        let ranked = in_order(&matches, path);
        let name = entry.host();
        let candidate = |index, rank| Candidate { host: name.clone(), index, rank };
        let rest = (0..matches.len()).filter(|index| !ranked.contains(index));
        let all = ranked.iter().enumerate().map(|(rank, index)| candidate(*index, Some(rank)));
        let all: Vec<Candidate> = all.chain(rest.map(|index| candidate(index, None))).collect();
        self.omitted += all.len().saturating_sub(RANKED);
        self.candidates.extend(all.into_iter().take(RANKED));
    }
}

/// Those that match the path, in the order in which they would be selected, each as soon as the ones before are gone.
fn in_order(matches: &[&PathMatch], path: &[u8]) -> Vec<usize> {
    let mut patterns = Patterns::default();
    let alone = |index: &usize, patterns: &mut Patterns| {
        matches.get(*index).is_some_and(|one| select(&[one], path, patterns).is_some())
    };
    let mut left: Vec<usize> = (0..matches.len()).filter(|index| alone(index, &mut patterns)).collect();
    let mut found = Vec::new();
    while found.len() < RANKED {
        let standing: Vec<&PathMatch> = left.iter().filter_map(|index| matches.get(*index).copied()).collect();
        let Some(place) = select(&standing, path, &mut patterns).filter(|place| *place < left.len()) else { break };
        found.push(left.remove(place));
    }
    found
}

/// What a host with just these routes selects.
fn select(matches: &[&PathMatch], path: &[u8], patterns: &mut Patterns) -> Option<usize> {
    let source = Arc::new(Source { kind: "".into(), namespace: "".into(), name: "".into() });
    let policy = Arc::new(Policy::default());
    let route = |number: u32| {
        let origin = Origin { source: source.clone(), rule: 0, path: number };
        Route::new(origin, Action::Respond { status: 200 }, policy.clone(), None, None)
    };
    let matches: Vec<PathMatch> = matches.iter().map(|one| (*one).clone()).collect();
    let routes = (0_u32..).zip(&matches).map(|(number, _)| route(number)).collect();
    let (table, block) = RouteTable::new(b"", &matches, routes, Seed::new(1, 2), patterns).ok()?;
    table.lookup(&block, path).ok()?.map(|route| route.origin.path as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(path: &str) -> PathMatch {
        PathMatch::Prefix { path: path.into() }
    }

    fn order(matches: &[PathMatch], path: &str) -> Vec<usize> {
        in_order(&matches.iter().collect::<Vec<_>>(), path.as_bytes())
    }

    #[test]
    fn rivals_stand_in_the_order_in_which_they_would_be_selected() {
        let regex = PathMatch::Regex { pattern: "/A".into(), ignore_case: true };
        let exact = PathMatch::Exact { path: "/a/b".into() };
        let matches = [prefix("/"), prefix("/a"), regex, prefix("/b"), exact, prefix("/a/b")];
        assert_eq!(order(&matches, "/a/b"), [4, 2, 5, 1, 0]);
        assert_eq!(order(&matches, "/c"), [0]);
        assert_eq!(order(&matches[1..2], "/c"), Vec::<usize>::new());
    }
}
