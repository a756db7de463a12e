//! What has gone over a connection so far: counts and times that channelz, metrics and tracing read.
//!
//! Counting is an addition; nothing is stored for a call or a message. Times are those of the connection's last input, since commands know no time.

use std::time::Instant;

/// The counts of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Calls that were started.
    pub streams_started: u64,
    /// Calls that ended as the protocol wants it: with a status from the server, whichever that was.
    pub streams_succeeded: u64,
    /// Calls that ended otherwise: by a reset, a deadline, a cancellation, or with the connection.
    pub streams_failed: u64,
    /// Whole messages that this side was given to send.
    pub messages_sent: u64,
    /// Whole messages that have come.
    pub messages_received: u64,
    /// PINGs sent to see whether the peer lives.
    pub keepalives_sent: u64,
    /// When the last call was started.
    pub last_stream: Option<Instant>,
    /// When the last message was given.
    pub last_message_sent: Option<Instant>,
    /// When the last message came.
    pub last_message_received: Option<Instant>,
}

impl Traffic {
    pub(crate) fn stream_started(&mut self, now: Instant) {
        self.streams_started += 1;
        self.last_stream = Some(now);
    }

    pub(crate) fn message_sent(&mut self, now: Instant) {
        self.messages_sent += 1;
        self.last_message_sent = Some(now);
    }

    pub(crate) fn message_received(&mut self, now: Instant) {
        self.messages_received += 1;
        self.last_message_received = Some(now);
    }

    /// The counts, where so many calls are open.
    pub(crate) const fn with_open(mut self, open: usize) -> Self {
        self.streams_failed = self
            .streams_started
            .saturating_sub(self.streams_succeeded)
            .saturating_sub(open as u64);
        self
    }
}
