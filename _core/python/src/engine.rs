//! The engine as Python holds it.

use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sallygate_engine::settings::Settings;
use sallygate_engine::snapshot::{Control, Outcome, Publication};
use sallygate_engine::{Engine as Core, StartError};
use sallygate_image::{Digest, Refusal};

/// A telemetry slot and the labels that it is reported under: namespace, object, service, port, host, path.
type SlotRow = (u32, String, String, String, String, String, String);

/// A snapshot that was refused: which segment, which field, and why.
#[pyclass(extends = PyValueError, frozen, get_all, module = "gateway._core")]
pub struct Refused {
    segment: String,
    kind: String,
    field: String,
    reason: String,
}

#[pymethods]
impl Refused {
    #[new]
    fn new(segment: String, kind: String, field: String, reason: String) -> Self {
        Self { segment, kind, field, reason }
    }

    fn __str__(&self) -> String {
        format!("segment {} ({}), field {}: {}", self.segment, self.kind, self.field, self.reason)
    }
}

fn refused(py: Python<'_>, refusal: &Refusal) -> PyErr {
    let raised = py.get_type::<Refused>();
    let arguments =
        (refusal.segment.to_string(), refusal.kind.to_string(), refusal.field.clone(), refusal.reason.clone());
    match raised.call1(arguments) {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}

/// What became of an offered snapshot.
#[pyclass(frozen, get_all, module = "gateway._core")]
pub struct Offer {
    accepted: bool,
    wanted: Vec<Py<PyBytes>>,
    root: Py<PyBytes>,
    built: usize,
    reused: usize,
    build_us: u64,
    swap_us: u64,
}

impl Offer {
    fn new(py: Python<'_>, root: Digest, outcome: Outcome) -> Self {
        let bytes = |digest: &Digest| PyBytes::new(py, digest.as_bytes()).unbind();
        let root = bytes(&root);
        match outcome {
            Outcome::Wanted(digests) => Self {
                accepted: false,
                wanted: digests.iter().map(bytes).collect(),
                root,
                built: 0,
                reused: 0,
                build_us: 0,
                swap_us: 0,
            },
            Outcome::Accepted(accepted) => Self {
                accepted: true,
                wanted: Vec::new(),
                root,
                built: accepted.built,
                reused: accepted.reused,
                build_us: accepted.build_us,
                swap_us: accepted.swap_us,
            },
        }
    }
}

/// The data plane: worker threads and the snapshot that they serve.
#[pyclass(frozen, module = "gateway._core")]
pub struct Engine {
    core: Core,
    control: Mutex<Control>,
    /// The process that made it. A fork has none of its threads, and must not pretend to.
    process: u32,
}

impl Engine {
    fn guard(&self) -> PyResult<()> {
        if std::process::id() == self.process {
            return Ok(());
        }
        Err(PyRuntimeError::new_err("the engine belongs to another process: it cannot be used after a fork"))
    }
}

#[pymethods]
impl Engine {
    /// `settings` is a msgpack map; see `gateway._core.pyi`.
    #[new]
    fn new(py: Python<'_>, settings: &[u8]) -> PyResult<Self> {
        let mut decoder = rmp_serde::Deserializer::from_read_ref(settings);
        let settings: Settings = serde_path_to_error::deserialize(&mut decoder)
            .map_err(|error| PyValueError::new_err(format!("engine settings, {}: {}", error.path(), error.inner())))?;
        py.detach(|| {
            // SAFETY: the caller keeps the memory file open for the length of this call, which maps it.
            #[allow(unsafe_code)]
            let fd = unsafe { BorrowedFd::borrow_raw(settings.telemetry_fd) };
            let telemetry = Core::telemetry(&settings, fd)?;
            let publication = Arc::new(Publication::new());
            let control =
                Control::new(publication.clone(), settings.telemetry_slots, settings.last_good.clone());
            let core = Core::new(settings, publication, telemetry)?;
            Ok(Self { core, control: Mutex::new(control), process: std::process::id() })
        })
        .map_err(start_error)
    }

    /// Listens and serves; returns each listener's bound address.
    fn start<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.guard()?;
        let addresses = py.detach(|| self.core.start()).map_err(start_error)?;
        let dict = PyDict::new(py);
        for (name, address) in addresses {
            dict.set_item(name, address.to_string())?;
        }
        Ok(dict)
    }

    /// Offers a snapshot by its root and the segments that may be missing.
    fn offer(&self, py: Python<'_>, root: &[u8], segments: Vec<Vec<u8>>) -> PyResult<Offer> {
        self.guard()?;
        let root = Digest::try_from(root)
            .map_err(|_| PyValueError::new_err(format!("a root is a digest of 16 bytes, not of {}", root.len())))?;
        let outcome = py.detach(|| {
            let outcome = self.control.lock().unwrap_or_else(PoisonError::into_inner).offer(root, segments);
            if matches!(outcome, Ok(Outcome::Accepted(_))) {
                self.core.refresh();
            }
            outcome
        });
        outcome.map(|outcome| Offer::new(py, root, outcome)).map_err(|refusal| refused(py, &refusal))
    }

    /// Serves the last good snapshot from disk, if there is a whole one.
    fn restore(&self, py: Python<'_>) -> PyResult<Option<Offer>> {
        self.guard()?;
        let restored = py.detach(|| self.control.lock().unwrap_or_else(PoisonError::into_inner).restore());
        Ok(restored.map(|(root, accepted)| Offer::new(py, root, Outcome::Accepted(accepted))))
    }

    /// What keeps the last good snapshot from being written or read, if anything does.
    #[getter]
    fn restore_problem(&self) -> Option<String> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner).last_good_problem()
    }

    /// The root that is being served.
    fn digest<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let root = self.control.lock().unwrap_or_else(PoisonError::into_inner).root();
        root.map(|root| PyBytes::new(py, root.as_bytes()))
    }

    /// From now on every response ends its connection.
    fn set_draining(&self) -> PyResult<()> {
        self.guard()?;
        self.core.set_draining();
        Ok(())
    }

    /// Accepts nobody any more, finishes what is under way, and ends the workers.
    fn drain<'py>(&self, py: Python<'py>, deadline_ms: u64) -> PyResult<Bound<'py, PyDict>> {
        self.guard()?;
        let report = py.detach(|| self.core.drain(Duration::from_millis(deadline_ms)));
        let dict = PyDict::new(py);
        dict.set_item("finished", report.finished)?;
        dict.set_item("aborted", report.aborted)?;
        dict.set_item("idle_closed", report.idle_closed)?;
        Ok(dict)
    }

    /// Telemetry slots that were assigned after `since`.
    fn slots(&self, py: Python<'_>, since: u32) -> Vec<SlotRow> {
        py.detach(|| {
            let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
            let rows = control.slots(since);
            rows.map(|(slot, labels)| {
                let labels = labels.clone();
                (slot, labels.namespace, labels.object, labels.service, labels.port, labels.host, labels.path)
            })
            .collect()
        })
    }
}

fn start_error(error: StartError) -> PyErr {
    match error {
        StartError::Settings(problem) => PyValueError::new_err(problem),
        StartError::Bind(address, error) => {
            let number = error.raw_os_error().unwrap_or(0);
            PyOSError::new_err((number, format!("cannot listen on {address}: {error}"), address.to_string()))
        }
        StartError::Machine(problem) => PyOSError::new_err(problem),
    }
}
