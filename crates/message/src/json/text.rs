//! JSON as text, laid out as Python's `json.dumps` does.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Write as _;

use super::print::{Integer, Sink};
use crate::text_format::push_python_repr;

/// A line's end and spaces for the indent of most levels.
const SPACES: &str = "\n                                                                ";

/// Room for what is written first, in bytes: the whole of a small message.
const FIRST_CAPACITY: usize = 128;

/// How many bytes of a list of integers are gathered before they are added to the text.
const GATHERED: usize = 4096;

/// An element takes at most so many bytes of [`GATHERED`] besides its separator: two quotes, a sign and the digits of the longest number.
const LONGEST_INTEGER: usize = 2 + 1 + 20;

/// Writes JSON into a string.
#[derive(Debug)]
pub struct TextSink {
    text: String,
    /// What each level is indented by; all in one line without it.
    indent: Option<Cow<'static, str>>,
    /// The end of a line and the indent of the deepest level so far, or more of it.
    line: Cow<'static, str>,
    ensure_ascii: bool,
    depth: usize,
    /// Nothing was written yet on this level.
    is_first: bool,
    /// A key was written, and its value comes next.
    after_key: bool,
}

type Written = Result<(), Infallible>;

impl TextSink {
    /// Without an indent all is in one line, a space behind each comma and colon; with one, each value has a line. With `ensure_ascii`, other characters are escaped.
    pub fn new(indent: Option<Cow<'static, str>>, ensure_ascii: bool) -> Self {
        let is_spaces = |text: &Cow<'_, str>| text.bytes().all(|byte| byte == b' ');
        let line = if indent.as_ref().is_some_and(is_spaces) {
            SPACES
        } else {
            &SPACES[..1]
        };
        Self {
            text: String::with_capacity(FIRST_CAPACITY),
            indent,
            line: Cow::Borrowed(line),
            ensure_ascii,
            depth: 0,
            is_first: true,
            after_key: false,
        }
    }

    /// What was written.
    pub fn into_text(self) -> String {
        self.text
    }

    fn new_line(&mut self) {
        if let Some(indent) = &self.indent {
            let length = 1 + self.depth * indent.len();
            while self.line.len() < length {
                self.line.to_mut().push_str(indent);
            }
            self.text.push_str(&self.line[..length]);
        }
    }

    /// What stands before a key, an element or the value itself.
    fn start(&mut self) {
        if self.after_key {
            self.after_key = false;
            return;
        }
        if self.depth == 0 {
            return;
        }
        if !self.is_first {
            self.text
                .push_str(if self.indent.is_some() { "," } else { ", " });
        }
        self.is_first = false;
        self.new_line();
    }

    fn push_gathered(&mut self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).expect("strings were put together whole");
        self.text.push_str(text);
    }

    fn begin(&mut self, bracket: char) {
        self.start();
        self.text.push(bracket);
        self.depth += 1;
        self.is_first = true;
    }

    fn end(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.is_first {
            self.new_line();
        }
        self.is_first = false;
        self.text.push(bracket);
    }

    #[expect(
        clippy::needless_bitwise_bool,
        reason = "without a branch a byte, many bytes are looked at at once"
    )]
    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        let is_special =
            |byte: u8| !(0x20..0x7f).contains(&byte) | (byte == b'"') | (byte == b'\\');
        let bytes = text.as_bytes().iter();
        if bytes.fold(false, |found, &byte| found | is_special(byte)) {
            self.escaped(text);
        } else {
            self.text.push_str(text);
        }
        self.text.push('"');
    }

    fn escaped(&mut self, text: &str) {
        let mut plain_from = 0;
        for (at, c) in text.char_indices() {
            let is_plain = match c {
                '"' | '\\' | '\0'..='\x1f' => false,
                '\x7f'.. => !self.ensure_ascii,
                _ => true,
            };
            if is_plain {
                continue;
            }
            self.text.push_str(&text[plain_from..at]);
            plain_from = at + c.len_utf8();
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\x0c' => self.text.push_str("\\f"),
                '\x08' => self.text.push_str("\\b"),
                c => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.text, "\\u{unit:04x}");
                    }
                }
            }
        }
        self.text.push_str(&text[plain_from..]);
    }
}

impl Sink for TextSink {
    type Error = Infallible;

    fn null(&mut self) -> Written {
        self.start();
        self.text.push_str("null");
        Ok(())
    }

    fn bool(&mut self, value: bool) -> Written {
        self.start();
        self.text.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn int(&mut self, value: i64) -> Written {
        self.start();
        self.text.push_str(itoa::Buffer::new().format(value));
        Ok(())
    }

    fn uint(&mut self, value: u64) -> Written {
        self.start();
        self.text.push_str(itoa::Buffer::new().format(value));
        Ok(())
    }

    fn float(&mut self, value: f64) -> Written {
        self.start();
        push_python_repr(value, &mut self.text);
        Ok(())
    }

    fn string(&mut self, value: &str) -> Written {
        self.start();
        self.quoted(value);
        Ok(())
    }

    // Not a part of its caller, which nested messages call again and again: each call would have room for `gathered` on the stack.
    #[inline(never)]
    fn integers<T: Integer>(&mut self, values: &[T], as_strings: bool) -> Written {
        // What stands before the first one is what `start` writes; before each other one, the same and a comma.
        let Some((first, others)) = values.split_first() else {
            return Ok(());
        };
        self.start();
        let before = self.text.len();
        self.start();
        let mut separator = self.text.split_off(before);
        let quote = if as_strings { "\"" } else { "" };
        self.text.push_str(quote);
        self.text.push_str(itoa::Buffer::new().format(*first));
        self.text.push_str(quote);
        separator.push_str(quote);
        let mut gathered = [0; GATHERED];
        let Some(room) = GATHERED.checked_sub(separator.len() + LONGEST_INTEGER) else {
            for value in others {
                self.text.push_str(&separator);
                self.text.push_str(itoa::Buffer::new().format(*value));
                self.text.push_str(quote);
            }
            return Ok(());
        };
        let mut length = 0;
        let mut digits = itoa::Buffer::new();
        for value in others {
            if length > room {
                self.push_gathered(&gathered[..length]);
                length = 0;
            }
            for part in [&separator, digits.format(*value), quote] {
                gathered[length..length + part.len()].copy_from_slice(part.as_bytes());
                length += part.len();
            }
        }
        self.push_gathered(&gathered[..length]);
        Ok(())
    }

    fn begin_object(&mut self) -> Written {
        self.begin('{');
        Ok(())
    }

    fn key(&mut self, key: &str) -> Written {
        self.start();
        self.quoted(key);
        self.text.push_str(": ");
        self.after_key = true;
        Ok(())
    }

    fn end_object(&mut self) -> Written {
        self.end('}');
        Ok(())
    }

    fn begin_list(&mut self) -> Written {
        self.begin('[');
        Ok(())
    }

    fn end_list(&mut self) -> Written {
        self.end(']');
        Ok(())
    }
}
