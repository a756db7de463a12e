//! Messages as text format, as `google.protobuf` prints them.
//!
//! There are two dialects, because there are two printers in the original: `str(message)` (numbers as C's `%g` has them, shortest of two precisions that reads back) and `text_format.MessageToString` (numbers as Python's `repr`, entries of maps without default keys). Maps are printed in the order of their keys. Reading text format is not here.

use std::fmt::Write as _;

use russet_descriptor::pool::FieldType;
use russet_descriptor::wire::{Reader, WireType};

use crate::list::Items;
use crate::message::Message;
use crate::types::{FieldInfo, Shape};
use crate::value::Value;
use crate::{MAX_DEPTH, MAX_NESTING};

/// Which of the original's printers is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `str(message)`.
    Str,
    /// `text_format.MessageToString(message)`.
    TextFormat,
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

    /// The text of a message. What is nested deeper than [`MAX_NESTING`] is left out.
    pub fn print(&self, message: &Message) -> String {
        let mut out = Output {
            printer: *self,
            text: String::new(),
        };
        out.message(message, self.indent, MAX_NESTING);
        if self.as_one_line && out.text.ends_with(' ') {
            out.text.pop();
        }
        out.text
    }
}

struct Output {
    printer: Printer,
    text: String,
}

impl Output {
    fn message(&mut self, message: &Message, indent: usize, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let mut fields = message.set_fields();
        if self.printer.use_index_order {
            fields.sort_by_key(|field| (field.is_extension(), field.descriptor().index()));
        }
        for field in fields {
            match field.shape() {
                Shape::Singular => {
                    if let Some(value) = message.value(field) {
                        self.field(field, &value, indent, depth);
                    }
                }
                Shape::List => {
                    if let Some(list) = message.list(field) {
                        self.list(field, &list.items(), indent, depth);
                    }
                }
                Shape::Map => self.map(message, field, indent, depth),
            }
        }
        if self.printer.print_unknown_fields {
            message.with_unknown(|unknown| self.unknown(&mut Reader::new(unknown), indent, depth));
        }
    }

    fn start_line(&mut self, indent: usize) {
        if !self.printer.as_one_line {
            self.text.extend(std::iter::repeat_n(' ', indent));
        }
    }

    fn end_line(&mut self) {
        self.text
            .push(if self.printer.as_one_line { ' ' } else { '\n' });
    }

    fn name(&mut self, field: &FieldInfo) {
        let descriptor = field.descriptor();
        if self.printer.use_field_number {
            let _ = write!(self.text, "{}", field.number());
        } else if field.is_extension() {
            let _ = write!(self.text, "[{}]", descriptor.full_name());
        } else if is_group_like(field) {
            self.text
                .push_str(descriptor.message_type().map_or("", |m| m.name()));
        } else {
            self.text.push_str(descriptor.name());
        }
    }

    fn field(&mut self, field: &'static FieldInfo, value: &Value, indent: usize, depth: u32) {
        self.start_line(indent);
        self.name(field);
        if let Value::Message(message) = value {
            self.braces(indent, |out, inner| out.message(message, inner, depth));
        } else {
            self.text.push_str(": ");
            self.scalar(field, value);
            self.end_line();
        }
    }

    /// A message's braces around what `body` prints.
    fn braces(&mut self, indent: usize, body: impl FnOnce(&mut Self, usize)) {
        let (open, close) = if self.printer.pointy_brackets {
            ('<', '>')
        } else {
            ('{', '}')
        };
        if self.printer.force_colon {
            self.text.push(':');
        }
        self.text.push(' ');
        self.text.push(open);
        self.end_line();
        body(self, indent + 2);
        self.start_line(indent);
        self.text.push(close);
        self.end_line();
    }

    fn list(&mut self, field: &'static FieldInfo, items: &Items, indent: usize, depth: u32) {
        let short = self.printer.use_short_repeated_primitives && field.field_type().is_packable();
        if !short {
            for index in 0..items.len() {
                self.field(field, &items.get(index), indent, depth);
            }
            return;
        }
        self.start_line(indent);
        self.name(field);
        self.text.push_str(": [");
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
        let (key_field, value_field) = field.map_fields();
        let entries = map.entries();
        let sorted = match self.printer.dialect {
            Dialect::Str => entries.sorted_by(Value::compare_key_as_original),
            Dialect::TextFormat => entries.sorted_by(Value::compare_key),
        };
        for (key, value) in sorted {
            self.start_line(indent);
            self.name(field);
            self.braces(indent, |out, inner| {
                // MessageToString prints an entry as the message it is on the wire: without what is zero.
                let skips_zero =
                    out.printer.dialect == Dialect::TextFormat && !key_field.has_presence();
                if !(skips_zero && key.is_zero()) {
                    out.field(key_field, key, inner, depth);
                }
                if !(skips_zero && value.is_zero()) {
                    out.field(value_field, value, inner, depth);
                }
            });
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
                Dialect::Str => self.text.push_str(&c_float(*number)),
                Dialect::TextFormat => self.text.push_str(&python_repr(shortest_float(*number))),
            },
            Value::F64(number) => match self.printer.dialect {
                Dialect::Str => self.text.push_str(&c_double(*number)),
                Dialect::TextFormat => self.text.push_str(&python_repr(*number)),
            },
            Value::Text(text) => {
                let as_utf8 = self.printer.as_utf8 && field.field_type() == FieldType::String;
                self.text.push('"');
                escape(text.as_slice(), as_utf8, &mut self.text);
                self.text.push('"');
            }
            Value::Message(_) => {}
        }
    }

    /// Unknown fields: numbers as they are on the wire, strings where they are no message.
    fn unknown(&mut self, reader: &mut Reader<'_>, indent: usize, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        while !reader.is_empty() {
            let Ok((number, wire_type)) = reader.tag() else {
                return;
            };
            if wire_type == WireType::EndGroup {
                return;
            }
            self.start_line(indent);
            let _ = write!(self.text, "{number}");
            match wire_type {
                WireType::Varint => {
                    let _ = write!(self.text, ": {}", reader.varint().unwrap_or_default());
                    self.end_line();
                }
                WireType::Fixed32 => {
                    let _ = write!(
                        self.text,
                        ": 0x{:08x}",
                        reader.fixed32().unwrap_or_default()
                    );
                    self.end_line();
                }
                WireType::Fixed64 => {
                    let _ = write!(
                        self.text,
                        ": 0x{:016x}",
                        reader.fixed64().unwrap_or_default()
                    );
                    self.end_line();
                }
                WireType::LengthDelimited => {
                    let bytes = reader.length_delimited().unwrap_or_default();
                    if !bytes.is_empty() && reads_as_message(bytes) {
                        self.braces(indent, |out, inner| {
                            out.unknown(&mut Reader::new(bytes), inner, depth);
                        });
                    } else {
                        self.text.push_str(": \"");
                        escape(bytes, false, &mut self.text);
                        self.text.push('"');
                        self.end_line();
                    }
                }
                WireType::StartGroup | WireType::EndGroup => {
                    self.braces(indent, |out, inner| out.unknown(reader, inner, depth));
                }
            }
        }
    }
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
fn is_group_like(field: &FieldInfo) -> bool {
    let descriptor = field.descriptor();
    field.field_type() == FieldType::Group
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

/// C escapes; with `as_utf8`, valid UTF-8 beyond ASCII stays as it is.
pub fn escape(bytes: &[u8], as_utf8: bool, out: &mut String) {
    if !as_utf8 {
        for &byte in bytes {
            escape_byte(byte, out);
        }
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => escape_byte(byte, out),
                _ => out.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|&byte| escape_byte(byte, out));
    }
}

fn escape_byte(byte: u8, out: &mut String) {
    match byte {
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        b'"' => out.push_str("\\\""),
        b'\'' => out.push_str("\\'"),
        b'\\' => out.push_str("\\\\"),
        0x20..=0x7e => out.push(char::from(byte)),
        _ => {
            let _ = write!(out, "\\{byte:03o}");
        }
    }
}

/// What C's `%.{precision}g` prints.
fn percent_g(value: f64, precision: usize) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    let scientific = format!("{:.*e}", precision - 1, value);
    let (mantissa, exponent) = scientific
        .split_once('e')
        .unwrap_or((scientific.as_str(), "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let places = i32::try_from(precision).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= places {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(places - 1 - exponent).unwrap_or_default();
    trim(&format!("{value:.decimals$}"))
}

/// The original's text of a double: 15 digits if they read back, else 17.
pub fn c_double(value: f64) -> String {
    let short = percent_g(value, 15);
    if value.is_nan() || short.parse() == Ok(value) {
        short
    } else {
        percent_g(value, 17)
    }
}

/// The original's text of a float: 6 digits if they read back, else 9.
pub fn c_float(value: f32) -> String {
    let short = percent_g(f64::from(value), 6);
    if value.is_nan() || short.parse() == Ok(value) {
        short
    } else {
        percent_g(f64::from(value), 9)
    }
}

/// The double with the fewest digits (6 to 9) that is the float when rounded to one.
pub fn shortest_float(value: f32) -> f64 {
    let wide = f64::from(value);
    if !value.is_finite() {
        return wide;
    }
    (6..9)
        .map(|precision| percent_g(wide, precision))
        .find(|text| text.parse() == Ok(value))
        .unwrap_or_else(|| percent_g(wide, 9))
        .parse()
        .unwrap_or(wide)
}

/// What Python's `repr` of a float is.
pub fn python_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    // The shortest digits that read back, brought into Python's form.
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    let (sign, shortest) = match shortest.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", shortest),
    };
    let (mantissa, exponent) = shortest.split_once(['e', 'E']).unwrap_or((shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let written: i32 = exponent.parse().unwrap_or_default();
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let leading = i32::try_from(all.len() - digits.len()).unwrap_or_default();
    let whole_len = i32::try_from(whole.len()).unwrap_or_default();
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return format!("{sign}0.0");
    }
    // The decimal point stands after this many of `digits`.
    let point = whole_len - leading + written;
    let count = i32::try_from(digits.len()).unwrap_or_default();
    if !(-4 < point && point <= 16) {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent = point - 1;
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!(
            "{sign}{first}{dot}{rest}e{exponent_sign}{:02}",
            exponent.abs()
        );
    }
    if point <= 0 {
        let zeros = "0".repeat(usize::try_from(-point).unwrap_or_default());
        format!("{sign}0.{zeros}{digits}")
    } else if point >= count {
        let zeros = "0".repeat(usize::try_from(point - count).unwrap_or_default());
        format!("{sign}{digits}{zeros}.0")
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_the_original_spells_them() {
        for (value, c, python) in [
            (1.5, "1.5", "1.5"),
            (1e100, "1e+100", "1e+100"),
            (1.0 / 3.0, "0.33333333333333331", "0.3333333333333333"),
            (1e15, "1e+15", "1000000000000000.0"),
            (1e16, "1e+16", "1e+16"),
            (
                123_456_789_012_345_680.0,
                "1.2345678901234568e+17",
                "1.2345678901234568e+17",
            ),
            (-0.0, "-0", "-0.0"),
            (1e-7, "1e-07", "1e-07"),
            (1e-4, "0.0001", "0.0001"),
            (0.00001, "1e-05", "1e-05"),
            (5e-324, "4.94065645841247e-324", "5e-324"),
            (100.0, "100", "100.0"),
            (f64::INFINITY, "inf", "inf"),
            (f64::NAN, "nan", "nan"),
        ] {
            assert_eq!(c_double(value), c);
            assert_eq!(python_repr(value), python);
        }
        for (value, c, python) in [
            (0.1, "0.1", "0.1"),
            (1.0 / 3.0, "0.333333343", "0.33333334"),
            (16_777_216.0, "16777216", "16777216.0"),
            (1e10, "1e+10", "10000000000.0"),
            (3.4e38, "3.4e+38", "3.4e+38"),
        ] {
            assert_eq!(c_float(value), c);
            assert_eq!(python_repr(shortest_float(value)), python);
        }
    }
}
