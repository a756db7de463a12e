//! Enums and their values.

use russet_descriptor::proto::{EnumDescriptorProto, EnumReservedRange, EnumValueDescriptorProto};

use super::messages::is_named;
use super::{Failed, Parsed, Parser, Place, len, path};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn enumeration(
        &mut self,
        place: Place,
        visibility: Option<i32>,
    ) -> Parsed<EnumDescriptorProto> {
        let mut declared = EnumDescriptorProto {
            visibility,
            ..EnumDescriptorProto::default()
        };
        self.expect("enum")?;
        let name = self.place(place, &[path::NAME]);
        declared.name = Some(self.identifier("Expected enum name.")?);
        self.end(name);
        self.expect_end("{", Some(place))?;
        while !self.eat_end("}", None) {
            if self.at_end() {
                return self.fail("Reached end of input in enum definition (missing '}').");
            }
            if self.enum_statement(&mut declared, place).is_err() {
                self.skip_statement();
            }
        }
        self.check_alias(&declared)?;
        self.end(place);
        Ok(declared)
    }

    fn enum_statement(&mut self, declared: &mut EnumDescriptorProto, place: Place) -> Parsed {
        if self.eat_end(";", None) {
            return Ok(());
        }
        if self.at("option") {
            let options_place = self.place(place, &[path::ENUM_OPTIONS]);
            let options = declared.options.get_or_insert_default();
            self.option_statement(&mut options.uninterpreted_option, options_place)?;
            self.end(options_place);
            return Ok(());
        }
        if self.at("reserved") {
            return self.enum_reserved(declared, place);
        }
        let value_place = self.place(place, &[path::ENUM_VALUE, len(&declared.value)]);
        let value = self.enum_value(value_place)?;
        declared.value.push(value);
        Ok(())
    }

    fn enum_value(&mut self, place: Place) -> Parsed<EnumValueDescriptorProto> {
        let mut value = EnumValueDescriptorProto::default();
        let name = self.place(place, &[path::NAME]);
        value.name = Some(self.identifier("Expected enum constant name.")?);
        self.end(name);
        self.expect_or("=", "Missing numeric value for enum constant.")?;
        let number = self.place(place, &[path::VALUE_NUMBER]);
        value.number = Some(self.signed_int32("Expected integer.")?);
        self.end(number);
        if self.at("[") {
            let options_place = self.place(place, &[path::VALUE_OPTIONS]);
            self.expect("[")?;
            let options = value.options.get_or_insert_default();
            loop {
                self.option_assignment(&mut options.uninterpreted_option, options_place)?;
                if !self.eat(",") {
                    break;
                }
            }
            self.expect("]")?;
            self.end(options_place);
        }
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(value)
    }

    fn enum_reserved(&mut self, declared: &mut EnumDescriptorProto, enum_place: Place) -> Parsed {
        let start = self.lexer.current();
        self.expect("reserved")?;
        if self.at_kind(TokenKind::String) || self.at_kind(TokenKind::Identifier) {
            let place = self.place(enum_place, &[path::ENUM_RESERVED_NAME]);
            self.start_at(place, start.position);
            return self.reserved_names(
                &mut declared.reserved_name,
                place,
                "Expected enum value string literal.",
                "Expected enum value identifier.",
            );
        }
        let place = self.place(enum_place, &[path::ENUM_RESERVED_RANGE]);
        self.start_at(place, start.position);
        let mut otherwise = "Expected enum value or number range.";
        loop {
            let range = self.place(place, &[len(&declared.reserved_range)]);
            let (start, end) = self.enum_range(range, otherwise)?;
            self.end(range);
            declared.reserved_range.push(EnumReservedRange {
                start: Some(start),
                end: Some(end),
                ..EnumReservedRange::default()
            });
            otherwise = "Expected enum number range.";
            if !self.eat(",") {
                break;
            }
        }
        self.expect_end(";", Some(place))?;
        self.end(place);
        Ok(())
    }

    /// Like a message's range, but signed, and the end is inclusive.
    fn enum_range(&mut self, place: Place, otherwise: &str) -> Parsed<(i32, i32)> {
        let start_token = self.lexer.current();
        let start_place = self.place(place, &[path::RANGE_START]);
        let start = self.signed_int32(otherwise)?;
        self.end(start_place);
        if !self.eat("to") {
            self.place_token(place, &[path::RANGE_END], &start_token);
            return Ok((start, start));
        }
        let end_place = self.place(place, &[path::RANGE_END]);
        let end = if self.eat("max") {
            i32::MAX
        } else {
            self.signed_int32("Expected integer.")?
        };
        self.end(end_place);
        Ok((start, end))
    }

    /// `allow_alias` must be true, and must be needed.
    fn check_alias(&mut self, declared: &EnumDescriptorProto) -> Parsed {
        let name = declared.name.as_deref().unwrap_or_default();
        let alias = declared
            .options
            .iter()
            .flat_map(|options| &options.uninterpreted_option)
            .find(|option| is_named(option, "allow_alias"));
        let Some(alias) = alias else {
            return Ok(());
        };
        if alias.identifier_value.as_deref() != Some("true") {
            self.error(format!("\"{name}\" declares 'option allow_alias = false;' which has no effect. Please remove the declaration."));
            return Err(Failed);
        }
        let mut numbers = std::collections::HashSet::new();
        if declared
            .value
            .iter()
            .all(|value| numbers.insert(value.number))
        {
            self.error(format!("\"{name}\" declares support for enum aliases but no enum values share field numbers. Please remove the unnecessary 'option allow_alias = true;' declaration."));
            return Err(Failed);
        }
        Ok(())
    }
}
