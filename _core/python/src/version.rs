//! What was built, and what its parts accept.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use sallygate_engine::{route, telemetry};

/// Facts about this build.
#[pyfunction]
pub fn version(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("version", env!("CARGO_PKG_VERSION"))?;
    facts.set_item("openssl", openssl::version::version())?;
    facts.set_item("tls_library", if cfg!(feature = "aws-lc") { "aws-lc" } else { "openssl" })?;
    facts.set_item("profile", if cfg!(debug_assertions) { "dev" } else { "release" })?;
    facts.set_item("rustc", env!("SALLYGATE_RUSTC"))?;
    facts.set_item("ir", sallygate_image::version::TEXT)?;
    facts.set_item("abi", telemetry::layout::ABI.to_string())?;
    Ok(facts)
}

/// None, or why the engine cannot take a regular expression.
#[pyfunction]
pub fn check_regex(pattern: &str) -> Option<String> {
    route::check_regex(pattern).err()
}
