//! HTTP/2 without I/O: frames, HPACK, streams, flow control, limits.

mod error;

pub use error::{ConnectionError, ErrorCode};
