//! Who may use a symbol: `export`, `local`, and what a file's `default_symbol_visibility` says where neither is written.

use russet_descriptor::proto::{default_symbol_visibility, symbol_visibility};

use super::Linker;
use crate::parser::MAX_FIELD_NUMBER;
use crate::table::{EnumId, FileId, MessageId, Symbol};

impl Linker<'_> {
    /// Why this file may not use a message or enum that it can name; `None` where it may. `role` says what it is used as.
    pub(super) fn hidden(&self, symbol: Symbol, role: &str) -> Option<String> {
        let (full_name, file, keyword, is_nested) = match symbol {
            Symbol::Message(id) => {
                let message = &self.table[id];
                (
                    &message.full_name,
                    message.file,
                    message.visibility,
                    message.parent.is_some(),
                )
            }
            Symbol::Enum(id) => {
                let declared = &self.table[id];
                (
                    &declared.full_name,
                    declared.file,
                    declared.visibility,
                    declared.parent.is_some(),
                )
            }
            _ => return None,
        };
        if file == self.file || keyword == symbol_visibility::EXPORT {
            return None;
        }
        let reason = if keyword == symbol_visibility::LOCAL {
            "It is explicitly marked 'local'".to_owned()
        } else {
            let default = self.local_by_default(file, is_nested)?;
            format!(
                "It defaulted to local from file-level 'option features.default_symbol_visibility = '{default}';"
            )
        };
        Some(format!(
            "Symbol \"{full_name}\", defined in \"{}\" {role} is not visible from \"{}\". {reason} and cannot be accessed outside its own file",
            self.table[file].name, self.table[self.file].name
        ))
    }

    /// The name of the default that makes symbols of a file local.
    fn local_by_default(&self, file: FileId, is_nested: bool) -> Option<&'static str> {
        let default = self.table[file].features.default_symbol_visibility;
        let is_local = match default {
            default_symbol_visibility::EXPORT_TOP_LEVEL => is_nested,
            default_symbol_visibility::LOCAL_ALL | default_symbol_visibility::STRICT => true,
            _ => false,
        };
        is_local.then(|| default_symbol_visibility::name(default).unwrap_or_default())
    }

    /// With `STRICT`, nothing nested is exported, but for enums in a message that is only their namespace. In protoc's order: a message, what is nested in it, its enums.
    pub(super) fn check_exports(&mut self) {
        let features = self.table[self.file].features;
        if features.default_symbol_visibility != default_symbol_visibility::STRICT {
            return;
        }
        let mut found = Vec::new();
        for &id in &self.table[self.file].messages {
            self.exported_in(id, &mut found);
        }
        for message in found {
            // protoc asks for the place of an input type, which only a method has.
            self.findings.error(None, message);
        }
    }

    /// Messages nest no deeper than the parser lets them.
    fn exported_in(&self, id: MessageId, found: &mut Vec<String>) {
        found.extend(self.exported_message(id));
        for &nested in &self.table[id].nested {
            self.exported_in(nested, found);
        }
        for &declared in &self.table[id].enums {
            found.extend(self.exported_enum(declared));
        }
    }

    fn exported_message(&self, id: MessageId) -> Option<String> {
        let message = &self.table[id];
        let is_exported = message.visibility == symbol_visibility::EXPORT;
        (is_exported && message.parent.is_some()).then(|| {
            format!(
                "\"{}\" is a nested message and cannot be `export` with STRICT default_symbol_visibility. It must be moved to top-level, ideally in its own file in order to be `export`.",
                message.full_name
            )
        })
    }

    fn exported_enum(&self, id: EnumId) -> Option<String> {
        let declared = &self.table[id];
        let name = &declared.full_name;
        let is_exported = declared.visibility == symbol_visibility::EXPORT;
        let parent = declared.parent.filter(|_| is_exported)?;
        (!self.is_namespace(parent)).then(|| {
            format!(
                "\"{name}\" is a nested enum and cannot be marked `export` with STRICT default_symbol_visibility. It must be moved to top-level, ideally in its own file in order to be `export`. For C++ namespacing of enums in a messages use: `local message <OuterNamespace> {{ export enum {name} {{...}} reserved 1 to max; }}`"
            )
        })
    }

    /// A local message at the top level that reserves all numbers.
    fn is_namespace(&self, id: MessageId) -> bool {
        let message = &self.table[id];
        message.parent.is_none()
            && message.visibility != symbol_visibility::EXPORT
            && message.reserved_ranges == [(1, MAX_FIELD_NUMBER + 1)]
    }
}
