//! Everything a file declares, in protoc's order, with the place and the resolved features of each.

use russet_descriptor::proto::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, ExtensionRange, FeatureSet,
    FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto,
};

use super::{Place, at, below};
use crate::features::Features;
use crate::parser::path;
use crate::table::{EnumId, FieldId, FileId, MessageId, Table};

/// What is declared.
#[derive(Clone, Copy)]
pub(super) enum Kind<'f> {
    File(&'f FileDescriptorProto),
    Message(&'f DescriptorProto),
    Range(&'f ExtensionRange),
    /// With its index in the message.
    Oneof(&'f OneofDescriptorProto, MessageId, usize),
    Field(&'f FieldDescriptorProto, FieldId),
    Enum(&'f EnumDescriptorProto, EnumId),
    Value(&'f EnumValueDescriptorProto),
    Service(&'f ServiceDescriptorProto),
    Method(&'f MethodDescriptorProto),
}

/// One thing that a file declares.
pub(super) struct Declared<'f> {
    pub(super) kind: Kind<'f>,
    /// Its path in `source_code_info`.
    pub(super) place: Place,
    pub(super) features: Features,
}

impl<'f> Declared<'f> {
    pub(super) fn name(&self) -> &'f str {
        let name = match self.kind {
            Kind::File(file) => &file.name,
            Kind::Message(message) => &message.name,
            Kind::Range(_) => &None,
            Kind::Oneof(oneof, ..) => &oneof.name,
            Kind::Field(field, _) => &field.name,
            Kind::Enum(declared, _) => &declared.name,
            Kind::Value(value) => &value.name,
            Kind::Service(service) => &service.name,
            Kind::Method(method) => &method.name,
        };
        name.as_deref().unwrap_or_default()
    }

    /// The features it sets itself.
    pub(super) fn own_features(&self) -> Option<&'f FeatureSet> {
        macro_rules! features {
            ($declared:expr) => {
                $declared.options.as_ref()?.features.as_ref()
            };
        }
        match self.kind {
            Kind::File(file) => features!(file),
            Kind::Message(message) => features!(message),
            Kind::Range(range) => features!(range),
            Kind::Oneof(oneof, ..) => features!(oneof),
            Kind::Field(field, _) => features!(field),
            Kind::Enum(declared, _) => features!(declared),
            Kind::Value(value) => features!(value),
            Kind::Service(service) => features!(service),
            Kind::Method(method) => features!(method),
        }
    }

    /// Appends its options in wire form; the name of their type, `None` where it has none.
    pub(super) fn put_options(&self, out: &mut Vec<u8>) -> Option<&'static str> {
        macro_rules! options {
            ($declared:expr, $type:literal) => {{
                $declared.options.as_ref()?.encode_into(out);
                concat!("google.protobuf.", $type)
            }};
        }
        Some(match self.kind {
            Kind::File(file) => options!(file, "FileOptions"),
            Kind::Message(message) => options!(message, "MessageOptions"),
            Kind::Range(range) => options!(range, "ExtensionRangeOptions"),
            Kind::Oneof(oneof, ..) => options!(oneof, "OneofOptions"),
            Kind::Field(field, _) => options!(field, "FieldOptions"),
            Kind::Enum(declared, _) => options!(declared, "EnumOptions"),
            Kind::Value(value) => options!(value, "EnumValueOptions"),
            Kind::Service(service) => options!(service, "ServiceOptions"),
            Kind::Method(method) => options!(method, "MethodOptions"),
        })
    }
}

/// All that a linked file declares, the file itself first.
pub(super) fn declared<'f>(
    table: &Table,
    id: FileId,
    file: &'f FileDescriptorProto,
) -> Vec<Declared<'f>> {
    walk(table, id, file, false)
}

/// As [`declared`], without what has no options. Enums are all there, for the options of their values.
pub(super) fn declared_with_options<'f>(
    table: &Table,
    id: FileId,
    file: &'f FileDescriptorProto,
) -> Vec<Declared<'f>> {
    walk(table, id, file, true)
}

fn walk<'f>(
    table: &Table,
    id: FileId,
    file: &'f FileDescriptorProto,
    only_with_options: bool,
) -> Vec<Declared<'f>> {
    let mut walk = Walk {
        table,
        only_with_options,
        found: Vec::new(),
    };
    let features = table[id].features;
    walk.add(Kind::File(file), &[], features);
    for (index, message) in file.message_type.iter().enumerate() {
        let place = [path::FILE_MESSAGE, at(index)];
        walk.message(message, table[id].messages[index], &place);
    }
    for (index, declared) in file.enum_type.iter().enumerate() {
        walk.enumeration(
            declared,
            table[id].enums[index],
            &[path::FILE_ENUM, at(index)],
        );
    }
    for (index, field) in file.extension.iter().enumerate() {
        let place = [path::FILE_EXTENSION, at(index)];
        walk.field(field, table[id].extensions[index], &place);
    }
    for (index, service) in file.service.iter().enumerate() {
        let place = [path::FILE_SERVICE, at(index)];
        let own = service
            .options
            .as_ref()
            .and_then(|options| options.features.as_ref());
        let features = features.merged(own);
        walk.add(Kind::Service(service), &place, features);
        for (index, method) in service.method.iter().enumerate() {
            let own = method
                .options
                .as_ref()
                .and_then(|options| options.features.as_ref());
            let place = below(&place, &[path::SERVICE_METHOD, at(index)]);
            walk.add(Kind::Method(method), &place, features.merged(own));
        }
    }
    walk.found
}

struct Walk<'t, 'f> {
    table: &'t Table,
    only_with_options: bool,
    found: Vec<Declared<'f>>,
}

impl<'f> Walk<'_, 'f> {
    fn add(&mut self, kind: Kind<'f>, place: &[i32], features: Features) {
        let is_left_out = match kind {
            Kind::File(_) | Kind::Enum(..) => false,
            Kind::Message(message) => message.options.is_none(),
            Kind::Range(range) => range.options.is_none(),
            Kind::Oneof(oneof, ..) => oneof.options.is_none(),
            Kind::Field(field, _) => field.options.is_none(),
            Kind::Value(value) => value.options.is_none(),
            Kind::Service(service) => service.options.is_none(),
            Kind::Method(method) => method.options.is_none(),
        };
        if self.only_with_options && is_left_out {
            return;
        }
        self.found.push(Declared {
            kind,
            place: Place::from_slice(place),
            features,
        });
    }

    fn message(&mut self, message: &'f DescriptorProto, id: MessageId, place: &[i32]) {
        let table = self.table;
        let features = table[id].features;
        let under = |number: i32, index: usize| below(place, &[number, at(index)]);
        self.add(Kind::Message(message), place, features);
        for (index, declared) in message.enum_type.iter().enumerate() {
            let place = under(path::MESSAGE_ENUM, index);
            self.enumeration(declared, table[id].enums[index], &place);
        }
        for (index, oneof) in message.oneof_decl.iter().enumerate() {
            let own = oneof
                .options
                .as_ref()
                .and_then(|options| options.features.as_ref());
            let place = under(path::MESSAGE_ONEOF, index);
            self.add(Kind::Oneof(oneof, id, index), &place, features.merged(own));
        }
        for (index, field) in message.field.iter().enumerate() {
            self.field(
                field,
                table[id].fields[index],
                &under(path::MESSAGE_FIELD, index),
            );
        }
        for (index, nested) in message.nested_type.iter().enumerate() {
            self.message(
                nested,
                table[id].nested[index],
                &under(path::MESSAGE_NESTED, index),
            );
        }
        for (index, field) in message.extension.iter().enumerate() {
            let place = under(path::MESSAGE_EXTENSION, index);
            self.field(field, table[id].extensions[index], &place);
        }
        for (index, range) in message.extension_range.iter().enumerate() {
            let own = range
                .options
                .as_ref()
                .and_then(|options| options.features.as_ref());
            let place = under(path::MESSAGE_EXTENSION_RANGE, index);
            self.add(Kind::Range(range), &place, features.merged(own));
        }
    }

    fn field(&mut self, field: &'f FieldDescriptorProto, id: FieldId, place: &[i32]) {
        self.add(Kind::Field(field, id), place, self.table[id].features);
    }

    fn enumeration(&mut self, declared: &'f EnumDescriptorProto, id: EnumId, place: &[i32]) {
        let features = self.table[id].features;
        self.add(Kind::Enum(declared, id), place, features);
        for (index, value) in declared.value.iter().enumerate() {
            let own = value
                .options
                .as_ref()
                .and_then(|options| options.features.as_ref());
            let place = below(place, &[path::ENUM_VALUE, at(index)]);
            self.add(Kind::Value(value), &place, features.merged(own));
        }
    }
}
