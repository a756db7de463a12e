//! The files that the command line names.

use std::fmt::Write;
use std::path::Path;

use russet_compiler::{Compiler, SourceTree, Virtual};
use russet_descriptor::proto::{DescriptorProto, FileDescriptorProto, FileDescriptorSet, edition};

use super::args::Arguments;

const NOT_MAPPED: &str = "File does not reside within any path specified using --proto_path (or -I).  You must specify a --proto_path which encompasses this file.  Note that the proto_path must be an exact prefix of the .proto file names -- protoc is too dumb to figure out when two paths (e.g. absolute and relative) are equivalent (it's harder than you think).";

/// The newest edition that needs no `--experimental_editions`.
const MAXIMUM_EDITION: i32 = edition::EDITION_2026;

/// The files of `--descriptor_set_in`.
pub(super) fn descriptor_sets(paths: &[String]) -> Result<Vec<FileDescriptorProto>, String> {
    let mut files = Vec::new();
    for path in paths {
        let bytes = std::fs::read(path).map_err(|error| format!("{path}: {}", os_text(&error)))?;
        let set =
            FileDescriptorSet::decode(&bytes).map_err(|_| format!("{path}: Unable to parse."))?;
        files.extend(set.file);
    }
    Ok(files)
}

/// What the system says, without Rust's error number behind it.
pub(super) fn os_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// The virtual names of the input files.
pub(super) fn virtual_names(
    arguments: &Arguments,
    sources: &SourceTree,
    descriptors: &[FileDescriptorProto],
) -> Result<Vec<String>, String> {
    arguments
        .inputs
        .iter()
        .map(|input| virtual_name(input, sources, descriptors))
        .collect()
}

fn virtual_name(
    input: &str,
    sources: &SourceTree,
    descriptors: &[FileDescriptorProto],
) -> Result<String, String> {
    let is_virtual = || {
        sources.read(input).is_ok()
            || descriptors
                .iter()
                .any(|file| file.name.as_deref() == Some(input))
    };
    let path = Path::new(input);
    if let Err(error) = path.metadata() {
        if is_virtual() {
            return Ok(input.to_owned());
        }
        return Err(format!(
            "Could not make proto path relative: {input}: {}",
            os_text(&error)
        ));
    }
    match sources.virtual_name(path) {
        Virtual::Found(_) if path.is_dir() => Err(format!(
            "Could not map to virtual file: {input}: Input file is a directory."
        )),
        Virtual::Found(name) => Ok(name),
        Virtual::Shadowed { by, .. } => Err(format!(
            "{input}: Input is shadowed in the --proto_path by \"{}\".  Either use the latter file as your input or reorder the --proto_path so that the former file's location comes first.",
            by.display()
        )),
        Virtual::NotMapped if is_virtual() => Ok(input.to_owned()),
        Virtual::NotMapped => Err(format!("{input}: {NOT_MAPPED}")),
    }
}

/// What the command line forbids: imports that it does not list, services, unfinished editions.
pub(super) fn check_allowed(
    arguments: &Arguments,
    compiler: &Compiler<'_>,
    names: &[String],
) -> Result<(), String> {
    let mut complaints = Vec::new();
    for name in names {
        let Some(file) = compiler.file(name) else {
            continue;
        };
        let number = file.edition.unwrap_or_default();
        // Files of protobuf itself try what is to come.
        let is_own =
            name.starts_with("google/protobuf/") || name == "test_messages_edition_unstable.proto";
        if number > MAXIMUM_EDITION && !arguments.experimental_editions && !is_own {
            let text = edition::name(number).map_or_else(|| number.to_string(), str::to_owned);
            complaints.push(format!(
                "{name}: is a file using edition {text}, which is later than the protoc maximum supported edition 2026."
            ));
        }
        for (allowed, imports) in [
            (&arguments.direct_dependencies, &file.dependency),
            (&arguments.option_dependencies, &file.option_dependency),
        ] {
            let Some(files) = &allowed.files else {
                continue;
            };
            for import in imports.iter().filter(|import| !files.contains(import)) {
                let message = allowed.message.replace("%s", import);
                complaints.push(format!("{name}: {message}"));
            }
        }
        if arguments.disallow_services && !file.service.is_empty() {
            complaints.push(format!(
                "{name}: This file contains services, but --disallow_services was used."
            ));
        }
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints.join("\n"))
    }
}

/// What `--print_free_field_numbers` prints.
pub(super) fn free_field_numbers(compiler: &Compiler<'_>, names: &[String]) -> String {
    fn of_message(message: &DescriptorProto, scope: &str, out: &mut String) {
        let name = message.name.as_deref().unwrap_or_default();
        let full_name = if scope.is_empty() {
            name.to_owned()
        } else {
            format!("{scope}.{name}")
        };
        for nested in &message.nested_type {
            of_message(nested, &full_name, out);
        }
        let mut used: Vec<(i32, i32)> = message
            .field
            .iter()
            .map(|field| field.number.unwrap_or(0))
            .map(|number| (number, number.saturating_add(1)))
            .chain(
                message
                    .extension_range
                    .iter()
                    .map(|range| (range.start.unwrap_or(0), range.end.unwrap_or(0))),
            )
            .chain(
                message
                    .reserved_range
                    .iter()
                    .map(|range| (range.start.unwrap_or(0), range.end.unwrap_or(0))),
            )
            .collect();
        used.sort_unstable();
        let mut text = format!("{full_name:<35} free:");
        let mut next = 1;
        for (start, end) in used {
            let _infallible = match start.saturating_sub(next) {
                ..=0 => Ok(()),
                1 => write!(text, " {next}"),
                _ => write!(text, " {next}-{}", start - 1),
            };
            next = next.max(end);
        }
        if next < 1 << 29 {
            let _infallible = write!(text, " {next}-INF");
        }
        out.push_str(&text);
        out.push('\n');
    }
    let mut out = String::new();
    for name in names {
        if let Some(file) = compiler.file(name) {
            for message in &file.message_type {
                of_message(
                    message,
                    file.package.as_deref().unwrap_or_default(),
                    &mut out,
                );
            }
        }
    }
    out
}
