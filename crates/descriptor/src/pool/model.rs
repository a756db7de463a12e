//! The linked descriptors: what a pool holds and hands out.
//!
//! Each is immutable once its file is in the pool, and lives as long as the process (see [`super::Pool`]), so that references between them are plain `&'static`. Names and options stay in the file's `FileDescriptorProto`, to which each descriptor points.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use super::features::Features;

use crate::proto::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto,
    enum_type, field_presence, json_format, utf8_validation,
};

/// A place for what another layer derives from a descriptor (a table, a class), made once.
#[derive(Default)]
pub struct Attachment(OnceLock<&'static (dyn Any + Send + Sync)>);

impl Attachment {
    /// What was attached, if it is a `T`.
    pub fn get<T: 'static>(&self) -> Option<&'static T> {
        self.0.get().and_then(|any| any.downcast_ref())
    }

    /// Attaches `value` unless something is attached already, and returns what is attached.
    ///
    /// # Panics
    /// If something of another type is attached: two layers claim one place.
    pub fn get_or_attach<T: Any + Send + Sync>(&self, value: impl FnOnce() -> T) -> &'static T {
        self.0
            .get_or_init(|| Box::leak(Box::new(value())))
            .downcast_ref()
            .expect("one layer owns a descriptor's attachment")
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() {
            "Attachment(..)"
        } else {
            "Attachment"
        })
    }
}

/// Identity is what makes descriptors equal, as it is in `google.protobuf`.
macro_rules! identity {
    ($($type:ident)*) => {$(
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                std::ptr::eq(self, other)
            }
        }
        impl Eq for $type {}
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), self.full_name())
            }
        }
    )*};
}
identity!(File Message Field Oneof Enum EnumValue Service Method);

/// A `.proto` file.
pub struct File {
    pub(super) proto: &'static FileDescriptorProto,
    pub(super) serialized: &'static [u8],
    pub(super) edition: i32,
    pub(super) features: Features,
    pub(super) dependencies: Vec<&'static File>,
    pub(super) messages: OnceLock<Vec<&'static Message>>,
    pub(super) enums: OnceLock<Vec<&'static Enum>>,
    pub(super) extensions: OnceLock<Vec<&'static Field>>,
    pub(super) services: OnceLock<Vec<&'static Service>>,
    pub(super) pool: u64,
}

impl File {
    /// The path it was compiled as, such as `a/b.proto`.
    pub fn name(&self) -> &'static str {
        self.proto.name.as_deref().unwrap_or_default()
    }
    fn full_name(&self) -> &'static str {
        self.name()
    }
    /// The package, empty where none is declared.
    pub fn package(&self) -> &'static str {
        self.proto.package.as_deref().unwrap_or_default()
    }
    /// A number of [`crate::proto::edition`]; proto2 and proto3 are editions.
    pub fn edition(&self) -> i32 {
        self.edition
    }
    /// Its features.
    pub fn features(&self) -> Features {
        self.features
    }
    /// The descriptor as it was given.
    pub fn proto(&self) -> &'static FileDescriptorProto {
        self.proto
    }
    /// The bytes it was added as.
    pub fn serialized(&self) -> &'static [u8] {
        self.serialized
    }
    /// The files that it imports, in order.
    pub fn dependencies(&self) -> &[&'static File] {
        &self.dependencies
    }
    /// The files that it imports publicly, in order.
    pub fn public_dependencies(&self) -> impl Iterator<Item = &'static File> + '_ {
        self.proto
            .public_dependency
            .iter()
            .filter_map(|&index| self.dependencies.get(usize::try_from(index).ok()?).copied())
    }
    /// Top-level messages.
    pub fn messages(&self) -> &[&'static Message] {
        self.messages.get().map_or(&[], Vec::as_slice)
    }
    /// Top-level enums.
    pub fn enums(&self) -> &[&'static Enum] {
        self.enums.get().map_or(&[], Vec::as_slice)
    }
    /// Top-level extensions.
    pub fn extensions(&self) -> &[&'static Field] {
        self.extensions.get().map_or(&[], Vec::as_slice)
    }
    /// Services.
    pub fn services(&self) -> &[&'static Service] {
        self.services.get().map_or(&[], Vec::as_slice)
    }
    /// The identity of the pool that it is in, for [`super::Pool::of`].
    pub fn pool_id(&self) -> u64 {
        self.pool
    }
}

/// A message type.
pub struct Message {
    pub(super) proto: &'static DescriptorProto,
    pub(super) full_name: String,
    pub(super) file: &'static File,
    pub(super) parent: Option<&'static Message>,
    pub(super) index: usize,
    pub(super) features: Features,
    pub(super) fields: OnceLock<Vec<Field>>,
    pub(super) oneofs: OnceLock<Vec<Oneof>>,
    pub(super) nested: OnceLock<Vec<&'static Message>>,
    pub(super) enums: OnceLock<Vec<&'static Enum>>,
    pub(super) extensions: OnceLock<Vec<&'static Field>>,
    pub(super) by_name: OnceLock<HashMap<&'static str, usize>>,
    pub(super) by_number: OnceLock<HashMap<u32, usize>>,
    pub(super) attachment: Attachment,
}

impl Message {
    /// Its name without package and outer messages.
    pub fn name(&self) -> &'static str {
        self.proto.name.as_deref().unwrap_or_default()
    }
    /// Its name with package and outer messages, dots between.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }
    /// Its file.
    pub fn file(&self) -> &'static File {
        self.file
    }
    /// The message around it.
    pub fn parent(&self) -> Option<&'static Message> {
        self.parent
    }
    /// Its place among its siblings.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its features.
    pub fn features(&self) -> Features {
        self.features
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static DescriptorProto {
        self.proto
    }
    /// Its fields as declared.
    pub fn fields(&self) -> &[Field] {
        self.fields.get().map_or(&[], Vec::as_slice)
    }
    /// A field by its name.
    pub fn field_by_name(&self, name: &str) -> Option<&Field> {
        self.by_name
            .get()?
            .get(name)
            .map(|&index| &self.fields()[index])
    }
    /// A field by its number.
    pub fn field_by_number(&self, number: u32) -> Option<&Field> {
        self.by_number
            .get()?
            .get(&number)
            .map(|&index| &self.fields()[index])
    }
    /// Its oneofs as declared; the synthetic ones of `optional` fields come last.
    pub fn oneofs(&self) -> &[Oneof] {
        self.oneofs.get().map_or(&[], Vec::as_slice)
    }
    /// A oneof by its name.
    pub fn oneof_by_name(&self, name: &str) -> Option<&Oneof> {
        self.oneofs().iter().find(|oneof| oneof.name() == name)
    }
    /// The messages in it, map entries included.
    pub fn nested(&self) -> &[&'static Message] {
        self.nested.get().map_or(&[], Vec::as_slice)
    }
    /// The enums in it.
    pub fn enums(&self) -> &[&'static Enum] {
        self.enums.get().map_or(&[], Vec::as_slice)
    }
    /// The extensions declared in it (of whatever message).
    pub fn extensions(&self) -> &[&'static Field] {
        self.extensions.get().map_or(&[], Vec::as_slice)
    }
    /// Whether it is the entry type of a map field.
    pub fn is_map_entry(&self) -> bool {
        self.proto.options.as_ref().and_then(|o| o.map_entry) == Some(true)
    }
    /// Whether it has the wire format of proto1's message sets.
    pub fn is_message_set(&self) -> bool {
        self.proto
            .options
            .as_ref()
            .and_then(|o| o.message_set_wire_format)
            == Some(true)
    }
    /// Whether `number` is open to extensions.
    pub fn is_extension_number(&self, number: u32) -> bool {
        self.proto.extension_range.iter().any(|range| {
            i64::from(number) >= i64::from(range.start.unwrap_or_default())
                && i64::from(number) < i64::from(range.end.unwrap_or_default())
        })
    }
    /// Whether JSON names must be kept apart, as proto3 and editions demand.
    pub fn is_json_strict(&self) -> bool {
        self.features.json_format == json_format::ALLOW
    }
    /// The message runtime's place.
    pub fn attachment(&self) -> &Attachment {
        &self.attachment
    }
}

/// What a field's value is; the numbers are those of [`crate::proto::field_type`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(
    missing_docs,
    reason = "each is the language's type of the same name; Group is a message in delimited encoding"
)]
pub enum FieldType {
    Double = 1,
    Float = 2,
    Int64 = 3,
    Uint64 = 4,
    Int32 = 5,
    Fixed64 = 6,
    Fixed32 = 7,
    Bool = 8,
    String = 9,
    Group = 10,
    Message = 11,
    Bytes = 12,
    Uint32 = 13,
    Enum = 14,
    Sfixed32 = 15,
    Sfixed64 = 16,
    Sint32 = 17,
    Sint64 = 18,
}

impl FieldType {
    pub(super) fn from_number(number: i32) -> Option<Self> {
        use FieldType as T;
        Some(match number {
            1 => T::Double,
            2 => T::Float,
            3 => T::Int64,
            4 => T::Uint64,
            5 => T::Int32,
            6 => T::Fixed64,
            7 => T::Fixed32,
            8 => T::Bool,
            9 => T::String,
            10 => T::Group,
            11 => T::Message,
            12 => T::Bytes,
            13 => T::Uint32,
            14 => T::Enum,
            15 => T::Sfixed32,
            16 => T::Sfixed64,
            17 => T::Sint32,
            18 => T::Sint64,
            _ => return None,
        })
    }

    /// Whether its values are messages.
    pub const fn is_message(self) -> bool {
        matches!(self, Self::Message | Self::Group)
    }

    /// Whether a repeated field of it may be packed.
    pub const fn is_packable(self) -> bool {
        !matches!(
            self,
            Self::String | Self::Bytes | Self::Message | Self::Group
        )
    }
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// One or none.
    Singular,
    /// One; a message without it is not initialized.
    Required,
    /// Any number.
    Repeated,
}

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

/// What a field's type name leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum TypeRef {
    Scalar,
    Message(&'static Message),
    Enum(&'static Enum),
}

/// A field of a message, or an extension.
#[expect(
    clippy::struct_field_names,
    reason = "`type` alone is a keyword, and it is what descriptors call it"
)]
pub struct Field {
    pub(super) proto: &'static FieldDescriptorProto,
    pub(super) full_name: String,
    pub(super) json_name: String,
    pub(super) file: &'static File,
    /// The message around it; for an extension the scope that declares it.
    pub(super) scope: Option<&'static Message>,
    pub(super) index: usize,
    pub(super) number: u32,
    pub(super) field_type: FieldType,
    pub(super) cardinality: Cardinality,
    pub(super) features: Features,
    pub(super) is_extension: bool,
    pub(super) type_ref: OnceLock<TypeRef>,
    pub(super) extendee: OnceLock<&'static Message>,
    pub(super) default: OnceLock<Default>,
    pub(super) attachment: Attachment,
}

impl Field {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.proto.name.as_deref().unwrap_or_default()
    }
    /// Its name after that of its scope.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }
    /// Its `ProtoJSON` name: given, or its name in lowerCamelCase.
    pub fn json_name(&self) -> &str {
        &self.json_name
    }
    /// Whether the descriptor gives the JSON name.
    pub fn has_json_name(&self) -> bool {
        self.proto.json_name.is_some()
    }
    /// Its file.
    pub fn file(&self) -> &'static File {
        self.file
    }
    /// The message that holds it: for an extension, the one extended.
    pub fn containing_type(&self) -> &'static Message {
        if self.is_extension {
            self.extendee
                .get()
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
    /// Its number on the wire, 1 to 2^29 - 1.
    pub fn number(&self) -> u32 {
        self.number
    }
    /// What its values are; [`FieldType::Group`] for every message in delimited encoding.
    pub fn field_type(&self) -> FieldType {
        self.field_type
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
        match self.type_ref.get() {
            Some(TypeRef::Message(message)) => Some(message),
            _ => None,
        }
    }
    /// The enum type of its values.
    pub fn enum_type(&self) -> Option<&'static Enum> {
        match self.type_ref.get() {
            Some(TypeRef::Enum(enumeration)) => Some(enumeration),
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
            && (self.field_type.is_message()
                || self.is_extension
                || self.proto.oneof_index.is_some()
                || self.features.field_presence != field_presence::IMPLICIT)
    }
    /// Whether its values are written in one length-delimited run.
    pub fn is_packed(&self) -> bool {
        self.is_repeated()
            && self.field_type.is_packable()
            && self.features.repeated_field_encoding
                == crate::proto::repeated_field_encoding::PACKED
    }
    /// Whether its strings must be UTF-8 on the wire.
    pub fn validates_utf8(&self) -> bool {
        self.field_type == FieldType::String
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
        let index = usize::try_from(self.proto.oneof_index?).ok()?;
        self.scope?.oneofs().get(index)
    }
    /// Its oneof, unless that only stands for `optional`.
    pub fn real_oneof(&self) -> Option<&'static Oneof> {
        self.containing_oneof()
            .filter(|oneof| !oneof.is_synthetic())
    }
    /// Its default.
    pub fn default(&self) -> &Default {
        self.default.get().unwrap_or(&Default::None)
    }
    /// Whether the descriptor declares a default.
    pub fn has_default(&self) -> bool {
        self.proto.default_value.is_some()
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static FieldDescriptorProto {
        self.proto
    }
    /// The message runtime's place.
    pub fn attachment(&self) -> &Attachment {
        &self.attachment
    }
}

/// A oneof: of its fields at most one is set.
pub struct Oneof {
    pub(super) proto: &'static OneofDescriptorProto,
    pub(super) full_name: String,
    pub(super) index: usize,
    pub(super) message: &'static Message,
    pub(super) fields: Vec<usize>,
    pub(super) synthetic: bool,
}

impl Oneof {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.proto.name.as_deref().unwrap_or_default()
    }
    /// Its name after that of its message.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }
    /// Its place in its message.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its message.
    pub fn containing_type(&self) -> &'static Message {
        self.message
    }
    /// Its fields, as declared.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + '_ {
        self.fields
            .iter()
            .map(|&index| &self.message.fields()[index])
    }
    /// Whether it only stands for `optional` on a proto3 field.
    pub fn is_synthetic(&self) -> bool {
        self.synthetic
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static OneofDescriptorProto {
        self.proto
    }
}

/// An enum type.
pub struct Enum {
    pub(super) proto: &'static EnumDescriptorProto,
    pub(super) full_name: String,
    pub(super) file: &'static File,
    pub(super) parent: Option<&'static Message>,
    pub(super) index: usize,
    pub(super) features: Features,
    pub(super) values: OnceLock<Vec<EnumValue>>,
    pub(super) by_name: OnceLock<HashMap<&'static str, usize>>,
    pub(super) by_number: OnceLock<HashMap<i32, usize>>,
}

impl Enum {
    /// Its name without package and outer messages.
    pub fn name(&self) -> &'static str {
        self.proto.name.as_deref().unwrap_or_default()
    }
    /// Its name with package and outer messages, dots between.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }
    /// Its file.
    pub fn file(&self) -> &'static File {
        self.file
    }
    /// The message around it.
    pub fn parent(&self) -> Option<&'static Message> {
        self.parent
    }
    /// Its place among its siblings.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Whether a field of it holds only the numbers declared.
    pub fn is_closed(&self) -> bool {
        self.features.enum_type == enum_type::CLOSED
    }
    /// Its values as declared.
    pub fn values(&self) -> &[EnumValue] {
        self.values.get().map_or(&[], Vec::as_slice)
    }
    /// A value by its name.
    pub fn value_by_name(&self, name: &str) -> Option<&EnumValue> {
        self.by_name
            .get()?
            .get(name)
            .map(|&index| &self.values()[index])
    }
    /// The first value declared with a number.
    pub fn value_by_number(&self, number: i32) -> Option<&EnumValue> {
        self.by_number
            .get()?
            .get(&number)
            .map(|&index| &self.values()[index])
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static EnumDescriptorProto {
        self.proto
    }
}

/// A value of an enum.
pub struct EnumValue {
    pub(super) proto: &'static EnumValueDescriptorProto,
    pub(super) full_name: String,
    pub(super) index: usize,
    pub(super) parent: &'static Enum,
}

impl EnumValue {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.proto.name.as_deref().unwrap_or_default()
    }
    /// Its name in the scope of its enum (values are siblings of their enum, as in C++).
    pub fn full_name(&self) -> &str {
        &self.full_name
    }
    /// Its number.
    pub fn number(&self) -> i32 {
        self.proto.number.unwrap_or_default()
    }
    /// Its place in its enum.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its enum.
    pub fn parent(&self) -> &'static Enum {
        self.parent
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static EnumValueDescriptorProto {
        self.proto
    }
}

/// A service.
pub struct Service {
    pub(super) proto: &'static ServiceDescriptorProto,
    pub(super) full_name: String,
    pub(super) file: &'static File,
    pub(super) index: usize,
    pub(super) methods: OnceLock<Vec<Method>>,
}

impl Service {
    /// Its name without the package.
    pub fn name(&self) -> &'static str {
        self.proto.name.as_deref().unwrap_or_default()
    }
    /// Its name with the package.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }
    /// Its file.
    pub fn file(&self) -> &'static File {
        self.file
    }
    /// Its place in its file.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its methods as declared.
    pub fn methods(&self) -> &[Method] {
        self.methods.get().map_or(&[], Vec::as_slice)
    }
    /// A method by its name.
    pub fn method_by_name(&self, name: &str) -> Option<&Method> {
        self.methods().iter().find(|method| method.name() == name)
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static ServiceDescriptorProto {
        self.proto
    }
}

/// A method of a service.
pub struct Method {
    pub(super) proto: &'static MethodDescriptorProto,
    pub(super) full_name: String,
    pub(super) service: &'static Service,
    pub(super) index: usize,
    pub(super) input: &'static Message,
    pub(super) output: &'static Message,
}

impl Method {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.proto.name.as_deref().unwrap_or_default()
    }
    /// Its name after that of its service.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }
    /// Its service.
    pub fn service(&self) -> &'static Service {
        self.service
    }
    /// Its place in its service.
    pub fn index(&self) -> usize {
        self.index
    }
    /// The request type.
    pub fn input(&self) -> &'static Message {
        self.input
    }
    /// The response type.
    pub fn output(&self) -> &'static Message {
        self.output
    }
    /// Whether the client sends a stream.
    pub fn client_streaming(&self) -> bool {
        self.proto.client_streaming == Some(true)
    }
    /// Whether the server sends a stream.
    pub fn server_streaming(&self) -> bool {
        self.proto.server_streaming == Some(true)
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static MethodDescriptorProto {
        self.proto
    }
}
