//! Python objects that this crate needs, imported when first used: the single list of what Rust knows of the package's Python side.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

macro_rules! imports {
    ($($(#[$doc:meta])* $name:ident = $module:literal, $attribute:literal;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
            static CELL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            CELL.import(py, $module, $attribute)
        }
    )*};
}

imports! {
    /// The named tuple of a key and a value.
    metadatum = "russet.grpc._metadatum", "_Metadatum";
    /// `grpc.RpcError`.
    rpc_error = "russet.grpc._errors", "RpcError";
    /// All status codes, by number.
    status_codes = "russet.grpc._status", "STATUS_CODES";
    /// The class of `contextvars` contexts.
    context = "contextvars", "Context";
    /// Logs the exception of a handler with its traceback.
    log_handler_error = "russet.grpc._server", "log_handler_error";
    /// Runs a call of a synchronous server in steps that programs may replace.
    run_steps = "russet.grpc._call_steps", "run";
    /// A call's state as programs that know grpcio from the inside expect it.
    call_state = "russet.grpc._call_steps", "CallState";
    /// The event that a call begins with, for the same programs.
    call_event = "russet.grpc._call_steps", "CallEvent";
    /// The logger of a module of the library.
    logger = "russet.grpc._logging", "logger";
    /// `logging.getLogger("grpc._server").error`, without importing `logging` before it is needed.
    log_server_error = "russet.grpc._server", "log_server_error";
}
