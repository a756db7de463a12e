//! Whole channels and servers under a simulated clock, joined by a simulated network: any order of commands, arrivals, losses, refusals and timers, with every policy of balancing, retries and hedging.
//!
//! A schedule follows from its seed; one that breaks a promise names it, and `RUSSET_TEST_SEED=<seed>` repeats that one alone. `RUSSET_TEST_SCHEDULES=1000000 cargo test --release -p russet-net simulation` runs a million.
//!
//! What is promised: every call ends once, by its deadline, and its end is told, to its observer too; answers are whole, in order and of one attempt; OK means that all of them came; a server sees no attempt twice and never more than the policy has; limits of calls and connections hold; nothing spins; once the network is well again every call ends, a large message gets through, and what nobody uses any more goes.

mod calls;
mod dice;
mod listener;
mod network;
mod servers;
mod useless_servers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Poll, Token, Waker};
use russet_rpc::client::Config;
use russet_rpc::service_config::ServiceConfig;
use russet_rpc::{Code, Observe};

use self::calls::Calls;
use self::dice::Dice;
use self::listener::Listener;
use self::network::{CLIENT, Wires};
use self::servers::Servers;
use crate::address::Target;
use crate::alarm::Alarm;
use crate::backoff::BackoffConfig;
use crate::channel::{Channel, ChannelConfig, Connectivity, RetryConfig};
use crate::random::seeded;
use crate::reactor::Core;
use crate::server::Server;
use crate::trace;

/// Ports at which a server may be.
const PORTS: usize = 3;

/// How long a channel without calls keeps its connections.
const IDLE: Duration = Duration::from_secs(5);

/// How long everything takes at most once the network is well: waits to connect and of outlier detection among it.
const RECOVERY: Duration = Duration::from_secs(120);

/// More turns than this at one instant are a loop without an end.
const MOST_TURNS: usize = 20_000;

/// A channel, its calls, and the servers.
struct World {
    now: Instant,
    dice: Dice,
    /// Which nobody waits in: it is there for what wants to be registered.
    poll: Poll,
    alarm: Arc<Alarm>,
    wires: Wires,
    channel: Channel,
    calls: Calls,
    servers: Servers,
    listener: Arc<Listener>,
}

impl World {
    fn new(seed: u64) -> Self {
        seeded::begin(Some(seed));
        let mut dice = Dice::new(seed);
        // Ahead of the real clock, by which the engines say "at once".
        let now = Instant::now() + Duration::from_secs(24 * 60 * 60);
        let wires = Wires::new(now, Dice::new(dice.next()), PORTS);
        let poll = Poll::new().unwrap();
        let (mut config, calls) = config(&mut dice);
        let listener = Arc::new(Listener::default());
        config.observer = Some(listener.clone());
        let target = Target::Name {
            host: "test".to_owned(),
            port: 0,
        };
        let registry = poll.registry().try_clone().unwrap();
        let alarm = Arc::new(Alarm::new(Waker::new(&registry, Token(0)).unwrap()));
        let channel = Channel::over(
            Box::new(wires.clone()),
            registry,
            alarm.clone(),
            target,
            config,
        );
        let servers = Servers::new(wires.clone(), &mut dice);
        let mut world = Self {
            now,
            dice,
            poll,
            alarm,
            wires,
            channel,
            calls,
            servers,
            listener,
        };
        for port in 0..PORTS {
            if world.dice.once_in(2) {
                world.start(port);
            }
        }
        world.rename();
        world
    }

    fn start(&mut self, port: usize) {
        let (poll, alarm, listener) = (&self.poll, &self.alarm, &self.listener);
        self.servers.start(port, |config| {
            let registry = poll.registry().try_clone().unwrap();
            let mut server = Server::new(registry, alarm.clone(), config);
            server.observe(listener.clone());
            server.start().unwrap();
            server
        });
    }

    /// Has the name lead to other addresses.
    fn rename(&mut self) {
        let mut ports: Vec<u16> = (0..u16::try_from(PORTS).unwrap()).collect();
        self.dice.shuffle(&mut ports);
        ports.truncate(self.dice.pick(&[1, 2, 3, 3, 3]));
        self.wires.state().name = Some(ports).filter(|_| !self.dice.once_in(10));
    }

    /// A step of the schedule.
    fn step(&mut self) {
        match self.dice.below(40) {
            0..=5 => self
                .calls
                .start(&mut self.channel, &mut self.dice, self.now),
            6..=24 => self
                .calls
                .act(&mut self.channel, &self.servers, &mut self.dice),
            25..=33 => {
                let most = self.dice.pick(&[2, 20, 20, 200]);
                let time = self.dice.milliseconds(most);
                self.pass(time);
            }
            34 => {
                let most = self.dice.pick(&[500, 3_000, 10_000]);
                let time = self.dice.milliseconds(most);
                self.pass(time);
            }
            35 => self.wires.state().lose_one(),
            36 => {
                let port = self.dice.below(PORTS);
                self.start(port);
            }
            37 => {
                let (port, gracefully) = (self.dice.below(PORTS), self.dice.once_in(2));
                self.servers.stop(port, gracefully, self.now);
            }
            38 => self.rename(),
            _ => {
                let serving = self.dice.once_in(2);
                self.servers.set_serving(serving);
            }
        }
        if self.dice.once_in(2) {
            self.settle();
        }
    }

    /// Everybody's turns, until nobody has anything more to do at this instant.
    fn settle(&mut self) {
        let mut turns = 0;
        loop {
            turns += 1;
            self.wires.state().arrive();
            let ready = self.wires.state().take_ready(CLIENT);
            let due = self.channel.next_turn().is_some_and(|at| at <= self.now);
            // A look-up that has ended rings the alarm.
            let due = due || self.wires.state().has_found();
            let mut moved = due || !ready.is_empty();
            for ready in ready {
                self.channel.handle_event(ready, self.now);
            }
            if moved {
                self.channel.handle_turn(self.now);
            }
            self.channel.flush(self.now);
            moved |= self.servers.turn(&self.calls, self.now);
            let state = self.wires.state();
            let arrival = state.next_arrival();
            assert!(
                turns < MOST_TURNS,
                "it goes on and on without any time passing, for {:?}; at {:?}: channel {:?}, servers {:?}, network {arrival:?}, {}",
                state.restless(),
                self.now,
                self.channel.next_turn(),
                self.servers.next_turn(),
                moved,
            );
            if !moved && state.restless().is_empty() && arrival.is_none_or(|at| at > self.now) {
                break;
            }
        }
        self.servers.check();
        self.calls.check(&mut self.channel, self.now);
    }

    /// Lets time pass, with all that happens meanwhile.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let arrival = self.wires.state().next_arrival();
            let all = [arrival, self.channel.next_turn(), self.servers.next_turn()];
            let next = all.into_iter().flatten().min().filter(|at| *at <= end);
            // A timer of the past would be one that `settle` left.
            let next = next.unwrap_or(end).max(self.now);
            if next == end && self.now == end {
                return;
            }
            self.now = next;
            self.wires.state().now = next;
        }
    }

    /// Lets time pass until `done`, which must come to be.
    fn pass_until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let limit = self.now + RECOVERY;
        loop {
            self.settle();
            if done(self) {
                return;
            }
            assert!(
                self.now < limit,
                "{what}: {:?}\n{:#?}\n{:#?}\n{:#?}",
                self.channel.state(),
                self.calls.open(),
                self.servers,
                self.wires.state().tell_open(),
            );
            self.pass(Duration::from_millis(100));
        }
    }

    /// The network is well again: nothing may be left that does not end.
    fn finish(&mut self) {
        self.wires.state().heal();
        for port in 0..PORTS {
            self.start(port);
        }
        self.wires.state().name = Some((0..u16::try_from(PORTS).unwrap()).collect());
        self.servers.heal(self.now);
        let all_over = |world: &mut Self| world.calls.finish(&mut world.channel, &world.servers);
        self.pass_until("calls that do not end", all_over);
        // One of them may meet a connection at the end of its age.
        let mut last = None;
        self.pass_until("no large message gets through", |world| {
            let number = *last.get_or_insert_with(|| {
                world
                    .calls
                    .start_last(&mut world.channel, &mut world.dice, 300_000, world.now)
            });
            all_over(world);
            match world.calls.code(number) {
                Some(Code::Ok) => return true,
                Some(_) => last = None,
                None => {}
            }
            false
        });
        self.pass_until("calls that do not end", all_over);
        assert_eq!(self.channel.attended(), 0);
        self.pass(IDLE + Duration::from_secs(2));
        assert_eq!(self.channel.state(), Connectivity::Idle);
        let open = self.wires.state().tell_open();
        assert!(open.is_empty(), "{open:#?}");
        self.servers.check_quiet();
        self.listener.check(&self.calls.codes());
    }
}

/// Any settings of a channel, and what they make of its calls.
fn config(dice: &mut Dice) -> (ChannelConfig, Calls) {
    let policy = match dice.below(7) {
        0 => r#"{"pick_first": {}}"#,
        1 => r#"{"pick_first": {"shuffleAddressList": true}}"#,
        2 => r#"{"round_robin": {}}"#,
        3 => r#"{"least_request_experimental": {"choiceCount": 2}}"#,
        4 => r#"{"weighted_round_robin": {"blackoutPeriod": "0s", "weightUpdatePeriod": "0.1s"}}"#,
        5 => {
            r#"{"weighted_round_robin": {"enableOobLoadReport": true, "oobReportingPeriod": "0.1s"}}"#
        }
        _ => {
            r#"{"ring_hash_experimental": {"minRingSize": 10, "maxRingSize": 20, "requestHashHeader": "key"}}"#
        }
    };
    let policy = if dice.once_in(3) {
        format!(
            r#"{{"outlier_detection_experimental": {{"interval": "0.2s", "baseEjectionTime": "0.3s", "maxEjectionTime": "1s", "maxEjectionPercent": 70,
                "failurePercentageEjection": {{"threshold": 30, "minimumHosts": 1, "requestVolume": 2}}, "childPolicy": [{policy}]}}}}"#
        )
    } else {
        policy.to_owned()
    };
    let codes = r#"["UNAVAILABLE", "ABORTED"]"#;
    let (repeat, most_attempts) = match dice.below(4) {
        0 | 1 => (String::new(), 1),
        2 => {
            let most = dice.pick(&[2, 3, 5]);
            (
                format!(
                    r#", "retryPolicy": {{"maxAttempts": {most}, "initialBackoff": "0.02s", "maxBackoff": "0.2s", "backoffMultiplier": 2, "retryableStatusCodes": {codes}}}"#
                ),
                most,
            )
        }
        _ => {
            let (most, delay) = (dice.pick(&[2, 3, 5]), dice.pick(&["0s", "0.03s"]));
            (
                format!(
                    r#", "hedgingPolicy": {{"maxAttempts": {most}, "hedgingDelay": "{delay}", "nonFatalStatusCodes": {codes}}}"#
                ),
                most,
            )
        }
    };
    let throttling = dice.pick(&[
        "",
        r#", "retryThrottling": {"maxTokens": 4, "tokenRatio": 0.5}"#,
    ]);
    let health = dice.pick(&["", "", r#", "healthCheckConfig": {"serviceName": "shop"}"#]);
    let text = format!(
        r#"{{"loadBalancingConfig": [{policy}], "methodConfig": [{{"name": [{{}}]{repeat}}}]{throttling}{health}}}"#
    );
    if number("RUSSET_TEST_SEED").is_some() {
        eprintln!("service config: {text}");
    }
    let mut config = ChannelConfig::new("test".to_owned());
    config.service_config =
        ServiceConfig::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let window = dice.pick(&[1_000, 70_000, 1 << 20]);
    config.engine = Config {
        call_window: window,
        connection_window: window.max(70_000),
        handshake_timeout: Some(Duration::from_secs(1)),
        keepalive_time: Some(dice.milliseconds(300) + Duration::from_millis(50))
            .filter(|_| dice.once_in(2)),
        observe: dice.pick(&[Observe::Sizes, Observe::Messages]),
        keepalive_timeout: Duration::from_millis(150),
        keepalive_without_calls: dice.once_in(2),
        max_pings_without_data: dice.pick(&[None, Some(2)]),
        settings_timeout: Some(Duration::from_secs(1)),
        ping_timeout: dice.pick(&[None, Some(Duration::from_millis(500))]),
        decoder_table_size: dice.pick(&[0, 100, 4096, 1 << 16]),
        encoder_table_size: dice.pick(&[0, 100, 4096, 1 << 16]),
        ..Config::default()
    };
    config.backoff = BackoffConfig {
        initial: Duration::from_millis(50),
        max: Duration::from_secs(1),
        min_connect_timeout: Duration::from_millis(500),
    };
    config.retries = RetryConfig {
        enabled: !dice.once_in(5),
        buffer: dice.pick(&[100, 50_000, 256 << 10]),
    };
    let most_attempts = if config.retries.enabled {
        most_attempts
    } else {
        1
    };
    config.happy_eyeballs_delay = Duration::from_millis(30);
    config.resolution_interval = Duration::from_millis(300);
    config.idle_timeout = Some(IDLE);
    (config, Calls::new(most_attempts, text.contains("hedging")))
}

/// Runs a schedule; what it came to, to be compared with another run.
fn run(seed: u64) -> (Vec<Option<Code>>, usize, usize) {
    let mut world = World::new(seed);
    for _ in 0..world.dice.pick(&[20, 60, 150]) {
        world.step();
    }
    world.finish();
    seeded::begin(None);
    let wires = world.wires.state().wires();
    (world.calls.codes(), world.servers.attempts(), wires)
}

/// Names the seed of a schedule that broke a promise.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("RUSSET_TEST_SEED={} repeats this schedule", self.0);
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
    )
}

/// How many schedules are tried, from seed 0 on.
fn schedules() -> u64 {
    number("RUSSET_TEST_SCHEDULES").unwrap_or(200)
}

#[test]
fn every_schedule_keeps_the_promises() {
    if let Some(seed) = number("RUSSET_TEST_SEED") {
        // With all lines of the log, as its steps are not told otherwise.
        let lines = trace::listen(&trace::TRACERS.map(|(_, tracer)| tracer));
        std::thread::spawn(move || {
            for (tracer, line) in lines {
                eprintln!("{}: {line}", tracer.name());
            }
        });
        let _named = Seed(seed);
        run(seed);
        return;
    }
    let count = schedules();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (0..count).skip(thread).step_by(threads) {
                    let _named = Seed(seed);
                    run(seed);
                }
            });
        }
    });
}

#[test]
fn a_seed_gives_the_same_schedule_each_time() {
    for seed in 0..schedules().min(20) {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
