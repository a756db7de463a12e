//! What every feature is in every edition, as a `FeatureSetDefaults`: what runtimes that resolve features themselves carry along.
//!
//! The features are the fields of `google.protobuf.FeatureSet` and of the messages that extend it; their options say since when they exist and what they are then. That the options agree with each other is checked when a file is linked, not here.

use std::collections::BTreeSet;

use russet_descriptor::pool::{Field, FieldType, Message, Pool};
use russet_descriptor::proto::edition;
use russet_descriptor::wire::{WireType, put_bytes, put_tag, put_varint};

use crate::editions::{MAXIMUM_EDITION, MINIMUM_EDITION, NAMES, edition_name};

const FEATURE_SET: &str = "google.protobuf.FeatureSet";

/// The extensions that protoc itself knows, those of C++, Java and C#. It writes others behind them, as it does with unknown fields.
const KNOWN_EXTENSIONS: [u32; 3] = [1000, 1001, 1004];

/// Fields of `FeatureSetDefaults` and of its `FeatureSetEditionDefault`.
mod number {
    pub(super) const DEFAULTS: u32 = 1;
    pub(super) const MINIMUM_EDITION: u32 = 4;
    pub(super) const MAXIMUM_EDITION: u32 = 5;
    pub(super) const EDITION: u32 = 3;
    pub(super) const OVERRIDABLE_FEATURES: u32 = 4;
    pub(super) const FIXED_FEATURES: u32 = 5;
}

/// The edition of a name such as `PROTO2` or `2024`: that of `descriptor.proto` without its `EDITION_`.
pub fn edition_of_name(name: &str) -> Option<i32> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known
        .map(|&(_, number)| number)
        .or((name == "UNKNOWN").then_some(edition::UNKNOWN))
}

/// The serialized `google.protobuf.FeatureSetDefaults` of all features that the files of `pool` declare, for the editions up to `maximum`; absent bounds, and those of the edition `UNKNOWN`, are the oldest and the newest edition that the compiler supports.
///
/// # Errors
/// protoc's words for it: there is no `FeatureSet`, the range is none, a message that extends `FeatureSet` is no set of features, or a default is not a value of its field.
pub fn edition_defaults(
    pool: &Pool,
    minimum: Option<i32>,
    maximum: Option<i32>,
) -> Result<Vec<u8>, String> {
    let bound = |given: Option<i32>, otherwise| match given {
        None | Some(edition::UNKNOWN) => otherwise,
        Some(number) => number,
    };
    let minimum = bound(minimum, MINIMUM_EDITION);
    let maximum = bound(maximum, MAXIMUM_EDITION);
    let feature_set = pool.message(FEATURE_SET).ok_or(
        "Could not find FeatureSet in descriptor pool.  Please make sure descriptor.proto is in your import path",
    )?;
    if minimum > maximum {
        return Err(format!(
            "Invalid edition range, edition {} is newer than edition {}",
            edition_name(minimum),
            edition_name(maximum)
        ));
    }
    check_features(feature_set)?;
    let mut extensions = pool.extensions_of(feature_set);
    extensions.sort_unstable_by_key(|extension| extension.number());
    let mut sets = Vec::with_capacity(extensions.len());
    for extension in extensions {
        let features = extension_features(extension)?;
        check_features(features)?;
        sets.push((extension, features));
    }
    let mut editions = BTreeSet::new();
    collect_editions(feature_set, maximum, &mut editions);
    for (_, features) in &sets {
        collect_editions(features, maximum, &mut editions);
    }
    let oldest = editions.first().copied().unwrap_or_default();
    if oldest != edition::LEGACY {
        return Err(format!(
            "Minimum edition {} is not EDITION_LEGACY",
            edition_name(oldest)
        ));
    }
    if oldest > minimum {
        return Err(format!(
            "Minimum edition {} is earlier than the oldest valid edition {}",
            edition_name(minimum),
            edition_name(oldest)
        ));
    }
    let mut out = Vec::new();
    for number in editions {
        let defaults = defaults_of(number, feature_set, &sets)?;
        put_bytes(&mut out, number::DEFAULTS, &defaults);
    }
    put_enum(&mut out, number::MINIMUM_EDITION, minimum);
    put_enum(&mut out, number::MAXIMUM_EDITION, maximum);
    Ok(out)
}

/// The message of an extension of `FeatureSet`.
fn extension_features(extension: &'static Field) -> Result<&'static Message, String> {
    let name = extension.full_name();
    let Some(features) = extension.message_type() else {
        return Err(format!(
            "FeatureSet extension {name} is not of message type.  Feature extensions should always use messages to allow for evolution."
        ));
    };
    if extension.is_repeated() {
        return Err(format!(
            "Only singular features extensions are supported.  Found repeated extension {name}"
        ));
    }
    if !features.extensions().is_empty() || features.is_extendable() {
        return Err(format!(
            "Nested extensions in feature extension {name} are not supported."
        ));
    }
    Ok(features)
}

/// Whether all fields of a message can be features.
fn check_features(features: &Message) -> Result<(), String> {
    if !features.oneofs().is_empty() {
        return Err(format!(
            "Type {} contains unsupported oneof feature fields.",
            features.full_name()
        ));
    }
    for field in features.fields() {
        check_feature(field)
            .map_err(|problem| format!("Feature field {} {problem}", field.full_name()))?;
    }
    Ok(())
}

fn check_feature(field: &Field) -> Result<(), String> {
    let options = field.proto().options.as_deref();
    let defaults = options.map_or(&[][..], |options| &options.edition_defaults);
    let support = options.and_then(|options| options.feature_support.as_ref());
    let problem = if field.is_required() {
        "is an unsupported required field."
    } else if field.is_repeated() {
        "is an unsupported repeated field."
    } else if !matches!(field.field_type(), FieldType::Enum | FieldType::Bool) {
        "is not an enum or boolean."
    } else if options.is_none_or(|options| options.targets.is_empty()) {
        "has no target specified."
    } else if !defaults
        .iter()
        .any(|default| default.edition == Some(edition::LEGACY))
    {
        "has no default specified for EDITION_LEGACY, before it was introduced."
    } else if support.is_none() {
        "has no feature support specified."
    } else if support.is_some_and(|support| support.edition_introduced.is_none()) {
        "does not specify the edition it was introduced in."
    } else {
        ""
    };
    if !problem.is_empty() {
        return Err(problem.to_owned());
    }
    let introduced = support.and_then(|support| support.edition_introduced);
    let removed = support.and_then(|support| support.edition_removed);
    for default in defaults {
        let number = default.edition.unwrap_or_default();
        // What a feature was called before editions may always be said.
        if number < edition::EDITION_2023 {
            continue;
        }
        let when = if introduced.is_some_and(|introduced| number < introduced) {
            "before it was introduced"
        } else if removed.is_some_and(|removed| number > removed) {
            "after it was removed"
        } else {
            continue;
        };
        return Err(format!(
            "has a default specified for edition {}, {when}.",
            edition_name(number)
        ));
    }
    Ok(())
}

/// Adds the editions in which something changes.
fn collect_editions(features: &Message, maximum: i32, editions: &mut BTreeSet<i32>) {
    for field in features.fields() {
        let Some(options) = field.proto().options.as_deref() else {
            continue;
        };
        let support = options.feature_support.as_ref();
        let introduced = support.and_then(|support| support.edition_introduced);
        let changes = options
            .edition_defaults
            .iter()
            .map(|default| default.edition.unwrap_or_default())
            .chain(support.and_then(|support| support.edition_removed))
            .chain([introduced.unwrap_or_default()]);
        editions.extend(changes.filter(|&number| number <= maximum || number == edition::UNSTABLE));
    }
}

/// Features as the two parts of a default: those that files of the edition may set, and those that they may not, since they do not exist yet or no longer.
#[derive(Default)]
struct Parts {
    overridable: Vec<u8>,
    fixed: Vec<u8>,
}

/// A serialized `FeatureSetEditionDefault`.
fn defaults_of(
    number: i32,
    feature_set: &Message,
    sets: &[(&Field, &Message)],
) -> Result<Vec<u8>, String> {
    let mut parts = Parts::default();
    put_features(number, feature_set, &mut parts)?;
    let is_known = |extension: &Field| KNOWN_EXTENSIONS.contains(&extension.number());
    let (known, other): (Vec<_>, Vec<_>) =
        sets.iter().partition(|(extension, _)| is_known(extension));
    for (extension, features) in known.into_iter().chain(other) {
        let mut inner = Parts::default();
        put_features(number, features, &mut inner)?;
        put_message(&mut parts.overridable, extension, &inner.overridable);
        put_message(&mut parts.fixed, extension, &inner.fixed);
    }
    let mut out = Vec::new();
    put_enum(&mut out, number::EDITION, number);
    put_bytes(&mut out, number::OVERRIDABLE_FEATURES, &parts.overridable);
    put_bytes(&mut out, number::FIXED_FEATURES, &parts.fixed);
    Ok(out)
}

fn put_features(number: i32, features: &Message, parts: &mut Parts) -> Result<(), String> {
    let mut fields: Vec<&Field> = features.fields().iter().collect();
    fields.sort_unstable_by_key(|field| field.number());
    for field in fields {
        let Some(options) = field.proto().options.as_deref() else {
            continue;
        };
        let support = options.feature_support.as_ref();
        let exists = support.is_none_or(|support| {
            support
                .edition_introduced
                .is_none_or(|since| number >= since)
                && support.edition_removed.is_none_or(|until| number < until)
        });
        // Of several for one edition the last one holds.
        let default = options
            .edition_defaults
            .iter()
            .filter(|default| default.edition.unwrap_or_default() <= number)
            .max_by_key(|default| default.edition.unwrap_or_default())
            .ok_or_else(|| {
                format!(
                    "No valid default found for edition {} in feature field {}",
                    edition_name(number),
                    field.full_name()
                )
            })?;
        let text = default.value.as_deref().unwrap_or_default();
        let value = value_of(field, text).ok_or_else(|| {
            format!(
                "Parsing error in edition_defaults for feature field {}. Could not parse: {text}",
                field.full_name()
            )
        })?;
        let part = if exists {
            &mut parts.overridable
        } else {
            &mut parts.fixed
        };
        put_enum(part, field.number(), value);
    }
    Ok(())
}

/// A value in text format, with white space and comments around it.
fn value_of(field: &Field, text: &str) -> Option<i32> {
    let bare: Vec<&str> = text
        .lines()
        .map(|line| line.split_once('#').map_or(line, |(before, _)| before))
        .collect();
    let bare = bare.join("\n");
    let token = bare.trim();
    let (is_negative, token) = match token.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, token),
    };
    let Some(declared) = field.enum_type() else {
        return match token {
            _ if is_negative => None,
            "true" | "True" | "t" => Some(1),
            "false" | "False" | "f" => Some(0),
            _ => integer(token)
                .filter(|value| *value <= 1)
                .and_then(|value| i32::try_from(value).ok()),
        };
    };
    if let (false, Some(value)) = (is_negative, declared.value_by_name(token)) {
        return Some(value.number());
    }
    let magnitude = integer(token)?;
    let value = i32::try_from(if is_negative { -magnitude } else { magnitude }).ok()?;
    (!field.is_closed_enum() || declared.value_by_number(value).is_some()).then_some(value)
}

/// A decimal, hexadecimal or octal integer without a sign.
fn integer(token: &str) -> Option<i64> {
    let hexadecimal = token
        .strip_prefix("0x")
        .or_else(|| token.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, token.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (token, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(digits, radix).ok()
}

fn put_enum(out: &mut Vec<u8>, number: u32, value: i32) {
    put_tag(out, number, WireType::Varint);
    // Negative numbers are ten bytes long on the wire.
    put_varint(out, i64::from(value).cast_unsigned());
}

fn put_message(out: &mut Vec<u8>, field: &Field, bytes: &[u8]) {
    if field.field_type() == FieldType::Group {
        put_tag(out, field.number(), WireType::StartGroup);
        out.extend_from_slice(bytes);
        put_tag(out, field.number(), WireType::EndGroup);
    } else {
        put_bytes(out, field.number(), bytes);
    }
}
