//! The messages of `google/protobuf/descriptor.proto` and `google/protobuf/compiler/plugin.proto`, as plain structs.
//!
//! `Option` is presence, `Vec` is repeated, enums are their numbers (their constants are beside them), and what a struct does not know is kept in `unknown`, in wire form. Interpreted custom options live there too: their numbers are above those of all known fields, so that writing `unknown` last keeps the order by number that protoc writes.

pub use crate::source_info::{Comments, Location, Rewrite, SourceCodeInfo};
pub use crate::text::Text;
use crate::wire::{DEFAULT_RECURSION_LIMIT, Reader, WireError, WireType, put_tag, put_varint};

/// A field's value in a struct of this module: how it is read from and written to the wire.
pub(crate) trait Field {
    fn put(&self, number: u32, out: &mut Vec<u8>);
    /// Reads one occurrence; `false` where the wire type is not this field's, so that the caller keeps it as unknown.
    fn merge(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError>;
}

/// A single value, of which [`Option`] and [`Vec`] make fields.
pub(crate) trait Value: Sized {
    const WIRE_TYPE: WireType;
    fn put_value(&self, out: &mut Vec<u8>);
    fn read_value(reader: &mut Reader<'_>, depth: u32) -> Result<Self, WireError>;
    /// Singular messages merge; all else is replaced by the last occurrence.
    fn merge_value(&mut self, reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
        *self = Self::read_value(reader, depth)?;
        Ok(())
    }
}

macro_rules! varint_value {
    ($($type:ty),*) => {$(
        impl Value for $type {
            const WIRE_TYPE: WireType = WireType::Varint;
            #[expect(clippy::allow_attributes, reason = "not every integer type needs each of the casts")]
            #[allow(clippy::cast_sign_loss, clippy::cast_lossless, reason = "int32 and int64 are written sign-extended")]
            fn put_value(&self, out: &mut Vec<u8>) {
                put_varint(out, *self as u64);
            }
            #[expect(clippy::allow_attributes, reason = "not every integer type needs each of the casts")]
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "int32 keeps the low bits, as every implementation does")]
            fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
                Ok(reader.varint()? as Self)
            }
        }
    )*};
}
varint_value!(i32, i64, u64);

impl Value for bool {
    const WIRE_TYPE: WireType = WireType::Varint;
    fn put_value(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        Ok(reader.varint()? != 0)
    }
}

impl Value for f64 {
    const WIRE_TYPE: WireType = WireType::Fixed64;
    fn put_value(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        reader.fixed64().map(Self::from_bits)
    }
}

impl Value for String {
    const WIRE_TYPE: WireType = WireType::LengthDelimited;
    fn put_value(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        out.extend_from_slice(self.as_bytes());
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        // descriptor.proto is proto2, where a string is not validated; Rust's strings are.
        std::str::from_utf8(reader.length_delimited()?)
            .map(str::to_owned)
            .map_err(|_| WireError::InvalidUtf8)
    }
}

impl Value for Text {
    const WIRE_TYPE: WireType = WireType::LengthDelimited;
    fn put_value(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        out.extend_from_slice(self);
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        Ok(reader.length_delimited()?.to_vec().into())
    }
}

impl Value for Vec<u8> {
    const WIRE_TYPE: WireType = WireType::LengthDelimited;
    fn put_value(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        out.extend_from_slice(self);
    }
    fn read_value(reader: &mut Reader<'_>, _depth: u32) -> Result<Self, WireError> {
        reader.length_delimited().map(<[u8]>::to_vec)
    }
}

/// Options stand apart: most declarations have none, and then cost eight bytes.
impl<T: Value> Value for Box<T> {
    const WIRE_TYPE: WireType = T::WIRE_TYPE;
    fn put_value(&self, out: &mut Vec<u8>) {
        (**self).put_value(out);
    }
    fn read_value(reader: &mut Reader<'_>, depth: u32) -> Result<Self, WireError> {
        T::read_value(reader, depth).map(Self::new)
    }
    fn merge_value(&mut self, reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
        (**self).merge_value(reader, depth)
    }
}

impl<T: Value> Field for Option<T> {
    fn put(&self, number: u32, out: &mut Vec<u8>) {
        if let Some(value) = self {
            put_tag(out, number, T::WIRE_TYPE);
            value.put_value(out);
        }
    }
    fn merge(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError> {
        if wire_type != T::WIRE_TYPE {
            return Ok(false);
        }
        match self {
            Some(value) => value.merge_value(reader, depth)?,
            None => *self = Some(T::read_value(reader, depth)?),
        }
        Ok(true)
    }
}

impl<T: Value> Field for Vec<T> {
    fn put(&self, number: u32, out: &mut Vec<u8>) {
        for value in self {
            put_tag(out, number, T::WIRE_TYPE);
            value.put_value(out);
        }
    }
    fn merge(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<bool, WireError> {
        if wire_type == T::WIRE_TYPE {
            self.push(T::read_value(reader, depth)?);
            return Ok(true);
        }
        if wire_type == WireType::LengthDelimited {
            // Packed where the schema says unpacked: a parser must accept both.
            let mut packed = Reader::new(reader.length_delimited()?);
            while !packed.is_empty() {
                self.push(T::read_value(&mut packed, depth)?);
            }
            return Ok(true);
        }
        Ok(false)
    }
}

macro_rules! messages {
    ($(
        $(#[$message_doc:meta])*
        $message:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $number:literal,)*
        }
    )*) => {$(
        $(#[$message_doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $message {
            $($(#[$field_doc])* #[doc = concat!("Field ", stringify!($number), ".")] pub $field: $type,)*
            /// Fields that this struct does not know, in wire form; interpreted custom options too.
            pub unknown: Vec<u8>,
        }

        impl $message {
            /// Reads a message from its wire form.
            pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
                let mut message = Self::default();
                message.merge_from(bytes, DEFAULT_RECURSION_LIMIT)?;
                Ok(message)
            }

            /// Adds what a message in wire form says: a single value is replaced, a message merged, a list continued.
            pub fn merge(&mut self, bytes: &[u8]) -> Result<(), WireError> {
                self.merge_from(bytes, DEFAULT_RECURSION_LIMIT)
            }

            /// The wire form, fields in the order of their numbers.
            pub fn encode(&self) -> Vec<u8> {
                let mut out = Vec::new();
                self.encode_into(&mut out);
                out
            }

            /// Appends the wire form to `out`.
            pub fn encode_into(&self, out: &mut Vec<u8>) {
                $(self.$field.put($number, out);)*
                out.extend_from_slice(&self.unknown);
            }

            /// The wire form without one of the known fields: a file without its `source_code_info`, say, which need not be copied for it.
            pub fn encode_without(&self, number: u32) -> Vec<u8> {
                let mut out = Vec::new();
                $(if number != $number {
                    self.$field.put($number, &mut out);
                })*
                out.extend_from_slice(&self.unknown);
                out
            }

            fn merge_from(&mut self, bytes: &[u8], depth: u32) -> Result<(), WireError> {
                let mut reader = Reader::new(bytes);
                while !reader.is_empty() {
                    let start = reader.rest();
                    let (number, wire_type) = reader.tag()?;
                    let known = match number {
                        $($number => self.$field.merge(wire_type, &mut reader, depth)?,)*
                        _ => false,
                    };
                    if !known {
                        reader.skip(number, wire_type, depth)?;
                        self.unknown.extend_from_slice(&start[..start.len() - reader.rest().len()]);
                    }
                }
                Ok(())
            }
        }

        impl Value for $message {
            const WIRE_TYPE: WireType = WireType::LengthDelimited;
            fn put_value(&self, out: &mut Vec<u8>) {
                // Written in place, then the length is put before it: one pass, and lengths below 128 move nothing but one byte.
                let start = out.len();
                self.encode_into(out);
                let length = out.len() - start;
                put_varint(out, length as u64);
                out[start..].rotate_left(length);
            }
            fn read_value(reader: &mut Reader<'_>, depth: u32) -> Result<Self, WireError> {
                let mut message = Self::default();
                message.merge_value(reader, depth)?;
                Ok(message)
            }
            fn merge_value(&mut self, reader: &mut Reader<'_>, depth: u32) -> Result<(), WireError> {
                let depth = depth.checked_sub(1).ok_or(WireError::TooDeep)?;
                self.merge_from(reader.length_delimited()?, depth)
            }
        }
    )*};
}

messages! {
    /// A set of files, as protoc writes with `--descriptor_set_out`.
    FileDescriptorSet {
        file: Vec<FileDescriptorProto> = 1,
    }

    /// One `.proto` file.
    FileDescriptorProto {
        name: Option<String> = 1,
        package: Option<String> = 2,
        dependency: Vec<String> = 3,
        message_type: Vec<DescriptorProto> = 4,
        enum_type: Vec<EnumDescriptorProto> = 5,
        service: Vec<ServiceDescriptorProto> = 6,
        extension: Vec<FieldDescriptorProto> = 7,
        options: Option<Box<FileOptions>> = 8,
        source_code_info: Option<SourceCodeInfo> = 9,
        /// Indexes into `dependency`.
        public_dependency: Vec<i32> = 10,
        /// Indexes into `dependency`.
        weak_dependency: Vec<i32> = 11,
        /// `proto2`, `proto3` or `editions`; absent means `proto2`.
        syntax: Option<String> = 12,
        /// A number of [`edition`].
        edition: Option<i32> = 14,
        /// Files imported for their options alone.
        option_dependency: Vec<String> = 15,
    }

    /// A message type.
    DescriptorProto {
        name: Option<String> = 1,
        field: Vec<FieldDescriptorProto> = 2,
        nested_type: Vec<DescriptorProto> = 3,
        enum_type: Vec<EnumDescriptorProto> = 4,
        extension_range: Vec<ExtensionRange> = 5,
        extension: Vec<FieldDescriptorProto> = 6,
        options: Option<Box<MessageOptions>> = 7,
        oneof_decl: Vec<OneofDescriptorProto> = 8,
        reserved_range: Vec<ReservedRange> = 9,
        reserved_name: Vec<Text> = 10,
        /// A number of [`symbol_visibility`].
        visibility: Option<i32> = 11,
    }

    /// Field numbers open to extensions; `end` is exclusive.
    ExtensionRange {
        start: Option<i32> = 1,
        end: Option<i32> = 2,
        options: Option<Box<ExtensionRangeOptions>> = 3,
    }

    /// Field numbers that may not be used; `end` is exclusive in messages.
    ReservedRange {
        start: Option<i32> = 1,
        end: Option<i32> = 2,
    }

    /// Options of an extension range.
    ExtensionRangeOptions {
        declaration: Vec<ExtensionDeclaration> = 2,
        verification: Option<i32> = 3,
        features: Option<FeatureSet> = 50,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// A declared extension of a range.
    ExtensionDeclaration {
        number: Option<i32> = 1,
        full_name: Option<String> = 2,
        type_: Option<String> = 3,
        reserved: Option<bool> = 5,
        repeated: Option<bool> = 6,
    }

    /// A field or extension.
    FieldDescriptorProto {
        name: Option<String> = 1,
        extendee: Option<String> = 2,
        number: Option<i32> = 3,
        /// A number of [`label`].
        label: Option<i32> = 4,
        /// A number of [`field_type`]; absent while a named type is unresolved.
        type_: Option<i32> = 5,
        /// Fully qualified with a leading dot once resolved.
        type_name: Option<String> = 6,
        default_value: Option<Text> = 7,
        options: Option<Box<FieldOptions>> = 8,
        oneof_index: Option<i32> = 9,
        json_name: Option<Text> = 10,
        proto3_optional: Option<bool> = 17,
    }

    /// A oneof.
    OneofDescriptorProto {
        name: Option<String> = 1,
        options: Option<Box<OneofOptions>> = 2,
    }

    /// An enum type.
    EnumDescriptorProto {
        name: Option<String> = 1,
        value: Vec<EnumValueDescriptorProto> = 2,
        options: Option<Box<EnumOptions>> = 3,
        reserved_range: Vec<EnumReservedRange> = 4,
        reserved_name: Vec<Text> = 5,
        /// A number of [`symbol_visibility`].
        visibility: Option<i32> = 6,
    }

    /// Enum numbers that may not be used; `end` is inclusive.
    EnumReservedRange {
        start: Option<i32> = 1,
        end: Option<i32> = 2,
    }

    /// A value of an enum.
    EnumValueDescriptorProto {
        name: Option<String> = 1,
        number: Option<i32> = 2,
        options: Option<Box<EnumValueOptions>> = 3,
    }

    /// A service.
    ServiceDescriptorProto {
        name: Option<String> = 1,
        method: Vec<MethodDescriptorProto> = 2,
        options: Option<Box<ServiceOptions>> = 3,
    }

    /// A method of a service.
    MethodDescriptorProto {
        name: Option<String> = 1,
        input_type: Option<String> = 2,
        output_type: Option<String> = 3,
        options: Option<Box<MethodOptions>> = 4,
        client_streaming: Option<bool> = 5,
        server_streaming: Option<bool> = 6,
    }

    /// Options of a file.
    FileOptions {
        java_package: Option<Text> = 1,
        java_outer_classname: Option<Text> = 8,
        optimize_for: Option<i32> = 9,
        java_multiple_files: Option<bool> = 10,
        go_package: Option<Text> = 11,
        cc_generic_services: Option<bool> = 16,
        java_generic_services: Option<bool> = 17,
        py_generic_services: Option<bool> = 18,
        java_generate_equals_and_hash: Option<bool> = 20,
        deprecated: Option<bool> = 23,
        java_string_check_utf8: Option<bool> = 27,
        cc_enable_arenas: Option<bool> = 31,
        objc_class_prefix: Option<Text> = 36,
        csharp_namespace: Option<Text> = 37,
        swift_prefix: Option<Text> = 39,
        php_class_prefix: Option<Text> = 40,
        php_namespace: Option<Text> = 41,
        php_metadata_namespace: Option<Text> = 44,
        ruby_package: Option<Text> = 45,
        features: Option<FeatureSet> = 50,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// Options of a message.
    MessageOptions {
        message_set_wire_format: Option<bool> = 1,
        no_standard_descriptor_accessor: Option<bool> = 2,
        deprecated: Option<bool> = 3,
        map_entry: Option<bool> = 7,
        deprecated_legacy_json_field_conflicts: Option<bool> = 11,
        features: Option<FeatureSet> = 12,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// Options of a field.
    FieldOptions {
        ctype: Option<i32> = 1,
        packed: Option<bool> = 2,
        deprecated: Option<bool> = 3,
        lazy: Option<bool> = 5,
        jstype: Option<i32> = 6,
        weak: Option<bool> = 10,
        unverified_lazy: Option<bool> = 15,
        debug_redact: Option<bool> = 16,
        retention: Option<i32> = 17,
        targets: Vec<i32> = 19,
        edition_defaults: Vec<EditionDefault> = 20,
        features: Option<FeatureSet> = 21,
        feature_support: Option<FeatureSupport> = 22,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// A feature's default from an edition on.
    EditionDefault {
        value: Option<String> = 2,
        edition: Option<i32> = 3,
    }

    /// The editions in which a feature exists.
    FeatureSupport {
        edition_introduced: Option<i32> = 1,
        edition_deprecated: Option<i32> = 2,
        deprecation_warning: Option<Text> = 3,
        edition_removed: Option<i32> = 4,
        removal_error: Option<Text> = 5,
    }

    /// Options of a oneof.
    OneofOptions {
        features: Option<FeatureSet> = 1,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// Options of an enum.
    EnumOptions {
        allow_alias: Option<bool> = 2,
        deprecated: Option<bool> = 3,
        deprecated_legacy_json_field_conflicts: Option<bool> = 6,
        features: Option<FeatureSet> = 7,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// Options of an enum value.
    EnumValueOptions {
        deprecated: Option<bool> = 1,
        features: Option<FeatureSet> = 2,
        debug_redact: Option<bool> = 3,
        feature_support: Option<FeatureSupport> = 4,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// Options of a service.
    ServiceOptions {
        deprecated: Option<bool> = 33,
        features: Option<FeatureSet> = 34,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// Options of a method.
    MethodOptions {
        deprecated: Option<bool> = 33,
        idempotency_level: Option<i32> = 34,
        features: Option<FeatureSet> = 35,
        uninterpreted_option: Vec<UninterpretedOption> = 999,
    }

    /// An option as the parser saw it, before it is interpreted.
    UninterpretedOption {
        name: Vec<NamePart> = 2,
        identifier_value: Option<String> = 3,
        positive_int_value: Option<u64> = 4,
        negative_int_value: Option<i64> = 5,
        double_value: Option<f64> = 6,
        string_value: Option<Vec<u8>> = 7,
        aggregate_value: Option<Text> = 8,
    }

    /// A part of an option's name: `foo` or `(foo.bar)`.
    NamePart {
        name_part: Option<String> = 1,
        is_extension: Option<bool> = 2,
    }

    /// The features of an edition; each a number of the module of its name.
    FeatureSet {
        field_presence: Option<i32> = 1,
        enum_type: Option<i32> = 2,
        repeated_field_encoding: Option<i32> = 3,
        utf8_validation: Option<i32> = 4,
        message_encoding: Option<i32> = 5,
        json_format: Option<i32> = 6,
        enforce_naming_style: Option<i32> = 7,
        default_symbol_visibility: Option<i32> = 8,
        enforce_proto_limits: Option<i32> = 9,
    }

    /// What a plugin is asked to generate.
    CodeGeneratorRequest {
        file_to_generate: Vec<String> = 1,
        parameter: Option<String> = 2,
        compiler_version: Option<CompilerVersion> = 3,
        proto_file: Vec<FileDescriptorProto> = 15,
        source_file_descriptors: Vec<FileDescriptorProto> = 17,
    }

    /// The version of a compiler.
    CompilerVersion {
        major: Option<i32> = 1,
        minor: Option<i32> = 2,
        patch: Option<i32> = 3,
        suffix: Option<String> = 4,
    }

    /// What a plugin answers.
    CodeGeneratorResponse {
        error: Option<String> = 1,
        supported_features: Option<u64> = 2,
        minimum_edition: Option<i32> = 3,
        maximum_edition: Option<i32> = 4,
        file: Vec<GeneratedFile> = 15,
    }

    /// A file that a plugin made.
    GeneratedFile {
        name: Option<String> = 1,
        insertion_point: Option<String> = 2,
        /// Declared a string; plugins write binary files too, and protoc takes them.
        content: Option<Vec<u8>> = 15,
    }
}

/// Declares an open enum of `descriptor.proto` as a module of number constants.
macro_rules! enums {
    ($($(#[$doc:meta])* $module:ident { $($name:ident = $number:literal,)* })*) => {$(
        $(#[$doc])*
        pub mod $module {
            $(#[doc = concat!("`", stringify!($name), "`.")] pub const $name: i32 = $number;)*

            /// The name of a number, as descriptor.proto spells it.
            pub const fn name(number: i32) -> Option<&'static str> {
                match number {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    )*};
}

enums! {
    /// `FieldDescriptorProto.Type`, without its `TYPE_` prefix.
    field_type {
        DOUBLE = 1, FLOAT = 2, INT64 = 3, UINT64 = 4, INT32 = 5, FIXED64 = 6, FIXED32 = 7, BOOL = 8, STRING = 9,
        GROUP = 10, MESSAGE = 11, BYTES = 12, UINT32 = 13, ENUM = 14, SFIXED32 = 15, SFIXED64 = 16, SINT32 = 17, SINT64 = 18,
    }
    /// `FieldDescriptorProto.Label`, without its `LABEL_` prefix.
    label { OPTIONAL = 1, REQUIRED = 2, REPEATED = 3, }
    /// `Edition`; those that are not a year without their `EDITION_` prefix.
    edition {
        UNKNOWN = 0, TEST_ONLY_1 = 1, TEST_ONLY_2 = 2, LEGACY = 900, PROTO2 = 998, PROTO3 = 999, EDITION_2023 = 1000, EDITION_2024 = 1001,
        EDITION_2026 = 1002, UNSTABLE = 9999, TEST_ONLY_99997 = 99997, TEST_ONLY_99998 = 99998, TEST_ONLY_99999 = 99999, MAX = 0x7fff_ffff,
    }
    /// `SymbolVisibility`, without its `VISIBILITY_` prefix.
    symbol_visibility { UNSET = 0, LOCAL = 1, EXPORT = 2, }
    /// `FeatureSet.FieldPresence`.
    field_presence { UNKNOWN = 0, EXPLICIT = 1, IMPLICIT = 2, LEGACY_REQUIRED = 3, }
    /// `FeatureSet.EnumType`.
    enum_type { UNKNOWN = 0, OPEN = 1, CLOSED = 2, }
    /// `FeatureSet.RepeatedFieldEncoding`.
    repeated_field_encoding { UNKNOWN = 0, PACKED = 1, EXPANDED = 2, }
    /// `FeatureSet.Utf8Validation`.
    utf8_validation { UNKNOWN = 0, VERIFY = 2, NONE = 3, }
    /// `FeatureSet.MessageEncoding`.
    message_encoding { UNKNOWN = 0, LENGTH_PREFIXED = 1, DELIMITED = 2, }
    /// `FeatureSet.JsonFormat`.
    json_format { UNKNOWN = 0, ALLOW = 1, LEGACY_BEST_EFFORT = 2, }
    /// `FeatureSet.EnforceNamingStyle`.
    enforce_naming_style { UNKNOWN = 0, STYLE2024 = 1, STYLE_LEGACY = 2, STYLE2026 = 3, }
    /// `FeatureSet.VisibilityFeature.DefaultSymbolVisibility`.
    default_symbol_visibility { UNKNOWN = 0, EXPORT_ALL = 1, EXPORT_TOP_LEVEL = 2, LOCAL_ALL = 3, STRICT = 4, }
    /// `FeatureSet.ProtoLimitsFeature.EnforceProtoLimits`.
    enforce_proto_limits { UNKNOWN = 0, LEGACY_NO_EXPLICIT_LIMITS = 1, PROTO_LIMITS2026 = 2, }
    /// `CodeGeneratorResponse.Feature`, without its `FEATURE_` prefix: bits of `supported_features`.
    plugin_feature { NONE = 0, PROTO3_OPTIONAL = 1, SUPPORTS_EDITIONS = 2, }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::put_bytes;

    #[test]
    fn a_file_round_trips_and_unknown_fields_survive() {
        let mut file = FileDescriptorProto {
            name: Some("a/b.proto".into()),
            syntax: Some("proto3".into()),
            public_dependency: vec![0, 300],
            ..FileDescriptorProto::default()
        };
        file.message_type.push(DescriptorProto {
            name: Some("M".repeat(300)),
            ..DescriptorProto::default()
        });
        put_bytes(&mut file.unknown, 60_000, b"kept");
        assert_eq!(FileDescriptorProto::decode(&file.encode()), Ok(file));
    }

    #[test]
    fn a_field_can_be_left_out() {
        let mut file = FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            syntax: Some("proto3".to_owned()),
            source_code_info: Some(SourceCodeInfo::default()),
            ..FileDescriptorProto::default()
        };
        let without = file.encode_without(9);
        file.source_code_info = None;
        assert_eq!(without, file.encode());
    }

    #[test]
    fn malformed_bytes_are_errors() {
        assert_eq!(
            FileDescriptorProto::decode(&[0x0a, 5, b'x']),
            Err(WireError::Truncated)
        );
        assert_eq!(
            FileDescriptorProto::decode(&[0x0a, 1, 0xff]),
            Err(WireError::InvalidUtf8)
        );
    }
}
