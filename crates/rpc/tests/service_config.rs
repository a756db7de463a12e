//! The grammar of service configs: what is taken, and what is said of what is not.

use std::time::Duration;

use proptest::prelude::*;
use russet_rpc::Code;
use russet_rpc::service_config::{
    Ejection, HedgingPolicy, LoadBalancing, OutlierDetection, Repeat, RingHash, ServiceConfig,
    WeightedRoundRobin,
};

fn parse(text: &str) -> ServiceConfig {
    ServiceConfig::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn method(body: &str) -> String {
    format!(r#"{{"methodConfig":[{{"name":[{{"service":"s"}}]{body}}}]}}"#)
}

#[test]
fn an_empty_config_says_nothing() {
    assert_eq!(parse("{}"), ServiceConfig::default());
    assert_eq!(parse(r#"{"unknown":1}"#), ServiceConfig::default());
    assert_eq!(parse("{}").method("/s/M"), None);
}

#[test]
fn the_most_precise_name_counts() {
    let config = parse(
        r#"{"methodConfig":[
            {"name":[{"service":"a.S","method":"M"}],"timeout":"1s"},
            {"name":[{"service":"a.S"},{"service":"b.S","method":""}],"timeout":"2s"},
            {"name":[{}],"timeout":"3s"}]}"#,
    );
    for (path, seconds) in [
        ("/a.S/M", 1),
        ("/a.S/N", 2),
        ("/b.S/M", 2),
        ("/c.S/M", 3),
        ("none", 3),
    ] {
        let timeout = config.method(path).and_then(|method| method.timeout);
        assert_eq!(timeout, Some(Duration::from_secs(seconds)), "{path}");
    }
}

#[test]
fn every_field_of_a_method_is_read() {
    let config = parse(&method(
        r#","waitForReady":true,"maxRequestMessageBytes":5,"maxResponseMessageBytes":"6",
        "retryPolicy":{"maxAttempts":"9","initialBackoff":"0.1s","maxBackoff":"1s","backoffMultiplier":2,
        "retryableStatusCodes":["UNAVAILABLE","ABORTED"]}"#,
    ));
    let found = config.method("/s/M").unwrap();
    assert_eq!(found.wait_for_ready, Some(true));
    assert_eq!(found.max_request_bytes, Some(5));
    assert_eq!(found.max_response_bytes, Some(6));
    let Some(Repeat::Retry(retry)) = &found.repeat else {
        panic!("{found:?}")
    };
    assert_eq!(retry.max_attempts, 5);
    assert_eq!(retry.initial_backoff, Duration::from_millis(100));
    assert!(retry.retryable.contains(Code::Aborted) && !retry.retryable.contains(Code::Internal));
    let config = parse(&method(
        r#","hedgingPolicy":{"maxAttempts":3,"hedgingDelay":"0.5s","nonFatalStatusCodes":["INTERNAL"]}"#,
    ));
    assert_eq!(
        config.method("/s/M").unwrap().repeat,
        Some(Repeat::Hedge(HedgingPolicy {
            max_attempts: 3,
            delay: Duration::from_millis(500),
            non_fatal: [Code::Internal].into_iter().collect(),
        }))
    );
}

#[test]
fn throttling_and_balancing_are_read() {
    let config = parse(
        r#"{"retryThrottling":{"maxTokens":10,"tokenRatio":0.1234},
            "loadBalancingConfig":[{"nope":{}},{"pick_first":{"shuffleAddressList":true}}],
            "healthCheckConfig":{"serviceName":"x"}}"#,
    );
    let throttling = config.retry_throttling.unwrap();
    assert_eq!(
        (throttling.max_milli_tokens, throttling.milli_token_ratio),
        (10_000, 123)
    );
    assert_eq!(
        config.load_balancing,
        Some(LoadBalancing::PickFirst { shuffle: true })
    );
    assert_eq!(config.health_check_service.as_deref(), Some("x"));
    for (text, policy) in [
        (
            r#"{"loadBalancingPolicy":"ROUND_ROBIN"}"#,
            LoadBalancing::RoundRobin,
        ),
        (
            r#"{"loadBalancingPolicy":"pick_first","loadBalancingConfig":[{"round_robin":{}}]}"#,
            LoadBalancing::RoundRobin,
        ),
        (
            r#"{"loadBalancingConfig":[{"least_request_experimental":{"choiceCount":50}}]}"#,
            LoadBalancing::LeastRequest { choices: 10 },
        ),
        (
            r#"{"loadBalancingConfig":[{"weighted_round_robin":{"metricNamesForComputingUtilization":["named_metrics.queue","eps"],"enableOobLoadReport":true,"oobReportingPeriod":"3s",
                "blackoutPeriod":"0s","weightExpirationPeriod":"60s","weightUpdatePeriod":"0.01s","errorUtilizationPenalty":0}}]}"#,
            LoadBalancing::WeightedRoundRobin(WeightedRoundRobin {
                out_of_band: true,
                reporting_period: Duration::from_secs(3),
                blackout: Duration::ZERO,
                weight_expiration: Duration::from_secs(60),
                weight_update: Duration::from_millis(100),
                error_utilization_penalty: 0.0,
                metrics: vec!["named_metrics.queue".to_owned(), "eps".to_owned()],
            }),
        ),
        (
            r#"{"loadBalancingConfig":[{"ring_hash_experimental":{"minRingSize":5000,"maxRingSize":"9000","requestHashHeader":"X-Key"}}]}"#,
            LoadBalancing::RingHash(RingHash {
                min_size: 5000,
                max_size: 9000,
                request_hash_header: Some("x-key".to_owned()),
            }),
        ),
    ] {
        assert_eq!(parse(text).load_balancing, Some(policy), "{text}");
    }
}

#[test]
fn outlier_detection_wraps_a_policy() {
    let config = parse(
        r#"{"loadBalancingConfig":[{"outlier_detection_experimental":{"interval":"1s","maxEjectionPercent":50,
            "successRateEjection":{"stdevFactor":1000,"minimumHosts":3},
            "failurePercentageEjection":{"enforcementPercentage":10},
            "childPolicy":[{"round_robin":{}}]}}]}"#,
    );
    assert_eq!(config.load_balancing, Some(LoadBalancing::RoundRobin));
    let ejection = |enforcement, minimum_hosts, request_volume| Ejection {
        enforcement,
        minimum_hosts,
        request_volume,
    };
    assert_eq!(
        config.outlier_detection,
        Some(OutlierDetection {
            interval: Duration::from_secs(1),
            max_percent: 50,
            success_rate: Some((ejection(100, 3, 100), 1000)),
            failure_percentage: Some((ejection(10, 5, 50), 85)),
            ..OutlierDetection::default()
        })
    );
}

/// The texts are those that `grpcio` gives, but where it is more lenient than gRFC A6.
#[test]
fn mistakes_are_named_with_their_place() {
    let retry = r#"{"maxAttempts":3,"initialBackoff":"1s","maxBackoff":"1s","backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}"#;
    let with_retry = |from: &str, to: &str| {
        assert!(retry.contains(from));
        method(&format!(r#","retryPolicy":{}"#, retry.replace(from, to)))
    };
    let place = "field:methodConfig[0].";
    for (text, error) in [
        ("[]".to_owned(), "field: error:is not an object".to_owned()),
        (
            r#"{"methodConfig":3}"#.to_owned(),
            "field:methodConfig error:is not an array".to_owned(),
        ),
        (
            r#"{"methodConfig":[{"name":[{"method":"M"}]}]}"#.to_owned(),
            format!("{place}name[0] error:method name populated without service name"),
        ),
        (
            r#"{"methodConfig":[{"name":[{"service":"s"},{"service":"s"}]}]}"#.to_owned(),
            format!("{place}name[1] error:multiple method configs for path /s/"),
        ),
        (
            method(r#","timeout":"5""#),
            format!("{place}timeout error:Not a duration (no s suffix)"),
        ),
        (
            method(r#","timeout":5"#),
            format!("{place}timeout error:is not a string"),
        ),
        (
            method(r#","waitForReady":"x""#),
            format!("{place}waitForReady error:is not a boolean"),
        ),
        (
            method(r#","maxRequestMessageBytes":-1"#),
            format!("{place}maxRequestMessageBytes error:failed to parse non-negative number"),
        ),
        (
            with_retry(r#""maxAttempts":3"#, r#""maxAttempts":1"#),
            format!("{place}retryPolicy.maxAttempts error:must be at least 2"),
        ),
        (
            with_retry(r#""maxAttempts":3,"#, ""),
            format!("{place}retryPolicy.maxAttempts error:field not present"),
        ),
        (
            with_retry(r#""initialBackoff":"1s""#, r#""initialBackoff":"0s""#),
            format!("{place}retryPolicy.initialBackoff error:must be greater than 0"),
        ),
        (
            with_retry("UNAVAILABLE", "unavailable"),
            format!(
                "{place}retryPolicy.retryableStatusCodes error:must be non-empty; \
                 {place}retryPolicy.retryableStatusCodes[0] error:failed to parse status code"
            ),
        ),
        (
            method(&format!(
                r#","retryPolicy":{retry},"hedgingPolicy":{{"maxAttempts":2}}"#
            )),
            format!(
                "{place}hedgingPolicy error:a method has a retryPolicy or a hedgingPolicy, not both"
            ),
        ),
        (
            r#"{"retryThrottling":{"maxTokens":0,"tokenRatio":0.0001}}"#.to_owned(),
            "field:retryThrottling.maxTokens error:must be greater than 0; \
             field:retryThrottling.tokenRatio error:must be greater than 0"
                .to_owned(),
        ),
        (
            r#"{"loadBalancingConfig":[{"nope":{}}]}"#.to_owned(),
            "field:loadBalancingConfig error:No known policies in list: nope".to_owned(),
        ),
        (
            r#"{"loadBalancingConfig":[{"pick_first":{"shuffleAddressList":"x"}}]}"#.to_owned(),
            "field:loadBalancingConfig error:errors validating pick_first LB policy config: \
             [field:shuffleAddressList error:is not a boolean]"
                .to_owned(),
        ),
        (
            r#"{"loadBalancingConfig":[{"pick_first":{},"round_robin":{}}]}"#.to_owned(),
            "field:loadBalancingConfig error:oneOf violation".to_owned(),
        ),
        (
            r#"{"loadBalancingPolicy":"NOPE"}"#.to_owned(),
            r#"field:loadBalancingPolicy error:unknown LB policy "nope""#.to_owned(),
        ),
    ] {
        let found = ServiceConfig::parse(&text).unwrap_err().to_string();
        assert_eq!(
            found,
            format!("errors validating service config: [{error}]"),
            "{text}"
        );
    }
    let error = ServiceConfig::parse("{").unwrap_err().to_string();
    assert!(error.starts_with("JSON parsing failed: ["), "{error}");
}

#[test]
fn a_text_that_nests_deeply_is_an_error() {
    let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(ServiceConfig::parse(&text).is_err());
}

/// A config that has every field.
const WHOLE: &str = r#"{"methodConfig":[{"name":[{"service":"s","method":"M"},{}],"timeout":"1.5s","waitForReady":true,
"maxRequestMessageBytes":5,"maxResponseMessageBytes":"6","retryPolicy":{"maxAttempts":4,"initialBackoff":"0.1s",
"maxBackoff":"1s","backoffMultiplier":1.5,"retryableStatusCodes":["UNAVAILABLE"]}},{"name":[{"service":"t"}],
"hedgingPolicy":{"maxAttempts":2,"hedgingDelay":"0s","nonFatalStatusCodes":["INTERNAL"]}}],
"retryThrottling":{"maxTokens":10,"tokenRatio":0.5},"loadBalancingConfig":[{"least_request_experimental":{"choiceCount":3}}],
"healthCheckConfig":{"serviceName":"h"}}"#;

proptest! {
    /// Whatever a text holds, it is a config within its bounds or an error.
    #[test]
    fn changed_configs_keep_the_bounds(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
            "", "0", "-1", "9", "1e9", "\"", "{", "}", "[", "]", ",", ":", "null", "true", "\"1s\"", "\"x\"", "{}", "[]",
        ])), 0..4),
    ) {
        let mut text = WHOLE.to_owned();
        for (place, new) in changes {
            let place = place.index(text.len());
            text.replace_range(place..=place, new);
        }
        if let Ok(config) = ServiceConfig::parse(&text)
            && let Some(method) = config.method("/s/M")
        {
            match &method.repeat {
                Some(Repeat::Retry(retry)) => {
                    prop_assert!((2..=5).contains(&retry.max_attempts));
                    prop_assert!(!retry.initial_backoff.is_zero() && !retry.max_backoff.is_zero());
                    prop_assert!(retry.backoff_multiplier > 0.0 && !retry.retryable.is_empty());
                }
                Some(Repeat::Hedge(hedge)) => prop_assert!((2..=5).contains(&hedge.max_attempts)),
                None => {}
            }
        }
    }
}
