//! One server's weight among others: what its reports make of it, and for how long that holds (gRFC A58).

use std::time::Instant;

use super::LoadReport;
use crate::service_config::WeightedRoundRobin;

/// See the module's documentation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight {
    value: f64,
    /// Since when reports have come without a long pause.
    since: Option<Instant>,
    /// When the last one came.
    last: Option<Instant>,
}

impl Weight {
    /// A report came. One without calls or without load says nothing.
    pub fn report(&mut self, report: &LoadReport, config: &WeightedRoundRobin, now: Instant) {
        let load = if report.application > 0.0 {
            report.application
        } else if report.named > 0.0 {
            report.named
        } else {
            report.cpu
        };
        if report.calls <= 0.0 || load <= 0.0 {
            return;
        }
        let penalty = report.errors / report.calls * config.error_utilization_penalty;
        let value = report.calls / (load + penalty);
        if value.is_finite() && value > 0.0 {
            self.value = value;
            self.since.get_or_insert(now);
            self.last = Some(now);
        }
    }

    /// The connection is a new one: reports count again after the blackout.
    pub const fn reset(&mut self) {
        self.since = None;
    }

    /// The weight; `None` while there is none to go by: no report yet, the first one too fresh, or the last one too old.
    pub fn get(&mut self, config: &WeightedRoundRobin, now: Instant) -> Option<f64> {
        let last = self.last?;
        if now.saturating_duration_since(last) >= config.weight_expiration {
            // Reports that come after a long pause are as little to go by as the first.
            self.since = None;
            self.last = None;
            return None;
        }
        let since = self.since?;
        (now.saturating_duration_since(since) >= config.blackout).then_some(self.value)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn report(calls: f64, cpu: f64, application: f64, errors: f64) -> LoadReport {
        LoadReport {
            cpu,
            application,
            calls,
            errors,
            named: 0.0,
        }
    }

    #[test]
    fn a_weight_is_calls_by_load_and_errors_are_load() {
        let config = WeightedRoundRobin {
            blackout: Duration::ZERO,
            error_utilization_penalty: 2.0,
            ..WeightedRoundRobin::default()
        };
        let now = Instant::now();
        for (calls, cpu, application, errors, expected) in [
            (100.0, 0.5, 0.0, 0.0, Some(200.0)),
            // The application's own measure goes before the CPU's.
            (100.0, 0.5, 0.25, 0.0, Some(400.0)),
            // A quarter of the calls failed.
            (100.0, 0.5, 0.0, 25.0, Some(100.0)),
            (0.0, 0.5, 0.0, 0.0, None),
            (100.0, 0.0, 0.0, 0.0, None),
        ] {
            let mut weight = Weight::default();
            weight.report(&report(calls, cpu, application, errors), &config, now);
            assert_eq!(weight.get(&config, now), expected, "{calls} {cpu}");
        }
    }

    #[test]
    fn a_weight_holds_from_the_blackout_to_its_expiration() {
        let config = WeightedRoundRobin::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let load = report(10.0, 0.1, 0.0, 0.0);
        let mut weight = Weight::default();
        assert_eq!(weight.get(&config, start), None);
        weight.report(&load, &config, at(0));
        assert_eq!(weight.get(&config, at(9)), None);
        weight.report(&load, &config, at(10));
        assert!(weight.get(&config, at(10)).is_some());
        assert!(weight.get(&config, at(189)).is_some());
        assert_eq!(weight.get(&config, at(190)), None);
        // The next one is a first one.
        weight.report(&load, &config, at(200));
        assert_eq!(weight.get(&config, at(209)), None);
        assert!(weight.get(&config, at(210)).is_some());
        weight.reset();
        weight.report(&load, &config, at(220));
        assert_eq!(weight.get(&config, at(221)), None);
    }
}
