//! What the driver of a server connection tells it to do.

use std::time::Instant;

use russet_http2::ErrorCode;

use super::Connection;
use super::ending::put_response;
use crate::memory::Shortage;
use crate::server::CancelReason;
use crate::{
    CallEnded, CallId, CloseReason, Code, Encoding, MessageOptions, Metadata, SendError, Status,
    Tally, UnreadableMessage, limits, mapping, wire,
};

/// What became of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusSent {
    /// It is in the output; the call has ended and has no more events.
    Written,
    /// It waits for the peer's flow-control credit behind the call's messages; [`Event::Finished`] or [`Event::Cancelled`] follows.
    Buffered,
}

fn unread(shortage: Shortage) -> SendError {
    match shortage {
        Shortage::Connection { limit } => SendError::Unread {
            limit,
            option: "russet.max_connection_memory",
        },
        Shortage::Server { limit } => SendError::Unread {
            limit,
            option: "russet.max_server_memory",
        },
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
        let max = self.link.h2.peer_max_header_list_size() as usize;
        if !state.headers_sent
            && let Some(size) = wire::size_over(metadata, max)
        {
            let text = format!(
                "to-be-sent initial metadata size exceeds peer limit ({size} vs. {max} bytes)"
            );
            let status = Status::new(Code::ResourceExhausted, text);
            self.fail_call(call, &status, CancelReason::OverLimit);
            self.settle();
            return Err(CallEnded);
        }
        if !std::mem::replace(&mut state.headers_sent, true) {
            self.strikes.forgive();
            let encoding = state.encoding;
            let accepted = self.config.accepted_encodings;
            self.link.h2.send_headers(call.stream_id(), false, |block| {
                put_response(200, encoding, accepted, block);
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
        let length = compressed.as_deref().unwrap_or(message).len();
        if length > limits::LEAST_SHARE || self.link.h2.pending_bytes() > 0 {
            self.link.check_answer(length).map_err(unread)?;
        }
        if let Some(tally) = &mut state.tally {
            tally.sent(message.len(), compressed.as_ref().map(Vec::len), self.now);
        }
        if !state.headers_sent {
            self.send_initial_metadata(call, &Metadata::EMPTY)?;
        }
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

    /// A message that the application took cannot be read: the call ends with what `error` says.
    pub fn fail_message(&mut self, call: CallId, error: UnreadableMessage) {
        self.fail_call(call, &error.status("SERVER"), CancelReason::BadMessage);
        self.settle();
    }

    /// What time it is: for commands that follow, whose messages are noted with it. Inputs give their own.
    pub const fn tell_time(&mut self, now: Instant) {
        self.now = now;
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
