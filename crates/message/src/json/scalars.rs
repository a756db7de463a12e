//! Values of scalar fields in JSON.

use russet_descriptor::pool::FieldType;

use super::base64;
use super::document::{Document, Node};
use super::error::{Failure, Kind};
use super::show::{shown, type_name};
use crate::text::Text;
use crate::types::{FieldInfo, Storage};
use crate::value::Value;

/// The value of a field that is not a message. A key of a map must be a string, also if it is a bool.
pub(super) fn scalar(
    document: &Document<'_>,
    index: usize,
    field: &FieldInfo,
    is_key: bool,
) -> Result<Value, Failure> {
    let node = document.node(index);
    match field.field_type() {
        FieldType::Bool => truth(document, index, is_key).map(Value::Bool),
        FieldType::Enum => enum_number(document, index, field).map(Value::I32),
        FieldType::Float | FieldType::Double => float(document, index, field),
        FieldType::String => match node {
            Node::String(text) => Ok(Value::Text(Text::copy_of(text.as_bytes()))),
            Node::Unpaired(_) => Err(Failure::parse("Unpaired surrogate")),
            _ => Err(Failure::new(
                Kind::Type,
                format!(
                    "expected string or bytes-like object, got '{}'",
                    type_name(node)
                ),
            )),
        },
        FieldType::Bytes => {
            let encoded = match node {
                Node::String(text) => text.as_bytes(),
                Node::Unpaired(_) => return Err(Failure::parse("Unpaired surrogate")),
                Node::Bytes(bytes) => bytes,
                _ => {
                    return Err(Failure::new(
                        Kind::Type,
                        format!("expected base64 in a str, got '{}'", type_name(node)),
                    ));
                }
            };
            base64::decode(encoded)
                .map(|bytes| Value::Text(Text::copy_of(&bytes)))
                .map_err(|problem| Failure::new(Kind::Value, problem))
        }
        _ => integer_of(document, index, field),
    }
}

/// An integer in the range of a field.
fn integer_of(document: &Document<'_>, index: usize, field: &FieldInfo) -> Result<Value, Failure> {
    let number = match document.node(index) {
        Node::Number(text) | Node::String(text) => plain_integer(text),
        _ => None,
    };
    let number = match number {
        Some(number) => number.into(),
        None => integer(document, index)?,
    };
    let out_of_range = || Failure::new(Kind::Value, format!("Value out of range: {number}"));
    Ok(match field.storage() {
        Storage::I32 => Value::I32(i32::try_from(number).map_err(|_| out_of_range())?),
        Storage::U32 => Value::U32(u32::try_from(number).map_err(|_| out_of_range())?),
        Storage::U64 => Value::U64(u64::try_from(number).map_err(|_| out_of_range())?),
        _ => Value::I64(i64::try_from(number).map_err(|_| out_of_range())?),
    })
}

/// An integer of few digits and nothing else, which nearly all are.
fn plain_integer(text: &str) -> Option<i64> {
    // Any number of so many digits fits.
    const DIGITS: usize = 18;
    let bytes = text.as_bytes();
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    if digits.is_empty() || digits.len() > DIGITS {
        return None;
    }
    let mut number = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(digit - b'0');
    }
    Some(if digits.len() < bytes.len() {
        -number
    } else {
        number
    })
}

/// An integer: a number without a fraction, or a string of one.
fn integer(document: &Document<'_>, index: usize) -> Result<i128, Failure> {
    let node = document.node(index);
    match node {
        Node::Number(text) if !text.contains(['.', 'e', 'E']) => text
            .parse()
            .map_err(|_| Failure::new(Kind::Value, format!("Value out of range: {text}"))),
        Node::Number(_) | Node::Float(_) => {
            let value = float_of(node).unwrap_or(f64::NAN);
            whole(value).ok_or_else(|| {
                Failure::parse(format!(
                    "Couldn't parse integer: {}",
                    shown(document, index)
                ))
            })
        }
        Node::String(text) => {
            if text.contains(' ') {
                return Err(Failure::parse(format!(
                    "Couldn't parse integer: \"{text}\""
                )));
            }
            if let Some(number) = python_integer(text) {
                return Ok(number);
            }
            let Some(value) = python_float(text) else {
                return Err(Failure::new(
                    Kind::Value,
                    format!("invalid literal for int() with base 10: '{text}'"),
                ));
            };
            whole(value).ok_or_else(|| {
                Failure::parse(format!("Couldn't parse non-integer string: \"{text}\""))
            })
        }
        Node::Other(other) => match other.integer {
            Some(number) => Ok(number),
            None if other.has_fraction => Err(Failure::parse(format!(
                "Couldn't parse integer: {}",
                other.shown
            ))),
            None => Err(no_integer(node)),
        },
        Node::Bool(_) => Err(Failure::parse(format!(
            "Bool value {} is not acceptable for integer field",
            shown(document, index)
        ))),
        _ => Err(no_integer(node)),
    }
}

fn no_integer(node: &Node<'_>) -> Failure {
    Failure::new(
        Kind::Type,
        format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            type_name(node)
        ),
    )
}

/// The integer that a float is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers come here, and those beyond i128 are out of the range of any field as its greatest is"
)]
fn whole(value: f64) -> Option<i128> {
    (value.is_finite() && value.fract() == 0.0).then_some(value as i128)
}

fn float_of(node: &Node<'_>) -> Option<f64> {
    match node {
        Node::Number(text) => text.parse().ok(),
        Node::Float(value) => Some(*value),
        _ => None,
    }
}

fn float(document: &Document<'_>, index: usize, field: &FieldInfo) -> Result<Value, Failure> {
    let node = document.node(index);
    let is_single = field.field_type() == FieldType::Float;
    let value = match node {
        Node::Number(_) | Node::Float(_) => {
            let value = float_of(node).unwrap_or(f64::NAN);
            if value.is_nan() {
                return Err(Failure::parse(
                    "Couldn't parse NaN, use quoted \"NaN\" instead",
                ));
            }
            if value == f64::INFINITY {
                return Err(Failure::parse(
                    "Couldn't parse Infinity or value too large, use quoted \"Infinity\" instead",
                ));
            }
            if value == f64::NEG_INFINITY {
                return Err(Failure::parse(
                    "Couldn't parse -Infinity or value too small, use quoted \"-Infinity\" instead",
                ));
            }
            // What rounds to the greatest float is that: so its shortest text comes back.
            if is_single && single(value).is_infinite() {
                return Err(Failure::parse(if value > 0.0 {
                    "Float value too large"
                } else {
                    "Float value too small"
                }));
            }
            value
        }
        Node::String(text) if text == "nan" => {
            return Err(Failure::parse(
                "Couldn't parse float \"nan\", use \"NaN\" instead",
            ));
        }
        Node::String(text) => python_float(text)
            .ok_or_else(|| Failure::parse(format!("Couldn't parse float: {text}")))?,
        Node::Bool(truth) => f64::from(u8::from(*truth)),
        Node::Other(other) if other.float.is_some() => other.float.unwrap_or(f64::NAN),
        _ => {
            return Err(Failure::new(
                Kind::Type,
                format!(
                    "float() argument must be a string or a real number, not '{}'",
                    type_name(node)
                ),
            ));
        }
    };
    Ok(if is_single {
        Value::F32(single(value))
    } else {
        Value::F64(value)
    })
}

/// The nearest float.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the nearest is what is wanted"
)]
fn single(value: f64) -> f32 {
    value as f32
}

fn truth(document: &Document<'_>, index: usize, is_key: bool) -> Result<bool, Failure> {
    match document.node(index) {
        Node::Bool(truth) if !is_key => Ok(*truth),
        Node::String(text) if is_key && text == "true" => Ok(true),
        Node::String(text) if is_key && text == "false" => Ok(false),
        _ if is_key => Err(Failure::parse(format!(
            "Expected \"true\" or \"false\", not {}",
            shown(document, index)
        ))),
        _ => Err(Failure::parse("Expected true or false without quotes")),
    }
}

fn enum_number(document: &Document<'_>, index: usize, field: &FieldInfo) -> Result<i32, Failure> {
    let enumeration = field
        .descriptor()
        .enum_type()
        .expect("an enum field has its enum");
    let node = document.node(index);
    let invalid = |kind| {
        let value = shown(document, index);
        let name = enumeration.full_name();
        Failure::new(
            kind,
            format!("Invalid enum value {value} for enum type {name}"),
        )
    };
    let number = match node {
        Node::String(text) => {
            if let Some(value) = enumeration.value_by_name(text) {
                return Ok(value.number());
            }
            if let Some(number) = field.enum_names().and_then(|names| names.number(text)) {
                return Ok(number);
            }
            python_integer(text).ok_or_else(|| invalid(Kind::EnumString))?
        }
        Node::Unpaired(_) => return Err(invalid(Kind::EnumString)),
        Node::Bool(truth) => i128::from(*truth),
        Node::Number(_) | Node::Float(_) => {
            integer(document, index).map_err(|_| invalid(Kind::Parse))?
        }
        Node::Other(_) => match integer(document, index) {
            Ok(number) => number,
            Err(failure) if failure.kind() == Kind::Type => return Err(failure),
            Err(_) => return Err(invalid(Kind::Parse)),
        },
        Node::List(_) | Node::Object(_) | Node::Mapping(_) => {
            let text = format!("unhashable type: '{}'", type_name(node));
            return Err(Failure::new(Kind::Type, text));
        }
        _ => return Err(no_integer(node)),
    };
    let out_of_range = || Failure::new(Kind::Value, format!("Value out of range: {number}"));
    let known = i32::try_from(number)
        .ok()
        .filter(|&number| enumeration.value_by_number(number).is_some());
    match known {
        Some(number) => Ok(number),
        None if enumeration.is_closed() => Err(invalid(Kind::Parse)),
        None => i32::try_from(number).map_err(|_| out_of_range()),
    }
}

/// What Python's `int` makes of a string.
fn python_integer(text: &str) -> Option<i128> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !separated(digits)
        || !digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
    {
        return None;
    }
    let digits = digits.replace('_', "");
    // What is longer is out of any field's range, and so is the greatest.
    let number = digits.parse().unwrap_or(i128::MAX);
    Some(if text.starts_with('-') {
        -number
    } else {
        number
    })
}

/// What Python's `float` makes of a string.
fn python_float(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.contains('_') {
        return text.parse().ok();
    }
    let groups = text.split(|c: char| !c.is_ascii_digit() && c != '_');
    if groups.filter(|group| group.contains('_')).all(separated) {
        return text.replace('_', "").parse().ok();
    }
    None
}

/// Whether there are digits, and underscores only between them.
fn separated(digits: &str) -> bool {
    digits.split('_').all(|group| !group.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_few_digits_are_read_fast_and_others_are_left() {
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("-007", -7),
            ("999999999999999999", 999_999_999_999_999_999),
            ("-999999999999999999", -999_999_999_999_999_999),
        ] {
            assert_eq!(plain_integer(text), Some(number), "{text}");
        }
        for text in [
            "",
            "-",
            "1.0",
            "1234567890123456789",
            " 1",
            "0x1",
            "1_0",
            "+1",
            "٣",
        ] {
            assert_eq!(plain_integer(text), None, "{text}");
        }
    }
}
