//! The exceptions that this part raises, as `google.protobuf` has them, with texts that say more.

use std::fmt::Display;

use pyo3::create_exception;
use pyo3::exceptions::{
    PyAttributeError, PyException, PyRecursionError, PyTypeError, PyValueError,
};
use pyo3::prelude::*;
use russet_descriptor::pool;
use russet_message::{FieldInfo, Storage, TooDeep};

create_exception!(
    russet.protobuf.message,
    Error,
    PyException,
    "Base of the errors of messages."
);
create_exception!(
    russet.protobuf.message,
    DecodeError,
    Error,
    "Bytes are not a message of the type."
);
create_exception!(
    russet.protobuf.message,
    EncodeError,
    Error,
    "A message cannot be serialized."
);

/// The longest part of a value that a text shows, in characters.
const SHOWN: usize = 60;

/// A value as an error shows it: its type and the start of its repr.
pub(super) fn shown(value: &Bound<'_, PyAny>) -> String {
    let name = value
        .get_type()
        .name()
        .map_or_else(|_| "object".to_owned(), |name| name.to_string());
    let Ok(repr) = value.repr() else { return name };
    let repr = repr.to_string();
    let mut start: String = repr.chars().take(SHOWN).collect();
    if start.len() < repr.len() {
        start.push_str("...");
    }
    format!("{name} {start}")
}

/// A value of the wrong type for a field.
#[cold]
pub(super) fn wrong_type(
    field: &FieldInfo,
    expected: impl Display,
    value: &Bound<'_, PyAny>,
) -> PyErr {
    // Programs match on the original's words, which follow.
    let class = value
        .get_type()
        .name()
        .map_or_else(|_| String::from("object"), |name| name.to_string());
    let original = match field.storage() {
        Storage::I32 | Storage::U32 | Storage::I64 | Storage::U64 => {
            format!(" ('{class}' object cannot be interpreted as an integer)")
        }
        Storage::F32 | Storage::F64 => format!(" (must be real number, not {class})"),
        Storage::Bool | Storage::Text | Storage::Message => String::new(),
    };
    PyTypeError::new_err(format!(
        "Field {}: expected {expected}, got {}{original}",
        field.descriptor().full_name(),
        shown(value)
    ))
}

/// A number that a field's type does not hold.
#[cold]
pub(super) fn out_of_range(
    field: &FieldInfo,
    value: &Bound<'_, PyAny>,
    least: impl Display,
    most: impl Display,
) -> PyErr {
    PyValueError::new_err(format!(
        "Field {}: Value out of range: {}; it holds {least} to {most}",
        field.descriptor().full_name(),
        value
            .str()
            .map_or_else(|_| "an integer".to_owned(), |text| text.to_string()),
    ))
}

/// A field that a message type does not have, as a `ValueError`.
#[cold]
pub(super) fn no_field(message: &pool::Message, name: &str) -> PyErr {
    PyValueError::new_err(no_field_text(message, name))
}

/// The same as an `AttributeError`, where an attribute was asked for.
#[cold]
pub(super) fn no_attribute(message: &pool::Message, name: &str) -> PyErr {
    PyAttributeError::new_err(no_field_text(message, name))
}

fn no_field_text(message: &pool::Message, name: &str) -> String {
    format!(
        "Protocol message {} has no \"{name}\" field.",
        message.name()
    )
}

/// Messages nested deeper than can be followed.
#[cold]
pub(super) fn too_deep(error: TooDeep) -> PyErr {
    PyRecursionError::new_err(error.to_string())
}

/// Adds the exceptions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("Error", py.get_type::<Error>())?;
    module.add("DecodeError", py.get_type::<DecodeError>())?;
    module.add("EncodeError", py.get_type::<EncodeError>())
}
