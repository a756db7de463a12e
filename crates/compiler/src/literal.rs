//! The values of literals: integers, floats, strings; and how protoc prints them back.

/// The value of an integer token, decimal, octal or hexadecimal; `None` above `max`.
pub(crate) fn integer(text: &[u8], max: u64) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let value = if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // The lexer has reported the missing digits.
        let hex = if hex.is_empty() { "0" } else { hex };
        u64::from_str_radix(hex, 16).ok()?
    } else if text.len() > 1 && text.starts_with('0') {
        u64::from_str_radix(text, 8).ok()?
    } else {
        text.parse().ok()?
    };
    (value <= max).then_some(value)
}

/// The value of a float token. What the lexer has already refused counts as zero.
pub(crate) fn float(text: &[u8]) -> f64 {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let text = text.strip_suffix(['f', 'F']).unwrap_or(text);
    text.parse().unwrap_or_default()
}

/// Appends the bytes that a string token stands for, without its quotes.
pub(crate) fn append_string(text: &[u8], out: &mut Vec<u8>) {
    let Some((&quote, mut rest)) = text.split_first() else {
        return;
    };
    if memchr::memchr(b'\\', rest).is_none() {
        out.extend_from_slice(rest.strip_suffix(&[quote]).unwrap_or(rest));
        return;
    }
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'\\' && !rest.is_empty() {
            append_escape(&mut rest, out);
        } else if byte == quote && rest.is_empty() {
            return;
        } else {
            out.push(byte);
        }
    }
}

fn append_escape(rest: &mut &[u8], out: &mut Vec<u8>) {
    let byte = rest[0];
    *rest = &rest[1..];
    match byte {
        b'0'..=b'7' => {
            let mut code = u32::from(byte - b'0');
            for _ in 0..2 {
                match rest.first() {
                    Some(&digit @ b'0'..=b'7') => {
                        code = code * 8 + u32::from(digit - b'0');
                        *rest = &rest[1..];
                    }
                    _ => break,
                }
            }
            // \400 to \777 do not fit a byte; their low bits are kept, as C does.
            out.push(code.to_le_bytes()[0]);
        }
        b'x' | b'X' => out.push(hex_digits(rest, 2).to_le_bytes()[0]),
        b'u' | b'U' => append_code_point(byte, rest, out),
        b'a' => out.push(7),
        b'b' => out.push(8),
        b'f' => out.push(12),
        b'n' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b't' => out.push(b'\t'),
        b'v' => out.push(11),
        b'\\' | b'?' | b'\'' | b'"' => out.push(byte),
        // The lexer has reported it.
        _ => out.push(b'?'),
    }
}

/// Up to `count` hexadecimal digits.
fn hex_digits(rest: &mut &[u8], count: usize) -> u32 {
    let mut code = 0;
    for _ in 0..count {
        let Some(digit) = rest.first().and_then(|&byte| char::from(byte).to_digit(16)) else {
            break;
        };
        code = code * 16 + digit;
        *rest = &rest[1..];
    }
    code
}

/// `\uXXXX` and `\UXXXXXXXX`; two `\u` that are a surrogate pair are one character.
fn append_code_point(letter: u8, rest: &mut &[u8], out: &mut Vec<u8>) {
    let mut code = hex_digits(rest, if letter == b'u' { 4 } else { 8 });
    if (0xD800..0xDC00).contains(&code) && rest.starts_with(b"\\u") {
        let mut after = &rest[2..];
        let low = hex_digits(&mut after, 4);
        if (0xDC00..0xE000).contains(&low) {
            code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            *rest = after;
        }
    }
    if let Some(character) = char::from_u32(code) {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        // A lone surrogate: written as the three bytes that its number gives.
        let bits = code.to_le_bytes();
        let code = u16::from_le_bytes([bits[0], bits[1]]);
        out.push(0xE0 | (code >> 12).to_le_bytes()[0]);
        out.push(0x80 | ((code >> 6) & 0x3F).to_le_bytes()[0]);
        out.push(0x80 | (code & 0x3F).to_le_bytes()[0]);
    }
}

/// Text with C's escapes, all that is not printable ASCII in octal.
pub(crate) fn c_escape(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'"' | b'\'' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out
}

/// A double as protoc prints it: 15 significant digits if they read back the same, else 17.
pub(crate) fn double_text(value: f64) -> String {
    special_text(value).unwrap_or_else(|| {
        let short = general(value, 15);
        if short.parse() == Ok(value) {
            short
        } else {
            general(value, 17)
        }
    })
}

/// A float as protoc prints it: 6 significant digits if they read back the same, else 9.
pub(crate) fn float_text(value: f32) -> String {
    special_text(value.into()).unwrap_or_else(|| {
        let short = general(value.into(), 6);
        if short.parse() == Ok(value) {
            short
        } else {
            general(value.into(), 9)
        }
    })
}

fn special_text(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("nan".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "inf" } else { "-inf" }.to_owned())
    } else {
        None
    }
}

/// C's `%.*g`: `digits` significant digits, trailing zeros dropped, an exponent where it is below -4 or not below `digits`.
fn general(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if exponent < -4 || exponent >= limit {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(limit - 1 - exponent).unwrap_or(0);
    trim(&format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_three_bases_up_to_their_limit() {
        for (text, max, value) in [
            ("0", u64::MAX, Some(0)),
            ("017", u64::MAX, Some(15)),
            ("0x7fFF", u64::MAX, Some(0x7fff)),
            ("18446744073709551615", u64::MAX, Some(u64::MAX)),
            ("18446744073709551616", u64::MAX, None),
            ("2147483648", 2_147_483_647, None),
        ] {
            assert_eq!(integer(text.as_bytes(), max), value, "{text}");
        }
    }

    #[test]
    fn strings_with_every_escape() {
        for (text, value) in [
            (r#""a\n\t\\\"'""#, &b"a\n\t\\\"'"[..]),
            (r"'\101\x41\7'", b"AA\x07"),
            (r"'\377\xfF'", b"\xff\xff"),
            (r"'\u00e9\U0001F600'", "é😀".as_bytes()),
            (r"'\ud83d\ude00'", "😀".as_bytes()),
            (r"'\ud83d'", b"\xed\xa0\xbd"),
        ] {
            let mut out = Vec::new();
            append_string(text.as_bytes(), &mut out);
            assert_eq!(out, value, "{text}");
        }
    }

    #[test]
    fn floats_print_as_c_does() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e-5, "1e-05"),
            (1.0 / 3.0, "0.33333333333333331"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(double_text(value), text);
        }
        assert_eq!(float_text(0.1), "0.1");
        assert_eq!(float_text(1.0 / 3.0), "0.333333343");
        assert_eq!(float_text(16_777_216.0), "16777216");
    }
}
