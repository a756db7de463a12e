//! Source text to tokens, with the comments that belong to a declaration.
//!
//! The rules are those of protoc's tokenizer: what is a token, which comment is leading, trailing or detached, and which error stands where. Tokens are slices of the source; [`crate::literal`] gives their values. The same lexer reads the text format of option values, in [`Mode::Text`].

use crate::diagnostics::{Findings, Position, TAB_WIDTH};

/// What kind of token stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Before the first token.
    Start,
    /// After the last one.
    End,
    Identifier,
    Integer,
    Float,
    String,
    /// Any other single character.
    Symbol,
}

/// A token: its kind, its text and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'s> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'s [u8],
    pub(crate) position: Position,
    pub(crate) end_column: u32,
}

impl Token<'_> {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text.as_bytes()
    }
}

/// Whose rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A `.proto` file.
    Proto,
    /// The text format: `#` comments, `f` after floats, no space needed after a number, strings over several lines.
    Text,
}

/// The comments around a token that ends a declaration.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    /// After the previous token: belongs to the declaration that just ended.
    pub(crate) trailing: Option<Vec<u8>>,
    /// Between, belonging to neither.
    pub(crate) detached: Vec<Vec<u8>>,
    /// Just before the next token.
    pub(crate) leading: Option<Vec<u8>>,
}

enum CommentStart {
    Line,
    Block,
    /// A lone slash, which is now the current token.
    Slash,
    None,
}

pub(crate) struct Lexer<'s> {
    source: &'s [u8],
    at: usize,
    here: Position,
    mode: Mode,
    current: Token<'s>,
    previous: Token<'s>,
    pub(crate) findings: Findings,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s [u8], mode: Mode) -> Self {
        let start = Token {
            kind: TokenKind::Start,
            text: b"",
            position: Position::default(),
            end_column: 0,
        };
        Self {
            source,
            at: 0,
            here: Position::default(),
            mode,
            current: start,
            previous: start,
            findings: Findings::default(),
        }
    }

    pub(crate) fn current(&self) -> Token<'s> {
        self.current
    }

    pub(crate) fn previous(&self) -> Token<'s> {
        self.previous
    }

    fn error(&mut self, message: &str) {
        self.findings.error(Some(self.here), message);
    }

    /// The character here; zero at the end, as well as for a zero byte, which no rule accepts.
    #[inline]
    fn peek(&self) -> u8 {
        self.source.get(self.at).copied().unwrap_or(0)
    }

    fn at_end(&self) -> bool {
        self.at >= self.source.len()
    }

    #[inline]
    fn advance(&mut self) {
        let Some(&byte) = self.source.get(self.at) else {
            return;
        };
        self.at += 1;
        match byte {
            b'\n' => {
                self.here.line += 1;
                self.here.column = 0;
            }
            b'\t' => self.here.column += TAB_WIDTH - self.here.column % TAB_WIDTH,
            _ => self.here.column += 1,
        }
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        let found = !self.at_end() && self.peek() == byte;
        if found {
            self.advance();
        }
        found
    }

    #[inline]
    fn eat_if(&mut self, class: fn(u8) -> bool) -> bool {
        let found = !self.at_end() && class(self.peek());
        if found {
            self.advance();
        }
        found
    }

    #[inline]
    fn eat_while(&mut self, class: fn(u8) -> bool) {
        while self.eat_if(class) {}
    }

    /// The rest of an identifier, in which a character is a column.
    fn eat_word(&mut self) {
        let rest = &self.source[self.at..];
        let length = rest
            .iter()
            .position(|&byte| !is_alphanumeric(byte))
            .unwrap_or(rest.len());
        self.at += length;
        // A file is shorter than 2^32 bytes.
        self.here.column = self
            .here
            .column
            .saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
    }

    fn eat_some(&mut self, class: fn(u8) -> bool, otherwise: &str) {
        if self.eat_if(class) {
            self.eat_while(class);
        } else {
            self.error(otherwise);
        }
    }

    fn comment_start(&mut self) -> CommentStart {
        if self.mode == Mode::Text {
            return if self.eat(b'#') {
                CommentStart::Line
            } else {
                CommentStart::None
            };
        }
        let (start, position) = (self.at, self.here);
        if !self.eat(b'/') {
            CommentStart::None
        } else if self.eat(b'/') {
            CommentStart::Line
        } else if self.eat(b'*') {
            CommentStart::Block
        } else {
            self.current = Token {
                kind: TokenKind::Symbol,
                text: &self.source[start..self.at],
                position,
                end_column: self.here.column,
            };
            CommentStart::Slash
        }
    }

    /// Reads to the end of the line, which belongs to the comment.
    fn line_comment(&mut self) -> &'s [u8] {
        let start = self.at;
        let rest = &self.source[start..];
        // A zero byte ends the comment as the end of the file does.
        let length = memchr::memchr2(b'\n', 0, rest).unwrap_or(rest.len());
        if rest.get(length) == Some(&b'\n') {
            // Nobody asks for a column before the line's end.
            self.at += length + 1;
            self.here.line += 1;
            self.here.column = 0;
        } else {
            (0..length).for_each(|_| self.advance());
        }
        &self.source[start..self.at]
    }

    /// Reads past `*/`. Leading white space and one asterisk of each further line are not part of the text.
    fn block_comment(&mut self, mut text: Option<&mut Vec<u8>>) {
        let started = Position {
            line: self.here.line,
            column: self.here.column - 2,
        };
        let mut from = self.at;
        loop {
            while !self.at_end() && !matches!(self.peek(), 0 | b'*' | b'/' | b'\n') {
                self.advance();
            }
            if self.eat(b'\n') {
                if let Some(text) = text.as_deref_mut() {
                    text.extend_from_slice(&self.source[from..self.at]);
                }
                self.eat_while(is_space_in_line);
                if self.eat(b'*') && self.eat(b'/') {
                    return;
                }
                from = self.at;
            } else if self.eat(b'*') {
                if self.eat(b'/') {
                    if let Some(text) = text {
                        text.extend_from_slice(&self.source[from..self.at - 2]);
                    }
                    return;
                }
            } else if self.eat(b'/') {
                if self.peek() == b'*' {
                    // The asterisk stays: a slash after it ends the comment.
                    self.error("\"/*\" inside block comment.  Block comments cannot be nested.");
                }
            } else {
                self.error("End-of-file inside block comment.");
                self.findings
                    .error(Some(started), "  Comment started here.");
                if let Some(text) = text {
                    text.extend_from_slice(&self.source[from..self.at]);
                }
                // A zero byte stays: the next token reports it.
                return;
            }
        }
    }

    fn string(&mut self, delimiter: u8) {
        loop {
            match self.peek() {
                0 => {
                    self.error("Unexpected end of string.");
                    return;
                }
                b'\n' if self.mode == Mode::Proto => {
                    self.error("Multiline strings are not allowed. Did you miss a \"?.");
                    return;
                }
                b'\\' => {
                    self.advance();
                    self.escape();
                }
                byte => {
                    self.advance();
                    if byte == delimiter {
                        return;
                    }
                }
            }
        }
    }

    fn escape(&mut self) {
        let hex = |byte: u8| byte.is_ascii_hexdigit();
        if self.eat_if(|byte| b"abfnrtv\\?'\"".contains(&byte)) || self.eat_if(is_octal) {
            // Further octal digits are ordinary characters to the lexer.
        } else if self.eat(b'x') || self.eat(b'X') {
            if !self.eat_if(hex) {
                self.error("Expected hex digits for escape sequence.");
            }
        } else if self.eat(b'u') {
            if !(0..4).all(|_| self.eat_if(hex)) {
                self.error("Expected four hex digits for \\u escape sequence.");
            }
        } else if self.eat(b'U') {
            let small = self.eat(b'0') && self.eat(b'0') && (self.eat(b'0') || self.eat(b'1'));
            if !small || !(0..5).all(|_| self.eat_if(hex)) {
                self.error("Expected eight hex digits up to 10ffff for \\U escape sequence");
            }
        } else {
            self.error("Invalid escape sequence in string literal.");
        }
    }

    /// Reads the rest of a number whose first character has been read.
    fn number(&mut self, first: u8) -> TokenKind {
        let mut is_float = false;
        if first == b'0' && (self.eat(b'x') || self.eat(b'X')) {
            self.eat_some(
                |byte| byte.is_ascii_hexdigit(),
                "\"0x\" must be followed by hex digits.",
            );
        } else if first == b'0' && self.peek().is_ascii_digit() {
            self.eat_while(is_octal);
            if self.peek().is_ascii_digit() {
                self.error("Numbers starting with leading zero must be in octal.");
                self.eat_while(is_digit);
            }
        } else {
            self.eat_while(is_digit);
            if first == b'.' {
                is_float = true;
            } else if self.eat(b'.') {
                is_float = true;
                self.eat_while(is_digit);
            }
            if self.eat(b'e') || self.eat(b'E') {
                is_float = true;
                let _sign = self.eat(b'-') || self.eat(b'+');
                self.eat_some(is_digit, "\"e\" must be followed by exponent.");
            }
            if self.mode == Mode::Text && (self.eat(b'f') || self.eat(b'F')) {
                is_float = true;
            }
        }
        if is_letter(self.peek()) && self.mode == Mode::Proto {
            self.error("Need space between number and identifier.");
        } else if self.peek() == b'.' {
            self.error(if is_float {
                "Already saw decimal point or exponent; can't have another one."
            } else {
                "Hex and octal numbers must be integers."
            });
        }
        if is_float {
            TokenKind::Float
        } else {
            TokenKind::Integer
        }
    }

    fn symbol(&mut self, byte: u8) -> TokenKind {
        if byte >= 0x80 {
            let before = Position {
                column: self.here.column - 1,
                ..self.here
            };
            self.findings.error(
                Some(before),
                format!("Interpreting non ascii codepoint {byte}."),
            );
        }
        TokenKind::Symbol
    }

    /// Moves to the next token; `false` at the end.
    pub(crate) fn next(&mut self) -> bool {
        self.previous = self.current;
        loop {
            self.eat_while(is_space);
            match self.comment_start() {
                CommentStart::Line => {
                    self.line_comment();
                    continue;
                }
                CommentStart::Block => {
                    self.block_comment(None);
                    continue;
                }
                CommentStart::Slash => return true,
                CommentStart::None => {}
            }
            if self.at_end() {
                break;
            }
            let (start, position) = (self.at, self.here);
            let first = self.peek();
            if first < b' ' {
                self.error("Invalid control characters encountered in text.");
                // Lines that end are unprintable too.
                self.eat_while(|byte| byte < b' ');
                continue;
            }
            self.advance();
            let kind = match first {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                    self.eat_word();
                    TokenKind::Identifier
                }
                b'.' if self.peek().is_ascii_digit() => {
                    let glued = self.previous.kind == TokenKind::Identifier
                        && self.previous.position.line == position.line
                        && self.previous.end_column == position.column;
                    if glued {
                        self.findings.error(
                            Some(position),
                            "Need space between identifier and decimal point.",
                        );
                    }
                    self.number(first)
                }
                b'0'..=b'9' => self.number(first),
                b'"' | b'\'' => {
                    self.string(first);
                    TokenKind::String
                }
                _ => self.symbol(first),
            };
            self.current = Token {
                kind,
                text: &self.source[start..self.at],
                position,
                end_column: self.here.column,
            };
            return true;
        }
        self.current = Token {
            kind: TokenKind::End,
            text: b"",
            position: self.here,
            end_column: self.here.column,
        };
        false
    }

    /// Moves to the next token and says which comments stand before it and to whom they belong.
    pub(crate) fn next_with_comments(&mut self) -> Comments {
        let mut collector = Collector::default();
        let mut previous_line = Some(self.here.line);
        let mut trailing_end_line = None;
        if self.current.kind == TokenKind::Start {
            if !self.skip_byte_order_mark() {
                return collector.finish();
            }
            collector.may_attach_to_previous = false;
            previous_line = None;
        } else {
            self.eat_while(is_space_in_line);
            match self.comment_start() {
                CommentStart::Line => {
                    trailing_end_line = Some(self.here.line);
                    collector.line(self.line_comment());
                    collector.flush();
                }
                CommentStart::Block => {
                    self.block_comment(Some(collector.block()));
                    trailing_end_line = Some(self.here.line);
                    self.eat_while(is_space_in_line);
                    collector.flush();
                }
                CommentStart::Slash => return collector.finish(),
                CommentStart::None => {
                    if !self.eat(b'\n') {
                        self.next();
                        return collector.finish();
                    }
                }
            }
        }
        // On the line after the previous token from here on.
        loop {
            self.eat_while(is_space_in_line);
            match self.comment_start() {
                CommentStart::Line => collector.line(self.line_comment()),
                CommentStart::Block => {
                    self.block_comment(Some(collector.block()));
                    // The rest of its line is not an empty line.
                    self.eat_while(is_space_in_line);
                    self.eat(b'\n');
                }
                CommentStart::Slash => return collector.finish(),
                CommentStart::None => {
                    if self.eat(b'\n') {
                        collector.flush();
                        collector.may_attach_to_previous = false;
                        continue;
                    }
                    let found = self.next();
                    if !found || matches!(self.current.text, b"}" | b"]" | b")") {
                        // At the end of a scope nothing follows that the comment could describe.
                        collector.flush();
                    }
                    let line = Some(self.here.line);
                    if found && (line == previous_line || line == trailing_end_line) {
                        // Two tokens around it on one line: to which it belongs is unclear.
                        collector.detach_if_alone();
                    }
                    return collector.finish();
                }
            }
        }
    }

    /// `false` where the file starts with a part of the mark only.
    fn skip_byte_order_mark(&mut self) -> bool {
        if !self.eat(0xEF) {
            return true;
        }
        // Columns count the bytes of the mark, as protoc's do.
        let is_whole = self.eat(0xBB) && self.eat(0xBF);
        if !is_whole {
            self.error(
                "Proto file starts with 0xEF but not UTF-8 BOM. Only UTF-8 is accepted for proto file.",
            );
        }
        is_whole
    }
}

/// Holds the newest comment back until it is known to whom it belongs.
struct Collector {
    found: Comments,
    /// The comment that is not placed yet, and whether it is of `//` lines.
    pending: Option<(Vec<u8>, bool)>,
    count: usize,
    may_attach_to_previous: bool,
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            found: Comments::default(),
            pending: None,
            count: 0,
            may_attach_to_previous: true,
        }
    }
}

impl Collector {
    /// Line comments on consecutive lines are one comment.
    fn line(&mut self, text: &[u8]) {
        if matches!(self.pending, Some((_, false))) {
            self.flush();
        }
        self.pending
            .get_or_insert_with(|| (Vec::new(), true))
            .0
            .extend_from_slice(text);
    }

    fn block(&mut self) -> &mut Vec<u8> {
        self.flush();
        &mut self.pending.insert((Vec::new(), false)).0
    }

    /// The pending comment does not belong to the next token.
    fn flush(&mut self) {
        let Some((text, _)) = self.pending.take() else {
            return;
        };
        if self.may_attach_to_previous {
            self.found.trailing = Some(text);
            self.may_attach_to_previous = false;
        } else {
            self.found.detached.push(text);
        }
        self.count += 1;
    }

    fn detach_if_alone(&mut self) {
        if self.count + usize::from(self.pending.is_some()) == 1 {
            if let Some(trailing) = self.found.trailing.take() {
                self.found.detached.insert(0, trailing);
            }
            self.may_attach_to_previous = false;
            self.flush();
        }
    }

    fn finish(mut self) -> Comments {
        self.found.leading = self.pending.map(|(text, _)| text);
        self.found
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_space_in_line(byte: u8) -> bool {
    is_space(byte) && byte != b'\n'
}

fn is_octal(byte: u8) -> bool {
    (b'0'..=b'7').contains(&byte)
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

pub(crate) fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub(crate) fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
