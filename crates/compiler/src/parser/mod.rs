//! Tokens to a [`FileDescriptorProto`] that is not linked yet: names are as written, options are uninterpreted.
//!
//! Every construct records its place in `source_code_info`, in the order and with the spans that protoc records; later stages find the place of an error there by its path. After a syntax error the parser goes on with the next statement, so that one run reports all errors of a file.

mod enums;
mod fields;
mod file;
mod messages;
mod options;
pub(crate) mod path;
mod services;

pub(crate) use messages::MAX_FIELD_NUMBER;

use russet_descriptor::proto::{Comments, FileDescriptorProto, SourceCodeInfo, Text, edition};

use crate::diagnostics::{Findings, Position};
use crate::lexer::{Lexer, Mode, Token, TokenKind};
use crate::literal;

/// How deep messages and groups may nest, the file itself counted.
pub const MAX_MESSAGE_NESTING: usize = 32;

/// What is said of messages and map entries beyond that.
const NESTED_TOO_DEEP: &str = "Reached maximum recursion limit for nested messages.";

/// How many bytes a name that is put together from parts gets at first.
const NAME_ROOM: usize = 32;

const VISIBILITY_MISPLACED: &str =
    "'local' and 'export' visibility modifiers are valid only on 'message' and 'enum'";

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    Proto2,
    Proto3,
    Editions,
}

/// The statement could not be read; its error is reported.
struct Failed;

type Parsed<T = ()> = Result<T, Failed>;

/// Index of a location in `source_code_info`.
#[derive(Clone, Copy)]
struct Place(usize);

/// Parses one file; what is wrong is added to the findings returned with it.
pub(crate) fn parse(name: &str, source: &[u8]) -> (FileDescriptorProto, Findings) {
    parse_into(SourceCodeInfo::default(), true, name, source)
}

/// As [`parse`], with the memory of locations that nobody needs any more; without comments where only places are wanted.
pub(crate) fn parse_into(
    mut locations: SourceCodeInfo,
    keeps_comments: bool,
    name: &str,
    source: &[u8],
) -> (FileDescriptorProto, Findings) {
    locations.clear();
    let mut parser = Parser {
        lexer: Lexer::new(source, Mode::Proto),
        locations,
        keeps_comments,
        leading: None,
        detached: Vec::new(),
        syntax: Syntax::Proto2,
        edition: edition::PROTO2,
        nesting: 0,
    };
    let mut file = FileDescriptorProto {
        name: Some(name.to_owned()),
        ..FileDescriptorProto::default()
    };
    parser.file(&mut file);
    file.source_code_info = Some(parser.locations);
    (file, parser.lexer.findings)
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    locations: SourceCodeInfo,
    keeps_comments: bool,
    /// The comment before the current token, for the declaration that starts there.
    leading: Option<Vec<u8>>,
    detached: Vec<Vec<u8>>,
    syntax: Syntax,
    edition: i32,
    nesting: usize,
}

// The tools of all rules: looking, taking, reporting, recording.
impl Parser<'_> {
    fn at(&self, text: &str) -> bool {
        self.lexer.current().is(text)
    }

    fn at_kind(&self, kind: TokenKind) -> bool {
        self.lexer.current().kind == kind
    }

    fn at_end(&self) -> bool {
        self.at_kind(TokenKind::End)
    }

    fn error_at(&mut self, position: Position, message: impl Into<String>) {
        self.lexer.findings.error(Some(position), message);
    }

    /// An error at the current token, with what to do about it.
    fn error_with_hint(&mut self, message: impl Into<String>, hint: Option<String>) {
        let position = self.lexer.current().position;
        let finding = self.lexer.findings.error(Some(position), message);
        if let (Some(finding), Some(hint)) = (finding, hint) {
            finding.hint(hint);
        }
    }

    /// What to say of `text` missing where the current token is on a later line: it belongs to the end of the line before.
    fn missing(&mut self, text: &str) {
        let (previous, current) = (self.lexer.previous(), self.lexer.current());
        let is_late =
            previous.position.line < current.position.line && previous.kind != TokenKind::Start;
        let hint = is_late.then(|| {
            let line = previous.position.line + 1;
            format!("\"{text}\" is missing at the end of line {line}")
        });
        self.error_with_hint(format!("Expected \"{text}\"."), hint);
    }

    fn error(&mut self, message: impl Into<String>) {
        self.error_at(self.lexer.current().position, message);
    }

    fn fail<T>(&mut self, message: impl Into<String>) -> Parsed<T> {
        self.error(message);
        Err(Failed)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.at(text);
        if found {
            self.lexer.next();
        }
        found
    }

    fn expect(&mut self, text: &str) -> Parsed {
        if self.eat(text) {
            Ok(())
        } else {
            self.missing(text);
            Err(Failed)
        }
    }

    fn expect_or(&mut self, text: &str, otherwise: &str) -> Parsed {
        if self.eat(text) {
            Ok(())
        } else {
            self.fail(otherwise)
        }
    }

    fn identifier(&mut self, otherwise: &str) -> Parsed<String> {
        let token = self.lexer.current();
        if token.kind != TokenKind::Identifier {
            return self.fail(otherwise);
        }
        self.lexer.next();
        Ok(text_of(&token))
    }

    /// As [`Parser::identifier`], behind what is read already.
    fn push_identifier(&mut self, name: &mut String, otherwise: &str) -> Parsed {
        let token = self.lexer.current();
        if token.kind != TokenKind::Identifier {
            return self.fail(otherwise);
        }
        self.lexer.next();
        name.push_str(&String::from_utf8_lossy(token.text));
        Ok(())
    }

    /// An integer up to `max`; a larger one is reported and counts as zero.
    fn integer(&mut self, max: u64, otherwise: &str) -> Parsed<u64> {
        let token = self.lexer.current();
        if token.kind != TokenKind::Integer {
            return self.fail(otherwise);
        }
        let value = literal::integer(token.text, max).unwrap_or_else(|| {
            self.error("Integer out of range.");
            0
        });
        self.lexer.next();
        Ok(value)
    }

    fn int32(&mut self, otherwise: &str) -> Parsed<i32> {
        let value = self.integer(i32::MAX.unsigned_abs().into(), otherwise)?;
        Ok(i32::try_from(value).unwrap_or_default())
    }

    fn signed_int32(&mut self, otherwise: &str) -> Parsed<i32> {
        let negative = self.eat("-");
        let max = u64::from(i32::MAX.unsigned_abs()) + u64::from(negative);
        let value = i64::try_from(self.integer(max, otherwise)?).unwrap_or_default();
        Ok(i32::try_from(if negative { -value } else { value }).unwrap_or_default())
    }

    /// Whether the current token is a decimal integer above 2^64 - 1: as an option's value it is a float.
    fn at_huge_integer(&self) -> bool {
        let text = self.lexer.current().text;
        !text.starts_with(b"0") && literal::integer(text, u64::MAX).is_none()
    }

    /// A float, an integer, `inf` or `nan`.
    fn number(&mut self, otherwise: &str) -> Parsed<f64> {
        let token = self.lexer.current();
        let value = match token.kind {
            TokenKind::Float => literal::float(token.text),
            TokenKind::Integer => match literal::integer(token.text, u64::MAX) {
                #[expect(clippy::cast_precision_loss, reason = "rounded as the language says")]
                Some(value) => value as f64,
                None if token.text.starts_with(b"0") => {
                    self.error("Integer out of range.");
                    0.0
                }
                None => literal::float(token.text),
            },
            TokenKind::Identifier if token.is("inf") => f64::INFINITY,
            TokenKind::Identifier if token.is("nan") => f64::NAN,
            _ => return self.fail(otherwise),
        };
        self.lexer.next();
        Ok(value)
    }

    /// One or more adjacent string tokens.
    fn string_bytes(&mut self, otherwise: &str) -> Parsed<Vec<u8>> {
        if !self.at_kind(TokenKind::String) {
            return self.fail(otherwise);
        }
        let mut value = Vec::new();
        while self.at_kind(TokenKind::String) {
            literal::append_string(self.lexer.current().text, &mut value);
            self.lexer.next();
        }
        Ok(value)
    }

    /// A string where a descriptor holds text: other bytes are refused.
    fn string(&mut self, otherwise: &str) -> Parsed<String> {
        let position = self.lexer.current().position;
        let bytes = self.string_bytes(otherwise)?;
        String::from_utf8(bytes).map_err(|_| {
            self.error_at(
                position,
                "String is not valid UTF-8; only a bytes field or option can hold other bytes.",
            );
            Failed
        })
    }

    /// A location at `parent`'s path and `more`, from the current token on.
    fn place(&mut self, parent: Place, more: &[i32]) -> Place {
        self.push_place(Some(parent), more)
    }

    fn push_place(&mut self, parent: Option<Place>, more: &[i32]) -> Place {
        let place = Place(self.locations.push(parent.map(|place| place.0), more));
        self.start_at(place, self.lexer.current().position);
        place
    }

    fn add_to_path(&mut self, place: Place, number: i32) {
        self.locations.extend_path(place.0, number);
    }

    fn start_at(&mut self, place: Place, position: Position) {
        let start = [int(position.line), int(position.column)];
        self.locations.set_span(place.0, &start);
    }

    /// From where another one starts on.
    fn start_as(&mut self, place: Place, other: Place) {
        if let &[line, column, ..] = self.locations.span(other.0) {
            self.locations.set_span(place.0, &[line, column]);
        }
    }

    fn end_at(&mut self, place: Place, token: &Token<'_>) {
        let &[line, column, ..] = self.locations.span(place.0) else {
            return;
        };
        let (end_line, end_column) = (int(token.position.line), int(token.end_column));
        if end_line == line {
            self.locations
                .set_span(place.0, &[line, column, end_column]);
        } else {
            let span = [line, column, end_line, end_column];
            self.locations.set_span(place.0, &span);
        }
    }

    /// Ends a location at the previous token.
    fn end(&mut self, place: Place) {
        let token = self.lexer.previous();
        self.end_at(place, &token);
    }

    /// A location of exactly one token.
    fn place_token(&mut self, parent: Place, more: &[i32], token: &Token<'_>) {
        let place = self.place(parent, more);
        self.start_at(place, token.position);
        self.end_at(place, token);
    }

    /// Takes the token that ends a declaration, or opens its block; the comments around it go to `place`.
    fn eat_end(&mut self, text: &str, place: Option<Place>) -> bool {
        if !self.at(text) {
            return false;
        }
        if !self.keeps_comments {
            self.lexer.next();
            return true;
        }
        let found = self.lexer.next_with_comments();
        let leading = std::mem::replace(&mut self.leading, found.leading);
        if let Some(place) = place {
            let detached = std::mem::replace(&mut self.detached, found.detached);
            let comments = Comments {
                leading: comment(leading),
                trailing: comment(found.trailing),
                leading_detached: detached.into_iter().map(Text::from).collect(),
                ..Comments::default()
            };
            self.locations.set_comments(place.0, comments);
        } else if text == "}" {
            // What stood before the end of the block belongs to nothing.
            self.detached = found.detached;
        } else {
            self.detached.extend(found.detached);
        }
        true
    }

    fn expect_end(&mut self, text: &str, place: Option<Place>) -> Parsed {
        if self.eat_end(text, place) {
            Ok(())
        } else {
            self.missing(text);
            Err(Failed)
        }
    }

    /// After an error: to the end of the statement or its block.
    fn skip_statement(&mut self) {
        while !self.at_end() {
            if self.at_kind(TokenKind::Symbol) {
                if self.eat_end(";", None) {
                    return;
                }
                if self.eat("{") {
                    self.skip_block();
                    return;
                }
                if self.at("}") {
                    return;
                }
            }
            self.lexer.next();
        }
    }

    fn skip_block(&mut self) {
        let mut depth = 1_usize;
        while !self.at_end() {
            // As protoc, it passes over what follows an inner brace, be it another one.
            if self.at_kind(TokenKind::Symbol) {
                if self.eat_end("}", None) {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                } else if self.eat("{") {
                    depth += 1;
                }
            }
            self.lexer.next();
        }
    }

    fn take_comments(&mut self) {
        let found = self.lexer.next_with_comments();
        self.leading = found.leading;
        self.detached = found.detached;
    }
}

fn text_of(token: &Token<'_>) -> String {
    lossy(token.text)
}

fn lossy(bytes: &[u8]) -> String {
    // Nearly always valid, and checking is faster than the lossy walk.
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A comment that holds nothing is not written.
fn comment(comment: Option<Vec<u8>>) -> Option<Text> {
    comment
        .filter(|comment| !comment.is_empty())
        .map(Text::from)
}

/// Lines and columns are below the limit of a file's size, which is below 2^31.
fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The index of the next element; the limit of a file's size is below 2^31.
fn len<T>(list: &[T]) -> i32 {
    i32::try_from(list.len()).unwrap_or(i32::MAX)
}
