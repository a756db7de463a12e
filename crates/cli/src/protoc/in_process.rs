//! One module made from one `.proto` file, for programs that compile while they run.

use russet_codegen::Schema;
use russet_codegen::python::{self, Runtime, ServiceOptions};
use russet_compiler::{Compiler, Diagnostic, SourceTree};
use russet_descriptor::proto::FileDescriptorProto;

/// Which module is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `_pb2.py`
    Messages,
    /// `_pb2_grpc.py`
    Services,
}

/// The source of a module. `roots` are searched in order for the file and its imports.
///
/// # Errors
/// What is wrong with the file or its imports.
pub fn module_source(name: &str, roots: &[String], kind: Kind) -> Result<String, Vec<Diagnostic>> {
    let mut sources = SourceTree::new();
    for root in roots {
        sources.add_root("", root);
    }
    let mut compiler = Compiler::new(&sources);
    compiler.compile(&[name.to_owned()]);
    if compiler.has_errors() {
        return Err(compiler.diagnostics().to_vec());
    }
    let files: Vec<FileDescriptorProto> = compiler
        .files()
        .filter_map(|file| compiler.runtime_file(file.name.as_deref()?))
        .collect();
    let schema = Schema::new(&files);
    let made = match kind {
        Kind::Messages => python::generate_messages(&schema, name, Runtime::Russet),
        Kind::Services => python::generate_services(&schema, name, ServiceOptions::default()),
    };
    made.map(|output| output.content)
        .map_err(|error| vec![Diagnostic::file_error(name, error.to_string())])
}
