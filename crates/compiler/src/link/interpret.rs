//! Uninterpreted options to the fields they set.
//!
//! Options are interpreted twice over: first those named plainly, features among them; then, with the features of all elements known, custom options. Values go through the wire form, since only the schema knows custom options. Source locations of options get the paths of the fields that were set.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use russet_descriptor::proto::{
    FileDescriptorProto, NamePart, Rewrite, SourceCodeInfo, UninterpretedOption, field_type,
};
use russet_descriptor::wire::{Reader, WireType, put_bytes, put_tag, put_varint};

use super::lookup::Wanted;
use super::visit::{Element, Keep, for_each};
use super::{Linker, Place, at, below, canonical};
use crate::parser::path;
use crate::table::{Field, FieldId, MessageId, Symbol};

/// Which options a pass interprets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Those whose name starts with a field of the options message.
    Plain,
    /// Those whose name starts with an extension.
    Custom,
}

const MESSAGE_OPTIONS: &str = "google.protobuf.MessageOptions";

/// A field of the options, by those on the way to it.
type Chain = SmallVec<[FieldId; 4]>;

/// The options of an element, as far as they have been read.
#[derive(Default)]
struct Written {
    /// In wire form.
    bytes: Vec<u8>,
    /// Nothing else is set, so that nothing need be remembered.
    is_alone: bool,
    /// The fields that are set, and those on the way to them.
    paths: FxHashSet<Chain>,
    /// The messages that are set as a whole, in wire form with their tags.
    wholes: FxHashMap<Chain, Vec<u8>>,
}

/// Where an option was found wrong.
enum Wrong {
    Name(String),
    /// No option is called so, but perhaps this one was meant.
    Unknown(String, Option<String>),
    Value(String),
}

impl Linker<'_> {
    pub(super) fn interpret(&mut self, file: &mut FileDescriptorProto) {
        let source = file.source_code_info.take();
        // Positions are looked up in a file that holds nothing but them.
        let mut places = FileDescriptorProto {
            source_code_info: source,
            ..FileDescriptorProto::default()
        };
        let mut moved = FxHashMap::default();
        let mut waiting: Vec<Vec<UninterpretedOption>> = Vec::new();
        for_each(file, &mut |mut element| {
            let options = std::mem::take(element.options.uninterpreted());
            self.interpret_element(&places, &mut element, &options, Pass::Plain, &mut moved);
            waiting.push(options);
            Keep::Yes
        });
        self.resolve_features(file);
        file.source_code_info = places.source_code_info.take();
        self.check_features(file);
        places.source_code_info = file.source_code_info.take();
        let mut waiting = waiting.into_iter();
        for_each(file, &mut |mut element| {
            let options = waiting.next().unwrap_or_default();
            self.interpret_element(&places, &mut element, &options, Pass::Custom, &mut moved);
            Keep::Yes
        });
        file.source_code_info = places.source_code_info;
        if let Some(info) = &mut file.source_code_info {
            move_locations(info, &moved);
        }
    }

    fn interpret_element(
        &mut self,
        places: &FileDescriptorProto,
        element: &mut Element<'_>,
        options: &[UninterpretedOption],
        pass: Pass,
        moved: &mut FxHashMap<Place, Place>,
    ) {
        let is_of_pass = |option: &UninterpretedOption| {
            let is_custom = option.name.first().is_some_and(is_extension);
            is_custom == (pass == Pass::Custom)
        };
        let count = options.iter().filter(|option| is_of_pass(option)).count();
        if count == 0 {
            return;
        }
        let element_path = element.path();
        let names = options.iter().flat_map(|option| &option.name);
        // Only extensions are looked up in a scope.
        let scope = if names.clone().any(is_extension) {
            element.scope()
        } else {
            String::new()
        };
        let type_name = element.options.type_name();
        let message = self.table.builtin(type_name);
        self.find_anywhere(type_name);
        let mut written = Written {
            is_alone: count == 1,
            ..Written::default()
        };
        let mut counts: FxHashMap<Place, usize> = FxHashMap::default();
        for (index, option) in options.iter().enumerate() {
            if !is_of_pass(option) {
                continue;
            }
            let place = below(&element_path, &[path::UNINTERPRETED, at(index)]);
            let Some(message) = message else {
                self.error(places, &place, &[path::OPTION_NAME], unknown(type_name));
                return;
            };
            match self.interpret_option(type_name, message, &scope, option, &mut written) {
                Ok((mut fields, is_repeated)) => {
                    if is_repeated && count == 1 {
                        fields.push(0);
                    } else if is_repeated {
                        let count = counts.entry(fields.clone()).or_default();
                        fields.push(at(*count));
                        *count += 1;
                    }
                    moved.insert(place, below(&element_path, &fields));
                }
                Err(Wrong::Name(message)) => {
                    let path = below(&place, &[path::OPTION_NAME]);
                    let position = self.option_position(places, &element_path, &path);
                    self.findings.error(position, message);
                    return;
                }
                Err(Wrong::Unknown(message, hint)) => {
                    let path = below(&place, &[path::OPTION_NAME]);
                    let position = self.option_position(places, &element_path, &path);
                    let finding = self.findings.error(position, message);
                    if let (Some(finding), Some(hint)) = (finding, hint) {
                        finding.hint(hint);
                    }
                    return;
                }
                Err(Wrong::Value(message)) => {
                    let position = self.value_position(places, &place);
                    self.findings.error(position, message);
                    return;
                }
            }
        }
        let bytes = written.bytes;
        if let Err(error) = element.options.merge(&bytes) {
            let place = below(&element_path, &[path::UNINTERPRETED, 0]);
            let message = format!("Some options could not be correctly parsed: {error}.");
            self.error(places, &place, &[path::OPTION_NAME], message);
        }
    }

    /// The place of an option's name. Of the extension ranges of one statement, which share their options, protoc knows it for the first alone.
    fn option_position(
        &mut self,
        places: &FileDescriptorProto,
        element: &[i32],
        name: &[i32],
    ) -> Option<crate::diagnostics::Position> {
        let position = self.position(places, name);
        let length = element.len();
        if length >= 3
            && element[length - 3] == path::MESSAGE_EXTENSION_RANGE
            && element[length - 2] > 0
        {
            let mut earlier = Place::from_slice(name);
            earlier[length - 2] -= 1;
            if self.position(places, &earlier) == position {
                return None;
            }
        }
        position
    }

    /// The value's location ends in the kind of value, which only the parser knows.
    fn value_position(
        &mut self,
        places: &FileDescriptorProto,
        place: &[i32],
    ) -> Option<crate::diagnostics::Position> {
        (3..=8).find_map(|kind| self.position(places, &below(place, &[kind])))
    }

    /// Appends the field that an option sets; gives the numbers on the way to it, and whether it is repeated.
    fn interpret_option(
        &mut self,
        type_name: &'static str,
        mut message: MessageId,
        scope: &str,
        option: &UninterpretedOption,
        written: &mut Written,
    ) -> Result<(Place, bool), Wrong> {
        if option
            .name
            .first()
            .is_some_and(|part| part.name_part.as_deref() == Some("features"))
        {
            self.sets_features = true;
        }
        let mut chain = Chain::new();
        // The name up to a part, as messages have it.
        let shown = |index: usize| {
            let parts: Vec<String> = option.name[..=index].iter().map(shown_part).collect();
            parts.join(".")
        };
        for (index, part) in option.name.iter().enumerate() {
            let name = part.name_part.as_deref().unwrap_or_default();
            if name == "uninterpreted_option" && index == 0 {
                return Err(Wrong::Name(
                    "Option must not use reserved name \"uninterpreted_option\".".to_owned(),
                ));
            }
            if name == "map_entry"
                && type_name == MESSAGE_OPTIONS
                && index == 0
                && !is_extension(part)
            {
                return Err(Wrong::Name(
                    "map_entry should not be set explicitly. Use map<KeyType, ValueType> instead."
                        .to_owned(),
                ));
            }
            self.unresolved = None;
            let found = if is_extension(part) {
                match self.lookup(name, scope, Wanted::Anything) {
                    Some(Symbol::Field(id)) => Some(id),
                    _ => None,
                }
            } else {
                self.table.field_by_name(message, name)
            };
            let Some(id) = found else {
                let shown = shown(index);
                if let Some(resolved) = self.unresolved.take() {
                    let rest = shown.get(1..).unwrap_or_default();
                    return Err(Wrong::Name(format!(
                        "Option \"{shown}\" is resolved to \"({resolved})\", which is not defined. The innermost scope is searched first in name resolution. Consider using a leading '.'(i.e., \"(.{rest}\") to start from the outermost scope."
                    )));
                }
                let similar = self.similar_option(message, name, is_extension(part));
                return Err(Wrong::Unknown(unknown(&shown), similar));
            };
            let field = &self.table[id];
            if field.containing != Some(message) {
                let shown = shown(index);
                return Err(Wrong::Name(format!(
                    "Option field \"{shown}\" is not a field or extension of message \"{}\".",
                    self.table[message].name
                )));
            }
            chain.push(id);
            let first = &option.name[0];
            let is_feature =
                first.is_extension != Some(true) && first.name_part.as_deref() == Some("features");
            if is_feature && field.file == self.file {
                let shown = shown(index);
                return Err(Wrong::Name(format!(
                    "Feature \"{shown}\" can't be used in the same file it's defined in."
                )));
            }
            if index + 1 < option.name.len() {
                if !field.is_message() {
                    let shown = shown(index);
                    return Err(Wrong::Name(format!(
                        "Option \"{shown}\" is an atomic type, not a message."
                    )));
                }
                if field.is_repeated() {
                    let shown = shown(index);
                    return Err(Wrong::Name(format!(
                        "Option field \"{shown}\" is a repeated message. Repeated message options must be initialized using an aggregate value."
                    )));
                }
                if let Some(inner) = field.message {
                    message = inner;
                }
            }
        }
        let Some((&last, outer)) = chain.split_last() else {
            return Err(Wrong::Name("Option must have a name.".to_owned()));
        };
        let is_repeated = self.table[last].is_repeated();
        if !is_repeated && self.is_already_set(written, &chain) {
            let shown = shown(option.name.len() - 1);
            return Err(Wrong::Name(format!("Option \"{shown}\" was already set.")));
        }
        let start = written.bytes.len();
        self.put_option_value(last, option, &mut written.bytes)
            .map_err(Wrong::Value)?;
        if !written.is_alone {
            if option.aggregate_value.is_some() && !is_repeated {
                let whole = written.bytes[start..].to_vec();
                written.wholes.insert(chain.clone(), whole);
            }
            for length in 1..=chain.len() {
                if !written.paths.contains(&chain[..length]) {
                    written.paths.insert(Chain::from_slice(&chain[..length]));
                }
            }
        }
        for &id in outer.iter().rev() {
            let value = written.bytes.split_off(start);
            canonical::put_option(&self.table[id], &value, &mut written.bytes);
        }
        let numbers = chain.iter().map(|&id| self.table[id].number).collect();
        Ok((numbers, is_repeated))
    }
}

fn is_extension(part: &NamePart) -> bool {
    part.is_extension == Some(true)
}

fn unknown(option: &str) -> String {
    format!(
        "Option \"{option}\" unknown. Ensure that your proto definition file imports the proto which defines the option (i.e. via import option after edition 2024)."
    )
}

fn shown_part(part: &NamePart) -> String {
    let name = part.name_part.as_deref().unwrap_or_default();
    if is_extension(part) {
        format!("({name})")
    } else {
        name.to_owned()
    }
}

// Values.
impl Linker<'_> {
    /// Whether an option has been set, by itself, as a part of another one, or by a part of it.
    fn is_already_set(&self, written: &Written, chain: &[FieldId]) -> bool {
        written.paths.contains(chain)
            || (1..chain.len()).any(|length| {
                let (outer, _) = chain.split_at(length);
                let whole = written.wholes.get(outer);
                whole.is_some_and(|whole| self.is_set(whole, &chain[length - 1..]))
            })
    }

    /// Whether the field at the end of `chain` is set in `bytes`, or one on the way to it as a whole.
    fn is_set(&self, bytes: &[u8], chain: &[FieldId]) -> bool {
        let Some((&first, rest)) = chain.split_first() else {
            return false;
        };
        let number = self.table[first].number.unsigned_abs();
        let Some(message) = self.table[first].containing else {
            return false;
        };
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let Ok((found, _, value)) = canonical::next_field(self.table, message, &mut reader)
            else {
                return false;
            };
            if found == number && (rest.is_empty() || self.is_set(value, rest)) {
                return true;
            }
        }
        false
    }

    fn put_option_value(
        &mut self,
        id: FieldId,
        option: &UninterpretedOption,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let field = &self.table[id];
        let number = field.number.unsigned_abs();
        let name = &field.full_name;
        match field.type_ {
            field_type::INT32
            | field_type::SINT32
            | field_type::SFIXED32
            | field_type::INT64
            | field_type::SINT64
            | field_type::SFIXED64
            | field_type::UINT32
            | field_type::FIXED32
            | field_type::UINT64
            | field_type::FIXED64 => {
                let value = integer_option(field, option)?;
                put_integer(field.type_, number, value, out);
            }
            field_type::FLOAT | field_type::DOUBLE => {
                let is_float = field.type_ == field_type::FLOAT;
                let kind = if is_float { "float" } else { "double" };
                let value = number_option(option)
                    .ok_or_else(|| format!("Value must be number for {kind} option \"{name}\"."))?;
                put_float(is_float, number, value, out);
            }
            field_type::BOOL => {
                let value = match option.identifier_value.as_deref() {
                    Some("true") => true,
                    Some("false") => false,
                    Some(_) => {
                        return Err(format!(
                            "Value must be \"true\" or \"false\" for boolean option \"{name}\"."
                        ));
                    }
                    None => {
                        return Err(format!(
                            "Value must be identifier for boolean option \"{name}\"."
                        ));
                    }
                };
                put_tag(out, number, WireType::Varint);
                out.push(u8::from(value));
            }
            field_type::ENUM => {
                let Some(value) = option.identifier_value.as_deref() else {
                    return Err(format!(
                        "Value must be identifier for enum-valued option \"{name}\"."
                    ));
                };
                put_tag(out, number, WireType::Varint);
                put_varint(out, signed(self.enum_option(field, value)?.into()));
            }
            field_type::STRING | field_type::BYTES => {
                let Some(value) = &option.string_value else {
                    return Err(format!(
                        "Value must be quoted string for string option \"{name}\"."
                    ));
                };
                if field.needs_utf8() && std::str::from_utf8(value).is_err() {
                    return Err(format!(
                        "Value must be valid UTF-8 for string option \"{name}\"."
                    ));
                }
                put_bytes(out, number, value);
            }
            _ => {
                let Some(text) = &option.aggregate_value else {
                    let short = &field.name;
                    return Err(format!(
                        "Option \"{name}\" is a message. To set the entire message, use syntax like \"{short} = {{ <proto text format> }}\". To set fields within it, use syntax like \"{short}.foo = value\"."
                    ));
                };
                let value = self.aggregate(id, text).map_err(|error| {
                    let name = &self.table[id].name;
                    format!("Error while parsing option value for \"{name}\": {error}")
                })?;
                canonical::put_option(&self.table[id], &value, out);
            }
        }
        Ok(())
    }

    fn enum_option(&self, field: &Field, value: &str) -> Result<i32, String> {
        let name = &field.full_name;
        let Some(id) = field.enumeration else {
            return Err(format!("Option \"{name}\" has an unknown enum type."));
        };
        let declared = &self.table[id];
        if let Some((_, number)) = declared.values.iter().find(|(other, _)| **other == *value) {
            return Ok(*number);
        }
        let full_name = &declared.full_name;
        let scope = full_name.rsplit_once('.').map_or("", |(scope, _)| scope);
        let sibling = self.table.find(&crate::names::join(scope, value));
        let hint = if matches!(sibling, Some(Symbol::EnumValue(..))) {
            " This appears to be a value from a sibling type."
        } else {
            ""
        };
        Err(format!(
            "Enum type \"{full_name}\" has no value named \"{value}\" for option \"{name}\".{hint}"
        ))
    }
}

/// An integer option, checked against its type's range.
fn integer_option(field: &Field, option: &UninterpretedOption) -> Result<i128, String> {
    let (kind, min, max): (_, i128, i128) = match field.type_ {
        field_type::INT32 | field_type::SINT32 | field_type::SFIXED32 => {
            ("int32", i32::MIN.into(), i32::MAX.into())
        }
        field_type::INT64 | field_type::SINT64 | field_type::SFIXED64 => {
            ("int64", i64::MIN.into(), i64::MAX.into())
        }
        field_type::UINT32 | field_type::FIXED32 => ("uint32", 0, u32::MAX.into()),
        _ => ("uint64", 0, u64::MAX.into()),
    };
    let name = &field.full_name;
    let must_be_integer =
        || format!("Value must be integer, from {min} to {max}, for {kind} option \"{name}\".");
    let value = match (option.positive_int_value, option.negative_int_value) {
        (Some(value), _) => i128::from(value),
        (None, Some(value)) if min < 0 => i128::from(value),
        _ => return Err(must_be_integer()),
    };
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(format!(
            "Value out of range, {min} to {max}, for {kind} option \"{name}\"."
        ))
    }
}

#[expect(clippy::cast_precision_loss, reason = "rounded, as protoc does")]
fn number_option(option: &UninterpretedOption) -> Option<f64> {
    option
        .double_value
        .or_else(|| option.positive_int_value.map(|value| value as f64))
        .or_else(|| option.negative_int_value.map(|value| value as f64))
        .or(match option.identifier_value.as_deref() {
            Some("inf") => Some(f64::INFINITY),
            Some("nan") => Some(f64::NAN),
            _ => None,
        })
}

/// An integer of any type, already known to be in the type's range.
pub(super) fn put_integer(type_: i32, number: u32, value: i128, out: &mut Vec<u8>) {
    let wide = i64::try_from(value).unwrap_or_default();
    let unsigned = u64::try_from(value).unwrap_or_else(|_| signed(wide));
    match type_ {
        field_type::SFIXED32 | field_type::FIXED32 => {
            put_tag(out, number, WireType::Fixed32);
            out.extend_from_slice(&unsigned.to_le_bytes()[..4]);
        }
        field_type::SFIXED64 | field_type::FIXED64 => {
            put_tag(out, number, WireType::Fixed64);
            out.extend_from_slice(&unsigned.to_le_bytes());
        }
        field_type::SINT32 | field_type::SINT64 => {
            put_tag(out, number, WireType::Varint);
            put_varint(out, signed((wide << 1) ^ (wide >> 63)));
        }
        _ => {
            put_tag(out, number, WireType::Varint);
            put_varint(out, unsigned);
        }
    }
}

pub(super) fn put_float(is_float: bool, number: u32, value: f64, out: &mut Vec<u8>) {
    if is_float {
        put_tag(out, number, WireType::Fixed32);
        #[expect(clippy::cast_possible_truncation, reason = "the field holds a float")]
        out.extend_from_slice(&(value as f32).to_le_bytes());
    } else {
        put_tag(out, number, WireType::Fixed64);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Sign-extended, as negative numbers are on the wire.
pub(super) fn signed(value: i64) -> u64 {
    u64::from_le_bytes(value.to_le_bytes())
}

/// Locations of interpreted options get their new paths; what lies below them is dropped.
fn move_locations(info: &mut SourceCodeInfo, moved: &FxHashMap<Place, Place>) {
    let mut inside: Option<&[i32]> = None;
    info.rewrite(|place| {
        if inside.is_some_and(|prefix| place.starts_with(prefix)) {
            return Rewrite::Remove;
        }
        inside = None;
        let is_option = place.len() >= 2 && place[place.len() - 2] == path::UNINTERPRETED;
        if !is_option {
            return Rewrite::Keep;
        }
        match moved.get_key_value(place) {
            Some((old, new)) => {
                inside = Some(old);
                Rewrite::Move(new)
            }
            None => Rewrite::Keep,
        }
    });
}
