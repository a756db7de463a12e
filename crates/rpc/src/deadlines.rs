//! The deadlines of a connection's calls: a heap from which calls that ended early are swept now and then; and the earliest of several times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use crate::CallId;

/// Entries of ended calls are swept when they outnumber the living by this many.
const SWEEP_SLACK: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: BinaryHeap<Reverse<(Instant, CallId)>>,
}

impl Deadlines {
    /// Adds a call's deadline. `living` is how many calls live, and `is_living` tells which.
    pub(crate) fn push(
        &mut self,
        at: Instant,
        call: CallId,
        living: usize,
        is_living: impl Fn(CallId) -> bool,
    ) {
        if self.heap.len() > 2 * living + SWEEP_SLACK {
            self.heap.retain(|Reverse((_, call))| is_living(*call));
        }
        self.heap.push(Reverse((at, call)));
    }

    /// The earliest deadline of a living call.
    pub(crate) fn next(&mut self, is_living: impl Fn(CallId) -> bool) -> Option<Instant> {
        loop {
            let Reverse((at, call)) = self.heap.peek()?;
            if is_living(*call) {
                return Some(*at);
            }
            self.heap.pop();
        }
    }

    /// Takes out a call whose deadline is at or before `now`.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<CallId> {
        if self.heap.peek()?.0.0 > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, call))| call)
    }
}

/// The earliest of some times.
pub(crate) fn earliest<const N: usize>(times: [Option<Instant>; N]) -> Option<Instant> {
    times.into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(stream: u32) -> CallId {
        CallId { stream, slot: 0 }
    }

    #[test]
    fn deadlines_come_in_order_and_only_of_living_calls() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::default();
        for (stream, seconds) in [(1, 30), (3, 10), (5, 20)] {
            deadlines.push(at(seconds), call(stream), 3, |_| true);
        }
        assert_eq!(deadlines.next(|call| call.stream != 3), Some(at(20)));
        assert_eq!(deadlines.pop_due(at(19)), None);
        assert_eq!(deadlines.pop_due(at(20)), Some(call(5)));
        assert_eq!(deadlines.pop_due(at(20)), None);
    }

    #[test]
    fn ended_calls_do_not_pile_up() {
        let now = Instant::now();
        let mut deadlines = Deadlines::default();
        for stream in 0..100_000 {
            deadlines.push(now, call(stream), 1, |living| living == call(stream));
        }
        assert!(deadlines.heap.len() <= SWEEP_SLACK + 4);
    }
}
