//! protoc's command line: its flags, its errors, its exit codes.
//!
//! All outputs are made in memory first; files are written only when everything succeeded. What protoc has and this does not (code generators for other languages) is an error that says so.

mod args;
mod coding;
mod generate;
mod help;
pub mod in_process;
mod inputs;
mod process;
mod progress;
mod raw;
mod report;
mod write;
mod zip;

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;

use russet_compiler::{Compiler, SourceTree, edition_defaults, encode_set};
use russet_descriptor::proto::FileDescriptorProto;

use crate::{complain, print};
use args::{Arguments, Mode, Parsed};
use coding::Direction;
use write::Pending;

/// The protoc release whose behaviour this is.
const PROTOC_VERSION: &str = "36.2";

/// Runs protoc. `args` starts with the program's name. Messages go to standard error; returns the exit code.
pub fn main(args: &[String]) -> i32 {
    match run(args) {
        Ok(code) => code,
        Err(message) => {
            if !message.is_empty() {
                complain(&format!("{message}\n"));
            }
            1
        }
    }
}

/// Whether a command line makes messages (`--encode`, `--decode`). Where a language's objects are the messages, it must run where these can be made: in Python, with the interpreter's lock held.
pub fn makes_messages(args: &[String]) -> bool {
    let program = args.first().map_or("protoc", String::as_str);
    match args::parse(program, args.get(1..).unwrap_or_default()) {
        Ok(Parsed::Run(arguments)) => {
            matches!(arguments.mode, Mode::Encode(_) | Mode::Decode(_))
        }
        _ => false,
    }
}

/// The exit code, or the last thing to say; an empty one where all is said.
fn run(args: &[String]) -> Result<i32, String> {
    let program = args.first().map_or("protoc", String::as_str);
    let arguments = match args::parse(program, args.get(1..).unwrap_or_default())? {
        Parsed::Help => return Ok(print(&help::help(program))),
        Parsed::Version => {
            return Ok(print(&format!(
                "libprotoc {PROTOC_VERSION} (russet {})\n",
                crate::VERSION
            )));
        }
        Parsed::Notices => return Ok(print(help::NOTICES)),
        Parsed::Run(arguments) => arguments,
    };
    for warning in &arguments.warnings {
        complain(&format!("{warning}\n"));
    }
    if arguments.mode == Mode::DecodeRaw {
        return raw::decode();
    }
    let mut sources = SourceTree::new();
    for (virtual_path, disk_path) in &arguments.roots {
        sources.add_root(virtual_path, disk_path);
    }
    let descriptors = inputs::descriptor_sets(&arguments.descriptor_set_in)?;
    let mut names = inputs::virtual_names(&arguments, &sources, &descriptors)?;
    if names.is_empty() {
        // A type is looked for in all files that there are.
        names.extend(descriptors.iter().filter_map(|file| file.name.clone()));
    }
    let mut compiler = Compiler::new(&sources);
    for file in descriptors {
        compiler.add_descriptor(file);
    }
    if !arguments.include_source_info && arguments.outputs.is_empty() {
        compiler.drop_source_info();
    }
    let linked = compiler.progress();
    progress::shown("compiling", &linked, names.len(), || {
        compiler.compile(&names);
    });
    report::print(&arguments, &sources, compiler.diagnostics());
    if compiler.has_errors() || (arguments.fatal_warnings && !compiler.diagnostics().is_empty()) {
        return Ok(1);
    }
    inputs::check_allowed(&arguments, &compiler, &names)?;
    let mut pending = Pending::new(arguments.allow_escape);
    if let Some(path) = &arguments.edition_defaults.out {
        let range = &arguments.edition_defaults;
        let bytes = edition_defaults(&coding::pool(&compiler)?, range.minimum, range.maximum)
            .map_err(|problem| format!("{path}: {problem}"))?;
        pending.add_file(path, bytes);
    }
    if arguments.mode != Mode::Compile {
        // These print, and write nothing but the defaults.
        pending.write().map_err(|error| error.to_string())?;
        pending = Pending::new(arguments.allow_escape);
    }
    match &arguments.mode {
        Mode::Compile | Mode::DecodeRaw => {}
        Mode::FreeFieldNumbers => return Ok(print(&inputs::free_field_numbers(&compiler, &names))),
        Mode::Encode(name) => {
            let deterministic = arguments.deterministic;
            return coding::run(&compiler, name, Direction::Encode, deterministic);
        }
        Mode::Decode(name) => return coding::run(&compiler, name, Direction::Decode, false),
    }
    let uncounted = AtomicUsize::new(0);
    progress::shown("generating code", &uncounted, 0, || {
        generate::run(&arguments, &compiler, &names, &mut pending)
    })?;
    if let Some(path) = &arguments.dependency_out {
        let text = dependency_text(
            &sources,
            &compiler,
            &names,
            &pending,
            arguments.descriptor_set_out.as_deref(),
        );
        pending.add_file(path, text.into_bytes());
    }
    let mut files = Vec::new();
    if let Some(path) = &arguments.descriptor_set_out {
        files = take_files(&arguments, &mut compiler, &names);
        pending.add_file(path, encode_set(&mut files));
    }
    for warning in progress::shown("writing", &uncounted, 0, || pending.write())
        .map_err(|error| error.to_string())?
    {
        complain(&format!("{warning}\n"));
    }
    compiler.discard(files);
    Ok(0)
}

/// What `--descriptor_set_out` writes. From then on the compiler has no files.
fn take_files(
    arguments: &Arguments,
    compiler: &mut Compiler<'_>,
    names: &[String],
) -> Vec<FileDescriptorProto> {
    let all = if arguments.include_imports {
        compiler.transitive(names)
    } else {
        compiler.in_order(names)
    };
    let mut files = compiler.take_files(&all, arguments.retain_options);
    if !arguments.include_source_info {
        for file in &mut files {
            file.source_code_info = None;
        }
    }
    files
}

/// A rule for make: outputs, then all source files that are on disk.
fn dependency_text(
    sources: &SourceTree,
    compiler: &Compiler<'_>,
    names: &[String],
    pending: &Pending,
    descriptor_set_out: Option<&str>,
) -> String {
    let mut outputs: Vec<String> = pending
        .generated_paths()
        .into_iter()
        .map(|path| path.strip_prefix("./").unwrap_or(&path).to_owned())
        .collect();
    outputs.extend(descriptor_set_out.map(str::to_owned));
    let mut seen = HashSet::new();
    let mut files: Vec<String> = Vec::new();
    for name in compiler.transitive(names) {
        if let Some(path) = sources.disk_file(&name) {
            let path = path.display().to_string();
            let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
            if seen.insert(path.clone()) {
                files.push(path);
            }
        }
    }
    format!("{}: {}", outputs.join(" \\\n"), files.join("\\\n "))
}
