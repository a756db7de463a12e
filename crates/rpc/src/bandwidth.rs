//! Estimates how many bytes are on their way on a connection, so that windows are as large as the network needs: with a smaller one the peer waits for credit while the line is idle.
//!
//! A PING leaves with the first bytes of a burst, and what comes before its answer came within one round trip: a sample of the bandwidth-delay product. A sample of half the estimate, taken at the highest bandwidth so far, shows that the windows may hold the peer back, and the estimate becomes twice the sample. A window that brings no more bandwidth is not made larger still, so a slow application or a queue in the network ends the growth. Where nothing grows, probes become rare. It changes no window itself, and never asks for a smaller one.

use std::time::{Duration, Instant};

use crate::limits;

/// The payload of the PINGs.
pub(crate) const PROBE: [u8; 8] = *b"bdp\0ping";

/// A PING on its way.
#[derive(Clone, Copy, Debug)]
struct Probe {
    sent: Instant,
    bytes: u64,
}

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Bandwidth {
    /// Bytes: half of it was not yet seen to come within one round trip.
    estimate: u32,
    /// The estimate becomes no larger; where it begins at this, there are no probes.
    max: u32,
    probe: Option<Probe>,
    /// Bytes since the last probe was answered.
    idle: u32,
    /// Bytes that pass before the next probe.
    pause: u32,
    /// Bytes a second, in the best sample.
    best: u64,
}

impl Bandwidth {
    /// Starts with windows of `window` bytes, which may grow to `max`.
    pub(crate) const fn new(window: u32, max: u32) -> Self {
        Self {
            estimate: window,
            max,
            probe: None,
            idle: 0,
            pause: first_pause(window),
            best: 0,
        }
    }

    /// Counts bytes of data that came. Whether a PING is to be sent now.
    #[inline]
    pub(crate) const fn received(&mut self, bytes: u32, now: Instant) -> bool {
        if let Some(probe) = &mut self.probe {
            probe.bytes += bytes as u64;
            return false;
        }
        self.idle = self.idle.saturating_add(bytes);
        if self.idle < self.pause || self.estimate >= self.max {
            return false;
        }
        self.probe = Some(Probe {
            sent: now,
            bytes: 0,
        });
        true
    }

    /// A PING was answered. The new estimate, if it has grown.
    pub(crate) fn answered(&mut self, now: Instant) -> Option<u32> {
        let probe = self.probe.take()?;
        self.idle = 0;
        let elapsed = now
            .saturating_duration_since(probe.sent)
            .max(Duration::from_micros(1));
        let bandwidth = u64::try_from(u128::from(probe.bytes) * 1_000_000 / elapsed.as_micros())
            .unwrap_or(u64::MAX);
        let is_best = bandwidth > self.best;
        self.best = self.best.max(bandwidth);
        if !is_best || probe.bytes < u64::from(self.estimate / 2) {
            self.pause = self
                .pause
                .saturating_mul(2)
                .min(limits::LONGEST_PROBE_PAUSE);
            return None;
        }
        self.estimate = u32::try_from(probe.bytes.saturating_mul(2))
            .unwrap_or(u32::MAX)
            .clamp(self.estimate, self.max);
        self.pause = first_pause(self.estimate);
        Some(self.estimate)
    }
}

/// Bytes between two probes where windows of `estimate` bytes are new. At least one: what is doubled must not be zero.
const fn first_pause(estimate: u32) -> u32 {
    if estimate < 4 { 1 } else { estimate / 4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u32 = 1 << 10;

    /// One probe, answered after `millis`, while which `bytes` come.
    fn probe(bandwidth: &mut Bandwidth, now: &mut Instant, bytes: u32, millis: u64) -> Option<u32> {
        while !bandwidth.received(KIB, *now) {}
        assert!(!bandwidth.received(bytes, *now));
        *now += Duration::from_millis(millis);
        bandwidth.answered(*now)
    }

    #[test]
    fn the_estimate_doubles_while_windows_hold_the_peer_back() {
        let now = &mut Instant::now();
        let mut bandwidth = Bandwidth::new(256 * KIB, 1024 * KIB);
        assert_eq!(probe(&mut bandwidth, now, 100 * KIB, 100), None);
        assert_eq!(probe(&mut bandwidth, now, 200 * KIB, 100), Some(400 * KIB));
        assert_eq!(probe(&mut bandwidth, now, 390 * KIB, 100), Some(780 * KIB));
        // As many bytes in a longer time: the line is full, and more would only wait in a queue.
        assert_eq!(probe(&mut bandwidth, now, 600 * KIB, 200), None);
        assert_eq!(probe(&mut bandwidth, now, 770 * KIB, 100), Some(1024 * KIB));
        // The end: nobody asks any more.
        for _ in 0..10_000 {
            assert!(!bandwidth.received(KIB, *now));
        }
    }

    #[test]
    fn probes_become_rare_where_nothing_grows() {
        let now = &mut Instant::now();
        let mut bandwidth = Bandwidth::new(256 * KIB, 1024 * KIB);
        let mut probes = 0;
        for _ in 0..100_000 {
            if bandwidth.received(KIB, *now) {
                probes += 1;
                *now += Duration::from_millis(1);
                assert_eq!(bandwidth.answered(*now), None);
            }
        }
        // 100 MB: each pause is twice the one before, 64 KiB to 4 MiB.
        assert_eq!(probes, 6 + (100_000 - 63 * 64) / 4096);
    }

    #[test]
    fn probes_become_rare_for_the_smallest_windows_too() {
        for window in 0..8 {
            let now = &mut Instant::now();
            let mut bandwidth = Bandwidth::new(window, 1024 * KIB);
            let mut probes = 0;
            for _ in 0..100_000 {
                if bandwidth.received(1, *now) {
                    probes += 1;
                    *now += Duration::from_millis(1);
                    assert_eq!(bandwidth.answered(*now), None);
                }
            }
            assert!(probes < 20, "{probes} probes of windows of {window}");
        }
    }

    #[test]
    fn an_answer_to_nothing_is_nothing() {
        let mut bandwidth = Bandwidth::new(KIB, 1024 * KIB);
        assert_eq!(bandwidth.answered(Instant::now()), None);
    }
}
