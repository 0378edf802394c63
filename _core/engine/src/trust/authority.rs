//! Authorities and what they have revoked, as a store that chains are verified against.

use std::ffi::c_int;

use openssl::error::ErrorStack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Crl, X509PurposeId};

use super::foreign;

/// The end of a list of revoked certificates in PEM.
const CRL_END: &[u8] = b"-----END X509 CRL-----";

/// Which of the PEM texts is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// The field that it came in.
    pub field: &'static str,
    /// A sentence for the owner of the Secret.
    pub reason: String,
}

pub(super) fn bad(field: &'static str, reason: impl Into<String>) -> Bad {
    Bad { field, reason: reason.into() }
}

/// Authorities, and a store of them.
pub(super) struct Authority {
    pub(super) store: X509Store,
    pub(super) certificates: Vec<X509>,
}

/// Lists of revoked certificates, each by itself.
fn revocations(pem: &[u8]) -> Result<Vec<X509Crl>, Bad> {
    let mut found = Vec::new();
    let mut rest = pem;
    while let Some(at) = memchr::memmem::find(rest, CRL_END) {
        let (one, tail) = rest.split_at(at + CRL_END.len());
        found.push(
            X509Crl::from_pem(one)
                .map_err(|_| bad("tls.clients.crl_pem", "it is not a PEM list of revoked certificates"))?,
        );
        rest = tail;
    }
    if found.is_empty() || !rest.trim_ascii().is_empty() {
        return Err(bad("tls.clients.crl_pem", "it is not a PEM list of revoked certificates"));
    }
    Ok(found)
}

/// Reads authorities, and what they have revoked; an empty `crl_pem` is nothing said about it.
pub(super) fn read(ca_pem: &[u8], crl_pem: &[u8], depth: u32, purpose: X509PurposeId) -> Result<Authority, Bad> {
    let refused = |_: ErrorStack| bad("tls.clients.ca_pem", "the TLS library refuses it");
    let certificates =
        X509::stack_from_pem(ca_pem).map_err(|_| bad("tls.clients.ca_pem", "it is not a PEM certificate"))?;
    if certificates.is_empty() {
        return Err(bad("tls.clients.ca_pem", "it holds no PEM certificate"));
    }
    let mut store = X509StoreBuilder::new().map_err(refused)?;
    for certificate in &certificates {
        store.add_cert(certificate.clone()).map_err(refused)?;
    }
    store.set_purpose(purpose).map_err(refused)?;
    let mut terms = X509VerifyParam::new().map_err(refused)?;
    terms.set_depth(c_int::try_from(depth).unwrap_or(c_int::MAX));
    store.set_param(&terms).map_err(refused)?;
    if !crl_pem.is_empty() {
        for list in revocations(crl_pem)? {
            foreign::add_revocations(&mut store, &list)
                .map_err(|_| bad("tls.clients.crl_pem", "the TLS library refuses it"))?;
        }
        // Of every certificate in a chain, as in nginx: an authority that says nothing is not taken for a yes.
        store.set_flags(X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL).map_err(refused)?;
    }
    Ok(Authority { store: store.build(), certificates })
}

/// Can chains of clients be verified by these? An empty `crl_pem` is none.
pub fn check_authority(ca_pem: &[u8], crl_pem: &[u8]) -> Result<(), Bad> {
    read(ca_pem, crl_pem, 1, X509PurposeId::SSL_CLIENT).map(drop)
}
