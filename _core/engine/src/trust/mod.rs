//! Whose certificates are believed: those of clients, by the host that they ask for, and those of endpoints, by the route.
//!
//! Knows nothing of handshakes under way, of hosts and of routes; what is made here is made once per snapshot and shared.

mod authority;
mod clients;
mod endpoint;
mod foreign;
mod shown;

use openssl::ssl::SslOptions;

pub use authority::{Bad, check_authority};
pub use clients::{Authorities, HostTls, Refused, Verification, check_ciphers, check_groups};
pub use endpoint::{Endpoint, client_context, expect_name, version};
pub use foreign::server_name;
pub use foreign::set_session_seconds;
pub use shown::{Report, Secured, tell};

/// What is off in every connection: compression leaks secrets (CRIME), renegotiation is work that a peer can ask for.
pub fn options() -> SslOptions {
    SslOptions::NO_COMPRESSION | SslOptions::NO_RENEGOTIATION
}
