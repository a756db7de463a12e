//! Outlier detection (gRFC A50): servers whose calls fail more often than is usual among their peers get no calls for a while.
//!
//! Calls are counted by server; at the end of each interval two algorithms look at the counts. *Success rate* leaves out who is far below the mean, *failure percentage* who is above a threshold. A server that is left out comes back after a time that grows with how often it was left out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::service_config::{Ejection, OutlierDetection};

/// What changed for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The server.
    pub server: u64,
    /// Whether it is left out from now on, or comes back.
    pub ejected: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Server {
    succeeded: u64,
    failed: u64,
    ejected_at: Option<Instant>,
    /// How often it was left out, less the intervals that it was well since.
    multiplier: u32,
}

impl Server {
    const fn volume(&self) -> u64 {
        self.succeeded.saturating_add(self.failed)
    }

    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
    fn success_rate(&self) -> f64 {
        self.succeeded as f64 / self.volume() as f64
    }
}

/// See the module's documentation. Servers are numbers that their owner gives.
#[derive(Debug)]
pub struct Outliers {
    config: OutlierDetection,
    servers: BTreeMap<u64, Server>,
    next_look: Option<Instant>,
}

impl Outliers {
    /// Nobody yet.
    pub const fn new(config: OutlierDetection) -> Self {
        Self {
            config,
            servers: BTreeMap::new(),
            next_look: None,
        }
    }

    /// There is one server more.
    pub fn add(&mut self, server: u64, now: Instant) {
        self.servers.entry(server).or_default();
        if self.next_look.is_none() {
            self.next_look = now.checked_add(self.config.interval);
        }
    }

    /// A server is gone.
    pub fn remove(&mut self, server: u64) {
        self.servers.remove(&server);
        if self.servers.is_empty() {
            self.next_look = None;
        }
    }

    /// A call to `server` has ended.
    pub fn record(&mut self, server: u64, succeeded: bool) {
        if let Some(server) = self.servers.get_mut(&server) {
            let count = if succeeded {
                &mut server.succeeded
            } else {
                &mut server.failed
            };
            *count = count.saturating_add(1);
        }
    }

    /// When to call [`Outliers::look`].
    pub const fn next_look(&self) -> Option<Instant> {
        self.next_look
    }

    /// The end of an interval: who is left out from now on, and who comes back. `random` gives numbers from 0 to 1.
    pub fn look(&mut self, now: Instant, mut random: impl FnMut() -> f64) -> Vec<Verdict> {
        if self.next_look.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.next_look = now.checked_add(self.config.interval);
        let mut verdicts = Vec::new();
        if let Some((ejection, factor)) = self.config.success_rate {
            self.by_success_rate(ejection, factor, now, &mut random, &mut verdicts);
        }
        if let Some((ejection, threshold)) = self.config.failure_percentage {
            self.by_failures(ejection, threshold, now, &mut random, &mut verdicts);
        }
        for (number, server) in &mut self.servers {
            (server.succeeded, server.failed) = (0, 0);
            match server.ejected_at {
                None => server.multiplier = server.multiplier.saturating_sub(1),
                Some(at) => {
                    let longest = self.config.base_time.max(self.config.max_time);
                    let time = self.config.base_time.saturating_mul(server.multiplier);
                    let time: Duration = time.min(longest);
                    if now.saturating_duration_since(at) >= time {
                        server.ejected_at = None;
                        verdicts.push(Verdict {
                            server: *number,
                            ejected: false,
                        });
                    }
                }
            }
        }
        verdicts
    }

    /// The servers with enough calls to judge them by, if there are enough of those.
    fn judged(&self, ejection: Ejection) -> Vec<(u64, Server)> {
        let judged: Vec<_> = self
            .servers
            .iter()
            .filter(|(_, server)| {
                server.ejected_at.is_none()
                    && server.volume() > 0
                    && server.volume() >= u64::from(ejection.request_volume)
            })
            .map(|(number, server)| (*number, *server))
            .collect();
        if judged.len() < ejection.minimum_hosts as usize {
            Vec::new()
        } else {
            judged
        }
    }

    fn by_success_rate(
        &mut self,
        ejection: Ejection,
        factor: u32,
        now: Instant,
        random: &mut impl FnMut() -> f64,
        verdicts: &mut Vec<Verdict>,
    ) {
        let judged = self.judged(ejection);
        #[expect(clippy::cast_precision_loss, reason = "there are few servers")]
        let count = judged.len() as f64;
        let rates = || judged.iter().map(|(_, server)| server.success_rate());
        let mean = rates().sum::<f64>() / count;
        let variance = rates().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count;
        let least = mean - variance.sqrt() * f64::from(factor) / 1000.0;
        for (number, server) in judged {
            if server.success_rate() < least {
                self.eject(number, ejection, now, random, verdicts);
            }
        }
    }

    fn by_failures(
        &mut self,
        ejection: Ejection,
        threshold: u32,
        now: Instant,
        random: &mut impl FnMut() -> f64,
        verdicts: &mut Vec<Verdict>,
    ) {
        for (number, server) in self.judged(ejection) {
            if (1.0 - server.success_rate()) * 100.0 > f64::from(threshold) {
                self.eject(number, ejection, now, random, verdicts);
            }
        }
    }

    /// Leaves a server out, unless too many are, or chance, by which a policy can be brought in step by step, has it otherwise.
    fn eject(
        &mut self,
        number: u64,
        ejection: Ejection,
        now: Instant,
        random: &mut impl FnMut() -> f64,
        verdicts: &mut Vec<Verdict>,
    ) {
        let out = self
            .servers
            .values()
            .filter(|server| server.ejected_at.is_some())
            .count();
        if out * 100 >= self.config.max_percent as usize * self.servers.len()
            || random() * 100.0 >= f64::from(ejection.enforcement)
        {
            return;
        }
        if let Some(server) = self.servers.get_mut(&number) {
            server.ejected_at = Some(now);
            server.multiplier = server.multiplier.saturating_add(1);
            verdicts.push(Verdict {
                server: number,
                ejected: true,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EJECTION: Ejection = Ejection {
        enforcement: 100,
        minimum_hosts: 3,
        request_volume: 10,
    };

    fn by_failures(threshold: u32, max_percent: u32) -> OutlierDetection {
        OutlierDetection {
            failure_percentage: Some((EJECTION, threshold)),
            max_percent,
            ..OutlierDetection::default()
        }
    }

    fn watching(config: OutlierDetection, servers: u64, start: Instant) -> Outliers {
        let mut outliers = Outliers::new(config);
        for server in 0..servers {
            outliers.add(server, start);
        }
        outliers
    }

    fn record(outliers: &mut Outliers, server: u64, succeeded: u32, failed: u32) {
        for _ in 0..succeeded {
            outliers.record(server, true);
        }
        for _ in 0..failed {
            outliers.record(server, false);
        }
    }

    /// Who is left out and who comes back.
    fn look(outliers: &mut Outliers, now: Instant) -> (Vec<u64>, Vec<u64>) {
        let verdicts = outliers.look(now, || 0.5);
        let of = |ejected| {
            let those = verdicts.iter().filter(|verdict| verdict.ejected == ejected);
            those.map(|verdict| verdict.server).collect()
        };
        (of(true), of(false))
    }

    #[test]
    fn failures_above_the_threshold_leave_a_server_out() {
        let start = Instant::now();
        let end = start + Duration::from_secs(10);
        for (name, failed, max_percent, expected) in [
            ("above", [9, 0, 0, 0], 50, vec![0]),
            ("at the threshold", [8, 0, 0, 0], 50, vec![]),
            ("half of them may go", [9, 9, 9, 0], 50, vec![0, 1]),
            ("one may always go", [9, 9, 9, 0], 1, vec![0]),
            ("none may go", [9, 9, 9, 0], 0, vec![]),
        ] {
            let mut outliers = watching(by_failures(80, max_percent), 4, start);
            for (server, failed) in (0..).zip(failed) {
                record(&mut outliers, server, 10 - failed, failed);
            }
            assert_eq!(look(&mut outliers, end).0, expected, "{name}");
        }
    }

    #[test]
    fn who_has_few_calls_is_not_judged_and_few_servers_are_not_compared() {
        let start = Instant::now();
        let end = start + Duration::from_secs(10);
        let mut outliers = watching(by_failures(80, 100), 4, start);
        for server in 0..4 {
            let failed = if server == 0 { 9 } else { 10 };
            record(&mut outliers, server, 0, failed);
        }
        assert_eq!(look(&mut outliers, end).0, [1, 2, 3]);
        let mut outliers = watching(by_failures(80, 100), 2, start);
        record(&mut outliers, 0, 0, 10);
        record(&mut outliers, 1, 10, 0);
        assert_eq!(look(&mut outliers, end).0, [0_u64; 0]);
    }

    #[test]
    fn who_is_far_below_the_mean_is_left_out() {
        let config = OutlierDetection {
            success_rate: Some((EJECTION, 1900)),
            max_percent: 100,
            ..OutlierDetection::default()
        };
        let start = Instant::now();
        let mut outliers = watching(config, 6, start);
        for server in 0..5 {
            record(&mut outliers, server, 99, 1);
        }
        record(&mut outliers, 5, 50, 50);
        assert_eq!(look(&mut outliers, start + Duration::from_secs(10)).0, [5]);
        // All the same are none out of the ordinary, however bad.
        for server in 0..5 {
            record(&mut outliers, server, 10, 90);
        }
        assert_eq!(
            look(&mut outliers, start + Duration::from_secs(20)).0,
            [0_u64; 0]
        );
    }

    #[test]
    fn a_server_comes_back_after_a_time_that_grows_and_shrinks() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut outliers = watching(by_failures(80, 50), 3, start);
        let fail = |outliers: &mut Outliers| {
            record(outliers, 0, 0, 10);
            record(outliers, 1, 10, 0);
            record(outliers, 2, 10, 0);
        };
        let mut out_since = Vec::new();
        let mut back = Vec::new();
        for second in (10..=400).step_by(10) {
            // It fails whenever it is given calls, until it was left out three times; then it is well.
            let out = out_since.len() > back.len();
            if !out && out_since.len() < 3 {
                fail(&mut outliers);
            }
            let (ejected, returned) = look(&mut outliers, at(second));
            out_since.extend(ejected.iter().map(|_| second));
            back.extend(returned.iter().map(|_| second));
        }
        // 30 s, then 60 s, then 90 s.
        assert_eq!(out_since, [10, 50, 120]);
        assert_eq!(back, [40, 110, 210]);
        // Nineteen intervals without a fault have forgiven it all.
        fail(&mut outliers);
        assert_eq!(look(&mut outliers, at(410)).0, [0]);
        assert_eq!(look(&mut outliers, at(430)).1, [0_u64; 0]);
        assert_eq!(look(&mut outliers, at(440)).1, [0]);
    }

    #[test]
    fn nothing_is_looked_at_before_its_time_and_chance_decides() {
        let start = Instant::now();
        let mut config = by_failures(80, 100);
        config.failure_percentage = Some((
            Ejection {
                enforcement: 50,
                ..EJECTION
            },
            80,
        ));
        let mut outliers = watching(config, 3, start);
        for server in 0..3 {
            record(&mut outliers, server, 0, 10);
        }
        assert_eq!(outliers.next_look(), Some(start + Duration::from_secs(10)));
        assert!(
            outliers
                .look(start + Duration::from_secs(9), || 0.0)
                .is_empty()
        );
        let mut chances = [0.49, 0.5, 0.1].into_iter();
        let verdicts = outliers.look(start + Duration::from_secs(10), || chances.next().unwrap());
        let out: Vec<_> = verdicts.iter().map(|verdict| verdict.server).collect();
        assert_eq!(out, [0, 2]);
        for server in 0..3 {
            outliers.remove(server);
        }
        assert_eq!(outliers.next_look(), None);
    }

    proptest! {
        #[test]
        fn no_more_than_allowed_are_out_and_each_comes_back(
            rounds in proptest::collection::vec(
                proptest::collection::vec((0_u32..20, 0_u32..20), 8),
                1..60,
            ),
            percent in 0_u32..=100,
        ) {
            let start = Instant::now();
            let mut config = by_failures(50, percent);
            config.success_rate = Some((EJECTION, 1000));
            let mut outliers = watching(config, 8, start);
            let mut out = std::collections::BTreeSet::new();
            let mut now = start;
            for round in &rounds {
                for (server, (succeeded, failed)) in (0..).zip(round) {
                    record(&mut outliers, server, *succeeded, *failed);
                }
                now += Duration::from_secs(10);
                for verdict in outliers.look(now, || 0.5) {
                    let changed = if verdict.ejected {
                        out.insert(verdict.server)
                    } else {
                        out.remove(&verdict.server)
                    };
                    prop_assert!(changed, "{verdict:?}");
                }
                // One goes while fewer than the percentage are out.
                prop_assert!(out.len() * 100 < percent as usize * 8 + 100);
            }
            for _ in 0..=30 {
                now += Duration::from_secs(10);
                for verdict in outliers.look(now, || 0.5) {
                    prop_assert!(!verdict.ejected && out.remove(&verdict.server));
                }
            }
            prop_assert!(out.is_empty());
        }
    }
}
