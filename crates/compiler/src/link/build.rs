//! Declares what a file defines: names, numbers, ranges; and the checks that need nothing else.

use rustc_hash::{FxHashMap, FxHashSet};

use russet_descriptor::proto::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, edition, label,
};

use super::{Linker, at, below};
use crate::editions::{MAXIMUM_EDITION, MINIMUM_EDITION, edition_name};
use crate::features::Features;
use crate::names::{is_identifier, join};
use crate::parser::{MAX_FIELD_NUMBER, path};
use crate::table::{
    Enum, EnumId, Field, FieldId, FileId, LastPart, Message, MessageId, Name, Symbol,
};

/// The longest package name, in bytes.
const MAX_PACKAGE_LENGTH: usize = 511;

/// The most fields of a message.
const MAX_FIELDS: usize = 65_535;

/// The most dots in a package name.
const MAX_PACKAGE_DEPTH: usize = 100;

impl Linker<'_> {
    pub(super) fn build(&mut self, file: &FileDescriptorProto, dependencies: &[Option<FileId>]) {
        let id = self.file;
        let package = file.package.clone().unwrap_or_default();
        if package.len() > MAX_PACKAGE_LENGTH {
            self.error(file, &[path::FILE_PACKAGE], &[], "Package name is too long");
            return;
        }
        if package.matches('.').count() > MAX_PACKAGE_DEPTH {
            self.error(
                file,
                &[path::FILE_PACKAGE],
                &[],
                "Exceeds Maximum Package Depth",
            );
            return;
        }
        let number = match file.syntax.as_deref() {
            Some("proto3") => edition::PROTO3,
            Some("editions") => file.edition.unwrap_or_default(),
            _ => edition::PROTO2,
        };
        self.table[id].edition = number;
        if let Some(message) = unsupported(number) {
            self.error(file, &[path::FILE_SYNTAX], &[], message);
        }
        self.table[id].features = Features::of_edition(number);
        self.table[id].dependencies = dependencies.iter().copied().flatten().collect();
        self.declare_package(file, &package);
        self.imports(file, dependencies);
        for (index, message) in file.message_type.iter().enumerate() {
            let built = self.message(file, message, None, &[path::FILE_MESSAGE, at(index)]);
            self.table[id].messages.push(built);
        }
        for (index, declared) in file.enum_type.iter().enumerate() {
            let built = self.enumeration(file, declared, None, &[path::FILE_ENUM, at(index)]);
            self.table[id].enums.push(built);
        }
        for (index, service) in file.service.iter().enumerate() {
            let place = [path::FILE_SERVICE, at(index)];
            let name = service.name.as_deref().unwrap_or_default();
            let full_name = join(&package, name);
            self.check_name(file, name, &place);
            for (index, method) in service.method.iter().enumerate() {
                let place = below(&place, &[path::SERVICE_METHOD, at(index)]);
                let name = method.name.as_deref().unwrap_or_default();
                self.check_name(file, name, &place);
                let method_name = join(&full_name, name);
                self.declare(file, method_name, Symbol::Method(id), &place);
            }
            self.declare(file, full_name, Symbol::Service(id), &place);
        }
        for (index, extension) in file.extension.iter().enumerate() {
            let place = [path::FILE_EXTENSION, at(index)];
            let built = self.field(file, extension, None, true, &place);
            self.table[id].extensions.push(built);
        }
    }

    fn declare_package(&mut self, file: &FileDescriptorProto, package: &str) {
        let ends = package
            .match_indices('.')
            .map(|(at, _)| at)
            .chain((!package.is_empty()).then_some(package.len()));
        for end in ends.collect::<Vec<_>>() {
            let name = &package[..end];
            if let Err(other) = self.table.add_package(name, self.file) {
                let other = self.table.file_of(other);
                let message = format!(
                    "\"{name}\" is already defined (as something other than a package) in file \"{}\".",
                    self.table[other].name
                );
                self.error(file, &[path::FILE_PACKAGE], &[], message);
                return;
            }
        }
    }

    fn imports(&mut self, file: &FileDescriptorProto, dependencies: &[Option<FileId>]) {
        let public: Vec<FileId> = file
            .public_dependency
            .iter()
            .filter_map(|&index| *dependencies.get(usize::try_from(index).ok()?)?)
            .collect();
        // What a public import brings is meant for others, so it need not be used here.
        self.unused = dependencies
            .iter()
            .copied()
            .flatten()
            .filter(|import| {
                !public.contains(import) && self.table[*import].public_dependencies.is_empty()
            })
            .collect();
        self.table[self.file].public_dependencies = public;
        self.visible.insert(self.file);
        let (plain, option) = dependencies.split_at(file.dependency.len().min(dependencies.len()));
        let found = |list: &[Option<FileId>]| list.iter().copied().flatten().collect();
        self.visible.extend(self.with_public_imports(found(plain)));
        self.visible_in_options = self.with_public_imports(found(option));
    }

    pub(super) fn report_unused(&mut self, file: &FileDescriptorProto) {
        for import in std::mem::take(&mut self.unused) {
            let name = self.table[import].name.clone();
            let index = |list: &[String]| list.iter().position(|other| *other == name);
            let place = match index(&file.option_dependency) {
                Some(index) => [path::FILE_OPTION_DEPENDENCY, at(index)],
                None => [
                    path::FILE_DEPENDENCY,
                    at(index(&file.dependency).unwrap_or_default()),
                ],
            };
            self.warning(file, &place, &[], format!("Import {name} is unused."));
        }
    }

    fn check_name(&mut self, file: &FileDescriptorProto, name: &str, place: &[i32]) {
        if name.is_empty() {
            self.error(file, place, &[path::NAME], "Missing name.");
        } else if !is_identifier(name) {
            let message = format!("\"{name}\" is not a valid identifier.");
            self.error(file, place, &[path::NAME], message);
        }
    }

    /// Adds a name to the table, or says who has it already.
    fn declare(
        &mut self,
        file: &FileDescriptorProto,
        full_name: impl Into<Name>,
        symbol: Symbol,
        place: &[i32],
    ) -> bool {
        let full_name = full_name.into();
        let Some(other) = self.table.add_name(full_name.clone(), symbol) else {
            return true;
        };
        let other = self.table.file_of(other);
        let message = if other == self.file {
            match full_name.rsplit_once('.') {
                Some((scope, name)) => format!("\"{name}\" is already defined in \"{scope}\"."),
                None => format!("\"{full_name}\" is already defined."),
            }
        } else {
            format!(
                "\"{full_name}\" is already defined in file \"{}\".",
                self.table[other].name
            )
        };
        // protoc records no place for oneofs.
        let position = match symbol {
            Symbol::Oneof(_) => None,
            _ => self.position(file, &below(place, &[path::NAME])),
        };
        let first = self.place_of_other(file, &full_name);
        let finding = self.findings.error(position, message);
        if let (Some(finding), Some(first)) = (finding, first)
            && Some(first) != position
        {
            finding.note(Some(first), "the other definition is here");
        }
        false
    }

    fn full_name(&mut self, parent: Option<MessageId>, name: &str) -> Name {
        let mut full_name = std::mem::take(&mut self.buffer);
        full_name.clear();
        full_name.push_str(self.scope(parent));
        if !full_name.is_empty() {
            full_name.push('.');
        }
        full_name.push_str(name);
        self.buffer = full_name;
        self.buffer.as_str().into()
    }

    fn scope(&self, parent: Option<MessageId>) -> &str {
        match parent {
            Some(parent) => &self.table[parent].full_name,
            None => &self.table[self.file].package,
        }
    }

    fn message(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        parent: Option<MessageId>,
        place: &[i32],
    ) -> MessageId {
        let name = message.name.as_deref().unwrap_or_default();
        let full_name = self.full_name(parent, name);
        self.check_name(file, name, place);
        let id = MessageId(self.table.messages.len());
        self.table.messages.push(Message {
            name: LastPart::of(&full_name),
            full_name: full_name.clone(),
            file: self.file,
            parent,
            fields: Vec::with_capacity(message.field.len()),
            extensions: Vec::new(),
            nested: Vec::new(),
            enums: Vec::new(),
            oneofs: Vec::new(),
            extension_ranges: Vec::new(),
            reserved_ranges: Vec::new(),
            is_map_entry: message
                .options
                .as_ref()
                .is_some_and(|options| options.map_entry == Some(true)),
            is_message_set: false,
            visibility: message.visibility.unwrap_or_default(),
            range_options: FxHashMap::default(),
            features: Features::default(),
        });
        let under = |number: i32, index: usize| below(place, &[number, at(index)]);
        for (index, oneof) in message.oneof_decl.iter().enumerate() {
            let name = oneof.name.as_deref().unwrap_or_default();
            let place = under(path::MESSAGE_ONEOF, index);
            self.check_name(file, name, &place);
            let oneof_name = self.full_name(Some(id), name);
            self.table[id].oneofs.push(LastPart::of(&oneof_name));
            self.declare(file, oneof_name, Symbol::Oneof(self.file), &place);
        }
        for (index, field) in message.field.iter().enumerate() {
            let place = under(path::MESSAGE_FIELD, index);
            let built = self.field(file, field, Some(id), false, &place);
            self.table[id].fields.push(built);
        }
        for (index, declared) in message.enum_type.iter().enumerate() {
            let place = under(path::MESSAGE_ENUM, index);
            let built = self.enumeration(file, declared, Some(id), &place);
            self.table[id].enums.push(built);
        }
        for (index, range) in message.extension_range.iter().enumerate() {
            let place = under(path::MESSAGE_EXTENSION_RANGE, index);
            let (start, end) = (range.start.unwrap_or(0), range.end.unwrap_or(0));
            self.range(file, id, (start, end), &place, "Extension");
            self.table[id].extension_ranges.push((start, end));
        }
        for (index, extension) in message.extension.iter().enumerate() {
            let place = under(path::MESSAGE_EXTENSION, index);
            let built = self.field(file, extension, Some(id), true, &place);
            self.table[id].extensions.push(built);
        }
        for (index, range) in message.reserved_range.iter().enumerate() {
            let place = under(path::MESSAGE_RESERVED_RANGE, index);
            let (start, end) = (range.start.unwrap_or(0), range.end.unwrap_or(0));
            self.range(file, id, (start, end), &place, "Reserved");
            self.table[id].reserved_ranges.push((start, end));
        }
        for (index, nested) in message.nested_type.iter().enumerate() {
            let built = self.message(file, nested, Some(id), &under(path::MESSAGE_NESTED, index));
            self.table[id].nested.push(built);
        }
        self.declare(file, full_name, Symbol::Message(id), place);
        if message.field.len() > MAX_FIELDS {
            let count = message.field.len();
            let full_name = &self.table[id].full_name;
            let message =
                format!("{count} fields in {full_name} exceeds the limit of {MAX_FIELDS}");
            self.findings.error(None, message);
        }
        self.check_ranges(file, message, id, place);
        id
    }

    fn field(
        &mut self,
        file: &FileDescriptorProto,
        field: &FieldDescriptorProto,
        scope: Option<MessageId>,
        is_extension: bool,
        place: &[i32],
    ) -> FieldId {
        let name = field.name.as_deref().unwrap_or_default();
        let full_name = self.full_name(scope, name);
        let number = field.number.unwrap_or(0);
        let field_label = field.label.unwrap_or(label::OPTIONAL);
        self.check_name(file, name, place);
        if is_extension && field_label == label::REQUIRED {
            let message = format!("The extension {full_name} cannot be required.");
            self.type_error(file, field, place, message);
        }
        if field.default_value.is_some() && field_label == label::REPEATED {
            let message = "Repeated fields can't have default values.";
            self.error(file, place, &[path::FIELD_DEFAULT], message);
        }
        if number <= 0 {
            if let Some(scope) = scope {
                self.hint(scope, below(place, &[path::FIELD_NUMBER]), 1);
            }
            let message = "Field numbers must be positive integers.";
            self.error(file, place, &[path::FIELD_NUMBER], message);
        } else if !is_extension && number > MAX_FIELD_NUMBER {
            if let Some(scope) = scope {
                self.hint(scope, below(place, &[path::FIELD_NUMBER]), 1);
            }
            let message = format!("Field numbers cannot be greater than {MAX_FIELD_NUMBER}.");
            self.error(file, place, &[path::FIELD_NUMBER], message);
        }
        let id = FieldId(self.table.fields.len());
        self.table.fields.push(Field {
            name: LastPart::of(&full_name),
            full_name: full_name.clone(),
            file: self.file,
            number,
            label: field_label,
            type_: field.type_.unwrap_or(0),
            message: None,
            enumeration: None,
            containing: if is_extension { None } else { scope },
            is_extension,
            oneof: field
                .oneof_index
                .and_then(|index| usize::try_from(index).ok()),
            packed: false,
            is_entry_part: false,
            is_source_only: false,
            has_default: field.default_value.is_some(),
            targets: Vec::new(),
            support: None,
            features: Features::default(),
        });
        self.declare(file, full_name, Symbol::Field(id), place);
        id
    }

    /// An error where the type of a field is written.
    pub(super) fn type_error(
        &mut self,
        file: &FileDescriptorProto,
        field: &FieldDescriptorProto,
        place: &[i32],
        message: impl Into<String>,
    ) {
        let full = below(place, &[path::FIELD_TYPE]);
        let more = if self.position(file, &full).is_some() || field.type_name.is_none() {
            path::FIELD_TYPE
        } else {
            path::FIELD_TYPE_NAME
        };
        self.error(file, place, &[more], message);
    }

    fn enumeration(
        &mut self,
        file: &FileDescriptorProto,
        declared: &EnumDescriptorProto,
        parent: Option<MessageId>,
        place: &[i32],
    ) -> EnumId {
        let name = declared.name.as_deref().unwrap_or_default();
        let full_name = self.full_name(parent, name);
        self.check_name(file, name, place);
        if declared.value.is_empty() {
            let message = "Enums must contain at least one value.";
            self.error(file, place, &[path::NAME], message);
        }
        let id = EnumId(self.table.enums.len());
        let values = declared.value.iter().map(|value| {
            // Values are siblings of their enum.
            let full_name = self.full_name(parent, value.name.as_deref().unwrap_or_default());
            (LastPart::of(&full_name), value.number.unwrap_or(0))
        });
        let values = values.collect();
        self.table.enums.push(Enum {
            name: LastPart::of(&full_name),
            full_name: full_name.clone(),
            file: self.file,
            values,
            supports: FxHashMap::default(),
            visibility: declared.visibility.unwrap_or_default(),
            parent,
            has_redacted: false,
            features: Features::default(),
        });
        // The names of the values before; made when the first name is taken already.
        let mut own_names: Option<FxHashSet<&str>> = None;
        for (index, value) in declared.value.iter().enumerate() {
            let value_name = value.name.as_deref().unwrap_or_default();
            let value_place = below(place, &[path::ENUM_VALUE, at(index)]);
            self.check_name(file, value_name, &value_place);
            let symbol = Symbol::EnumValue(id, index);
            let value_full_name = self.table[id].values[index].0.full().clone();
            let added = self.declare(file, value_full_name, symbol, &value_place);
            if !added {
                own_names.get_or_insert_with(|| {
                    let before = declared.value[..index].iter();
                    before.filter_map(|value| value.name.as_deref()).collect()
                });
            }
            let is_first = own_names
                .as_mut()
                .is_some_and(|own_names| own_names.insert(value_name));
            if is_first && !added {
                let outer = match self.scope(parent) {
                    "" => "the global scope".to_owned(),
                    scope => format!("\"{scope}\""),
                };
                let message = format!(
                    "Note that enum values use C++ scoping rules, meaning that enum values are siblings of their type, not children of it.  Therefore, \"{value_name}\" must be unique within {outer}, not just within \"{name}\"."
                );
                self.error(file, &value_place, &[path::NAME], message);
            }
        }
        let ranges: Vec<(i32, i32)> = declared
            .reserved_range
            .iter()
            .map(|range| (range.start.unwrap_or(0), range.end.unwrap_or(0)))
            .collect();
        for (index, range) in ranges.iter().enumerate() {
            if range.0 > range.1 {
                let more = [path::ENUM_RESERVED_RANGE, at(index)];
                let message = "Reserved range end number must be greater than start number.";
                self.error(file, place, &more, message);
            }
        }
        self.declare(file, full_name, Symbol::Enum(id), place);
        self.check_enum_ranges(file, declared, &ranges, place);
        id
    }
}

/// Why files of an edition are not compiled.
fn unsupported(number: i32) -> Option<String> {
    let name = edition_name(number);
    if number < MINIMUM_EDITION {
        let minimum = edition_name(MINIMUM_EDITION);
        Some(format!(
            "Edition {name} is earlier than the minimum supported edition {minimum}"
        ))
    } else if number > MAXIMUM_EDITION && number != edition::UNSTABLE {
        let maximum = edition_name(MAXIMUM_EDITION);
        Some(format!(
            "Edition {name} is later than the maximum supported edition {maximum}"
        ))
    } else {
        None
    }
}
