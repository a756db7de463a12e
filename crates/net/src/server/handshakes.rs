//! The TLS handshakes of a server's new connections. Each costs as much as many calls, and strangers can ask for them: so they have threads of their own and a budget, and whoever is connected already goes first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::{Peer, Server};
use crate::handshake::Pool;
use crate::trace::trace;
use crate::transport::Turn;

/// How many steps of handshakes a turn hands to the threads. Where there is no thread it does one.
const STEPS_A_TURN: usize = 16;

/// The steps that may wait for a thread. While there are as many, no connection is accepted: further ones wait in the system's queue.
const MAX_WAITING: usize = 256;

/// The connections that may be in their handshake at once, most of which wait for their peer. One more ends the oldest.
const MAX_UNFINISHED: usize = 1024;

/// What a server knows of a connection until TLS has agreed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handshake {
    /// How many there were before.
    number: u64,
    /// Whether it waits for its turn.
    queued: bool,
    /// Whether its session is on another thread.
    away: bool,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    /// Made with the first handshake.
    pool: Option<Arc<Pool>>,
    /// Connections that have something to read, in the order in which it came.
    queue: VecDeque<usize>,
    /// Those whose session is on another thread.
    away: Vec<usize>,
    /// All that have not agreed, oldest first; among them some that have agreed or are gone.
    unfinished: VecDeque<(usize, u64)>,
    /// How many of them there really are.
    count: usize,
    started: u64,
}

impl Handshakes {
    fn waiting(&self) -> usize {
        self.pool.as_ref().map_or(0, |pool| pool.waiting())
    }

    /// Whether the next turn has something to hand to the threads.
    pub(super) fn are_due(&self) -> bool {
        !self.queue.is_empty() && self.waiting() < MAX_WAITING
    }

    /// Whether so much is to be done that no further connection is accepted.
    fn are_many(&self) -> bool {
        self.queue.len() + self.waiting() >= MAX_WAITING
    }

    /// A connection has agreed, or is gone.
    pub(super) fn forget(&mut self, peer: &mut Peer) {
        self.count -= usize::from(peer.handshake.take().is_some());
    }

    /// In the child of a fork: the threads are the parent's, and one of them may have held a lock.
    pub(super) fn leave_to_parent(&mut self) {
        std::mem::forget(std::mem::take(self).pool);
    }
}

impl Server {
    /// Whether connections are to be accepted now.
    pub(super) fn may_accept(&self) -> bool {
        self.accept_backlog
            && self.accepting
            && self.accept_again.is_none()
            && !self.handshakes.are_many()
    }

    /// A connection begins with its handshake.
    pub(super) fn begin_handshake(&mut self, index: usize, now: Instant) {
        let handshakes = &mut self.handshakes;
        let pool = handshakes.pool.get_or_insert_with(|| Arc::new(Pool::new()));
        let peer = &mut self.peers[index];
        let (pool, alarm) = (pool.clone(), self.alarm.clone());
        peer.transport.shake_hands_in(pool, alarm);
        handshakes.started += 1;
        handshakes.count += 1;
        peer.handshake = Some(Handshake {
            number: handshakes.started,
            queued: false,
            away: false,
        });
        (handshakes.unfinished).push_back((index, handshakes.started));
        // Its timer runs from now on, and what has come already is read in its turn.
        self.after(index, Turn::Idle);
        self.queue_handshake(index);
        self.limit_handshakes(now);
    }

    /// Ends the oldest handshakes where there are too many.
    fn limit_handshakes(&mut self, now: Instant) {
        let peers = &self.peers;
        let goes_on = |(index, number): &(usize, u64)| {
            let handshake = peers.get(*index).and_then(|peer| peer.handshake);
            handshake.is_some_and(|handshake| handshake.number == *number)
        };
        if self.handshakes.unfinished.len() > 2 * MAX_UNFINISHED {
            self.handshakes.unfinished.retain(goes_on);
        }
        if self.handshakes.count <= MAX_UNFINISHED {
            return;
        }
        let oldest = loop {
            match self.handshakes.unfinished.pop_front() {
                Some(oldest) if goes_on(&oldest) => break oldest.0,
                Some(_) => {}
                None => return,
            }
        };
        let why = "too many TLS handshakes at once: the oldest one ends";
        trace!(ServerChannel, "server {}: {why}", self.id);
        self.trace.warning(why, now);
        self.drop_connection(oldest);
    }

    /// Something has come that is part of a handshake: it waits for its turn.
    pub(super) fn queue_handshake(&mut self, index: usize) {
        let peer = self.peers.get_mut(index);
        if let Some(handshake) = peer.and_then(|peer| peer.handshake.as_mut())
            && !std::mem::replace(&mut handshake.queued, true)
        {
            self.handshakes.queue.push_back(index);
        }
    }

    /// Takes back the sessions that have done a step, and hands out some more.
    pub(super) fn run_handshakes(&mut self, now: Instant) {
        for index in std::mem::take(&mut self.handshakes.away) {
            let Some(peer) = self.peers.get_mut(index) else {
                continue;
            };
            if let Some(handshake) = &mut peer.handshake
                && std::mem::take(&mut handshake.away)
            {
                peer.transport.come_back(now);
                // What came meanwhile is the next step, or the first calls.
                self.read(index, now);
            }
        }
        for _ in 0..STEPS_A_TURN {
            if !self.handshakes.are_due() {
                return;
            }
            let Some(index) = self.handshakes.queue.pop_front() else {
                return;
            };
            let Some(peer) = self.peers.get_mut(index) else {
                continue;
            };
            let Some(handshake) = &mut peer.handshake else {
                continue;
            };
            handshake.queued = false;
            if peer.transport.was_left() {
                self.drop_connection(index);
                continue;
            }
            let before = peer.transport.steps();
            self.read(index, now);
            let stepped_here = self
                .peers
                .get(index)
                .is_some_and(|peer| !peer.transport.is_away() && peer.transport.steps() > before);
            if stepped_here {
                return;
            }
        }
    }

    /// A connection in its handshake has been read from.
    pub(super) fn settle_handshake(&mut self, index: usize) {
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        if peer.transport.is_away() {
            if let Some(handshake) = &mut peer.handshake
                && !std::mem::replace(&mut handshake.away, true)
            {
                self.handshakes.away.push(index);
            }
        } else if !peer.transport.is_shaking_hands() {
            self.handshakes.forget(peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind, Read, Write};
    use std::net::IpAddr;
    use std::sync::Mutex;

    use mio::event::Source;
    use mio::{Interest, Poll, Registry, Token, Waker};
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::super::{FIRST_CONNECTION, ServerConfig};
    use super::*;
    use crate::alarm::Alarm;
    use crate::poller::Readiness;
    use crate::reactor::Core as _;
    use crate::security::ServerSecurity;
    use crate::socket::Stream;
    use crate::tls::ServerTls;

    /// A server's end of a connection: what has come, and whether the server has let it go.
    #[derive(Clone, Debug, Default)]
    struct End(Arc<Mutex<(Vec<u8>, bool)>>);

    impl End {
        fn saying(bytes: &[u8]) -> Self {
            Self(Arc::new(Mutex::new((bytes.to_vec(), false))))
        }

        fn was_dropped(&self) -> bool {
            self.0.lock().unwrap().1
        }
    }

    /// The one that the server has.
    #[derive(Debug)]
    struct Owned(End);

    impl Drop for Owned {
        fn drop(&mut self) {
            self.0.0.lock().unwrap().1 = true;
        }
    }

    impl Read for Owned {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut state = self.0.0.lock().unwrap();
            let count = state.0.len().min(buffer.len());
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            buffer[..count].copy_from_slice(&state.0[..count]);
            state.0.drain(..count);
            Ok(count)
        }
    }

    impl Write for Owned {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Source for Owned {
        fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
            Ok(())
        }

        fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
            Ok(())
        }

        fn deregister(&mut self, _: &Registry) -> io::Result<()> {
            Ok(())
        }
    }

    impl Stream for Owned {
        fn take_error(&self) -> io::Result<Option<io::Error>> {
            Ok(None)
        }

        fn is_connected(&self) -> io::Result<bool> {
            Ok(true)
        }

        fn peer_ip(&self) -> io::Result<Option<IpAddr>> {
            Ok(None)
        }

        fn local(&self) -> String {
            "server".to_owned()
        }

        fn peer(&self) -> String {
            "client".to_owned()
        }
    }

    struct World {
        server: Server,
        security: ServerSecurity,
        hello: Vec<u8>,
        now: Instant,
        _poll: Poll,
    }

    impl World {
        /// A server whose handshakes never end, or are done where nobody else does them.
        fn new(stalled: bool) -> Self {
            let poll = Poll::new().unwrap();
            let registry = poll.registry().try_clone().unwrap();
            let alarm = Arc::new(Alarm::new(Waker::new(&registry, Token(0)).unwrap()));
            let mut server = Server::new(registry, alarm, ServerConfig::default());
            server.start().unwrap();
            server.accept_backlog = false;
            server.handshakes.pool = Some(Arc::new(Pool::without_threads(stalled)));
            let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            let pair = (
                own.signing_key.serialize_pem().into_bytes(),
                own.cert.pem().into_bytes(),
            );
            let tls = ServerTls::new(&[pair], None).unwrap();
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            let name = ServerName::try_from("localhost").unwrap();
            let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
            let mut hello = Vec::new();
            client.write_tls(&mut hello).unwrap();
            Self {
                server,
                security: ServerSecurity::Tls(Arc::new(tls)),
                hello,
                now: Instant::now(),
                _poll: poll,
            }
        }

        /// A client connects and says this.
        fn connect(&mut self, bytes: &[u8]) -> End {
            let end = End::saying(bytes);
            let owned = Box::new(Owned(end.clone()));
            self.server.welcome(owned, &self.security, self.now);
            end
        }

        /// The poll tells of a connection.
        fn tell(&mut self, place: usize, closing: bool) {
            let ready = Readiness {
                token: FIRST_CONNECTION + place,
                readable: true,
                writable: false,
                closing,
            };
            self.server.handle_event(ready, self.now);
        }

        fn steps(&self) -> u64 {
            self.server
                .peers
                .iter()
                .map(|(_, peer)| peer.transport.steps())
                .sum()
        }
    }

    #[test]
    fn a_turn_does_a_bounded_number_of_steps_and_no_more_are_accepted_than_can_be_done() {
        let mut world = World::new(true);
        let hello = world.hello.clone();
        for _ in 0..MAX_WAITING + 50 {
            world.connect(&hello);
        }
        assert_eq!(world.steps(), 0, "nothing is done when a client connects");
        world.server.accept_backlog = true;
        for turn in 1..100 {
            world.server.handle_turn(world.now);
            let steps = usize::try_from(world.steps()).unwrap();
            assert_eq!(steps, (turn * STEPS_A_TURN).min(MAX_WAITING));
            assert!(!world.server.may_accept());
        }
        // It does not spin while the threads are busy.
        assert!(!world.server.handshakes.are_due());
        // Once they have done something, the next ones follow.
        world.server.handshakes.pool = Some(Arc::new(Pool::without_threads(true)));
        assert!(
            world
                .server
                .next_turn()
                .is_some_and(|at| at <= Instant::now())
        );
        world.server.handle_turn(world.now);
        assert_eq!(
            usize::try_from(world.steps()).unwrap(),
            MAX_WAITING + STEPS_A_TURN
        );
        assert!(
            !world.server.accept_backlog,
            "connections are accepted again"
        );
    }

    #[test]
    fn where_there_is_no_thread_a_turn_does_one_step_and_connections_that_stand_go_first() {
        let mut world = World::new(false);
        let hello = world.hello.clone();
        for _ in 0..20 {
            world.connect(&hello);
        }
        let stands = End::default();
        let owned = Box::new(Owned(stands.clone()));
        world
            .server
            .welcome(owned, &ServerSecurity::Plaintext, world.now);
        for (turn, byte) in (1..=20).zip(*b"PRI * HTTP/2.0\r\n\r\nSM") {
            stands.0.lock().unwrap().0.push(byte);
            world.tell(20, false);
            assert!(stands.0.lock().unwrap().0.is_empty(), "it is read at once");
            world.server.handle_turn(world.now);
            assert_eq!(world.steps(), turn);
        }
    }

    #[test]
    fn clients_that_left_cost_nothing() {
        let mut world = World::new(true);
        let hello = world.hello.clone();
        let ends: Vec<End> = (0..20).map(|_| world.connect(&hello)).collect();
        for place in 0..10 {
            world.tell(place, true);
        }
        world.server.handle_turn(world.now);
        world.server.handle_turn(world.now);
        assert_eq!(world.steps(), 10);
        // Also where a thread has been asked already.
        for place in 10..20 {
            world.tell(place, true);
        }
        world.server.handle_turn(world.now);
        assert!(ends.iter().all(End::was_dropped));
        assert_eq!(world.server.handshakes.count, 0);
    }

    #[test]
    fn one_more_than_there_may_be_ends_the_oldest() {
        let mut world = World::new(true);
        let ends: Vec<End> = (0..3 * MAX_UNFINISHED)
            .map(|_| world.connect(b""))
            .collect();
        world.server.handle_turn(world.now);
        let dropped = ends.iter().filter(|end| end.was_dropped()).count();
        assert_eq!(dropped, 2 * MAX_UNFINISHED);
        assert!(ends[..dropped].iter().all(End::was_dropped));
        assert_eq!(world.server.handshakes.count, MAX_UNFINISHED);
        assert!(world.server.handshakes.unfinished.len() <= 2 * MAX_UNFINISHED);
    }
}
