//! `text_format`: printing and parsing.

#![expect(unsafe_code, reason = "the argument is checked to be a message")]

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use russet_message::text_format::{self, Dialect, NumberError, Parser, Printer, Resolution};
use russet_message::{FieldInfo, MAX_NESTING, Message, MessageType, Storage, Value};

use super::convert::{self, Truth};
use super::errors::{self, DecodeError};
use super::guard::check;
use super::object::{bind, message_of};
use super::pool::{self, DescriptorPool, Names};
use super::{descriptor, types};

/// The options of `text_format.MessageToString`, by the names that it has for them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Options<'py> {
    as_utf8: Truth,
    as_one_line: Truth,
    use_short_repeated_primitives: Truth,
    pointy_brackets: Truth,
    use_index_order: Truth,
    use_field_number: Truth,
    descriptor_pool: Option<Bound<'py, DescriptorPool>>,
    indent: usize,
    message_formatter: Option<Bound<'py, PyAny>>,
    print_unknown_fields: Truth,
    force_colon: Truth,
}

impl<'py> Options<'py> {
    fn printer(&self) -> Printer {
        Printer {
            as_one_line: self.as_one_line.0,
            indent: self.indent,
            as_utf8: self.as_utf8.0,
            use_short_repeated_primitives: self.use_short_repeated_primitives.0,
            pointy_brackets: self.pointy_brackets.0,
            use_index_order: self.use_index_order.0,
            print_unknown_fields: self.print_unknown_fields.0,
            force_colon: self.force_colon.0,
            use_field_number: self.use_field_number.0,
            ..Printer::new(Dialect::TextFormat)
        }
    }

    /// Runs `print` with the pool and the formatter of the options; the first error of either is raised.
    fn print(
        &self,
        py: Python<'py>,
        print: impl FnOnce(Printer, Resolution<'_>) -> Result<String, text_format::PrintError>,
    ) -> PyResult<String> {
        let names = Names::new(py, self.descriptor_pool.clone());
        let raised = RefCell::new(None);
        let format = |message: &Message, indent: usize| {
            let formatter = self.message_formatter.as_ref()?;
            if raised.borrow().is_some() {
                return Some(String::new());
            }
            let formatted = bind(py, message.clone())
                .and_then(|message| formatter.call1((message, indent, self.as_one_line.0)))
                .and_then(|text| text.extract::<Option<String>>());
            formatted.unwrap_or_else(|error| {
                raised.replace(Some(error));
                Some(String::new())
            })
        };
        let resolution = Resolution {
            types: Some(&names),
            format: self
                .message_formatter
                .is_some()
                .then_some(&format as &text_format::Format<'_>),
        };
        let printed = print(self.printer(), resolution);
        if let Some(error) = raised.into_inner() {
            return Err(error);
        }
        names.finish()?;
        printed.map_err(|error| DecodeError::new_err(error.to_string()))
    }
}

/// The message that an argument is.
pub(super) fn message_argument(object: &Bound<'_, PyAny>) -> PyResult<ManuallyDrop<Message>> {
    if !types::is_message(object.as_ptr()) {
        return Err(PyTypeError::new_err(format!(
            "expected a message, got {}",
            errors::shown(object)
        )));
    }
    // SAFETY: just checked, and alive for the call.
    Ok(unsafe { message_of(object.as_ptr()) })
}

/// The text of a message, as `text_format.PrintMessage` writes it; without options, with all of them as they are by default.
#[pyfunction]
pub(super) fn message_to_string<'py>(
    py: Python<'py>,
    message: &Bound<'py, PyAny>,
    options: Option<Options<'py>>,
) -> PyResult<String> {
    let message = message_argument(message)?;
    let Some(options) = options else {
        let names = Names::new(py, None);
        let resolution = Resolution {
            types: Some(&names),
            format: None,
        };
        let printed = Printer::new(Dialect::TextFormat).print_with(&message, resolution);
        names.finish()?;
        return printed.map_err(|error| DecodeError::new_err(error.to_string()));
    };
    options.print(py, |printer, resolution| {
        printer.print_with(&message, resolution)
    })
}

/// The text of one value of a field, as `text_format.PrintField` writes it, or `PrintFieldValue`.
#[pyfunction]
pub(super) fn field_to_string<'py>(
    py: Python<'py>,
    field: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
    value_only: bool,
    options: Options<'py>,
) -> PyResult<String> {
    let descriptor = descriptor::field_of(field)?;
    let info = if descriptor.is_extension() {
        FieldInfo::of_extension(descriptor)
    } else {
        MessageType::of(descriptor.containing_type())
            .field_of(descriptor)
            .ok_or_else(|| PyValueError::new_err("the field is not of its message"))?
    };
    let value = if info.storage() == Storage::Message {
        Value::Message((*message_argument(value)?).clone())
    } else {
        convert::to_value(info, value)?
    };
    options.print(py, |printer, resolution| {
        printer.print_field(info, &value, value_only, resolution)
    })
}

/// What is wrong with a text, and line and column where they are known.
type Wrong = (String, Option<usize>, Option<usize>);

/// Parses text into a message. What is wrong with it is returned.
#[pyfunction]
#[pyo3(signature = (message, text, *, allow_unknown_extension, allow_unknown_field, allow_field_number, allow_overwrite, descriptor_pool, max_recursion_depth))]
#[expect(
    clippy::too_many_arguments,
    reason = "they are the options of the original's function, by keyword"
)]
pub(super) fn parse_text<'py>(
    py: Python<'py>,
    message: &Bound<'py, PyAny>,
    text: &str,
    allow_unknown_extension: Truth,
    allow_unknown_field: Truth,
    allow_field_number: Truth,
    allow_overwrite: Truth,
    descriptor_pool: Option<Bound<'py, DescriptorPool>>,
    max_recursion_depth: Option<u32>,
) -> PyResult<Option<Wrong>> {
    let message = message_argument(message)?;
    check(py, &*message)?;
    let names = Names::new(py, descriptor_pool);
    let own = pool::by_id(message.ty().descriptor().file().pool_id())
        .ok_or_else(|| PyValueError::new_err("the message's type is of no pool"))?;
    let parser = Parser {
        extensions: own,
        types: &names,
        allow_unknown_extension: allow_unknown_extension.0,
        allow_unknown_field: allow_unknown_field.0,
        allow_field_number: allow_field_number.0,
        allow_overwrite: allow_overwrite.0,
        max_depth: max_recursion_depth.unwrap_or(MAX_NESTING),
    };
    let parsed = parser.merge(&message, text);
    names.finish()?;
    Ok(parsed.err().map(|error| {
        let text = match error.source_line() {
            Some(line) => format!("'{line}': {}", error.message()),
            None => error.message().to_owned(),
        };
        let (line, column) = error.position().unzip();
        (text, line, column)
    }))
}

/// An integer of text format, `text_format.ParseInteger`.
#[pyfunction]
pub(super) fn parse_text_integer(text: &str, is_signed: bool, is_long: bool) -> PyResult<i128> {
    let (least, most) = match (is_signed, is_long) {
        (true, false) => (i32::MIN.into(), i32::MAX.into()),
        (true, true) => (i64::MIN.into(), i64::MAX.into()),
        (false, false) => (0, u32::MAX.into()),
        (false, true) => (0, u64::MAX.into()),
    };
    text_format::parse_integer(text, least, most).map_err(|error| number_error(&error))
}

/// A floating-point number of text format, `text_format.ParseFloat`.
#[pyfunction]
pub(super) fn parse_text_float(text: &str) -> PyResult<f64> {
    text_format::parse_float(text).map_err(|error| number_error(&error))
}

fn number_error(error: &NumberError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// `text_encoding.CUnescape`.
#[pyfunction]
pub(super) fn c_unescape(text: &str) -> PyResult<Vec<u8>> {
    text_format::unescape(text).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Adds the functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(message_to_string, module)?)?;
    module.add_function(wrap_pyfunction!(field_to_string, module)?)?;
    module.add_function(wrap_pyfunction!(parse_text, module)?)?;
    module.add_function(wrap_pyfunction!(parse_text_integer, module)?)?;
    module.add_function(wrap_pyfunction!(parse_text_float, module)?)?;
    module.add_function(wrap_pyfunction!(c_unescape, module)?)
}
