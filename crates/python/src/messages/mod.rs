//! Messages in Python: classes built at run time from descriptors, containers, descriptors and pools.
//!
//! A message is a Python object and a block of `russet_message` at once (see [`object`]); a class has one data descriptor a field ([`fields`]), so that `CPython`'s own type cache does the lookup. What is called often is written against the C API in the modules that say so; all else is plain `PyO3`. Parsing, serializing, merging, comparing and printing are `russet_message`'s.

mod buffer;
mod class;
mod class_names;
mod convert;
mod descriptor;
mod errors;
mod extension;
mod fields;
mod guard;
mod init;
mod iterate;
mod json;
mod json_document;
mod kept_numbers;
mod list;
mod list_read;
mod list_write;
mod map;
mod message;
mod message_wire;
mod object;
mod pool;
mod rules;
mod text;
mod types;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use russet_message::Host;

/// Adds this part to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if !Host::install(&object::HOST) {
        return Err(PyImportError::new_err(
            "russet's messages were used by Rust before Python loaded them in this process",
        ));
    }
    errors::register(module)?;
    types::register(module)?;
    module.add_class::<extension::ExtensionDict>()?;
    descriptor::register(module)?;
    pool::register(module)?;
    module.add_function(wrap_pyfunction!(class::get_message_class, module)?)?;
    module.add_function(wrap_pyfunction!(message::unknown_field_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(
        message_wire::set_allow_oversize_protos,
        module
    )?)?;
    guard::register(module)?;
    json::register(module)?;
    text::register(module)
}
