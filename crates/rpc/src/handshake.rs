//! The time limits of a connection's beginning: until the peer's preface and SETTINGS have come, and then until it has acknowledged this side's.

use std::time::{Duration, Instant};

/// How far the beginning is, and until when the next step must come.
#[derive(Debug)]
pub(crate) struct Handshake {
    by: Option<Instant>,
    /// Time for the acknowledgement.
    settings_timeout: Option<Duration>,
    /// The peer's SETTINGS have come.
    settings_seen: bool,
}

impl Handshake {
    pub(crate) fn new(
        timeout: Option<Duration>,
        settings_timeout: Option<Duration>,
        now: Instant,
    ) -> Self {
        Self {
            by: timeout.and_then(|timeout| now.checked_add(timeout)),
            settings_timeout,
            settings_seen: false,
        }
    }

    /// The peer's SETTINGS have come.
    pub(crate) fn on_settings(&mut self, now: Instant) {
        self.settings_seen = true;
        self.by = (self.settings_timeout).and_then(|timeout| now.checked_add(timeout));
    }

    /// When it is too late, where the peer has `acknowledged` this side's SETTINGS or not.
    pub(crate) const fn by(&self, acknowledged: bool) -> Option<Instant> {
        if acknowledged && self.settings_seen {
            None
        } else {
            self.by
        }
    }
}
