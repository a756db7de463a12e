//! Distinguished names as OpenSSL writes them by RFC 2253: what servers compare a client's `x509_subject` with.

use x509_parser::asn1_rs::{Any, Class, Oid, Tag};
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

/// Short names of attribute types. Others are written as numbers, with their value in hexadecimal.
const SHORT_NAMES: [(&str, &str); 49] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.14", "searchGuide"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.18", "postOfficeBox"),
    ("2.5.4.19", "physicalDeliveryOfficeName"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.21", "telexNumber"),
    ("2.5.4.23", "facsimileTelephoneNumber"),
    ("2.5.4.24", "x121Address"),
    ("2.5.4.26", "registeredAddress"),
    ("2.5.4.27", "destinationIndicator"),
    ("2.5.4.31", "member"),
    ("2.5.4.32", "owner"),
    ("2.5.4.33", "roleOccupant"),
    ("2.5.4.34", "seeAlso"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.51", "houseIdentifier"),
    ("2.5.4.54", "dmdName"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.72", "role"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.3", "mail"),
    ("0.9.2342.19200300.100.1.4", "info"),
    ("0.9.2342.19200300.100.1.6", "roomNumber"),
    ("0.9.2342.19200300.100.1.9", "host"),
    ("0.9.2342.19200300.100.1.10", "manager"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.44", "uid"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.2.840.113549.1.9.7", "challengePassword"),
    ("1.2.840.113549.1.9.8", "unstructuredAddress"),
];

/// The last part first, parts with commas between them and the attributes of one part with plus signs.
pub(super) fn write_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name.iter().map(write_part).collect();
    parts.reverse();
    parts.join(",")
}

fn write_part(part: &RelativeDistinguishedName<'_>) -> String {
    let mut attributes: Vec<String> = part.iter().map(write_attribute).collect();
    attributes.reverse();
    attributes.join("+")
}

fn write_attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let value = attribute.attr_value();
    match (short_name(attribute.attr_type()), text_of(value)) {
        (Some(name), Some(text)) => format!("{name}={}", escape(&text)),
        (name, _) => {
            let number = attribute.attr_type().to_id_string();
            format!("{}={}", name.unwrap_or(&number), dump(value))
        }
    }
}

fn short_name(kind: &Oid<'_>) -> Option<&'static str> {
    let number = kind.to_id_string();
    SHORT_NAMES
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, name)| *name)
}

/// The text of a value; `None` where it is no string.
pub(super) fn text_of(value: &Any<'_>) -> Option<String> {
    if value.class() != Class::Universal {
        return None;
    }
    let bytes: &[u8] = value.data;
    match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString => String::from_utf8(bytes.to_vec()).ok(),
        // OpenSSL takes it as Latin-1.
        Tag::T61String => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => bytes
            .chunks(2)
            .map(|unit| Some(u32::from(u16::from_be_bytes(unit.try_into().ok()?))))
            .map(|unit| unit.and_then(char::from_u32))
            .collect(),
        Tag::UniversalString => bytes
            .chunks(4)
            .map(|unit| char::from_u32(u32::from_be_bytes(unit.try_into().ok()?)))
            .collect(),
        _ => None,
    }
}

/// Escapes what has a meaning in a name, and whatever is not printable ASCII.
fn escape(text: &str) -> String {
    use std::fmt::Write as _;

    let last = text.len().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (index, byte) in text.bytes().enumerate() {
        let special = match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => true,
            b'#' => index == 0,
            b' ' => index == 0 || index == last,
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        if (b' '..=b'~').contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "\\{byte:02X}");
        }
    }
    escaped
}

/// The value's encoding in hexadecimal.
fn dump(value: &Any<'_>) -> String {
    use std::fmt::Write as _;
    use x509_parser::asn1_rs::ToDer as _;

    let mut text = String::from("#");
    for byte in value.to_der_vec_raw().unwrap_or_default() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_rfc_2253_says() {
        for (text, escaped) in [
            ("plain", "plain"),
            ("a+b,c", "a\\+b\\,c"),
            ("a;b<c>d=e\\\"", "a\\;b\\<c\\>d=e\\\\\\\""),
            ("#a#", "\\#a#"),
            (" a b ", "\\ a b\\ "),
            (" ", "\\ "),
            ("\u{fc}\n\x7f", "\\C3\\BC\\0A\\7F"),
            ("", ""),
        ] {
            assert_eq!(escape(text), escaped, "{text:?}");
        }
    }

    #[test]
    fn strings_of_every_kind_are_read() {
        for (tag, bytes, text) in [
            (Tag::Utf8String, &b"\xc3\xbc"[..], Some("\u{fc}")),
            (Tag::Utf8String, b"\xff", None),
            (Tag::PrintableString, b"x", Some("x")),
            (Tag::T61String, b"\xfc", Some("\u{fc}")),
            (Tag::BmpString, b"\x00\xfc\x00x", Some("\u{fc}x")),
            (Tag::BmpString, b"\x00", None),
            (Tag::UniversalString, b"\x00\x01\xf6\x00", Some("\u{1f600}")),
            (Tag::BitString, b"\x00\x01", None),
        ] {
            assert_eq!(
                text_of(&Any::from_tag_and_data(tag, bytes)).as_deref(),
                text
            );
        }
        assert_eq!(
            dump(&Any::from_tag_and_data(Tag::Utf8String, b"xx")),
            "#0C027878"
        );
    }
}
