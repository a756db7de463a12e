//! The plugin's end: our generators, asked by protoc or buf.

use russet_descriptor::pool::json_name;
use russet_descriptor::proto::{
    CodeGeneratorRequest, CodeGeneratorResponse, DescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, GeneratedFile, edition, plugin_feature,
};
use russet_descriptor::wire::WireError;

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
        maximum_edition: Some(edition::EDITION_2024),
        ..CodeGeneratorResponse::default()
    };
    match generator.generate(parameter, &schema, &request.file_to_generate) {
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

/// A request names the JSON name of every field; a source does only where it differs, and so do descriptors in generated code.
fn drop_default_json_names(file: &mut FileDescriptorProto) {
    fn field(field: &mut FieldDescriptorProto) {
        let default = json_name(field.name.as_deref().unwrap_or_default());
        if field.json_name.as_deref() == Some(&default) {
            field.json_name = None;
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
