//! What a field holds: the types of the language, and how many values.

/// What a field's value is; the numbers are those of [`crate::proto::field_type`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(
    missing_docs,
    reason = "each is the language's type of the same name; Group is a message in delimited encoding"
)]
pub enum FieldType {
    Double = 1,
    Float = 2,
    Int64 = 3,
    Uint64 = 4,
    Int32 = 5,
    Fixed64 = 6,
    Fixed32 = 7,
    Bool = 8,
    String = 9,
    Group = 10,
    Message = 11,
    Bytes = 12,
    Uint32 = 13,
    Enum = 14,
    Sfixed32 = 15,
    Sfixed64 = 16,
    Sint32 = 17,
    Sint64 = 18,
}

impl FieldType {
    pub(in crate::pool) fn from_number(number: i32) -> Option<Self> {
        use FieldType as T;
        Some(match number {
            1 => T::Double,
            2 => T::Float,
            3 => T::Int64,
            4 => T::Uint64,
            5 => T::Int32,
            6 => T::Fixed64,
            7 => T::Fixed32,
            8 => T::Bool,
            9 => T::String,
            10 => T::Group,
            11 => T::Message,
            12 => T::Bytes,
            13 => T::Uint32,
            14 => T::Enum,
            15 => T::Sfixed32,
            16 => T::Sfixed64,
            17 => T::Sint32,
            18 => T::Sint64,
            _ => return None,
        })
    }

    /// Whether its values are messages.
    pub const fn is_message(self) -> bool {
        matches!(self, Self::Message | Self::Group)
    }

    /// Whether a repeated field of it may be packed.
    pub const fn is_packable(self) -> bool {
        !matches!(
            self,
            Self::String | Self::Bytes | Self::Message | Self::Group
        )
    }
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// One or none.
    Singular,
    /// One; a message without it is not initialized.
    Required,
    /// Any number.
    Repeated,
}
