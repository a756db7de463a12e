//! One value of any type: map keys and values, and what moves between layers.

use std::hash::{Hash, Hasher};

use russet_descriptor::pool::Default;

use crate::message::Message;
use crate::text::Text;
use crate::types::{FieldInfo, Storage};

/// A value as a field stores it.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "each holds a value of the storage it is named by"
)]
pub enum Value {
    I32(i32),
    U32(u32),
    I64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Bool(bool),
    /// A string or bytes.
    Text(Text),
    Message(Message),
}

impl Value {
    /// What a field's value is before it is set: zero, empty, a new message.
    pub fn zero(field: &'static FieldInfo) -> Self {
        match field.storage() {
            Storage::I32 => Self::I32(0),
            Storage::U32 => Self::U32(0),
            Storage::I64 => Self::I64(0),
            Storage::U64 => Self::U64(0),
            Storage::F32 => Self::F32(0.0),
            Storage::F64 => Self::F64(0.0),
            Storage::Bool => Self::Bool(false),
            Storage::Text => Self::Text(Text::EMPTY),
            Storage::Message => Self::Message(Message::new(field.message_type())),
        }
    }

    /// What reading an unset field gives: its declared default, or zero.
    pub fn default_of(field: &'static FieldInfo) -> Self {
        match field.descriptor().default() {
            Default::I32(value) | Default::Enum(value) => Self::I32(*value),
            Default::U32(value) => Self::U32(*value),
            Default::I64(value) => Self::I64(*value),
            Default::U64(value) => Self::U64(*value),
            Default::F32(value) => Self::F32(*value),
            Default::F64(value) => Self::F64(*value),
            Default::Bool(value) => Self::Bool(*value),
            Default::Bytes(value) => Self::Text(Text::copy_of(value)),
            Default::None => Self::zero(field),
        }
    }

    /// Whether it is what an unset field has: bits of zero (so that -0.0 is not), or no bytes.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::I32(value) => *value == 0,
            Self::U32(value) => *value == 0,
            Self::I64(value) => *value == 0,
            Self::U64(value) => *value == 0,
            Self::F32(value) => value.to_bits() == 0,
            Self::F64(value) => value.to_bits() == 0,
            Self::Bool(value) => !value,
            Self::Text(value) => value.is_empty(),
            Self::Message(_) => false,
        }
    }

    /// Equality of map keys: integers, bools and strings. Others are equal to nothing.
    #[inline]
    pub fn same_key(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::I32(a), Self::I32(b)) => a == b,
            (Self::U32(a), Self::U32(b)) => a == b,
            (Self::I64(a), Self::I64(b)) => a == b,
            (Self::U64(a), Self::U64(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => false,
        }
    }

    /// The order of map keys in deterministic output: by number, `false` first, strings by byte.
    pub fn compare_key(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::I32(a), Self::I32(b)) => a.cmp(b),
            (Self::U32(a), Self::U32(b)) => a.cmp(b),
            (Self::I64(a), Self::I64(b)) => a.cmp(b),
            (Self::U64(a), Self::U64(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.as_slice().cmp(b.as_slice()),
            _ => std::cmp::Ordering::Equal,
        }
    }

    /// The order in which the original's `str` prints the entries of a map, and writes them, backwards, where order is asked for: negative numbers after the others, strings down from the greatest, but the shorter of two that begin alike first.
    pub fn compare_key_as_original(&self, other: &Self) -> std::cmp::Ordering {
        let (a, b) = match (self, other) {
            (Self::I32(a), Self::I32(b)) => return a.cast_unsigned().cmp(&b.cast_unsigned()),
            (Self::I64(a), Self::I64(b)) => return a.cast_unsigned().cmp(&b.cast_unsigned()),
            (Self::Text(a), Self::Text(b)) => (a, b),
            _ => return self.compare_key(other),
        };
        let (a, b) = (a.as_slice(), b.as_slice());
        let common = a.len().min(b.len());
        b[..common].cmp(&a[..common]).then(a.len().cmp(&b.len()))
    }

    /// Feeds a map key to a hasher.
    pub(crate) fn hash_key<H: Hasher>(&self, hasher: &mut H) {
        match self {
            Self::I32(value) => value.hash(hasher),
            Self::U32(value) => value.hash(hasher),
            Self::I64(value) => value.hash(hasher),
            Self::U64(value) => value.hash(hasher),
            Self::Bool(value) => value.hash(hasher),
            Self::Text(value) => value.as_slice().hash(hasher),
            Self::F32(_) | Self::F64(_) | Self::Message(_) => {}
        }
    }
}
