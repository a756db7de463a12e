//! A parsed file and the files it imports to a linked file: names resolved, options interpreted, every rule checked.
//!
//! The steps follow protoc's, so that the same mistakes give the same errors in the same order: [`build`] declares names, [`resolve`] finds the types, [`interpret`] reads the options (in two passes, since features must be known before custom options are), [`validate`] checks what needs all of that.

mod aggregate;
mod build;
mod canonical;
mod interpret;
mod lookup;
mod resolve;
mod validate;
mod visit;

use rustc_hash::{FxHashMap, FxHashSet};

use russet_descriptor::proto::{FileDescriptorProto, SourceCodeInfo};

pub(crate) use canonical::{is_runtime_form, strip_source_retention};

use crate::diagnostics::{Findings, Position};
use crate::table::{FileId, MessageId, Table};

/// Links one file whose imports are linked already. `dependencies` are the files it imports, in the order of `dependency`, then those of `option_dependency`.
pub(crate) fn link(
    table: &mut Table,
    file: &mut FileDescriptorProto,
    dependencies: &[FileId],
    warn_unused: bool,
) -> (FileId, Findings) {
    let name = file.name.clone().unwrap_or_default();
    let package = file.package.clone().unwrap_or_default();
    let id = table.add_file(&name, &package);
    let mut linker = Linker {
        table,
        file: id,
        visible: FxHashSet::default(),
        unused: Vec::new(),
        findings: Findings::default(),
        places: None,
        hints: Vec::new(),
        undeclared: None,
        unresolved: None,
    };
    linker.run(file, dependencies, warn_unused);
    let findings = linker.findings;
    if findings.has_errors() {
        table.forget_file(id);
    }
    (id, findings)
}

struct Linker<'t> {
    table: &'t mut Table,
    file: FileId,
    /// This file, what it imports, and what those import publicly.
    visible: FxHashSet<FileId>,
    /// Imports that nothing has used yet.
    unused: Vec<FileId>,
    findings: Findings,
    /// Path to position, made when the first finding needs it.
    places: Option<FxHashMap<Vec<i32>, Position>>,
    hints: Vec<Hint>,
    /// The file that declares a name which was found but not imported, and the name.
    undeclared: Option<(FileId, String)>,
    /// The name a lookup settled on though it is not defined.
    unresolved: Option<String>,
}

/// Free field numbers will be suggested.
struct Hint {
    message: MessageId,
    count: i32,
    path: Vec<i32>,
}

impl Linker<'_> {
    fn run(&mut self, file: &mut FileDescriptorProto, dependencies: &[FileId], warn_unused: bool) {
        self.build(file, dependencies);
        self.resolve(file);
        self.suggest_numbers(file);
        if !self.findings.has_errors() {
            self.interpret(file);
        }
        if !self.findings.has_errors() {
            self.validate(file);
        }
        if self.findings.has_errors() {
            self.map_conflicts(file);
        } else if warn_unused {
            self.report_unused(file);
        }
    }

    fn position(&mut self, file: &FileDescriptorProto, path: &[i32]) -> Option<Position> {
        let places = self.places.get_or_insert_with(|| {
            let mut places = FxHashMap::default();
            let info = file.source_code_info.iter();
            for location in info.flat_map(SourceCodeInfo::locations) {
                if let [line, column, ..] = *location.span {
                    let position = Position {
                        line: line.unsigned_abs(),
                        column: column.unsigned_abs(),
                    };
                    places.entry(location.path.to_vec()).or_insert(position);
                }
            }
            places
        });
        places.get(path).copied()
    }

    /// An error at the place of `path` and `more`; of the whole file where nothing is recorded there.
    fn error(
        &mut self,
        file: &FileDescriptorProto,
        path: &[i32],
        more: &[i32],
        message: impl Into<String>,
    ) {
        let full = [path, more].concat();
        let position = self.position(file, &full);
        self.findings.error(position, message);
    }

    fn warning(
        &mut self,
        file: &FileDescriptorProto,
        path: &[i32],
        more: &[i32],
        message: impl Into<String>,
    ) {
        let full = [path, more].concat();
        let position = self.position(file, &full);
        self.findings.warning(position, message);
    }

    fn hint(&mut self, message: MessageId, path: Vec<i32>, count: i32) {
        if let Some(hint) = self.hints.iter_mut().find(|hint| hint.message == message) {
            hint.count = hint.count.saturating_add(count.max(0));
        } else {
            self.hints.push(Hint {
                message,
                count: count.max(0),
                path,
            });
        }
    }
}

/// `index` as a component of a path. Lists are shorter than the file is long, which is below 2^31.
fn at(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
