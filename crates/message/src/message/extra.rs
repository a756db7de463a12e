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

    /// The extensions that were ever read or written, set or not.
    pub(crate) fn touched_extensions(&self) -> impl Iterator<Item = &'static FieldInfo> {
        let touched = self.extra().map_or(&[][..], |extra| &extra.extensions);
        touched.iter().map(|extension| extension.info)
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

    /// Makes this new message, which has nothing yet, a copy of the slots of another of its type: scalars, texts and presence. Sub-messages, lists and maps are made by `copy`, called with each field that has one; unknown fields and extensions are not copied. With `keeps_input`, ranges of the source's input stay what they are, and this message keeps the input too; otherwise texts are copied, and `copy` is called for what is unread as well.
    pub(crate) fn copy_slots<E>(
        &self,
        source: &Self,
        keeps_input: bool,
        mut copy: impl FnMut(&'static FieldInfo) -> Result<(), E>,
    ) -> Result<(), E> {
        let ty = self.ty();
        assert!(
            ptr::eq(ty, source.ty()),
            "only messages of one type are copied"
        );
        if let Some(buffer) = NonNull::new(source.body().buffer.get())
            && keeps_input
        {
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
                    let text = text.as_ref();
                    let copied = if keeps_input {
                        text.share()
                    } else {
                        text.clone()
                    };
                    slot.cast::<Text>().write(copied);
                } else if !(keeps_input && matches!(Reference::read(slot), Reference::Unread(_))) {
                    slot.cast::<Option<NonNull<u8>>>().write(None);
                }
            }
        }
        for field in ty.dropped_fields() {
            let refers = field.storage() != Storage::Text || field.shape() != Shape::Singular;
            let is_copied = match source.slot_reference(field) {
                Reference::Block(_) => false,
                Reference::Unread(_) => keeps_input,
                Reference::Null => true,
            };
            if refers && !is_copied && source.has(field) {
                copy(field)?;
            }
        }
        Ok(())
    }

    /// Puts a list, a map or a sub-message into the slot of a field that has none.
    pub(crate) fn adopt(&self, field: &'static FieldInfo, block: NonNull<u8>) {
        self.store(field, Some(block));
    }

    /// Whether no slot refers to anything, after which this message may be filled as a new one; its input is let go then.
    pub(crate) fn is_blank(&self) -> bool {
        let refers = self.ty().dropped_fields().any(|field| {
            field.is_reference() && !matches!(self.slot_reference(field), Reference::Null)
        });
        if refers || self.has_extra() {
            return false;
        }
        let has_text = self
            .ty()
            .dropped_fields()
            .any(|field| !field.is_reference() && self.with_text(field, |text| !text.is_empty()));
        if !has_text {
            self.release_buffer();
        }
        !has_text
    }

    // The input that texts borrow from.

    /// Keeps `buffer` alive for ranges of it; `false` if another is kept already.
    #[inline]
    pub(crate) fn keep_buffer(&self, buffer: NonNull<()>) -> bool {
        keep_buffer(&self.body().buffer, buffer)
    }

    /// Lets the input go, when no text and no unread slot is left.
    pub(super) fn release_buffer(&self) {
        release_buffer(&self.body().buffer);
    }
}
