//! The status that ends a call, and the percent-encoding of its text.

use std::borrow::Cow;

use crate::Code;

/// How a call ended: the code and a text for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// The kind of end.
    pub code: Code,
    /// What happened; empty where there is nothing to say.
    pub message: Cow<'static, str>,
}

impl Status {
    /// Success, without a text.
    pub const OK: Self = Self {
        code: Code::Ok,
        message: Cow::Borrowed(""),
    };

    /// A status of `code` with `message`.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.message.is_empty() {
            write!(f, "{}", self.code)
        } else {
            write!(f, "{}: {}", self.code, self.message)
        }
    }
}

/// Appends `message` as `grpc-message` carries it (PROTOCOL-HTTP2, "Status-Message"): bytes outside the printable ASCII range, and `%`, become `%XX`.
pub fn percent_encode(message: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in message.as_bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            out.push(byte);
        } else {
            out.extend_from_slice(&[
                b'%',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        }
    }
}

/// Reads a `grpc-message`. Never fails, as the specification asks: a broken escape stands as it is, and bytes that are not UTF-8 become U+FFFD.
pub fn percent_decode(wire: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%'
            && let [high, low, tail @ ..] = after
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            bytes.push(high << 4 | low);
            rest = tail;
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(message: &str) -> String {
        let mut out = Vec::new();
        percent_encode(message, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_printable_ascii_goes_unescaped() {
        assert_eq!(encoded("plain text"), "plain text");
        assert_eq!(encoded("100%\n\u{7f}é"), "100%25%0A%7F%C3%A9");
    }

    #[test]
    fn broken_escapes_are_kept() {
        for (wire, text) in [
            ("%", "%"),
            ("%4", "%4"),
            ("%zz1", "%zz1"),
            ("a%41%", "aA%"),
            ("%c3%a9", "é"),
            ("%FF", "\u{fffd}"),
        ] {
            assert_eq!(percent_decode(wire.as_bytes()), text, "{wire}");
        }
    }

    proptest! {
        #[test]
        fn every_text_survives(text in any::<String>()) {
            prop_assert_eq!(percent_decode(encoded(&text).as_bytes()), text);
        }
    }
}
