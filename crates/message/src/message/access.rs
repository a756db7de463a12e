//! Reading and writing fields: scalars, texts, sub-messages, lists and maps.

#![expect(
    unsafe_code,
    reason = "slots lie at offsets that the type's table gives"
)]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::{Body, Message, Reference, Scalar};
use crate::list::List;
use crate::map::Map;
use crate::text::Text;
use crate::types::{FieldInfo, Shape, Storage};
use crate::value::Value;
use crate::wire_table::{Entry, Kind};

/// A plain number of a slot's width.
pub(crate) trait Number: Copy {}
impl Number for u8 {}
impl Number for u32 {}
impl Number for i32 {}
impl Number for u64 {}
impl Number for i64 {}

impl Message {
    // Scalars.

    #[inline]
    pub(super) fn read<T: Copy + Default>(&self, field: &FieldInfo) -> T {
        match self.slot::<T>(field) {
            // SAFETY: callers ask for a plain number of the slot's size.
            Some(slot) => unsafe { slot.read() },
            None => T::default(),
        }
    }

    /// A singular scalar as it is stored: zero if unset, whatever the default.
    ///
    /// # Panics
    /// If the field is not of this type and storage.
    #[inline]
    pub fn scalar<T: Scalar>(&self, field: &FieldInfo) -> T {
        assert!(field.storage() == T::STORAGE && field.shape() == Shape::Singular);
        self.read(field)
    }

    /// Sets a singular scalar.
    ///
    /// # Panics
    /// If the field is not of this type and storage.
    #[inline]
    pub fn set_scalar<T: Scalar>(&self, field: &'static FieldInfo, value: T) {
        assert!(field.storage() == T::STORAGE && field.shape() == Shape::Singular);
        // SAFETY: the slot is of this type.
        unsafe { self.slot_or_new::<T>(field).write(value) };
        self.mark(field);
    }

    /// Reads a singular scalar, as it is stored.
    ///
    /// # Panics
    /// If the value is not as wide as the kind's slot.
    #[inline]
    pub(crate) fn get<T: Number>(&self, entry: &Entry) -> T {
        assert!(entry.kind.width() == size_of::<T>() && !entry.is_repeated);
        // SAFETY: callers take entries of this message's type, whose slots are within the block; any bits are a number.
        unsafe {
            let slot = self.0.cast::<u8>().add(entry.offset as usize);
            slot.cast::<T>().read()
        }
    }

    /// A singular number as the varint that it is written as.
    ///
    /// # Panics
    /// If the kind is none that is written as a varint.
    #[inline]
    pub(crate) fn raw_varint(&self, entry: &Entry, kind: Kind) -> u64 {
        match kind {
            Kind::Int32 => i64::from(self.get::<i32>(entry)).cast_unsigned(),
            Kind::Uint32 => self.get::<u32>(entry).into(),
            Kind::Sint32 => {
                let value: i32 = self.get(entry);
                ((value << 1) ^ (value >> 31)).cast_unsigned().into()
            }
            Kind::Sint64 => {
                let value: i64 = self.get(entry);
                ((value << 1) ^ (value >> 63)).cast_unsigned()
            }
            Kind::Bool => self.get::<u8>(entry).into(),
            _ => self.get(entry),
        }
    }

    /// Whether a field with a presence bit is set; `None` if it has none.
    #[inline]
    pub(crate) fn entry_presence(&self, entry: &Entry) -> Option<bool> {
        entry.has_bit.map(|bit| self.bit(bit))
    }

    /// A singular string or bytes field as it is stored.
    ///
    /// # Panics
    /// If the field is another.
    #[inline]
    pub(crate) fn get_text(&self, entry: &Entry) -> &Text {
        assert!(matches!(entry.kind, Kind::String | Kind::Bytes) && !entry.is_repeated);
        // SAFETY: as for `get`; the slot is a text, and this crate's callers write to no message while they have it.
        unsafe {
            let slot = self.0.cast::<u8>().add(entry.offset as usize);
            slot.cast::<Text>().as_ref()
        }
    }

    /// Writes a singular scalar that is in no oneof, for the parser.
    ///
    /// # Panics
    /// If the value is not as wide as the kind's slot.
    #[inline]
    pub(crate) fn put<T: Number>(&self, entry: &Entry, value: T) {
        assert!(entry.kind.width() == size_of::<T>() && !entry.is_repeated);
        // SAFETY: the parser takes entries of this message's type, whose slots are within the block, and of which any bits of the slot's width are a value (a bool is given as 0 or 1).
        unsafe {
            let slot = self.0.cast::<u8>().add(entry.offset as usize);
            slot.cast::<T>().write(value);
        }
        if let Some(bit) = entry.has_bit {
            self.set_bit(bit);
        }
    }

    /// Writes a singular string or bytes field that is in no oneof, for the parser.
    #[inline]
    pub(crate) fn put_text(&self, entry: &Entry, text: Text) {
        assert!(matches!(entry.kind, Kind::String | Kind::Bytes) && !entry.is_repeated);
        // SAFETY: as for `put`; the slot is a text.
        unsafe {
            let slot = self.0.cast::<u8>().add(entry.offset as usize);
            drop(slot.cast::<Text>().replace(text));
        }
        if let Some(bit) = entry.has_bit {
            self.set_bit(bit);
        }
    }

    // Strings and bytes.

    /// The slot of a singular string or bytes field, for reading; `None` for an extension never touched.
    #[inline]
    pub(super) fn text_slot(&self, field: &FieldInfo) -> Option<&Text> {
        assert!(field.storage() == Storage::Text && field.shape() == Shape::Singular);
        // SAFETY: the slot is a text; writers replace it whole, and no reader here holds it while it calls a writer.
        self.slot::<Text>(field)
            .map(|slot| unsafe { slot.as_ref() })
    }

    /// A singular string or bytes value as it is stored, empty if unset.
    ///
    /// # Safety
    /// The field may not be written while the result is in use.
    ///
    /// # Panics
    /// If the field is not of this type and storage.
    #[inline]
    pub unsafe fn text(&self, field: &FieldInfo) -> &Text {
        self.text_slot(field).unwrap_or(const { &Text::EMPTY })
    }

    /// Calls `f` with a singular string or bytes value, empty if unset.
    #[inline]
    pub(crate) fn with_text<R>(&self, field: &FieldInfo, f: impl FnOnce(&Text) -> R) -> R {
        // Only this crate passes closures, and none of them writes to a message.
        f(self.text_slot(field).unwrap_or(const { &Text::EMPTY }))
    }

    /// A copy of a singular string or bytes value, empty if unset.
    pub fn bytes(&self, field: &FieldInfo) -> Vec<u8> {
        self.with_text(field, |text| text.as_slice().to_vec())
    }

    /// Sets a singular string or bytes field. A borrowed text is copied, since it may be of another input.
    ///
    /// # Panics
    /// If the field is not of this type and storage.
    #[inline]
    pub fn set_text(&self, field: &'static FieldInfo, text: Text) {
        let text = if text.is_borrowed() {
            text.clone()
        } else {
            text
        };
        self.replace_text(field, text);
        self.mark(field);
    }

    /// Sets a singular string or bytes field to that of another message, whose input both keep alive if it is a range of it.
    pub(crate) fn copy_text(&self, source: &Self, field: &'static FieldInfo) {
        let buffer = NonNull::new(source.body().buffer.get());
        let text = source.with_text(field, |text| match buffer {
            // SAFETY: a borrowed text is a range of the buffer that its message keeps, and so does this one now.
            Some(buffer) if text.is_borrowed() && self.keep_buffer(buffer) => unsafe {
                Text::range_of(text.as_slice())
            },
            _ => text.clone(),
        });
        self.set_parsed_text(field, text);
    }

    /// As [`Message::set_text`] for the parser, which keeps the input alive.
    #[inline]
    pub(crate) fn set_parsed_text(&self, field: &'static FieldInfo, text: Text) {
        self.replace_text(field, text);
        self.mark(field);
    }

    /// Puts the same bytes in another form in place, such as the host's object that was made of them. Presence stays.
    #[inline]
    pub fn replace_text(&self, field: &'static FieldInfo, text: Text) {
        assert!(field.storage() == Storage::Text && field.shape() == Shape::Singular);
        let slot = self.slot_or_new::<Text>(field);
        // SAFETY: the slot is a text. The old one is dropped after the new one is in place.
        drop(unsafe { slot.replace(text) });
    }

    // Sub-messages, lists and maps: slots of one counted reference, or null, or where the value stands in the input.

    #[inline]
    fn reference<T>(&self, field: &FieldInfo) -> Option<NonNull<T>> {
        let mut reference = self.slot_reference(field);
        if let Reference::Unread(unread) = reference {
            self.make_read(field, unread);
            reference = self.slot_reference(field);
        }
        match reference {
            Reference::Block(block) => Some(block.cast()),
            Reference::Unread(_) | Reference::Null => None,
        }
    }

    /// The message in a slot, set or not.
    #[inline]
    pub(crate) fn message_slot(&self, field: &FieldInfo) -> Option<ManuallyDrop<Self>> {
        assert!(field.storage() == Storage::Message && field.shape() == Shape::Singular);
        self.reference::<Body>(field)
            .map(|body| ManuallyDrop::new(Self(body)))
    }

    /// A singular sub-message that is set.
    #[inline]
    pub fn message(&self, field: &FieldInfo) -> Option<Self> {
        if self.has(field) {
            self.message_slot(field).map(|message| (*message).clone())
        } else {
            None
        }
    }

    /// A singular sub-message; if it is not set, one that becomes set in this message when it is first written.
    #[inline]
    #[must_use]
    pub fn message_or_stub(&self, field: &'static FieldInfo) -> Self {
        if let Some(message) = self.message_slot(field) {
            return (*message).clone();
        }
        let child = Self::new(field.message_type());
        child.body().parent.set(self.0.as_ptr());
        let guard = self.guard() as u32;
        child
            .body()
            .parent_number
            .set(field.number() & super::LINK_NUMBER | guard << super::GUARD_SHIFT);
        self.store(field, Some(child.clone().into_body()));
        child
    }

    /// A singular sub-message, set now if it was not; the result may be dropped.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "setting it may be all that is wanted"
    )]
    pub fn message_mut(&self, field: &'static FieldInfo) -> Self {
        let child = self.message_or_stub(field);
        if child.is_stub() {
            child.touch();
        } else {
            self.mark(field);
        }
        child
    }

    /// As [`Message::message_mut`] for the parser: presence only, the way up is the parser's own.
    #[inline]
    pub(crate) fn message_for_parse(&self, field: &'static FieldInfo) -> ManuallyDrop<Self> {
        let child = if let Some(message) = self.message_slot(field) {
            message.unlink();
            message
        } else {
            let child = Self::new(field.message_type());
            let body = child.0;
            self.store(field, Some(child.into_body()));
            ManuallyDrop::new(Self(body))
        };
        self.mark(field);
        child
    }

    fn into_body(self) -> NonNull<Body> {
        ManuallyDrop::new(self).0
    }

    #[inline]
    pub(super) fn store<T>(&self, field: &'static FieldInfo, reference: Option<NonNull<T>>) {
        // SAFETY: the slot is a reference or null; callers pass one of the field's kind.
        unsafe {
            self.slot_or_new::<Option<NonNull<T>>>(field)
                .write(reference);
        }
    }

    /// The list in a slot, without a reference of its own: the field may not be cleared while it is in use.
    #[inline]
    pub(crate) fn list_slot(&self, field: &FieldInfo) -> Option<ManuallyDrop<List>> {
        assert!(field.shape() == Shape::List);
        // SAFETY: the slot of a list field refers to a list, which lives as long as it is there; this crate's callers do not clear the field meanwhile.
        self.reference::<u8>(field)
            .map(|list| unsafe { List::borrow_raw(list) })
    }

    /// The list of a repeated field, if there is one.
    #[inline]
    pub fn list(&self, field: &FieldInfo) -> Option<List> {
        self.list_slot(field).map(|list| (*list).clone())
    }

    /// The list of a repeated field, made if there is none.
    #[inline]
    pub fn list_or_new(&self, field: &'static FieldInfo) -> List {
        if let Some(list) = self.list(field) {
            return list;
        }
        let list = List::new(field, self);
        self.store(field, Some(list.clone().into_raw()));
        list
    }

    /// The map in a slot; as for [`Message::list_slot`].
    #[inline]
    pub(crate) fn map_slot(&self, field: &FieldInfo) -> Option<ManuallyDrop<Map>> {
        assert!(field.shape() == Shape::Map);
        // SAFETY: as for `list_slot`.
        self.reference::<u8>(field)
            .map(|map| unsafe { Map::borrow_raw(map) })
    }

    /// The map of a map field, if there is one.
    #[inline]
    pub fn map(&self, field: &FieldInfo) -> Option<Map> {
        self.map_slot(field).map(|map| (*map).clone())
    }

    /// The map of a map field, made if there is none.
    #[inline]
    pub fn map_or_new(&self, field: &'static FieldInfo) -> Map {
        if let Some(map) = self.map(field) {
            return map;
        }
        let map = Map::new(field, self);
        self.store(field, Some(map.clone().into_raw()));
        map
    }

    /// As [`Message::list_or_new`] for the parser, without a reference of its own.
    #[inline]
    pub(crate) fn list_for_parse(&self, field: &'static FieldInfo) -> ManuallyDrop<List> {
        if let Some(list) = self.list_slot(field) {
            return list;
        }
        let list = List::new(field, self).into_raw();
        self.store(field, Some(list));
        // SAFETY: the slot keeps it alive, and the parser clears no field.
        unsafe { List::borrow_raw(list) }
    }

    /// As [`Message::map_or_new`] for the parser, without a reference of its own.
    #[inline]
    pub(crate) fn map_for_parse(&self, field: &'static FieldInfo) -> ManuallyDrop<Map> {
        if let Some(map) = self.map_slot(field) {
            return map;
        }
        let map = Map::new(field, self).into_raw();
        self.store(field, Some(map));
        // SAFETY: as for lists.
        unsafe { Map::borrow_raw(map) }
    }

    // Oneofs.

    /// The member of a oneof (by its index) that is set.
    pub fn which(&self, oneof: usize) -> Option<&'static FieldInfo> {
        self.ty().oneof_fields(oneof).find(|field| self.has(field))
    }

    // Values of any type.

    /// A field's single value, if the field is singular and set.
    pub fn value(&self, field: &'static FieldInfo) -> Option<Value> {
        if field.shape() != Shape::Singular || !self.has(field) {
            return None;
        }
        Some(match field.storage() {
            Storage::I32 => Value::I32(self.scalar(field)),
            Storage::U32 => Value::U32(self.scalar(field)),
            Storage::I64 => Value::I64(self.scalar(field)),
            Storage::U64 => Value::U64(self.scalar(field)),
            Storage::F32 => Value::F32(self.scalar(field)),
            Storage::F64 => Value::F64(self.scalar(field)),
            Storage::Bool => Value::Bool(self.scalar(field)),
            Storage::Text => Value::Text(self.with_text(field, Clone::clone)),
            Storage::Message => Value::Message(self.message(field)?),
        })
    }

    /// Sets a singular field that is no message.
    ///
    /// # Panics
    /// If the value is not of the field's storage, or a message.
    pub fn set_value(&self, field: &'static FieldInfo, value: Value) {
        match value {
            Value::I32(value) => self.set_scalar(field, value),
            Value::U32(value) => self.set_scalar(field, value),
            Value::I64(value) => self.set_scalar(field, value),
            Value::U64(value) => self.set_scalar(field, value),
            Value::F32(value) => self.set_scalar(field, value),
            Value::F64(value) => self.set_scalar(field, value),
            Value::Bool(value) => self.set_scalar(field, value),
            Value::Text(value) => self.set_text(field, value),
            Value::Message(_) => panic!("a sub-message is merged into, not set"),
        }
    }
}
