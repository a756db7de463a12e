//! Naming style and the number of members, as editions from 2024 on enforce them.

use rustc_hash::FxHashMap;

use russet_descriptor::proto::{FileDescriptorProto, enforce_naming_style, enforce_proto_limits};

use super::Linker;
use super::walk::{Declared, Kind};
use crate::table::{MessageId, Symbol};

/// The most fields of a message that edition 2026 allows.
const MAX_FIELDS: usize = 1500;

/// The most fields of a oneof that edition 2026 allows.
const MAX_ONEOF_FIELDS: usize = 1200;

/// The most values of an enum that edition 2026 allows.
const MAX_ENUM_VALUES: usize = 1700;

/// What generated accessors put before a field's name.
const PREFIXES: [&str; 4] = ["get_", "set_", "has_", "clear_"];

/// What generated accessors put after a field's name.
const SUFFIX: &str = "_value";

/// How many fields each oneof of a message has.
pub(super) type OneofSizes = FxHashMap<(MessageId, usize), usize>;

impl Linker<'_> {
    pub(super) fn oneof_sizes(&self) -> OneofSizes {
        let mut sizes = OneofSizes::default();
        for field in &self.table.fields[self.first_field..] {
            if let (Some(message), Some(oneof)) = (field.containing, field.oneof) {
                *sizes.entry((message, oneof)).or_default() += 1;
            }
        }
        sizes
    }

    pub(super) fn check_style(
        &mut self,
        file: &FileDescriptorProto,
        declared: &Declared<'_>,
        oneof_sizes: &OneofSizes,
    ) {
        let style = declared.features.enforce_naming_style;
        let mut messages = Vec::new();
        if style != enforce_naming_style::STYLE_LEGACY {
            messages.extend(style_error(declared));
        }
        if style == enforce_naming_style::STYLE2026 {
            messages.extend(self.collision(declared));
        }
        if declared.features.enforce_proto_limits == enforce_proto_limits::PROTO_LIMITS2026 {
            messages.extend(Self::too_many_members(declared, oneof_sizes));
        }
        for message in messages {
            self.error_at_name(file, declared, message);
        }
    }

    /// A name that generated code gives to an accessor of another field.
    fn collision(&self, declared: &Declared<'_>) -> Option<String> {
        let name = declared.name();
        let (what, message) = match declared.kind {
            Kind::Field(_, id) => ("Field", self.table[id].containing?),
            Kind::Oneof(_, id, _) => ("Oneof", id),
            _ => return None,
        };
        let advice = "This can cause collisions in generated code. (features.enforce_naming_style = STYLE2024 can be used to opt out of this check)";
        if name == "descriptor" {
            return Some(format!(
                "{what} name {name} should not be named descriptor. {advice}"
            ));
        }
        let exists = |other: &str| self.has_member(message, other);
        let prefix = PREFIXES
            .iter()
            .find_map(|prefix| Some((prefix, name.strip_prefix(prefix)?)));
        if let Some((prefix, other)) = prefix
            && exists(other)
        {
            return Some(format!(
                "{what} name {name} should not begin with {prefix} if a field named {other} exists. {advice}"
            ));
        }
        let other = name.strip_suffix(SUFFIX).filter(|other| exists(other))?;
        Some(format!(
            "{what} name {name} should not end with {SUFFIX} if a field named {other} exists. {advice}"
        ))
    }

    /// Whether a message has a field or oneof of a name.
    fn has_member(&self, id: MessageId, name: &str) -> bool {
        let full_name = crate::names::join(&self.table[id].full_name, name);
        matches!(
            self.table.find(&full_name),
            Some(Symbol::Field(_) | Symbol::Oneof(_))
        )
    }

    fn too_many_members(declared: &Declared<'_>, oneof_sizes: &OneofSizes) -> Option<String> {
        let (what, count, limit, members) = match declared.kind {
            Kind::Message(message) => ("Message", message.field.len(), MAX_FIELDS, "fields"),
            Kind::Enum(declared, _) => ("Enum", declared.value.len(), MAX_ENUM_VALUES, "values"),
            Kind::Oneof(_, id, index) => {
                let count = oneof_sizes.get(&(id, index)).copied().unwrap_or_default();
                ("Oneof", count, MAX_ONEOF_FIELDS, "fields")
            }
            _ => return None,
        };
        (count > limit).then(|| {
            let name = declared.name();
            format!(
                "{what} name {name} should not contain more than {limit} {members} (features.enforce_proto_limits = LEGACY_NO_EXPLICIT_LIMITS can be used to opt out of this check)"
            )
        })
    }
}

fn style_error(declared: &Declared<'_>) -> Option<String> {
    let (what, name, error) = match declared.kind {
        Kind::File(file) => {
            let package = file.package.as_deref().unwrap_or_default();
            ("Package", package, lower_snake_case(package))
        }
        Kind::Message(..) => ("Message", declared.name(), title_case(declared.name())),
        Kind::Oneof(..) => ("Oneof", declared.name(), lower_snake_case(declared.name())),
        Kind::Field(..) => ("Field", declared.name(), lower_snake_case(declared.name())),
        Kind::Enum(..) => ("Enum", declared.name(), title_case(declared.name())),
        Kind::Value(_) => (
            "Enum value",
            declared.name(),
            upper_snake_case(declared.name()),
        ),
        Kind::Service(_) => ("Service", declared.name(), title_case(declared.name())),
        Kind::Method(_) => ("Method", declared.name(), title_case(declared.name())),
        Kind::Range(_) => return None,
    };
    let error = error.filter(|_| !name.is_empty())?;
    Some(format!(
        "{what} name {name} {error} (features.enforce_naming_style = STYLE_LEGACY can be used to opt out of this check)"
    ))
}

fn title_case(name: &str) -> Option<&'static str> {
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Some("should be TitleCase")
    } else if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
        Some("should begin with a capital letter")
    } else {
        None
    }
}

/// For packages too, hence the dots.
fn lower_snake_case(name: &str) -> Option<&'static str> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.');
    if !name.bytes().all(fits) {
        Some("should be lower_snake_case")
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        Some("should begin with a lower case letter")
    } else {
        bad_underscores(name)
    }
}

fn upper_snake_case(name: &str) -> Option<&'static str> {
    let fits = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    if !name.bytes().all(fits) {
        Some("should be UPPER_SNAKE_CASE")
    } else if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
        Some("should begin with an upper case letter")
    } else {
        bad_underscores(name)
    }
}

/// An underscore stands between words, and a word starts with a letter.
fn bad_underscores(name: &str) -> Option<&'static str> {
    let bytes = name.as_bytes();
    let misplaced = name.starts_with('_')
        || name.ends_with('_')
        || bytes
            .windows(2)
            .any(|pair| pair[0] == b'_' && !pair[1].is_ascii_alphabetic());
    misplaced.then_some("contains style violating underscores")
}
