//! What both kinds of stubs ask of fields.

use russet_descriptor::proto::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, field_type, label,
};

use crate::Schema;

pub(super) const DURATION: &str = ".google.protobuf.Duration";
pub(super) const TIMESTAMP: &str = ".google.protobuf.Timestamp";

/// Messages with methods of their own, which a base class holds.
pub(super) const WELL_KNOWN: [&str; 6] = [
    ".google.protobuf.Any",
    DURATION,
    ".google.protobuf.FieldMask",
    ".google.protobuf.ListValue",
    ".google.protobuf.Struct",
    TIMESTAMP,
];

pub(super) fn is_repeated(field: &FieldDescriptorProto) -> bool {
    field.label == Some(label::REPEATED)
}

pub(super) fn is_message(field: &FieldDescriptorProto) -> bool {
    matches!(field.type_, Some(field_type::MESSAGE | field_type::GROUP))
}

pub(super) fn name_of(name: Option<&String>) -> &str {
    name.map_or("", String::as_str)
}

/// The entry message of a map field.
pub(super) fn map_entry<'s>(
    schema: &Schema<'s>,
    field: &FieldDescriptorProto,
) -> Option<&'s DescriptorProto> {
    if field.type_ != Some(field_type::MESSAGE) {
        return None;
    }
    schema
        .message(name_of(field.type_name.as_ref()))
        .filter(|message| {
            message
                .options
                .as_ref()
                .is_some_and(|options| options.map_entry == Some(true))
        })
}

/// The full name, with its leading dot, of a top-level type.
pub(super) fn full_name_in(file: &FileDescriptorProto, name: &str) -> String {
    match name_of(file.package.as_ref()) {
        "" => format!(".{name}"),
        package => format!(".{package}.{name}"),
    }
}
