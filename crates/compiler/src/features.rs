//! Features of an edition, resolved: the file's edition gives defaults, and each element inherits from the one around it.

use russet_descriptor::proto::{
    FeatureSet, default_symbol_visibility, edition, enforce_naming_style, enforce_proto_limits,
    enum_type, field_presence, json_format, message_encoding, repeated_field_encoding,
    utf8_validation,
};

/// The value of every feature that `descriptor.proto` itself declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Features {
    pub(crate) field_presence: i32,
    pub(crate) enum_type: i32,
    pub(crate) repeated_field_encoding: i32,
    pub(crate) utf8_validation: i32,
    pub(crate) message_encoding: i32,
    pub(crate) json_format: i32,
    pub(crate) enforce_naming_style: i32,
    pub(crate) default_symbol_visibility: i32,
    pub(crate) enforce_proto_limits: i32,
}

impl Default for Features {
    fn default() -> Self {
        Self::of_edition(edition::PROTO2)
    }
}

impl Features {
    /// The defaults of an edition.
    pub(crate) fn of_edition(number: i32) -> Self {
        let mut features = Self {
            field_presence: field_presence::EXPLICIT,
            enum_type: enum_type::CLOSED,
            repeated_field_encoding: repeated_field_encoding::EXPANDED,
            utf8_validation: utf8_validation::NONE,
            message_encoding: message_encoding::LENGTH_PREFIXED,
            json_format: json_format::LEGACY_BEST_EFFORT,
            enforce_naming_style: enforce_naming_style::STYLE_LEGACY,
            default_symbol_visibility: default_symbol_visibility::EXPORT_ALL,
            enforce_proto_limits: enforce_proto_limits::LEGACY_NO_EXPLICIT_LIMITS,
        };
        if number >= edition::PROTO3 {
            features.field_presence = field_presence::IMPLICIT;
            features.enum_type = enum_type::OPEN;
            features.repeated_field_encoding = repeated_field_encoding::PACKED;
            features.utf8_validation = utf8_validation::VERIFY;
            features.json_format = json_format::ALLOW;
        }
        if number >= edition::EDITION_2023 {
            features.field_presence = field_presence::EXPLICIT;
        }
        if number >= edition::EDITION_2024 {
            features.enforce_naming_style = enforce_naming_style::STYLE2024;
            features.default_symbol_visibility = default_symbol_visibility::EXPORT_TOP_LEVEL;
        }
        if number >= edition::EDITION_2026 {
            features.enforce_naming_style = enforce_naming_style::STYLE2026;
            features.default_symbol_visibility = default_symbol_visibility::STRICT;
            features.enforce_proto_limits = enforce_proto_limits::PROTO_LIMITS2026;
        }
        features
    }

    /// With what an element sets itself.
    pub(crate) fn merged(mut self, own: Option<&FeatureSet>) -> Self {
        let Some(own) = own else {
            return self;
        };
        let pairs = [
            (&mut self.field_presence, own.field_presence),
            (&mut self.enum_type, own.enum_type),
            (
                &mut self.repeated_field_encoding,
                own.repeated_field_encoding,
            ),
            (&mut self.utf8_validation, own.utf8_validation),
            (&mut self.message_encoding, own.message_encoding),
            (&mut self.json_format, own.json_format),
            (&mut self.enforce_naming_style, own.enforce_naming_style),
            (
                &mut self.default_symbol_visibility,
                own.default_symbol_visibility,
            ),
            (&mut self.enforce_proto_limits, own.enforce_proto_limits),
        ];
        for (slot, value) in pairs {
            *slot = value.unwrap_or(*slot);
        }
        self
    }

    pub(crate) fn is_packed(&self) -> bool {
        self.repeated_field_encoding == repeated_field_encoding::PACKED
    }

    pub(crate) fn is_delimited(&self) -> bool {
        self.message_encoding == message_encoding::DELIMITED
    }

    pub(crate) fn is_closed_enum(&self) -> bool {
        self.enum_type == enum_type::CLOSED
    }
}

/// The name of a feature that is set to zero, and of its zero: an element cannot leave open what holds for it.
pub(crate) fn unknown_feature(own: &FeatureSet) -> Option<(&'static str, &'static str)> {
    [
        (
            own.field_presence,
            "field_presence",
            "FIELD_PRESENCE_UNKNOWN",
        ),
        (own.enum_type, "enum_type", "ENUM_TYPE_UNKNOWN"),
        (
            own.repeated_field_encoding,
            "repeated_field_encoding",
            "REPEATED_FIELD_ENCODING_UNKNOWN",
        ),
        (
            own.utf8_validation,
            "utf8_validation",
            "UTF8_VALIDATION_UNKNOWN",
        ),
        (
            own.message_encoding,
            "message_encoding",
            "MESSAGE_ENCODING_UNKNOWN",
        ),
        (own.json_format, "json_format", "JSON_FORMAT_UNKNOWN"),
        (
            own.enforce_naming_style,
            "enforce_naming_style",
            "ENFORCE_NAMING_STYLE_UNKNOWN",
        ),
        (
            own.default_symbol_visibility,
            "default_symbol_visibility",
            "VisibilityFeature::DEFAULT_SYMBOL_VISIBILITY_UNKNOWN",
        ),
        (
            own.enforce_proto_limits,
            "enforce_proto_limits",
            "ProtoLimitsFeature::PROTO_LIMITS_UNKNOWN",
        ),
    ]
    .into_iter()
    .find(|(value, ..)| *value == Some(0))
    .map(|(_, name, zero)| (name, zero))
}
