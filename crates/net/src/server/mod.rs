//! A server's sockets, connections and calls.
//!
//! [`Server`] accepts, reads, writes and keeps the state of each call until its handler is done with it. It starts no handler: whoever drives it takes calls with [`Server::next_incoming`] and answers with the commands. It is driven by a [`Reactor`](crate::Reactor).

mod calls;
mod census;
mod driving;
mod fetcher;
mod forking;
mod handshakes;
mod inflating;
mod observing;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use mio::{Interest as Readiness, Registry, Token};
use russet_rpc::server::{CancelReason, Config, Connection, IncomingCall};
use russet_rpc::{CallId, Metadata, Status};
use rustc_hash::FxHashSet;
use slab::Slab;

use self::fetcher::Fetcher;
use self::handshakes::{Handshake, Handshakes};
use crate::address::ListenAddress;
use crate::alarm::Alarm;
use crate::census::{CallCounts, next_id};
use crate::channel_trace::{ChannelTrace, DEFAULT_TRACE_MEMORY};
use crate::inbox::{Inbox, Interest};
use crate::inflating::Inflating;
use crate::observation::{Observer, ServerCall};
use crate::parker::Parker;
use crate::security::{AuthContext, ServerSecurity};
use crate::slots::{CallKey, CallSlots};
use crate::socket::Listener;
use crate::timers::Timers;
use crate::transport::{READ_BUFFER, Transport, Turn};

/// How many connections are accepted before others get their turn.
const ACCEPT_BUDGET: usize = 16;

/// How long no connection is accepted after the system refused one for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The first token of a listener; the waker has 0.
const FIRST_LISTENER: usize = 1;

/// The first token of a connection. A server listens on fewer addresses than this.
const FIRST_CONNECTION: usize = 1 << 16;

/// A call for which a handler should run.
#[derive(Debug)]
pub struct Incoming {
    /// Its key.
    pub key: CallKey,
    /// What the client sent with it.
    pub call: IncomingCall,
    /// Who sent it.
    pub peer: Arc<PeerInfo>,
    /// The number that the server's observer knows it by and when it came; `None` where nobody listens.
    pub observed: Option<(u64, Instant)>,
}

/// Who is at the other end of a connection.
#[derive(Debug)]
pub struct PeerInfo {
    /// Its address, as `ServicerContext.peer()` writes it.
    pub name: String,
    /// How it has proved who it is.
    pub auth: AuthContext,
}

/// What a server is told when it is made.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Limits and timers of the connections.
    pub engine: Config,
    /// Calls at once; one beyond that ends with `RESOURCE_EXHAUSTED`. `None`, the default, for no limit.
    pub max_calls: Option<usize>,
    /// Connections at once; one beyond that is closed. `None`, the default, for no limit.
    pub max_connections: Option<usize>,
    /// The differentiated-services code point of what is sent (RFC 2474), 0 to 63. Default the system's.
    pub dscp: Option<u8>,
    /// Bytes that the latest events of the server may take; 0 keeps none. Default [`DEFAULT_TRACE_MEMORY`].
    pub trace_memory: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            engine: Config::default(),
            max_calls: None,
            max_connections: None,
            dscp: None,
            trace_memory: DEFAULT_TRACE_MEMORY,
        }
    }
}

/// A listener and what protects its connections.
#[derive(Debug)]
struct Port {
    id: u64,
    listener: Listener,
    security: ServerSecurity,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Whether the sender should wait before the next one: the peer does not keep up. The call is told when it should go on.
    pub congested: bool,
}

#[derive(Debug)]
struct Peer {
    transport: Transport<Connection>,
    calls: HashMap<CallId, CallKey, RandomState>,
    local: bool,
    /// Its calls that wait for a handler.
    waiting: VecDeque<CallKey>,
    /// Made with the first call, when TLS has agreed.
    info: Option<Arc<PeerInfo>>,
    /// Until TLS has agreed.
    handshake: Option<Handshake>,
    /// Bytes of decompressed messages that its calls hold.
    inflated: usize,
    /// Calls whose next message waits until those hold less.
    short: Vec<CallKey>,
}

#[derive(Debug)]
struct Call {
    connection: usize,
    peer: Arc<PeerInfo>,
    id: CallId,
    /// Until it is taken by [`Server::next_incoming`].
    incoming: Option<IncomingCall>,
    /// Whether it becomes an incoming call only when its request is complete.
    held: bool,
    inbox: Inbox,
    half_closed: bool,
    ended: Option<CancelReason>,
    /// More unsent bytes than it should have.
    congested: bool,
    /// The handler is done; the state goes when the engine is done too.
    released: bool,
    /// Whether its status is OK, once it was given one.
    succeeded: bool,
    interest: Interest,
    /// Bytes of the message that it was given last, where that was compressed and the server counts it.
    inflated: usize,
    /// Whether it waits to have its next message decompressed.
    waits_to_inflate: bool,
    /// What the observer will be told.
    observation: Option<Box<ServerCall>>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Server {
    /// Its number among all that channelz knows.
    id: u64,
    counts: CallCounts,
    trace: ChannelTrace,
    registry: Registry,
    alarm: Arc<Alarm>,
    observer: Option<Arc<dyn Observer>>,
    config: Arc<Config>,
    ports: Vec<Port>,
    fetcher: Fetcher,
    handshakes: Handshakes,
    peers: Slab<Peer>,
    calls: CallSlots<Call>,
    /// Connections with calls that wait for a handler, in the order of their turns.
    turns: VecDeque<usize>,
    changed: Vec<CallKey>,
    /// Methods whose request is one message: their handler starts when it is there.
    unary: FxHashSet<Arc<str>>,
    max_calls: Option<usize>,
    max_connections: Option<usize>,
    dscp: Option<u8>,
    timers: Timers,
    dirty: Vec<usize>,
    backlog: Vec<usize>,
    accept_backlog: bool,
    accept_again: Option<Instant>,
    accepting: bool,
    idle_workers: Vec<Arc<Parker>>,
    idle_waiters: Vec<Arc<Parker>>,
    inflating: Inflating,
    /// Bytes of decompressed messages that calls hold.
    inflated: usize,
    /// Calls whose next message waits until those hold less.
    short: Vec<CallKey>,
    buffer: Box<[u8]>,
}

impl Server {
    /// A server without listeners.
    pub fn new(registry: Registry, alarm: Arc<Alarm>, config: ServerConfig) -> Self {
        Self {
            id: next_id(),
            counts: CallCounts::default(),
            trace: ChannelTrace::new(config.trace_memory, Instant::now()),
            registry,
            fetcher: Fetcher::new(alarm.clone()),
            alarm,
            observer: None,
            config: Arc::new(config.engine),
            ports: Vec::new(),
            handshakes: Handshakes::default(),
            peers: Slab::new(),
            calls: CallSlots::default(),
            turns: VecDeque::new(),
            changed: Vec::new(),
            unary: FxHashSet::default(),
            max_calls: config.max_calls,
            max_connections: config.max_connections,
            dscp: config.dscp,
            timers: Timers::default(),
            dirty: Vec::new(),
            backlog: Vec::new(),
            accept_backlog: false,
            accept_again: None,
            accepting: false,
            idle_workers: Vec::new(),
            idle_waiters: Vec::new(),
            inflating: Inflating::default(),
            inflated: 0,
            short: Vec::new(),
            buffer: vec![0; READ_BUFFER].into_boxed_slice(),
        }
    }

    /// Has `observer` hear of the calls that come from now on. How much is told of their messages says [`Config::observe`].
    pub fn observe(&mut self, observer: Arc<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Binds `address` and returns the port; 0 for a Unix socket. Connections wait until [`Server::start`].
    pub fn bind(
        &mut self,
        address: &ListenAddress,
        reuse_port: bool,
        security: &ServerSecurity,
    ) -> io::Result<u16> {
        let (listeners, port) = Listener::bind(address, reuse_port, self.dscp)?;
        if self.ports.len() + listeners.len() > FIRST_CONNECTION - FIRST_LISTENER {
            return Err(io::Error::other(
                "a server listens on at most 65535 addresses",
            ));
        }
        for mut listener in listeners {
            if self.accepting {
                self.register_listener(&mut listener, self.ports.len())?;
            }
            let name = listener.name();
            (self.trace).info(format!("listening on {name}"), Instant::now());
            self.ports.push(Port {
                id: next_id(),
                listener,
                security: security.clone(),
            });
        }
        Ok(port)
    }

    /// Starts to accept.
    pub fn start(&mut self) -> io::Result<()> {
        let mut ports = std::mem::take(&mut self.ports);
        for (index, port) in ports.iter_mut().enumerate() {
            self.register_listener(&mut port.listener, index)?;
        }
        self.ports = ports;
        self.accepting = true;
        self.trace.info("calls are taken", Instant::now());
        self.accept_backlog = true;
        self.wake();
        Ok(())
    }

    fn register_listener(&self, listener: &mut Listener, index: usize) -> io::Result<()> {
        self.registry.register(
            listener.source(),
            Token(FIRST_LISTENER + index),
            Readiness::READABLE,
        )
    }

    fn wake(&self) {
        self.alarm.ring();
    }

    /// Closes the listeners and asks each client to send no new calls; the calls that run go on.
    pub fn shutdown(&mut self, now: Instant) {
        if std::mem::take(&mut self.accepting) {
            self.trace.info("new calls are refused", now);
        }
        self.ports.clear();
        for index in self.connection_indexes() {
            self.peers[index].transport.engine.shutdown(now);
            self.after(index, Turn::Idle);
        }
        self.flush_all(now);
        self.wake();
    }

    /// Ends every call with `status`, then every connection.
    pub fn close(&mut self, status: &Status, now: Instant) {
        self.shutdown(now);
        if !self.calls.is_empty() {
            let count = self.calls.len();
            (self.trace).warning(format!("{count} calls were ended by the server"), now);
        }
        for key in self.calls.keys() {
            let Ok((connection, id)) = self.open(key) else {
                continue;
            };
            // A call whose status is on its way already keeps that one.
            let _ =
                self.peers[connection]
                    .transport
                    .engine
                    .send_status(id, status, &Metadata::EMPTY);
            self.after(connection, Turn::Idle);
            self.end(key, CancelReason::ConnectionLost);
        }
        self.flush_all(now);
        for index in self.connection_indexes() {
            self.peers[index]
                .transport
                .engine
                .close("the server stopped");
            self.after(index, Turn::Idle);
        }
        self.flush_all(now);
        self.wake();
    }

    fn connection_indexes(&self) -> Vec<usize> {
        self.peers.iter().map(|(index, _)| index).collect()
    }

    /// Calls whose handler is not done.
    pub fn active_calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether it accepts connections.
    pub const fn is_accepting(&self) -> bool {
        self.accepting
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.peers.len()
    }

    /// Whether calls wait for a handler.
    pub fn has_incoming(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Says that the request of `path` is one message, so that its handler starts only when the message is there.
    pub fn set_unary(&mut self, path: Arc<str>) {
        self.unary.insert(path);
    }

    /// The next call that needs a handler. Connections take turns, so that many calls of one do not keep the others waiting.
    pub fn next_incoming(&mut self) -> Option<Incoming> {
        while let Some(key) = self.next_waiting() {
            if let Some(call) = self.call_mut(key)
                && let Some(incoming) = call.incoming.take()
            {
                let peer = call.peer.clone();
                let observed = (call.observation.as_ref()).map(|call| (call.id, call.started));
                return Some(Incoming {
                    key,
                    call: incoming,
                    peer,
                    observed,
                });
            }
        }
        None
    }

    fn next_waiting(&mut self) -> Option<CallKey> {
        while let Some(connection) = self.turns.pop_front() {
            // A connection that has ended is out of its turn, and one that has its place may have two.
            if let Some(peer) = self.peers.get_mut(connection)
                && let Some(key) = peer.waiting.pop_front()
            {
                if !peer.waiting.is_empty() {
                    self.turns.push_back(connection);
                }
                return Some(key);
            }
        }
        None
    }

    /// Has a call wait for a handler.
    fn wait_for_handler(&mut self, connection: usize, key: CallKey) {
        if let Some(peer) = self.peers.get_mut(connection) {
            if peer.waiting.is_empty() {
                self.turns.push_back(connection);
            }
            peer.waiting.push_back(key);
        }
    }

    /// Leaves `parker` to be told of the next call that needs a handler.
    pub fn wait_for_incoming(&mut self, parker: &Arc<Parker>) {
        if !self
            .idle_workers
            .iter()
            .any(|other| Arc::ptr_eq(other, parker))
        {
            self.idle_workers.push(parker.clone());
        }
    }

    /// Takes back what [`Server::wait_for_incoming`] left.
    pub fn forget_worker(&mut self, parker: &Arc<Parker>) {
        self.idle_workers
            .retain(|other| !Arc::ptr_eq(other, parker));
    }

    /// Leaves `parker` to be told when no call runs any more.
    pub fn wait_for_idle(&mut self, parker: &Arc<Parker>) {
        if !self
            .idle_waiters
            .iter()
            .any(|other| Arc::ptr_eq(other, parker))
        {
            self.idle_waiters.push(parker.clone());
        }
    }

    /// Tells one waiting worker that a call needs a handler; `false` where none waits.
    pub fn rouse_worker(&mut self) -> bool {
        match self.idle_workers.pop() {
            Some(worker) => {
                worker.unpark();
                true
            }
            None => false,
        }
    }

    /// The watched calls that have news since the last time.
    pub fn take_changed(&mut self) -> Vec<CallKey> {
        let changed = std::mem::take(&mut self.changed);
        for key in &changed {
            if let Some(call) = self.call_mut(*key) {
                call.interest.unlist();
            }
        }
        changed
    }

    fn call(&self, key: CallKey) -> Option<&Call> {
        self.calls.get(key)
    }

    fn call_mut(&mut self, key: CallKey) -> Option<&mut Call> {
        self.calls.get_mut(key)
    }
}
