//! Waiting beside greenlets: a program on gevent runs thousands of them in one thread, and one that waits must let the others run.
//!
//! The Python side hands over two functions (`russet.grpc._greenlets`): one waits for a descriptor in the hub of the calling thread, one binds a callback to that hub. From then on a wait leaves the I/O to the guard, which knows no greenlets, and waits in the hub for a descriptor of its own. Nothing here switches greenlets while the GIL is given away: `PyO3` counts what a thread holds, and greenlets of one thread do not give back in the order of taking.

use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use russet_net::{Core, Look, Parker, Reactor};

use super::channel::lock;
use super::convert::seconds_until;
use super::waiting::no_descriptor;

/// After so long a greenlet looks again whatever happens: a fork's child and its parent share descriptors, and one may take the other's wake-up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Places to wait that are kept for other greenlets; each has a descriptor.
const SPARE_PARKERS: usize = 64;

/// What the Python side handed over.
struct Hooks {
    /// `wait(descriptor, seconds)`: whether the descriptor was readable in time.
    wait: Py<PyAny>,
    /// `bind(callback)`: what has the callback run in the hub of the calling thread.
    bind: Py<PyAny>,
}

static HOOKS: PyOnceLock<Hooks> = PyOnceLock::new();

/// Free places, and the process that they are of.
static SPARE: Mutex<(u32, Vec<Arc<Parker>>)> = Mutex::new((0, Vec::new()));

/// Waits in the hub of the calling thread from now on. Once a process; a second time changes nothing.
#[pyfunction]
#[pyo3(name = "wait_beside_greenlets")]
pub(super) fn install(py: Python<'_>, wait: Py<PyAny>, bind: Py<PyAny>) {
    let _ = HOOKS.set(py, Hooks { wait, bind });
}

/// Whether waits are to leave their thread to others.
#[inline]
pub(super) fn are_there(py: Python<'_>) -> bool {
    HOOKS.get(py).is_some()
}

/// A callback that the library's own threads may call: it runs in the hub of the calling thread, where there are hubs.
pub(super) fn bound(py: Python<'_>, callback: Py<PyAny>) -> PyResult<Py<PyAny>> {
    match HOOKS.get(py) {
        Some(hooks) => hooks.bind.call1(py, (callback,)),
        None => Ok(callback),
    }
}

/// A place to wait, which goes back when the wait is over.
struct Place(Arc<Parker>);

impl Place {
    fn take() -> PyResult<Self> {
        let process = std::process::id();
        let mut spare = lock(&SPARE);
        if spare.0 != process {
            // Those of the parent of a fork would wake both.
            *spare = (process, Vec::new());
        }
        if let Some(parker) = spare.1.pop() {
            return Ok(Self(parker));
        }
        drop(spare);
        Parker::new()
            .map(|parker| Self(Arc::new(parker)))
            .map_err(no_descriptor)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut spare = lock(&SPARE);
        if spare.0 == std::process::id() && spare.1.len() < SPARE_PARKERS {
            spare.1.push(self.0.clone());
        }
    }
}

/// As [`wait`](super::waiting::wait), while the other greenlets of this thread run. What the hub raises into the greenlet ends the wait.
pub(super) fn wait<C: Core, T: Send>(
    py: Python<'_>,
    reactor: &Reactor<C>,
    deadline: Option<Instant>,
    mut ready: impl FnMut(&mut C, &Arc<Parker>) -> Option<T> + Send,
) -> PyResult<Option<T>> {
    let place = Place::take()?;
    let parker = &place.0;
    loop {
        let look = py.detach(|| reactor.look(parker, deadline, |core| ready(core, parker)));
        let next_turn = match look {
            Look::Ready(value) => return Ok(Some(value)),
            Look::TimedOut => return Ok(None),
            Look::Pending(next_turn) => next_turn,
        };
        let patience = Instant::now() + PATIENCE;
        let until = [deadline, next_turn]
            .into_iter()
            .flatten()
            .fold(patience, Instant::min);
        let woken = in_hub(py, parker, until);
        reactor.dismiss(parker);
        if woken? {
            // Takes the wake-up off the descriptor.
            let _ = parker.park(Some(Instant::now()));
        } else {
            py.detach(|| reactor.work());
        }
    }
}

fn in_hub(py: Python<'_>, parker: &Parker, until: Instant) -> PyResult<bool> {
    let Some(hooks) = HOOKS.get(py) else {
        return Ok(false);
    };
    let descriptor = parker.descriptor().map_err(no_descriptor)?.as_raw_fd();
    hooks
        .wait
        .call1(py, (descriptor, seconds_until(until)))?
        .extract(py)
}
