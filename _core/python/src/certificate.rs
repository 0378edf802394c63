//! Certificates, judged and made by the library that will serve them.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sallygate_engine::tls::{certificate, mint};
use sallygate_engine::trust;

/// A year and a bit: the longest that clients accept of a leaf.
const MAX_DAYS: u32 = 3_650;

/// Reads a chain and its key. Raises `ValueError` when either is unreadable or they do not belong together.
#[pyfunction]
pub fn check_certificate<'py>(py: Python<'py>, chain_pem: &[u8], key_pem: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    // `load`, not just `read`: what the TLS library would refuse to serve must be refused here.
    let loaded = certificate::load(chain_pem, key_pem);
    let facts = loaded.map_err(|problem| PyValueError::new_err(problem.reason))?.facts;
    let dict = PyDict::new(py);
    dict.set_item("names", facts.names)?;
    dict.set_item("not_before", facts.not_before)?;
    dict.set_item("not_after", facts.not_after)?;
    dict.set_item("subject", facts.subject)?;
    Ok(dict)
}

/// Can certificates of clients be verified by these authorities, and by what they have revoked (empty is nothing)?
/// Raises `ValueError` with the reason if not.
#[pyfunction]
pub fn check_authority(ca_pem: &[u8], crl_pem: &[u8]) -> PyResult<()> {
    trust::check_authority(ca_pem, crl_pem).map_err(|problem| PyValueError::new_err(problem.reason))
}

/// Is this a list of cipher suites of TLS 1.2, at least one of which the TLS library has? Why not, if not.
#[pyfunction]
pub fn check_ciphers(ciphers: &str) -> Option<String> {
    trust::check_ciphers(ciphers).err()
}

/// The same for groups of a key exchange; the library has to have all of them.
#[pyfunction]
pub fn check_groups(groups: &str) -> Option<String> {
    trust::check_groups(groups).err()
}

/// Mints a certificate: a leaf under `ca`, or a CA if that is None.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 hands arguments over by value")]
pub fn mint_certificate(
    py: Python<'_>,
    names: Vec<String>,
    ca: Option<(Vec<u8>, Vec<u8>)>,
    days: u32,
) -> PyResult<(Bound<'_, PyBytes>, Bound<'_, PyBytes>)> {
    if names.is_empty() || days == 0 || days > MAX_DAYS {
        return Err(PyValueError::new_err(format!("names must not be empty, and days be 1 to {MAX_DAYS}")));
    }
    let ca = ca.as_ref().map(|(chain, key)| (chain.as_slice(), key.as_slice()));
    let minted = py.detach(|| mint::mint(&names, ca, days));
    let (chain, key) =
        minted.map_err(|error| PyValueError::new_err(format!("the certificate cannot be made: {error}")))?;
    Ok((PyBytes::new(py, &chain), PyBytes::new(py, &key)))
}
