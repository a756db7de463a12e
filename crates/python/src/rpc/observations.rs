//! `_core.Observations`: what calls came to, for whoever observes them, handed to Python in batches.
//!
//! A channel or server with the setting `observations` puts what happens on a list, without Python's lock; a thread of Python's takes it now and then. Only where calls get spans of their own is Python asked at a call's start.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use russet_net::observation::{Attempt, ClientCall, Observed, Observer, ServerCall};
use russet_net::rpc::{MessageNote, Observe, Status, Tally};

use super::channel::lock;
use super::clock::Clock;
use super::convert::metadata_to_python;

/// More bytes than this are not kept for a thread that does not come: 32 MiB.
const MAX_BYTES: usize = 32 << 20;

/// The numbers of calls with spans whose ends were dropped are kept, so that their spans can end; not more of them than this.
const MAX_LOST: usize = 1_000_000;

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<(Arc<str>, Observed)>,
    /// Bytes that they take.
    size: usize,
    dropped: u64,
    /// Of channels' calls and of servers' calls: their tokens and numbers.
    lost: (Vec<u64>, Vec<u64>),
}

impl Queue {
    fn push(&mut self, name: &Arc<str>, observed: Observed, traced: bool) {
        let size = size_of(&observed);
        if self.size + size <= MAX_BYTES {
            self.size += size;
            self.waiting.push((name.clone(), observed));
            return;
        }
        self.dropped += 1;
        if !traced {
            return;
        }
        let (lost, number) = match &observed {
            Observed::ClientCall(call) if call.token != 0 => (&mut self.lost.0, call.token),
            Observed::ServerCall(call) => (&mut self.lost.1, call.id),
            _ => return,
        };
        if lost.len() < MAX_LOST {
            lost.push(number);
        }
    }
}

/// About how much memory one takes.
fn size_of(observed: &Observed) -> usize {
    let of_tally = |tally: &Option<Box<Tally>>| {
        tally.as_ref().map_or(0, |tally| {
            std::mem::size_of::<Tally>() + tally.notes.len() * std::mem::size_of::<MessageNote>()
        })
    };
    let more = match observed {
        Observed::AttemptStarted { path } | Observed::ServerCallStarted { path } => path.len(),
        Observed::ClientCall(call) => {
            let attempts = call.attempts.iter().map(|attempt| {
                std::mem::size_of::<Attempt>()
                    + attempt.status.message.len()
                    + of_tally(&attempt.tally)
            });
            std::mem::size_of::<ClientCall>()
                + call.path.len()
                + call.status.message.len()
                + attempts.sum::<usize>()
        }
        Observed::ServerCall(call) => {
            let metadata = call.metadata.iter();
            let metadata = metadata.map(|(name, value)| 32 + name.len() + value.len());
            std::mem::size_of::<ServerCall>()
                + call.path.len()
                + call.status.message.len()
                + metadata.sum::<usize>()
                + of_tally(&call.tally)
        }
    };
    std::mem::size_of::<(Arc<str>, Observed)>() + more
}

/// What the observers of channels and servers share with Python's object.
#[derive(Debug)]
struct Shared {
    listening: AtomicBool,
    /// Whether each message is noted: there are spans.
    messages: bool,
    /// Locked by threads that hold a channel's or server's state, or Python's lock: a fork finds it free.
    queue: Mutex<Queue>,
}

/// The observer of one channel, whose target it knows, or of a server.
#[derive(Debug)]
struct Target {
    name: Arc<str>,
    shared: Arc<Shared>,
}

impl Observer for Target {
    fn is_listening(&self) -> bool {
        self.shared.listening.load(Ordering::Relaxed)
    }

    fn tell(&self, observed: Observed) {
        if !self.is_listening() {
            return;
        }
        lock(&self.shared.queue).push(&self.name, observed, self.shared.messages);
    }
}

/// See [`Observations::take`].
type Taken<'py> = (Bound<'py, PyList>, u64, Vec<u64>, Vec<u64>);

/// What was observed and not taken yet.
#[pyclass(frozen, module = "russet._core")]
pub(super) struct Observations {
    shared: Arc<Shared>,
    on_call: Option<Py<PyAny>>,
}

impl Observations {
    /// The observer of a channel with this target; of a server where it is empty.
    pub(super) fn observer(&self, target: &str) -> Arc<dyn Observer> {
        Arc::new(Target {
            name: target.into(),
            shared: self.shared.clone(),
        })
    }

    /// How much is kept of messages.
    pub(super) fn kept(&self) -> Observe {
        if self.shared.messages {
            Observe::Messages
        } else {
            Observe::Sizes
        }
    }

    /// Asks Python, where it wants to be, for the token of a call that begins and for its metadata.
    pub(super) fn call_begins<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<(u64, Bound<'py, PyAny>)>> {
        match &self.on_call {
            Some(hook) if self.shared.listening.load(Ordering::Relaxed) => {
                hook.bind(py).call1((path, metadata))?.extract().map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// The setting of a channel or server, if it has one.
pub(super) fn of_settings(settings: &Bound<'_, PyDict>) -> PyResult<Option<Py<Observations>>> {
    match settings.get_item("observations")? {
        Some(observations) => Ok(Some(observations.extract()?)),
        None => Ok(None),
    }
}

#[pymethods]
impl Observations {
    /// `messages` says whether each message is noted. `on_call(path, metadata)`, if given, is called at the start of each call of a channel and returns a number, by which the call is told of, and the metadata to send.
    #[new]
    #[pyo3(signature = (messages, on_call=None))]
    fn new(messages: bool, on_call: Option<Py<PyAny>>) -> Self {
        Self {
            shared: Arc::new(Shared {
                listening: AtomicBool::new(true),
                messages,
                queue: Mutex::default(),
            }),
            on_call,
        }
    }

    /// What has happened since the last time, how many things were dropped because nobody came for them, and the tokens of channels' calls and the ids of servers' calls whose ends are among those, where there are spans. Times are nanoseconds since 1970; codes are numbers.
    ///
    /// Each is a tuple: ("attempt", target, path); ("call", target, path, token, started, ended, code, details, attempts), each attempt (started, picked or None, ended, code, details, previous, transparent, messages); ("accepted", path); ("served", id, path, started, ended, code, details, metadata or None, messages). `messages` is None, or (bytes sent, bytes received, notes), each note (time, outgoing, number, length, compressed length or None).
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Taken<'py>> {
        let queue = std::mem::take(&mut *lock(&self.shared.queue));
        let clock = Clock::read();
        let list = PyList::empty(py);
        for (target, observed) in &queue.waiting {
            list.append(self.tuple(py, &clock, target, observed)?)?;
        }
        let (calls, served) = queue.lost;
        Ok((list, queue.dropped, calls, served))
    }

    /// Hears no more.
    fn stop(&self) {
        self.shared.listening.store(false, Ordering::Relaxed);
    }
}

impl Observations {
    fn tuple<'py>(
        &self,
        py: Python<'py>,
        clock: &Clock,
        target: &str,
        observed: &Observed,
    ) -> PyResult<Bound<'py, PyTuple>> {
        match observed {
            Observed::AttemptStarted { path } => ("attempt", target, &**path).into_pyobject(py),
            Observed::ClientCall(call) => client_call(py, clock, target, call),
            Observed::ServerCallStarted { path } => ("accepted", &**path).into_pyobject(py),
            Observed::ServerCall(call) => server_call(py, clock, call, self.shared.messages),
        }
    }
}

fn client_call<'py>(
    py: Python<'py>,
    clock: &Clock,
    target: &str,
    call: &ClientCall,
) -> PyResult<Bound<'py, PyTuple>> {
    let attempts = PyList::empty(py);
    for attempt in &call.attempts {
        attempts.append(attempt_tuple(py, clock, attempt)?)?;
    }
    let (code, details) = status(&call.status);
    (
        "call",
        target,
        &*call.path,
        call.token,
        clock.nanoseconds(call.started),
        clock.nanoseconds(call.ended),
        code,
        details,
        attempts,
    )
        .into_pyobject(py)
}

fn attempt_tuple<'py>(
    py: Python<'py>,
    clock: &Clock,
    attempt: &Attempt,
) -> PyResult<Bound<'py, PyTuple>> {
    let (code, details) = status(&attempt.status);
    (
        clock.nanoseconds(attempt.started),
        attempt.picked.map(|at| clock.nanoseconds(at)),
        clock.nanoseconds(attempt.ended),
        code,
        details,
        attempt.previous,
        attempt.transparent,
        messages(py, clock, attempt.tally.as_deref())?,
    )
        .into_pyobject(py)
}

fn server_call<'py>(
    py: Python<'py>,
    clock: &Clock,
    call: &ServerCall,
    with_metadata: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let (code, details) = status(&call.status);
    let metadata = with_metadata
        .then(|| metadata_to_python(py, &call.metadata))
        .transpose()?;
    (
        "served",
        call.id,
        &*call.path,
        clock.nanoseconds(call.started),
        clock.nanoseconds(call.ended),
        code,
        details,
        metadata,
        messages(py, clock, call.tally.as_deref())?,
    )
        .into_pyobject(py)
}

fn status(status: &Status) -> (u32, &str) {
    (status.code.as_u32(), &status.message)
}

fn messages<'py>(
    py: Python<'py>,
    clock: &Clock,
    tally: Option<&Tally>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let Some(tally) = tally else { return Ok(None) };
    let notes = PyList::empty(py);
    for note in &tally.notes {
        let MessageNote {
            at,
            outgoing,
            number,
            length,
            compressed,
        } = *note;
        notes.append((clock.nanoseconds(at), outgoing, number, length, compressed))?;
    }
    (tally.sent, tally.received, notes)
        .into_pyobject(py)
        .map(Some)
}
