//! What the client of one connection has shown in its handshake, for as long as the connection lives.

use std::borrow::Cow;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::hash::MessageDigest;
use openssl::ssl::{Ssl, SslRef};
use openssl::stack::Stack;
use openssl::x509::{X509, X509StoreContext, X509StoreContextRef, X509VerifyResult};
use sallygate_image::CertificatePart;
use sallygate_wire::fault::Fault;
use sallygate_wire::write::HeadWriter;

use super::clients::Trust;
use super::foreign;

/// `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY`, `DEPTH_ZERO_SELF_SIGNED_CERT`, `SELF_SIGNED_CERT_IN_CHAIN` and
/// `UNABLE_TO_VERIFY_LEAF_SIGNATURE`: the authority is not known, and nothing else is wrong.
const UNKNOWN: [i32; 4] = [20, 18, 19, 21];

/// How a request's client is connected.
#[derive(Clone, Copy)]
pub enum Secured<'a> {
    /// In the clear.
    No,
    /// By TLS.
    By(&'a SslRef),
    /// By TLS, with whatever its host asks for: for questions of "what if".
    Assumed,
}

/// What came of a client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// None was shown.
    Nothing,
    /// It is from the authorities.
    Good,
    /// It is not: why.
    Failed(X509VerifyResult),
}

impl Outcome {
    fn verdict(self) -> Cow<'static, str> {
        match self {
            Self::Nothing => "NONE".into(),
            Self::Good => "SUCCESS".into(),
            Self::Failed(error) => format!("FAILED:{}", error.error_string()).into(),
        }
    }
}

/// Is nothing wrong but that the authority is not known?
pub(super) fn is_unknown(error: X509VerifyResult) -> bool {
    UNKNOWN.contains(&error.as_raw())
}

/// A client's certificate in words.
pub struct Shown {
    pub(super) outcome: Outcome,
    pub(super) subject: Vec<u8>,
    issuer: Vec<u8>,
    certificate: Option<X509>,
    /// Few hosts pass it on.
    escaped: OnceLock<Vec<u8>>,
}

impl Shown {
    fn read(ssl: &SslRef) -> Self {
        let certificate = ssl.peer_certificate();
        let outcome = match (&certificate, ssl.verify_result()) {
            (None, _) => Outcome::Nothing,
            (Some(_), X509VerifyResult::OK) => Outcome::Good,
            (Some(_), error) => Outcome::Failed(error),
        };
        let subject = certificate.as_ref().map(|one| foreign::name_text(one.subject_name()));
        let issuer = certificate.as_ref().map(|one| foreign::name_text(one.issuer_name()));
        Self {
            outcome,
            subject: subject.unwrap_or_default(),
            issuer: issuer.unwrap_or_default(),
            certificate,
            escaped: OnceLock::new(),
        }
    }

    fn escaped(&self) -> &[u8] {
        self.escaped.get_or_init(|| {
            let pem = self.certificate.as_ref().and_then(|one| one.to_pem().ok());
            escape(&pem.unwrap_or_default())
        })
    }
}

/// Percent-encodes all but unreserved characters (RFC 3986 section 2.3), as nginx does with certificates.
fn escape(text: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut out = Vec::with_capacity(text.len() * 2);
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

/// What goes with a connection whose client was asked for a certificate.
pub(super) struct Examined {
    /// What it was verified by in the handshake.
    pub(super) trust: Arc<Trust>,
    shown: OnceLock<Shown>,
    /// What it would be verified by for the host that was asked for last, and whether it passes.
    other: Mutex<Option<(Arc<Trust>, bool)>>,
}

fn index() -> Result<Index<Ssl, Examined>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, Examined>> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = Ssl::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}

impl Examined {
    pub(super) fn attach(ssl: &mut SslRef, trust: Arc<Trust>) -> Result<(), ErrorStack> {
        ssl.set_ex_data(index()?, Self { trust, shown: OnceLock::new(), other: Mutex::new(None) });
        Ok(())
    }

    pub(super) fn of(ssl: &SslRef) -> Option<&Self> {
        ssl.ex_data(index().ok()?)
    }

    pub(super) fn shown(&self, ssl: &SslRef) -> &Shown {
        self.shown.get_or_init(|| Shown::read(ssl))
    }

    /// Is the certificate good under other terms than the handshake's? Those of another host, or of the same one since
    /// they have changed.
    pub(super) fn passes(&self, ssl: &SslRef, trust: &Arc<Trust>) -> bool {
        let mut other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, passes)) = &*other
            && known.id == trust.id
        {
            return *passes;
        }
        let passes = self.shown(ssl).certificate.as_ref().is_some_and(|leaf| verify(ssl, leaf, trust).unwrap_or(false));
        *other = Some((trust.clone(), passes));
        passes
    }
}

fn verify(ssl: &SslRef, leaf: &X509, trust: &Trust) -> Result<bool, ErrorStack> {
    let nothing = Stack::new()?;
    let chain = ssl.peer_cert_chain().unwrap_or(&nothing);
    X509StoreContext::new()?.init(trust.store(), leaf, chain, X509StoreContextRef::verify_cert)
}

/// What an upstream is told of a client.
pub struct Report<'s> {
    pub(super) outcome: Outcome,
    pub(super) shown: Option<&'s Shown>,
    pub(super) passes: bool,
}

/// Appends what a client's certificate says, as nginx words it; false if nothing does.
pub fn tell(ssl: &SslRef, part: CertificatePart, out: &mut Vec<u8>) -> bool {
    // Who was not asked has shown nothing.
    let shown = Examined::of(ssl).map(|examined| examined.shown(ssl));
    if part == CertificatePart::Verdict {
        out.extend_from_slice(shown.map_or(Outcome::Nothing, |shown| shown.outcome).verdict().as_bytes());
        return true;
    }
    let Some((shown, certificate)) = shown.and_then(|shown| Some((shown, shown.certificate.as_ref()?))) else {
        return false;
    };
    match part {
        CertificatePart::Verdict => {}
        CertificatePart::Subject => out.extend_from_slice(&shown.subject),
        CertificatePart::Issuer => out.extend_from_slice(&shown.issuer),
        CertificatePart::Serial => {
            let digits = certificate.serial_number().to_bn().and_then(|number| number.to_hex_str());
            return digits.map(|digits| out.extend_from_slice(digits.as_bytes())).is_ok();
        }
        CertificatePart::Fingerprint => {
            let Ok(digest) = certificate.digest(MessageDigest::sha1()) else { return false };
            return digest.iter().all(|byte| write!(out, "{byte:02x}").is_ok());
        }
    }
    true
}

impl Report<'_> {
    /// Of a client that nobody has asked.
    pub(super) fn nothing() -> Self {
        Self { outcome: Outcome::Nothing, shown: None, passes: false }
    }

    /// Appends the field lines, as ingress-nginx writes them: none without a value.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut writer = HeadWriter::new(out);
        if let Some(shown) = self.shown.filter(|_| self.passes)
            && !shown.escaped().is_empty()
        {
            writer.field(b"ssl-client-cert", shown.escaped())?;
        }
        writer.field(b"ssl-client-verify", self.outcome.verdict().as_bytes())?;
        for (name, value) in self.shown.iter().flat_map(|shown| {
            [(&b"ssl-client-subject-dn"[..], &shown.subject), (b"ssl-client-issuer-dn", &shown.issuer)]
        }) {
            if !value.is_empty() {
                writer.field(name, value)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_in_a_header_holds_nothing_that_ends_it() {
        assert_eq!(escape(b"-----BEGIN A-----\nab+/=\n"), b"-----BEGIN%20A-----%0Aab%2B%2F%3D%0A");
    }
}
