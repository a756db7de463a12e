//! Fields and extensions.

use std::sync::OnceLock;

use super::{Attachment, Cardinality, Enum, FieldType, File, Message, Oneof};
use crate::pool::features::Features;
use crate::pool::names::join;
use crate::proto::{FieldDescriptorProto, field_presence, utf8_validation};

/// A field's default, as declared or as its type has it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each holds a value of the type it is named by")]
pub enum Default {
    /// A repeated field or a message.
    None,
    Bool(bool),
    I32(i32),
    U32(u32),
    I64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    /// UTF-8 for `string`, anything for `bytes`.
    Bytes(Vec<u8>),
    /// The number of an enum's value.
    Enum(i32),
}

impl Default {
    /// What a type has where nothing is declared; an enum without its values has zero.
    pub(in crate::pool) fn zero(field_type: FieldType) -> &'static Self {
        static EMPTY: Default = Default::Bytes(Vec::new());
        match field_type {
            FieldType::Bool => &Self::Bool(false),
            FieldType::Int32 | FieldType::Sint32 | FieldType::Sfixed32 => &Self::I32(0),
            FieldType::Uint32 | FieldType::Fixed32 => &Self::U32(0),
            FieldType::Int64 | FieldType::Sint64 | FieldType::Sfixed64 => &Self::I64(0),
            FieldType::Uint64 | FieldType::Fixed64 => &Self::U64(0),
            FieldType::Float => &Self::F32(0.0),
            FieldType::Double => &Self::F64(0.0),
            FieldType::String | FieldType::Bytes => &EMPTY,
            FieldType::Enum => &Self::Enum(0),
            FieldType::Group | FieldType::Message => &Self::None,
        }
    }
}

/// What a field's type name leads to.
#[derive(Clone, Copy, Debug)]
pub(in crate::pool) enum TypeRef {
    Scalar,
    Message(&'static Message),
    Enum(&'static Enum),
}

/// What of a field comes of names, or needs its type.
pub(in crate::pool) struct Resolved {
    pub(in crate::pool) type_ref: TypeRef,
    pub(in crate::pool) extendee: Option<&'static Message>,
    pub(in crate::pool) default: Default,
}

/// A field of a message, or an extension.
pub struct Field {
    pub(in crate::pool) name: &'static str,
    /// Made when it is first asked for, as few are.
    pub(in crate::pool) full_name: OnceLock<Box<str>>,
    pub(in crate::pool) json_name: &'static str,
    pub(in crate::pool) has_json_name: bool,
    pub(in crate::pool) file: &'static File,
    /// The message around it; for an extension the scope that declares it.
    pub(in crate::pool) scope: Option<&'static Message>,
    pub(in crate::pool) index: usize,
    pub(in crate::pool) number: u32,
    /// As declared; of a field without a type that is a message, until its name turns out to be an enum's.
    pub(in crate::pool) declared_type: FieldType,
    pub(in crate::pool) is_untyped: bool,
    pub(in crate::pool) cardinality: Cardinality,
    pub(in crate::pool) features: Features,
    pub(in crate::pool) is_extension: bool,
    pub(in crate::pool) has_default: bool,
    /// The index of its oneof, synthetic ones included.
    pub(in crate::pool) oneof: Option<u32>,
    /// Left out of a scalar field without a declared default, which most are.
    pub(in crate::pool) resolved: OnceLock<Box<Resolved>>,
    pub(in crate::pool) attachment: Attachment,
}

impl Field {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Its name after that of its scope.
    pub fn full_name(&self) -> &str {
        self.full_name.get_or_init(|| {
            let scope = self.scope.map_or(self.file.package, Message::full_name);
            join(scope, self.name).into_boxed_str()
        })
    }
    /// Its `ProtoJSON` name: given, or its name in lowerCamelCase.
    pub fn json_name(&self) -> &'static str {
        self.json_name
    }
    /// Whether the descriptor gives the JSON name.
    pub fn has_json_name(&self) -> bool {
        self.has_json_name
    }
    /// Its file.
    pub fn file(&self) -> &'static File {
        self.file
    }
    /// The message that holds it: for an extension, the one extended.
    pub fn containing_type(&self) -> &'static Message {
        if self.is_extension {
            self.resolved
                .get()
                .and_then(|resolved| resolved.extendee)
                .expect("linking sets every extension's extendee")
        } else {
            self.scope.expect("a plain field stands in a message")
        }
    }
    /// For an extension, the message in which it is declared.
    pub fn extension_scope(&self) -> Option<&'static Message> {
        self.scope.filter(|_| self.is_extension)
    }
    /// Whether it is an extension.
    pub fn is_extension(&self) -> bool {
        self.is_extension
    }
    /// Its place among its siblings.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its number on the wire, 1 to 2^29 - 1; that of an extension of a message set may have 31 bits.
    pub fn number(&self) -> u32 {
        self.number
    }
    /// What its values are; [`FieldType::Group`] for every message in delimited encoding.
    pub fn field_type(&self) -> FieldType {
        if self.is_untyped && self.enum_type().is_some() {
            return FieldType::Enum;
        }
        self.declared_type
    }
    /// How many values it holds.
    pub fn cardinality(&self) -> Cardinality {
        self.cardinality
    }
    /// Whether it holds any number of values; a map does.
    pub fn is_repeated(&self) -> bool {
        self.cardinality == Cardinality::Repeated
    }
    /// Whether a message without it is not initialized.
    pub fn is_required(&self) -> bool {
        self.cardinality == Cardinality::Required
    }
    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        self.is_repeated() && self.message_type().is_some_and(Message::is_map_entry)
    }
    /// The message type of its values.
    pub fn message_type(&self) -> Option<&'static Message> {
        match self.resolved.get()?.type_ref {
            TypeRef::Message(message) => Some(message),
            _ => None,
        }
    }
    /// The enum type of its values.
    pub fn enum_type(&self) -> Option<&'static Enum> {
        match self.resolved.get()?.type_ref {
            TypeRef::Enum(enumeration) => Some(enumeration),
            _ => None,
        }
    }
    /// Its features.
    pub fn features(&self) -> Features {
        self.features
    }
    /// Whether it can be set and yet hold its default: then `HasField` makes sense.
    pub fn has_presence(&self) -> bool {
        !self.is_repeated()
            && (self.field_type().is_message()
                || self.is_extension
                || self.oneof.is_some()
                || self.features.field_presence != field_presence::IMPLICIT)
    }
    /// Whether its values are written in one length-delimited run.
    pub fn is_packed(&self) -> bool {
        self.is_repeated()
            && self.field_type().is_packable()
            && self.features.repeated_field_encoding
                == crate::proto::repeated_field_encoding::PACKED
    }
    /// Whether its strings must be UTF-8 on the wire.
    pub fn validates_utf8(&self) -> bool {
        self.declared_type == FieldType::String
            && self.features.utf8_validation != utf8_validation::NONE
    }
    /// Whether it is an enum of which unknown numbers are kept apart, as unknown fields.
    pub fn is_closed_enum(&self) -> bool {
        self.enum_type().is_some_and(Enum::is_closed)
    }
    /// Its oneof, synthetic ones included.
    pub fn containing_oneof(&self) -> Option<&'static Oneof> {
        if self.is_extension {
            return None;
        }
        self.scope?.oneofs().get(usize::try_from(self.oneof?).ok()?)
    }
    /// Its oneof, unless that only stands for `optional`.
    pub fn real_oneof(&self) -> Option<&'static Oneof> {
        self.containing_oneof()
            .filter(|oneof| !oneof.is_synthetic())
    }
    /// Its default.
    pub fn default(&self) -> &Default {
        match self.resolved.get() {
            Some(resolved) => &resolved.default,
            None if self.is_repeated() => &Default::None,
            None => Default::zero(self.declared_type),
        }
    }
    /// Whether the descriptor declares a default.
    pub fn has_default(&self) -> bool {
        self.has_default
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static FieldDescriptorProto {
        let siblings = match (self.scope, self.is_extension) {
            (Some(message), false) => &message.proto().field,
            (Some(message), true) => &message.proto().extension,
            (None, _) => &self.file.proto().extension,
        };
        &siblings[self.index]
    }
    /// The message runtime's place.
    pub fn attachment(&self) -> &Attachment {
        &self.attachment
    }
}
