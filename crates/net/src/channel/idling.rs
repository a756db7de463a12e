//! A channel that nobody calls for long lets its connections go, and is idle again.

use std::time::{Duration, Instant};

use super::{Channel, Connectivity};

/// How long a channel without calls keeps its connections: 30 minutes, as in `grpcio`.
pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Since when there was no call.
#[derive(Debug)]
pub(super) struct Idling {
    timeout: Option<Duration>,
    /// Calls that have not ended.
    running: usize,
    /// Noted at the first turn without a call, since the end of a call knows no time.
    since: Option<Instant>,
    /// The last call has ended since the last turn, perhaps between two.
    unnoted: bool,
}

impl Idling {
    pub(super) const fn new(timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            running: 0,
            since: None,
            unnoted: false,
        }
    }

    pub(super) const fn call_started(&mut self) {
        self.running += 1;
        self.since = None;
        self.unnoted = false;
    }

    pub(super) const fn call_ended(&mut self) {
        self.running = self.running.saturating_sub(1);
        self.unnoted = self.running == 0 && self.timeout.is_some();
    }

    /// When the time is over, or has to be looked at.
    fn next_turn(&self) -> Option<Instant> {
        if self.unnoted {
            // Due already.
            return Some(Instant::now());
        }
        self.since?.checked_add(self.timeout?)
    }

    fn is_over(&mut self, now: Instant) -> bool {
        if self.running > 0 || self.timeout.is_none() {
            return false;
        }
        self.since.get_or_insert(now);
        self.unnoted = false;
        self.next_turn().is_some_and(|at| at <= now)
    }
}

impl Channel {
    /// When [`Channel::run_idling`] has something to do. A channel that is idle for another reason, because its only connection has ended say, wants no turn for this one.
    pub(super) fn next_idling(&self) -> Option<Instant> {
        self.idling.next_turn().filter(|_| !self.is_at_rest())
    }

    const fn is_at_rest(&self) -> bool {
        matches!(self.state, Connectivity::Idle | Connectivity::Shutdown)
    }

    /// Lets the connections go where nobody called for long.
    pub(super) fn run_idling(&mut self, now: Instant) {
        if self.is_at_rest() || !self.idling.is_over(now) {
            return;
        }
        self.idling.since = None;
        self.names.stop();
        for index in std::mem::take(&mut self.order) {
            self.remove_subchannel(index, now);
        }
        self.picker.addresses_changed();
        self.set_state(Connectivity::Idle, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_runs_from_the_first_turn_without_a_call() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut idling = Idling::new(Some(Duration::from_secs(10)));
        idling.call_started();
        assert!(!idling.is_over(at(100)));
        assert_eq!(idling.next_turn(), None);
        idling.call_ended();
        assert!(idling.next_turn().is_some_and(|at| at <= Instant::now()));
        assert!(!idling.is_over(at(101)));
        assert_eq!(idling.next_turn(), Some(at(111)));
        idling.call_started();
        idling.call_ended();
        assert!(!idling.is_over(at(112)));
        assert!(!idling.is_over(at(121)));
        assert!(idling.is_over(at(122)));
        let mut never = Idling::new(None);
        assert!(!never.is_over(at(0)) && !never.is_over(at(1 << 30)));
        assert_eq!(never.next_turn(), None);
    }
}
