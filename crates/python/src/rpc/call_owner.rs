//! `_core.CallOwner`: what ends a client's call, or lets it go on alone, when its caller has let it go.
//!
//! In Rust since the handler of a signal, which may raise anywhere in a `__del__` of Python, would keep that from its work without anybody hearing of it.

use pyo3::prelude::*;
use russet_net::rpc::{Code, Status};

use super::client_call::ClientCall;

/// Held by the object that the caller has.
#[pyclass(frozen, module = "russet._core")]
pub(super) struct CallOwner {
    call: Py<ClientCall>,
    /// Whether the call ends: where many responses may come, nobody can read them any more. Otherwise the request is still meant to arrive.
    cancels: bool,
}

#[pymethods]
impl CallOwner {
    #[new]
    const fn new(call: Py<ClientCall>, cancels: bool) -> Self {
        Self { call, cancels }
    }
}

impl Drop for CallOwner {
    fn drop(&mut self) {
        let call = self.call.get();
        if self.cancels {
            let status = Status::new(Code::Cancelled, "Cancelled upon garbage collection!");
            call.end(status);
        } else {
            call.abandon();
        }
    }
}
