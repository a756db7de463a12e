//! The server's state machine.

use std::sync::Arc;
use std::time::Instant;

use super::{Config, Event};
use crate::{
    CallEnded, CallId, CloseReason, Code, Encoding, MessageOptions, Metadata, SendError, Status,
};

/// What became of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusSent {
    /// It is in the output; the call has ended and has no more events.
    Written,
    /// It waits for the peer's flow-control credit behind the call's messages; [`Event::Finished`] or [`Event::Cancelled`] follows.
    Buffered,
}

/// One connection of a server, without its socket.
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
    /// A connection that was accepted at `now`. Its SETTINGS are in the output already.
    pub fn new(config: Arc<Config>, now: Instant) -> Self {
        let _ = now;
        Self {
            config,
            output: Vec::new(),
        }
    }

    /// Takes bytes that the peer sent. Never fails: a fatal error closes the connection, and the peer is told by GOAWAY.
    pub fn handle_input(&mut self, bytes: &[u8], now: Instant) {
        let _ = (bytes, now);
    }

    /// The peer has closed its sending side, or the socket failed.
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
    /// Sets how the call's messages are compressed, if the client accepts that; otherwise they stay uncompressed. Before the initial metadata; later it changes nothing.
    pub fn set_encoding(&mut self, call: CallId, encoding: Encoding) -> Result<(), CallEnded> {
        let _ = (call, encoding);
        Err(CallEnded)
    }

    /// Sends the response headers. Only the first time has an effect; without it they go with the first message.
    pub fn send_initial_metadata(
        &mut self,
        call: CallId,
        metadata: &Metadata,
    ) -> Result<(), CallEnded> {
        let _ = (call, metadata);
        Err(CallEnded)
    }

    /// Sends a message, or buffers what the peer gave no flow-control credit for.
    pub fn send_message(
        &mut self,
        call: CallId,
        message: &[u8],
        options: MessageOptions,
    ) -> Result<(), SendError> {
        let _ = (call, message, options);
        Err(SendError::CallEnded)
    }

    /// Ends the call with `status` and `trailing`, after the messages given before. As Trailers-Only if nothing was sent yet.
    pub fn send_status(
        &mut self,
        call: CallId,
        status: &Status,
        trailing: &Metadata,
    ) -> Result<StatusSent, CallEnded> {
        let _ = (call, status, trailing);
        Err(CallEnded)
    }

    /// Ends the call at once by `RST_STREAM`, dropping what is buffered. `code` chooses the HTTP/2 error code that the client maps back (PROTOCOL-HTTP2, "Errors").
    pub fn cancel(&mut self, call: CallId, code: Code) -> Result<(), CallEnded> {
        let _ = (call, code);
        Err(CallEnded)
    }

    /// The application took a message: its `credit` goes back to the peer. Harmless on a call that has ended.
    pub fn message_consumed(&mut self, call: CallId, credit: u32) {
        let _ = (call, credit);
    }

    /// Starts a graceful end: GOAWAY in two steps, no new calls, closed when the last call has ended.
    pub fn shutdown(&mut self, now: Instant) {
        let _ = now;
    }

    /// Ends the connection at once: GOAWAY, every call is cancelled. `why` goes into [`CloseReason::Local`].
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
