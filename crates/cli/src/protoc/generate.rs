//! Runs the generators that the output directives name.

use std::borrow::Cow;

use russet_codegen::python::{self, MessageOptions, ServiceOptions};
use russet_codegen::{GenerateError, Output, Schema};
use russet_compiler::Compiler;
use russet_descriptor::proto::FileDescriptorProto;

use super::args::{Arguments, OutputDirective};
use super::write::Pending;

/// Generators that are part of protoc and not of Russet.
const OTHER_LANGUAGES: [&str; 11] = [
    "cpp", "csharp", "java", "kotlin", "objc", "php", "rbs", "ruby", "rust", "js", "upb",
];

pub(super) fn run(
    arguments: &Arguments,
    compiler: &Compiler<'_>,
    names: &[String],
    pending: &mut Pending,
) -> Result<(), String> {
    if arguments.outputs.is_empty() {
        return Ok(());
    }
    let files: Vec<Cow<'_, FileDescriptorProto>> = compiler
        .files()
        .filter_map(|file| compiler.runtime_file(file.name.as_deref()?))
        .collect();
    let schema = Schema::new(files.iter().map(AsRef::as_ref));
    for directive in &arguments.outputs {
        let outputs = names
            .iter()
            .map(|name| generate(directive, &schema, name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("--{}_out: {error}", directive.name))?;
        for output in outputs.into_iter().flatten() {
            pending
                .add_output(&directive.location, output)
                .map_err(|error| format!("--{}_out: {error}", directive.name))?;
        }
    }
    Ok(())
}

fn generate(
    directive: &OutputDirective,
    schema: &Schema<'_>,
    name: &str,
) -> Result<Vec<Output>, String> {
    let in_file = |error: GenerateError| format!("{name}: {error}");
    match directive.name.as_str() {
        "python" => {
            let options = MessageOptions::parse(&directive.parameter).map_err(in_file)?;
            let mut outputs =
                vec![python::generate_messages(schema, name, options.runtime).map_err(in_file)?];
            if options.with_stubs {
                outputs
                    .push(python::generate_stubs(schema, name, options.runtime).map_err(in_file)?);
            }
            Ok(outputs)
        }
        "pyi" => {
            let options = MessageOptions::parse(&directive.parameter).map_err(in_file)?;
            Ok(vec![
                python::generate_stubs(schema, name, options.runtime).map_err(in_file)?,
            ])
        }
        "grpc_python" => {
            let options = ServiceOptions::parse(&directive.parameter).map_err(in_file)?;
            Ok(vec![
                python::generate_services(schema, name, options).map_err(in_file)?,
            ])
        }
        other if OTHER_LANGUAGES.contains(&other) => Err(format!(
            "protoc's generator for {other} is not part of Russet, which generates Python."
        )),
        other => Err(format!(
            "protoc-gen-{other}: running plugins is not supported by russet protoc."
        )),
    }
}
