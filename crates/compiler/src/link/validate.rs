//! Features of every element, and the rules that can be checked only when types and options are known.

use rustc_hash::FxHashMap;

use russet_descriptor::proto::{
    DescriptorProto, FeatureSet, FieldDescriptorProto, FieldOptions, FileDescriptorProto, edition,
    field_presence, field_type, label, repeated_field_encoding,
};

use super::lookup::Wanted;
use super::{Linker, at, below};
use crate::names::{camel_case, json_name};
use crate::parser::{MAX_FIELD_NUMBER, path};
use crate::table::{FieldId, MessageId, Symbol};

/// What proto3 files may extend: the options messages.
const OPTIONS_MESSAGES: [&str; 13] = [
    "google.protobuf.FileOptions",
    "google.protobuf.MessageOptions",
    "google.protobuf.FieldOptions",
    "google.protobuf.EnumOptions",
    "google.protobuf.EnumValueOptions",
    "google.protobuf.ServiceOptions",
    "google.protobuf.MethodOptions",
    "google.protobuf.OneofOptions",
    "google.protobuf.ExtensionRangeOptions",
    "google.protobuf.StreamOptions",
    "google.protobuf.FeatureSet",
    "google.protobuf.SourceCodeInfo",
    "google.protobuf.FileDescriptorSet",
];

impl Linker<'_> {
    pub(super) fn validate(&mut self, file: &FileDescriptorProto) {
        let id = self.file;
        self.validate_lite(file);
        if self.table[id].edition == edition::PROTO3 {
            let extensions = self.table[id].extensions.clone();
            for (index, (field, id)) in file.extension.iter().zip(extensions).enumerate() {
                self.validate_proto3_field(file, field, id, &[path::FILE_EXTENSION, at(index)]);
            }
            let messages = self.table[id].messages.clone();
            for (index, (message, id)) in file.message_type.iter().zip(messages).enumerate() {
                self.validate_proto3_message(file, message, id, &[path::FILE_MESSAGE, at(index)]);
            }
        }
        let messages = self.table[id].messages.clone();
        for (index, (message, id)) in file.message_type.iter().zip(messages).enumerate() {
            self.validate_message(file, message, id, &[path::FILE_MESSAGE, at(index)]);
        }
        let enums = self.table[id].enums.clone();
        for (index, (declared, id)) in file.enum_type.iter().zip(enums).enumerate() {
            self.validate_enum(file, declared, id, &[path::FILE_ENUM, at(index)]);
        }
        let extensions = self.table[id].extensions.clone();
        for (index, (field, id)) in file.extension.iter().zip(extensions).enumerate() {
            self.validate_field(file, field, id, &[path::FILE_EXTENSION, at(index)]);
        }
    }

    /// protoc says so of every input file that asks for them, services or not.
    pub(super) fn warn_of_generic_services(&mut self, file: &FileDescriptorProto) {
        let asks = file.options.as_deref().is_some_and(|options| {
            [
                options.cc_generic_services,
                options.java_generic_services,
                options.py_generic_services,
            ]
            .contains(&Some(true))
        });
        if asks {
            let message = "Generic services (cc_generic_services, java_generic_services, and py_generic_services) are deprecated in favor of using plugins that generate code specific to your particular RPC system. Additional code generator options may be required to enable generic services and total removal of these options is planned in future breaking releases.";
            self.findings.warning(None, message);
        }
    }

    fn validate_lite(&mut self, file: &FileDescriptorProto) {
        let id = self.file;
        let has_generic_services = file.options.as_deref().is_some_and(|options| {
            options.cc_generic_services == Some(true) || options.java_generic_services == Some(true)
        });
        if self.table[id].is_lite && has_generic_services {
            for index in 0..file.service.len() {
                let message = "Files with optimize_for = LITE_RUNTIME cannot define services unless you set both options cc_generic_services and java_generic_services to false.";
                self.error(
                    file,
                    &[path::FILE_SERVICE, at(index)],
                    &[path::NAME],
                    message,
                );
            }
        }
        if !self.table[id].is_lite {
            let lite = self.table[id]
                .dependencies
                .iter()
                .position(|&import| self.table[import].is_lite);
            if let Some(index) = lite {
                let name = &self.table[self.table[id].dependencies[index]].name;
                let message = format!(
                    "Files that do not use optimize_for = LITE_RUNTIME cannot import files which do use this option.  This file is not lite, but it imports \"{name}\" which is."
                );
                self.error(file, &[path::FILE_DEPENDENCY, at(index)], &[], message);
            }
        }
        if self.table[id].edition >= edition::EDITION_2023 {
            if self.table[id].features.field_presence == field_presence::LEGACY_REQUIRED {
                let message = "Required presence can't be specified by default.";
                self.error(file, &[path::FILE_SYNTAX], &[], message);
            }
            let checks = file
                .options
                .as_ref()
                .is_some_and(|options| options.java_string_check_utf8 == Some(true));
            if checks {
                let message = "File option java_string_check_utf8 is not allowed under editions. Use the (pb.java).utf8_validation feature to control this behavior.";
                self.error(file, &[path::FILE_SYNTAX], &[], message);
            }
        }
    }

    fn validate_proto3_message(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        id: MessageId,
        place: &[i32],
    ) {
        let under = |number: i32, index: usize| below(place, &[number, at(index)]);
        let nested = self.table[id].nested.clone();
        for (index, (proto, id)) in message.nested_type.iter().zip(nested).enumerate() {
            self.validate_proto3_message(file, proto, id, &under(path::MESSAGE_NESTED, index));
        }
        let fields = self.table[id].fields.clone();
        for (index, (proto, id)) in message.field.iter().zip(fields).enumerate() {
            self.validate_proto3_field(file, proto, id, &under(path::MESSAGE_FIELD, index));
        }
        let extensions = self.table[id].extensions.clone();
        for (index, (proto, id)) in message.extension.iter().zip(extensions).enumerate() {
            self.validate_proto3_field(file, proto, id, &under(path::MESSAGE_EXTENSION, index));
        }
        if !message.extension_range.is_empty() {
            let more = [path::MESSAGE_EXTENSION_RANGE, 0];
            self.error(
                file,
                place,
                &more,
                "Extension ranges are not allowed in proto3.",
            );
        }
        if self.table[id].is_message_set {
            let more = [path::NAME];
            self.error(file, place, &more, "MessageSet is not supported in proto3.");
        }
    }

    fn validate_proto3_field(
        &mut self,
        file: &FileDescriptorProto,
        proto: &FieldDescriptorProto,
        id: FieldId,
        place: &[i32],
    ) {
        let field = self.table[id].clone();
        let containing = field
            .containing
            .map(|message| self.table[message].full_name.clone())
            .unwrap_or_default();
        if field.is_extension && !OPTIONS_MESSAGES.contains(&&*containing) {
            let message = "Extensions in proto3 are only allowed for defining options.";
            self.extendee_error(file, place, message);
        }
        if field.label == label::REQUIRED {
            self.type_error(
                file,
                proto,
                place,
                "Required fields are not allowed in proto3.",
            );
        }
        if field.has_default {
            let message = "Explicit default values are not allowed in proto3.";
            self.error(file, place, &[path::FIELD_DEFAULT], message);
        }
        if let Some(declared) = field.enumeration.map(|id| &self.table[id])
            && declared.features.is_closed_enum()
        {
            let message = format!(
                "Enum type \"{}\" is not an open enum, but is used in \"{containing}\" which is a proto3 message type.",
                declared.full_name
            );
            self.type_error(file, proto, place, message);
        }
        if field.type_ == field_type::GROUP {
            self.type_error(
                file,
                proto,
                place,
                "Groups are not supported in proto3 syntax.",
            );
        }
    }

    fn validate_message(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        id: MessageId,
        place: &[i32],
    ) {
        self.validate_json_names(file, message, id, place);
        let is_set = self.table[id].is_message_set;
        let max = if is_set {
            i32::MAX - 1
        } else {
            MAX_FIELD_NUMBER
        };
        for range in &message.extension_range {
            if i64::from(range.end.unwrap_or(0)) > i64::from(max) + 1 {
                let shown = if is_set { i32::MAX } else { max };
                let message = format!("Extension numbers cannot be greater than {shown}.");
                // protoc asks for the place of a message's number, which it does not have.
                self.findings.error(None, message);
            }
        }
        self.check_declarations(file, message, place);
        let under = |number: i32, index: usize| below(place, &[number, at(index)]);
        let fields = self.table[id].fields.clone();
        for (index, (proto, id)) in message.field.iter().zip(fields).enumerate() {
            self.validate_field(file, proto, id, &under(path::MESSAGE_FIELD, index));
        }
        let nested = self.table[id].nested.clone();
        for (index, (proto, id)) in message.nested_type.iter().zip(nested).enumerate() {
            self.validate_message(file, proto, id, &under(path::MESSAGE_NESTED, index));
        }
        let enums = self.table[id].enums.clone();
        for (index, (proto, id)) in message.enum_type.iter().zip(enums).enumerate() {
            self.validate_enum(file, proto, id, &under(path::MESSAGE_ENUM, index));
        }
        let extensions = self.table[id].extensions.clone();
        for (index, (proto, id)) in message.extension.iter().zip(extensions).enumerate() {
            self.validate_field(file, proto, id, &under(path::MESSAGE_EXTENSION, index));
        }
    }

    fn validate_field(
        &mut self,
        file: &FileDescriptorProto,
        proto: &FieldDescriptorProto,
        id: FieldId,
        place: &[i32],
    ) {
        let field = self.table[id].clone();
        let no_options = FieldOptions::default();
        let options = proto.options.as_deref().unwrap_or(&no_options);
        if self.table[self.file].edition >= edition::EDITION_2023 {
            self.validate_field_features(file, proto, id, options.features.as_ref(), place);
        }
        if self.table[self.file].edition >= edition::EDITION_2024 && options.ctype.is_some() {
            let message = "ctype option is not allowed under edition 2024 and beyond. Use the feature string_type = VIEW|CORD|STRING|... instead.";
            self.type_error(file, proto, place, message);
        }
        if (options.lazy == Some(true) || options.unverified_lazy == Some(true))
            && (field.type_ != field_type::MESSAGE || field.is_delimited())
        {
            let message = "[lazy = true] can only be specified for submessage fields.";
            self.type_error(file, proto, place, message);
        }
        if options.unverified_lazy == Some(true) && field.is_extension {
            let message = "Extensions cannot be marked as unverified_lazy.";
            self.type_error(file, proto, place, message);
        }
        if options.packed == Some(true) && !field.is_packable() {
            let message = "[packed = true] can only be specified for repeated primitive fields.";
            self.type_error(file, proto, place, message);
        }
        if let Some(containing) = field.containing {
            let (extended_file, is_message_set) = {
                let containing = &self.table[containing];
                (containing.file, containing.is_message_set)
            };
            if is_message_set {
                if !field.is_extension {
                    let message = "MessageSets cannot have fields, only extensions.";
                    self.error(file, place, &[path::NAME], message);
                } else if field.label != label::OPTIONAL || field.type_ != field_type::MESSAGE {
                    let message = "Extensions of MessageSets must be optional messages.";
                    self.type_error(file, proto, place, message);
                }
            }
            if self.table[self.file].is_lite && !self.table[extended_file].is_lite {
                let message = "Extensions to non-lite types can only be declared in non-lite files.  Note that you cannot extend a non-lite type to contain a lite type, but the reverse is allowed.";
                self.extendee_error(file, place, message);
            }
        }
        if let Some(entry) = field.message
            && self.table[entry].is_map_entry
        {
            self.validate_map(file, proto, id, entry, place);
        }
        self.validate_jstype(file, proto, field.type_, options.jstype, place);
        self.check_declared_extension(file, proto, id, place);
        if let Some(json) = &proto.json_name {
            if field.is_extension && **json != *json_name(&field.name).as_bytes() {
                let message = "option json_name is not allowed on extension fields.";
                self.error(file, place, &[path::FIELD_JSON_NAME], message);
            }
            if json.contains(&0) {
                let message = "json_name cannot have embedded null characters.";
                self.error(file, place, &[path::FIELD_JSON_NAME], message);
            }
        }
    }

    fn validate_field_features(
        &mut self,
        file: &FileDescriptorProto,
        proto: &FieldDescriptorProto,
        id: FieldId,
        own: Option<&FeatureSet>,
        place: &[i32],
    ) {
        let field = self.table[id].clone();
        let mut messages = Vec::new();
        if proto
            .options
            .as_ref()
            .is_some_and(|options| options.packed.is_some())
        {
            messages.push("Field option packed is not allowed under editions.  Use the repeated_field_encoding feature to control this behavior.");
        }
        // An extension has presence whatever its features say.
        let implicit =
            !field.is_extension && field.features.field_presence == field_presence::IMPLICIT;
        if field.has_default && implicit {
            messages.push("Implicit presence fields can't specify defaults.");
        }
        let closed = field
            .enumeration
            .is_some_and(|id| self.table[id].features.is_closed_enum());
        if closed && implicit && !field.is_repeated() && field.oneof.is_none() {
            messages.push("Implicit presence enum fields must always be open.");
        }
        if field.is_extension && field.features.field_presence == field_presence::LEGACY_REQUIRED {
            messages.push("Extensions can't be required.");
        }
        let within_entry = field
            .containing
            .is_some_and(|id| self.table[id].is_map_entry);
        if let (Some(own), false) = (own, within_entry) {
            let holds_entries = field.message.is_some_and(|id| self.table[id].is_map_entry);
            if let Some(presence) = own.field_presence {
                if field.oneof.is_some() {
                    messages.push("Oneof fields can't specify field presence.");
                } else if field.is_repeated() {
                    messages.push("Repeated fields can't specify field presence.");
                } else if field.is_extension && presence != field_presence::LEGACY_REQUIRED {
                    messages.push("Extensions can't specify field presence.");
                } else if field.message.is_some() && presence == field_presence::IMPLICIT {
                    messages.push("Message fields can't specify implicit presence.");
                }
            }
            if !field.is_repeated() && own.repeated_field_encoding.is_some() {
                messages.push("Only repeated fields can specify repeated field encoding.");
            }
            let has_string = field.type_ == field_type::STRING
                || (holds_entries
                    && field.message.is_some_and(|id| {
                        self.table[id]
                            .fields
                            .iter()
                            .any(|&part| self.table[part].type_ == field_type::STRING)
                    }));
            if !has_string && own.utf8_validation.is_some() {
                messages.push("Only string fields can specify utf8 validation.");
            }
            if !field.is_packable()
                && own.repeated_field_encoding == Some(repeated_field_encoding::PACKED)
            {
                messages.push(
                    "Only repeated primitive fields can specify PACKED repeated field encoding.",
                );
            }
            if (!field.is_message() || holds_entries) && own.message_encoding.is_some() {
                messages.push("Only message fields can specify message encoding.");
            }
        }
        for message in messages {
            self.error(file, place, &[path::NAME], message);
        }
    }

    fn validate_map(
        &mut self,
        file: &FileDescriptorProto,
        proto: &FieldDescriptorProto,
        id: FieldId,
        entry: MessageId,
        place: &[i32],
    ) {
        let field = &self.table[id];
        let expected = format!("{}Entry", camel_case(&field.name));
        let shape = &self.table[entry];
        let is_own = field.is_repeated()
            && *shape.name == *expected
            && field.containing == shape.parent
            && proto.type_ == Some(field_type::MESSAGE);
        let (&[key, value], true) = (&shape.fields[..], is_own) else {
            let name = shape.full_name.clone();
            let proposal = self
                .outer_namesake(entry)
                .map(|other| format!(" Maybe you meant \".{other}\"?"));
            let message = format!(
                "{name} is a synthetic MapEntry message type, which is not allowed to be used as a field type.{}",
                proposal.unwrap_or_default()
            );
            self.type_error(file, proto, place, message);
            return;
        };
        let message = match self.table[key].type_ {
            field_type::ENUM => Some("Key in map fields cannot be enum types."),
            field_type::FLOAT
            | field_type::DOUBLE
            | field_type::MESSAGE
            | field_type::GROUP
            | field_type::BYTES => {
                Some("Key in map fields cannot be float/double, bytes or message types.")
            }
            _ => None,
        };
        if let Some(message) = message {
            self.type_error(file, proto, place, message);
        }
        let first = self.table[value]
            .enumeration
            .and_then(|id| self.table[id].values.first().map(|(_, number)| *number));
        if first.is_some_and(|number| number != 0) {
            let message = "Enum value in map must define 0 as the first value.";
            self.type_error(file, proto, place, message);
        }
    }

    /// What a map's entry type hides: a type of its name in an outer scope.
    fn outer_namesake(&mut self, entry: MessageId) -> Option<String> {
        let name = self.table[entry].name.to_string();
        let parent = self.table[entry].parent?;
        let scope = self.table[parent].full_name.to_string();
        let found = self.lookup(&name, &scope, Wanted::Types)?;
        Some(match found {
            Symbol::Message(id) => self.table[id].full_name.to_string(),
            Symbol::Enum(id) => self.table[id].full_name.to_string(),
            _ => return None,
        })
    }

    fn validate_jstype(
        &mut self,
        file: &FileDescriptorProto,
        proto: &FieldDescriptorProto,
        type_: i32,
        jstype: Option<i32>,
        place: &[i32],
    ) {
        let wide = matches!(
            type_,
            field_type::UINT64
                | field_type::INT64
                | field_type::SINT64
                | field_type::FIXED64
                | field_type::SFIXED64
        );
        if jstype.unwrap_or(0) != 0 && !wide {
            let message =
                "jstype is only allowed on int64, uint64, sint64, fixed64 or sfixed64 fields.";
            self.type_error(file, proto, place, message);
        }
    }

    /// When a name is taken twice, perhaps because of the entry type of a map field: says so.
    pub(super) fn map_conflicts(&mut self, file: &FileDescriptorProto) {
        for (index, message) in file.message_type.iter().enumerate() {
            self.map_conflicts_in(file, message, &[path::FILE_MESSAGE, at(index)]);
        }
    }

    fn map_conflicts_in(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        place: &[i32],
    ) {
        let is_entry = |nested: &DescriptorProto| {
            nested
                .options
                .as_ref()
                .is_some_and(|options| options.map_entry == Some(true))
        };
        let mut seen: FxHashMap<&str, bool> = FxHashMap::default();
        let more = [path::NAME];
        for (index, nested) in message.nested_type.iter().enumerate() {
            let name = nested.name.as_deref().unwrap_or_default();
            match seen.get(name) {
                Some(&other) if other || is_entry(nested) => {
                    let text = format!(
                        "Expanded map entry type {name} conflicts with an existing nested message type."
                    );
                    self.error(file, place, &more, text);
                    break;
                }
                Some(_) => {}
                None => {
                    seen.insert(name, is_entry(nested));
                }
            }
            let place = below(place, &[path::MESSAGE_NESTED, at(index)]);
            self.map_conflicts_in(file, nested, &place);
        }
        let fields = message.field.iter().map(|field| (&field.name, "field"));
        let enums = message
            .enum_type
            .iter()
            .map(|declared| (&declared.name, "enum type"));
        let oneofs = message
            .oneof_decl
            .iter()
            .map(|oneof| (&oneof.name, "oneof type"));
        for (name, kind) in fields.chain(enums).chain(oneofs) {
            let name = name.as_deref().unwrap_or_default();
            if seen.get(name) == Some(&true) {
                let text =
                    format!("Expanded map entry type {name} conflicts with an existing {kind}.");
                self.error(file, place, &more, text);
            }
        }
    }
}
