//! Repeated fields: a block with a vector of the field's storage.

#![expect(unsafe_code, reason = "a counted block, as messages are")]

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use crate::guard::Guard;
use crate::host::{NodeKind, host};
use crate::message::{Link, Message, Scalar, keep_buffer, release_buffer};
use crate::text::Text;
use crate::types::{FieldInfo, Storage};
use crate::value::Value;

/// The elements of a repeated field.
#[derive(Debug)]
#[expect(
    missing_docs,
    reason = "each holds elements of the storage it is named by"
)]
pub enum Items {
    I32(Vec<i32>),
    U32(Vec<u32>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bool(Vec<bool>),
    Text(Vec<Text>),
    Message(Vec<Message>),
}

/// Does the same to the vector, whatever its elements.
macro_rules! each {
    ($items:expr, $vec:ident => $body:expr) => {
        match $items {
            Items::I32($vec) => $body,
            Items::U32($vec) => $body,
            Items::I64($vec) => $body,
            Items::U64($vec) => $body,
            Items::F32($vec) => $body,
            Items::F64($vec) => $body,
            Items::Bool($vec) => $body,
            Items::Text($vec) => $body,
            Items::Message($vec) => $body,
        }
    };
}

impl Items {
    /// No elements, of a storage.
    pub fn empty(storage: Storage) -> Self {
        match storage {
            Storage::I32 => Self::I32(Vec::new()),
            Storage::U32 => Self::U32(Vec::new()),
            Storage::I64 => Self::I64(Vec::new()),
            Storage::U64 => Self::U64(Vec::new()),
            Storage::F32 => Self::F32(Vec::new()),
            Storage::F64 => Self::F64(Vec::new()),
            Storage::Bool => Self::Bool(Vec::new()),
            Storage::Text => Self::Text(Vec::new()),
            Storage::Message => Self::Message(Vec::new()),
        }
    }

    /// The vector of scalars.
    ///
    /// # Panics
    /// If the elements are of another type.
    #[inline]
    pub fn vec_mut<T: Scalar>(&mut self) -> &mut Vec<T> {
        T::vec_of(self).expect("a list's elements are of its field's storage")
    }

    /// The scalars.
    ///
    /// # Panics
    /// If the elements are of another type.
    #[inline]
    pub fn slice<T: Scalar>(&self) -> &[T] {
        T::slice_of(self).expect("a list's elements are of its field's storage")
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        each!(self, vec => vec.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at an index. A message is the element itself.
    ///
    /// # Panics
    /// If the index is out of range.
    pub fn get(&self, index: usize) -> Value {
        match self {
            Self::I32(vec) => Value::I32(vec[index]),
            Self::U32(vec) => Value::U32(vec[index]),
            Self::I64(vec) => Value::I64(vec[index]),
            Self::U64(vec) => Value::U64(vec[index]),
            Self::F32(vec) => Value::F32(vec[index]),
            Self::F64(vec) => Value::F64(vec[index]),
            Self::Bool(vec) => Value::Bool(vec[index]),
            Self::Text(vec) => Value::Text(vec[index].clone()),
            Self::Message(vec) => Value::Message(vec[index].clone()),
        }
    }

    /// Inserts an element; `len()` is the end.
    ///
    /// # Panics
    /// If the value is of another storage, or the index out of range.
    pub fn insert(&mut self, index: usize, value: Value) {
        match (self, value) {
            (Self::I32(vec), Value::I32(value)) => vec.insert(index, value),
            (Self::U32(vec), Value::U32(value)) => vec.insert(index, value),
            (Self::I64(vec), Value::I64(value)) => vec.insert(index, value),
            (Self::U64(vec), Value::U64(value)) => vec.insert(index, value),
            (Self::F32(vec), Value::F32(value)) => vec.insert(index, value),
            (Self::F64(vec), Value::F64(value)) => vec.insert(index, value),
            (Self::Bool(vec), Value::Bool(value)) => vec.insert(index, value),
            (Self::Text(vec), Value::Text(value)) => vec.insert(index, value),
            (Self::Message(vec), Value::Message(value)) => vec.insert(index, value),
            (items, value) => panic!("{value:?} is no element of {items:?}"),
        }
    }

    /// Appends an element. See [`Items::insert`].
    pub fn push(&mut self, value: Value) {
        self.insert(self.len(), value);
    }

    /// Replaces an element, which is returned.
    ///
    /// # Panics
    /// As [`Items::insert`].
    pub fn replace(&mut self, index: usize, value: Value) -> Value {
        let old = self.get(index);
        match (self, value) {
            (Self::I32(vec), Value::I32(value)) => vec[index] = value,
            (Self::U32(vec), Value::U32(value)) => vec[index] = value,
            (Self::I64(vec), Value::I64(value)) => vec[index] = value,
            (Self::U64(vec), Value::U64(value)) => vec[index] = value,
            (Self::F32(vec), Value::F32(value)) => vec[index] = value,
            (Self::F64(vec), Value::F64(value)) => vec[index] = value,
            (Self::Bool(vec), Value::Bool(value)) => vec[index] = value,
            (Self::Text(vec), Value::Text(value)) => vec[index] = value,
            (Self::Message(vec), Value::Message(value)) => vec[index] = value,
            (items, value) => panic!("{value:?} is no element of {items:?}"),
        }
        old
    }

    /// Appends the elements of another list of the same storage.
    ///
    /// # Panics
    /// If the storage is another.
    pub fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::I32(vec), Self::I32(other)) => vec.extend(other),
            (Self::U32(vec), Self::U32(other)) => vec.extend(other),
            (Self::I64(vec), Self::I64(other)) => vec.extend(other),
            (Self::U64(vec), Self::U64(other)) => vec.extend(other),
            (Self::F32(vec), Self::F32(other)) => vec.extend(other),
            (Self::F64(vec), Self::F64(other)) => vec.extend(other),
            (Self::Bool(vec), Self::Bool(other)) => vec.extend(other),
            (Self::Text(vec), Self::Text(other)) => vec.extend(other),
            (Self::Message(vec), Self::Message(other)) => vec.extend(other),
            (items, other) => panic!("{other:?} are no elements of {items:?}"),
        }
    }

    /// Takes the elements of a range out, in their order.
    #[must_use]
    pub fn drain(&mut self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::I32(vec) => Self::I32(vec.drain(range).collect()),
            Self::U32(vec) => Self::U32(vec.drain(range).collect()),
            Self::I64(vec) => Self::I64(vec.drain(range).collect()),
            Self::U64(vec) => Self::U64(vec.drain(range).collect()),
            Self::F32(vec) => Self::F32(vec.drain(range).collect()),
            Self::F64(vec) => Self::F64(vec.drain(range).collect()),
            Self::Bool(vec) => Self::Bool(vec.drain(range).collect()),
            Self::Text(vec) => Self::Text(vec.drain(range).collect()),
            Self::Message(vec) => Self::Message(vec.drain(range).collect()),
        }
    }

    /// Puts the elements into the order of `order`, a permutation of the indexes.
    pub fn permute(&mut self, order: &[usize]) {
        each!(self, vec => {
            let mut slots: Vec<_> = std::mem::take(vec).into_iter().map(Some).collect();
            *vec = order.iter().filter_map(|&index| slots.get_mut(index)?.take()).collect();
        });
    }

    /// Reverses the order.
    pub fn reverse(&mut self) {
        each!(self, vec => vec.reverse());
    }
}

#[repr(C)]
pub(crate) struct ListBody {
    field: &'static FieldInfo,
    link: Link,
    /// An object of the host's, or null: of texts the input that they are ranges of, of all else what the host keeps until the elements are written.
    kept: Cell<*mut ()>,
    items: RefCell<Items>,
}

impl ListBody {
    /// Whether the object that is kept is the input.
    fn keeps_input(&self) -> bool {
        self.field.storage() == Storage::Text
    }

    #[cold]
    fn forget_note(&self) {
        if !self.keeps_input() {
            release_buffer(&self.kept);
        }
    }
}

impl Drop for ListBody {
    fn drop(&mut self) {
        self.items.replace(Items::I32(Vec::new()));
        release_buffer(&self.kept);
    }
}

/// A reference to the list of a repeated field. Cloning shares.
#[repr(transparent)]
pub struct List(NonNull<ListBody>);

impl Clone for List {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: the block is alive while `self` is.
        unsafe { (host().retain)(self.0.cast()) };
        Self(self.0)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let kind = NodeKind::List(self.field());
        // SAFETY: this reference is given back once.
        unsafe { (host().release)(self.0.cast(), kind) };
    }
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.items().fmt(f)
    }
}

impl List {
    /// An empty list for a field of `owner`.
    pub(crate) fn new(field: &'static FieldInfo, owner: &Message) -> Self {
        Self::with_link(field, Link::to(owner))
    }

    /// An empty list that is in no message.
    pub fn detached(field: &'static FieldInfo) -> Self {
        Self::with_link(field, Link::none())
    }

    fn with_link(field: &'static FieldInfo, link: Link) -> Self {
        // SAFETY: the host gives a block of this size and alignment, which is written whole.
        unsafe {
            let body = (host().allocate)(NodeKind::List(field)).cast::<ListBody>();
            body.write(ListBody {
                field,
                link,
                kept: Cell::new(std::ptr::null_mut()),
                items: RefCell::new(Items::empty(field.storage())),
            });
            Self(body)
        }
    }

    /// Takes over a reference from its address.
    ///
    /// # Safety
    /// `block` is that of a living list, and a reference comes with it.
    pub unsafe fn from_raw(block: NonNull<u8>) -> Self {
        Self(block.cast())
    }

    /// The list at an address, without a reference of its own.
    ///
    /// # Safety
    /// `block` is that of a list that lives as long as what is returned.
    #[inline]
    pub unsafe fn borrow_raw(block: NonNull<u8>) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(block.cast()))
    }

    /// The address behind the host's prefix; the reference goes with it.
    pub fn into_raw(self) -> NonNull<u8> {
        ManuallyDrop::new(self).0.cast()
    }

    #[inline]
    fn body(&self) -> &ListBody {
        // SAFETY: the block is alive while `self` is.
        unsafe { self.0.as_ref() }
    }

    /// The field whose elements these are.
    #[inline]
    pub fn field(&self) -> &'static FieldInfo {
        self.body().field
    }

    /// How many elements there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.items().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, to read.
    ///
    /// # Panics
    /// While they are being written.
    #[inline]
    pub fn items(&self) -> Ref<'_, Items> {
        self.body().items.borrow()
    }

    /// The elements, to read; `None` while they are being written.
    #[inline]
    pub fn try_items(&self) -> Option<Ref<'_, Items>> {
        self.body().items.try_borrow().ok()
    }

    /// The elements, to write; the message that holds them becomes set in its parents.
    ///
    /// Texts put in must not be borrowed ([`Text::is_borrowed`]); the parser alone does that.
    ///
    /// # Panics
    /// While they are in use otherwise.
    #[inline]
    pub fn items_mut(&self) -> RefMut<'_, Items> {
        self.body().link.touch();
        self.items_cache()
    }

    /// The elements, to put other forms of the same values in place; nothing becomes set.
    #[inline]
    pub fn items_cache(&self) -> RefMut<'_, Items> {
        if !self.body().kept.get().is_null() {
            self.body().forget_note();
        }
        self.body().items.borrow_mut()
    }

    /// The object that the host keeps with the elements, as what it made of them; `None` if there is none or they were written since.
    #[inline]
    pub fn note(&self) -> Option<NonNull<()>> {
        NonNull::new(self.body().kept.get()).filter(|_| !self.body().keeps_input())
    }

    /// Keeps an object until the elements are written or the list goes, in place of the one that was kept.
    ///
    /// # Safety
    /// `note` is one of the host's objects, and a reference comes with it. The elements are no texts.
    pub unsafe fn set_note(&self, note: NonNull<()>) {
        self.body().forget_note();
        self.body().kept.set(note.as_ptr());
    }

    /// Fills this new list with a copy of another's elements. Texts that are ranges of its input stay that.
    pub(crate) fn fill<E>(
        &self,
        source: &Self,
        copy: impl FnOnce(&Items) -> Result<Items, E>,
    ) -> Result<(), E> {
        let items = source.items();
        let copied = match &*items {
            Items::Text(texts) => {
                if let Some(buffer) = NonNull::new(source.body().kept.get()) {
                    self.keep_buffer(buffer);
                }
                Items::Text(texts.iter().map(Text::share).collect())
            }
            items => copy(items)?,
        };
        self.body().items.replace(copied);
        Ok(())
    }

    /// As [`Message::touch`].
    pub fn touch(&self) {
        self.body().link.touch();
    }

    pub(crate) fn unlink(&self) {
        self.body().link.cut();
    }

    /// What a change of it comes to.
    #[inline]
    pub fn guard(&self) -> Guard {
        self.body().link.guard()
    }

    pub(crate) fn write_guard(&self, guard: Guard) {
        self.body().link.set_guard(guard);
    }

    #[inline]
    pub(crate) fn keep_buffer(&self, buffer: NonNull<()>) -> bool {
        debug_assert!(self.body().keeps_input(), "a note would be lost");
        keep_buffer(&self.body().kept, buffer)
    }
}
