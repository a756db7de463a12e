//! Waiting without the GIL, and answering Ctrl-C while waiting.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use russet_net::{Core, Parker, Reactor, Waited};

use super::greenlets;

/// The calling thread's place to wait.
pub(super) fn parker() -> PyResult<Arc<Parker>> {
    Parker::current().map_err(no_descriptor)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn no_descriptor(error: io::Error) -> PyErr {
    PyOSError::new_err(format!("no descriptor left to wait on: {error}"))
}

/// How long a thread waits before it asks Python for signals again. A signal that arrives just before the system call that waits does not interrupt it; this bounds how long it can go unnoticed.
const SIGNAL_SLICE: Duration = Duration::from_millis(200);

/// Waits until `ready` gives a value, without the GIL; `None` where the deadline passed first. A signal's Python handler runs at once, and what it raises ends the wait.
pub(super) fn wait<C: Core, T: Send>(
    py: Python<'_>,
    reactor: &Reactor<C>,
    deadline: Option<Instant>,
    mut ready: impl FnMut(&mut C, &Arc<Parker>) -> Option<T> + Send,
) -> PyResult<Option<T>> {
    if greenlets::are_there(py) {
        return greenlets::wait(py, reactor, deadline, ready);
    }
    let parker = parker()?;
    loop {
        let slice = Instant::now() + SIGNAL_SLICE;
        let until = deadline.map_or(slice, |deadline| deadline.min(slice));
        let waited = py.detach(|| reactor.wait(&parker, Some(until), |core| ready(core, &parker)));
        match waited {
            Waited::Ready(value) => return Ok(Some(value)),
            Waited::TimedOut if deadline == Some(until) => return Ok(None),
            Waited::TimedOut | Waited::Interrupted => py.check_signals()?,
        }
    }
}
