//! HTTP/2 without I/O: frames, HPACK, streams, flow control, limits (RFC 9113, RFC 7541).
//!
//! [`Connection`] is one connection of either role. Its user gives it the peer's bytes and the time by [`Connection::receive`], acts on each [`Event`] before it asks for the next one, gives commands, and writes [`Connection::output`]. A stream lives until its user releases it, so that a [`StreamId`]'s slot can carry the user's own state. No socket, clock, lock or thread is known here, and nothing of gRPC.
//!
//! Server push, priorities and the HTTP/1.1 upgrade are left out: gRPC uses none of them. Push is refused, priorities are ignored.

pub mod frame;
pub mod hpack;
pub mod limits;

mod connection;
mod error;
mod event;
mod headers;
mod output;
mod spare;
mod streams;

pub use connection::{Block, Config, Connection, Failure, PeerGoAway, Role};
pub use error::{ConnectionError, ErrorCode};
pub use event::{Event, Sent};
pub use headers::{HeaderList, Value};
pub use streams::StreamId;
