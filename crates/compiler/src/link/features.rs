//! Features of every element: what the file's edition says, what each sets itself, and what older syntaxes say in other words.

use russet_descriptor::proto::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, edition,
    field_presence, field_type, label, message_encoding, repeated_field_encoding,
};

use super::Linker;
use super::walk::{self, Kind};
use crate::features::{Features, unknown_feature};
use crate::parser::path;
use crate::table::{EnumId, FieldId, MessageId};

/// `FileOptions.OptimizeMode.LITE_RUNTIME`.
const LITE_RUNTIME: i32 = 3;

/// `FieldOptions.OptionRetention.RETENTION_SOURCE`.
const RETENTION_SOURCE: i32 = 2;

impl Linker<'_> {
    pub(super) fn resolve_features(&mut self, file: &FileDescriptorProto) {
        let id = self.file;
        let options = file.options.as_ref();
        let own = options.and_then(|options| options.features.as_ref());
        let features = Features::of_edition(self.table[id].edition).merged(own);
        self.table[id].features = features;
        self.table[id].is_lite =
            options.is_some_and(|options| options.optimize_for == Some(LITE_RUNTIME));
        for (index, message) in file.message_type.iter().enumerate() {
            let message_id = self.table[id].messages[index];
            self.message_features(message, message_id, features);
        }
        for (index, declared) in file.enum_type.iter().enumerate() {
            let enum_id = self.table[id].enums[index];
            self.enum_features(declared, enum_id, features);
        }
        for (index, field) in file.extension.iter().enumerate() {
            let field_id = self.table[id].extensions[index];
            self.field_features(field, field_id, features);
        }
    }

    /// Features are for editions, and none may be left open.
    pub(super) fn check_features(&mut self, file: &FileDescriptorProto) {
        if !self.sets_features {
            return;
        }
        let is_legacy = self.table[self.file].edition < edition::EDITION_2023;
        for declared in walk::declared(self.table, self.file, file) {
            let Some(own) = declared.own_features() else {
                continue;
            };
            let message = if is_legacy {
                "Features are only valid under editions.".to_owned()
            } else if let Some((feature, zero)) = unknown_feature(own) {
                format!("Feature field `{feature}` must resolve to a known value, found {zero}")
            } else {
                continue;
            };
            if let Kind::File(_) = declared.kind {
                self.error(file, &[path::FILE_SYNTAX], &[], message);
            } else {
                self.error_at_name(file, &declared, message);
            }
        }
    }

    fn message_features(&mut self, message: &DescriptorProto, id: MessageId, outer: Features) {
        let options = message.options.as_ref();
        for (index, range) in message.extension_range.iter().enumerate() {
            let options = range.options.as_ref().filter(|options| {
                !options.declaration.is_empty() || options.verification.is_some()
            });
            if let Some(options) = options {
                self.table[id]
                    .range_options
                    .insert(index, (**options).clone());
            }
        }
        let features = outer.merged(options.and_then(|options| options.features.as_ref()));
        self.table[id].features = features;
        self.table[id].is_map_entry =
            options.is_some_and(|options| options.map_entry == Some(true));
        self.table[id].is_message_set =
            options.is_some_and(|options| options.message_set_wire_format == Some(true));
        for (index, field) in message.field.iter().enumerate() {
            let oneof = field
                .oneof_index
                .and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?))
                .and_then(|oneof| oneof.options.as_ref())
                .and_then(|options| options.features.as_ref());
            let field_id = self.table[id].fields[index];
            self.field_features(field, field_id, features.merged(oneof));
        }
        for (index, field) in message.extension.iter().enumerate() {
            let field_id = self.table[id].extensions[index];
            self.field_features(field, field_id, features);
        }
        for (index, declared) in message.enum_type.iter().enumerate() {
            let enum_id = self.table[id].enums[index];
            self.enum_features(declared, enum_id, features);
        }
        for (index, nested) in message.nested_type.iter().enumerate() {
            let nested_id = self.table[id].nested[index];
            self.message_features(nested, nested_id, features);
        }
    }

    fn enum_features(&mut self, declared: &EnumDescriptorProto, id: EnumId, outer: Features) {
        let options = declared.options.as_ref();
        let own = options.and_then(|options| options.features.as_ref());
        self.table[id].features = outer.merged(own);
        for (index, value) in declared.value.iter().enumerate() {
            let options = value.options.as_ref();
            self.table[id].has_redacted |=
                options.is_some_and(|options| options.debug_redact == Some(true));
            if let Some(support) = options.and_then(|options| options.feature_support.as_ref()) {
                self.table.has_restricted_options = true;
                self.declares_support = true;
                self.table[id].supports.insert(index, support.clone());
            }
        }
    }

    /// A field's features; what older syntaxes say otherwise is said in features too.
    fn field_features(&mut self, field: &FieldDescriptorProto, id: FieldId, outer: Features) {
        let options = field.options.as_ref();
        let mut features = outer.merged(options.and_then(|options| options.features.as_ref()));
        let packed = options.and_then(|options| options.packed);
        let edition_number = self.table[self.file].edition;
        if edition_number < edition::EDITION_2023 {
            match packed {
                Some(true) => features.repeated_field_encoding = repeated_field_encoding::PACKED,
                Some(false) if edition_number == edition::PROTO3 => {
                    features.repeated_field_encoding = repeated_field_encoding::EXPANDED;
                }
                _ => {}
            }
            if field.type_ == Some(field_type::GROUP) {
                features.message_encoding = message_encoding::DELIMITED;
            }
            if field.label == Some(label::REQUIRED) {
                features.field_presence = field_presence::LEGACY_REQUIRED;
            }
            if field.proto3_optional == Some(true) {
                features.field_presence = field_presence::EXPLICIT;
            }
        }
        let holds_entries = self.table[id]
            .message
            .is_some_and(|message| self.table[message].is_map_entry);
        let within_entry = self.table[id]
            .containing
            .is_some_and(|message| self.table[message].is_map_entry);
        if holds_entries || within_entry {
            // Map entries are never groups, whatever the file's default.
            features.message_encoding = message_encoding::LENGTH_PREFIXED;
        }
        let support = options.and_then(|options| options.feature_support.clone());
        let targets = options
            .map(|options| options.targets.clone())
            .unwrap_or_default();
        self.declares_support |= support.is_some();
        if support.is_some() || !targets.is_empty() {
            self.table.has_restricted_options = true;
        }
        let entry = &mut self.table[id];
        entry.packed = features.is_packed() && entry.is_packable();
        entry.features = features;
        entry.is_source_only =
            options.is_some_and(|options| options.retention == Some(RETENTION_SOURCE));
        entry.is_entry_part = within_entry;
        entry.targets = targets;
        entry.support = support.map(Box::new);
    }
}
