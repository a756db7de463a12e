//! From messages to the wire.
//!
//! Written backwards: the length of a sub-message is known once it is written, so there is no first pass for lengths and nothing is cached in messages. Fields come out ascending by number, extensions after them, unknown fields last, as every implementation has it.

use russet_descriptor::pool::FieldType;
use russet_descriptor::wire::{WireType, varint_len};
use thiserror::Error;

use crate::codec::{Codec, with_codec};
use crate::list::Items;
use crate::message::{Message, Scalar};
use crate::message_set;
use crate::stack;
use crate::types::{FieldInfo, Shape, Storage};
use crate::value::Value;
use crate::wire_table::Kind;
use crate::{MAX_DEPTH, MAX_MESSAGE_SIZE, MAX_NESTING};

/// Why a message cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// Nested deeper than [`MAX_NESTING`].
    #[error(
        "Failed to serialize {message}: messages are nested deeper than the limit of {MAX_NESTING}"
    )]
    TooDeep {
        /// The full name of the outermost type.
        message: String,
    },
    /// Longer than [`MAX_MESSAGE_SIZE`].
    #[error(
        "Failed to serialize {message}: {size} bytes are more than the limit of {MAX_MESSAGE_SIZE}"
    )]
    TooLarge {
        /// The full name of the outermost type.
        message: String,
        /// The size reached, in bytes.
        size: usize,
    },
}

/// A buffer filled from its end, to be used again.
#[derive(Debug, Default)]
pub struct Encoder {
    buffer: Vec<u8>,
    /// Where what is written begins.
    start: usize,
    deterministic: bool,
}

/// A field, and where in what was written it begins.
pub(crate) type Start = (&'static FieldInfo, usize);

/// What an [`Encoder`] keeps between messages, in bytes.
const KEPT: usize = 1 << 20;

impl Encoder {
    /// An encoder without a buffer.
    pub const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            deterministic: false,
        }
    }

    /// Writes a message; required fields are not checked. With `deterministic`, maps are ordered by their keys, the order being the original's own (see [`Value::compare_key_as_original`]).
    pub fn encode(&mut self, message: &Message, deterministic: bool) -> Result<&[u8], EncodeError> {
        self.begin(deterministic);
        let name = || message.ty().descriptor().full_name().to_owned();
        self.message(message, MAX_NESTING)
            .map_err(|Deep| EncodeError::TooDeep { message: name() })?;
        let bytes = &self.buffer[self.start..];
        if bytes.len() > MAX_MESSAGE_SIZE {
            return Err(EncodeError::TooLarge {
                message: name(),
                size: bytes.len(),
            });
        }
        Ok(bytes)
    }

    /// The sub-messages, lists and maps of a message that may stay unread, and where each begins, the last one first. `None` if they are nested deeper than is parsed, or longer than a message may be.
    pub(crate) fn references(&mut self, message: &Message) -> Option<(&[u8], Vec<Start>)> {
        self.begin(false);
        let mut ends = Vec::new();
        for field in message.ty().fields_by_number().rev() {
            if field.is_reference() && field.may_wait() && message.has(field) {
                self.field(message, field, MAX_DEPTH - 1).ok()?;
                ends.push((field, self.written()));
            }
        }
        let length = self.written();
        if length > MAX_MESSAGE_SIZE {
            return None;
        }
        for (_, end) in &mut ends {
            *end = length - *end;
        }
        Some((&self.buffer[self.start..], ends))
    }

    /// Forgets what was written before.
    fn begin(&mut self, deterministic: bool) {
        if self.buffer.len() > KEPT {
            self.buffer = Vec::new();
        }
        self.start = self.buffer.len();
        self.deterministic = deterministic;
    }

    /// Room for `count` more bytes; where they begin.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> &mut [u8] {
        if self.start < count {
            self.grow(count);
        }
        self.start -= count;
        &mut self.buffer[self.start..self.start + count]
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        let written = self.buffer.len() - self.start;
        let size = (self.buffer.len() * 2).max(written + count).max(256);
        let mut buffer = vec![0; size];
        buffer[size - written..].copy_from_slice(&self.buffer[self.start..]);
        self.buffer = buffer;
        self.start = size - written;
    }

    /// As [`Encoder::take`], of a size known beforehand.
    #[inline]
    fn take_array<const N: usize>(&mut self) -> &mut [u8; N] {
        if self.start < N {
            self.grow(N);
        }
        let end = self.start;
        self.start -= N;
        self.buffer[..end]
            .last_chunk_mut()
            .expect("there is room before what was written")
    }

    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        copy(bytes, self.take(bytes.len()));
    }

    /// A string or bytes, with length and tag.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both are below 128")]
    fn tagged_bytes(&mut self, tag: u32, bytes: &[u8]) {
        if tag < 0x80 && bytes.len() < 0x80 {
            let out = self.take(bytes.len() + 2);
            out[0] = tag as u8;
            out[1] = bytes.len() as u8;
            copy(bytes, &mut out[2..]);
        } else {
            self.bytes(bytes);
            self.varint(bytes.len() as u64);
            self.varint(tag.into());
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "it is below 128")]
    pub(crate) fn varint(&mut self, value: u64) {
        if value < 0x80 {
            *self.take_array() = [value as u8];
        } else {
            self.long_varint(value);
        }
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seven bits a byte are what is wanted"
    )]
    fn long_varint(&mut self, mut value: u64) {
        if value < 1 << 14 {
            *self.take_array() = [value as u8 | 0x80, (value >> 7) as u8];
            return;
        }
        if value < 1 << 21 {
            *self.take_array() = [
                value as u8 | 0x80,
                (value >> 7) as u8 | 0x80,
                (value >> 14) as u8,
            ];
            return;
        }
        let out = self.take(varint_len(value));
        let (last, rest) = out.split_last_mut().expect("a varint has a byte");
        for byte in rest {
            *byte = value as u8 | 0x80;
            value >>= 7;
        }
        *last = value as u8;
    }

    #[inline]
    fn tag(&mut self, number: u32, wire_type: WireType) {
        self.varint(u64::from(number) << 3 | wire_type as u64);
    }

    /// How many bytes are written; lengths are differences of it.
    #[inline]
    fn written(&self) -> usize {
        self.buffer.len() - self.start
    }

    #[inline]
    fn message(&mut self, message: &Message, depth: u32) -> Result<(), Deep> {
        if stack::is_checked(depth) {
            return stack::with_room(|| self.message_here(message, depth));
        }
        self.message_here(message, depth)
    }

    fn message_here(&mut self, message: &Message, depth: u32) -> Result<(), Deep> {
        message.with_unknown(|unknown| {
            if !unknown.is_empty() {
                self.bytes(unknown);
            }
        });
        if message.has_extra() {
            let is_set = message.ty().descriptor().is_message_set();
            for extension in message.extensions().into_iter().rev() {
                if is_set && message_set::is_item(extension) {
                    self.item(message, extension, depth)?;
                } else {
                    self.field(message, extension, depth)?;
                }
            }
        }
        let ty = message.ty();
        for entry in ty.wire_table().ordered().iter().rev() {
            let is_set = message.entry_presence(entry);
            if is_set == Some(false) {
                continue;
            }
            match entry.kind {
                _ if entry.is_repeated => {
                    self.field(message, &ty.fields()[usize::from(entry.field)], depth)?;
                }
                Kind::Other | Kind::Message => {
                    self.field(message, &ty.fields()[usize::from(entry.field)], depth)?;
                }
                Kind::String | Kind::Bytes => {
                    let bytes = message.get_text(entry).as_slice();
                    if is_set.is_some() || !bytes.is_empty() {
                        self.tagged_bytes(entry.tag, bytes);
                    }
                }
                Kind::Fixed32 => {
                    let value: u32 = message.get(entry);
                    if is_set.is_some() || value != 0 {
                        *self.take_array() = value.to_le_bytes();
                        self.varint(entry.tag.into());
                    }
                }
                Kind::Fixed64 => {
                    let value: u64 = message.get(entry);
                    if is_set.is_some() || value != 0 {
                        *self.take_array() = value.to_le_bytes();
                        self.varint(entry.tag.into());
                    }
                }
                kind => {
                    let value = message.raw_varint(entry, kind);
                    if is_set.is_some() || value != 0 {
                        self.varint(value);
                        self.varint(entry.tag.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// An extension of a message set.
    fn item(
        &mut self,
        message: &Message,
        extension: &'static FieldInfo,
        depth: u32,
    ) -> Result<(), Deep> {
        let depth = depth.checked_sub(1).ok_or(Deep)?;
        let Some(child) = message.message_slot(extension) else {
            return Ok(());
        };
        self.tag(message_set::ITEM, WireType::EndGroup);
        let before = self.written();
        self.message(&child, depth)?;
        self.varint((self.written() - before) as u64);
        self.tag(message_set::MESSAGE, WireType::LengthDelimited);
        self.varint(extension.number().into());
        self.tag(message_set::TYPE_ID, WireType::Varint);
        self.tag(message_set::ITEM, WireType::StartGroup);
        Ok(())
    }

    fn field(
        &mut self,
        message: &Message,
        field: &'static FieldInfo,
        depth: u32,
    ) -> Result<(), Deep> {
        if field.is_reference()
            && let Some(bytes) = message.canonical_bytes(field)
        {
            self.bytes(bytes);
            return Ok(());
        }
        match field.shape() {
            Shape::Singular => {
                let presence = message.presence(field);
                if presence == Some(false) {
                    return Ok(());
                }
                with_codec!(field.field_type(),
                C => {
                    let value = message.scalar::<<C as Codec>::T>(field);
                    if presence.is_none() && value.is_zero() {
                        return Ok(());
                    }
                    C::put(self, value);
                },
                _ => if field.storage() == Storage::Text {
                    let is_written = message.with_text(field, |text| {
                        let bytes = text.as_slice();
                        let is_written = presence.is_some() || !bytes.is_empty();
                        if is_written {
                            self.delimited(bytes);
                        }
                        is_written
                    });
                    if !is_written {
                        return Ok(());
                    }
                } else if let Some(child) = message.message_slot(field) {
                    return self.sub_message(&child, field, depth);
                });
                self.tag(field.number(), field.wire_type());
                Ok(())
            }
            Shape::List => message
                .list_slot(field)
                .map_or(Ok(()), |list| self.list(&list.items(), field, depth)),
            Shape::Map => {
                let Some(map) = message.map_slot(field) else {
                    return Ok(());
                };
                let entries = map.entries();
                if self.deterministic {
                    // What is written first comes last: the order of the wire is the reverse, byte for byte that of the original.
                    for (key, value) in entries.sorted_by(Value::compare_key_as_original) {
                        self.entry(key, value, field, depth)?;
                    }
                } else {
                    for (key, value) in entries.as_slice().iter().rev() {
                        self.entry(key, value, field, depth)?;
                    }
                }
                Ok(())
            }
        }
    }

    #[inline]
    fn delimited(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
        self.varint(bytes.len() as u64);
    }

    /// A sub-message with its tag.
    fn sub_message(&mut self, child: &Message, field: &FieldInfo, depth: u32) -> Result<(), Deep> {
        let depth = depth.checked_sub(1).ok_or(Deep)?;
        if field.field_type() == FieldType::Group {
            self.tag(field.number(), WireType::EndGroup);
            self.message(child, depth)?;
            self.tag(field.number(), WireType::StartGroup);
        } else {
            let before = self.written();
            self.message(child, depth)?;
            self.varint((self.written() - before) as u64);
            self.tag(field.number(), WireType::LengthDelimited);
        }
        Ok(())
    }

    fn list(&mut self, items: &Items, field: &'static FieldInfo, depth: u32) -> Result<(), Deep> {
        match items {
            Items::Message(items) => {
                for item in items.iter().rev() {
                    self.sub_message(item, field, depth)?;
                }
            }
            Items::Text(items) => {
                let tag = field.number() << 3 | WireType::LengthDelimited as u32;
                for item in items.iter().rev() {
                    self.tagged_bytes(tag, item.as_slice());
                }
            }
            scalars => with_codec!(field.field_type(),
                C => {
                    let items = scalars.slice::<<C as Codec>::T>();
                    if items.is_empty() {
                        return Ok(());
                    }
                    if field.is_packed() {
                        let before = self.written();
                        C::put_packed(self, items);
                        self.varint((self.written() - before) as u64);
                        self.tag(field.number(), WireType::LengthDelimited);
                    } else {
                        for &item in items.iter().rev() {
                            C::put(self, item);
                            self.tag(field.number(), field.wire_type());
                        }
                    }
                },
                _ => {}),
        }
        Ok(())
    }

    fn entry(
        &mut self,
        key: &Value,
        value: &Value,
        field: &'static FieldInfo,
        depth: u32,
    ) -> Result<(), Deep> {
        let depth = depth.checked_sub(1).ok_or(Deep)?;
        let (key_field, value_field) = field.map_fields();
        let before = self.written();
        self.value(value, value_field, depth)?;
        self.value(key, key_field, depth)?;
        self.varint((self.written() - before) as u64);
        self.tag(field.number(), WireType::LengthDelimited);
        Ok(())
    }

    /// A single value with its tag, zero or not.
    fn value(&mut self, value: &Value, field: &FieldInfo, depth: u32) -> Result<(), Deep> {
        use crate::codec as c;
        use FieldType as T;
        match (value, field.field_type()) {
            (Value::Message(child), _) => return self.sub_message(child, field, depth),
            (Value::Text(text), _) => self.delimited(text.as_slice()),
            (Value::I32(value), T::Sint32) => c::Sint32::put(self, *value),
            (Value::I32(value), T::Sfixed32) => c::Sfixed32::put(self, *value),
            (Value::I32(value), _) => c::Int32::put(self, *value),
            (Value::U32(value), T::Fixed32) => c::Fixed32::put(self, *value),
            (Value::U32(value), _) => c::Uint32::put(self, *value),
            (Value::I64(value), T::Sint64) => c::Sint64::put(self, *value),
            (Value::I64(value), T::Sfixed64) => c::Sfixed64::put(self, *value),
            (Value::I64(value), _) => c::Int64::put(self, *value),
            (Value::U64(value), T::Fixed64) => c::Fixed64::put(self, *value),
            (Value::U64(value), _) => c::Uint64::put(self, *value),
            (Value::F32(value), _) => c::Float::put(self, *value),
            (Value::F64(value), _) => c::Double::put(self, *value),
            (Value::Bool(value), _) => c::Bool::put(self, *value),
        }
        self.tag(field.number(), field.wire_type());
        Ok(())
    }
}

/// Copies bytes to a place of their length: few by reads and writes that overlap, without a call.
#[inline]
fn copy(from: &[u8], to: &mut [u8]) {
    let length = from.len();
    if length > 32 {
        to.copy_from_slice(from);
    } else if let (Some(head), Some(tail)) = (from.first_chunk::<16>(), from.last_chunk::<16>()) {
        to[..16].copy_from_slice(head);
        to[length - 16..].copy_from_slice(tail);
    } else if let (Some(head), Some(tail)) = (from.first_chunk::<8>(), from.last_chunk::<8>()) {
        to[..8].copy_from_slice(head);
        to[length - 8..].copy_from_slice(tail);
    } else if let (Some(head), Some(tail)) = (from.first_chunk::<4>(), from.last_chunk::<4>()) {
        to[..4].copy_from_slice(head);
        to[length - 4..].copy_from_slice(tail);
    } else {
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
        }
    }
}

/// An entry of a map with its tag, as a message with unknown fields after key and value.
pub(crate) fn entry_bytes(
    field: &'static FieldInfo,
    key: Option<&Value>,
    value: Option<&Value>,
    unknown: &[u8],
) -> Vec<u8> {
    let mut out = Encoder::new();
    out.bytes(unknown);
    let (key_field, value_field) = field.map_fields();
    // What was parsed is never too deep to be written.
    let _ = value.map(|value| out.value(value, value_field, MAX_NESTING));
    let _ = key.map(|key| out.value(key, key_field, MAX_NESTING));
    out.varint(out.written() as u64);
    out.tag(field.number(), WireType::LengthDelimited);
    out.buffer.split_off(out.start)
}

/// Nested deeper than may be written.
struct Deep;
