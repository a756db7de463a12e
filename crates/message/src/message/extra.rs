//! What is in no slot: unknown fields, extensions and the input that texts are ranges of; and copying all slots at once.

#![expect(
    unsafe_code,
    reason = "slots lie at offsets that the type's table gives"
)]

use std::ptr::{self, NonNull};

use super::link::{keep_buffer, release_buffer};
use super::{HEADER, Message, Reference};
use crate::text::Text;
use crate::types::{FieldInfo, Shape, Storage};

impl Message {
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
        // SAFETY: both blocks are of the type's size. The presence bits are the end of the header; what follows them are slots, of which those that refer to something are zeroed or given references of their own below, but for those that are unread, whose input both keep, before anything can look at them.
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
                } else if let Reference::Block(_) = Reference::read(slot) {
                    slot.cast::<Option<NonNull<u8>>>().write(None);
                }
            }
        }
        for field in ty.dropped_fields() {
            let refers = field.storage() != Storage::Text || field.shape() != Shape::Singular;
            if refers
                && matches!(source.slot_reference(field), Reference::Block(_))
                && source.has(field)
            {
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
    pub(super) fn release_buffer(&self) {
        release_buffer(&self.body().buffer);
    }
}
