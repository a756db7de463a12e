//! From JSON to a [`ServiceConfig`], with every mistake found at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::fields::{Errors, Fields, array, boolean, positive, positive_time, text, time, whole};
use super::{
    CodeSet, HedgingPolicy, LoadBalancing, MAX_ATTEMPTS, MethodConfig, Repeat, RetryPolicy,
    RetryThrottling, ServiceConfig, ServiceConfigError, balancing,
};
use crate::Code;

pub(super) fn parse(text: &str) -> Result<ServiceConfig, ServiceConfigError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ServiceConfigError::NotJson(error.to_string()))?;
    let mut errors = Errors::default();
    let config = Fields::of(&value, &mut errors).map(|fields| read(&fields, &mut errors));
    match config {
        Some(config) if errors.is_empty() => Ok(config),
        _ => Err(ServiceConfigError::Invalid(errors.to_string())),
    }
}

fn read(fields: &Fields<'_>, errors: &mut Errors) -> ServiceConfig {
    let named = fields.read("loadBalancingPolicy", errors, |value, errors| {
        let name = text(value, errors)?;
        let policy = LoadBalancing::named(name);
        if policy.is_none() {
            errors.add(format!(
                "unknown LB policy \"{}\"",
                name.to_ascii_lowercase()
            ));
        }
        policy
    });
    let health = fields.read("healthCheckConfig", errors, |value, errors| {
        Fields::of(value, errors)?.read("serviceName", errors, |value, errors| {
            text(value, errors).map(str::to_owned)
        })
    });
    let mut methods = HashMap::new();
    fields.read("methodConfig", errors, |value, errors| {
        array(value, errors, |value, errors| {
            method(value, &mut methods, errors);
            Some(())
        })
    });
    let (load_balancing, outlier_detection) =
        match fields.read("loadBalancingConfig", errors, balancing::read) {
            Some((policy, outliers)) => (Some(policy), outliers),
            None => (named, None),
        };
    ServiceConfig {
        methods,
        retry_throttling: fields.read("retryThrottling", errors, throttling),
        load_balancing,
        outlier_detection,
        health_check_service: health,
    }
}

fn method(value: &Value, methods: &mut HashMap<String, Arc<MethodConfig>>, errors: &mut Errors) {
    let Some(fields) = Fields::of(value, errors) else {
        return;
    };
    let bytes = |name, errors: &mut Errors| {
        let bytes = fields.read(name, errors, whole)?;
        usize::try_from(bytes).ok()
    };
    let max_request_bytes = bytes("maxRequestMessageBytes", errors);
    let max_response_bytes = bytes("maxResponseMessageBytes", errors);
    let retry = fields.read("retryPolicy", errors, retry_policy);
    let hedge = fields.read("hedgingPolicy", errors, hedging_policy);
    if retry.is_some() && hedge.is_some() {
        errors.at(".hedgingPolicy".to_owned(), |errors| {
            errors.add("a method has a retryPolicy or a hedgingPolicy, not both");
        });
    }
    let config = Arc::new(MethodConfig {
        timeout: fields.read("timeout", errors, time),
        wait_for_ready: fields.read("waitForReady", errors, boolean),
        max_request_bytes,
        max_response_bytes,
        repeat: retry.map(Repeat::Retry).or(hedge.map(Repeat::Hedge)),
    });
    fields.read("name", errors, |value, errors| {
        array(value, errors, |value, errors| {
            let path = path_of(value, errors)?;
            if methods.insert(path.clone(), config.clone()).is_some() {
                errors.add(if path.is_empty() {
                    "duplicate default method config".to_owned()
                } else {
                    format!("multiple method configs for path {path}")
                });
            }
            Some(())
        })
    });
}

/// What a `name` stands for: `/service/method`, `/service/`, or the empty text for all methods.
fn path_of(value: &Value, errors: &mut Errors) -> Option<String> {
    let fields = Fields::of(value, errors)?;
    let mut part = |name| fields.read(name, errors, text).unwrap_or("");
    let (service, method) = (part("service"), part("method"));
    if service.is_empty() {
        if !method.is_empty() {
            errors.add("method name populated without service name");
            return None;
        }
        return Some(String::new());
    }
    Some(format!("/{service}/{method}"))
}

fn max_attempts(fields: &Fields<'_>, errors: &mut Errors) -> Option<u32> {
    fields.require("maxAttempts", errors, |value, errors| {
        let attempts = whole(value, errors)?;
        if attempts < 2 {
            errors.add("must be at least 2");
            return None;
        }
        Some(attempts.min(MAX_ATTEMPTS))
    })
}

/// A list of codes by name, or, as gRFC A6 allows, by number.
fn codes(value: &Value, errors: &mut Errors) -> Option<CodeSet> {
    let codes = array(value, errors, |value, errors| {
        let name = text(value, errors)?;
        let code = (0..)
            .map_while(Code::from_u32)
            .find(|code| code.name() == name);
        if code.is_none() {
            errors.add("failed to parse status code");
        }
        code
    })?;
    Some(codes.into_iter().collect())
}

fn retry_policy(value: &Value, errors: &mut Errors) -> Option<RetryPolicy> {
    let fields = Fields::of(value, errors)?;
    let max_attempts = max_attempts(&fields, errors);
    let initial_backoff = fields.require("initialBackoff", errors, positive_time);
    let max_backoff = fields.require("maxBackoff", errors, positive_time);
    let backoff_multiplier = fields.require("backoffMultiplier", errors, positive);
    let retryable = fields
        .read("retryableStatusCodes", errors, codes)
        .unwrap_or_default();
    if retryable.is_empty() {
        errors.at(".retryableStatusCodes".to_owned(), |errors| {
            errors.add("must be non-empty");
        });
    }
    Some(RetryPolicy {
        max_attempts: max_attempts?,
        initial_backoff: initial_backoff?,
        max_backoff: max_backoff?,
        backoff_multiplier: backoff_multiplier?,
        retryable,
    })
}

fn hedging_policy(value: &Value, errors: &mut Errors) -> Option<HedgingPolicy> {
    let fields = Fields::of(value, errors)?;
    let max_attempts = max_attempts(&fields, errors);
    let delay = fields.read("hedgingDelay", errors, time);
    let non_fatal = fields.read("nonFatalStatusCodes", errors, codes);
    Some(HedgingPolicy {
        max_attempts: max_attempts?,
        delay: delay.unwrap_or(Duration::ZERO),
        non_fatal: non_fatal.unwrap_or_default(),
    })
}

fn throttling(value: &Value, errors: &mut Errors) -> Option<RetryThrottling> {
    let fields = Fields::of(value, errors)?;
    let max_tokens = fields.require("maxTokens", errors, |value, errors| {
        let tokens = whole(value, errors)?;
        if tokens == 0 {
            errors.add("must be greater than 0");
            return None;
        }
        Some(tokens)
    });
    let ratio = fields.require("tokenRatio", errors, |value, errors| {
        let ratio = positive(value, errors)?;
        // Three decimals count (gRFC A6).
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float's cast saturates, and it is above zero"
        )]
        let ratio = (ratio * 1000.0 + 1e-6) as u32;
        if ratio == 0 {
            errors.add("must be greater than 0");
            return None;
        }
        Some(ratio)
    });
    Some(RetryThrottling {
        max_milli_tokens: max_tokens?.saturating_mul(1000),
        milli_token_ratio: ratio?,
    })
}
