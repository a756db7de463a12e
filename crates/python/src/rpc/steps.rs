//! Calls of a synchronous server in steps of Python, while a program has replaced one of them.
//!
//! Monitoring agents put functions of their own in the place of those of `grpc._server` that run a handler and send its status. `russet/grpc/_server.py` notices, and has the steps of `russet/grpc/_call_steps.py` run from then on, where each is looked up by its name as in grpcio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use russet_net::rpc::Code;

use super::imports;
use super::method::Method;
use super::server_call::{RequestIterator, ServerCall};

static WANTED: AtomicBool = AtomicBool::new(false);

/// Whether calls are to run in steps of Python from now on.
#[pyfunction]
#[pyo3(name = "run_calls_in_steps")]
pub(super) fn want(wanted: bool) {
    WANTED.store(wanted, Ordering::Relaxed);
}

pub(super) fn are_wanted() -> bool {
    WANTED.load(Ordering::Relaxed)
}

/// Runs a method's handler. Whatever a step does or leaves out, the call gets an answer.
pub(super) fn run(
    py: Python<'_>,
    call: &Bound<'_, ServerCall>,
    method: &Arc<Method>,
) -> PyResult<()> {
    let requests = if method.request_streaming {
        let iterator = RequestIterator {
            call: call.clone().unbind(),
            method: method.clone(),
        };
        Some(Bound::new(py, iterator)?)
    } else {
        None
    };
    let ran = imports::run_steps(py)?.call1((
        call,
        requests,
        &method.behavior,
        &method.deserializer,
        &method.serializer,
        method.response_streaming,
    ));
    if let Err(error) = ran {
        call.get().fail(py, "calling application", &error);
    } else if !method.non_blocking && !call.get().has_ended() {
        call.get()
            .finish(Code::Unknown, "the server gave the call no status");
    }
    Ok(())
}
