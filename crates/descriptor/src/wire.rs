//! The protobuf wire format's primitives: varints, tags, fixed and length-delimited values.
//!
//! [`Reader`] walks over untrusted bytes with checked arithmetic and never panics; the `put_*` functions append to a buffer. Messages and fields are built on these elsewhere.

use thiserror::Error;

/// The deepest nesting of messages and groups that is parsed, as `google.protobuf` has it.
pub const DEFAULT_RECURSION_LIMIT: u32 = 100;

/// The largest field number, 2^29 - 1.
pub const MAX_FIELD_NUMBER: u32 = (1 << 29) - 1;

/// The largest number of an extension of a message set, 2^31 - 2: it is written as a number, not as a tag.
pub const MAX_MESSAGE_SET_NUMBER: u32 = (1 << 31) - 2;

/// How a field's value is delimited on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum WireType {
    /// Base-128, least significant group first, at most ten bytes.
    Varint = 0,
    /// Eight bytes, little endian.
    Fixed64 = 1,
    /// A varint length, then that many bytes.
    LengthDelimited = 2,
    /// Fields up to the [`WireType::EndGroup`] of the same number.
    StartGroup = 3,
    /// Ends a group.
    EndGroup = 4,
    /// Four bytes, little endian.
    Fixed32 = 5,
}

/// Why bytes are not a protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// The input ended inside a value.
    #[error("truncated message: the input ends inside a field")]
    Truncated,
    /// A varint ran over ten bytes.
    #[error("varint longer than 10 bytes")]
    VarintTooLong,
    /// A tag or a length of more than five bytes, or beyond 32 bits.
    #[error("a tag or length is longer than 5 bytes or 32 bits")]
    TagOrLengthTooLong,
    /// A tag with field number 0.
    #[error("invalid tag: field number 0 does not exist")]
    InvalidFieldNumber,
    /// A tag with wire type 6 or 7.
    #[error("invalid tag: wire types 6 and 7 do not exist")]
    InvalidWireType,
    /// An end-group tag without its start, or the reverse.
    #[error("group start and end do not match")]
    UnmatchedGroup,
    /// Messages nested deeper than the limit.
    #[error("nested deeper than the recursion limit")]
    TooDeep,
    /// A `string` field holds bytes that are not UTF-8.
    #[error("a string field holds invalid UTF-8")]
    InvalidUtf8,
}

/// Reads wire values from a byte slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// A varint of up to 64 bits; bits beyond the 64th are dropped, as every implementation does.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, WireError> {
        match *self.rest {
            [byte @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(byte))
            }
            [low, high @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(low & 0x7f) | u64::from(high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for (index, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 {
            WireError::Truncated
        } else {
            WireError::VarintTooLong
        })
    }

    /// What tags and lengths are: a varint of up to 32 bits in at most five bytes; unlike a value's, nothing of it is dropped.
    #[inline]
    fn short_varint(&mut self) -> Result<u32, WireError> {
        match *self.rest {
            [byte @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(u32::from(byte))
            }
            [low, high @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(u32::from(low & 0x7f) | u32::from(high) << 7)
            }
            _ => {
                let before = self.rest.len();
                let value = self.long_varint().map_err(|error| match error {
                    WireError::VarintTooLong => WireError::TagOrLengthTooLong,
                    error => error,
                })?;
                if before - self.rest.len() > 5 {
                    return Err(WireError::TagOrLengthTooLong);
                }
                u32::try_from(value).map_err(|_| WireError::TagOrLengthTooLong)
            }
        }
    }

    /// A field's number and wire type.
    #[inline]
    pub fn tag(&mut self) -> Result<(u32, WireType), WireError> {
        let tag = self.short_varint()?;
        let number = tag >> 3;
        if number == 0 {
            return Err(WireError::InvalidFieldNumber);
        }
        let wire_type = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::LengthDelimited,
            3 => WireType::StartGroup,
            4 => WireType::EndGroup,
            5 => WireType::Fixed32,
            _ => return Err(WireError::InvalidWireType),
        };
        Ok((number, wire_type))
    }

    /// `count` raw bytes.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A varint length and the bytes it counts.
    #[inline]
    pub fn length_delimited(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.short_varint()?;
        self.take(usize::try_from(length).map_err(|_| WireError::Truncated)?)
    }

    /// A varint length and as many bytes of UTF-8.
    #[inline]
    pub fn utf8(&mut self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.length_delimited()?).map_err(|_| WireError::InvalidUtf8)
    }

    /// Four bytes, little endian.
    #[inline]
    pub fn fixed32(&mut self) -> Result<u32, WireError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// Eight bytes, little endian.
    #[inline]
    pub fn fixed64(&mut self) -> Result<u64, WireError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// Passes over the value of a field whose tag has been read; a group to its end tag. `depth` is how many more levels may nest.
    pub fn skip(&mut self, number: u32, wire_type: WireType, depth: u32) -> Result<(), WireError> {
        match wire_type {
            WireType::Varint => self.varint().map(drop),
            WireType::Fixed64 => self.fixed64().map(drop),
            WireType::LengthDelimited => self.length_delimited().map(drop),
            WireType::Fixed32 => self.fixed32().map(drop),
            WireType::EndGroup => Err(WireError::UnmatchedGroup),
            WireType::StartGroup => {
                let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
                loop {
                    let (inner, inner_type) = self.tag()?;
                    if inner_type == WireType::EndGroup {
                        return if inner == number {
                            Ok(())
                        } else {
                            Err(WireError::UnmatchedGroup)
                        };
                    }
                    self.skip(inner, inner_type, depth)?;
                }
            }
        }
    }
}

/// Appends a varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low seven bits are what is wanted"
        )]
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the value is below 128 here"
    )]
    out.push(value as u8);
}

/// Appends a tag.
#[inline]
pub fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: WireType) {
    put_varint(out, (u64::from(number) << 3) | wire_type as u64);
}

/// Appends a length-delimited field: tag, length, bytes.
pub fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_tag(out, number, WireType::LengthDelimited);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// How many bytes [`put_varint`] appends: 1 to 10.
#[inline]
pub const fn varint_len(value: u64) -> usize {
    // Each byte carries seven bits; `| 1` makes zero take one byte.
    (70 - (value | 1).leading_zeros() as usize) / 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip_at_their_length_limits() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1_u64 << shift) - 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                put_varint(&mut out, value);
                assert_eq!(out.len(), varint_len(value), "{value}");
                let mut reader = Reader::new(&out);
                assert_eq!(reader.varint(), Ok(value));
                assert!(reader.is_empty());
            }
        }
    }

    #[test]
    fn bad_bytes_are_refused() {
        assert_eq!(Reader::new(&[0x80; 3]).varint(), Err(WireError::Truncated));
        assert_eq!(
            Reader::new(&[0x80; 11]).varint(),
            Err(WireError::VarintTooLong)
        );
        assert_eq!(
            Reader::new(&[0x00]).tag(),
            Err(WireError::InvalidFieldNumber)
        );
        assert_eq!(Reader::new(&[0x0e]).tag(), Err(WireError::InvalidWireType));
        assert_eq!(
            Reader::new(&[5, 1, 2]).length_delimited(),
            Err(WireError::Truncated)
        );
        // A value may be written in more bytes than it needs, a tag or length in up to five.
        assert_eq!(
            Reader::new(&[0x88, 0x80, 0x80, 0x80, 0x00]).tag(),
            Ok((1, WireType::Varint))
        );
        for bytes in [
            &[0x88, 0x80, 0x80, 0x80, 0x80, 0x00][..],
            &[0xf8, 0xff, 0xff, 0xff, 0x1f],
            &[0xa8, 0xec, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x66],
        ] {
            let expected = Err(WireError::TagOrLengthTooLong);
            assert_eq!(Reader::new(bytes).tag(), expected, "{bytes:x?}");
            let length = Reader::new(bytes).length_delimited();
            assert_eq!(length.err(), expected.err(), "{bytes:x?}");
        }
        let nested = [0x0b; 200];
        let mut reader = Reader::new(&nested);
        let (number, wire_type) = reader.tag().unwrap();
        assert_eq!(
            reader.skip(number, wire_type, DEFAULT_RECURSION_LIMIT),
            Err(WireError::TooDeep)
        );
    }
}
