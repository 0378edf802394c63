//! The connect side: TLS to an upstream.

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslVerifyMode, SslVersion};

use crate::tls::server;

/// A worker's contexts for connections to upstreams: certificates taken as they come, or verified.
pub struct Connector {
    trusting: SslContext,
    verifying: SslContext,
}

fn context(verify: SslVerifyMode) -> Result<SslContext, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_client())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_options(server::options());
    builder.set_mode(SslMode::RELEASE_BUFFERS | SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
    builder.set_read_ahead(true);
    builder.set_verify(verify);
    Ok(builder.build())
}

impl Connector {
    /// Contexts for one worker.
    pub fn new() -> Result<Self, ErrorStack> {
        Ok(Self { trusting: context(SslVerifyMode::NONE)?, verifying: context(SslVerifyMode::PEER)? })
    }

    /// A session for one connection. With `verify`, the certificate must be for `server_name`; without a name to verify
    /// nothing can pass.
    pub fn session(&self, verify: bool, server_name: Option<&str>) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(if verify { &self.verifying } else { &self.trusting })?;
        if let Some(name) = server_name {
            ssl.set_hostname(name)?;
        }
        if verify {
            ssl.param_mut().set_host(server_name.unwrap_or_default())?;
        }
        Ok(ssl)
    }
}
