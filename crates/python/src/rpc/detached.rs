//! Handlers of a synchronous server that leave its threads alone: those that run on an executor of their own, and those that return before their responses are sent.
//!
//! Both are grpcio's, where the health service uses them: attributes `experimental_thread_pool` and `experimental_non_blocking` of the handler's function.

use std::sync::Arc;

use pyo3::prelude::*;
use russet_net::rpc::Code;

use super::method::Method;
use super::server_call::ServerCall;

/// Runs a call's handler on the executor of its method, with the variables of this `contextvars` context: interceptors may have set some.
pub(super) fn submit(
    call: &Bound<'_, ServerCall>,
    method: &Arc<Method>,
    context: &Bound<'_, PyAny>,
) {
    let py = call.py();
    let job = Job {
        call: call.clone().unbind(),
        method: method.clone(),
    };
    let submitted = method.thread_pool.as_ref().map(|pool| {
        let job = Bound::new(py, job)?;
        let run = context.call_method0("copy")?.getattr("run")?;
        pool.bind(py).call_method1("submit", (run, job))
    });
    if let Some(Err(error)) = submitted {
        ServerCall::report(
            py,
            "Exception submitting a handler to its thread pool!",
            &error,
        );
        call.get().finish(
            Code::Unavailable,
            "the thread pool of the method's handler takes no work",
        );
    }
}

/// A handler's run, for an executor to call.
#[pyclass(frozen, module = "russet._core")]
struct Job {
    call: Py<ServerCall>,
    method: Arc<Method>,
}

#[pymethods]
impl Job {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let call = self.call.bind(py);
        let outcome = call.get().inner.run_method(py, call, &self.method);
        // No turn of a worker follows that would write it.
        call.get().flush(py);
        outcome
    }
}

/// What a handler that does not block sends its responses with, from any thread: called with each response, and with `None` at their end. It waits for nothing: what the client does not take counts as the connection's unread answers, which are limited.
#[pyclass(frozen, module = "russet._core")]
pub(super) struct ResponseSender {
    call: Py<ServerCall>,
    method: Arc<Method>,
}

impl ResponseSender {
    pub(super) fn new(call: &Bound<'_, ServerCall>, method: &Arc<Method>) -> Self {
        Self {
            call: call.clone().unbind(),
            method: method.clone(),
        }
    }
}

#[pymethods]
impl ResponseSender {
    fn __call__(&self, py: Python<'_>, response: Bound<'_, PyAny>) -> PyResult<()> {
        let call = self.call.get();
        if call.has_ended() {
            return Ok(());
        }
        if response.is_none() {
            call.complete(None);
        } else {
            match self.method.serialize(response) {
                Ok(Some(message)) => {
                    call.send(py, message.as_bytes(), false)?;
                }
                Ok(None) => call.finish(Code::Internal, "Failed to serialize response!"),
                Err(error) => {
                    ServerCall::report(py, "Exception serializing response!", &error);
                    call.finish(Code::Internal, "Failed to serialize response!");
                }
            }
        }
        if call.has_ended() {
            call.flush(py);
            call.inner.unwatch(py, call);
        }
        Ok(())
    }
}
