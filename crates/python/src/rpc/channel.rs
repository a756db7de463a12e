//! `_core.Channel`: a channel, as the synchronous and the asyncio side use it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use russet_net::address::{AddressError, Target, with_scheme};
use russet_net::census::ChannelCensus;
use russet_net::channel::{Channel as State, ChannelConfig, Connectivity, NewCall};
use russet_net::rpc::{Code, Encoding, Metadata, MetadataError, Status};
use russet_net::{CallKey, Core, Reactor};
use rustc_hash::FxHashMap;

use super::census;
use super::client_call::ClientCall;
use super::convert::{check_metadata, deadline, encoding, seconds_until};
use super::fork;
use super::news::{News, resolve};
use super::observations::{self, Observations};
use super::options;
use super::own_threads;
use super::tls;

/// Messages given within this time of each other are written together; a pause writes what there is.
pub(super) const BURST: Duration = Duration::from_micros(20);

pub(super) struct Inner {
    target: String,
    pub(super) reactor: Reactor<State>,
    /// What to call when a watched call has news.
    pub(super) callbacks: Mutex<FxHashMap<CallKey, Py<PyAny>>>,
    /// What to call when the connectivity has changed, and the change that was told last.
    state_callback: Mutex<Option<Py<PyAny>>>,
    state_told: AtomicU64,
    guarded: AtomicBool,
    /// Futures of an event loop that are done when a call has news.
    pub(super) news: News<CallKey>,
    /// Futures that are done when no call goes on.
    idle_futures: Mutex<Vec<Py<PyAny>>>,
}

/// Closes the channel when the last of the channel object and its calls is gone; the guard's thread does not count.
pub(super) struct Handle {
    pub(super) inner: Arc<Inner>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.inner.reactor.core().close(Instant::now());
        self.inner.reactor.stop_guard();
    }
}

impl Inner {
    /// Starts the thread that drives what nobody waits for.
    fn guard(self: &Arc<Self>) -> PyResult<()> {
        if self.guarded.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let inner = self.clone();
        std::thread::Builder::new()
            .name("russet-channel".to_owned())
            .spawn(move || inner.reactor.run_guard(|_| inner.deliver()))
            .map(drop)
            .map_err(|error| PyOSError::new_err(format!("no thread for the channel: {error}")))
    }

    /// Calls what waits for news. Without any, Python is not touched.
    fn deliver(&self) {
        let (changed, state) = {
            let mut core = self.reactor.core();
            (core.take_changed(), core.state_changes())
        };
        let state_changed = self.state_told.load(Ordering::SeqCst) != state;
        if changed.is_empty() && !state_changed {
            return;
        }
        // None while the interpreter is going down: nobody wants to hear any more.
        own_threads::enter(|py| {
            for key in changed {
                self.deliver_call(py, key);
            }
            if state_changed {
                self.deliver_state(py);
            }
        });
    }

    fn deliver_call(&self, py: Python<'_>, key: CallKey) {
        if !self.reactor.core().is_over(key) {
            return;
        }
        let callback = lock(&self.callbacks).remove(&key);
        if let Some(callback) = callback
            && let Err(error) = callback.call0(py)
        {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    }

    pub(super) fn deliver_state(&self, py: Python<'_>) {
        let callback = lock(&self.state_callback)
            .as_ref()
            .map(|callback| callback.clone_ref(py));
        let (state, changes) = {
            let core = self.reactor.core();
            (core.state(), core.state_changes())
        };
        self.state_told.store(changes, Ordering::SeqCst);
        if let Some(callback) = callback
            && let Err(error) = callback.call1(py, (state_number(state),))
        {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    }
}

impl fork::Forks for Inner {
    type Core = State;

    fn reactor(&self) -> &Reactor<State> {
        &self.reactor
    }

    fn forked(&self) {
        self.guarded.store(false, Ordering::SeqCst);
    }
}

impl census::Channels for Inner {
    fn census(&self) -> Option<(String, ChannelCensus)> {
        let census = self.reactor.core().census();
        (census.state != Connectivity::Shutdown).then(|| (self.target.clone(), census))
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) const fn state_number(state: Connectivity) -> u8 {
    match state {
        Connectivity::Idle => 0,
        Connectivity::Connecting => 1,
        Connectivity::Ready => 2,
        Connectivity::TransientFailure => 3,
        Connectivity::Shutdown => 4,
    }
}

/// What starts a call, as the Python side gives it.
pub(super) struct Start {
    pub(super) deadline: Option<Instant>,
    /// The error is of metadata that cannot be sent, which ends the call.
    pub(super) metadata: Result<Metadata, MetadataError>,
    pub(super) wait_for_ready: Option<bool>,
    pub(super) encoding: Encoding,
    /// Whether the call waits for [`ClientCall::provide`].
    pub(super) held: bool,
    /// Whether the server sends a stream of messages.
    pub(super) streaming: bool,
    /// What the channel's observer knows it by.
    pub(super) token: u64,
}

/// A client's channel.
#[pyclass(frozen, module = "russet._core", weakref)]
pub(super) struct Channel {
    pub(super) handle: Arc<Handle>,
    authority: String,
    /// Asked at the start of each call.
    observations: Option<Py<Observations>>,
}

impl Channel {
    /// Starts a call, of which an observer may want to know first, and add metadata of its own.
    fn begin(
        &self,
        py: Python<'_>,
        path: &str,
        mut start: Start,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<ClientCall> {
        if let Some(observations) = &self.observations
            && self.handle.inner.reactor.core().state() != Connectivity::Shutdown
            && let Some((token, metadata)) = observations.get().call_begins(py, path, metadata)?
        {
            start.token = token;
            start.metadata = check_metadata(Some(&metadata))?;
        }
        self.start(py, path, &start)
    }

    fn start(&self, py: Python<'_>, path: &str, start: &Start) -> PyResult<ClientCall> {
        let inner = &self.handle.inner;
        let started = py.detach(|| {
            let mut core = inner.reactor.core();
            if core.state() == Connectivity::Shutdown {
                return None;
            }
            let new = NewCall {
                path,
                metadata: start.metadata.as_ref().unwrap_or(&Metadata::EMPTY),
                deadline: start.deadline,
                wait_for_ready: start.wait_for_ready,
                encoding: start.encoding,
                held: start.held,
                streaming: start.streaming,
                token: start.token,
            };
            if let Err(error) = &start.metadata {
                let status = Status::new(Code::Internal, format!("Invalid metadata: {error}"));
                let key = core.start_ended(&new, status, Instant::now());
                return Some((key, start.deadline));
            }
            let key = core.start(&new, Instant::now());
            Some((key, core.deadline(key)))
        });
        let (key, deadline) =
            started.ok_or_else(|| PyValueError::new_err("Cannot invoke RPC on closed channel!"))?;
        Ok(ClientCall::new(self.handle.clone(), key, deadline))
    }
}

impl Channel {
    /// Resolves the futures and runs the callbacks of calls with news.
    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        let inner = &self.handle.inner;
        let (changed, changes) = {
            let mut core = inner.reactor.core();
            (core.take_changed(), core.state_changes())
        };
        for key in changed {
            inner.news.tell(py, key)?;
            inner.deliver_call(py, key);
        }
        if inner.state_told.load(Ordering::SeqCst) != changes {
            inner.deliver_state(py);
        }
        if self.running_calls() == 0 {
            let futures = std::mem::take(&mut *lock(&inner.idle_futures));
            for future in futures {
                resolve(future.bind(py))?;
            }
        }
        Ok(())
    }
}

/// What a channel connects to. Nothing is wrong enough for it not to be made, as in grpcio: calls fail, with the status that is given or because there is nothing to connect to.
fn read_target(
    target: &str,
    settings: &Bound<'_, pyo3::types::PyDict>,
) -> PyResult<(Target, Option<Status>)> {
    if let Some(why) = options::text(settings, "unusable_credentials")? {
        return Ok((Target::Unusable(why), None));
    }
    let failed = |code, why: &str| {
        let text = format!("Failed to create channel to '{target}':{why}");
        Status::new(code, text)
    };
    let mut defect = None;
    if let Some(why) = options::text(settings, "no_credentials")? {
        defect = Some(failed(Code::Internal, &why));
    }
    let parsed = Target::parse(target).unwrap_or_else(|error| {
        let why = error.to_string();
        if matches!(error, AddressError::Invalid(_)) {
            defect = Some(failed(Code::Unknown, &why));
        }
        Target::Unusable(why)
    });
    Ok((parsed, defect))
}

fn start_of(
    timeout: Option<f64>,
    metadata: Option<&Bound<'_, PyAny>>,
    wait_for_ready: Option<bool>,
    compression: Option<u8>,
    held: bool,
    streaming: bool,
) -> PyResult<Start> {
    Ok(Start {
        deadline: deadline(timeout, Instant::now()),
        metadata: check_metadata(metadata)?,
        wait_for_ready,
        encoding: encoding(compression)?,
        held,
        streaming,
        token: 0,
    })
}

#[pymethods]
impl Channel {
    /// `target` as `insecure_channel` takes it; `settings` is the dictionary that `_options.py` makes.
    #[new]
    fn new(
        py: Python<'_>,
        target: &str,
        settings: &Bound<'_, pyo3::types::PyDict>,
    ) -> PyResult<Self> {
        let (parsed, defect) = read_target(target, settings)?;
        let authority = options::text(settings, "authority")?
            .or(options::text(settings, "tls_name")?)
            .unwrap_or_else(|| Target::default_authority(target));
        let mut config = ChannelConfig::new(authority.clone());
        config.defect = defect;
        config.engine = options::client_config(settings)?;
        config.security = tls::client_security(settings, &authority)?;
        config.user_agent = options::text(settings, "user_agent")?.unwrap_or_default();
        config.backoff = options::backoff(settings)?;
        options::call_policy(settings, target, &mut config)?;
        let observations = observations::of_settings(settings)?;
        if let Some(observations) = &observations {
            config.engine.observe = observations.get().kept();
            config.observer = Some(observations.get().observer(target));
        }
        let reactor =
            Reactor::new(|registry, waker| Ok(State::new(registry, waker, parsed, config)))
                .map_err(|error| PyOSError::new_err(format!("cannot open a poll: {error}")))?;
        let inner = Arc::new(Inner {
            target: target.to_owned(),
            reactor,
            callbacks: Mutex::default(),
            state_callback: Mutex::default(),
            state_told: AtomicU64::new(0),
            guarded: AtomicBool::new(false),
            news: News::default(),
            idle_futures: Mutex::default(),
        });
        if options::shows_in_channelz(settings)? {
            let counted: Arc<dyn census::Channels> = inner.clone();
            census::add_channel(Arc::downgrade(&counted));
        }
        fork::add(py, &inner)?;
        Ok(Self {
            handle: Arc::new(Handle { inner }),
            authority,
            observations,
        })
    }

    /// A unary call from start to end: the response's bytes if its status is OK, else the call.
    #[pyo3(signature = (path, request, timeout=None, metadata=None, wait_for_ready=None, compression=None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the multi-callable's own"
    )]
    fn unary<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        request: &Bound<'py, PyBytes>,
        timeout: Option<f64>,
        metadata: Option<&Bound<'py, PyAny>>,
        wait_for_ready: Option<bool>,
        compression: Option<u8>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = self.unary_call(
            py,
            path,
            request,
            timeout,
            metadata,
            wait_for_ready,
            compression,
        )?;
        match call.take_response(py) {
            Some(response) => Ok(response.into_any()),
            None => Ok(Bound::new(py, call)?.into_any()),
        }
    }

    /// A unary call from start to end.
    #[pyo3(signature = (path, request, timeout=None, metadata=None, wait_for_ready=None, compression=None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the multi-callable's own"
    )]
    fn unary_call(
        &self,
        py: Python<'_>,
        path: &str,
        request: &Bound<'_, PyBytes>,
        timeout: Option<f64>,
        metadata: Option<&Bound<'_, PyAny>>,
        wait_for_ready: Option<bool>,
        compression: Option<u8>,
    ) -> PyResult<ClientCall> {
        let start = start_of(timeout, metadata, wait_for_ready, compression, false, false)?;
        self.handle.inner.guard()?;
        let call = self.begin(py, path, start, metadata)?;
        call.give(py, Some(request.as_bytes()), true);
        // Ctrl-C leaves here with an exception; dropping the call cancels it.
        call.wait_done(py, None)?;
        Ok(call)
    }

    /// Starts a call. Its news go to whoever waits for them, and to [`ClientCall::on_done`]'s callback.
    #[pyo3(signature = (path, timeout=None, metadata=None, wait_for_ready=None, compression=None, held=false, streaming=false))]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the multi-callable's own, and two"
    )]
    fn call(
        &self,
        py: Python<'_>,
        path: &str,
        timeout: Option<f64>,
        metadata: Option<&Bound<'_, PyAny>>,
        wait_for_ready: Option<bool>,
        compression: Option<u8>,
        held: bool,
        streaming: bool,
    ) -> PyResult<ClientCall> {
        let start = start_of(
            timeout,
            metadata,
            wait_for_ready,
            compression,
            held,
            streaming,
        )?;
        self.handle.inner.guard()?;
        let call = self.begin(py, path, start, metadata)?;
        self.handle.inner.reactor.core().watch(call.key);
        self.handle.inner.reactor.nudge_guard();
        Ok(call)
    }

    /// The target with its scheme, as agents name calls by it.
    fn target(&self) -> Vec<u8> {
        with_scheme(&self.handle.inner.target).into_bytes()
    }

    /// What calls name as their `:authority`.
    #[getter]
    fn authority(&self) -> &str {
        &self.authority
    }

    /// The number of the present connectivity: 0 idle, 1 connecting, 2 ready, 3 transient failure, 4 shutdown.
    fn state(&self) -> u8 {
        state_number(self.handle.inner.reactor.core().state())
    }

    /// Connects if the channel is idle.
    fn connect(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.inner.guard()?;
        py.detach(|| self.handle.inner.reactor.core().connect(Instant::now()));
        self.handle.inner.reactor.wake();
        self.handle.inner.reactor.nudge_guard();
        Ok(())
    }

    /// Calls `callback(state)` on each change of the connectivity, from a thread of the library; `None` ends that.
    fn watch_state(&self, callback: Option<Py<PyAny>>) -> PyResult<()> {
        let inner = &self.handle.inner;
        let had = std::mem::replace(&mut *lock(&inner.state_callback), callback);
        let has = lock(&inner.state_callback).is_some();
        if has != had.is_some() {
            inner.reactor.core().attend(has);
        }
        if has {
            inner.guard()?;
            inner.reactor.nudge_guard();
        }
        Ok(())
    }

    /// Starts a call whose channel an event loop drives: see [`Channel::turn`].
    #[pyo3(signature = (path, timeout=None, metadata=None, wait_for_ready=None, compression=None, held=false, streaming=false))]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the multi-callable's own, and two"
    )]
    fn call_on_loop(
        &self,
        py: Python<'_>,
        path: &str,
        timeout: Option<f64>,
        metadata: Option<&Bound<'_, PyAny>>,
        wait_for_ready: Option<bool>,
        compression: Option<u8>,
        held: bool,
        streaming: bool,
    ) -> PyResult<ClientCall> {
        let start = start_of(
            timeout,
            metadata,
            wait_for_ready,
            compression,
            held,
            streaming,
        )?;
        let call = self.begin(py, path, start, metadata)?;
        self.handle.inner.reactor.core().watch(call.key);
        Ok(call)
    }

    /// The descriptor that an event loop waits on: readable when [`Channel::turn`] has work.
    fn fileno(&self) -> i32 {
        self.handle.inner.reactor.descriptor()
    }

    /// Does what there is to do without waiting, tells those who wait for news, and returns in how many seconds the next turn is due.
    fn turn(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        let inner = &self.handle.inner;
        inner.reactor.turn_now();
        self.tell(py)?;
        let mut core = inner.reactor.core();
        core.flush_now();
        Ok(core.next_turn().map(seconds_until))
    }

    /// Writes what commands left to write, tells those who wait for news, and returns in how many seconds the next turn is due.
    fn flush(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        let inner = &self.handle.inner;
        inner.reactor.core().flush_now();
        self.tell(py)?;
        Ok(inner.reactor.core().next_turn().map(seconds_until))
    }

    /// Connects if the channel is idle; the event loop's next turn goes on with it.
    fn connect_on_loop(&self) {
        self.handle.inner.reactor.core().connect(Instant::now());
    }

    /// Has `callback(state)` called by [`Channel::turn`] on each change of the connectivity.
    fn watch_state_on_loop(&self, callback: Option<Py<PyAny>>) {
        drop(std::mem::replace(
            &mut *lock(&self.handle.inner.state_callback),
            callback,
        ));
    }

    /// How many calls that [`Channel::call_on_loop`] started go on.
    fn running_calls(&self) -> usize {
        self.handle.inner.reactor.core().attended()
    }

    /// Has `future` done, with `None`, when none of these goes on.
    fn add_idle_future(&self, future: Py<PyAny>) {
        lock(&self.handle.inner.idle_futures).push(future);
    }

    /// Ends every call with CANCELLED and every connection.
    fn close(&self, py: Python<'_>) {
        py.detach(|| {
            self.handle.inner.reactor.core().close(Instant::now());
            self.handle.inner.reactor.wake();
            self.handle.inner.reactor.nudge_guard();
        });
    }
}
