//! A client's channel: one target, the connection to it, and the calls.
//!
//! [`Channel`] resolves its target, connects when a call or a watcher asks for it, backs off when that fails, and keeps the state of each call until its caller is done with it. A call that is started before the connection stands waits here. Driven by a [`Reactor`](crate::Reactor).

mod calls;
mod connecting;
mod driving;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use mio::{Registry, Waker};
use russet_rpc::client::{Config, Connection};
use russet_rpc::{CallId, Code, Encoding, MessageOptions, Metadata, Status};
use rustc_hash::FxHashMap;
use slab::Slab;

use crate::address::Target;
use crate::backoff::{Backoff, BackoffConfig};
use crate::inbox::{Inbox, Interest};
use crate::parker::Parker;
use crate::resolver::Resolver;
use crate::security::ClientSecurity;
use crate::socket::Socket;
use crate::timers::Timers;
use crate::transport::{READ_BUFFER, Transport, Turn};

/// The first token of a connection; the waker has 0.
const FIRST_CONNECTION: usize = 1;

/// The states of a channel (gRPC's connectivity-semantics document).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connectivity {
    /// Not connected, and not trying to be.
    Idle,
    /// Trying to connect.
    Connecting,
    /// Connected.
    Ready,
    /// The last attempt failed; another one follows.
    TransientFailure,
    /// Closed by the application.
    Shutdown,
}

/// What a channel is told when it is made.
#[derive(Clone, Debug)]
pub struct ChannelConfig {
    /// Limits and timers of the connections.
    pub engine: Config,
    /// `:authority` of the calls.
    pub authority: String,
    /// `user-agent` of the calls.
    pub user_agent: String,
    /// Waits between attempts to connect.
    pub backoff: BackoffConfig,
    /// How the connections are protected.
    pub security: ClientSecurity,
}

/// What starts a call.
#[derive(Clone, Copy, Debug)]
pub struct NewCall<'a> {
    /// The method's full name, `/package.Service/Method`.
    pub path: &'a str,
    /// The caller's metadata.
    pub metadata: &'a Metadata,
    /// When the call ends with `DEADLINE_EXCEEDED`.
    pub deadline: Option<Instant>,
    /// Whether the call waits where a call without would fail because the target cannot be reached.
    pub wait_for_ready: bool,
    /// How its messages are compressed.
    pub encoding: Encoding,
    /// Whether it waits for [`Channel::provide`] before it goes out.
    pub held: bool,
}

/// Names a call of a channel. Cheap to copy; the key of a call that is gone is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallKey {
    index: u32,
    generation: u32,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its status.
    pub status: Status,
    /// The server's trailing metadata; empty where this side made the status.
    pub trailing: Metadata,
}

/// What is kept of a call that has no connection yet.
#[derive(Debug)]
struct Waiting {
    path: String,
    metadata: Metadata,
    encoding: Encoding,
    messages: Vec<(Vec<u8>, MessageOptions)>,
    half_closed: bool,
    held: bool,
}

#[derive(Debug)]
enum Place {
    Waiting(Box<Waiting>),
    On { connection: usize, id: CallId },
    Over,
}

#[derive(Debug)]
struct Call {
    generation: u32,
    place: Place,
    deadline: Option<Instant>,
    wait_for_ready: bool,
    inbox: Inbox,
    initial: Option<Metadata>,
    outcome: Option<Outcome>,
    congested: bool,
    /// Nobody asks for it any more; its state goes when it ends.
    abandoned: bool,
    interest: Interest,
    peer: Option<Arc<str>>,
}

#[derive(Debug)]
struct Link {
    transport: Transport<Connection>,
    calls: FxHashMap<CallId, u32>,
    peer: Arc<str>,
    /// Until the server's SETTINGS have come.
    handshaking: bool,
}

#[derive(Clone, Debug)]
enum Address {
    Socket(SocketAddr),
    Unix(PathBuf),
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(SocketAddr::V4(address)) => write!(f, "ipv4:{address}"),
            Self::Socket(SocketAddr::V6(address)) => write!(f, "ipv6:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An attempt to reach the target: first its name, then its addresses in turn.
#[derive(Debug)]
struct Attempt {
    addresses: VecDeque<Address>,
    /// A socket whose connection is under way, its token's index, and its address.
    socket: Option<(Socket, usize, Address)>,
    deadline: Instant,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Channel {
    registry: Registry,
    waker: Arc<Waker>,
    config: Arc<Config>,
    authority: String,
    user_agent: String,
    target: Target,
    security: ClientSecurity,
    resolver: Resolver,
    backoff: Backoff,
    state: Connectivity,
    state_changes: u64,
    state_waiters: Vec<Arc<Parker>>,
    attempt: Option<Attempt>,
    retry_at: Option<Instant>,
    last_error: String,
    links: Slab<Option<Link>>,
    active: Option<usize>,
    calls: Slab<Call>,
    next_generation: u32,
    waiting: VecDeque<CallKey>,
    changed: Vec<CallKey>,
    unattended: usize,
    timers: Timers,
    dirty: Vec<usize>,
    backlog: Vec<usize>,
    buffer: Box<[u8]>,
}

impl Channel {
    /// A channel that is idle: nothing is resolved or connected until something asks for it.
    pub fn new(
        registry: Registry,
        waker: Arc<Waker>,
        target: Target,
        config: ChannelConfig,
    ) -> Self {
        Self {
            registry,
            resolver: Resolver::new(waker.clone()),
            waker,
            config: Arc::new(config.engine),
            authority: config.authority,
            user_agent: config.user_agent,
            target,
            security: config.security,
            backoff: Backoff::new(config.backoff),
            state: Connectivity::Idle,
            state_changes: 0,
            state_waiters: Vec::new(),
            attempt: None,
            retry_at: None,
            last_error: String::new(),
            links: Slab::new(),
            active: None,
            calls: Slab::new(),
            next_generation: 0,
            waiting: VecDeque::new(),
            changed: Vec::new(),
            unattended: 0,
            timers: Timers::default(),
            dirty: Vec::new(),
            backlog: Vec::new(),
            buffer: vec![0; READ_BUFFER].into_boxed_slice(),
        }
    }

    /// The present state.
    pub const fn state(&self) -> Connectivity {
        self.state
    }

    /// How often the state has changed.
    pub const fn state_changes(&self) -> u64 {
        self.state_changes
    }

    /// Leaves `parker` to be told of the next change of the state.
    pub fn set_state_waiter(&mut self, parker: &Arc<Parker>) {
        if !self
            .state_waiters
            .iter()
            .any(|other| Arc::ptr_eq(other, parker))
        {
            self.state_waiters.push(parker.clone());
        }
    }

    /// Connects if the channel is idle.
    pub fn connect(&mut self, now: Instant) {
        if self.state == Connectivity::Idle {
            self.set_state(Connectivity::Connecting);
            self.start_attempt(now);
        }
    }

    /// Ends every call with `CANCELLED` and every connection. The channel cannot be used again.
    pub fn close(&mut self, now: Instant) {
        if self.state == Connectivity::Shutdown {
            return;
        }
        let keys: Vec<CallKey> = self
            .calls
            .iter()
            .map(|(index, call)| key_of(index, call))
            .collect();
        for key in keys {
            self.cancel(key, Status::new(Code::Cancelled, "Channel closed!"));
        }
        self.set_state(Connectivity::Shutdown);
        self.attempt = None;
        self.retry_at = None;
        self.active = None;
        for index in 0..self.links.capacity() {
            if let Some(Some(link)) = self.links.get_mut(index) {
                link.transport.engine.shutdown(now);
                link.transport.engine.close("the channel was closed");
                self.after(index, Turn::Idle);
            }
        }
        self.flush_all(now);
        self.wake();
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

    /// Says that somebody wants the I/O driven although no thread waits (`true`), or no longer (`false`).
    pub const fn attend(&mut self, wanted: bool) {
        self.unattended = if wanted {
            self.unattended.saturating_add(1)
        } else {
            self.unattended.saturating_sub(1)
        };
    }

    /// Watched calls that go on, and watchers of the connectivity.
    pub const fn attended(&self) -> usize {
        self.unattended
    }

    /// Calls that the application has not released.
    pub fn active_calls(&self) -> usize {
        self.calls.len()
    }

    fn wake(&self) {
        // It fails only where the poll is gone, and then nobody waits in it.
        let _ = self.waker.wake();
    }

    fn call(&self, key: CallKey) -> Option<&Call> {
        self.calls
            .get(key.index as usize)
            .filter(|call| call.generation == key.generation)
    }

    fn call_mut(&mut self, key: CallKey) -> Option<&mut Call> {
        self.calls
            .get_mut(key.index as usize)
            .filter(|call| call.generation == key.generation)
    }
}

fn key_of(index: usize, call: &Call) -> CallKey {
    CallKey {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        generation: call.generation,
    }
}
