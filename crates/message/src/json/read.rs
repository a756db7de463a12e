//! JSON text into a document: RFC 8259, and the literals `NaN`, `Infinity` and `-Infinity` that Python's `json` knows. Errors are those of Python's `json`.

use std::borrow::Cow;
use std::collections::HashSet;

use thiserror::Error;

use super::document::{Document, Node};

/// Why text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// It breaks the grammar.
    #[error("{message}: line {line} column {column} (char {character})")]
    Syntax {
        /// What was expected or is wrong.
        message: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// The characters before it.
        character: usize,
    },
    /// An object has a key twice.
    #[error("duplicate key {0}")]
    DuplicateKey(String),
}

/// Up to this many keys of an object are compared one with each other.
const FEW_KEYS: usize = 12;

impl<'a> Document<'a> {
    /// Reads JSON text. Nesting is limited by memory alone: a level costs no stack.
    pub fn read(text: &'a str) -> Result<Self, ReadError> {
        let mut reader = Reader {
            text,
            bytes: text.as_bytes(),
            at: 0,
            document: Self::with_capacity(text.len() / 16 + 8),
        };
        if text.starts_with('\u{feff}') {
            return Err(reader.error("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0));
        }
        reader.skip_blanks();
        reader.values()?;
        reader.skip_blanks();
        if reader.at < reader.bytes.len() {
            return Err(reader.error("Extra data", reader.at));
        }
        Ok(reader.document)
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    document: Document<'a>,
}

impl<'a> Reader<'a> {
    fn error(&self, message: &str, at: usize) -> ReadError {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ReadError::Syntax {
            message: message.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            character: before.chars().count(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// A value and all in it, without recursion.
    fn values(&mut self) -> Result<(), ReadError> {
        // The lists and objects that are open.
        let mut open: Vec<usize> = Vec::new();
        loop {
            let opened = self.value()?;
            if let Some(index) = opened {
                self.skip_blanks();
                let is_object = matches!(self.document.node(index), Node::Object(_));
                let end = if is_object { b'}' } else { b']' };
                if self.peek() == Some(end) {
                    self.at += 1;
                    self.document.close(index);
                } else {
                    open.push(index);
                    if is_object {
                        self.key()?;
                    }
                    continue;
                }
            }
            // A value has ended; so may what it is in.
            loop {
                let Some(&index) = open.last() else {
                    return Ok(());
                };
                self.skip_blanks();
                let is_object = matches!(self.document.node(index), Node::Object(_));
                let end = if is_object { b'}' } else { b']' };
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_blanks();
                        if is_object {
                            self.key()?;
                        }
                        break;
                    }
                    Some(byte) if byte == end => {
                        self.at += 1;
                        self.document.close(index);
                        if is_object {
                            self.check_keys(index)?;
                        }
                        open.pop();
                    }
                    _ => return Err(self.error("Expecting ',' delimiter", self.at)),
                }
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<(), ReadError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("Expecting property name enclosed in double quotes", self.at));
        }
        self.string()?;
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err(self.error("Expecting ':' delimiter", self.at));
        }
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    fn check_keys(&self, object: usize) -> Result<(), ReadError> {
        let keys = || self.document.entries(object).map(|(key, _)| key);
        let duplicate = if keys().nth(FEW_KEYS).is_none() {
            keys()
                .enumerate()
                .find(|&(place, key)| keys().take(place).any(|earlier| earlier == key))
                .map(|(_, key)| key)
        } else {
            let mut seen = HashSet::new();
            keys().find(|&key| !seen.insert(key))
        };
        duplicate.map_or(Ok(()), |key| Err(ReadError::DuplicateKey(key.to_owned())))
    }

    /// One value; of a list or object only its beginning, whose index is returned.
    fn value(&mut self) -> Result<Option<usize>, ReadError> {
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(b'{') => {
                self.at += 1;
                return Ok(Some(self.document.push(Node::Object(0))));
            }
            Some(b'[') => {
                self.at += 1;
                return Ok(Some(self.document.push(Node::List(0))));
            }
            Some(b'-' | b'0'..=b'9') if self.number() => {}
            _ => {
                let literals: [(&str, Node<'a>); 6] = [
                    ("null", Node::Null),
                    ("true", Node::Bool(true)),
                    ("false", Node::Bool(false)),
                    ("NaN", Node::Float(f64::NAN)),
                    ("Infinity", Node::Float(f64::INFINITY)),
                    ("-Infinity", Node::Float(f64::NEG_INFINITY)),
                ];
                let rest = &self.bytes[self.at..];
                let literal = literals
                    .into_iter()
                    .find(|(name, _)| rest.starts_with(name.as_bytes()));
                let Some((name, node)) = literal else {
                    return Err(self.error("Expecting value", self.at));
                };
                self.at += name.len();
                self.document.push(node);
            }
        }
        Ok(None)
    }

    /// A number; `false` if none begins here.
    fn number(&mut self) -> bool {
        let start = self.at;
        let is_negative = self.bytes[start] == b'-';
        let first = start + usize::from(is_negative);
        let mut digits = Digits::default();
        let mut end = match self.bytes.get(first) {
            Some(b'0') => first + 1,
            Some(b'1'..=b'9') => digits.read(self.bytes, first),
            _ => return false,
        };
        let mut node = None;
        // A point or an exponent without digits is none of the number's.
        if self.bytes.get(end) == Some(&b'.') {
            let whole = end - first;
            let after = digits.read(self.bytes, end + 1);
            let decimals = after - (end + 1);
            if decimals > 0 {
                end = after;
                node = digits.over_power_of_ten(whole + decimals, decimals);
            }
        }
        if let Some(b'e' | b'E') = self.bytes.get(end) {
            let first = match self.bytes.get(end + 1) {
                Some(b'+' | b'-') => end + 2,
                _ => end + 1,
            };
            let after = Digits::default().read(self.bytes, first);
            if after > first {
                end = after;
                node = None;
            }
        }
        self.at = end;
        self.document.push(match node {
            Some(value) => Node::Float(if is_negative { -value } else { value }),
            None => Node::Number(Cow::Borrowed(&self.text[start..end])),
        });
        true
    }

    /// A string, from its opening quote.
    fn string(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        self.at += 1;
        let plain = self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            self.document.push(Node::String(Cow::Borrowed(plain)));
            return Ok(());
        }
        let mut text = plain.to_owned();
        let mut unpaired = false;
        loop {
            match self.peek() {
                None => return Err(self.error("Unterminated string starting at", start)),
                Some(b'"') => break,
                Some(b'\\') => {
                    let c = self.escape(start)?;
                    unpaired |= c.is_none();
                    text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(_) => return Err(self.error("Invalid control character at", self.at)),
            }
            text.push_str(self.plain());
        }
        self.at += 1;
        self.document.push(if unpaired {
            Node::Unpaired(text)
        } else {
            Node::String(Cow::Owned(text))
        });
        Ok(())
    }

    /// Characters up to a quote, a backslash or a control character.
    fn plain(&mut self) -> &'a str {
        let rest = &self.bytes[self.at..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
            .unwrap_or(rest.len());
        let plain = &self.text[self.at..self.at + length];
        self.at += length;
        plain
    }

    /// An escape; `None` for half of a surrogate pair.
    fn escape(&mut self, string: usize) -> Result<Option<char>, ReadError> {
        let at = self.at;
        let Some(byte) = self.bytes.get(at + 1) else {
            return Err(self.error("Unterminated string starting at", string));
        };
        self.at += 2;
        Ok(Some(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(at),
            _ => return Err(self.error("Invalid \\escape", at)),
        }))
    }

    /// The four digits behind `\u`, and those of a second half.
    fn unicode(&mut self, escape: usize) -> Result<Option<char>, ReadError> {
        let unit = |at: usize| {
            let digits = self.bytes.get(at..at + 4)?;
            let all = digits.iter().all(u8::is_ascii_hexdigit);
            let text = std::str::from_utf8(digits).ok().filter(|_| all)?;
            u32::from_str_radix(text, 16).ok()
        };
        let Some(first) = unit(self.at) else {
            return Err(self.error("Invalid \\uXXXX escape", escape + 1));
        };
        let behind = self.at + 4;
        if (0xd800..0xdc00).contains(&first)
            && self.bytes[behind..].starts_with(b"\\u")
            && let Some(second) = unit(behind + 2)
            && (0xdc00..0xe000).contains(&second)
        {
            self.at = behind + 6;
            return Ok(char::from_u32(
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00),
            ));
        }
        self.at = behind;
        Ok(char::from_u32(first))
    }
}

/// The digits of a number as an integer, for as long as they are few.
#[derive(Default)]
struct Digits(u64);

impl Digits {
    /// So many digits are a double without being rounded, and so is the power of ten of as many.
    const EXACT: usize = 15;

    /// Reads on from `at`; the end of the digits is returned.
    fn read(&mut self, bytes: &[u8], mut at: usize) -> usize {
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            // Wrong for many digits, of which it is not asked.
            self.0 = self.0.wrapping_mul(10).wrapping_add((digit - b'0').into());
            at += 1;
        }
        at
    }

    /// The number of `count` digits with `decimals` of them behind the point, if they are few: the quotient of two exact doubles is the nearest one, as reading the text would give.
    #[expect(clippy::cast_precision_loss, reason = "the digits are few enough")]
    fn over_power_of_ten(&self, count: usize, decimals: usize) -> Option<f64> {
        const POWERS: [f64; Digits::EXACT + 1] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        ];
        (count <= Self::EXACT).then(|| self.0 as f64 / POWERS[decimals])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(text: &str) -> Result<String, String> {
        match Document::read(text) {
            Ok(document) => Ok(super::super::show::shown(&document, 0)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn json_is_read() {
        for (text, shown) in [
            ("{}", "{}"),
            (" [ ] ", "[]"),
            (
                r#"{"a":[1,-2.5e3,{"b":null}],"c":"x"}"#,
                "{'a': [1, -2500.0, {'b': None}], 'c': 'x'}",
            ),
            ("[true,false,NaN,-Infinity]", "[True, False, nan, -inf]"),
            (r#"["\u00e9\ud83d\ude00\n\/"]"#, "['é😀\\n/']"),
            ("0", "0"),
            ("\"\"", ""),
        ] {
            assert_eq!(nodes(text).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn errors_are_those_of_python() {
        for (text, error) in [
            ("", "Expecting value: line 1 column 1 (char 0)"),
            (
                "{",
                "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            ),
            (
                "{\"a\"}",
                "Expecting ':' delimiter: line 1 column 5 (char 4)",
            ),
            ("{\"a\":\n}", "Expecting value: line 2 column 1 (char 6)"),
            ("[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"),
            ("[1] x", "Extra data: line 1 column 5 (char 4)"),
            ("[01]", "Expecting ',' delimiter: line 1 column 3 (char 2)"),
            (
                "\"abc",
                "Unterminated string starting at: line 1 column 1 (char 0)",
            ),
            (
                "\"a\u{1}\"",
                "Invalid control character at: line 1 column 3 (char 2)",
            ),
            ("\"é\\x\"", "Invalid \\escape: line 1 column 3 (char 2)"),
            (
                "\"\\u12\"",
                "Invalid \\uXXXX escape: line 1 column 3 (char 2)",
            ),
            ("-", "Expecting value: line 1 column 1 (char 0)"),
            ("{\"a\":1,\"a\":2}", "duplicate key a"),
        ] {
            assert_eq!(
                nodes(text).as_ref().map_err(String::as_str),
                Err(error),
                "{text}"
            );
        }
    }

    #[test]
    fn decimals_are_read_as_rust_reads_them() {
        for text in [
            "0.0",
            "-0.0",
            "0.5",
            "-1.25",
            "12345678901234.5",
            "-1234567890123456.5",
            "0.1",
            "0.00000000000001",
            "0.000000000000001",
            "9.99999999999999",
            "1.5e3",
            "1.5E-3",
            "2.2250738585072014e-308",
            "123456789012345678901234567890.5",
            "1.7976931348623157e308",
        ] {
            let document = Document::read(text).unwrap();
            let value = match document.node(0) {
                Node::Float(value) => *value,
                Node::Number(text) => text.parse().unwrap(),
                node => panic!("{text} is {node:?}"),
            };
            let expected: f64 = text.parse().unwrap();
            assert_eq!(value.to_bits(), expected.to_bits(), "{text}");
        }
        // What ends in a point or an exponent without digits is a number and more.
        for text in ["1.", "1.e5", "1e", "1e+", "1.5e", "-", "-.5", ".5", "01.5"] {
            assert!(Document::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = "[".repeat(1_000_000);
        assert!(Document::read(&deep).is_err());
    }
}
