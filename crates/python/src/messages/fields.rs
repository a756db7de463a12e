//! One data descriptor a field: the getter and setter of each storage.
//!
//! The closure of each is the field's table entry, so that nothing is looked up when it runs.

#![expect(unsafe_code, reason = "C getters and setters")]

use std::ffi::{c_int, c_void};

use pyo3::exceptions::PyAttributeError;
use pyo3::ffi;
use pyo3::prelude::*;
use russet_descriptor::pool::{Default, FieldType};
use russet_message::{FieldInfo, Scalar, Shape, Storage, Value};

use super::convert;
use super::guard::check;
use super::init;
use super::object::{self, message_of, object_of, run, run_hot};

/// The getter of a field.
pub(super) fn getter(field: &FieldInfo) -> ffi::getter {
    match (field.shape(), field.storage()) {
        (Shape::List, _) => get_list,
        (Shape::Map, _) => get_map,
        (Shape::Singular, Storage::I32) => get_scalar::<i32>,
        (Shape::Singular, Storage::U32) => get_scalar::<u32>,
        (Shape::Singular, Storage::I64) => get_scalar::<i64>,
        (Shape::Singular, Storage::U64) => get_scalar::<u64>,
        (Shape::Singular, Storage::F32) => get_scalar::<f32>,
        (Shape::Singular, Storage::F64) => get_scalar::<f64>,
        (Shape::Singular, Storage::Bool) => get_scalar::<bool>,
        (Shape::Singular, Storage::Text) => get_text,
        (Shape::Singular, Storage::Message) => get_message,
    }
}

/// The setter of a field.
pub(super) fn setter(_field: &FieldInfo) -> ffi::setter {
    set
}

/// The entry that a closure is.
///
/// # Safety
/// `closure` is that of a descriptor made by `class`.
unsafe fn info(closure: *mut c_void) -> &'static FieldInfo {
    // SAFETY: tables are never freed.
    unsafe { &*closure.cast_const().cast() }
}

/// A scalar as a Python object.
trait ToPython: Scalar {
    fn object(self) -> *mut ffi::PyObject;
    fn default_of(field: &FieldInfo) -> Self;
}

macro_rules! to_python {
    ($($type:ty, $default:pat => $value:expr, |$number:ident| $object:expr;)*) => {$(
        impl ToPython for $type {
            #[inline]
            fn object(self) -> *mut ffi::PyObject {
                let $number = self;
                $object
            }
            fn default_of(field: &FieldInfo) -> Self {
                match field.descriptor().default() {
                    $default => *$value,
                    _ => Self::default(),
                }
            }
        }
    )*};
}
to_python! {
    i32, Default::I32(value) | Default::Enum(value) => value, |n| convert::int64(n.into());
    u32, Default::U32(value) => value, |n| convert::int64(n.into());
    i64, Default::I64(value) => value, |n| convert::int64(n);
    u64, Default::U64(value) => value, |n| convert::uint64(n);
    f32, Default::F32(value) => value, |n| convert::float64(n.into());
    f64, Default::F64(value) => value, |n| convert::float64(n);
    bool, Default::Bool(value) => value, |b| convert::truth(b);
}

unsafe extern "C" fn get_scalar<T: ToPython>(
    object: *mut ffi::PyObject,
    closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: Python checked that `object` is of the descriptor's class.
    let (message, field) = unsafe { (message_of(object), info(closure)) };
    if field.has_nonzero_default() && !message.has(field) {
        return T::default_of(field).object();
    }
    message.scalar::<T>(field).object()
}

unsafe extern "C" fn get_text(
    object: *mut ffi::PyObject,
    closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: as for `get_scalar`; the text is not in use when it is replaced.
    unsafe {
        let (message, field) = (message_of(object), info(closure));
        let text = message.text(field);
        if text.object().is_none() && field.has_nonzero_default() && !message.has(field) {
            return match field.descriptor().default() {
                Default::Bytes(bytes) => convert::from_bytes(field.field_type(), bytes),
                _ => convert::from_bytes(field.field_type(), b""),
            };
        }
        let made = convert::from_text(field, text);
        if text.object().is_none()
            && let Some(cached) = convert::cached(made, text.as_slice())
        {
            message.replace_text(field, cached);
        }
        made
    }
}

unsafe extern "C" fn get_message(
    object: *mut ffi::PyObject,
    closure: *mut c_void,
) -> *mut ffi::PyObject {
    run_hot(|py| {
        // SAFETY: as for `get_scalar`.
        let (message, field) = unsafe { (message_of(object), info(closure)) };
        object::expose(py, message.message_or_stub(field))
    })
}

unsafe extern "C" fn get_list(
    object: *mut ffi::PyObject,
    closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: as for `get_scalar`.
    let (message, field) = unsafe { (message_of(object), info(closure)) };
    object_of(message.list_or_new(field).into_raw())
}

unsafe extern "C" fn get_map(
    object: *mut ffi::PyObject,
    closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: as for `get_scalar`.
    let (message, field) = unsafe { (message_of(object), info(closure)) };
    object_of(message.map_or_new(field).into_raw())
}

unsafe extern "C" fn set(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    closure: *mut c_void,
) -> c_int {
    // SAFETY: as for `get_scalar`.
    let field = unsafe { info(closure) };
    if field.shape() == Shape::Singular && field.storage() != Storage::Message && !value.is_null() {
        return run_hot(|py| {
            // SAFETY: as for `get_scalar`; `value` is alive for the call.
            let (message, value) = unsafe { (message_of(object), object::arg(py, &value)) };
            check(py, &*message)?;
            set_scalar(&message, field, value)?;
            Ok(0)
        });
    }
    run(|py| {
        if value.is_null() {
            return Err(PyAttributeError::new_err("Cannot delete field attribute"));
        }
        // SAFETY: as above.
        let (message, value) = unsafe { (message_of(object), object::arg(py, &value)) };
        check(py, &*message)?;
        if field.shape() == Shape::Singular && init::assign_well_known(&message, field, value)? {
            return Ok(0);
        }
        let name = field.descriptor().name();
        Err(PyAttributeError::new_err(
            if field.shape() == Shape::Singular {
                format!(
                    "Assignment not allowed to message field \"{name}\" in protocol message object; use CopyFrom, or set its fields"
                )
            } else {
                format!(
                    "Assignment not allowed to map, or repeated field \"{name}\" in protocol message object; use its methods, such as extend or update"
                )
            },
        ))
    })
}

/// Sets a singular field that is no message.
#[inline]
pub(super) fn set_scalar(
    message: &russet_message::Message,
    field: &'static FieldInfo,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    match field.storage() {
        Storage::Text => message.set_text(field, convert::to_text(field, value)?),
        Storage::I32 if field.field_type() == FieldType::Enum => {
            message.set_scalar(field, convert::to_enum(field, value)?);
        }
        Storage::I32 => message.set_scalar(field, convert::to_i32(field, value)?),
        Storage::U32 => message.set_scalar(field, convert::to_u32(field, value)?),
        Storage::I64 => message.set_scalar(field, convert::to_i64(field, value)?),
        Storage::U64 => message.set_scalar(field, convert::to_u64(field, value)?),
        Storage::F32 => message.set_scalar(field, convert::to_f32(field, value)?),
        Storage::F64 => message.set_scalar(field, convert::to_f64(field, value)?),
        Storage::Bool => message.set_scalar(field, convert::to_bool(field, value)?),
        Storage::Message => return Err(super::errors::wrong_type(field, "a message", value)),
    }
    Ok(())
}

/// The object of a field, set or not: what an attribute of its name gives.
pub(super) fn get<'py>(
    py: Python<'py>,
    message: &russet_message::Message,
    field: &'static FieldInfo,
) -> PyResult<Bound<'py, PyAny>> {
    match field.shape() {
        Shape::List => Ok(object::bind_block(
            py,
            message.list_or_new(field).into_raw(),
        )),
        Shape::Map => Ok(object::bind_block(py, message.map_or_new(field).into_raw())),
        Shape::Singular if field.storage() == Storage::Message => {
            object::bind(py, message.message_or_stub(field))
        }
        Shape::Singular => {
            let value = message
                .value(field)
                .unwrap_or_else(|| Value::default_of(field));
            convert::bind_value(py, field, &value)
        }
    }
}
