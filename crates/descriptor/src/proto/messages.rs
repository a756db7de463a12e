//! The messages, each with the numbers of its fields.

use super::codec::{Field, Value, messages};
use super::{SourceCodeInfo, Text};
use crate::wire::{DEFAULT_RECURSION_LIMIT, Reader, WireError, WireType, put_varint};

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
        /// A number of [`edition`](super::edition).
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
        /// A number of [`symbol_visibility`](super::symbol_visibility).
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
        /// A number of [`label`](super::label).
        label: Option<i32> = 4,
        /// A number of [`field_type`](super::field_type); absent while a named type is unresolved.
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
        /// A number of [`symbol_visibility`](super::symbol_visibility).
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

    /// What every feature is in every edition.
    FeatureSetDefaults {
        defaults: Vec<FeatureSetEditionDefault> = 1,
        minimum_edition: Option<i32> = 4,
        maximum_edition: Option<i32> = 5,
    }

    /// What every feature is from an edition on.
    FeatureSetEditionDefault {
        edition: Option<i32> = 3,
        overridable_features: Option<FeatureSet> = 4,
        fixed_features: Option<FeatureSet> = 5,
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
