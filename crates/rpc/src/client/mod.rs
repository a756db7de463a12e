//! The client's end of a gRPC connection.
//!
//! [`Connection`] is one HTTP/2 connection: it knows no name resolution, no balancing and no retries; it tells what they need.

mod config;
mod connection;
mod event;
mod response;

pub use config::Config;
pub use connection::{Connection, StartCall, StartError};
pub use event::{Event, Reach};
