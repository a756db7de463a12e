//! `text_format.MessageToString`.

#![expect(unsafe_code, reason = "the argument is checked to be a message")]

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use russet_message::text_format::{Dialect, Printer};

use super::object::message_of;
use super::{errors, types};

/// The text of a message, as `text_format.MessageToString` prints it.
#[pyfunction]
#[pyo3(signature = (message, *, as_utf8, as_one_line, use_short_repeated_primitives, pointy_brackets, use_index_order, use_field_number, indent, print_unknown_fields, force_colon))]
#[expect(
    clippy::too_many_arguments,
    clippy::fn_params_excessive_bools,
    reason = "they are the options of the original's function, by keyword"
)]
pub(super) fn message_to_string(
    message: &Bound<'_, PyAny>,
    as_utf8: bool,
    as_one_line: bool,
    use_short_repeated_primitives: bool,
    pointy_brackets: bool,
    use_index_order: bool,
    use_field_number: bool,
    indent: usize,
    print_unknown_fields: bool,
    force_colon: bool,
) -> PyResult<String> {
    if !types::is_message(message.as_ptr()) {
        return Err(PyTypeError::new_err(format!(
            "expected a message, got {}",
            errors::shown(message)
        )));
    }
    let printer = Printer {
        as_one_line,
        indent,
        as_utf8,
        use_short_repeated_primitives,
        pointy_brackets,
        use_index_order,
        print_unknown_fields,
        force_colon,
        use_field_number,
        ..Printer::new(Dialect::TextFormat)
    };
    // SAFETY: just checked, and alive for the call.
    let message = unsafe { message_of(message.as_ptr()) };
    Ok(printer.print(&message))
}
