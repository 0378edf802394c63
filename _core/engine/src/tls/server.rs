//! The accept side: one context per listener, which each handshake leaves for the certificate of the name it asks for.

use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{
    AlpnError, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslRef, SslSessionCacheMode, SslVersion,
    select_next_proto,
};
use openssl::ssl::{ClientHelloResponse, SslAlert};
use sallygate_image::ListenerTls;

use crate::tls::certificate::BadCertificate;
use crate::tls::foreign;
use crate::tls::tickets::TicketKeys;
use crate::tls::{certificate, mint};
use crate::trust::{self, HostTls};

/// TLS 1.2 suites: forward secrecy and authenticated encryption only (RFC 9325 §4.2). TLS 1.3's are all good.
const TLS12_CIPHERS: &str = "ECDHE+AESGCM:ECDHE+CHACHA20";
/// Sessions of one gateway are no good at another.
const SESSION_CONTEXT: &[u8] = b"sallygate";
const ALPN_HTTP1: &[u8] = b"\x08http/1.1";
/// Long enough that a gateway is restarted before its own certificate ends.
const DEFAULT_CERTIFICATE_DAYS: u32 = 825;

/// What a handshake for one name goes on with.
#[derive(Default)]
pub struct Shown {
    /// Its certificate; None is the listener's default one.
    pub context: Option<SslContext>,
    /// What its host asks for besides.
    pub host: Option<Arc<HostTls>>,
    /// Is there a host of this name, and not only one for every other name?
    pub known: bool,
}

/// Finds what there is for a name (lower-case, no trailing dot).
pub type Resolve = dyn Fn(Option<&str>) -> Shown + Send + Sync;

/// Makes the context of a listener.
pub type Make = dyn Fn(&ListenerTls, Arc<TicketKeys>) -> Option<SslContext> + Send + Sync;

/// What the handshakes of a listener start with. Clones share it.
#[derive(Clone)]
pub struct Handshakes {
    /// As long as configuration says nothing else.
    pub usual: SslContext,
    /// The keys of tickets, those of all listeners.
    pub keys: Arc<TicketKeys>,
    /// Makes one for other settings.
    pub make: Arc<Make>,
}

/// What every server context has in common.
pub fn context() -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_cipher_list(TLS12_CIPHERS)?;
    builder.set_options(trust::options());
    builder.set_mode(SslMode::RELEASE_BUFFERS | SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
    // Header and body of a record in one read.
    builder.set_read_ahead(true);
    // Resumption is by ticket alone: no table that clients can fill.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_session_id_context(SESSION_CONTEXT)?;
    builder.set_num_tickets(1)?;
    builder.set_alpn_select_callback(|_, offered| {
        // A client that offers only what we do not speak goes on without ALPN, as in nginx.
        select_next_proto(ALPN_HTTP1, offered).ok_or(AlpnError::NOACK)
    });
    Ok(builder)
}

/// The context that a listener starts each handshake with. Tickets are under `keys`, so resumption outlives every change
/// of a certificate; and it has a certificate of our own for names that no other covers.
pub fn listener(
    resolve: Box<Resolve>,
    settings: &ListenerTls,
    keys: Arc<TicketKeys>,
) -> Result<SslContext, BadCertificate> {
    let refused = |error: ErrorStack| BadCertificate { field: "chain_pem", reason: error.to_string() };
    let mut builder = context().map_err(refused)?;
    let names = [mint::DEFAULT_NAME.to_owned(), "ingress.local".to_owned()];
    let (chain, key) = mint::mint(&names, None, DEFAULT_CERTIFICATE_DAYS).map_err(refused)?;
    let (chain, key, _) = certificate::read(&chain, &key)?;
    for leaf in &chain {
        builder.set_certificate(leaf).map_err(refused)?;
    }
    builder.set_private_key(&key).map_err(refused)?;
    settle(&mut builder, settings).map_err(refused)?;
    let known_only = settings.known_names_only;
    let listed = !settings.ciphers.is_empty();
    let ciphers = settings.ciphers.clone();
    let choose = move |ssl: &mut SslRef, name: Option<&str>| {
        let name = name.map(canonical);
        let Shown { context, host, known } = resolve(name.as_deref());
        if known_only && !known {
            return Ok(false);
        }
        if let Some(context) = context {
            ssl.set_ssl_context(&context)?;
            if listed {
                // Suites go with the certificate's context.
                ssl.set_cipher_list(&ciphers)?;
            }
        }
        host.map_or(Ok(()), |host| host.ask(ssl))?;
        Ok::<bool, ErrorStack>(true)
    };
    foreign::use_own_keys(&mut builder).map_err(refused)?;
    // Before anything of the client's message is acted on: what its host asks for decides whether a session is
    // resumed at all.
    builder.set_client_hello_callback(move |ssl, alert| {
        let name = trust::server_name(ssl).and_then(|name| str::from_utf8(name).ok()).map(ToOwned::to_owned);
        foreign::attach(ssl, keys.clone())?;
        if choose(ssl, name.as_deref())? {
            return Ok(ClientHelloResponse::SUCCESS);
        }
        *alert = SslAlert::UNRECOGNIZED_NAME;
        Err(ErrorStack::get())
    });
    // The client learns that its name was heard.
    builder.set_servername_callback(|_, _| Ok(()));
    Ok(builder.build())
}

/// What a listener's settings say of every handshake on it.
fn settle(builder: &mut SslContextBuilder, settings: &ListenerTls) -> Result<(), ErrorStack> {
    builder.set_min_proto_version(Some(trust::version(settings.oldest)))?;
    builder.set_max_proto_version(Some(trust::version(settings.newest)))?;
    if !settings.ciphers.is_empty() {
        builder.set_cipher_list(&settings.ciphers)?;
    }
    if !settings.groups.is_empty() {
        builder.set_groups_list(&settings.groups)?;
    }
    if !settings.client_order {
        builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
    }
    if !settings.tickets {
        builder.set_options(SslOptions::NO_TICKET);
        builder.set_num_tickets(0)?;
    }
    trust::set_session_seconds(builder, settings.session_s);
    Ok(())
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
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use openssl::ssl::{Ssl, SslSession, SslVerifyMode};

    use super::*;
    use crate::tls::tickets::PERIOD_MS;

    #[test]
    fn names_are_compared_without_case_and_last_dot() {
        assert_eq!(canonical("Shop.Example.COM."), "shop.example.com");
    }

    fn client(version: SslVersion) -> SslContext {
        let mut builder = SslContext::builder(SslMethod::tls_client()).unwrap();
        builder.set_verify(SslVerifyMode::NONE);
        builder.set_max_proto_version(Some(version)).unwrap();
        builder.build()
    }

    /// One visit: was the session resumed, and the one that the client has afterwards.
    fn visit(server: &SslContext, client: &SslContext, session: Option<&SslSession>) -> (bool, SslSession) {
        let (near, far) = UnixStream::pair().unwrap();
        let accepting = server.clone();
        let serving = thread::spawn(move || {
            let mut stream = Ssl::new(&accepting).unwrap().accept(far).unwrap();
            stream.write_all(b"x").unwrap();
            let _ = stream.shutdown();
        });
        let mut ssl = Ssl::new(client).unwrap();
        if let Some(session) = session {
            // SAFETY: the session was given to this very context.
            #[allow(unsafe_code)]
            unsafe {
                ssl.set_session(session).unwrap();
            }
        }
        let mut stream = ssl.connect(near).unwrap();
        stream.read_exact(&mut [0]).unwrap();
        // A session whose connection was cut is not resumed.
        let _ = stream.shutdown();
        serving.join().unwrap();
        (stream.ssl().session_reused(), stream.ssl().session().unwrap().to_owned())
    }

    /// Real handshakes: whoever comes with an older ticket is never turned away, and gets a newer one.
    #[test]
    fn tickets_outlive_one_change_of_their_key() {
        for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
            let now = Arc::new(AtomicU64::new(0));
            let clock = now.clone();
            let keys = TicketKeys::fresh(Box::new(move || clock.load(Ordering::Relaxed))).unwrap();
            let settings = ListenerTls { session_s: 604_800, ..ListenerTls::default() };
            let server = listener(Box::new(|_| Shown::default()), &settings, Arc::new(keys)).ok().unwrap();
            let client = client(version);
            let (resumed, first) = visit(&server, &client, None);
            assert!(!resumed);
            assert!(visit(&server, &client, Some(&first)).0);
            now.store(PERIOD_MS, Ordering::Relaxed);
            // It is given another one, which is under the new key and good for as long.
            let (resumed, second) = visit(&server, &client, Some(&first));
            assert!(resumed);
            now.store(2 * PERIOD_MS, Ordering::Relaxed);
            assert!(!visit(&server, &client, Some(&first)).0, "nobody has its key any more, so there is a handshake");
            assert!(visit(&server, &client, Some(&second)).0);
        }
    }

    #[test]
    fn a_stored_key_opens_the_tickets_of_another_process() {
        for length in [48, 80] {
            let server = || {
                let keys = TicketKeys::fixed(&vec![7; length]).unwrap();
                listener(Box::new(|_| Shown::default()), &ListenerTls::default(), Arc::new(keys)).ok().unwrap()
            };
            let client = client(SslVersion::TLS1_3);
            let (_, session) = visit(&server(), &client, None);
            assert!(visit(&server(), &client, Some(&session)).0);
        }
    }
}
