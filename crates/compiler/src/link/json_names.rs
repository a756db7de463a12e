//! The JSON names of a message's fields: no two are one.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use russet_descriptor::proto::{DescriptorProto, FileDescriptorProto, json_format};

use super::{Linker, at};
use crate::names::{json_name_of, json_names_differ};
use crate::parser::path;
use crate::table::MessageId;

impl Linker<'_> {
    pub(super) fn validate_json_names(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        id: MessageId,
        place: &[i32],
    ) {
        let legacy = message
            .options
            .as_ref()
            .is_some_and(|options| options.deprecated_legacy_json_field_conflicts == Some(true));
        if !legacy {
            let names = message.field.iter().map(|field| field.name.as_deref());
            if !json_names_differ(names.map(Option::unwrap_or_default)) {
                self.validate_json_names_of(file, message, id, place, false);
            }
            if message.field.iter().any(|field| field.json_name.is_some()) {
                self.validate_json_names_of(file, message, id, place, true);
            }
        }
    }

    /// No two fields have one JSON name; with `custom`, names set by `json_name` count.
    fn validate_json_names_of(
        &mut self,
        file: &FileDescriptorProto,
        message: &DescriptorProto,
        id: MessageId,
        place: &[i32],
        custom: bool,
    ) {
        let best_effort = self.table[id].features.json_format == json_format::LEGACY_BEST_EFFORT;
        let mut seen: FxHashMap<Cow<'_, [u8]>, (&str, bool)> = FxHashMap::default();
        seen.reserve(message.field.len());
        for (index, field) in message.field.iter().enumerate() {
            let name = field.name.as_deref().unwrap_or_default();
            let default = match json_name_of(name) {
                Cow::Borrowed(same) => Cow::Borrowed(same.as_bytes()),
                Cow::Owned(other) => Cow::Owned(other.into_bytes()),
            };
            let (json, is_custom) = match &field.json_name {
                Some(own) if custom && **own != *default => (Cow::Borrowed(&**own), true),
                _ => (default, false),
            };
            let more = [path::MESSAGE_FIELD, at(index), path::NAME];
            if is_custom && json.starts_with(b"[") && json.ends_with(b"]") {
                let json = String::from_utf8_lossy(&json);
                let message = format!(
                    "The custom JSON name of field \"{name}\" (\"{json}\") is invalid: JSON names may not start with '[' and end with ']'."
                );
                self.error(file, place, &more, message);
                continue;
            }
            let Some(&(other, other_custom)) = seen.get(&json) else {
                seen.insert(json, (name, is_custom));
                continue;
            };
            if custom && !is_custom && !other_custom {
                // Reported without custom names already.
                continue;
            }
            let json = String::from_utf8_lossy(&json);
            let kind = |custom: bool| if custom { "custom" } else { "default" };
            let message = format!(
                "The {} JSON name of field \"{name}\" (\"{json}\") conflicts with the {} JSON name of field \"{other}\".",
                kind(is_custom),
                kind(other_custom)
            );
            if best_effort && (!is_custom || !other_custom) {
                self.warning(file, place, &more, message);
            } else {
                self.error(file, place, &more, message);
            }
        }
    }
}
