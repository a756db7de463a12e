//! Why a connection ended.

use thiserror::Error;

/// Who has to act so that the end of a connection does not repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The peer broke the protocol or a limit.
    PeerMisbehaved,
    /// The peer speaks something else than HTTP/2.
    PeerIncompatible,
    /// The network, or an end that either side asked for.
    Nobody,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// This side closed it.
    #[error("closed by this side: {0}")]
    Local(String),
    /// A graceful shutdown came to its end: every call has ended.
    #[error("shut down")]
    ShutDown,
    /// The peer closed the byte stream.
    #[error("the peer closed the connection")]
    PeerClosed,
    /// The peer said GOAWAY with an error.
    #[error("the peer ended the connection with {code}{}{debug}", if debug.is_empty() { "" } else { ": " })]
    PeerError {
        /// The HTTP/2 error code.
        code: russet_http2::ErrorCode,
        /// The peer's debug data, as text.
        debug: String,
    },
    /// The peer broke HTTP/2 or one of this side's limits; it was told so by GOAWAY.
    #[error(transparent)]
    Protocol(#[from] russet_http2::ConnectionError),
    /// The peer speaks another protocol; the text says which, where it can be told.
    #[error("the peer does not speak HTTP/2: {0}")]
    NotHttp2(&'static str),
    /// The peer did not send its preface and SETTINGS in time, or did not acknowledge this side's.
    #[error("no HTTP/2 handshake within the time limit")]
    HandshakeTimeout,
    /// A keepalive PING was not answered in time.
    #[error("keepalive: the PING was not answered within the time limit")]
    KeepaliveTimeout,
    /// No call for as long as the idle limit allows.
    #[error("closed: no call within the idle time limit")]
    Idle,
    /// The connection reached its greatest age, and the grace after it.
    #[error("closed: the connection reached its age limit")]
    MaxAge,
}

impl CloseReason {
    /// Who has to act.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Protocol(_) => Fault::PeerMisbehaved,
            Self::NotHttp2(_) => Fault::PeerIncompatible,
            _ => Fault::Nobody,
        }
    }
}
