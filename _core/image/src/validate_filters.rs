//! What filters must hold beyond their types.

use crate::external::External;
use crate::filters::{Access, Affinity, Blocked, Coding, Compression, Cors, Filters, Header, Limits, Replacement};
use crate::limits;
use crate::network::Network;
use crate::text::parse_text;
use crate::validate::{
    At as _, Checked, Fault, at_most, check_header_value, check_length, check_name, check_server_name,
    validate_backend_id, within,
};

/// Headers that say how a message is framed, or that only the gateway may write.
const UNTOUCHABLE: &[&str] = &[
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) fn validate_filters(filters: &Filters) -> Result<(), Fault> {
    filters.blocked.as_ref().map_or(Ok(()), check_blocked).at(|| "filters.blocked".into())?;
    filters.cors.as_ref().map_or(Ok(()), check_cors).at(|| "filters.cors".into())?;
    filters.limits.as_ref().map_or(Ok(()), check_limits).at(|| "filters.limits".into())?;
    filters.access.as_ref().map_or(Ok(()), check_access).at(|| "filters.access".into())?;
    if let Some(password) = &filters.password {
        check_length(&password.realm, limits::HEADER_VALUE_BYTES).at(|| "filters.password.realm".into())?;
        check_quotable(&password.realm).at(|| "filters.password.realm".into())?;
        at_most(password.users.expose().len(), limits::USERS_BYTES).at(|| "filters.password.users".into())?;
    }
    filters.external.as_ref().map_or(Ok(()), check_external).at(|| "filters.external".into())?;
    filters.affinity.as_ref().map_or(Ok(()), check_affinity).at(|| "filters.affinity".into())?;
    check_text(&filters.hash_by).at(|| "filters.hash_by".into())?;
    within(u64::from(filters.hash_subset), 0, u64::from(limits::COUNT)).at(|| "filters.hash_subset".into())?;
    if !matches!(&*filters.connection, "" | "close" | "keep-alive") {
        let problem: Checked = Err(format!("{:?} is neither close nor keep-alive", filters.connection));
        problem.at(|| "filters.connection".into())?;
    }
    if let Some(throttle) = &filters.throttle {
        within(throttle.bytes_per_second, 1, limits::THROTTLE_BYTES)
            .at(|| "filters.throttle.bytes_per_second".into())?;
        within(throttle.after_bytes, 0, limits::THROTTLE_BYTES).at(|| "filters.throttle.after_bytes".into())?;
    }
    filters.compression.as_deref().map_or(Ok(()), check_compression).at(|| "filters.compression".into())?;
    check_text(&filters.host).at(|| "filters.host".into())?;
    check_text(&filters.forwarded_prefix).at(|| "filters.forwarded_prefix".into())?;
    check_headers(&filters.request_headers).at(|| "filters.request_headers".into())?;
    check_headers(&filters.response_headers).at(|| "filters.response_headers".into())?;
    at_most(filters.hidden_headers.len(), limits::HEADERS).at(|| "filters.hidden_headers".into())?;
    filters.hidden_headers.iter().try_for_each(|name| check_token(name)).at(|| "filters.hidden_headers".into())?;
    let replacements = [
        ("location", &filters.location),
        ("cookie_domain", &filters.cookie_domain),
        ("cookie_path", &filters.cookie_path),
    ];
    for (name, replacement) in replacements {
        replacement.as_ref().map_or(Ok(()), check_replacement).at(|| format!("filters.{name}"))?;
    }
    Ok(())
}

fn check_blocked(blocked: &Blocked) -> Checked {
    for listed in [&blocked.user_agents, &blocked.referers] {
        at_most(listed.texts.len(), limits::LISTED)?;
        at_most(listed.patterns.len() + listed.patterns_in_any_case.len(), limits::LISTED_PATTERNS)?;
        listed.texts.iter().try_for_each(|text| check_length(text, limits::HEADER_VALUE_BYTES))?;
        let mut patterns = listed.patterns.iter().chain(&listed.patterns_in_any_case);
        patterns.try_for_each(|pattern| check_length(pattern, limits::PATTERN_BYTES))?;
    }
    Ok(())
}

fn check_cors(cors: &Cors) -> Checked {
    at_most(cors.origins.len(), limits::ORIGINS)?;
    cors.origins.iter().try_for_each(|origin| check_header_value(origin))?;
    check_header_value(&cors.methods)?;
    check_header_value(&cors.headers)?;
    if cors.expose.is_empty() { Ok(()) } else { check_header_value(&cors.expose) }
}

fn check_compression(compression: &Compression) -> Checked {
    let Compression { gzip, brotli, no_gzip_for } = compression;
    gzip.as_ref().map_or(Ok(()), |gzip| check_coding(gzip, 1, 9))?;
    brotli.as_ref().map_or(Ok(()), |brotli| check_coding(brotli, 0, limits::BROTLI_LEVEL.into()))?;
    check_length(no_gzip_for, limits::PATTERN_BYTES)
}

fn check_coding(coding: &Coding, least: u64, most: u64) -> Checked {
    within(u64::from(coding.level), least, most)?;
    within(coding.min_length, 0, limits::THROTTLE_BYTES)?;
    at_most(coding.types.len(), limits::CONTENT_TYPES)?;
    coding.types.iter().try_for_each(|name| match name.split_once('/') {
        _ if name.bytes().any(|byte| byte.is_ascii_uppercase()) => Err(format!("{name:?} is not in lower case")),
        Some((kind, form)) => check_token(kind).and_then(|()| check_token(form)),
        None if name == "*" => Ok(()),
        None => Err(format!("{name:?} is no content type")),
    })
}

fn check_external(external: &External) -> Checked {
    let External { backend, server_name, host, target, method, redirect, signin, cache_key, .. } = external;
    backend.as_ref().map_or(Ok(()), validate_backend_id)?;
    if !server_name.is_empty() {
        check_server_name(server_name)?;
    }
    check_text(host)?;
    if host.is_empty() || !target.starts_with('/') {
        return Err("it has no host, or its target does not begin with a slash".into());
    }
    [target, redirect, signin, cache_key].into_iter().try_for_each(|text| check_text(text))?;
    if !method.is_empty() {
        check_token(method)?;
    }
    check_headers(&external.request_headers)?;
    at_most(external.response_headers.len(), limits::COPIED_HEADERS)?;
    external.response_headers.iter().try_for_each(|name| check_header_name(name))?;
    if let Some(alive) = &external.alive {
        within(u64::from(alive.connections), 1, u64::from(limits::COUNT))?;
        within(u64::from(alive.requests), 1, u64::from(limits::COUNT))?;
        within(alive.idle_ms, 1, limits::TIMEOUT_MS)?;
    }
    at_most(external.kept.len(), limits::KEPT)?;
    for kept in &external.kept {
        within(kept.ms, 1, limits::TIMEOUT_MS)?;
        kept.statuses.iter().try_for_each(|status| within(u64::from(*status), 100, 599))?;
    }
    Ok(())
}

/// Attributes of a cookie end with a semicolon, so none may hold one.
fn check_affinity(affinity: &Affinity) -> Checked {
    check_token(&affinity.cookie)?;
    for attribute in [&affinity.path, &affinity.domain, &affinity.same_site] {
        check_length(attribute, limits::HEADER_VALUE_BYTES)?;
        if attribute.bytes().any(|byte| byte == b';' || !byte.is_ascii_graphic()) {
            return Err(format!("{attribute:?} cannot be an attribute of a cookie"));
        }
    }
    let far = |seconds: &i64| seconds.unsigned_abs() > limits::COOKIE_SECONDS.unsigned_abs();
    if affinity.expires_s.iter().chain(&affinity.max_age_s).any(far) {
        return Err(format!("a time is more than {} seconds away", limits::COOKIE_SECONDS));
    }
    Ok(())
}

fn check_limits(asked: &Limits) -> Checked {
    check_name(&asked.zone, false)?;
    for number in [asked.per_second, asked.per_minute, asked.burst, asked.connections] {
        within(u64::from(number), 0, u64::from(limits::COUNT))?;
    }
    for status in [asked.rate_status, asked.connections_status] {
        within(u64::from(status), 400, 599)?;
    }
    check_text(&asked.by)?;
    check_networks(&asked.exempt)
}

fn check_access(access: &Access) -> Checked {
    check_networks(&access.allow)?;
    check_networks(&access.deny)
}

fn check_networks(networks: &[String]) -> Checked {
    at_most(networks.len(), limits::NETWORKS)?;
    networks.iter().try_for_each(|text| Network::try_from(text.clone()).map(drop))
}

fn check_headers(headers: &[Header]) -> Checked {
    at_most(headers.len(), limits::HEADERS)?;
    for Header { name, value } in headers {
        check_header_name(name)?;
        check_text(value)?;
    }
    Ok(())
}

fn check_header_name(name: &str) -> Checked {
    check_token(name)?;
    if UNTOUCHABLE.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("{name:?} is not for a policy to set"));
    }
    Ok(())
}

fn check_replacement(replacement: &Replacement) -> Checked {
    check_header_value(&replacement.from)?;
    if replacement.to.is_empty() { Ok(()) } else { check_header_value(&replacement.to) }
}

pub(crate) fn check_text(text: &str) -> Checked {
    if text.is_empty() {
        return Ok(());
    }
    check_header_value(text)?;
    parse_text(text).map(drop)
}

/// Text that may stand between quotes as it is.
fn check_quotable(text: &str) -> Checked {
    match text.chars().find(|&character| character.is_control() || matches!(character, '"' | '\\')) {
        None => Ok(()),
        Some(character) => Err(format!("{text:?} holds {character:?}, which cannot stand between quotes")),
    }
}

/// RFC 9110 section 5.6.2: the name of a header or of a cookie.
pub(crate) fn check_token(text: &str) -> Checked {
    check_length(text, limits::NAME_BYTES)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.is_empty() && text.bytes().all(allowed) { Ok(()) } else { Err(format!("{text:?} is not a token")) }
}
