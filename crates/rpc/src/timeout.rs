//! `grpc-timeout` (PROTOCOL-HTTP2, "Timeout").

use std::time::Duration;

/// The most digits that a value may have.
const MAX_DIGITS: usize = 8;

/// Reads a value: one to eight digits and a unit. `None` if it is anything else.
pub(crate) fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits
        .iter()
        .fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    match unit {
        b'n' => Some(Duration::from_nanos(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'S' => Some(Duration::from_secs(number)),
        b'M' => Some(Duration::from_secs(number * 60)),
        b'H' => Some(Duration::from_secs(number * 3600)),
        _ => None,
    }
}

/// Appends `timeout` in the finest unit in which it has at most eight digits, rounded up.
pub(crate) fn format(timeout: Duration, out: &mut Vec<u8>) {
    const MAX: u128 = 99_999_999;
    let nanos = timeout.as_nanos();
    let units = [
        (1, b'n'),
        (1_000, b'u'),
        (1_000_000, b'm'),
        (1_000_000_000, b'S'),
        (60_000_000_000, b'M'),
    ];
    let (number, unit) = units
        .into_iter()
        .map(|(size, unit)| (nanos.div_ceil(size), unit))
        .find(|(number, _)| *number <= MAX)
        .unwrap_or_else(|| (nanos.div_ceil(3_600_000_000_000).min(MAX), b'H'));
    out.extend_from_slice(number.to_string().as_bytes());
    out.push(unit);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (value, timeout) in [
            ("1n", Duration::from_nanos(1)),
            ("20u", Duration::from_micros(20)),
            ("300m", Duration::from_millis(300)),
            ("0S", Duration::ZERO),
            ("99999999S", Duration::from_secs(99_999_999)),
            ("2M", Duration::from_secs(120)),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ] {
            assert_eq!(parse(value.as_bytes()), Some(timeout), "{value}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for value in [
            "",
            "S",
            "1",
            "1s",
            "-1S",
            "1.5S",
            "123456789S",
            " 1S",
            "1 S",
        ] {
            assert_eq!(parse(value.as_bytes()), None, "{value:?}");
        }
    }

    #[test]
    fn what_is_longer_than_can_be_said_becomes_the_longest() {
        let mut out = Vec::new();
        format(Duration::MAX, &mut out);
        assert_eq!(out, b"99999999H");
    }

    proptest! {
        #[test]
        fn a_timeout_survives_but_for_rounding_up(nanos: u64, shift in 0..64) {
            let timeout = Duration::from_nanos(nanos >> shift);
            let mut out = Vec::new();
            format(timeout, &mut out);
            prop_assert!(out.len() <= MAX_DIGITS + 1);
            let read = parse(&out).unwrap();
            prop_assert!(read >= timeout);
            // A unit is left for one a thousand times as large at eight digits: at least five are kept.
            prop_assert!(read <= timeout + timeout / 100_000 + Duration::from_nanos(1));
        }
    }
}
