//! The servers of a simulated network, and what their handlers do: all that a server may do to a call, at any time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use russet_rpc::retry::{PREVIOUS_ATTEMPTS, PUSHBACK};
use russet_rpc::server::Config;
use russet_rpc::{Code, MessageOptions, Metadata, Status, balancing, health};

use super::calls::{Calls, message};
use super::dice::Dice;
use super::network::{CLIENT, Wires};
use crate::inbox::Inbound;
use crate::reactor::Core;
use crate::security::ServerSecurity;
use crate::server::{Incoming, Server, ServerConfig};
use crate::slots::CallKey;

/// What a handler does with its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// Sends each message back, and OK at the end.
    Echo,
    /// Sends so many messages once the request is complete, then OK.
    Answer(u32),
    /// Sends so many messages at once, then this status.
    End(u32, Code),
    /// Resets the call.
    Reset,
    /// Does nothing.
    Stall,
    /// `Health.Watch`.
    Health,
}

/// An attempt of a call, as a server sees it.
#[derive(Debug)]
struct Attempt {
    key: CallKey,
    /// Its number among all attempts.
    id: u32,
    /// Its call; `None` for streams of the channel's own.
    call: Option<u32>,
    script: Script,
    received: u32,
    complete: bool,
    sent: u32,
    wait_until: Instant,
    over: bool,
}

/// A server, from its start to its end.
#[derive(Debug)]
struct Node {
    server: Server,
    port: usize,
    attempts: Vec<Attempt>,
    /// It takes no new connections and ends with its last one.
    leaves: bool,
    gone: bool,
}

/// All servers that there were.
#[derive(Debug)]
pub(super) struct Servers {
    wires: Wires,
    nodes: Vec<Node>,
    config: ServerConfig,
    serving: bool,
    healing: bool,
    /// What each attempt was ended with, by its number.
    statuses: Vec<Option<Code>>,
    /// The attempts that servers have seen of each call, by the number of those before.
    seen: HashMap<u32, Vec<u32>>,
}

impl Servers {
    pub(super) fn new(wires: Wires, dice: &mut Dice) -> Self {
        // Time enough for a connection to be made.
        let milliseconds = |dice: &mut Dice, most| {
            Some(Duration::from_millis(100) + dice.milliseconds(most)).filter(|_| dice.once_in(3))
        };
        let window = dice.pick(&[1_000, 70_000, 1 << 20]);
        Self {
            wires,
            nodes: Vec::new(),
            config: ServerConfig {
                max_calls: dice.pick(&[None, None, Some(5)]),
                max_connections: dice.pick(&[None, None, Some(2)]),
                engine: Config {
                    // Two are the channel's own at times: health and load.
                    max_concurrent_calls: dice.pick(&[3, 4, 8, 100]),
                    call_window: window,
                    connection_window: window.max(70_000),
                    handshake_timeout: Some(Duration::from_secs(1)),
                    keepalive_time: milliseconds(dice, 500),
                    keepalive_timeout: Duration::from_millis(200),
                    min_ping_interval: Duration::ZERO,
                    permit_ping_without_calls: true,
                    max_ping_strikes: dice.pick(&[None, Some(2)]),
                    settings_timeout: Some(Duration::from_secs(1)),
                    ping_timeout: dice.pick(&[None, Some(Duration::from_millis(500))]),
                    decoder_table_size: dice.pick(&[0, 100, 4096, 1 << 16]),
                    encoder_table_size: dice.pick(&[0, 100, 4096, 1 << 16]),
                    max_connection_idle: milliseconds(dice, 500),
                    max_connection_age: milliseconds(dice, 1000),
                    max_connection_age_grace: milliseconds(dice, 500),
                    ..Config::default()
                },
                ..ServerConfig::default()
            },
            serving: true,
            healing: false,
            statuses: Vec::new(),
            seen: HashMap::new(),
        }
    }

    /// Starts a server at a port that has none.
    pub(super) fn start(&mut self, port: usize, make: impl FnOnce(ServerConfig) -> Server) {
        let mut state = self.wires.state();
        if state.ports[port].is_some() {
            return;
        }
        state.ports[port] = Some(self.nodes.len());
        self.nodes.push(Node {
            server: make(self.config.clone()),
            port,
            attempts: Vec::new(),
            leaves: false,
            gone: false,
        });
    }

    /// Ends the server of a port: with a last word, or with its process.
    pub(super) fn stop(&mut self, port: usize, gracefully: bool, now: Instant) {
        let Some(number) = self.wires.state().ports[port].take() else {
            return;
        };
        if gracefully {
            self.nodes[number].leaves = true;
            self.nodes[number].server.shutdown(now);
        } else {
            self.close(number, now);
        }
    }

    fn close(&mut self, number: usize, now: Instant) {
        let node = &mut self.nodes[number];
        node.leaves = true;
        node.server
            .close(&Status::new(Code::Unavailable, "the server stops"), now);
    }

    /// Says that the service is healthy, or that it is not.
    pub(super) fn set_serving(&mut self, serving: bool) {
        self.serving = serving;
        let option = MessageOptions::default();
        for node in &mut self.nodes {
            for attempt in node
                .attempts
                .iter()
                .filter(|one| one.script == Script::Health && !one.over)
            {
                // One that has ended is noticed at its turn.
                let _ = node
                    .server
                    .send_message(attempt.key, answer_of(serving), option);
            }
        }
    }

    /// From now on handlers come to an end, and only those servers stay that have a port.
    pub(super) fn heal(&mut self, now: Instant) {
        self.healing = true;
        self.set_serving(true);
        for number in 0..self.nodes.len() {
            if self.nodes[number].leaves && !self.nodes[number].gone {
                self.close(number, now);
            }
            for attempt in &mut self.nodes[number].attempts {
                attempt.wait_until = now;
                if attempt.script == Script::Stall {
                    attempt.script = Script::Echo;
                }
            }
        }
    }

    /// A turn of each server and its handlers; whether anything happened.
    pub(super) fn turn(&mut self, calls: &Calls, now: Instant) -> bool {
        let mut moved = false;
        while let Some((number, stream)) = self.wires.accept() {
            moved = true;
            let node = &mut self.nodes[number];
            if !node.leaves {
                node.server.welcome(stream, &ServerSecurity::Plaintext, now);
            }
        }
        for number in 0..self.nodes.len() {
            if self.nodes[number].gone {
                continue;
            }
            let ready = self.wires.state().take_ready(number);
            let node = &mut self.nodes[number];
            let due = node.server.next_turn().is_some_and(|at| at <= now);
            moved |= due || !ready.is_empty();
            for ready in ready {
                node.server.handle_event(ready, now);
            }
            if due {
                node.server.handle_turn(now);
            }
            while let Some(incoming) = self.nodes[number].server.next_incoming() {
                moved = true;
                self.begin(number, &incoming, calls, now);
            }
            moved |= self.work(number, calls, now);
            self.nodes[number].server.flush(now);
            // Writing may have ended a connection, of which the handlers hear now.
            moved |= self.work(number, calls, now);
            let node = &mut self.nodes[number];
            if node.leaves && node.server.connections() == 0 {
                assert_eq!(
                    node.server.active_calls(),
                    0,
                    "calls of server {number} have outlived its connections"
                );
                node.gone = true;
            }
        }
        moved
    }

    /// When a server or a handler wants its next turn.
    pub(super) fn next_turn(&self) -> Option<Instant> {
        let here = self.nodes.iter().filter(|node| !node.gone);
        let of_handlers = here.clone().flat_map(|node| {
            let open = node
                .attempts
                .iter()
                .filter(|one| !one.over && one.script != Script::Stall);
            open.map(|one| one.wait_until)
        });
        here.filter_map(|node| node.server.next_turn())
            .chain(of_handlers)
            .min()
    }

    fn begin(&mut self, number: usize, incoming: &Incoming, calls: &Calls, now: Instant) {
        let mut state = self.wires.state();
        let dice = &mut state.dice;
        let text = |key| {
            incoming
                .call
                .metadata
                .get(key)
                .map(|value| str::from_utf8(value).unwrap().parse().unwrap())
        };
        let call = text("number");
        let id = u32::try_from(self.statuses.len()).unwrap();
        let script = if &*incoming.call.path == health::WATCH {
            Script::Health
        } else if &*incoming.call.path == balancing::STREAM_LOAD {
            Script::End(
                dice.pick(&[0, 1]),
                dice.pick(&[Code::Unimplemented, Code::Unavailable]),
            )
        } else if self.healing {
            Script::Echo
        } else {
            match dice.below(12) {
                0..=3 => Script::Echo,
                4 | 5 => Script::Answer(u32::try_from(dice.below(4)).unwrap()),
                6 => Script::Reset,
                7 => Script::Stall,
                8 => Script::End(u32::try_from(dice.below(3)).unwrap(), Code::Ok),
                _ => Script::End(
                    dice.pick(&[0, 0, 0, 1]),
                    dice.pick(&[
                        Code::Unavailable,
                        Code::Unavailable,
                        Code::Aborted,
                        Code::Internal,
                    ]),
                ),
            }
        };
        let wait = if dice.once_in(2) {
            dice.milliseconds(60)
        } else {
            Duration::ZERO
        };
        drop(state);
        if let Some(call) = call {
            let before: u32 = text(PREVIOUS_ATTEMPTS).unwrap_or(0);
            assert!(
                before < calls.most_attempts(),
                "attempt {before} of call {call}"
            );
            let seen = self.seen.entry(call).or_default();
            // Hedged attempts overtake each other: two may have the same number before them.
            let again = seen.contains(&before) && !calls.are_hedged();
            assert!(!again, "call {call} came twice as attempt {before}");
            seen.push(before);
            assert!(
                seen.len() <= calls.most_attempts() as usize,
                "call {call} came as {seen:?}"
            );
            assert!(calls.is_known(call));
        }
        self.statuses.push(None);
        let node = &mut self.nodes[number];
        node.attempts.push(Attempt {
            key: incoming.key,
            id,
            call,
            script,
            received: 0,
            complete: false,
            sent: 0,
            wait_until: now + wait,
            over: false,
        });
        if script == Script::Health {
            let _ = node.server.send_message(
                incoming.key,
                answer_of(self.serving),
                MessageOptions::default(),
            );
        }
    }

    /// Lets the handlers of a server go on; whether one did something.
    fn work(&mut self, number: usize, calls: &Calls, now: Instant) -> bool {
        let mut state = self.wires.state();
        let dice = &mut state.dice.clone();
        state.dice.next();
        drop(state);
        let node = &mut self.nodes[number];
        let mut moved = false;
        for attempt in node.attempts.iter_mut().filter(|one| !one.over) {
            if node.server.ended(attempt.key).is_some() {
                node.server.release(attempt.key);
                attempt.over = true;
                moved = true;
                continue;
            }
            if attempt.wait_until > now || attempt.script == Script::Stall {
                continue;
            }
            moved |= attempt.step(&mut node.server, dice, calls, &mut self.statuses, now);
        }
        node.attempts.retain(|one| !one.over);
        moved
    }

    /// What holds at any time.
    pub(super) fn check(&self) {
        for node in self.nodes.iter().filter(|node| !node.gone) {
            self.check_node(node);
        }
    }

    fn check_node(&self, node: &Node) {
        let census = node.server.census();
        if let Some(most) = self.config.max_connections {
            assert!(
                census.sockets.len() <= most,
                "{} connections",
                census.sockets.len()
            );
        }
        if let Some(most) = self.config.max_calls {
            assert!(
                node.server.active_calls() <= most,
                "{} calls",
                node.server.active_calls()
            );
        }
        for socket in &census.sockets {
            let traffic = &socket.traffic;
            let open = traffic.streams_started - traffic.streams_succeeded - traffic.streams_failed;
            assert!(
                open <= u64::from(self.config.engine.max_concurrent_calls),
                "{open} calls on a connection"
            );
        }
    }

    /// What an attempt was ended with.
    pub(super) fn status_of(&self, attempt: u32) -> Option<Code> {
        self.statuses[attempt as usize]
    }

    /// Nothing is left of any call or connection.
    pub(super) fn check_quiet(&self) {
        for (number, node) in self.nodes.iter().enumerate() {
            assert_eq!(
                node.server.active_calls(),
                0,
                "server {number} at port {} has calls",
                node.port
            );
            assert_eq!(
                node.server.connections(),
                0,
                "server {number} at port {} has connections",
                node.port
            );
            assert!(node.attempts.is_empty(), "{:?}", node.attempts);
            assert_eq!(self.wires.state().open_ends(number), 0);
        }
        assert_eq!(self.wires.state().open_ends(CLIENT), 0);
    }

    /// The channel's attempts as one number, to compare two runs.
    pub(super) fn attempts(&self) -> usize {
        self.statuses.len()
    }
}

const fn answer_of(serving: bool) -> &'static [u8] {
    if serving { &[8, 1] } else { &[8, 2] }
}

impl Attempt {
    /// Goes on with the script; whether anything happened.
    fn step(
        &mut self,
        server: &mut Server,
        dice: &mut Dice,
        calls: &Calls,
        statuses: &mut [Option<Code>],
        now: Instant,
    ) -> bool {
        let mut moved = self.receive(server, dice, calls);
        let answers = match self.script {
            Script::Echo => self.received,
            Script::Answer(count) if self.complete => count,
            Script::End(count, _) => count,
            _ => 0,
        };
        while self.sent < answers && !server.is_congested(self.key) && self.call.is_some() {
            let bytes = message(self.id, self.sent, dice.length(100_000));
            if server
                .send_message(self.key, &bytes, MessageOptions::default())
                .is_err()
            {
                // Its end comes at the next turn.
                return true;
            }
            self.sent += 1;
            moved = true;
        }
        let done = self.sent == answers || self.call.is_none();
        let code = match self.script {
            Script::Echo | Script::Answer(_) if self.complete && done => Some(Code::Ok),
            Script::End(_, code) if done => Some(code),
            Script::Health if self.complete && dice.once_in(30) => Some(Code::Unavailable),
            Script::Reset => {
                server.cancel(self.key, dice.pick(&[Code::Cancelled, Code::Unavailable]));
                self.over = true;
                return true;
            }
            _ => None,
        };
        if let Some(code) = code {
            let mut trailing = Metadata::new();
            for (key, value) in [("attempt", self.id), ("count", self.sent)] {
                trailing.push(key, value.to_string().as_bytes()).unwrap();
            }
            if dice.once_in(8) {
                trailing
                    .push(PUSHBACK, dice.pick(&[b"0".as_slice(), b"30", b"-1"]))
                    .unwrap();
            }
            if dice.once_in(8) {
                let report = dice.pick(&[&[9, 0, 0, 0, 0, 0, 0, 224, 63][..], &[255, 255]]);
                trailing.push(balancing::TRAILER, report).unwrap();
            }
            statuses[self.id as usize] = Some(code);
            self.over = true;
            // Where it has ended meanwhile, nobody asks for its status.
            if server
                .send_status(self.key, &Status::new(code, ""), &trailing)
                .is_err()
            {
                server.release(self.key);
            }
            return true;
        }
        if moved && dice.once_in(4) {
            self.wait_until = now + dice.milliseconds(30);
        } else if !moved {
            // What it waits for comes with an event.
            self.wait_until = now + Duration::from_millis(50);
        }
        moved
    }

    /// Takes some of the messages that have come: all of the client's, in order.
    fn receive(&mut self, server: &mut Server, dice: &mut Dice, calls: &Calls) -> bool {
        let mut moved = false;
        let most = dice.pick(&[1, 2, 100]);
        for _ in 0..most {
            match server.next_message(self.key) {
                Inbound::Message(message) => {
                    let bytes = message.into_bytes().expect("nothing is compressed");
                    moved = true;
                    if let Some(call) = self.call {
                        calls.check_request(call, self.received, &bytes);
                    }
                    self.received += 1;
                }
                Inbound::HalfClosed if !self.complete => {
                    moved = true;
                    self.complete = true;
                    if let Some(call) = self.call {
                        calls.check_complete(call, self.received);
                    }
                }
                Inbound::HalfClosed | Inbound::Pending | Inbound::Ended(_) => break,
            }
        }
        moved
    }
}
