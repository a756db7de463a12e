//! gRPC without I/O: framing, metadata, status, deadlines, and how calls are repeated.
//!
//! [`server::Connection`] and [`client::Connection`] each are one connection of gRPC over HTTP/2. Bytes and the time go in; events, bytes to write and the time of the next timeout come out. They know no socket, clock, lock, thread or async runtime: a driver gives them these. After each input and each batch of commands a driver polls events until there are none, writes `output`, reports `output_written`, and arms its timer with `poll_timeout`.

pub mod balancing;
mod bandwidth;
pub mod client;
pub mod health;
pub mod limits;
pub mod retry;
pub mod server;
pub mod service_config;

mod call;
mod calls;
mod close;
mod code;
mod compression;
mod deadlines;
mod encoding;
mod error;
mod handshake;
mod inbound;
mod keepalive;
mod link;
mod mapping;
mod memory;
mod message;
mod metadata;
mod protobuf;
mod status;
mod tally;
mod timeout;
mod traffic;
mod wire;

pub use call::CallId;
pub use close::{CloseReason, Fault};
pub use code::Code;
pub use encoding::{DefaultEncoding, Encoding, EncodingSet, MessageOptions};
pub use error::{CallEnded, SendError};
pub use memory::{Held, MemoryQuota};
pub use message::{Message, UnreadableMessage};
pub use metadata::{Iter as MetadataIter, Metadata, MetadataError, is_binary};
pub use protobuf::Malformed;
pub use status::{Status, percent_decode, percent_encode};
pub use tally::{MAX_NOTES, MessageNote, Observe, Tally};
pub use traffic::Traffic;
