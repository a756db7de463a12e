//! Names of enum values that hold in JSON alone, given by the option `(pb.enumvalue.json).string`.

use std::collections::HashMap;

use russet_descriptor::pool::{Enum, EnumValue};
use russet_descriptor::wire::{Reader, WireType};

use crate::MAX_DEPTH;

/// The number of the extension `pb.enumvalue.json` of `EnumValueOptions`.
const OPTION: u32 = 998;
/// The number of `string` in `JsonEnumValueOptions`.
const STRING: u32 = 1;

/// The names of one enum, both ways.
#[derive(Debug)]
pub(crate) struct EnumNames {
    names: HashMap<i32, String>,
    numbers: HashMap<String, i32>,
}

impl EnumNames {
    /// The names of an enum, if any of its values has one.
    pub(crate) fn of(enumeration: &Enum) -> Option<Self> {
        let given = || {
            enumeration
                .values()
                .iter()
                .filter_map(|value| Some((name(value)?, value.number())))
        };
        given().next()?;
        let mut names = HashMap::new();
        for (name, number) in given() {
            names.entry(number).or_insert(name);
        }
        Some(Self {
            names,
            numbers: given().collect(),
        })
    }

    pub(crate) fn name(&self, number: i32) -> Option<&str> {
        self.names.get(&number).map(String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        self.numbers.get(name).copied()
    }
}

/// The name of a value; empty where the option is there without one.
fn name(value: &EnumValue) -> Option<String> {
    // Asked first, as it spares making the file's descriptor for most enums.
    if !value.has_options() {
        return None;
    }
    let options = value.proto().options.as_ref()?;
    let option = last(&options.unknown, OPTION)?;
    let name = last(option, STRING).unwrap_or_default();
    Some(String::from_utf8_lossy(name).into_owned())
}

/// The last occurrence of a field of bytes.
fn last(bytes: &[u8], wanted: u32) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    let mut found = None;
    while !reader.is_empty() {
        let (number, wire_type) = reader.tag().ok()?;
        if number == wanted && wire_type == WireType::LengthDelimited {
            found = Some(reader.length_delimited().ok()?);
        } else {
            reader.skip(number, wire_type, MAX_DEPTH).ok()?;
        }
    }
    found
}
