//! What a service is asked about a request: ingress-nginx's request for `auth-url`, byte for byte ours.

use sallygate_wire::fault::Fault;
use sallygate_wire::field::{Field, Name};
use sallygate_wire::path::{PathScratch, check_rewritten, encode_path, read_path};
use sallygate_wire::response::RequestKind;
use sallygate_wire::write::HeadWriter;

use crate::balance::BackendIndex;
use crate::filter::{Asked, Digest, External, Text, Word};
use crate::http1::forward;
use crate::proxy::attempt::speech;
use crate::proxy::plan::{Arrival, select};
use crate::route::{Action, Captures, Route};
use crate::snapshot::HostEntry;
use crate::upstream::pool::Speech;

/// One request for a service, ready to be sent.
pub struct Inquiry<'s> {
    /// Whose answer it is.
    pub(super) external: &'s External,
    /// Where it goes.
    pub(super) backend: BackendIndex,
    pub(super) tls: Option<Speech>,
    /// All of it: it has no body.
    pub(super) bytes: Vec<u8>,
    pub(super) kind: RequestKind,
    /// May it be sent a second time?
    pub(super) repeatable: bool,
    /// What the answer is remembered by.
    pub(super) key: Option<Digest>,
}

/// Headers that only the gateway says, beside those that it says to every upstream.
const OURS: [&[u8]; 2] = [b"X-Sent-From", b"X-Auth-Request-Redirect"];

/// The request about `asked`, which came to `route` of `entry`; `reported` are lines about its client's certificate. None
/// if it cannot be asked: then nobody passes.
pub(super) fn inquire<'s>(
    external: &'s External,
    asked: &Asked<'_>,
    arrival: &Arrival<'_>,
    entry: &HostEntry,
    route: &Route,
    reported: &[u8],
) -> Option<Inquiry<'s>> {
    let mut target = Vec::new();
    external.target.as_ref()?.expand(asked, &mut target);
    let (backend, tls) = match &external.backend {
        Some(key) => (key.index(), external.tls.clone().map(Speech::Usual)),
        None => own(entry, arrival, &mut target)?,
    };
    let mut bytes = Vec::with_capacity(arrival.head.len + 512);
    write(&mut bytes, external, asked, arrival, &target, reported).ok()?;
    let origin = &route.origin;
    let source = &origin.source;
    let (rule, path) = (origin.rule.to_be_bytes(), origin.path.to_be_bytes());
    let place = [source.namespace.as_bytes(), source.name.as_bytes(), &rule, &path];
    Some(Inquiry {
        external,
        backend,
        tls,
        bytes,
        kind: if *external.method == *b"HEAD" { RequestKind::Head } else { RequestKind::Other },
        repeatable: matches!(&*external.method, b"GET" | b"HEAD" | b"OPTIONS" | b"PUT" | b"DELETE" | b"TRACE"),
        key: external.key(asked, &place),
    })
}

/// Where the request's own host serves `target`, which is rewritten as that route asks for. A route that asks for
/// something itself is not gone around.
fn own(entry: &HostEntry, arrival: &Arrival<'_>, target: &mut Vec<u8>) -> Option<(BackendIndex, Option<Speech>)> {
    let at = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
    let (path, query) = target.split_at_checked(at)?;
    let mut scratch = PathScratch::default();
    let forms = read_path(path, &mut scratch).ok()?;
    let route = select(entry, forms.matched, forms.undecoded).ok()??;
    let Action::Forward { backend, tls, .. } = &route.action else { return None };
    if let Some(filters) = &route.filters {
        let denied = filters.access.as_ref().is_some_and(|access| access.of(arrival.peer) == Word::Denied);
        if denied || filters.password.is_some() || filters.external.is_some() {
            return None;
        }
    }
    let mut sent = forms.forward.to_vec();
    if let Some(rewrite) = &route.rewrite {
        let (mut captures, mut expanded) = (Captures::default(), Vec::new());
        route.captures(forms.matched, &mut captures).ok()?;
        rewrite.expand(forms.matched, &captures, &mut expanded);
        sent.clear();
        encode_path(&expanded, &mut sent);
        check_rewritten(&sent, &mut PathScratch::default()).ok()?;
    }
    sent.extend_from_slice(query);
    *target = sent;
    Some((*backend, tls.as_ref().map(|tls| speech(route, tls))))
}

fn write(
    out: &mut Vec<u8>,
    external: &External,
    asked: &Asked<'_>,
    arrival: &Arrival<'_>,
    target: &[u8],
    reported: &[u8],
) -> Result<(), Fault> {
    let expanded = |text: &Option<Text>| {
        let mut value = Vec::new();
        if let Some(text) = text {
            text.expand(asked, &mut value);
        }
        value
    };
    let bytes = asked.bytes;
    let uri = asked.head.target.of(bytes);
    let host = expanded(&external.host);
    let mut writer = HeadWriter::new(out);
    writer.request_line(&external.method, &[target])?;
    let ours = |name: &[u8], id: Name| {
        forward::is_ours(id) || OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) || external.headers.name(name)
    };
    // Ours can be replaced by the route's, as in ingress-nginx; the Host never.
    writer.field(b"Host", &host)?;
    let mut set = |name: &[u8], value: &[u8]| {
        if external.headers.name(name) || value.is_empty() { Ok(()) } else { writer.field(name, value) }
    };
    set(b"X-Request-ID", asked.id)?;
    set(b"X-Original-URL", &[asked.scheme(), b"://", asked.authority(), uri].concat())?;
    set(b"X-Original-Method", asked.head.method_text.of(bytes))?;
    set(b"X-Sent-From", b"nginx-ingress-controller")?;
    set(b"X-Real-IP", asked.peer_text)?;
    if !arrival.told.appends {
        set(b"X-Forwarded-For", asked.peer_text)?;
    }
    let redirect = expanded(&external.redirect);
    set(b"X-Auth-Request-Redirect", if external.redirect.is_some() { &redirect } else { uri })?;
    if external.told_method {
        set(b"X-Original-URI", uri)?;
        set(b"X-Scheme", asked.scheme())?;
    }
    if external.backend.is_none() {
        // What a request to the gateway itself would have been told there.
        set(b"X-Forwarded-Host", asked.authority())?;
        set(b"X-Forwarded-Proto", asked.scheme())?;
    }
    if arrival.told.appends && !external.headers.name(b"X-Forwarded-For") {
        forward::append_peer(&mut writer, bytes, asked.fields, arrival.near)?;
    }
    external.headers.fill(asked, |name, value| writer.field(name, value))?;
    let passes = |field: &&Field| !field.dropped && !ours(field.name.of(bytes), field.id);
    asked.fields.iter().filter(passes).try_for_each(|field| writer.forwarded(bytes, field))?;
    out.extend_from_slice(reported);
    HeadWriter::new(out).end();
    Ok(())
}
