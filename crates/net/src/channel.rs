//! A client's channel: one target, the connection to it, and the calls.
//!
//! [`Channel`] resolves its target, connects when a call or a watcher asks for it, backs off when that fails, and keeps the state of each call until its caller is done with it. A call that is started before the connection stands waits here. Driven by a [`Reactor`](crate::Reactor).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use mio::{Registry, Token, Waker};
use russet_rpc::client::{Config, Connection, Event, StartCall, StartError};
use russet_rpc::{CallEnded, CallId, Code, Encoding, MessageOptions, Metadata, SendError, Status};
use rustc_hash::FxHashMap;
use slab::Slab;

use crate::address::Target;
use crate::backoff::{Backoff, BackoffConfig};
use crate::inbox::{Inbound, Inbox, Interest, Received};
use crate::parker::Parker;
use crate::reactor::Core;
use crate::resolver::{Resolution, Resolver};
use crate::socket::Socket;
use crate::timers::Timers;
use crate::transport::{READ_BUFFER, Transport, Turn, register};

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

/// Calls.
impl Channel {
    fn add_call(&mut self, deadline: Option<Instant>, wait_for_ready: bool) -> CallKey {
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        let index = self.calls.insert(Call {
            generation,
            place: Place::Over,
            deadline,
            wait_for_ready,
            inbox: Inbox::default(),
            initial: None,
            outcome: None,
            congested: false,
            abandoned: false,
            interest: Interest::default(),
            peer: None,
        });
        CallKey {
            // More than 2^32 calls at once do not fit into memory.
            index: u32::try_from(index).unwrap_or(u32::MAX),
            generation,
        }
    }

    /// A call that ended before it could start.
    pub fn start_ended(&mut self, status: Status) -> CallKey {
        let key = self.add_call(None, false);
        self.end_locally(key, status);
        key
    }

    /// Starts a call. It always succeeds: what goes wrong becomes the call's status.
    pub fn start(&mut self, new: &NewCall<'_>, now: Instant) -> CallKey {
        let key = self.add_call(new.deadline, new.wait_for_ready);
        if self.state == Connectivity::Shutdown {
            self.end_locally(key, Status::new(Code::Cancelled, "Channel closed!"));
            return key;
        }
        if self.start_on_active(key, new, now) {
            return key;
        }
        if let Some(call) = self.call_mut(key) {
            call.place = Place::Waiting(Box::new(Waiting {
                path: new.path.to_owned(),
                metadata: new.metadata.clone(),
                encoding: new.encoding,
                messages: Vec::new(),
                half_closed: false,
            }));
        }
        self.waiting.push_back(key);
        if self.retry_at.is_some_and(|at| at <= now) {
            // The wait is over; nobody was there to notice.
            self.set_state(Connectivity::Connecting);
            self.start_attempt(now);
        } else if self.state == Connectivity::TransientFailure && !new.wait_for_ready {
            self.fail_waiting();
        } else {
            self.connect(now);
        }
        key
    }

    /// Starts a call on the connection that stands; `false` where it has to wait.
    fn start_on_active(&mut self, key: CallKey, new: &NewCall<'_>, now: Instant) -> bool {
        let Some(index) = self.active else {
            return false;
        };
        let Some(Some(link)) = self.links.get_mut(index) else {
            return false;
        };
        let started = link.transport.engine.start_call(
            &StartCall {
                path: new.path,
                authority: &self.authority,
                scheme: "http",
                user_agent: &self.user_agent,
                metadata: new.metadata,
                deadline: new.deadline,
                encoding: new.encoding,
            },
            now,
        );
        match started {
            Ok(id) => {
                link.calls.insert(id, key.index);
                let peer = link.peer.clone();
                if let Some(call) = self.call_mut(key) {
                    call.place = Place::On {
                        connection: index,
                        id,
                    };
                    call.peer = Some(peer);
                }
                self.after(index, Turn::Idle);
                true
            }
            Err(StartError::TooManyStreams(_) | StartError::GoingAway | StartError::Closed) => {
                false
            }
            Err(error @ StartError::HeadersTooLarge { .. }) => {
                self.end_locally(key, Status::new(Code::ResourceExhausted, error.to_string()));
                true
            }
            Err(error @ StartError::IllegalHeader(_)) => {
                self.end_locally(key, Status::new(Code::Internal, error.to_string()));
                true
            }
        }
    }

    /// Sends a message. It is written at the next flush.
    pub fn send_message(
        &mut self,
        key: CallKey,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<bool, SendError> {
        self.send(key, Some(message), options, false)
    }

    /// Sends the last message of a call.
    pub fn send_last_message(
        &mut self,
        key: CallKey,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<bool, SendError> {
        self.send(key, Some(message), options, true)
    }

    /// The last message has been given.
    pub fn half_close(&mut self, key: CallKey) -> Result<bool, SendError> {
        self.send(key, None, MessageOptions::default(), true)
    }

    /// Gives a message, or the end, or both; returns whether the sender should wait before the next one.
    fn send(
        &mut self,
        key: CallKey,
        message: Option<&[u8]>,
        options: MessageOptions,
        last: bool,
    ) -> Result<bool, SendError> {
        let max = self.config.max_send_message_length;
        let call = self.call_mut(key).ok_or(SendError::CallEnded)?;
        match &mut call.place {
            Place::Over => Err(SendError::CallEnded),
            Place::Waiting(waiting) => {
                if waiting.half_closed {
                    return if message.is_some() {
                        Err(SendError::HalfClosed)
                    } else {
                        Ok(false)
                    };
                }
                if let Some(message) = message {
                    if let Some(max) = max
                        && message.len() > max
                    {
                        return Err(SendError::TooLarge {
                            length: message.len(),
                            max,
                        });
                    }
                    waiting.messages.push((message.to_vec(), options));
                }
                waiting.half_closed = last;
                // A caller that sends before the connection stands should send one message, not the whole stream.
                call.congested = !last;
                Ok(call.congested)
            }
            &mut Place::On { connection, id } => {
                let Some(Some(link)) = self.links.get_mut(connection) else {
                    return Err(SendError::CallEnded);
                };
                let engine = &mut link.transport.engine;
                match (message, last) {
                    (Some(message), true) => engine.send_last_message(id, message, options)?,
                    (Some(message), false) => engine.send_message(id, message, options)?,
                    (None, _) => engine.half_close(id)?,
                }
                let congested = engine.send_buffered(id) > russet_rpc::limits::SEND_BUFFER_HIGH;
                self.after(connection, Turn::Idle);
                if let Some(call) = self.call_mut(key) {
                    call.congested = congested;
                }
                Ok(congested)
            }
        }
    }

    /// Whether the call should wait before it sends more.
    pub fn is_congested(&self, key: CallKey) -> bool {
        self.call(key)
            .is_some_and(|call| call.congested && call.outcome.is_none())
    }

    /// Takes the next message of a call; `Ended` once all have been taken and the status is there.
    pub fn next_message(&mut self, key: CallKey) -> Inbound<()> {
        let Some(call) = self.call_mut(key) else {
            return Inbound::Ended(());
        };
        match call.inbox.pop() {
            Some(Received { message, credit }) => {
                if let &Place::On { connection, id } = &call.place
                    && let Some(Some(link)) = self.links.get_mut(connection)
                {
                    link.transport.engine.message_consumed(id, credit);
                    self.after(connection, Turn::Idle);
                }
                Inbound::Message(message)
            }
            None if call.outcome.is_some() => Inbound::Ended(()),
            None => Inbound::Pending,
        }
    }

    /// The response headers' metadata; empty where the call ended without them, `None` while neither has come.
    pub fn initial_metadata(&self, key: CallKey) -> Option<Metadata> {
        match self.call(key) {
            Some(call) => match &call.initial {
                Some(initial) => Some(initial.clone()),
                None => call.outcome.as_ref().map(|_| Metadata::EMPTY),
            },
            None => Some(Metadata::EMPTY),
        }
    }

    /// How the call ended; `None` while it goes on.
    pub fn outcome(&self, key: CallKey) -> Option<&Outcome> {
        self.call(key).and_then(|call| call.outcome.as_ref())
    }

    /// The server's address, once the call has a connection.
    pub fn peer(&self, key: CallKey) -> Option<Arc<str>> {
        self.call(key).and_then(|call| call.peer.clone())
    }

    /// Leaves `parker` to be told of the call's next news.
    pub fn set_waiter(&mut self, key: CallKey, parker: &Arc<Parker>) {
        if let Some(call) = self.call_mut(key) {
            call.interest.add_waiter(parker);
        }
    }

    /// Puts the call on the list of changed calls whenever it has news, at once if it has some already. While it runs the I/O is driven although no thread waits.
    pub fn watch(&mut self, key: CallKey) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        if std::mem::replace(&mut call.interest.watched, true) {
            return;
        }
        let over = call.outcome.is_some();
        let news = over || !call.inbox.is_empty();
        if !over {
            self.attend(true);
        }
        if news {
            self.tell(key);
        }
    }

    /// Ends a call with `status`, at once. Messages that were not taken are dropped.
    pub fn cancel(&mut self, key: CallKey, status: Status) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        if call.outcome.is_some() {
            return;
        }
        call.inbox = Inbox::default();
        if let &Place::On { connection, id } = &call.place
            && let Some(Some(link)) = self.links.get_mut(connection)
        {
            link.calls.remove(&id);
            let _: Result<(), CallEnded> = link.transport.engine.cancel(id, status.clone());
            self.after(connection, Turn::Idle);
        }
        self.end_locally(key, status);
    }

    /// The caller is done with a call: its state goes. A call that still runs is cancelled.
    pub fn release(&mut self, key: CallKey) {
        self.cancel(
            key,
            Status::new(Code::Cancelled, "Locally cancelled by application!"),
        );
        if self.call(key).is_some() {
            self.calls.remove(key.index as usize);
        }
    }

    /// The caller will not ask for a call any more, but it goes on to its end.
    pub fn abandon(&mut self, key: CallKey) {
        match self.call_mut(key) {
            Some(call) if call.outcome.is_none() => call.abandoned = true,
            _ => self.release(key),
        }
    }

    fn end_locally(&mut self, key: CallKey, status: Status) {
        self.end(
            key,
            Outcome {
                status,
                trailing: Metadata::EMPTY,
            },
        );
    }

    fn end(&mut self, key: CallKey, outcome: Outcome) {
        if let Some(call) = self.call_mut(key) {
            call.place = Place::Over;
            call.outcome = Some(outcome);
            let abandoned = call.abandoned;
            if call.interest.watched {
                self.attend(false);
            }
            self.tell(key);
            if abandoned {
                self.calls.remove(key.index as usize);
            }
        }
    }

    fn tell(&mut self, key: CallKey) {
        if let Some(call) = self.call_mut(key)
            && call.interest.tell()
        {
            self.changed.push(key);
        }
    }

    /// Starts the calls that waited for a connection.
    fn start_waiting(&mut self, now: Instant) {
        for key in std::mem::take(&mut self.waiting) {
            let Some(call) = self.call_mut(key) else {
                continue;
            };
            let Place::Waiting(_) = &call.place else {
                continue;
            };
            let Place::Waiting(waiting) = std::mem::replace(&mut call.place, Place::Over) else {
                continue;
            };
            let new = NewCall {
                path: &waiting.path,
                metadata: &waiting.metadata,
                deadline: call.deadline,
                wait_for_ready: call.wait_for_ready,
                encoding: waiting.encoding,
            };
            if !self.start_on_active(key, &new, now) {
                if let Some(call) = self.call_mut(key) {
                    call.place = Place::Waiting(waiting);
                }
                self.waiting.push_back(key);
                continue;
            }
            let count = waiting.messages.len();
            for (number, (message, options)) in waiting.messages.iter().enumerate() {
                let last = waiting.half_closed && number + 1 == count;
                // A call that ended meanwhile has its status.
                let _ = self.send(key, Some(message), *options, last);
            }
            if waiting.half_closed && count == 0 {
                let _ = self.half_close(key);
            }
            if !self.is_congested(key) {
                self.tell(key);
            }
        }
    }

    /// Ends the calls that do not wait for better days.
    fn fail_waiting(&mut self) {
        let status = Status::new(
            Code::Unavailable,
            format!(
                "failed to connect to all addresses; last error: {}",
                self.last_error
            ),
        );
        for key in std::mem::take(&mut self.waiting) {
            match self.call(key) {
                Some(call) if call.wait_for_ready => self.waiting.push_back(key),
                Some(_) => self.end_locally(key, status.clone()),
                None => {}
            }
        }
    }

    /// Ends the waiting calls whose deadline has passed.
    fn expire_waiting(&mut self, now: Instant) {
        if self.waiting.is_empty() {
            return;
        }
        let due = |call: &Call| call.deadline.is_some_and(|deadline| deadline <= now);
        for key in std::mem::take(&mut self.waiting) {
            match self.call(key) {
                Some(call) if due(call) => {
                    self.end_locally(
                        key,
                        Status::new(Code::DeadlineExceeded, "Deadline Exceeded"),
                    );
                }
                Some(call) if matches!(call.place, Place::Waiting(_)) => {
                    self.waiting.push_back(key);
                }
                _ => {}
            }
        }
    }
}

/// Connecting.
impl Channel {
    fn set_state(&mut self, state: Connectivity) {
        if self.state != state && self.state != Connectivity::Shutdown {
            self.state = state;
            self.state_changes += 1;
            for waiter in std::mem::take(&mut self.state_waiters) {
                waiter.unpark();
            }
        }
    }

    fn start_attempt(&mut self, now: Instant) {
        self.retry_at = None;
        let mut attempt = Attempt {
            addresses: VecDeque::new(),
            socket: None,
            deadline: now + self.backoff.connect_timeout(),
        };
        match &self.target {
            Target::Sockets(sockets) => {
                attempt.addresses = sockets.iter().copied().map(Address::Socket).collect();
            }
            Target::Unix(path) => attempt.addresses.push_back(Address::Unix(path.clone())),
            Target::Name { host, port } => {
                if let Err(error) = self.resolver.start(host.clone(), *port) {
                    self.fail_attempt(format!("no thread to look {host} up: {error}"), now);
                    return;
                }
                self.attempt = Some(attempt);
                return;
            }
        }
        self.attempt = Some(attempt);
        self.next_address(now);
    }

    fn resolved(&mut self, resolution: Resolution, now: Instant) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        match resolution {
            Ok(found) if !found.is_empty() => {
                attempt.addresses = found.into_iter().map(Address::Socket).collect();
                self.next_address(now);
            }
            Ok(_) => self.fail_attempt("the name has no address".to_owned(), now),
            Err(error) => {
                let name = match &self.target {
                    Target::Name { host, .. } => host.clone(),
                    _ => String::new(),
                };
                self.fail_attempt(format!("DNS resolution failed for {name}: {error}"), now);
            }
        }
    }

    /// Tries the attempt's next address; the attempt fails where none is left.
    fn next_address(&mut self, now: Instant) {
        while let Some(attempt) = &mut self.attempt {
            let Some(address) = attempt.addresses.pop_front() else {
                let error = std::mem::take(&mut self.last_error);
                self.fail_attempt(error, now);
                return;
            };
            let connected = match &address {
                Address::Socket(socket) => Socket::connect(*socket),
                Address::Unix(path) => Socket::connect_unix(path),
            };
            let index = self.links.insert(None);
            let registered = connected.and_then(|mut socket| {
                register(&self.registry, &mut socket, Token(FIRST_CONNECTION + index))?;
                Ok(socket)
            });
            match registered {
                Ok(socket) => {
                    if let Some(attempt) = &mut self.attempt {
                        attempt.socket = Some((socket, index, address));
                    }
                    return;
                }
                Err(error) => {
                    self.links.remove(index);
                    self.last_error = connect_error(&address, &error);
                }
            }
        }
    }

    fn fail_attempt(&mut self, error: String, now: Instant) {
        if let Some(Attempt {
            socket: Some((mut socket, index, _)),
            ..
        }) = self.attempt.take()
        {
            let _ = self.registry.deregister(&mut socket);
            self.links.remove(index);
        }
        self.last_error = error;
        self.retry_at = Some(now + self.backoff.wait());
        self.set_state(Connectivity::TransientFailure);
        self.fail_waiting();
    }

    /// The attempt's socket has news.
    fn attempt_ready(&mut self, now: Instant) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let Some((socket, index, address)) = attempt.socket.take() else {
            return;
        };
        let outcome = match socket.take_error() {
            Ok(Some(error)) | Err(error) => Err(error),
            Ok(None) => socket.is_connected(),
        };
        match outcome {
            Ok(true) => {
                let peer = socket.peer().into();
                let engine = Connection::new(self.config.clone(), now);
                self.links[index] = Some(Link {
                    transport: Transport::new(socket, engine),
                    calls: FxHashMap::default(),
                    peer,
                    handshaking: true,
                });
                self.after(index, Turn::Idle);
                self.read(index, now);
            }
            Ok(false) => attempt.socket = Some((socket, index, address)),
            Err(error) => {
                self.last_error = connect_error(&address, &error);
                drop(socket);
                self.links.remove(index);
                self.next_address(now);
            }
        }
    }

    fn ready(&mut self, index: usize, now: Instant) {
        if let Some(Some(link)) = self.links.get_mut(index) {
            link.handshaking = false;
        }
        if self.state == Connectivity::Shutdown {
            return;
        }
        self.attempt = None;
        self.backoff.reset();
        self.active = Some(index);
        self.set_state(Connectivity::Ready);
        self.start_waiting(now);
    }

    /// The active connection takes no more calls.
    fn retire(&mut self, index: usize, now: Instant) {
        if self.active == Some(index) {
            self.active = None;
            self.set_state(Connectivity::Idle);
            if !self.waiting.is_empty() {
                self.connect(now);
            }
        }
    }
}

fn connect_error(address: &Address, error: &io::Error) -> String {
    format!("{address}: Failed to connect to remote host: {error}")
}

/// Driving.
impl Channel {
    /// Writes what is waiting to be written, without waiting for the next turn.
    pub fn flush_now(&mut self) {
        self.flush_all(Instant::now());
    }

    fn read(&mut self, index: usize, now: Instant) {
        let Some(Some(link)) = self.links.get_mut(index) else {
            return;
        };
        let turn = link.transport.read(&mut self.buffer, now);
        self.drain_events(index, now);
        self.after(index, turn);
        if turn == Turn::Over {
            self.drop_link(index, now);
        }
    }

    /// What must be looked at whenever an engine was touched.
    fn after(&mut self, index: usize, turn: Turn) {
        let Some(Some(link)) = self.links.get_mut(index) else {
            return;
        };
        let transport = &mut link.transport;
        self.timers
            .arm(index, transport.engine.poll_timeout(), &mut transport.armed);
        let has_output = !transport.engine.output().is_empty() || transport.engine.is_closed();
        if has_output && !std::mem::replace(&mut transport.dirty, true) {
            self.dirty.push(index);
        }
        if turn == Turn::More {
            self.backlog.push(index);
        }
    }

    fn drop_link(&mut self, index: usize, now: Instant) {
        let Some(Some(mut link)) = self.links.try_remove(index) else {
            return;
        };
        link.transport.deregister(&self.registry);
        let why = link
            .transport
            .engine
            .close_reason()
            .map_or_else(|| "the connection was lost".to_owned(), ToString::to_string);
        // The engine has ended each call already; none may be left waiting if it forgot one.
        for call_index in link.calls.into_values() {
            if let Some(call) = self.calls.get(call_index as usize) {
                let key = key_of(call_index as usize, call);
                self.end_locally(key, Status::new(Code::Unavailable, why.clone()));
            }
        }
        if link.handshaking && self.attempt.is_some() {
            self.last_error = format!("{}: {why}", link.peer);
            self.next_address(now);
        }
        self.retire(index, now);
    }

    fn drain_events(&mut self, index: usize, now: Instant) {
        while let Some(event) = self
            .links
            .get_mut(index)
            .and_then(|link| link.as_mut()?.transport.engine.poll_event())
        {
            match event {
                Event::Ready => self.ready(index, now),
                Event::InitialMetadata { call, metadata } => {
                    if let Some(key) = self.key(index, call) {
                        if let Some(call) = self.call_mut(key) {
                            call.initial = Some(metadata);
                        }
                        self.tell(key);
                    }
                }
                Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    if let Some(key) = self.key(index, call) {
                        if let Some(call) = self.call_mut(key) {
                            call.inbox.push(Received { message, credit });
                        }
                        self.tell(key);
                    }
                }
                Event::Status {
                    call,
                    status,
                    trailing,
                    ..
                } => {
                    if let Some(key) = self.key(index, call) {
                        if let Some(Some(link)) = self.links.get_mut(index) {
                            link.calls.remove(&call);
                        }
                        self.end(key, Outcome { status, trailing });
                    }
                }
                Event::Writable { call } => {
                    if let Some(key) = self.key(index, call) {
                        if let Some(call) = self.call_mut(key) {
                            call.congested = false;
                        }
                        self.tell(key);
                    }
                }
                Event::StreamsAvailable => self.start_waiting(now),
                Event::GoAway { .. } | Event::Closed { .. } => self.retire(index, now),
            }
        }
    }

    fn key(&self, connection: usize, id: CallId) -> Option<CallKey> {
        let index = *self.links.get(connection)?.as_ref()?.calls.get(&id)?;
        let call = self.calls.get(index as usize)?;
        Some(key_of(index as usize, call))
    }

    fn flush_all(&mut self, now: Instant) {
        while let Some(index) = self.dirty.pop() {
            let Some(Some(link)) = self.links.get_mut(index) else {
                continue;
            };
            link.transport.dirty = false;
            let turn = link.transport.flush(now);
            self.drain_events(index, now);
            if turn == Turn::Over {
                self.drop_link(index, now);
            } else if let Some(Some(link)) = self.links.get_mut(index) {
                let transport = &mut link.transport;
                self.timers
                    .arm(index, transport.engine.poll_timeout(), &mut transport.armed);
            }
        }
    }
}

impl Core for Channel {
    fn handle_event(&mut self, event: &mio::event::Event, now: Instant) {
        let Some(index) = event.token().0.checked_sub(FIRST_CONNECTION) else {
            return;
        };
        match self.links.get_mut(index) {
            Some(Some(link)) => {
                let closing = event.is_read_closed() || event.is_error();
                let readable = event.is_readable() || closing;
                link.transport
                    .set_ready(readable, event.is_writable(), closing);
                if event.is_writable() && !std::mem::replace(&mut link.transport.dirty, true) {
                    self.dirty.push(index);
                }
                if readable {
                    self.read(index, now);
                }
            }
            Some(None) => self.attempt_ready(now),
            None => {}
        }
    }

    fn handle_turn(&mut self, now: Instant) {
        while let Some(resolution) = self.resolver.finished() {
            self.resolved(resolution, now);
        }
        while let Some(index) = self.timers.pop_due(now) {
            if let Some(Some(link)) = self.links.get_mut(index) {
                link.transport.armed = None;
                link.transport.engine.handle_timeout(now);
                self.drain_events(index, now);
                self.after(index, Turn::Idle);
            }
        }
        for index in std::mem::take(&mut self.backlog) {
            self.read(index, now);
        }
        self.expire_waiting(now);
        if self
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.deadline <= now)
        {
            self.fail_attempt(
                "the connection was not made within the time limit".to_owned(),
                now,
            );
        }
        if self.retry_at.is_some_and(|at| at <= now) {
            self.start_attempt(now);
        }
    }

    fn next_turn(&self) -> Option<Instant> {
        if !self.backlog.is_empty() {
            // Due already.
            return Some(Instant::now());
        }
        let attempt = self.attempt.as_ref().map(|attempt| attempt.deadline);
        let waiting = self
            .waiting
            .iter()
            .filter_map(|key| self.call(*key).and_then(|call| call.deadline))
            .min();
        [self.timers.next(), self.retry_at, attempt, waiting]
            .into_iter()
            .flatten()
            .min()
    }

    fn flush(&mut self, now: Instant) {
        self.flush_all(now);
    }

    fn needs_guard(&self) -> bool {
        self.unattended > 0 || self.attempt.is_some() || !self.links.is_empty()
    }

    fn is_busy(&self) -> bool {
        self.unattended > 0 || !self.changed.is_empty()
    }
}

fn key_of(index: usize, call: &Call) -> CallKey {
    CallKey {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        generation: call.generation,
    }
}
