//! The client's state machine.

use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;

use super::{Config, Event};
use crate::{
    CallEnded, CallId, CloseReason, Encoding, MessageOptions, Metadata, SendError, Status,
};

/// What starts a call.
#[derive(Clone, Copy, Debug)]
pub struct StartCall<'a> {
    /// The method's full name, `/package.Service/Method`.
    pub path: &'a str,
    /// `:authority`, the name of the server.
    pub authority: &'a str,
    /// `:scheme`, `http` or `https`.
    pub scheme: &'a str,
    /// `user-agent`; left out if empty.
    pub user_agent: &'a str,
    /// The caller's metadata.
    pub metadata: &'a Metadata,
    /// When the call ends with `DEADLINE_EXCEEDED`.
    pub deadline: Option<Instant>,
    /// How the call's messages are compressed.
    pub encoding: Encoding,
}

/// Why a call was not started. Nothing was sent; the call can be started on another connection, or here later where the text says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StartError {
    /// The server allows no more calls at once; [`Event::StreamsAvailable`] follows.
    #[error("the server allows no more than {0} calls at once on this connection")]
    TooManyStreams(u32),
    /// The server said GOAWAY, this side is shutting down, or the connection's stream numbers are used up.
    #[error("the connection takes no new calls")]
    GoingAway,
    /// The connection has ended.
    #[error("the connection is closed")]
    Closed,
    /// The header list is over what the server accepts.
    #[error("call metadata too large: {size} bytes, and the server accepts {max}")]
    HeadersTooLarge {
        /// Bytes, as RFC 9113 section 6.5.2 counts.
        size: usize,
        /// The server's `SETTINGS_MAX_HEADER_LIST_SIZE`.
        max: usize,
    },
    /// `path` or `authority` cannot be a header value.
    #[error("the {0} of the call holds a character that a header cannot have")]
    IllegalHeader(&'static str),
}

/// One connection of a client, without its socket.
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    output: Vec<u8>,
}

/// Getters.
impl Connection {
    /// Whether the connection has ended: write what [`output`](Self::output) still holds, then close the socket.
    pub fn is_closed(&self) -> bool {
        false
    }

    /// Why it ended, once it has.
    pub fn close_reason(&self) -> Option<&CloseReason> {
        None
    }

    /// Calls that have not ended.
    pub fn active_calls(&self) -> usize {
        0
    }

    /// Calls that can be started now: what the server's limit leaves. 0 when going away or closed.
    pub fn available_calls(&self) -> usize {
        0
    }

    /// Unsent bytes of a call's messages: those that wait for flow-control credit. 0 for a call that has ended.
    pub fn send_buffered(&self, call: CallId) -> usize {
        let _ = call;
        0
    }

    /// What the connection is held to.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }
}

/// Inputs.
impl Connection {
    /// A connection that was opened at `now`. Its preface and SETTINGS are in the output already.
    pub fn new(config: Arc<Config>, now: Instant) -> Self {
        let _ = now;
        Self {
            config,
            output: Vec::new(),
        }
    }

    /// Takes bytes that the server sent. Never fails: a fatal error closes the connection, and the server is told by GOAWAY.
    pub fn handle_input(&mut self, bytes: &[u8], now: Instant) {
        let _ = (bytes, now);
    }

    /// The server has closed its sending side, or the socket failed.
    pub fn handle_eof(&mut self, now: Instant) {
        let _ = now;
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Harmless if it has not.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }
}

/// Commands. Those on a call that has ended change nothing and say so.
impl Connection {
    /// Starts a call: its headers are in the output. A deadline in the past gives the call its `DEADLINE_EXCEEDED` status without a byte sent.
    pub fn start_call(&mut self, call: &StartCall<'_>, now: Instant) -> Result<CallId, StartError> {
        let _ = (call, now);
        Err(StartError::Closed)
    }

    /// Sends a message, or buffers what the server gave no flow-control credit for.
    pub fn send_message(
        &mut self,
        call: CallId,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<(), SendError> {
        let _ = (call, message, options);
        Err(SendError::CallEnded)
    }

    /// The last message has been given. Without effect the second time.
    pub fn half_close(&mut self, call: CallId) -> Result<(), CallEnded> {
        let _ = call;
        Err(CallEnded)
    }

    /// [`send_message`](Self::send_message) and [`half_close`](Self::half_close) at once: the end goes in the message's own frame.
    pub fn send_last_message(
        &mut self,
        call: CallId,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<(), SendError> {
        let _ = (call, message, options);
        Err(SendError::CallEnded)
    }

    /// Ends the call at once by `RST_STREAM(CANCEL)`. Its events that were not polled yet are dropped, and the next is its [`Event::Status`] with `status`.
    pub fn cancel(&mut self, call: CallId, status: Status) -> Result<(), CallEnded> {
        let _ = (call, status);
        Err(CallEnded)
    }

    /// The application took a message: its `credit` goes back to the server. Harmless on a call that has ended.
    pub fn message_consumed(&mut self, call: CallId, credit: u32) {
        let _ = (call, credit);
    }

    /// Starts a graceful end: no new calls, closed when the last call has ended.
    pub fn shutdown(&mut self, now: Instant) {
        let _ = now;
    }

    /// Ends the connection at once: GOAWAY, every call ends with `UNAVAILABLE`. `why` goes into [`CloseReason::Local`].
    pub fn close(&mut self, why: &str) {
        let _ = why;
    }
}

/// Outputs.
impl Connection {
    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// Bytes to write to the socket. Commands and inputs may append to them.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// The first `count` bytes of [`output`](Self::output) have been written. May give room for buffered messages, and so more output and events.
    pub fn output_written(&mut self, count: usize) {
        let _ = count;
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). Ask again after each input, command and timeout.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        None
    }
}
