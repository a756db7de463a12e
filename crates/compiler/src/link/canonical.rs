//! The wire form of options as protoc writes it: fields by number, messages merged, packed where the schema says so; and without what is meant for the source only.

use std::collections::BTreeMap;

use russet_descriptor::proto::{FileDescriptorProto, Rewrite, field_type};
use russet_descriptor::wire::{Reader, WireError, WireType, put_bytes, put_tag, put_varint};

use super::visit::{Keep, for_each, look_at_each};
use crate::table::{Field, MessageId, Table};

/// How deep options may nest.
pub(super) const MAX_OPTION_DEPTH: u32 = 100;

/// The field that is an item of a message set, and the parts of an item: the number of an extension, and its message.
const ITEM: u32 = 1;
const TYPE_ID: u32 = 2;
const MESSAGE: u32 = 3;

/// The first byte of an item.
const ITEM_TAG: u8 = 0x0b;

/// Appends a message's bytes as the value of a field.
pub(super) fn put_message(table: &Table, field: &Field, value: &[u8], out: &mut Vec<u8>) {
    // A tag and a length, or two tags.
    out.reserve(value.len() + 10);
    let number = field.number.unsigned_abs();
    if field.containing.is_some_and(|id| table[id].is_message_set) {
        put_tag(out, ITEM, WireType::StartGroup);
        put_tag(out, TYPE_ID, WireType::Varint);
        put_varint(out, number.into());
        put_bytes(out, MESSAGE, value);
        put_tag(out, ITEM, WireType::EndGroup);
    } else {
        put_option(field, value, out);
    }
}

/// As [`put_message`], but an extension of a message set is a field like any other: so protoc writes each option before all are brought into canonical form.
pub(super) fn put_option(field: &Field, value: &[u8], out: &mut Vec<u8>) {
    out.reserve(value.len() + 10);
    let number = field.number.unsigned_abs();
    if field.is_delimited() {
        put_tag(out, number, WireType::StartGroup);
        out.extend_from_slice(value);
        put_tag(out, number, WireType::EndGroup);
    } else {
        put_bytes(out, number, value);
    }
}

/// The next field of a message: its number, its wire type, and [`value_bytes`]. An item of a message set is the extension that it has the number of.
pub(super) fn next_field<'b>(
    table: &Table,
    message: MessageId,
    reader: &mut Reader<'b>,
) -> Result<(u32, WireType, &'b [u8]), WireError> {
    let (number, wire_type) = reader.tag()?;
    let value = value_bytes(reader, number, wire_type)?;
    if (number, wire_type) == (ITEM, WireType::StartGroup)
        && table[message].is_message_set
        && let Some((type_id, content)) = item(value)
    {
        return Ok((type_id, WireType::LengthDelimited, content));
    }
    Ok((number, wire_type, value))
}

/// The number and the message of an item as [`put_message`] writes it.
fn item(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut reader = Reader::new(bytes);
    let (TYPE_ID, WireType::Varint) = reader.tag().ok()? else {
        return None;
    };
    let type_id = u32::try_from(reader.varint().ok()?).ok()?;
    let (MESSAGE, WireType::LengthDelimited) = reader.tag().ok()? else {
        return None;
    };
    let content = reader.length_delimited().ok()?;
    reader.is_empty().then_some((type_id, content))
}

/// The bytes of a value: of a length-delimited one and of a group the content, of a number its encoding.
pub(super) fn value_bytes<'b>(
    reader: &mut Reader<'b>,
    number: u32,
    wire_type: WireType,
) -> Result<&'b [u8], WireError> {
    match wire_type {
        WireType::LengthDelimited => reader.length_delimited(),
        WireType::StartGroup => {
            let start = reader.rest();
            reader.skip(number, wire_type, MAX_OPTION_DEPTH)?;
            let length = start.len() - reader.rest().len();
            let end_tag = russet_descriptor::wire::varint_len(
                (u64::from(number) << 3) | WireType::EndGroup as u64,
            );
            Ok(&start[..length.saturating_sub(end_tag)])
        }
        _ => {
            let start = reader.rest();
            reader.skip(number, wire_type, MAX_OPTION_DEPTH)?;
            Ok(&start[..start.len() - reader.rest().len()])
        }
    }
}

/// All values of one field.
struct Values<'t, 'b> {
    field: &'t Field,
    list: Vec<(WireType, std::borrow::Cow<'b, [u8]>)>,
}

/// A message's bytes in canonical form, with options of source retention.
pub(super) fn made_canonical(
    table: &Table,
    message: MessageId,
    bytes: Vec<u8>,
) -> Result<Vec<u8>, WireError> {
    if is_canonical(table, message, &bytes, MAX_OPTION_DEPTH) {
        return Ok(bytes);
    }
    canonical(table, message, &bytes, false, MAX_OPTION_DEPTH)
}

/// Rewrites a message's bytes. With `strip`, fields of source retention are left out.
fn canonical(
    table: &Table,
    message: MessageId,
    bytes: &[u8],
    strip: bool,
    depth: u32,
) -> Result<Vec<u8>, WireError> {
    let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
    let mut known: BTreeMap<u32, Values<'_, '_>> = BTreeMap::new();
    let mut unknown = Vec::new();
    // The member of each oneof that is set: of several, the last.
    let mut members: BTreeMap<usize, u32> = BTreeMap::new();
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let start = reader.rest();
        let (number, wire_type, value) = next_field(table, message, &mut reader)?;
        let signed = i32::try_from(number).unwrap_or(i32::MAX);
        let Some(id) = table.field_by_number(message, signed) else {
            unknown.extend_from_slice(&start[..start.len() - reader.rest().len()]);
            continue;
        };
        let field = &table[id];
        if strip && field.is_source_only {
            continue;
        }
        if let (Some(oneof), false) = (field.oneof, field.is_extension)
            && let Some(earlier) = members.insert(oneof, number)
            && earlier != number
        {
            known.remove(&earlier);
        }
        let values = known.entry(number).or_insert_with(|| Values {
            field,
            list: Vec::new(),
        });
        add_value(values, field, wire_type, value)?;
    }
    let mut out = Vec::with_capacity(bytes.len());
    for (number, values) in known {
        let field = values.field;
        if field.is_message() {
            for (_, value) in &values.list {
                let inner = match field.message {
                    // Stripping does not reach into groups, nor does protoc's.
                    Some(inner) => {
                        canonical(table, inner, value, strip && !field.is_delimited(), depth)?
                    }
                    None => value.to_vec(),
                };
                put_message(table, field, &inner, &mut out);
            }
        } else if field.is_packable() && field.packed {
            let packed: Vec<u8> = values
                .list
                .iter()
                .flat_map(|(_, value)| value.iter().copied())
                .collect();
            put_bytes(&mut out, number, &packed);
        } else if !is_absent(field, &values.list) {
            for (wire_type, value) in &values.list {
                put_tag(&mut out, number, *wire_type);
                if *wire_type == WireType::LengthDelimited {
                    put_varint(&mut out, value.len() as u64);
                }
                out.extend_from_slice(value);
            }
        }
    }
    out.extend_from_slice(&unknown);
    Ok(out)
}

/// Whether a field without presence is zero, which is as if it were not set.
fn is_absent(field: &Field, values: &[(WireType, std::borrow::Cow<'_, [u8]>)]) -> bool {
    field.has_implicit_presence()
        && values
            .iter()
            .all(|(_, value)| value.iter().all(|&byte| byte == 0) && !is_text(field, value))
}

/// Whether a string or bytes field holds something, be it zeros.
fn is_text(field: &Field, value: &[u8]) -> bool {
    matches!(field.type_, field_type::STRING | field_type::BYTES) && !value.is_empty()
}

fn add_value<'b>(
    values: &mut Values<'_, 'b>,
    field: &Field,
    wire_type: WireType,
    value: &'b [u8],
) -> Result<(), WireError> {
    if field.is_repeated() {
        if field.is_packable() && wire_type == WireType::LengthDelimited {
            let own = scalar_wire_type(field.type_);
            let mut reader = Reader::new(value);
            while !reader.is_empty() {
                let one = value_bytes(&mut reader, 1, own)?;
                values.list.push((own, one.into()));
            }
        } else {
            values.list.push((wire_type, value.into()));
        }
    } else if let (true, Some((_, present))) = (field.is_message(), values.list.first_mut()) {
        // Two occurrences of a message are one message.
        present.to_mut().extend_from_slice(value);
    } else {
        values.list = vec![(wire_type, value.into())];
    }
    Ok(())
}

fn scalar_wire_type(type_: i32) -> WireType {
    match type_ {
        field_type::DOUBLE | field_type::FIXED64 | field_type::SFIXED64 => WireType::Fixed64,
        field_type::FLOAT | field_type::FIXED32 | field_type::SFIXED32 => WireType::Fixed32,
        _ => WireType::Varint,
    }
}

/// Whether [`strip_source_retention`] would change nothing.
pub(crate) fn is_runtime_form(table: &Table, file: &FileDescriptorProto) -> bool {
    let mut unchanged = true;
    let mut bytes = Vec::new();
    look_at_each(file, &mut |options| {
        if let (true, Some(message)) = (unchanged, table.builtin(options.type_name())) {
            bytes.clear();
            options.encode_into(&mut bytes);
            unchanged = is_canonical(table, message, &bytes, MAX_OPTION_DEPTH);
        }
    });
    unchanged
}

/// Whether [`canonical`] with `strip` gives the same bytes. It may say no where it does.
fn is_canonical(table: &Table, message: MessageId, bytes: &[u8], depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let mut reader = Reader::new(bytes);
    let mut last = 0;
    let mut unknown = false;
    let mut members = Vec::new();
    while !reader.is_empty() {
        let start = reader.rest();
        let Ok((number, wire_type, value)) = next_field(table, message, &mut reader) else {
            return false;
        };
        // In a message set only items are.
        if table[message].is_message_set && start.first() != Some(&ITEM_TAG) {
            return false;
        }
        let signed = i32::try_from(number).unwrap_or(i32::MAX);
        let Some(id) = table.field_by_number(message, signed) else {
            unknown = true;
            continue;
        };
        let field = &table[id];
        let repeats = number == last;
        let in_order = number > last || (repeats && field.is_repeated());
        if field.is_source_only || unknown || !in_order {
            return false;
        }
        last = number;
        if let (Some(oneof), false) = (field.oneof, field.is_extension) {
            if members.contains(&oneof) {
                return false;
            }
            members.push(oneof);
        }
        if field.has_implicit_presence() && value.iter().all(|&byte| byte == 0) {
            return false;
        }
        if field.is_packable() {
            let is_packed = wire_type == WireType::LengthDelimited;
            if is_packed != field.packed || (is_packed && repeats) {
                return false;
            }
        }
        if let (true, Some(inner)) = (field.is_message(), field.message)
            && !is_canonical(table, inner, value, depth)
        {
            return false;
        }
    }
    true
}

/// A file as it is at run time: without options of source retention, and with all options in canonical form.
pub(crate) fn strip_source_retention(
    table: &Table,
    mut file: FileDescriptorProto,
) -> FileDescriptorProto {
    let mut stripped_paths: Vec<Vec<i32>> = Vec::new();
    for_each(&mut file, &mut |element| {
        let Some(message) = table.builtin(element.options.type_name()) else {
            return Keep::Yes;
        };
        let before = element.encoded();
        // What was interpreted is well formed, so this fails only beyond the depth limit, where the bytes stay as they are.
        let Ok(after) = canonical(table, message, &before, true, MAX_OPTION_DEPTH) else {
            return Keep::Yes;
        };
        if after.is_empty() && !before.is_empty() {
            stripped_paths.push(element.path().to_vec());
            return Keep::No;
        }
        if after != before {
            removed_paths(
                table,
                message,
                &before,
                &element.path(),
                &mut stripped_paths,
            );
            let _checked = element.options.replace(&after);
        }
        Keep::Yes
    });
    if let (Some(info), false) = (&mut file.source_code_info, stripped_paths.is_empty()) {
        info.rewrite(|path| {
            if stripped_paths
                .iter()
                .any(|stripped| path.starts_with(stripped))
            {
                Rewrite::Remove
            } else {
                Rewrite::Keep
            }
        });
    }
    file
}

/// The paths of fields that stripping removes.
fn removed_paths(
    table: &Table,
    message: MessageId,
    bytes: &[u8],
    path: &[i32],
    removed: &mut Vec<Vec<i32>>,
) {
    let mut reader = Reader::new(bytes);
    let mut counts: BTreeMap<u32, i32> = BTreeMap::new();
    while !reader.is_empty() && path.len() < MAX_OPTION_DEPTH as usize {
        let Ok((number, _, value)) = next_field(table, message, &mut reader) else {
            return;
        };
        let signed = i32::try_from(number).unwrap_or(i32::MAX);
        let Some(id) = table.field_by_number(message, signed) else {
            continue;
        };
        let field = &table[id];
        let mut path = [path, &[signed]].concat();
        if field.is_source_only {
            removed.push(path);
        } else if let (true, Some(inner)) =
            (field.is_message() && !field.is_delimited(), field.message)
        {
            if field.is_repeated() {
                let count = counts.entry(number).or_default();
                path.push(*count);
                *count += 1;
            }
            removed_paths(table, inner, value, &path, removed);
        }
    }
}
