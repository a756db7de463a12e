//! The account of received bytes that wait: the messages of which a part has come, and the whole ones that the application has not taken.
//!
//! What a connection's peer sends ahead is bounded by its windows, but a message longer than a window must be let in, and many calls may each be inside such a message. So from a quarter of the connection's limit on only the oldest waiting call gets credit, which lets the messages end one after the other. A second quarter is for whole windows that are open by then, and the other half for the first windows of calls; who sends more than the limit all the same loses the calls that go beyond it. A [`MemoryQuota`] bounds the sum over the connections of a server. The account holds no bytes itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use russet_http2::StreamId;

use crate::inbound::{Inbound, InboundError};
use crate::limits;

/// What the connections of a server may hold together of messages that wait. Connections count in steps of [`limits::MEMORY_GRAIN`] bytes, so that calls with small messages do not touch it.
#[derive(Debug)]
pub struct MemoryQuota {
    limit: usize,
    used: AtomicUsize,
    /// Bytes by which the windows of connections have grown: what peers may send ahead beyond what every connection allows.
    promised: AtomicUsize,
}

impl MemoryQuota {
    /// A quota of `limit` bytes. A call that needs memory for a message in parts while it is used up ends with `RESOURCE_EXHAUSTED`; a connection with messages not taken gets no credit.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
            promised: AtomicUsize::new(0),
        }
    }

    /// Bytes that may wait.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that wait now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn is_used_up(&self) -> bool {
        self.used() > self.limit
    }

    /// Counts a promise of so many bytes more, unless all promises were more than a quarter of the limit then.
    fn promise(&self, more: usize) -> bool {
        self.promised
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |promised| {
                promised
                    .checked_add(more)
                    .filter(|sum| *sum <= self.limit / 4)
            })
            .is_ok()
    }
}

/// A call that waits for credit.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    stream: StreamId,
    credit: u32,
    /// What its message holds.
    bytes: usize,
}

/// A connection's account.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: usize,
    quota: Option<Arc<MemoryQuota>>,
    /// What the quota knows of this connection.
    counted: usize,
    /// Bytes of messages of which a part has come.
    unfinished: usize,
    /// Window bytes of whole messages that the application has not taken.
    untaken: usize,
    /// Whole messages may hold so much before the peer gets no connection credit.
    max_untaken: usize,
    /// The window that a call has which goes on, unless the network needs more.
    call_window: u32,
    /// Calls whose peer may send such a window ahead.
    open_windows: usize,
    /// Bytes by which calls' windows have grown beyond it.
    grown: usize,
    /// Bytes by which the connection's window has grown.
    promised: usize,
    /// Streams that get no credit for now, by number: the oldest first.
    waiting: BTreeMap<u32, Waiting>,
    /// The call that gets credit while memory is short, and what its message holds.
    favoured: Option<(StreamId, usize)>,
}

impl Memory {
    pub(crate) const fn new(
        limit: usize,
        quota: Option<Arc<MemoryQuota>>,
        call_window: u32,
    ) -> Self {
        Self {
            limit,
            quota,
            counted: 0,
            unfinished: 0,
            untaken: 0,
            max_untaken: limits::MAX_UNTAKEN_BYTES,
            call_window,
            open_windows: 0,
            grown: 0,
            promised: 0,
            waiting: BTreeMap::new(),
            favoured: None,
        }
    }

    /// Whether a peer that waits for the application gets no connection credit.
    pub(crate) fn withholds(&self) -> bool {
        self.untaken > self.max_untaken
            || (self.untaken > 0 && self.quota.as_ref().is_some_and(|quota| quota.is_used_up()))
    }

    /// A whole message came for the application.
    pub(crate) fn came(&mut self, credit: u32) {
        self.untaken += credit as usize;
        self.count();
    }

    /// The application took messages, or they are not wanted any more.
    pub(crate) fn taken(&mut self, credit: u32) {
        self.untaken = self.untaken.saturating_sub(credit as usize);
        self.count();
    }

    /// A call's message in the making has grown, or is whole.
    #[inline]
    pub(crate) fn resized(
        &mut self,
        stream: StreamId,
        before: usize,
        after: usize,
    ) -> Result<(), InboundError> {
        if before == after {
            return Ok(());
        }
        self.unfinished = self.unfinished.saturating_sub(before) + after;
        self.count();
        let mut favoured_bytes = 0;
        if let Some((favoured, bytes)) = &mut self.favoured {
            if *favoured == stream {
                *bytes = after;
            }
            favoured_bytes = *bytes;
        }
        let is_favoured = self.is_favoured(stream);
        if is_favoured && after == 0 {
            self.favoured = None;
        }
        if after <= before {
            return Ok(());
        }
        if let Some(quota) = self.quota.as_ref().filter(|quota| quota.is_used_up()) {
            return Err(InboundError::ServerMemory { limit: quota.limit });
        }
        if !is_favoured && self.unfinished.saturating_sub(favoured_bytes) > self.limit {
            return Err(InboundError::ConnectionMemory { limit: self.limit });
        }
        Ok(())
    }

    /// Whether a call may be given credit for the message that it is inside of; otherwise the credit is kept for later.
    pub(crate) fn admits(&mut self, stream: StreamId, credit: u32, bytes: usize) -> bool {
        if !self.is_short() || self.is_favoured(stream) {
            return true;
        }
        let waiting = self.waiting.entry(stream.number).or_insert(Waiting {
            stream,
            credit: 0,
            bytes,
        });
        waiting.credit = waiting.credit.saturating_add(credit);
        waiting.bytes = bytes;
        false
    }

    /// A stream that waited and whose turn it is, with its credit. To be asked until there is none.
    pub(crate) fn next_turn(&mut self) -> Option<(StreamId, u32)> {
        if self.waiting.is_empty() || (self.is_short() && self.favoured.is_some()) {
            return None;
        }
        let (_, next) = self.waiting.pop_first()?;
        if self.is_short() {
            self.favoured = Some((next.stream, next.bytes));
        }
        Some((next.stream, next.credit))
    }

    /// The largest window that calls and the connection may ever have.
    pub(crate) fn largest_window(&self) -> u32 {
        u32::try_from(self.limit / 8)
            .unwrap_or(u32::MAX)
            .min(limits::MAX_GROWN_WINDOW)
    }

    /// The window that a call may have which has one of `current` bytes, where `wanted` is enough for the network. It is the usual one unless those could take more than their quarter of the memory by then, and the first call's is always; beyond that calls share an eighth.
    pub(crate) fn window(&mut self, current: u32, wanted: u32) -> u32 {
        let mut window = current;
        if window == 0 {
            let promised = (self.open_windows + 1).saturating_mul(self.call_window as usize);
            if self.open_windows > 0 && promised > self.limit / 4 {
                return 0;
            }
            self.open_windows += 1;
            window = self.call_window;
        }
        let more = wanted.saturating_sub(window);
        let grown = self.grown.saturating_add(more as usize);
        if more > 0 && grown <= self.limit / 8 {
            self.grown = grown;
            window = wanted;
        }
        window
    }

    /// Whether the connection's window may become so many bytes larger. What is allowed counts until the connection ends.
    pub(crate) fn may_promise(&mut self, more: u32) -> bool {
        let more = more as usize;
        if self
            .quota
            .as_ref()
            .is_some_and(|quota| !quota.promise(more))
        {
            return false;
        }
        self.promised += more;
        self.max_untaken += 2 * more;
        true
    }

    /// A call has ended, with this in its account.
    pub(crate) fn forget(&mut self, stream: StreamId, inbound: &Inbound) {
        self.unfinished = self.unfinished.saturating_sub(inbound.unfinished());
        self.taken(inbound.untaken());
        if inbound.window > 0 {
            self.open_windows -= 1;
            self.grown -= (inbound.window.saturating_sub(self.call_window)) as usize;
        }
        self.waiting.remove(&stream.number);
        if self.is_favoured(stream) {
            self.favoured = None;
        }
    }

    /// Bytes of messages of which a part has come.
    pub(crate) const fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// Whether only one call gets credit.
    const fn is_short(&self) -> bool {
        self.unfinished > self.limit / 4
    }

    fn is_favoured(&self, stream: StreamId) -> bool {
        self.favoured
            .is_some_and(|(favoured, _)| favoured == stream)
    }

    fn count(&mut self) {
        let Some(quota) = &self.quota else {
            return;
        };
        let now = self.unfinished + self.untaken;
        if now.abs_diff(self.counted) < limits::MEMORY_GRAIN {
            return;
        }
        if now > self.counted {
            quota.used.fetch_add(now - self.counted, Ordering::Relaxed);
        } else {
            quota.used.fetch_sub(self.counted - now, Ordering::Relaxed);
        }
        self.counted = now;
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(quota) = &self.quota {
            quota.used.fetch_sub(self.counted, Ordering::Relaxed);
            quota.promised.fetch_sub(self.promised, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(number: u32) -> StreamId {
        StreamId {
            number,
            slot: number,
        }
    }

    #[test]
    fn short_memory_goes_to_one_call_after_the_other() {
        let mut memory = Memory::new(1000, None, 10);
        memory.resized(stream(1), 0, 150).unwrap();
        assert!(memory.admits(stream(1), 10, 150));
        memory.resized(stream(3), 0, 300).unwrap();
        assert!(!memory.admits(stream(3), 20, 300));
        assert!(!memory.admits(stream(1), 5, 150));
        assert!(!memory.admits(stream(1), 6, 150));
        // The oldest, with all that was kept for it.
        assert_eq!(memory.next_turn(), Some((stream(1), 11)));
        assert_eq!(memory.next_turn(), None);
        // It may go beyond the limit, the others may not.
        memory.resized(stream(1), 150, 5000).unwrap();
        assert!(memory.admits(stream(1), 7, 5000));
        assert!(matches!(
            memory.resized(stream(3), 300, 1100),
            Err(InboundError::ConnectionMemory { limit: 1000 })
        ));
        memory.resized(stream(3), 1100, 0).unwrap();
        memory.forget(stream(3), &Inbound::default());
        // Its message is whole: nobody waits any more.
        memory.resized(stream(1), 5000, 0).unwrap();
        assert!(!memory.is_short());
        assert_eq!(memory.next_turn(), None);
        assert_eq!(memory.unfinished, 0);
    }

    #[test]
    fn connections_share_a_quota() {
        let quota = Arc::new(MemoryQuota::new(100_000));
        let mut one = Memory::new(1 << 30, Some(Arc::clone(&quota)), 10);
        let mut other = Memory::new(1 << 30, Some(Arc::clone(&quota)), 10);
        one.resized(stream(1), 0, 90_000).unwrap();
        assert_eq!(quota.used(), 90_000);
        other.came(20_000);
        assert!(other.withholds());
        assert!(!one.withholds());
        assert!(matches!(
            one.resized(stream(1), 90_000, 120_000),
            Err(InboundError::ServerMemory { limit: 100_000 })
        ));
        other.taken(20_000);
        drop(one);
        assert_eq!(quota.used(), 0);
        other.resized(stream(1), 0, 90_000).unwrap();
    }
}
