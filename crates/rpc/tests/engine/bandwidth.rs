//! Windows on long lines: they grow to what the network holds, and no further.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use russet_rpc::{CallId, MemoryQuota, client, server};

use crate::pair::{Pair, plain};

const MIB: usize = 1 << 20;
const TICK: Duration = Duration::from_millis(1);
/// A message of the streams.
const MESSAGE: usize = 16 << 10;

/// One direction of a line.
#[derive(Default)]
struct Line {
    on_their_way: VecDeque<(Instant, Vec<u8>)>,
}

impl Line {
    fn send(&mut self, output: &[u8], now: Instant, rate: usize, latency: Duration) -> usize {
        let count = output.len().min(rate);
        if count > 0 {
            self.on_their_way
                .push_back((now + latency, output[..count].to_vec()));
        }
        count
    }

    fn arrived(&mut self, now: Instant) -> Option<Vec<u8>> {
        let (at, _) = self.on_their_way.front()?;
        (*at <= now)
            .then(|| self.on_their_way.pop_front())
            .flatten()
            .map(|(_, bytes)| bytes)
    }
}

/// A client that streams as much as it is let, a line, and a server that takes what comes.
struct Upload {
    pair: Pair,
    up: Line,
    down: Line,
    calls: Vec<CallId>,
    /// Bytes a tick that the line takes, each way.
    rate: usize,
    latency: Duration,
    /// Messages that the server's application takes a tick.
    appetite: usize,
    untaken: VecDeque<(CallId, u32)>,
    received: usize,
}

impl Upload {
    fn new(server: server::Config, calls: usize, megabytes_a_second: usize, latency: u64) -> Self {
        let mut pair = Pair::with(client::Config::default(), server);
        let calls = (0..calls).map(|_| pair.start("/a/b")).collect();
        Self {
            pair,
            up: Line::default(),
            down: Line::default(),
            calls,
            rate: megabytes_a_second * 1000,
            latency: Duration::from_millis(latency),
            appetite: usize::MAX,
            untaken: VecDeque::new(),
            received: 0,
        }
    }

    /// Bytes a second that came in the last of so many seconds.
    fn run(&mut self, seconds: usize) -> usize {
        let mut before = 0;
        for tick in 0..seconds * 1000 {
            if tick == (seconds - 1) * 1000 {
                before = self.received;
            }
            self.tick();
        }
        self.received - before
    }

    fn tick(&mut self) {
        let pair = &mut self.pair;
        pair.now += TICK;
        for call in &self.calls {
            while pair.client.send_buffered(*call) < 64 << 10 && pair.client.output().len() < MIB {
                pair.client
                    .send_message(*call, &[7; MESSAGE], plain())
                    .unwrap();
            }
        }
        let sent = self
            .up
            .send(pair.client.output(), pair.now, self.rate, self.latency);
        pair.client.output_written(sent);
        let sent = self
            .down
            .send(pair.server.output(), pair.now, self.rate, self.latency);
        pair.server.output_written(sent);
        while let Some(bytes) = self.up.arrived(pair.now) {
            pair.server.handle_input(&bytes, pair.now);
        }
        while let Some(bytes) = self.down.arrived(pair.now) {
            pair.client.handle_input(&bytes, pair.now);
        }
        while let Some(event) = pair.server.poll_event() {
            if let server::Event::Message { call, credit, .. } = event {
                self.received += MESSAGE;
                self.untaken.push_back((call, credit));
            }
        }
        for _ in 0..self.appetite.min(self.untaken.len()) {
            if let Some((call, credit)) = self.untaken.pop_front() {
                pair.server.message_consumed(call, credit);
            }
        }
        while pair.client.poll_event().is_some() {}
    }

    /// What the server lets the client be ahead on the connection.
    fn window(&self) -> usize {
        usize::try_from(self.pair.server.windows().0).unwrap()
    }
}

#[test]
fn a_long_line_is_filled() {
    // 100 MB/s over 100 ms and back: 10 MB are on their way.
    let mut upload = Upload::new(server::Config::default(), 1, 100, 50);
    let rate = upload.run(5);
    assert!(rate > 95_000_000, "{rate} bytes a second");
}

#[test]
fn a_long_line_is_filled_by_many_calls() {
    let mut upload = Upload::new(server::Config::default(), 50, 100, 50);
    let rate = upload.run(5);
    assert!(rate > 95_000_000, "{rate} bytes a second");
}

#[test]
fn windows_that_must_not_grow_leave_it_idle() {
    let config = server::Config {
        grow_windows: false,
        ..server::Config::default()
    };
    let mut upload = Upload::new(config, 1, 100, 50);
    let rate = upload.run(5);
    assert!(rate < 3_000_000, "{rate} bytes a second");
}

#[test]
fn a_short_line_keeps_the_usual_windows() {
    // 100 MB/s over 1 ms and back: the usual windows are enough.
    let mut upload = Upload::new(server::Config::default(), 1, 100, 0);
    let rate = upload.run(2);
    assert!(rate > 95_000_000, "{rate} bytes a second");
    assert!(upload.window() <= 2 * MIB, "{}", upload.window());
}

#[test]
fn a_slow_application_gets_no_larger_windows() {
    let mut upload = Upload::new(server::Config::default(), 1, 100, 50);
    // 1.6 MB/s.
    upload.appetite = 1;
    upload.tick();
    upload.appetite = 0;
    for tick in 0..10_000 {
        upload.appetite = usize::from(tick % 10 == 0);
        upload.tick();
    }
    assert!(upload.window() <= 2 * MIB, "{}", upload.window());
}

#[test]
fn connections_of_a_server_share_what_windows_grow_to() {
    // A quarter of it may be promised: 8 MiB, and one of these connections could use 15.
    let quota = Arc::new(MemoryQuota::new(32 * MIB));
    let config = server::Config {
        memory: Some(Arc::clone(&quota)),
        ..server::Config::default()
    };
    let mut first = Upload::new(config.clone(), 1, 100, 50);
    let mut second = Upload::new(config.clone(), 1, 100, 50);
    let rates = [first.run(3), second.run(3)];
    assert!(first.window() + second.window() <= 10 * MIB);
    assert!(rates[0] > 2 * rates[1], "{rates:?}");
    drop((first, second));
    // What they had is free again.
    let mut third = Upload::new(config, 1, 100, 50);
    assert_eq!(third.run(3), rates[0]);
}
