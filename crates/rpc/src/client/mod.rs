//! The client's end of a gRPC connection.
//!
//! [`Connection`] is one HTTP/2 connection: it knows no name resolution, no balancing and no retries; it tells what they need.

mod config;
mod connection;
mod event;
mod response;
mod start;

pub use config::Config;
pub use connection::Connection;
pub use event::{Event, Reach};
pub use start::{StartCall, StartError};
