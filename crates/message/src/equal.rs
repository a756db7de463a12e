//! Equality of content.
//!
//! Floating-point numbers compare by their bits, as in the original: a NaN is equal to itself, and -0.0 is not 0.0, since the messages would be written differently. Maps compare without order, unknown fields by number: their order counts only among those of one number.

use russet_descriptor::wire::{MAX_FIELD_NUMBER, Reader};

use crate::MAX_DEPTH;
use crate::list::Items;
use crate::map::Entries;
use crate::merge::{Nesting, TooDeep};
use crate::message::Message;
use crate::types::{Shape, Storage};
use crate::value::Value;

impl Message {
    /// Whether both are of one type and have the same content.
    pub fn equals(&self, other: &Self) -> Result<bool, TooDeep> {
        equal(self, other, Nesting::start())
    }
}

fn equal(a: &Message, b: &Message, nesting: Nesting) -> Result<bool, TooDeep> {
    if !std::ptr::eq(a.ty(), b.ty()) {
        return Ok(false);
    }
    let fields = a.set_fields();
    let others = b.set_fields();
    if fields.len() != others.len()
        || !fields
            .iter()
            .zip(&others)
            .all(|(a, b)| std::ptr::eq(*a, *b))
    {
        return Ok(false);
    }
    for field in fields {
        let same = match field.shape() {
            Shape::Singular if field.storage() == Storage::Text => {
                a.with_text(field, |a| b.with_text(field, |b| a == b))
            }
            Shape::Singular => match (a.value(field), b.value(field)) {
                (Some(a), Some(b)) => value(&a, &b, nesting)?,
                _ => false,
            },
            Shape::List => match (a.list_slot(field), b.list_slot(field)) {
                (Some(a), Some(b)) => items(&a.items(), &b.items(), nesting)?,
                _ => false,
            },
            Shape::Map => match (a.map_slot(field), b.map_slot(field)) {
                (Some(a), Some(b)) => entries(&a.entries(), &b.entries(), nesting)?,
                _ => false,
            },
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(a.with_unknown(|a| b.with_unknown(|b| a == b || by_number(a) == by_number(b))))
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
