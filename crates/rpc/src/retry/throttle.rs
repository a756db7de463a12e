//! The tokens of a channel: repetition stops while too many calls fail.

use crate::service_config::RetryThrottling;

/// What a failure takes: one token.
const FAILURE: u32 = 1000;

/// The tokens of a channel. Repetition goes on while more than half of them are left.
#[derive(Clone, Debug)]
pub struct Throttle {
    /// `None` for no throttling.
    config: Option<RetryThrottling>,
    milli_tokens: u32,
}

impl Throttle {
    /// All tokens there.
    pub const fn new(config: Option<RetryThrottling>) -> Self {
        Self {
            milli_tokens: match config {
                Some(config) => config.max_milli_tokens,
                None => 0,
            },
            config,
        }
    }

    /// An attempt failed in a way that asks for another one, or was told not to repeat.
    pub const fn record_failure(&mut self) {
        self.milli_tokens = self.milli_tokens.saturating_sub(FAILURE);
    }

    /// An attempt succeeded.
    pub fn record_success(&mut self) {
        if let Some(config) = self.config {
            self.milli_tokens = self
                .milli_tokens
                .saturating_add(config.milli_token_ratio)
                .min(config.max_milli_tokens);
        }
    }

    /// Whether calls may be repeated now.
    pub const fn allows(&self) -> bool {
        match self.config {
            Some(config) => self.milli_tokens > config.max_milli_tokens / 2,
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_the_tokens_allow_repetition() {
        let mut throttle = Throttle::new(Some(RetryThrottling {
            max_milli_tokens: 4000,
            milli_token_ratio: 500,
        }));
        assert!(throttle.allows());
        throttle.record_failure();
        assert!(throttle.allows());
        throttle.record_failure();
        assert!(!throttle.allows());
        throttle.record_success();
        assert!(throttle.allows());
        for _ in 0..100 {
            throttle.record_failure();
        }
        for _ in 0..4 {
            throttle.record_success();
            assert!(!throttle.allows());
        }
        throttle.record_success();
        assert!(throttle.allows());
        for _ in 0..100 {
            throttle.record_success();
        }
        assert_eq!(throttle.milli_tokens, 4000);
    }

    #[test]
    fn without_a_config_nothing_is_throttled() {
        let mut throttle = Throttle::new(None);
        throttle.record_failure();
        assert!(throttle.allows());
    }
}
