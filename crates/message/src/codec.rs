//! How each scalar type is coded on the wire: one codec a type, so that parsing, writing and measuring are each written once.

use russet_descriptor::wire::{Reader, WireError, varint_len};

use crate::message::Scalar;
use crate::types::Storage;
use crate::validate::{are_short_varints, minimal_varint};
use crate::write::Encoder;

/// A scalar type's coding.
pub(crate) trait Codec {
    type T: Scalar;
    /// The bytes of every value, if all take the same.
    const FIXED: Option<usize>;
    fn read(reader: &mut Reader<'_>) -> Result<Self::T, WireError>;
    fn put(out: &mut Encoder, value: Self::T);
    fn size(value: Self::T) -> usize;
    /// Reads a value, and tells whether it is coded as [`Codec::put`] would code it.
    fn check(reader: &mut Reader<'_>) -> Result<(Self::T, bool), WireError>;
    /// Whether a packed run is coded as [`Codec::put_packed`] would code its elements.
    fn check_packed(bytes: &[u8]) -> Result<bool, WireError>;
    /// Appends all elements of a packed run.
    fn read_packed(bytes: &[u8], elements: &mut Vec<Self::T>) -> Result<(), WireError> {
        // Each element ends with the one byte of it that is below 128.
        elements.reserve(bytes.iter().filter(|&&byte| byte < 0x80).count());
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            elements.push(Self::read(&mut reader)?);
        }
        Ok(())
    }
    /// Writes all elements of a packed run.
    fn put_packed(out: &mut Encoder, elements: &[Self::T]) {
        for &element in elements.iter().rev() {
            Self::put(out, element);
        }
    }
}

macro_rules! varint_codec {
    ($name:ident, $type:ty, |$raw:ident| $from:expr, |$value:ident| $to:expr) => {
        pub(crate) struct $name;
        #[expect(
            clippy::allow_attributes,
            reason = "not every type needs each of the casts"
        )]
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            clippy::cast_sign_loss,
            clippy::cast_lossless,
            reason = "the wire keeps the low bits and writes negative numbers sign-extended"
        )]
        impl Codec for $name {
            type T = $type;
            const FIXED: Option<usize> = None;
            #[inline]
            fn read(reader: &mut Reader<'_>) -> Result<$type, WireError> {
                let $raw = reader.varint()?;
                Ok($from)
            }
            #[inline]
            fn check(reader: &mut Reader<'_>) -> Result<($type, bool), WireError> {
                let ($raw, is_minimal) = minimal_varint(reader)?;
                let $value: $type = $from;
                Ok(($value, is_minimal && $raw == $to))
            }
            fn check_packed(bytes: &[u8]) -> Result<bool, WireError> {
                if are_short_varints(bytes) {
                    // Below 2^28 a number is in the range of every type but bool.
                    return Ok(<$type>::STORAGE != Storage::Bool || bytes.iter().all(|&b| b <= 1));
                }
                let mut reader = Reader::new(bytes);
                let mut is_canonical = true;
                while !reader.is_empty() {
                    is_canonical &= Self::check(&mut reader)?.1;
                }
                Ok(is_canonical)
            }
            #[inline]
            fn put(out: &mut Encoder, $value: $type) {
                out.varint($to);
            }
            #[inline]
            fn size($value: $type) -> usize {
                varint_len($to)
            }
        }
    };
}
varint_codec!(Int32, i32, |raw| raw as i32, |value| value as i64 as u64);
varint_codec!(Int64, i64, |raw| raw as i64, |value| value as u64);
varint_codec!(Uint32, u32, |raw| raw as u32, |value| value as u64);
varint_codec!(Uint64, u64, |raw| raw, |value| value);
varint_codec!(
    Sint32,
    i32,
    |raw| ((raw as u32) >> 1) as i32 ^ -((raw & 1) as i32),
    |value| ((value << 1) ^ (value >> 31)) as u32 as u64
);
varint_codec!(
    Sint64,
    i64,
    |raw| (raw >> 1) as i64 ^ -((raw & 1) as i64),
    |value| ((value << 1) ^ (value >> 63)) as u64
);
varint_codec!(Bool, bool, |raw| raw != 0, |value| value as u64);

macro_rules! fixed_codec {
    ($name:ident, $type:ty, $bytes:literal, $read:ident) => {
        pub(crate) struct $name;
        impl Codec for $name {
            type T = $type;
            const FIXED: Option<usize> = Some($bytes);
            #[inline]
            fn read(reader: &mut Reader<'_>) -> Result<$type, WireError> {
                reader
                    .$read()
                    .map(|raw| <$type>::from_le_bytes(raw.to_le_bytes()))
            }
            #[inline]
            fn check(reader: &mut Reader<'_>) -> Result<($type, bool), WireError> {
                Self::read(reader).map(|value| (value, true))
            }
            fn check_packed(bytes: &[u8]) -> Result<bool, WireError> {
                if bytes.len().is_multiple_of($bytes) {
                    Ok(true)
                } else {
                    Err(WireError::Truncated)
                }
            }
            #[inline]
            fn put(out: &mut Encoder, value: $type) {
                out.bytes(&value.to_le_bytes());
            }
            #[inline]
            fn size(_value: $type) -> usize {
                $bytes
            }
            fn read_packed(bytes: &[u8], elements: &mut Vec<$type>) -> Result<(), WireError> {
                let (whole, rest) = bytes.as_chunks::<$bytes>();
                elements.extend(whole.iter().map(|raw| <$type>::from_le_bytes(*raw)));
                if rest.is_empty() {
                    Ok(())
                } else {
                    Err(WireError::Truncated)
                }
            }
            fn put_packed(out: &mut Encoder, elements: &[$type]) {
                let (room, _) = out.take(elements.len() * $bytes).as_chunks_mut::<$bytes>();
                for (room, element) in room.iter_mut().zip(elements) {
                    *room = element.to_le_bytes();
                }
            }
        }
    };
}
fixed_codec!(Fixed32, u32, 4, fixed32);
fixed_codec!(Sfixed32, i32, 4, fixed32);
fixed_codec!(Float, f32, 4, fixed32);
fixed_codec!(Fixed64, u64, 8, fixed64);
fixed_codec!(Sfixed64, i64, 8, fixed64);
fixed_codec!(Double, f64, 8, fixed64);

/// Runs `$body` with `$codec` standing for the codec of a scalar field type, or `$other` for the rest.
macro_rules! with_codec {
    ($field_type:expr, $codec:ident => $body:expr, _ => $other:expr) => {{
        use russet_descriptor::pool::FieldType as T;
        macro_rules! run {
            ($name:ident) => {{
                type $codec = crate::codec::$name;
                $body
            }};
        }
        match $field_type {
            T::Int32 | T::Enum => run!(Int32),
            T::Int64 => run!(Int64),
            T::Uint32 => run!(Uint32),
            T::Uint64 => run!(Uint64),
            T::Sint32 => run!(Sint32),
            T::Sint64 => run!(Sint64),
            T::Bool => run!(Bool),
            T::Fixed32 => run!(Fixed32),
            T::Sfixed32 => run!(Sfixed32),
            T::Float => run!(Float),
            T::Fixed64 => run!(Fixed64),
            T::Sfixed64 => run!(Sfixed64),
            T::Double => run!(Double),
            T::String | T::Bytes | T::Message | T::Group => $other,
        }
    }};
}
pub(crate) use with_codec;
