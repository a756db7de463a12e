//! Random attackers of servers' connections that share a quota, beside a program that takes messages, answers and cancels at random: at every step the accounts hold no more than they may, nothing is given back twice, and when the calls have ended nothing is left in them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use russet_http2::frame::{self, PREFACE, flag, kind, setting};
use russet_http2::hpack::{Encoder, Index};
use russet_rpc::server::{self, Event};
use russet_rpc::{CallId, Code, Held, MemoryQuota, Metadata, Status, limits};

use crate::pair::plain;

const CONNECTIONS: usize = 3;
const CONNECTION_MEMORY: usize = 256 << 10;
const SERVER_MEMORY: usize = 512 << 10;
const LONGEST_MESSAGE: usize = 128 << 10;

#[derive(Clone, Debug)]
enum Step {
    /// A request with a name and a value of metadata of these lengths; whether HPACK may index it, and whether it ends the stream.
    Open {
        path: usize,
        value: usize,
        indexed: bool,
        end: bool,
    },
    /// The start of a message that says it is so long, of which so much comes.
    Begin {
        call: usize,
        length: usize,
        comes: usize,
        compressed: bool,
        end: bool,
    },
    /// More bytes of whatever was begun.
    More {
        call: usize,
        bytes: usize,
        end: bool,
    },
    Reset {
        call: usize,
    },
    Credit {
        call: Option<usize>,
        bytes: u32,
    },
    Window {
        bytes: u32,
    },
    Read {
        bytes: usize,
    },
    Leave,
    Take {
        call: usize,
    },
    Answer {
        call: usize,
        length: usize,
    },
    End {
        call: usize,
        text: usize,
    },
    Cancel {
        call: usize,
    },
    Drop {
        call: usize,
    },
    Pass {
        milliseconds: u64,
    },
}

fn any_step() -> impl Strategy<Value = (usize, Step)> {
    let call = 0_usize..8;
    let length = prop_oneof![3 => 0_usize..100, 3 => 0_usize..20_000, 2 => 0_usize..200_000];
    let bytes = prop_oneof![3 => 0_usize..100, 3 => 0_usize..16_000, 1 => 0_usize..60_000];
    let name = prop_oneof![4 => 1_usize..40, 1 => 500_usize..9000];
    let end = any::<bool>();
    let step = prop_oneof![
        8 => (name.clone(), name, any::<bool>(), end).prop_map(|(path, value, indexed, end)| Step::Open { path, value, indexed, end }),
        8 => (call.clone(), length.clone(), bytes.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(call, length, comes, compressed, end)| Step::Begin { call, length, comes, compressed, end }),
        5 => (call.clone(), bytes.clone(), any::<bool>()).prop_map(|(call, bytes, end)| Step::More { call, bytes, end }),
        1 => call.clone().prop_map(|call| Step::Reset { call }),
        2 => (prop::option::of(call.clone()), 1_u32..100_000).prop_map(|(call, bytes)| Step::Credit { call, bytes }),
        1 => prop::sample::select(vec![0, 1, 65_535, 1 << 20]).prop_map(|bytes| Step::Window { bytes }),
        4 => bytes.prop_map(|bytes| Step::Read { bytes }),
        1 => Just(Step::Leave),
        6 => call.clone().prop_map(|call| Step::Take { call }),
        6 => (call.clone(), length.clone()).prop_map(|(call, length)| Step::Answer { call, length }),
        3 => (call.clone(), length).prop_map(|(call, text)| Step::End { call, text }),
        1 => call.clone().prop_map(|call| Step::Cancel { call }),
        4 => call.prop_map(|call| Step::Drop { call }),
        1 => (0_u64..3000).prop_map(|milliseconds| Step::Pass { milliseconds }),
    ];
    (0..CONNECTIONS, step)
}

/// A call as the program has it.
struct Served {
    incoming: server::IncomingCall,
    owed: Vec<u32>,
}

/// A connection, its attacker and its program.
struct Peer {
    server: server::Connection,
    encoder: Encoder,
    next: u32,
    streams: Vec<u32>,
    calls: Vec<Served>,
}

impl Peer {
    fn new(quota: &Arc<MemoryQuota>, now: Instant) -> Self {
        let config = server::Config {
            max_connection_memory: CONNECTION_MEMORY,
            max_receive_message_length: Some(LONGEST_MESSAGE),
            memory: Some(Arc::clone(quota)),
            ..server::Config::default()
        };
        let mut server = server::Connection::new(Arc::new(config), now);
        let mut hello = PREFACE.to_vec();
        frame::put_settings(&[], &mut hello);
        frame::put_settings_ack(&mut hello);
        server.handle_input(&hello, now);
        Self {
            server,
            encoder: Encoder::new(4096),
            next: 1,
            streams: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn feed(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8], now: Instant) {
        let mut bytes = Vec::new();
        let mut pieces = payload.chunks(16_000).peekable();
        if pieces.peek().is_none() {
            frame::put(kind, flags, stream, payload, &mut bytes);
        }
        while let Some(piece) = pieces.next() {
            let flags = if pieces.peek().is_some() { 0 } else { flags };
            frame::put(kind, flags, stream, piece, &mut bytes);
        }
        self.server.handle_input(&bytes, now);
    }

    fn stream(&self, call: usize) -> Option<u32> {
        self.streams.iter().rev().nth(call).copied()
    }

    fn call(&self, call: usize) -> Option<CallId> {
        (self.calls.iter().rev().nth(call)).map(|served| served.incoming.call)
    }

    fn act(&mut self, step: &Step, quota: &Arc<MemoryQuota>, now: Instant) {
        let end_flag = |end: bool| if end { flag::END_STREAM } else { 0 };
        match *step {
            Step::Open {
                path,
                value,
                indexed,
                end,
            } => {
                let index = if indexed { Index::Always } else { Index::Never };
                let path = format!("/{}", "p".repeat(path));
                let value = "v".repeat(value);
                let mut block = Vec::new();
                self.encoder.start_block(&mut block);
                for (name, value) in [
                    (":method", "POST"),
                    (":scheme", "http"),
                    (":path", &path),
                    ("content-type", "application/grpc"),
                    ("te", "trailers"),
                    ("grpc-encoding", "gzip"),
                    ("key", &value),
                ] {
                    (self.encoder).field(name.as_bytes(), value.as_bytes(), index, &mut block);
                }
                let stream = self.next;
                self.next += 2;
                self.streams.push(stream);
                let flags = flag::END_HEADERS | end_flag(end);
                // Below the longest frame: the name and the value have 18,000 bytes together at most, seven bits each.
                let mut bytes = Vec::new();
                frame::put(kind::HEADERS, flags, stream, &block, &mut bytes);
                self.server.handle_input(&bytes, now);
            }
            Step::Begin {
                call,
                length,
                comes,
                compressed,
                end,
            } => {
                let Some(stream) = self.stream(call) else {
                    return;
                };
                let mut payload = vec![u8::from(compressed)];
                payload.extend(u32::try_from(length).unwrap().to_be_bytes());
                payload.resize(5 + comes.min(length), 7);
                self.feed(kind::DATA, end_flag(end), stream, &payload, now);
            }
            Step::More { call, bytes, end } => {
                if let Some(stream) = self.stream(call) {
                    self.feed(kind::DATA, end_flag(end), stream, &vec![0; bytes], now);
                }
            }
            Step::Reset { call } => {
                if let Some(stream) = self.stream(call) {
                    self.feed(kind::RST_STREAM, 0, stream, &[0, 0, 0, 8], now);
                }
            }
            Step::Credit { call, bytes } => {
                let stream = match call {
                    Some(call) => self.stream(call).unwrap_or(0),
                    None => 0,
                };
                self.feed(kind::WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes(), now);
            }
            Step::Window { bytes } => {
                let mut settings = Vec::new();
                frame::put_settings(&[(setting::INITIAL_WINDOW_SIZE, bytes)], &mut settings);
                self.server.handle_input(&settings, now);
            }
            Step::Read { bytes } => {
                let bytes = bytes.min(self.server.output().len());
                self.server.output_written(bytes);
            }
            Step::Leave => {
                // What the program still has of the calls goes on.
                let kept = std::mem::take(&mut self.calls);
                self.server.handle_eof(now);
                self.check_closed();
                *self = Self::new(quota, now);
                drop(kept);
            }
            Step::Take { call } => {
                let Some(id) = self.call(call) else { return };
                let served = self.calls.iter_mut().rev().nth(call);
                if let Some(credit) = served.and_then(|served| served.owed.pop()) {
                    self.server.message_consumed(id, credit);
                }
            }
            Step::Answer { call, length } => {
                if let Some(id) = self.call(call) {
                    let _ = self.server.send_message(id, &vec![1; length], plain());
                }
            }
            Step::End { call, text } => {
                if let Some(id) = self.call(call) {
                    let status = Status::new(Code::Internal, "x".repeat(text));
                    let _ = self.server.send_status(id, &status, &Metadata::EMPTY);
                }
            }
            Step::Cancel { call } => {
                if let Some(id) = self.call(call) {
                    let _ = self.server.cancel(id, Code::Cancelled);
                }
            }
            Step::Drop { call } => {
                // The handler of a call that may have ended long ago is done.
                if let Some(at) = self.calls.len().checked_sub(call + 1) {
                    let served = self.calls.remove(at);
                    let _ = (self.server).cancel(served.incoming.call, Code::Cancelled);
                }
            }
            Step::Pass { .. } => self.server.handle_timeout(now),
        }
    }

    /// What the program hears.
    fn listen(&mut self) {
        while let Some(event) = self.server.poll_event() {
            match event {
                Event::Call(incoming) => self.calls.push(Served {
                    incoming,
                    owed: Vec::new(),
                }),
                Event::Message { call, credit, .. } => {
                    let served = (self.calls.iter_mut()).find(|one| one.incoming.call == call);
                    if let Some(served) = served {
                        served.owed.push(credit);
                    }
                }
                _ => {}
            }
        }
    }

    fn check_closed(&mut self) {
        self.listen();
        assert_eq!(self.server.active_calls(), 0);
        self.calls.clear();
        let held = self.server.held();
        // What is pending on streams of a connection that has ended goes with it.
        let nothing = Held {
            unsent: held.unsent,
            metadata: held.metadata,
            ..Held::default()
        };
        assert_eq!(held, nothing);
    }

    fn check(&self) {
        let held = self.server.held();
        assert_eq!(held.calls, self.server.active_calls());
        // The message whose turn it is may go beyond the limit.
        assert!(
            held.unfinished <= CONNECTION_MEMORY + LONGEST_MESSAGE,
            "{held:?}"
        );
        assert!(
            held.reserved <= 2 * (CONNECTION_MEMORY + LONGEST_MESSAGE),
            "{held:?}"
        );
        // One call is always taken.
        let names = CONNECTION_MEMORY / limits::METADATA_SHARE + 20_000;
        assert!(held.names <= names, "{held:?}");
        // The table of the reader and the program may have metadata of calls that have ended.
        assert!(
            held.metadata <= names + 20_000 * (1 + self.calls.len()),
            "{held:?}"
        );
        assert!(held.unsent <= CONNECTION_MEMORY + 3 * 200_000, "{held:?}");
    }
}

/// How many schedules are tried.
fn schedules() -> u32 {
    let count = std::env::var("RUSSET_TEST_SCHEDULES").ok();
    count.map_or(100, |count| count.parse().expect("a number of schedules"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: schedules(), ..ProptestConfig::default() })]

    #[test]
    fn the_accounts_are_right_whatever_peers_do(steps in prop::collection::vec(any_step(), 1..300)) {
        let quota = Arc::new(MemoryQuota::new(SERVER_MEMORY));
        let mut now = Instant::now();
        let mut peers: Vec<Peer> = (0..CONNECTIONS).map(|_| Peer::new(&quota, now)).collect();
        for (number, step) in &steps {
            if let Step::Pass { milliseconds } = step {
                now += Duration::from_millis(*milliseconds);
            }
            let peer = &mut peers[*number];
            peer.act(step, &quota, now);
            peer.listen();
            if peer.server.is_closed() {
                peer.check_closed();
                *peer = Peer::new(&quota, now);
            }
            peer.check();
            // Each connection is asked before it takes more, by what it held then: one piece, one answer or one call may go beyond.
            let most = SERVER_MEMORY + CONNECTIONS * (limits::MEMORY_GRAIN + 200_000);
            prop_assert!(quota.used() <= most, "{}", quota.used());
        }
        for mut peer in peers {
            for served in std::mem::take(&mut peer.calls) {
                let _ = peer.server.cancel(served.incoming.call, Code::Cancelled);
            }
            let streams = std::mem::take(&mut peer.streams);
            for stream in streams {
                peer.feed(kind::RST_STREAM, 0, stream, &[0, 0, 0, 8], now);
            }
            peer.listen();
            let held = peer.server.held();
            // The reader keeps the metadata that came last.
            prop_assert!(held.metadata <= 20_000, "{held:?}");
            prop_assert_eq!(held, Held { metadata: held.metadata, ..Held::default() });
        }
        prop_assert_eq!(quota.used(), 0);
    }
}
