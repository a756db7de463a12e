//! Compiled files as the bytes of a `FileDescriptorSet`.

use std::num::NonZero;
use std::thread;

use russet_descriptor::proto::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use russet_descriptor::wire::{WireType, put_tag, put_varint};

use crate::names::json_name;

/// The field number of `FileDescriptorSet.file`.
const FILE: u32 = 1;

/// The fewest files for which further threads are started.
const FILES_WORTH_A_THREAD: usize = 16;

/// Writes a set of files, in their order, with a `json_name` for every field; encoded on all cores.
pub fn encode_set(mut files: Vec<FileDescriptorProto>) -> Vec<u8> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(files.len() / FILES_WORTH_A_THREAD).max(1);
    let share = files.len().div_ceil(threads).max(1);
    if threads == 1 {
        return encode_part(files);
    }
    let mut parts = Vec::with_capacity(threads);
    while !files.is_empty() {
        let rest = files.split_off(share.min(files.len()));
        parts.push(std::mem::replace(&mut files, rest));
    }
    thread::scope(|scope| {
        let running: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(|| encode_part(part)))
            .collect();
        let mut out = Vec::new();
        for thread in running {
            match thread.join() {
                Ok(part) if out.is_empty() => out = part,
                Ok(part) => out.extend_from_slice(&part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        out
    })
}

/// Each file is let go of when it is written, so that only one of the two forms takes memory.
fn encode_part(files: Vec<FileDescriptorProto>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = Vec::new();
    for mut file in files {
        add_json_names(&mut file);
        bytes.clear();
        file.encode_into(&mut bytes);
        put_tag(&mut out, FILE, WireType::LengthDelimited);
        put_varint(&mut out, bytes.len() as u64);
        out.extend_from_slice(&bytes);
    }
    out
}

/// Sets `json_name` of every field that has none, as descriptor sets and plugins get it.
pub fn add_json_names(file: &mut FileDescriptorProto) {
    fn field(field: &mut FieldDescriptorProto) {
        if field.json_name.is_none() {
            field.json_name = Some(json_name(field.name.as_deref().unwrap_or_default()));
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
            assert_eq!(encode_set(files[..count].to_vec()), set.encode());
        }
    }
}
