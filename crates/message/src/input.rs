//! What is parsed, and why it cannot be.

use std::ptr::NonNull;

use russet_descriptor::wire::WireError;
use thiserror::Error;

use crate::types::Types;
use crate::{MAX_DEPTH, MAX_MESSAGE_SIZE, MAX_NESTING};

/// Why bytes are not a message of a type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes break the wire format, or a rule of the schema.
    #[error("Error parsing message with type '{message}': {error}")]
    Wire {
        /// The full name of the type that was parsed.
        message: String,
        /// What is wrong.
        error: WireError,
    },
    /// More than [`MAX_MESSAGE_SIZE`] bytes.
    #[error(
        "Error parsing message with type '{message}': {size} bytes are more than the limit of {MAX_MESSAGE_SIZE}"
    )]
    TooLarge {
        /// The full name of the type that was parsed.
        message: String,
        /// The size of the input in bytes.
        size: usize,
    },
}

/// What is parsed.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) buffer: Option<NonNull<()>>,
    pub(crate) types: Types<'a>,
    pub(crate) max_depth: u32,
}

impl<'a> Input<'a> {
    /// Bytes, of which the message keeps copies.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            buffer: None,
            types: Types::default(),
            max_depth: MAX_DEPTH,
        }
    }

    /// All bytes of an object of the host, which the message keeps alive, and ranges of it in place of copies; sub-messages, lists and maps are made of them when they are first read.
    ///
    /// # Safety
    /// `object` is one that the host's functions take, and `bytes` are all of its bytes, unchanged as long as it lives.
    #[expect(unsafe_code, reason = "the lifetime of the bytes is the object's")]
    pub unsafe fn of_object(bytes: &'a [u8], object: NonNull<()>) -> Self {
        Self {
            bytes,
            buffer: Some(object),
            types: Types::default(),
            max_depth: MAX_DEPTH,
        }
    }

    /// With messages that nest as deep as they can be written, [`MAX_NESTING`](crate::MAX_NESTING), each made at once.
    #[must_use]
    pub fn deep(self) -> Self {
        Self {
            // What is left unread is read again by the usual limit.
            buffer: None,
            max_depth: MAX_NESTING,
            ..self
        }
    }

    /// With a pool in which extensions are looked up.
    #[must_use]
    pub fn with_types(self, types: Types<'a>) -> Self {
        Self { types, ..self }
    }
}
