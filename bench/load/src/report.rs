//! What was counted, and its JSON.

use std::time::Duration;

/// Counts and latencies of one run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    counting: bool,
    /// Calls or messages since the start, with those of the warm-up.
    total: u64,
    /// Calls or messages that count.
    counted: u64,
    /// Nanoseconds.
    latencies: Vec<u32>,
    seconds: f64,
}

impl Report {
    pub(crate) const fn is_counting(&self) -> bool {
        self.counting
    }

    pub(crate) fn start_counting(&mut self) {
        self.counting = true;
    }

    /// So many calls or messages have been done.
    pub(crate) const fn count(&mut self, number: u64) {
        self.total += number;
        if self.counting {
            self.counted += number;
        }
    }

    pub(crate) fn latency(&mut self, latency: Duration) {
        if self.counting {
            self.latencies
                .push(u32::try_from(latency.as_nanos()).unwrap_or(u32::MAX));
        }
    }

    pub(crate) fn finish(&mut self, counted_for: Duration) {
        self.seconds = counted_for.as_secs_f64();
        self.latencies.sort_unstable();
    }

    /// A percentile in microseconds; 0 if nothing was measured.
    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies
            .get(at)
            .map_or(0.0, |nanoseconds| f64::from(*nanoseconds) / 1000.0)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of one run are far below 2^52"
    )]
    pub(crate) fn to_json(&self) -> String {
        let rate = self.counted as f64 / self.seconds;
        format!(
            r#"{{"per_second": {rate:.1}, "counted": {}, "total": {}, "p50_us": {:.1}, "p99_us": {:.1}, "seconds": {:.3}}}"#,
            self.counted,
            self.total,
            self.percentile(50),
            self.percentile(99),
            self.seconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_after_the_warm_up_counts() {
        let mut report = Report::default();
        report.count(5);
        report.latency(Duration::from_secs(9));
        report.start_counting();
        report.count(10);
        for microseconds in 1..=100 {
            report.latency(Duration::from_micros(microseconds));
        }
        report.finish(Duration::from_secs(2));
        assert_eq!(
            report.to_json(),
            r#"{"per_second": 5.0, "counted": 10, "total": 15, "p50_us": 51.0, "p99_us": 100.0, "seconds": 2.000}"#
        );
    }
}
