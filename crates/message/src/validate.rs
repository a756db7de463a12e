//! Whether bytes are a message of a type, without making it; and whether they are canonical: what writing the message would give.
//!
//! It accepts what the parser accepts, and reports the errors that it reports. It is for types that need no pool to be parsed: those without extensions, in themselves and in what they can hold.

use russet_descriptor::pool::FieldType;
use russet_descriptor::wire::{Reader, WireError, WireType, varint_len};

use crate::codec::{Codec, with_codec};
use crate::message::Scalar;
use crate::types::{FieldInfo, MessageType, Shape, Storage};
use crate::value::Value;
use crate::wire_table::{Kind, WireTable};

/// What is found out of the value of a list or map: one occurrence of its field.
#[derive(Clone, Copy)]
pub(crate) struct Occurrence {
    /// Whether it adds an element or entry to the field, and nothing to the unknown fields.
    pub(crate) is_regular: bool,
    /// Whether it would be written as it is, if it is the only one.
    pub(crate) is_canonical: bool,
}

/// A varint, and whether it was no longer than it must be.
#[inline]
pub(crate) fn minimal_varint(reader: &mut Reader<'_>) -> Result<(u64, bool), WireError> {
    let start = reader.rest();
    let value = reader.varint()?;
    let length = start.len() - reader.rest().len();
    // The tenth byte has room for one bit.
    let is_minimal = varint_len(value) == length && (length < 10 || start[9] == 1);
    Ok((value, is_minimal))
}

/// The bytes after a length, and whether that was no longer than it must be.
#[inline]
fn delimited<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], bool), WireError> {
    let start = reader.rest().len();
    let bytes = reader.length_delimited()?;
    let prefix = start - reader.rest().len() - bytes.len();
    Ok((bytes, prefix == varint_len(bytes.len() as u64)))
}

/// A whole message, or one up to the end of `group`: whether it is canonical.
pub(crate) fn message(
    ty: &'static MessageType,
    reader: &mut Reader<'_>,
    group: Option<u32>,
    depth: u32,
) -> Result<bool, WireError> {
    let table = ty.wire_table();
    let mut state = State::new();
    loop {
        *reader = Reader::new(common(ty, table, &mut state, reader.rest(), depth)?);
        if reader.is_empty() {
            break;
        }
        if general(ty, &mut state, reader, group, depth)? {
            return Ok(state.is_canonical);
        }
    }
    if group.is_some() {
        return Err(WireError::Truncated);
    }
    Ok(state.is_canonical)
}

/// What is known of the fields of a message so far.
struct State {
    is_canonical: bool,
    /// The number of the field before.
    last: u32,
    /// How many fields of the common forms there were.
    count: u32,
    /// A bit for each of the first 64 oneofs that has a member.
    oneofs: u64,
}

impl State {
    const fn new() -> Self {
        Self {
            is_canonical: true,
            last: 0,
            count: 0,
            oneofs: 0,
        }
    }
}

/// Fields of the common forms, up to one that is not, which is where what is returned begins.
#[inline]
fn common<'a>(
    ty: &'static MessageType,
    table: &WireTable,
    state: &mut State,
    mut rest: &'a [u8],
    depth: u32,
) -> Result<&'a [u8], WireError> {
    while let Some((&tag, tail)) = rest.split_first()
        && let Some(entry) = table.get(tag)
    {
        let (is_canonical, is_zero, after) = match entry.kind {
            Kind::Other => break,
            Kind::Fixed32 => {
                let Some((value, after)) = tail.split_first_chunk::<4>() else {
                    break;
                };
                (true, *value == [0; 4], after)
            }
            Kind::Fixed64 => {
                let Some((value, after)) = tail.split_first_chunk::<8>() else {
                    break;
                };
                (true, *value == [0; 8], after)
            }
            Kind::String | Kind::Bytes | Kind::Message => {
                let Some((bytes, after)) = short_delimited(tail) else {
                    break;
                };
                let mut is_canonical = true;
                if entry.kind == Kind::Message {
                    let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
                    let child = ty.fields()[usize::from(entry.field)].message_type();
                    is_canonical = message(child, &mut Reader::new(bytes), None, depth)?;
                } else if entry.kind == Kind::String && !is_utf8(bytes) {
                    return Err(WireError::InvalidUtf8);
                }
                (
                    is_canonical,
                    bytes.is_empty() && entry.kind != Kind::Message,
                    after,
                )
            }
            kind => {
                let mut reader = Reader::new(tail);
                let Ok((raw, is_minimal)) = minimal_varint(&mut reader) else {
                    break;
                };
                let is_in_range = match kind {
                    Kind::Bool => raw <= 1,
                    Kind::Uint32 | Kind::Sint32 => u32::try_from(raw).is_ok(),
                    Kind::Int32 => i32::try_from(raw.cast_signed()).is_ok(),
                    _ => true,
                };
                (is_minimal && is_in_range, raw == 0, reader.rest())
            }
        };
        let number = u32::from(tag >> 3);
        let is_in_order = number > state.last || (number == state.last && entry.is_repeated);
        state.is_canonical &= is_canonical && is_in_order && (!is_zero || entry.writes_zero);
        state.last = number;
        state.count = state.count.wrapping_add(1);
        rest = after;
    }
    Ok(rest)
}

/// The bytes after a length of one or two bytes, which is no longer than it must be, and what follows them.
#[inline]
pub(crate) fn short_delimited(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match *bytes {
        [length @ ..0x80, ref rest @ ..] => rest.split_at_checked(length.into()),
        [low, high @ 1..0x80, ref rest @ ..] => {
            rest.split_at_checked(usize::from(low & 0x7f) | usize::from(high) << 7)
        }
        _ => None,
    }
}

/// One field of any form; `true` at the end of the group.
fn general(
    ty: &'static MessageType,
    state: &mut State,
    reader: &mut Reader<'_>,
    group: Option<u32>,
    depth: u32,
) -> Result<bool, WireError> {
    let length = reader.rest().len();
    let (number, wire_type) = reader.tag()?;
    state.is_canonical &= varint_len(u64::from(number) << 3) == length - reader.rest().len();
    let again = number == state.last;
    if let Some(field) = ty.field(number)
        && let Some(is_canonical) = occurrence(field, wire_type, again, reader, depth)?
    {
        state.is_canonical &= is_canonical && number >= state.last;
        if let Some(oneof) = field.oneof() {
            // A second member clears the first; of oneofs beyond the 64th nothing is claimed.
            let bit = u32::try_from(oneof).ok().and_then(|n| 1_u64.checked_shl(n));
            state.is_canonical &= bit.is_some_and(|bit| state.oneofs & bit == 0);
            state.oneofs |= bit.unwrap_or(0);
        }
        state.last = number;
        return Ok(false);
    }
    if wire_type == WireType::EndGroup {
        return if group == Some(number) {
            Ok(true)
        } else {
            Err(WireError::UnmatchedGroup)
        };
    }
    reader.skip(number, wire_type, depth)?;
    state.is_canonical = false;
    Ok(false)
}

/// One occurrence of a field, whether it is canonical; `None` if it is not coded as the field may be. `again` says that the field before was the same.
#[inline]
fn occurrence(
    field: &'static FieldInfo,
    wire_type: WireType,
    again: bool,
    reader: &mut Reader<'_>,
    depth: u32,
) -> Result<Option<bool>, WireError> {
    match field.shape() {
        Shape::Singular => {
            if wire_type != field.wire_type() {
                return Ok(None);
            }
            let (is_canonical, is_zero) = value(field, reader, depth)?;
            let is_written = !is_zero || field.has_presence();
            Ok(Some(is_canonical && is_written && !again))
        }
        Shape::List => {
            let found = list(field, wire_type, reader, depth)?;
            // A second run of a packed list would be written into the first.
            Ok(found.map(|found| found.is_canonical && !(again && field.is_packed())))
        }
        Shape::Map => {
            let found = map(field, wire_type, reader, depth)?;
            // A second entry may have the key of the first.
            Ok(found.map(|found| found.is_canonical && found.is_regular && !again))
        }
    }
}

/// A single value after its tag: whether it is canonical, and whether it is what an unset field has.
#[inline]
fn value(
    field: &'static FieldInfo,
    reader: &mut Reader<'_>,
    depth: u32,
) -> Result<(bool, bool), WireError> {
    with_codec!(field.field_type(),
    C => {
        let (value, is_canonical) = C::check(reader)?;
        let is_known = !field.is_closed_enum() || is_declared(field, value);
        Ok((is_canonical && is_known, value.is_zero()))
    },
    _ => if field.storage() == Storage::Text {
        let (bytes, is_minimal) = delimited(reader)?;
        if field.validates_utf8() && !is_utf8(bytes) {
            return Err(WireError::InvalidUtf8);
        }
        Ok((is_minimal, bytes.is_empty()))
    } else {
        let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
        let ty = field.message_type();
        if field.field_type() == FieldType::Group {
            // Of the end tag nothing is claimed.
            message(ty, reader, Some(field.number()), depth)?;
            return Ok((false, false));
        }
        let (bytes, is_minimal) = delimited(reader)?;
        let is_canonical = message(ty, &mut Reader::new(bytes), None, depth)?;
        Ok((is_canonical && is_minimal, false))
    })
}

/// One occurrence of a list: an element, or a packed run of them. `None` if it is not coded as the field may be.
pub(crate) fn list(
    field: &'static FieldInfo,
    wire_type: WireType,
    reader: &mut Reader<'_>,
    depth: u32,
) -> Result<Option<Occurrence>, WireError> {
    if wire_type == field.wire_type() {
        let (is_canonical, _) = value(field, reader, depth)?;
        return Ok(Some(Occurrence {
            is_regular: true,
            is_canonical: is_canonical && !field.is_packed(),
        }));
    }
    if wire_type != WireType::LengthDelimited || !field.field_type().is_packable() {
        return Ok(None);
    }
    let (bytes, is_minimal) = delimited(reader)?;
    let is_canonical = with_codec!(field.field_type(),
        C => C::check_packed(bytes)?,
        _ => false);
    Ok(Some(Occurrence {
        is_regular: !bytes.is_empty(),
        is_canonical: is_canonical && is_minimal && field.is_packed() && !field.is_closed_enum(),
    }))
}

/// One entry of a map. `None` if it is not coded as the field may be.
pub(crate) fn map(
    field: &'static FieldInfo,
    wire_type: WireType,
    reader: &mut Reader<'_>,
    depth: u32,
) -> Result<Option<Occurrence>, WireError> {
    if wire_type != WireType::LengthDelimited {
        return Ok(None);
    }
    let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
    let (key_field, value_field) = field.map_fields();
    let (bytes, mut is_canonical) = delimited(reader)?;
    let mut state = State::new();
    let ty = field.message_type();
    if common(ty, ty.wire_table(), &mut state, bytes, depth)?.is_empty() {
        return Ok(Some(Occurrence {
            is_regular: true,
            is_canonical: is_canonical && state.is_canonical && state.count == 2,
        }));
    }
    let mut entry = Reader::new(bytes);
    let mut is_regular = true;
    let mut seen = 0;
    while !entry.is_empty() {
        let length = entry.rest().len();
        let (number, wire_type) = entry.tag()?;
        is_canonical &= length - entry.rest().len() == 1 && number == seen + 1;
        seen = number;
        let part = match number {
            1 => key_field,
            2 => value_field,
            _ => {
                is_regular = false;
                entry.skip(number, wire_type, depth)?;
                continue;
            }
        };
        if wire_type == part.wire_type() {
            is_canonical &= value(part, &mut entry, depth)?.0;
        } else {
            is_regular = false;
            entry.skip(number, wire_type, depth)?;
        }
    }
    Ok(Some(Occurrence {
        is_regular: is_regular && !value_field.is_closed_enum(),
        is_canonical: is_canonical && seen == 2 && !value_field.is_closed_enum(),
    }))
}

/// Whether bytes are UTF-8.
#[inline]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    is_short_ascii(bytes) || bytes.is_ascii() || simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Whether a string of at most 16 bytes is ASCII, by two reads that overlap; `false` says nothing.
#[inline]
fn is_short_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if bytes.len() > 16 {
        return false;
    }
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return (u64::from_le_bytes(*head) | u64::from_le_bytes(*tail)) & HIGH == 0;
    }
    bytes.iter().fold(0, |all, byte| all | byte) < 0x80
}

/// Whether a closed enum declares a number. Only enums are asked for, whose storage is `i32`.
pub(crate) fn is_declared<T: Scalar>(field: &FieldInfo, value: T) -> bool {
    let Value::I32(number) = value.into() else {
        return true;
    };
    field
        .descriptor()
        .enum_type()
        .is_none_or(|e| e.value_by_number(number).is_some())
}

/// Whether every varint of a run is whole, no longer than it must be, and of at most four bytes, as nearly all are; `false` says nothing.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without a branch a byte, many bytes are looked at at once"
)]
pub(crate) fn are_short_varints(bytes: &[u8]) -> bool {
    if bytes.last().is_some_and(|&byte| byte >= 0x80) {
        return false;
    }
    // A byte that continues, before a zero: the zero is not needed.
    let padded = bytes
        .iter()
        .zip(bytes.get(1..).unwrap_or_default())
        .fold(false, |found, (&byte, &next)| {
            found | (byte >= 0x80 && next == 0)
        });
    let longest = bytes
        .windows(4)
        .fold(0, |found, w| found | (w[0] & w[1] & w[2] & w[3]));
    !padded && longest < 0x80
}
