//! What a server connection tells its driver.

use std::sync::Arc;
use std::time::Instant;

use crate::{CallId, Encoding, EncodingSet, Message, Metadata, Tally};

/// A call that has arrived.
#[derive(Clone, Debug)]
pub struct IncomingCall {
    /// Its handle.
    pub call: CallId,
    /// The method's full name, `/package.Service/Method`. Shared: the calls of one route on one connection have the same `Arc`, so that a driver can look its handler up by pointer.
    pub path: Arc<str>,
    /// `:authority`, or `host`; empty if the client sent neither. Shared as the path is.
    pub authority: Arc<str>,
    /// When the client's `grpc-timeout` runs out. The engine ends the call then.
    pub deadline: Option<Instant>,
    /// The caller's metadata with `user-agent`, without what the protocol itself uses. Calls with the same entries on one connection share its storage.
    pub metadata: Metadata,
    /// How the client's messages are compressed.
    pub encoding: Encoding,
    /// How the server's messages may be compressed.
    pub accepts: EncodingSet,
}

/// Why a call ended before its status was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// The client reset the call.
    Reset,
    /// The deadline passed. The client has been sent `DEADLINE_EXCEEDED`.
    DeadlineExceeded,
    /// The client's messages broke a rule or a limit. The client has been sent a status that says which.
    BadMessage,
    /// What this side had to say is over a limit of the client's. The client has been sent a status that says which.
    OverLimit,
    /// The connection ended.
    ConnectionLost,
}

/// What a server connection tells its driver. The first event of a call is [`Event::Call`]; after [`Event::Cancelled`], [`Event::Finished`] or a `send_status` that returned [`StatusSent::Written`](super::StatusSent::Written) there is none.
#[derive(Clone, Debug)]
pub enum Event {
    /// A call has arrived.
    Call(IncomingCall),
    /// A whole message.
    Message {
        /// Its call.
        call: CallId,
        /// The message, compressed if it came so. One that cannot be decompressed is told by `fail_message`.
        message: Message,
        /// To be given to [`Connection::message_consumed`](super::Connection::message_consumed) when the application takes the message.
        credit: u32,
    },
    /// The client has sent its last message.
    HalfClosed {
        /// Its call.
        call: CallId,
    },
    /// A call with more than [`SEND_BUFFER_HIGH`](crate::limits::SEND_BUFFER_HIGH) unsent bytes has at most [`SEND_BUFFER_LOW`](crate::limits::SEND_BUFFER_LOW) now.
    Writable {
        /// Its call.
        call: CallId,
    },
    /// The call has ended without the application's status.
    Cancelled {
        /// Its call.
        call: CallId,
        /// Why.
        reason: CancelReason,
        /// What its messages came to, where that is kept.
        tally: Option<Box<Tally>>,
    },
    /// The status that `send_status` had to hold back has been framed: all messages and the status are on their way.
    Finished {
        /// Its call.
        call: CallId,
    },
}
