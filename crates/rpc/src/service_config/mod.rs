//! The service config of a channel (gRFC A2): what a method's calls are given when the application says nothing, and how they are repeated and spread.
//!
//! [`ServiceConfig::parse`] reads the JSON text; nothing here looks names up or keeps time.

mod balancing;
mod duration;
mod fields;
mod parse;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::Code;

pub use balancing::{
    Ejection, LoadBalancing, MAX_RING_SIZE, OutlierDetection, RING_SIZE_CAP, RingHash,
    WeightedRoundRobin,
};

/// The greatest `maxAttempts` of a policy; a greater one counts as this (gRFC A6).
pub const MAX_ATTEMPTS: u32 = 5;

/// Why a text is no service config. Its text is the one that `grpcio` gives.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ServiceConfigError {
    /// The text is not JSON.
    #[error("JSON parsing failed: [{0}]")]
    NotJson(String),
    /// Fields hold what they may not; each with its place.
    #[error("errors validating service config: [{0}]")]
    Invalid(String),
}

/// A set of status codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeSet(u32);

impl CodeSet {
    /// Adds a code.
    pub const fn insert(&mut self, code: Code) {
        self.0 |= 1 << code.as_u32();
    }

    /// Whether the code is in the set.
    pub const fn contains(self, code: Code) -> bool {
        self.0 & (1 << code.as_u32()) != 0
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Code> for CodeSet {
    fn from_iter<I: IntoIterator<Item = Code>>(codes: I) -> Self {
        let mut set = Self::default();
        for code in codes {
            set.insert(code);
        }
        set
    }
}

/// When a call that failed is sent again (`retryPolicy`, gRFC A6).
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one among them: 2 to [`MAX_ATTEMPTS`].
    pub max_attempts: u32,
    /// The wait before the second attempt, before jitter.
    pub initial_backoff: Duration,
    /// The longest wait, before jitter.
    pub max_backoff: Duration,
    /// The factor from one wait to the next.
    pub backoff_multiplier: f64,
    /// The codes after which the call is sent again.
    pub retryable: CodeSet,
}

/// When a call is sent again although it has not failed yet (`hedgingPolicy`, gRFC A6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HedgingPolicy {
    /// Attempts in all, the first one among them: 2 to [`MAX_ATTEMPTS`].
    pub max_attempts: u32,
    /// The wait between two attempts; zero sends all at once.
    pub delay: Duration,
    /// The codes after which the other attempts go on, and the next starts at once.
    pub non_fatal: CodeSet,
}

/// How the calls of a method are repeated.
#[derive(Clone, Debug, PartialEq)]
pub enum Repeat {
    /// After a failure.
    Retry(RetryPolicy),
    /// While an answer is awaited.
    Hedge(HedgingPolicy),
}

/// What the calls of a method are given (`methodConfig`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MethodConfig {
    /// The longest time of a call; the application's own deadline counts where it is earlier.
    pub timeout: Option<Duration>,
    /// Whether a call waits for a connection, where the application does not say.
    pub wait_for_ready: Option<bool>,
    /// The longest request message in bytes; the channel's own limit counts where it is lower.
    pub max_request_bytes: Option<usize>,
    /// The longest response message in bytes; the channel's own limit counts where it is lower.
    pub max_response_bytes: Option<usize>,
    /// How calls are repeated; `None` for no repetition but of calls that no server saw.
    pub repeat: Option<Repeat>,
}

/// When retries and hedges stop, since too many calls fail (`retryThrottling`, gRFC A6). In thousandths, as the document has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryThrottling {
    /// The tokens that a channel starts with, and the most it has.
    pub max_milli_tokens: u32,
    /// What a success gives back; a failure takes 1,000.
    pub milli_token_ratio: u32,
}

/// A valid service config.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceConfig {
    /// By `/service/method`, `/service/`, or the empty text for all.
    methods: HashMap<String, Arc<MethodConfig>>,
    /// When repetition stops.
    pub retry_throttling: Option<RetryThrottling>,
    /// How calls are spread over addresses, if the config says.
    pub load_balancing: Option<LoadBalancing>,
    /// When servers are left out for a while, if the config says.
    pub outlier_detection: Option<OutlierDetection>,
    /// The service whose health a connection must report before it is used (`healthCheckConfig`).
    pub health_check_service: Option<String>,
}

impl ServiceConfig {
    /// Reads the JSON text. Fields that are not known are ignored, as gRFC A2 demands.
    pub fn parse(text: &str) -> Result<Self, ServiceConfigError> {
        parse::parse(text)
    }

    /// What holds for a method by its path, `/service/method`: its own entry, else its service's, else the default.
    pub fn method(&self, path: &str) -> Option<&Arc<MethodConfig>> {
        if self.methods.is_empty() {
            return None;
        }
        self.methods
            .get(path)
            .or_else(|| {
                let end = path.rfind('/')?;
                self.methods.get(&path[..=end])
            })
            .or_else(|| self.methods.get(""))
    }
}
