//! Filling messages from Python values: keywords of constructors, dicts, iterables, other messages.

use pyo3::exceptions::{PyRecursionError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use russet_descriptor::pool;
use russet_message::{FieldInfo, List, Map, Message, Shape, Storage, Value, stack_is_short};

use super::class::{self, Class};
use super::{convert, errors, fields, list_write, map, object, types};

/// Sets the field that a keyword names; its place is returned. `near` is a guess of it.
#[inline]
pub(super) fn keyword(
    py: Python<'_>,
    class: &'static Class,
    message: &Message,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    near: usize,
) -> PyResult<usize> {
    let Some((field, place)) = class.field(name, near) else {
        #[expect(unsafe_code, reason = "the keyword's name is alive for the call")]
        // SAFETY: as the reason says.
        let name = unsafe { object::arg(py, &name) };
        return Err(errors::no_field(
            class.ty().descriptor(),
            &name.str()?.to_string(),
        ));
    };
    #[expect(unsafe_code, reason = "the argument is alive for the call")]
    // SAFETY: as the reason says.
    let value = unsafe { object::arg(py, &value) };
    set(py, message, field, value)?;
    Ok(place)
}

/// Sets the fields that a dict names.
pub(super) fn from_dict(
    py: Python<'_>,
    message: &Message,
    dict: &Bound<'_, PyDict>,
) -> PyResult<()> {
    // Each level calls Python, which must stay on the thread's own stack.
    if stack_is_short() {
        return Err(PyRecursionError::new_err(format!(
            "a dict for {} is nested deeper than this thread's stack has room for",
            message.ty().descriptor().full_name()
        )));
    }
    let class = class::class_of(py, message.ty())?;
    let mut near = 0;
    for (name, value) in dict.iter() {
        if name.cast::<PyString>().is_err() {
            return Err(PyValueError::new_err(format!(
                "keys of a dict for {} must be str, got {}",
                message.ty().descriptor().full_name(),
                errors::shown(&name)
            )));
        }
        near = keyword(py, class, message, name.as_ptr(), value.as_ptr(), near)? + 1;
    }
    Ok(())
}

/// Sets a field from a constructor's value. `None` leaves it unset.
pub(super) fn set(
    py: Python<'_>,
    message: &Message,
    field: &'static FieldInfo,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    if value.is_none() {
        return Ok(());
    }
    match field.shape() {
        Shape::Singular if field.storage() != Storage::Message => {
            fields::set_scalar(message, field, value)
        }
        Shape::Singular => set_message(py, message, field, value),
        Shape::List => {
            let list = message.list_or_new(field);
            list_write::extend(py, &list, value)
        }
        Shape::Map => {
            let map = message.map_or_new(field);
            map::update(py, &map, value)
        }
    }
}

fn set_message(
    py: Python<'_>,
    message: &Message,
    field: &'static FieldInfo,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let is_form = value.cast::<PyDict>().is_ok_and(is_struct_form);
    if !is_form && assign_well_known(message, field, value)? {
        return Ok(());
    }
    let child = message.message_mut(field);
    fill(py, &child, value)
}

/// Fills a new message from a message of its class, a dict of its fields, or the Python value that a well-known type stands for.
pub(super) fn fill(py: Python<'_>, child: &Message, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Some(class) = class::message_class_of(value)
        && std::ptr::eq(class.ty(), child.ty())
    {
        #[expect(unsafe_code, reason = "checked to be a message")]
        // SAFETY: as the reason says.
        let source = unsafe { object::message_of(value.as_ptr()) };
        return child.merge_from(&source).map_err(errors::too_deep);
    }
    let is_form = value.cast::<PyDict>().is_ok_and(is_struct_form);
    if !is_form && stands_for(child.ty().descriptor(), value) {
        let child = object::bind(py, child.clone())?;
        child.call_method1(intern!(py, "_internal_assign"), (value,))?;
        return Ok(());
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        return from_dict(py, child, dict);
    }
    let class = class::class_of(py, child.ty())?;
    Err(PyTypeError::new_err(format!(
        "Parameter to initialize message field must be dict or instance of same class: expected {} got {}.",
        class.bind(py),
        value.get_type()
    )))
}

/// Sets a well-known type from the Python value that it stands for, such as a datetime; `false` if the field is none of them, or the value is a message or what any message takes.
pub(super) fn assign_well_known(
    message: &Message,
    field: &'static FieldInfo,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let Some(descriptor) = field.descriptor().message_type() else {
        return Ok(false);
    };
    if !stands_for(descriptor, value) {
        return Ok(false);
    }
    let py = value.py();
    let child = message.message_or_stub(field);
    let child_object = object::bind(py, child)?;
    child_object.call_method1(intern!(py, "_internal_assign"), (value,))?;
    child_object.call_method0(intern!(py, "SetInParent"))?;
    Ok(true)
}

/// Whether a value is to be tried as what a well-known type stands for.
fn stands_for(descriptor: &pool::Message, value: &Bound<'_, PyAny>) -> bool {
    match descriptor.full_name() {
        "google.protobuf.Struct" => value.cast::<PyDict>().is_ok(),
        "google.protobuf.Timestamp" | "google.protobuf.Duration" | "google.protobuf.ListValue" => {
            !types::is_message(value.as_ptr()) && value.cast::<PyDict>().is_err()
        }
        _ => false,
    }
}

/// Whether a dict gives a `Struct` as any message, `{"fields": {key: Value}}`, and not the values that it stands for. A dict of Values tells it, since a `Struct` holds none.
fn is_struct_form(dict: &Bound<'_, PyDict>) -> bool {
    if dict.len() != 1 {
        return false;
    }
    let Ok(Some(fields)) = dict.get_item(intern!(dict.py(), "fields")) else {
        return false;
    };
    if types::is_map(fields.as_ptr()) {
        return true;
    }
    fields.cast::<PyDict>().is_ok_and(|fields| {
        !fields.is_empty()
            && fields
                .values()
                .iter()
                .all(|value| types::is_message(value.as_ptr()))
    })
}

/// A new element of a list, from a message or dict.
pub(super) fn element(py: Python<'_>, list: &List, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let field = list.field();
    if field.storage() != Storage::Message {
        return convert::to_value(field, value);
    }
    let child = Message::new(field.message_type());
    fill(py, &child, value)?;
    Ok(Value::Message(child))
}

/// A new value of a map, from a scalar, message or dict.
pub(super) fn map_value(py: Python<'_>, map: &Map, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let (_, value_field) = map.field().map_fields();
    if value_field.storage() != Storage::Message {
        return convert::to_value(value_field, value);
    }
    let child = Message::new(value_field.message_type());
    fill(py, &child, value)?;
    Ok(Value::Message(child))
}
