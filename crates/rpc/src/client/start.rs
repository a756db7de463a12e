//! What starts a call, and whether it can be sent.

use std::time::Instant;

use thiserror::Error;

use crate::{Encoding, Metadata, wire};

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
    /// `path`, `authority`, `scheme` or `user_agent` cannot be a header value.
    #[error("the {0} of the call is empty or holds a character that a header cannot have")]
    IllegalHeader(&'static str),
}

/// Bytes that the protocol's own fields take in a header list at most, beside path, authority and user agent.
const PROTOCOL_FIELDS: usize = 512;

impl StartCall<'_> {
    /// Whether the call can be sent to a server that accepts header lists of `max` bytes.
    pub(super) fn check(&self, max: usize) -> Result<(), StartError> {
        self.check_headers()?;
        self.check_size(max)
    }

    /// Whether what the caller names can stand in headers.
    fn check_headers(&self) -> Result<(), StartError> {
        let fields = [
            ("path", self.path),
            ("authority", self.authority),
            ("scheme", self.scheme),
        ];
        for (what, value) in fields {
            if value.is_empty() || !value.bytes().all(|byte| matches!(byte, b'!'..=b'~')) {
                return Err(StartError::IllegalHeader(what));
            }
        }
        if !self
            .user_agent
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~'))
        {
            return Err(StartError::IllegalHeader("user agent"));
        }
        Ok(())
    }

    fn check_size(&self, max: usize) -> Result<(), StartError> {
        let own = PROTOCOL_FIELDS + self.path.len() + self.authority.len() + self.user_agent.len();
        let size = wire::list_size(self.metadata) + own;
        // The estimate is high: only lists that have metadata of some size are refused by it.
        if size > max && !self.metadata.is_empty() {
            Err(StartError::HeadersTooLarge { size, max })
        } else {
            Ok(())
        }
    }
}
