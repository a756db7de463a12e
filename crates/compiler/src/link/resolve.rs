//! Finds what every name in a file refers to, and writes full names in their place.

use rustc_hash::FxHashMap;

use russet_descriptor::proto::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, field_type,
};

use super::lookup::Wanted;
use super::{Linker, at, below};
use crate::names::{all_differ, is_identifier, join};
use crate::parser::{MAX_FIELD_NUMBER, path};
use crate::table::{FieldId, MessageId, Symbol};

impl Linker<'_> {
    pub(super) fn resolve(&mut self, file: &mut FileDescriptorProto) {
        // Errors need the file's places while its parts change: the parts are taken out meanwhile.
        let mut messages = std::mem::take(&mut file.message_type);
        let ids = self.table[self.file].messages.clone();
        for (index, (message, id)) in messages.iter_mut().zip(ids).enumerate() {
            self.resolve_message(file, message, id, &[path::FILE_MESSAGE, at(index)]);
        }
        file.message_type = messages;
        let mut extensions = std::mem::take(&mut file.extension);
        let ids = self.table[self.file].extensions.clone();
        for (index, (field, id)) in extensions.iter_mut().zip(ids).enumerate() {
            self.resolve_field(file, field, id, &[path::FILE_EXTENSION, at(index)]);
        }
        file.extension = extensions;
        let mut services = std::mem::take(&mut file.service);
        let package = file.package.clone().unwrap_or_default();
        for (index, service) in services.iter_mut().enumerate() {
            let scope = join(&package, service.name.as_deref().unwrap_or_default());
            for (method_index, method) in service.method.iter_mut().enumerate() {
                let place = [
                    path::FILE_SERVICE,
                    at(index),
                    path::SERVICE_METHOD,
                    at(method_index),
                ];
                let scope = join(&scope, method.name.as_deref().unwrap_or_default());
                let types = [
                    (&mut method.input_type, path::METHOD_INPUT),
                    (&mut method.output_type, path::METHOD_OUTPUT),
                ];
                for (name, number) in types {
                    self.resolve_method_type(file, name, &scope, &place, number);
                }
            }
        }
        file.service = services;
    }

    fn resolve_method_type(
        &mut self,
        file: &FileDescriptorProto,
        name: &mut Option<String>,
        scope: &str,
        place: &[i32],
        number: i32,
    ) {
        let written = name.clone().unwrap_or_default();
        match self.lookup(&written, scope, Wanted::Anything) {
            Some(symbol @ Symbol::Message(id)) => {
                if let Some(message) = self.hidden(symbol, "") {
                    self.error(file, place, &[number], message);
                }
                *name = Some(format!(".{}", self.table[id].full_name));
            }
            Some(_) => {
                let message = format!("\"{written}\" is not a message type.");
                self.error(file, place, &[number], message);
            }
            None => {
                let position = self.position(file, &below(place, &[number]));
                self.report_undefined(position, &written);
            }
        }
    }

    fn resolve_message(
        &mut self,
        file: &FileDescriptorProto,
        message: &mut DescriptorProto,
        id: MessageId,
        place: &[i32],
    ) {
        let nested = self.table[id].nested.clone();
        for (index, (proto, nested)) in message.nested_type.iter_mut().zip(nested).enumerate() {
            let place = below(place, &[path::MESSAGE_NESTED, at(index)]);
            self.resolve_message(file, proto, nested, &place);
        }
        let fields = self.table[id].fields.clone();
        let numbers_differ = all_differ(fields.iter().map(|&field| self.table[field].number));
        let mut numbers = FxHashMap::default();
        for (index, (proto, field)) in message.field.iter_mut().zip(fields).enumerate() {
            let outer = place;
            let place = below(place, &[path::MESSAGE_FIELD, at(index)]);
            self.resolve_field(file, proto, field, &place);
            if numbers_differ {
                continue;
            }
            let number = self.table[field].number;
            if let Some(&other) = numbers.get(&number) {
                let other: FieldId = other;
                if self.findings.is_full() {
                    break;
                }
                let next = self.proposed_number(id);
                let proposal = if next <= i64::from(MAX_FIELD_NUMBER) {
                    format!("Next available field number is {next}")
                } else {
                    "There are no available field numbers".to_owned()
                };
                let text = format!(
                    "Field number {number} has already been used in \"{}\" by field \"{}\". {proposal}.",
                    self.table[id].full_name, self.table[other].name,
                );
                let position = self.position(file, &below(&place, &[path::FIELD_NUMBER]));
                let index = self.table[id]
                    .fields
                    .iter()
                    .position(|field| *field == other);
                let first = [
                    path::MESSAGE_FIELD,
                    at(index.unwrap_or_default()),
                    path::FIELD_NUMBER,
                ];
                let first = self.position(file, &below(outer, &first));
                if let Some(finding) = self.findings.error(position, text) {
                    finding.note(first, "the other field is here");
                }
            } else {
                numbers.insert(number, field);
            }
        }
        let extensions = self.table[id].extensions.clone();
        for (index, (proto, field)) in message.extension.iter_mut().zip(extensions).enumerate() {
            let place = below(place, &[path::MESSAGE_EXTENSION, at(index)]);
            self.resolve_field(file, proto, field, &place);
        }
        self.check_oneofs(message);
    }

    /// There is at least one field in each oneof. protoc records no place for oneofs.
    fn check_oneofs(&mut self, message: &DescriptorProto) {
        let mut has_member = vec![false; message.oneof_decl.len()];
        for index in message.field.iter().filter_map(|field| field.oneof_index) {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if let Some(slot) = has_member.get_mut(index) {
                *slot = true;
            }
        }
        for _ in has_member.iter().filter(|has_member| !**has_member) {
            self.findings
                .error(None, "Oneof must have at least one field.");
        }
    }

    fn resolve_field(
        &mut self,
        file: &FileDescriptorProto,
        field: &mut FieldDescriptorProto,
        id: FieldId,
        place: &[i32],
    ) {
        let full_name = self.table[id].full_name.clone();
        if field.extendee.is_some() && !self.resolve_extendee(file, field, id, &full_name, place) {
            return;
        }
        if field.type_name.is_none() && field.type_ == Some(field_type::GROUP) {
            // `group` as the type of a map's value.
            let message = "Field with message or enum type missing type_name.";
            self.error(file, place, &[path::FIELD_TYPE], message);
        }
        if let Some(written) = field.type_name.clone() {
            let Some(symbol) = self.lookup(&written, &full_name, Wanted::Types) else {
                let position = self.position(file, &below(place, &[path::FIELD_TYPE_NAME]));
                self.report_undefined(position, &written);
                return;
            };
            let more = [path::FIELD_TYPE_NAME];
            if let Some(message) = self.hidden(symbol, "") {
                self.error(file, place, &more, message);
                return;
            }
            match symbol {
                Symbol::Message(target) => {
                    let type_ = field.type_.unwrap_or(field_type::MESSAGE);
                    field.type_ = Some(type_);
                    field.type_name = Some(format!(".{}", self.table[target].full_name));
                    self.table[id].type_ = type_;
                    self.table[id].message = Some(target);
                    if field.default_value.is_some() {
                        let message = "Messages can't have default values.";
                        self.error(file, place, &[path::FIELD_DEFAULT], message);
                    }
                }
                Symbol::Enum(target) => {
                    field.type_ = Some(field_type::ENUM);
                    field.type_name = Some(format!(".{}", self.table[target].full_name));
                    self.table[id].type_ = field_type::ENUM;
                    self.table[id].enumeration = Some(target);
                    if let Some(default) = &field.default_value {
                        let default = default.to_str_lossy();
                        let declared = &self.table[target];
                        let message = if !is_identifier(&default) {
                            Some(
                                "Default value for an enum field must be an identifier.".to_owned(),
                            )
                        } else if declared.values.iter().all(|(name, _)| **name != *default) {
                            Some(format!(
                                "Enum type \"{}\" has no value named \"{default}\".",
                                declared.full_name
                            ))
                        } else {
                            None
                        };
                        if let Some(message) = message {
                            self.error(file, place, &[path::FIELD_DEFAULT], message);
                        }
                    }
                }
                _ => {
                    let message = format!("\"{written}\" is not a type.");
                    self.error(file, place, &more, message);
                    return;
                }
            }
        }
        if let (true, Some(containing)) = (self.table[id].is_extension, self.table[id].containing) {
            self.register_extension(file, id, containing, place);
        }
    }

    /// `false` where the extended message is not found.
    fn resolve_extendee(
        &mut self,
        file: &FileDescriptorProto,
        field: &mut FieldDescriptorProto,
        id: FieldId,
        full_name: &str,
        place: &[i32],
    ) -> bool {
        let written = field.extendee.clone().unwrap_or_default();
        let symbol = self.lookup(&written, full_name, Wanted::Anything);
        if let Some(message) = symbol.and_then(|symbol| self.hidden(symbol, "target of extend")) {
            self.extendee_error(file, place, message);
            return false;
        }
        match symbol {
            Some(Symbol::Message(target)) => {
                field.extendee = Some(format!(".{}", self.table[target].full_name));
                self.table[id].containing = Some(target);
                let number = self.table[id].number;
                let extended = &self.table[target];
                let in_range = extended
                    .extension_ranges
                    .iter()
                    .any(|range| (range.0..range.1).contains(&number));
                if !in_range {
                    let message = format!(
                        "\"{}\" does not declare {number} as an extension number.",
                        extended.full_name
                    );
                    self.error(file, place, &[path::FIELD_NUMBER], message);
                }
                true
            }
            Some(_) => {
                let message = format!("\"{written}\" is not a message type.");
                self.extendee_error(file, place, message);
                false
            }
            None => {
                let position = self.extendee_position(file, place);
                self.report_undefined(position, &written);
                false
            }
        }
    }

    fn register_extension(
        &mut self,
        file: &FileDescriptorProto,
        id: FieldId,
        containing: MessageId,
        place: &[i32],
    ) {
        let number = self.table[id].number;
        let Some(other) = self.table.add_extension(containing, number, id) else {
            return;
        };
        let other = &self.table[other];
        let extended = &self.table[containing].full_name;
        let more = [path::FIELD_NUMBER];
        if other.file == self.file {
            let message = format!(
                "Extension number {number} has already been used in \"{extended}\" by extension \"{}\".",
                other.full_name
            );
            self.error(file, place, &more, message);
        } else {
            let message = format!(
                "Extension number {number} has already been used in \"{extended}\" by extension \"{}\" defined in {}.",
                other.full_name, self.table[other.file].name
            );
            self.warning(file, place, &more, message);
        }
    }
}
