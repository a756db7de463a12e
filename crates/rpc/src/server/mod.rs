//! The server's end of a gRPC connection.
//!
//! [`Connection`] takes the bytes that a socket gave and the time, and gives events, bytes to write and the time of its next timeout. It starts no handler and knows no service.

mod config;
mod connection;
mod event;
mod request;

pub use config::Config;
pub use connection::{Connection, StatusSent};
pub use event::{CancelReason, Event, IncomingCall};
