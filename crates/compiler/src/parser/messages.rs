//! Messages, oneofs, extension ranges, reserved numbers and names, `extend` blocks.

use russet_descriptor::proto::{
    DescriptorProto, ExtensionRange, ExtensionRangeOptions, FieldDescriptorProto,
    OneofDescriptorProto, ReservedRange, Text, UninterpretedOption, edition, label,
};

use super::{
    Failed, MAX_MESSAGE_NESTING, NESTED_TOO_DEEP, Parsed, Parser, Place, Syntax,
    VISIBILITY_MISPLACED, len, path,
};
use crate::lexer::TokenKind;

/// The largest field number, 2^29 - 1.
pub(crate) const MAX_FIELD_NUMBER: i32 = (1 << 29) - 1;

/// Stands for `max` until it is known whether the message is a message set.
const MAX_SENTINEL: i32 = -1;

impl Parser<'_> {
    pub(super) fn message(
        &mut self,
        place: Place,
        visibility: Option<i32>,
    ) -> Parsed<DescriptorProto> {
        let mut message = DescriptorProto {
            visibility,
            ..DescriptorProto::default()
        };
        self.check_nesting()?;
        self.expect("message")?;
        let name = self.place(place, &[path::NAME]);
        message.name = Some(self.identifier("Expected message name.")?);
        self.end(name);
        self.message_block(&mut message, place)?;
        self.end(place);
        Ok(message)
    }

    /// From `{` to `}`, then what follows from the whole: `max` in ranges, oneofs for `optional` fields.
    pub(super) fn message_block(&mut self, message: &mut DescriptorProto, place: Place) -> Parsed {
        self.check_nesting()?;
        self.expect_end("{", Some(place))?;
        self.nesting += 1;
        let result = self.message_statements(message, place);
        self.nesting -= 1;
        result?;
        let is_message_set = message
            .options
            .iter()
            .flat_map(|options| &options.uninterpreted_option)
            .any(|option| is_plain_option(option, "message_set_wire_format", "true"));
        let max = if is_message_set {
            i32::MAX
        } else {
            MAX_FIELD_NUMBER + 1
        };
        for range in &mut message.extension_range {
            range.end = range
                .end
                .map(|end| if end == MAX_SENTINEL { max } else { end });
        }
        for range in &mut message.reserved_range {
            range.end = range
                .end
                .map(|end| if end == MAX_SENTINEL { max } else { end });
        }
        if self.syntax == Syntax::Proto3 {
            add_synthetic_oneofs(message);
        }
        Ok(())
    }

    fn check_nesting(&mut self) -> Parsed {
        if self.nesting + 1 >= MAX_MESSAGE_NESTING {
            return self.fail(NESTED_TOO_DEEP);
        }
        Ok(())
    }

    fn message_statements(&mut self, message: &mut DescriptorProto, place: Place) -> Parsed {
        while !self.eat_end("}", None) {
            if self.at_end() {
                return self.fail("Reached end of input in message definition (missing '}').");
            }
            if self.message_statement(message, place).is_err() {
                self.skip_statement();
            }
        }
        Ok(())
    }

    fn message_statement(&mut self, message: &mut DescriptorProto, place: Place) -> Parsed {
        if self.eat_end(";", None) {
            return Ok(());
        }
        let may_have_visibility = self.edition >= edition::EDITION_2024;
        let visibility = (may_have_visibility && (self.at("export") || self.at("local")))
            .then(|| self.visibility());
        if visibility.is_some() && !self.at("message") && !self.at("enum") {
            return self.fail(VISIBILITY_MISPLACED);
        }
        match self.lexer.current().text {
            b"message" => {
                let nested = self.place(place, &[path::MESSAGE_NESTED, len(&message.nested_type)]);
                let declared = self.message(nested, visibility)?;
                message.nested_type.push(declared);
            }
            b"enum" => {
                let nested = self.place(place, &[path::MESSAGE_ENUM, len(&message.enum_type)]);
                let declared = self.enumeration(nested, visibility)?;
                message.enum_type.push(declared);
            }
            b"extensions" => {
                let ranges = self.place(place, &[path::MESSAGE_EXTENSION_RANGE]);
                self.extensions(message, ranges)?;
            }
            b"reserved" => self.reserved(message, place)?,
            b"extend" => {
                let block = self.place(place, &[path::MESSAGE_EXTENSION]);
                self.extend(
                    &mut message.extension,
                    &mut message.nested_type,
                    place,
                    path::MESSAGE_NESTED,
                    block,
                )?;
            }
            b"option" => {
                let options_place = self.place(place, &[path::MESSAGE_OPTIONS]);
                let options = message.options.get_or_insert_default();
                self.option_statement(&mut options.uninterpreted_option, options_place)?;
                self.end(options_place);
            }
            b"oneof" => {
                let oneof = self.place(place, &[path::MESSAGE_ONEOF, len(&message.oneof_decl)]);
                self.oneof(message, oneof, place)?;
            }
            _ => {
                let field_place = self.place(place, &[path::MESSAGE_FIELD, len(&message.field)]);
                let mut field = FieldDescriptorProto::default();
                let nested = path::MESSAGE_NESTED;
                let messages = &mut message.nested_type;
                self.field(&mut field, messages, place, nested, field_place)?;
                message.field.push(field);
            }
        }
        Ok(())
    }

    fn oneof(
        &mut self,
        message: &mut DescriptorProto,
        place: Place,
        message_place: Place,
    ) -> Parsed {
        let index = len(&message.oneof_decl);
        self.expect("oneof")?;
        let mut oneof = OneofDescriptorProto::default();
        let name = self.place(place, &[path::NAME]);
        oneof.name = Some(self.identifier("Expected oneof name.")?);
        self.end(name);
        message.oneof_decl.push(OneofDescriptorProto::default());
        self.expect_end("{", Some(place))?;
        loop {
            if self.at_end() {
                return self.fail("Reached end of input in oneof definition (missing '}').");
            }
            if self.at("option") {
                let options_place = self.place(place, &[path::ONEOF_OPTIONS]);
                let options = oneof.options.get_or_insert_default();
                self.option_statement(&mut options.uninterpreted_option, options_place)?;
                self.end(options_place);
            } else {
                if self.at("required") || self.at("optional") || self.at("repeated") {
                    self.error(
                        "Fields in oneofs must not have labels (required / optional / repeated).",
                    );
                    self.lexer.next();
                }
                let field_place =
                    self.place(message_place, &[path::MESSAGE_FIELD, len(&message.field)]);
                let mut field = FieldDescriptorProto {
                    label: Some(label::OPTIONAL),
                    oneof_index: Some(index),
                    ..FieldDescriptorProto::default()
                };
                let read = self.field_after_label(
                    &mut field,
                    &mut message.nested_type,
                    message_place,
                    path::MESSAGE_NESTED,
                    field_place,
                );
                if read.is_err() {
                    self.skip_statement();
                }
                message.field.push(field);
            }
            if self.eat_end("}", None) {
                break;
            }
        }
        self.end(place);
        if let Some(slot) = message.oneof_decl.last_mut() {
            *slot = oneof;
        }
        Ok(())
    }

    fn extensions(&mut self, message: &mut DescriptorProto, place: Place) -> Parsed {
        self.expect("extensions")?;
        let first = message.extension_range.len();
        loop {
            let range = self.place(place, &[len(&message.extension_range)]);
            let (start, end) = self.field_range(range, "Expected field number range.")?;
            self.end(range);
            message.extension_range.push(ExtensionRange {
                start: Some(start),
                end: Some(end),
                ..ExtensionRange::default()
            });
            if !self.eat(",") {
                break;
            }
        }
        if self.at("[") {
            self.extension_range_options(message, place, first)?;
        }
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
    }

    /// One list of options stands for all ranges of the statement: its places are recorded once for each of them.
    fn extension_range_options(
        &mut self,
        message: &mut DescriptorProto,
        place: Place,
        first: usize,
    ) -> Parsed {
        let depth = self.locations.path(place.0).len();
        let index = i32::try_from(first).unwrap_or(i32::MAX);
        let before = self.locations.len();
        let options_place = self.place(place, &[index, path::RANGE_OPTIONS]);
        let mut options = Box::<ExtensionRangeOptions>::default();
        self.expect("[")?;
        loop {
            self.option_assignment(&mut options.uninterpreted_option, options_place)?;
            if !self.eat(",") {
                break;
            }
        }
        self.expect("]")?;
        self.end(options_place);
        let end = self.locations.len();
        for (number, range) in message.extension_range.iter_mut().enumerate().skip(first) {
            range.options = Some(options.clone());
            if number > first {
                let index = i32::try_from(number).unwrap_or(i32::MAX);
                self.locations.repeat(before, end, depth, index);
            }
        }
        Ok(())
    }

    /// `1`, `1 to 5` or `1 to max`; the end is exclusive.
    fn field_range(&mut self, place: Place, otherwise: &str) -> Parsed<(i32, i32)> {
        let start_token = self.lexer.current();
        let start_place = self.place(place, &[path::RANGE_START]);
        let start = self.int32(otherwise)?;
        self.end(start_place);
        let after_start = self.exclusive(start)?;
        if !self.eat("to") {
            self.place_token(place, &[path::RANGE_END], &start_token);
            return Ok((start, after_start));
        }
        let end_place = self.place(place, &[path::RANGE_END]);
        let end = if self.eat("max") {
            MAX_SENTINEL
        } else {
            let end = self.int32("Expected integer.")?;
            self.exclusive(end)?
        };
        self.end(end_place);
        Ok((start, end))
    }

    /// The number after the last one of a range.
    fn exclusive(&mut self, last: i32) -> Parsed<i32> {
        match last.checked_add(1) {
            Some(end) => Ok(end),
            None => self.fail("Field number out of bounds."),
        }
    }

    fn reserved(&mut self, message: &mut DescriptorProto, message_place: Place) -> Parsed {
        let start = self.lexer.current();
        self.expect("reserved")?;
        if self.at_kind(TokenKind::String) || self.at_kind(TokenKind::Identifier) {
            let place = self.place(message_place, &[path::MESSAGE_RESERVED_NAME]);
            self.start_at(place, start.position);
            return self.reserved_names(
                &mut message.reserved_name,
                place,
                "Expected field name string literal.",
                "Expected field name identifier.",
            );
        }
        let place = self.place(message_place, &[path::MESSAGE_RESERVED_RANGE]);
        self.start_at(place, start.position);
        let mut otherwise = "Expected field name or number range.";
        loop {
            let range = self.place(place, &[len(&message.reserved_range)]);
            let (start, end) = self.field_range(range, otherwise)?;
            self.end(range);
            message.reserved_range.push(ReservedRange {
                start: Some(start),
                end: Some(end),
                ..ReservedRange::default()
            });
            otherwise = "Expected field number range.";
            if !self.eat(",") {
                break;
            }
        }
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
    }

    /// String literals; identifiers in editions.
    pub(super) fn reserved_names(
        &mut self,
        names: &mut Vec<Text>,
        place: Place,
        expected_string: &str,
        expected_identifier: &str,
    ) -> Parsed {
        let editions = self.syntax == Syntax::Editions;
        if self.at_kind(TokenKind::String) && editions {
            self.error("Reserved names must be identifiers in editions, not string literals.");
            return Err(Failed);
        }
        if self.at_kind(TokenKind::Identifier) && !editions {
            self.error(
                "Reserved names must be string literals. (Only editions supports identifiers.)",
            );
            return Err(Failed);
        }
        loop {
            let name_place = self.place(place, &[len(names)]);
            let position = self.lexer.current().position;
            let name: Text = if editions {
                self.identifier(expected_identifier)?.into()
            } else {
                self.string_bytes(expected_string)?.into()
            };
            self.end(name_place);
            let shown = name.to_str_lossy();
            if !crate::names::is_identifier(&shown) {
                self.lexer.findings.warning(
                    Some(position),
                    format!("Reserved name \"{shown}\" is not a valid identifier."),
                );
            }
            names.push(name);
            if !self.eat(",") {
                break;
            }
        }
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
    }

    pub(super) fn extend(
        &mut self,
        extensions: &mut Vec<FieldDescriptorProto>,
        messages: &mut Vec<DescriptorProto>,
        parent: Place,
        nested_number: i32,
        place: Place,
    ) -> Parsed {
        self.expect("extend")?;
        let first = self.lexer.current();
        let extendee = self.user_type()?;
        let last = self.lexer.previous();
        self.expect_end("{", Some(place))?;
        loop {
            if self.at_end() {
                return self.fail("Reached end of input in extend definition (missing '}').");
            }
            let field_place = self.place(place, &[len(extensions)]);
            let extendee_place = self.place(field_place, &[path::FIELD_EXTENDEE]);
            self.start_at(extendee_place, first.position);
            self.end_at(extendee_place, &last);
            let mut field = FieldDescriptorProto {
                extendee: Some(extendee.clone()),
                ..FieldDescriptorProto::default()
            };
            let read = self.field(&mut field, messages, parent, nested_number, field_place);
            if read.is_err() {
                self.skip_statement();
            }
            extensions.push(field);
            if self.eat_end("}", None) {
                break;
            }
        }
        self.end(place);
        Ok(())
    }
}

/// Whether an option is `name = value` with a plain name and an identifier as value.
pub(super) fn is_plain_option(option: &UninterpretedOption, name: &str, value: &str) -> bool {
    is_named(option, name) && option.identifier_value.as_deref() == Some(value)
}

pub(super) fn is_named(option: &UninterpretedOption, name: &str) -> bool {
    matches!(option.name.as_slice(), [part]
        if part.is_extension != Some(true) && part.name_part.as_deref() == Some(name))
}

/// A oneof of its own for each `optional` field: how proto3 files say that the field has presence.
fn add_synthetic_oneofs(message: &mut DescriptorProto) {
    if !message
        .field
        .iter()
        .any(|field| field.proto3_optional == Some(true))
    {
        return;
    }
    let mut names: std::collections::HashSet<String> = message
        .field
        .iter()
        .filter_map(|field| field.name.clone())
        .chain(
            message
                .oneof_decl
                .iter()
                .filter_map(|oneof| oneof.name.clone()),
        )
        .collect();
    for field in &mut message.field {
        if field.proto3_optional != Some(true) {
            continue;
        }
        let field_name = field.name.as_deref().unwrap_or_default();
        let mut name = if field_name.starts_with('_') {
            field_name.to_owned()
        } else {
            format!("_{field_name}")
        };
        while !names.insert(name.clone()) {
            name.insert(0, 'X');
        }
        field.oneof_index = Some(len(&message.oneof_decl));
        message.oneof_decl.push(OneofDescriptorProto {
            name: Some(name),
            ..OneofDescriptorProto::default()
        });
    }
}
