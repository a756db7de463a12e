//! Option values in the text format, `{ ... }`, to the wire form.

use std::collections::BTreeMap;

use russet_descriptor::proto::{field_type, label};
use russet_descriptor::wire::{WireType, put_bytes, put_tag, put_varint};

use super::interpret::{put_float, put_integer, signed};
use super::lookup::Wanted;
use super::{Linker, canonical};
use crate::lexer::{Lexer, Mode, TokenKind};
use crate::literal;
use crate::names::is_identifier;
use crate::table::{Field, FieldId, LastPart, MessageId, Symbol};

/// A value of a field.
#[derive(Default)]
struct Value {
    /// In wire form, with its tag.
    bytes: Vec<u8>,
    /// The required fields that it lacks, as paths within it.
    missing: Vec<String>,
}

/// The values of a message's fields, by number.
type Fields = BTreeMap<i32, Vec<Value>>;

const ANY: &str = "google.protobuf.Any";

impl Linker<'_> {
    /// The bytes of the message that `text` describes, of the type of a message field.
    pub(super) fn aggregate(&mut self, field: FieldId, text: &[u8]) -> Result<Vec<u8>, String> {
        let Some(message) = self.table[field].message else {
            return Err("its type is not known".to_owned());
        };
        let mut reader = TextReader {
            lexer: Lexer::new(text, Mode::Text),
            depth: canonical::MAX_OPTION_DEPTH,
        };
        reader.lexer.next();
        let value = reader.message(self, message, None)?;
        if let Some(error) = reader.lexical_errors() {
            return Err(error);
        }
        if !value.missing.is_empty() {
            return Err(format!(
                "Message missing required fields: {}",
                value.missing.join(", ")
            ));
        }
        Ok(value.bytes)
    }

    /// An extension by the name written in `[...]`.
    fn aggregate_extension(&mut self, message: MessageId, name: &str) -> Option<FieldId> {
        let scope = self.table[message].full_name.clone();
        match self.lookup(name, &scope, Wanted::Anything)? {
            Symbol::Field(id)
                if self.table[id].is_extension && self.table[id].containing == Some(message) =>
            {
                Some(id)
            }
            // In a message set an item may be given by its type instead of its extension.
            Symbol::Message(id) if self.table[message].is_message_set => self.table[id]
                .extensions
                .iter()
                .copied()
                .find(|&extension| {
                    let field = &self.table[extension];
                    field.containing == Some(message)
                        && field.message == Some(id)
                        && field.label == label::OPTIONAL
                }),
            _ => None,
        }
    }
}

struct TextReader<'s> {
    lexer: Lexer<'s>,
    depth: u32,
}

impl TextReader<'_> {
    fn lexical_errors(&mut self) -> Option<String> {
        let findings = std::mem::take(&mut self.lexer.findings);
        let errors: Vec<String> = findings
            .into_diagnostics("", &mut |_| None)
            .map(|diagnostic| diagnostic.message)
            .collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }

    fn at(&self, text: &str) -> bool {
        self.lexer.current().is(text)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.at(text);
        if found {
            self.lexer.next();
        }
        found
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.lexer.current().text).into_owned()
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.eat(text) {
            Ok(())
        } else {
            Err(format!("Expected \"{text}\", found \"{}\".", self.text()))
        }
    }

    fn identifier(&mut self) -> Result<String, String> {
        if self.lexer.current().kind != TokenKind::Identifier {
            return Err(format!("Expected identifier, got: {}", self.text()));
        }
        let name = self.text();
        self.lexer.next();
        Ok(name)
    }

    /// What stands in `[...]`: a full name, of a type with the prefix of its URL.
    fn type_name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        while matches!(
            self.lexer.current().kind,
            TokenKind::Identifier | TokenKind::Integer
        ) || [".", "/", "-"].iter().any(|text| self.at(text))
        {
            name.push_str(&self.text());
            self.lexer.next();
        }
        self.expect("]")?;
        let (prefix, short) = match name.rsplit_once('/') {
            Some((prefix, short)) => (Some(prefix), short),
            None => (None, name.as_str()),
        };
        if prefix == Some("") {
            return Err("Type URL prefix is empty".to_owned());
        }
        for part in short.split('.') {
            if !is_identifier(part) {
                return Err(format!("Invalid identifier in type name, got: \"{part}\""));
            }
        }
        Ok(name)
    }

    /// Fields up to `end`, or to the end of the text.
    fn message(
        &mut self,
        linker: &mut Linker<'_>,
        message: MessageId,
        end: Option<&str>,
    ) -> Result<Value, String> {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or("Message is too deep, the parser exceeded the configured recursion limit.")?;
        let mut fields = Fields::new();
        let mut oneofs: BTreeMap<usize, LastPart> = BTreeMap::new();
        loop {
            match end {
                Some(end) if self.eat(end) => break,
                None if self.lexer.current().kind == TokenKind::End => break,
                _ => self.field(linker, message, &mut fields, &mut oneofs)?,
            }
        }
        self.depth += 1;
        if linker.table[message].is_map_entry {
            complete_entry(linker, message, &mut fields);
        }
        let missing = missing_fields(linker, message, &fields);
        let values = fields.into_values().flatten();
        let bytes: Vec<u8> = values.flat_map(|value| value.bytes).collect();
        let bytes = canonical::made_canonical(linker.table, message, bytes)
            .map_err(|error| error.to_string())?;
        Ok(Value { bytes, missing })
    }

    fn field(
        &mut self,
        linker: &mut Linker<'_>,
        message: MessageId,
        fields: &mut Fields,
        oneofs: &mut BTreeMap<usize, LastPart>,
    ) -> Result<(), String> {
        let full_name = linker.table[message].full_name.clone();
        let id = if self.eat("[") {
            let name = self.type_name()?;
            if name.contains('/') {
                if &*full_name == ANY {
                    return self.any(linker, &name, fields);
                }
                return Err("Extension name contains \"/\"".to_owned());
            }
            linker.aggregate_extension(message, &name).ok_or_else(|| {
                format!(
                    "Extension \"{name}\" is not defined or is not an extension of \"{full_name}\"."
                )
            })?
        } else {
            let name = self.identifier()?;
            field_by_text_name(linker, message, &name).ok_or_else(|| {
                format!("Message type \"{full_name}\" has no field named \"{name}\".")
            })?
        };
        let field = linker.table[id].clone();
        if !field.is_repeated() {
            if fields.contains_key(&field.number) {
                return Err(format!(
                    "Non-repeated field \"{}\" is specified multiple times.",
                    field.name
                ));
            }
            if let (Some(oneof), false) = (field.oneof, field.is_extension) {
                if let Some(other) = oneofs.get(&oneof) {
                    let oneof = &linker.table[message].oneofs[oneof];
                    return Err(format!(
                        "Field \"{}\" is specified along with field \"{other}\", another member of oneof \"{oneof}\".",
                        field.name
                    ));
                }
                oneofs.insert(oneof, field.name.clone());
            }
        }
        if field.is_message() {
            self.eat(":");
        } else {
            self.expect(":")?;
        }
        if field.is_repeated() && self.eat("[") {
            if !self.eat("]") {
                loop {
                    self.value(linker, &field, fields)?;
                    if self.eat("]") {
                        break;
                    }
                    self.expect(",")?;
                }
            }
        } else {
            self.value(linker, &field, fields)?;
        }
        let _separator = self.eat(";") || self.eat(",");
        Ok(())
    }

    /// `[type.googleapis.com/full.name] { ... }` in an `Any`.
    fn any(
        &mut self,
        linker: &mut Linker<'_>,
        url: &str,
        fields: &mut Fields,
    ) -> Result<(), String> {
        let (prefix, name) = url.split_once('/').unwrap_or(("", url));
        let known = matches!(prefix, "type.googleapis.com" | "type.googleprod.com");
        // A type that is imported for options only is not found here.
        let in_options = std::mem::replace(&mut linker.in_options, false);
        let symbol = if known { linker.find(name) } else { None };
        linker.in_options = in_options;
        let Some(Symbol::Message(id)) = symbol else {
            return Err(format!(
                "Could not find type \"{url}\" stored in google.protobuf.Any."
            ));
        };
        self.eat(":");
        let end = self.open()?;
        let value = self.message(linker, id, Some(end))?;
        if !value.missing.is_empty() {
            return Err(format!(
                "Value of type \"{}\" stored in google.protobuf.Any has missing required fields",
                linker.table[id].full_name
            ));
        }
        if fields.contains_key(&1) || fields.contains_key(&2) {
            return Err("Non-repeated Any specified multiple times.".to_owned());
        }
        for (number, content) in [(1, url.as_bytes()), (2, &value.bytes)] {
            if content.is_empty() {
                continue;
            }
            let mut bytes = Vec::new();
            put_bytes(&mut bytes, number, content);
            let missing = Vec::new();
            fields
                .entry(signed_number(number))
                .or_default()
                .push(Value { bytes, missing });
        }
        let _separator = self.eat(";") || self.eat(",");
        Ok(())
    }

    fn open(&mut self) -> Result<&'static str, String> {
        if self.eat("<") {
            Ok(">")
        } else {
            self.expect("{")?;
            Ok("}")
        }
    }

    fn value(
        &mut self,
        linker: &mut Linker<'_>,
        field: &Field,
        fields: &mut Fields,
    ) -> Result<(), String> {
        let mut out = Vec::new();
        let mut missing = Vec::new();
        let number = field.number.unsigned_abs();
        match field.type_ {
            field_type::MESSAGE | field_type::GROUP => {
                let end = self.open()?;
                if let Some(message) = field.message {
                    let value = self.message(linker, message, Some(end))?;
                    canonical::put_message(linker.table, field, &value.bytes, &mut out);
                    missing = value.missing;
                }
            }
            field_type::STRING | field_type::BYTES => {
                if self.lexer.current().kind != TokenKind::String {
                    return Err(format!("Expected string, got: {}", self.text()));
                }
                let mut value = Vec::new();
                while self.lexer.current().kind == TokenKind::String {
                    literal::append_string(self.lexer.current().text, &mut value);
                    self.lexer.next();
                }
                if field.needs_utf8() && std::str::from_utf8(&value).is_err() {
                    return Err(format!(
                        "Value of string field \"{}\" is not valid UTF-8.",
                        field.name
                    ));
                }
                put_bytes(&mut out, number, &value);
            }
            field_type::BOOL => {
                let value = self.boolean(field)?;
                put_tag(&mut out, number, WireType::Varint);
                out.push(u8::from(value));
            }
            field_type::ENUM => {
                let value = self.enum_value(linker, field)?;
                put_tag(&mut out, number, WireType::Varint);
                put_varint(&mut out, signed(value.into()));
            }
            field_type::FLOAT | field_type::DOUBLE => {
                let value = self.number()?;
                put_float(field.type_ == field_type::FLOAT, number, value, &mut out);
            }
            type_ => {
                let value = self.integer(type_)?;
                put_integer(type_, number, value, &mut out);
            }
        }
        fields.entry(field.number).or_default().push(Value {
            bytes: out,
            missing,
        });
        Ok(())
    }

    fn enum_value(&mut self, linker: &Linker<'_>, field: &Field) -> Result<i32, String> {
        let Some(id) = field.enumeration else {
            return Err(format!(
                "Field \"{}\" has an unknown enum type.",
                field.name
            ));
        };
        let declared = &linker.table[id];
        if self.lexer.current().kind == TokenKind::Identifier {
            let name = self.identifier()?;
            return match declared.values.iter().find(|(other, _)| **other == *name) {
                Some((_, number)) => Ok(*number),
                None => Err(format!(
                    "Unknown enumeration value of \"{name}\" for field \"{}\".",
                    field.name
                )),
            };
        }
        if !self.at("-") && self.lexer.current().kind != TokenKind::Integer {
            return Err(format!(
                "Expected integer or identifier, got: {}",
                self.text()
            ));
        }
        let value = self.integer(field_type::INT32)?;
        let number = i32::try_from(value).unwrap_or_default();
        let known = declared.values.iter().any(|(_, other)| *other == number);
        if known || !declared.features.is_closed_enum() {
            Ok(number)
        } else {
            Err(format!(
                "Unknown enumeration value of \"{number}\" for field \"{}\".",
                field.name
            ))
        }
    }

    fn boolean(&mut self, field: &Field) -> Result<bool, String> {
        if self.lexer.current().kind == TokenKind::Integer {
            return match literal::integer(self.lexer.current().text, 1) {
                Some(value) => {
                    self.lexer.next();
                    Ok(value == 1)
                }
                None => Err(format!("Integer out of range ({})", self.text())),
            };
        }
        let word = self.identifier()?;
        match word.as_str() {
            "true" | "True" | "t" => Ok(true),
            "false" | "False" | "f" => Ok(false),
            _ => Err(format!(
                "Invalid value for boolean field \"{}\". Value: \"{word}\".",
                field.name
            )),
        }
    }

    fn integer(&mut self, type_: i32) -> Result<i128, String> {
        let is_unsigned = matches!(
            type_,
            field_type::UINT32 | field_type::FIXED32 | field_type::UINT64 | field_type::FIXED64
        );
        let negative = !is_unsigned && self.eat("-");
        let token = self.lexer.current();
        if token.kind != TokenKind::Integer {
            return Err(format!("Expected integer, got: {}", self.text()));
        }
        let (min, max): (i128, i128) = match type_ {
            field_type::INT32 | field_type::SINT32 | field_type::SFIXED32 => {
                (i32::MIN.into(), i32::MAX.into())
            }
            field_type::INT64 | field_type::SINT64 | field_type::SFIXED64 => {
                (i64::MIN.into(), i64::MAX.into())
            }
            field_type::UINT32 | field_type::FIXED32 => (0, u32::MAX.into()),
            _ => (0, u64::MAX.into()),
        };
        let value = literal::integer(token.text, u64::MAX).map(i128::from);
        let value = value.map(|value| if negative { -value } else { value });
        match value {
            Some(value) if (min..=max).contains(&value) => {
                self.lexer.next();
                Ok(value)
            }
            _ => Err(format!("Integer out of range ({})", self.text())),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "rounded, as the text format says"
    )]
    fn number(&mut self) -> Result<f64, String> {
        let negative = self.eat("-");
        let token = self.lexer.current();
        let is_decimal = token.text.len() < 2 || !token.text.starts_with(b"0");
        if token.kind == TokenKind::Integer && !is_decimal {
            return Err(format!("Expect a decimal number, got: {}", self.text()));
        }
        let value = match token.kind {
            TokenKind::Float => literal::float(token.text),
            TokenKind::Integer => match literal::integer(token.text, u64::MAX) {
                Some(value) => value as f64,
                None => literal::float(token.text),
            },
            TokenKind::Identifier => match self.text().to_ascii_lowercase().as_str() {
                "inf" | "inff" | "infinity" | "infinityf" => f64::INFINITY,
                "nan" | "nanf" => f64::NAN,
                _ => return Err(format!("Expected double, got: {}", self.text())),
            },
            _ => return Err(format!("Expected double, got: {}", self.text())),
        };
        self.lexer.next();
        Ok(if negative { -value } else { value })
    }
}

/// A map's entry is written with its key and its value, given or not.
fn complete_entry(linker: &Linker<'_>, entry: MessageId, fields: &mut Fields) {
    for &id in &linker.table[entry].fields {
        let field = &linker.table[id];
        let number = field.number.unsigned_abs();
        let mut bytes = Vec::new();
        match field.type_ {
            field_type::MESSAGE | field_type::GROUP => {
                canonical::put_message(linker.table, field, &[], &mut bytes);
            }
            field_type::STRING | field_type::BYTES => put_bytes(&mut bytes, number, &[]),
            field_type::FLOAT | field_type::DOUBLE => {
                put_float(field.type_ == field_type::FLOAT, number, 0.0, &mut bytes);
            }
            field_type::ENUM => {
                let values = field.enumeration.map(|id| &linker.table[id].values);
                let first = values.and_then(|values| values.first());
                put_tag(&mut bytes, number, WireType::Varint);
                put_varint(
                    &mut bytes,
                    signed(first.map_or(0, |(_, first)| i64::from(*first))),
                );
            }
            type_ => put_integer(type_, number, 0, &mut bytes),
        }
        fields.entry(field.number).or_insert_with(|| {
            let missing = Vec::new();
            vec![Value { bytes, missing }]
        });
    }
}

/// The required fields that a message lacks, as paths: its own, then those of the messages in it.
fn missing_fields(linker: &Linker<'_>, message: MessageId, fields: &Fields) -> Vec<String> {
    let own = linker.table[message]
        .fields
        .iter()
        .map(|&id| &linker.table[id]);
    let mut missing: Vec<String> = own
        .filter(|field| field.label == label::REQUIRED && !fields.contains_key(&field.number))
        .map(|field| field.name.to_string())
        .collect();
    for (&number, values) in fields {
        let Some(id) = linker.table.field_by_number(message, number) else {
            continue;
        };
        let field = &linker.table[id];
        let name = if field.is_extension {
            format!("({})", field.full_name)
        } else {
            field.name.to_string()
        };
        for (index, value) in values.iter().enumerate() {
            let index = if field.is_repeated() {
                format!("[{index}]")
            } else {
                String::new()
            };
            let paths = value
                .missing
                .iter()
                .map(|path| format!("{name}{index}.{path}"));
            missing.extend(paths);
        }
    }
    missing
}

fn signed_number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A field by its name; one that is like a group also by its type's name.
fn field_by_text_name(linker: &Linker<'_>, message: MessageId, name: &str) -> Option<FieldId> {
    if let Some(id) = linker.table.field_by_name(message, name) {
        return Some(id);
    }
    let id = linker
        .table
        .field_by_name(message, &name.to_ascii_lowercase())?;
    let field = &linker.table[id];
    let group = &linker.table[field.message.filter(|_| field.is_delimited())?];
    let is_like_group = *group.name == *name
        && group.name.to_ascii_lowercase() == *field.name
        && group.parent == field.containing
        && group.file == field.file;
    is_like_group.then_some(id)
}
