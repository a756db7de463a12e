//! What commands on a call can refuse.

use thiserror::Error;

/// The call has ended, for whatever reason, or never was. Not a bug of the driver: the peer may end a call at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the call has ended")]
pub struct CallEnded;

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// The call has ended.
    #[error("the call has ended")]
    CallEnded,
    /// The half of the call that sends is closed already: by `half_close` or `send_status`.
    #[error("a message after the end of the sending side")]
    HalfClosed,
    /// The message is over the limit. The call goes on as if it had not been sent; the text is what `grpcio` puts into the `RESOURCE_EXHAUSTED` status that the driver should end the call with.
    #[error("Sent message larger than max ({length} vs. {max})")]
    TooLarge {
        /// Bytes of the message.
        length: usize,
        /// The limit, `max_send_message_length` or 4 GiB - 1.
        max: usize,
    },
    /// The peer does not give credit for what it was answered before. The call goes on as if the message had not been sent, and its driver should end it with `RESOURCE_EXHAUSTED` and this text.
    #[error(
        "SERVER: more than {limit} bytes wait for clients to give credit for answers or to end their messages ({option})"
    )]
    Unread {
        /// Bytes that may wait.
        limit: usize,
        /// The option that says so.
        option: &'static str,
    },
}

impl From<CallEnded> for SendError {
    fn from(_: CallEnded) -> Self {
        Self::CallEnded
    }
}
