//! How much one turn may decompress.
//!
//! A few hundred bytes can become megabytes and milliseconds. Whoever decompresses on the thread that drives the connections does so from a budget that is renewed in each turn; what it is too small for waits, and sockets and timers have their turn before.

use std::collections::VecDeque;

use crate::slots::CallKey;

/// Bytes that a turn decompresses before the rest waits for the next one: 1 MiB, some 2 ms of gzip. The message that begins within it is finished.
pub(crate) const INFLATE_BUDGET: usize = 1 << 20;

/// Calls that are told in one turn that they may try: more would mostly find the budget spent.
pub(crate) const CALLS_A_TURN: usize = 4;

/// The budget of a turn, and who waits for the next.
#[derive(Debug)]
pub(crate) struct Inflating {
    left: usize,
    waiting: VecDeque<CallKey>,
}

impl Default for Inflating {
    fn default() -> Self {
        Self {
            left: INFLATE_BUDGET,
            waiting: VecDeque::new(),
        }
    }
}

impl Inflating {
    /// Whether something may be decompressed in this turn.
    pub(crate) const fn has_room(&self) -> bool {
        self.left > 0
    }

    /// So many bytes were made.
    pub(crate) const fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// A turn begins.
    pub(crate) const fn renew(&mut self) {
        self.left = INFLATE_BUDGET;
    }

    /// A call waits for the next turn.
    pub(crate) fn wait(&mut self, key: CallKey) {
        self.waiting.push_back(key);
    }

    /// The call that has waited longest; it may be gone by now.
    pub(crate) fn next(&mut self) -> Option<CallKey> {
        self.waiting.pop_front()
    }

    /// The calls that wait.
    pub(crate) const fn waiting(&self) -> &VecDeque<CallKey> {
        &self.waiting
    }

    /// Whether another turn is due.
    pub(crate) fn is_due(&self) -> bool {
        !self.waiting.is_empty()
    }
}
