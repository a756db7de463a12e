//! `--decode_raw`: a message's tags and values as text, without its schema.

use std::fmt::Write;

use russet_descriptor::wire::{DEFAULT_RECURSION_LIMIT, Reader, WireError, WireType};

use super::coding::read_input;
use crate::print;

/// Reads standard input, writes standard output.
pub(super) fn decode() -> Result<i32, String> {
    let bytes = read_input()?;
    let mut out = String::new();
    let mut reader = Reader::new(&bytes);
    message(&mut reader, None, 0, &mut out).map_err(|_| "Failed to parse input.".to_owned())?;
    Ok(print(&out))
}

/// Fields up to the end, or to the end of the group `group`.
fn message(
    reader: &mut Reader<'_>,
    group: Option<u32>,
    depth: u32,
    out: &mut String,
) -> Result<(), WireError> {
    if depth > DEFAULT_RECURSION_LIMIT {
        return Err(WireError::TooDeep);
    }
    let indent = "  ".repeat(depth as usize);
    while !reader.is_empty() {
        let (number, wire_type) = reader.tag()?;
        let _infallible = match wire_type {
            WireType::Varint => writeln!(out, "{indent}{number}: {}", reader.varint()?),
            WireType::Fixed32 => writeln!(out, "{indent}{number}: 0x{:08x}", reader.fixed32()?),
            WireType::Fixed64 => writeln!(out, "{indent}{number}: 0x{:016x}", reader.fixed64()?),
            WireType::LengthDelimited => {
                let bytes = reader.length_delimited()?;
                let mut inner = String::new();
                // What can be a message is shown as one.
                let is_message = !bytes.is_empty()
                    && message(&mut Reader::new(bytes), None, depth + 1, &mut inner).is_ok();
                if is_message {
                    writeln!(out, "{indent}{number} {{\n{inner}{indent}}}")
                } else {
                    writeln!(out, "{indent}{number}: \"{}\"", escape(bytes))
                }
            }
            WireType::StartGroup => {
                let mut inner = String::new();
                message(reader, Some(number), depth + 1, &mut inner)?;
                writeln!(out, "{indent}{number} {{\n{inner}{indent}}}")
            }
            WireType::EndGroup => {
                return if group == Some(number) {
                    Ok(())
                } else {
                    Err(WireError::UnmatchedGroup)
                };
            }
        };
    }
    match group {
        None => Ok(()),
        Some(_) => Err(WireError::Truncated),
    }
}

fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        let _infallible = match byte {
            b'\n' => write!(out, "\\n"),
            b'\r' => write!(out, "\\r"),
            b'\t' => write!(out, "\\t"),
            b'"' | b'\'' | b'\\' => write!(out, "\\{}", char::from(byte)),
            0x20..=0x7e => write!(out, "{}", char::from(byte)),
            _ => write!(out, "\\{byte:03o}"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_wire_type() {
        let bytes =
            b"\x08\x96\x01\x12\x03\xffab\x1a\x02\x08\x01\x25\x01\0\0\0\x2b\x08\x02\x2c\x32\0";
        let mut out = String::new();
        message(&mut Reader::new(bytes), None, 0, &mut out).unwrap();
        assert_eq!(
            out,
            "1: 150\n2: \"\\377ab\"\n3 {\n  1: 1\n}\n4: 0x00000001\n5 {\n  1: 2\n}\n6: \"\"\n"
        );
    }

    #[test]
    fn malformed_input_is_an_error() {
        for bytes in [&b"\x08"[..], b"\x0b", b"\x0c", &[0x0b; 300]] {
            assert!(message(&mut Reader::new(bytes), None, 0, &mut String::new()).is_err());
        }
    }
}
