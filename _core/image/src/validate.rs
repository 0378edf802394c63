//! What a decoded segment must hold beyond its types: syntax, bounds and order of every field, each by name.
//!
//! A value that passes here can be served without a further look: nothing in it can break a header, a path or a bound.

use std::net::IpAddr;

use crate::backend::Backend;
use crate::certificate::Certificate;
use crate::connections::Connections;
use crate::digest::Digest;
use crate::ids::{BackendId, CertificateId};
use crate::limits;
use crate::listener::Listeners;
use crate::log::AccessLog;
use crate::match_::PathMatch;
use crate::policy::Policy;
use crate::root::{HostShard, Root};
use crate::route::{Action, Canary, Host, Route, UpstreamTls};
use crate::segment::Segment;
use crate::validate_filters::{check_text, check_token, validate_filters};
use crate::validate_peers::{validate_endpoint_tls, validate_host_tls, validate_listener_tls};
use crate::version;

/// What is wrong with which field of a segment.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) field: String,
    pub(crate) reason: String,
}

/// `Err` is the reason alone; the caller knows the field.
pub(crate) type Checked = Result<(), String>;

pub(crate) trait At {
    fn at(self, field: impl FnOnce() -> String) -> Result<(), Fault>;
}

impl At for Checked {
    fn at(self, field: impl FnOnce() -> String) -> Result<(), Fault> {
        self.map_err(|reason| Fault { field: field(), reason })
    }
}

/// Check everything that can be known from this segment alone.
pub(crate) fn validate(segment: &Segment) -> Result<(), Fault> {
    match segment {
        Segment::Root(root) => validate_root(root),
        Segment::Listeners(listeners) => validate_listeners(listeners),
        Segment::Hosts(shard) => validate_host_shard(shard),
        Segment::Host(host) => validate_host(host),
        Segment::Policy(policy) => validate_policy(policy),
        Segment::Backends(shard) => validate_list("backends", &shard.backends, validate_backend_id),
        Segment::Backend(backend) => validate_backend(backend),
        Segment::Certificates(shard) => validate_list("certificates", &shard.certificates, validate_certificate_id),
        Segment::Certificate(certificate) => validate_certificate(certificate),
    }
}

fn validate_root(root: &Root) -> Result<(), Fault> {
    if root.version.0 != version::MAJOR {
        let (major, minor) = root.version;
        let reason = format!(
            "version {major}.{minor} of the configuration format; this data plane reads {}.x, so update the older side",
            version::MAJOR
        );
        return Err(Fault { field: "version".into(), reason });
    }
    at_most(root.tables.len(), limits::TABLES).at(|| "tables".into())?;
    root.tables.keys().try_for_each(|name| check_name(name, false).at(|| format!("tables.{name}")))?;
    root.default_certificate.as_ref().map_or(Ok(()), validate_certificate_id).at(|| "default_certificate".into())
}

fn validate_listeners(listeners: &Listeners) -> Result<(), Fault> {
    at_most(listeners.listeners.len(), limits::LISTENERS).at(|| "listeners".into())?;
    for (index, listener) in listeners.listeners.iter().enumerate() {
        check_name(&listener.name, false).at(|| format!("listeners[{index}].name"))?;
        check_name(&listener.table, false).at(|| format!("listeners[{index}].table"))?;
        if listeners.listeners.iter().take(index).any(|earlier| earlier.name == listener.name) {
            let reason = format!("{:?} is the name of an earlier listener too", listener.name);
            return Err(Fault { field: format!("listeners[{index}].name"), reason });
        }
        if let Some(forwarders) = &listener.forwarders {
            let at = |field| move || format!("listeners[{index}].forwarders.{field}");
            at_most(forwarders.networks.len(), limits::FORWARDER_NETWORKS).at(at("networks"))?;
            ascending(&forwarders.networks, |network| network).at(at("networks"))?;
            check_field_name(&forwarders.address_header).at(at("address_header"))?;
        }
        if let Some(headers) = &listener.proxy_headers {
            let at = |field| move || format!("listeners[{index}].proxy_headers.{field}");
            at_most(headers.networks.len(), limits::FORWARDER_NETWORKS).at(at("networks"))?;
            ascending(&headers.networks, |network| network).at(at("networks"))?;
            within(headers.timeout_ms, 1, limits::TIMEOUT_MS).at(at("timeout_ms"))?;
        }
        listener.tls.as_ref().map_or(Ok(()), |tls| validate_listener_tls(index, tls))?;
    }
    validate_log(&listeners.log)?;
    validate_connections(&listeners.connections)
}

fn validate_log(log: &AccessLog) -> Result<(), Fault> {
    let bytes = log.format.iter().map(|part| part.len() + 1).sum();
    at_most(bytes, limits::LOG_FORMAT_BYTES).at(|| "log.format".into())?;
    let patterns = log.skip_patterns.iter().map(|skip| &skip.pattern);
    at_most(log.skip.len() + log.skip_patterns.len(), limits::LOG_SKIPS).at(|| "log.skip".into())?;
    log.skip.iter().chain(patterns).try_for_each(|text| check_length(text, limits::PATH_BYTES)).at(|| "log.skip".into())
}

fn validate_connections(connections: &Connections) -> Result<(), Fault> {
    let at = |field| move || format!("connections.{field}");
    // A connection without a request would be closed by the first one.
    let some = |number: Option<u32>| {
        if number == Some(0) { Err("0 requests are none; the least is 1".to_owned()) } else { Ok(()) }
    };
    some(connections.client_requests).at(at("client_requests"))?;
    some(connections.upstream_requests).at(at("upstream_requests"))?;
    let fits = |bytes: Option<u32>| {
        let bytes = bytes.unwrap_or(limits::LEAST_HEAD_BYTES);
        if (limits::LEAST_HEAD_BYTES..=limits::HEAD_BYTES).contains(&bytes) {
            return Ok(());
        }
        Err(format!("{bytes} bytes; it is {} to {}", limits::LEAST_HEAD_BYTES, limits::HEAD_BYTES))
    };
    fits(connections.request_line_bytes).at(at("request_line_bytes"))?;
    fits(connections.head_bytes).at(at("head_bytes"))
}

fn validate_host_shard(shard: &HostShard) -> Result<(), Fault> {
    at_most(shard.hosts.len(), limits::ENTRIES_PER_SHARD).at(|| "hosts".into())?;
    for (key, _) in &shard.hosts {
        check_host_key(key).at(|| format!("hosts.{key}"))?;
    }
    ascending(&shard.hosts, |(key, _)| key).at(|| "hosts".into())
}

fn validate_list<Id: Ord>(field: &str, entries: &[(Id, Digest)], check: impl Fn(&Id) -> Checked) -> Result<(), Fault> {
    at_most(entries.len(), limits::ENTRIES_PER_SHARD).at(|| field.to_owned())?;
    for (index, (id, _)) in entries.iter().enumerate() {
        check(id).at(|| format!("{field}[{index}][0]"))?;
    }
    ascending(entries, |(id, _)| id).at(|| field.to_owned())
}

fn validate_host(host: &Host) -> Result<(), Fault> {
    check_host(&host.host).at(|| "host".into())?;
    host.certificate.as_ref().map_or(Ok(()), validate_certificate_id).at(|| "certificate".into())?;
    at_most(host.routes.len(), limits::ROUTES_PER_HOST).at(|| "routes".into())?;
    host.tls.as_ref().map_or(Ok(()), validate_host_tls)?;
    host.routes.iter().enumerate().try_for_each(|(index, route)| validate_route(index, route))
}

fn validate_route(index: usize, route: &Route) -> Result<(), Fault> {
    let at = |field: &'static str| move || format!("routes[{index}].{field}");
    for name in [&route.id.kind, &route.id.namespace, &route.id.name] {
        check_name(name, true).at(at("id"))?;
    }
    check_length(&route.display_path, limits::PATH_BYTES).at(at("display_path"))?;
    match &route.match_ {
        PathMatch::Exact { path } => check_path(path).at(at("match.path"))?,
        PathMatch::Prefix { path } => {
            check_path(path).at(at("match.path"))?;
            if path.len() > 1 && path.ends_with('/') {
                let reason = format!(
                    "{path:?} ends with a slash, which a prefix does not; {:?} is meant",
                    path.trim_end_matches('/')
                );
                return Err(Fault { field: at("match.path")(), reason });
            }
        }
        PathMatch::Regex { pattern, .. } => check_length(pattern, limits::PATTERN_BYTES).at(at("match.pattern"))?,
    }
    match &route.action {
        Action::Forward { backend, tls, canaries, spare } => {
            validate_backend_id(backend).at(at("action.backend"))?;
            check_tls(tls.as_ref()).at(at("action.tls.server_name"))?;
            spare.as_ref().map_or(Ok(()), validate_backend_id).at(at("action.spare"))?;
            at_most(canaries.len(), limits::CANARIES).at(at("action.canaries"))?;
            canaries.iter().try_for_each(check_canary).at(at("action.canaries"))?;
        }
        Action::Redirect { path, status, .. } => {
            check_target(path).at(at("action.path"))?;
            check_status(*status, 300, 399).at(at("action.status"))?;
        }
        Action::RedirectHost { host, status } => {
            check_labels(host, host).at(at("action.host"))?;
            check_status(*status, 300, 399).at(at("action.status"))?;
        }
        Action::Respond { status } => check_status(*status, 200, 599).at(at("action.status"))?,
    }
    if let Some(mirror) = &route.mirror {
        validate_backend_id(&mirror.backend).at(at("mirror.backend"))?;
        check_tls(mirror.tls.as_ref()).at(at("mirror.tls"))?;
        check_text(&mirror.host).at(at("mirror.host"))?;
        check_text(&mirror.target).at(at("mirror.target"))?;
        if mirror.host.is_empty() || !mirror.target.starts_with(['/', '$']) {
            let problem: Checked = Err("it has no host, or a target that is no path".into());
            problem.at(at("mirror"))?;
        }
    }
    let Some(errors) = &route.errors else { return Ok(()) };
    validate_backend_id(&errors.backend).at(at("errors.backend"))?;
    errors.statuses.iter().try_for_each(|status| check_status(*status, 300, 599)).at(at("errors.statuses"))?;
    ascending(&errors.statuses, |status| status).at(at("errors.statuses"))
}

fn check_tls(tls: Option<&UpstreamTls>) -> Checked {
    tls.and_then(|tls| tls.server_name.as_deref()).map_or(Ok(()), check_server_name)
}

fn check_canary(canary: &Canary) -> Checked {
    validate_backend_id(&canary.backend)?;
    check_tls(canary.tls.as_ref())?;
    within(u64::from(canary.weight), 0, u64::from(limits::COUNT))?;
    within(u64::from(canary.total), 1, u64::from(limits::COUNT))?;
    if !canary.header.is_empty() {
        check_token(&canary.header)?;
    }
    check_length(&canary.header_value, limits::HEADER_VALUE_BYTES)?;
    check_length(&canary.header_pattern, limits::PATTERN_BYTES)?;
    if canary.cookie.is_empty() { Ok(()) } else { check_token(&canary.cookie) }
}

/// A path, or an absolute URL; in either case printable ASCII.
pub(crate) fn check_target(target: &str) -> Checked {
    if target.starts_with("http://") || target.starts_with("https://") {
        check_length(target, limits::PATH_BYTES)?;
        return match target.bytes().find(|byte| !byte.is_ascii_graphic()) {
            None => Ok(()),
            Some(_) => Err(format!("{target:?} holds what a URL cannot hold unencoded")),
        };
    }
    check_path(target)
}

fn validate_policy(policy: &Policy) -> Result<(), Fault> {
    let timeouts = [
        ("connect_ms", policy.timeouts.connect_ms),
        ("send_ms", policy.timeouts.send_ms),
        ("read_ms", policy.timeouts.read_ms),
    ];
    for (name, value) in timeouts {
        within(value, 1, limits::TIMEOUT_MS).at(|| format!("timeouts.{name}"))?;
    }
    within(u64::from(policy.tries), 1, u64::from(limits::TRIES)).at(|| "tries".into())?;
    let retries = &policy.retries;
    at_most(retries.statuses.len(), limits::RETRY_STATUSES).at(|| "retries.statuses".into())?;
    for status in &retries.statuses {
        check_status(*status, 400, 599).at(|| "retries.statuses".into())?;
    }
    ascending(&retries.statuses, |status| status).at(|| "retries.statuses".into())?;
    within(retries.budget_ms, 0, limits::TIMEOUT_MS).at(|| "retries.budget_ms".into())?;
    within(policy.request_body.memory_bytes, 0, limits::BODY_MEMORY_BYTES).at(|| "request_body.memory_bytes".into())?;
    if let Some(redirect) = &policy.https_redirect {
        check_status(redirect.status, 300, 399).at(|| "https_redirect.status".into())?;
    }
    if let Some(rewrite) = &policy.rewrite {
        check_template(&rewrite.template).at(|| "rewrite.template".into())?;
    }
    policy.hsts.as_deref().map_or(Ok(()), check_header_value).at(|| "hsts".into())?;
    policy.endpoint_tls.as_deref().map_or(Ok(()), validate_endpoint_tls)?;
    policy.filters.as_deref().map_or(Ok(()), validate_filters)
}

fn validate_backend(backend: &Backend) -> Result<(), Fault> {
    validate_backend_id(&backend.id).at(|| "id".into())?;
    at_most(backend.endpoints.len(), limits::ENDPOINTS_PER_BACKEND).at(|| "endpoints".into())?;
    for (index, endpoint) in backend.endpoints.iter().enumerate() {
        if endpoint.address.parse::<IpAddr>().is_err() {
            let reason = format!("{:?} is not an IP address", endpoint.address);
            return Err(Fault { field: format!("endpoints[{index}][0]"), reason });
        }
        within(u64::from(endpoint.port), 1, 65_535).at(|| format!("endpoints[{index}][1]"))?;
    }
    ascending(&backend.endpoints, |endpoint| endpoint).at(|| "endpoints".into())
}

fn validate_certificate(certificate: &Certificate) -> Result<(), Fault> {
    validate_certificate_id(&certificate.id).at(|| "id".into())?;
    at_most(certificate.chain_pem.len(), limits::PEM_BYTES).at(|| "chain_pem".into())?;
    at_most(certificate.key_pem.expose().len(), limits::PEM_BYTES).at(|| "key_pem".into())
}

pub(crate) fn validate_backend_id(id: &BackendId) -> Checked {
    [&id.namespace, &id.service, &id.port].into_iter().try_for_each(|name| check_name(name, true))
}

fn validate_certificate_id(id: &CertificateId) -> Checked {
    [&id.namespace, &id.name].into_iter().try_for_each(|name| check_name(name, true))
}

pub(crate) fn at_most(found: usize, limit: usize) -> Checked {
    if found <= limit { Ok(()) } else { Err(format!("{found} are more than the {limit} allowed")) }
}

pub(crate) fn within(value: u64, least: u64, most: u64) -> Checked {
    if (least..=most).contains(&value) { Ok(()) } else { Err(format!("{value} is not within {least} and {most}")) }
}

pub(crate) fn check_status(status: u16, least: u16, most: u16) -> Checked {
    within(u64::from(status), u64::from(least), u64::from(most))
}

/// Strictly ascending, which also says that nothing stands there twice.
pub(crate) fn ascending<'a, T, Key: Ord + 'a>(entries: &'a [T], key: impl Fn(&'a T) -> &'a Key) -> Checked {
    let neighbours = entries.iter().zip(entries.iter().skip(1));
    match neighbours.enumerate().find(|(_, (left, right))| key(left) >= key(right)) {
        None => Ok(()),
        Some((index, _)) => Err(format!("entry {} is not greater than the one before it", index + 1)),
    }
}

/// A name that is shown to people and compared, never interpreted.
pub(crate) fn check_name(name: &str, may_be_empty: bool) -> Checked {
    if name.is_empty() && !may_be_empty {
        return Err("the name is empty".into());
    }
    at_most(name.len(), limits::NAME_BYTES)?;
    without_controls(name)
}

pub(crate) fn check_length(text: &str, limit: usize) -> Checked {
    if text.len() <= limit { Ok(()) } else { Err(format!("{} bytes are more than the {limit} allowed", text.len())) }
}

fn without_controls(text: &str) -> Checked {
    match text.chars().find(char::is_ascii_control) {
        None => Ok(()),
        Some(character) => Err(format!("{text:?} holds the control character {character:?}")),
    }
}

fn check_path(path: &str) -> Checked {
    if !path.starts_with('/') {
        return Err(format!("{path:?} does not start with a slash"));
    }
    check_length(path, limits::PATH_BYTES)?;
    without_controls(path)
}

/// `$` and a digit from 1 to 9 is a capture; any other `$` would be served as text, which nobody means.
fn check_template(template: &str) -> Checked {
    check_length(template, limits::PATH_BYTES)?;
    without_controls(template)?;
    let bytes = template.as_bytes();
    let stray = |(at, byte): (usize, &u8)| *byte == b'$' && !matches!(bytes.get(at + 1), Some(b'1'..=b'9'));
    if bytes.iter().enumerate().any(stray) {
        return Err(format!("{template:?} holds a $ that no digit from 1 to 9 follows"));
    }
    Ok(())
}

/// RFC 9110 section 5.5: visible characters, spaces, tabs and bytes above 127.
pub(crate) fn check_header_value(value: &str) -> Checked {
    check_length(value, limits::HEADER_VALUE_BYTES)?;
    if value.is_empty() || value.trim() != value {
        return Err(format!("{value:?} is empty or has space around it"));
    }
    if value.chars().any(|character| character.is_ascii_control() && character != '\t') {
        return Err(format!("{value:?} holds a control character"));
    }
    Ok(())
}

/// The name of a header, in lower case.
fn check_field_name(name: &str) -> Checked {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    check_length(name, limits::NAME_BYTES)?;
    if !name.is_empty() && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(format!("{name:?} is not the name of a header in lower case"))
    }
}

pub(crate) fn check_server_name(name: &str) -> Checked {
    if name.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if name.is_empty() {
        return Err("the name is empty".into());
    }
    check_labels(name, name)
}

/// Empty, a name, a name below `*.`, or one of the kinds that few have.
fn check_host(host: &str) -> Checked {
    match host.strip_prefix("*.") {
        _ if host.is_empty() => Ok(()),
        Some(rest) => check_labels(host, rest),
        None => check_rare(host).unwrap_or_else(|| check_labels(host, host)),
    }
}

/// Of a name with a wildcard for several labels, or an expression; none if it is neither.
fn check_rare(host: &str) -> Option<Checked> {
    if let Some(rest) = host.strip_prefix("**.").or_else(|| host.strip_suffix(".*")) {
        return Some(check_labels(host, rest));
    }
    let text = host.strip_prefix('~')?;
    Some(check_expression(text))
}

/// A lender, a number of two digits and an expression, with spaces between them.
fn check_expression(text: &str) -> Checked {
    let mut parts = text.splitn(3, ' ');
    let (Some(lender), Some(number), Some(pattern)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("it is not a host, two digits and an expression, with spaces between them".into());
    };
    check_labels(lender, lender.strip_prefix("*.").unwrap_or(lender))?;
    check_length(pattern, limits::HOST_PATTERN_BYTES)?;
    if number.len() != 2 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{number:?} is not two digits"));
    }
    if pattern.is_empty() || !pattern.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("{pattern:?} is not an expression in printable ASCII without spaces"));
    }
    Ok(())
}

/// As [`check_host`], but the wildcard is written without its asterisk.
fn check_host_key(key: &str) -> Checked {
    match key.strip_prefix('.') {
        _ if key.is_empty() => Ok(()),
        Some(rest) => check_labels(key, rest),
        None => check_rare(key).unwrap_or_else(|| check_labels(key, key)),
    }
}

/// Lower-case labels of letters, digits, `-` and `_`; an IPv4 address passes too.
fn check_labels(whole: &str, name: &str) -> Checked {
    check_length(whole, limits::HOST_BYTES)?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let sound = |label: &str| (1..=limits::LABEL_BYTES).contains(&label.len()) && label.bytes().all(allowed);
    if name.split('.').all(sound) {
        Ok(())
    } else {
        Err(format!("{whole:?} is not a host name of lower-case labels, with an optional wildcard as its first"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_their_keys_are_names_wildcards_or_expressions() {
        let long = format!("~a.example 00 {}", "a".repeat(257));
        for (host, sound) in [
            ("", true),
            ("a.example", true),
            ("*.example", true),
            ("**.example", true),
            ("a.example.*", true),
            ("~a.example 00 ^x{1,2}$", true),
            ("~*.example 15 (a b)", false),
            ("~*.example 15 a|b", true),
            ("~_ 00 a", true),
            ("***.example", false),
            ("**.", false),
            (".*", false),
            ("*.a.*", false),
            ("a.*.example", false),
            ("~a", false),
            ("~a.example 0 x", false),
            ("~a.example 00 ", false),
            ("~A.example 00 x", false),
            ("~ 00 x", false),
            (&long, false),
        ] {
            assert_eq!(check_host(host).is_ok(), sound, "{host}");
            let key = if host.starts_with("*.") { &host[1..] } else { host };
            assert_eq!(check_host_key(key).is_ok(), sound, "{host}");
        }
    }
}
