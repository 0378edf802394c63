//! What TLS with clients and endpoints must hold beyond its types. What only the TLS library can judge is judged there.

use crate::limits;
use crate::listener::ListenerTls;
use crate::peers::{ClientCertificates, EndpointTls, HostTls};
use crate::validate::{At as _, Checked, Fault, at_most, check_length, check_server_name, check_target, within};

pub(crate) fn validate_host_tls(tls: &HostTls) -> Result<(), Fault> {
    check_ciphers(&tls.ciphers).at(|| "tls.ciphers".into())?;
    let Some(clients) = &tls.clients else { return Ok(()) };
    let ClientCertificates { ca_pem, crl_pem, depth, error_page, subject, .. } = clients;
    at_most(ca_pem.len(), limits::PEM_BYTES).at(|| "tls.clients.ca_pem".into())?;
    at_most(crl_pem.len(), limits::CRL_BYTES).at(|| "tls.clients.crl_pem".into())?;
    check_depth(*depth).at(|| "tls.clients.depth".into())?;
    check_length(subject, limits::PATTERN_BYTES).at(|| "tls.clients.subject".into())?;
    if error_page.is_empty() {
        return Ok(());
    }
    check_target(error_page).at(|| "tls.clients.error_page".into())?;
    let relative = error_page.starts_with('/');
    let said = || format!("{error_page:?} is not an absolute URL");
    if relative { Err(said()).at(|| "tls.clients.error_page".into()) } else { Ok(()) }
}

pub(crate) fn validate_endpoint_tls(tls: &EndpointTls) -> Result<(), Fault> {
    let at = |field: &'static str| move || format!("endpoint_tls.{field}");
    check_depth(tls.depth).at(at("depth"))?;
    check_ciphers(&tls.ciphers).at(at("ciphers"))?;
    if !tls.name.is_empty() {
        check_server_name(&tls.name).at(at("name"))?;
    }
    if tls.oldest > tls.newest {
        return Err(String::from("it is newer than the newest version")).at(at("oldest"));
    }
    at_most(tls.ca_pem.len(), limits::PEM_BYTES).at(at("ca_pem"))?;
    at_most(tls.chain_pem.len(), limits::PEM_BYTES).at(at("chain_pem"))?;
    at_most(tls.key_pem.expose().len(), limits::PEM_BYTES).at(at("key_pem"))
}

pub(crate) fn validate_listener_tls(index: usize, tls: &ListenerTls) -> Result<(), Fault> {
    let at = |field: &'static str| move || format!("listeners[{index}].tls.{field}");
    check_ciphers(&tls.ciphers).at(at("ciphers"))?;
    check_ciphers(&tls.groups).at(at("groups"))?;
    if tls.oldest > tls.newest {
        return Err(String::from("it is newer than the newest version")).at(at("oldest"));
    }
    within(u64::from(tls.session_s), 1, u64::from(limits::SESSION_SECONDS)).at(at("session_s"))?;
    match tls.ticket_key.as_ref().map(|key| key.expose().len()) {
        None | Some(48 | 80) => Ok(()),
        Some(length) => Err(format!("{length} bytes are neither 48 nor 80")).at(at("ticket_key")),
    }
}

fn check_depth(depth: u32) -> Checked {
    within(u64::from(depth), 0, u64::from(limits::CHAIN_DEPTH))
}

/// Letters, digits and what joins them in OpenSSL's lists.
pub(crate) fn check_ciphers(list: &str) -> Checked {
    check_length(list, limits::CIPHERS_BYTES)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":+-!_.".contains(&byte);
    if list.bytes().all(allowed) { Ok(()) } else { Err(format!("{list:?} is not a list of cipher suites")) }
}
