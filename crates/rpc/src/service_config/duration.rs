//! `ProtoJSON`'s durations: seconds with up to nine decimals and an `s`.

use std::time::Duration;

/// The greatest number of seconds of `google.protobuf.Duration`: ten thousand years.
const MAX_SECONDS: u64 = 315_576_000_000;

/// The duration, or what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let Some(number) = text.strip_suffix('s') else {
        return Err("Not a duration (no s suffix)".to_owned());
    };
    let range = || format!("seconds must be in the range [0, {MAX_SECONDS}]");
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if whole.starts_with('-') {
        return Err(range());
    }
    if decimals.len() > 9 {
        return Err("Not a duration (too many digits after decimal)".to_owned());
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) {
        return Err("Not a duration (not a number of seconds)".to_owned());
    }
    let seconds = whole.parse().unwrap_or(u64::MAX);
    if seconds > MAX_SECONDS {
        return Err(range());
    }
    // Nine digits fit.
    let nanos = format!("{decimals:0<9}").parse().unwrap_or(0);
    Ok(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_with_up_to_nine_decimals() {
        for (text, time) in [
            ("0s", Duration::ZERO),
            ("1s", Duration::from_secs(1)),
            ("1.5s", Duration::from_millis(1500)),
            ("0.000000001s", Duration::from_nanos(1)),
            ("315576000000s", Duration::from_secs(MAX_SECONDS)),
        ] {
            assert_eq!(parse(text), Ok(time), "{text}");
        }
        for text in [
            "",
            "s",
            "1",
            "-1s",
            "1.s",
            ".5s",
            "1.0000000001s",
            "1e3s",
            " 1s",
            "+1s",
            "315576000001s",
            "99999999999999999999s",
            "1.5ss",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
