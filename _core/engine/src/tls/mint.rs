//! Small certificates of our own: the default one for names that no Secret covers, and the development CA.

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

/// The name of the certificate that is shown where no other fits.
pub const DEFAULT_NAME: &str = "Sallygate Default Certificate";

/// PEM texts of a certificate and of its key.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Mints an ECDSA P-256 certificate that is valid from an hour ago for `days` days.
///
/// With a CA: a leaf for `names` (DNS names or IP literals). Without: a self-signed one for `names`, which may itself
/// sign others.
pub fn mint(names: &[String], ca: Option<(&[u8], &[u8])>, days: u32) -> Result<Pair, ErrorStack> {
    let key = PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)?;
    let issuer = match ca {
        Some((chain, key)) => Some((X509::from_pem(chain)?, PKey::private_key_from_pem(key)?)),
        None => None,
    };
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    let mut name = X509NameBuilder::new()?;
    // A common name holds 64 characters at most (RFC 5280, ub-common-name); the names proper are in the extension.
    let shown: String = names.first().map_or(DEFAULT_NAME, String::as_str).chars().take(64).collect();
    name.append_entry_by_nid(Nid::COMMONNAME, &shown)?;
    let name = name.build();
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(issuer.as_ref().map_or(&*name, |(cert, _)| cert.subject_name()))?;
    let now = i64::try_from(crate::clock::unix_ns() / 1_000_000_000).unwrap_or(0);
    builder.set_not_before(&*Asn1Time::from_unix(now - 3_600)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(now + i64::from(days) * 86_400)?)?;
    builder.set_pubkey(&key)?;
    extensions(&mut builder, names, issuer.as_ref().map(|(cert, _)| cert))?;
    builder.sign(issuer.as_ref().map_or(&key, |(_, key)| key), MessageDigest::sha256())?;
    Ok((builder.build().to_pem()?, key.private_key_to_pem_pkcs8()?))
}

fn extensions(builder: &mut X509Builder, names: &[String], issuer: Option<&X509>) -> Result<(), ErrorStack> {
    let mut constraints = BasicConstraints::new();
    let mut usage = KeyUsage::new();
    constraints.critical();
    usage.critical().digital_signature();
    if issuer.is_none() {
        constraints.ca();
        usage.key_cert_sign().crl_sign();
    }
    builder.append_extension(constraints.build()?)?;
    builder.append_extension(usage.build()?)?;
    let context = builder.x509v3_context(issuer.map(|cert| &**cert), None);
    let subject_key = SubjectKeyIdentifier::new().build(&context)?;
    builder.append_extension(subject_key)?;
    if issuer.is_some() {
        let context = builder.x509v3_context(issuer.map(|cert| &**cert), None);
        let authority = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(authority)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    }
    let mut alternatives = SubjectAlternativeName::new();
    let mut any = false;
    for name in names {
        if name.parse::<std::net::IpAddr>().is_ok() {
            alternatives.ip(name);
            any = true;
        } else if !name.contains(' ') {
            alternatives.dns(name);
            any = true;
        }
    }
    if any {
        let context = builder.x509v3_context(issuer.map(|cert| &**cert), None);
        let alternatives = alternatives.build(&context)?;
        builder.append_extension(alternatives)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_verified_by_its_ca() {
        let (ca, ca_key) = mint(&["Test CA".into()], None, 30).unwrap();
        let (leaf, _) = mint(&["a.example".into()], Some((&ca, &ca_key)), 30).unwrap();
        let (ca, leaf) = (X509::from_pem(&ca).unwrap(), X509::from_pem(&leaf).unwrap());
        assert!(leaf.verify(&ca.public_key().unwrap()).unwrap());
        assert_eq!(ca.issued(&leaf), openssl::x509::X509VerifyResult::OK);
    }
}
