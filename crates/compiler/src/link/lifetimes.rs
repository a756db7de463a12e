//! Which options an element may set: those whose targets it is one of, and which exist in the file's edition.

use rustc_hash::FxHashSet;

use russet_descriptor::proto::{FeatureSupport, FileDescriptorProto, field_type};
use russet_descriptor::wire::{Reader, WireType};

use super::Linker;
use super::canonical::{MAX_OPTION_DEPTH, value_bytes};
use super::walk::{Declared, Kind};
use crate::editions::edition_name;
use crate::table::{Field, MessageId, Table};

/// What the walk through one element's options finds.
struct Found<'t> {
    table: &'t Table,
    edition: i32,
    /// A number of `FieldOptions.OptionTargetType`, and how messages call it; `None` where targets are not checked.
    target: Option<(i32, &'static str)>,
    /// Reported where the element's name stands, as the warnings are.
    errors: Vec<String>,
    warnings: Vec<String>,
    /// Reported without a position.
    misplaced: Vec<String>,
}

impl Linker<'_> {
    pub(super) fn check_options(
        &mut self,
        file: &FileDescriptorProto,
        all: &[Declared<'_>],
        is_input: bool,
    ) {
        let mut bytes = Vec::new();
        for declared in all {
            bytes.clear();
            let Some(type_name) = declared.put_options(&mut bytes) else {
                continue;
            };
            let Some(message) = self.table.builtin(type_name) else {
                continue;
            };
            let mut found = Found {
                table: self.table,
                edition: self.table[self.file].edition,
                target: is_input.then(|| target(&declared.kind)),
                errors: Vec::new(),
                warnings: Vec::new(),
                misplaced: Vec::new(),
            };
            found.message(message, &bytes, MAX_OPTION_DEPTH);
            let (errors, warnings, misplaced) = (found.errors, found.warnings, found.misplaced);
            for message in errors {
                self.error_at_name(file, declared, message);
            }
            for message in warnings {
                let position = self.name_position(file, declared);
                self.findings.warning(position, message);
            }
            for message in misplaced {
                self.error_with_place(file, declared, None, message);
            }
        }
        self.check_enum_json(all);
    }
}

impl Found<'_> {
    /// Every field that is set, once each; into messages and enums for each value.
    fn message(&mut self, message: MessageId, bytes: &[u8], depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let table = self.table;
        let mut seen = FxHashSet::default();
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let Ok((number, wire_type)) = reader.tag() else {
                return;
            };
            let Ok(value) = value_bytes(&mut reader, number, wire_type) else {
                return;
            };
            let signed = i32::try_from(number).unwrap_or(i32::MAX);
            let Some(id) = table.field_by_number(message, signed) else {
                continue;
            };
            let field = &table[id];
            // Of a field that may be set anywhere there is nothing to say, so it is not remembered either.
            let is_restricted = field.support.is_some() || !field.targets.is_empty();
            if is_restricted && seen.insert(number) {
                self.field(field);
            }
            if let (true, Some(inner)) = (field.is_message(), field.message) {
                self.message(inner, value, depth);
            } else if field.type_ == field_type::ENUM {
                self.enum_values(field, wire_type, value);
            }
        }
    }

    fn field(&mut self, field: &Field) {
        if let Some(support) = &field.support {
            self.lifetime(support, &field.full_name);
        }
        if let Some((target, entity)) = self.target
            && !field.targets.is_empty()
            && !field.targets.contains(&target)
        {
            self.misplaced.push(format!(
                "Option {} cannot be set on an entity of type `{entity}`.",
                field.full_name
            ));
        }
    }

    fn enum_values(&mut self, field: &Field, wire_type: WireType, value: &[u8]) {
        let table = self.table;
        let Some(declared) = field.enumeration.map(|id| &table[id]) else {
            return;
        };
        if declared.supports.is_empty() {
            return;
        }
        let scope = declared
            .full_name
            .rsplit_once('.')
            .map_or("", |(scope, _)| scope);
        let mut reader = Reader::new(value);
        while !reader.is_empty() {
            let Ok(number) = reader.varint() else {
                return;
            };
            let index = declared
                .values
                .iter()
                .position(|(_, known)| super::interpret::signed(i64::from(*known)) == number);
            if let Some(support) = index.and_then(|index| declared.supports.get(&index)) {
                let name = index.map_or("", |index| &declared.values[index].0);
                self.lifetime(support, &crate::names::join(scope, name));
            }
            if wire_type != WireType::LengthDelimited {
                return;
            }
        }
    }

    fn lifetime(&mut self, support: &FeatureSupport, name: &str) {
        let here = edition_name(self.edition);
        let edition = self.edition;
        if let Some(introduced) = support.edition_introduced
            && edition < introduced
        {
            let introduced = edition_name(introduced);
            self.errors.push(format!(
                "{name} wasn't introduced until edition {introduced} and can't be used in edition {here}"
            ));
        } else if let Some(removed) = support.edition_removed
            && edition >= removed
        {
            let reason = support.removal_error.clone().unwrap_or_default();
            let reason = reason.to_str_lossy();
            let removed = edition_name(removed);
            self.errors.push(format!(
                "{name} has been removed in edition {removed}: {reason}"
            ));
        } else if let Some(deprecated) = support.edition_deprecated
            && edition >= deprecated
        {
            let reason = support.deprecation_warning.clone().unwrap_or_default();
            let reason = reason.to_str_lossy();
            let deprecated = edition_name(deprecated);
            self.warnings.push(format!(
                "{name} has been deprecated in edition {deprecated}: {reason}"
            ));
        }
    }
}

/// A number of `FieldOptions.OptionTargetType`, and how messages call it.
fn target(kind: &Kind<'_>) -> (i32, &'static str) {
    match kind {
        Kind::File(_) => (1, "file"),
        Kind::Range(_) => (2, "extension range"),
        Kind::Message(..) => (3, "message"),
        Kind::Field(..) => (4, "field"),
        Kind::Oneof(..) => (5, "oneof"),
        Kind::Enum(..) => (6, "enum"),
        Kind::Value(_) => (7, "enum entry"),
        Kind::Service(_) => (8, "service"),
        Kind::Method(_) => (9, "method"),
    }
}
