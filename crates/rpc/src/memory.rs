//! The account of what a peer makes a connection hold: the messages of which a part has come, the whole ones that the application has not taken, the metadata of calls, and the answers that wait for credit.
//!
//! What a connection's peer sends ahead is bounded by its windows, but a message longer than a window must be let in, and many calls may each be inside such a message. So from a quarter of the connection's limit on only the oldest waiting call gets credit, which lets the messages end one after the other. A second quarter is for whole windows that are open by then, and the other half for the first windows of calls; who sends more than the limit all the same loses the calls that go beyond it. Metadata has an eighth of the limit, and answers have as much again as the limit. A [`MemoryQuota`] bounds the sum over the connections of a server: none may hold more than half of what is left, so that whatever the others hold, something is left for each. The account holds no bytes itself.

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
    /// A quota of `limit` bytes. On a connection that holds more than half of what is left, a call that needs more ends with `RESOURCE_EXHAUSTED`, and where messages are not taken, there is no credit.
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

    /// What one connection may hold: half of what is left.
    fn share(&self) -> usize {
        self.limit.saturating_sub(self.used()) / 2
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

/// Takes off an account what it has. More than that would be a fault of ours, which tests hear of.
fn give_back(account: &mut usize, bytes: usize) {
    debug_assert!(*account >= bytes, "{bytes} bytes more than the account has");
    *account = account.saturating_sub(bytes);
}

/// What a connection holds for its peer, in bytes but for the calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Messages of which a part has come, as they are on the wire.
    pub unfinished: usize,
    /// What those take of memory.
    pub reserved: usize,
    /// Whole messages that the application has not taken, as they are on the wire.
    pub untaken: usize,
    /// Long names of calls.
    pub names: usize,
    /// Metadata that anybody has.
    pub metadata: usize,
    /// Answers that wait for credit.
    pub unsent: usize,
    /// Calls that have not ended.
    pub calls: usize,
}

/// Which limit leaves no room, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// That of a connection.
    Connection { limit: usize },
    /// That of the server.
    Server { limit: usize },
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
    /// What those take of memory.
    reserved: usize,
    /// Window bytes of whole messages that the application has not taken.
    untaken: usize,
    /// Bytes of the long names of calls.
    names: usize,
    /// Bytes of metadata, which counts itself for as long as anybody has it.
    metadata: Arc<AtomicUsize>,
    /// Calls that have not ended.
    calls: usize,
    /// Bytes of answers that wait for credit.
    unsent: usize,
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
    pub(crate) fn new(limit: usize, quota: Option<Arc<MemoryQuota>>, call_window: u32) -> Self {
        Self {
            limit,
            quota,
            counted: 0,
            unfinished: 0,
            reserved: 0,
            untaken: 0,
            names: 0,
            metadata: Arc::default(),
            calls: 0,
            unsent: 0,
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
        self.untaken > self.max_untaken || (self.untaken > 0 && self.is_over_share().is_some())
    }

    /// The server's limit, where this connection holds more than its share of it.
    fn is_over_share(&self) -> Option<usize> {
        let quota = self.quota.as_ref()?;
        (self.counted > quota.share()).then_some(quota.limit)
    }

    /// A whole message came for the application.
    pub(crate) fn came(&mut self, credit: u32) {
        self.untaken += credit as usize;
        self.count();
    }

    /// The application took messages, or they are not wanted any more.
    pub(crate) fn taken(&mut self, credit: u32) {
        give_back(&mut self.untaken, credit as usize);
        self.count();
    }

    /// The memory of a call's message in the making has changed; [`Memory::resized`] follows.
    #[inline]
    pub(crate) fn reserved(&mut self, before: usize, after: usize) {
        give_back(&mut self.reserved, before);
        self.reserved += after;
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
        give_back(&mut self.unfinished, before);
        self.unfinished += after;
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
        if let Some(limit) = self.is_over_share() {
            return Err(InboundError::ServerMemory { limit });
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

    /// Where metadata counts itself.
    pub(crate) fn metadata_account(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.metadata)
    }

    /// A call has come with names of so many bytes, and with metadata that is counted already: what is to be given to [`Memory::let_go`], or the limit that it goes beyond. Where no other call goes on, one is always taken.
    pub(crate) fn hold(&mut self, names: usize) -> Result<usize, Shortage> {
        if self.calls > 0 {
            let limit = self.limit / limits::METADATA_SHARE;
            let held = self.names + self.metadata.load(Ordering::Relaxed);
            if held.saturating_add(names) > limit {
                return Err(Shortage::Connection { limit });
            }
            if let Some(limit) = self.is_over_share() {
                return Err(Shortage::Server { limit });
            }
        }
        self.names += names;
        self.calls += 1;
        self.count();
        Ok(names)
    }

    /// A call has ended whose names counted for so much.
    pub(crate) fn let_go(&mut self, names: usize) {
        give_back(&mut self.names, names);
        give_back(&mut self.calls, 1);
        self.count();
    }

    /// Whether answers may wait that are so many bytes more. An answer that no other waits before may be longer than the connection's limit.
    pub(crate) fn check_answer(&self, length: usize) -> Result<(), Shortage> {
        let limit = self.limit;
        if self.unsent > 0 && self.unsent.saturating_add(length) > limit {
            return Err(Shortage::Connection { limit });
        }
        let Some(quota) = &self.quota else {
            return Ok(());
        };
        let share = quota.share().max(limits::LEAST_SHARE);
        if self.counted.saturating_add(length) > share {
            return Err(Shortage::Server { limit: quota.limit });
        }
        Ok(())
    }

    /// So many bytes of answers wait now.
    #[inline]
    pub(crate) fn set_unsent(&mut self, bytes: usize) {
        if bytes != self.unsent {
            self.unsent = bytes;
            self.count();
        }
    }

    /// A call has ended, with this in its account.
    pub(crate) fn forget(&mut self, stream: StreamId, inbound: &Inbound) {
        give_back(&mut self.unfinished, inbound.unfinished());
        give_back(&mut self.reserved, inbound.reserved());
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

    /// What the account has now.
    pub(crate) fn held(&self) -> Held {
        Held {
            unfinished: self.unfinished,
            reserved: self.reserved,
            untaken: self.untaken,
            names: self.names,
            metadata: self.metadata.load(Ordering::Relaxed),
            unsent: self.unsent,
            calls: self.calls,
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
        let now = self.reserved
            + self.untaken
            + self.names
            + self.metadata.load(Ordering::Relaxed)
            + self.unsent
            + self.calls * limits::CALL_MEMORY;
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
        // A third of the whole is half of what is left then.
        one.reserved(0, 33_000);
        one.resized(stream(1), 0, 33_000).unwrap();
        assert_eq!(quota.used(), 33_000);
        one.reserved(33_000, 60_000);
        assert!(matches!(
            one.resized(stream(1), 33_000, 60_000),
            Err(InboundError::ServerMemory { limit: 100_000 })
        ));
        one.reserved(60_000, 33_000);
        one.resized(stream(1), 60_000, 33_000).unwrap();
        // The other one has its share of what that leaves.
        other.came(25_000);
        assert!(other.withholds());
        other.taken(25_000);
        drop(one);
        assert_eq!(quota.used(), 0);
        other.came(25_000);
        assert!(!other.withholds());
    }

    #[test]
    fn metadata_and_answers_count_until_they_are_gone() {
        let quota = Arc::new(MemoryQuota::new(1 << 20));
        let mut memory = Memory::new(800_000, Some(Arc::clone(&quota)), 10);
        let metadata = memory.metadata_account();
        assert_eq!(memory.hold(200_000), Ok(200_000), "one is always taken");
        assert_eq!(memory.hold(1), Err(Shortage::Connection { limit: 100_000 }));
        memory.let_go(200_000);
        assert_eq!(quota.used(), 0);
        assert_eq!(memory.hold(50_000), Ok(50_000));
        metadata.fetch_add(49_000, Ordering::Relaxed);
        assert_eq!(memory.hold(0), Ok(0));
        assert_eq!(memory.check_answer(300_000), Ok(()), "nothing waits");
        memory.set_unsent(100_000);
        assert_eq!(
            memory.check_answer(700_001),
            Err(Shortage::Connection { limit: 800_000 })
        );
        assert_eq!(quota.used(), 199_000 + 2 * limits::CALL_MEMORY);
        memory.set_unsent(400_000);
        assert_eq!(
            memory.check_answer(1),
            Err(Shortage::Server { limit: 1 << 20 })
        );
        memory.set_unsent(0);
        memory.let_go(50_000);
        metadata.fetch_sub(49_000, Ordering::Relaxed);
        memory.let_go(0);
        assert!(quota.used() < limits::MEMORY_GRAIN);
        drop(memory);
        assert_eq!(quota.used(), 0);
    }
}
