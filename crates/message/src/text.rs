//! The 16-byte slot of a `string` or `bytes` value.
//!
//! Its last byte tells what it is: 0 to 15, that many bytes inline; else a range of the input, a buffer of its own, or an object that the host lent. All zero is the empty string, so a zeroed slot is a valid one.

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

/// A string's bytes, wherever they are. See the [module](self).
#[repr(C, align(8))]
pub struct Text {
    // Inline bytes begin here and run to the tag.
    start: *mut u8,
    #[cfg(target_pointer_width = "32")]
    pad: u32,
    length: u32,
    rest: [u8; 3],
    tag: u8,
}

const _: () = assert!(size_of::<Text>() == 16);

impl Text {
    /// The empty string.
    pub const EMPTY: Self = Self::pointing(ptr::null_mut(), 0, 0);

    const fn pointing(start: *mut u8, length: u32, tag: u8) -> Self {
        Self {
            start,
            #[cfg(target_pointer_width = "32")]
            pad: 0,
            length,
            rest: [0; 3],
            tag,
        }
    }

    /// A copy of `bytes`: inline where they fit.
    ///
    /// # Panics
    /// If they are longer than 4 GiB, which no message can hold.
    pub fn copy_of(bytes: &[u8]) -> Self {
        if bytes.len() <= INLINE {
            return Self::inline(bytes);
        }
        let length = u32::try_from(bytes.len()).expect("a string of a message is below 4 GiB");
        let owned: Box<[u8]> = bytes.into();
        Self::pointing(Box::into_raw(owned).cast(), length, OWNED)
    }

    fn inline(bytes: &[u8]) -> Self {
        debug_assert!(bytes.len() <= INLINE);
        let mut text = Self::EMPTY;
        // SAFETY: at most 15 bytes go to the start of a struct of 16, whose fields take any bytes.
        unsafe {
            ptr::copy_nonoverlapping(
                bytes.as_ptr(),
                ptr::from_mut(&mut text).cast::<u8>(),
                bytes.len(),
            );
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 15")]
        {
            text.tag = bytes.len() as u8;
        }
        text
    }

    /// A range of the input: inline where it fits, else borrowed (then [`Text::is_borrowed`]).
    ///
    /// # Safety
    /// `bytes` must stay alive and unchanged as long as the text, if it is borrowed.
    pub unsafe fn range_of(bytes: &[u8]) -> Self {
        match u32::try_from(bytes.len()) {
            Ok(length) if bytes.len() > INLINE => {
                Self::pointing(bytes.as_ptr().cast_mut(), length, BORROWED)
            }
            _ => Self::copy_of(bytes),
        }
    }

    /// A string that the host lent; the reference is taken over.
    ///
    /// # Safety
    /// `object` must be one that the host's functions take.
    pub unsafe fn of_object(object: NonNull<()>) -> Self {
        Self::pointing(object.as_ptr().cast(), 0, OBJECT)
    }

    /// Whether it is a range of the input.
    pub fn is_borrowed(&self) -> bool {
        self.tag == BORROWED
    }

    /// The lent object, if it is one.
    #[inline]
    pub fn object(&self) -> Option<NonNull<()>> {
        if self.tag == OBJECT {
            NonNull::new(self.start.cast())
        } else {
            None
        }
    }

    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: each tag comes with a start and length that stay valid as long as the text: inline in the text itself, borrowed by the promise of `range_of`, owned until drop, and lent while the reference is held.
        unsafe {
            match self.tag {
                BORROWED | OWNED => slice::from_raw_parts(self.start, self.length as usize),
                OBJECT => {
                    let object = NonNull::new_unchecked(self.start.cast());
                    let (start, length) = (host().object_bytes)(object);
                    slice::from_raw_parts(start, length)
                }
                length => {
                    slice::from_raw_parts(ptr::from_ref(self).cast::<u8>(), usize::from(length))
                }
            }
        }
    }

    /// Whether there are no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.tag == 0 || (self.tag > OWNED && self.as_slice().is_empty())
    }
}

impl Clone for Text {
    /// A text of its own: a borrowed range is copied, a lent object shared.
    fn clone(&self) -> Self {
        match self.object() {
            Some(object) => {
                // SAFETY: the object is alive in `self`, and the copy gets its own reference.
                unsafe {
                    (host().retain_object)(object);
                    Self::of_object(object)
                }
            }
            None => Self::copy_of(self.as_slice()),
        }
    }
}

impl Drop for Text {
    #[inline]
    fn drop(&mut self) {
        match self.tag {
            OWNED => {
                let owned = ptr::slice_from_raw_parts_mut(self.start, self.length as usize);
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
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
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
}
