//! What the wire needs to know of the fields of a type, each in one small entry: found by a tag of one byte, which is that of a field below 16 with its wire type, for parsing and checking; and in their order for writing and comparing.
//!
//! An entry says all that the common forms need; everything else is [`Kind::Other`], which the general code handles.

use russet_descriptor::pool::FieldType;

use crate::types::{FieldInfo, MessageType, Shape};

/// How a value is coded, where that is common: a single value, or an element of a list of strings or messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Anything else, or no field.
    Other,
    /// `int32` and open enums.
    Int32,
    Uint32,
    Sint32,
    /// `int64` and `uint64`.
    Int64,
    Sint64,
    Bool,
    Fixed32,
    Fixed64,
    /// A string that must be UTF-8.
    String,
    /// Bytes, and strings that may be anything.
    Bytes,
    Message,
}

impl Kind {
    /// The bytes of a number's slot; 0 for what is no number.
    #[inline]
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Int32 | Self::Uint32 | Self::Sint32 | Self::Fixed32 => 4,
            Self::Int64 | Self::Sint64 | Self::Fixed64 => 8,
            Self::Other | Self::String | Self::Bytes | Self::Message => 0,
        }
    }
}

/// What a tag means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) is_repeated: bool,
    /// Whether zero is written: the field has presence, or is an element.
    pub(crate) writes_zero: bool,
    /// The place of the field in its type.
    pub(crate) field: u16,
    /// Number and wire type, as they are written.
    pub(crate) tag: u32,
    /// The presence bit, if there is one.
    pub(crate) has_bit: Option<u16>,
    /// Where its slot is in the message.
    pub(crate) offset: u32,
}

impl Entry {
    const OTHER: Self = Self {
        kind: Kind::Other,
        is_repeated: false,
        writes_zero: false,
        field: 0,
        tag: 0,
        has_bit: None,
        offset: 0,
    };

    fn of(field: &FieldInfo, index: usize) -> Self {
        use FieldType as T;
        let is_repeated = field.shape() == Shape::List;
        let kind = match field.field_type() {
            // Setting one clears the others.
            _ if field.shape() == Shape::Map => Kind::Other,
            T::String if field.validates_utf8() => Kind::String,
            T::String | T::Bytes => Kind::Bytes,
            T::Message => Kind::Message,
            _ if is_repeated => Kind::Other,
            T::Int32 | T::Enum => Kind::Int32,
            T::Uint32 => Kind::Uint32,
            T::Sint32 => Kind::Sint32,
            T::Int64 | T::Uint64 => Kind::Int64,
            T::Sint64 => Kind::Sint64,
            T::Bool => Kind::Bool,
            T::Fixed32 | T::Sfixed32 | T::Float => Kind::Fixed32,
            T::Fixed64 | T::Sfixed64 | T::Double => Kind::Fixed64,
            T::Group => Kind::Other,
        };
        Self {
            kind,
            is_repeated,
            writes_zero: is_repeated || field.has_presence(),
            tag: field.number() << 3 | field.wire_type() as u32,
            field: u16::try_from(index).expect("a message has at most 65535 fields"),
            has_bit: field.has_bit(),
            offset: u32::try_from(field.offset()).expect("65535 slots of 16 bytes fit"),
        }
    }
}

/// The entries of a type.
pub(crate) struct WireTable {
    /// By tag, for those of one byte.
    by_tag: [Entry; 128],
    /// Ascending by number.
    ordered: Box<[Entry]>,
}

impl WireTable {
    pub(crate) fn of(ty: &MessageType) -> Self {
        let mut by_tag = [Entry::OTHER; 128];
        let mut ordered = Vec::with_capacity(ty.fields().len());
        for (index, field) in ty.fields().iter().enumerate() {
            let entry = Entry::of(field, index);
            ordered.push(entry);
            // Setting a member of a oneof clears the others, and of a closed enum not all numbers are taken.
            if let Some(place) = by_tag.get_mut(entry.tag as usize)
                && field.oneof().is_none()
                && !field.is_closed_enum()
            {
                *place = entry;
            }
        }
        ordered.sort_by_key(|entry| entry.tag);
        Self {
            by_tag,
            ordered: ordered.into(),
        }
    }

    /// What a tag means to the parser, if it is of one byte.
    #[inline]
    pub(crate) fn get(&self, tag: u8) -> Option<&Entry> {
        self.by_tag.get(usize::from(tag))
    }

    /// All fields, ascending by number.
    #[inline]
    pub(crate) fn ordered(&self) -> &[Entry] {
        &self.ordered
    }
}
