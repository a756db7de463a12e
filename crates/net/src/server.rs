//! A server's sockets, connections and calls.
//!
//! [`Server`] accepts, reads, writes and keeps the state of each call until its handler is done with it. It starts no handler: whoever drives it takes calls with [`Server::next_incoming`] and answers with the commands. It is driven by a [`Reactor`](crate::Reactor).

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Interest as Readiness, Registry, Token, Waker};
use russet_rpc::server::{CancelReason, Config, Connection, Event, IncomingCall, StatusSent};
use russet_rpc::{CallEnded, CallId, Code, Encoding, MessageOptions, Metadata, SendError, Status};
use rustc_hash::{FxHashMap, FxHashSet};
use slab::Slab;

use crate::address::ListenAddress;
use crate::inbox::{Inbound, Inbox, Interest, Received};
use crate::parker::Parker;
use crate::reactor::{Core, TICK};
use crate::socket::Listener;
use crate::timers::Timers;
use crate::transport::{READ_BUFFER, Transport, Turn, register};

/// How many connections are accepted before others get their turn.
const ACCEPT_BUDGET: usize = 64;

/// How long no connection is accepted after the system refused one for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The first token of a listener; the waker has 0.
const FIRST_LISTENER: usize = 1;

/// The first token of a connection. A server listens on fewer addresses than this.
const FIRST_CONNECTION: usize = 1 << 16;

/// Names a call of a server. Cheap to copy; the key of a call that is gone is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallKey {
    index: u32,
    generation: u32,
}

/// A call for which a handler should run.
#[derive(Debug)]
pub struct Incoming {
    /// Its key.
    pub key: CallKey,
    /// What the client sent with it.
    pub call: IncomingCall,
    /// Its connection, for [`Server::peer`].
    pub connection: usize,
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
    calls: FxHashMap<CallId, u32>,
    /// Made when first asked for.
    name: Option<Arc<str>>,
}

#[derive(Debug)]
struct Call {
    generation: u32,
    connection: usize,
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
    interest: Interest,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Server {
    registry: Registry,
    waker: Arc<Waker>,
    config: Arc<Config>,
    listeners: Vec<Listener>,
    peers: Slab<Peer>,
    calls: Slab<Call>,
    next_generation: u32,
    incoming: VecDeque<CallKey>,
    changed: Vec<CallKey>,
    /// Methods whose request is one message: their handler starts when it is there.
    unary: FxHashSet<Arc<str>>,
    max_calls: Option<usize>,
    timers: Timers,
    dirty: Vec<usize>,
    backlog: Vec<usize>,
    accept_backlog: bool,
    accept_again: Option<Instant>,
    accepting: bool,
    idle_workers: Vec<Arc<Parker>>,
    idle_waiters: Vec<Arc<Parker>>,
    buffer: Box<[u8]>,
}

impl Server {
    /// A server without listeners. `max_calls` is how many calls may run at once; a call beyond it ends with `RESOURCE_EXHAUSTED`.
    pub fn new(
        registry: Registry,
        waker: Arc<Waker>,
        config: Config,
        max_calls: Option<usize>,
    ) -> Self {
        Self {
            registry,
            waker,
            config: Arc::new(config),
            listeners: Vec::new(),
            peers: Slab::new(),
            calls: Slab::new(),
            next_generation: 0,
            incoming: VecDeque::new(),
            changed: Vec::new(),
            unary: FxHashSet::default(),
            max_calls,
            timers: Timers::default(),
            dirty: Vec::new(),
            backlog: Vec::new(),
            accept_backlog: false,
            accept_again: None,
            accepting: false,
            idle_workers: Vec::new(),
            idle_waiters: Vec::new(),
            buffer: vec![0; READ_BUFFER].into_boxed_slice(),
        }
    }

    /// Binds `address` and returns the port; 0 for a Unix socket. Connections wait until [`Server::start`].
    pub fn bind(&mut self, address: &ListenAddress, reuse_port: bool) -> io::Result<u16> {
        let (listeners, port) = Listener::bind(address, reuse_port)?;
        if self.listeners.len() + listeners.len() > FIRST_CONNECTION - FIRST_LISTENER {
            return Err(io::Error::other(
                "a server listens on at most 65535 addresses",
            ));
        }
        for mut listener in listeners {
            if self.accepting {
                self.register_listener(&mut listener, self.listeners.len())?;
            }
            self.listeners.push(listener);
        }
        Ok(port)
    }

    /// Starts to accept.
    pub fn start(&mut self) -> io::Result<()> {
        let mut listeners = std::mem::take(&mut self.listeners);
        for (index, listener) in listeners.iter_mut().enumerate() {
            self.register_listener(listener, index)?;
        }
        self.listeners = listeners;
        self.accepting = true;
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
        // It fails only where the poll is gone, and then nobody waits in it.
        let _ = self.waker.wake();
    }

    /// Closes the listeners and asks each client to send no new calls; the calls that run go on.
    pub fn shutdown(&mut self, now: Instant) {
        self.accepting = false;
        self.listeners.clear();
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
        let keys: Vec<CallKey> = self
            .calls
            .iter()
            .map(|(index, call)| key_of(index, call))
            .collect();
        for key in keys {
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
        !self.incoming.is_empty()
    }

    /// Says that the request of `path` is one message, so that its handler starts only when the message is there.
    pub fn set_unary(&mut self, path: Arc<str>) {
        self.unary.insert(path);
    }

    /// The next call that needs a handler.
    pub fn next_incoming(&mut self) -> Option<Incoming> {
        while let Some(key) = self.incoming.pop_front() {
            if let Some(call) = self.call_mut(key)
                && let Some(incoming) = call.incoming.take()
            {
                let connection = call.connection;
                return Some(Incoming {
                    key,
                    call: incoming,
                    connection,
                });
            }
        }
        None
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

    /// The peer of a connection, as `ServicerContext.peer()` writes it; empty where the connection is gone.
    pub fn peer(&mut self, connection: usize) -> Arc<str> {
        match self.peers.get_mut(connection) {
            Some(peer) => peer
                .name
                .get_or_insert_with(|| peer.transport.peer().into())
                .clone(),
            None => Arc::from(""),
        }
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

/// Commands and questions of handlers.
impl Server {
    /// Takes the next message of a call.
    pub fn next_message(&mut self, key: CallKey) -> Inbound<CancelReason> {
        let Some(call) = self.call_mut(key) else {
            return Inbound::Ended(CancelReason::ConnectionLost);
        };
        if let Some(reason) = call.ended {
            return Inbound::Ended(reason);
        }
        let (connection, id) = (call.connection, call.id);
        match call.inbox.pop() {
            Some(Received { message, credit }) => {
                if let Some(peer) = self.peers.get_mut(connection) {
                    peer.transport.engine.message_consumed(id, credit);
                    self.after(connection, Turn::Idle);
                }
                Inbound::Message(message)
            }
            None if call.half_closed => Inbound::HalfClosed,
            None => Inbound::Pending,
        }
    }

    /// Why the call ended without its handler's status; `None` while it goes on. A call that is gone has ended.
    pub fn ended(&self, key: CallKey) -> Option<CancelReason> {
        self.call(key)
            .map_or(Some(CancelReason::ConnectionLost), |call| call.ended)
    }

    /// Whether the call should wait before it sends more.
    pub fn is_congested(&self, key: CallKey) -> bool {
        self.call(key)
            .is_some_and(|call| call.congested && call.ended.is_none())
    }

    /// Leaves `parker` to be told of the call's next news.
    pub fn set_waiter(&mut self, key: CallKey, parker: &Arc<Parker>) {
        if let Some(call) = self.call_mut(key) {
            call.interest.add_waiter(parker);
        }
    }

    /// Puts the call on the list of changed calls whenever it has news.
    pub fn watch(&mut self, key: CallKey) {
        if let Some(call) = self.call_mut(key) {
            call.interest.watched = true;
        }
    }

    /// Sets how the call's messages are compressed.
    pub fn set_encoding(&mut self, key: CallKey, encoding: Encoding) -> Result<(), CallEnded> {
        let (connection, id) = self.open(key)?;
        self.peers[connection]
            .transport
            .engine
            .set_encoding(id, encoding)
    }

    /// Sends the response headers.
    pub fn send_initial_metadata(
        &mut self,
        key: CallKey,
        metadata: &Metadata,
    ) -> Result<(), CallEnded> {
        let (connection, id) = self.open(key)?;
        let outcome = self.peers[connection]
            .transport
            .engine
            .send_initial_metadata(id, metadata);
        self.after(connection, Turn::Idle);
        outcome
    }

    /// Sends a message. It is written at the next flush.
    pub fn send_message(
        &mut self,
        key: CallKey,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<Sent, SendError> {
        let (connection, id) = self.open(key)?;
        let engine = &mut self.peers[connection].transport.engine;
        engine.send_message(id, message, options)?;
        let congested = engine.send_buffered(id) > russet_rpc::limits::SEND_BUFFER_HIGH;
        self.after(connection, Turn::Idle);
        if let Some(call) = self.call_mut(key) {
            call.congested = congested;
        }
        Ok(Sent { congested })
    }

    /// Ends a call with `status`; its key is dead afterwards.
    pub fn send_status(
        &mut self,
        key: CallKey,
        status: &Status,
        trailing: &Metadata,
    ) -> Result<(), CallEnded> {
        let (connection, id) = self.open(key)?;
        let outcome = self.peers[connection]
            .transport
            .engine
            .send_status(id, status, trailing);
        self.after(connection, Turn::Idle);
        match outcome? {
            StatusSent::Written => self.forget(key),
            StatusSent::Buffered => {
                if let Some(call) = self.call_mut(key) {
                    call.released = true;
                }
            }
        }
        Ok(())
    }

    /// Ends a call at once by a reset.
    pub fn cancel(&mut self, key: CallKey, code: Code) {
        if let Ok((connection, id)) = self.open(key) {
            let _ = self.peers[connection].transport.engine.cancel(id, code);
            self.after(connection, Turn::Idle);
        }
        self.forget(key);
    }

    /// The handler is done with a call: its state goes. A call that still runs is reset.
    pub fn release(&mut self, key: CallKey) {
        match self.call_mut(key) {
            Some(call) if call.ended.is_none() && !call.released => {
                self.cancel(key, Code::Cancelled);
            }
            Some(call) if !call.released => self.forget(key),
            _ => {}
        }
    }

    fn open(&self, key: CallKey) -> Result<(usize, CallId), CallEnded> {
        self.call(key)
            .filter(|call| call.ended.is_none() && self.peers.contains(call.connection))
            .map(|call| (call.connection, call.id))
            .ok_or(CallEnded)
    }

    fn forget(&mut self, key: CallKey) {
        if self.call(key).is_some() {
            let call = self.calls.remove(key.index as usize);
            if let Some(peer) = self.peers.get_mut(call.connection) {
                peer.calls.remove(&call.id);
            }
            if self.calls.is_empty() {
                for waiter in std::mem::take(&mut self.idle_waiters) {
                    waiter.unpark();
                }
            }
        }
    }
}

/// Driving.
impl Server {
    /// Writes what is waiting to be written, without waiting for the next turn.
    pub fn flush_now(&mut self) {
        self.flush_all(Instant::now());
    }

    fn accept(&mut self, now: Instant) {
        self.accept_backlog = false;
        let mut budget = ACCEPT_BUDGET;
        for index in 0..self.listeners.len() {
            loop {
                if budget == 0 {
                    self.accept_backlog = true;
                    return;
                }
                match self.listeners[index].accept() {
                    Ok(socket) => {
                        budget -= 1;
                        self.admit(socket, now);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // The peer gave up while it waited, or a signal came: the next one may be fine.
                    Err(error)
                        if matches!(
                            error.kind(),
                            io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted
                        ) => {}
                    Err(_) => {
                        // No descriptors or no memory: those that are connected go on, and later there may be some again.
                        self.accept_again = Some(now + ACCEPT_PAUSE);
                        return;
                    }
                }
            }
        }
    }

    fn admit(&mut self, mut socket: crate::socket::Socket, now: Instant) {
        let entry = self.peers.vacant_entry();
        let index = entry.key();
        if register(&self.registry, &mut socket, Token(FIRST_CONNECTION + index)).is_err() {
            // Without a place in the poll the connection cannot be served; dropping it tells the peer.
            return;
        }
        entry.insert(Peer {
            transport: Transport::new(socket, Connection::new(self.config.clone(), now)),
            calls: FxHashMap::default(),
            name: None,
        });
        self.read(index, now);
    }

    fn read(&mut self, index: usize, now: Instant) {
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        let turn = peer.transport.read(&mut self.buffer, now);
        self.after(index, turn);
    }

    /// What must be looked at whenever an engine was touched.
    fn after(&mut self, index: usize, turn: Turn) {
        self.drain_events(index);
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        let transport = &mut peer.transport;
        self.timers
            .arm(index, transport.engine.poll_timeout(), &mut transport.armed);
        let has_output = !transport.engine.output().is_empty() || transport.engine.is_closed();
        if has_output && !std::mem::replace(&mut transport.dirty, true) {
            self.dirty.push(index);
        }
        match turn {
            Turn::Idle => {}
            Turn::More => self.backlog.push(index),
            Turn::Over => self.drop_connection(index),
        }
    }

    fn drop_connection(&mut self, index: usize) {
        let mut peer = self.peers.remove(index);
        peer.transport.deregister(&self.registry);
        // The engine has cancelled each call already; none may be left waiting if it forgot one.
        for call_index in peer.calls.into_values() {
            let Some(call) = self.calls.get(call_index as usize) else {
                continue;
            };
            let key = key_of(call_index as usize, call);
            self.end(key, CancelReason::ConnectionLost);
        }
    }

    fn drain_events(&mut self, index: usize) {
        while let Some(event) = self
            .peers
            .get_mut(index)
            .and_then(|peer| peer.transport.engine.poll_event())
        {
            match event {
                Event::Call(incoming) => self.begin(index, incoming),
                Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    if let Some(key) = self.key(index, call) {
                        self.update(key, |call| call.inbox.push(Received { message, credit }));
                    }
                }
                Event::HalfClosed { call } => {
                    if let Some(key) = self.key(index, call) {
                        self.update(key, |call| call.half_closed = true);
                    }
                }
                Event::Writable { call } => {
                    if let Some(key) = self.key(index, call) {
                        self.update(key, |call| call.congested = false);
                    }
                }
                Event::Cancelled { call, reason } => {
                    if let Some(key) = self.key(index, call) {
                        self.end(key, reason);
                    }
                }
                Event::Finished { call } => {
                    if let Some(key) = self.key(index, call) {
                        self.forget(key);
                    }
                }
            }
        }
    }

    fn key(&self, connection: usize, id: CallId) -> Option<CallKey> {
        let index = *self.peers.get(connection)?.calls.get(&id)?;
        let call = self.calls.get(index as usize)?;
        Some(key_of(index as usize, call))
    }

    fn begin(&mut self, connection: usize, incoming: IncomingCall) {
        let id = incoming.call;
        if self.max_calls.is_some_and(|max| self.calls.len() >= max) {
            let status = Status::new(Code::ResourceExhausted, "Concurrent RPC limit exceeded!");
            let _ =
                self.peers[connection]
                    .transport
                    .engine
                    .send_status(id, &status, &Metadata::EMPTY);
            return;
        }
        let unary = self.unary.contains(&incoming.path);
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        let index = self.calls.insert(Call {
            generation,
            connection,
            id,
            incoming: Some(incoming),
            held: unary,
            inbox: Inbox::default(),
            half_closed: false,
            ended: None,
            congested: false,
            released: false,
            interest: Interest::default(),
        });
        // More than 2^32 calls at once do not fit into memory.
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.peers[connection].calls.insert(id, index);
        if !unary {
            self.incoming.push_back(CallKey { index, generation });
        }
    }

    /// Changes a call, starts its handler if it waited for this, and tells whoever waits.
    fn update(&mut self, key: CallKey, change: impl FnOnce(&mut Call)) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        change(call);
        if call.half_closed && std::mem::take(&mut call.held) {
            self.incoming.push_back(key);
        }
        self.tell(key);
    }

    fn tell(&mut self, key: CallKey) {
        if let Some(call) = self.call_mut(key)
            && call.interest.tell()
        {
            self.changed.push(key);
        }
    }

    fn end(&mut self, key: CallKey, reason: CancelReason) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        if call.released || call.incoming.is_some() {
            // Nobody will ask for it any more, or nobody has yet.
            self.forget(key);
            return;
        }
        call.ended = Some(reason);
        self.tell(key);
    }

    fn flush_all(&mut self, now: Instant) {
        while let Some(index) = self.dirty.pop() {
            let Some(peer) = self.peers.get_mut(index) else {
                continue;
            };
            peer.transport.dirty = false;
            let turn = peer.transport.flush(now);
            self.after_flush(index, turn);
        }
    }

    /// As [`Server::after`], but output that the socket did not take waits for the socket, not for the next flush.
    fn after_flush(&mut self, index: usize, turn: Turn) {
        self.drain_events(index);
        if turn == Turn::Over {
            self.drop_connection(index);
        } else if let Some(peer) = self.peers.get_mut(index) {
            let transport = &mut peer.transport;
            self.timers
                .arm(index, transport.engine.poll_timeout(), &mut transport.armed);
        }
        if turn == Turn::More {
            // The peer has read what it had left: it is read from again.
            self.backlog.push(index);
        }
    }
}

impl Core for Server {
    fn handle_event(&mut self, event: &mio::event::Event, now: Instant) {
        let token = event.token().0;
        let Some(index) = token.checked_sub(FIRST_CONNECTION) else {
            self.accept_backlog = true;
            return;
        };
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        let closing = event.is_read_closed() || event.is_error();
        let readable = event.is_readable() || closing;
        peer.transport
            .set_ready(readable, event.is_writable(), closing);
        if event.is_writable() && !std::mem::replace(&mut peer.transport.dirty, true) {
            self.dirty.push(index);
        }
        if readable {
            self.read(index, now);
        }
    }

    fn handle_turn(&mut self, now: Instant) {
        while let Some(index) = self.timers.pop_due(now) {
            if let Some(peer) = self.peers.get_mut(index) {
                peer.transport.armed = None;
                peer.transport.engine.handle_timeout(now);
                self.after(index, Turn::Idle);
            }
        }
        for index in std::mem::take(&mut self.backlog) {
            self.read(index, now);
        }
        if self.accept_again.is_some_and(|at| at <= now) {
            self.accept_again = None;
            self.accept_backlog = true;
        }
        if self.accept_backlog && self.accepting && self.accept_again.is_none() {
            self.accept(now);
        }
        if self.has_incoming() {
            // The leader takes one itself; only a second one needs a second worker, and the workers see to that.
            let own = Parker::current().ok();
            let leader_works = own.is_some_and(|own| {
                self.idle_workers
                    .iter()
                    .any(|worker| Arc::ptr_eq(worker, &own))
            });
            if !leader_works {
                self.rouse_worker();
            }
        }
    }

    fn next_turn(&self) -> Option<Instant> {
        if !self.backlog.is_empty()
            || (self.accept_backlog && self.accepting && self.accept_again.is_none())
        {
            // Due already.
            return Some(Instant::now());
        }
        // Calls that no worker has taken: whoever leads looks again whether there is one.
        let again = self.has_incoming().then(|| Instant::now() + TICK);
        [self.timers.next(), self.accept_again, again]
            .into_iter()
            .flatten()
            .min()
    }

    fn flush(&mut self, now: Instant) {
        self.flush_all(now);
    }

    fn needs_guard(&self) -> bool {
        self.accepting || !self.peers.is_empty()
    }

    fn is_busy(&self) -> bool {
        !self.calls.is_empty()
    }
}

fn key_of(index: usize, call: &Call) -> CallKey {
    CallKey {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        generation: call.generation,
    }
}
