//! Names that protoc derives from names.

use std::borrow::Cow;
use std::hash::Hasher;

use rustc_hash::FxHasher;
use smallvec::SmallVec;

/// `foo_bar` to `fooBar`: the JSON name of a field that sets none.
pub fn json_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut capitalize = false;
    for character in name.chars() {
        if character == '_' {
            capitalize = true;
        } else if capitalize {
            out.push(character.to_ascii_uppercase());
            capitalize = false;
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether the JSON names of all these fields differ. It may say no where they do; saying yes takes no memory for each of them.
pub(crate) fn json_names_differ<'n>(names: impl Iterator<Item = &'n str>) -> bool {
    all_differ(names.map(|name| {
        let mut hasher = FxHasher::default();
        let mut capitalize = false;
        for byte in name.bytes() {
            if byte == b'_' {
                capitalize = true;
            } else if std::mem::take(&mut capitalize) {
                hasher.write_u8(byte.to_ascii_uppercase());
            } else {
                hasher.write_u8(byte);
            }
        }
        hasher.finish()
    }))
}

/// Whether no two of the keys are the same.
pub(crate) fn all_differ<K: Ord>(keys: impl Iterator<Item = K>) -> bool {
    let mut keys: SmallVec<[K; 32]> = keys.collect();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

/// As [`json_name`]; most names of one word are their own.
pub(crate) fn json_name_of(name: &str) -> Cow<'_, str> {
    if name.contains('_') {
        Cow::Owned(json_name(name))
    } else {
        Cow::Borrowed(name)
    }
}

/// `foo_bar` to `FooBar`.
pub(crate) fn camel_case(name: &str) -> String {
    json_name(&format!("_{name}"))
}

/// The name of a map field's entry type: `foo_bar` to `FooBarEntry`.
pub(crate) fn map_entry_name(field: &str) -> String {
    let mut name = camel_case(field);
    name.push_str("Entry");
    name
}

/// Whether a name is letters, digits and underscores, not starting with a digit.
pub(crate) fn is_identifier(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes
        .first()
        .is_some_and(|&byte| crate::lexer::is_letter(byte))
        && bytes
            .iter()
            .all(|&byte| crate::lexer::is_alphanumeric(byte))
}

/// `scope` and `name` joined by a dot; an empty scope adds none.
pub(crate) fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        [scope, ".", name].concat()
    }
}

/// What the values of one enum must differ in: their names without the enum's own name before them, and in `PascalCase`.
pub(crate) struct EnumValueKeys {
    /// The enum's name in lower case, without underscores.
    prefix: Vec<u8>,
}

impl EnumValueKeys {
    pub(crate) fn new(enum_name: &str) -> Self {
        let letters = enum_name.bytes().filter(|&byte| byte != b'_');
        Self {
            prefix: letters.map(|byte| byte.to_ascii_lowercase()).collect(),
        }
    }

    pub(crate) fn key(&self, value: &str) -> String {
        pascal_case(strip_prefix(&self.prefix, value).unwrap_or(value)).collect()
    }

    /// Whether the keys of all these values differ. It may say no where they do; saying yes takes no memory for each of them.
    pub(crate) fn differ<'n>(&self, values: impl Iterator<Item = &'n str>) -> bool {
        all_differ(values.map(|value| {
            let mut hasher = FxHasher::default();
            for character in pascal_case(strip_prefix(&self.prefix, value).unwrap_or(value)) {
                hasher.write_u32(character.into());
            }
            hasher.finish()
        }))
    }
}

/// Matches `prefix` against `value` without regard to case and underscores; `None` where it does not match or nothing is left.
fn strip_prefix<'v>(prefix: &[u8], value: &'v str) -> Option<&'v str> {
    let bytes = value.as_bytes();
    let mut at = 0;
    for &wanted in prefix {
        while bytes.get(at) == Some(&b'_') {
            at += 1;
        }
        if bytes.get(at)?.to_ascii_lowercase() != wanted {
            return None;
        }
        at += 1;
    }
    while bytes.get(at) == Some(&b'_') {
        at += 1;
    }
    value.get(at..).filter(|rest| !rest.is_empty())
}

fn pascal_case(name: &str) -> impl Iterator<Item = char> {
    let mut capitalize = true;
    name.chars().filter_map(move |character| {
        if character == '_' {
            capitalize = true;
            None
        } else if std::mem::take(&mut capitalize) {
            Some(character.to_ascii_uppercase())
        } else {
            Some(character.to_ascii_lowercase())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_names() {
        assert_eq!(json_name("foo_bar__baz_1x"), "fooBarBaz1x");
        assert_eq!(json_name("_Foo"), "Foo");
        assert_eq!(map_entry_name("a_b"), "ABEntry");
        let keys = EnumValueKeys::new("NameType");
        assert_eq!(keys.key("NAME_TYPE_FIRST_NAME"), "FirstName");
        assert_eq!(keys.key("FIRST_NAME"), "FirstName");
        assert_eq!(EnumValueKeys::new("Foo").key("FOO_"), "Foo");
    }

    #[test]
    fn names_that_become_one() {
        assert!(json_names_differ(["a_b", "ab", "a", "_a"].into_iter()));
        assert!(!json_names_differ(["a_b", "c", "aB"].into_iter()));
        let keys = EnumValueKeys::new("Foo");
        assert!(keys.differ(["FOO_A", "B", "FOO_B_C"].into_iter()));
        assert!(!keys.differ(["FOO_A", "B", "A"].into_iter()));
        assert!(!keys.differ(["B_C", "FOO_b_c"].into_iter()));
    }
}
