//! The messages of `google/protobuf/descriptor.proto` and `google/protobuf/compiler/plugin.proto`, as plain structs.
//!
//! `Option` is presence, `Vec` is repeated, enums are their numbers (their constants are beside them), and what a struct does not know is kept in `unknown`, in wire form. Interpreted custom options live there too: their numbers are above those of all known fields, so that writing `unknown` last keeps the order by number that protoc writes.

mod codec;
mod enums;
mod messages;

pub(crate) use codec::{Field, Value};
pub use enums::*;
pub use messages::*;

pub use crate::source_info::{Comments, Location, Rewrite, SourceCodeInfo};
pub use crate::text::Text;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{WireError, put_bytes};

    #[test]
    fn a_file_round_trips_and_unknown_fields_survive() {
        let mut file = FileDescriptorProto {
            name: Some("a/b.proto".into()),
            syntax: Some("proto3".into()),
            public_dependency: vec![0, 300],
            ..FileDescriptorProto::default()
        };
        file.message_type.push(DescriptorProto {
            name: Some("M".repeat(300)),
            ..DescriptorProto::default()
        });
        put_bytes(&mut file.unknown, 60_000, b"kept");
        assert_eq!(FileDescriptorProto::check(&file.encode()), Ok(()));
        assert_eq!(FileDescriptorProto::decode(&file.encode()), Ok(file));
    }

    #[test]
    fn a_field_can_be_left_out() {
        let mut file = FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            syntax: Some("proto3".to_owned()),
            source_code_info: Some(SourceCodeInfo::default()),
            ..FileDescriptorProto::default()
        };
        let without = file.encode_without(9);
        file.source_code_info = None;
        assert_eq!(without, file.encode());
    }

    #[test]
    fn malformed_bytes_are_errors() {
        let nested_too_deep = (0..101).fold(Vec::new(), |inner: Vec<u8>, _| {
            let mut outer = Vec::new();
            // A message type in a message type, the outermost in a file.
            put_bytes(&mut outer, 3, &inner);
            outer
        });
        let mut too_deep = Vec::new();
        put_bytes(&mut too_deep, 4, &nested_too_deep);
        for (bytes, error) in [
            (&[0x0a, 5, b'x'][..], WireError::Truncated),
            (&[0x0a, 1, 0xff], WireError::InvalidUtf8),
            // Field 10, packed, its second varint cut short.
            (&[0x52, 2, 1, 0x80], WireError::Truncated),
            (&[0x0b, 0x14], WireError::UnmatchedGroup),
            (&too_deep, WireError::TooDeep),
        ] {
            assert_eq!(FileDescriptorProto::decode(bytes), Err(error));
            assert_eq!(FileDescriptorProto::check(bytes), Err(error));
        }
    }
}
