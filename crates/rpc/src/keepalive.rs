//! Keepalive by PING (gRFC A8 for clients, A9 for servers), and a server's defence against too many of them.

use std::time::{Duration, Instant};

use crate::deadlines::earliest;
use crate::limits;

/// What the timer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    SendPing,
    /// The PING was not answered.
    GiveUp,
}

/// What keepalive is held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepaliveRules {
    /// Silence after which a PING is sent; `None` for no PINGs.
    pub(crate) time: Option<Duration>,
    /// Time in which anything must come after it.
    pub(crate) timeout: Duration,
    /// Time in which the answer itself must come, whatever else does.
    pub(crate) ping_timeout: Option<Duration>,
    /// Whether PINGs are sent while no call is open.
    pub(crate) without_calls: bool,
    /// PINGs that may follow each other while no call sends anything, before they become as rare as [`limits::PING_INTERVAL_WITHOUT_DATA`]; `None` for any number.
    pub(crate) max_without_data: Option<u32>,
}

/// Watches whether the peer lives.
#[derive(Debug)]
pub(crate) struct Keepalive {
    rules: KeepaliveRules,
    last_read: Instant,
    /// The PING after which nothing has come.
    ping_sent: Option<Instant>,
    /// The PING that was not answered.
    unanswered: Option<Instant>,
    /// The last PING of any purpose.
    last_ping: Option<Instant>,
    /// PINGs since a call sent something.
    pings: u32,
    /// What calls had sent when the last PING was.
    sent: u64,
}

impl Keepalive {
    /// The payload of keepalive PINGs.
    pub(crate) const PAYLOAD: [u8; 8] = *b"keep\0liv";

    pub(crate) const fn new(rules: KeepaliveRules, now: Instant) -> Self {
        Self {
            rules,
            last_read: now,
            ping_sent: None,
            unanswered: None,
            last_ping: None,
            pings: 0,
            sent: 0,
        }
    }

    /// Bytes came: the peer lives.
    pub(crate) const fn on_read(&mut self, now: Instant) {
        self.last_read = now;
        self.ping_sent = None;
    }

    /// A keepalive PING was answered.
    pub(crate) const fn on_answer(&mut self) {
        self.unanswered = None;
    }

    /// A PING was sent, for whatever purpose. `sent` changes with all that calls send.
    pub(crate) const fn on_ping(&mut self, sent: u64, now: Instant) {
        if self.sent != sent {
            self.sent = sent;
            self.pings = 0;
        }
        self.pings = self.pings.saturating_add(1);
        self.last_ping = Some(now);
    }

    /// When to call [`poll`](Self::poll).
    pub(crate) fn next(&self, has_calls: bool, sent: u64) -> Option<Instant> {
        let silence = match self.ping_sent {
            Some(at) => at.checked_add(self.rules.timeout),
            None if has_calls || self.rules.without_calls => self.next_ping(sent),
            None => None,
        };
        earliest([silence, self.answer_by()])
    }

    fn answer_by(&self) -> Option<Instant> {
        self.unanswered?.checked_add(self.rules.ping_timeout?)
    }

    fn next_ping(&self, sent: u64) -> Option<Instant> {
        let due = self.last_read.checked_add(self.rules.time?)?;
        let too_many =
            self.sent == sent && (self.rules.max_without_data).is_some_and(|max| self.pings >= max);
        let held = (self.last_ping.filter(|_| too_many))
            .and_then(|last| last.checked_add(limits::PING_INTERVAL_WITHOUT_DATA));
        Some(held.map_or(due, |held| held.max(due)))
    }

    pub(crate) fn poll(&mut self, has_calls: bool, sent: u64, now: Instant) -> Action {
        if self.next(has_calls, sent).is_none_or(|at| at > now) {
            Action::Nothing
        } else if self.ping_sent.is_some() || self.answer_by().is_some_and(|by| by <= now) {
            Action::GiveUp
        } else {
            self.on_ping(sent, now);
            self.ping_sent = Some(now);
            self.unanswered = self.unanswered.or(Some(now));
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

    const RULES: KeepaliveRules = KeepaliveRules {
        time: Some(Duration::from_secs(10)),
        timeout: Duration::from_secs(5),
        ping_timeout: None,
        without_calls: false,
        max_without_data: None,
    };

    #[test]
    fn a_silent_peer_is_pinged_and_then_given_up() {
        let start = Instant::now();
        let mut keepalive = Keepalive::new(RULES, start);
        assert_eq!(
            (keepalive.next(false, 0), keepalive.next(true, 0)),
            (None, Some(start + 10 * SECOND))
        );
        assert_eq!(keepalive.poll(true, 0, start + 9 * SECOND), Action::Nothing);
        assert_eq!(
            keepalive.poll(true, 0, start + 10 * SECOND),
            Action::SendPing
        );
        assert_eq!(keepalive.next(false, 0), Some(start + 15 * SECOND));
        keepalive.on_read(start + 14 * SECOND);
        assert_eq!(
            keepalive.poll(true, 0, start + 15 * SECOND),
            Action::Nothing
        );
        assert_eq!(
            keepalive.poll(true, 0, start + 24 * SECOND),
            Action::SendPing
        );
        assert_eq!(keepalive.poll(true, 0, start + 29 * SECOND), Action::GiveUp);
    }

    #[test]
    fn a_peer_that_talks_and_does_not_answer_is_given_up_too() {
        let start = Instant::now();
        let rules = KeepaliveRules {
            ping_timeout: Some(20 * SECOND),
            ..RULES
        };
        let mut keepalive = Keepalive::new(rules, start);
        assert_eq!(
            keepalive.poll(true, 0, start + 10 * SECOND),
            Action::SendPing
        );
        keepalive.on_answer();
        keepalive.on_read(start + 12 * SECOND);
        assert_eq!(
            keepalive.poll(true, 0, start + 22 * SECOND),
            Action::SendPing
        );
        keepalive.on_read(start + 23 * SECOND);
        assert_eq!(
            keepalive.poll(true, 0, start + 33 * SECOND),
            Action::SendPing
        );
        keepalive.on_read(start + 34 * SECOND);
        assert_eq!(keepalive.next(true, 0), Some(start + 42 * SECOND));
        assert_eq!(keepalive.poll(true, 0, start + 42 * SECOND), Action::GiveUp);
    }

    #[test]
    fn pings_become_rare_while_calls_send_nothing() {
        let start = Instant::now();
        let rules = KeepaliveRules {
            max_without_data: Some(2),
            ..RULES
        };
        let mut keepalive = Keepalive::new(rules, start);
        let mut pings = Vec::new();
        for second in 0..200 {
            let sent = u64::from(second >= 145);
            let now = start + second * SECOND;
            // One of another purpose counts.
            if second == 3 {
                keepalive.on_ping(sent, now);
            }
            if keepalive.poll(true, sent, now) == Action::SendPing {
                keepalive.on_read(now);
                pings.push(second);
            }
        }
        assert_eq!(pings, [10, 70, 130, 145, 155]);
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
