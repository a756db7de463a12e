//! The server's state machine: what it consists of, what goes in and what comes out. What its driver commands, what its client sends, and how calls end have modules of their own.

mod commands;
mod ending;
mod receiving;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use russet_http2::{ErrorCode, Event as Http2Event, Role};

use super::request::{Rejection, RequestReader};
use super::{CancelReason, Config, Event};
use crate::calls::Calls;
use crate::deadlines::earliest;
use crate::handshake::Handshake;
use crate::inbound::Inbound;
use crate::keepalive::{Keepalive, KeepaliveRules, PingStrikes};
use crate::link::{Link, Windows};
use crate::memory::{Held, Memory};
use crate::{CallId, CloseReason, Code, Encoding, EncodingSet, Status, Tally, Traffic, limits};

pub use self::commands::StatusSent;

/// A call that has not ended.
#[derive(Debug)]
struct Call {
    inbound: Inbound,
    /// How this side's messages are compressed.
    encoding: Encoding,
    accepts: EncodingSet,
    /// Whether the driver has been told of the call: one that ends before is never told.
    announced: bool,
    headers_sent: bool,
    /// The application's status waits behind its messages.
    status_given: bool,
    tally: Option<Box<Tally>>,
    /// Bytes of its names, where the connection's account has them.
    names: usize,
}

/// When a connection without calls began to be so.
#[derive(Clone, Copy, Debug)]
struct IdleSince {
    at: Instant,
    /// False where a command ended the last call: commands know no time, so the true moment is later.
    exact: bool,
}

/// One connection of a server, without its socket.
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    link: Link,
    calls: Calls<Call>,
    events: VecDeque<Event>,
    requests: RequestReader,
    /// Requests that are not gRPC and have not ended: they are answered when they do.
    strangers: Calls<Rejection>,
    no_authority: Arc<str>,
    strikes: PingStrikes,
    /// The last time that an input gave.
    now: Instant,
    idle_since: Option<IdleSince>,
    age_limit: Option<Instant>,
    /// Calls are cut off then.
    grace_ends: Option<Instant>,
    /// The second GOAWAY of a graceful end goes out then, answer or not.
    shutdown_ping_by: Option<Instant>,
    /// What a graceful end that was not asked for by the driver is told as.
    shutdown_reason: CloseReason,
}

/// Getters.
impl Connection {
    /// Whether the connection has ended: write what [`output`](Self::output) still holds, then close the socket.
    pub const fn is_closed(&self) -> bool {
        self.link.closed.is_some()
    }

    /// Why it ended, once it has.
    pub const fn close_reason(&self) -> Option<&CloseReason> {
        self.link.closed.as_ref()
    }

    /// Calls that have not ended.
    pub const fn active_calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether the driver may read from the socket: false while the peer leaves more than [`limits::MAX_UNREAD_OUTPUT`] bytes unread. Reading on then would let it fill this side's memory with answers.
    pub fn accepts_input(&self) -> bool {
        self.output().len() <= limits::MAX_UNREAD_OUTPUT
    }

    /// Unsent bytes of a call's messages: those that wait for flow-control credit. 0 for a call that has ended.
    pub fn send_buffered(&self, call: CallId) -> usize {
        self.link.h2.pending(call.stream_id())
    }

    /// Whether a call's sender should wait for [`Event::Writable`]: it has more than [`limits::SEND_BUFFER_HIGH`] unsent bytes, or any while the connection has more than half of what it may hold.
    pub fn is_congested(&self, call: CallId) -> bool {
        self.link.h2.is_congested(call.stream_id())
    }

    /// What the peer makes the connection hold now.
    pub fn held(&self) -> Held {
        self.link.held()
    }

    /// Bytes of messages of which a part has come.
    pub const fn unfinished_bytes(&self) -> usize {
        self.link.unfinished()
    }

    /// What has gone over the connection so far.
    pub const fn traffic(&self) -> Traffic {
        self.link.traffic.with_open(self.calls.len())
    }

    /// Bytes that the peer may send on the connection now, and bytes that this side may.
    pub const fn windows(&self) -> (i64, i64) {
        self.link.h2.windows()
    }

    /// What the connection is held to.
    pub const fn config(&self) -> &Arc<Config> {
        &self.config
    }
}

/// Inputs.
impl Connection {
    /// A connection that was accepted at `now`. The output stays empty until the peer has shown that it speaks HTTP/2.
    pub fn new(config: Arc<Config>, now: Instant) -> Self {
        let http2 = russet_http2::Config {
            max_concurrent_streams: config.max_concurrent_calls,
            stream_window: config.call_window.min(limits::FIRST_CALL_WINDOW),
            connection_window: config.connection_window,
            max_frame_size: config.max_frame_size,
            decoder_table_size: config.decoder_table_size,
            encoder_table_size: config.encoder_table_size,
            max_header_list_size: config.max_header_list_size,
            send_buffer_high: limits::SEND_BUFFER_HIGH,
            send_buffer_low: limits::SEND_BUFFER_LOW,
            send_buffer_total: config.max_connection_memory / 2,
        };
        let keepalive = KeepaliveRules {
            time: config.keepalive_time,
            timeout: config.keepalive_timeout,
            ping_timeout: config.ping_timeout,
            without_calls: true,
            max_without_data: None,
        };
        let h2 = russet_http2::Connection::new(Role::Server, http2, now);
        let memory = Memory::new(
            config.max_connection_memory,
            config.memory.clone(),
            config.call_window,
        );
        let requests = RequestReader::counting(memory.metadata_account());
        Self {
            link: Link::new(
                h2,
                Keepalive::new(keepalive, now),
                Handshake::new(config.handshake_timeout, config.settings_timeout, now),
                memory,
                Windows {
                    call: config.call_window,
                    connection: config.connection_window,
                    grow: config.grow_windows,
                },
                now,
            ),
            calls: Calls::default(),
            events: VecDeque::new(),
            requests,
            strangers: Calls::default(),
            no_authority: Arc::from(""),
            strikes: PingStrikes::new(config.max_ping_strikes),
            now,
            idle_since: Some(IdleSince {
                at: now,
                exact: true,
            }),
            age_limit: config
                .max_connection_age
                .and_then(|age| now.checked_add(age)),
            grace_ends: None,
            shutdown_ping_by: None,
            shutdown_reason: CloseReason::ShutDown,
            config,
        }
    }

    /// Takes bytes that the peer sent. Never fails: a fatal error closes the connection, and the peer is told by GOAWAY.
    pub fn handle_input(&mut self, bytes: &[u8], now: Instant) {
        self.now = now;
        if self.is_closed() {
            return;
        }
        self.link.on_read(now);
        let mut input = bytes;
        while let Some(event) = self.link.h2.receive(&mut input, now) {
            match event {
                Http2Event::Headers {
                    stream,
                    trailers: false,
                    end_stream,
                } => self.on_request(stream, end_stream),
                Http2Event::Headers {
                    stream,
                    trailers: true,
                    ..
                } => self.on_data(stream, &[], true),
                Http2Event::Data {
                    stream,
                    bytes,
                    end_stream,
                } => self.on_data(stream, bytes, end_stream),
                Http2Event::Reset { stream, .. } => self.on_reset(stream),
                Http2Event::Ping => self.on_ping(),
                Http2Event::Ready => self.link.on_ready(),
                // A client that goes away opens no more streams: a shutdown has nothing to wait for. Otherwise the connection is the client's to close; closing first would reset what it still sends.
                Http2Event::GoAway { .. } if self.link.h2.is_shutting_down() => {
                    self.link.h2.finish_shutdown();
                }
                Http2Event::Pong { payload } => self.link.on_pong(payload),
                Http2Event::GoAway { .. } | Http2Event::StreamLimit => {}
            }
        }
        self.settle();
    }

    /// The peer has closed its sending side, or the socket failed.
    pub fn handle_eof(&mut self, now: Instant) {
        self.now = now;
        self.link
            .end(CloseReason::PeerClosed, ErrorCode::NO_ERROR, "");
        self.settle();
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Harmless if it has not.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        if self.is_closed() {
            return;
        }
        while let Some(call) = self.link.deadlines.pop_due(now) {
            let status = Status::new(Code::DeadlineExceeded, "Deadline Exceeded");
            self.fail_call(call, &status, CancelReason::DeadlineExceeded);
        }
        self.link.handle_timeout(self.calls.len() > 0, now);
        if self.shutdown_ping_by.is_some_and(|by| by <= now) {
            self.shutdown_ping_by = None;
            self.link.h2.finish_shutdown();
        }
        if self.idle_limit().is_some_and(|at| at <= now) {
            if let Some(idle) = self.idle_since.as_mut().filter(|idle| !idle.exact) {
                *idle = IdleSince {
                    at: now,
                    exact: true,
                };
            } else {
                self.idle_since = None;
                self.shutdown_for(CloseReason::Idle, now);
            }
        }
        if self.age_limit.is_some_and(|at| at <= now) {
            self.age_limit = None;
            self.grace_ends = self
                .config
                .max_connection_age_grace
                .and_then(|grace| now.checked_add(grace));
            self.shutdown_for(CloseReason::MaxAge, now);
        }
        if self.grace_ends.is_some_and(|at| at <= now) {
            self.link
                .end(CloseReason::MaxAge, ErrorCode::NO_ERROR, "max_age");
        }
        self.settle();
    }
}

/// Outputs.
impl Connection {
    /// What the input since the last time was worth beyond its bytes, counted in bytes: short fields and frames are dear. For a driver that gives each connection its share of time.
    pub const fn take_work(&mut self) -> usize {
        self.link.h2.take_work()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            let event = self.events.pop_front()?;
            match &event {
                Event::Call(incoming) => match self.calls.get_mut(incoming.call) {
                    Some(call) => call.announced = true,
                    None => continue,
                },
                Event::Message { call, .. }
                | Event::HalfClosed { call }
                | Event::Writable { call } => {
                    if Self::open_call(&mut self.calls, *call).is_err() {
                        continue;
                    }
                }
                Event::Cancelled { .. } | Event::Finished { .. } => {}
            }
            return Some(event);
        }
    }

    /// Bytes to write to the socket. Commands and inputs may append to them.
    pub fn output(&self) -> &[u8] {
        self.link.h2.output()
    }

    /// The first `count` bytes of [`output`](Self::output) have been written. May give room for buffered messages, and so more output and events.
    pub fn output_written(&mut self, count: usize) {
        self.link.h2.output_written(count);
        self.settle();
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). Ask again after each input, command and timeout.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        let shared = self.link.next_timeout(&self.calls);
        earliest([
            shared,
            self.idle_limit(),
            self.age_limit,
            self.grace_ends,
            self.shutdown_ping_by,
        ])
    }
}
