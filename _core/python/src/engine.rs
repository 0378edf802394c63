//! The engine as Python holds it.

use std::os::fd::BorrowedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sallygate_engine::clock::Clock;
use sallygate_engine::settings::Settings;
use sallygate_engine::snapshot::{LastGood, Outcome, Publisher};
use sallygate_engine::telemetry::{Labels, SlotAllocator, SlotRows};
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
    let arguments = (refusal.segment.clone(), refusal.kind.clone(), refusal.field.clone(), refusal.reason.clone());
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
    problem: Option<String>,
}

impl Offer {
    fn new(py: Python<'_>, outcome: Outcome) -> Self {
        let bytes = |digest: &Digest| PyBytes::new(py, &digest.0).unbind();
        Self {
            accepted: outcome.accepted,
            wanted: outcome.wanted.iter().map(bytes).collect(),
            root: bytes(&outcome.root),
            built: outcome.built,
            reused: outcome.reused,
            build_us: outcome.build_us,
            swap_us: outcome.swap_us,
            problem: outcome.problem,
        }
    }
}

/// The data plane: worker threads and the snapshot that they serve.
#[pyclass(frozen, module = "gateway._core")]
pub struct Engine {
    core: Core,
    publisher: Mutex<Publisher>,
    /// What figures are reported under: read without waiting for the publisher, which may be at work for a while.
    slots: SlotRows,
    restore_problem: Mutex<Option<String>>,
    /// The process that made it. A fork has none of its threads, and must not pretend to.
    process: u32,
}

impl Engine {
    fn publisher(&self) -> MutexGuard<'_, Publisher> {
        self.publisher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what is wrong with the last good snapshot on disk.
    fn note(&self, problem: Option<String>) {
        *self.restore_problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

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
        // Addresses come as text.
        let mut decoder = rmp_serde::Deserializer::from_read_ref(settings).with_human_readable();
        let settings: Settings = serde_path_to_error::deserialize(&mut decoder)
            .map_err(|error| PyValueError::new_err(format!("engine settings, {}: {}", error.path(), error.inner())))?;
        py.detach(|| {
            // SAFETY: the caller keeps the memory file open for the length of this call, which maps it.
            #[allow(unsafe_code)]
            let fd = unsafe { BorrowedFd::borrow_raw(settings.telemetry_fd) };
            let telemetry = Core::telemetry(&settings, fd)?;
            let slots = SlotAllocator::new(settings.telemetry_slots);
            let last_good = settings.last_good.clone().map(LastGood::new);
            let publisher = Publisher::new(slots, last_good, Clock::new(), || fastrand::u64(..));
            let core = Core::new(settings, publisher.publication().clone(), telemetry)?;
            let process = std::process::id();
            let slots = publisher.slots().clone();
            Ok(Self { core, publisher: Mutex::new(publisher), slots, restore_problem: Mutex::new(None), process })
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
            let outcome = self.publisher().offer(root, segments);
            if let Some(accepted) = outcome.as_ref().ok().filter(|outcome| outcome.accepted) {
                self.core.refresh();
                self.note(accepted.problem.clone());
            }
            outcome
        });
        outcome.map(|outcome| Offer::new(py, outcome)).map_err(|refusal| refused(py, &refusal))
    }

    /// Serves the last good snapshot from disk, if there is a whole one.
    fn restore(&self, py: Python<'_>) -> PyResult<Option<Offer>> {
        self.guard()?;
        let restored = py.detach(|| self.publisher().restore());
        self.note(restored.as_ref().err().cloned());
        Ok(restored.ok().flatten().map(|outcome| Offer::new(py, outcome)))
    }

    /// What keeps the last good snapshot from being read or written, if anything does.
    #[getter]
    fn restore_problem(&self) -> Option<String> {
        self.restore_problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The root that is being served.
    fn digest<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let root = py.detach(|| self.core.publication().current().root());
        root.map(|root| PyBytes::new(py, &root.0))
    }

    /// Frees replaced snapshots that the workers have let go of.
    fn reclaim(&self, py: Python<'_>) {
        py.detach(|| self.core.publication().reclaim());
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
        let row = |(slot, labels): (u32, Labels)| {
            (slot, labels.namespace, labels.object, labels.service, labels.port, labels.host, labels.path)
        };
        py.detach(|| self.slots.assigned(since).into_iter().map(row).collect())
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
