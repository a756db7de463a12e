//! `_core.census`: the channels and servers of this process and what they have done, as plain dictionaries. channelz is built on it.

use std::sync::{Mutex, PoisonError, Weak};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use russet_net::census::{CallCounts, ChannelCensus, ServerCensus, SocketCensus, SubchannelCensus};
use russet_net::channel::Connectivity;
use russet_net::channel_trace::ChannelTrace;

use super::channel::state_number;
use super::clock::Clock;

/// What can be counted. `None` once it is closed.
pub(super) trait Channels: Send + Sync {
    /// The channel's target and counts.
    fn census(&self) -> Option<(String, ChannelCensus)>;
}

/// What can be counted.
pub(super) trait Servers: Send + Sync {
    /// The server's counts.
    fn census(&self) -> ServerCensus;
}

static CHANNELS: Mutex<Vec<Weak<dyn Channels>>> = Mutex::new(Vec::new());
static SERVERS: Mutex<Vec<Weak<dyn Servers>>> = Mutex::new(Vec::new());

fn add<T: ?Sized>(list: &Mutex<Vec<Weak<T>>>, one: Weak<T>) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    // Those that are gone leave when the list would grow, so that it stays as long as the longest that it had to be.
    if list.len() == list.capacity() {
        list.retain(|other| other.strong_count() > 0);
    }
    list.push(one);
}

pub(super) fn add_channel(channel: Weak<dyn Channels>) {
    add(&CHANNELS, channel);
}

pub(super) fn add_server(server: Weak<dyn Servers>) {
    add(&SERVERS, server);
}

fn all<T: ?Sized>(list: &Mutex<Vec<Weak<T>>>) -> Vec<std::sync::Arc<T>> {
    let list = list.lock().unwrap_or_else(PoisonError::into_inner);
    list.iter().filter_map(Weak::upgrade).collect()
}

/// The channels and servers of this process that are not closed, and what they have done so far: `{"channels": [...], "servers": [...]}`. Counts are those of channelz' `*Data` messages, times are seconds since 1970 or None, states are numbers as of `Channel.state`, and each `id` is unique in the process. A subchannel's and a socket's dictionaries stand in their parent's.
#[pyfunction]
pub(super) fn census(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    // The lists are locked with the interpreter's lock only, so that a fork finds them free.
    let (channels, servers) = (all(&CHANNELS), all(&SERVERS));
    let (channels, servers) = py.detach(|| {
        let channels: Vec<_> = channels
            .iter()
            .filter_map(|channel| channel.census())
            .collect();
        let servers: Vec<_> = servers.iter().map(|server| server.census()).collect();
        (channels, servers)
    });
    let clock = Clock::read();
    let found = PyDict::new(py);
    let list = PyList::empty(py);
    for (target, channel) in &channels {
        list.append(clock.channel(py, target, channel)?)?;
    }
    found.set_item("channels", list)?;
    let list = PyList::empty(py);
    for server in &servers {
        list.append(clock.server(py, server)?)?;
    }
    found.set_item("servers", list)?;
    Ok(found)
}

/// Writes dictionaries.
impl Clock {
    fn seconds_of(&self, at: Option<Instant>) -> Option<f64> {
        at.map(|at| self.seconds(at))
    }

    fn calls(&self, dict: &Bound<'_, PyDict>, calls: &CallCounts) -> PyResult<()> {
        dict.set_item("calls_started", calls.started)?;
        dict.set_item("calls_succeeded", calls.succeeded)?;
        dict.set_item("calls_failed", calls.failed)?;
        dict.set_item("last_call_started", self.seconds_of(calls.last_started))
    }

    /// When it was made, how many events there were, and those that are kept; `None` where none is.
    fn trace<'py>(
        &self,
        py: Python<'py>,
        trace: &ChannelTrace,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        if !trace.is_on() {
            return Ok(None);
        }
        let events = trace.events().map(|event| {
            let (at, about) = (self.seconds(event.at), &event.subchannel);
            (at, &event.description, event.failure, about)
        });
        let dict = PyDict::new(py);
        dict.set_item("created", self.seconds(trace.created()))?;
        dict.set_item("logged", trace.logged())?;
        dict.set_item("events", PyList::new(py, events)?)?;
        Ok(Some(dict))
    }

    fn channel<'py>(
        &self,
        py: Python<'py>,
        target: &str,
        channel: &ChannelCensus,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (id, state) = (channel.id, channel.state);
        let dict = self.node(py, id, target, state, &channel.calls, &channel.trace)?;
        let list = PyList::empty(py);
        for subchannel in &channel.subchannels {
            list.append(self.subchannel(py, subchannel)?)?;
        }
        dict.set_item("subchannels", list)?;
        Ok(dict)
    }

    fn subchannel<'py>(
        &self,
        py: Python<'py>,
        subchannel: &SubchannelCensus,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (id, target, state) = (subchannel.id, &subchannel.target, subchannel.state);
        let dict = self.node(py, id, target, state, &subchannel.calls, &subchannel.trace)?;
        let list = PyList::empty(py);
        if let Some(socket) = &subchannel.socket {
            list.append(self.socket(py, socket)?)?;
        }
        dict.set_item("sockets", list)?;
        Ok(dict)
    }

    fn node<'py>(
        &self,
        py: Python<'py>,
        id: u64,
        target: &str,
        state: Connectivity,
        calls: &CallCounts,
        trace: &ChannelTrace,
    ) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("id", id)?;
        dict.set_item("target", target)?;
        dict.set_item("state", state_number(state))?;
        self.calls(&dict, calls)?;
        dict.set_item("trace", self.trace(py, trace)?)?;
        Ok(dict)
    }

    fn socket<'py>(&self, py: Python<'py>, socket: &SocketCensus) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let traffic = &socket.traffic;
        dict.set_item("id", socket.id)?;
        dict.set_item("local", &socket.local)?;
        dict.set_item("remote", &socket.remote)?;
        let tls = (socket.tls.as_ref()).map(|tls| (&tls.cipher, &tls.remote_certificate));
        dict.set_item("tls", tls)?;
        dict.set_item("streams_started", traffic.streams_started)?;
        dict.set_item("streams_succeeded", traffic.streams_succeeded)?;
        dict.set_item("streams_failed", traffic.streams_failed)?;
        dict.set_item("messages_sent", traffic.messages_sent)?;
        dict.set_item("messages_received", traffic.messages_received)?;
        dict.set_item("keepalives_sent", traffic.keepalives_sent)?;
        dict.set_item("last_stream_created", self.seconds_of(traffic.last_stream))?;
        dict.set_item(
            "last_message_sent",
            self.seconds_of(traffic.last_message_sent),
        )?;
        let received = self.seconds_of(traffic.last_message_received);
        dict.set_item("last_message_received", received)?;
        dict.set_item("local_flow_control_window", socket.local_window)?;
        dict.set_item("remote_flow_control_window", socket.remote_window)?;
        Ok(dict)
    }

    fn server<'py>(&self, py: Python<'py>, server: &ServerCensus) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("id", server.id)?;
        self.calls(&dict, &server.calls)?;
        dict.set_item("trace", self.trace(py, &server.trace)?)?;
        let listeners = PyList::empty(py);
        for (id, local) in &server.listeners {
            let listener = PyDict::new(py);
            listener.set_item("id", id)?;
            listener.set_item("local", local)?;
            listeners.append(listener)?;
        }
        dict.set_item("listeners", listeners)?;
        let sockets = PyList::empty(py);
        for socket in &server.sockets {
            sockets.append(self.socket(py, socket)?)?;
        }
        dict.set_item("sockets", sockets)?;
        Ok(dict)
    }
}
