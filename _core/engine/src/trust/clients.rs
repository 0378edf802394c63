//! What one host asks of its TLS clients, and what it makes of what they have shown.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use openssl::error::ErrorStack;
use openssl::sha::Sha256;
use openssl::ssl::{SslContext, SslMethod, SslRef, SslVerifyMode};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreRef};
use openssl::x509::{X509Name, X509PurposeId};
use sallygate_image::{self as image, Verify};

use super::authority::{self, Bad, bad};
use super::foreign;
use super::shown::{self, Examined, Outcome, Report, Secured};
use crate::regex::{Place, Regex};

/// What makes two verifications the same to a handshake.
type TrustId = [u8; foreign::CONTEXT_BYTES];

/// Authorities, and how far from them a client's certificate may be.
pub(super) struct Trust {
    pub(super) id: TrustId,
    depth: u32,
    store: X509Store,
    /// What clients are told, so that they know which certificate to show.
    names: Vec<X509Name>,
}

impl Trust {
    fn new(clients: &image::ClientCertificates, id: TrustId) -> Result<Self, Bad> {
        let depth = clients.depth;
        let authority = authority::read(&clients.ca_pem, &clients.crl_pem, depth, X509PurposeId::SSL_CLIENT)?;
        let names: Result<_, ErrorStack> =
            authority.certificates.iter().map(|one| one.subject_name().to_owned()).collect();
        let names = names.map_err(|_| bad("tls.clients.ca_pem", "the subject of one cannot be read"))?;
        Ok(Self { id, depth, store: authority.store, names })
    }

    pub(super) fn store(&self) -> &X509StoreRef {
        &self.store
    }

    /// Has a client asked for its certificate in a handshake that has just begun.
    fn ask(self: &Arc<Self>, ssl: &mut SslRef) -> Result<(), ErrorStack> {
        let mut names = Stack::new()?;
        for name in &self.names {
            names.push((**name).to_owned()?)?;
        }
        ssl.set_client_ca_list(names);
        foreign::share_store(ssl, &self.store)?;
        foreign::set_verify_depth(ssl, self.depth);
        // A session that was made under other terms is not resumed here; nor is one of ours elsewhere.
        foreign::set_session_context(ssl, &self.id)?;
        // Whatever is shown, the handshake goes on: the client is told what is wrong in an answer that it can read.
        ssl.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
        Examined::attach(ssl, self.clone())
    }
}

/// Authorities that are in use, so that hosts share them.
#[derive(Default)]
pub struct Authorities(HashMap<TrustId, Weak<Trust>>);

impl Authorities {
    fn get(&mut self, clients: &image::ClientCertificates) -> Result<Arc<Trust>, Bad> {
        let id = id(clients);
        if let Some(known) = self.0.get(&id).and_then(Weak::upgrade) {
            return Ok(known);
        }
        self.0.retain(|_, known| known.strong_count() > 0);
        let trust = Arc::new(Trust::new(clients, id)?);
        self.0.insert(id, Arc::downgrade(&trust));
        Ok(trust)
    }
}

fn id(clients: &image::ClientCertificates) -> TrustId {
    let mut hash = Sha256::new();
    for part in [&clients.ca_pem, &clients.crl_pem] {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    hash.update(&clients.depth.to_le_bytes());
    hash.finish()
}

/// TLS with the clients of one host, where it is not as with all others.
pub struct HostTls {
    /// Their certificates.
    pub clients: Option<Verification>,
    ciphers: Box<str>,
    client_order: Option<bool>,
}

impl HostTls {
    /// Makes it ready.
    pub fn new(tls: &image::HostTls, authorities: &mut Authorities) -> Result<Self, Bad> {
        let clients = tls.clients.as_ref().map(|clients| Verification::new(clients, authorities)).transpose()?;
        if !tls.ciphers.is_empty() {
            check_ciphers(&tls.ciphers).map_err(|reason| bad("tls.ciphers", reason))?;
        }
        Ok(Self { clients, ciphers: tls.ciphers.as_str().into(), client_order: tls.client_order })
    }

    /// Sets a handshake up that has just begun, after the host's certificate was chosen.
    pub fn ask(&self, ssl: &mut SslRef) -> Result<(), ErrorStack> {
        if !self.ciphers.is_empty() {
            ssl.set_cipher_list(&self.ciphers)?;
        }
        if let Some(client) = self.client_order {
            foreign::prefer_client_order(ssl, client);
        }
        match &self.clients {
            Some(clients) if clients.verify != Verify::Off => clients.trust.ask(ssl),
            _ => Ok(()),
        }
    }
}

/// What a host asks of its clients' certificates.
pub struct Verification {
    trust: Arc<Trust>,
    verify: Verify,
    subject: Option<Regex>,
    /// Where those are sent that have no good one.
    pub error_page: Option<Box<str>>,
    passes: bool,
}

/// Why a client is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has shown no certificate.
    Missing,
    /// Its certificate is not from the authorities, or not good any more.
    Bad,
    /// Its certificate is for somebody else.
    Unmatched,
    /// Its connection was made for another host, which asks for other certificates or for none.
    Elsewhere,
    /// It speaks plain HTTP.
    Plain,
}

impl Verification {
    fn new(clients: &image::ClientCertificates, authorities: &mut Authorities) -> Result<Self, Bad> {
        let subject =
            (!clients.subject.is_empty()).then(|| Regex::new(&clients.subject, false, Place::Anywhere)).transpose();
        Ok(Self {
            trust: authorities.get(clients)?,
            verify: clients.verify,
            subject: subject.map_err(|reason| bad("tls.clients.subject", reason))?,
            error_page: (!clients.error_page.is_empty()).then(|| clients.error_page.as_str().into()),
            passes: clients.passes,
        })
    }

    /// Judges a client. What the upstream is to be told of it, if there is anything to tell.
    pub fn judge<'s>(&self, secured: Secured<'s>) -> Result<Option<Report<'s>>, Refused> {
        let ssl = match secured {
            Secured::By(ssl) => ssl,
            // Nobody is asked for anything here, and nobody is known.
            Secured::No if self.verify == Verify::On => return Err(Refused::Plain),
            Secured::No if self.subject.is_some() => return Err(Refused::Unmatched),
            Secured::No | Secured::Assumed => return Ok(None),
        };
        if self.verify == Verify::Off {
            return if self.subject.is_some() { Err(Refused::Unmatched) } else { Ok(Some(Report::nothing())) };
        }
        let examined = Examined::of(ssl).ok_or(Refused::Elsewhere)?;
        let shown = examined.shown(ssl);
        let outcome = if examined.trust.id == self.trust.id {
            shown.outcome
        } else if shown.outcome != Outcome::Nothing && examined.passes(ssl, &self.trust) {
            Outcome::Good
        } else {
            return Err(Refused::Elsewhere);
        };
        match outcome {
            Outcome::Nothing if self.verify == Verify::On => return Err(Refused::Missing),
            Outcome::Failed(error) if self.verify != Verify::OptionalNoCa || !shown::is_unknown(error) => {
                return Err(Refused::Bad);
            }
            _ => {}
        }
        // Where the engine gives up, nobody knows, and the client stays out.
        if self.subject.as_ref().is_some_and(|subject| subject.matches(&shown.subject) != Ok(true)) {
            return Err(Refused::Unmatched);
        }
        Ok(Some(Report { outcome, shown: Some(shown), passes: self.passes }))
    }
}

/// Can this list of cipher suites be used?
pub fn check_ciphers(list: &str) -> Result<(), String> {
    let refused = |_: ErrorStack| format!("{list:?} holds no cipher suite of TLS 1.2 that the TLS library has");
    SslContext::builder(SslMethod::tls()).and_then(|mut builder| builder.set_cipher_list(list)).map_err(refused)
}

/// Can this list of groups be used?
pub fn check_groups(list: &str) -> Result<(), String> {
    let refused = |_: ErrorStack| format!("{list:?} holds a group that the TLS library does not have");
    SslContext::builder(SslMethod::tls()).and_then(|mut builder| builder.set_groups_list(list)).map_err(refused)
}
