//! `_core.trace`: what the library does, line by line, for `russet/grpc/_tracing.py`.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use russet_net::trace;

use super::own_threads;

static THREAD: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);

/// Calls `sink(tracer, line)`, from a thread of its own, for each line of the tracers that `list` turns on, in the place of those before. Returns the names that are not known.
#[pyfunction]
#[pyo3(name = "trace")]
pub(super) fn start<'a>(py: Python<'_>, list: &'a str, sink: Py<PyAny>) -> PyResult<Vec<&'a str>> {
    stop(py);
    let (tracers, unknown) = trace::read_list(list);
    if tracers.is_empty() {
        return Ok(unknown);
    }
    let lines = trace::listen(&tracers);
    let thread = std::thread::Builder::new()
        .name("russet-trace".to_owned())
        .spawn(move || {
            for (tracer, line) in lines {
                // None while the interpreter is going down: nobody reads any more.
                own_threads::enter(|py| {
                    if let Err(error) = sink.call1(py, (tracer.name(), line)) {
                        error.write_unraisable(py, Some(sink.bind(py)));
                    }
                });
            }
        })
        .map_err(|error| PyOSError::new_err(format!("no thread for GRPC_TRACE: {error}")))?;
    *THREAD.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    Ok(unknown)
}

/// Turns all tracers off, and waits until what they have said has been told.
#[pyfunction]
#[pyo3(name = "stop_trace")]
pub(super) fn stop(py: Python<'_>) {
    trace::stop();
    let thread = THREAD.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(thread) = thread {
        // A sink that panics has said so.
        let _ = py.detach(|| thread.join());
    }
}
