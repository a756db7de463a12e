//! What a server does with the readiness of its sockets and with the events of its engines.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use mio::Token;
use russet_rpc::server::{CancelReason, Connection, Event, IncomingCall};
use russet_rpc::{CallId, Code, Metadata, Status};

use super::{ACCEPT_BUDGET, ACCEPT_PAUSE, Call, CallKey, FIRST_CONNECTION, Peer, PeerInfo, Server};
use crate::inbox::{Inbox, Interest, Received};
use crate::parker::Parker;
use crate::poller::Readiness;
use crate::reactor::{Core, TICK};
use crate::security::{AuthContext, ServerSecurity};
use crate::socket::Socket;
use crate::tls::Session;
use crate::trace::trace;
use crate::transport::{Transport, Turn, register};

impl Peer {
    /// Who it is. Asked for with the first call: TLS has agreed by then.
    fn info(&mut self) -> Arc<PeerInfo> {
        let (transport, local) = (&self.transport, self.local);
        self.info
            .get_or_insert_with(|| {
                let auth = if local {
                    AuthContext::local()
                } else {
                    transport
                        .auth_context()
                        .unwrap_or_else(AuthContext::insecure)
                };
                Arc::new(PeerInfo {
                    name: transport.peer(),
                    auth,
                })
            })
            .clone()
    }
}

impl Server {
    /// Writes what is waiting to be written, without waiting for the next turn.
    pub fn flush_now(&mut self) {
        self.flush_all(Instant::now());
    }

    pub(super) fn accept(&mut self, now: Instant) {
        self.accept_backlog = false;
        let mut budget = ACCEPT_BUDGET;
        for index in 0..self.ports.len() {
            loop {
                if budget == 0 {
                    self.accept_backlog = true;
                    return;
                }
                match self.ports[index].listener.accept() {
                    Ok(socket) => {
                        budget -= 1;
                        let security = self.ports[index].security.clone();
                        self.welcome(socket, &security, now);
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

    /// Takes a new connection in, or refuses it: dropping the socket tells the peer.
    pub(crate) fn welcome(&mut self, socket: Socket, security: &ServerSecurity, now: Instant) {
        let max = self.max_connections;
        if max.is_none_or(|max| self.peers.len() < max) {
            self.protect(socket, security, now);
        }
    }

    /// Gives a connection the protection of its port.
    fn protect(&mut self, socket: Socket, security: &ServerSecurity, now: Instant) {
        let session = match security {
            ServerSecurity::Plaintext => None,
            ServerSecurity::Local(kind) => {
                // Dropping a connection from elsewhere tells the peer.
                if socket.peer_ip().is_ok_and(|ip| kind.admits(ip)) {
                    self.admit(socket, None, true, now);
                }
                return;
            }
            ServerSecurity::Tls(tls) => match tls.open() {
                Ok(session) => Some(session),
                Err(_) => return,
            },
            ServerSecurity::Changing(fetch) => {
                self.fetcher.start(socket, fetch.clone());
                return;
            }
        };
        self.admit(socket, session, false, now);
    }

    fn admit(&mut self, mut socket: Socket, session: Option<Session>, local: bool, now: Instant) {
        let entry = self.peers.vacant_entry();
        let index = entry.key();
        if register(&self.registry, &mut socket, Token(FIRST_CONNECTION + index)).is_err() {
            // Without a place in the poll the connection cannot be served; dropping it tells the peer.
            return;
        }
        trace!(
            ServerChannel,
            "server {}: a connection from {}",
            self.id,
            socket.peer()
        );
        let engine = Connection::new(self.config.clone(), now);
        let shakes_hands = session.is_some();
        entry.insert(Peer {
            transport: Transport::new(socket, session, engine),
            calls: HashMap::default(),
            local,
            waiting: VecDeque::new(),
            info: None,
            handshake: None,
            inflated: 0,
            short: Vec::new(),
        });
        if shakes_hands {
            self.begin_handshake(index, now);
        } else {
            self.read(index, now);
        }
    }

    pub(super) fn read(&mut self, index: usize, now: Instant) {
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        let turn = peer.transport.read(&mut self.buffer, now);
        if peer.handshake.is_some() {
            self.settle_handshake(index);
        }
        self.after(index, turn);
    }

    /// What must be looked at whenever an engine was touched.
    pub(super) fn after(&mut self, index: usize, turn: Turn) {
        self.drain_events(index);
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        let transport = &mut peer.transport;
        self.timers
            .arm(index, transport.poll_timeout(), &mut transport.armed);
        if transport.has_output() && !std::mem::replace(&mut transport.dirty, true) {
            self.dirty.push(index);
        }
        match turn {
            Turn::Idle => {}
            Turn::More => self.backlog.push(index),
            Turn::Over => self.drop_connection(index),
        }
    }

    pub(super) fn drop_connection(&mut self, index: usize) {
        let mut peer = self.peers.remove(index);
        self.handshakes.forget(&mut peer);
        trace!(
            Http,
            "server {}: the connection to {} ended: {}",
            self.id,
            peer.transport.peer(),
            match (
                peer.transport.failure(),
                peer.transport.engine.close_reason()
            ) {
                (Some(failure), _) => failure.to_owned(),
                (None, Some(reason)) => reason.to_string(),
                (None, None) => "it was lost".to_owned(),
            }
        );
        peer.transport.deregister(&self.registry);
        // The engine has cancelled each call already; none may be left waiting if it forgot one.
        for key in peer.calls.into_values() {
            self.end(key, CancelReason::ConnectionLost);
        }
    }

    pub(super) fn drain_events(&mut self, index: usize) {
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
                Event::Cancelled {
                    call,
                    reason,
                    tally,
                } => {
                    if let Some(key) = self.key(index, call) {
                        self.observe_cancel(key, reason, tally);
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

    pub(super) fn key(&self, connection: usize, id: CallId) -> Option<CallKey> {
        self.peers.get(connection)?.calls.get(&id).copied()
    }

    fn begin(&mut self, connection: usize, incoming: IncomingCall) {
        let id = incoming.call;
        trace!(
            Call,
            "server {}: {} on stream {}",
            self.id,
            incoming.path,
            id.stream()
        );
        let traffic = self.peers[connection].transport.engine.traffic();
        // The call's own time, without a look at the clock.
        let started = traffic.last_stream.unwrap_or_else(Instant::now);
        self.counts.start(started);
        let observation = self.observe_start(&incoming, started);
        if self.max_calls.is_some_and(|max| self.calls.len() >= max) {
            let status = Status::new(Code::ResourceExhausted, "Concurrent RPC limit exceeded!");
            self.counts.end(false);
            if let Some(mut observation) = observation {
                observation.status = status.clone();
                self.observe_end(observation);
            }
            let _ =
                self.peers[connection]
                    .transport
                    .engine
                    .send_status(id, &status, &Metadata::EMPTY);
            return;
        }
        let peer = self.peers[connection].info();
        let unary = self.unary.contains(&incoming.path);
        let key = self.calls.insert(Call {
            connection,
            peer,
            id,
            incoming: Some(incoming),
            held: unary,
            inbox: Inbox::default(),
            half_closed: false,
            ended: None,
            congested: false,
            released: false,
            succeeded: false,
            interest: Interest::default(),
            inflated: 0,
            waits_to_inflate: false,
            observation,
        });
        self.peers[connection].calls.insert(id, key);
        if !unary {
            self.wait_for_handler(connection, key);
        }
    }

    /// Changes a call, starts its handler if it waited for this, and tells whoever waits.
    pub(super) fn update(&mut self, key: CallKey, change: impl FnOnce(&mut Call)) {
        let Some(call) = self.call_mut(key) else {
            return;
        };
        change(call);
        if call.half_closed && std::mem::take(&mut call.held) {
            let connection = call.connection;
            self.wait_for_handler(connection, key);
        }
        self.tell(key);
    }

    pub(super) fn tell(&mut self, key: CallKey) {
        if let Some(call) = self.call_mut(key)
            && call.interest.tell()
        {
            self.changed.push(key);
        }
    }

    pub(super) fn end(&mut self, key: CallKey, reason: CancelReason) {
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

    pub(super) fn flush_all(&mut self, now: Instant) {
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
    pub(super) fn after_flush(&mut self, index: usize, turn: Turn) {
        self.drain_events(index);
        if turn == Turn::Over {
            self.drop_connection(index);
        } else if let Some(peer) = self.peers.get_mut(index) {
            let transport = &mut peer.transport;
            self.timers
                .arm(index, transport.poll_timeout(), &mut transport.armed);
        }
        if turn == Turn::More {
            // The peer has read what it had left: it is read from again.
            self.backlog.push(index);
        }
    }
}

impl Core for Server {
    fn handle_event(&mut self, ready: Readiness, now: Instant) {
        let Some(index) = ready.token.checked_sub(FIRST_CONNECTION) else {
            self.accept_backlog = true;
            return;
        };
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        peer.transport.set_ready(ready);
        if ready.writable && !std::mem::replace(&mut peer.transport.dirty, true) {
            self.dirty.push(index);
        }
        if ready.readable {
            if peer.handshake.is_some() {
                self.queue_handshake(index);
            } else {
                self.read(index, now);
            }
        }
    }

    fn handle_turn(&mut self, now: Instant) {
        while let Some(index) = self.timers.pop_due(now) {
            if let Some(peer) = self.peers.get_mut(index) {
                peer.transport.armed = None;
                let turn = peer.transport.handle_timeout(now);
                self.after(index, turn);
            }
        }
        for index in std::mem::take(&mut self.backlog) {
            self.read(index, now);
        }
        self.run_inflating();
        while let Some((socket, tls)) = self.fetcher.finished() {
            if self.accepting
                && let Some(session) = tls.and_then(|tls| tls.open().ok())
            {
                self.admit(socket, Some(session), false, now);
            }
        }
        if self.accept_again.is_some_and(|at| at <= now) {
            self.accept_again = None;
            self.accept_backlog = true;
        }
        self.run_handshakes(now);
        if self.may_accept() {
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
            || self.inflating.is_due()
            || self.handshakes.are_due()
            || self.may_accept()
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

    fn forked(&mut self, registry: mio::Registry) {
        self.inherit(registry);
    }

    fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }

    fn is_busy(&self) -> bool {
        !self.calls.is_empty()
    }
}
