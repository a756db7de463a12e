//! `_core.Server`: a synchronous server, whose workers run on the user's own executor.
//!
//! A *worker* is a job on that executor that stays: it waits for calls, drives the I/O meanwhile, and runs the handlers itself. A handler that is known to be quick runs at once on the thread that read its request; before one that is likely to block, another worker is called to take the lead. There is one worker as long as that is enough, and no more than the executor has threads; a worker that has nothing to do leaves. The reactor's guard calls the first one, and further ones where all are busy.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytesMethods, PyDict};
use russet_net::address::ListenAddress;
use russet_net::census::ServerCensus;
use russet_net::rpc::{Code, Status};
use russet_net::server::{Incoming, Server as State};
use russet_net::{CallKey, Reactor};
use rustc_hash::FxHashMap;

use super::census;
use super::convert::{bind_error, deadline, exception_text};
use super::detached::{self, ResponseSender};
use super::fork;
use super::imports;
use super::method::Method;
use super::observations;
use super::options;
use super::own_threads;
use super::server_call::{RequestIterator, ServerCall};
use super::steps;
use super::tls::server_security;
use super::waiting::{parker, wait};

/// How long a worker waits for a call before it leaves its thread to others.
const WORKER_PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Inner {
    pub(super) reactor: Reactor<State>,
    /// Handlers that no interceptor or generic handler has a say in, by path.
    methods: RwLock<FxHashMap<Box<str>, Arc<Method>>>,
    /// `resolve(path, metadata)` gives the handler of a path that is not in `methods`, or `None`.
    resolve: Py<PyAny>,
    /// `submit(worker)` runs a worker on the executor.
    submit: Py<PyAny>,
    max_workers: usize,
    workers: AtomicUsize,
    /// Whether a worker has been submitted and has not started yet.
    calling: AtomicBool,
    stopping: AtomicBool,
    /// Calls with callbacks, told of when they end.
    watched: Mutex<FxHashMap<CallKey, Py<ServerCall>>>,
}

impl fork::Forks for Inner {
    type Core = State;

    fn reactor(&self) -> &Reactor<State> {
        &self.reactor
    }

    fn forked(&self) {
        self.workers.store(0, Ordering::SeqCst);
        self.calling.store(false, Ordering::SeqCst);
    }
}

impl Inner {
    /// Submits a worker, unless one is on its way, there are enough, or the server stops.
    fn call_worker(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        if self.stopping.load(Ordering::SeqCst)
            || self.workers.load(Ordering::SeqCst) >= self.max_workers
            || self.calling.swap(true, Ordering::SeqCst)
        {
            return Ok(());
        }
        let submitted = Bound::new(
            py,
            Worker {
                inner: self.clone(),
            },
        )
        .and_then(|worker| self.submit.bind(py).call1((worker,)));
        if submitted.is_err() && self.refused() {
            return Ok(());
        }
        submitted.map(drop)
    }

    /// The executor has refused a worker. Whether that is nobody's fault, since the server stops: at the interpreter's exit executors refuse work from one moment to the next.
    fn refused(&self) -> bool {
        self.calling.store(false, Ordering::SeqCst);
        self.stopping.load(Ordering::SeqCst)
    }

    /// What the guard does after each look: runs callbacks of calls that ended, and calls a worker where calls wait and none is free.
    fn attend(self: &Arc<Self>) {
        let (changed, starving) = {
            let mut core = self.reactor.core();
            let starving = core.has_incoming() && !core.rouse_worker();
            (core.take_changed(), starving)
        };
        let starving = starving
            && !self.calling.load(Ordering::SeqCst)
            && self.workers.load(Ordering::SeqCst) < self.max_workers;
        if changed.is_empty() && !starving {
            return;
        }
        // None while the interpreter is going down: no handler runs any more.
        own_threads::enter(|py| {
            for key in changed {
                self.tell_callbacks(py, key);
            }
            if starving && let Err(error) = self.call_worker(py) {
                // The executor has been shut down: calls are answered with nothing until the server stops, as with no free thread.
                error.write_unraisable(py, None);
            }
        });
    }

    fn tell_callbacks(&self, py: Python<'_>, key: CallKey) {
        if self.reactor.core().ended(key).is_none() {
            return;
        }
        let call = self.watched().remove(&key);
        if let Some(call) = call {
            call.get().run_callbacks(py);
        }
    }

    /// No longer waits for the end of a call, which has come; runs its callbacks.
    pub(super) fn unwatch(&self, py: Python<'_>, call: &ServerCall) {
        if call.has_callbacks() {
            self.watched().remove(&call.key);
            call.run_callbacks(py);
        }
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, FxHashMap<CallKey, Py<ServerCall>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn method(&self, py: Python<'_>, incoming: &Incoming) -> PyResult<Option<Arc<Method>>> {
        let path = &*incoming.call.path;
        let known = self
            .methods
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned();
        if known.is_some() {
            return Ok(known);
        }
        let metadata = super::convert::metadata_to_python(py, &incoming.call.metadata)?;
        let handler = self.resolve.bind(py).call1((path, metadata))?;
        if handler.is_none() {
            return Ok(None);
        }
        Method::new(&handler).map(|method| Some(Arc::new(method)))
    }

    /// Runs the handler of a call to its end, in the `contextvars` context that is given and has been entered. An error is one that no handler may cause, such as Ctrl-C on the main thread.
    fn run(
        self: &Arc<Self>,
        py: Python<'_>,
        incoming: Incoming,
        context: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let found = self.method(py, &incoming);
        let call = Bound::new(py, ServerCall::new(self.clone(), incoming))?;
        let method = match found {
            Ok(Some(method)) => method,
            Ok(None) => {
                call.get().finish(Code::Unimplemented, "Method not found!");
                return Ok(());
            }
            Err(error) => {
                let details = format!(
                    "Exception servicing handler: {}",
                    exception_text(py, &error)
                );
                ServerCall::report(py, &details, &error);
                call.get()
                    .finish(Code::Unknown, "Error in service handler!");
                return Ok(());
            }
        };
        if method.thread_pool.is_some() {
            detached::submit(&call, &method, context);
            return Ok(());
        }
        if method.is_slow()
            && let Err(error) = self.make_way(py)
        {
            // The executor takes no further worker: that is no fault of this call's.
            error.write_unraisable(py, None);
        }
        self.run_method(py, &call, &method)
    }

    /// Another worker takes the lead, for this one may be kept for long.
    fn make_way(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let roused = py.detach(|| {
            let mut core = self.reactor.core();
            core.flush_now();
            core.rouse_worker()
        });
        if roused { Ok(()) } else { self.call_worker(py) }
    }

    /// Runs a method's handler, and the callbacks of the call if that ended it.
    pub(super) fn run_method(
        &self,
        py: Python<'_>,
        call: &Bound<'_, ServerCall>,
        method: &Arc<Method>,
    ) -> PyResult<()> {
        let started = Instant::now();
        let outcome = Self::handle(py, call, method);
        method.ran_for(started.elapsed());
        if !method.non_blocking || call.get().has_ended() {
            self.unwatch(py, call.get());
        }
        outcome
    }

    fn handle(py: Python<'_>, call: &Bound<'_, ServerCall>, method: &Arc<Method>) -> PyResult<()> {
        if steps::are_wanted() {
            return steps::run(py, call, method);
        }
        let context = call.get();
        let request = if method.request_streaming {
            let iterator = RequestIterator {
                call: call.clone().unbind(),
                method: method.clone(),
            };
            Bound::new(py, iterator)?.into_any()
        } else {
            match context.receive(py)? {
                Ok(Some(message)) => match method.deserialize(message) {
                    Ok(request) => request,
                    Err(error) => {
                        ServerCall::report(py, "Exception deserializing request!", &error);
                        context.finish(Code::Internal, "Exception deserializing request!");
                        return Ok(());
                    }
                },
                // The client sent no message at all, or is gone.
                Ok(None) => {
                    let path = &context.call.path;
                    let details = format!("\"{path}\" requires exactly one request message.");
                    context.finish(Code::Unimplemented, &details);
                    return Ok(());
                }
                Err(_) => return Ok(()),
            }
        };
        let behavior = method.behavior.bind(py);
        let returned = if method.non_blocking {
            behavior.call1((request, call, ResponseSender::new(call, method)))
        } else {
            behavior.call1((request, call))
        };
        let response = match returned {
            Ok(_) if method.non_blocking => return Ok(()),
            Ok(response) => response,
            Err(error) => {
                context.fail(py, "calling application", &error);
                return Ok(());
            }
        };
        if method.response_streaming {
            Self::send_all(py, context, method, &response)
        } else {
            match method.serialize(response) {
                Ok(Some(message)) => context.complete(Some(message.as_bytes())),
                Ok(None) => context.finish(Code::Internal, "Failed to serialize response!"),
                Err(error) => {
                    ServerCall::report(py, "Exception serializing response!", &error);
                    context.finish(Code::Internal, "Failed to serialize response!");
                }
            }
            Ok(())
        }
    }

    fn send_all(
        py: Python<'_>,
        context: &ServerCall,
        method: &Method,
        responses: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let responses = match responses.try_iter() {
            Ok(responses) => responses,
            Err(error) => {
                context.fail(py, "iterating responses", &error);
                return Ok(());
            }
        };
        for response in responses {
            let response = match response {
                Ok(response) => response,
                Err(error) => {
                    context.fail(py, "iterating responses", &error);
                    return Ok(());
                }
            };
            match method.serialize(response) {
                Ok(Some(message)) => {
                    if !context.send(py, message.as_bytes(), true)? {
                        return Ok(());
                    }
                }
                Ok(None) => {
                    context.finish(Code::Internal, "Failed to serialize response!");
                    return Ok(());
                }
                Err(error) => {
                    ServerCall::report(py, "Exception serializing response!", &error);
                    context.finish(Code::Internal, "Failed to serialize response!");
                    return Ok(());
                }
            }
        }
        context.complete(None);
        Ok(())
    }
}

impl census::Servers for Inner {
    fn census(&self) -> ServerCensus {
        self.reactor.core().census()
    }
}

/// A worker: a callable that serves calls until there is nothing to do for a while.
#[pyclass(frozen, module = "russet._core")]
pub(super) struct Worker {
    inner: Arc<Inner>,
}

#[pymethods]
impl Worker {
    fn __call__(this: &Bound<'_, Self>) -> PyResult<()> {
        let inner = &this.get().inner;
        inner.workers.fetch_add(1, Ordering::SeqCst);
        let outcome = Self::serve_in_contexts(this);
        inner.calling.store(false, Ordering::SeqCst);
        let left = inner.workers.fetch_sub(1, Ordering::SeqCst) - 1;
        if left == 0 {
            inner.reactor.abandon();
        }
        outcome
    }

    /// Serves calls in `context`, which has been entered, as long as they leave nothing in it. Whether there may be more of them, for another context.
    fn _serve(&self, context: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.serve(context)
    }

    /// See [`Inner::refused`]; for a submitter that works behind the server's back.
    fn refused(&self) -> bool {
        self.inner.refused()
    }
}

impl Worker {
    /// Each call runs in a `contextvars` context that was empty, as in grpcio. One that a call has left empty serves for the next.
    fn serve_in_contexts(this: &Bound<'_, Self>) -> PyResult<()> {
        let py = this.py();
        let serve = this.getattr(intern!(py, "_serve"))?;
        loop {
            let context = imports::context(py)?.call0()?;
            let more = context.call_method1(intern!(py, "run"), (&serve, &context))?;
            if !more.is_truthy()? {
                return Ok(());
            }
        }
    }

    fn serve(&self, context: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = context.py();
        let inner = &self.inner;
        let own = parker()?;
        let mut arriving = true;
        loop {
            let until = Some(Instant::now() + WORKER_PATIENCE);
            let next = wait(py, &inner.reactor, until, |core, parker| {
                // Until now nobody was there to take the call that this worker was called for, and the guard would have called another one.
                if std::mem::take(&mut arriving) {
                    inner.calling.store(false, Ordering::SeqCst);
                }
                if let Some(incoming) = core.next_incoming() {
                    core.forget_worker(parker);
                    return Some(Some(incoming));
                }
                if inner.stopping.load(Ordering::SeqCst) {
                    return Some(None);
                }
                core.wait_for_incoming(parker);
                None
            });
            match next {
                Ok(Some(Some(incoming))) => {
                    inner.run(py, incoming, context)?;
                    if context.len()? != 0 {
                        return Ok(true);
                    }
                }
                outcome => {
                    inner.reactor.core().forget_worker(&own);
                    return outcome.map(|_| false);
                }
            }
        }
    }
}

/// Stops the guard when the server object is gone.
struct Handle {
    inner: Arc<Inner>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.inner.stopping.store(true, Ordering::SeqCst);
        let status = Status::new(Code::Unavailable, "the server was dropped");
        self.inner.reactor.core().close(&status, Instant::now());
        self.inner.reactor.stop_guard();
    }
}

/// A server without listeners, and what drives it, as `settings` want it.
pub(super) fn server_reactor(
    settings: &Bound<'_, PyDict>,
    max_calls: Option<usize>,
) -> PyResult<Reactor<State>> {
    let observations = observations::of_settings(settings)?;
    let mut config = options::server_config(settings)?;
    config.max_calls = max_calls;
    if let Some(observations) = &observations {
        config.engine.observe = observations.get().kept();
    }
    let reactor = Reactor::new(|registry, waker| Ok(State::new(registry, waker, config)))
        .map_err(|error| PyOSError::new_err(format!("cannot open a poll: {error}")))?;
    if let Some(observations) = &observations {
        reactor.core().observe(observations.get().observer(""));
    }
    Ok(reactor)
}

/// A synchronous server.
#[pyclass(frozen, module = "russet._core", weakref)]
pub(super) struct Server {
    handle: Handle,
    started: AtomicBool,
}

#[pymethods]
impl Server {
    /// `resolve(path, metadata)` finds a handler, `submit(worker)` runs a worker on the executor, which has `max_workers` threads; `settings` is the dictionary that `_options.py` makes.
    #[new]
    #[pyo3(signature = (resolve, submit, max_workers, settings, max_calls=None))]
    fn new(
        resolve: Py<PyAny>,
        submit: Py<PyAny>,
        max_workers: usize,
        settings: &Bound<'_, PyDict>,
        max_calls: Option<usize>,
    ) -> PyResult<Self> {
        let inner = Arc::new(Inner {
            reactor: server_reactor(settings, max_calls)?,
            methods: RwLock::default(),
            resolve,
            submit,
            max_workers: max_workers.max(1),
            workers: AtomicUsize::new(0),
            calling: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            watched: Mutex::default(),
        });
        if options::shows_in_channelz(settings)? {
            let counted: Arc<dyn census::Servers> = inner.clone();
            census::add_server(Arc::downgrade(&counted));
        }
        fork::add(settings.py(), &inner)?;
        Ok(Self {
            handle: Handle { inner },
            started: AtomicBool::new(false),
        })
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
        self.handle
            .inner
            .reactor
            .core()
            .bind(&parsed, reuse_port, &security)
            .map_err(|error| bind_error(address, &error))
    }

    /// Serves `path` by `handler` without asking `resolve`.
    fn add_method(&self, path: &str, handler: &Bound<'_, PyAny>) -> PyResult<()> {
        let method = Method::new(handler)?;
        let inner = &self.handle.inner;
        if !method.request_streaming {
            inner.reactor.core().set_unary(path.into());
        }
        inner
            .methods
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.into(), Arc::new(method));
        Ok(())
    }

    /// Says that the request of `path` is one message: a call takes no worker before it is there.
    fn set_unary(&self, path: &str) {
        self.handle.inner.reactor.core().set_unary(path.into());
    }

    /// Starts to accept and to serve.
    fn start(&self) -> PyResult<()> {
        if self.started.swap(true, Ordering::SeqCst) {
            return Err(PyValueError::new_err(
                "Cannot start already-started server!",
            ));
        }
        let inner = &self.handle.inner;
        inner
            .reactor
            .core()
            .start()
            .map_err(|error| PyOSError::new_err(format!("cannot listen: {error}")))?;
        let guarded = inner.clone();
        std::thread::Builder::new()
            .name("russet-server".to_owned())
            .spawn(move || guarded.reactor.run_guard(|_| guarded.attend()))
            .map_err(|error| PyOSError::new_err(format!("no thread for the server: {error}")))?;
        // The executor hears of nothing before there is a call: the guard listens from now on, and calls the first worker.
        inner.reactor.abandon();
        Ok(())
    }

    /// Closes the listeners and asks the clients to send no new calls.
    fn shutdown(&self, py: Python<'_>) {
        py.detach(|| self.handle.inner.reactor.core().shutdown(Instant::now()));
    }

    /// Waits until no call runs; `False` where `timeout` seconds passed first.
    #[pyo3(signature = (timeout=None))]
    fn wait_idle(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let until = deadline(timeout, Instant::now());
        let drained = wait(py, &self.handle.inner.reactor, until, |core, parker| {
            if core.active_calls() == 0 {
                return Some(());
            }
            core.wait_for_idle(parker);
            None
        })?;
        Ok(drained.is_some())
    }

    /// Ends what still runs, and the workers.
    fn close(&self, py: Python<'_>) {
        let inner = &self.handle.inner;
        py.detach(|| {
            inner.stopping.store(true, Ordering::SeqCst);
            let status = Status::new(Code::Unavailable, "the server stopped");
            let mut core = inner.reactor.core();
            core.close(&status, Instant::now());
            while core.rouse_worker() {}
            drop(core);
            inner.reactor.stop_guard();
        });
        let changed = inner.reactor.core().take_changed();
        for key in changed {
            inner.tell_callbacks(py, key);
        }
    }
}

impl ServerCall {
    /// Has the call's callbacks run when it ends.
    pub(super) fn watch(this: &Bound<'_, Self>) {
        let call = this.get();
        call.inner.watched().insert(call.key, this.clone().unbind());
        call.inner.reactor.core().watch(call.key);
        call.inner.reactor.nudge_guard();
        // It may have ended before it was watched: then there is no news to come.
        call.inner.tell_callbacks(this.py(), call.key);
    }
}
