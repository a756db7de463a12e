//! What has happened to a channel, a subchannel or a server: channelz's `ChannelTrace` (gRFC A3). The latest events are kept, as many as a limit of memory allows; nothing is noted of single calls.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Instant;

/// Bytes that one trace may take: 4 KiB, as in `grpcio`.
pub const DEFAULT_TRACE_MEMORY: usize = 4 << 10;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct TraceEvent {
    /// When.
    pub at: Instant,
    /// What.
    pub description: Cow<'static, str>,
    /// Whether something failed: `CT_WARNING` in place of `CT_INFO`.
    pub failure: bool,
    /// The number and the addresses of the subchannel that a channel's event is about.
    pub subchannel: Option<(u64, String)>,
}

impl TraceEvent {
    fn size(&self) -> usize {
        let name = self.subchannel.as_ref().map_or(0, |(_, name)| name.len());
        size_of::<Self>() + self.description.len() + name
    }
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct ChannelTrace {
    created: Instant,
    logged: u64,
    /// The latest events, the oldest first.
    events: VecDeque<TraceEvent>,
    /// Bytes that they take.
    size: usize,
    limit: usize,
}

impl ChannelTrace {
    /// Of something that is made now. With a limit of 0 no event is kept.
    pub(crate) fn new(limit: usize, now: Instant) -> Self {
        Self {
            created: now,
            logged: 0,
            events: VecDeque::new(),
            size: 0,
            limit,
        }
    }

    /// The same of something that is part of this one.
    pub(crate) fn part(&self, now: Instant) -> Self {
        Self::new(self.limit, now)
    }

    /// Notes something that went as it should.
    pub(crate) fn info(&mut self, description: impl Into<Cow<'static, str>>, now: Instant) {
        self.note(description.into(), false, None, now);
    }

    /// Notes a failure.
    pub(crate) fn warning(&mut self, description: impl Into<Cow<'static, str>>, now: Instant) {
        self.note(description.into(), true, None, now);
    }

    /// Notes something of a part: the number and the addresses of a subchannel.
    pub(crate) fn of_subchannel(
        &mut self,
        description: &'static str,
        id: u64,
        addresses: String,
        now: Instant,
    ) {
        self.note(description.into(), false, Some((id, addresses)), now);
    }

    fn note(
        &mut self,
        description: Cow<'static, str>,
        failure: bool,
        subchannel: Option<(u64, String)>,
        now: Instant,
    ) {
        self.logged += 1;
        let event = TraceEvent {
            at: now,
            description,
            failure,
            subchannel,
        };
        if event.size() > self.limit {
            return;
        }
        self.size += event.size();
        self.events.push_back(event);
        while self.size > self.limit {
            let oldest = self.events.pop_front();
            self.size -= oldest.map_or(self.size, |oldest| oldest.size());
        }
    }

    /// When what it is about was made.
    pub const fn created(&self) -> Instant {
        self.created
    }

    /// How many events there were, also those that are not kept any more.
    pub const fn logged(&self) -> u64 {
        self.logged
    }

    /// Those that are kept, the oldest first.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &TraceEvent> {
        self.events.iter()
    }

    /// Whether events are kept at all.
    pub const fn is_on(&self) -> bool {
        self.limit > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptions(trace: &ChannelTrace) -> Vec<&str> {
        trace.events().map(|event| &*event.description).collect()
    }

    #[test]
    fn the_latest_events_are_kept() {
        let now = Instant::now();
        let each = size_of::<TraceEvent>() + 1;
        let mut trace = ChannelTrace::new(3 * each, now);
        for digit in 0..10 {
            trace.info(digit.to_string(), now);
        }
        assert_eq!(descriptions(&trace), ["7", "8", "9"]);
        assert_eq!(trace.logged(), 10);
        trace.warning("as long as two".repeat(each / 14), now);
        assert_eq!(trace.events().len(), 2);
        assert_eq!(descriptions(&trace)[0], "9");
        assert!(trace.size <= trace.limit);
        assert!(trace.events().last().is_some_and(|event| event.failure));
    }

    #[test]
    fn what_is_longer_than_all_may_be_is_counted_and_moves_nothing_out() {
        let now = Instant::now();
        let mut trace = ChannelTrace::new(DEFAULT_TRACE_MEMORY, now);
        trace.info("short", now);
        trace.info("x".repeat(DEFAULT_TRACE_MEMORY), now);
        trace.of_subchannel("of", 1, "x".repeat(DEFAULT_TRACE_MEMORY), now);
        assert_eq!((descriptions(&trace), trace.logged()), (vec!["short"], 3));
    }

    #[test]
    fn a_limit_of_zero_keeps_nothing() {
        let now = Instant::now();
        let mut trace = ChannelTrace::new(0, now);
        trace.info("gone", now);
        assert!(!trace.is_on());
        assert_eq!((trace.events().len(), trace.logged()), (0, 1));
        assert_eq!(trace.events.capacity(), 0);
    }
}
