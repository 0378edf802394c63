//! TLS with endpoints as one policy asks for it: what they are verified by, and what they are shown.

use std::hash::{Hash, Hasher};

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::sha::Sha256;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslVerifyMode, SslVersion};
use openssl::x509::{X509, X509PurposeId};
use sallygate_image::{EndpointTls, TlsVersion};

use super::authority::{self, Bad, bad};
use super::options;

/// The version in the TLS library's words.
pub fn version(version: TlsVersion) -> SslVersion {
    match version {
        TlsVersion::V12 => SslVersion::TLS1_2,
        TlsVersion::V13 => SslVersion::TLS1_3,
    }
}

/// What every connection to an endpoint has in common.
pub fn client_context() -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_client())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_options(options());
    builder.set_mode(SslMode::RELEASE_BUFFERS | SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
    builder.set_read_ahead(true);
    Ok(builder)
}

/// Has a session verify that the peer's certificate is for `name`, a DNS name or an address.
pub fn expect_name(ssl: &mut Ssl, name: &str) -> Result<(), ErrorStack> {
    match name.parse() {
        Ok(address) => ssl.param_mut().set_ip(address),
        Err(_) => ssl.param_mut().set_host(name),
    }
}

/// How TLS is spoken with endpoints. Two are equal if connections made by them are interchangeable.
pub struct Endpoint {
    context: SslContext,
    verify: bool,
    name: Box<str>,
    tells_name: bool,
    id: [u8; 32],
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Endpoint {}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Endpoint({:?})", self.name)
    }
}

fn id(tls: &EndpointTls) -> [u8; 32] {
    let mut hash = Sha256::new();
    let parts: [&[u8]; 5] =
        [&tls.ca_pem, &tls.chain_pem, tls.key_pem.expose(), tls.name.as_bytes(), tls.ciphers.as_bytes()];
    for part in parts {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    hash.update(&tls.depth.to_le_bytes());
    let newest = tls.newest == TlsVersion::V13;
    let flags = [tls.verify, tls.tells_name, tls.oldest == TlsVersion::V13, newest].map(u8::from);
    hash.update(&flags);
    hash.finish()
}

impl Endpoint {
    /// Makes it ready.
    pub fn new(tls: &EndpointTls) -> Result<Self, Bad> {
        let refused = |_: ErrorStack| bad("endpoint_tls", "the TLS library refuses it");
        let mut builder = client_context().map_err(refused)?;
        builder.set_min_proto_version(Some(version(tls.oldest))).map_err(refused)?;
        builder.set_max_proto_version(Some(version(tls.newest))).map_err(refused)?;
        if !tls.ciphers.is_empty() {
            let none = |_: ErrorStack| bad("endpoint_tls.ciphers", "it holds no cipher suite that the TLS library has");
            builder.set_cipher_list(&tls.ciphers).map_err(none)?;
        }
        if tls.verify && tls.ca_pem.is_empty() {
            return Err(bad("endpoint_tls.ca_pem", "there is no authority to verify endpoints by"));
        }
        if !tls.ca_pem.is_empty() {
            let authority = authority::read(&tls.ca_pem, b"", tls.depth, X509PurposeId::SSL_SERVER)
                .map_err(|problem| bad("endpoint_tls.ca_pem", problem.reason))?;
            builder.set_verify_cert_store(authority.store).map_err(refused)?;
        }
        builder.set_verify(if tls.verify { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
        builder.set_verify_depth(tls.depth);
        if !tls.chain_pem.is_empty() {
            show(&mut builder, tls)?;
        }
        let (verify, tells_name) = (tls.verify, tls.tells_name);
        Ok(Self { context: builder.build(), verify, name: tls.name.as_str().into(), tells_name, id: id(tls) })
    }

    /// A session for one connection. Without a name to verify nothing can pass.
    pub fn session(&self) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        // RFC 6066 section 3: an address is no server name.
        if self.tells_name && !self.name.is_empty() && self.name.parse::<std::net::IpAddr>().is_err() {
            ssl.set_hostname(&self.name)?;
        }
        if self.verify {
            // A host of no letters is no certificate's.
            expect_name(&mut ssl, if self.name.is_empty() { NOBODY } else { &self.name })?;
        }
        Ok(ssl)
    }
}

/// A name that no certificate has (RFC 2606 section 2): an empty one would be taken for none to verify.
const NOBODY: &str = "nobody.invalid";

/// The certificate that endpoints are shown.
fn show(builder: &mut SslContextBuilder, tls: &EndpointTls) -> Result<(), Bad> {
    let unreadable = |_: ErrorStack| bad("endpoint_tls.chain_pem", "it is not a PEM certificate that can be shown");
    let key = PKey::private_key_from_pem_callback(tls.key_pem.expose(), |_| Ok(0))
        .map_err(|_| bad("endpoint_tls.key_pem", "it is not an unencrypted PEM private key"))?;
    let mut certificates = X509::stack_from_pem(&tls.chain_pem).map_err(unreadable)?.into_iter();
    let leaf = certificates.next().ok_or_else(|| bad("endpoint_tls.chain_pem", "it holds no PEM certificate"))?;
    builder.set_certificate(&leaf).map_err(unreadable)?;
    for issuer in certificates {
        builder.add_extra_chain_cert(issuer).map_err(unreadable)?;
    }
    builder
        .set_private_key(&key)
        .map_err(|_| bad("endpoint_tls.key_pem", "the private key does not belong to the certificate"))
}
