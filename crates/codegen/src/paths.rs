//! Paths of source info: from a file's descriptor down, the number of a field and an index in it, by turns.

/// `FileDescriptorProto.message_type`.
pub(crate) const FILE_MESSAGE: i32 = 4;
/// `FileDescriptorProto.enum_type`.
pub(crate) const FILE_ENUM: i32 = 5;
/// `FileDescriptorProto.service`.
pub(crate) const FILE_SERVICE: i32 = 6;
/// `FileDescriptorProto.extension`.
pub(crate) const FILE_EXTENSION: i32 = 7;
/// `DescriptorProto.field`.
pub(crate) const MESSAGE_FIELD: i32 = 2;
/// `DescriptorProto.nested_type`.
pub(crate) const MESSAGE_NESTED: i32 = 3;
/// `DescriptorProto.enum_type`.
pub(crate) const MESSAGE_ENUM: i32 = 4;
/// `DescriptorProto.extension`.
pub(crate) const MESSAGE_EXTENSION: i32 = 6;
/// `FieldDescriptorProto.json_name`.
pub(crate) const FIELD_JSON_NAME: i32 = 10;
/// `EnumDescriptorProto.value`.
pub(crate) const ENUM_VALUE: i32 = 2;
/// `ServiceDescriptorProto.method`.
pub(crate) const SERVICE_METHOD: i32 = 2;

/// The path of the element `index` of the list `field` of what is at `path`.
pub(crate) fn below(path: &[i32], field: i32, index: usize) -> Vec<i32> {
    [path, &[field, i32::try_from(index).unwrap_or(i32::MAX)]].concat()
}
