//! A message: its block of memory, the slots in it, presence and the link to its parent.
//!
//! Everything goes through `&self`: messages are shared, as objects of Python are, and hold plain cells. Nothing here calls code that could come back to the same message while a reference into it is held.

#![expect(
    unsafe_code,
    reason = "slots lie at offsets that the type's table gives"
)]

use std::cell::{Cell, RefCell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

use crate::host::{NodeKind, host};
use crate::list::{Items, List};
use crate::map::Map;
use crate::text::Text;
use crate::types::{FieldInfo, MessageType, Shape, Storage};
use crate::value::Value;

/// What every message begins with. Slots follow, as its type lays them out.
#[repr(C)]
pub(crate) struct Body {
    ty: &'static MessageType,
    /// The message in whose slot this one stands without being set; null once it is set, detached, or had no parent.
    parent: Cell<*const Body>,
    extra: UnsafeCell<Option<Box<Extra>>>,
    /// The input that texts are ranges of, or null.
    buffer: Cell<*mut ()>,
    /// The number of the field that it stands in, while `parent` is set.
    parent_number: Cell<u32>,
    /// The first 32 presence bits; further words follow.
    bits: Cell<u32>,
}

/// The size of the header, of which the first word of presence bits is the end.
pub(crate) const HEADER: usize = size_of::<Body>();

/// What most messages do not have.
#[derive(Default)]
struct Extra {
    /// Unknown fields in wire form, as they came.
    unknown: Vec<u8>,
    /// Ascending by number.
    extensions: Vec<Extension>,
}

struct Extension {
    info: &'static FieldInfo,
    present: bool,
    /// A slot of any storage; boxed, so that it stays where it is.
    slot: Box<UnsafeCell<[u64; 2]>>,
}

/// A scalar as it stands in a slot.
pub trait Scalar: Copy + Default + PartialEq + Into<Value> + 'static {
    /// The storage that has this type.
    const STORAGE: Storage;
    /// The vector, if the elements are of this type.
    fn vec_of(items: &mut Items) -> Option<&mut Vec<Self>>;
    /// The elements, if they are of this type.
    fn slice_of(items: &Items) -> Option<&[Self]>;
}

macro_rules! scalars {
    ($($type:ty = $storage:ident),*) => {$(
        impl Scalar for $type {
            const STORAGE: Storage = Storage::$storage;
            fn vec_of(items: &mut Items) -> Option<&mut Vec<Self>> {
                match items {
                    Items::$storage(vec) => Some(vec),
                    _ => None,
                }
            }
            fn slice_of(items: &Items) -> Option<&[Self]> {
                match items {
                    Items::$storage(vec) => Some(vec),
                    _ => None,
                }
            }
        }
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$storage(value)
            }
        }
    )*};
}
scalars!(
    i32 = I32,
    u32 = U32,
    i64 = I64,
    u64 = U64,
    f32 = F32,
    f64 = F64,
    bool = Bool
);

/// A reference to a message. Cloning shares; dropping the last frees.
#[repr(transparent)]
pub struct Message(NonNull<Body>);

impl Clone for Message {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: the block is alive while `self` is.
        unsafe { (host().retain)(self.0.cast()) };
        Self(self.0)
    }
}

impl Drop for Message {
    #[inline]
    fn drop(&mut self) {
        let kind = NodeKind::Message(self.ty());
        // SAFETY: this reference is given back once.
        unsafe { (host().release)(self.0.cast(), kind) };
    }
}

/// Messages are one if they are the same block; [`Message::equals`] compares content.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {{ {} }}",
            self.ty().descriptor().full_name(),
            crate::text_format::Printer::one_line()
                .print(self)
                .trim_end()
        )
    }
}

impl Message {
    /// A message of which nothing is set.
    #[inline]
    pub fn new(ty: &'static MessageType) -> Self {
        // SAFETY: the host gives a zeroed block of the type's size; a zeroed header is valid but for `ty`, which is written first.
        unsafe {
            let body = (host().allocate)(NodeKind::Message(ty)).cast::<Body>();
            ptr::addr_of_mut!((*body.as_ptr()).ty).write(ty);
            Self(body)
        }
    }

    /// Takes over a reference from its address.
    ///
    /// # Safety
    /// `block` is what [`Message::into_raw`] or [`Message::as_raw`] gave, of a living message, and a reference comes with it.
    #[inline]
    pub unsafe fn from_raw(block: NonNull<u8>) -> Self {
        Self(block.cast())
    }

    /// The message at an address, without a reference of its own.
    ///
    /// # Safety
    /// As for [`Message::from_raw`], but that the message only must live as long as what is returned.
    #[inline]
    pub unsafe fn borrow_raw(block: NonNull<u8>) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(block.cast()))
    }

    /// The address behind the host's prefix; the reference goes with it.
    #[inline]
    pub fn into_raw(self) -> NonNull<u8> {
        ManuallyDrop::new(self).0.cast()
    }

    /// The address behind the host's prefix.
    #[inline]
    pub fn as_raw(&self) -> NonNull<u8> {
        self.0.cast()
    }

    #[inline]
    fn body(&self) -> &Body {
        // SAFETY: the block is alive while `self` is, and all of it is cells.
        unsafe { self.0.as_ref() }
    }

    /// Its type.
    #[inline]
    pub fn ty(&self) -> &'static MessageType {
        self.body().ty
    }

    // Slots.

    /// The slot of a field; `None` for an extension that was never touched.
    #[inline]
    fn slot<T>(&self, field: &FieldInfo) -> Option<NonNull<T>> {
        if field.owner() == self.ty().id() {
            // SAFETY: the type's table puts the slot within the block.
            return Some(unsafe { self.0.cast::<u8>().add(field.offset()).cast() });
        }
        self.check_extension(field);
        let extension = self.find_extension(field.number())?;
        NonNull::new(extension.slot.get().cast())
    }

    #[inline]
    fn slot_or_new<T>(&self, field: &'static FieldInfo) -> NonNull<T> {
        if field.owner() == self.ty().id() {
            // SAFETY: as in `slot`.
            return unsafe { self.0.cast::<u8>().add(field.offset()).cast() };
        }
        self.check_extension(field);
        let extensions = &mut self.extra_or_new().extensions;
        let place = extensions.partition_point(|e| e.info.number() < field.number());
        if extensions
            .get(place)
            .is_none_or(|e| e.info.number() != field.number())
        {
            let extension = Extension {
                info: field,
                present: false,
                slot: Box::default(),
            };
            extensions.insert(place, extension);
        }
        NonNull::new(extensions[place].slot.get().cast()).expect("a box is not null")
    }

    /// A field of another type would be memory of another layout.
    fn check_extension(&self, field: &FieldInfo) {
        assert!(
            field.is_extension()
                && ptr::eq(field.descriptor().containing_type(), self.ty().descriptor()),
            "{} is no field of {}",
            field.descriptor().full_name(),
            self.ty().descriptor().full_name()
        );
    }

    #[expect(
        clippy::mut_from_ref,
        reason = "the side block is a cell; see the module"
    )]
    fn extra_or_new(&self) -> &mut Extra {
        // SAFETY: no reference into the side block outlives the function that takes it, and none of them calls back.
        unsafe { (*self.body().extra.get()).get_or_insert_default() }
    }

    fn extra(&self) -> Option<&Extra> {
        // SAFETY: as for `extra_or_new`.
        unsafe { (*self.body().extra.get()).as_deref() }
    }

    /// Whether it has unknown fields or touched extensions.
    #[inline]
    pub(crate) fn has_extra(&self) -> bool {
        self.extra().is_some()
    }

    fn find_extension(&self, number: u32) -> Option<&Extension> {
        let extensions = &self.extra()?.extensions;
        let place = extensions
            .binary_search_by_key(&number, |e| e.info.number())
            .ok()?;
        Some(&extensions[place])
    }

    // Presence.

    #[inline]
    fn bit_word(&self, bit: u16) -> &Cell<u32> {
        let word = usize::from(bit) / 32;
        // SAFETY: the words of presence bits follow each other from `bits` on, as many as the type has.
        unsafe {
            &*ptr::addr_of!((*self.0.as_ptr()).bits)
                .add(word)
                .cast::<Cell<u32>>()
        }
    }

    #[inline]
    fn bit(&self, bit: u16) -> bool {
        self.bit_word(bit).get() >> (bit % 32) & 1 != 0
    }

    #[inline]
    fn write_presence(&self, field: &FieldInfo, present: bool) {
        if let Some(bit) = field.has_bit() {
            let word = self.bit_word(bit);
            let mask = 1 << (bit % 32);
            word.set(if present {
                word.get() | mask
            } else {
                word.get() & !mask
            });
        } else if field.is_extension()
            && let Some(extension) = self
                .extra_or_new()
                .extensions
                .iter_mut()
                .find(|e| e.info.number() == field.number())
        {
            extension.present = present;
        }
    }

    /// Whether a field is set: present, not zero where it has no presence, not empty where it is repeated.
    #[inline]
    pub fn has(&self, field: &FieldInfo) -> bool {
        if let Some(bit) = field.has_bit()
            && field.owner() == self.ty().id()
        {
            return self.bit(bit);
        }
        match field.shape() {
            Shape::List => self.list_slot(field).is_some_and(|list| !list.is_empty()),
            Shape::Map => self.map_slot(field).is_some_and(|map| !map.is_empty()),
            Shape::Singular if field.is_extension() => {
                self.check_extension(field);
                self.find_extension(field.number())
                    .is_some_and(|e| e.present)
            }
            Shape::Singular => match field.storage() {
                Storage::I32 | Storage::U32 | Storage::F32 => self.read::<u32>(field) != 0,
                Storage::I64 | Storage::U64 | Storage::F64 => self.read::<u64>(field) != 0,
                Storage::Bool => self.read::<u8>(field) != 0,
                Storage::Text => !self.text_slot(field).is_none_or(Text::is_empty),
                Storage::Message => false,
            },
        }
    }

    /// Records that a field was written: its presence, its oneof's other members, and that this message is now set in its parent.
    #[inline]
    fn mark(&self, field: &FieldInfo) {
        self.write_presence(field, true);
        if field.oneof().is_some() {
            self.clear_other_members(field);
        }
        self.touch();
    }

    #[cold]
    fn clear_other_members(&self, field: &FieldInfo) {
        let Some(oneof) = field.oneof() else { return };
        for member in self.ty().oneof_fields(oneof) {
            if !ptr::eq(member, field) && self.has(member) {
                self.clear_slot(member);
            }
        }
    }

    /// Makes a message that only stands in its parent's slot set there, and the parent in its own.
    #[inline]
    pub fn touch(&self) {
        if !self.body().parent.get().is_null() {
            self.realise();
        }
    }

    #[cold]
    fn realise(&self) {
        let mut child = self.0;
        loop {
            // SAFETY: `child` is alive: `self`, or the parent of one that is; a parent that dies clears its children's links.
            let body = unsafe { child.as_ref() };
            let Some(parent) = NonNull::new(body.parent.replace(ptr::null()).cast_mut()) else {
                return;
            };
            // SAFETY: see above.
            let owner = unsafe { Self::borrow_raw(parent.cast()) };
            let number = body.parent_number.get();
            let field = owner
                .ty()
                .field(number)
                .or_else(|| owner.find_extension(number).map(|e| e.info))
                .expect("a link names a field of the parent");
            owner.write_presence(field, true);
            owner.clear_other_members(field);
            child = parent;
        }
    }

    /// Whether it stands in a parent's slot without being set there.
    #[inline]
    pub fn is_stub(&self) -> bool {
        !self.body().parent.get().is_null()
    }

    #[inline]
    pub(crate) fn unlink(&self) {
        self.body().parent.set(ptr::null());
    }

    // Scalars.

    #[inline]
    fn read<T: Copy + Default>(&self, field: &FieldInfo) -> T {
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

    // Strings and bytes.

    /// The slot of a singular string or bytes field, for reading; `None` for an extension never touched.
    #[inline]
    fn text_slot(&self, field: &FieldInfo) -> Option<&Text> {
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

    // Sub-messages, lists and maps: slots of one counted reference or null.

    #[inline]
    fn reference<T>(&self, field: &FieldInfo) -> Option<NonNull<T>> {
        // SAFETY: the slot is a reference or null.
        self.slot::<Option<NonNull<T>>>(field)
            .and_then(|slot| unsafe { slot.read() })
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
        child.body().parent_number.set(field.number());
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
    fn store<T>(&self, field: &'static FieldInfo, reference: Option<NonNull<T>>) {
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

    // Clearing.

    /// Clears a field. A sub-message, list or map that others hold lives on, detached.
    pub fn clear_field(&self, field: &FieldInfo) {
        self.clear_slot(field);
        self.touch();
    }

    fn clear_slot(&self, field: &FieldInfo) {
        self.write_presence(field, false);
        let Some(slot) = self.slot::<u8>(field) else {
            return;
        };
        // SAFETY: the slot holds what the table says, and is left zeroed, which is valid for each; what it held is dropped after that.
        unsafe { clear(slot, field) };
    }

    /// Clears everything, unknown fields too.
    pub fn clear(&self) {
        let ty = self.ty();
        for field in ty.fields() {
            self.clear_slot(field);
        }
        // SAFETY: taken out before it is dropped.
        drop_extra(unsafe { (*self.body().extra.get()).take() });
        self.release_buffer();
        self.touch();
    }

    /// Clears what is set and leaves the rest alone: a sub-message that was read and not set, and an empty list or map, stay what the slot refers to.
    pub fn clear_set(&self) {
        for field in self.set_fields() {
            self.clear_slot(field);
        }
        self.clear_unknown();
        self.touch();
    }

    // Oneofs.

    /// The member of a oneof (by its index) that is set.
    pub fn which(&self, oneof: usize) -> Option<&'static FieldInfo> {
        self.ty().oneof_fields(oneof).find(|field| self.has(field))
    }

    // Unknown fields and extensions.

    /// Unknown fields, in wire form.
    pub fn unknown(&self) -> Vec<u8> {
        self.with_unknown(<[u8]>::to_vec)
    }

    #[inline]
    pub(crate) fn with_unknown<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(self.extra().map_or(&[], |extra| &extra.unknown))
    }

    pub(crate) fn append_unknown(&self, bytes: &[u8]) {
        self.extra_or_new().unknown.extend_from_slice(bytes);
    }

    /// Drops the unknown fields of this message alone.
    pub(crate) fn clear_unknown(&self) {
        if self.extra().is_some() {
            self.extra_or_new().unknown = Vec::new();
        }
    }

    /// The extensions that are set, ascending by number.
    pub fn extensions(&self) -> Vec<&'static FieldInfo> {
        self.extra().map_or_else(Vec::new, |extra| {
            extra
                .extensions
                .iter()
                .map(|e| e.info)
                .filter(|info| self.has(info))
                .collect()
        })
    }

    /// All fields that are set, extensions after the others, each ascending by number.
    pub fn set_fields(&self) -> Vec<&'static FieldInfo> {
        let mut fields: Vec<_> = self
            .ty()
            .fields_by_number()
            .filter(|field| self.has(field))
            .collect();
        fields.extend(self.extensions());
        fields
    }

    /// Makes this new message, which has nothing yet, a copy of the slots of another of its type: scalars, texts and presence. Sub-messages, lists and maps are made by `copy`, called with each field that has one; unknown fields and extensions are not copied.
    pub(crate) fn copy_slots<E>(
        &self,
        source: &Self,
        mut copy: impl FnMut(&'static FieldInfo) -> Result<(), E>,
    ) -> Result<(), E> {
        let ty = self.ty();
        assert!(
            ptr::eq(ty, source.ty()),
            "only messages of one type are copied"
        );
        if let Some(buffer) = NonNull::new(source.body().buffer.get()) {
            self.keep_buffer(buffer);
        }
        // SAFETY: both blocks are of the type's size. The presence bits are the end of the header; what follows them are slots, of which those that refer to something are zeroed or given references of their own below, before anything can look at them.
        unsafe {
            let from = HEADER - size_of::<u32>();
            let start = source.0.cast::<u8>().add(from);
            let target = self.0.cast::<u8>().add(from);
            ptr::copy_nonoverlapping(start.as_ptr(), target.as_ptr(), ty.size() - from);
            for field in ty.dropped_fields() {
                let slot = self.0.cast::<u8>().add(field.offset());
                if field.storage() == Storage::Text && field.shape() == Shape::Singular {
                    let text = source.0.cast::<u8>().add(field.offset()).cast::<Text>();
                    let shared = text.as_ref().share();
                    slot.cast::<Text>().write(shared);
                } else {
                    slot.cast::<Option<NonNull<u8>>>().write(None);
                }
            }
        }
        for field in ty.dropped_fields() {
            let refers = field.storage() != Storage::Text || field.shape() != Shape::Singular;
            if refers && source.has(field) {
                copy(field)?;
            }
        }
        Ok(())
    }

    /// Puts a list, a map or a sub-message into the slot of a field that has none.
    pub(crate) fn adopt(&self, field: &'static FieldInfo, block: NonNull<u8>) {
        self.store(field, Some(block));
    }

    // The input that texts borrow from.

    /// Keeps `buffer` alive for ranges of it; `false` if another is kept already.
    #[inline]
    pub(crate) fn keep_buffer(&self, buffer: NonNull<()>) -> bool {
        keep_buffer(&self.body().buffer, buffer)
    }

    /// Makes texts independent of the input, so that it can be let go. Only [`Message::clear`] calls it, when no text is left.
    fn release_buffer(&self) {
        release_buffer(&self.body().buffer);
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

/// Zeroes a slot and drops what it held.
unsafe fn clear(slot: NonNull<u8>, field: &FieldInfo) {
    // SAFETY: the caller says that the slot holds what `field` says.
    unsafe {
        match (field.shape(), field.storage()) {
            (Shape::List, _) => {
                if let Some(list) = slot.cast::<Option<NonNull<u8>>>().replace(None) {
                    let list = List::from_raw(list);
                    list.unlink();
                }
            }
            (Shape::Map, _) => {
                if let Some(map) = slot.cast::<Option<NonNull<u8>>>().replace(None) {
                    let map = Map::from_raw(map);
                    map.unlink();
                }
            }
            (Shape::Singular, Storage::Message) => {
                if let Some(child) = slot.cast::<Option<NonNull<Body>>>().replace(None) {
                    let child = Message(child);
                    child.unlink();
                    release_child(child);
                }
            }
            (Shape::Singular, Storage::Text) => {
                drop(slot.cast::<Text>().replace(Text::EMPTY));
            }
            (Shape::Singular, Storage::I64 | Storage::U64 | Storage::F64) => {
                slot.cast::<u64>().write(0);
            }
            (Shape::Singular, Storage::I32 | Storage::U32 | Storage::F32) => {
                slot.cast::<u32>().write(0);
            }
            (Shape::Singular, Storage::Bool) => slot.write(0),
        }
    }
}

fn drop_extra(extra: Option<Box<Extra>>) {
    for mut extension in extra.into_iter().flat_map(|extra| extra.extensions) {
        let slot = NonNull::from(extension.slot.get_mut()).cast();
        // SAFETY: the slot holds what the extension's table entry says.
        unsafe { clear(slot, extension.info) };
    }
}

/// Drops all that a message holds. See [`NodeKind::destroy`].
///
/// # Safety
/// `body` is a live message without references.
pub(crate) unsafe fn destroy(body: NonNull<Body>) {
    // SAFETY: the block is alive until the host frees it, after this.
    unsafe {
        let message = ManuallyDrop::new(Message(body));
        for field in message.ty().dropped_fields() {
            clear(body.cast::<u8>().add(field.offset()), field);
        }
        drop_extra((*message.body().extra.get()).take());
        message.release_buffer();
    }
}

/// Nested messages are dropped by recursion down to this depth, then one after another.
const MAX_DROP_DEPTH: u32 = 64;

/// Drops a sub-message without using stack for each level of nesting, which a program may build without limit.
fn release_child(child: Message) {
    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
        static PENDING: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
    }
    let depth = DEPTH.get();
    if depth >= MAX_DROP_DEPTH {
        PENDING.with_borrow_mut(|pending| pending.push(child));
        return;
    }
    DEPTH.set(depth + 1);
    drop(child);
    if depth == 0 {
        while let Some(pending) = PENDING.with_borrow_mut(Vec::pop) {
            drop(pending);
        }
    }
    DEPTH.set(depth);
}

/// Keeps an input buffer alive in a block's cell; `false` if another is there.
#[inline]
pub(crate) fn keep_buffer(cell: &Cell<*mut ()>, buffer: NonNull<()>) -> bool {
    let kept = cell.get();
    if kept.is_null() {
        // SAFETY: the parser's input is alive while it parses.
        unsafe { (host().retain_object)(buffer) };
        cell.set(buffer.as_ptr());
        true
    } else {
        kept == buffer.as_ptr()
    }
}

/// Lets an input buffer go.
#[inline]
pub(crate) fn release_buffer(cell: &Cell<*mut ()>) {
    if let Some(buffer) = NonNull::new(cell.replace(ptr::null_mut())) {
        // SAFETY: the cell held a reference.
        unsafe { (host().release_object)(buffer) };
    }
}

/// A weak link from a list or map to the message that holds it, while that is a stub itself.
#[derive(Debug)]
pub(crate) struct Link(Cell<*const Body>);

impl Link {
    /// A link to `owner`, if a change must be passed on to it.
    pub(crate) fn to(owner: &Message) -> Self {
        Self(Cell::new(if owner.is_stub() {
            owner.0.as_ptr()
        } else {
            ptr::null()
        }))
    }

    /// No link.
    pub(crate) const fn none() -> Self {
        Self(Cell::new(ptr::null()))
    }

    pub(crate) fn cut(&self) {
        self.0.set(ptr::null());
    }

    /// Passes a change on, once.
    #[inline]
    pub(crate) fn touch(&self) {
        if let Some(owner) = NonNull::new(self.0.replace(ptr::null()).cast_mut()) {
            // SAFETY: an owner that dies or clears the field cuts the link.
            unsafe { Message::borrow_raw(owner.cast()) }.touch();
        }
    }
}
