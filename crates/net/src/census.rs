//! What channels, servers and their connections have done so far, as channelz tells it: a copy that is made when somebody asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use russet_rpc::Traffic;

use crate::channel::Connectivity;
use crate::channel_trace::ChannelTrace;

/// A number that no other channel, subchannel, socket or server of this process has or had.
pub(crate) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The calls of a channel, a subchannel or a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Those that were started.
    pub started: u64,
    /// Those that ended with OK.
    pub succeeded: u64,
    /// Those that ended otherwise.
    pub failed: u64,
    /// When the last one was started.
    pub last_started: Option<Instant>,
}

impl CallCounts {
    pub(crate) fn start(&mut self, now: Instant) {
        self.started += 1;
        self.last_started = Some(now);
    }

    pub(crate) const fn end(&mut self, succeeded: bool) {
        if succeeded {
            self.succeeded += 1;
        } else {
            self.failed += 1;
        }
    }
}

/// How TLS protects a connection.
#[derive(Clone, Debug)]
pub struct TlsCensus {
    /// The cipher suite's name in IANA's registry.
    pub cipher: String,
    /// The peer's certificate in PEM, if it has shown one.
    pub remote_certificate: Option<String>,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct SocketCensus {
    /// Its number.
    pub id: u64,
    /// This side's address, as `ServicerContext.peer()` writes addresses.
    pub local: String,
    /// The peer's address, written so too.
    pub remote: String,
    /// How TLS protects it; `None` without TLS, and until both sides have agreed.
    pub tls: Option<TlsCensus>,
    /// What has gone over it.
    pub traffic: Traffic,
    /// Bytes that the peer may send on the connection now.
    pub local_window: i64,
    /// Bytes that this side may send.
    pub remote_window: i64,
}

/// One or more addresses of which a channel wants one connection.
#[derive(Clone, Debug)]
pub struct SubchannelCensus {
    /// Its number.
    pub id: u64,
    /// Its addresses.
    pub target: String,
    /// Its state.
    pub state: Connectivity,
    /// The attempts of calls that it was given.
    pub calls: CallCounts,
    /// What has happened to it.
    pub trace: ChannelTrace,
    /// Its connection, if one stands.
    pub socket: Option<SocketCensus>,
}

/// A channel.
#[derive(Clone, Debug)]
pub struct ChannelCensus {
    /// Its number.
    pub id: u64,
    /// Its state.
    pub state: Connectivity,
    /// Its calls.
    pub calls: CallCounts,
    /// What has happened to it.
    pub trace: ChannelTrace,
    /// Its subchannels, in the order of their addresses.
    pub subchannels: Vec<SubchannelCensus>,
}

/// A server.
#[derive(Clone, Debug)]
pub struct ServerCensus {
    /// Its number.
    pub id: u64,
    /// Its calls.
    pub calls: CallCounts,
    /// What has happened to it.
    pub trace: ChannelTrace,
    /// What it listens on: numbers and addresses.
    pub listeners: Vec<(u64, String)>,
    /// Its connections.
    pub sockets: Vec<SocketCensus>,
}
