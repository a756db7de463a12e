//! A parsed file and the files it imports to a linked file: names resolved, options interpreted, every rule checked.
//!
//! The steps follow protoc's, so that the same mistakes give the same errors in the same order: [`build`] declares names, [`resolve`] finds the types, [`interpret`] reads the options (in two passes, since features must be known before custom options are), [`validate`] checks what needs all of that.

mod aggregate;
mod build;
mod canonical;
mod enum_values;
mod extensions;
mod features;
mod hints;
mod interpret;
mod json_enum;
mod json_names;
mod lifetimes;
mod lookup;
mod numbers;
mod ranges;
mod resolve;
mod style;
mod support;
mod validate;
mod visibility;
mod visit;
mod walk;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use russet_descriptor::proto::{FileDescriptorProto, SourceCodeInfo, edition};

pub(crate) use canonical::{is_runtime_form, strip_source_retention};

use crate::diagnostics::{Findings, Position};
use crate::parser::path;
use crate::table::{FileId, MessageId, Table};
use walk::{Declared, Kind};

/// Links one file whose imports are linked already. `dependencies` are the files it imports, in the order of `dependency`, then those of `option_dependency`. `None` stands for one that is wrong itself: then the file counts as wrong too, and names that are not found are reported as a consequence of it. Some rules hold only for files that are an input of the compilation.
pub(crate) fn link(
    table: &mut Table,
    file: &mut FileDescriptorProto,
    dependencies: &[Option<FileId>],
    is_input: bool,
) -> (Option<FileId>, Findings) {
    let name = file.name.clone().unwrap_or_default();
    let package = file.package.clone().unwrap_or_default();
    let id = table.add_file(&name, &package);
    let first_field = table.fields.len();
    let mut linker = Linker {
        table,
        file: id,
        visible: FxHashSet::default(),
        visible_in_options: FxHashSet::default(),
        in_options: false,
        sets_features: false,
        declares_support: false,
        unused: Vec::new(),
        findings: Findings::default(),
        places: None,
        first_field,
        is_incomplete: dependencies.contains(&None),
        searches: 0,
        hints: Vec::new(),
        undeclared: None,
        unresolved: None,
        buffer: String::new(),
    };
    linker.run(file, dependencies, is_input);
    let complete = !linker.is_incomplete;
    let findings = linker.findings;
    let linked = (complete && !findings.has_errors()).then_some(id);
    if linked.is_none() {
        table.forget_file(id);
    }
    (linked, findings)
}

struct Linker<'t> {
    table: &'t mut Table,
    file: FileId,
    /// This file, what it imports, and what those import publicly.
    visible: FxHashSet<FileId>,
    /// What is visible only in options: imports for options, and what those import publicly.
    visible_in_options: FxHashSet<FileId>,
    /// Whether options are being read.
    in_options: bool,
    /// Whether an element sets features.
    sets_features: bool,
    /// Whether a field or an enum value says in which editions it exists.
    declares_support: bool,
    /// Imports that nothing has used yet.
    unused: Vec<FileId>,
    findings: Findings,
    /// Path to position, made when the first finding needs it.
    places: Option<FxHashMap<Vec<i32>, Position>>,
    /// This file's fields are those of the table from here on.
    first_field: usize,
    /// Whether an import is missing: then what is not found may be in there.
    is_incomplete: bool,
    /// How often something was looked for to help with an error.
    searches: usize,
    hints: Vec<Hint>,
    /// The file that declares a name which was found but not imported, and the name.
    undeclared: Option<(FileId, String)>,
    /// The name a lookup settled on though it is not defined.
    unresolved: Option<String>,
    /// Where full names are put together.
    buffer: String,
}

/// Free field numbers will be suggested.
struct Hint {
    message: MessageId,
    count: i32,
    path: Place,
}

impl Linker<'_> {
    fn run(
        &mut self,
        file: &mut FileDescriptorProto,
        dependencies: &[Option<FileId>],
        is_input: bool,
    ) {
        self.build(file, dependencies);
        self.resolve(file);
        self.suggest_numbers(file);
        if self.is_incomplete {
            return;
        }
        if !self.findings.has_errors() {
            self.in_options = true;
            self.interpret(file);
            self.in_options = false;
        }
        if !self.findings.has_errors() {
            self.validate(file);
            if self.declares_support {
                self.check_supports(file);
            }
        }
        if self.findings.has_errors() {
            self.map_conflicts(file);
            return;
        }
        if is_input {
            self.report_unused(file);
        }
        self.check_redacted(
            dependencies
                .get(file.dependency.len()..)
                .unwrap_or_default(),
        );
        self.check_declared(file, is_input);
    }

    /// The rules that hold for each thing a file declares, once all of them are linked. Old files that use nothing new are not walked through.
    fn check_declared(&mut self, file: &FileDescriptorProto, is_input: bool) {
        let number = self.table[self.file].edition;
        if is_input {
            self.check_library_numbers();
            self.warn_of_generic_services(file);
        }
        if number < edition::EDITION_2023 && !self.table.has_restricted_options {
            return;
        }
        // Only the rules of style look at what has no options.
        let all = if number >= edition::EDITION_2024 {
            walk::declared(self.table, self.file, file)
        } else {
            walk::declared_with_options(self.table, self.file, file)
        };
        if number >= edition::EDITION_2024 {
            let oneof_sizes = self.oneof_sizes();
            for declared in &all {
                self.check_style(file, declared, &oneof_sizes);
            }
            if !self.findings.has_errors() {
                self.check_exports();
            }
        }
        self.check_options(file, &all, is_input);
    }

    /// An error at the name of what is declared. Of oneofs and extension ranges protoc knows no place: there a note says where.
    fn error_at_name(
        &mut self,
        file: &FileDescriptorProto,
        declared: &Declared<'_>,
        message: impl Into<String>,
    ) {
        let position = self.name_position(file, declared);
        self.error_with_place(file, declared, position, message);
    }

    /// An error about what is declared, at `position` or, for a person, where its name stands.
    fn error_with_place(
        &mut self,
        file: &FileDescriptorProto,
        declared: &Declared<'_>,
        position: Option<Position>,
        message: impl Into<String>,
    ) {
        let more: &[i32] = match declared.kind {
            Kind::Range(_) => &[],
            _ => &[path::NAME],
        };
        let place = match declared.kind {
            Kind::File(_) => None,
            _ => self.position(file, &below(&declared.place, more)),
        };
        let finding = self.findings.error(position, message);
        if let (Some(finding), Some(place), None) = (finding, place, position) {
            finding.note(Some(place), "it is here");
        }
    }

    fn name_position(
        &mut self,
        file: &FileDescriptorProto,
        declared: &Declared<'_>,
    ) -> Option<Position> {
        match declared.kind {
            Kind::Oneof(..) | Kind::Range(_) => None,
            Kind::File(_) => self.position(file, &[path::FILE_PACKAGE]),
            _ => self.position(file, &below(&declared.place, &[path::NAME])),
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
        let full = below(path, more);
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
        let full = below(path, more);
        let position = self.position(file, &full);
        self.findings.warning(position, message);
    }

    fn hint(&mut self, message: MessageId, path: Place, count: i32) {
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

/// A path, with room for those of nearly all declarations.
pub(super) type Place = SmallVec<[i32; 14]>;

/// `place` and `more` behind it.
fn below(place: &[i32], more: &[i32]) -> Place {
    let mut path = Place::from_slice(place);
    path.extend_from_slice(more);
    path
}

/// `index` as a component of a path. Lists are shorter than the file is long, which is below 2^31.
fn at(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
