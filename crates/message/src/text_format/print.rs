//! From messages to text format.

use std::fmt::Write as _;

use russet_descriptor::pool::{Field, FieldType};
use russet_descriptor::wire::{Reader, WireType};

use super::escape::escape;
use super::numbers::{c_double, c_float, push_python_repr, shortest_float};
use crate::input::DecodeError;
use crate::list::{Items, List};
use crate::message::Message;
use crate::message_set;
use crate::resolve::{Resolver, extension_name};
use crate::stack;
use crate::text::Text;
use crate::types::{FieldInfo, Shape, Storage};
use crate::value::Value;
use crate::well_known::{AnyFields, unpack};
use crate::{MAX_DEPTH, MAX_NESTING};

/// Which of the originals' printers is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `str(message)`.
    Str,
    /// `text_format.MessageToString(message)`.
    TextFormat,
    /// `protoc --decode`: numbers as `str` has them, the rest as `MessageToString`.
    Protoc,
}

/// Why a message cannot be printed: an `Any` holds bytes that are not of its type.
pub type PrintError = DecodeError;

/// A program's own text of a message, given its indent; `None` for those that it leaves alone. It may change messages, also those that are being printed.
pub type Format<'a> = dyn Fn(&Message, usize) -> Option<String> + 'a;

/// What printing asks others for.
#[derive(Clone, Copy, Default)]
pub struct Resolution<'a> {
    /// Where the types of `Any` are looked up; without it each is printed as the message it is.
    pub types: Option<&'a dyn Resolver>,
    /// A program's own texts.
    pub format: Option<&'a Format<'a>>,
}

impl std::fmt::Debug for Resolution<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolution").finish_non_exhaustive()
    }
}

/// How messages are printed.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the options of text_format.MessageToString, independent of each other"
)]
pub struct Printer {
    /// Whose output it is.
    pub dialect: Dialect,
    /// All in one line, a space between.
    pub as_one_line: bool,
    /// Spaces before each line.
    pub indent: usize,
    /// Strings as UTF-8; otherwise all but ASCII is escaped.
    pub as_utf8: bool,
    /// Repeated numbers as `f: [1, 2]`.
    pub use_short_repeated_primitives: bool,
    /// `<` and `>` around messages.
    pub pointy_brackets: bool,
    /// Fields as declared; otherwise by number.
    pub use_index_order: bool,
    /// Unknown fields by their number.
    pub print_unknown_fields: bool,
    /// A colon before the brace of a message.
    pub force_colon: bool,
    /// Numbers in place of field names.
    pub use_field_number: bool,
}

impl Printer {
    /// The dialect with all options as they are by default.
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            as_one_line: false,
            indent: 0,
            as_utf8: true,
            use_short_repeated_primitives: false,
            pointy_brackets: false,
            use_index_order: false,
            print_unknown_fields: false,
            force_colon: false,
            use_field_number: false,
        }
    }

    /// `str(message)` in one line.
    pub const fn one_line() -> Self {
        Self {
            as_one_line: true,
            ..Self::new(Dialect::Str)
        }
    }

    /// The text of a message, each `Any` in it as it is. What is nested deeper than [`MAX_NESTING`] is left out.
    pub fn print(&self, message: &Message) -> String {
        self.output(Resolution::default(), |out| {
            out.message(message, self.indent, MAX_NESTING);
        })
        .0
    }

    /// As [`Printer::print`], asking others for types and texts.
    pub fn print_with(
        &self,
        message: &Message,
        resolution: Resolution<'_>,
    ) -> Result<String, PrintError> {
        let (text, error) = self.output(resolution, |out| {
            out.message(message, self.indent, MAX_NESTING);
        });
        error.map_or(Ok(text), Err)
    }

    /// The text of one value of a field, with the field's name before it and the end of the line behind it unless `value_only`.
    pub fn print_field(
        &self,
        field: &'static FieldInfo,
        value: &Value,
        value_only: bool,
        resolution: Resolution<'_>,
    ) -> Result<String, PrintError> {
        let (text, error) = self.output(resolution, |out| {
            if value_only {
                out.value(field, value, self.indent, MAX_NESTING);
            } else {
                out.field(field, value, self.indent, MAX_NESTING);
            }
        });
        error.map_or(Ok(text), Err)
    }

    fn output(
        &self,
        resolution: Resolution<'_>,
        print: impl FnOnce(&mut Output<'_>),
    ) -> (String, Option<PrintError>) {
        let mut out = Output {
            printer: *self,
            resolution,
            text: String::new(),
            in_message_set: false,
            error: None,
        };
        print(&mut out);
        (out.text, out.error)
    }
}

struct Output<'a> {
    printer: Printer,
    resolution: Resolution<'a>,
    text: String,
    /// Whether the unknown fields that come next are those of a message set.
    in_message_set: bool,
    /// The first.
    error: Option<PrintError>,
}

impl Output<'_> {
    fn message(&mut self, message: &Message, indent: usize, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        if stack::is_checked(depth) {
            stack::with_room(|| self.message_here(message, indent, depth));
        } else {
            self.message_here(message, indent, depth);
        }
    }

    fn message_here(&mut self, message: &Message, indent: usize, depth: u32) {
        if let Some(format) = self.resolution.format
            && let Some(text) = format(message, indent)
        {
            self.start_line(indent);
            self.text.push_str(&text);
            self.end_line();
            return;
        }
        if self.any(message, indent, depth) {
            return;
        }
        let mut fields = message.set_fields();
        if self.printer.use_index_order {
            // The original mixes the two kinds of numbers.
            fields.sort_by_key(|field| {
                if field.is_extension() {
                    field.number() as usize
                } else {
                    field.descriptor().index()
                }
            });
        } else if self.printer.dialect != Dialect::Str {
            fields.sort_by_key(|field| field.number());
        }
        for field in fields {
            match field.shape() {
                Shape::Singular if field.storage() == Storage::Text => {
                    self.name(field, indent);
                    message.with_text(field, |text| self.quoted(field, text));
                    self.end_line();
                }
                Shape::Singular => {
                    if let Some(value) = message.value(field) {
                        self.field(field, &value, indent, depth);
                    }
                }
                Shape::List => {
                    if let Some(list) = message.list(field) {
                        self.list(field, &list, indent, depth);
                    }
                }
                Shape::Map => self.map(message, field, indent, depth),
            }
        }
        if self.printer.print_unknown_fields {
            self.in_message_set = message.ty().descriptor().is_message_set();
            message.with_unknown(|unknown| self.unknown(&mut Reader::new(unknown), indent, depth));
        }
    }

    /// Prints an `Any` as the message in it, if that is known; `false` if it is to be printed as it is.
    fn any(&mut self, message: &Message, indent: usize, depth: u32) -> bool {
        let Some(types) = self.resolution.types else {
            return false;
        };
        let Some(any) = AnyFields::of(message.ty()) else {
            return false;
        };
        match unpack(message, &any, types) {
            Ok((url, Some(packed))) if url.contains('/') => {
                self.start_line(indent);
                let _ = write!(self.text, "[{url}]");
                if self.printer.force_colon {
                    self.text.push(':');
                }
                self.text.push(' ');
                self.braces(indent, |out, inner| out.message(&packed, inner, depth));
                self.end_line();
                true
            }
            Ok(_) => false,
            Err(error) => {
                self.error.get_or_insert(error);
                true
            }
        }
    }

    fn start_line(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn end_line(&mut self) {
        self.text
            .push(if self.printer.as_one_line { ' ' } else { '\n' });
    }

    /// A field's name, and the colon that all but messages have.
    fn name(&mut self, field: &FieldInfo, indent: usize) {
        self.start_line(indent);
        let descriptor = field.descriptor();
        if self.printer.use_field_number {
            let _ = write!(self.text, "{}", field.number());
        } else if field.is_extension() {
            let name = match self.printer.dialect {
                Dialect::Str => descriptor.full_name(),
                Dialect::TextFormat | Dialect::Protoc => extension_name(descriptor),
            };
            let _ = write!(self.text, "[{name}]");
        } else if self.printer.dialect != Dialect::Str && is_group_like(descriptor) {
            self.text
                .push_str(descriptor.message_type().map_or("", |m| m.name()));
        } else {
            self.text.push_str(descriptor.name());
        }
        if self.printer.force_colon || descriptor.message_type().is_none() {
            self.text.push(':');
        }
        self.text.push(' ');
    }

    fn field(&mut self, field: &'static FieldInfo, value: &Value, indent: usize, depth: u32) {
        self.name(field, indent);
        self.value(field, value, indent, depth);
        self.end_line();
    }

    fn value(&mut self, field: &'static FieldInfo, value: &Value, indent: usize, depth: u32) {
        if let Value::Message(message) = value {
            self.braces(indent, |out, inner| out.message(message, inner, depth));
        } else {
            self.scalar(field, value);
        }
    }

    /// A message's braces around what `body` prints.
    fn braces(&mut self, indent: usize, body: impl FnOnce(&mut Self, usize)) {
        let (open, close) = if self.printer.pointy_brackets {
            ('<', '>')
        } else {
            ('{', '}')
        };
        self.text.push(open);
        self.end_line();
        if self.printer.as_one_line {
            body(self, indent);
        } else {
            body(self, indent + 2);
            self.start_line(indent);
        }
        self.text.push(close);
    }

    fn list(&mut self, field: &'static FieldInfo, list: &List, indent: usize, depth: u32) {
        if let Items::Text(texts) = &*list.items() {
            for text in texts {
                self.name(field, indent);
                self.quoted(field, text);
                self.end_line();
            }
            return;
        }
        let short = self.printer.use_short_repeated_primitives && field.field_type().is_packable();
        if !short {
            let mut index = 0;
            loop {
                // Not in use while a message is printed, which may run code of the program.
                let items = list.items();
                if index >= items.len() {
                    return;
                }
                let value = items.get(index);
                drop(items);
                self.field(field, &value, indent, depth);
                index += 1;
            }
        }
        self.name(field, indent);
        self.text.push('[');
        let items = list.items();
        for index in 0..items.len() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.scalar(field, &items.get(index));
        }
        self.text.push(']');
        self.end_line();
    }

    fn map(&mut self, message: &Message, field: &'static FieldInfo, indent: usize, depth: u32) {
        let Some(map) = message.map(field) else {
            return;
        };
        let order = match self.printer.dialect {
            Dialect::Str => Value::compare_key_as_original,
            Dialect::TextFormat | Dialect::Protoc => Value::compare_key,
        };
        if self.resolution.format.is_some() {
            // A program may have its own text of entries, and may change the map meanwhile.
            let entries: Vec<_> = map
                .entries()
                .sorted_by(order)
                .into_iter()
                .map(|(key, value)| entry(field, key, value))
                .collect();
            for entry in entries {
                self.field(field, &Value::Message(entry), indent, depth);
            }
            return;
        }
        let (key_field, value_field) = field.map_fields();
        // MessageToString prints an entry as the message it is on the wire: without what is zero.
        let skips_zero = self.printer.dialect == Dialect::TextFormat && !key_field.has_presence();
        for (key, value) in map.entries().sorted_by(order) {
            self.name(field, indent);
            self.braces(indent, |out, inner| {
                if !(skips_zero && key.is_zero()) {
                    out.field(key_field, key, inner, depth);
                }
                if !(skips_zero && value.is_zero()) {
                    out.field(value_field, value, inner, depth);
                }
            });
            self.end_line();
        }
    }

    fn scalar(&mut self, field: &FieldInfo, value: &Value) {
        match value {
            Value::I32(number) => {
                let name = field
                    .descriptor()
                    .enum_type()
                    .and_then(|e| e.value_by_number(*number));
                match name {
                    Some(value) => self.text.push_str(value.name()),
                    None => self.text.push_str(itoa::Buffer::new().format(*number)),
                }
            }
            Value::U32(number) => self.text.push_str(itoa::Buffer::new().format(*number)),
            Value::I64(number) => self.text.push_str(itoa::Buffer::new().format(*number)),
            Value::U64(number) => self.text.push_str(itoa::Buffer::new().format(*number)),
            Value::Bool(truth) => self.text.push_str(if *truth { "true" } else { "false" }),
            Value::F32(number) => match self.printer.dialect {
                Dialect::Str | Dialect::Protoc => self.text.push_str(&c_float(*number)),
                Dialect::TextFormat => push_python_repr(shortest_float(*number), &mut self.text),
            },
            Value::F64(number) => match self.printer.dialect {
                Dialect::Str | Dialect::Protoc => self.text.push_str(&c_double(*number)),
                Dialect::TextFormat => push_python_repr(*number, &mut self.text),
            },
            Value::Text(text) => self.quoted(field, text),
            Value::Message(_) => {}
        }
    }

    fn quoted(&mut self, field: &FieldInfo, text: &Text) {
        let as_utf8 = self.printer.as_utf8 && field.field_type() == FieldType::String;
        self.text.push('"');
        escape(text.as_slice(), as_utf8, &mut self.text);
        self.text.push('"');
    }

    /// Unknown fields: numbers as they are on the wire, strings where they are no message.
    fn unknown(&mut self, reader: &mut Reader<'_>, indent: usize, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let original_c = self.printer.dialect != Dialect::TextFormat;
        let is_set = std::mem::take(&mut self.in_message_set);
        while !reader.is_empty() {
            let Ok((number, wire_type)) = reader.tag() else {
                return;
            };
            if wire_type == WireType::EndGroup {
                return;
            }
            if is_set
                && (number, wire_type) == (message_set::ITEM, WireType::StartGroup)
                && let Some((type_id, content)) = message_set::read_item(reader)
            {
                self.start_line(indent);
                let _ = write!(self.text, "{type_id}");
                self.unknown_message(indent, |out, inner| {
                    out.unknown(&mut Reader::new(content), inner, depth);
                });
                self.end_line();
                continue;
            }
            self.start_line(indent);
            let _ = write!(self.text, "{number}");
            match wire_type {
                WireType::Varint => {
                    let _ = write!(self.text, ": {}", reader.varint().unwrap_or_default());
                }
                WireType::Fixed32 if original_c => {
                    let value = reader.fixed32().unwrap_or_default();
                    let _ = write!(self.text, ": 0x{value:08x}");
                }
                WireType::Fixed32 => {
                    let _ = write!(self.text, ": {}", reader.fixed32().unwrap_or_default());
                }
                WireType::Fixed64 if original_c => {
                    let value = reader.fixed64().unwrap_or_default();
                    let _ = write!(self.text, ": 0x{value:016x}");
                }
                WireType::Fixed64 => {
                    let _ = write!(self.text, ": {}", reader.fixed64().unwrap_or_default());
                }
                WireType::LengthDelimited => {
                    let bytes = reader.length_delimited().unwrap_or_default();
                    // Only one of the two printers takes no bytes for an empty message.
                    if !(original_c && bytes.is_empty()) && reads_as_message(bytes) {
                        self.unknown_message(indent, |out, inner| {
                            out.unknown(&mut Reader::new(bytes), inner, depth);
                        });
                    } else {
                        self.text.push_str(": \"");
                        escape(bytes, false, &mut self.text);
                        self.text.push('"');
                    }
                }
                WireType::StartGroup | WireType::EndGroup => {
                    self.unknown_message(indent, |out, inner| out.unknown(reader, inner, depth));
                }
            }
            self.end_line();
        }
    }

    /// The braces of an unknown message, which options do not change.
    fn unknown_message(&mut self, indent: usize, body: impl FnOnce(&mut Self, usize)) {
        let printer = self.printer;
        self.text.push(' ');
        self.printer.pointy_brackets = false;
        self.braces(indent, body);
        self.printer = printer;
    }
}

/// An entry of a map as the message it is on the wire.
fn entry(field: &'static FieldInfo, key: &Value, value: &Value) -> Message {
    let (key_field, value_field) = field.map_fields();
    let entry = Message::new(field.message_type());
    entry.set_value(key_field, key.clone());
    match value {
        Value::Message(value) => {
            // Merging into a new message fails only for what is nested too deep, which is not printed either.
            let _ = entry.message_mut(value_field).merge_from(value);
        }
        value => entry.set_value(value_field, value.clone()),
    }
    entry
}

/// Whether bytes could be a message's fields.
fn reads_as_message(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let field = reader
            .tag()
            .and_then(|(number, wire_type)| reader.skip(number, wire_type, MAX_DEPTH));
        if field.is_err() {
            return false;
        }
    }
    true
}

/// Whether a field is printed by the name of its type: a group as proto2 declares it, field and type from one name.
pub(super) fn is_group_like(descriptor: &Field) -> bool {
    descriptor.field_type() == FieldType::Group
        && descriptor.message_type().is_some_and(|message| {
            message.name().to_lowercase() == descriptor.name()
                && message.file() == descriptor.file()
                && message.parent()
                    == if descriptor.is_extension() {
                        descriptor.extension_scope()
                    } else {
                        Some(descriptor.containing_type())
                    }
        })
}

/// A map key in a path, as `FindInitializationErrors` has it.
pub(crate) fn key_text(key: &Value) -> String {
    match key {
        Value::I32(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Text(value) => {
            let mut out = String::from("\"");
            escape(value.as_slice(), true, &mut out);
            out.push('"');
            out
        }
        Value::F32(_) | Value::F64(_) | Value::Message(_) => String::new(),
    }
}
