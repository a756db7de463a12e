//! The limits that hold a peer, by name, and the budget that measures rates.

use std::time::{Duration, Instant};

/// CONTINUATION frames of one header block that have less than [`SMALL_CONTINUATION`] bytes; more are a flood (CVE-2024-27316 and its kin).
pub const MAX_SMALL_CONTINUATIONS: u32 = 64;

/// A CONTINUATION frame shorter than this is small: 1 KiB.
pub const SMALL_CONTINUATION: usize = 1 << 10;

/// Bytes of one header block on the wire: 4 MiB. A list over its limit is decoded to its end, so that HPACK's state stays right and its stream fails alone; nothing of it is held but a field of which a part has come.
pub const MAX_HEADER_BLOCK: usize = 4 << 20;

/// The longest frame of a header block where longer frames are allowed: 1 MiB, or as long as a header list may be.
pub const MAX_HEADERS_FRAME: usize = 1 << 20;

/// The longest frame that is neither data nor of a header block, where longer frames are allowed: 64 KiB.
pub const MAX_HELD_FRAME: usize = 64 << 10;

/// Header lists over their limit, each counted once, and once more for so many bytes that were decoded, 64 KiB ...
pub const OVERSIZE_BYTES: usize = 64 << 10;
/// ... and for so many fields: 1,024 ...
pub const OVERSIZE_FIELDS: usize = 1024;
/// ... of which 256 may come at once ...
pub const OVERSIZE_BURST: u32 = 256;
/// ... and 100 in each second after.
pub const OVERSIZE_PER_SECOND: u32 = 100;

/// What decoding a header field counts as work, where reading a byte is 1.
pub const FIELD_WORK: usize = 32;

/// What a frame without data counts as work.
pub const FRAME_WORK: usize = 16;

/// Frames that this side must send in answer to the peer's (acknowledgements, resets) and that the peer does not read: 8,192, some 140 KB.
pub const MAX_UNREAD_ANSWERS: u32 = 8192;

/// DATA is not framed while more than this many bytes are unwritten: 256 KiB.
pub const MAX_UNWRITTEN: usize = 256 << 10;

/// Credit that has gathered is announced from this on, however large the window: 1 MiB. A long line needs its window open nearly whole.
pub const MAX_UNANNOUNCED: u32 = 1 << 20;

/// Streams that were reset here and for which late frames are ignored without a word: the last 1,024.
pub const REMEMBERED_RESETS: usize = 1024;

/// Resets that the peer makes or provokes at once (rapid reset, CVE-2023-44487; made-you-reset, CVE-2025-8671): 1,000 ...
pub const RESET_BURST: u32 = 1000;
/// ... and in each second after: 500. A client whose calls time out by the hundred stays below.
pub const RESETS_PER_SECOND: u32 = 500;

/// PINGs at once: 50,000 (CVE-2019-9512; what is not read is bounded by [`MAX_UNREAD_ANSWERS`]) ...
pub const PING_BURST: u32 = 50_000;
/// ... and in each second after: 50,000. Bandwidth probes, as those of gRPC in Go, send one a round trip, and round trips may be short.
pub const PINGS_PER_SECOND: u32 = 50_000;

/// Settings of one SETTINGS frame: 64, ten times those that exist. Each may touch every stream.
pub const MAX_SETTINGS_ENTRIES: usize = 64;

/// SETTINGS at once: 100 (CVE-2019-9515) ...
pub const SETTINGS_BURST: u32 = 100;
/// ... and in each second after: 10.
pub const SETTINGS_PER_SECOND: u32 = 10;

/// DATA frames without a byte and without the end of the stream, at once: 1,000 (CVE-2019-9518) ...
pub const EMPTY_DATA_BURST: u32 = 1000;
/// ... and in each second after: 100. Small frames that carry something are not counted.
pub const EMPTY_DATA_PER_SECOND: u32 = 100;

/// Frames that change nothing (PRIORITY, unknown types, GOAWAY again, 1xx responses, answers to PINGs that nobody sent, resets of streams that have ended, window updates beyond [`FREE_WINDOW_UPDATES`]), at once: 10,000 (CVE-2019-9513). Late DATA of streams that have ended is not counted: good peers send as much of it as of other data, and it costs no more ...
pub const IDLE_FRAME_BURST: u32 = 10_000;
/// ... and in each second after: 5,000.
pub const IDLE_FRAMES_PER_SECOND: u32 = 5000;

/// `WINDOW_UPDATE` frames that are free: 1,000, four for each stream and for each DATA frame of this side, and one for each 16 bytes of data. A peer that gives credit for each message as it takes it stays below.
pub const FREE_WINDOW_UPDATES: u64 = 1000;

/// Bytes of a GOAWAY's debug data that are kept: 1 KiB.
pub const MAX_GOAWAY_DEBUG: usize = 1 << 10;

/// A token bucket: a burst at once, then a rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Time between two tokens.
    interval: Duration,
    burst: u32,
    left: u32,
    /// When `left` was last right.
    at: Option<Instant>,
}

impl Budget {
    pub(crate) fn new(burst: u32, per_second: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            burst,
            left: burst,
            at: None,
        }
    }

    /// Takes one token; false if there is none.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        if self.left <= self.burst / 2 {
            self.refill(now);
        }
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        self.at.get_or_insert(now);
        true
    }

    /// Takes `count` tokens; false, and none is taken, if there are not so many.
    pub(crate) fn take_many(&mut self, count: u32, now: Instant) -> bool {
        if self.left < count {
            self.refill(now);
        }
        let Some(left) = self.left.checked_sub(count) else {
            return false;
        };
        self.left = left;
        self.at.get_or_insert(now);
        true
    }

    fn refill(&mut self, now: Instant) {
        let Some(at) = self.at else { return };
        let elapsed = now.saturating_duration_since(at);
        let earned =
            u32::try_from(elapsed.as_nanos() / self.interval.as_nanos().max(1)).unwrap_or(u32::MAX);
        if earned >= self.burst - self.left {
            self.left = self.burst;
            self.at = None;
        } else if earned > 0 {
            self.left += earned;
            self.at = Some(at + self.interval * earned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut budget = Budget::new(10, 2);
        assert_eq!((0..20).filter(|_| budget.take(start)).count(), 10);
        let later = start + Duration::from_millis(1600);
        assert_eq!((0..20).filter(|_| budget.take(later)).count(), 3);
        let much_later = later + Duration::from_secs(3600);
        assert_eq!((0..20).filter(|_| budget.take(much_later)).count(), 10);
    }
}
