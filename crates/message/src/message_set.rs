//! Message sets, an old form of messages (`message_set_wire_format`) whose extensions are written as items: groups of a type id, the extension's number, and a message.

use russet_descriptor::pool::FieldType;
use russet_descriptor::wire::{Reader, WireType, put_bytes, put_tag, put_varint};

use crate::MAX_DEPTH;
use crate::types::{FieldInfo, Shape};

/// The field that is an item.
pub(crate) const ITEM: u32 = 1;
/// In an item, the number of the extension.
pub(crate) const TYPE_ID: u32 = 2;
/// In an item, its message.
pub(crate) const MESSAGE: u32 = 3;

/// The bytes of the tags around an item, its type id and its message: each of them has one.
pub(crate) const TAGS: usize = 4;

/// Whether an extension of a message set is written as an item; the language allows no others.
pub(crate) fn is_item(extension: &FieldInfo) -> bool {
    extension.shape() == Shape::Singular && extension.field_type() == FieldType::Message
}

/// An item whose type id no extension has, as it is written.
pub(crate) fn unknown_item(type_id: u32, content: &[u8]) -> Vec<u8> {
    let mut item = Vec::with_capacity(content.len() + 16);
    put_tag(&mut item, ITEM, WireType::StartGroup);
    put_tag(&mut item, TYPE_ID, WireType::Varint);
    put_varint(&mut item, type_id.into());
    put_bytes(&mut item, MESSAGE, content);
    put_tag(&mut item, ITEM, WireType::EndGroup);
    item
}

/// The type id and the message of an item that was kept as an unknown field, after its start tag; the reader is then after it. `None` if it is none.
pub(crate) fn read_item<'a>(reader: &mut Reader<'a>) -> Option<(u32, &'a [u8])> {
    let mut inner = *reader;
    let is_group = reader.skip(ITEM, WireType::StartGroup, MAX_DEPTH).is_ok();
    let (TYPE_ID, WireType::Varint) = inner.tag().ok()? else {
        return None;
    };
    let type_id = u32::try_from(inner.varint().ok()?).ok()?;
    let (MESSAGE, WireType::LengthDelimited) = inner.tag().ok()? else {
        return None;
    };
    let content = inner.length_delimited().ok()?;
    is_group.then_some((type_id, content))
}
