//! `_core.ClientCall`: one call of a channel, as the synchronous and the asyncio side use it.
//!
//! A call is identified by a key into the channel's state; what the Python object holds is that key alone. Dropping the object releases the call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyTuple};
use russet_net::CallKey;
use russet_net::channel::Outcome;
use russet_net::rpc::{Code, Message, MessageOptions, SendError, Status};
use russet_net::{Core, Inbound};

use super::channel::{BURST, Handle, lock};
use super::convert::{
    check_metadata, deadline, message_to_python, metadata_to_python, seconds_until,
};
use super::waiting::wait;

/// A client's call.
#[pyclass(frozen, module = "russet._core", weakref)]
pub(super) struct ClientCall {
    pub(super) handle: Arc<Handle>,
    pub(super) key: CallKey,
    pub(super) deadline: Option<Instant>,
    /// Whether the call goes on when this object is gone.
    abandoned: AtomicBool,
    last_send: Mutex<Option<Instant>>,
}

impl ClientCall {
    pub(super) fn new(handle: Arc<Handle>, key: CallKey, deadline: Option<Instant>) -> Self {
        Self {
            handle,
            key,
            deadline,
            abandoned: AtomicBool::new(false),
            last_send: Mutex::new(None),
        }
    }
}

impl Drop for ClientCall {
    fn drop(&mut self) {
        let callback = lock(&self.handle.inner.callbacks).remove(&self.key);
        // Dropped after the lock: it may run Python.
        drop(callback);
        self.handle.inner.news.forget(self.key);
        let mut core = self.handle.inner.reactor.core();
        if self.abandoned.load(Ordering::Relaxed) {
            core.abandon(self.key);
        } else if core.release(self.key) {
            // It ran, as an interrupted one does: nobody may come to write its reset.
            core.flush_now();
        }
    }
}

impl ClientCall {
    /// Gives a message, or the end, or both. Whether the sender should wait before the next one.
    pub(super) fn give(&self, py: Python<'_>, message: Option<&[u8]>, last: bool) -> bool {
        let options = MessageOptions::default();
        let sent = py.detach(|| {
            let mut core = self.handle.inner.reactor.core();
            match (message, last) {
                (Some(message), true) => core.send_last_message(self.key, message, options),
                (Some(message), false) => core.send_message(self.key, message, options),
                (None, _) => core.half_close(self.key),
            }
        });
        match sent {
            Ok(congested) => congested,
            // The call's status says why; the sender finds out there.
            Err(SendError::CallEnded | SendError::HalfClosed) => false,
            Err(error @ (SendError::TooLarge { .. } | SendError::Unread { .. })) => {
                let status = Status::new(Code::ResourceExhausted, error.to_string());
                self.handle.inner.reactor.core().cancel(self.key, status);
                false
            }
        }
    }

    /// Ends the call with this status; `false` where it was over.
    pub(super) fn end(&self, status: Status) -> bool {
        let mut core = self.handle.inner.reactor.core();
        if core.is_over(self.key) {
            return false;
        }
        core.cancel(self.key, status);
        core.flush_now();
        drop(core);
        // The callbacks of a watched call are the guard's to run.
        self.handle.inner.reactor.nudge_guard();
        true
    }

    fn outcome<T>(&self, read: impl FnOnce(&Outcome) -> T) -> Option<T> {
        self.handle.inner.reactor.core().outcome(self.key).map(read)
    }

    /// The only response of a call that has ended with OK; `None` where there is none.
    pub(super) fn take_response<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let mut core = self.handle.inner.reactor.core();
        if core
            .outcome(self.key)
            .is_none_or(|outcome| outcome.status.code != Code::Ok)
        {
            return None;
        }
        let inbound = core.next_message(self.key);
        drop(core);
        match inbound {
            // Decompressed already, since the call has its status.
            Inbound::Message(message) => Some(PyBytes::new(py, &message.into_bytes().ok()?)),
            _ => None,
        }
    }

    /// The bytes of a message of a stream that was taken. A compressed one is decompressed here, on the caller's thread; `None` where it cannot be, which ends the call.
    fn read<'py>(&self, py: Python<'py>, message: Message) -> Option<Bound<'py, PyBytes>> {
        let compressed = message.is_compressed();
        let read = message_to_python(py, message);
        if compressed {
            let length = read.as_ref().map(|bytes| bytes.as_bytes().len());
            py.detach(|| {
                let reactor = &self.handle.inner.reactor;
                let mut core = reactor.core();
                match length {
                    Ok(length) => core.message_read(self.key, length),
                    Err(error) => {
                        core.fail_message(self.key, *error);
                        core.flush_now();
                    }
                }
                let news = core.has_news();
                drop(core);
                if news {
                    // The call may be over with this message; its callbacks are the guard's to run.
                    reactor.alert_guard();
                }
            });
        }
        read.ok()
    }
}

#[pymethods]
impl ClientCall {
    /// Sends a message; waits while the server does not keep up. `False` once the call has ended.
    fn send(&self, py: Python<'_>, message: &Bound<'_, PyBytes>) -> PyResult<bool> {
        let congested = self.give(py, Some(message.as_bytes()), false);
        let reactor = &self.handle.inner.reactor;
        if congested {
            wait(py, reactor, None, |core, parker| {
                if core.is_congested(self.key) {
                    core.set_waiter(self.key, parker);
                    None
                } else {
                    Some(())
                }
            })?;
        } else {
            let now = Instant::now();
            let previous = lock(&self.last_send).replace(now);
            if previous.is_none_or(|previous| now.duration_since(previous) > BURST) {
                py.detach(|| reactor.core().flush_now());
            }
        }
        Ok(reactor.core().outcome(self.key).is_none())
    }

    /// Sends the last message and the end, at once.
    fn send_last(&self, py: Python<'_>, message: &Bound<'_, PyBytes>) {
        self.give(py, Some(message.as_bytes()), true);
        py.detach(|| self.handle.inner.reactor.core().flush_now());
    }

    /// Says that no more messages come.
    fn half_close(&self, py: Python<'_>) {
        self.give(py, None, true);
        py.detach(|| self.handle.inner.reactor.core().flush_now());
    }

    /// Waits for the next message; `None` at the call's end.
    #[pyo3(name = "next")]
    fn next_message<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let reactor = &self.handle.inner.reactor;
        let inbound = wait(py, reactor, None, |core, parker| {
            match core.next_message(self.key) {
                Inbound::Pending => {
                    core.set_waiter(self.key, parker);
                    None
                }
                inbound => Some((inbound, core.has_news())),
            }
        })?;
        let Some((inbound, news)) = inbound else {
            return Ok(None);
        };
        if news {
            // The call may be over with this message; its callbacks are the guard's to run.
            reactor.alert_guard();
        }
        Ok(match inbound {
            Inbound::Message(message) => self.read(py, message),
            _ => None,
        })
    }

    /// The next message if there is one, `None` at the call's end, `False` while there is neither.
    fn try_next<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let inbound = self
            .handle
            .inner
            .reactor
            .core()
            .next_message_in_turn(self.key);
        match inbound {
            Inbound::Message(message) => Some(PyBytes::new(py, &message).into_any()),
            Inbound::Pending => Some(PyBool::new(py, false).to_owned().into_any()),
            _ => None,
        }
    }

    /// Gives a message for the next flush; whether the sender should wait before the next one.
    fn give_message(&self, py: Python<'_>, message: &Bound<'_, PyBytes>, last: bool) -> bool {
        self.give(py, Some(message.as_bytes()), last)
    }

    /// Gives the end for the next flush.
    fn give_end(&self, py: Python<'_>) {
        self.give(py, None, true);
    }

    /// Sends a held call on its way, with metadata that is added to its own; ends it where that cannot be sent.
    fn provide(&self, py: Python<'_>, metadata: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let metadata = check_metadata(metadata)?;
        py.detach(|| {
            let reactor = &self.handle.inner.reactor;
            let mut core = reactor.core();
            match metadata {
                Ok(metadata) => core.provide(self.key, &metadata, Instant::now()),
                Err(error) => {
                    let text = format!("Illegal metadata: {error}");
                    core.cancel(self.key, Status::new(Code::Unavailable, text));
                }
            }
            core.flush_now();
            drop(core);
            // Whoever waits for the call may wait in the poll for something else.
            reactor.wake();
            reactor.nudge_guard();
        });
        Ok(())
    }

    /// Whether the sender should wait before the next message.
    fn is_congested(&self) -> bool {
        self.handle.inner.reactor.core().is_congested(self.key)
    }

    /// Has `future` done, with `None`, when the call has news.
    fn add_news_future(&self, future: Py<PyAny>) {
        self.handle.inner.news.add(self.key, future);
    }

    /// Calls `callback()` when the call is over, in a turn of the event loop.
    fn on_done_in_loop(&self, callback: Py<PyAny>) {
        lock(&self.handle.inner.callbacks).insert(self.key, callback);
    }

    /// Waits for the call's end; `False` where `timeout` seconds passed first.
    #[pyo3(signature = (timeout=None))]
    pub(super) fn wait_done(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let until = deadline(timeout, Instant::now());
        let done = wait(py, &self.handle.inner.reactor, until, |core, parker| {
            if core.outcome(self.key).is_some() {
                Some(())
            } else {
                core.set_waiter(self.key, parker);
                None
            }
        })?;
        Ok(done.is_some())
    }

    /// Waits for the server's initial metadata; empty where the call ended without.
    fn initial_metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let metadata = wait(py, &self.handle.inner.reactor, None, |core, parker| {
            let metadata = core.initial_metadata(self.key);
            if metadata.is_none() {
                core.set_waiter(self.key, parker);
            }
            metadata
        })?;
        metadata_to_python(py, &metadata.unwrap_or_default())
    }

    /// The initial metadata if it has come.
    fn known_initial_metadata<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let metadata = self.handle.inner.reactor.core().initial_metadata(self.key);
        metadata
            .map(|metadata| metadata_to_python(py, &metadata))
            .transpose()
    }

    /// The status code's number; `None` while the call goes on.
    fn code(&self) -> Option<u32> {
        self.outcome(|outcome| outcome.status.code.as_u32())
    }

    /// The status' text; `None` while the call goes on.
    fn details(&self) -> Option<String> {
        self.outcome(|outcome| outcome.status.message.to_string())
    }

    /// The trailing metadata; `None` while the call goes on.
    fn trailing_metadata<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let metadata = self.outcome(|outcome| outcome.trailing.clone());
        metadata
            .map(|metadata| metadata_to_python(py, &metadata))
            .transpose()
    }

    /// The server's address, once the call has a connection.
    fn peer(&self) -> Option<String> {
        self.handle
            .inner
            .reactor
            .core()
            .peer(self.key)
            .map(|peer| peer.to_string())
    }

    /// The only response, if the call ended with OK and has one.
    fn response<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.take_response(py)
    }

    /// Whether the call has ended and, where the server sends a stream of messages, all of them have been taken.
    fn is_over(&self) -> bool {
        self.handle.inner.reactor.core().is_over(self.key)
    }

    /// Has the callbacks of calls that are over run soon, by the thread that runs them.
    fn hurry(&self) {
        self.handle.inner.reactor.hurry_guard();
    }

    /// Ends the call with this status; `False` where it was over.
    fn cancel(&self, py: Python<'_>, code: u32, details: String) -> bool {
        let status = Status::new(Code::from_u32(code).unwrap_or(Code::Unknown), details);
        py.detach(|| self.end(status))
    }

    /// Calls `callback()` once when the call is over, from a thread of the library; at once where it is.
    fn on_done(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<()> {
        if self.is_over() {
            return callback.call0(py).map(drop);
        }
        let inner = &self.handle.inner;
        lock(&inner.callbacks).insert(self.key, callback);
        inner.reactor.core().watch(self.key);
        // It may have ended before it was watched; then it is on the list of news now.
        inner.reactor.nudge_guard();
        Ok(())
    }

    /// Seconds until the deadline, at least 0; `None` without one.
    fn time_remaining(&self) -> Option<f64> {
        self.deadline.map(seconds_until)
    }

    /// Lets the call go on to its end when this object is gone; otherwise it is cancelled then.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }
}
