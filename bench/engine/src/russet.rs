//! Russet's engine, driven by hand: bytes out of one side go into the other.

use std::sync::Arc;
use std::time::Instant;

use russet_rpc::client::{self, StartCall};
use russet_rpc::server;
use russet_rpc::{CallId, Encoding, MessageOptions, Metadata, Status};

use crate::measure::Engine;
use crate::{IN_FLIGHT, MESSAGE, MESSAGES, STREAM_PATH, UNARY_PATH};

pub struct Pair {
    client: client::Connection,
    server: server::Connection,
    now: Instant,
}

impl Pair {
    pub fn new() -> Self {
        let now = Instant::now();
        let mut pair = Self {
            client: client::Connection::new(Arc::default(), now),
            server: server::Connection::new(Arc::default(), now),
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

    fn start(&mut self, path: &str) -> CallId {
        let start = StartCall {
            path,
            authority: "localhost:50051",
            scheme: "http",
            user_agent: "bench",
            metadata: &Metadata::EMPTY,
            deadline: None,
            encoding: Encoding::Identity,
        };
        let call = self
            .client
            .start_call(&start, self.now)
            .expect("the server allows it");
        self.client
            .send_last_message(call, MESSAGE, MessageOptions::default())
            .expect("the call is open");
        call
    }
}

impl Engine for Pair {
    fn unary_round(&mut self) -> usize {
        // A driver reads the clock once a turn.
        self.now = Instant::now();
        for _ in 0..IN_FLIGHT {
            self.start(UNARY_PATH);
        }
        self.feed_server();
        while let Some(event) = self.server.poll_event() {
            if let server::Event::Message {
                call,
                message,
                credit,
            } = event
            {
                self.server.message_consumed(call, credit);
                self.server
                    .send_message(call, &message, MessageOptions::default())
                    .expect("the call is open");
                self.server
                    .send_status(call, &Status::OK, &Metadata::EMPTY)
                    .expect("the call is open");
            }
        }
        self.feed_client();
        let mut ended = 0;
        while let Some(event) = self.client.poll_event() {
            match event {
                client::Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    assert_eq!(message, MESSAGE);
                    self.client.message_consumed(call, credit);
                }
                client::Event::Status { .. } => ended += 1,
                _ => {}
            }
        }
        assert_eq!(ended, IN_FLIGHT);
        ended
    }

    fn stream_round(&mut self) -> usize {
        self.now = Instant::now();
        let at_client = self.start(STREAM_PATH);
        self.feed_server();
        let mut at_server = None;
        while let Some(event) = self.server.poll_event() {
            if let server::Event::Message { call, credit, .. } = event {
                self.server.message_consumed(call, credit);
                at_server = Some(call);
            }
        }
        let call = at_server.expect("the call came with its message");
        for _ in 0..MESSAGES {
            self.server
                .send_message(call, MESSAGE, MessageOptions::default())
                .expect("the call is open");
        }
        self.server
            .send_status(call, &Status::OK, &Metadata::EMPTY)
            .expect("the call is open");
        let (mut came, mut ended) = (0, false);
        while !ended {
            self.feed_client();
            while let Some(event) = self.client.poll_event() {
                match event {
                    client::Event::Message {
                        message, credit, ..
                    } => {
                        assert_eq!(message, MESSAGE);
                        self.client.message_consumed(at_client, credit);
                        came += 1;
                    }
                    client::Event::Status { .. } => ended = true,
                    _ => {}
                }
            }
            self.feed_server();
            while self.server.poll_event().is_some() {}
        }
        assert_eq!(came, MESSAGES);
        came
    }
}
