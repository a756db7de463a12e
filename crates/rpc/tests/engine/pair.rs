//! A client and a server engine joined by a simulated network, under a simulated clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use russet_rpc::client::{self, StartCall};
use russet_rpc::server;
use russet_rpc::{CallId, Encoding, MessageOptions, Metadata};

/// Both ends. Bytes on their way wait in the outputs, as in front of a slow socket.
pub(crate) struct Pair {
    pub(crate) client: client::Connection,
    pub(crate) server: server::Connection,
    pub(crate) now: Instant,
    /// The longest piece in which bytes arrive.
    pub(crate) piece: usize,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(client::Config::default(), server::Config::default())
    }

    pub(crate) fn with(client: client::Config, server: server::Config) -> Self {
        let now = Instant::now();
        let mut pair = Self {
            client: client::Connection::new(Arc::new(client), now),
            server: server::Connection::new(Arc::new(server), now),
            now,
            piece: usize::MAX,
        };
        pair.run();
        assert!(matches!(
            pair.client.poll_event(),
            Some(client::Event::Ready)
        ));
        pair
    }

    /// Moves up to `count` bytes from the client's output to the server.
    pub(crate) fn deliver_to_server(&mut self, count: usize) -> usize {
        let output = self.client.output();
        let count = count.min(output.len());
        let bytes = output[..count].to_vec();
        self.client.output_written(count);
        if count > 0 {
            self.server.handle_input(&bytes, self.now);
        }
        count
    }

    /// Moves up to `count` bytes from the server's output to the client.
    pub(crate) fn deliver_to_client(&mut self, count: usize) -> usize {
        let output = self.server.output();
        let count = count.min(output.len());
        let bytes = output[..count].to_vec();
        self.server.output_written(count);
        if count > 0 {
            self.client.handle_input(&bytes, self.now);
        }
        count
    }

    /// Delivers everything both ways, until nothing moves.
    pub(crate) fn run(&mut self) {
        while self.deliver_to_server(self.piece) + self.deliver_to_client(self.piece) > 0 {}
    }

    /// Lets time pass and the timers act, then delivers.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = [self.client.poll_timeout(), self.server.poll_timeout()]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            self.client.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
            self.run();
        }
        self.now = end;
    }

    pub(crate) fn start(&mut self, path: &str) -> CallId {
        self.start_with(&StartCall { path, ..call() })
    }

    pub(crate) fn start_with(&mut self, call: &StartCall<'_>) -> CallId {
        self.client.start_call(call, self.now).unwrap()
    }

    /// Delivers, and takes the server's next event, which must be a call.
    pub(crate) fn accept(&mut self) -> server::IncomingCall {
        self.run();
        match self.server.poll_event() {
            Some(server::Event::Call(call)) => call,
            other => panic!("expected a call, got {other:?}"),
        }
    }

    pub(crate) fn client_events(&mut self) -> Vec<client::Event> {
        self.run();
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    pub(crate) fn server_events(&mut self) -> Vec<server::Event> {
        self.run();
        std::iter::from_fn(|| self.server.poll_event()).collect()
    }
}

/// A call without metadata and deadline.
pub(crate) fn call() -> StartCall<'static> {
    StartCall {
        path: "/test.Service/Method",
        authority: "localhost",
        scheme: "http",
        user_agent: "test",
        metadata: &Metadata::EMPTY,
        deadline: None,
        encoding: Encoding::Identity,
    }
}

pub(crate) fn plain() -> MessageOptions {
    MessageOptions::default()
}

pub(crate) fn metadata(entries: &[(&str, &[u8])]) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in entries {
        metadata.push(key, value).unwrap();
    }
    metadata
}

/// The events in a short form for comparison: `message(12)`, `status(OK)`.
pub(crate) fn client_story(events: &[client::Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| match event {
            client::Event::Ready => "ready".to_owned(),
            client::Event::InitialMetadata { metadata, .. } => {
                format!("initial({})", metadata.len())
            }
            client::Event::Message { message, .. } => format!(
                "message({})",
                message.clone().into_bytes().map_or(0, |bytes| bytes.len())
            ),
            client::Event::Status {
                status,
                reach: client::Reach::Processed,
                ..
            } => format!("status({status})"),
            client::Event::Status {
                status,
                reach: client::Reach::Unprocessed,
                ..
            } => format!("unprocessed({status})"),
            client::Event::Status { status, .. } => format!("unsent({status})"),
            client::Event::Writable { .. } => "writable".to_owned(),
            client::Event::StreamsAvailable => "streams".to_owned(),
            client::Event::GoAway { code, debug } => format!("goaway({code} {debug})"),
            client::Event::Closed { reason } => format!("closed({reason})"),
        })
        .collect()
}

pub(crate) fn server_story(events: &[server::Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| match event {
            server::Event::Call(call) => format!("call({})", call.path),
            server::Event::Message { message, .. } => format!(
                "message({})",
                message.clone().into_bytes().map_or(0, |bytes| bytes.len())
            ),
            server::Event::HalfClosed { .. } => "half_closed".to_owned(),
            server::Event::Writable { .. } => "writable".to_owned(),
            server::Event::Cancelled { reason, .. } => format!("cancelled({reason:?})"),
            server::Event::Finished { .. } => "finished".to_owned(),
        })
        .collect()
}
