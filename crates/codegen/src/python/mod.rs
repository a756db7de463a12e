//! Python: `_pb2.py`, `_pb2.pyi`, `_pb2_grpc.py` and `_pb2_grpc.pyi`.
//!
//! With [`Runtime::Original`] the text is that of protoc's and grpcio-tools' generators, byte for byte; by default the code imports Russet, and leaves out what only the originals need (version guards, tables for the pure-Python runtime).

mod comments;
mod fields;
mod messages;
mod options;
mod original_stubs;
mod pure_descriptor;
mod service_stubs;
mod services;
mod stub_imports;
mod stubs;

pub use messages::generate as generate_messages;
pub(crate) use messages::octal_escape;
pub use options::Options;
pub(crate) use options::{Import, Kind};
pub use service_stubs::generate as generate_service_stubs;
pub use services::generate as generate_services;

use std::fmt::Write as _;

use crate::{GenerateError, Output, Schema};
use russet_descriptor::proto::FileDescriptorProto;

/// The `_pb2.pyi` of a file: protoc's for the original runtime, a more precise one for Russet's. Comments become docstrings, so the file must have its source info.
pub fn generate_stubs(
    schema: &Schema<'_>,
    name: &str,
    options: &Options,
) -> Result<Output, GenerateError> {
    match options.runtime {
        Runtime::Russet => stubs::generate(schema, name, options),
        Runtime::Original => original_stubs::generate(schema, name, options),
    }
}

/// Whose packages generated code imports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runtime {
    /// `russet.protobuf`, `russet.grpc`.
    #[default]
    Russet,
    /// `google.protobuf`, `grpc`.
    Original,
}

impl Runtime {
    /// The package that holds the message runtime.
    fn protobuf(self) -> &'static str {
        match self {
            Self::Russet => "russet.protobuf",
            Self::Original => "google.protobuf",
        }
    }

    /// The module to import for a `.proto` file.
    fn module(self, proto: &str) -> String {
        let name = module_name(proto);
        match (self, name.strip_prefix("google.protobuf.")) {
            (Self::Russet, Some(rest)) if is_shipped(proto) => format!("russet.protobuf.{rest}"),
            _ => name,
        }
    }
}

/// The files whose modules come with the package, of those under `google/protobuf`.
const SHIPPED: [&str; 20] = [
    "any",
    "api",
    "c_sharp_features",
    "compiler/plugin",
    "cpp_features",
    "cpp_file_options",
    "cpp_options",
    "descriptor",
    "duration",
    "empty",
    "field_mask",
    "go_features",
    "java_features",
    "json_enumvalue_options",
    "json_options",
    "source_context",
    "struct",
    "timestamp",
    "type",
    "wrappers",
];

/// Whether the module of a file comes with the package. Others are where they were generated.
fn is_shipped(proto: &str) -> bool {
    proto
        .strip_prefix("google/protobuf/")
        .and_then(|rest| rest.strip_suffix(".proto"))
        .is_some_and(|name| SHIPPED.contains(&name))
}

/// `a/b-c.proto` to `a.b_c_pb2`.
fn module_name(proto: &str) -> String {
    let base = proto
        .strip_suffix(".protodevel")
        .or_else(|| proto.strip_suffix(".proto"))
        .unwrap_or(proto);
    format!("{}_pb2", base.replace('-', "_").replace('/', "."))
}

/// The name a module is imported by: dots cannot stand in it, and underscores are doubled so that no two modules share one.
fn module_alias(proto: &str) -> String {
    let name = module_name(proto);
    let mut alias = String::with_capacity(name.len() + 16);
    if name.starts_with(|c: char| !is_identifier_start(c)) {
        alias.push('_');
    }
    for c in name.chars() {
        match c {
            '_' => alias.push_str("__"),
            '.' => alias.push_str("_dot_"),
            c if c.is_alphanumeric() => alias.push(c),
            c => {
                let _ = write!(alias, "_u{:x}_", u32::from(c));
            }
        }
    }
    alias
}

/// Where a module's file is, relative to the output directory.
fn file_name(proto: &str, suffix: &str) -> String {
    format!("{}{suffix}", module_name(proto).replace('.', "/"))
}

/// Python's keywords: such a name cannot stand where an identifier is expected.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

fn is_identifier_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Whether an import statement can name a module: it cannot where a part is a keyword, or no identifier.
fn is_importable(module: &str) -> bool {
    module.split('.').all(|part| {
        part.starts_with(is_identifier_start)
            && part.chars().all(|c| c == '_' || c.is_alphanumeric())
            && !is_keyword(part)
    })
}

/// The nested name of a type within its file, from its full name with the leading dot: `Outer.Inner`.
fn local_name<'n>(file: &FileDescriptorProto, full_name: &'n str) -> &'n str {
    let package = file.package.as_deref().unwrap_or_default();
    let name = full_name.strip_prefix('.').unwrap_or(full_name);
    if package.is_empty() {
        name
    } else {
        name.strip_prefix(package)
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(name)
    }
}

fn file_of<'s>(schema: &Schema<'s>, name: &str) -> Result<&'s FileDescriptorProto, GenerateError> {
    schema
        .file(name)
        .ok_or_else(|| GenerateError::UnknownFile(name.to_owned()))
}

/// Whether the file asks for generic services, which protobuf has deprecated since 2010.
fn has_generic_services(file: &FileDescriptorProto) -> bool {
    !file.service.is_empty()
        && file
            .options
            .as_ref()
            .is_some_and(|options| options.py_generic_services == Some(true))
}

/// A number of lines at changing depths.
struct Printer {
    text: String,
    indent: usize,
    unit: &'static str,
}

impl Printer {
    fn new(unit: &'static str) -> Self {
        Self {
            text: String::new(),
            indent: 0,
            unit,
        }
    }

    /// Adds lines at the current depth; empty ones get no white space.
    fn lines(&mut self, lines: &str) {
        self.text
            .reserve(lines.len() + self.indent * self.unit.len() + 1);
        for line in lines.split('\n') {
            if !line.is_empty() {
                for _ in 0..self.indent {
                    self.text.push_str(self.unit);
                }
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }

    fn indented(&mut self, body: impl FnOnce(&mut Self)) {
        self.indent += 1;
        body(self);
        self.indent -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_modules() {
        for (proto, module, alias) in [
            ("a.proto", "a_pb2", "a__pb2"),
            (
                "x/y-z/a_b.proto",
                "x.y_z.a_b_pb2",
                "x_dot_y__z_dot_a__b__pb2",
            ),
            ("a.protodevel", "a_pb2", "a__pb2"),
        ] {
            assert_eq!(module_name(proto), module);
            assert_eq!(module_alias(proto), alias);
        }
        assert_eq!(
            Runtime::Russet.module("google/protobuf/any.proto"),
            "russet.protobuf.any_pb2"
        );
        assert_eq!(
            Runtime::Original.module("google/protobuf/any.proto"),
            "google.protobuf.any_pb2"
        );
        assert_eq!(file_name("a-b/c.proto", ".py"), "a_b/c_pb2.py");
    }
}
