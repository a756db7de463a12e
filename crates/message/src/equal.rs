//! Equality of content.
//!
//! Floating-point numbers compare by their bits, as in the original: a NaN is equal to itself, and -0.0 is not 0.0, since the messages would be written differently. Maps compare without order, unknown fields by number: their order counts only among those of one number.

use russet_descriptor::wire::{MAX_FIELD_NUMBER, Reader};

use crate::MAX_DEPTH;
use crate::list::Items;
use crate::map::Entries;
use crate::merge::{Nesting, TooDeep};
use crate::message::{Message, Reference};
use crate::stack;
use crate::types::{FieldInfo, Shape, Storage};
use crate::value::Value;
use crate::wire_table::Kind;

impl Message {
    /// Whether both are of one type and have the same content.
    pub fn equals(&self, other: &Self) -> Result<bool, TooDeep> {
        equal(self, other, Nesting::start())
    }
}

fn equal(a: &Message, b: &Message, nesting: Nesting) -> Result<bool, TooDeep> {
    if nesting.is_checked() {
        return stack::with_room(|| equal_here(a, b, nesting));
    }
    equal_here(a, b, nesting)
}

fn equal_here(a: &Message, b: &Message, nesting: Nesting) -> Result<bool, TooDeep> {
    if !std::ptr::eq(a.ty(), b.ty()) {
        return Ok(false);
    }
    let ty = a.ty();
    for entry in ty.wire_table().ordered() {
        // What is not set is zero.
        let is_equal = a.entry_presence(entry) == b.entry_presence(entry)
            && match entry.kind {
                _ if entry.is_repeated => {
                    equal_field(a, b, &ty.fields()[usize::from(entry.field)], nesting)?
                }
                Kind::Other | Kind::Message => {
                    equal_field(a, b, &ty.fields()[usize::from(entry.field)], nesting)?
                }
                Kind::String | Kind::Bytes => a.get_text(entry) == b.get_text(entry),
                kind => match kind.width() {
                    1 => a.get::<u8>(entry) == b.get::<u8>(entry),
                    4 => a.get::<u32>(entry) == b.get::<u32>(entry),
                    _ => a.get::<u64>(entry) == b.get::<u64>(entry),
                },
            };
        if !is_equal {
            return Ok(false);
        }
    }
    if !a.has_extra() && !b.has_extra() {
        return Ok(true);
    }
    let extensions = a.extensions();
    let others = b.extensions();
    if extensions.len() != others.len() {
        return Ok(false);
    }
    for (field, other) in extensions.into_iter().zip(others) {
        if !std::ptr::eq(field, other) || !equal_field(a, b, field, nesting)? {
            return Ok(false);
        }
    }
    Ok(a.with_unknown(|a| b.with_unknown(|b| a == b || by_number(a) == by_number(b))))
}

/// Whether a field is set in both or neither, and to the same.
#[inline]
fn equal_field(
    a: &Message,
    b: &Message,
    field: &'static FieldInfo,
    nesting: Nesting,
) -> Result<bool, TooDeep> {
    if field.is_reference()
        && let (Reference::Unread(one), Reference::Unread(other)) =
            (a.slot_reference(field), b.slot_reference(field))
        && a.unread_bytes(one) == b.unread_bytes(other)
    {
        return Ok(true);
    }
    match field.shape() {
        Shape::Singular => {
            let is_set = a.has(field);
            if is_set != b.has(field) {
                return Ok(false);
            }
            if !is_set {
                return Ok(true);
            }
            match field.storage() {
                Storage::Text => Ok(a.with_text(field, |a| b.with_text(field, |b| a == b))),
                Storage::Message => match (a.message_slot(field), b.message_slot(field)) {
                    (Some(a), Some(b)) => equal(&a, &b, nesting.deeper()?),
                    _ => Ok(false),
                },
                Storage::Bool => Ok(a.scalar::<bool>(field) == b.scalar::<bool>(field)),
                Storage::I32 => Ok(a.scalar::<i32>(field) == b.scalar::<i32>(field)),
                Storage::U32 => Ok(a.scalar::<u32>(field) == b.scalar::<u32>(field)),
                Storage::I64 => Ok(a.scalar::<i64>(field) == b.scalar::<i64>(field)),
                Storage::U64 => Ok(a.scalar::<u64>(field) == b.scalar::<u64>(field)),
                Storage::F32 => {
                    Ok(a.scalar::<f32>(field).to_bits() == b.scalar::<f32>(field).to_bits())
                }
                Storage::F64 => {
                    Ok(a.scalar::<f64>(field).to_bits() == b.scalar::<f64>(field).to_bits())
                }
            }
        }
        Shape::List => match (a.list_slot(field), b.list_slot(field)) {
            (Some(a), Some(b)) => items(&a.items(), &b.items(), nesting),
            (list, other) => Ok(list.or(other).is_none_or(|list| list.is_empty())),
        },
        Shape::Map => match (a.map_slot(field), b.map_slot(field)) {
            (Some(a), Some(b)) => entries(&a.entries(), &b.entries(), nesting),
            (map, other) => Ok(map.or(other).is_none_or(|map| map.is_empty())),
        },
    }
}

/// Unknown fields ascending by number; what cannot be read is last, as it is.
fn by_number(unknown: &[u8]) -> Vec<(u32, &[u8])> {
    let mut fields = Vec::new();
    let mut reader = Reader::new(unknown);
    while !reader.is_empty() {
        let start = reader.rest();
        let read = reader.tag().and_then(|(number, wire_type)| {
            reader.skip(number, wire_type, MAX_DEPTH)?;
            Ok(number)
        });
        let Ok(number) = read else {
            fields.push((MAX_FIELD_NUMBER + 1, start));
            break;
        };
        fields.push((number, &start[..start.len() - reader.rest().len()]));
    }
    fields.sort_by_key(|&(number, _)| number);
    fields
}

/// Whether two values are equal.
pub(crate) fn value(a: &Value, b: &Value, nesting: Nesting) -> Result<bool, TooDeep> {
    Ok(match (a, b) {
        (Value::F32(a), Value::F32(b)) => a.to_bits() == b.to_bits(),
        (Value::F64(a), Value::F64(b)) => a.to_bits() == b.to_bits(),
        (Value::Message(a), Value::Message(b)) => equal(a, b, nesting.deeper()?)?,
        (a, b) => a.same_key(b),
    })
}

fn items(a: &Items, b: &Items, nesting: Nesting) -> Result<bool, TooDeep> {
    Ok(match (a, b) {
        (Items::I32(a), Items::I32(b)) => a == b,
        (Items::U32(a), Items::U32(b)) => a == b,
        (Items::I64(a), Items::I64(b)) => a == b,
        (Items::U64(a), Items::U64(b)) => a == b,
        (Items::F32(a), Items::F32(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        }
        (Items::F64(a), Items::F64(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        }
        (Items::Bool(a), Items::Bool(b)) => a == b,
        (Items::Text(a), Items::Text(b)) => a == b,
        (Items::Message(a), Items::Message(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b) {
                if !equal(a, b, nesting.deeper()?)? {
                    return Ok(false);
                }
            }
            true
        }
        _ => false,
    })
}

fn entries(a: &Entries, b: &Entries, nesting: Nesting) -> Result<bool, TooDeep> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (key, a) in a.as_slice() {
        match b.get(key) {
            Some(b) if value(a, b, nesting)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}
