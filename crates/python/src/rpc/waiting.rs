//! Waiting without the GIL, and answering Ctrl-C while waiting.

use std::sync::Arc;
use std::time::Instant;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use russet_net::{Core, Parker, Reactor, Waited};

/// The calling thread's place to wait.
pub(super) fn parker() -> PyResult<Arc<Parker>> {
    Parker::current()
        .map_err(|error| PyOSError::new_err(format!("no descriptor left to wait on: {error}")))
}

/// Waits until `ready` gives a value, without the GIL; `None` where the deadline passed first. A signal's Python handler runs at once, and what it raises ends the wait.
pub(super) fn wait<C: Core, T: Send>(
    py: Python<'_>,
    reactor: &Reactor<C>,
    deadline: Option<Instant>,
    mut ready: impl FnMut(&mut C, &Arc<Parker>) -> Option<T> + Send,
) -> PyResult<Option<T>> {
    let parker = parker()?;
    loop {
        let waited = py.detach(|| reactor.wait(&parker, deadline, |core| ready(core, &parker)));
        match waited {
            Waited::Ready(value) => return Ok(Some(value)),
            Waited::TimedOut => return Ok(None),
            Waited::Interrupted => py.check_signals()?,
        }
    }
}
