//! How long to wait before the next attempt to connect: gRPC's connection-backoff document.

use std::time::Duration;

use crate::random::random_unit;

/// The factor from one wait to the next.
const MULTIPLIER: f64 = 1.6;

/// The part of a wait by which it is changed at random, up or down, so that many clients do not return at once.
const JITTER: f64 = 0.2;

/// The waits of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct BackoffConfig {
    /// The first wait. Default 1 s.
    pub initial: Duration,
    /// The longest wait, before jitter. Default 120 s.
    pub max: Duration,
    /// The least time that an attempt to connect is given. Default 20 s.
    pub min_connect_timeout: Duration,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(120),
            min_connect_timeout: Duration::from_secs(20),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Backoff {
    config: BackoffConfig,
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new(config: BackoffConfig) -> Self {
        let next = config.initial;
        Self { config, next }
    }

    /// The connection stands: start from the first wait again.
    pub(crate) const fn reset(&mut self) {
        self.next = self.config.initial;
    }

    /// The wait after a failed attempt.
    pub(crate) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = self.next.mul_f64(MULTIPLIER).min(self.config.max);
        wait.mul_f64(JITTER.mul_add(random_unit().mul_add(2.0, -1.0), 1.0))
    }

    /// How long an attempt may take: at least the minimum, and as long as the wait that would follow.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.next.max(self.config.min_connect_timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_maximum_within_the_jitter() {
        let mut backoff = Backoff::new(BackoffConfig {
            max: Duration::from_secs(2),
            ..BackoffConfig::default()
        });
        for expected in [1.0, 1.6, 2.0, 2.0] {
            let wait = backoff.wait().as_secs_f64();
            assert!((expected * 0.8..=expected * 1.2).contains(&wait), "{wait}");
        }
        backoff.reset();
        assert!(backoff.wait().as_secs_f64() <= 1.2);
    }
}
