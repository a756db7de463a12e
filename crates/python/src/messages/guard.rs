//! What may not be changed: `russet.protobuf.freeze` makes messages of which every change is a `TypeError`; options of descriptors, which all share, warn as the original's do.

use pyo3::exceptions::{PyFutureWarning, PyTypeError};
use pyo3::prelude::*;
use russet_message::{Guard, List, Map, Message};

use super::errors::too_deep;
use super::object;
use super::text::message_argument;

/// What has a guard.
pub(super) trait Guarded {
    fn state(&self) -> Guard;
    /// What an error calls it.
    fn title(&self) -> String;
}

impl Guarded for Message {
    fn state(&self) -> Guard {
        self.guard()
    }
    fn title(&self) -> String {
        format!("Message {}", self.ty().descriptor().full_name())
    }
}
impl Guarded for List {
    fn state(&self) -> Guard {
        self.guard()
    }
    fn title(&self) -> String {
        format!("Field {}", self.field().descriptor().full_name())
    }
}
impl Guarded for Map {
    fn state(&self) -> Guard {
        self.guard()
    }
    fn title(&self) -> String {
        format!("Field {}", self.field().descriptor().full_name())
    }
}

/// Comes before every change that Python asks for.
///
/// # Errors
/// A `TypeError` if the message, list or map is frozen, or the warning where warnings are errors.
#[inline]
pub(super) fn check(py: Python<'_>, target: &impl Guarded) -> PyResult<()> {
    match target.state() {
        Guard::Open => Ok(()),
        Guard::Watched => warn(py),
        Guard::Frozen => Err(refusal(target)),
    }
}

#[cold]
fn refusal(target: &impl Guarded) -> PyErr {
    PyTypeError::new_err(format!(
        "{} is frozen and cannot be changed; copy.deepcopy(message) of the whole message can",
        target.title()
    ))
}

#[cold]
fn warn(py: Python<'_>) -> PyResult<()> {
    PyErr::warn(
        py,
        &py.get_type::<PyFutureWarning>(),
        c"Mutating messages or containers returned by GetOptions() is deprecated and will raise an exception in a future release. Change a copy, as copy.deepcopy makes.",
        1,
    )
}

/// A deep copy of a message that nothing can change: neither it nor what is read of it. Threads can share it.
#[pyfunction]
fn freeze<'py>(message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let given = message_argument(message)?;
    if given.guard() == Guard::Frozen {
        return Ok(message.clone());
    }
    object::bind(message.py(), given.frozen().map_err(too_deep)?)
}

/// Whether a message can not be changed.
#[pyfunction]
fn is_frozen(message: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(message_argument(message)?.guard() == Guard::Frozen)
}

/// Adds the functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(freeze, module)?)?;
    module.add_function(wrap_pyfunction!(is_frozen, module)?)
}
