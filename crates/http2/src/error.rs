//! HTTP/2 error codes, and why a connection ended.

use thiserror::Error;

/// An error code of `RST_STREAM` and GOAWAY (RFC 9113 section 7). Unknown codes are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// Not an error: a graceful end.
    pub const NO_ERROR: Self = Self(0x0);
    /// The peer broke a rule for which there is no better code.
    pub const PROTOCOL_ERROR: Self = Self(0x1);
    /// This side failed.
    pub const INTERNAL_ERROR: Self = Self(0x2);
    /// The peer broke flow control.
    pub const FLOW_CONTROL_ERROR: Self = Self(0x3);
    /// SETTINGS were not acknowledged in time.
    pub const SETTINGS_TIMEOUT: Self = Self(0x4);
    /// A frame came for a stream that is half closed or closed.
    pub const STREAM_CLOSED: Self = Self(0x5);
    /// A frame has a length that its type does not allow.
    pub const FRAME_SIZE_ERROR: Self = Self(0x6);
    /// The stream was refused before anything of it was processed.
    pub const REFUSED_STREAM: Self = Self(0x7);
    /// The stream is no longer needed.
    pub const CANCEL: Self = Self(0x8);
    /// The HPACK state cannot be kept.
    pub const COMPRESSION_ERROR: Self = Self(0x9);
    /// A CONNECT tunnel broke.
    pub const CONNECT_ERROR: Self = Self(0xa);
    /// The peer makes more work than it may.
    pub const ENHANCE_YOUR_CALM: Self = Self(0xb);
    /// The transport is not secure enough.
    pub const INADEQUATE_SECURITY: Self = Self(0xc);
    /// HTTP/1.1 is needed.
    pub const HTTP_1_1_REQUIRED: Self = Self(0xd);

    /// The name in RFC 9113, or `None` for a code it does not define.
    pub const fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 14] = [
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED",
        ];
        if (self.0 as usize) < NAMES.len() {
            Some(NAMES[self.0 as usize])
        } else {
            None
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "HTTP/2 error {:#x}", self.0),
        }
    }
}

impl std::fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// The peer broke HTTP/2, or a limit that protects this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the peer broke HTTP/2 ({code}): {detail}")]
pub struct ConnectionError {
    /// The code that the peer is told.
    pub code: ErrorCode,
    /// The rule or the limit, in words; the peer is told it as GOAWAY debug data.
    pub detail: &'static str,
}
