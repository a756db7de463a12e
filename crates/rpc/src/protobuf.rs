//! The wire format of Protocol Buffers, as far as the messages need it that gRPC itself exchanges: health and load reports.
//!
//! Fields are read one by one and never stored; what a reader does not know it passes over. Messages of applications are none of this crate's business.

use thiserror::Error;

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the bytes are not a Protocol Buffers message")]
pub struct Malformed;

/// The value of one field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// The fields of a message, in the order of the bytes.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(count).map_err(|_| Malformed)?;
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn read(&mut self) -> Result<(u64, Value<'a>), Malformed> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.fixed()?)),
            // Groups are in none of these messages.
            _ => return Err(Malformed),
        };
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Appends a varint.
pub(crate) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let byte = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

/// Appends a field of bytes; nothing where they are empty.
pub(crate) fn put_bytes(number: u64, bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        put_varint(number << 3 | 2, out);
        put_varint(bytes.len() as u64, out);
        out.extend_from_slice(bytes);
    }
}

/// Appends a field with a whole number; nothing where it is zero.
pub(crate) fn put_number(number: u64, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        put_varint(number << 3, out);
        put_varint(value, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_come_in_order_and_what_is_cut_is_malformed() {
        let bytes = [
            0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0,
            0,
        ];
        let fields: Result<Vec<_>, _> = Fields::of(&bytes).collect();
        assert_eq!(
            fields.unwrap(),
            [
                (1, Value::Varint(150)),
                (2, Value::Bytes(b"hi")),
                (3, Value::Fixed32(1)),
                (4, Value::Fixed64(2)),
            ]
        );
        let whole = [0, 3, 7, 12, bytes.len()];
        for end in 0..=bytes.len() {
            let read: Result<Vec<_>, _> = Fields::of(&bytes[..end]).collect();
            assert_eq!(read.is_ok(), whole.contains(&end), "{end}");
        }
        for malformed in [&[0x0b_u8][..], &[0xff; 11], &[0x0a, 0xff, 0xff, 0xff, 0x0f]] {
            assert_eq!(Fields::of(malformed).last(), Some(Err(Malformed)));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number in 1_u64..1000, value: u64, text: Vec<u8>) {
            let mut bytes = Vec::new();
            put_number(number, value, &mut bytes);
            put_bytes(number, &text, &mut bytes);
            let read: Result<Vec<_>, _> = Fields::of(&bytes).collect();
            let mut expected = Vec::new();
            if value != 0 {
                expected.push((number, Value::Varint(value)));
            }
            if !text.is_empty() {
                expected.push((number, Value::Bytes(&text)));
            }
            prop_assert_eq!(read.unwrap(), expected);
        }

        #[test]
        fn any_bytes_are_read_to_an_end(bytes: Vec<u8>) {
            prop_assert!(Fields::of(&bytes).count() <= bytes.len());
        }
    }
}
