//! What the engine alone costs, both sides together, in memory: time and allocations a call and a message. Divide what is printed by the number of items an iteration.

use std::sync::Arc;
use std::time::Instant;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use russet_rpc::client::{self, StartCall};
use russet_rpc::server;
use russet_rpc::{CallId, Encoding, MessageOptions, Metadata, Status};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Calls in flight at once.
const IN_FLIGHT: usize = 100;
/// Messages of a stream an iteration.
const MESSAGES: usize = 1000;

fn main() {
    divan::main();
}

struct Pair {
    client: client::Connection,
    server: server::Connection,
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let now = Instant::now();
        let client = client::Connection::new(Arc::default(), now);
        let server = server::Connection::new(Arc::default(), now);
        let mut pair = Self {
            client,
            server,
            now,
        };
        for _ in 0..3 {
            pair.feed_server();
            pair.feed_client();
        }
        while pair.client.poll_event().is_some() {}
        pair
    }

    fn feed_server(&mut self) {
        let output = self.client.output();
        let length = output.len();
        self.server.handle_input(output, self.now);
        self.client.output_written(length);
    }

    fn feed_client(&mut self) {
        let output = self.server.output();
        let length = output.len();
        self.client.handle_input(output, self.now);
        self.server.output_written(length);
    }

    fn start(&mut self) -> CallId {
        let start = StartCall {
            path: "/russet.bench.Echo/Unary",
            authority: "localhost:50051",
            scheme: "http",
            user_agent: "bench",
            metadata: &Metadata::EMPTY,
            deadline: None,
            encoding: Encoding::Identity,
        };
        self.client
            .start_call(&start, self.now)
            .expect("the server allows it")
    }
}

/// A round of unary calls, all in flight at once: each sends `message` and gets it back.
fn unary_round(pair: &mut Pair, message: &[u8]) {
    for _ in 0..IN_FLIGHT {
        let call = pair.start();
        pair.client
            .send_last_message(call, message, MessageOptions::default())
            .expect("the call is open");
    }
    pair.feed_server();
    while let Some(event) = pair.server.poll_event() {
        if let server::Event::Message {
            call,
            message,
            credit,
        } = event
        {
            pair.server.message_consumed(call, credit);
            pair.server
                .send_message(
                    call,
                    &message.into_bytes().unwrap(),
                    MessageOptions::default(),
                )
                .expect("the call is open");
            pair.server
                .send_status(call, &Status::OK, &Metadata::EMPTY)
                .expect("the call is open");
        }
    }
    pair.feed_client();
    let mut ended = 0;
    while let Some(event) = pair.client.poll_event() {
        ended += usize::from(matches!(event, client::Event::Status { .. }));
    }
    assert_eq!(ended, IN_FLIGHT);
}

#[divan::bench(args = [64, 1024])]
fn unary_100_calls(bencher: Bencher<'_, '_>, length: usize) {
    let mut pair = Pair::new();
    let message = vec![7; length];
    unary_round(&mut pair, &message);
    bencher
        .counter(ItemsCount::new(IN_FLIGHT))
        .bench_local(|| unary_round(&mut pair, &message));
}

#[divan::bench(args = [16])]
fn server_stream_1000_messages(bencher: Bencher<'_, '_>, length: usize) {
    let mut pair = Pair::new();
    let message = vec![7; length];
    let at_client = pair.start();
    pair.feed_server();
    let Some(server::Event::Call(incoming)) = pair.server.poll_event() else {
        unreachable!("a call was started")
    };
    bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| {
        for _ in 0..MESSAGES {
            pair.server
                .send_message(incoming.call, &message, MessageOptions::default())
                .expect("the call is open");
        }
        let mut came = 0;
        while came < MESSAGES {
            pair.feed_client();
            while let Some(event) = pair.client.poll_event() {
                if let client::Event::Message { credit, .. } = event {
                    pair.client.message_consumed(at_client, credit);
                    came += 1;
                }
            }
            pair.feed_server();
        }
    });
}
