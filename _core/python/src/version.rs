//! What was built, and what its parts accept.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sallygate_engine::regex::Place;
use sallygate_engine::route::{self, Judgement};
use sallygate_engine::settings::TrailerNames;
use sallygate_engine::telemetry;

/// Facts about this build.
#[pyfunction]
pub fn version(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("version", env!("CARGO_PKG_VERSION"))?;
    facts.set_item("openssl", openssl::version::version())?;
    facts.set_item("tls_library", "openssl")?;
    facts.set_item("profile", if cfg!(debug_assertions) { "dev" } else { "release" })?;
    facts.set_item("rustc", env!("SALLYGATE_RUSTC"))?;
    facts.set_item("ir", sallygate_image::version::TEXT)?;
    facts.set_item("abi", telemetry::layout::ABI.to_string())?;
    Ok(facts)
}

/// The names of trailer fields that pass: the usual ones for None. `ValueError` for one that never may.
#[pyfunction]
#[pyo3(signature = (names))]
pub fn trailer_names(names: Option<Vec<String>>) -> PyResult<Vec<String>> {
    let read = names.map(|names| TrailerNames::read(&names)).transpose();
    let read = read.map_err(|refused| PyValueError::new_err(refused.to_string()))?;
    Ok(read.unwrap_or_default().names().to_vec())
}

/// What becomes of a regular expression: of a path, or of a text in which it is looked for anywhere. The first is why it
/// is refused; the second, if it is not, why it is matched by backtracking, within limits.
#[pyfunction]
pub fn check_regex(pattern: &str, anywhere: bool) -> (Option<String>, Option<&'static str>) {
    let place = if anywhere { Place::Anywhere } else { Place::Start };
    match route::check_regex(pattern, place) {
        Judgement::Linear => (None, None),
        Judgement::Backtracking(why) => (None, Some(why)),
        Judgement::Refused(problem) => (Some(problem), None),
    }
}
