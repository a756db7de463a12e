//! How the structs of [`super`] are read, checked and written: a trait for what a field holds, one for its values, and the macro that makes a struct of a list of fields.

use crate::text::Text;
use crate::wire::{Reader, WireError, WireType, put_tag, put_varint};

/// A field's value in a struct of this module: how it is read from and written to the wire.
pub(crate) trait Field {
    fn put(&self, number: u32, out: &mut Vec<u8>);
    /// Reads one occurrence; `false` where the wire type is not this field's, so that the caller keeps it as unknown.
    fn merge(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError>;
    /// What [`Field::merge`] would answer, without making a value.
    fn check(wire_type: WireType, reader: &mut Reader<'_>, depth: u32) -> Result<bool, WireError>;
}

/// A single value, of which [`Option`] and [`Vec`] make fields.
pub(crate) trait Value: Sized {
    const WIRE_TYPE: WireType;
    fn put_value(&self, out: &mut Vec<u8>);
    fn read_value(reader: &mut Reader<'_>, depth: u32) -> Result<Self, WireError>;
    /// Singular messages merge; all else is replaced by the last occurrence.
    fn merge_value(&mut self, reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
        *self = Self::read_value(reader, depth)?;
        Ok(())
    }
    /// Fails where [`Value::read_value`] would, without keeping a value.
    fn check_value(reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
        Self::read_value(reader, depth).map(drop)
    }
}

macro_rules! varint_value {
    ($($type:ty),*) => {$(
        impl Value for $type {
            const WIRE_TYPE: WireType = WireType::Varint;
            #[expect(clippy::allow_attributes, reason = "not every integer type needs each of the casts")]
            #[allow(clippy::cast_sign_loss, clippy::cast_lossless, reason = "int32 and int64 are written sign-extended")]
            fn put_value(&self, out: &mut Vec<u8>) {
                put_varint(out, *self as u64);
            }
            #[expect(clippy::allow_attributes, reason = "not every integer type needs each of the casts")]
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "int32 keeps the low bits, as every implementation does")]
            fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
                Ok(reader.varint()? as Self)
            }
        }
    )*};
}
varint_value!(i32, i64, u64);

impl Value for bool {
    const WIRE_TYPE: WireType = WireType::Varint;
    fn put_value(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        Ok(reader.varint()? != 0)
    }
}

impl Value for f64 {
    const WIRE_TYPE: WireType = WireType::Fixed64;
    fn put_value(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        reader.fixed64().map(Self::from_bits)
    }
}

impl Value for String {
    const WIRE_TYPE: WireType = WireType::LengthDelimited;
    fn put_value(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        out.extend_from_slice(self.as_bytes());
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        // descriptor.proto is proto2, where a string is not validated; Rust's strings are.
        reader.utf8().map(str::to_owned)
    }
    fn check_value(reader: &mut Reader<'_>, _depth: u32) -> Result<(), WireError> {
        reader.utf8().map(drop)
    }
}

impl Value for Text {
    const WIRE_TYPE: WireType = WireType::LengthDelimited;
    fn put_value(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        out.extend_from_slice(self);
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        Ok(reader.length_delimited()?.to_vec().into())
    }
    fn check_value(reader: &mut Reader<'_>, _depth: u32) -> Result<(), WireError> {
        reader.length_delimited().map(drop)
    }
}

impl Value for Vec<u8> {
    const WIRE_TYPE: WireType = WireType::LengthDelimited;
    fn put_value(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        out.extend_from_slice(self);
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        reader.length_delimited().map(<[u8]>::to_vec)
    }
    fn check_value(reader: &mut Reader<'_>, _depth: u32) -> Result<(), WireError> {
        reader.length_delimited().map(drop)
    }
}

/// Options stand apart: most declarations have none, and then cost eight bytes.
impl<T: Value> Value for Box<T> {
    const WIRE_TYPE: WireType = T::WIRE_TYPE;
    fn put_value(&self, out: &mut Vec<u8>) {
        (**self).put_value(out);
    }
    fn read_value(reader: &mut Reader<'_>, depth: u32) -> Result<Self, WireError> {
        T::read_value(reader, depth).map(Self::new)
    }
    fn merge_value(&mut self, reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
        (**self).merge_value(reader, depth)
    }
    fn check_value(reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
        T::check_value(reader, depth)
    }
}

impl<T: Value> Field for Option<T> {
    fn put(&self, number: u32, out: &mut Vec<u8>) {
        if let Some(value) = self {
            put_tag(out, number, T::WIRE_TYPE);
            value.put_value(out);
        }
    }
    fn merge(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError> {
        if wire_type != T::WIRE_TYPE {
            return Ok(false);
        }
        match self {
            Some(value) => value.merge_value(reader, depth)?,
            None => *self = Some(T::read_value(reader, depth)?),
        }
        Ok(true)
    }
    fn check(wire_type: WireType, reader: &mut Reader<'_>, depth: u32) -> Result<bool, WireError> {
        if wire_type != T::WIRE_TYPE {
            return Ok(false);
        }
        T::check_value(reader, depth)?;
        Ok(true)
    }
}

impl<T: Value> Field for Vec<T> {
    fn put(&self, number: u32, out: &mut Vec<u8>) {
        for value in self {
            put_tag(out, number, T::WIRE_TYPE);
            value.put_value(out);
        }
    }
    fn merge(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError> {
        if wire_type == T::WIRE_TYPE {
            self.push(T::read_value(reader, depth)?);
            return Ok(true);
        }
        if wire_type == WireType::LengthDelimited {
            // Packed where the schema says unpacked: a parser must accept both.
            let mut packed = Reader::new(reader.length_delimited()?);
            while !packed.is_empty() {
                self.push(T::read_value(&mut packed, depth)?);
            }
            return Ok(true);
        }
        Ok(false)
    }
    fn check(wire_type: WireType, reader: &mut Reader<'_>, depth: u32) -> Result<bool, WireError> {
        if wire_type == T::WIRE_TYPE {
            T::check_value(reader, depth)?;
            return Ok(true);
        }
        if wire_type == WireType::LengthDelimited {
            let mut packed = Reader::new(reader.length_delimited()?);
            while !packed.is_empty() {
                T::check_value(&mut packed, depth)?;
            }
            return Ok(true);
        }
        Ok(false)
    }
}

macro_rules! messages {
    ($(
        $(#[$message_doc:meta])*
        $message:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $number:literal,)*
        }
    )*) => {$(
        $(#[$message_doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $message {
            $($(#[$field_doc])* #[doc = concat!("Field ", stringify!($number), ".")] pub $field: $type,)*
            /// Fields that this struct does not know, in wire form; interpreted custom options too.
            pub unknown: Vec<u8>,
        }

        impl $message {
            /// Reads a message from its wire form.
            pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
                let mut message = Self::default();
                message.merge_from(bytes, DEFAULT_RECURSION_LIMIT)?;
                Ok(message)
            }

            /// Adds what a message in wire form says: a single value is replaced, a message merged, a list continued.
            pub fn merge(&mut self, bytes: &[u8]) -> Result<(), WireError> {
                self.merge_from(bytes, DEFAULT_RECURSION_LIMIT)
            }

            /// The wire form, fields in the order of their numbers.
            pub fn encode(&self) -> Vec<u8> {
                let mut out = Vec::new();
                self.encode_into(&mut out);
                out
            }

            /// Appends the wire form to `out`.
            pub fn encode_into(&self, out: &mut Vec<u8>) {
                $(self.$field.put($number, out);)*
                out.extend_from_slice(&self.unknown);
            }

            /// The wire form without one of the known fields: a file without its `source_code_info`, say, which need not be copied for it.
            pub fn encode_without(&self, number: u32) -> Vec<u8> {
                let mut out = Vec::new();
                $(if number != $number {
                    self.$field.put($number, &mut out);
                })*
                out.extend_from_slice(&self.unknown);
                out
            }

            /// Whether bytes are a message's wire form: fails where [`Self::decode`] would, and makes nothing.
            pub fn check(bytes: &[u8]) -> Result<(), WireError> {
                Self::check_from(bytes, DEFAULT_RECURSION_LIMIT)
            }

            fn check_from(bytes: &[u8], depth: u32) -> Result<(), WireError> {
                let mut reader = Reader::new(bytes);
                while !reader.is_empty() {
                    let (number, wire_type) = reader.tag()?;
                    let known = match number {
                        $($number => <$type>::check(wire_type, &mut reader, depth)?,)*
                        _ => false,
                    };
                    if !known {
                        reader.skip(number, wire_type, depth)?;
                    }
                }
                Ok(())
            }

            fn merge_from(&mut self, bytes: &[u8], depth: u32) -> Result<(), WireError> {
                let mut reader = Reader::new(bytes);
                while !reader.is_empty() {
                    let start = reader.rest();
                    let (number, wire_type) = reader.tag()?;
                    let known = match number {
                        $($number => self.$field.merge(wire_type, &mut reader, depth)?,)*
                        _ => false,
                    };
                    if !known {
                        reader.skip(number, wire_type, depth)?;
                        self.unknown.extend_from_slice(&start[..start.len() - reader.rest().len()]);
                    }
                }
                Ok(())
            }
        }

        impl Value for $message {
            const WIRE_TYPE: WireType = WireType::LengthDelimited;
            fn put_value(&self, out: &mut Vec<u8>) {
                // Written in place, then the length is put before it: one pass, and lengths below 128 move nothing but one byte.
                let start = out.len();
                self.encode_into(out);
                let length = out.len() - start;
                put_varint(out, length as u64);
                out[start..].rotate_left(length);
            }
            fn read_value(reader: &mut Reader<'_>, depth: u32) -> Result<Self, WireError> {
                let mut message = Self::default();
                message.merge_value(reader, depth)?;
                Ok(message)
            }
            fn merge_value(&mut self, reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
                let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
                self.merge_from(reader.length_delimited()?, depth)
            }
            fn check_value(reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
                let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
                Self::check_from(reader.length_delimited()?, depth)
            }
        }
    )*};
}

pub(super) use messages;
