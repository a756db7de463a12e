//! A message: its block of memory, the slots in it and presence. What goes into slots is in [`access`], what is known to no slot in [`extra`], the end of messages in [`clear`], the links between them in [`link`], what was parsed and not yet read in [`unread`].
//!
//! Everything goes through `&self`: messages are shared, as objects of Python are, and hold plain cells. Nothing here calls code that could come back to the same message while a reference into it is held.

#![expect(
    unsafe_code,
    reason = "slots lie at offsets that the type's table gives"
)]

mod access;
mod clear;
mod extra;
mod link;
mod unread;

use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

pub(crate) use clear::destroy;
pub(crate) use link::{Link, keep_buffer, release_buffer};
pub(crate) use unread::{Reference, Unread};

use crate::guard::Guard;
use crate::host::{NodeKind, host};
use crate::list::Items;
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
    /// The number of the field that it stands in, while `parent` is set, as far as the guard, in the highest bits, leaves room.
    parent_number: Cell<u32>,
    /// The first 32 presence bits; further words follow.
    bits: Cell<u32>,
}

/// Where the guard begins in `parent_number`.
const GUARD_SHIFT: u32 = u32::BITS - Guard::BITS;

/// What `parent_number` has of a field's number: all of it, but for the greatest of message sets.
const LINK_NUMBER: u32 = !(u32::MAX << GUARD_SHIFT);

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
    /// Whether it is zero bit by bit, so that -0.0 is not.
    fn is_zero(self) -> bool;
}

macro_rules! scalars {
    ($($type:ty = $storage:ident, |$value:ident| $is_zero:expr;)*) => {$(
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
            #[inline]
            fn is_zero(self) -> bool {
                let $value = self;
                $is_zero
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
    i32 = I32, |value| value == 0;
    u32 = U32, |value| value == 0;
    i64 = I64, |value| value == 0;
    u64 = U64, |value| value == 0;
    f32 = F32, |value| value.to_bits() == 0;
    f64 = F64, |value| value.to_bits() == 0;
    bool = Bool, |value| !value;
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

    /// The extension in whose slot a message stands, of those whose link has this number.
    fn extension_of_child(&self, number: u32, child: NonNull<Body>) -> Option<&'static FieldInfo> {
        self.touched_extensions().find(|info| {
            info.number() & LINK_NUMBER == number
                && matches!(self.slot_reference(info), Reference::Block(block) if block == child.cast())
        })
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
    fn set_bit(&self, bit: u16) {
        let word = self.bit_word(bit);
        word.set(word.get() | 1 << (bit % 32));
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
            // What is unread is not empty.
            Shape::List | Shape::Map
                if matches!(self.slot_reference(field), Reference::Unread(_)) =>
            {
                true
            }
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

    /// Whether a singular field is set, where that does not depend on its value.
    #[inline]
    pub(crate) fn presence(&self, field: &FieldInfo) -> Option<bool> {
        if field.owner() == self.ty().id() {
            field.has_bit().map(|bit| self.bit(bit))
        } else {
            Some(self.has(field))
        }
    }

    /// Records that a field was written: its presence, its oneof's other members, and that this message is now set in its parent.
    #[inline]
    pub(crate) fn mark(&self, field: &FieldInfo) {
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
            let number = body.parent_number.get() & LINK_NUMBER;
            let field = owner
                .ty()
                .field(number)
                .or_else(|| owner.extension_of_child(number, child))
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

    /// What a change of it comes to.
    #[inline]
    pub fn guard(&self) -> Guard {
        Guard::from_bits((self.body().parent_number.get() >> GUARD_SHIFT) as usize)
    }

    /// Guards this message alone. See [`Message::set_guard`].
    pub(crate) fn write_guard(&self, guard: Guard) {
        let number = self.body().parent_number.get() & LINK_NUMBER;
        self.body()
            .parent_number
            .set(number | (guard as u32) << GUARD_SHIFT);
    }
}
