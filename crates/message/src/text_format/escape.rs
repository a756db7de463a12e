//! C escapes of strings: written as the original writes them, read as it reads them.

use std::fmt::Write as _;

use thiserror::Error;

/// C escapes; with `as_utf8`, valid UTF-8 beyond ASCII stays as it is.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without a branch a byte, many bytes are looked at at once"
)]
pub fn escape(bytes: &[u8], as_utf8: bool, out: &mut String) {
    let is_special = |byte: u8| {
        !(0x20..0x7f).contains(&byte) | (byte == b'"') | (byte == b'\'') | (byte == b'\\')
    };
    if !bytes
        .iter()
        .fold(false, |found, &byte| found | is_special(byte))
        && let Ok(plain) = std::str::from_utf8(bytes)
    {
        out.push_str(plain);
        return;
    }
    if !as_utf8 {
        for &byte in bytes {
            escape_byte(byte, out);
        }
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => escape_byte(byte, out),
                _ => out.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|&byte| escape_byte(byte, out));
    }
}

fn escape_byte(byte: u8, out: &mut String) {
    match byte {
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        b'"' => out.push_str("\\\""),
        b'\'' => out.push_str("\\'"),
        b'\\' => out.push_str("\\\\"),
        0x20..=0x7e => out.push(char::from(byte)),
        _ => {
            let _ = write!(out, "\\{byte:03o}");
        }
    }
}

/// A string as Python's `repr` shows it, for errors.
pub(crate) fn python_quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if is_printable(c) => out.push(c),
            c => {
                let _ = match u32::from(c) {
                    code @ ..=0xff => write!(out, "\\x{code:02x}"),
                    code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

/// Whether a character shows. The standard library tells it by its own escapes; behind a letter, so that it lets accents be.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    let mut text = String::from("a");
    text.push(c);
    text.escape_debug().nth(1) == Some(c)
}

/// Why an escaped string means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnescapeError {
    /// An escape lacks digits, or has some that mean no character.
    #[error("Invalid escape sequence in string literal: {0}")]
    Invalid(String),
}

/// The bytes that an escaped string means: the escapes of C, and `\u` and `\U` for the UTF-8 of a character. A backslash before any other character stands for itself, as in the original.
pub fn unescape(text: &str) -> Result<Vec<u8>, UnescapeError> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = unescape_one(&rest[at + 1..], &mut out)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// Reads one escape behind its backslash; what follows it is returned.
fn unescape_one<'a>(text: &'a str, out: &mut Vec<u8>) -> Result<&'a str, UnescapeError> {
    let invalid = |length: usize| {
        let shown: String = text.chars().take(length).collect();
        UnescapeError::Invalid(format!("\\{shown}"))
    };
    let Some(first) = text.chars().next() else {
        return Err(invalid(0));
    };
    let rest = &text[first.len_utf8()..];
    let simple = match first {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '\'' => b'\'',
        '"' => b'"',
        '?' => b'?',
        '0'..='7' => {
            let length = digits(text, 3, |byte| matches!(byte, b'0'..=b'7'));
            let value = u16::from_str_radix(&text[..length], 8).unwrap_or(u16::MAX);
            out.push(u8::try_from(value).map_err(|_| invalid(length))?);
            return Ok(&text[length..]);
        }
        'x' | 'X' => {
            let length = digits(rest, 2, |byte| byte.is_ascii_hexdigit());
            let value = u8::from_str_radix(&rest[..length], 16).map_err(|_| invalid(1))?;
            out.push(value);
            return Ok(&rest[length..]);
        }
        'u' | 'U' => {
            let wanted = if first == 'u' { 4 } else { 8 };
            let c = character(rest, wanted).ok_or_else(|| invalid(1 + wanted))?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(&rest[wanted..]);
        }
        other => {
            out.push(b'\\');
            out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(rest);
        }
    };
    out.push(simple);
    Ok(rest)
}

/// How many of the first bytes, at most `most`, are digits.
fn digits(text: &str, most: usize, is_digit: fn(u8) -> bool) -> usize {
    text.bytes().take(most).take_while(|&b| is_digit(b)).count()
}

/// The character of a number of exactly so many hexadecimal digits; half of a surrogate pair is none, and no pair is either.
fn character(text: &str, wanted: usize) -> Option<char> {
    if digits(text, wanted, |byte| byte.is_ascii_hexdigit()) != wanted {
        return None;
    }
    char::from_u32(u32::from_str_radix(&text[..wanted], 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_as_python_quotes_them() {
        for (text, quoted) in [
            ("a'b", "\"a'b\""),
            ("a'b\"", "'a\\'b\"'"),
            (
                "é\u{301}\u{80}\u{ad}\u{200b}\u{e0001}\n\u{1}\\",
                "'é\u{301}\\x80\\xad\\u200b\\U000e0001\\n\\x01\\\\'",
            ),
        ] {
            assert_eq!(python_quoted(text), quoted);
        }
    }

    #[test]
    fn escapes_mean_what_they_mean_in_c() {
        for (text, bytes) in [
            (r"\a\b\f\n\r\t\v\?", &b"\x07\x08\x0c\n\r\t\x0b?"[..]),
            (r#"\'\"\\"#, b"'\"\\"),
            (r"\0\1\12\1234\377", b"\x00\x01\nS4\xff"),
            (r"\x1\x1f\xfff", b"\x01\x1f\xfff"),
            (r"\u00e9\U0001F600", "é😀".as_bytes()),
            (r"é\q", "é\\q".as_bytes()),
        ] {
            assert_eq!(unescape(text).as_deref(), Ok(bytes), "{text}");
        }
        for text in [
            r"\",
            r"\x",
            r"\xg",
            r"\u12",
            r"\U00110000",
            r"\ud83d",
            r"\udc00",
            r"\777",
        ] {
            assert!(unescape(text).is_err(), "{text}");
        }
    }
}
