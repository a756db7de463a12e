//! What a connection tells its user.

use crate::{ErrorCode, StreamId};

/// What came in. An event concerns one stream or the connection; bytes are lent from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'i> {
    /// The peer's first SETTINGS: it speaks HTTP/2.
    Ready,
    /// SETTINGS changed how many streams this side may open.
    StreamLimit,
    /// A whole header list: the fields are in [`Connection::headers`](crate::Connection::headers) until the next call. On the server the first one makes the stream. Informational responses (1xx) are left out.
    Headers {
        /// Its stream.
        stream: StreamId,
        /// Whether these are trailers, not a request or response.
        trailers: bool,
        /// Whether the peer sends no more.
        end_stream: bool,
    },
    /// Data, or with no bytes the end of the stream. The bytes count against the windows until they are released.
    Data {
        /// Its stream.
        stream: StreamId,
        /// A piece of the stream's data, whole frames or less.
        bytes: &'i [u8],
        /// Whether the peer sends no more.
        end_stream: bool,
    },
    /// The stream was reset, by the peer or here because the peer broke a rule.
    Reset {
        /// The stream; it waits for [`Connection::release`](crate::Connection::release).
        stream: StreamId,
        /// The code received or sent.
        code: ErrorCode,
        /// The rule that the peer broke, if this side reset the stream.
        broken_rule: Option<&'static str>,
    },
    /// A PING that was answered.
    Ping,
    /// The answer to [`Connection::ping`](crate::Connection::ping).
    Pong {
        /// Its payload.
        payload: [u8; 8],
    },
    /// The peer ends the connection; [`Connection::peer_goaway`](crate::Connection::peer_goaway) has the debug data.
    GoAway {
        /// Streams of this side above this number were not and will not be processed.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
    },
}

/// What became of data that had to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The stream's pending bytes fell to the low mark after they had been over the high one.
    Drained(StreamId),
    /// The stream's pending bytes and its end are in the output.
    Ended(StreamId),
}
