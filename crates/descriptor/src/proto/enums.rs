//! The enums: their numbers' names.

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
