//! When each of many things next wants to be called, and which is first.
//!
//! A heap with lazy deletion: an entry that no longer stands for its key's wish is dropped when it comes up. A wish that moves later costs nothing until then, so the usual case, a deadline that never fires, costs one push for the earliest only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The earliest wish of each key.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Timers {
    /// Notes that `key` wants to be called at `at`. `armed` is where the key keeps the earliest entry that stands in the heap for it.
    pub(crate) fn arm(&mut self, key: usize, at: Option<Instant>, armed: &mut Option<Instant>) {
        let Some(at) = at else { return };
        if armed.is_none_or(|earlier| at < earlier) {
            self.heap.push(Reverse((at, key)));
            *armed = Some(at);
        }
    }

    /// The earliest entry, due or not.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the next key whose entry is due. The caller clears the key's `armed` and arms it anew with its present wish.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<usize> {
        match self.heap.peek() {
            Some(Reverse((at, _))) if *at <= now => self.heap.pop().map(|Reverse((_, key))| key),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn due_keys_come_in_order_and_later_wishes_cost_nothing() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        let (mut one, mut two) = (None, None);
        timers.arm(1, Some(at(20)), &mut one);
        timers.arm(2, Some(at(10)), &mut two);
        timers.arm(1, Some(at(30)), &mut one);
        timers.arm(2, None, &mut two);
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.pop_due(at(5)), None);
        assert_eq!(timers.pop_due(at(25)), Some(2));
        assert_eq!(timers.pop_due(at(25)), Some(1));
        assert_eq!(timers.next(), None);
    }
}
