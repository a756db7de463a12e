//! The values of an enum: names and numbers that may not be the same.

use rustc_hash::{FxHashMap, FxHashSet};

use russet_descriptor::proto::{EnumDescriptorProto, EnumOptions, FileDescriptorProto, edition};

use super::{Linker, at};
use crate::names::{EnumValueKeys, all_differ};
use crate::parser::path;
use crate::table::{EnumId, LastPart};

impl Linker<'_> {
    pub(super) fn validate_enum(
        &mut self,
        file: &FileDescriptorProto,
        declared: &EnumDescriptorProto,
        id: EnumId,
        place: &[i32],
    ) {
        let full_name = self.table[id].full_name.clone();
        let scope = full_name.rsplit_once('.').map_or("", |(scope, _)| scope);
        let no_options = EnumOptions::default();
        let options = declared.options.as_deref().unwrap_or(&no_options);
        let legacy = options.deprecated_legacy_json_field_conflicts == Some(true)
            && self.table[self.file].edition == edition::PROTO2;
        let values = self.table[id].values.clone();
        let keys = EnumValueKeys::new(&self.table[id].name);
        if !keys.differ(values.iter().map(|(value, _)| &**value)) {
            self.report_same_keys(file, &values, &keys, legacy, place);
        }
        let closed = self.table[id].features.is_closed_enum();
        if !closed && values.first().is_some_and(|(_, number)| *number != 0) {
            let more = [path::ENUM_VALUE, 0, path::VALUE_NUMBER];
            let message = "The first enum value must be zero for open enums.";
            self.error(file, place, &more, message);
        }
        if options.allow_alias == Some(true) || all_differ(values.iter().map(|value| value.1)) {
            return;
        }
        let mut used: FxHashMap<i32, &str> = FxHashMap::default();
        // All numbers; made when the first is used twice.
        let mut taken: FxHashSet<i64> = FxHashSet::default();
        for (index, (value, number)) in values.iter().enumerate() {
            let Some(other) = used.get(number) else {
                used.insert(*number, value);
                continue;
            };
            let value_name = crate::names::join(scope, value);
            let other_name = crate::names::join(scope, other);
            let mut message = format!(
                "\"{value_name}\" uses the same enum value as \"{other_name}\". If this is intended, set 'option allow_alias = true;' to the enum definition."
            );
            if taken.is_empty() {
                taken.extend(values.iter().map(|(_, number)| i64::from(*number)));
            }
            let mut next = i64::from(*number) + 1;
            while !self.findings.is_full() && taken.contains(&next) {
                next += 1;
            }
            if next < i64::from(i32::MAX) {
                message = format!("{message} The next available enum value is {next}.");
            }
            let more = [path::ENUM_VALUE, at(index), path::VALUE_NUMBER];
            self.error(file, place, &more, message);
        }
    }

    /// Values that differ in nothing but case, underscores and the enum's name must be one number.
    fn report_same_keys(
        &mut self,
        file: &FileDescriptorProto,
        values: &[(LastPart, i32)],
        keys: &EnumValueKeys,
        legacy: bool,
        place: &[i32],
    ) {
        let mut by_key: FxHashMap<String, usize> = FxHashMap::default();
        for (index, (value, number)) in values.iter().enumerate() {
            let &mut other = by_key.entry(keys.key(value)).or_insert(index);
            let (other_name, other_number) = &values[other];
            if other != index && other_name != value && other_number != number {
                let message = format!(
                    "Enum name {value} has the same name as {other_name} if you ignore case and strip out the enum name prefix (if any). (If you are using allow_alias, please assign the same number to each enum value name.)"
                );
                let more = [path::ENUM_VALUE, at(index), path::NAME];
                if legacy {
                    self.warning(file, place, &more, message);
                } else {
                    self.error(file, place, &more, message);
                }
            }
        }
    }
}
