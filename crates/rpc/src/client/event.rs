//! What a client connection tells its driver.

use crate::{CallId, CloseReason, Message, Metadata, Status, Tally};

/// How far a call came before it ended (gRFC A6, "transparent retries").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing of it was written: it can be sent again as often as this happens.
    Unsent,
    /// The server said that no handler saw it, by a refused stream or by the last stream of its GOAWAY: it can be sent again once.
    Unprocessed,
    /// A handler may have seen it.
    Processed,
}

/// What a client connection tells its driver. Each started call gets exactly one [`Event::Status`], its last event, also when `cancel` or the end of the connection ended it.
#[derive(Clone, Debug)]
pub enum Event {
    /// The server's SETTINGS have arrived: it speaks HTTP/2. Calls may be started before.
    Ready,
    /// The response headers. Absent where the server answers with a status alone.
    InitialMetadata {
        /// Their call.
        call: CallId,
        /// The server's metadata, without what the protocol itself uses.
        metadata: Metadata,
    },
    /// A whole message.
    Message {
        /// Its call.
        call: CallId,
        /// The message, compressed if it came so. One that cannot be decompressed is told by `fail_message`.
        message: Message,
        /// To be given to [`Connection::message_consumed`](super::Connection::message_consumed) when the application takes the message.
        credit: u32,
    },
    /// The call has ended.
    Status {
        /// Its call; the handle is dead now.
        call: CallId,
        /// How it ended.
        status: Status,
        /// The server's trailing metadata; empty where this side made the status.
        trailing: Metadata,
        /// How far the call had come, which says whether it may be sent again without a policy.
        reach: Reach,
        /// What its messages came to, where that is kept.
        tally: Option<Box<Tally>>,
    },
    /// A call with more than [`SEND_BUFFER_HIGH`](crate::limits::SEND_BUFFER_HIGH) unsent bytes has at most [`SEND_BUFFER_LOW`](crate::limits::SEND_BUFFER_LOW) now.
    Writable {
        /// Its call.
        call: CallId,
    },
    /// After a [`StartError::TooManyStreams`](super::StartError::TooManyStreams): calls can be started again.
    StreamsAvailable,
    /// The server takes no new calls on this connection. Those it has seen go on.
    GoAway {
        /// Its code.
        code: russet_http2::ErrorCode,
        /// Its debug data, as text; `too_many_pings` asks for a slower keepalive (gRFC A8).
        debug: String,
    },
    /// The connection has ended; the status of each open call came before.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

impl Event {
    /// The call that the event is of, if it is of one.
    pub const fn call(&self) -> Option<CallId> {
        match self {
            Self::InitialMetadata { call, .. }
            | Self::Message { call, .. }
            | Self::Status { call, .. }
            | Self::Writable { call } => Some(*call),
            Self::Ready | Self::StreamsAvailable | Self::GoAway { .. } | Self::Closed { .. } => {
                None
            }
        }
    }
}
