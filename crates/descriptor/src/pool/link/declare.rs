//! Fields, extensions and enums.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::{Builder, References, fill, leak};
use crate::pool::error::PoolError;
use crate::pool::features::Features;
use crate::pool::model::{Attachment, Cardinality, Enum, EnumValue, Field, FieldType, Message};
use crate::pool::names::{join, json_name};
use crate::pool::symbols::Symbol;
use crate::pool::view::{EnumView, FieldView, ValueView};
use crate::proto::{enum_type, field_presence, label, message_encoding};
use crate::wire::{MAX_FIELD_NUMBER, MAX_MESSAGE_SET_NUMBER};

impl Builder<'_> {
    /// A field, and what of it is to be resolved.
    pub(super) fn field(
        &mut self,
        view: &FieldView<'static>,
        scope_name: &str,
        scope: Option<&'static Message>,
        index: usize,
        outer: Features,
        is_extension: bool,
    ) -> Result<(Field, Option<References>), PoolError> {
        let name = self.identifier(scope_name, view.name)?;
        let invalid = |problem: String| Err(self.invalid(&join(scope_name, name), problem));
        let number = view.number.unwrap_or_default();
        // Whether it extends a message set, whose numbers may be greater, is known once it is resolved.
        let most = if is_extension {
            MAX_MESSAGE_SET_NUMBER
        } else {
            MAX_FIELD_NUMBER
        };
        let Some(number) = u32::try_from(number)
            .ok()
            .filter(|number| (1..=most).contains(number))
        else {
            return invalid(format!(
                "field number {number} is not within 1 to {MAX_FIELD_NUMBER}"
            ));
        };
        let options = view.options.as_deref();
        let features = outer.spelled(view.label, view.type_, view.proto3_optional, options);
        // An absent type is that of the name: resolving tells whether it is a message or an enum. Without a name it is a double, as the original has it.
        let is_named = view.type_name.is_some_and(|name| !name.is_empty());
        let is_untyped = view.type_.is_none() && is_named;
        let absent = if is_named {
            FieldType::Message
        } else {
            FieldType::Double
        };
        let declared = view.type_.unwrap_or(absent as i32);
        let Some(declared) = FieldType::from_number(declared) else {
            return invalid(format!("there is no field type {declared}"));
        };
        let cardinality = match view.label.unwrap_or(label::OPTIONAL) {
            label::REPEATED => Cardinality::Repeated,
            _ if features.field_presence == field_presence::LEGACY_REQUIRED => {
                Cardinality::Required
            }
            label::OPTIONAL => Cardinality::Singular,
            other => return invalid(format!("there is no label {other}")),
        };
        if view.oneof_index.is_some() && cardinality != Cardinality::Singular {
            return invalid("fields of oneofs must be optional".to_owned());
        }
        let json_name = match view.json_name.map(String::from_utf8_lossy) {
            Some(Cow::Borrowed(own)) => own,
            Some(Cow::Owned(own)) => self.names.keep(&[&own]),
            None if name.contains('_') => self.names.keep(&[&json_name(name)]),
            None => name,
        };
        let field_type = encoded_type(view, declared, features, scope);
        let is_named = matches!(
            field_type,
            FieldType::Message | FieldType::Group | FieldType::Enum
        );
        let references =
            (is_named || is_extension || view.default_value.is_some()).then(|| References {
                type_name: view.type_name.unwrap_or_default(),
                extendee: view.extendee.unwrap_or_default(),
                default_value: view.default_value,
            });
        let field = Field {
            name,
            full_name: OnceLock::new(),
            json_name,
            has_json_name: view.json_name.is_some(),
            file: self.file,
            scope,
            index,
            number,
            declared_type: field_type,
            is_untyped,
            cardinality,
            features,
            is_extension,
            has_default: view.default_value.is_some(),
            oneof: view.oneof_index.and_then(|index| u32::try_from(index).ok()),
            resolved: OnceLock::new(),
            attachment: Attachment::default(),
        };
        Ok((field, references))
    }

    pub(super) fn extensions(
        &mut self,
        views: &[&'static [u8]],
        scope_name: &str,
        scope: Option<&'static Message>,
        outer: Features,
    ) -> Result<Vec<&'static Field>, PoolError> {
        let mut extensions = Vec::with_capacity(views.len());
        for (index, bytes) in views.iter().enumerate() {
            let view = FieldView::read(bytes)?;
            if view.extendee.is_none() {
                return Err(self.invalid(scope_name, "an extension without an extendee"));
            }
            let (field, references) = self.field(&view, scope_name, scope, index, outer, true)?;
            let field = leak(field);
            self.define(field.full_name(), Symbol::Field(field))?;
            self.unresolved.extend(references.map(|it| (field, it)));
            extensions.push(field);
        }
        self.extensions.extend(&extensions);
        Ok(extensions)
    }

    pub(super) fn enumerations(
        &mut self,
        views: &[&'static [u8]],
        scope: &str,
        parent: Option<&'static Message>,
        outer: Features,
    ) -> Result<Vec<&'static Enum>, PoolError> {
        let mut enums = Vec::with_capacity(views.len());
        for (index, bytes) in views.iter().enumerate() {
            let view = EnumView::read(bytes)?;
            enums.push(self.enumeration(&view, scope, parent, index, outer)?);
        }
        Ok(enums)
    }

    fn enumeration(
        &mut self,
        view: &EnumView<'static>,
        scope: &str,
        parent: Option<&'static Message>,
        index: usize,
        outer: Features,
    ) -> Result<&'static Enum, PoolError> {
        let options = view.options.as_ref();
        let features = outer.overridden_by(options.and_then(|o| o.features.as_ref()));
        let (name, full_name) = self.name(scope, view.name)?;
        if view.value.is_empty() {
            return Err(self.invalid(full_name, "enums must contain at least one value"));
        }
        let enumeration = leak(Enum {
            name,
            full_name,
            file: self.file,
            parent,
            index,
            features,
            values: OnceLock::new(),
            by_name: OnceLock::new(),
            by_number: OnceLock::new(),
        });
        self.define(full_name, Symbol::Enum(enumeration))?;
        let mut values = Vec::with_capacity(view.value.len());
        for (index, bytes) in view.value.iter().enumerate() {
            let view = ValueView::read(bytes)?;
            let (name, full_name) = self.name(scope, view.name)?;
            values.push(EnumValue {
                name,
                full_name,
                number: view.number.unwrap_or_default(),
                has_options: view.options.is_some(),
                index,
                parent: enumeration,
            });
        }
        if features.enum_type == enum_type::OPEN && values[0].number != 0 {
            return Err(self.invalid(full_name, "the first value of an open enum must be 0"));
        }
        fill(&enumeration.values, values);
        for value in enumeration.values() {
            self.define(value.full_name, Symbol::EnumValue(value))?;
        }
        Ok(enumeration)
    }
}

/// A message in delimited encoding is a group, whatever the descriptor calls it; a map never is, nor is a value in one.
fn encoded_type(
    view: &FieldView<'_>,
    declared: FieldType,
    features: Features,
    scope: Option<&Message>,
) -> FieldType {
    if declared != FieldType::Message
        || features.message_encoding != message_encoding::DELIMITED
        || scope.is_some_and(Message::is_map_entry)
    {
        return declared;
    }
    // Whether the type is a map's entry is not known before it is resolved, but an entry is always nested beside its field and named after it.
    let type_name = view.type_name.unwrap_or_default();
    let short_name = type_name.rsplit('.').next().unwrap_or_default();
    let is_entry = view.label == Some(label::REPEATED)
        && short_name == map_entry_name(view.name.unwrap_or_default());
    if is_entry {
        FieldType::Message
    } else {
        FieldType::Group
    }
}

/// What protoc names the entry type of a map field: its name in `CamelCase`, then `Entry`.
fn map_entry_name(field: &str) -> String {
    let mut out = String::with_capacity(field.len() + 5);
    let mut upper = true;
    for c in field.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out.push_str("Entry");
    out
}
