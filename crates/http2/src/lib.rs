//! HTTP/2 without I/O: frames, HPACK, streams, flow control, limits.

pub mod hpack;

mod error;

pub use error::{ConnectionError, ErrorCode};
