//! From addresses to a connection: attempts side by side (Happy Eyeballs, RFC 8305 and gRFC A61), handshakes, backoff.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;
use russet_rpc::balancing::Weight;
use russet_rpc::client::Connection;
use russet_rpc::service_config::LoadBalancing;
use rustc_hash::FxHashMap;

use super::watching::{Purpose, Watcher};
use super::{Channel, Connectivity, FIRST_CONNECTION, Link};
use crate::address::Address;
use crate::backoff::Backoff;
use crate::census::{CallCounts, next_id};
use crate::channel_trace::ChannelTrace;
use crate::security::ClientSecurity;
use crate::socket::Socket;
use crate::trace::trace;
use crate::transport::{Transport, Turn, register};

/// A connection that stood as long as this was of use, even if it served no call.
const LONG_LIFE: Duration = Duration::from_secs(1);

/// So many connections in a row may be of no use before the next one has to wait: a server that stops gracefully takes one more at times.
const USELESS_AT_ONCE: u32 = 1;

/// One or more addresses of which one connection is wanted.
#[derive(Debug)]
pub(super) struct Subchannel {
    /// Its number among all that channelz knows.
    pub(super) id: u64,
    /// The attempts of calls that it was given.
    pub(super) calls: CallCounts,
    pub(super) trace: ChannelTrace,
    pub(super) addresses: Vec<Address>,
    /// Never `Shutdown`. After a failure it stays `TransientFailure` until a connection stands, but where a call asks for the next attempt.
    pub(super) state: Connectivity,
    /// The connection that stands.
    pub(super) connected: Option<usize>,
    /// The same, where it takes calls: it may be unhealthy.
    pub(super) active: Option<usize>,
    /// Left out for a while, since its calls fail.
    pub(super) ejected: bool,
    /// What its load reports make of it.
    pub(super) weight: Weight,
    /// The channel's own streams on the connection.
    pub(super) watchers: Vec<Watcher>,
    race: Option<Race>,
    /// Starts anew when a connection was of use, not when it stands: see [`Subchannel::ended`].
    backoff: Backoff,
    retry_at: Option<Instant>,
    /// So many connections in a row were of no use.
    useless: u32,
}

impl Subchannel {
    pub(super) fn new(addresses: Vec<Address>, backoff: Backoff, trace: ChannelTrace) -> Self {
        Self {
            id: next_id(),
            calls: CallCounts::default(),
            trace,
            addresses,
            state: Connectivity::Idle,
            connected: None,
            active: None,
            ejected: false,
            weight: Weight::default(),
            watchers: Vec::new(),
            race: None,
            backoff,
            retry_at: None,
            useless: 0,
        }
    }

    /// Its addresses as one text.
    pub(super) fn target(&self) -> String {
        let targets: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        targets.join(",")
    }

    pub(super) fn set_addresses(&mut self, addresses: Vec<Address>, now: Instant) {
        if self.addresses != addresses {
            self.addresses = addresses;
            let target = self.target();
            self.trace.info(format!("the addresses are {target}"), now);
        }
    }

    pub(super) fn set_state(&mut self, state: Connectivity, now: Instant) {
        if self.state != state {
            self.state = state;
            self.trace.info(state.name(), now);
        }
    }

    /// An attempt to connect has failed, or the server says that it does not serve.
    pub(super) fn fail(&mut self, error: &str, now: Instant) {
        self.state = Connectivity::TransientFailure;
        self.trace.warning(failed(error), now);
    }

    /// Its connection takes no more calls. Whether the next one has to wait: a server that ends each connection at once would be asked without a pause by the calls that wait.
    fn ended(&mut self, served: bool, stood: Duration) -> bool {
        self.connected = None;
        self.active = None;
        if served || stood >= LONG_LIFE {
            self.backoff.reset();
            self.useless = 0;
        } else {
            self.useless = self.useless.saturating_add(1);
        }
        self.useless > USELESS_AT_ONCE
    }

    /// The connection, where the policy may give it calls.
    pub(super) fn usable(&self) -> Option<usize> {
        self.active.filter(|_| !self.ejected)
    }

    /// Its state as the policy counts it.
    pub(super) const fn counted_state(&self) -> Connectivity {
        if self.ejected {
            Connectivity::TransientFailure
        } else {
            self.state
        }
    }

    pub(super) const fn is_racing(&self) -> bool {
        self.race.is_some()
    }

    /// Whether it neither has a connection nor works on one, nor waits after a failure.
    pub(super) const fn is_idle(&self) -> bool {
        self.connected.is_none() && self.race.is_none() && self.retry_at.is_none()
    }
}

/// An attempt to reach one of several addresses.
#[derive(Debug)]
struct Race {
    /// Those that were not tried yet.
    addresses: VecDeque<Address>,
    racers: Vec<Racer>,
    /// When the next address is tried beside those that run.
    next_start: Option<Instant>,
    deadline: Instant,
}

/// An address whose connection is under way.
#[derive(Debug)]
struct Racer {
    /// Its place among the links.
    index: usize,
    address: Address,
    /// Until the transport has it.
    socket: Option<Socket>,
}

impl Channel {
    pub(super) fn set_state(&mut self, state: Connectivity, now: Instant) {
        if self.state != state && self.state != Connectivity::Shutdown {
            trace!(
                ConnectivityState,
                "channel {}: {:?} -> {state:?}", self.id, self.state
            );
            self.state = state;
            if state == Connectivity::TransientFailure {
                self.trace.warning(failed(&self.last_error), now);
            } else {
                self.trace.info(state.name(), now);
            }
            self.state_changes += 1;
            for waiter in std::mem::take(&mut self.state_waiters) {
                waiter.unpark();
            }
        }
    }

    /// Does what a call that waits asks of the channel.
    pub(super) fn pursue(&mut self, wait_for_ready: bool, now: Instant) {
        if self.state == Connectivity::TransientFailure {
            // Where the wait after a failure is over and nobody was there to notice, the call waits for the next attempt.
            let mut due = self.names.is_due(now);
            for index in self.order.clone() {
                if let Some(subchannel) = self.subchannels.get_mut(index)
                    && subchannel.retry_at.is_some_and(|at| at <= now)
                {
                    subchannel.set_state(Connectivity::Connecting, now);
                    due = true;
                }
            }
            if due {
                self.set_state(Connectivity::Connecting, now);
                self.run_names(now);
                self.run_connecting(now);
            } else if !wait_for_ready && self.is_hopeless() {
                self.fail_waiting(now);
            }
        } else {
            self.connect(now);
        }
    }

    /// Whether connections are under way.
    pub(super) fn is_connecting(&self) -> bool {
        self.names.is_under_way()
            || self
                .subchannels
                .iter()
                .any(|(_, subchannel)| subchannel.race.is_some())
    }

    /// When [`Channel::run_connecting`] has something to do.
    pub(super) fn next_connecting(&self) -> Option<Instant> {
        if self.unsettled {
            // Due already.
            return Some(Instant::now());
        }
        self.subchannels
            .iter()
            .flat_map(|(_, subchannel)| {
                let race = subchannel.race.as_ref();
                [
                    subchannel.retry_at,
                    race.map(|race| race.deadline),
                    race.and_then(|race| race.next_start),
                    subchannel
                        .watchers
                        .iter()
                        .filter_map(Watcher::retry_at)
                        .min(),
                ]
            })
            .flatten()
            .min()
    }

    /// Does what the time has come for: further addresses, the ends of attempts and of waits.
    pub(super) fn run_connecting(&mut self, now: Instant) {
        if self.unsettled {
            self.connect_ring(now);
        }
        for place in 0..self.order.len() {
            let Some(&index) = self.order.get(place) else {
                return;
            };
            let Some(subchannel) = self.subchannels.get_mut(index) else {
                continue;
            };
            if subchannel.retry_at.is_some_and(|at| at <= now) {
                subchannel.retry_at = None;
                if matches!(self.policy, LoadBalancing::PickFirst { .. }) {
                    // The name may lead elsewhere by now.
                    self.resolve(now);
                } else {
                    self.start_connecting(index, now);
                }
                continue;
            }
            let Some(race) = &mut subchannel.race else {
                continue;
            };
            if race.deadline <= now {
                let error = "the connection was not made within the time limit".to_owned();
                self.fail_race(index, error, now);
            } else if race.next_start.is_some_and(|at| at <= now) {
                self.next_address(index, now);
            }
        }
    }

    /// Starts to connect a subchannel.
    pub(super) fn start_connecting(&mut self, index: usize, now: Instant) {
        let Some(subchannel) = self.subchannels.get_mut(index) else {
            return;
        };
        subchannel.retry_at = None;
        if subchannel.state != Connectivity::TransientFailure {
            subchannel.set_state(Connectivity::Connecting, now);
        }
        subchannel.race = Some(Race {
            addresses: subchannel.addresses.iter().cloned().collect(),
            racers: Vec::new(),
            next_start: None,
            deadline: now + subchannel.backoff.connect_timeout(),
        });
        self.next_address(index, now);
    }

    /// Tries the next address; the attempt fails where none is left and none runs.
    fn next_address(&mut self, subchannel: usize, now: Instant) {
        loop {
            let Some(race) = self
                .subchannels
                .get_mut(subchannel)
                .and_then(|subchannel| subchannel.race.as_mut())
            else {
                return;
            };
            race.next_start = None;
            let Some(address) = race.addresses.pop_front() else {
                if race.racers.is_empty() {
                    let error = std::mem::take(&mut self.last_error);
                    self.fail_race(subchannel, error, now);
                }
                return;
            };
            trace!(Subchannel, "channel {}: connecting to {address}", self.id);
            match self.open(&address) {
                Ok((index, socket)) => {
                    let delay = self.happy_eyeballs_delay;
                    if let Some(race) = self.race_mut(subchannel) {
                        race.racers.push(Racer {
                            index,
                            address,
                            socket: Some(socket),
                        });
                        race.next_start = (!race.addresses.is_empty())
                            .then(|| now.checked_add(delay))
                            .flatten();
                    }
                    return;
                }
                Err(error) => self.last_error = connect_error(&address, &error),
            }
        }
    }

    fn race_mut(&mut self, subchannel: usize) -> Option<&mut Race> {
        self.subchannels.get_mut(subchannel)?.race.as_mut()
    }

    /// A socket on its way to an address, and its place among the links.
    fn open(&mut self, address: &Address) -> io::Result<(usize, Socket)> {
        if !self.admits(address) {
            return Err(io::Error::other(
                "it is not on this machine, as local credentials demand",
            ));
        }
        let mut socket = match &self.address_proxy {
            Some(proxy) if proxy.proxy_for(address).is_some() => {
                self.network.connect(&proxy.address())?
            }
            _ => self.network.connect(address)?,
        };
        let index = self.links.insert(None);
        let token = Token(FIRST_CONNECTION + index);
        if let Err(error) = register(&self.registry, &mut socket, token) {
            self.links.remove(index);
            return Err(error);
        }
        Ok((index, socket))
    }

    /// Whether the channel's credentials allow this address.
    fn admits(&self, address: &Address) -> bool {
        match self.security {
            ClientSecurity::Local(kind) => kind.admits(match address {
                Address::Socket(socket) => Some(socket.ip()),
                Address::Unix(_) | Address::UnixAbstract(_) => None,
            }),
            ClientSecurity::Plaintext | ClientSecurity::Tls { .. } => true,
        }
    }

    fn fail_race(&mut self, index: usize, error: String, now: Instant) {
        self.stop_racing(index);
        trace!(Subchannel, "channel {}: not connected: {error}", self.id);
        self.wait_to_connect(index, error, now);
    }

    /// The next attempt follows after a wait.
    fn wait_to_connect(&mut self, index: usize, error: String, now: Instant) {
        self.last_error = error;
        let Some(subchannel) = self.subchannels.get_mut(index) else {
            return;
        };
        subchannel.retry_at = Some(now + subchannel.backoff.wait());
        subchannel.fail(&self.last_error, now);
        self.unsettled |= matches!(self.policy, LoadBalancing::RingHash(_));
        self.resolve_again(now);
        self.update_state(now);
    }

    /// Drops what runs to reach a subchannel's addresses.
    pub(super) fn stop_racing(&mut self, subchannel: usize) {
        let race = self
            .subchannels
            .get_mut(subchannel)
            .and_then(|subchannel| subchannel.race.take());
        for racer in race.into_iter().flat_map(|race| race.racers) {
            if let Some(mut socket) = racer.socket {
                // It fails only for a socket that is not registered, which is what is wanted.
                let _ = self.registry.deregister(&mut socket);
                self.links.remove(racer.index);
            } else if let Some(Some(link)) = self.links.get_mut(racer.index) {
                link.transport.engine.close("another address was faster");
                self.after(racer.index, Turn::Idle);
            }
        }
    }

    /// A connecting socket has news.
    pub(super) fn racer_ready(&mut self, index: usize, now: Instant) {
        let found = self
            .subchannels
            .iter_mut()
            .find_map(|(number, subchannel)| {
                let racers = &mut subchannel.race.as_mut()?.racers;
                let racer = racers.iter_mut().find(|racer| racer.index == index)?;
                Some((number, racer.address.clone(), racer.socket.take()?))
            });
        let Some((subchannel, address, socket)) = found else {
            return;
        };
        let connected = match socket.take_error() {
            Ok(Some(error)) | Err(error) => Err(error),
            Ok(None) => socket.is_connected(),
        };
        match connected {
            Ok(true) => self.shake_hands(subchannel, index, &address, socket, now),
            Ok(false) => {
                let racer = self
                    .race_mut(subchannel)
                    .and_then(|race| race.racers.iter_mut().find(|racer| racer.index == index));
                if let Some(racer) = racer {
                    racer.socket = Some(socket);
                }
            }
            Err(error) => {
                drop(socket);
                self.links.remove(index);
                let error = connect_error(&address, &error);
                self.racer_failed(subchannel, index, error, now);
            }
        }
    }

    /// A socket is connected: the proxy, TLS and HTTP/2 follow.
    fn shake_hands(
        &mut self,
        subchannel: usize,
        index: usize,
        address: &Address,
        socket: Socket,
        now: Instant,
    ) {
        let session = match &self.security {
            ClientSecurity::Tls { tls, name } => tls.open(name).map(Some),
            _ => Ok(None),
        };
        let session = match session {
            Ok(session) => session,
            Err(error) => {
                self.links.remove(index);
                let error = format!("{address}: {error}");
                self.racer_failed(subchannel, index, error, now);
                return;
            }
        };
        let peer = socket.peer().into();
        let engine = Connection::new(self.config.clone(), now);
        let mut transport = Transport::new(socket, session, engine);
        let of_address = || self.address_proxy.as_ref()?.proxy_for(address);
        if let Some(proxy) = self.proxy.clone().or_else(of_address) {
            transport.tunnel_through(&proxy);
        }
        if let ClientSecurity::Tls { tls, .. } = &self.security
            && tls.signs_elsewhere()
        {
            transport.shake_hands_elsewhere(self.alarm.clone());
        }
        self.links[index] = Some(Link {
            transport,
            calls: FxHashMap::default(),
            peer,
            subchannel,
            since: None,
            served: false,
        });
        self.after(index, Turn::Idle);
        self.read(index, now);
    }

    /// An address could not be reached, or its handshake failed: the next one is tried.
    pub(super) fn racer_failed(
        &mut self,
        subchannel: usize,
        index: usize,
        error: String,
        now: Instant,
    ) {
        let Some(race) = self.race_mut(subchannel) else {
            return;
        };
        let count = race.racers.len();
        race.racers.retain(|racer| racer.index != index);
        if race.racers.len() < count {
            self.last_error = error;
            self.next_address(subchannel, now);
        }
    }

    /// A connection stands.
    pub(super) fn ready(&mut self, index: usize, now: Instant) {
        let Some(Some(link)) = self.links.get_mut(index) else {
            return;
        };
        link.since = Some(now);
        let number = link.subchannel;
        trace!(
            Subchannel,
            "channel {}: connected to {}", self.id, link.peer
        );
        let won = self.state != Connectivity::Shutdown
            && self.race_mut(number).is_some_and(|race| {
                let count = race.racers.len();
                race.racers.retain(|racer| racer.index != index);
                race.racers.len() < count
            });
        if !won {
            return;
        }
        self.stop_racing(number);
        if let Some(subchannel) = self.subchannels.get_mut(number) {
            subchannel.connected = Some(index);
            subchannel.weight.reset();
            if let LoadBalancing::WeightedRoundRobin(config) = &self.policy
                && config.out_of_band
            {
                let backoff = Backoff::new(self.backoff.clone());
                let watcher = Watcher::new(Purpose::Load, backoff, now);
                subchannel.watchers.push(watcher);
            }
            if self.health_service.is_some() {
                let backoff = Backoff::new(self.backoff.clone());
                let watcher = Watcher::new(Purpose::Health, backoff, now);
                subchannel.watchers.push(watcher);
            } else {
                subchannel.active = Some(index);
                subchannel.set_state(Connectivity::Ready, now);
            }
        }
        self.run_watchers(now);
        self.update_state(now);
        self.start_waiting(now);
    }

    /// A connection takes no more calls, because of what `why` says.
    pub(super) fn retire(&mut self, index: usize, why: &str, now: Instant) {
        let found = self
            .subchannels
            .iter()
            .find(|(_, subchannel)| subchannel.connected == Some(index))
            .map(|(number, _)| number);
        let Some(number) = found else {
            return;
        };
        self.stop_watchers(number);
        let link = self.links.get(index).and_then(Option::as_ref);
        let (served, since, peer) = link.map_or((false, None, Arc::from("")), |link| {
            (link.served, link.since, link.peer.clone())
        });
        let stood = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if let Some(subchannel) = self.subchannels.get_mut(number) {
            if subchannel.ended(served, stood) {
                let error = format!("{peer}: the connection ended before it was of use: {why}");
                self.wait_to_connect(number, error, now);
                return;
            }
            subchannel.set_state(Connectivity::Idle, now);
        }
        if matches!(self.policy, LoadBalancing::PickFirst { .. }) {
            self.update_state(now);
            if !self.waiting.is_empty() {
                self.connect(now);
            }
        } else {
            self.resolve_again(now);
            if matches!(self.policy, LoadBalancing::RingHash(_)) {
                // The next call that wants it connects it.
                self.unsettled |= !self.waiting.is_empty();
            } else {
                self.start_connecting(number, now);
            }
            self.update_state(now);
        }
    }
}

/// The event of a failure.
fn failed(error: &str) -> String {
    format!("{}: {error}", Connectivity::TransientFailure.name())
}

fn connect_error(address: &Address, error: &io::Error) -> String {
    format!("{address}: Failed to connect to remote host: {error}")
}
