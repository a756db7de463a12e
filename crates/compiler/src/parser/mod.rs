//! Tokens to a [`FileDescriptorProto`] that is not linked yet: names are as written, options are uninterpreted.
//!
//! Every construct records its place in `source_code_info`, in the order and with the spans that protoc records; later stages find the place of an error there by its path. After a syntax error the parser goes on with the next statement, so that one run reports all errors of a file.

mod enums;
mod fields;
mod messages;
mod options;
mod services;

pub(crate) use messages::MAX_FIELD_NUMBER;

use russet_descriptor::proto::{
    Comments, FileDescriptorProto, SourceCodeInfo, Text, edition, symbol_visibility,
};

use crate::diagnostics::{Findings, Position};
use crate::editions::edition_number;
use crate::lexer::{Lexer, Mode, Token, TokenKind};
use crate::literal;
use crate::similar::closest;

/// How deep messages and groups may nest, the file itself counted.
pub const MAX_MESSAGE_NESTING: usize = 32;

/// Field numbers in `descriptor.proto`, as they stand in paths.
pub(crate) mod path {
    pub(crate) const FILE_PACKAGE: i32 = 2;
    pub(crate) const FILE_DEPENDENCY: i32 = 3;
    pub(crate) const FILE_MESSAGE: i32 = 4;
    pub(crate) const FILE_ENUM: i32 = 5;
    pub(crate) const FILE_SERVICE: i32 = 6;
    pub(crate) const FILE_EXTENSION: i32 = 7;
    pub(crate) const FILE_OPTIONS: i32 = 8;
    pub(crate) const FILE_PUBLIC_DEPENDENCY: i32 = 10;
    pub(crate) const FILE_WEAK_DEPENDENCY: i32 = 11;
    pub(crate) const FILE_SYNTAX: i32 = 12;
    pub(crate) const FILE_OPTION_DEPENDENCY: i32 = 15;
    pub(crate) const NAME: i32 = 1;
    pub(crate) const MESSAGE_FIELD: i32 = 2;
    pub(crate) const MESSAGE_NESTED: i32 = 3;
    pub(crate) const MESSAGE_ENUM: i32 = 4;
    pub(crate) const MESSAGE_EXTENSION_RANGE: i32 = 5;
    pub(crate) const MESSAGE_EXTENSION: i32 = 6;
    pub(crate) const MESSAGE_OPTIONS: i32 = 7;
    pub(crate) const MESSAGE_ONEOF: i32 = 8;
    pub(crate) const MESSAGE_RESERVED_RANGE: i32 = 9;
    pub(crate) const MESSAGE_RESERVED_NAME: i32 = 10;
    pub(crate) const RANGE_START: i32 = 1;
    pub(crate) const RANGE_END: i32 = 2;
    pub(crate) const RANGE_OPTIONS: i32 = 3;
    pub(crate) const FIELD_EXTENDEE: i32 = 2;
    pub(crate) const FIELD_NUMBER: i32 = 3;
    pub(crate) const FIELD_LABEL: i32 = 4;
    pub(crate) const FIELD_TYPE: i32 = 5;
    pub(crate) const FIELD_TYPE_NAME: i32 = 6;
    pub(crate) const FIELD_DEFAULT: i32 = 7;
    pub(crate) const FIELD_OPTIONS: i32 = 8;
    pub(crate) const FIELD_JSON_NAME: i32 = 10;
    pub(crate) const ONEOF_OPTIONS: i32 = 2;
    pub(crate) const ENUM_VALUE: i32 = 2;
    pub(crate) const ENUM_OPTIONS: i32 = 3;
    pub(crate) const ENUM_RESERVED_RANGE: i32 = 4;
    pub(crate) const ENUM_RESERVED_NAME: i32 = 5;
    pub(crate) const VALUE_NUMBER: i32 = 2;
    pub(crate) const VALUE_OPTIONS: i32 = 3;
    pub(crate) const SERVICE_METHOD: i32 = 2;
    pub(crate) const SERVICE_OPTIONS: i32 = 3;
    pub(crate) const METHOD_INPUT: i32 = 2;
    pub(crate) const METHOD_OUTPUT: i32 = 3;
    pub(crate) const METHOD_OPTIONS: i32 = 4;
    pub(crate) const METHOD_CLIENT_STREAMING: i32 = 5;
    pub(crate) const METHOD_SERVER_STREAMING: i32 = 6;
    pub(crate) const UNINTERPRETED: i32 = 999;
    pub(crate) const OPTION_NAME: i32 = 2;
}

/// What statements of a file start with.
const STATEMENTS: [&str; 10] = [
    "syntax", "edition", "package", "import", "option", "message", "enum", "service", "extend",
    "export",
];

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
    let mut parser = Parser {
        lexer: Lexer::new(source, Mode::Proto),
        locations: SourceCodeInfo::default(),
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
            if self.at_kind(TokenKind::Symbol) {
                if self.at("{") {
                    depth += 1;
                } else if self.at("}") {
                    depth -= 1;
                    if depth == 0 {
                        self.eat_end("}", None);
                        return;
                    }
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

// The rules of a file's top level.
impl Parser<'_> {
    fn file(&mut self, file: &mut FileDescriptorProto) {
        self.take_comments();
        let root = self.push_place(None, &[]);
        let is_stated = self.at("syntax") || self.at("edition");
        if is_stated && self.syntax_statement(file, root).is_err() {
            return;
        }
        // Without either it is proto2; protoc's command does not warn of it.
        while !self.at_end() {
            if self.top_level_statement(file, root).is_err() {
                self.skip_statement();
                if self.at("}") {
                    self.error("Unmatched \"}\".");
                    self.take_comments();
                }
            }
        }
        self.end(root);
    }

    fn syntax_statement(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        // An edition stands where the syntax stands, also in source info.
        let place = self.place(root, &[path::FILE_SYNTAX]);
        let is_edition = self.eat("edition");
        if !is_edition {
            self.expect("syntax")?;
        }
        self.expect("=")?;
        let position = self.lexer.current().position;
        let name = self.string("Expected syntax identifier.")?;
        self.expect_end(";", Some(place))?;
        self.end(place);
        if is_edition {
            let Some(number) = edition_number(&name) else {
                let finding = self
                    .lexer
                    .findings
                    .error(Some(position), format!("Unknown edition \"{name}\"."));
                if let Some(finding) = finding {
                    finding.hint("the editions are \"2023\", \"2024\" and \"2026\"");
                }
                return Err(Failed);
            };
            self.syntax = Syntax::Editions;
            self.edition = number;
            file.syntax = Some("editions".to_owned());
            file.edition = Some(number);
            return Ok(());
        }
        (self.syntax, self.edition) = match name.as_str() {
            "proto2" => (Syntax::Proto2, edition::PROTO2),
            "proto3" => (Syntax::Proto3, edition::PROTO3),
            _ => {
                let message = format!(
                    "Unrecognized syntax identifier \"{name}\".  This parser only recognizes \"proto2\" and \"proto3\"."
                );
                self.error_at(position, message);
                return Err(Failed);
            }
        };
        if self.syntax == Syntax::Proto3 {
            // proto2 is what a file without a syntax is, so it is not written.
            file.syntax = Some(name);
        }
        Ok(())
    }

    fn top_level_statement(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        if self.eat_end(";", None) {
            return Ok(());
        }
        let keyword = self.lexer.current();
        match keyword.text {
            b"message" => {
                let place = self.place(root, &[path::FILE_MESSAGE, len(&file.message_type)]);
                let message = self.message(place, None)?;
                file.message_type.push(message);
                Ok(())
            }
            b"enum" => {
                let place = self.place(root, &[path::FILE_ENUM, len(&file.enum_type)]);
                let declared = self.enumeration(place, None)?;
                file.enum_type.push(declared);
                Ok(())
            }
            b"export" | b"local" if self.edition >= edition::EDITION_2024 => {
                self.visible_declaration(file, root)
            }
            b"service" => {
                let place = self.place(root, &[path::FILE_SERVICE, len(&file.service)]);
                let service = self.service(place)?;
                file.service.push(service);
                Ok(())
            }
            b"extend" => {
                let place = self.place(root, &[path::FILE_EXTENSION]);
                self.extend(
                    &mut file.extension,
                    &mut file.message_type,
                    root,
                    path::FILE_MESSAGE,
                    place,
                )
            }
            b"import" => self.import(file, root),
            b"package" => self.package(file, root),
            b"option" => {
                let place = self.place(root, &[path::FILE_OPTIONS]);
                let options = file.options.get_or_insert_default();
                self.option_statement(&mut options.uninterpreted_option, place)?;
                self.end(place);
                Ok(())
            }
            word => {
                let word = lossy(word);
                let hint =
                    closest(&word, STATEMENTS).map(|known| format!("did you mean \"{known}\"?"));
                self.error_with_hint("Expected top-level statement (e.g. \"message\").", hint);
                Err(Failed)
            }
        }
    }

    /// `export` or `local`, then `message` or `enum`.
    fn visible_declaration(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        let visibility = Some(self.visibility());
        if self.at("message") {
            let place = self.place(root, &[path::FILE_MESSAGE, len(&file.message_type)]);
            let message = self.message(place, visibility)?;
            file.message_type.push(message);
            Ok(())
        } else if self.at("enum") {
            let place = self.place(root, &[path::FILE_ENUM, len(&file.enum_type)]);
            let declared = self.enumeration(place, visibility)?;
            file.enum_type.push(declared);
            Ok(())
        } else {
            self.fail(VISIBILITY_MISPLACED)
        }
    }

    fn visibility(&mut self) -> i32 {
        let exported = self.at("export");
        self.lexer.next();
        if exported {
            symbol_visibility::EXPORT
        } else {
            symbol_visibility::LOCAL
        }
    }

    fn package(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        if file.package.take().is_some() {
            self.error("Multiple package definitions.");
        }
        let place = self.place(root, &[path::FILE_PACKAGE]);
        self.expect("package")?;
        // What has been read counts even if the rest is wrong: a second package is reported all the same.
        let first = self.identifier("Expected identifier.")?;
        let name = file.package.insert(first);
        while self.eat(".") {
            name.push('.');
            name.push_str(&self.identifier("Expected identifier.")?);
        }
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
    }

    fn import(&mut self, file: &mut FileDescriptorProto, root: Place) -> Parsed {
        let place = self.place(root, &[path::FILE_DEPENDENCY, len(&file.dependency)]);
        self.expect("import")?;
        if self.at("option") {
            if self.edition < edition::EDITION_2024 {
                self.error("option import is not supported before edition 2024.");
            }
            let path = [path::FILE_OPTION_DEPENDENCY, len(&file.option_dependency)];
            self.locations.set_path(place.0, &path);
            self.lexer.next();
            let name = self.string("Expected a string naming the file to import.")?;
            file.option_dependency.push(name);
            self.expect_end(";", Some(place))?;
            self.end(place);
            return Ok(());
        }
        let index = len(&file.dependency);
        if self.at("public") {
            let keyword = [path::FILE_PUBLIC_DEPENDENCY, len(&file.public_dependency)];
            self.place_token(root, &keyword, &self.lexer.current());
            self.lexer.next();
            file.public_dependency.push(index);
        } else if self.at("weak") {
            if self.edition >= edition::EDITION_2024 {
                self.error("weak import is not supported in edition 2024 and above. Consider using option import instead.");
            }
            let keyword = [path::FILE_WEAK_DEPENDENCY, len(&file.weak_dependency)];
            self.place_token(root, &keyword, &self.lexer.current());
            self.lexer.next();
            file.weak_dependency.push(index);
        }
        if !file.option_dependency.is_empty() {
            self.error(
                "imports should precede any option imports to ensure proto files can roundtrip.",
            );
        }
        let name = self.string("Expected a string naming the file to import.")?;
        file.dependency.push(name);
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
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
