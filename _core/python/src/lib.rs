//! `gateway._core`: the thin Python shell around the engine. Every call is rare and coarse, and whatever may take time
//! runs detached from the interpreter. Worker threads never attach to it.

mod certificate;
mod engine;
mod explain;
mod version;

use pyo3::prelude::*;

/// The data plane, compiled.
#[pymodule(gil_used = true)]
mod _core {
    #[pymodule_export]
    use crate::certificate::{check_authority, check_certificate, check_ciphers, check_groups, mint_certificate};
    #[pymodule_export]
    use crate::engine::{Engine, Offer, Refused};
    #[pymodule_export]
    use crate::explain::explain;
    #[pymodule_export]
    use crate::version::{check_regex, trailer_names, version};
}
