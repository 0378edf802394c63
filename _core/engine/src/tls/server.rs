//! The accept side: one context per listener, which each handshake leaves for the certificate of the name it asks for.

use openssl::error::ErrorStack;
use openssl::ssl::{
    AlpnError, NameType, SniError, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode,
    SslVersion, select_next_proto,
};

use crate::tls::certificate::BadCertificate;
use crate::tls::{certificate, mint};

/// TLS 1.2 suites: forward secrecy and authenticated encryption only (RFC 9325 §4.2). TLS 1.3's are all good.
const TLS12_CIPHERS: &str = "ECDHE+AESGCM:ECDHE+CHACHA20";
/// Sessions of one gateway are no good at another.
const SESSION_CONTEXT: &[u8] = b"sallygate";
const ALPN_HTTP1: &[u8] = b"\x08http/1.1";
/// Long enough that a gateway is restarted before its own certificate ends.
const DEFAULT_CERTIFICATE_DAYS: u32 = 825;

/// Finds the context for a name (lower-case, no trailing dot); None is the listener's default certificate.
pub type Resolve = dyn Fn(Option<&str>) -> Option<SslContext> + Send + Sync;

/// What is off in every connection: compression leaks secrets (CRIME), renegotiation is work that a peer can ask for.
pub(super) fn options() -> SslOptions {
    #[cfg(not(feature = "aws-lc"))]
    let compression = SslOptions::NO_COMPRESSION;
    #[cfg(feature = "aws-lc")] // which has no compression
    let compression = SslOptions::empty();
    compression | SslOptions::NO_RENEGOTIATION
}

/// What every server context has in common.
pub fn context() -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_cipher_list(TLS12_CIPHERS)?;
    builder.set_options(options());
    builder.set_mode(SslMode::RELEASE_BUFFERS | SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
    // Header and body of a record in one read.
    builder.set_read_ahead(true);
    // Resumption is by ticket alone: no table that clients can fill.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_session_id_context(SESSION_CONTEXT)?;
    // AWS-LC sends one, and cannot be told otherwise.
    #[cfg(not(feature = "aws-lc"))]
    builder.set_num_tickets(1)?;
    builder.set_alpn_select_callback(|_, offered| {
        // A client that offers only what we do not speak goes on without ALPN, as in nginx.
        select_next_proto(ALPN_HTTP1, offered).ok_or(AlpnError::NOACK)
    });
    Ok(builder)
}

/// The context that a listener starts each handshake with. It holds the ticket keys, so resumption outlives every
/// change of a certificate, and a certificate of our own for names that no other covers.
pub fn listener(resolve: Box<Resolve>) -> Result<SslContext, BadCertificate> {
    let refused = |error: ErrorStack| BadCertificate { field: "chain_pem", reason: error.to_string() };
    let mut builder = context().map_err(refused)?;
    let names = [mint::DEFAULT_NAME.to_owned(), "ingress.local".to_owned()];
    let (chain, key) = mint::mint(&names, None, DEFAULT_CERTIFICATE_DAYS).map_err(refused)?;
    let (chain, key, _) = certificate::read(&chain, &key)?;
    for leaf in &chain {
        builder.set_certificate(leaf).map_err(refused)?;
    }
    builder.set_private_key(&key).map_err(refused)?;
    builder.set_servername_callback(move |ssl, _| {
        let name = ssl.servername(NameType::HOST_NAME).map(canonical);
        if let Some(context) = resolve(name.as_deref()) {
            ssl.set_ssl_context(&context).map_err(|_| SniError::ALERT_FATAL)?;
        }
        Ok(())
    });
    Ok(builder.build())
}

/// A server name as host tables have it.
fn canonical(name: &str) -> String {
    let mut name = name.to_ascii_lowercase();
    if name.ends_with('.') {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_last_dot() {
        assert_eq!(canonical("Shop.Example.COM."), "shop.example.com");
    }

    #[test]
    fn a_listener_can_be_made() {
        assert!(listener(Box::new(|_| None)).is_ok());
    }
}
