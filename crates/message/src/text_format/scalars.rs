//! Values of scalar fields in text format.

use russet_descriptor::pool::FieldType;

use super::error::ParseError;
use super::escape::{python_quoted, unescape};
use super::numbers::{NumberError, parse_bool, parse_float, parse_integer};
use super::tokens::Tokens;
use crate::text::Text;
use crate::types::{FieldInfo, Storage};
use crate::value::Value;

/// A scalar of a field's type.
pub(super) fn scalar(tokens: &mut Tokens<'_>, field: &FieldInfo) -> Result<Value, ParseError> {
    let value = match field.field_type() {
        FieldType::String => {
            let bytes = string(tokens)?;
            if let Err(error) = simdutf8::compat::from_utf8(&bytes) {
                let what = utf8_error(&bytes, error);
                return Err(tokens.error(format!("Couldn't parse string: {what}")));
            }
            return Ok(Value::Text(Text::copy_of(&bytes)));
        }
        FieldType::Bytes => return Ok(Value::Text(Text::copy_of(&string(tokens)?))),
        FieldType::Enum => Value::I32(enum_number(tokens, field)?),
        _ => number(tokens.token(), field).map_err(|error| tokens.error(error.to_string()))?,
    };
    tokens.advance();
    Ok(value)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "integers are checked against the range of their type; a float is rounded to its own"
)]
fn number(token: &str, field: &FieldInfo) -> Result<Value, NumberError> {
    Ok(match field.storage() {
        Storage::I32 => Value::I32(parse_integer(token, i32::MIN.into(), i32::MAX.into())? as i32),
        Storage::I64 => Value::I64(parse_integer(token, i64::MIN.into(), i64::MAX.into())? as i64),
        #[expect(clippy::cast_sign_loss, reason = "the range begins at zero")]
        Storage::U32 => Value::U32(parse_integer(token, 0, u32::MAX.into())? as u32),
        #[expect(clippy::cast_sign_loss, reason = "the range begins at zero")]
        Storage::U64 => Value::U64(parse_integer(token, 0, u64::MAX.into())? as u64),
        Storage::F32 => Value::F32(parse_float(token)? as f32),
        Storage::F64 => Value::F64(parse_float(token)?),
        Storage::Bool | Storage::Text | Storage::Message => Value::Bool(parse_bool(token)?),
    })
}

/// The number of an enum value, given by its name or number.
fn enum_number(tokens: &Tokens<'_>, field: &FieldInfo) -> Result<i32, ParseError> {
    let token = tokens.token();
    let enumeration = field
        .descriptor()
        .enum_type()
        .expect("an enum field has its enum");
    if let Some(value) = enumeration.value_by_name(token) {
        return Ok(value.number());
    }
    let number = match parse_integer(token, i32::MIN.into(), i32::MAX.into()) {
        Ok(number) => i32::try_from(number).unwrap_or_default(),
        Err(error @ NumberError::OutOfRange(_)) if !enumeration.is_closed() => {
            return Err(tokens.error(error.to_string()));
        }
        Err(NumberError::OutOfRange(number)) => {
            return Err(tokens.error(format!(
                "Enum type \"{}\" has no value with number {number}.",
                enumeration.full_name()
            )));
        }
        Err(_) => {
            return Err(tokens.error(format!(
                "Enum type \"{}\" has no value named {token}.",
                enumeration.full_name()
            )));
        }
    };
    if enumeration.is_closed() && enumeration.value_by_number(number).is_none() {
        return Err(tokens.error(format!(
            "Enum type \"{}\" has no value with number {number}.",
            enumeration.full_name()
        )));
    }
    Ok(number)
}

/// The bytes of one or more strings that follow each other.
pub(super) fn string(tokens: &mut Tokens<'_>) -> Result<Vec<u8>, ParseError> {
    let mut bytes = one_string(tokens)?;
    while tokens.token().starts_with(['"', '\'']) {
        bytes.extend(one_string(tokens)?);
    }
    Ok(bytes)
}

fn one_string(tokens: &mut Tokens<'_>) -> Result<Vec<u8>, ParseError> {
    let token = tokens.token();
    let Some(quote @ (b'"' | b'\'')) = token.bytes().next() else {
        let found = python_quoted(token);
        return Err(tokens.error(format!("Expected string but found: {found}")));
    };
    if token.len() < 2 || token.as_bytes()[token.len() - 1] != quote {
        let found = python_quoted(token);
        return Err(tokens.error(format!("String missing ending quote: {found}")));
    }
    let bytes =
        unescape(&token[1..token.len() - 1]).map_err(|error| tokens.error(error.to_string()))?;
    tokens.advance();
    Ok(bytes)
}

/// What Python's decoder says of bytes that are no UTF-8.
fn utf8_error(bytes: &[u8], error: simdutf8::compat::Utf8Error) -> String {
    let start = error.valid_up_to();
    let length = error.error_len().unwrap_or(bytes.len() - start);
    let reason = match (error.error_len(), bytes[start]) {
        (None, _) => "unexpected end of data",
        (Some(_), 0x80..=0xc1 | 0xf5..) => "invalid start byte",
        (Some(_), _) => "invalid continuation byte",
    };
    if length == 1 {
        let byte = bytes[start];
        format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {start}: {reason}")
    } else {
        let end = start + length - 1;
        format!("'utf-8' codec can't decode bytes in position {start}-{end}: {reason}")
    }
}
