//! The connect side: TLS to an upstream.

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslVerifyMode};

use crate::trust::{client_context, expect_name};

/// A worker's contexts for connections to upstreams of which no policy says more: certificates taken as they come, or
/// verified.
pub struct Connector {
    trusting: SslContext,
    verifying: SslContext,
}

fn context(verify: SslVerifyMode) -> Result<SslContext, ErrorStack> {
    let mut builder = client_context()?;
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
            expect_name(&mut ssl, server_name.unwrap_or_default())?;
        }
        Ok(ssl)
    }
}
