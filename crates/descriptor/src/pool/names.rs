//! Names and literals: JSON and camel-case spellings, the text of defaults.

use super::model::{Default, Enum, FieldType};

/// A name after that of its scope, a dot between.
pub(super) fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

/// lowerCamelCase as `ProtoJSON` spells field names: underscores go, the letter after each is capitalised.
pub fn json_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(end) = rest.bytes().position(|byte| byte == b'_') {
        push_part(&mut out, &rest[..end], rest.len() < name.len());
        rest = &rest[end + 1..];
    }
    push_part(&mut out, rest, rest.len() < name.len());
    out
}

fn push_part(out: &mut String, part: &str, capitalised: bool) {
    let start = out.len();
    out.push_str(part);
    if capitalised && let Some(first) = out.get_mut(start..=start) {
        first.make_ascii_uppercase();
    }
}

/// [`json_name`] with the first letter in lower case: `FieldDescriptor.camelcase_name`.
pub fn camelcase_name(name: &str) -> String {
    let mut out = json_name(name);
    if let Some(first) = out.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    out
}

/// A declared default, from its text in the descriptor.
pub(super) fn parse_default(
    text: &str,
    field_type: FieldType,
    enumeration: Option<&Enum>,
) -> Option<Default> {
    Some(match field_type {
        FieldType::Bool => Default::Bool(match text {
            "true" => true,
            "false" => false,
            _ => return None,
        }),
        FieldType::Int32 | FieldType::Sint32 | FieldType::Sfixed32 => {
            Default::I32(text.parse().ok()?)
        }
        FieldType::Uint32 | FieldType::Fixed32 => Default::U32(text.parse().ok()?),
        FieldType::Int64 | FieldType::Sint64 | FieldType::Sfixed64 => {
            Default::I64(text.parse().ok()?)
        }
        FieldType::Uint64 | FieldType::Fixed64 => Default::U64(text.parse().ok()?),
        // Rust reads `inf`, `-inf` and `nan` as protoc writes them.
        FieldType::Float => Default::F32(text.parse().ok()?),
        FieldType::Double => Default::F64(text.parse().ok()?),
        FieldType::String => Default::Bytes(text.as_bytes().to_vec()),
        FieldType::Bytes => Default::Bytes(unescape(text)?),
        FieldType::Enum => Default::Enum(enumeration?.value_by_name(text)?.number()),
        FieldType::Group | FieldType::Message => return None,
    })
}

/// The bytes of a C-escaped text, as protoc writes a `bytes` default.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let escape = *bytes.get(at)?;
        at += 1;
        out.push(match escape {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'x' | b'X' => {
                let (value, used) = digits(bytes.get(at..)?, 16, 2)?;
                at += used;
                value
            }
            b'0'..=b'7' => {
                let (value, used) = digits(bytes.get(at - 1..)?, 8, 3)?;
                at += used - 1;
                value
            }
            other => other,
        });
    }
    Some(out)
}

/// Up to `most` digits at the start of `bytes`: their value and how many there were; at least one.
fn digits(bytes: &[u8], radix: u32, most: usize) -> Option<(u8, usize)> {
    let mut value = 0_u32;
    let mut used = 0;
    while used < most
        && let Some(digit) = bytes.get(used).and_then(|&b| char::from(b).to_digit(radix))
    {
        value = value * radix + digit;
        used += 1;
    }
    (used > 0).then_some((u8::try_from(value).ok()?, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_json_and_camel_case_have_them() {
        for (name, json, camel) in [
            ("foo", "foo", "foo"),
            ("foo_bar", "fooBar", "fooBar"),
            ("_foo__bar_", "FooBar", "fooBar"),
            ("FooBar", "FooBar", "fooBar"),
            ("a_1b", "a1b", "a1b"),
            ("", "", ""),
            ("_", "", ""),
            ("a__üb_", "aüb", "aüb"),
        ] {
            assert_eq!(json_name(name), json);
            assert_eq!(camelcase_name(name), camel);
        }
    }

    #[test]
    fn bytes_defaults_are_unescaped() {
        for (text, bytes) in [
            ("ab", Some(&b"ab"[..])),
            (r#"\001\x41\n\\\""#, Some(b"\x01A\n\\\"")),
            (r"\377\0", Some(b"\xff\0")),
            (r"\x", None),
            ("\\", None),
            (r"\777", None),
        ] {
            assert_eq!(unescape(text).as_deref(), bytes, "{text}");
        }
    }
}
