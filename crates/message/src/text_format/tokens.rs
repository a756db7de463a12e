//! The tokens of text format, and where they stand.

use super::error::ParseError;

/// A place in the text.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Lines before it.
    line: usize,
    /// Where its line starts, in bytes.
    line_start: usize,
    /// Where it is, in bytes.
    at: usize,
}

/// Text cut into tokens: the current one, and the place of the one before for errors about what was read.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    token: &'a str,
    start: Place,
    previous: Place,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let start = Place {
            line: 0,
            line_start: 0,
            at: 0,
        };
        let mut tokens = Self {
            text,
            token: "",
            start,
            previous: start,
        };
        tokens.advance();
        tokens.previous = tokens.start;
        tokens
    }

    /// The current token; empty at the end.
    #[inline]
    pub(super) fn token(&self) -> &'a str {
        self.token
    }

    pub(super) fn at_end(&self) -> bool {
        self.token.is_empty()
    }

    #[inline]
    pub(super) fn is(&self, token: &str) -> bool {
        self.token == token
    }

    /// Goes to the next token.
    pub(super) fn advance(&mut self) {
        self.previous = self.start;
        self.start.at += self.token.len();
        self.skip_blanks();
        let rest = &self.text[self.start.at..];
        self.token = &rest[..token_length(rest)];
    }

    /// Skips whitespace and comments.
    fn skip_blanks(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.start.at) {
            match byte {
                b'\n' => {
                    self.start.at += 1;
                    self.start.line += 1;
                    self.start.line_start = self.start.at;
                }
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c | 0x1c..=0x1f => self.start.at += 1,
                b'#' => {
                    let rest = &bytes[self.start.at..];
                    self.start.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                }
                0x80.. => match self.text[self.start.at..].chars().next() {
                    Some(c) if c.is_whitespace() => self.start.at += c.len_utf8(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    /// Takes a token if it is the current one.
    #[inline]
    pub(super) fn take(&mut self, token: &str) -> bool {
        if self.token == token {
            self.advance();
            return true;
        }
        false
    }

    /// Takes a token that must be there.
    pub(super) fn expect(&mut self, token: &str) -> Result<(), ParseError> {
        if self.take(token) {
            return Ok(());
        }
        Err(self.error(format!("Expected \"{token}\".")))
    }

    /// Takes an identifier.
    pub(super) fn identifier(&mut self) -> Result<&'a str, ParseError> {
        let starts_one = |c: char| c == '_' || c.is_alphabetic();
        if !self.token.starts_with(starts_one) {
            return Err(self.error("Expected identifier.".to_owned()));
        }
        let token = self.token;
        self.advance();
        Ok(token)
    }

    /// Takes an identifier or a number.
    pub(super) fn identifier_or_number(&mut self) -> Result<&'a str, ParseError> {
        let starts_one = |c: char| c == '_' || c.is_alphanumeric();
        if !self.token.starts_with(starts_one) {
            return Err(self.error(format!(
                "Expected identifier or number, got {}.",
                self.token
            )));
        }
        let token = self.token;
        self.advance();
        Ok(token)
    }

    /// An error at the current token; it shows the line.
    pub(super) fn error(&self, message: String) -> ParseError {
        let line = if self.at_end() {
            ""
        } else {
            let rest = &self.text[self.start.line_start..];
            rest.split('\n').next().unwrap_or(rest)
        };
        ParseError::at(message, Some(line), self.position(self.start))
    }

    /// An error about the token before the current one.
    pub(super) fn error_before(&self, message: String) -> ParseError {
        ParseError::at(message, None, self.position(self.previous))
    }

    /// Line and column of a place, from 1, the column in characters.
    fn position(&self, place: Place) -> (usize, usize) {
        let column = self.text[place.line_start..place.at].chars().count();
        (place.line + 1, column + 1)
    }
}

/// The length of the token that text begins with: an identifier, a number, a string (up to the end of its line if it is not closed), else one character.
fn token_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let while_true = |from: usize, goes_on: fn(u8) -> bool| {
        from + bytes[from..]
            .iter()
            .position(|&byte| !goes_on(byte))
            .unwrap_or(bytes.len() - from)
    };
    let starts_number = |byte: u8| byte.is_ascii_digit() || byte == b'+' || byte == b'-';
    match bytes {
        [] => 0,
        [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => while_true(1, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-')
        }),
        [first, ..] if starts_number(*first) => while_true(1, is_in_number),
        [b'.', b'0'..=b'9', ..] => while_true(1, is_in_number),
        [quote @ (b'"' | b'\''), rest @ ..] => 1 + string_length(rest, *quote),
        _ => text.chars().next().map_or(0, char::len_utf8),
    }
}

fn is_in_number(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-' | b'.')
}

/// The length of a string behind its opening quote, the closing one included.
fn string_length(bytes: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => return at,
            b'\\' if bytes.get(at + 1).is_some_and(|&byte| byte != b'\n') => at += 2,
            b'\\' => return at + 1,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    at
}
