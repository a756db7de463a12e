//! The server's state machine.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use russet_http2::hpack::Index;
use russet_http2::{Block, ErrorCode, Event as Http2Event, Role, Sent, StreamId};

use super::request::{Rejection, RequestReader};
use super::{CancelReason, Config, Event, IncomingCall};
use crate::calls::Calls;
use crate::inbound::Inbound;
use crate::keepalive::{Keepalive, PingStrikes};
use crate::link::{Link, earliest};
use crate::memory::Memory;
use crate::{
    CallEnded, CallId, CloseReason, Code, Encoding, EncodingSet, MessageOptions, Metadata,
    SendError, Status, Traffic, limits, mapping, wire,
};

/// What became of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusSent {
    /// It is in the output; the call has ended and has no more events.
    Written,
    /// It waits for the peer's flow-control credit behind the call's messages; [`Event::Finished`] or [`Event::Cancelled`] follows.
    Buffered,
}

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
            max_header_list_size: config.max_header_list_size,
            send_buffer_high: limits::SEND_BUFFER_HIGH,
            send_buffer_low: limits::SEND_BUFFER_LOW,
        };
        let keepalive = Keepalive::new(config.keepalive_time, config.keepalive_timeout, true, now);
        let h2 = russet_http2::Connection::new(Role::Server, http2, now);
        Self {
            link: Link::new(
                h2,
                keepalive,
                config.handshake_timeout,
                Memory::new(config.max_connection_memory, config.memory.clone()),
                config.call_window,
                now,
            ),
            calls: Calls::default(),
            events: VecDeque::new(),
            requests: RequestReader::default(),
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
                Http2Event::GoAway { .. } | Http2Event::Pong { .. } | Http2Event::StreamLimit => {}
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

/// Commands. Those on a call that has ended change nothing and say so.
impl Connection {
    /// Sets how the call's messages are compressed, if the client accepts that; otherwise they stay uncompressed. Before the initial metadata; later it changes nothing.
    pub fn set_encoding(&mut self, call: CallId, encoding: Encoding) -> Result<(), CallEnded> {
        let state = Self::open_call(&mut self.calls, call)?;
        let accepted = state.accepts.contains(encoding);
        if !state.headers_sent {
            state.encoding = if accepted {
                encoding
            } else {
                Encoding::Identity
            };
        }
        Ok(())
    }

    /// Sends the response headers. Only the first time has an effect; without it they go with the first message.
    pub fn send_initial_metadata(
        &mut self,
        call: CallId,
        metadata: &Metadata,
    ) -> Result<(), CallEnded> {
        let state = Self::open_call(&mut self.calls, call)?;
        if !std::mem::replace(&mut state.headers_sent, true) {
            self.strikes.forgive();
            let encoding = state.encoding;
            self.link.h2.send_headers(call.stream_id(), false, |block| {
                put_response(200, encoding, block);
                wire::put_metadata(metadata, block);
            });
        }
        Ok(())
    }

    /// Sends a message, or buffers what the peer gave no flow-control credit for.
    pub fn send_message(
        &mut self,
        call: CallId,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<(), SendError> {
        let state = Self::open_call(&mut self.calls, call)?;
        let encoding = if options.compress {
            state.encoding
        } else {
            Encoding::Identity
        };
        let (prefix, compressed) =
            wire::frame_message(message, encoding, self.config.max_send_message_length)?;
        self.send_initial_metadata(call, &Metadata::EMPTY)?;
        self.link.traffic.message_sent(self.now);
        self.link.h2.send_data(
            call.stream_id(),
            &prefix,
            compressed.as_deref().unwrap_or(message),
            false,
        );
        self.settle();
        Ok(())
    }

    /// Ends the call with `status` and `trailing`, after the messages given before. As Trailers-Only if nothing was sent yet.
    pub fn send_status(
        &mut self,
        call: CallId,
        status: &Status,
        trailing: &Metadata,
    ) -> Result<StatusSent, CallEnded> {
        let state = Self::open_call(&mut self.calls, call)?;
        state.status_given = true;
        let trailers_only = !state.headers_sent;
        self.put_trailers(call, trailers_only, status, trailing);
        if !self.link.h2.is_send_ended(call.stream_id()) {
            return Ok(StatusSent::Buffered);
        }
        self.forget(call);
        self.link.traffic.streams_succeeded += 1;
        self.settle();
        Ok(StatusSent::Written)
    }

    /// Ends the call at once by `RST_STREAM`, dropping what is buffered. `code` chooses the HTTP/2 error code that the client maps back (PROTOCOL-HTTP2, "Errors"). Also a call whose status waits can be cancelled.
    pub fn cancel(&mut self, call: CallId, code: Code) -> Result<(), CallEnded> {
        if !self.calls.contains(call) {
            return Err(CallEnded);
        }
        self.link
            .h2
            .reset(call.stream_id(), mapping::reset_of_code(code));
        self.forget(call);
        self.settle();
        Ok(())
    }

    /// The application took a message: its `credit` goes back to the peer. Harmless on a call that has ended.
    pub fn message_consumed(&mut self, call: CallId, credit: u32) {
        if let Some(state) = self.calls.get_mut(call) {
            self.link.message_consumed(call, &mut state.inbound, credit);
        }
    }

    /// Starts a graceful end: GOAWAY in two steps, no new calls, closed when the last call has ended.
    pub fn shutdown(&mut self, now: Instant) {
        self.shutdown_for(CloseReason::ShutDown, now);
        self.settle();
    }

    /// Ends the connection at once: GOAWAY, every call is cancelled. `why` goes into [`CloseReason::Local`].
    pub fn close(&mut self, why: &str) {
        self.link
            .end(CloseReason::Local(why.to_owned()), ErrorCode::NO_ERROR, why);
        self.settle();
    }
}

/// Outputs.
impl Connection {
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

/// What comes in.
impl Connection {
    fn on_request(&mut self, stream: StreamId, end_stream: bool) {
        let request = match self.requests.read(self.link.h2.headers(), self.now) {
            Ok(request) => request,
            Err(rejection) if rejection.http_status == 200 => {
                self.reject(stream, &rejection);
                return;
            }
            Err(rejection) => {
                self.strangers.insert(CallId::of(stream), rejection);
                if end_stream {
                    self.turn_away(stream);
                }
                return;
            }
        };
        let call = CallId::of(stream);
        if self.link.h2.pending_bytes() > self.config.max_connection_memory {
            self.reject(stream, &unread_answers(self.config.max_connection_memory));
            return;
        }
        self.idle_since = None;
        self.link.traffic.stream_started(self.now);
        self.calls.insert(
            call,
            Call {
                inbound: Inbound::new(request.encoding),
                encoding: Encoding::Identity,
                accepts: request.accepts,
                announced: false,
                headers_sent: false,
                status_given: false,
            },
        );
        if let Some(at) = request.deadline {
            let calls = &self.calls;
            self.link
                .deadlines
                .push(at, call, calls.len(), |call| calls.contains(call));
        }
        self.events.push_back(Event::Call(IncomingCall {
            call,
            path: request.path,
            authority: request
                .authority
                .unwrap_or_else(|| Arc::clone(&self.no_authority)),
            deadline: request.deadline,
            metadata: request.metadata,
            encoding: request.encoding,
            accepts: request.accepts,
        }));
        if end_stream {
            self.events.push_back(Event::HalfClosed { call });
        }
    }

    /// Answers a request that makes no call.
    fn reject(&mut self, stream: StreamId, rejection: &Rejection) {
        self.strikes.forgive();
        self.link.h2.send_headers(stream, true, |block| {
            put_response(rejection.http_status, Encoding::Identity, block);
            wire::put_status(&rejection.status, block);
        });
        self.link.h2.release(stream);
    }

    /// Answers a request that is not gRPC, now that it has ended, so that a person with a browser or curl can read why.
    fn turn_away(&mut self, stream: StreamId) {
        let Some(rejection) = self.strangers.remove(CallId::of(stream)) else {
            return;
        };
        self.strikes.forgive();
        let text = format!("{}\n", rejection.status.message);
        let http_status = rejection.http_status.to_string();
        let length = text.len().to_string();
        self.link.h2.send_headers(stream, false, |block| {
            block.field(b":status", http_status.as_bytes(), Index::IfRepeated);
            block.field(b"content-type", b"text/plain", Index::IfRepeated);
            block.field(b"content-length", length.as_bytes(), Index::IfRepeated);
        });
        self.link.h2.send_data(stream, text.as_bytes(), &[], true);
        if self.link.h2.is_send_ended(stream) {
            self.link.h2.release(stream);
        }
    }

    fn on_data(&mut self, stream: StreamId, bytes: &[u8], end_stream: bool) {
        let call = CallId::of(stream);
        let Ok(state) = Self::open_call(&mut self.calls, call) else {
            self.link.drop_data(bytes.len());
            if end_stream {
                self.turn_away(stream);
            } else if self.strangers.contains(call) {
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.link.h2.release_stream_credit(stream, length);
            }
            return;
        };
        let max = self.config.max_receive_message_length;
        let events = &mut self.events;
        let taken = self
            .link
            .take_data(stream, &mut state.inbound, bytes, max, |received| {
                events.push_back(Event::Message {
                    call,
                    message: received.message,
                    credit: received.credit,
                });
            });
        let status = match taken {
            Err(error) => error.status("SERVER"),
            Ok(()) if !end_stream => return,
            Ok(()) if state.inbound.is_inside_message() => Status::new(
                Code::Internal,
                "SERVER: the client ended its messages inside one",
            ),
            Ok(()) => {
                self.events.push_back(Event::HalfClosed { call });
                return;
            }
        };
        self.fail_call(call, &status, CancelReason::BadMessage);
    }

    fn on_reset(&mut self, stream: StreamId) {
        let call = CallId::of(stream);
        self.end_call(call, CancelReason::Reset);
        self.strangers.remove(call);
        // A stream without a call, if any, is forgotten too.
        self.link.h2.release(stream);
    }

    fn on_ping(&mut self) {
        let idle = self.calls.len() == 0 && !self.config.permit_ping_without_calls;
        let least = if idle {
            limits::MIN_PING_INTERVAL_WITHOUT_CALLS
        } else {
            self.config.min_ping_interval
        };
        if !self
            .strikes
            .on_ping(least, self.link.h2.data_sent(), self.now)
        {
            let error = russet_http2::ConnectionError {
                code: ErrorCode::ENHANCE_YOUR_CALM,
                detail: "too many PINGs (too_many_pings)",
            };
            self.link
                .end(CloseReason::Protocol(error), error.code, "too_many_pings");
        }
    }
}

/// How calls and the connection end.
impl Connection {
    /// A call that takes commands: its status was not given yet.
    #[inline]
    fn open_call(calls: &mut Calls<Call>, call: CallId) -> Result<&mut Call, CallEnded> {
        calls
            .get_mut(call)
            .filter(|state| !state.status_given)
            .ok_or(CallEnded)
    }

    fn put_trailers(
        &mut self,
        call: CallId,
        trailers_only: bool,
        status: &Status,
        trailing: &Metadata,
    ) {
        self.strikes.forgive();
        self.link.h2.send_headers(call.stream_id(), true, |block| {
            if trailers_only {
                put_response(200, Encoding::Identity, block);
            }
            wire::put_status(status, block);
            wire::put_metadata(trailing, block);
        });
    }

    /// Ends a call with a status of the engine: as trailers, or by a reset where messages are in the way.
    fn fail_call(&mut self, call: CallId, status: &Status, reason: CancelReason) {
        let Some(state) = self.calls.get(call) else {
            return;
        };
        let (status_given, trailers_only) = (state.status_given, !state.headers_sent);
        if status_given || self.link.h2.pending(call.stream_id()) > 0 {
            self.link
                .h2
                .reset(call.stream_id(), mapping::reset_of_code(status.code));
        } else {
            self.put_trailers(call, trailers_only, status, &Metadata::EMPTY);
        }
        self.end_call(call, reason);
    }

    /// Forgets a call and tells the driver, if it knows of it.
    fn end_call(&mut self, call: CallId, reason: CancelReason) {
        if self.forget(call).is_some_and(|state| state.announced) {
            self.events.push_back(Event::Cancelled { call, reason });
        }
    }

    fn forget(&mut self, call: CallId) -> Option<Call> {
        let state = self.calls.remove(call)?;
        self.link.forget(call, &state.inbound);
        self.link.h2.release(call.stream_id());
        if self.calls.len() == 0 {
            self.idle_since = Some(IdleSince {
                at: self.now,
                exact: false,
            });
        }
        Some(state)
    }

    /// Draws the consequences of what HTTP/2 did: data that has gone out, a failure, the end of a shutdown.
    #[inline]
    fn settle(&mut self) {
        while let Some(sent) = self.link.h2.poll_sent() {
            match sent {
                Sent::Drained(stream) => self.events.push_back(Event::Writable {
                    call: CallId::of(stream),
                }),
                Sent::Ended(stream) => {
                    let call = CallId::of(stream);
                    if self.forget(call).is_some() {
                        self.link.traffic.streams_succeeded += 1;
                        self.events.push_back(Event::Finished { call });
                    } else {
                        // The answer to a stranger.
                        self.link.h2.release(stream);
                    }
                }
            }
        }
        if self.calls.len() == 0 && self.link.h2.is_shutdown_final() && self.link.closed.is_none() {
            self.link.closed = Some(self.shutdown_reason.clone());
        }
        self.link.notice_failure();
        if self.link.closed.is_some() && self.calls.len() > 0 {
            for call in self.calls.ids() {
                self.end_call(call, CancelReason::ConnectionLost);
            }
        }
    }

    fn shutdown_for(&mut self, reason: CloseReason, now: Instant) {
        if self.is_closed() || self.link.h2.is_shutting_down() {
            return;
        }
        self.shutdown_reason = reason;
        self.link.h2.shutdown();
        if !self.link.h2.is_shutdown_final() {
            self.shutdown_ping_by = now.checked_add(limits::SHUTDOWN_PING_TIMEOUT);
        }
    }

    fn idle_limit(&self) -> Option<Instant> {
        self.idle_since?
            .at
            .checked_add(self.config.max_connection_idle?)
    }
}

/// What a peer is told that asks for more and does not take what it was answered.
fn unread_answers(limit: usize) -> Rejection {
    Rejection::new(
        Code::ResourceExhausted,
        format!(
            "SERVER: more than {limit} bytes of answers wait on this connection for the client to give credit (russet.max_connection_memory)"
        ),
    )
}

/// Writes what each response starts with.
fn put_response(http_status: u16, encoding: Encoding, block: &mut Block<'_>) {
    match http_status {
        200 => block.field(b":status", b"200", Index::Always),
        other => block.field(b":status", other.to_string().as_bytes(), Index::IfRepeated),
    }
    block.field(b"content-type", wire::CONTENT_TYPE, Index::Always);
    if encoding != Encoding::Identity {
        block.field(b"grpc-encoding", encoding.name().as_bytes(), Index::Always);
    }
    block.field(
        b"grpc-accept-encoding",
        wire::ACCEPT_ENCODING,
        Index::Always,
    );
}
