//! `google.protobuf.FieldMask` in JSON: paths in camel case, with commas between them.

/// A path as it is in JSON.
pub(super) fn to_camel_case(path: &str) -> Result<String, String> {
    let mut out = String::with_capacity(path.len());
    let mut after_underscore = false;
    for c in path.chars() {
        if c.is_uppercase() {
            return Err(format!(
                "Fail to print FieldMask to Json string: Path name {path} must not contain uppercase letters."
            ));
        }
        if after_underscore {
            if !c.is_lowercase() {
                return Err(format!(
                    "Fail to print FieldMask to Json string: The character after a \"_\" must be a lowercase letter in path name {path}."
                ));
            }
            out.extend(c.to_uppercase());
            after_underscore = false;
        } else if c == '_' {
            after_underscore = true;
        } else {
            out.push(c);
        }
    }
    if after_underscore {
        return Err(format!(
            "Fail to print FieldMask to Json string: Trailing \"_\" in path name {path}."
        ));
    }
    Ok(out)
}

/// A path of JSON as it is in the mask.
pub(super) fn to_snake_case(path: &str) -> Result<String, String> {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c == '_' {
            return Err(format!(
                "Fail to parse FieldMask: Path name {path} must not contain \"_\"s."
            ));
        }
        if c.is_uppercase() {
            out.push('_');
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_change_their_case_and_back() {
        for (snake, camel) in [
            ("", ""),
            ("a", "a"),
            ("foo_bar.baz_q", "fooBar.bazQ"),
            ("a1", "a1"),
        ] {
            assert_eq!(to_camel_case(snake).as_deref(), Ok(camel));
            assert_eq!(to_snake_case(camel).as_deref(), Ok(snake));
        }
        for snake in ["fooBar", "foo_", "foo__bar", "foo_1"] {
            assert!(to_camel_case(snake).is_err(), "{snake}");
        }
        assert!(to_snake_case("foo_bar").is_err());
    }
}
