//! Features of an edition, resolved down from the file to each element.
//!
//! Editions replace the `syntax` switch: proto2 and proto3 are only two sets of defaults, plus a few older spellings (labels, `[packed]`, groups) that mean a feature. What is resolved here is all that later code may ask; it never asks for the syntax. See "Feature Settings for Editions" of the language's documentation.

use crate::proto::{
    FeatureSet, FieldDescriptorProto, FieldOptions, edition, enum_type, field_presence, field_type,
    json_format, label, message_encoding, repeated_field_encoding, utf8_validation,
};

/// The resolved features of a schema element; each a number of the module of its name in [`crate::proto`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// A number of [`field_presence`].
    pub field_presence: i32,
    /// A number of [`enum_type`].
    pub enum_type: i32,
    /// A number of [`repeated_field_encoding`].
    pub repeated_field_encoding: i32,
    /// A number of [`utf8_validation`].
    pub utf8_validation: i32,
    /// A number of [`message_encoding`].
    pub message_encoding: i32,
    /// A number of [`json_format`].
    pub json_format: i32,
}

impl Features {
    /// The defaults of an edition; proto2 and proto3 are editions here.
    pub const fn of_edition(edition: i32) -> Self {
        let modern = Self {
            field_presence: field_presence::EXPLICIT,
            enum_type: enum_type::OPEN,
            repeated_field_encoding: repeated_field_encoding::PACKED,
            utf8_validation: utf8_validation::VERIFY,
            message_encoding: message_encoding::LENGTH_PREFIXED,
            json_format: json_format::ALLOW,
        };
        match edition {
            edition::PROTO3 => Self {
                field_presence: field_presence::IMPLICIT,
                ..modern
            },
            edition::EDITION_2023.. => modern,
            _ => Self {
                enum_type: enum_type::CLOSED,
                repeated_field_encoding: repeated_field_encoding::EXPANDED,
                utf8_validation: utf8_validation::NONE,
                json_format: json_format::LEGACY_BEST_EFFORT,
                ..modern
            },
        }
    }

    /// These features with what an element's options override.
    #[must_use]
    pub fn overridden_by(self, options: Option<&FeatureSet>) -> Self {
        let Some(set) = options else { return self };
        Self {
            field_presence: set.field_presence.unwrap_or(self.field_presence),
            enum_type: set.enum_type.unwrap_or(self.enum_type),
            repeated_field_encoding: set
                .repeated_field_encoding
                .unwrap_or(self.repeated_field_encoding),
            utf8_validation: set.utf8_validation.unwrap_or(self.utf8_validation),
            message_encoding: set.message_encoding.unwrap_or(self.message_encoding),
            json_format: set.json_format.unwrap_or(self.json_format),
        }
    }

    /// The features of a field: overrides in its options, then the spellings of proto2 and proto3 that mean a feature.
    #[must_use]
    pub fn of_field(self, field: &FieldDescriptorProto) -> Self {
        self.spelled(
            field.label,
            field.type_,
            field.proto3_optional,
            field.options.as_deref(),
        )
    }

    /// [`Features::of_field`], of the parts of the descriptor that matter.
    pub(super) fn spelled(
        self,
        label: Option<i32>,
        type_: Option<i32>,
        proto3_optional: Option<bool>,
        options: Option<&FieldOptions>,
    ) -> Self {
        let mut features = self.overridden_by(options.and_then(|o| o.features.as_ref()));
        if label == Some(label::REQUIRED) {
            features.field_presence = field_presence::LEGACY_REQUIRED;
        }
        if proto3_optional == Some(true) {
            features.field_presence = field_presence::EXPLICIT;
        }
        if type_ == Some(field_type::GROUP) {
            features.message_encoding = message_encoding::DELIMITED;
        }
        if let Some(packed) = options.and_then(|o| o.packed) {
            features.repeated_field_encoding = if packed {
                repeated_field_encoding::PACKED
            } else {
                repeated_field_encoding::EXPANDED
            };
        }
        features
    }
}
