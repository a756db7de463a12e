//! What an observer of calls is told: that attempts and calls began, and how each ended, with its times, sizes and messages (gRFC A66 and A72). Who wants to hear gives a channel or a server an [`Observer`] when it is made.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Instant;

use russet_rpc::{Code, Metadata, Status, Tally};

/// Hears of the calls of a channel or a server.
pub trait Observer: Debug + Send + Sync {
    /// Whether anybody listens now. Calls that begin while nobody does are not told of.
    fn is_listening(&self) -> bool;
    /// Something happened. Called with the channel's or the server's state locked: it must return at once.
    fn tell(&self, observed: Observed);
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Observed {
    /// A channel's call began another attempt; the first one begins with the call.
    AttemptStarted {
        /// The method's full name, `/package.Service/Method`.
        path: Arc<str>,
    },
    /// A channel's call has ended.
    ClientCall(Box<ClientCall>),
    /// A server was called.
    ServerCallStarted {
        /// The method's full name.
        path: Arc<str>,
    },
    /// A server's call has ended.
    ServerCall(Box<ServerCall>),
}

/// A channel's call that has ended.
#[derive(Clone, Debug)]
pub struct ClientCall {
    /// The method's full name.
    pub path: Arc<str>,
    /// What [`NewCall::token`](crate::channel::NewCall::token) said.
    pub token: u64,
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub ended: Instant,
    /// How it ended.
    pub status: Status,
    /// Its attempts in the order of their ends; never empty, since a call that got no connection has failed an attempt.
    pub attempts: Vec<Attempt>,
}

/// One attempt of a call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it began: the first one with the call, before it has a connection.
    pub started: Instant,
    /// When it got its connection, where it had to wait for one.
    pub picked: Option<Instant>,
    /// When it ended.
    pub ended: Instant,
    /// How it ended.
    pub status: Status,
    /// How many attempts of the call's policy went before it.
    pub previous: u32,
    /// Whether it was made because no server saw the one before (gRFC A6, "Transparent Retries").
    pub transparent: bool,
    /// Its messages; `None` where it got no connection.
    pub tally: Option<Box<Tally>>,
}

/// A server's call that has ended.
#[derive(Clone, Debug)]
pub struct ServerCall {
    /// A number that no other call of a server of this process has or had.
    pub id: u64,
    /// The method's full name.
    pub path: Arc<str>,
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub ended: Instant,
    /// How it ended.
    pub status: Status,
    /// The client's metadata.
    pub metadata: Metadata,
    /// Its messages.
    pub tally: Option<Box<Tally>>,
}

impl ServerCall {
    /// A call that begins; its end is not known yet.
    pub(crate) fn begin(id: u64, path: Arc<str>, metadata: Metadata, now: Instant) -> Self {
        Self {
            id,
            path,
            started: now,
            ended: now,
            status: Status::new(Code::Cancelled, ""),
            metadata,
            tally: None,
        }
    }
}
