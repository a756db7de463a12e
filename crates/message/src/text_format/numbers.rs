//! Numbers as text: as C's `%g` and as Python's `repr` spell them, and integers and floats read by Python's rules.

use thiserror::Error;

/// What C's `%.{precision}g` prints.
fn percent_g(value: f64, precision: usize) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    let scientific = format!("{:.*e}", precision - 1, value);
    let (mantissa, exponent) = scientific
        .split_once('e')
        .unwrap_or((scientific.as_str(), "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let places = i32::try_from(precision).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= places {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(places - 1 - exponent).unwrap_or_default();
    trim(&format!("{value:.decimals$}"))
}

/// The original's text of a double: 15 digits if they read back, else 17.
pub fn c_double(value: f64) -> String {
    let short = percent_g(value, 15);
    if value.is_nan() || short.parse() == Ok(value) {
        short
    } else {
        percent_g(value, 17)
    }
}

/// The original's text of a float: 6 digits if they read back, else 9.
pub fn c_float(value: f32) -> String {
    let short = percent_g(f64::from(value), 6);
    if value.is_nan() || short.parse() == Ok(value) {
        short
    } else {
        percent_g(f64::from(value), 9)
    }
}

/// The double with the fewest digits (6 to 9) that is the float when rounded to one.
pub fn shortest_float(value: f32) -> f64 {
    let wide = f64::from(value);
    if !value.is_finite() {
        return wide;
    }
    (6..9)
        .map(|precision| percent_g(wide, precision))
        .find(|text| text.parse() == Ok(value))
        .unwrap_or_else(|| percent_g(wide, 9))
        .parse()
        .unwrap_or(wide)
}

/// What Python's `repr` of a float is.
pub fn python_repr(value: f64) -> String {
    let mut out = String::new();
    push_python_repr(value, &mut out);
    out
}

/// Appends what Python's `repr` of a float is.
pub(crate) fn push_python_repr(value: f64, out: &mut String) {
    // In this range both write digits, a point and digits.
    if (1e-3..1e15).contains(&value.abs()) {
        out.push_str(zmij::Buffer::new().format_finite(value));
    } else {
        out.push_str(&rearranged(value));
    }
}

/// What `repr` gives of numbers of any size.
fn rearranged(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    // The shortest digits that read back, brought into Python's form.
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    let (sign, shortest) = match shortest.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", shortest),
    };
    let (mantissa, exponent) = shortest.split_once(['e', 'E']).unwrap_or((shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let written: i32 = exponent.parse().unwrap_or_default();
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let leading = i32::try_from(all.len() - digits.len()).unwrap_or_default();
    let whole_len = i32::try_from(whole.len()).unwrap_or_default();
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return format!("{sign}0.0");
    }
    // The decimal point stands after this many of `digits`.
    let point = whole_len - leading + written;
    let count = i32::try_from(digits.len()).unwrap_or_default();
    if !(-4 < point && point <= 16) {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent = point - 1;
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!(
            "{sign}{first}{dot}{rest}e{exponent_sign}{:02}",
            exponent.abs()
        );
    }
    if point <= 0 {
        let zeros = "0".repeat(usize::try_from(-point).unwrap_or_default());
        format!("{sign}0.{zeros}{digits}")
    } else if point >= count {
        let zeros = "0".repeat(usize::try_from(point - count).unwrap_or_default());
        format!("{sign}{digits}{zeros}.0")
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
        format!("{sign}{whole}.{fraction}")
    }
}

/// Why a token is not the number or truth that it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// No integer.
    #[error("Couldn't parse integer: {0}")]
    NotAnInteger(String),
    /// An integer outside of the range of its type.
    #[error("Value out of range: {0}")]
    OutOfRange(String),
    /// No floating-point number.
    #[error("Couldn't parse float: {0}")]
    NotAFloat(String),
    /// Digits after a leading zero.
    #[error("Invalid octal float: {0}")]
    OctalFloat(String),
    /// Neither true nor false.
    #[error("Expected \"true\" or \"false\".")]
    NotABool,
}

/// Digits in an integer's base, with single underscores between them; `None` where it is none. Beyond the range of `i128` it is the greatest of that.
fn magnitude(digits: &str, base: u32) -> Option<i128> {
    let mut value: i128 = 0;
    let mut after_digit = false;
    for c in digits.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = c.to_digit(base)?;
        value = value
            .saturating_mul(base.into())
            .saturating_add(digit.into());
        after_digit = true;
    }
    after_digit.then_some(value)
}

/// An integer as Python's `int(text, 0)` reads it (signs, underscores, the prefixes `0x`, `0o`, `0b`), and in C's octal with a leading zero; between two bounds.
pub fn parse_integer(text: &str, least: i128, most: i128) -> Result<i128, NumberError> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let prefixed = |base| {
        let digits = &digits[2..];
        magnitude(digits.strip_prefix('_').unwrap_or(digits), base)
    };
    let value = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => prefixed(16),
        [b'0', b'o' | b'O', ..] => prefixed(8),
        [b'0', b'b' | b'B', ..] => prefixed(2),
        [b'0', rest @ ..] if !rest.is_empty() => {
            let octal = rest.iter().all(u8::is_ascii_digit) && !text.starts_with('+');
            let zeros = digits.bytes().all(|byte| byte == b'0' || byte == b'_');
            if octal || zeros {
                magnitude(digits, 8)
            } else {
                None
            }
        }
        _ => magnitude(digits, 10),
    };
    let value = value.ok_or_else(|| NumberError::NotAnInteger(text.to_owned()))?;
    let value = if negative { -value } else { value };
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    let shown = if value.abs() == i128::MAX {
        text.trim_start_matches('+').to_owned()
    } else {
        value.to_string()
    };
    Err(NumberError::OutOfRange(shown))
}

/// A floating-point number as Python's `float` reads it, also with a trailing `f`; `inf` and `nan` in any case.
pub fn parse_float(text: &str) -> Result<f64, NumberError> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if matches!(unsigned.as_bytes(), [b'0', b'0'..=b'9', ..]) {
        return Err(NumberError::OctalFloat(text.to_owned()));
    }
    let read = |text: &str| {
        if !text.contains('_') {
            return text.parse::<f64>().ok();
        }
        let bytes = text.as_bytes();
        let between_digits = bytes.iter().enumerate().all(|(at, &byte)| {
            let digit = |at: Option<usize>| {
                at.and_then(|at| bytes.get(at))
                    .is_some_and(u8::is_ascii_digit)
            };
            byte != b'_' || (digit(at.checked_sub(1)) && digit(Some(at + 1)))
        });
        between_digits
            .then(|| text.replace('_', "").parse().ok())
            .flatten()
    };
    read(text)
        .or_else(|| read(text.trim_end_matches(['f', 'F'])))
        .or_else(|| {
            let infinite = ["inff", "infinityf"]
                .iter()
                .any(|name| unsigned.eq_ignore_ascii_case(name));
            match (infinite, text.starts_with('-')) {
                (true, false) => Some(f64::INFINITY),
                (true, true) => Some(f64::NEG_INFINITY),
                (false, _) => None,
            }
        })
        .ok_or_else(|| NumberError::NotAFloat(text.to_owned()))
}

/// A truth, in the spellings that text format has.
pub fn parse_bool(text: &str) -> Result<bool, NumberError> {
    match text {
        "true" | "t" | "1" | "True" => Ok(true),
        "false" | "f" | "0" | "False" => Ok(false),
        _ => Err(NumberError::NotABool),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_the_original_spells_them() {
        for (value, c, python) in [
            (1.5, "1.5", "1.5"),
            (1e100, "1e+100", "1e+100"),
            (1.0 / 3.0, "0.33333333333333331", "0.3333333333333333"),
            (1e15, "1e+15", "1000000000000000.0"),
            (1e16, "1e+16", "1e+16"),
            (
                123_456_789_012_345_680.0,
                "1.2345678901234568e+17",
                "1.2345678901234568e+17",
            ),
            (-0.0, "-0", "-0.0"),
            (1e-7, "1e-07", "1e-07"),
            (1e-4, "0.0001", "0.0001"),
            (0.00001, "1e-05", "1e-05"),
            (5e-324, "4.94065645841247e-324", "5e-324"),
            (100.0, "100", "100.0"),
            (f64::INFINITY, "inf", "inf"),
            (f64::NAN, "nan", "nan"),
        ] {
            assert_eq!(c_double(value), c);
            assert_eq!(python_repr(value), python);
        }
        for (value, c, python) in [
            (0.1, "0.1", "0.1"),
            (1.0 / 3.0, "0.333333343", "0.33333334"),
            (16_777_216.0, "16777216", "16777216.0"),
            (1e10, "1e+10", "10000000000.0"),
            (3.4e38, "3.4e+38", "3.4e+38"),
        ] {
            assert_eq!(c_float(value), c);
            assert_eq!(python_repr(shortest_float(value)), python);
        }
    }

    #[test]
    fn integers_are_read_as_python_reads_them() {
        let read = |text| parse_integer(text, i64::MIN.into(), u64::MAX.into());
        for (text, value) in [
            ("0", 0),
            ("-5", -5),
            ("+7", 7),
            ("0x1F", 31),
            ("-0X_1f", -31),
            ("017", 15),
            ("-017", -15),
            ("0b11", 3),
            ("0o17", 15),
            ("1_000", 1000),
            ("00", 0),
            ("0_0", 0),
            ("18446744073709551615", u64::MAX.into()),
        ] {
            assert_eq!(read(text), Ok(value), "{text}");
        }
        for text in [
            "", "-", "08", "+017", "1__0", "_1", "1_", "0x", "1.5", "--1", "0_7", "a",
        ] {
            let error = NumberError::NotAnInteger(text.to_owned());
            assert_eq!(read(text), Err(error), "{text}");
        }
        for text in ["18446744073709551616", "-9223372036854775809"] {
            assert_eq!(read(text), Err(NumberError::OutOfRange(text.to_owned())));
        }
        let long = "9".repeat(60);
        assert_eq!(read(&long), Err(NumberError::OutOfRange(long.clone())));
    }

    #[test]
    fn floats_are_read_as_python_reads_them() {
        for (text, value) in [
            ("1.5", 1.5),
            ("-0", -0.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3f", 1000.0),
            ("1.5F", 1.5),
            ("1_0.0", 10.0),
            ("1e400", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("inff", f64::INFINITY),
        ] {
            assert_eq!(
                parse_float(text).map(f64::to_bits),
                Ok(f64::to_bits(value)),
                "{text}"
            );
        }
        assert!(parse_float("NaN").is_ok_and(f64::is_nan));
        assert!(parse_float("nanf").is_ok_and(f64::is_nan));
        for text in ["", "-", "e5", "1__0", "_1", "0x1p3", "1.5.5", "infinit"] {
            assert_eq!(
                parse_float(text),
                Err(NumberError::NotAFloat(text.to_owned())),
                "{text}"
            );
        }
        assert_eq!(
            parse_float("01.5"),
            Err(NumberError::OctalFloat("01.5".to_owned()))
        );
    }
}
