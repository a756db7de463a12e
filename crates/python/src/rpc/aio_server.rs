//! `_core.AioServer` and `_core.AioServerCall`: a server that an asyncio event loop drives, on the loop's own thread.
//!
//! Nothing here waits: the loop watches one descriptor, calls [`AioServer::turn`] when it is readable, and gets the calls that need a handler. A handler that must wait for its call leaves a future, which a later turn resolves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PyTuple};
use russet_net::address::ListenAddress;
use russet_net::census::ServerCensus;
use russet_net::rpc::server::IncomingCall;
use russet_net::rpc::{Code, MessageOptions, SendError, Status};
use russet_net::server::{PeerInfo, Server as State};
use russet_net::{CallKey, Core, Inbound, Reactor};
use rustc_hash::FxHashMap;

use super::census;
use super::clock::Clock;
use super::convert::{
    bind_error, code_from_python, encoding, metadata_from_python, metadata_to_python, seconds_until,
};
use super::fork;
use super::news::News;
use super::options;
use super::server::server_reactor;
use super::tls::{auth_context, peer_identities, server_security};

struct Inner {
    reactor: Reactor<State>,
    news: News<CallKey>,
    /// What to call when a call ends without its handler's status.
    cancels: Mutex<FxHashMap<CallKey, Py<PyAny>>>,
}

impl fork::Forks for Inner {
    type Core = State;

    fn reactor(&self) -> &Reactor<State> {
        &self.reactor
    }

    fn forked(&self) {}
}

impl Inner {
    fn cancels(&self) -> std::sync::MutexGuard<'_, FxHashMap<CallKey, Py<PyAny>>> {
        self.cancels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl census::Servers for Inner {
    fn census(&self) -> ServerCensus {
        self.reactor.core().census()
    }
}

/// A server of an event loop. Used on the loop's thread only.
#[pyclass(frozen, module = "russet._core", weakref)]
pub(super) struct AioServer {
    inner: Arc<Inner>,
}

impl AioServer {
    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        let changed = self.inner.reactor.core().take_changed();
        for key in changed {
            self.inner.news.tell(py, key)?;
            if self.inner.reactor.core().ended(key).is_some() {
                let cancel = self.inner.cancels().remove(&key);
                if let Some(cancel) = cancel {
                    cancel.call0(py)?;
                }
            }
        }
        Ok(())
    }
}

#[pymethods]
impl AioServer {
    /// `settings` is the dictionary that `_options.py` makes.
    #[new]
    #[pyo3(signature = (settings, max_calls=None))]
    fn new(settings: &Bound<'_, PyDict>, max_calls: Option<usize>) -> PyResult<Self> {
        let inner = Arc::new(Inner {
            reactor: server_reactor(settings, max_calls)?,
            news: News::default(),
            cancels: Mutex::default(),
        });
        if options::shows_in_channelz(settings)? {
            let counted: Arc<dyn census::Servers> = inner.clone();
            census::add_server(Arc::downgrade(&counted));
        }
        fork::add(settings.py(), &inner)?;
        Ok(Self { inner })
    }

    /// Binds an address and returns its port; 0 for a Unix socket. `security` is as [`server_security`] reads it.
    #[pyo3(signature = (address, reuse_port, security=None))]
    fn bind(
        &self,
        address: &str,
        reuse_port: bool,
        security: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u16> {
        let security = server_security(security)?;
        let parsed = ListenAddress::parse(address).map_err(|error| bind_error(address, &error))?;
        self.inner
            .reactor
            .core()
            .bind(&parsed, reuse_port, &security)
            .map_err(|error| bind_error(address, &error))
    }

    /// Says that the request of `path` is one message, so that its call comes with it.
    fn set_unary(&self, path: &str) {
        self.inner.reactor.core().set_unary(path.into());
    }

    /// Starts to accept.
    fn start(&self) -> PyResult<()> {
        self.inner
            .reactor
            .core()
            .start()
            .map_err(|error| PyOSError::new_err(format!("cannot listen: {error}")))
    }

    /// The descriptor that the event loop waits on: readable when [`AioServer::turn`] has work.
    fn fileno(&self) -> i32 {
        self.inner.reactor.descriptor()
    }

    /// Does what there is to do without waiting, and returns the calls that need a handler.
    fn turn(&self, py: Python<'_>) -> PyResult<Vec<AioServerCall>> {
        self.inner.reactor.turn_now();
        self.tell(py)?;
        let mut core = self.inner.reactor.core();
        let mut calls = Vec::new();
        while calls.len() < CALLS_A_TURN
            && let Some(incoming) = core.next_incoming()
        {
            calls.push(AioServerCall {
                inner: self.inner.clone(),
                key: incoming.key,
                peer: incoming.peer,
                call: incoming.call,
                observed: incoming.observed,
            });
        }
        Ok(calls)
    }

    /// Writes what commands left to write, tells those who wait for news, and returns in how many seconds the next turn is due.
    fn flush(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        self.inner.reactor.core().flush_now();
        self.tell(py)?;
        let core = self.inner.reactor.core();
        if core.has_incoming() {
            return Ok(Some(0.0));
        }
        Ok(core.next_turn().map(seconds_until))
    }

    /// Closes the listeners and asks the clients to send no new calls.
    fn shutdown(&self) {
        self.inner.reactor.core().shutdown(Instant::now());
    }

    /// Ends what still runs.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let status = Status::new(Code::Unavailable, "the server stopped");
        self.inner.reactor.core().close(&status, Instant::now());
        self.tell(py)
    }
}

/// Calls that one turn of the loop starts: with more, the sockets would wait long for the next turn.
const CALLS_A_TURN: usize = 256;

/// One call of an event loop's server.
#[pyclass(frozen, module = "russet._core", weakref)]
pub(super) struct AioServerCall {
    inner: Arc<Inner>,
    key: CallKey,
    peer: Arc<PeerInfo>,
    call: IncomingCall,
    observed: Option<(u64, Instant)>,
}

impl AioServerCall {
    /// The callback holds the handler's task, which holds this object.
    fn forget_cancel(&self) {
        let cancel = self.inner.cancels().remove(&self.key);
        // Dropped after the lock: it may run Python.
        drop(cancel);
    }
}

impl Drop for AioServerCall {
    fn drop(&mut self) {
        self.forget_cancel();
        self.inner.news.forget(self.key);
        self.inner.reactor.core().release(self.key);
    }
}

#[pymethods]
impl AioServerCall {
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

    fn auth_context<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        auth_context(py, &self.peer.auth)
    }

    fn peer_identities<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        peer_identities(py, &self.peer.auth)
    }

    fn peer_identity_key(&self) -> Option<&'static str> {
        self.peer.auth.identity_key()
    }

    fn time_remaining(&self) -> Option<f64> {
        self.call.deadline.map(seconds_until)
    }

    /// Whether the call has ended without its handler's status.
    fn ended(&self) -> bool {
        self.inner.reactor.core().ended(self.key).is_some()
    }

    /// The next message if there is one, `None` at the end of the client's side or of the call, `False` while there is neither.
    fn try_next<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let inbound = self.inner.reactor.core().next_message_in_turn(self.key);
        match inbound {
            Inbound::Message(message) => Some(PyBytes::new(py, &message).into_any()),
            Inbound::Pending => Some(PyBool::new(py, false).to_owned().into_any()),
            _ => None,
        }
    }

    /// Has `future` done, with `None`, when the call has news.
    fn add_news_future(&self, future: Py<PyAny>) {
        self.inner.reactor.core().watch(self.key);
        self.inner.news.add(self.key, future);
    }

    /// Calls `callback()` in a turn of the loop if the call ends without its handler's status.
    fn on_cancel(&self, callback: Py<PyAny>) {
        self.inner.reactor.core().watch(self.key);
        self.inner.cancels().insert(self.key, callback);
    }

    fn send_initial_metadata(&self, metadata: &Bound<'_, PyAny>) -> PyResult<()> {
        let metadata = metadata_from_python(Some(metadata))?;
        // A call that has ended takes no metadata; the handler finds out by its cancellation.
        let _ = self
            .inner
            .reactor
            .core()
            .send_initial_metadata(self.key, &metadata);
        Ok(())
    }

    fn set_compression(&self, compression: u8) -> PyResult<()> {
        let encoding = encoding(Some(compression))?;
        // Too late, or the call has ended: then nothing is compressed any more either.
        let _ = self.inner.reactor.core().set_encoding(self.key, encoding);
        Ok(())
    }

    /// Gives a message for the next flush. Whether the sender should wait before the next one; `None` where the call has ended. Raises `ValueError` for a message over the limit.
    fn give_message(&self, message: &Bound<'_, PyBytes>, compress: bool) -> PyResult<Option<bool>> {
        let sent = self.inner.reactor.core().send_message(
            self.key,
            message.as_bytes(),
            MessageOptions { compress },
        );
        match sent {
            Ok(sent) => Ok(Some(sent.congested)),
            Err(SendError::CallEnded | SendError::HalfClosed) => Ok(None),
            Err(error @ (SendError::TooLarge { .. } | SendError::Unread { .. })) => {
                Err(PyValueError::new_err(error.to_string()))
            }
        }
    }

    /// Whether the sender should wait before the next message.
    fn is_congested(&self) -> bool {
        self.inner.reactor.core().is_congested(self.key)
    }

    /// Ends the call with a status.
    #[pyo3(signature = (code, details, trailing=None))]
    fn finish(
        &self,
        code: &Bound<'_, PyAny>,
        details: String,
        trailing: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let trailing = metadata_from_python(trailing)?;
        let status = Status::new(code_from_python(code), details);
        self.forget_cancel();
        let mut core = self.inner.reactor.core();
        // A call that has ended meanwhile needs no status; its state goes either way.
        if core.send_status(self.key, &status, &trailing).is_err() {
            core.release(self.key);
        }
        Ok(())
    }

    /// Ends the call at once by a reset.
    fn cancel(&self) {
        self.forget_cancel();
        self.inner.reactor.core().cancel(self.key, Code::Cancelled);
    }
}
