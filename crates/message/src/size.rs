//! The size of a message on the wire, without writing it.

use russet_descriptor::pool::FieldType;
use russet_descriptor::wire::varint_len;

use crate::codec::{Codec, with_codec};
use crate::list::Items;
use crate::merge::{Nesting, TooDeep};
use crate::message::Message;
use crate::message_set;
use crate::stack;
use crate::types::{FieldInfo, Shape, Storage};
use crate::value::Value;
use crate::wire_table::Kind;

impl Message {
    /// The length in bytes of its wire form.
    pub fn byte_size(&self) -> Result<usize, TooDeep> {
        size(self, Nesting::start())
    }
}

fn size(message: &Message, nesting: Nesting) -> Result<usize, TooDeep> {
    if nesting.is_checked() {
        return stack::with_room(|| size_here(message, nesting));
    }
    size_here(message, nesting)
}

fn size_here(message: &Message, nesting: Nesting) -> Result<usize, TooDeep> {
    let mut total = message.with_unknown(<[u8]>::len);
    let ty = message.ty();
    for entry in ty.wire_table().ordered() {
        let is_set = message.entry_presence(entry);
        if is_set == Some(false) {
            continue;
        }
        let tag = varint_len(entry.tag.into());
        let text = |length: usize| {
            if is_set.is_some() || length != 0 {
                tag + delimited(length)
            } else {
                0
            }
        };
        let varint = |value: u64| {
            if is_set.is_some() || value != 0 {
                tag + varint_len(value)
            } else {
                0
            }
        };
        let field = || &ty.fields()[usize::from(entry.field)];
        total += match entry.kind {
            _ if entry.is_repeated => field_size(message, field(), nesting)?,
            Kind::Other | Kind::Message => field_size(message, field(), nesting)?,
            Kind::String | Kind::Bytes => text(message.get_text(entry).as_slice().len()),
            Kind::Fixed32 if is_set.is_some() || message.get::<u32>(entry) != 0 => tag + 4,
            Kind::Fixed64 if is_set.is_some() || message.get::<u64>(entry) != 0 => tag + 8,
            Kind::Fixed32 | Kind::Fixed64 => 0,
            kind => varint(message.raw_varint(entry, kind)),
        };
    }
    if message.has_extra() {
        let is_set = message.ty().descriptor().is_message_set();
        for extension in message.extensions() {
            total += if is_set && message_set::is_item(extension) {
                item_size(message, extension, nesting)?
            } else {
                field_size(message, extension, nesting)?
            };
        }
    }
    Ok(total)
}

/// Of an extension of a message set.
fn item_size(
    message: &Message,
    extension: &'static FieldInfo,
    nesting: Nesting,
) -> Result<usize, TooDeep> {
    let Some(child) = message.message_slot(extension) else {
        return Ok(0);
    };
    let content = delimited(size(&child, nesting.deeper()?)?);
    Ok(message_set::TAGS + varint_len(extension.number().into()) + content)
}

/// Of all occurrences of a field, with their tags; 0 if it is not set.
fn field_size(
    message: &Message,
    field: &'static FieldInfo,
    nesting: Nesting,
) -> Result<usize, TooDeep> {
    if field.is_reference()
        && let Some(bytes) = message.canonical_bytes(field)
    {
        return Ok(bytes.len());
    }
    if !message.has(field) {
        return Ok(0);
    }
    let tag = tag_size(field);
    Ok(match field.shape() {
        Shape::Singular => {
            tag + with_codec!(field.field_type(),
            C => C::size(message.scalar(field)),
            _ => if field.storage() == Storage::Text {
                message.with_text(field, |text| delimited(text.as_slice().len()))
            } else if let Some(child) = message.message_slot(field) {
                sub_message(&child, field, nesting)?
            } else {
                0
            })
        }
        Shape::List => match message.list_slot(field) {
            Some(list) => list_size(&list.items(), field, tag, nesting)?,
            None => 0,
        },
        Shape::Map => {
            let (key_field, value_field) = field.map_fields();
            let mut entries = 0;
            if let Some(map) = message.map_slot(field) {
                for (key, value) in map.entries().as_slice() {
                    let entry = value_size(key, key_field, nesting)?
                        + value_size(value, value_field, nesting)?;
                    entries += tag + delimited(entry);
                }
            }
            entries
        }
    })
}

fn tag_size(field: &FieldInfo) -> usize {
    varint_len(u64::from(field.number()) << 3)
}

fn delimited(length: usize) -> usize {
    varint_len(length as u64) + length
}

/// Without its first tag; a group's end tag is counted.
fn sub_message(child: &Message, field: &FieldInfo, nesting: Nesting) -> Result<usize, TooDeep> {
    let inner = size(child, nesting.deeper()?)?;
    Ok(if field.field_type() == FieldType::Group {
        inner + tag_size(field)
    } else {
        delimited(inner)
    })
}

fn list_size(
    items: &Items,
    field: &'static FieldInfo,
    tag: usize,
    nesting: Nesting,
) -> Result<usize, TooDeep> {
    let mut total = 0;
    match items {
        Items::Message(items) => {
            for item in items {
                total += tag + sub_message(item, field, nesting)?;
            }
        }
        Items::Text(items) => {
            for item in items {
                total += tag + delimited(item.as_slice().len());
            }
        }
        scalars => with_codec!(field.field_type(),
            C => {
                let items = scalars.slice::<<C as Codec>::T>();
                let inner = match C::FIXED {
                    Some(size) => size * items.len(),
                    None => items.iter().map(|&item| C::size(item)).sum(),
                };
                total = if field.is_packed() {
                    tag + delimited(inner)
                } else {
                    tag * items.len() + inner
                };
            },
            _ => {}),
    }
    Ok(total)
}

/// A map's key or value with its tag.
fn value_size(value: &Value, field: &FieldInfo, nesting: Nesting) -> Result<usize, TooDeep> {
    use crate::codec as c;
    use FieldType as T;
    Ok(tag_size(field)
        + match (value, field.field_type()) {
            (Value::Message(child), _) => sub_message(child, field, nesting)?,
            (Value::Text(text), _) => delimited(text.as_slice().len()),
            (Value::Bool(_), _) => 1,
            (Value::F32(_), _) | (_, T::Sfixed32 | T::Fixed32) => 4,
            (Value::F64(_), _) | (_, T::Sfixed64 | T::Fixed64) => 8,
            (Value::I32(value), T::Sint32) => c::Sint32::size(*value),
            (Value::I32(value), _) => c::Int32::size(*value),
            (Value::U32(value), _) => c::Uint32::size(*value),
            (Value::I64(value), T::Sint64) => c::Sint64::size(*value),
            (Value::I64(value), _) => c::Int64::size(*value),
            (Value::U64(value), _) => c::Uint64::size(*value),
        })
}
