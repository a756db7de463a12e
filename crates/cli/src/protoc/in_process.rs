//! Compiling for a program that runs: no command line, no files written, errors as values.

use std::borrow::Cow;
use std::path::PathBuf;

use russet_codegen::{Generator, Schema};
use russet_compiler::{Compiler, Diagnostic, SourceTree, encode_set};
use russet_descriptor::proto::FileDescriptorProto;

/// What is compiled, and where it is looked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Virtual names of the files.
    pub names: Vec<String>,
    /// Import roots: a virtual path, mostly empty, and the folder that stands for it.
    pub roots: Vec<(String, String)>,
    /// Files that are not on disk, by virtual name; they come before those that are.
    pub texts: Vec<(String, Vec<u8>)>,
}

/// Which files a set has, and with what.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetOptions {
    /// What the files import, too.
    pub imports: bool,
    /// Places and comments.
    pub source_info: bool,
    /// Options of source retention.
    pub source_options: bool,
}

/// A module made from a file.
#[derive(Debug)]
pub struct Module {
    /// Python source.
    pub source: String,
    /// The file and all it imports, with the files on disk; bundled ones have none.
    pub files: Vec<(String, Option<PathBuf>)>,
}

impl Request {
    fn sources(&self) -> SourceTree {
        let mut sources = SourceTree::new();
        for (virtual_path, folder) in &self.roots {
            sources.add_root(virtual_path, folder);
        }
        for (name, text) in &self.texts {
            sources.add_memory_file(name, text.clone());
        }
        sources
    }

    /// The bytes of a `FileDescriptorSet`, absent where something is wrong; and all that was found, warnings too.
    pub fn descriptor_set(&self, options: SetOptions) -> (Option<Vec<u8>>, Vec<Diagnostic>) {
        let sources = self.sources();
        let mut compiler = Compiler::new(&sources);
        if !options.source_info {
            compiler.drop_source_info();
        }
        compiler.compile(&self.names);
        let found = compiler.diagnostics().to_vec();
        if compiler.has_errors() {
            return (None, found);
        }
        let names = if options.imports {
            compiler.transitive(&self.names)
        } else {
            compiler.in_order(&self.names)
        };
        let mut files = compiler.take_files(&names, options.source_options);
        (Some(encode_set(&mut files)), found)
    }

    /// The module that a generator makes of the first file, absent where something is wrong; and all that was found, warnings too.
    pub fn module(&self, generator: Generator) -> (Option<Module>, Vec<Diagnostic>) {
        let sources = self.sources();
        let mut compiler = Compiler::new(&sources);
        compiler.compile(&self.names);
        let mut found = compiler.diagnostics().to_vec();
        if compiler.has_errors() {
            return (None, found);
        }
        let files: Vec<Cow<'_, FileDescriptorProto>> = compiler.runtime_files();
        let schema = Schema::new(files.iter().map(AsRef::as_ref));
        let mut made = match generator.generate("", &schema, &self.names) {
            Ok(outputs) => outputs.into_iter(),
            Err(error) => {
                let name = self.names.first().map_or("", String::as_str);
                found.push(Diagnostic::file_error(name, error.to_string()));
                return (None, found);
            }
        };
        let module = made.next().map(|output| Module {
            source: output.content,
            files: compiler
                .transitive(&self.names)
                .into_iter()
                .map(|name| {
                    let path = sources.disk_file(&name);
                    (name, path)
                })
                .collect(),
        });
        (module, found)
    }
}
