//! Times of the engine as times of day.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::channel::lock;

/// By how much the two clocks may come apart before they are compared anew: the system's was set, or slept.
const TOLERANCE: Duration = Duration::from_millis(10);

/// Both clocks at one moment, so that a time of the one is a time of the other.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    monotonic: Instant,
    since_1970: Duration,
}

impl Clock {
    /// The same comparison of the clocks as long as it holds, so that times keep their order whenever they are asked for.
    pub(super) fn read() -> Self {
        // Locked for an instant with the interpreter's lock, so that a fork finds it free.
        static LAST: Mutex<Option<Clock>> = Mutex::new(None);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = Self {
            monotonic: Instant::now(),
            since_1970: since.unwrap_or_default(),
        };
        let mut last = lock(&LAST);
        let holds = |last: &Self| last.time(now.monotonic).abs_diff(now.since_1970) <= TOLERANCE;
        let clock = last.filter(holds).unwrap_or(now);
        *last = Some(clock);
        clock
    }

    /// Time since 1970.
    pub(super) fn time(&self, at: Instant) -> Duration {
        match at.checked_duration_since(self.monotonic) {
            Some(later) => self.since_1970.saturating_add(later),
            None => (self.since_1970).saturating_sub(self.monotonic.saturating_duration_since(at)),
        }
    }

    /// The same in seconds.
    pub(super) fn seconds(&self, at: Instant) -> f64 {
        self.time(at).as_secs_f64()
    }

    /// The same in nanoseconds.
    pub(super) fn nanoseconds(&self, at: Instant) -> u64 {
        u64::try_from(self.time(at).as_nanos()).unwrap_or(u64::MAX)
    }
}
