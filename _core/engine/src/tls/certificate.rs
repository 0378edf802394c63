//! A certificate and its key, checked, as an OpenSSL context that a handshake can switch to.

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::SslContext;
use openssl::x509::X509;

use crate::tls::server;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The DNS names and IP addresses that it is for, lower-case; the common name where there is no such extension.
    pub names: Vec<String>,
    /// Valid from, in seconds since 1970.
    pub not_before: i64,
    /// Valid until, in seconds since 1970.
    pub not_after: i64,
    /// Its subject's common name.
    pub subject: String,
}

/// A certificate that can be served.
pub struct ServerCertificate {
    /// What a handshake for its names switches to.
    pub context: SslContext,
    /// What it says.
    pub facts: Facts,
}

/// Which of the two PEM texts is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCertificate {
    /// `chain_pem` or `key_pem`.
    pub field: &'static str,
    /// A sentence for the owner of the Secret.
    pub reason: String,
}

fn bad(field: &'static str, reason: impl Into<String>) -> BadCertificate {
    BadCertificate { field, reason: reason.into() }
}

fn unix_seconds(time: &Asn1TimeRef) -> Option<i64> {
    let span = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    Some(i64::from(span.days) * 86_400 + i64::from(span.secs))
}

fn common_name(leaf: &X509) -> String {
    let entry = leaf.subject_name().entries_by_nid(Nid::COMMONNAME).next();
    entry.and_then(|entry| entry.data().to_string().ok()).unwrap_or_default()
}

fn facts(leaf: &X509) -> Result<Facts, BadCertificate> {
    let subject = common_name(leaf);
    let mut names = Vec::new();
    for name in leaf.subject_alt_names().iter().flatten() {
        if let Some(dns) = name.dnsname() {
            names.push(dns.to_ascii_lowercase());
        } else if let Some(bytes) = name.ipaddress() {
            if let Ok(four) = <[u8; 4]>::try_from(bytes) {
                names.push(std::net::Ipv4Addr::from(four).to_string());
            } else if let Ok(sixteen) = <[u8; 16]>::try_from(bytes) {
                names.push(std::net::Ipv6Addr::from(sixteen).to_string());
            }
        }
    }
    if names.is_empty() && !subject.is_empty() {
        names.push(subject.to_ascii_lowercase());
    }
    let unreadable = || bad("chain_pem", "its validity cannot be read");
    Ok(Facts {
        names,
        not_before: unix_seconds(leaf.not_before()).ok_or_else(unreadable)?,
        not_after: unix_seconds(leaf.not_after()).ok_or_else(unreadable)?,
        subject,
    })
}

/// Reads a chain (leaf first) and its key, and checks that they belong together.
pub fn read(chain_pem: &[u8], key_pem: &[u8]) -> Result<(Vec<X509>, PKey<Private>, Facts), BadCertificate> {
    let chain = X509::stack_from_pem(chain_pem).map_err(|_| bad("chain_pem", "it is not a PEM certificate"))?;
    let leaf = chain.first().ok_or_else(|| bad("chain_pem", "it holds no PEM certificate"))?;
    // An encrypted key asks for a passphrase: answer with none instead of reading the terminal.
    let key = PKey::private_key_from_pem_callback(key_pem, |_| Ok(0))
        .map_err(|_| bad("key_pem", "it is not an unencrypted PEM private key"))?;
    let public = leaf.public_key().map_err(|_| bad("chain_pem", "the certificate's public key cannot be read"))?;
    if !public.public_eq(&key) {
        return Err(bad("key_pem", "the private key does not belong to the certificate"));
    }
    let facts = facts(leaf)?;
    Ok((chain, key, facts))
}

/// Makes the context that serves a certificate.
pub fn load(chain_pem: &[u8], key_pem: &[u8]) -> Result<ServerCertificate, BadCertificate> {
    let (chain, key, facts) = read(chain_pem, key_pem)?;
    let refused = |_| bad("chain_pem", "the TLS library refuses it (weak key or signature?)");
    let mut builder = server::context().map_err(refused)?;
    let mut certificates = chain.iter();
    if let Some(leaf) = certificates.next() {
        builder.set_certificate(leaf).map_err(refused)?;
    }
    for issuer in certificates {
        builder.add_extra_chain_cert(issuer.clone()).map_err(refused)?;
    }
    builder.set_private_key(&key).map_err(|_| bad("key_pem", "the TLS library refuses the key"))?;
    Ok(ServerCertificate { context: builder.build(), facts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::mint;

    #[test]
    fn facts_name_what_the_certificate_is_for() {
        let (chain, key) = mint::mint(&["Shop.example.com".into(), "127.0.0.1".into()], None, 30).unwrap();
        let facts = load(&chain, &key).unwrap().facts;
        assert_eq!(facts.names, ["shop.example.com", "127.0.0.1"]);
        assert!(facts.not_after - facts.not_before >= 30 * 86_400);
    }

    #[test]
    fn a_key_of_another_certificate_is_named() {
        let (chain, _) = mint::mint(&["a.example".into()], None, 30).unwrap();
        let (_, key) = mint::mint(&["b.example".into()], None, 30).unwrap();
        let error = load(&chain, &key).err().unwrap();
        assert_eq!(error.field, "key_pem");
        assert!(error.reason.contains("does not belong"));
        assert_eq!(load(b"nonsense", &key).err().unwrap().field, "chain_pem");
        assert_eq!(load(&chain, b"nonsense").err().unwrap().field, "key_pem");
    }
}
