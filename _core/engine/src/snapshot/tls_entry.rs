//! TLS on one listener as configuration asks for it: its context is made when the first client comes.

use std::sync::{Arc, OnceLock};

use openssl::ssl::SslContext;
use sallygate_image::ListenerTls;

use crate::tls::tickets::TicketKeys;

/// Kept from snapshot to snapshot for as long as the settings are the same.
pub struct TlsEntry {
    pub(super) settings: ListenerTls,
    context: OnceLock<Option<SslContext>>,
}

impl TlsEntry {
    pub(super) fn new(settings: ListenerTls) -> Self {
        Self { settings, context: OnceLock::new() }
    }

    /// What handshakes start with; None if the library refuses what it has been asked for before, so that nobody is
    /// served by other settings than these. `own` are the keys of listeners that have none of their own.
    pub fn context(
        &self,
        own: &Arc<TicketKeys>,
        make: impl FnOnce(&ListenerTls, Arc<TicketKeys>) -> Option<SslContext>,
    ) -> Option<&SslContext> {
        let first = || {
            let keys = match &self.settings.ticket_key {
                Some(key) => Arc::new(TicketKeys::fixed(key.expose())?),
                None => own.clone(),
            };
            make(&self.settings, keys)
        };
        self.context.get_or_init(first).as_ref()
    }
}
