//! How the library's own threads (guards, signers, fetchers of certificates, the trace) enter Python, and how they are kept out of it when the interpreter ends.
//!
//! Up to `CPython` 3.13 a thread that asks for the interpreter's lock while the interpreter ends is unwound, and what lies on its stack gives back a lock that it does not have: a fatal error. So nobody enters any more once the exit has begun, and the exit waits for those who are inside.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How long the exit waits for callbacks of the program that run on our threads. One that takes longer is left to its fate.
const PATIENCE: Duration = Duration::from_secs(1);

static INSIDE: AtomicUsize = AtomicUsize::new(0);
static SHUT: AtomicBool = AtomicBool::new(false);

/// Counts a thread while it is in Python.
struct Inside;

impl Inside {
    fn enter() -> Option<Self> {
        // In this order: either this thread sees that the door is shut, or who shuts it sees this thread.
        INSIDE.fetch_add(1, Ordering::SeqCst);
        let inside = Self;
        (!SHUT.load(Ordering::SeqCst)).then_some(inside)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // In the child of a fork the count began anew.
        let _ = INSIDE.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |inside| {
            inside.checked_sub(1)
        });
    }
}

/// Runs `work` with the interpreter's lock, on one of our threads; `None` while the interpreter is going down.
pub(super) fn enter<R>(work: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    let _inside = Inside::enter()?;
    Python::try_attach(work)
}

/// Lets no thread of ours into Python any more, and waits for those that are there. For the end of the interpreter.
#[pyfunction]
pub(super) fn shut_out_own_threads(py: Python<'_>) {
    SHUT.store(true, Ordering::SeqCst);
    py.detach(|| {
        let until = Instant::now() + PATIENCE;
        while INSIDE.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

/// This process is the child of a fork: the threads that were inside are its parent's.
pub(super) fn forked() {
    INSIDE.store(0, Ordering::SeqCst);
    SHUT.store(false, Ordering::SeqCst);
}
