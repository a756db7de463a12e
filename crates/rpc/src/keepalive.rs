//! Keepalive by PING (gRFC A8 for clients, A9 for servers), and a server's defence against too many of them.

use std::time::{Duration, Instant};

/// What the timer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    SendPing,
    /// The PING was not answered.
    GiveUp,
}

/// Watches whether the peer lives.
#[derive(Debug)]
pub(crate) struct Keepalive {
    time: Option<Duration>,
    timeout: Duration,
    /// Whether PINGs are sent while no call is open.
    without_calls: bool,
    last_read: Instant,
    ping_sent: Option<Instant>,
}

impl Keepalive {
    /// The payload of keepalive PINGs.
    pub(crate) const PAYLOAD: [u8; 8] = *b"keep\0liv";

    pub(crate) const fn new(
        time: Option<Duration>,
        timeout: Duration,
        without_calls: bool,
        now: Instant,
    ) -> Self {
        Self {
            time,
            timeout,
            without_calls,
            last_read: now,
            ping_sent: None,
        }
    }

    /// Bytes came: the peer lives.
    pub(crate) const fn on_read(&mut self, now: Instant) {
        self.last_read = now;
        self.ping_sent = None;
    }

    /// When to call [`poll`](Self::poll).
    pub(crate) fn next(&self, has_calls: bool) -> Option<Instant> {
        let time = self.time?;
        match self.ping_sent {
            Some(sent) => sent.checked_add(self.timeout),
            None if has_calls || self.without_calls => self.last_read.checked_add(time),
            None => None,
        }
    }

    pub(crate) fn poll(&mut self, has_calls: bool, now: Instant) -> Action {
        if self.next(has_calls).is_none_or(|at| at > now) {
            Action::Nothing
        } else if self.ping_sent.is_some() {
            Action::GiveUp
        } else {
            self.ping_sent = Some(now);
            Action::SendPing
        }
    }
}

/// Counts the PINGs of a client that come too early (gRFC A8, "Server Enforcement").
#[derive(Debug)]
pub(crate) struct PingStrikes {
    max: Option<u32>,
    strikes: u32,
    last: Option<Instant>,
    /// Bytes of DATA that had been sent when the last PING came.
    data_sent: u64,
}

impl PingStrikes {
    pub(crate) const fn new(max: Option<u32>) -> Self {
        Self {
            max,
            strikes: 0,
            last: None,
            data_sent: 0,
        }
    }

    /// The server sent headers: the client may ping anew.
    pub(crate) const fn forgive(&mut self) {
        self.strikes = 0;
        self.last = None;
    }

    /// A PING came, and `data_sent` bytes of DATA had been sent by then; false if it is one too many.
    ///
    /// Data counts when it is framed, not when it is given: a client that estimates the bandwidth pings again and again while the windows let a long message through.
    pub(crate) fn on_ping(&mut self, min_interval: Duration, data_sent: u64, now: Instant) -> bool {
        if std::mem::replace(&mut self.data_sent, data_sent) != data_sent {
            self.forgive();
        }
        let last = self.last.replace(now);
        if last.is_some_and(|last| now.saturating_duration_since(last) < min_interval) {
            self.strikes = self.strikes.saturating_add(1);
        }
        self.max.is_none_or(|max| self.strikes <= max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_silent_peer_is_pinged_and_then_given_up() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(Some(10 * SECOND), 5 * SECOND, false, start);
        assert_eq!(
            (keepalive.next(false), keepalive.next(true)),
            (None, Some(start + 10 * SECOND))
        );
        assert_eq!(keepalive.poll(true, start + 9 * SECOND), Action::Nothing);
        assert_eq!(keepalive.poll(true, start + 10 * SECOND), Action::SendPing);
        assert_eq!(keepalive.next(false), Some(start + 15 * SECOND));
        keepalive.on_read(start + 14 * SECOND);
        assert_eq!(keepalive.poll(true, start + 15 * SECOND), Action::Nothing);
        assert_eq!(keepalive.poll(true, start + 24 * SECOND), Action::SendPing);
        assert_eq!(keepalive.poll(true, start + 29 * SECOND), Action::GiveUp);
    }

    #[test]
    fn the_third_early_ping_is_one_too_many() {
        let start = Instant::now();
        let mut strikes = PingStrikes::new(Some(2));
        let pings =
            [0, 1, 2, 3].map(|seconds| strikes.on_ping(10 * SECOND, 0, start + seconds * SECOND));
        assert_eq!(pings, [true, true, true, false]);
        strikes.forgive();
        assert!(strikes.on_ping(10 * SECOND, 0, start + 4 * SECOND));
    }

    #[test]
    fn who_is_sent_data_between_may_ping() {
        let start = Instant::now();
        let mut strikes = PingStrikes::new(Some(0));
        for data_sent in 0..10 {
            assert!(strikes.on_ping(10 * SECOND, data_sent, start));
        }
        assert!(!strikes.on_ping(10 * SECOND, 9, start));
    }
}
