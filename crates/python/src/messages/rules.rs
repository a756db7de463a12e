//! Rules that changed from one major version of protobuf to another, for programs that pin an older one.

use std::sync::OnceLock;

use pyo3::exceptions::{PyDeprecationWarning, PyTypeError};
use pyo3::prelude::*;
use russet_message::FieldInfo;

/// The major version whose rules hold. Asked where a rule is about to matter, and once.
fn major(py: Python<'_>) -> PyResult<u32> {
    static MAJOR: OnceLock<u32> = OnceLock::new();
    if let Some(major) = MAJOR.get() {
        return Ok(*major);
    }
    let major: u32 = py
        .import("russet._versions")?
        .call_method0("protobuf_major")?
        .extract()?;
    Ok(*MAJOR.get_or_init(|| major))
}

/// A bool where an int belongs: taken before 6, taken with a warning by 6, and an error since 7.
pub(super) fn bool_as_int(py: Python<'_>, field: &FieldInfo) -> PyResult<()> {
    let major = major(py)?;
    if major < 6 {
        return Ok(());
    }
    let name = field.descriptor().full_name();
    let text = format!("Field {name}: Expected an int, got a boolean.");
    if major > 6 {
        return Err(PyTypeError::new_err(text));
    }
    let category = py.get_type::<PyDeprecationWarning>();
    let text = std::ffi::CString::new(format!(
        "{text} This will be rejected in 7.34.0, please fix it before that"
    ))?;
    PyErr::warn(py, &category, &text, 1)
}

/// Whether generated code makes descriptors by itself, as protoc before 3.19 has it do.
pub(super) fn code_makes_descriptors(py: Python<'_>) -> PyResult<bool> {
    static MAKES: OnceLock<bool> = OnceLock::new();
    if let Some(makes) = MAKES.get() {
        return Ok(*makes);
    }
    let makes: bool = py
        .import("russet.protobuf._old_generated_code")?
        .call_method0("is_allowed")?
        .extract()?;
    Ok(*MAKES.get_or_init(|| makes))
}
