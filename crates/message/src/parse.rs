//! From the wire into messages, driven by the type's table.
//!
//! Where the message keeps its input, sub-messages, lists and maps are checked and left in it until they are read ([`Unread`]).
//!
//! Rules of the language kept here: the last of several scalars wins, sub-messages of several occurrences merge, a oneof keeps its last member, packed and single elements are both taken, an unknown field and an unknown number of a closed enum are kept in wire form, a group ends with its own number. Nothing a peer sends costs more memory than a fixed factor of its length: at worst an empty sub-message of two bytes makes one block.

use std::ptr::NonNull;

use russet_descriptor::pool::FieldType;
use russet_descriptor::wire::{Reader, WireError, WireType, put_tag, put_varint, varint_len};

use crate::codec::{Codec, with_codec};
use crate::input::{DecodeError, Input};
use crate::list::Items;
use crate::message::{Message, Reference, Unread};
use crate::message_set;
use crate::text::Text;
use crate::types::{FieldInfo, MessageType, Shape, Storage, Types};
use crate::validate::{self, Occurrence, is_declared, is_utf8, short_delimited};
use crate::value::Value;
use crate::wire_table::{Kind, WireTable};
use crate::write::entry_bytes;
use crate::{MAX_DEPTH, MAX_MESSAGE_SIZE};

impl Message {
    /// Parses a new message. Required fields are not checked ([`Message::is_initialized`]).
    pub fn parse(ty: &'static MessageType, input: Input<'_>) -> Result<Self, DecodeError> {
        let message = Self::new(ty);
        message.merge_wire(input)?;
        Ok(message)
    }

    /// Parses into this message, as if it were written first and the input after it. After an error, what came before it is merged.
    pub fn merge_wire(&self, input: Input<'_>) -> Result<(), DecodeError> {
        self.touch();
        let name = || self.ty().descriptor().full_name().to_owned();
        if input.bytes.len() > MAX_MESSAGE_SIZE {
            return Err(DecodeError::TooLarge {
                message: name(),
                size: input.bytes.len(),
            });
        }
        let parser = Parser {
            buffer: input.buffer,
            start: input.bytes.as_ptr(),
            types: input.types,
            checked: None,
        };
        parser
            .fields(self, &mut Reader::new(input.bytes), None, input.max_depth)
            .map_err(|error| DecodeError::Wire {
                message: name(),
                error,
            })
    }
}

/// A sub-message of fewer bytes is made at once: to leave it and come back costs more than making it.
const SMALL: usize = 24;

struct Parser<'a> {
    /// The object that the input is the bytes of.
    buffer: Option<NonNull<()>>,
    /// Where the input begins.
    start: *const u8,
    types: Types<'a>,
    /// For bytes that were checked before: whether they are canonical.
    checked: Option<bool>,
}

/// Makes the value of a slot from where it stands in the input, which was checked when it was left there.
pub(crate) fn read_again(
    message: &Message,
    field: &'static FieldInfo,
    unread: Unread,
    buffer: NonNull<()>,
    input: &[u8],
) {
    let parser = Parser {
        buffer: Some(buffer),
        start: input.as_ptr(),
        // What needs a pool is not left.
        types: Types::default(),
        checked: Some(unread.is_canonical()),
    };
    let mut reader = Reader::new(&input[unread.offset()..unread.offset() + unread.length()]);
    while !reader.is_empty() {
        let read = reader.tag().and_then(|(_, wire_type)| {
            parser.make(message, field, wire_type, &mut reader, MAX_DEPTH)
        });
        if !matches!(read, Ok(true)) {
            debug_assert!(false, "what was checked is parsed: {read:?}");
            return;
        }
    }
}

impl Parser<'_> {
    /// All fields up to the end, or to the end of `group`.
    fn fields(
        &self,
        message: &Message,
        reader: &mut Reader<'_>,
        group: Option<u32>,
        depth: u32,
    ) -> Result<(), WireError> {
        let ty = message.ty();
        let table = ty.wire_table();
        loop {
            *reader = Reader::new(self.common(message, table, reader.rest())?);
            if reader.is_empty() {
                break;
            }
            let start = reader.rest();
            let (number, wire_type) = reader.tag()?;
            let field = ty
                .field(number)
                .or_else(|| self.types.extension(ty, number));
            if let Some(field) = field
                && (self.leave(message, field, wire_type, start, reader, depth)?
                    || self.make(message, field, wire_type, reader, depth)?)
            {
                continue;
            }
            if wire_type == WireType::EndGroup {
                return if group == Some(number) {
                    Ok(())
                } else {
                    Err(WireError::UnmatchedGroup)
                };
            }
            if wire_type == WireType::StartGroup
                && number == message_set::ITEM
                && ty.descriptor().is_message_set()
            {
                self.item(message, reader, depth)?;
                continue;
            }
            reader.skip(number, wire_type, depth)?;
            message.append_unknown(&start[..start.len() - reader.rest().len()]);
        }
        if group.is_some() {
            return Err(WireError::Truncated);
        }
        Ok(())
    }

    /// An item of a message set, after its start tag. The first type id and the first message count, in any order; without both it is nothing.
    fn item(
        &self,
        message: &Message,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<(), WireError> {
        let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
        let (mut type_id, mut content) = (None, None);
        loop {
            let (number, wire_type) = reader.tag()?;
            match (number, wire_type) {
                (message_set::ITEM, WireType::EndGroup) => break,
                (message_set::TYPE_ID, WireType::Varint) => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "of a number, the low bits count"
                    )]
                    let id = reader.varint()? as u32;
                    type_id.get_or_insert(id);
                }
                (message_set::MESSAGE, WireType::LengthDelimited) => {
                    let bytes = reader.length_delimited()?;
                    content.get_or_insert(bytes);
                }
                (_, WireType::EndGroup) => return Err(WireError::UnmatchedGroup),
                _ => reader.skip(number, wire_type, depth)?,
            }
        }
        let (Some(type_id), Some(content)) = (type_id, content) else {
            return Ok(());
        };
        match self.types.extension(message.ty(), type_id) {
            Some(field) if message_set::is_item(field) => {
                let child = message.message_for_parse(field);
                self.fields(&child, &mut Reader::new(content), None, depth)
            }
            _ => {
                message.append_unknown(&message_set::unknown_item(type_id, content));
                Ok(())
            }
        }
    }

    /// Single scalars and strings of the common forms, up to a field that is none, which is where what is returned begins.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the wire keeps the low bits of what a number is of"
    )]
    fn common<'b>(
        &self,
        message: &Message,
        table: &WireTable,
        mut rest: &'b [u8],
    ) -> Result<&'b [u8], WireError> {
        while let Some((&tag, tail)) = rest.split_first()
            && let Some(entry) = table.get(tag)
        {
            let after = match entry.kind {
                _ if entry.is_repeated => break,
                Kind::Other | Kind::Message => break,
                Kind::Fixed32 => {
                    let Some((value, after)) = tail.split_first_chunk() else {
                        break;
                    };
                    message.put(entry, u32::from_le_bytes(*value));
                    after
                }
                Kind::Fixed64 => {
                    let Some((value, after)) = tail.split_first_chunk() else {
                        break;
                    };
                    message.put(entry, u64::from_le_bytes(*value));
                    after
                }
                Kind::String | Kind::Bytes => {
                    let Some((bytes, after)) = short_delimited(tail) else {
                        break;
                    };
                    if self.checked.is_none() && entry.kind == Kind::String && !is_utf8(bytes) {
                        return Err(WireError::InvalidUtf8);
                    }
                    let text = self.text(bytes, |buffer| message.keep_buffer(buffer));
                    message.put_text(entry, text);
                    after
                }
                kind => {
                    let mut reader = Reader::new(tail);
                    let Ok(raw) = reader.varint() else { break };
                    match kind {
                        Kind::Int32 | Kind::Uint32 => message.put(entry, raw as u32),
                        Kind::Sint32 => {
                            let raw = raw as u32;
                            message.put(entry, (raw >> 1) as i32 ^ -((raw & 1) as i32));
                        }
                        Kind::Sint64 => message.put(entry, (raw >> 1) as i64 ^ -((raw & 1) as i64)),
                        Kind::Bool => message.put(entry, u8::from(raw != 0)),
                        _ => message.put(entry, raw),
                    }
                    reader.rest()
                }
            };
            rest = after;
        }
        Ok(rest)
    }

    /// Checks one occurrence of a field whose value can stay in the input until it is read, and leaves it there; `false` if it has to be made now. `start` begins with its tag.
    #[inline]
    fn leave(
        &self,
        message: &Message,
        field: &'static FieldInfo,
        wire_type: WireType,
        start: &[u8],
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError> {
        match self.buffer {
            Some(buffer) if field.is_reference() && field.may_wait() => {
                self.leave_in(buffer, message, field, wire_type, start, reader, depth)
            }
            _ => Ok(false),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the state of the parser at one field"
    )]
    fn leave_in(
        &self,
        buffer: NonNull<()>,
        message: &Message,
        field: &'static FieldInfo,
        wire_type: WireType,
        start: &[u8],
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError> {
        let offset = start.as_ptr().addr() - self.start.addr();
        let earlier = match message.slot_reference(field) {
            Reference::Block(_) => return Ok(false),
            // A second sub-message merges; elements elsewhere would be another range.
            Reference::Unread(_) if field.shape() == Shape::Singular => return Ok(false),
            Reference::Unread(earlier) if earlier.offset() + earlier.length() != offset => {
                return Ok(false);
            }
            Reference::Unread(earlier) => Some(earlier),
            Reference::Null => None,
        };
        let mut ahead = *reader;
        if field.shape() == Shape::Singular
            && short_delimited(ahead.rest()).is_some_and(|(bytes, _)| bytes.len() < SMALL)
        {
            return Ok(false);
        }
        let Some(mut found) = self.check(field, wire_type, &mut ahead, depth)? else {
            return Ok(false);
        };
        // A second run of a packed list would be written into the first, and a second entry of a map may have the key of the first.
        let joins = field.shape() == Shape::List && !field.is_packed();
        let tag = &start[..start.len() - reader.rest().len()];
        found.is_canonical &= tag.len() == varint_len(u64::from(field.number()) << 3);
        while field.shape() != Shape::Singular
            && found.is_regular
            && let Some(after) = after_tag(ahead.rest(), tag)
        {
            let mut next = Reader::new(after);
            // What is wrong is found again after what came before it is left.
            match self.check(field, wire_type, &mut next, depth) {
                Ok(Some(more)) if more.is_regular => {
                    found.is_canonical &= more.is_canonical && joins;
                    ahead = next;
                }
                _ => break,
            }
        }
        let length = start.len() - ahead.rest().len();
        let (offset, length, was_canonical) = match earlier {
            Some(earlier) => (
                earlier.offset(),
                earlier.length() + length,
                earlier.is_canonical() && joins,
            ),
            None => (offset, length, true),
        };
        let (true, Some(unread)) = (
            found.is_regular,
            Unread::new(offset, length, found.is_canonical && was_canonical),
        ) else {
            return Ok(false);
        };
        if !message.keep_buffer(buffer) {
            return Ok(false);
        }
        message.leave_unread(field, unread);
        if field.shape() == Shape::Singular {
            message.mark(field);
        }
        *reader = ahead;
        Ok(true)
    }

    /// Passes over one occurrence of a field and checks it, unless that was done before. `None` if it is not coded as the field may be.
    #[inline]
    fn check(
        &self,
        field: &'static FieldInfo,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<Option<Occurrence>, WireError> {
        if let Some(is_canonical) = self.checked
            && wire_type == WireType::LengthDelimited
            && (field.shape() != Shape::Map || is_canonical)
        {
            let is_empty = reader.length_delimited()?.is_empty();
            let packed = field.field_type().is_packable();
            return Ok(Some(Occurrence {
                is_regular: !(packed && is_empty),
                is_canonical,
            }));
        }
        match field.shape() {
            Shape::Map => validate::map(field, wire_type, reader, depth),
            // A sub-message is checked as an element is.
            Shape::List | Shape::Singular => validate::list(field, wire_type, reader, depth),
        }
    }

    /// Makes the value of one occurrence of a known field; `false` if it is not coded as the field may be.
    #[inline]
    fn make(
        &self,
        message: &Message,
        field: &'static FieldInfo,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError> {
        match field.shape() {
            Shape::Singular => {
                if wire_type != field.wire_type() {
                    return Ok(false);
                }
                with_codec!(field.field_type(),
                C => {
                    let start = reader.rest();
                    let value = C::read(reader)?;
                    if field.is_closed_enum() && !is_declared(field, value) {
                        let number = &start[..start.len() - reader.rest().len()];
                        keep_unknown_number(message, field, number);
                    } else {
                        message.set_scalar(field, value);
                    }
                },
                _ => if field.storage() == Storage::Text {
                    let bytes = reader.length_delimited()?;
                    let text = self.text_of(field, bytes, |buffer| message.keep_buffer(buffer))?;
                    message.set_parsed_text(field, text);
                } else {
                    let child = message.message_for_parse(field);
                    self.message(&child, field, reader, depth)?;
                });
                Ok(true)
            }
            Shape::List => {
                let packed =
                    wire_type == WireType::LengthDelimited && field.field_type().is_packable();
                if wire_type != field.wire_type() && !packed {
                    return Ok(false);
                }
                self.list(message, field, packed, reader, depth)?;
                Ok(true)
            }
            Shape::Map => {
                if wire_type != WireType::LengthDelimited {
                    return Ok(false);
                }
                self.map(message, field, reader, depth)?;
                Ok(true)
            }
        }
    }

    /// The value of a sub-message, merged into `child`.
    fn message(
        &self,
        child: &Message,
        field: &FieldInfo,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<(), WireError> {
        let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
        if field.field_type() == FieldType::Group {
            self.fields(child, reader, Some(field.number()), depth)
        } else {
            self.fields(
                child,
                &mut Reader::new(reader.length_delimited()?),
                None,
                depth,
            )
        }
    }

    /// A string or bytes of a field; see [`Parser::text`].
    #[inline]
    fn text_of(
        &self,
        field: &FieldInfo,
        bytes: &[u8],
        keep: impl FnOnce(NonNull<()>) -> bool,
    ) -> Result<Text, WireError> {
        if self.checked.is_none() && field.validates_utf8() && !is_utf8(bytes) {
            return Err(WireError::InvalidUtf8);
        }
        Ok(self.text(bytes, keep))
    }

    /// A string or bytes: a range of the input if `keep` keeps the input alive, else a copy.
    #[inline]
    fn text(&self, bytes: &[u8], keep: impl FnOnce(NonNull<()>) -> bool) -> Text {
        if let Some(buffer) = self.buffer
            && bytes.len() > crate::text::INLINE
            && keep(buffer)
        {
            #[expect(unsafe_code, reason = "the text's owner keeps the buffer alive")]
            // SAFETY: `keep` took a reference on the buffer for the message, list or map that the text goes into, which holds it as long as its texts.
            return unsafe { Text::range_of(bytes) };
        }
        Text::copy_of(bytes)
    }

    fn list(
        &self,
        message: &Message,
        field: &'static FieldInfo,
        packed: bool,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<(), WireError> {
        let list = message.list_for_parse(field);
        if field.storage() == Storage::Message {
            let child = Message::new(field.message_type());
            if let Items::Message(items) = &mut *list.items_cache() {
                if items.capacity() == 0 {
                    items.reserve_exact(few(field, reader.rest()));
                }
                items.push(child.clone());
            }
            return self.message(&child, field, reader, depth);
        }
        if field.storage() == Storage::Text {
            if let Items::Text(items) = &mut *list.items_cache()
                && items.capacity() == 0
            {
                items.reserve_exact(few(field, reader.rest()));
            }
            let bytes = reader.length_delimited()?;
            let text = self.text_of(field, bytes, |buffer| list.keep_buffer(buffer))?;
            if let Items::Text(items) = &mut *list.items_cache() {
                items.push(text);
            }
            return Ok(());
        }
        let mut items = list.items_cache();
        with_codec!(field.field_type(),
            C => {
                let items = items.vec_mut::<<C as Codec>::T>();
                if !packed {
                    let start = reader.rest();
                    let value = C::read(reader)?;
                    if field.is_closed_enum() && !is_declared(field, value) {
                        let number = &start[..start.len() - reader.rest().len()];
                        keep_unknown_number(message, field, number);
                    } else {
                        items.push(value);
                    }
                    return Ok(());
                }
                let bytes = reader.length_delimited()?;
                let before = items.len();
                C::read_packed(bytes, items)?;
                if field.is_closed_enum()
                    && items.extract_if(before.., |&mut number| !is_declared(field, number)).count() > 0
                {
                    keep_unknown_numbers(message, field, bytes)?;
                }
            },
            _ => {});
        Ok(())
    }

    fn map(
        &self,
        message: &Message,
        field: &'static FieldInfo,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<(), WireError> {
        let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
        let map = message.map_for_parse(field);
        map.entries_cache()
            .reserve_first(|| few(field, reader.rest()));
        let (key_field, value_field) = field.map_fields();
        let bytes = reader.length_delimited()?;
        let mut entry = Reader::new(bytes);
        let keep = |buffer| map.keep_buffer(buffer);
        let mut key = None;
        let mut value = None;
        let mut unknown = Vec::new();
        let mut keeps_whole = false;
        while !entry.is_empty() {
            let start = entry.rest();
            let (number, wire_type) = entry.tag()?;
            if number == 1 && wire_type == key_field.wire_type() {
                key = Some(self.value(key_field, None, &mut entry, depth, keep)?);
            } else if number == 2 && wire_type == value_field.wire_type() {
                let earlier = value.take();
                value = Some(self.value(value_field, earlier, &mut entry, depth, keep)?);
            } else {
                entry.skip(number, wire_type, depth)?;
                unknown.extend_from_slice(&start[..start.len() - entry.rest().len()]);
                keeps_whole = true;
            }
        }
        if let Some(Value::I32(number)) = value
            && value_field.is_closed_enum()
            && !is_declared(value_field, number)
        {
            keeps_whole = true;
        }
        if keeps_whole {
            // An entry of a map has no place for what is unknown in it: so that nothing is lost, the whole becomes an unknown field, as in the original.
            message.append_unknown(&entry_bytes(field, key.as_ref(), value.as_ref(), &unknown));
            return Ok(());
        }
        let key = key.unwrap_or_else(|| Value::zero(key_field));
        let value = value.unwrap_or_else(|| Value::default_of(value_field));
        map.entries_cache().put(key, value);
        Ok(())
    }

    /// A single value that is in no slot; a message merges into `earlier`.
    fn value(
        &self,
        field: &'static FieldInfo,
        earlier: Option<Value>,
        reader: &mut Reader<'_>,
        depth: u32,
        keep: impl FnOnce(NonNull<()>) -> bool,
    ) -> Result<Value, WireError> {
        with_codec!(field.field_type(),
        C => C::read(reader).map(Into::into),
        _ => if field.storage() == Storage::Text {
            let bytes = reader.length_delimited()?;
            self.text_of(field, bytes, keep).map(Value::Text)
        } else {
            let child = match earlier {
                Some(Value::Message(child)) => child,
                _ => Message::new(field.message_type()),
            };
            self.message(&child, field, reader, depth)?;
            Ok(Value::Message(child))
        })
    }
}

/// How many elements of a list or map come in a row, the first of which begins behind its tag, if they are so few that a vector would grow beyond them at once; else zero.
fn few(field: &FieldInfo, mut bytes: &[u8]) -> usize {
    for count in 1..4 {
        let Some((_, after)) = short_delimited(bytes) else {
            return 0;
        };
        let mut next = Reader::new(after);
        match next.tag() {
            Ok((number, WireType::LengthDelimited)) if number == field.number() => {
                bytes = next.rest();
            }
            _ => return count,
        }
    }
    0
}

/// What follows a tag, if the bytes begin with it as it is written.
#[inline]
fn after_tag<'a>(bytes: &'a [u8], tag: &[u8]) -> Option<&'a [u8]> {
    match (tag, bytes) {
        ([tag], [first, rest @ ..]) => (first == tag).then_some(rest),
        ([_], []) => None,
        _ => bytes.strip_prefix(tag),
    }
}

/// Keeps a number that its enum does not declare as an unknown field: as it was read, since it may have more than the 32 bits that an enum has.
fn keep_unknown_number(message: &Message, field: &FieldInfo, number: &[u8]) {
    let mut unknown = Vec::with_capacity(16);
    put_tag(&mut unknown, field.number(), WireType::Varint);
    unknown.extend_from_slice(number);
    message.append_unknown(&unknown);
}

/// Keeps those of packed numbers that their enum does not declare, each in as few bytes as it needs, as the original does.
fn keep_unknown_numbers(
    message: &Message,
    field: &FieldInfo,
    packed: &[u8],
) -> Result<(), WireError> {
    let mut reader = Reader::new(packed);
    while !reader.rest().is_empty() {
        let number = reader.varint()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "of a number, an enum has the low bits"
        )]
        if !is_declared(field, number as i32) {
            let mut shortest = Vec::with_capacity(10);
            put_varint(&mut shortest, number);
            keep_unknown_number(message, field, &shortest);
        }
    }
    Ok(())
}
