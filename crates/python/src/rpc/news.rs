//! Futures of an event loop that wait for a call's next news.

use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use rustc_hash::FxHashMap;

/// Futures by the call that they wait for.
pub(super) struct News<K> {
    futures: Mutex<FxHashMap<K, Vec<Py<PyAny>>>>,
}

impl<K> Default for News<K> {
    fn default() -> Self {
        Self {
            futures: Mutex::default(),
        }
    }
}

impl<K: Copy + Eq + Hash> News<K> {
    fn lock(&self) -> MutexGuard<'_, FxHashMap<K, Vec<Py<PyAny>>>> {
        self.futures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `future` done when the call has news.
    pub(super) fn add(&self, key: K, future: Py<PyAny>) {
        self.lock().entry(key).or_default().push(future);
    }

    /// The call has news: its futures are done.
    pub(super) fn tell(&self, py: Python<'_>, key: K) -> PyResult<()> {
        let futures = self.lock().remove(&key);
        for future in futures.into_iter().flatten() {
            resolve(future.bind(py))?;
        }
        Ok(())
    }

    /// Nobody will hear of the call any more.
    pub(super) fn forget(&self, key: K) {
        let futures = self.lock().remove(&key);
        // Dropped after the lock: it may run Python.
        drop(futures);
    }
}

/// Has a future done, with `None`, unless whoever waited was cancelled.
pub(super) fn resolve(future: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = future.py();
    if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
        future.call_method1(intern!(py, "set_result"), (py.None(),))?;
    }
    Ok(())
}
