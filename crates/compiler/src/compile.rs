//! Files and all they import, parsed and linked in order.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use russet_descriptor::proto::FileDescriptorProto;

use crate::definitions::Definitions;
use crate::diagnostics::{Diagnostic, Findings, Position, Severity};
use crate::link::{self, is_runtime_form, strip_source_retention};
use crate::parse_ahead::ParseAhead;
use crate::parser::{self, path};
use crate::source::SourceTree;
use crate::table::{FileId, Table};

/// How many files may import each other in a chain.
pub const MAX_IMPORT_DEPTH: usize = 256;

/// Compiles files of a [`SourceTree`]; everything compiled before stays known.
pub struct Compiler<'s> {
    sources: &'s SourceTree,
    /// Files that come as descriptors, by name.
    descriptors: HashMap<String, FileDescriptorProto>,
    table: Table,
    /// Each after those it imports.
    files: Vec<FileDescriptorProto>,
    /// Index in `files`, by name.
    indexes: HashMap<String, usize>,
    /// By name; `None` for a file that turned out wrong.
    loaded: HashMap<String, Option<FileId>>,
    /// Files whose imports are being compiled, outermost first.
    pending: Vec<String>,
    diagnostics: Vec<Diagnostic>,
    definitions: Definitions,
    inputs: HashSet<String>,
    keeps_source_info: bool,
    linked: Arc<AtomicUsize>,
}

impl<'s> Compiler<'s> {
    /// A compiler that knows nothing yet.
    pub fn new(sources: &'s SourceTree) -> Self {
        Self {
            sources,
            descriptors: HashMap::new(),
            table: Table::new(),
            files: Vec::new(),
            indexes: HashMap::new(),
            loaded: HashMap::new(),
            pending: Vec::new(),
            diagnostics: Vec::new(),
            definitions: Definitions::default(),
            inputs: HashSet::new(),
            keeps_source_info: true,
            linked: Arc::default(),
        }
    }

    /// Adds a file that is a descriptor already: it is used where no source file of the name is found. The first one of a name counts.
    pub fn add_descriptor(&mut self, file: FileDescriptorProto) {
        let name = file.name.clone().unwrap_or_default();
        self.descriptors.entry(name).or_insert(file);
    }

    /// Reads no comments, and lets go of each file's places once the file is compiled: without them, large sets take half the memory.
    pub fn drop_source_info(&mut self) {
        self.keeps_source_info = false;
    }

    /// How many files are compiled so far, for who looks on from another thread.
    pub fn progress(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.linked)
    }

    /// Compiles the files of these virtual names and all they import, on several threads where there are many. Unused imports of these files are reported.
    pub fn compile(&mut self, names: &[String]) {
        self.inputs.extend(names.iter().cloned());
        ParseAhead::run(self.sources, names, self.keeps_source_info, |ahead| {
            for name in names {
                self.load(name, ahead);
            }
        });
    }

    /// Everything found wrong, in the order in which it was found.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether a file turned out wrong.
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// A compiled file: names resolved, options interpreted, with source info; `json_name` only where the source sets it.
    pub fn file(&self, name: &str) -> Option<&FileDescriptorProto> {
        self.indexes.get(name).map(|&index| &self.files[index])
    }

    /// All compiled files, each after those it imports.
    pub fn files(&self) -> impl Iterator<Item = &FileDescriptorProto> {
        self.files.iter()
    }

    /// A file as it is at run time, without options of source retention.
    pub fn runtime_file(&self, name: &str) -> Option<Cow<'_, FileDescriptorProto>> {
        self.file(name).map(|file| runtime(&self.table, file))
    }

    /// All compiled files as they are at run time, without options of source retention, each after those it imports.
    pub fn runtime_files(&self) -> Vec<Cow<'_, FileDescriptorProto>> {
        let table = &self.table;
        russet_parallel::map(self.files.iter().collect(), |file| runtime(table, file))
    }

    /// Gives away compiled files, as they are at run time or, with `retain_options`, as they were written. From then on they are empty here.
    pub fn take_files(
        &mut self,
        names: &[String],
        retain_options: bool,
    ) -> Vec<FileDescriptorProto> {
        let mut taken = Vec::with_capacity(names.len());
        for name in names {
            if let Some(&index) = self.indexes.get(name) {
                taken.push(std::mem::take(&mut self.files[index]));
            }
        }
        if retain_options {
            return taken;
        }
        russet_parallel::map(taken, |file| {
            if is_runtime_form(&self.table, &file) {
                file
            } else {
                strip_source_retention(&self.table, file)
            }
        })
    }

    /// The names of files, each after those of them that it imports; nothing else.
    pub fn in_order(&self, names: &[String]) -> Vec<String> {
        let wanted: HashSet<&str> = names.iter().map(String::as_str).collect();
        self.ordered(names, &|name| wanted.contains(name))
    }

    /// The names of files and all they import, each after those it imports.
    pub fn transitive(&self, names: &[String]) -> Vec<String> {
        self.ordered(names, &|_| true)
    }

    /// What can be reached from `names` over files that are `wanted`, imports first.
    fn ordered(&self, names: &[String], wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        fn add<'c>(
            compiler: &'c Compiler<'_>,
            name: &str,
            wanted: &dyn Fn(&str) -> bool,
            seen: &mut HashSet<&'c str>,
            ordered: &mut Vec<String>,
        ) {
            let Some(file) = compiler.file(name).filter(|_| wanted(name)) else {
                return;
            };
            if !seen.insert(file.name.as_deref().unwrap_or_default()) {
                return;
            }
            for import in file.dependency.iter().chain(&file.option_dependency) {
                add(compiler, import, wanted, seen, ordered);
            }
            ordered.push(name.to_owned());
        }
        let mut seen = HashSet::new();
        let mut ordered = Vec::with_capacity(names.len());
        for name in names {
            add(self, name, wanted, &mut seen, &mut ordered);
        }
        ordered
    }

    /// Lets go of everything, files that were taken out too, on a thread that nobody waits for: of thousands of files it takes a while, which who is about to end need not spend.
    pub fn discard(self, taken: Vec<FileDescriptorProto>) {
        let (table, files) = (self.table, self.files);
        // Where the system gives no thread, it is done here.
        let _started = thread::Builder::new().spawn(move || drop((table, files, taken)));
    }

    fn load(&mut self, name: &str, ahead: &ParseAhead<'_>) -> Option<FileId> {
        if let Some(loaded) = self.loaded.get(name) {
            return *loaded;
        }
        let loaded = self.load_new(name, ahead);
        self.loaded.insert(name.to_owned(), loaded);
        loaded
    }

    fn load_new(&mut self, name: &str, ahead: &ParseAhead<'_>) -> Option<FileId> {
        let mut findings = Findings::default();
        let mut file = match ahead.take(name) {
            Ok((file, found)) => {
                findings = found;
                file
            }
            Err(error) => {
                let Some(file) = self.descriptors.remove(name) else {
                    self.diagnostics
                        .push(Diagnostic::file_error(name, error.to_string()));
                    return None;
                };
                file
            }
        };
        let failed = findings.has_errors();
        self.report(name, findings);
        if failed {
            return None;
        }
        let imports = self.load_imports(name, &file, ahead)?;
        let is_input = self.inputs.contains(name);
        let (id, findings) = link::link(&mut self.table, &mut file, &imports, is_input);
        self.report(name, findings);
        let id = id?;
        self.linked.fetch_add(1, Ordering::Relaxed);
        self.indexes.insert(name.to_owned(), self.files.len());
        if !self.keeps_source_info
            && let Some(locations) = file.source_code_info.take()
        {
            ahead.recycle(locations);
        }
        self.files.push(file);
        Some(id)
    }

    /// Compiles what a file imports, `None` in the place of what is wrong with it, which is reported; `None` for all where imports are nested too deep.
    fn load_imports(
        &mut self,
        name: &str,
        file: &FileDescriptorProto,
        ahead: &ParseAhead<'_>,
    ) -> Option<Vec<Option<FileId>>> {
        if self.pending.len() == MAX_IMPORT_DEPTH {
            let message = format!("Imports are nested deeper than {MAX_IMPORT_DEPTH} files.");
            self.diagnostics.push(Diagnostic::file_error(name, message));
            return None;
        }
        self.pending.push(name.to_owned());
        let plain = file.dependency.iter().enumerate();
        let option = file.option_dependency.iter().enumerate();
        let all: Vec<(i32, usize, &String)> = plain
            .map(|(index, import)| (path::FILE_DEPENDENCY, index, import))
            .chain(option.map(|(index, import)| (path::FILE_OPTION_DEPENDENCY, index, import)))
            .collect();
        // What is wrong with the imports themselves comes first.
        for (_, _, import) in &all {
            if self.pending.contains(import) {
                self.report_cycle(import);
            } else {
                self.load(import, ahead);
            }
        }
        let mut imports = Vec::with_capacity(all.len());
        let mut findings = Findings::default();
        // As protoc, a place is looked up by name, which gives the last one of an import that is listed twice; and of a file that imports itself, only that is said.
        let imports_itself = all.iter().any(|(_, _, import)| *import == name);
        let places: HashMap<&str, [i32; 2]> = all
            .iter()
            .map(|&(kind, index, import)| {
                let place = [kind, i32::try_from(index).unwrap_or(i32::MAX)];
                (import.as_str(), place)
            })
            .collect();
        let mut seen = HashSet::new();
        for (_, _, import) in all {
            let loaded = self.loaded.get(import).copied().flatten();
            imports.push(loaded);
            let position = || position_of(file, places.get(import.as_str())?);
            if !seen.insert(import) {
                let message = format!("Import \"{import}\" was listed twice.");
                findings.error(position(), message);
            }
            if loaded.is_none() && !imports_itself {
                let message = format!("Import \"{import}\" was not found or had errors.");
                findings.error(position(), message);
            }
        }
        self.pending.pop();
        self.report(name, findings);
        Some(imports)
    }

    /// `import` is being compiled already: the files between it and the current one import each other. The error stands in `import`, where it imports the next of them.
    fn report_cycle(&mut self, import: &str) {
        let Some(start) = self.pending.iter().position(|pending| pending == import) else {
            return;
        };
        let chain = self.pending[start..].join(" -> ");
        let next = self.pending.get(start + 1).map_or(import, String::as_str);
        let position = self.sources.read(import).ok().and_then(|text| {
            let (file, _) = parser::parse(import, &text);
            let index = file.dependency.iter().position(|name| name == next)?;
            position_of(&file, &[path::FILE_DEPENDENCY, i32::try_from(index).ok()?])
        });
        let message = format!("File recursively imports itself: {chain} -> {import}");
        let error = Diagnostic::file_error(import, message).at(position);
        self.diagnostics.push(error);
    }

    fn report(&mut self, name: &str, findings: Findings) {
        let definitions = &mut self.definitions;
        let sources = self.sources;
        let mut find = |undefined: &_| definitions.hint(sources, undefined);
        self.diagnostics
            .extend(findings.into_diagnostics(name, &mut find));
    }
}

/// The file as it is at run time.
fn runtime<'f>(table: &Table, file: &'f FileDescriptorProto) -> Cow<'f, FileDescriptorProto> {
    if is_runtime_form(table, file) {
        Cow::Borrowed(file)
    } else {
        Cow::Owned(strip_source_retention(table, file.clone()))
    }
}

fn position_of(file: &FileDescriptorProto, path: &[i32]) -> Option<Position> {
    let location = file.source_code_info.as_ref()?.find(path)?;
    Some(Position {
        line: location.span.first()?.unsigned_abs(),
        column: location.span.get(1)?.unsigned_abs(),
    })
}
