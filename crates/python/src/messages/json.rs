//! `json_format`: JSON text and Python's dicts out of messages and into them.
//!
//! The functions are what programs call, without a layer in Python: for a small message, that would take longer than the work.

use std::borrow::Cow;

use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use russet_message::json::{
    Document, Kind, ParseError, Parser, PrintError, Printer, Sink, TextSink, scalar_value,
};
use russet_message::{FieldInfo, Storage, Text};
use rustc_hash::FxHashMap;

use super::convert::{self, Truth};
use super::errors::DecodeError;
use super::guard::check;
use super::json_document::document_of;
use super::pool::{self, DescriptorPool, Names};
use super::text::{field_info, message_argument};

/// What is raised where a message has no JSON.
fn raised<E: Into<PyErr>>(py: Python<'_>, error: PrintError<E>) -> PyErr {
    match error {
        PrintError::Sink(error) => error.into(),
        PrintError::Field(text) => json_error(py, "SerializeToJsonError", text),
        PrintError::Value(text) => PyValueError::new_err(text),
        PrintError::UnknownType(text) => PyTypeError::new_err(text),
        PrintError::Decode(error) => DecodeError::new_err(error.to_string()),
    }
}

/// An exception of a class of `json_format`, which is in Python.
fn json_error(py: Python<'_>, class: &str, text: String) -> PyErr {
    let module = py.import("russet.protobuf.json_format");
    let error = module.and_then(|module| module.getattr(class)?.call1((text,)));
    error.map_or_else(|error| error, PyErr::from_value)
}

/// The printer and parser in Python, once a program has changed them: from then on they do all the work.
static CHANGED: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// Has everything printed and parsed by the functions of a module, which have the names and the parameters of `json_format`.
#[pyfunction]
fn replace_json_format(py: Python<'_>, functions: Py<PyModule>) {
    // A second module is the first one: there is one in a program.
    let _ = CHANGED.set(py, functions);
}

/// The widest indent in spaces; `json.dumps` has none but memory.
const MAX_INDENT: usize = 1 << 16;

/// The `indent` of `json.dumps`: a number of spaces, or what stands for them.
#[derive(FromPyObject, IntoPyObject)]
enum Indent {
    Spaces(i64),
    Text(String),
}

impl Indent {
    fn into_text(self) -> PyResult<Cow<'static, str>> {
        match self {
            Self::Spaces(2) => Ok(Cow::Borrowed("  ")),
            Self::Spaces(..=0) => Ok(Cow::Borrowed("")),
            Self::Spaces(count) => match usize::try_from(count) {
                Ok(count @ ..=MAX_INDENT) => Ok(Cow::Owned(" ".repeat(count))),
                _ => Err(PyValueError::new_err(format!(
                    "an indent of {count} spaces is wider than the limit of {MAX_INDENT}"
                ))),
            },
            Self::Text(text) => Ok(Cow::Owned(text)),
        }
    }
}

/// A message as JSON text.
///
/// `indent`, `sort_keys` and `ensure_ascii` are those of `json.dumps`. Fields have their JSON names, or with `preserving_proto_field_name` those of the `.proto` file. `always_print_fields_with_no_presence` also prints those without presence that are not set, and empty repeated and map fields. `unquote_int64_if_possible` prints 64-bit integers that a double holds exactly as numbers. `descriptor_pool` (by default that of generated code) finds the types of `Any`.
#[pyfunction(name = "MessageToJson")]
#[pyo3(
    signature = (
        message,
        preserving_proto_field_name = Truth(false),
        indent = Some(Indent::Spaces(2)),
        sort_keys = Truth(false),
        use_integers_for_enums = Truth(false),
        descriptor_pool = None,
        ensure_ascii = Truth(true),
        always_print_fields_with_no_presence = Truth(false),
        *,
        unquote_int64_if_possible = Truth(false),
    ),
    text_signature = "(message, preserving_proto_field_name=False, indent=2, sort_keys=False, use_integers_for_enums=False, descriptor_pool=None, ensure_ascii=True, always_print_fields_with_no_presence=False, *, unquote_int64_if_possible=False)"
)]
#[expect(clippy::too_many_arguments, reason = "they are the original's")]
fn message_to_json<'py>(
    py: Python<'py>,
    message: &Bound<'py, PyAny>,
    preserving_proto_field_name: Truth,
    indent: Option<Indent>,
    sort_keys: Truth,
    use_integers_for_enums: Truth,
    descriptor_pool: Option<Bound<'py, DescriptorPool>>,
    ensure_ascii: Truth,
    always_print_fields_with_no_presence: Truth,
    unquote_int64_if_possible: Truth,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(changed) = CHANGED.get(py) {
        let arguments = (
            message,
            preserving_proto_field_name.0,
            indent,
            sort_keys.0,
            use_integers_for_enums.0,
            descriptor_pool,
            ensure_ascii.0,
            always_print_fields_with_no_presence.0,
            unquote_int64_if_possible.0,
        );
        return changed.bind(py).call_method1("MessageToJson", arguments);
    }
    let message = message_argument(message)?;
    let indent = indent.map(Indent::into_text).transpose()?;
    let mut sink = TextSink::new(indent, ensure_ascii.0);
    let names = Names::new(py, descriptor_pool);
    let printer = Printer {
        types: &names,
        preserving_proto_field_name: preserving_proto_field_name.0,
        use_integers_for_enums: use_integers_for_enums.0,
        always_print_fields_with_no_presence: always_print_fields_with_no_presence.0,
        unquote_int64_if_possible: unquote_int64_if_possible.0,
        sort_keys: sort_keys.0,
    };
    let printed = printer.print(&message, &mut sink);
    names.finish()?;
    printed.map_err(|error| raised(py, error))?;
    Ok(PyString::new(py, &sink.into_text()).into_any())
}

/// What `json.loads` makes of a message's JSON: a dict, but for well-known types that are something else. Options as for `MessageToJson`.
#[pyfunction(name = "MessageToDict")]
#[pyo3(signature = (
    message,
    always_print_fields_with_no_presence = Truth(false),
    preserving_proto_field_name = Truth(false),
    use_integers_for_enums = Truth(false),
    descriptor_pool = None,
    *,
    unquote_int64_if_possible = Truth(false),
), text_signature = "(message, always_print_fields_with_no_presence=False, preserving_proto_field_name=False, use_integers_for_enums=False, descriptor_pool=None, *, unquote_int64_if_possible=False)")]
fn message_to_dict<'py>(
    py: Python<'py>,
    message: &Bound<'py, PyAny>,
    always_print_fields_with_no_presence: Truth,
    preserving_proto_field_name: Truth,
    use_integers_for_enums: Truth,
    descriptor_pool: Option<Bound<'py, DescriptorPool>>,
    unquote_int64_if_possible: Truth,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Some(changed) = CHANGED.get(py) {
        let arguments = (
            message,
            always_print_fields_with_no_presence.0,
            preserving_proto_field_name.0,
            use_integers_for_enums.0,
            descriptor_pool,
            unquote_int64_if_possible.0,
        );
        let found = changed.bind(py).call_method1("MessageToDict", arguments)?;
        return Ok(Some(found));
    }
    let message = message_argument(message)?;
    let mut sink = ObjectSink::new(py);
    let names = Names::new(py, descriptor_pool);
    let printer = Printer {
        types: &names,
        preserving_proto_field_name: preserving_proto_field_name.0,
        use_integers_for_enums: use_integers_for_enums.0,
        always_print_fields_with_no_presence: always_print_fields_with_no_presence.0,
        unquote_int64_if_possible: unquote_int64_if_possible.0,
        sort_keys: false,
    };
    let printed = printer.print(&message, &mut sink);
    names.finish()?;
    printed.map_err(|error| raised(py, error))?;
    Ok(sink.value)
}

/// What a value of a field that is no message is in JSON.
#[pyfunction]
fn scalar_to_json<'py>(
    py: Python<'py>,
    field: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
    use_integers_for_enums: Truth,
    unquote_int64_if_possible: Truth,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let info = scalar_field(field)?;
    let value = convert::to_value(info, value)?;
    let mut sink = ObjectSink::new(py);
    let names = Names::new(py, None);
    let printer = Printer {
        use_integers_for_enums: use_integers_for_enums.0,
        unquote_int64_if_possible: unquote_int64_if_possible.0,
        ..Printer::new(&names)
    };
    let printed = printer.print_value(info, &value, &mut sink);
    names.finish()?;
    printed.map_err(|error| raised(py, error))?;
    Ok(sink.value)
}

/// A field of scalars, of its descriptor.
fn scalar_field(field: &Bound<'_, PyAny>) -> PyResult<&'static FieldInfo> {
    let info = field_info(field)?;
    if info.storage() != Storage::Message {
        return Ok(info);
    }
    let name = info.descriptor().full_name();
    Err(PyTypeError::new_err(format!(
        "{name} is no field of scalars"
    )))
}

/// Builds dicts and lists.
struct ObjectSink<'py> {
    py: Python<'py>,
    /// The dicts and lists that are being built, each with its key in the one around it.
    open: Vec<(Container<'py>, Option<Bound<'py, PyString>>)>,
    /// The keys of fields that came before.
    names: FxHashMap<*const FieldInfo, Bound<'py, PyString>>,
    /// The key of the next value.
    key: Option<Bound<'py, PyString>>,
    /// The whole, when it is done.
    value: Option<Bound<'py, PyAny>>,
}

enum Container<'py> {
    Dict(Bound<'py, PyDict>),
    List(Bound<'py, PyList>),
}

impl<'py> ObjectSink<'py> {
    fn new(py: Python<'py>) -> Self {
        Self {
            py,
            open: Vec::new(),
            names: FxHashMap::default(),
            key: None,
            value: None,
        }
    }

    fn put(&mut self, value: Bound<'py, PyAny>) -> PyResult<()> {
        match self.open.last() {
            None => self.value = Some(value),
            Some((Container::List(list), _)) => list.append(value)?,
            Some((Container::Dict(dict), _)) => {
                if let Some(key) = self.key.take() {
                    dict.set_item(key, value)?;
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, container: Container<'py>) {
        let key = self.key.take();
        self.open.push((container, key));
    }

    fn end(&mut self) -> PyResult<()> {
        if let Some((container, key)) = self.open.pop() {
            self.key = key;
            self.put(match container {
                Container::Dict(dict) => dict.into_any(),
                Container::List(list) => list.into_any(),
            })?;
        }
        Ok(())
    }
}

impl Sink for ObjectSink<'_> {
    type Error = PyErr;

    fn null(&mut self) -> PyResult<()> {
        self.put(self.py.None().into_bound(self.py))
    }

    fn bool(&mut self, value: bool) -> PyResult<()> {
        self.put(PyBool::new(self.py, value).to_owned().into_any())
    }

    fn int(&mut self, value: i64) -> PyResult<()> {
        self.put(PyInt::new(self.py, value).into_any())
    }

    fn uint(&mut self, value: u64) -> PyResult<()> {
        self.put(PyInt::new(self.py, value).into_any())
    }

    fn float(&mut self, value: f64) -> PyResult<()> {
        self.put(PyFloat::new(self.py, value).into_any())
    }

    fn string(&mut self, value: &str) -> PyResult<()> {
        self.put(PyString::new(self.py, value).into_any())
    }

    fn text(&mut self, text: &Text, value: &str) -> PyResult<()> {
        match convert::lent_object(self.py, text) {
            Some(object) if object.is_exact_instance_of::<PyString>() => self.put(object),
            _ => self.string(value),
        }
    }

    fn begin_object(&mut self) -> PyResult<()> {
        self.begin(Container::Dict(PyDict::new(self.py)));
        Ok(())
    }

    fn key(&mut self, key: &str) -> PyResult<()> {
        self.key = Some(PyString::new(self.py, key));
        Ok(())
    }

    fn field_key(&mut self, field: &'static FieldInfo, name: &str) -> PyResult<()> {
        let py = self.py;
        let key = self
            .names
            .entry(std::ptr::from_ref(field))
            .or_insert_with(|| PyString::new(py, name));
        self.key = Some(key.clone());
        Ok(())
    }

    fn end_object(&mut self) -> PyResult<()> {
        self.end()
    }

    fn begin_list(&mut self) -> PyResult<()> {
        self.begin(Container::List(PyList::empty(self.py)));
        Ok(())
    }

    fn end_list(&mut self) -> PyResult<()> {
        self.end()
    }
}

/// Parses JSON text into a message, which is not cleared before and is returned.
///
/// Names that are no fields are errors unless `ignore_unknown_fields`. Messages may nest `max_recursion_depth` deep.
#[pyfunction(name = "Parse")]
#[pyo3(signature = (
    text,
    message,
    ignore_unknown_fields = Truth(false),
    descriptor_pool = None,
    max_recursion_depth = 100,
), text_signature = "(text, message, ignore_unknown_fields=False, descriptor_pool=None, max_recursion_depth=100)")]
fn parse_json<'py>(
    py: Python<'py>,
    text: Bound<'py, PyAny>,
    message: Bound<'py, PyAny>,
    ignore_unknown_fields: Truth,
    descriptor_pool: Option<Bound<'py, DescriptorPool>>,
    max_recursion_depth: u32,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(changed) = CHANGED.get(py) {
        let arguments = (
            text,
            message,
            ignore_unknown_fields.0,
            descriptor_pool,
            max_recursion_depth,
        );
        return changed.bind(py).call_method1("Parse", arguments);
    }
    let text = match text.cast_into::<PyString>() {
        Ok(text) => text,
        Err(bytes) => bytes
            .into_inner()
            .call_method1("decode", ("utf-8",))?
            .cast_into()?,
    };
    // A lone half of a surrogate pair, which has no UTF-8, is none of JSON's either.
    let Ok(text) = text.to_str() else {
        return Err(not_loaded(py, "the text has an unpaired surrogate"));
    };
    let document = Document::read(text).map_err(|error| not_loaded(py, &error.to_string()))?;
    let merged = merge(
        py,
        &message,
        &document,
        ignore_unknown_fields.0,
        descriptor_pool,
        max_recursion_depth,
    )?;
    match merged {
        Ok(()) => Ok(message),
        Err(error) => {
            let text = error.text;
            Err(match error.kind {
                Kind::Parse => json_error(py, "ParseError", text),
                Kind::EnumString => json_error(py, "EnumStringValueParseError", text),
                Kind::Value => failed(py, &format!("ValueError: {text}")),
                Kind::Type => failed(py, &format!("TypeError: {text}")),
                Kind::Key => failed(py, &format!("KeyError: '{text}'")),
            })
        }
    }
}

/// As `Parse`, of what `json.loads` makes of the text.
#[pyfunction(name = "ParseDict")]
#[pyo3(signature = (
    js_dict,
    message,
    ignore_unknown_fields = Truth(false),
    descriptor_pool = None,
    max_recursion_depth = 100,
), text_signature = "(js_dict, message, ignore_unknown_fields=False, descriptor_pool=None, max_recursion_depth=100)")]
fn parse_dict<'py>(
    py: Python<'py>,
    js_dict: &Bound<'py, PyAny>,
    message: Bound<'py, PyAny>,
    ignore_unknown_fields: Truth,
    descriptor_pool: Option<Bound<'py, DescriptorPool>>,
    max_recursion_depth: u32,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(changed) = CHANGED.get(py) {
        let arguments = (
            js_dict,
            message,
            ignore_unknown_fields.0,
            descriptor_pool,
            max_recursion_depth,
        );
        return changed.bind(py).call_method1("ParseDict", arguments);
    }
    let document = document_of(js_dict)?;
    let merged = merge(
        py,
        &message,
        &document,
        ignore_unknown_fields.0,
        descriptor_pool,
        max_recursion_depth,
    )?;
    match merged {
        Ok(()) => Ok(message),
        Err(error) => Err(parse_error(py, error)),
    }
}

fn parse_error(py: Python<'_>, error: ParseError) -> PyErr {
    match error.kind {
        Kind::Parse => json_error(py, "ParseError", error.text),
        Kind::EnumString => json_error(py, "EnumStringValueParseError", error.text),
        Kind::Value => PyValueError::new_err(error.text),
        Kind::Type => PyTypeError::new_err(error.text),
        Kind::Key => PyKeyError::new_err(error.text),
    }
}

/// What an object of JSON means as a value of a field that is no message, or as a key of its map.
#[pyfunction]
fn scalar_of_json<'py>(
    py: Python<'py>,
    field: &Bound<'py, PyAny>,
    object: &Bound<'py, PyAny>,
    is_key: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let info = scalar_field(field)?;
    let document = document_of(object)?;
    let value = scalar_value(&document, info, is_key).map_err(|error| parse_error(py, error))?;
    convert::bind_value(py, info, &value)
}

fn not_loaded(py: Python<'_>, reason: &str) -> PyErr {
    json_error(py, "ParseError", format!("Failed to load JSON: {reason}."))
}

fn failed(py: Python<'_>, reason: &str) -> PyErr {
    json_error(py, "ParseError", format!("Failed to parse JSON: {reason}."))
}

/// Puts a document into a message: what is wrong with it is the inner error.
fn merge<'py>(
    py: Python<'py>,
    message: &Bound<'py, PyAny>,
    document: &Document<'_>,
    ignore_unknown_fields: bool,
    descriptor_pool: Option<Bound<'py, DescriptorPool>>,
    max_recursion_depth: u32,
) -> PyResult<Result<(), ParseError>> {
    let message = message_argument(message)?;
    check(py, &*message)?;
    let names = Names::new(py, descriptor_pool);
    let own = pool::by_id(message.ty().descriptor().file().pool_id())
        .ok_or_else(|| PyValueError::new_err("the message's type is of no pool"))?;
    let parser = Parser {
        extensions: own,
        types: &names,
        ignore_unknown_fields,
        max_depth: max_recursion_depth,
        both_names: true,
    };
    let merged = parser.merge(&message, document);
    names.finish()?;
    Ok(merged)
}

/// Adds the functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(message_to_json, module)?)?;
    module.add_function(wrap_pyfunction!(message_to_dict, module)?)?;
    module.add_function(wrap_pyfunction!(parse_json, module)?)?;
    module.add_function(wrap_pyfunction!(parse_dict, module)?)?;
    module.add_function(wrap_pyfunction!(scalar_to_json, module)?)?;
    module.add_function(wrap_pyfunction!(scalar_of_json, module)?)?;
    module.add_function(wrap_pyfunction!(replace_json_format, module)?)
}
