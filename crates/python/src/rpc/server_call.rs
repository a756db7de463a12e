//! `_core.ServerCall`: one call as its handler sees it, the synchronous `grpc.ServicerContext`.
//!
//! What the handler sets (code, details, metadata) is kept here until the call ends; what it asks of the wire goes to the server's state by the call's key.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pyo3::exceptions::{PyException, PyStopIteration, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use russet_net::CallKey;
use russet_net::Inbound;
use russet_net::rpc::server::{CancelReason, IncomingCall};
use russet_net::rpc::{Code, Message, MessageOptions, Metadata, MetadataError, SendError, Status};
use russet_net::server::{Incoming, PeerInfo};

use super::channel::BURST;
use super::clock::Clock;
use super::convert::{
    check_metadata, code_from_python, code_to_python, encoding, exception_text, message_to_python,
    metadata_from_python, metadata_to_python, seconds_until,
};
use super::greenlets;
use super::imports;
use super::method::Method;
use super::server::Inner;
use super::tls::{auth_context, peer_identities};
use super::waiting::wait;

/// What the handler has set.
#[derive(Default)]
struct Given {
    code: Option<Code>,
    /// What the handler gave as the code: it gets that back.
    code_object: Option<Py<PyAny>>,
    details: Option<String>,
    trailing: Option<Trailing>,
    initial_sent: bool,
    aborted: bool,
    uncompressed_next: bool,
    /// The status is on its way: the call is over for the handler.
    ended: bool,
    callbacks: Vec<Py<PyAny>>,
    last_send: Option<Instant>,
}

/// Trailing metadata that the handler has set.
struct Trailing {
    /// What it gave: it gets that back.
    object: Py<PyAny>,
    /// The same for the wire; the error where a key or value cannot be sent, which ends the call with INTERNAL.
    metadata: Result<Metadata, MetadataError>,
}

/// One call of a server.
#[pyclass(frozen, module = "russet._core", weakref)]
pub(super) struct ServerCall {
    pub(super) inner: Arc<Inner>,
    pub(super) key: CallKey,
    peer: Arc<PeerInfo>,
    pub(super) call: IncomingCall,
    observed: Option<(u64, Instant)>,
    given: Mutex<Given>,
}

impl Drop for ServerCall {
    fn drop(&mut self) {
        if !self.given().ended {
            let mut core = self.inner.reactor.core();
            core.release(self.key);
            core.flush_now();
        }
    }
}

impl ServerCall {
    pub(super) fn new(inner: Arc<Inner>, incoming: Incoming) -> Self {
        Self {
            inner,
            key: incoming.key,
            peer: incoming.peer,
            call: incoming.call,
            observed: incoming.observed,
            given: Mutex::default(),
        }
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next request message; `None` at the end of the client's side, an error where the call has ended.
    pub(super) fn receive<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Result<Option<Bound<'py, PyBytes>>, CancelReason>> {
        let inbound = wait(py, &self.inner.reactor, None, |core, parker| {
            match core.next_message(self.key) {
                Inbound::Pending => {
                    core.set_waiter(self.key, parker);
                    None
                }
                inbound => Some(inbound),
            }
        })?;
        Ok(match inbound {
            Some(Inbound::Message(message)) => self.read(py, message).map(Some),
            Some(Inbound::Ended(reason)) => Err(reason),
            _ => Ok(None),
        })
    }

    /// The bytes of a message that was taken. A compressed one is decompressed here, on the handler's thread.
    fn read<'py>(
        &self,
        py: Python<'py>,
        message: Message,
    ) -> Result<Bound<'py, PyBytes>, CancelReason> {
        let compressed = message.is_compressed();
        let read = message_to_python(py, message);
        if compressed {
            let length = read.as_ref().map(|bytes| bytes.as_bytes().len());
            py.detach(|| {
                let mut core = self.inner.reactor.core();
                match length {
                    Ok(length) => core.message_read(self.key, length),
                    Err(error) => {
                        core.fail_message(self.key, *error);
                        core.flush_now();
                    }
                }
            });
        }
        read.map_err(|_| CancelReason::BadMessage)
    }

    /// Sends a response message of a stream; waits while the client does not keep up, if `patiently`. `false` once the call has ended.
    pub(super) fn send(&self, py: Python<'_>, message: &[u8], patiently: bool) -> PyResult<bool> {
        let options = self.next_options();
        self.initial_metadata_sent();
        let reactor = &self.inner.reactor;
        let sent = py.detach(|| reactor.core().send_message(self.key, message, options));
        match sent {
            Ok(sent) if sent.congested && patiently => {
                wait(py, reactor, None, |core, parker| {
                    if core.is_congested(self.key) {
                        core.set_waiter(self.key, parker);
                        None
                    } else {
                        Some(())
                    }
                })?;
            }
            Ok(_) => {
                let now = Instant::now();
                let previous = self.given().last_send.replace(now);
                if previous.is_none_or(|previous| now.duration_since(previous) > BURST) {
                    py.detach(|| reactor.core().flush_now());
                }
            }
            Err(SendError::CallEnded | SendError::HalfClosed) => return Ok(false),
            Err(error @ (SendError::TooLarge { .. } | SendError::Unread { .. })) => {
                self.finish(Code::ResourceExhausted, &error.to_string());
                return Ok(false);
            }
        }
        Ok(reactor.core().ended(self.key).is_none())
    }

    /// Writes what has been given, where no turn of a worker follows.
    pub(super) fn flush(&self, py: Python<'_>) {
        py.detach(|| self.inner.reactor.core().flush_now());
    }

    fn next_options(&self) -> MessageOptions {
        MessageOptions {
            compress: !std::mem::take(&mut self.given().uncompressed_next),
        }
    }

    /// Ends the call with what the handler set, or OK; with a last message before it where there is one.
    pub(super) fn complete(&self, mut message: Option<&[u8]>) {
        let options = self.next_options();
        let (status, trailing) = {
            let mut given = self.given();
            given.ended = true;
            let code = given.code.unwrap_or(Code::Ok);
            let details = given.details.clone().unwrap_or_default();
            let status = Status::new(code, details);
            match given.trailing.as_ref().map(|trailing| &trailing.metadata) {
                None => (status, Metadata::new()),
                Some(Ok(metadata)) => (status, metadata.clone()),
                Some(Err(_)) => {
                    message = None;
                    let status = Status::new(Code::Internal, "Invalid metadata");
                    (status, Metadata::new())
                }
            }
        };
        let mut core = self.inner.reactor.core();
        if let Some(message) = message
            && let Err(error @ (SendError::TooLarge { .. } | SendError::Unread { .. })) =
                core.send_message(self.key, message, options)
        {
            let status = Status::new(Code::ResourceExhausted, error.to_string());
            let _ = core.send_status(self.key, &status, &trailing);
            return;
        }
        // A call that has ended meanwhile needs no status; its state goes either way.
        if core.send_status(self.key, &status, &trailing).is_err() {
            core.release(self.key);
        }
    }

    /// Ends the call with an error. A code and a text that the handler set before take precedence.
    pub(super) fn finish(&self, code: Code, details: &str) {
        {
            let mut given = self.given();
            if matches!(given.code, None | Some(Code::Ok)) {
                given.code = Some(code);
                given.code_object = None;
            }
            given.details.get_or_insert_with(|| details.to_owned());
        }
        self.complete(None);
    }

    /// Ends the call after its handler raised: as `abort` asked, silently where the client was gone, else UNKNOWN with a logged traceback.
    pub(super) fn fail(&self, py: Python<'_>, doing: &str, error: &PyErr) {
        let (aborted, ended) = {
            let given = self.given();
            (given.aborted, given.ended)
        };
        if ended {
            // The request iterator ended the call, and the handler let its exception pass.
        } else if aborted {
            self.complete(None);
        } else if self.inner.reactor.core().ended(self.key).is_some() && is_rpc_error(py, error) {
            // The request iterator raised because the client is gone; the handler let it pass.
            self.complete(None);
        } else {
            let details = format!("Exception {doing}: {}", exception_text(py, error));
            Self::report(py, &details, error);
            self.finish(Code::Unknown, &details);
        }
    }

    /// Logs an exception with its traceback.
    pub(super) fn report(py: Python<'_>, text: &str, error: &PyErr) {
        // With its traceback, which is not yet the value's own before Python 3.12.
        let value = error.clone_ref(py).into_value(py);
        let logged = imports::log_handler_error(py).and_then(|log| log.call1((text, value)));
        if let Err(error) = logged {
            error.write_unraisable(py, None);
        }
    }

    /// The callbacks that run when the call ends; each is returned once.
    fn take_callbacks(&self) -> Vec<Py<PyAny>> {
        std::mem::take(&mut self.given().callbacks)
    }

    /// Runs the callbacks of a call that has ended.
    pub(super) fn run_callbacks(&self, py: Python<'_>) {
        for callback in self.take_callbacks() {
            if let Err(error) = callback.call0(py) {
                Self::report(py, "Exception calling callback!", &error);
            }
        }
    }

    /// Whether its status is on its way.
    pub(super) fn has_ended(&self) -> bool {
        self.given().ended
    }

    pub(super) fn has_callbacks(&self) -> bool {
        !self.given().callbacks.is_empty()
    }

    pub(super) fn initial_metadata_sent(&self) -> bool {
        std::mem::replace(&mut self.given().initial_sent, true)
    }
}

fn is_rpc_error(py: Python<'_>, error: &PyErr) -> bool {
    imports::rpc_error(py).is_ok_and(|class| error.is_instance(py, class))
}

#[pymethods]
impl ServerCall {
    fn is_active(&self) -> bool {
        !self.given().ended && self.inner.reactor.core().ended(self.key).is_none()
    }

    fn time_remaining(&self) -> Option<f64> {
        self.call.deadline.map(seconds_until)
    }

    fn cancel(&self, py: Python<'_>) {
        self.given().ended = true;
        py.detach(|| {
            let mut core = self.inner.reactor.core();
            core.cancel(self.key, Code::Cancelled);
            core.flush_now();
        });
    }

    fn add_callback(this: &Bound<'_, Self>, callback: Py<PyAny>) -> PyResult<bool> {
        let call = this.get();
        if !call.is_active() {
            return Ok(false);
        }
        let callback = greenlets::bound(this.py(), callback)?;
        call.given().callbacks.push(callback);
        Self::watch(this);
        Ok(true)
    }

    /// The method's full name.
    #[getter]
    fn method(&self) -> &str {
        &self.call.path
    }

    /// The number that an observer knows the call by and when it came, in nanoseconds since 1970; `None` where nobody listens.
    #[getter]
    fn observed(&self) -> Option<(u64, u64)> {
        let (number, at) = self.observed?;
        Some((number, Clock::read().nanoseconds(at)))
    }

    fn invocation_metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        metadata_to_python(py, &self.call.metadata)
    }

    fn peer(&self) -> String {
        self.peer.name.clone()
    }

    /// The names by which the client has proved itself; `None` where it has not.
    fn peer_identities<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        peer_identities(py, &self.peer.auth)
    }

    /// The property of [`ServerCall::auth_context`] that these names come from.
    fn peer_identity_key(&self) -> Option<&'static str> {
        self.peer.auth.identity_key()
    }

    /// What is known of the connection's security.
    fn auth_context<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        auth_context(py, &self.peer.auth)
    }

    fn send_initial_metadata(
        &self,
        py: Python<'_>,
        initial_metadata: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let metadata = metadata_from_python(Some(initial_metadata))?;
        if self.initial_metadata_sent() {
            return Err(PyValueError::new_err("Initial metadata no longer allowed!"));
        }
        py.detach(|| {
            let mut core = self.inner.reactor.core();
            // A call that has ended takes no metadata; the handler finds out by `is_active`.
            let _ = core.send_initial_metadata(self.key, &metadata);
            core.flush_now();
        });
        Ok(())
    }

    fn set_trailing_metadata(&self, trailing_metadata: &Bound<'_, PyAny>) -> PyResult<()> {
        let metadata = check_metadata(Some(trailing_metadata))?;
        if let Err(error) = &metadata {
            let text = format!("the trailing metadata cannot be sent: {error}");
            imports::log_server_error(trailing_metadata.py())?.call1((text,))?;
        }
        let given = Trailing {
            object: trailing_metadata.clone().unbind(),
            metadata,
        };
        // Dropped after the lock: it may run Python.
        let replaced = self.given().trailing.replace(given);
        drop(replaced);
        Ok(())
    }

    fn trailing_metadata(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let given = self.given();
        given
            .trailing
            .as_ref()
            .map(|trailing| trailing.object.clone_ref(py))
    }

    fn abort(&self, py: Python<'_>, code: &Bound<'_, PyAny>, details: &str) -> PyResult<()> {
        let mut number = code_from_python(code);
        let mut object = Some(code.clone().unbind());
        let mut details = details;
        if number == Code::Ok {
            imports::log_server_error(py)?
                .call1(("abort() called with StatusCode.OK; returning UNKNOWN",))?;
            (number, object, details) = (Code::Unknown, None, "");
        }
        let mut given = self.given();
        given.code = Some(number);
        let replaced = std::mem::replace(&mut given.code_object, object);
        given.details = Some(details.to_owned());
        given.aborted = true;
        drop(given);
        // Dropped after the lock: it may run Python.
        drop(replaced);
        Err(PyException::new_err(()))
    }

    fn abort_with_status(&self, py: Python<'_>, status: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set_trailing_metadata(&status.getattr("trailing_metadata")?)?;
        let details: String = status.getattr("details")?.extract()?;
        self.abort(py, &status.getattr("code")?, &details)
    }

    fn set_code(&self, code: &Bound<'_, PyAny>) {
        let number = (!code.is_none()).then(|| code_from_python(code));
        let mut given = self.given();
        given.code = number;
        let replaced = given.code_object.replace(code.clone().unbind());
        drop(given);
        // Dropped after the lock: it may run Python.
        drop(replaced);
    }

    fn set_details(&self, details: &Bound<'_, PyAny>) -> PyResult<()> {
        let text = match details.cast::<PyBytes>() {
            Ok(bytes) => String::from_utf8_lossy(bytes.as_bytes()).into_owned(),
            Err(_) => details.extract()?,
        };
        self.given().details = Some(text);
        Ok(())
    }

    fn code<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (code, object) = {
            let given = self.given();
            let object = given.code_object.as_ref();
            (given.code, object.map(|object| object.bind(py).clone()))
        };
        match (object, code) {
            (None, Some(code)) => code_to_python(py, code).map(Some),
            (object, _) => Ok(object.filter(|object| !object.is_none())),
        }
    }

    /// UTF-8, as grpcio's.
    fn details<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let given = self.given();
        let details = given.details.as_ref()?;
        Some(PyBytes::new(py, details.as_bytes()))
    }

    /// The call's state, as agents read it in grpcio.
    #[getter]
    fn _state<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        imports::call_state(this.py())?.call1((this,))
    }

    #[getter]
    fn _rpc_event<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        imports::call_event(this.py())?.call1((this,))
    }

    #[getter]
    fn _authority(&self) -> &str {
        &self.call.authority
    }

    /// Whether the call has ended without its handler's status: the client is gone, the deadline has passed, or the server stops.
    #[getter]
    fn _cancelled(&self) -> bool {
        !self.given().ended && self.inner.reactor.core().ended(self.key).is_some()
    }

    /// Whether the status is on its way.
    #[getter]
    fn _statused(&self) -> bool {
        self.has_ended()
    }

    #[getter]
    fn _aborted(&self) -> bool {
        self.given().aborted
    }

    #[getter]
    fn _initial_metadata_allowed(&self) -> bool {
        !self.given().initial_sent
    }

    /// The next request message; `None` where there is none to come.
    fn _receive<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        Ok(self.receive(py)?.ok().flatten())
    }

    /// Sends a response of a stream. Whether the call goes on.
    fn _send(&self, py: Python<'_>, message: &[u8]) -> PyResult<bool> {
        self.send(py, message, true)
    }

    /// Ends the call with a status by number, after a last message where there is one.
    fn _finish(&self, code: u32, details: &[u8], message: Option<&[u8]>) {
        {
            let mut given = self.given();
            given.code = Some(Code::from_u32(code).unwrap_or(Code::Unknown));
            given.details = Some(String::from_utf8_lossy(details).into_owned());
        }
        self.complete(message);
    }

    fn set_compression(&self, compression: u8) -> PyResult<()> {
        let encoding = encoding(Some(compression))?;
        // Too late, or the call has ended: then nothing is compressed any more either.
        let _ = self.inner.reactor.core().set_encoding(self.key, encoding);
        Ok(())
    }

    fn disable_next_message_compression(&self) {
        self.given().uncompressed_next = true;
    }
}

/// The iterator over a call's request messages.
#[pyclass(frozen, module = "russet._core")]
pub(super) struct RequestIterator {
    pub(super) call: Py<ServerCall>,
    pub(super) method: Arc<Method>,
}

#[pymethods]
impl RequestIterator {
    const fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    /// grpcio's iterator has this name for it too.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.__next__(py)
    }

    fn _next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.__next__(py)
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let call = self.call.get();
        match call.receive(py)? {
            Ok(Some(message)) => self.method.deserialize(message).or_else(|error| {
                ServerCall::report(py, "Exception deserializing request!", &error);
                call.finish(Code::Internal, "Exception deserializing request!");
                Err(PyErr::from_value(imports::rpc_error(py)?.call0()?))
            }),
            Ok(None) => Err(PyStopIteration::new_err(())),
            Err(_) if call.given().ended => Err(PyStopIteration::new_err(())),
            Err(_) => Err(PyErr::from_value(imports::rpc_error(py)?.call0()?)),
        }
    }
}
