//! "Did you mean": the known name that a wrong one is most like.

/// The candidate that `name` is most like, if one is near enough: no more than a third of its letters differ. The comparison is blind to case and underscores.
pub(crate) fn closest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let wanted = plain(name);
    let limit = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name && candidate.len().abs_diff(name.len()) <= limit + 2)
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit && *distance < wanted.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// The scalar that a type of another language stands for.
pub(crate) fn scalar_of_other_language(name: &str) -> Option<&'static str> {
    Some(match name {
        "int" | "integer" | "Integer" | "short" | "int16" | "int8" | "i32" => "int32",
        "long" | "Long" | "i64" => "int64",
        "uint" | "unsigned" | "uint16" | "uint8" | "u32" => "uint32",
        "u64" | "ulong" => "uint64",
        "boolean" | "Boolean" | "Bool" => "bool",
        "str" | "String" | "text" | "char" => "string",
        "byte" | "Bytes" | "blob" | "binary" => "bytes",
        "float32" | "f32" | "Float" => "float",
        "float64" | "f64" | "Double" | "number" | "decimal" => "double",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["message", "enum", "service", "Timestamp", "foo_bar", "a"];
        for (name, found) in [
            ("mesage", Some("message")),
            ("Message", Some("message")),
            ("sevrice", Some("service")),
            ("timestamp", Some("Timestamp")),
            ("fooBar", Some("foo_bar")),
            ("field", None),
            ("b", None),
            ("enum", None),
        ] {
            assert_eq!(closest(name, known), found, "{name}");
        }
    }
}
