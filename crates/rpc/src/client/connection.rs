//! The client's state machine.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use russet_http2::hpack::Index;
use russet_http2::{ErrorCode, Event as Http2Event, Role, Sent, StreamId};

use super::response::{Head, ResponseReader};
use super::{Config, Event, Reach, StartCall, StartError};
use crate::calls::Calls;
use crate::handshake::Handshake;
use crate::inbound::Inbound;
use crate::keepalive::{Keepalive, KeepaliveRules};
use crate::link::{Link, Windows};
use crate::memory::Memory;
use crate::{
    CallEnded, CallId, CloseReason, Code, Encoding, MessageOptions, Metadata, SendError, Status,
    Tally, Traffic, limits, mapping, timeout, wire,
};

/// A call that has not ended.
#[derive(Debug)]
struct Call {
    inbound: Inbound,
    /// How this side's messages are compressed.
    encoding: Encoding,
    half_closed: bool,
    headers_seen: bool,
    /// The longest message that is accepted, where that is less than the connection's limit.
    max_receive: Option<usize>,
    deadline: Option<Instant>,
    /// Bytes that must have been written on the connection before the server can have seen anything of the call.
    starts_after: u64,
    tally: Option<Box<Tally>>,
}

/// One connection of a client, without its socket.
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    link: Link,
    calls: Calls<Call>,
    events: VecDeque<Event>,
    responses: ResponseReader,
    /// A start was refused for want of streams, and the driver waits to hear.
    wants_streams: bool,
    /// The driver has been told of the end.
    told_closed: bool,
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

    /// Whether [`poll_event`](Self::poll_event) has something to tell. A command may have, without a byte to write.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Calls that have not ended.
    pub const fn active_calls(&self) -> usize {
        self.calls.len()
    }

    /// Calls that can be started now: what the server's limit leaves. 0 when going away or closed.
    pub fn available_calls(&self) -> usize {
        if self.is_closed() {
            0
        } else {
            self.link.h2.available_streams() as usize
        }
    }

    /// Unsent bytes of a call's messages: those that wait for flow-control credit. 0 for a call that has ended.
    pub fn send_buffered(&self, call: CallId) -> usize {
        self.link.h2.pending(call.stream_id())
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
    /// A connection that was opened at `now`. Its preface and SETTINGS are in the output already.
    pub fn new(config: Arc<Config>, now: Instant) -> Self {
        let http2 = russet_http2::Config {
            max_concurrent_streams: 0,
            stream_window: config.call_window.min(limits::FIRST_CALL_WINDOW),
            connection_window: config.connection_window,
            max_frame_size: config.max_frame_size,
            decoder_table_size: config.decoder_table_size,
            encoder_table_size: config.encoder_table_size,
            max_header_list_size: config.max_header_list_size,
            send_buffer_high: limits::SEND_BUFFER_HIGH,
            send_buffer_low: limits::SEND_BUFFER_LOW,
            // What an application sends is its own affair.
            send_buffer_total: usize::MAX,
        };
        let keepalive = KeepaliveRules {
            time: config.keepalive_time,
            timeout: config.keepalive_timeout,
            ping_timeout: config.ping_timeout,
            without_calls: config.keepalive_without_calls,
            max_without_data: config.max_pings_without_data,
        };
        let h2 = russet_http2::Connection::new(Role::Client, http2, now);
        Self {
            link: Link::new(
                h2,
                Keepalive::new(keepalive, now),
                Handshake::new(config.handshake_timeout, config.settings_timeout, now),
                Memory::new(config.max_connection_memory, None, config.call_window),
                Windows {
                    call: config.call_window,
                    connection: config.connection_window,
                    grow: config.grow_windows,
                },
                now,
            ),
            calls: Calls::default(),
            events: VecDeque::new(),
            responses: ResponseReader::default(),
            wants_streams: false,
            told_closed: false,
            config,
        }
    }

    /// Takes bytes that the server sent. Never fails: a fatal error closes the connection, and the server is told by GOAWAY.
    pub fn handle_input(&mut self, bytes: &[u8], now: Instant) {
        if self.is_closed() {
            return;
        }
        self.link.on_read(now);
        let mut input = bytes;
        while let Some(event) = self.link.h2.receive(&mut input, now) {
            match event {
                Http2Event::Headers {
                    stream,
                    trailers,
                    end_stream,
                } => self.on_headers(stream, trailers, end_stream),
                Http2Event::Data {
                    stream,
                    bytes,
                    end_stream,
                } => self.on_data(stream, bytes, end_stream),
                Http2Event::Reset {
                    stream,
                    code,
                    broken_rule,
                } => self.on_reset(stream, code, broken_rule, now),
                Http2Event::Ready => {
                    self.link.on_ready();
                    self.events.push_back(Event::Ready);
                }
                Http2Event::GoAway { last_stream, code } => self.on_goaway(last_stream, code),
                Http2Event::Pong { payload } => self.link.on_pong(payload),
                Http2Event::Ping | Http2Event::StreamLimit => {}
            }
        }
        self.settle();
    }

    /// The server has closed its sending side, or the socket failed.
    pub fn handle_eof(&mut self, now: Instant) {
        let _ = now;
        let reason = self.goaway_reason().unwrap_or(CloseReason::PeerClosed);
        self.link.end(reason, ErrorCode::NO_ERROR, "");
        self.settle();
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Harmless if it has not.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.is_closed() {
            return;
        }
        while let Some(call) = self.link.deadlines.pop_due(now) {
            self.end_call(call, deadline_exceeded(), Metadata::EMPTY, Reach::Processed);
        }
        self.link.handle_timeout(self.calls.len() > 0, now);
        self.settle();
    }
}

/// Commands. Those on a call that has ended change nothing and say so.
impl Connection {
    /// Starts a call: its headers are in the output. A deadline in the past gives the call its `DEADLINE_EXCEEDED` status without a byte sent.
    pub fn start_call(&mut self, call: &StartCall<'_>, now: Instant) -> Result<CallId, StartError> {
        if self.is_closed() {
            return Err(StartError::Closed);
        }
        call.check(self.link.h2.peer_max_header_list_size() as usize)?;
        let starts_after = self.link.h2.total_written() + self.output().len() as u64;
        let Some(stream) = self.link.h2.open_stream() else {
            if self.link.h2.peer_goaway().is_some()
                || self.link.h2.is_shutting_down()
                || self.link.h2.is_out_of_streams()
            {
                return Err(StartError::GoingAway);
            }
            self.wants_streams = true;
            return Err(StartError::TooManyStreams(
                self.link.h2.peer_max_concurrent_streams(),
            ));
        };
        let id = CallId::of(stream);
        let timeout = call
            .deadline
            .map(|deadline| deadline.saturating_duration_since(now));
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            self.link.h2.discard(stream);
            self.events.push_back(Event::Status {
                call: id,
                status: deadline_exceeded(),
                trailing: Metadata::EMPTY,
                reach: Reach::Unsent,
                tally: None,
            });
            return Ok(id);
        }
        self.link.h2.send_headers(stream, false, |block| {
            block.field(b":method", b"POST", Index::Always);
            block.field(b":scheme", call.scheme.as_bytes(), Index::Always);
            block.field(b":path", call.path.as_bytes(), Index::Always);
            block.field(b":authority", call.authority.as_bytes(), Index::Always);
            block.field(b"te", b"trailers", Index::Always);
            if let Some(timeout) = timeout {
                let mut value = Vec::with_capacity(16);
                timeout::format(timeout, &mut value);
                block.field(b"grpc-timeout", &value, Index::IfRepeated);
            }
            block.field(b"content-type", wire::CONTENT_TYPE, Index::Always);
            if call.encoding != Encoding::Identity {
                block.field(
                    b"grpc-encoding",
                    call.encoding.name().as_bytes(),
                    Index::Always,
                );
            }
            block.field(
                b"grpc-accept-encoding",
                self.config.accepted_encodings.names(),
                Index::Always,
            );
            if !call.user_agent.is_empty() {
                block.field(b"user-agent", call.user_agent.as_bytes(), Index::Always);
            }
            wire::put_metadata(call.metadata, block);
        });
        self.link.now = now;
        self.link.traffic.stream_started(now);
        self.calls.insert(
            id,
            Call {
                inbound: Inbound::default(),
                encoding: call.encoding,
                half_closed: false,
                headers_seen: false,
                max_receive: None,
                deadline: call.deadline,
                starts_after,
                tally: Tally::new(self.config.observe),
            },
        );
        if let Some(at) = call.deadline {
            let calls = &self.calls;
            self.link
                .deadlines
                .push(at, id, calls.len(), |call| calls.contains(call));
        }
        Ok(id)
    }

    /// Sends a message, or buffers what the server gave no flow-control credit for.
    pub fn send_message(
        &mut self,
        call: CallId,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<(), SendError> {
        self.send(call, message, options, false)
    }

    /// The last message has been given. Without effect the second time.
    pub fn half_close(&mut self, call: CallId) -> Result<(), CallEnded> {
        let state = self.calls.get_mut(call).ok_or(CallEnded)?;
        if !std::mem::replace(&mut state.half_closed, true) {
            self.link.h2.send_data(call.stream_id(), &[], &[], true);
            self.settle();
        }
        Ok(())
    }

    /// [`send_message`](Self::send_message) and [`half_close`](Self::half_close) at once: the end goes in the message's own frame.
    pub fn send_last_message(
        &mut self,
        call: CallId,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<(), SendError> {
        self.send(call, message, options, true)
    }

    /// Ends the call at once by `RST_STREAM(CANCEL)`. Its events that were not polled yet are dropped, and the next is its [`Event::Status`] with `status`.
    pub fn cancel(&mut self, call: CallId, status: Status) -> Result<(), CallEnded> {
        if !self.calls.contains(call) {
            return Err(CallEnded);
        }
        self.events.retain(|event| event.call() != Some(call));
        self.end_call(call, status, Metadata::EMPTY, Reach::Processed);
        self.settle();
        Ok(())
    }

    /// The application took a message: its `credit` goes back to the server. Harmless on a call that has ended.
    pub fn message_consumed(&mut self, call: CallId, credit: u32) {
        if let Some(state) = self.calls.get_mut(call) {
            self.link.message_consumed(call, &mut state.inbound, credit);
        }
    }

    /// Lowers the longest response message that is accepted on this call, to `max` bytes after decompression. Without effect where the connection's limit is lower, and on a call that has ended.
    pub fn limit_responses(&mut self, call: CallId, max: usize) {
        if let Some(state) = self.calls.get_mut(call)
            && self
                .config
                .max_receive_message_length
                .is_none_or(|limit| max < limit)
        {
            state.max_receive = Some(max);
        }
    }

    /// What time it is: for commands that follow, whose messages are noted with it. Inputs give their own.
    pub const fn tell_time(&mut self, now: Instant) {
        self.link.now = now;
    }

    /// A compressed message that the application took came to so many bytes: for what is kept of the call's messages.
    pub fn note_read(&mut self, call: CallId, length: usize) {
        if let Some(tally) = (self.calls.get_mut(call)).and_then(|call| call.tally.as_deref_mut()) {
            tally.read(length);
        }
    }

    /// What a call's messages came to, where that is kept; once, for a driver that ends the call.
    pub fn take_tally(&mut self, call: CallId) -> Option<Box<Tally>> {
        self.calls.get_mut(call)?.tally.take()
    }

    /// Starts a graceful end: no new calls, closed when the last call has ended.
    pub fn shutdown(&mut self, now: Instant) {
        let _ = now;
        self.link.h2.shutdown();
        self.settle();
    }

    /// Ends the connection at once: GOAWAY, every call ends with `UNAVAILABLE`. `why` goes into [`CloseReason::Local`].
    pub fn close(&mut self, why: &str) {
        self.link
            .end(CloseReason::Local(why.to_owned()), ErrorCode::NO_ERROR, why);
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
        self.events.pop_front()
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
            None
        } else {
            self.link.next_timeout(&self.calls)
        }
    }
}

/// What commands share.
impl Connection {
    fn send(
        &mut self,
        call: CallId,
        message: &[u8],
        options: MessageOptions,
        last: bool,
    ) -> Result<(), SendError> {
        let state = self.calls.get_mut(call).ok_or(SendError::CallEnded)?;
        if state.half_closed {
            return Err(SendError::HalfClosed);
        }
        let encoding = if options.compress {
            state.encoding
        } else {
            Encoding::Identity
        };
        let (prefix, compressed) =
            wire::frame_message(message, encoding, self.config.max_send_message_length)?;
        state.half_closed = last;
        if let Some(tally) = &mut state.tally {
            tally.sent(
                message.len(),
                compressed.as_ref().map(Vec::len),
                self.link.now,
            );
        }
        self.link.traffic.message_sent(self.link.now);
        self.link.h2.send_data(
            call.stream_id(),
            &prefix,
            compressed.as_deref().unwrap_or(message),
            last,
        );
        self.settle();
        Ok(())
    }
}

/// What comes in.
impl Connection {
    fn on_headers(&mut self, stream: StreamId, trailers: bool, end_stream: bool) {
        let call = CallId::of(stream);
        let Some(state) = self.calls.get_mut(call) else {
            return;
        };
        if end_stream {
            let (status, trailing) = if trailers && state.inbound.is_inside_message() {
                let text = "CLIENT: the server ended its messages inside one";
                (Status::new(Code::Internal, text), Metadata::EMPTY)
            } else {
                self.responses
                    .read_trailers(self.link.h2.headers(), trailers)
            };
            self.link.traffic.streams_succeeded += 1;
            self.end_call(call, status, trailing, Reach::Processed);
            return;
        }
        let accepted = self.config.accepted_encodings;
        match (self.responses).read_head(self.link.h2.headers(), accepted) {
            Ok(Head { metadata, encoding }) => {
                state.headers_seen = true;
                state.inbound.encoding = encoding;
                self.events
                    .push_back(Event::InitialMetadata { call, metadata });
            }
            Err(status) => self.end_call(call, status, Metadata::EMPTY, Reach::Processed),
        }
    }

    fn on_data(&mut self, stream: StreamId, bytes: &[u8], end_stream: bool) {
        let call = CallId::of(stream);
        let Some(state) = self.calls.get_mut(call) else {
            self.link.drop_data(bytes.len());
            return;
        };
        let max = state.max_receive.or(self.config.max_receive_message_length);
        let events = &mut self.events;
        let (tally, now) = (&mut state.tally, self.link.now);
        let taken = self
            .link
            .take_data(stream, &mut state.inbound, bytes, max, |received| {
                if let Some(tally) = tally.as_deref_mut() {
                    tally.received(&received.message, now);
                }
                events.push_back(Event::Message {
                    call,
                    message: received.message,
                    credit: received.credit,
                });
            });
        let status = match taken {
            Err(error) => error.status("CLIENT"),
            Ok(()) if !end_stream => return,
            Ok(()) => Status::new(
                Code::Internal,
                "the server closed the stream without sending trailers",
            ),
        };
        self.end_call(call, status, Metadata::EMPTY, Reach::Processed);
    }

    fn on_reset(
        &mut self,
        stream: StreamId,
        code: ErrorCode,
        broken_rule: Option<&'static str>,
        now: Instant,
    ) {
        // A server may say by CANCEL that the deadline is over, a moment before this side's timer does.
        let is_late = code == ErrorCode::CANCEL
            && self
                .calls
                .get(CallId::of(stream))
                .and_then(|call| call.deadline)
                .is_some_and(|deadline| deadline <= now);
        let status = match broken_rule {
            None if is_late => deadline_exceeded(),
            Some(rule) => Status::new(Code::Internal, format!("the server broke HTTP/2: {rule}")),
            None => Status::new(
                mapping::code_of_reset(code),
                format!("Received RST_STREAM with error code {}", code.0),
            ),
        };
        let reach = if broken_rule.is_none() && code == ErrorCode::REFUSED_STREAM {
            Reach::Unprocessed
        } else {
            Reach::Processed
        };
        self.end_call(CallId::of(stream), status, Metadata::EMPTY, reach);
        self.link.h2.release(stream);
    }

    fn on_goaway(&mut self, last_stream: u32, code: ErrorCode) {
        let debug = self
            .link
            .h2
            .peer_goaway()
            .map_or(&[][..], |goaway| &goaway.debug);
        let debug = String::from_utf8_lossy(debug).into_owned();
        for call in self
            .calls
            .ids()
            .into_iter()
            .filter(|call| call.stream > last_stream)
        {
            let status = Status::new(
                Code::Unavailable,
                format!(
                    "GOAWAY received; Error code: {}; Debug Text: {debug}; the call was not processed",
                    code.0
                ),
            );
            self.end_call(call, status, Metadata::EMPTY, Reach::Unprocessed);
        }
        self.events.push_back(Event::GoAway { code, debug });
    }
}

/// How calls and the connection end.
impl Connection {
    fn end_call(&mut self, call: CallId, status: Status, trailing: Metadata, reach: Reach) {
        let Some(state) = self.calls.remove(call) else {
            return;
        };
        self.link.forget(call, &state.inbound);
        self.link.h2.release(call.stream_id());
        self.events.push_back(Event::Status {
            call,
            status,
            trailing,
            reach,
            tally: state.tally,
        });
    }

    /// Draws the consequences of what HTTP/2 did: data that has gone out, streams that are free, a failure, the end of a shutdown.
    #[inline]
    fn settle(&mut self) {
        while let Some(sent) = self.link.h2.poll_sent() {
            if let Sent::Drained(stream) = sent
                && self.calls.contains(CallId::of(stream))
            {
                self.events.push_back(Event::Writable {
                    call: CallId::of(stream),
                });
            }
        }
        if self.wants_streams && self.available_calls() > 0 {
            self.wants_streams = false;
            self.events.push_back(Event::StreamsAvailable);
        }
        let ending = self.link.h2.peer_goaway().is_some() || self.link.h2.is_shutdown_final();
        if ending && self.calls.len() == 0 {
            let reason = self.goaway_reason().unwrap_or(CloseReason::ShutDown);
            self.link.end(reason, ErrorCode::NO_ERROR, "");
        }
        self.link.notice_failure();
        if self.is_closed() && !self.told_closed {
            self.told_closed = true;
            self.on_closed();
        }
    }

    /// The error of the server's GOAWAY, if it sent one with an error.
    fn goaway_reason(&self) -> Option<CloseReason> {
        let goaway = self
            .link
            .h2
            .peer_goaway()
            .filter(|goaway| goaway.code != ErrorCode::NO_ERROR)?;
        let debug = String::from_utf8_lossy(&goaway.debug).into_owned();
        Some(CloseReason::PeerError {
            code: goaway.code,
            debug,
        })
    }

    fn on_closed(&mut self) {
        let Some(reason) = self.link.closed.clone() else {
            return;
        };
        let written = self.link.h2.total_written();
        for call in self.calls.ids() {
            let reach = match self.calls.get(call) {
                Some(state) if written > state.starts_after => Reach::Processed,
                _ => Reach::Unsent,
            };
            self.end_call(
                call,
                Status::new(Code::Unavailable, reason.to_string()),
                Metadata::EMPTY,
                reach,
            );
        }
        self.events.push_back(Event::Closed { reason });
    }
}

fn deadline_exceeded() -> Status {
    Status::new(Code::DeadlineExceeded, "Deadline Exceeded")
}
