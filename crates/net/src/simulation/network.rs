//! A network of wires: bytes that take their time, arrive in any pieces or not at all, and streams whose readiness is told in any order.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Interest, Registry, Token};

use super::dice::Dice;
use crate::address::Address;
use crate::network::Network;
use crate::poller::Readiness;
use crate::resolver::Resolution;
use crate::socket::Stream;

/// The owner of the client's ends; a server's is its number.
pub(super) const CLIENT: usize = usize::MAX;

/// All wires, shared by whoever holds an end of one.
#[derive(Clone, Debug)]
pub(super) struct Wires(Arc<Mutex<State>>);

#[derive(Debug)]
pub(super) struct State {
    pub(super) now: Instant,
    pub(super) dice: Dice,
    /// Whether connections are refused, lost or left without an answer.
    pub(super) faulty: bool,
    /// Who accepts at each port.
    pub(super) ports: Vec<Option<usize>>,
    /// What the target's name leads to; `None` where it cannot be looked up.
    pub(super) name: Option<Vec<u16>>,
    look_ups: VecDeque<Instant>,
    /// Two of each wire: the client's and, after it, the server's.
    sides: Vec<Side>,
    /// Servers' ends that wait to be accepted.
    backlog: VecDeque<usize>,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// Until the time comes, if it ever does.
    Connecting(Option<Instant>),
    /// A server's end of a connection that does not stand yet.
    Awaited,
    Open,
    Refused,
}

#[derive(Debug)]
struct Side {
    owner: usize,
    port: u16,
    phase: Phase,
    /// Where the owner has registered it.
    token: Option<usize>,
    /// What the owner has not been told yet.
    readable: bool,
    writable: bool,
    closing: bool,
    /// What may be read.
    inbox: VecDeque<u8>,
    /// Nothing follows what may be read.
    ended: bool,
    /// Reads and writes fail.
    broken: bool,
    /// On its way to the other side, each piece with its time.
    flight: VecDeque<(Instant, Vec<u8>)>,
    /// The end, or the break, that follows what is on its way.
    leaving: Option<(Instant, bool)>,
    /// The owner has been refused a write and waits for room.
    starved: bool,
    /// The owner has let it go.
    dropped: bool,
    /// Nothing arrives any more, and nobody is told so.
    lost: bool,
    /// What is written goes nowhere, but what was on its way before arrives.
    severed: bool,
    latency: Duration,
    capacity: usize,
}

impl Side {
    const fn is_ready(&self) -> bool {
        self.token.is_some() && (self.readable || self.writable || self.closing)
    }

    /// When what is sent now arrives: after all that was sent before.
    fn arrival(&self, now: Instant) -> Instant {
        let last = self.flight.back().map_or(now, |(at, _)| *at);
        last.max(now + self.latency)
    }

    /// Reads and writes fail from now on.
    fn break_off(&mut self, forget: bool) {
        self.broken = true;
        if forget {
            self.inbox.clear();
        }
        self.flight.clear();
        if !self.severed {
            self.leaving = None;
        }
        (self.readable, self.writable, self.closing) = (true, true, true);
    }
}

impl Wires {
    pub(super) fn new(now: Instant, dice: Dice, ports: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            dice,
            faulty: true,
            ports: vec![None; ports],
            name: Some(Vec::new()),
            look_ups: VecDeque::new(),
            sides: Vec::new(),
            backlog: VecDeque::new(),
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic has its own text already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next accepted stream, and the server that accepts it.
    pub(super) fn accept(&self) -> Option<(usize, Box<dyn Stream>)> {
        let mut state = self.state();
        let side = state.backlog.pop_front()?;
        let stream = Box::new(End {
            wires: self.clone(),
            side,
        });
        Some((state.sides[side].owner, stream))
    }
}

impl State {
    /// The readiness that `owner` has not been told, in any order; some of it may wait for the next time.
    pub(super) fn take_ready(&mut self, owner: usize) -> Vec<Readiness> {
        let mut ready = Vec::new();
        for side in self.sides.iter_mut().filter(|side| side.owner == owner) {
            let Some(token) = side.token.filter(|_| side.is_ready()) else {
                continue;
            };
            if self.dice.once_in(8) {
                continue;
            }
            ready.push(Readiness {
                token,
                readable: std::mem::take(&mut side.readable) || side.closing,
                writable: std::mem::take(&mut side.writable),
                closing: std::mem::take(&mut side.closing),
            });
        }
        self.dice.shuffle(&mut ready);
        ready
    }

    /// Ends whose owners have still to be told something at this instant.
    pub(super) fn restless(&self) -> Vec<usize> {
        let ready = |side: &usize| self.sides[*side].is_ready() || self.backlog.contains(side);
        (0..self.sides.len()).filter(ready).collect()
    }

    /// Whether a look-up has ended.
    pub(super) fn has_found(&self) -> bool {
        self.look_ups.front().is_some_and(|at| *at <= self.now)
    }

    /// When something arrives next.
    pub(super) fn next_arrival(&self) -> Option<Instant> {
        let of_sides = self
            .sides
            .iter()
            .filter(|side| !side.lost)
            .flat_map(|side| {
                let connected = match side.phase {
                    Phase::Connecting(at) => at,
                    Phase::Awaited | Phase::Open | Phase::Refused => None,
                };
                let piece = side.flight.front().map(|(at, _)| *at);
                let end = side.leaving.map(|(at, _)| at);
                [connected, piece.or(end)]
            });
        let look_up = self.look_ups.front().copied();
        of_sides.chain([look_up]).flatten().min()
    }

    /// Has everything arrive whose time has come.
    pub(super) fn arrive(&mut self) {
        for index in 0..self.sides.len() {
            if self.sides[index].lost {
                continue;
            }
            if matches!(self.sides[index].phase, Phase::Connecting(Some(at)) if at <= self.now) {
                self.connected(index);
            }
            while let Some((at, piece)) = self.sides[index].flight.pop_front() {
                if at > self.now {
                    self.sides[index].flight.push_front((at, piece));
                    break;
                }
                self.deliver(index, piece);
            }
            let side = &mut self.sides[index];
            if let Some((at, breaks)) = side.leaving
                && at <= self.now
                && side.flight.is_empty()
            {
                side.leaving = None;
                let other = &mut self.sides[index ^ 1];
                if breaks {
                    other.break_off(self.dice.once_in(2));
                } else if !other.ended {
                    other.ended = true;
                    (other.readable, other.closing) = (true, true);
                }
            }
        }
    }

    /// A piece, or a part of it, reaches the other side.
    fn deliver(&mut self, from: usize, mut piece: Vec<u8>) {
        if piece.len() > 1 && self.dice.once_in(3) {
            // Cut anywhere, often at the first or the last byte.
            let all = [1, piece.len() - 1, 1 + self.dice.below(piece.len() - 1)];
            let rest = piece.split_off(self.dice.pick(&all));
            let later = self.now + self.dice.milliseconds(3);
            self.sides[from].flight.push_front((later, rest));
        }
        let other = &mut self.sides[from ^ 1];
        if other.dropped {
            // Nobody is there to take it, which the sender is told.
            let forget = self.dice.once_in(2);
            self.sides[from].break_off(forget);
            return;
        }
        other.inbox.extend(piece);
        other.readable = true;
    }

    fn connected(&mut self, client: usize) {
        let port = usize::from(self.sides[client].port);
        let refused = self.faulty && self.dice.once_in(10);
        let Some(owner) = self.ports[port].filter(|_| !refused) else {
            let side = &mut self.sides[client];
            side.phase = Phase::Refused;
            (side.readable, side.writable, side.closing) = (true, true, true);
            return;
        };
        self.sides[client].phase = Phase::Open;
        self.sides[client].writable = true;
        let server = client + 1;
        self.sides[server].phase = Phase::Open;
        self.sides[server].owner = owner;
        self.sides[server].dropped = false;
        self.backlog.push_back(server);
    }

    fn new_side(&mut self, port: u16, phase: Phase) -> Side {
        Side {
            owner: CLIENT,
            port,
            phase,
            token: None,
            readable: false,
            writable: false,
            closing: false,
            inbox: VecDeque::new(),
            ended: false,
            broken: false,
            flight: VecDeque::new(),
            leaving: None,
            starved: false,
            dropped: false,
            lost: false,
            severed: false,
            latency: self.dice.milliseconds(20),
            capacity: self.dice.pick(&[300, 5_000, 70_000, 1 << 20]),
        }
    }

    /// Wires that both sides believe in.
    fn standing(&self) -> Vec<usize> {
        (0..self.sides.len())
            .step_by(2)
            .filter(|client| {
                let both = [&self.sides[*client], &self.sides[client + 1]];
                both.iter()
                    .all(|side| side.phase == Phase::Open && !side.dropped && !side.broken)
            })
            .collect()
    }

    /// Takes one wire's connection away: at once, after any byte of what is on its way, or without a word.
    pub(super) fn lose_one(&mut self) {
        let standing = self.standing();
        if standing.is_empty() {
            return;
        }
        let client = self.dice.pick(&standing);
        match self.dice.below(4) {
            0 => {
                for side in [client, client + 1] {
                    let forget = self.dice.once_in(2);
                    self.sides[side].break_off(forget);
                }
            }
            1 => {
                for side in [client, client + 1] {
                    self.sides[side].lost = true;
                }
            }
            _ => {
                for from in [client, client + 1] {
                    let total: usize = self.sides[from]
                        .flight
                        .iter()
                        .map(|(_, piece)| piece.len())
                        .sum();
                    let mut left = self.dice.below(total + 1);
                    let side = &mut self.sides[from];
                    for (_, piece) in &mut side.flight {
                        piece.truncate(left);
                        left -= piece.len();
                    }
                    side.flight.retain(|(_, piece)| !piece.is_empty());
                    side.severed = true;
                    side.leaving = Some((self.now + side.latency, self.dice.once_in(2)));
                }
            }
        }
    }

    /// From now on everything works; what was lost without a word is lost with one.
    pub(super) fn heal(&mut self) {
        self.faulty = false;
        for index in 0..self.sides.len() {
            let side = &mut self.sides[index];
            side.latency = Duration::from_millis(1);
            side.capacity = 1 << 20;
            if std::mem::take(&mut side.lost) {
                side.break_off(false);
            }
            if side.phase == Phase::Connecting(None) {
                side.phase = Phase::Connecting(Some(self.now));
            }
            self.tell_of_room(index);
        }
    }

    /// Ends that are open on the side of `owner`.
    pub(super) fn open_ends(&self, owner: usize) -> usize {
        let open =
            |side: &&Side| side.owner == owner && side.phase != Phase::Refused && !side.dropped;
        self.sides.iter().filter(open).count()
    }

    /// The ends that are open, for a failure's text.
    pub(super) fn tell_open(&self) -> Vec<String> {
        let open = self
            .sides
            .iter()
            .enumerate()
            .filter(|(_, side)| side.phase == Phase::Open && !side.dropped);
        open.map(|(number, side)| {
            let flying: usize = side.flight.iter().map(|(_, piece)| piece.len()).sum();
            format!(
                "end:{number} of {}: {} to be read, {flying} on the way, ended {}, broken {}, lost {}, starved {}, leaving {:?}, other dropped {}",
                side.owner, side.inbox.len(), side.ended, side.broken, side.lost, side.starved, side.leaving, self.sides[number ^ 1].dropped
            )
        })
        .collect()
    }

    /// How many connections were tried.
    pub(super) fn wires(&self) -> usize {
        self.sides.len() / 2
    }

    fn room(&self, from: usize) -> usize {
        let flying: usize = self.sides[from]
            .flight
            .iter()
            .map(|(_, piece)| piece.len())
            .sum();
        let held = flying + self.sides[from ^ 1].inbox.len();
        self.sides[from].capacity.saturating_sub(held)
    }

    fn tell_of_room(&mut self, from: usize) {
        if self.sides[from].starved && self.room(from) > 0 {
            self.sides[from].starved = false;
            self.sides[from].writable = true;
        }
    }
}

impl Network for Wires {
    fn connect(&mut self, address: &Address) -> io::Result<Box<dyn Stream>> {
        let Address::Socket(address) = address else {
            return Err(ErrorKind::Unsupported.into());
        };
        let mut state = self.state();
        if state.faulty && state.dice.once_in(30) {
            return Err(io::Error::other("too many open files"));
        }
        let answered = !(state.faulty && state.dice.once_in(15));
        let at = answered.then(|| state.now + state.dice.milliseconds(40));
        let side = state.sides.len();
        for phase in [Phase::Connecting(at), Phase::Awaited] {
            let mut made = state.new_side(address.port(), phase);
            // Nobody has the server's end before it is accepted.
            made.dropped = state.sides.len() != side;
            if !state.faulty {
                (made.latency, made.capacity) = (Duration::from_millis(1), 1 << 20);
            }
            state.sides.push(made);
        }
        Ok(Box::new(End {
            wires: self.clone(),
            side,
        }))
    }

    fn look_up(&mut self, _host: &str, _port: u16) -> io::Result<()> {
        let mut state = self.state();
        if state.faulty && state.dice.once_in(30) {
            return Err(io::Error::other("no thread"));
        }
        let at = state.now + state.dice.milliseconds(30);
        state.look_ups.push_back(at);
        Ok(())
    }

    fn found(&mut self) -> Option<Resolution> {
        let mut state = self.state();
        let now = state.now;
        state.look_ups.front().filter(|at| **at <= now)?;
        state.look_ups.pop_front();
        Some(match &state.name {
            Some(ports) => Ok(ports.iter().map(|port| address(*port)).collect()),
            None => Err(io::Error::other("the name cannot be looked up")),
        })
    }

    fn forget(&mut self) {
        self.state().look_ups.clear();
    }
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// An end of a wire.
#[derive(Debug)]
struct End {
    wires: Wires,
    side: usize,
}

impl Stream for End {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        let refused = self.wires.state().sides[self.side].phase == Phase::Refused;
        Ok(refused.then(|| ErrorKind::ConnectionRefused.into()))
    }

    fn is_connected(&self) -> io::Result<bool> {
        Ok(self.wires.state().sides[self.side].phase == Phase::Open)
    }

    fn peer_ip(&self) -> io::Result<Option<IpAddr>> {
        Ok(Some(Ipv4Addr::LOCALHOST.into()))
    }

    fn local(&self) -> String {
        format!("end:{}", self.side)
    }

    fn peer(&self) -> String {
        format!("end:{}", self.side ^ 1)
    }
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.wires.state();
        let side = &mut state.sides[self.side];
        if side.inbox.is_empty() {
            return if side.broken {
                Err(ErrorKind::ConnectionReset.into())
            } else if side.ended {
                Ok(0)
            } else {
                Err(ErrorKind::WouldBlock.into())
            };
        }
        let count = side.inbox.read(buffer)?;
        // The two halves of a ring are one to a socket, whose short reads say that it is empty.
        let count = count + side.inbox.read(&mut buffer[count..])?;
        state.tell_of_room(self.side ^ 1);
        Ok(count)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.wires.state();
        let room = state.room(self.side);
        let now = state.now;
        let most = if state.dice.once_in(4) {
            1 + state.dice.below(bytes.len().max(1))
        } else {
            bytes.len()
        };
        let side = &mut state.sides[self.side];
        if side.broken {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let count = most.min(room).min(bytes.len());
        if count == 0 && !bytes.is_empty() {
            side.starved = true;
            return Err(ErrorKind::WouldBlock.into());
        }
        if !side.severed {
            let at = side.arrival(now);
            side.flight.push_back((at, bytes[..count].to_vec()));
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for End {
    fn register(&mut self, _: &Registry, token: Token, _: Interest) -> io::Result<()> {
        let mut state = self.wires.state();
        let side = &mut state.sides[self.side];
        side.token = Some(token.0);
        // A poll begins with what is the case already.
        side.readable = !side.inbox.is_empty() || side.ended || side.broken;
        side.writable = side.phase == Phase::Open;
        Ok(())
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.register(registry, token, interest)
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        self.wires.state().sides[self.side].token = None;
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut state = self.wires.state();
        let now = state.now;
        let side = &mut state.sides[self.side];
        side.dropped = true;
        side.token = None;
        if side.phase == Phase::Open && !side.broken {
            // Who closes with something unread breaks the connection.
            let breaks = !side.inbox.is_empty();
            side.leaving.get_or_insert((side.arrival(now), breaks));
        } else if matches!(side.phase, Phase::Connecting(_)) {
            side.phase = Phase::Refused;
        }
    }
}
