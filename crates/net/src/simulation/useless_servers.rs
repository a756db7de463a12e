//! Servers whose connections are of no use: how often a channel comes back to them within a minute.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Poll, Token, Waker};
use russet_rpc::service_config::ServiceConfig;
use russet_rpc::{Code, Encoding, Metadata};

use super::dice::Dice;
use super::network::{CLIENT, Wires};
use crate::address::Target;
use crate::alarm::Alarm;
use crate::channel::{Channel, ChannelConfig, NewCall};
use crate::random::seeded;
use crate::reactor::Core;
use crate::slots::CallKey;
use crate::socket::Stream;

const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// GOAWAY without an error, which says that no stream was seen.
const GO_AWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

const CONTENT_TYPE: (&str, &str) = ("content-type", "application/grpc");

/// A frame; its payload is short.
fn frame(kind: u8, flags: u8, stream: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let mut frame = vec![0, 0, length, kind, flags];
    frame.extend(stream);
    frame.extend(payload);
    frame
}

/// A header block: `:status 200`, and fields that nobody remembers.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![0x88];
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.bytes());
        }
    }
    block
}

/// What a server does with each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// Sends SETTINGS and GOAWAY at once.
    GoesAway,
    /// Closes after its SETTINGS.
    Closes,
    /// Sends GOAWAY once a call has come, which it has not seen.
    GoesAwayFromCalls,
    /// Closes once something has come after the preface, without an answer: at the first call or the first stream of the channel's own.
    ClosesOnStreams,
    /// Says that the service is healthy and sends its load, then GOAWAY.
    AnswersTheChannelAlone,
    /// Refuses every stream, on a connection that stands.
    Refuses,
    /// Ends every call with UNAVAILABLE.
    Fails,
    /// Ends one call with OK, then sends GOAWAY.
    ServesOne,
}

struct Peer {
    stream: Option<Box<dyn Stream>>,
    input: Vec<u8>,
    /// The streams that were opened, of calls and of the channel's own.
    calls: usize,
}

impl Peer {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(stream) = &mut self.stream {
            let mut rest = bytes;
            while !rest.is_empty() {
                match stream.write(rest) {
                    Ok(count) => rest = &rest[count..],
                    Err(_) => return,
                }
            }
        }
    }

    /// Answers with nothing but a status.
    fn answer(&mut self, stream: [u8; 4], status: &str) {
        let block = block(&[CONTENT_TYPE, ("grpc-status", status)]);
        self.write(&frame(1, 5, stream, &block));
    }

    /// Answers a stream of the channel's own with a message: that all is well, as both kinds read it.
    fn report(&mut self, stream: [u8; 4]) {
        self.write(&frame(1, 4, stream, &block(&[CONTENT_TYPE])));
        self.write(&frame(0, 0, stream, &[0, 0, 0, 0, 2, 8, 1]));
    }

    /// Takes in what has come; whether anything happened.
    fn turn(&mut self, habit: Habit) -> bool {
        let Some(stream) = &mut self.stream else {
            return false;
        };
        let mut buffer = [0; 4096];
        let Ok(count) = stream.read(&mut buffer) else {
            return false;
        };
        if count == 0 {
            self.stream = None;
            return true;
        }
        self.input.extend(&buffer[..count]);
        // The preface goes first.
        loop {
            if self.input.starts_with(b"PRI") {
                if self.input.len() < 24 {
                    return true;
                }
                self.input.drain(..24);
            }
            let Some(head) = self.input.first_chunk::<9>().copied() else {
                return true;
            };
            let length = 9 + usize::from(head[1]) * 256 + usize::from(head[2]);
            if self.input.len() < length {
                return true;
            }
            let frame: Vec<u8> = self.input.drain(..length).collect();
            if frame[3] == 1 {
                self.calls += 1;
                let stream = [frame[5], frame[6], frame[7], frame[8]];
                let own = frame.windows(5).any(|part| part == b"Watch");
                self.opened(habit, stream, own);
            }
        }
    }

    fn opened(&mut self, habit: Habit, stream: [u8; 4], own: bool) {
        match habit {
            Habit::GoesAway | Habit::Closes => {}
            Habit::GoesAwayFromCalls => self.write(GO_AWAY),
            Habit::ClosesOnStreams => self.stream = None,
            Habit::AnswersTheChannelAlone => {
                if own {
                    self.report(stream);
                }
                self.write(GO_AWAY);
            }
            Habit::Refuses => {
                // RST_STREAM with REFUSED_STREAM.
                self.write(&frame(3, 0, stream, &[0, 0, 0, 7]));
            }
            Habit::Fails => self.answer(stream, "14"),
            Habit::ServesOne => {
                self.answer(stream, "0");
                let mut frame = GO_AWAY.to_vec();
                frame[9..13].copy_from_slice(&stream);
                self.write(&frame);
            }
        }
    }
}

/// A channel to a name with as many addresses as there are ports, at each of which a server has the habit.
struct World {
    now: Instant,
    wires: Wires,
    channel: Channel,
    habit: Habit,
    peers: Vec<Peer>,
    _poll: Poll,
}

impl World {
    fn new(habit: Habit, ports: u16, service_config: &str) -> Self {
        seeded::begin(Some(7));
        let now = Instant::now() + Duration::from_secs(24 * 60 * 60);
        let wires = Wires::new(now, Dice::new(7), usize::from(ports));
        wires.state().heal();
        for port in 0..ports {
            wires.state().ports[usize::from(port)] = Some(usize::from(port));
        }
        wires.state().name = Some((0..ports).collect());
        let poll = Poll::new().unwrap();
        let registry = poll.registry().try_clone().unwrap();
        let alarm = Arc::new(Alarm::new(Waker::new(&registry, Token(0)).unwrap()));
        let mut config = ChannelConfig::new("test".to_owned());
        config.service_config = ServiceConfig::parse(service_config).unwrap();
        config.resolution_interval = Duration::from_secs(1);
        let target = Target::Name {
            host: "test".to_owned(),
            port: 0,
        };
        let network = Box::new(wires.clone());
        let channel = Channel::over(network, registry, alarm, target, config);
        Self {
            now,
            wires,
            channel,
            habit,
            peers: Vec::new(),
            _poll: poll,
        }
    }

    fn call(&mut self, wait_for_ready: bool) -> CallKey {
        let mut metadata = Metadata::new();
        metadata.push("key", b"k").unwrap();
        let new = NewCall {
            path: "/s/m",
            metadata: &metadata,
            deadline: None,
            wait_for_ready: Some(wait_for_ready),
            encoding: Encoding::Identity,
            held: false,
            streaming: false,
            token: 0,
        };
        let key = self.channel.start(&new, self.now);
        // A call that is over already has its status.
        let _ = self.channel.half_close(key);
        key
    }

    fn code(&self, key: CallKey) -> Option<Code> {
        self.channel.outcome(key).map(|outcome| outcome.status.code)
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            self.wires.state().arrive();
            let ready = self.wires.state().take_ready(CLIENT);
            let due = self.channel.next_turn().is_some_and(|at| at <= self.now);
            let due = due || self.wires.state().has_found();
            let mut moved = due || !ready.is_empty();
            for ready in ready {
                self.channel.handle_event(ready, self.now);
            }
            if moved {
                self.channel.handle_turn(self.now);
            }
            self.channel.flush(self.now);
            while let Some((_, stream)) = self.wires.accept() {
                moved = true;
                let mut peer = Peer {
                    stream: Some(stream),
                    input: Vec::new(),
                    calls: 0,
                };
                peer.write(SETTINGS);
                match self.habit {
                    Habit::GoesAway => peer.write(GO_AWAY),
                    Habit::Closes => peer.stream = None,
                    _ => {}
                }
                self.peers.push(peer);
            }
            for peer in &mut self.peers {
                moved |= peer.turn(self.habit);
            }
            let state = self.wires.state();
            let waiting = state.next_arrival().is_some_and(|at| at <= self.now);
            if !moved && !waiting && state.restless().iter().all(|side| side % 2 == 1) {
                return;
            }
        }
        panic!("it goes on and on without any time passing");
    }

    /// Lets time pass until `done`, or this long.
    fn pass(&mut self, time: Duration, done: impl Fn(&Self) -> bool) {
        let end = self.now + time;
        loop {
            self.settle();
            if self.now >= end || done(self) {
                return;
            }
            let all = [self.wires.state().next_arrival(), self.channel.next_turn()];
            let next = all.into_iter().flatten().filter(|at| *at <= end).min();
            self.now = next.unwrap_or(end).max(self.now);
            self.wires.state().now = self.now;
        }
    }

    /// The streams that all servers have seen.
    fn streams(&self) -> usize {
        self.peers.iter().map(|peer| peer.calls).sum()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        seeded::begin(None);
    }
}

const MINUTE: Duration = Duration::from_secs(60);

/// The waits after failures grow from one second by 1.6 each time: in a minute there are nine of them, with the jitter ten, and one connection before the first.
const MOST: usize = 13;

const POLICIES: [&str; 6] = [
    r#"{"loadBalancingConfig": [{"pick_first": {}}]}"#,
    r#"{"loadBalancingConfig": [{"round_robin": {}}]}"#,
    r#"{"loadBalancingConfig": [{"least_request_experimental": {}}]}"#,
    r#"{"loadBalancingConfig": [{"ring_hash_experimental": {"requestHashHeader": "key"}}]}"#,
    r#"{"loadBalancingConfig": [{"weighted_round_robin": {"enableOobLoadReport": true}}]}"#,
    r#"{"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": "shop"}}"#,
];

#[test]
fn a_call_that_waits_does_not_have_useless_servers_connected_to_without_a_pause() {
    for config in POLICIES {
        for habit in [
            Habit::GoesAway,
            Habit::Closes,
            Habit::AnswersTheChannelAlone,
        ] {
            for ports in [1, 3] {
                let mut world = World::new(habit, ports, config);
                let key = world.call(true);
                world.pass(MINUTE, |_| false);
                let tried = world.wires.state().wires();
                let most = MOST * usize::from(ports);
                // A call that two servers did not want to see has ended; nobody wants a connection then.
                let code = world.code(key);
                assert!(
                    matches!(code, None | Some(Code::Unavailable)),
                    "{habit:?} {config}"
                );
                let least = if code.is_none() { 4 } else { 2 };
                assert!(
                    (least..=most).contains(&tried),
                    "{habit:?} {config} {ports}: {tried} connections"
                );
            }
        }
    }
}

#[test]
fn new_calls_do_not_either() {
    for config in POLICIES {
        for habit in [
            Habit::GoesAway,
            Habit::Closes,
            Habit::GoesAwayFromCalls,
            Habit::AnswersTheChannelAlone,
        ] {
            let mut world = World::new(habit, 1, config);
            for _ in 0..600 {
                let key = world.call(false);
                world.pass(MINUTE / 600, |_| false);
                world.channel.release(key);
            }
            let tried = world.wires.state().wires();
            assert!(tried <= MOST, "{habit:?} {config}: {tried} connections");
        }
    }
}

#[test]
fn a_call_that_fails_because_of_it_says_why() {
    let mut world = World::new(Habit::GoesAway, 1, POLICIES[0]);
    let mut text = String::new();
    for _ in 0..3 {
        let key = world.call(false);
        world.pass(MINUTE, |world| world.code(key).is_some());
        let status = &world.channel.outcome(key).unwrap().status;
        assert_eq!(status.code, Code::Unavailable);
        text = status.message.to_string();
    }
    assert!(
        text.contains("the connection ended before it was of use: GOAWAY"),
        "{text}"
    );
}

#[test]
fn a_server_that_serves_one_call_a_connection_never_has_to_wait() {
    for config in &POLICIES[..4] {
        let mut world = World::new(Habit::ServesOne, 1, config);
        let start = world.now;
        for _ in 0..100 {
            let key = world.call(false);
            world.pass(MINUTE, |world| world.code(key).is_some());
            assert_eq!(world.code(key), Some(Code::Ok), "{config}");
            world.channel.release(key);
        }
        let each = (world.now - start) / 100;
        assert!(each < Duration::from_millis(200), "{config}: {each:?}");
    }
}

#[test]
fn the_channel_s_own_streams_are_opened_again_after_growing_waits() {
    for config in &POLICIES[4..] {
        for habit in [Habit::Refuses, Habit::Fails, Habit::ClosesOnStreams] {
            let mut world = World::new(habit, 1, config);
            world.channel.connect(world.now);
            world.pass(MINUTE, |_| false);
            let (streams, tried) = (world.streams(), world.wires.state().wires());
            assert!(
                streams > 2 && streams <= MOST,
                "{habit:?} {config}: {streams} streams"
            );
            assert!(tried <= MOST, "{habit:?} {config}: {tried} connections");
        }
    }
}

#[test]
fn a_call_has_no_more_attempts_than_its_policy_and_one() {
    let retries = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.01s", "maxBackoff": "0.1s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"#;
    let hedging = r#"{"methodConfig": [{"name": [{}], "hedgingPolicy": {"maxAttempts": 5, "hedgingDelay": "0.01s", "nonFatalStatusCodes": ["UNAVAILABLE"]}}]}"#;
    for (config, habit, most) in [
        ("{}", Habit::Refuses, 2),
        (retries, Habit::Refuses, 6),
        (hedging, Habit::Refuses, 6),
        ("{}", Habit::Fails, 1),
        (retries, Habit::Fails, 5),
        (hedging, Habit::Fails, 5),
        ("{}", Habit::ClosesOnStreams, 1),
        // After two connections that gave no answer the channel waits, and the call is told so.
        (retries, Habit::ClosesOnStreams, 2),
    ] {
        let mut world = World::new(habit, 1, config);
        let key = world.call(false);
        world.pass(MINUTE, |world| world.code(key).is_some());
        assert_eq!(
            world.code(key),
            Some(Code::Unavailable),
            "{habit:?} {config}"
        );
        let streams = world.streams();
        assert_eq!(streams, most, "{habit:?} {config}");
        assert!(world.wires.state().wires() <= most);
    }
}
