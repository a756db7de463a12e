//! Fields: label, type, name, number, options, default value; groups and maps.

use russet_descriptor::proto::{
    DescriptorProto, FieldDescriptorProto, FieldOptions, MessageOptions, Text, UninterpretedOption,
    edition, field_type, label,
};

use super::{
    MAX_MESSAGE_NESTING, NAME_ROOM, NESTED_TOO_DEEP, Parsed, Parser, Place, Syntax, len, path,
    text_of,
};
use crate::lexer::Token;
use crate::{literal, names};

/// A type as written: a scalar's number, or the name of a message or enum.
enum Type {
    Scalar(i32),
    Named(String),
}

impl Parser<'_> {
    /// A field, its label included where the syntax has one.
    pub(super) fn field(
        &mut self,
        field: &mut FieldDescriptorProto,
        messages: &mut Vec<DescriptorProto>,
        parent: Place,
        nested_number: i32,
        place: Place,
    ) -> Parsed {
        let found = match self.lexer.current().text {
            b"optional" => Some(label::OPTIONAL),
            b"repeated" => Some(label::REPEATED),
            b"required" => Some(label::REQUIRED),
            _ => None,
        };
        if let Some(found) = found {
            if self.syntax == Syntax::Editions {
                if found == label::OPTIONAL {
                    self.error("Label \"optional\" is not supported in editions. By default, all singular fields have presence unless features.field_presence is set.");
                } else if found == label::REQUIRED {
                    self.error("Label \"required\" is not supported in editions, use features.field_presence = LEGACY_REQUIRED.");
                }
            }
            self.place_token(place, &[path::FIELD_LABEL], &self.lexer.current());
            self.lexer.next();
            field.label = Some(found);
            if found == label::OPTIONAL && self.syntax == Syntax::Proto3 {
                field.proto3_optional = Some(true);
            }
        }
        self.field_after_label(field, messages, parent, nested_number, place)
    }

    pub(super) fn field_after_label(
        &mut self,
        field: &mut FieldDescriptorProto,
        messages: &mut Vec<DescriptorProto>,
        parent: Place,
        nested_number: i32,
        place: Place,
    ) -> Parsed {
        let type_position = self.lexer.current().position;
        let map_types = self.field_type(field, place)?;
        let name_token = self.lexer.current();
        let name_place = self.place(place, &[path::NAME]);
        let name = self.identifier("Expected field name.")?;
        self.end(name_place);
        field.name = Some(name.clone());
        self.expect_or("=", "Missing field number.")?;
        let number_place = self.place(place, &[path::FIELD_NUMBER]);
        field.number = Some(self.int32("Expected field number.")?);
        self.end(number_place);
        self.field_options(field, place)?;
        if field.type_ == Some(field_type::GROUP) {
            self.group(field, messages, parent, nested_number, place, &name_token)?;
        } else {
            self.expect_end(";", Some(place))?;
        }
        self.end(place);
        if let Some((key, value)) = map_types {
            let entry = map_entry(field, &name, key, value);
            // The entry is a message too. protoc finds that late, where it is not defined for the field either.
            if self.nesting + 1 >= MAX_MESSAGE_NESTING {
                self.lexer.findings.error(None, NESTED_TOO_DEEP);
                let name = entry.name.as_deref().unwrap_or_default();
                self.error_at(type_position, format!("\"{name}\" is not defined."));
            }
            messages.push(entry);
        }
        Ok(())
    }

    /// The type; for a map the types of its key and value, whose entry message is made when the field's name is known.
    fn field_type(
        &mut self,
        field: &mut FieldDescriptorProto,
        place: Place,
    ) -> Parsed<Option<(Type, Type)>> {
        let type_place = self.place(place, &[]);
        let mut named_map = None;
        if self.eat("map") {
            if self.at("<") {
                let types = self.map_types(field)?;
                self.add_to_path(type_place, path::FIELD_TYPE_NAME);
                self.end(type_place);
                return Ok(Some(types));
            }
            // A message or enum that is called "map".
            named_map = Some(Type::Named("map".to_owned()));
        }
        if field.label.is_none() {
            if self.syntax == Syntax::Proto2 {
                self.error("Expected \"required\", \"optional\", or \"repeated\".");
            }
            field.label = Some(label::OPTIONAL);
        }
        let type_position = self.lexer.current().position;
        let written = match named_map {
            Some(named) => named,
            None => self.any_type()?,
        };
        match written {
            Type::Scalar(number) => {
                if number == field_type::GROUP && self.syntax == Syntax::Editions {
                    self.error_at(type_position, "Group syntax is no longer supported in editions. To get group behavior you can specify features.message_encoding = DELIMITED on a message field.");
                }
                self.add_to_path(type_place, path::FIELD_TYPE);
                field.type_ = Some(number);
            }
            Type::Named(name) => {
                self.add_to_path(type_place, path::FIELD_TYPE_NAME);
                field.type_name = Some(name);
            }
        }
        self.end(type_place);
        Ok(None)
    }

    fn map_types(&mut self, field: &mut FieldDescriptorProto) -> Parsed<(Type, Type)> {
        if field.oneof_index.is_some() {
            return self.fail("Map fields are not allowed in oneofs.");
        }
        if field.label.is_some() {
            return self
                .fail("Field labels (required/optional/repeated) are not allowed on map fields.");
        }
        if field.extendee.is_some() {
            return self.fail("Map fields are not allowed to be extensions.");
        }
        field.label = Some(label::REPEATED);
        self.expect("<")?;
        let key = self.any_type()?;
        self.expect(",")?;
        let value = self.any_type()?;
        self.expect(">")?;
        Ok((key, value))
    }

    fn any_type(&mut self) -> Parsed<Type> {
        let token = self.lexer.current();
        let number = if self.edition == edition::UNSTABLE {
            unstable_type(token.text)
        } else {
            scalar_type(token.text)
        };
        if let Some(number) = number {
            self.lexer.next();
            return Ok(Type::Scalar(number));
        }
        if self.edition == edition::UNSTABLE
            && let Some(other) = renamed_type(token.text)
        {
            let name = text_of(&token);
            self.error(format!(
                "Type '{name}' is obsolete in unstable editions, use '{other}' instead."
            ));
            self.lexer.next();
            return Ok(Type::Named(name));
        }
        self.user_type().map(Type::Named)
    }

    /// The name of a message or enum.
    pub(super) fn user_type(&mut self) -> Parsed<String> {
        let token = self.lexer.current();
        if scalar_type(token.text).is_some() {
            self.error("Expected message type.");
            self.lexer.next();
            return Ok(text_of(&token));
        }
        // Room for nearly all names, at once.
        let mut name = String::with_capacity(NAME_ROOM);
        if self.eat(".") {
            name.push('.');
        }
        self.push_identifier(&mut name, "Expected type name.")?;
        while self.eat(".") {
            name.push('.');
            self.push_identifier(&mut name, "Expected identifier.")?;
        }
        Ok(name)
    }

    /// A group declares a field and its message at once, so their places overlap.
    fn group(
        &mut self,
        field: &mut FieldDescriptorProto,
        messages: &mut Vec<DescriptorProto>,
        parent: Place,
        nested_number: i32,
        place: Place,
        name_token: &Token<'_>,
    ) -> Parsed {
        let group_place = self.place(parent, &[nested_number, len(messages)]);
        self.start_as(group_place, place);
        let name = text_of(name_token);
        self.place_token(group_place, &[path::NAME], name_token);
        self.place_token(place, &[path::FIELD_TYPE_NAME], name_token);
        if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
            self.error_at(
                name_token.position,
                "Group names must start with a capital letter.",
            );
        }
        field.name = Some(name.to_ascii_lowercase());
        field.type_name = Some(name.clone());
        if !self.at("{") {
            return self.fail("Missing group body.");
        }
        let mut group = DescriptorProto {
            name: Some(name),
            ..DescriptorProto::default()
        };
        let read = self.message_block(&mut group, group_place);
        self.end(group_place);
        messages.push(group);
        read
    }

    fn field_options(&mut self, field: &mut FieldDescriptorProto, place: Place) -> Parsed {
        if !self.at("[") {
            return Ok(());
        }
        let options_place = self.place(place, &[path::FIELD_OPTIONS]);
        self.expect("[")?;
        loop {
            if self.at("default") {
                self.default_value(field, place)?;
            } else if self.at("json_name") {
                self.json_name(field, place)?;
            } else {
                let options = field.options.get_or_insert_default();
                self.option_assignment(&mut options.uninterpreted_option, options_place)?;
            }
            if !self.eat(",") {
                break;
            }
        }
        self.expect("]")?;
        self.end(options_place);
        Ok(())
    }

    fn json_name(&mut self, field: &mut FieldDescriptorProto, place: Place) -> Parsed {
        if field.json_name.take().is_some() {
            self.error("Already set option \"json_name\".");
        }
        let name_place = self.place(place, &[path::FIELD_JSON_NAME]);
        self.expect("json_name")?;
        self.expect("=")?;
        let value_place = self.place(name_place, &[]);
        field.json_name = Some(self.string_bytes("Expected string for JSON name.")?.into());
        self.end(value_place);
        self.end(name_place);
        Ok(())
    }

    fn default_value(&mut self, field: &mut FieldDescriptorProto, place: Place) -> Parsed {
        if field.default_value.take().is_some() {
            self.error("Already set option \"default\".");
        }
        self.expect("default")?;
        self.expect("=")?;
        let value_place = self.place(place, &[path::FIELD_DEFAULT]);
        let value = match field.type_ {
            // An enum, perhaps: the linker sees what the name is and whether the value belongs to it.
            None => {
                let text = text_of(&self.lexer.current());
                self.lexer.next();
                text.into()
            }
            // What a string defaults to is kept as it is written, UTF-8 or not.
            Some(field_type::STRING) => {
                let text = self.string_bytes("Expected string for field default value.")?;
                Text::from(text)
            }
            Some(number) => self.scalar_default(number)?.into(),
        };
        field.default_value = Some(value);
        self.end(value_place);
        Ok(())
    }

    fn scalar_default(&mut self, number: i32) -> Parsed<String> {
        use field_type::{
            BOOL, BYTES, DOUBLE, FIXED32, FIXED64, FLOAT, INT32, INT64, SFIXED32, SFIXED64, SINT32,
            SINT64, UINT32, UINT64,
        };
        const EXPECTED_INTEGER: &str = "Expected integer for field default value.";
        match number {
            INT32 | INT64 | SINT32 | SINT64 | SFIXED32 | SFIXED64 => {
                let negative = self.eat("-");
                let max = if matches!(number, INT32 | SINT32 | SFIXED32) {
                    u64::from(i32::MAX.unsigned_abs())
                } else {
                    i64::MAX.unsigned_abs()
                };
                let value = self.integer(max + u64::from(negative), EXPECTED_INTEGER)?;
                let sign = if negative && value > 0 { "-" } else { "" };
                Ok(format!("{sign}{value}"))
            }
            UINT32 | UINT64 | FIXED32 | FIXED64 => {
                if self.eat("-") {
                    self.error("Unsigned field can't have negative default value.");
                }
                let max = if matches!(number, UINT32 | FIXED32) {
                    u32::MAX.into()
                } else {
                    u64::MAX
                };
                Ok(self.integer(max, EXPECTED_INTEGER)?.to_string())
            }
            FLOAT | DOUBLE => {
                let negative = self.eat("-");
                let value = self.number("Expected number.")?;
                let value = if negative { -value } else { value };
                Ok(if number == FLOAT {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the field holds a float; what is too large is infinite"
                    )]
                    literal::float_text(value as f32)
                } else {
                    literal::double_text(value)
                })
            }
            BOOL => {
                let token = self.lexer.current();
                if token.is("true") || token.is("false") {
                    self.lexer.next();
                    Ok(text_of(&token))
                } else {
                    self.fail("Expected \"true\" or \"false\".")
                }
            }
            BYTES => Ok(literal::c_escape(&self.string_bytes("Expected string.")?)),
            _ => self.fail("Messages can't have default values."),
        }
    }
}

/// The message that holds one entry of a map field.
fn map_entry(
    field: &mut FieldDescriptorProto,
    name: &str,
    key: Type,
    value: Type,
) -> DescriptorProto {
    // The features of the field are those of the key and the value too.
    let options = field.options.iter();
    let features: Vec<UninterpretedOption> = options
        .flat_map(|options| &options.uninterpreted_option)
        .filter(|option| {
            option.name.first().is_some_and(|part| {
                part.is_extension != Some(true) && part.name_part.as_deref() == Some("features")
            })
        })
        .cloned()
        .collect();
    let features = (!features.is_empty()).then(|| {
        Box::new(FieldOptions {
            uninterpreted_option: features,
            ..FieldOptions::default()
        })
    });
    let part = |name: &str, number: i32, written: Type| {
        let (type_, type_name) = match written {
            Type::Scalar(number) => (Some(number), None),
            Type::Named(name) => (None, Some(name)),
        };
        FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            label: Some(label::OPTIONAL),
            type_,
            type_name,
            options: features.clone(),
            ..FieldDescriptorProto::default()
        }
    };
    let entry_name = names::map_entry_name(name);
    field.type_name = Some(entry_name.clone());
    DescriptorProto {
        name: Some(entry_name),
        field: vec![part("key", 1, key), part("value", 2, value)],
        options: Some(Box::new(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        })),
        ..DescriptorProto::default()
    }
}

fn scalar_type(name: &[u8]) -> Option<i32> {
    Some(match name {
        b"double" => field_type::DOUBLE,
        b"float" => field_type::FLOAT,
        b"int64" => field_type::INT64,
        b"uint64" => field_type::UINT64,
        b"int32" => field_type::INT32,
        b"fixed64" => field_type::FIXED64,
        b"fixed32" => field_type::FIXED32,
        b"bool" => field_type::BOOL,
        b"string" => field_type::STRING,
        b"group" => field_type::GROUP,
        b"bytes" => field_type::BYTES,
        b"uint32" => field_type::UINT32,
        b"sfixed32" => field_type::SFIXED32,
        b"sfixed64" => field_type::SFIXED64,
        b"sint32" => field_type::SINT32,
        b"sint64" => field_type::SINT64,
        _ => return None,
    })
}

/// Scalars in the unstable edition, where the plain names stand for the fixed encodings.
fn unstable_type(name: &[u8]) -> Option<i32> {
    Some(match name {
        b"varint32" => field_type::INT32,
        b"varint64" => field_type::INT64,
        b"uvarint32" => field_type::UINT32,
        b"uvarint64" => field_type::UINT64,
        b"zigzag32" => field_type::SINT32,
        b"zigzag64" => field_type::SINT64,
        b"int32" => field_type::SFIXED32,
        b"int64" => field_type::SFIXED64,
        b"uint32" => field_type::FIXED32,
        b"uint64" => field_type::FIXED64,
        _ if renamed_type(name).is_some() => return None,
        _ => return scalar_type(name),
    })
}

/// What a scalar is called in the unstable edition, where its old name is gone.
fn renamed_type(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"sint32" => "zigzag32",
        b"sint64" => "zigzag64",
        b"fixed32" => "uint32",
        b"fixed64" => "uint64",
        b"sfixed32" => "int32",
        b"sfixed64" => "int64",
        _ => return None,
    })
}
