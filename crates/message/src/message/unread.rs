//! Slots that nobody has read yet: where the value of a sub-message, list or map stands in the message's input.
//!
//! The parser checks such a value and leaves it there; whoever asks for it first has it made. Until then it costs no memory of its own, is written by copying its bytes if they are what would be written, and is copied by copying the slot. Only messages that keep their input have such slots, and offsets are from its beginning.

#![expect(
    unsafe_code,
    reason = "a slot is a reference or a tagged word, and ranges are of an input that the message keeps alive"
)]

use std::ptr::{self, NonNull};
use std::slice;

use super::Message;
use crate::guard::Guard;
use crate::host::host;
use crate::parse::read_again;
use crate::types::FieldInfo;

/// What stands in a slot in place of a reference: offset (31 bits), length (31 bits), whether writing the value gives the same bytes (1 bit), and a one, which no reference has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unread(u64);

/// Lengths and offsets are below this.
const LIMIT: usize = 1 << 31;

impl Unread {
    /// A range of the input; `None` if it is beyond what a slot can say.
    pub(crate) fn new(offset: usize, length: usize, is_canonical: bool) -> Option<Self> {
        if offset >= LIMIT || length >= LIMIT {
            return None;
        }
        Some(Self(
            (offset as u64) << 33 | (length as u64) << 2 | u64::from(is_canonical) << 1 | 1,
        ))
    }

    /// Where it begins, in bytes from the beginning of the input.
    #[inline]
    pub(crate) fn offset(self) -> usize {
        (self.0 >> 33) as usize
    }

    /// Its length in bytes, tags included.
    #[inline]
    pub(crate) fn length(self) -> usize {
        (self.0 >> 2) as usize & (LIMIT - 1)
    }

    /// Whether writing the value gives the bytes of the range.
    #[inline]
    pub(crate) fn is_canonical(self) -> bool {
        self.0 & 2 != 0
    }
}

/// A slot of a sub-message, list or map.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reference {
    /// A counted reference.
    Block(NonNull<u8>),
    /// A value that was not read yet.
    Unread(Unread),
    /// Nothing.
    Null,
}

impl Reference {
    /// What a slot holds.
    ///
    /// # Safety
    /// The slot is that of a sub-message, list or map.
    #[inline]
    pub(super) unsafe fn read(slot: NonNull<u8>) -> Self {
        // SAFETY: such a slot is a pointer or a word of the same size without provenance.
        let word = unsafe { slot.cast::<*mut u8>().read() };
        if word.addr() & 1 != 0 {
            return Self::Unread(Unread(word.addr() as u64));
        }
        NonNull::new(word).map_or(Self::Null, Self::Block)
    }

    /// What a slot holds, which then holds nothing.
    ///
    /// # Safety
    /// As for [`Reference::read`]; a reference is the caller's from now on.
    #[inline]
    pub(super) unsafe fn take(slot: NonNull<u8>) -> Self {
        // SAFETY: by the caller's word.
        unsafe {
            let taken = Self::read(slot);
            slot.cast::<*mut u8>().write(ptr::null_mut());
            taken
        }
    }
}

impl Message {
    /// What the slot of a sub-message, list or map holds. Extensions are never unread.
    #[inline]
    pub(crate) fn slot_reference(&self, field: &FieldInfo) -> Reference {
        match self.slot::<u8>(field) {
            // SAFETY: callers ask for such slots only.
            Some(slot) => unsafe { Reference::read(slot) },
            None => Reference::Null,
        }
    }

    /// Leaves a value in the input. The message keeps that, and the slot holds no reference.
    #[inline]
    pub(crate) fn leave_unread(&self, field: &'static FieldInfo, unread: Unread) {
        debug_assert!(
            !matches!(self.slot_reference(field), Reference::Block(_)),
            "a reference would be lost"
        );
        #[expect(
            clippy::cast_possible_truncation,
            reason = "addresses are 64 bits wide"
        )]
        let word = ptr::without_provenance_mut::<u8>(unread.0 as usize);
        // SAFETY: the slot is a pointer or such a word.
        unsafe { self.slot_or_new::<*mut u8>(field).write(word) };
    }

    /// The input that the message keeps.
    pub(crate) fn input(&self) -> Option<(NonNull<()>, &[u8])> {
        let buffer = NonNull::new(self.body().buffer.get())?;
        // SAFETY: the message keeps the object alive, and its bytes do not change; only `clear` lets it go, which no caller runs meanwhile.
        let bytes = unsafe {
            let (start, length) = (host().object_bytes)(buffer);
            slice::from_raw_parts(start, length)
        };
        Some((buffer, bytes))
    }

    /// The bytes of a range of the input.
    pub(crate) fn unread_bytes(&self, unread: Unread) -> &[u8] {
        self.input()
            .and_then(|(_, bytes)| bytes.get(unread.offset()..unread.offset() + unread.length()))
            .expect("a message with an unread slot keeps the input that it is a range of")
    }

    /// The bytes of a slot that was not read, if they are what would be written.
    #[inline]
    pub(crate) fn canonical_bytes(&self, field: &FieldInfo) -> Option<&[u8]> {
        match self.slot_reference(field) {
            Reference::Unread(unread) if unread.is_canonical() => Some(self.unread_bytes(unread)),
            _ => None,
        }
    }

    /// Makes the value of an unread slot.
    #[cold]
    pub(super) fn make_read(&self, field: &FieldInfo, unread: Unread) {
        let field = self
            .ty()
            .field(field.number())
            .expect("only fields of the type are left unread");
        // SAFETY: the slot holds a word, of which nothing must be dropped.
        unsafe { self.slot_or_new::<*mut u8>(field).write(ptr::null_mut()) };
        if let Some((buffer, input)) = self.input() {
            read_again(self, field, unread, buffer, input);
        }
        if self.guard() != Guard::Open {
            self.guard_read(field);
        }
    }
}
