//! The attempts of one call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Pushback, Throttle};
use crate::Code;
use crate::service_config::{HedgingPolicy, MethodConfig, Repeat, RetryPolicy};

/// The part of a wait by which it is changed at random, up or down (gRFC A6).
const JITTER: f64 = 0.2;

/// What a driver does after an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This is the call's end: give it to the application, cancel the other attempts.
    End,
    /// Start another attempt at [`Attempts::next_start`]; others may go on meanwhile.
    Start,
    /// Other attempts go on, and no more are started.
    Wait,
}

/// Which attempts of a call there were and which may follow.
#[derive(Clone, Debug)]
pub struct Attempts {
    method: Arc<MethodConfig>,
    /// Attempts that were started, transparent retries not counted.
    started: u32,
    /// Attempts that have not ended.
    open: u32,
    /// The wait before the next retry, before jitter.
    backoff: Duration,
    next_start: Option<Instant>,
    /// The server said that no more are wanted.
    stopped: bool,
}

impl Attempts {
    /// For a call of this method; `None` where its policy is to send it once.
    pub fn new(method: &Arc<MethodConfig>) -> Option<Self> {
        let backoff = match method.repeat.as_ref()? {
            Repeat::Retry(policy) => policy.initial_backoff,
            Repeat::Hedge(policy) => policy.delay,
        };
        Some(Self {
            method: method.clone(),
            started: 0,
            open: 0,
            backoff,
            next_start: None,
            stopped: false,
        })
    }

    /// What the next attempt sends as `grpc-previous-rpc-attempts`, unless it is 0.
    pub const fn started(&self) -> u32 {
        self.started
    }

    /// Attempts that have not ended.
    pub const fn open(&self) -> u32 {
        self.open
    }

    /// Whether there were as many attempts as the policy allows.
    pub fn is_exhausted(&self) -> bool {
        let max = match &self.method.repeat {
            Some(Repeat::Retry(policy)) => policy.max_attempts,
            Some(Repeat::Hedge(policy)) => policy.max_attempts,
            None => 1,
        };
        self.started >= max
    }

    /// When the next attempt may start, if one may follow.
    pub const fn next_start(&self) -> Option<Instant> {
        self.next_start
    }

    /// Whether several attempts may be open at once.
    pub fn hedges(&self) -> bool {
        matches!(self.method.repeat, Some(Repeat::Hedge(_)))
    }

    /// Whether the attempt that is due at [`next_start`](Self::next_start) may really start. Too many failures of the channel put a hedge off while another attempt is open that may answer; where none is, it was decided when the last one failed.
    pub fn may_start(&mut self, throttle: &Throttle, now: Instant) -> bool {
        if self.next_start.is_none_or(|at| at > now) {
            return false;
        }
        let Some(Repeat::Hedge(policy)) = &self.method.repeat else {
            return true;
        };
        if throttle.allows() || self.open == 0 {
            return true;
        }
        // Without a delay there is no later time to look again.
        self.next_start = (!policy.delay.is_zero())
            .then(|| now.checked_add(policy.delay))
            .flatten();
        false
    }

    /// An attempt was started.
    pub fn on_start(&mut self, now: Instant) {
        self.started += 1;
        self.open += 1;
        self.next_start = match &self.method.repeat {
            Some(Repeat::Hedge(policy)) if self.started < policy.max_attempts && !self.stopped => {
                now.checked_add(policy.delay)
            }
            _ => None,
        };
    }

    /// An attempt that no server saw ended: it did not count, and the driver starts it again.
    pub const fn on_unseen(&mut self) {
        self.open = self.open.saturating_sub(1);
        self.started = self.started.saturating_sub(1);
    }

    /// An attempt ended with `code` before its response headers came. `random` is a number from 0 to 1, for the jitter.
    pub fn on_end(
        &mut self,
        code: Code,
        pushback: Option<Pushback>,
        throttle: &mut Throttle,
        now: Instant,
        random: f64,
    ) -> Next {
        self.open = self.open.saturating_sub(1);
        let method = self.method.clone();
        let again = match &method.repeat {
            Some(Repeat::Retry(policy)) => policy.retryable.contains(code),
            Some(Repeat::Hedge(policy)) => policy.non_fatal.contains(code),
            None => false,
        };
        if code == Code::Ok {
            throttle.record_success();
        } else if again || pushback == Some(Pushback::Stop) {
            throttle.record_failure();
        }
        if !again || code == Code::Ok {
            return Next::End;
        }
        match &method.repeat {
            Some(Repeat::Retry(policy)) => {
                self.after_failure(policy, pushback, throttle, now, random)
            }
            Some(Repeat::Hedge(policy)) => self.after_hedge(policy, pushback, throttle, now),
            None => Next::End,
        }
    }

    fn after_failure(
        &mut self,
        policy: &RetryPolicy,
        pushback: Option<Pushback>,
        throttle: &Throttle,
        now: Instant,
        random: f64,
    ) -> Next {
        if self.started >= policy.max_attempts
            || !throttle.allows()
            || pushback == Some(Pushback::Stop)
        {
            return Next::End;
        }
        let wait = if let Some(Pushback::After(wait)) = pushback {
            // The server knows better; the waits start over after its own.
            self.backoff = policy.initial_backoff;
            wait
        } else {
            let wait = self.backoff.min(policy.max_backoff);
            self.backoff = times(wait, policy.backoff_multiplier).min(policy.max_backoff);
            times(wait, JITTER.mul_add(random * 2.0 - 1.0, 1.0))
        };
        self.next_start = now.checked_add(wait);
        if self.next_start.is_none() {
            return Next::End;
        }
        Next::Start
    }

    fn after_hedge(
        &mut self,
        policy: &HedgingPolicy,
        pushback: Option<Pushback>,
        throttle: &Throttle,
        now: Instant,
    ) -> Next {
        self.stopped |= pushback == Some(Pushback::Stop);
        if self.stopped || self.started >= policy.max_attempts || !throttle.allows() {
            if self.stopped || self.started >= policy.max_attempts || self.open == 0 {
                self.next_start = None;
            }
        } else {
            let wait = match pushback {
                Some(Pushback::After(wait)) => wait,
                _ => Duration::ZERO,
            };
            self.next_start = now.checked_add(wait);
        }
        match self.next_start {
            Some(_) => Next::Start,
            None if self.open > 0 => Next::Wait,
            None => Next::End,
        }
    }
}

/// A duration times a factor; the longest where that is too long.
fn times(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::service_config::{CodeSet, RetryThrottling};

    fn retry() -> RetryPolicy {
        RetryPolicy {
            max_attempts: 4,
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(3),
            backoff_multiplier: 2.0,
            retryable: [Code::Unavailable].into_iter().collect(),
        }
    }

    fn hedge(delay: u64) -> HedgingPolicy {
        HedgingPolicy {
            max_attempts: 3,
            delay: Duration::from_secs(delay),
            non_fatal: [Code::Unavailable].into_iter().collect(),
        }
    }

    fn attempts(repeat: Repeat) -> Attempts {
        let method = MethodConfig {
            repeat: Some(repeat),
            ..MethodConfig::default()
        };
        Attempts::new(&Arc::new(method)).unwrap()
    }

    /// A call, the clock, and tokens without an end.
    struct Story {
        attempts: Attempts,
        throttle: Throttle,
        now: Instant,
        start: Instant,
    }

    impl Story {
        fn new(repeat: Repeat) -> Self {
            let now = Instant::now();
            let mut attempts = attempts(repeat);
            attempts.on_start(now);
            Self {
                attempts,
                throttle: Throttle::new(None),
                now,
                start: now,
            }
        }

        fn end(&mut self, code: Code, pushback: Option<Pushback>) -> Next {
            self.attempts
                .on_end(code, pushback, &mut self.throttle, self.now, 0.5)
        }

        /// Seconds from the start to the next attempt.
        fn next(&self) -> Option<f64> {
            let at = self.attempts.next_start()?;
            Some(at.duration_since(self.start).as_secs_f64())
        }

        /// Lets the next attempt start at its time.
        fn go(&mut self) {
            self.now = self.attempts.next_start().unwrap();
            assert!(self.attempts.may_start(&self.throttle, self.now));
            self.attempts.on_start(self.now);
        }
    }

    #[test]
    fn retries_wait_longer_each_time_up_to_the_greatest_wait() {
        let mut story = Story::new(Repeat::Retry(retry()));
        for at in [1.0, 3.0, 6.0] {
            assert_eq!(story.end(Code::Unavailable, None), Next::Start);
            assert_eq!(story.next(), Some(at));
            story.go();
        }
        assert_eq!(story.attempts.started(), 4);
        assert_eq!(story.end(Code::Unavailable, None), Next::End);
    }

    #[test]
    fn a_wait_is_changed_by_a_fifth_at_most() {
        for (random, wait) in [(0.0, 0.8), (1.0, 1.2)] {
            let mut attempts = attempts(Repeat::Retry(retry()));
            let now = Instant::now();
            attempts.on_start(now);
            let mut throttle = Throttle::new(None);
            attempts.on_end(Code::Unavailable, None, &mut throttle, now, random);
            let waits = attempts.next_start().unwrap().duration_since(now);
            assert!((waits.as_secs_f64() - wait).abs() < 1e-6, "{waits:?}");
        }
    }

    #[test]
    fn other_codes_end_the_call() {
        for repeat in [Repeat::Retry(retry()), Repeat::Hedge(hedge(1))] {
            for code in [Code::Ok, Code::Internal] {
                assert_eq!(Story::new(repeat.clone()).end(code, None), Next::End);
            }
        }
    }

    #[test]
    fn the_server_says_when_and_the_waits_start_over() {
        let mut story = Story::new(Repeat::Retry(retry()));
        story.end(Code::Unavailable, None);
        story.go();
        let pushback = Pushback::After(Duration::from_secs(10));
        assert_eq!(story.end(Code::Unavailable, Some(pushback)), Next::Start);
        assert_eq!(story.next(), Some(11.0));
        story.go();
        story.end(Code::Unavailable, None);
        assert_eq!(story.next(), Some(12.0));
        story.go();
        assert_eq!(
            Story::new(Repeat::Retry(retry())).end(Code::Unavailable, Some(Pushback::Stop)),
            Next::End
        );
    }

    #[test]
    fn too_many_failures_of_a_channel_end_calls_at_once() {
        let mut story = Story::new(Repeat::Retry(retry()));
        story.throttle = Throttle::new(Some(RetryThrottling {
            max_milli_tokens: 4000,
            milli_token_ratio: 100,
        }));
        assert_eq!(story.end(Code::Unavailable, None), Next::Start);
        story.go();
        assert_eq!(story.end(Code::Unavailable, None), Next::End);
    }

    #[test]
    fn hedges_start_at_each_delay_until_they_are_enough() {
        let mut story = Story::new(Repeat::Hedge(hedge(2)));
        for at in [2.0, 4.0] {
            assert_eq!(story.next(), Some(at));
            story.go();
        }
        assert_eq!((story.next(), story.attempts.open()), (None, 3));
        assert_eq!(story.end(Code::Unavailable, None), Next::Wait);
        assert_eq!(story.end(Code::Unavailable, None), Next::Wait);
        assert_eq!(story.end(Code::Unavailable, None), Next::End);
    }

    #[test]
    fn a_hedge_that_fails_brings_the_next_forward() {
        let mut story = Story::new(Repeat::Hedge(hedge(2)));
        story.now += Duration::from_secs(1);
        assert_eq!(story.end(Code::Unavailable, None), Next::Start);
        assert_eq!(story.next(), Some(1.0));
        story.go();
        assert_eq!(story.next(), Some(3.0));
        let pushback = Pushback::After(Duration::from_secs(7));
        assert_eq!(story.end(Code::Unavailable, Some(pushback)), Next::Start);
        assert_eq!(story.next(), Some(8.0));
    }

    #[test]
    fn a_server_that_says_no_stops_hedges_and_the_others_go_on() {
        let mut story = Story::new(Repeat::Hedge(hedge(2)));
        story.go();
        assert_eq!(
            story.end(Code::Unavailable, Some(Pushback::Stop)),
            Next::Wait
        );
        assert_eq!(story.next(), None);
        assert_eq!(story.end(Code::Unavailable, None), Next::End);
    }

    #[test]
    fn a_hedge_that_was_decided_on_starts_where_no_other_attempt_is_open() {
        let mut story = Story::new(Repeat::Hedge(hedge(0)));
        let pushback = Pushback::After(Duration::from_secs(1));
        assert_eq!(story.end(Code::Unavailable, Some(pushback)), Next::Start);
        story.throttle = Throttle::new(Some(RetryThrottling {
            max_milli_tokens: 1000,
            milli_token_ratio: 1,
        }));
        story.throttle.record_failure();
        story.go();
        assert_eq!(story.attempts.open(), 1);
    }

    #[test]
    fn throttled_hedges_are_put_off() {
        let mut story = Story::new(Repeat::Hedge(hedge(2)));
        let mut empty = Throttle::new(Some(RetryThrottling {
            max_milli_tokens: 1000,
            milli_token_ratio: 1000,
        }));
        empty.record_failure();
        story.now = story.start + Duration::from_secs(2);
        assert!(!story.attempts.may_start(&empty, story.now));
        assert_eq!(story.next(), Some(4.0));
        let mut at_once = Story::new(Repeat::Hedge(hedge(0)));
        assert!(!at_once.attempts.may_start(&empty, at_once.now));
        assert_eq!(at_once.next(), None);
    }

    proptest! {
        /// Whatever servers answer and however long they take: never more attempts than allowed, never an end while one is open that may answer, always an end.
        #[test]
        fn every_call_ends_within_its_attempts(
            hedged: bool,
            max_attempts in 2_u32..=5,
            delay in 0_u64..4,
            max_tokens in 1_u32..20,
            script in prop::collection::vec((0_u8..4, any::<bool>(), 0_u64..5, 0.0..1.0), 0..40),
        ) {
            let codes: CodeSet = [Code::Unavailable].into_iter().collect();
            let repeat = if hedged {
                Repeat::Hedge(HedgingPolicy { max_attempts, delay: Duration::from_secs(delay), non_fatal: codes })
            } else {
                Repeat::Retry(RetryPolicy { max_attempts, retryable: codes, ..retry() })
            };
            let mut throttle = Throttle::new(Some(RetryThrottling {
                max_milli_tokens: max_tokens * 1000,
                milli_token_ratio: 500,
            }));
            let mut attempts = attempts(repeat);
            let mut now = Instant::now();
            attempts.on_start(now);
            let mut ended = false;
            for (answer, start, pass, random) in script.into_iter().chain(std::iter::repeat_n((3, true, 1, 0.5), 20)) {
                now += Duration::from_secs(pass);
                if start && let Some(at) = attempts.next_start() {
                    now = now.max(at);
                    if attempts.may_start(&throttle, now) {
                        attempts.on_start(now);
                    }
                }
                prop_assert!(attempts.started() <= max_attempts);
                prop_assert!(hedged || attempts.open() <= 1);
                if attempts.open() == 0 {
                    prop_assert!(attempts.next_start().is_some());
                    prop_assert!(!start, "nothing is open, and what was due did not start");
                    continue;
                }
                let (code, pushback) = match answer {
                    0 => (Code::Unavailable, None),
                    1 => (Code::Unavailable, Some(Pushback::Stop)),
                    2 => (Code::Unavailable, Some(Pushback::After(Duration::from_secs(pass)))),
                    _ => (Code::Ok, None),
                };
                match attempts.on_end(code, pushback, &mut throttle, now, random) {
                    Next::End => {
                        prop_assert!(code == Code::Ok || attempts.open() == 0);
                        ended = true;
                        break;
                    }
                    Next::Start => prop_assert!(attempts.next_start().is_some()),
                    Next::Wait => prop_assert!(attempts.open() > 0),
                }
            }
            prop_assert!(ended);
        }
    }
}
