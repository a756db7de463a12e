//! Options as written: a dotted name, some parts of it extensions in parentheses, and a value.

use russet_descriptor::proto::{NamePart, Text, UninterpretedOption};

use super::{NAME_ROOM, Parsed, Parser, Place, len, path, text_of};
use crate::lexer::TokenKind;

// Field numbers of UninterpretedOption's values, in paths.
const IDENTIFIER_VALUE: i32 = 3;
const POSITIVE_INT_VALUE: i32 = 4;
const NEGATIVE_INT_VALUE: i32 = 5;
const DOUBLE_VALUE: i32 = 6;
const STRING_VALUE: i32 = 7;
const AGGREGATE_VALUE: i32 = 8;

impl Parser<'_> {
    /// `option name = value;`
    pub(super) fn option_statement(
        &mut self,
        options: &mut Vec<UninterpretedOption>,
        options_place: Place,
    ) -> Parsed {
        let place = self.place(options_place, &[path::UNINTERPRETED, len(options)]);
        self.expect("option")?;
        self.option_body(options, place)?;
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
    }

    /// `name = value` in brackets.
    pub(super) fn option_assignment(
        &mut self,
        options: &mut Vec<UninterpretedOption>,
        options_place: Place,
    ) -> Parsed {
        let place = self.place(options_place, &[path::UNINTERPRETED, len(options)]);
        self.option_body(options, place)?;
        self.end(place);
        Ok(())
    }

    fn option_body(&mut self, options: &mut Vec<UninterpretedOption>, place: Place) -> Parsed {
        let mut option = UninterpretedOption::default();
        option.name.reserve_exact(1);
        let name_place = self.place(place, &[path::OPTION_NAME]);
        loop {
            let part_place = self.place(name_place, &[len(&option.name)]);
            let part = self.option_name_part(part_place)?;
            self.end(part_place);
            option.name.push(part);
            if !self.eat(".") {
                break;
            }
        }
        self.end(name_place);
        self.expect("=")?;
        let value_place = self.place(place, &[]);
        self.option_value(&mut option, value_place)?;
        self.end(value_place);
        if options.is_empty() {
            // Most declarations that have an option have one.
            options.reserve_exact(1);
        }
        options.push(option);
        Ok(())
    }

    fn option_name_part(&mut self, place: Place) -> Parsed<NamePart> {
        let is_extension = self.eat("(");
        let name_place = self.place(place, &[path::NAME]);
        let mut name = String::with_capacity(NAME_ROOM);
        if is_extension {
            if self.at_kind(TokenKind::Identifier) {
                self.push_identifier(&mut name, "Expected identifier.")?;
            }
            while self.eat(".") {
                name.push('.');
                self.push_identifier(&mut name, "Expected identifier.")?;
            }
            self.end(name_place);
            self.expect(")")?;
        } else {
            self.push_identifier(&mut name, "Expected identifier.")?;
            self.end(name_place);
        }
        Ok(NamePart {
            name_part: Some(name),
            is_extension: Some(is_extension),
            ..NamePart::default()
        })
    }

    fn option_value(&mut self, option: &mut UninterpretedOption, place: Place) -> Parsed {
        let negative = self.eat("-");
        let token = self.lexer.current();
        match token.kind {
            TokenKind::Start | TokenKind::End => {
                self.fail("Unexpected end of stream while parsing option value.")
            }
            TokenKind::Identifier if negative => {
                self.lexer.next();
                let value = match token.text {
                    b"inf" => f64::NEG_INFINITY,
                    b"nan" => f64::NAN,
                    _ => return self.fail("Identifier after '-' symbol must be inf or nan."),
                };
                self.add_to_path(place, DOUBLE_VALUE);
                option.double_value = Some(value);
                Ok(())
            }
            TokenKind::Identifier => {
                self.add_to_path(place, IDENTIFIER_VALUE);
                option.identifier_value = Some(text_of(&token));
                self.lexer.next();
                Ok(())
            }
            TokenKind::Integer if self.at_huge_integer() => {
                self.option_float(option, place, negative)
            }
            TokenKind::Integer => {
                let value = self.integer(u64::MAX, "Expected integer.")?;
                if !negative {
                    self.add_to_path(place, POSITIVE_INT_VALUE);
                    option.positive_int_value = Some(value);
                } else if value <= i64::MIN.unsigned_abs() {
                    self.add_to_path(place, NEGATIVE_INT_VALUE);
                    option.negative_int_value = Some(0_i64.wrapping_sub_unsigned(value));
                } else {
                    // Too small for an integer, so that it is a float.
                    self.add_to_path(place, DOUBLE_VALUE);
                    #[expect(clippy::cast_precision_loss, reason = "rounded as the language says")]
                    let value = value as f64;
                    option.double_value = Some(-value);
                }
                Ok(())
            }
            TokenKind::Float => self.option_float(option, place, negative),
            TokenKind::String if negative => self.fail("Invalid '-' symbol before string."),
            TokenKind::String => {
                self.add_to_path(place, STRING_VALUE);
                option.string_value = Some(self.string_bytes("Expected string.")?);
                Ok(())
            }
            TokenKind::Symbol if token.is("{") => {
                self.add_to_path(place, AGGREGATE_VALUE);
                option.aggregate_value = Some(self.aggregate()?);
                Ok(())
            }
            TokenKind::Symbol => self.fail("Expected option value."),
        }
    }

    fn option_float(
        &mut self,
        option: &mut UninterpretedOption,
        place: Place,
        negative: bool,
    ) -> Parsed {
        self.add_to_path(place, DOUBLE_VALUE);
        let value = self.number("Expected number.")?;
        option.double_value = Some(if negative { -value } else { value });
        Ok(())
    }

    /// The tokens between braces, which the text format reads later.
    fn aggregate(&mut self) -> Parsed<Text> {
        self.expect("{")?;
        let mut value = Vec::new();
        let mut depth = 1_usize;
        while !self.at_end() {
            if self.at("{") {
                depth += 1;
            } else if self.at("}") {
                depth -= 1;
                if depth == 0 {
                    self.lexer.next();
                    return Ok(value.into());
                }
            }
            if !value.is_empty() {
                // Lines stay lines: to the text format `#` starts a comment.
                let token = self.lexer.current();
                let same_line = token.position.line == self.lexer.previous().position.line;
                value.push(if same_line { b' ' } else { b'\n' });
            }
            value.extend_from_slice(self.lexer.current().text);
            self.lexer.next();
        }
        self.fail("Unexpected end of stream while parsing aggregate value.")
    }
}
