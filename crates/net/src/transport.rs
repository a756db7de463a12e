//! A socket joined to an engine, with a TLS session between them or without: bytes in, bytes out, nothing else.
//!
//! Readiness is edge-triggered, so a transport remembers what it has not drained yet. It reads at most [`READ_BUDGET`] bytes a turn, so that one busy peer cannot keep the others waiting.

use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Interest, Registry, Token};
use russet_rpc::{Traffic, client, server};

use crate::alarm::Alarm;
use crate::census::{SocketCensus, next_id};
use crate::handshake::{Away, Pool};
use crate::poller::Readiness;
use crate::proxy::Proxy;
use crate::security::AuthContext;
use crate::socket::Socket;
use crate::tls::Session;
use crate::tunnel::Tunnel;

/// How many bytes one transport may read before others get their turn; what takes longer than its bytes counts as more of them.
pub(crate) const READ_BUDGET: usize = 256 * 1024;

/// The size of the buffer that is read into.
pub(crate) const READ_BUFFER: usize = 64 * 1024;

thread_local! {
    static READ: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends the calling thread's buffer to read into: a program may have thousands of channels, each of which reads now and then.
pub(crate) fn with_read_buffer<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = READ
        .try_with(Cell::take)
        .ok()
        .flatten()
        .unwrap_or_else(|| vec![0; READ_BUFFER].into_boxed_slice());
    let outcome = read(&mut buffer);
    // A thread that ends keeps none.
    let _ = READ.try_with(|own| own.set(Some(buffer)));
    outcome
}

/// How long the peer of a connection that has ended may leave its last words unread before the socket is closed all the same: 10 seconds.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(10);

/// What both ends of the engine have in common.
pub(crate) trait Engine {
    fn handle_input(&mut self, bytes: &[u8], now: Instant);
    fn handle_eof(&mut self, now: Instant);
    fn handle_timeout(&mut self, now: Instant);
    fn poll_timeout(&mut self) -> Option<Instant>;
    fn output(&self) -> &[u8];
    fn output_written(&mut self, count: usize);
    fn is_closed(&self) -> bool;
    /// What the input since the last time was worth beyond its bytes.
    fn take_work(&mut self) -> usize;
    /// False while the peer leaves so much unread that nothing more may be read from it.
    fn accepts_input(&self) -> bool;
}

macro_rules! engine {
    ($($type:ty, $accepts_input:expr;)*) => {$(
        impl Engine for $type {
            fn handle_input(&mut self, bytes: &[u8], now: Instant) {
                self.handle_input(bytes, now);
            }
            fn handle_eof(&mut self, now: Instant) {
                self.handle_eof(now);
            }
            fn handle_timeout(&mut self, now: Instant) {
                self.handle_timeout(now);
            }
            fn poll_timeout(&mut self) -> Option<Instant> {
                self.poll_timeout()
            }
            fn output(&self) -> &[u8] {
                self.output()
            }
            fn output_written(&mut self, count: usize) {
                self.output_written(count);
            }
            fn is_closed(&self) -> bool {
                self.is_closed()
            }
            fn take_work(&mut self) -> usize {
                self.take_work()
            }
            fn accepts_input(&self) -> bool {
                let accepts_input: fn(&Self) -> bool = $accepts_input;
                accepts_input(self)
            }
        }
    )*};
}
engine! {
    // What a client reads makes it write nothing that matters; and one of the two ends must go on reading.
    client::Connection, |_| true;
    server::Connection, Self::accepts_input;
}

/// Whether a transport goes on after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Everything that was there is done.
    Idle,
    /// The budget is used up; there may be more to read.
    More,
    /// Nothing more will come or go; the owner drops it.
    Over,
}

/// Who shakes hands in a session's place, and what is rung when that is done.
#[derive(Debug)]
enum Elsewhere {
    /// A thread of its own, for it may wait for somebody.
    OwnThread(Arc<Alarm>),
    Pool(Arc<Pool>, Arc<Alarm>),
}

#[derive(Debug)]
pub(crate) struct Transport<E> {
    /// Its number among all that channelz knows.
    id: u64,
    pub(crate) engine: E,
    socket: Socket,
    /// Until a proxy has agreed to pass bytes on.
    tunnel: Option<Box<Tunnel>>,
    session: Option<Box<Session>>,
    /// Where the session shakes hands, if that is not here.
    elsewhere: Option<Elsewhere>,
    /// How many steps the handshake has had so far.
    steps: u64,
    /// Whether the first of them is done.
    answered: bool,
    /// The session, while it shakes hands elsewhere.
    away: Option<Away>,
    /// Why the session or the tunnel failed, if one did.
    failure: Option<String>,
    readable: bool,
    writable: bool,
    /// The poll has said that the peer closed its side, which is read after the last byte.
    closing: bool,
    /// The peer has closed its side, or the socket failed.
    ended: bool,
    /// The engine is closed; the socket closes then, whatever is unwritten.
    last_words_by: Option<Instant>,
    /// The earliest timer that stands in the driver's heap for this transport.
    pub(crate) armed: Option<Instant>,
    /// Whether it is on the driver's list of transports with something to write.
    pub(crate) dirty: bool,
}

impl<E: Engine> Transport<E> {
    /// Joins a registered socket to `engine`, through `session` if there is one. It counts as ready until it says otherwise.
    pub(crate) fn new(socket: Socket, session: Option<Session>, engine: E) -> Self {
        Self {
            id: next_id(),
            engine,
            socket,
            tunnel: None,
            session: session.map(Box::new),
            elsewhere: None,
            steps: 0,
            answered: false,
            away: None,
            failure: None,
            readable: true,
            writable: true,
            closing: false,
            ended: false,
            last_words_by: None,
            armed: None,
            dirty: false,
        }
    }

    /// Has the proxy at the other end of the socket make the connection first.
    pub(crate) fn tunnel_through(&mut self, proxy: &Proxy) {
        self.tunnel = Some(Box::new(Tunnel::new(proxy)));
    }

    /// Has the session shake hands on a thread of its own, after which `alarm` is rung and [`Transport::come_back`] is to be called.
    pub(crate) fn shake_hands_elsewhere(&mut self, alarm: Arc<Alarm>) {
        self.elsewhere = Some(Elsewhere::OwnThread(alarm));
    }

    /// The same, on the threads of a server's pool.
    pub(crate) fn shake_hands_in(&mut self, pool: Arc<Pool>, alarm: Arc<Alarm>) {
        self.elsewhere = Some(Elsewhere::Pool(pool, alarm));
    }

    /// Whether TLS has still to be agreed on.
    pub(crate) fn is_shaking_hands(&self) -> bool {
        self.is_away() || self.session.as_ref().is_some_and(|s| !s.is_established())
    }

    /// Whether the peer has closed its side before this side has said a word: what it said costs much to answer, and nobody would read that.
    pub(crate) const fn was_left(&self) -> bool {
        self.closing && !self.answered
    }

    /// How many steps the handshake has had so far.
    pub(crate) const fn steps(&self) -> u64 {
        self.steps
    }

    /// Closes this process's copy of the socket alone, in the child of a fork.
    pub(crate) fn leave_to_parent(self) {
        if let Some(away) = self.away {
            away.leave_to_parent();
        }
    }

    /// Whether the session is on a thread of its own.
    pub(crate) const fn is_away(&self) -> bool {
        self.away.is_some()
    }

    /// Takes the session back if it is done; then there may be more to read.
    pub(crate) fn come_back(&mut self, now: Instant) {
        let Some(away) = &self.away else {
            return;
        };
        match away.poll() {
            Ok(None) => {}
            Ok(Some(returned)) => {
                self.away = None;
                self.answered = true;
                self.session = Some(returned.session);
                if !returned.plaintext.is_empty() {
                    self.engine.handle_input(&returned.plaintext, now);
                }
                if let Err(why) = returned.outcome {
                    self.fail_session(&why, now);
                }
            }
            Err(why) => {
                self.away = None;
                self.failure = Some(format!("TLS: {why}"));
                self.engine.handle_eof(now);
                self.ended = true;
            }
        }
    }

    /// Whether something may wait in the socket that the engine does not want yet.
    fn is_held_back(&self) -> bool {
        self.readable && !self.ended && !self.engine.accepts_input()
    }

    /// Takes in what the poll said.
    pub(crate) const fn set_ready(&mut self, ready: Readiness) {
        self.closing |= ready.closing;
        self.readable |= ready.readable;
        self.writable |= ready.writable;
    }

    /// Reads what is there, up to the budget and as long as the engine wants it, into the engine.
    pub(crate) fn read(&mut self, buffer: &mut [u8], now: Instant) -> Turn {
        let mut budget = READ_BUDGET;
        while self.readable && !self.ended && !self.is_away() && self.engine.accepts_input() {
            match self.socket.read(buffer) {
                Ok(0) => {
                    if self.tunnel.is_some() {
                        let why = "the proxy closed the connection without an answer";
                        self.failure.get_or_insert_with(|| why.to_owned());
                    } else if self.session.as_ref().is_some_and(|s| !s.is_established()) {
                        self.failure.get_or_insert_with(|| {
                            "TLS: the peer closed the connection before TLS was agreed on; perhaps it speaks plaintext".to_owned()
                        });
                    }
                    self.engine.handle_eof(now);
                    self.ended = true;
                }
                Ok(count) => {
                    self.take_in(&buffer[..count], now);
                    // A short read emptied the socket; the next byte is a new edge. The end of a stream that the poll has told is none.
                    self.readable = count == buffer.len() || self.closing;
                    budget = budget.saturating_sub(count + self.engine.take_work());
                    if budget == 0 && self.readable {
                        return self.turn(Turn::More, now);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.engine.handle_eof(now);
                    self.ended = true;
                }
            }
        }
        self.turn(Turn::Idle, now)
    }

    fn take_in(&mut self, bytes: &[u8], now: Instant) {
        let mut bytes = bytes;
        if let Some(tunnel) = &mut self.tunnel {
            match tunnel.receive(&mut bytes) {
                Ok(false) => return,
                Ok(true) => self.tunnel = None,
                Err(why) => {
                    self.failure = Some(why);
                    self.engine.handle_eof(now);
                    self.ended = true;
                    return;
                }
            }
            if bytes.is_empty() {
                return;
            }
        }
        if self
            .session
            .as_ref()
            .is_some_and(|session| !session.is_established())
            && !self.shake_hands(bytes, now)
        {
            return;
        }
        let Some(session) = &mut self.session else {
            self.engine.handle_input(bytes, now);
            return;
        };
        let received = session.receive(bytes, |plain| self.engine.handle_input(plain, now));
        if let Err(why) = received {
            self.fail_session(&why, now);
        }
    }

    /// Takes in a part of the handshake, or has it taken in elsewhere; `true` where the session does it here.
    fn shake_hands(&mut self, bytes: &[u8], now: Instant) -> bool {
        self.steps += 1;
        let Some(elsewhere) = &self.elsewhere else {
            return true;
        };
        let Some(session) = self.session.take() else {
            return false;
        };
        match elsewhere {
            Elsewhere::OwnThread(alarm) => {
                match Away::start(session, bytes.to_vec(), alarm.clone()) {
                    Ok(away) => self.away = Some(away),
                    Err(error) => {
                        self.failure =
                            Some(format!("TLS: no thread for the custom signer: {error}"));
                        self.engine.handle_eof(now);
                        self.ended = true;
                    }
                }
                false
            }
            Elsewhere::Pool(pool, alarm) => {
                match pool.start(session, bytes.to_vec(), self.answered, alarm.clone()) {
                    Ok(away) => {
                        self.away = Some(away);
                        false
                    }
                    Err(session) => {
                        self.session = Some(session);
                        self.answered = true;
                        true
                    }
                }
            }
        }
    }

    fn fail_session(&mut self, why: &str, now: Instant) {
        self.failure = Some(format!("TLS: {why}"));
        if let Some(session) = &mut self.session {
            // The alert tells the peer what we know. Where the socket does not take it, the end of the connection must do.
            while session.has_output()
                && session
                    .write_to(&mut self.socket)
                    .is_ok_and(|count| count > 0)
            {}
        }
        self.engine.handle_eof(now);
        self.ended = true;
    }

    /// Writes a part of what is to be written; false where there is nothing.
    fn write_some(&mut self) -> std::io::Result<bool> {
        if let Some(tunnel) = &mut self.tunnel {
            let output = tunnel.output();
            if output.is_empty() {
                return Ok(false);
            }
            let count = self.socket.write(output)?;
            tunnel.output_written(count);
            return Ok(true);
        }
        if self.is_away() {
            return Ok(false);
        }
        let output = self.engine.output();
        let Some(session) = &mut self.session else {
            if output.is_empty() {
                return Ok(false);
            }
            let count = self.socket.write(output)?;
            self.engine.output_written(count);
            return Ok(true);
        };
        if session.is_established() {
            if !output.is_empty() {
                let count = session.send(output)?;
                self.engine.output_written(count);
            } else if self.engine.is_closed() {
                session.close();
            }
        }
        if !session.has_output() {
            return Ok(false);
        }
        session.write_to(&mut self.socket)?;
        Ok(true)
    }

    /// Whether [`Transport::flush`] has something to do.
    pub(crate) fn has_output(&self) -> bool {
        self.tunnel.is_some()
            || !self.engine.output().is_empty()
            || self.engine.is_closed()
            || self
                .session
                .as_ref()
                .is_some_and(|session| session.has_output())
    }

    /// Writes what the engine holds, as far as the socket takes it. [`Turn::More`] if that let the engine take input again.
    pub(crate) fn flush(&mut self, now: Instant) -> Turn {
        let held_back = self.is_held_back();
        while self.writable && !self.ended {
            match self.write_some() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.engine.handle_eof(now);
                    self.ended = true;
                }
            }
        }
        let resumed = held_back && self.readable && self.engine.accepts_input();
        self.turn(if resumed { Turn::More } else { Turn::Idle }, now)
    }

    /// When to call [`Transport::handle_timeout`].
    pub(crate) fn poll_timeout(&mut self) -> Option<Instant> {
        if self.engine.is_closed() {
            self.last_words_by
        } else {
            self.engine.poll_timeout()
        }
    }

    /// Acts on the engine's timers, and gives a peer up that does not read the last words.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Turn {
        self.engine.handle_timeout(now);
        self.ended |= self.last_words_by.is_some_and(|by| by <= now);
        self.turn(Turn::Idle, now)
    }

    fn turn(&mut self, otherwise: Turn, now: Instant) -> Turn {
        if self.engine.is_closed() && self.last_words_by.is_none() {
            self.last_words_by = now.checked_add(LAST_WORDS);
        }
        if self.ended || (self.engine.is_closed() && self.is_written()) {
            Turn::Over
        } else {
            otherwise
        }
    }

    /// Whether nothing is left to write of an engine that is closed. What a session without an agreement on keys would send can never go, nor what a proxy has not agreed to pass on.
    fn is_written(&self) -> bool {
        if self.tunnel.is_some() || self.is_away() {
            return true;
        }
        match &self.session {
            None => self.engine.output().is_empty(),
            Some(session) => {
                !session.is_established()
                    || (self.engine.output().is_empty() && session.is_finished())
            }
        }
    }

    pub(crate) fn peer(&self) -> String {
        self.socket.peer()
    }

    /// What channelz tells of the connection.
    pub(crate) fn census(&self, traffic: Traffic, windows: (i64, i64)) -> SocketCensus {
        SocketCensus {
            id: self.id,
            local: self.socket.local(),
            remote: self.socket.peer(),
            tls: self.session.as_ref().and_then(|session| session.census()),
            traffic,
            local_window: windows.0,
            remote_window: windows.1,
        }
    }

    /// What TLS tells of the peer; `None` without TLS.
    pub(crate) fn auth_context(&self) -> Option<AuthContext> {
        self.session.as_ref().map(|session| session.auth_context())
    }

    /// Why TLS or a proxy ended the connection, if one did.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Takes the socket out of the poll; it closes when the transport is dropped.
    pub(crate) fn deregister(&mut self, registry: &Registry) {
        // It fails only for a socket that is not registered, which is what is wanted.
        let _ = registry.deregister(&mut self.socket);
    }
}

/// Registers a socket for both directions, edge-triggered.
pub(crate) fn register(
    registry: &Registry,
    socket: &mut Socket,
    token: Token,
) -> std::io::Result<()> {
    registry.register(socket, token, Interest::READABLE | Interest::WRITABLE)
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read as _;

    use mio::net::UnixStream;

    use super::*;

    const READABLE: Readiness = Readiness {
        token: 1,
        readable: true,
        writable: false,
        closing: false,
    };
    const WRITABLE: Readiness = Readiness {
        readable: false,
        writable: true,
        ..READABLE
    };

    /// Answers each byte with a thousand, and wants no more while a hundred thousand wait.
    #[derive(Default)]
    struct Generous {
        output: Vec<u8>,
        taken: usize,
        closed: bool,
    }

    impl Engine for Generous {
        fn take_work(&mut self) -> usize {
            0
        }
        fn handle_input(&mut self, bytes: &[u8], _now: Instant) {
            self.taken += bytes.len();
            self.output
                .resize(self.output.len() + 1000 * bytes.len(), 0);
        }
        fn handle_eof(&mut self, _now: Instant) {}
        fn handle_timeout(&mut self, _now: Instant) {}
        fn poll_timeout(&mut self) -> Option<Instant> {
            None
        }
        fn output(&self) -> &[u8] {
            &self.output
        }
        fn output_written(&mut self, count: usize) {
            self.output.drain(..count);
        }
        fn is_closed(&self) -> bool {
            self.closed
        }
        fn accepts_input(&self) -> bool {
            self.output.len() < 100_000
        }
    }

    #[test]
    fn a_peer_that_does_not_read_the_last_words_is_let_go() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut transport = Transport::new(Box::new(ours), None, Generous::default());
        transport.engine.output = vec![0; 10_000_000];
        let now = Instant::now();
        assert_eq!(transport.flush(now), Turn::Idle);
        assert_eq!(transport.poll_timeout(), None);
        transport.engine.closed = true;
        assert_eq!(transport.flush(now), Turn::Idle);
        assert_eq!(transport.poll_timeout(), Some(now + LAST_WORDS));
        assert_eq!(transport.handle_timeout(now), Turn::Idle);
        assert_eq!(transport.handle_timeout(now + LAST_WORDS), Turn::Over);
    }

    #[test]
    fn a_peer_that_does_not_read_is_not_read_from_until_it_does() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut transport = Transport::new(Box::new(ours), None, Generous::default());
        let now = Instant::now();
        let mut buffer = [0; 10];
        let mut sent = 0;
        // Until the peer's own writes are held back, however much room the sockets have.
        while let Ok(count) = theirs.write(&[1; 1000]) {
            sent += count;
            transport.set_ready(READABLE);
            assert_eq!(transport.read(&mut buffer, now), Turn::Idle);
            assert!(transport.engine.output.len() <= 110_000);
            transport.flush(now);
        }
        assert!(transport.engine.taken < sent);
        // The peer reads: everything it sent is taken, without a new edge of its own.
        let mut received = 0;
        let mut sink = vec![0; 1 << 16];
        while received < 1000 * sent {
            if let Ok(count) = theirs.read(&mut sink) {
                received += count;
            }
            transport.set_ready(WRITABLE);
            if transport.flush(now) == Turn::More {
                transport.read(&mut buffer, now);
            }
        }
        assert_eq!(transport.engine.taken, sent);
    }
}
