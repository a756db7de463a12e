//! The 16-byte slot of a `string` or `bytes` value.
//!
//! Two words, so that a text moves in registers. The last byte tells what it is: 0 to 15, that many bytes inline in the others; else a range of the input, a buffer of its own, or an object that the host lent, with its address in the first word; the second word has the length in its low half and, of an object, how far in it the bytes begin in the 24 bits above that. All zero is the empty string, so a zeroed slot is a valid one.

#![expect(unsafe_code, reason = "a tagged union laid out by hand")]

use std::fmt;
use std::ptr::{self, NonNull};
use std::slice;

use crate::host::host;

/// The longest string kept inline.
pub(crate) const INLINE: usize = 15;

const BORROWED: u8 = 16;
const OWNED: u8 = 17;
const OBJECT: u8 = 18;

/// Where an object's text says how far in it the bytes begin.
const OFFSET_SHIFT: u32 = 32;

/// Where the tag stands in the second word: its last byte in memory.
const TAG_SHIFT: u32 = 56;

const _: () = assert!(
    cfg!(all(target_pointer_width = "64", target_endian = "little")),
    "texts are laid out for 64-bit little-endian machines"
);

/// A string's bytes, wherever they are.
#[repr(C)]
pub struct Text {
    /// An address, or the first eight inline bytes.
    start: *mut u8,
    /// The tag above, below it a length or further inline bytes.
    rest: u64,
}

const _: () = assert!(size_of::<Text>() == 16);

impl Text {
    /// The empty string.
    pub const EMPTY: Self = Self {
        start: ptr::null_mut(),
        rest: 0,
    };

    const fn pointing(start: *mut u8, length: u32, tag: u8) -> Self {
        Self {
            start,
            rest: (tag as u64) << TAG_SHIFT | length as u64,
        }
    }

    #[inline]
    const fn tag(&self) -> u8 {
        (self.rest >> TAG_SHIFT) as u8
    }

    /// The length of a text that points somewhere.
    #[inline]
    const fn length(&self) -> usize {
        (self.rest & 0xffff_ffff) as usize
    }

    /// A copy of `bytes`: inline where they fit.
    ///
    /// # Panics
    /// If they are longer than 4 GiB, which no message can hold.
    #[inline]
    pub fn copy_of(bytes: &[u8]) -> Self {
        if bytes.len() <= INLINE {
            return Self::inline(bytes);
        }
        Self::owned(bytes)
    }

    fn owned(bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).expect("a string of a message is below 4 GiB");
        let owned: Box<[u8]> = bytes.into();
        Self::pointing(Box::into_raw(owned).cast(), length, OWNED)
    }

    /// Up to 15 bytes, gathered into two words by reads that overlap.
    #[inline]
    fn inline(bytes: &[u8]) -> Self {
        let length = bytes.len();
        let (first, second) = if let (Some(head), Some(tail)) =
            (bytes.first_chunk::<8>(), bytes.last_chunk::<8>())
        {
            // Of the last eight bytes, those that the first word does not have.
            let shift = 8 * (16 - length);
            let tail = u64::from_le_bytes(*tail);
            let tail = if length == 8 { 0 } else { tail >> shift };
            (u64::from_le_bytes(*head), tail)
        } else if let (Some(head), Some(tail)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>())
        {
            let tail = u64::from(u32::from_le_bytes(*tail)) << (8 * (length - 4));
            (u64::from(u32::from_le_bytes(*head)) | tail, 0)
        } else {
            let at = |index: usize| u64::from(bytes[index]) << (8 * index);
            match length {
                0 => (0, 0),
                _ => (at(0) | at(length / 2) | at(length - 1), 0),
            }
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "addresses are 64 bits wide"
        )]
        let start = ptr::without_provenance_mut(first as usize);
        Self {
            start,
            rest: (length as u64) << TAG_SHIFT | second,
        }
    }

    /// A range of the input: inline where it fits, else borrowed (then [`Text::is_borrowed`]).
    ///
    /// # Safety
    /// `bytes` must stay alive and unchanged as long as the text, if it is borrowed.
    #[inline]
    pub unsafe fn range_of(bytes: &[u8]) -> Self {
        match u32::try_from(bytes.len()) {
            Ok(length) if bytes.len() > INLINE => {
                Self::pointing(bytes.as_ptr().cast_mut(), length, BORROWED)
            }
            _ => Self::copy_of(bytes),
        }
    }

    /// A string that the host lent; the reference is taken over. `None`, and it is not, where the bytes are not within 16 MiB of the object's address, or longer than 4 GiB.
    ///
    /// # Safety
    /// `object` must be one that the host's functions take, and `bytes` in its memory, alive and unchanged as long as it is.
    #[inline]
    pub unsafe fn of_object(object: NonNull<()>, bytes: &[u8]) -> Option<Self> {
        let start: *mut u8 = object.as_ptr().cast();
        let offset = bytes.as_ptr().addr().checked_sub(start.addr())? as u64;
        let length = u32::try_from(bytes.len()).ok()?;
        if offset >> (TAG_SHIFT - OFFSET_SHIFT) != 0 {
            return None;
        }
        let mut text = Self::pointing(start, length, OBJECT);
        text.rest |= offset << OFFSET_SHIFT;
        Some(text)
    }

    /// Whether it is a range of the input.
    pub fn is_borrowed(&self) -> bool {
        self.tag() == BORROWED
    }

    /// The lent object, if it is one.
    #[inline]
    pub fn object(&self) -> Option<NonNull<()>> {
        if self.tag() == OBJECT {
            NonNull::new(self.start.cast())
        } else {
            None
        }
    }

    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        let tag = self.tag();
        // SAFETY: each tag comes with a start and length that stay valid as long as the text: inline in the text itself, borrowed by the promise of `range_of`, owned until drop, and lent while the reference is held. The offset is 0 but for lent ones, by the promise of `of_object`.
        unsafe {
            if usize::from(tag) <= INLINE {
                slice::from_raw_parts(ptr::from_ref(self).cast::<u8>(), usize::from(tag))
            } else {
                let offset = (self.rest >> OFFSET_SHIFT) as usize & 0xff_ffff;
                slice::from_raw_parts(self.start.add(offset), self.length())
            }
        }
    }

    /// The same bytes for a message that keeps the same input alive: a range of it stays one.
    #[inline]
    pub(crate) fn share(&self) -> Self {
        if self.tag() <= BORROWED {
            return Self {
                start: self.start,
                rest: self.rest,
            };
        }
        self.clone()
    }

    /// Whether there are no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.tag() == 0 || (self.tag() == OBJECT && self.length() == 0)
    }
}

impl Clone for Text {
    /// A text of its own: a borrowed range is copied, a lent object shared.
    fn clone(&self) -> Self {
        match self.object() {
            Some(object) => {
                // SAFETY: the object is alive in `self`, and the copy gets its own reference.
                unsafe { (host().retain_object)(object) };
                Self {
                    start: self.start,
                    rest: self.rest,
                }
            }
            None => Self::copy_of(self.as_slice()),
        }
    }
}

impl Drop for Text {
    #[inline]
    fn drop(&mut self) {
        match self.tag() {
            OWNED => {
                let owned = ptr::slice_from_raw_parts_mut(self.start, self.length());
                // SAFETY: `copy_of` made this box and nobody else has it.
                drop(unsafe { Box::from_raw(owned) });
            }
            OBJECT => {
                // SAFETY: the text holds the reference that it gives back here.
                unsafe { (host().release_object)(NonNull::new_unchecked(self.start.cast())) };
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_slice().escape_ascii())
    }
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        if usize::from(self.tag()) <= INLINE && self.tag() == other.tag() {
            // Bytes beyond an inline text's end are zero.
            return self.start.addr() == other.start.addr() && self.rest == other.rest;
        }
        same(self.as_slice(), other.as_slice())
    }
}

/// Whether bytes are the same: of few, by reads that may overlap, which cost less than a call.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.len() > 64 {
        return a == b;
    }
    if a.len() < 8 {
        return a.iter().zip(b).fold(0, |found, (a, b)| found | (a ^ b)) == 0;
    }
    let differ =
        |(one, other): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
    let (wholes, _) = a.as_chunks::<8>();
    let (others, _) = b.as_chunks::<8>();
    let last = a.last_chunk().zip(b.last_chunk()).map_or(0, differ);
    wholes
        .iter()
        .zip(others)
        .map(differ)
        .fold(last, |found, bits| found | bits)
        == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_keeps_its_bytes() {
        let input: Vec<u8> = (0..=255).collect();
        for length in 0..=64 {
            let copied = Text::copy_of(&input[..length]);
            // SAFETY: `input` outlives the text.
            let ranged = unsafe { Text::range_of(&input[..length]) };
            assert_eq!(copied.as_slice(), &input[..length]);
            assert_eq!(ranged, copied);
            assert_eq!(ranged.is_borrowed(), length > INLINE);
            let cloned = ranged.clone();
            assert!(!cloned.is_borrowed());
            assert_eq!(cloned, copied);
            assert_eq!(cloned.is_empty(), length == 0);
        }
        assert!(Text::EMPTY.is_empty());
    }

    #[test]
    fn texts_that_differ_in_one_byte_are_not_equal() {
        let input: Vec<u8> = (0..=255).collect();
        for length in 0..=80 {
            let text = Text::copy_of(&input[..length]);
            assert_eq!(text, Text::copy_of(&input[..length]));
            assert_ne!(text, Text::copy_of(&input[..=length]));
            for place in 0..length {
                let mut other = input[..length].to_vec();
                other[place] ^= 0x40;
                assert_ne!(text, Text::copy_of(&other), "{length} {place}");
            }
        }
    }
}
