//! Compiled files as the bytes of a `FileDescriptorSet`.

use russet_descriptor::proto::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use russet_descriptor::wire::put_bytes;

use crate::names::json_name;

/// The field number of `FileDescriptorSet.file`.
const FILE: u32 = 1;

/// Writes a set of files, in their order, and sets `json_name` of every field; encoded on all cores.
pub fn encode_set(files: &mut [FileDescriptorProto]) -> Vec<u8> {
    let encoded = russet_parallel::map(files.iter_mut().collect(), |file| {
        add_json_names(file);
        let mut bytes = Vec::new();
        file.encode_into(&mut bytes);
        bytes
    });
    // A tag of one byte and a length of at most five.
    let length = encoded.iter().map(|file| file.len() + 6).sum();
    let mut out = Vec::with_capacity(length);
    for file in encoded {
        put_bytes(&mut out, FILE, &file);
    }
    out
}

/// Sets `json_name` of every field that has none, as descriptor sets and plugins get it.
pub fn add_json_names(file: &mut FileDescriptorProto) {
    fn field(field: &mut FieldDescriptorProto) {
        if field.json_name.is_none() {
            field.json_name = Some(json_name(field.name.as_deref().unwrap_or_default()).into());
        }
    }
    fn message(proto: &mut DescriptorProto) {
        proto.field.iter_mut().for_each(field);
        proto.extension.iter_mut().for_each(field);
        proto.nested_type.iter_mut().for_each(message);
    }
    file.message_type.iter_mut().for_each(message);
    file.extension.iter_mut().for_each(field);
}

#[cfg(test)]
mod tests {
    use super::*;
    use russet_descriptor::proto::FileDescriptorSet;

    #[test]
    fn the_order_of_files_is_kept_across_threads() {
        let files: Vec<FileDescriptorProto> = (0..100)
            .map(|index| FileDescriptorProto {
                name: Some(format!("{index}.proto")),
                ..FileDescriptorProto::default()
            })
            .collect();
        for count in [0, 1, 15, 33, 100] {
            let set = FileDescriptorSet {
                file: files[..count].to_vec(),
                ..FileDescriptorSet::default()
            };
            assert_eq!(encode_set(&mut files[..count].to_vec()), set.encode());
        }
    }
}
