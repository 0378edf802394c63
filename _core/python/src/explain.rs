//! What would be done with one request.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sallygate_engine::explain::{Question, explain as decide};
use sallygate_image::Digest;
use serde::Deserialize;

/// As `gateway.survey.question.Question` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    listener: String,
    tls: bool,
    peer: String,
    port: u16,
    sni: String,
    head: String,
    fresh_id: String,
}

/// Builds the snapshot, asks it, and forgets it. Raises `ValueError` where there is no answer.
#[pyfunction]
pub fn explain<'py>(
    py: Python<'py>,
    root: &[u8],
    segments: Vec<Vec<u8>>,
    question: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let root = Digest::try_from(root).map_err(|problem| PyValueError::new_err(problem.to_string()))?;
    let mut decoder = rmp_serde::Deserializer::from_read_ref(question);
    let asked: Asked = serde_path_to_error::deserialize(&mut decoder)
        .map_err(|error| PyValueError::new_err(format!("question, {}: {}", error.path(), error.inner())))?;
    let fresh_id: &[u8; 32] =
        asked.fresh_id.as_bytes().try_into().map_err(|_| PyValueError::new_err("question, fresh_id: not 32 bytes"))?;
    let told = py.detach(|| {
        let question = Question {
            listener: &asked.listener,
            tls: asked.tls,
            peer: &asked.peer,
            port: asked.port,
            sni: &asked.sni,
            head: asked.head.as_bytes(),
            fresh_id,
        };
        let decision = decide(root, segments, &question).map_err(|problem| problem.to_string())?;
        rmp_serde::to_vec_named(&decision).map_err(|problem| problem.to_string())
    });
    told.map(|bytes| PyBytes::new(py, &bytes)).map_err(PyValueError::new_err)
}
