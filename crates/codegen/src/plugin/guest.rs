//! The plugin's end: our generators, asked by protoc or buf.

use std::collections::HashSet;

use russet_descriptor::pool::json_name;
use russet_descriptor::proto::{
    CodeGeneratorRequest, CodeGeneratorResponse, DescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, GeneratedFile, SourceCodeInfo, edition, plugin_feature,
};
use russet_descriptor::wire::WireError;

use crate::paths::{
    FIELD_JSON_NAME, FILE_EXTENSION, FILE_MESSAGE, MESSAGE_EXTENSION, MESSAGE_FIELD,
    MESSAGE_NESTED, below,
};
use crate::{Generator, Schema};

/// Answers one request, wire form to wire form. What is wrong with the parameter or the files stands in the answer; an error is a request that is none.
pub fn answer(generator: Generator, request: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut request = CodeGeneratorRequest::decode(request)?;
    request
        .proto_file
        .iter_mut()
        .for_each(drop_default_json_names);
    let schema = Schema::new(&request.proto_file);
    let parameter = request.parameter.as_deref().unwrap_or_default();
    let mut response = CodeGeneratorResponse {
        supported_features: Some(u64::from(
            (plugin_feature::PROTO3_OPTIONAL | plugin_feature::SUPPORTS_EDITIONS).unsigned_abs(),
        )),
        minimum_edition: Some(edition::PROTO2),
        maximum_edition: Some(edition::EDITION_2026),
        ..CodeGeneratorResponse::default()
    };
    match generator.generate(parameter, &schema, &request.file_to_generate) {
        // protoc would empty the files that are there.
        Ok(outputs) if outputs.iter().any(|output| output.is_package_marker) => {
            response.error = Some(
                "init=true works with russet protoc only: from a plugin, protoc takes an __init__.py in place of the one that is there".to_owned(),
            );
        }
        Ok(outputs) => {
            response.file = outputs
                .into_iter()
                .map(|output| GeneratedFile {
                    name: Some(output.name),
                    content: Some(output.content.into_bytes()),
                    ..GeneratedFile::default()
                })
                .collect();
        }
        Err(error) => response.error = Some(error.to_string()),
    }
    Ok(response.encode())
}

/// A request names the JSON name of every field; descriptors in generated code name those that the source does. Where both are the same name, the source info tells.
fn drop_default_json_names(file: &mut FileDescriptorProto) {
    let written: HashSet<Vec<i32>> = file
        .source_code_info
        .iter()
        .flat_map(SourceCodeInfo::locations)
        .filter(|location| location.path.last() == Some(&FIELD_JSON_NAME))
        .map(|location| location.path.to_vec())
        .collect();
    let fields = |fields: &mut [FieldDescriptorProto], path: &[i32], list: i32| {
        for (index, field) in fields.iter_mut().enumerate() {
            let default = json_name(field.name.as_deref().unwrap_or_default());
            let path = [&below(path, list, index)[..], &[FIELD_JSON_NAME]].concat();
            if field.json_name.as_deref() == Some(default.as_bytes()) && !written.contains(&path) {
                field.json_name = None;
            }
        }
    };
    in_messages(&mut file.message_type, &[], FILE_MESSAGE, &fields);
    fields(&mut file.extension, &[], FILE_EXTENSION);
}

/// Sees the fields of one list: the list, the path of what it belongs to, its number there.
type FieldsVisitor<'v> = dyn Fn(&mut [FieldDescriptorProto], &[i32], i32) + 'v;

fn in_messages(
    messages: &mut [DescriptorProto],
    path: &[i32],
    list: i32,
    fields: &FieldsVisitor<'_>,
) {
    for (index, message) in messages.iter_mut().enumerate() {
        let path = below(path, list, index);
        fields(&mut message.field, &path, MESSAGE_FIELD);
        fields(&mut message.extension, &path, MESSAGE_EXTENSION);
        in_messages(&mut message.nested_type, &path, MESSAGE_NESTED, fields);
    }
}
