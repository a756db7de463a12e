//! Sockets, names, timers and the reactor that drives the engine.
//!
//! [`server::Server`] and [`channel::Channel`] are the state of a server and of a client's channel: sockets joined to engines, and the calls on them. A [`Reactor`] drives one of them, either by the threads that wait for something ([`Reactor::wait`]) or by an event loop ([`Reactor::turn_now`]). Nothing here knows Python, protobuf, or what a method does.

pub mod address;
pub mod backoff;
pub mod census;
pub mod channel;
pub mod channel_trace;
pub mod proxy;
pub mod security;
pub mod server;
pub mod tls;
pub mod trace;

mod alarm;
mod fork;
mod handshake;
mod inbox;
mod inflating;
mod latch;
mod network;
pub mod observation;
mod parker;
mod poller;
mod random;
mod reactor;
mod resolver;
#[cfg(test)]
mod simulation;
mod slots;
mod socket;
mod sync;
mod timers;
mod transport;
mod tunnel;

pub use alarm::Alarm;
pub use fork::Frozen;
pub use inbox::Inbound;
pub use parker::{Parker, Wake};
pub use poller::Readiness;
pub use reactor::{Core, Look, Reactor, TICK, Waited};
pub use russet_rpc as rpc;
pub use slots::CallKey;
