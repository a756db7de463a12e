//! The plugin protocol, both ends: what is asked of a `protoc-gen-NAME` program and what becomes of its answer ([`host`]), and our generators answering as such programs ([`guest`]).
//!
//! No process is run here: requests and responses are messages.

pub mod guest;
pub mod host;
