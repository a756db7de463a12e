//! The option `(pb.enumvalue.json)`: what an enum's value is called in JSON.

use rustc_hash::FxHashMap;

use russet_descriptor::proto::EnumDescriptorProto;
use russet_descriptor::wire::{Reader, WireType};

use super::Linker;
use super::walk::{Declared, Kind};

/// The number of `pb.enumvalue.json` in `EnumValueOptions`.
const JSON: u32 = 998;

/// The number of its field `string`.
const STRING: u32 = 1;

impl Linker<'_> {
    /// What is read from JSON must lead to one number. protoc names no place.
    pub(super) fn check_enum_json(&mut self, all: &[Declared<'_>]) {
        for declared in all {
            let Kind::Enum(declared, _) = declared.kind else {
                continue;
            };
            let options = declared
                .value
                .iter()
                .filter_map(|value| value.options.as_ref());
            if options
                .into_iter()
                .all(|options| options.unknown.is_empty())
            {
                continue;
            }
            let names: Vec<Option<String>> = declared
                .value
                .iter()
                .map(|value| custom_name(&value.options.as_ref()?.unknown))
                .collect();
            if names.iter().any(Option::is_some) {
                for message in conflicts(declared, &names) {
                    self.findings.error(None, message);
                }
            }
        }
    }
}

fn custom_name(options: &[u8]) -> Option<String> {
    let json = last_bytes(options, JSON)?;
    let name = last_bytes(json, STRING)?;
    Some(String::from_utf8_lossy(name).into_owned())
}

fn last_bytes(bytes: &[u8], wanted: u32) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    let mut last = None;
    while !reader.is_empty() {
        let (number, wire_type) = reader.tag().ok()?;
        if number == wanted && wire_type == WireType::LengthDelimited {
            last = Some(reader.length_delimited().ok()?);
        } else {
            reader
                .skip(number, wire_type, super::canonical::MAX_OPTION_DEPTH)
                .ok()?;
        }
    }
    last
}

fn conflicts(declared: &EnumDescriptorProto, custom: &[Option<String>]) -> Vec<String> {
    let mut messages = Vec::new();
    let mut first_of: FxHashMap<i32, usize> = FxHashMap::default();
    let mut taken: FxHashMap<&str, (usize, bool)> = FxHashMap::default();
    let name_of = |index: usize| declared.value[index].name.as_deref().unwrap_or_default();
    let number_of = |index: usize| declared.value[index].number.unwrap_or(0);
    let shown = |name: &Option<String>| match name {
        Some(name) => format!("\"{name}\""),
        None => "unset".to_owned(),
    };
    for (index, own) in custom.iter().enumerate() {
        let number = number_of(index);
        let &mut first = first_of.entry(number).or_insert(index);
        if custom[first] != *own {
            messages.push(format!(
                "Alias values for number {number} must have the same custom JSON string. \"{}\" has {} but primary alias \"{}\" has {}.",
                name_of(index), shown(own), name_of(first), shown(&custom[first]),
            ));
        }
        if let Some(Ok(parsed)) = own.as_ref().map(|own| own.parse::<i32>())
            && parsed != number
        {
            messages.push(format!(
                "Custom JSON string \"{}\" parses as integer {parsed}, which does not match the enum value's number {number}.",
                own.as_deref().unwrap_or_default()
            ));
        }
        let names = [(Some(name_of(index)), false), (own.as_deref(), true)];
        for (name, is_custom) in names {
            let Some(name) = name else {
                continue;
            };
            let &mut (other, other_custom) = taken.entry(name).or_insert((index, is_custom));
            if number_of(other) != number {
                let this = if is_custom { "Custom" } else { "Default" };
                let kind = if other_custom { "custom" } else { "default" };
                messages.push(format!(
                    "{this} JSON string \"{name}\" conflicts with {kind} JSON string of \"{}\".",
                    name_of(other)
                ));
            }
        }
    }
    messages
}
