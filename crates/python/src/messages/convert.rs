//! Between Python objects and values of fields.

#![expect(unsafe_code, reason = "exact-type fast paths of the C API")]

use std::ffi::c_long;
use std::ptr::NonNull;

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use russet_descriptor::pool::FieldType;
use russet_message::{FieldInfo, Storage, Text, Value};

use super::errors::{out_of_range, wrong_type};
use super::object;
use super::rules;

/// An option of a function: any object, by its truth, as the original takes it.
#[derive(Clone, Copy)]
pub(super) struct Truth(pub(super) bool);

impl FromPyObject<'_, '_> for Truth {
    type Error = PyErr;
    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        object.is_truthy().map(Self)
    }
}

/// What a field takes, for texts.
fn expected(field: &FieldInfo) -> &'static str {
    match field.field_type() {
        FieldType::Bool => "a bool",
        FieldType::Float | FieldType::Double => "a number",
        FieldType::String => "a str",
        FieldType::Bytes => "bytes",
        FieldType::Enum => "an int or the name of an enum value",
        FieldType::Message | FieldType::Group => "a message",
        _ => "an int",
    }
}

/// The value that a field takes of an object.
pub(super) fn to_value(field: &'static FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<Value> {
    Ok(match field.storage() {
        Storage::I32 if field.field_type() == FieldType::Enum => {
            Value::I32(to_enum(field, object)?)
        }
        Storage::I32 => Value::I32(to_i32(field, object)?),
        Storage::U32 => Value::U32(to_u32(field, object)?),
        Storage::I64 => Value::I64(to_i64(field, object)?),
        Storage::U64 => Value::U64(to_u64(field, object)?),
        Storage::F32 => Value::F32(to_f32(field, object)?),
        Storage::F64 => Value::F64(to_f64(field, object)?),
        Storage::Bool => Value::Bool(to_bool(field, object)?),
        Storage::Text => Value::Text(to_text(field, object)?),
        Storage::Message => return Err(wrong_type(field, expected(field), object)),
    })
}

/// An int, by its own type or by `__index__`; a bool is none.
fn integer<'py>(
    field: &FieldInfo,
    object: &Bound<'py, PyAny>,
    takes_bool: bool,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: checks and conversions of a living object.
    unsafe {
        if ffi::PyBool_Check(object.as_ptr()) != 0 && !takes_bool {
            rules::bool_as_int(object.py(), field)?;
        }
        if ffi::PyLong_Check(object.as_ptr()) != 0 {
            return Ok(object.clone());
        }
        if ffi::PyIndex_Check(object.as_ptr()) == 0 {
            return Err(wrong_type(field, expected(field), object));
        }
        Bound::from_owned_ptr_or_err(object.py(), ffi::PyNumber_Index(object.as_ptr()))
    }
}

/// The number of an int, `None` where it is out of the range of `i64`.
fn as_i64(py: Python<'_>, object: *mut ffi::PyObject) -> PyResult<Option<i64>> {
    let mut overflow = 0;
    // SAFETY: the object is an int.
    let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
    if overflow != 0 {
        return Ok(None);
    }
    if number == -1
        && let Some(error) = PyErr::take(py)
    {
        return Err(error);
    }
    Ok(Some(number))
}

/// An int that is one exactly, as nearly all are; `None` for all else.
#[inline]
fn exact_i64(object: &Bound<'_, PyAny>) -> Option<i64> {
    // SAFETY: the object is alive, and an int where it is asked for its number.
    unsafe {
        if ffi::PyLong_CheckExact(object.as_ptr()) == 0 {
            return None;
        }
        let mut overflow = 0;
        let number = ffi::PyLong_AsLongLongAndOverflow(object.as_ptr(), &raw mut overflow);
        (overflow == 0).then_some(number)
    }
}

macro_rules! to_signed {
    ($name:ident, $type:ty) => {
        /// An int in the range of the type.
        #[inline]
        pub(super) fn $name(field: &FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<$type> {
            if let Some(number) = exact_i64(object).and_then(|n| <$type>::try_from(n).ok()) {
                return Ok(number);
            }
            let int = integer(field, object, false)?;
            as_i64(object.py(), int.as_ptr())?
                .and_then(|number| <$type>::try_from(number).ok())
                .ok_or_else(|| out_of_range(field, &int, <$type>::MIN, <$type>::MAX))
        }
    };
}
to_signed!(to_i32, i32);
to_signed!(to_u32, u32);
to_signed!(to_i64, i64);

/// An int in the range of `u64`.
#[inline]
pub(super) fn to_u64(field: &FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<u64> {
    if let Some(number) = exact_i64(object).and_then(|n| u64::try_from(n).ok()) {
        return Ok(number);
    }
    let int = integer(field, object, false)?;
    int.extract()
        .map_err(|_| out_of_range(field, &int, u64::MIN, u64::MAX))
}

/// A bool, or an int that stands for one.
#[inline]
pub(super) fn to_bool(field: &FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<bool> {
    // SAFETY: True and False are singletons.
    unsafe {
        if object.as_ptr() == ffi::Py_True() {
            return Ok(true);
        }
        if object.as_ptr() == ffi::Py_False() {
            return Ok(false);
        }
    }
    if is_of_numpy(object, &["bool", "bool_"]) {
        return object.is_truthy();
    }
    // An array of one number is an index, but no truth.
    if is_of_numpy(object, &["ndarray"]) {
        return Err(wrong_type(field, expected(field), object));
    }
    let int = integer(field, object, true)?;
    match as_i64(object.py(), int.as_ptr())? {
        Some(number) => Ok(number != 0),
        // Of the original's types, only here too large a number is this error.
        None => Err(PyOverflowError::new_err(format!(
            "Field {}: Python int too large to convert to a bool",
            field.descriptor().full_name()
        ))),
    }
}

/// Whether it is of a class of numpy: its truths have no `__index__`, and are "bool_" until numpy 1.
fn is_of_numpy(object: &Bound<'_, PyAny>, names: &[&str]) -> bool {
    let class = object.get_type();
    let is = |name: PyResult<Bound<'_, PyString>>, expected: &[&str]| {
        name.is_ok_and(|name| name.to_str().is_ok_and(|name| expected.contains(&name)))
    };
    is(class.name(), names) && is(class.module(), &["numpy"])
}

/// A number as a double.
#[inline]
pub(super) fn to_f64(field: &FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    // SAFETY: an exact float has its number in place; all else is converted, which may raise.
    unsafe {
        if ffi::PyFloat_CheckExact(object.as_ptr()) != 0 {
            return Ok(ffi::PyFloat_AS_DOUBLE(object.as_ptr()));
        }
        let number = ffi::PyFloat_AsDouble(object.as_ptr());
        #[expect(clippy::float_cmp, reason = "the very number that means an error")]
        let may_have_failed = number == -1.0;
        if may_have_failed && let Some(error) = PyErr::take(object.py()) {
            if error.is_instance_of::<PyTypeError>(object.py()) {
                return Err(wrong_type(field, expected(field), object));
            }
            return Err(error);
        }
        Ok(number)
    }
}

/// A number as a float; beyond its range it is infinite.
#[inline]
pub(super) fn to_f32(field: &FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<f32> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float field rounds, as C does"
    )]
    to_f64(field, object).map(|number| number as f32)
}

/// The number of an enum: given as int, or by the name of a value; a closed enum takes no others than its own.
#[inline]
pub(super) fn to_enum(field: &FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<i32> {
    let enumeration = field
        .descriptor()
        .enum_type()
        .expect("only enum fields come here");
    if let Ok(name) = object.cast::<PyString>() {
        let name = name.to_str()?;
        return enumeration
            .value_by_name(name)
            .map(russet_descriptor::pool::EnumValue::number)
            .ok_or_else(|| {
                PyValueError::new_err(format!(
                    "Field {}: unknown enum label \"{name}\"; {} does not declare it",
                    field.descriptor().full_name(),
                    enumeration.full_name()
                ))
            });
    }
    let number = to_i32(field, object)?;
    if enumeration.is_closed() && enumeration.value_by_number(number).is_none() {
        return Err(PyValueError::new_err(format!(
            "Field {}: invalid enumerator {number}; {} is closed and does not declare it",
            field.descriptor().full_name(),
            enumeration.full_name()
        )));
    }
    Ok(number)
}

/// A str or bytes.
#[inline]
pub(super) fn to_text(field: &FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<Text> {
    // SAFETY: the object is alive; the text takes a reference of its own to an exact str or bytes.
    unsafe {
        let raw = object.as_ptr();
        if field.field_type() == FieldType::String {
            if ffi::PyUnicode_CheckExact(raw) != 0
                && let Some(text) = lent(raw)
            {
                return Ok(text);
            }
            return string(field, object);
        }
        if ffi::PyBytes_CheckExact(raw) != 0
            && let Some(text) = lent(raw)
        {
            return Ok(text);
        }
        match object.cast::<PyBytes>() {
            Ok(bytes) => Ok(Text::copy_of(bytes.as_bytes())),
            Err(_) => Err(wrong_type(field, expected(field), object)),
        }
    }
}

/// A string that is not plain ASCII: other text, a subclass, or bytes that are UTF-8.
#[cold]
fn string(field: &FieldInfo, object: &Bound<'_, PyAny>) -> PyResult<Text> {
    if let Ok(text) = object.cast::<PyString>() {
        // Fails for lone surrogates, which have no UTF-8.
        return text.to_str().map(|text| Text::copy_of(text.as_bytes()));
    }
    let Ok(bytes) = object.cast::<PyBytes>() else {
        return Err(wrong_type(field, expected(field), object));
    };
    match std::str::from_utf8(bytes.as_bytes()) {
        Ok(_) => Ok(Text::copy_of(bytes.as_bytes())),
        // Python's own decoder says best what is wrong.
        Err(_) => Err(match PyString::from_bytes(object.py(), bytes.as_bytes()) {
            Err(error) => error,
            Ok(_) => wrong_type(field, expected(field), object),
        }),
    }
}

/// A str or bytes of a text.
#[inline]
pub(super) fn from_text(field: &FieldInfo, text: &Text) -> *mut ffi::PyObject {
    if let Some(object) = text.object() {
        let object = object.as_ptr().cast();
        // SAFETY: the text keeps the object alive.
        unsafe { ffi::Py_INCREF(object) };
        return object;
    }
    from_bytes(field.field_type(), text.as_slice())
}

/// The object that a text is of.
pub(super) fn lent_object<'py>(py: Python<'py>, text: &Text) -> Option<Bound<'py, PyAny>> {
    let object = text.object()?.as_ptr().cast();
    // SAFETY: the text keeps the object alive.
    Some(unsafe { Bound::from_borrowed_ptr(py, object) })
}

/// A str or bytes of bytes: bytes too where a string field, of proto2, holds no UTF-8.
#[inline]
pub(super) fn from_bytes(field_type: FieldType, bytes: &[u8]) -> *mut ffi::PyObject {
    let length = bytes.len().cast_signed();
    // SAFETY: the copies go into objects of that length.
    unsafe {
        if field_type == FieldType::Bytes {
            return ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), length);
        }
        if !bytes.is_ascii() {
            let text = ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), length, std::ptr::null());
            if text.is_null() && ffi::PyErr_ExceptionMatches(ffi::PyExc_UnicodeDecodeError) != 0 {
                ffi::PyErr_Clear();
                return ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), length);
            }
            return text;
        }
        let text = ffi::PyUnicode_New(length, 127);
        if !text.is_null() {
            std::ptr::copy_nonoverlapping(
                bytes.as_ptr(),
                ffi::PyUnicode_DATA(text).cast(),
                bytes.len(),
            );
        }
        text
    }
}

/// The same bytes as a text that refers to the object made of them, if that can always show its bytes: a str that is not ASCII would need a second copy.
#[inline]
pub(super) fn cached(object: *mut ffi::PyObject, bytes: &[u8]) -> Option<Text> {
    if object.is_null() || bytes.is_empty() {
        return None;
    }
    // SAFETY: the object is alive and an exact str or bytes.
    unsafe { lent(object) }
}

/// A text of an object, with a reference of its own: of bytes, and of a str that is ASCII, whose characters are its bytes.
///
/// # Safety
/// `object` is alive and an exact str or bytes.
#[inline]
unsafe fn lent(object: *mut ffi::PyObject) -> Option<Text> {
    // SAFETY: by the caller's word; both types have their bytes in place, and never change them.
    unsafe {
        let (start, length) = if ffi::PyBytes_Check(object) != 0 {
            (
                ffi::PyBytes_AS_STRING(object).cast::<u8>(),
                ffi::PyBytes_Size(object),
            )
        } else if ffi::PyUnicode_IS_COMPACT_ASCII(object) != 0 {
            (
                ffi::PyUnicode_DATA(object).cast::<u8>().cast_const(),
                ffi::PyUnicode_GET_LENGTH(object),
            )
        } else {
            return None;
        };
        let bytes = std::slice::from_raw_parts(start, length.cast_unsigned());
        let text = Text::of_object(NonNull::new_unchecked(object.cast()), bytes)?;
        ffi::Py_INCREF(object);
        Some(text)
    }
}

/// An int. That of a C `long` is made faster than larger ones, and most numbers are one.
#[inline]
fn int<T: Copy + TryInto<c_long>>(
    value: T,
    larger: unsafe extern "C" fn(T) -> *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: constructors of numbers.
    unsafe {
        match value.try_into() {
            Ok(value) => ffi::PyLong_FromLong(value),
            Err(_) => larger(value),
        }
    }
}

/// An `int64`.
#[inline]
pub(super) fn int64(value: i64) -> *mut ffi::PyObject {
    int(value, ffi::PyLong_FromLongLong)
}

/// A `uint64`.
#[inline]
pub(super) fn uint64(value: u64) -> *mut ffi::PyObject {
    int(value, ffi::PyLong_FromUnsignedLongLong)
}

/// A `float` or `double`.
#[inline]
pub(super) fn float64(value: f64) -> *mut ffi::PyObject {
    // SAFETY: a constructor of a number.
    unsafe { ffi::PyFloat_FromDouble(value) }
}

/// A `bool`.
#[inline]
pub(super) fn truth(value: bool) -> *mut ffi::PyObject {
    // SAFETY: takes a reference on a constant.
    unsafe { ffi::PyBool_FromLong(value.into()) }
}

/// An object of a value, owned; null with an exception.
pub(super) fn from_value(
    py: Python<'_>,
    field: &FieldInfo,
    value: &Value,
) -> PyResult<*mut ffi::PyObject> {
    let object = match value {
        Value::I32(value) => int64((*value).into()),
        Value::U32(value) => int64((*value).into()),
        Value::I64(value) => int64(*value),
        Value::U64(value) => uint64(*value),
        Value::F32(value) => float64((*value).into()),
        Value::F64(value) => float64(*value),
        Value::Bool(value) => truth(*value),
        Value::Text(text) => from_text(field, text),
        Value::Message(message) => object::expose(py, message.clone())?,
    };
    if object.is_null() {
        Err(PyErr::fetch(py))
    } else {
        Ok(object)
    }
}

/// As [`from_value`], for `PyO3`.
pub(super) fn bind_value<'py>(
    py: Python<'py>,
    field: &FieldInfo,
    value: &Value,
) -> PyResult<Bound<'py, PyAny>> {
    let object = from_value(py, field, value)?;
    // SAFETY: an owned reference.
    Ok(unsafe { Bound::from_owned_ptr(py, object) })
}

/// As [`from_bytes`], for `PyO3`.
pub(super) fn bind_bytes<'py>(
    py: Python<'py>,
    field_type: FieldType,
    bytes: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: an owned reference, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(py, from_bytes(field_type, bytes)) }
}
