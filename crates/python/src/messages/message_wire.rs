//! Messages from bytes and to bytes.

#![expect(unsafe_code, reason = "C functions as methods")]

use std::cell::RefCell;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use russet_message::{Encoder, Input, Message};

use super::class;
use super::errors::{DecodeError, EncodeError, too_deep};
use super::guard::check;
use super::object::{self, arg, message_of, run_hot};
use super::types;

type Object = *mut ffi::PyObject;

// Parsing.

/// Whether messages may nest as deep as they can be written when they are parsed.
static DEEP: AtomicBool = AtomicBool::new(false);

/// Lets messages nest deeper than the usual limit when they are parsed, or ends that, for the whole process; the original's name for it comes of an older limit.
#[pyfunction(name = "SetAllowOversizeProtos")]
pub(super) fn set_allow_oversize_protos(allow: bool) -> bool {
    DEEP.store(allow, Ordering::Relaxed);
    allow
}

/// Parses bytes, or what has a buffer, into a message.
#[inline]
pub(super) unsafe fn parse_into(
    py: Python<'_>,
    message: &Message,
    data: Object,
) -> PyResult<usize> {
    // SAFETY: bytes are immutable and alive for the call; the input keeps its own reference.
    unsafe {
        if ffi::PyBytes_CheckExact(data) == 0 {
            return parse_other(py, message, data);
        }
        let bytes = slice::from_raw_parts(
            ffi::PyBytes_AS_STRING(data).cast::<u8>(),
            ffi::PyBytes_Size(data).cast_unsigned(),
        );
        let class = class::class_of(py, message.ty())?;
        let input =
            Input::of_object(bytes, NonNull::new_unchecked(data.cast())).with_types(class.types());
        let input = if DEEP.load(Ordering::Relaxed) {
            input.deep()
        } else {
            input
        };
        message
            .merge_wire(input)
            .map_err(|error| DecodeError::new_err(error.to_string()))?;
        Ok(bytes.len())
    }
}

/// Parses bytearrays, memoryviews and subclasses of bytes: from a copy, since they may change.
#[cold]
unsafe fn parse_other(py: Python<'_>, message: &Message, data: Object) -> PyResult<usize> {
    // SAFETY: `data` is alive for the call.
    let data = unsafe { arg(py, &data) };
    // SAFETY: as above.
    if unsafe { ffi::PyObject_CheckBuffer(data.as_ptr()) } == 0 {
        return Err(PyTypeError::new_err(format!(
            "expected bytes, {} found",
            data.get_type().name()?
        )));
    }
    // SAFETY: as above; the copy is an exact bytes object.
    let copy = unsafe {
        let view = Bound::from_owned_ptr_or_err(py, ffi::PyMemoryView_FromObject(data.as_ptr()))?;
        Bound::from_owned_ptr_or_err(py, ffi::PyBytes_FromObject(view.as_ptr()))?
    };
    // SAFETY: as above.
    unsafe { parse_into(py, message, copy.as_ptr()) }
}

pub(super) unsafe extern "C" fn from_string(class: Object, data: Object) -> Object {
    run_hot(|py| {
        // SAFETY: Python calls it for the base class or one that the metaclass made.
        unsafe {
            if ffi::Py_TYPE(class) != types::meta() {
                return Err(PyTypeError::new_err(
                    "Message is abstract; use a generated class",
                ));
            }
            let class = class::class_of_type(class.cast())
                .ok_or_else(|| PyAttributeError::new_err("this message class is not complete"))?;
            let message = Message::new(class.ty());
            parse_into(py, &message, data)?;
            object::expose(py, message)
        }
    })
}

pub(super) unsafe extern "C" fn merge_from_string(object: Object, data: Object) -> Object {
    run_hot(|py| {
        // SAFETY: methods are called for messages, with living arguments.
        unsafe {
            let message = message_of(object);
            check(py, &*message)?;
            let length = parse_into(py, &message, data)?;
            Ok(ffi::PyLong_FromSize_t(length))
        }
    })
}

pub(super) unsafe extern "C" fn parse_from_string(object: Object, data: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        unsafe {
            let message = message_of(object);
            check(py, &*message)?;
            message.clear();
            let length = parse_into(py, &message, data)?;
            Ok(ffi::PyLong_FromSize_t(length))
        }
    })
}

// Serializing.

thread_local! {
    static ENCODER: RefCell<Encoder> = const { RefCell::new(Encoder::new()) };
}

/// The bytes of a message.
#[inline]
pub(super) fn to_bytes(message: &Message, deterministic: bool) -> PyResult<Object> {
    ENCODER.with_borrow_mut(|encoder| {
        let bytes = encoder
            .encode(message, deterministic)
            .map_err(|error| EncodeError::new_err(error.to_string()))?;
        // SAFETY: the bytes are copied.
        Ok(unsafe {
            ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), bytes.len().cast_signed())
        })
    })
}

#[cold]
fn missing_required(message: &Message) -> PyErr {
    match message.missing_required() {
        Ok(missing) => EncodeError::new_err(format!(
            "Message {} is missing required fields: {}",
            message.ty().descriptor().full_name(),
            missing.join(",")
        )),
        Err(error) => too_deep(error),
    }
}

/// `deterministic`, given by keyword or position.
unsafe fn deterministic(
    py: Python<'_>,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> PyResult<bool> {
    // SAFETY: Python passes as many arguments as it says, the keywords' values last.
    unsafe {
        let named = if keywords.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(keywords)
        };
        for index in 0..named {
            let name = ffi::PyTuple_GET_ITEM(keywords, index);
            let name = arg(py, &name).str()?.to_string();
            if name != "deterministic" {
                return Err(PyTypeError::new_err(format!(
                    "'{name}' is an invalid keyword argument for this function"
                )));
            }
        }
        if count + named > 1 {
            return Err(PyTypeError::new_err(format!(
                "function takes at most 1 argument ({} given)",
                count + named
            )));
        }
        if count + named == 0 {
            return Ok(false);
        }
        let value = *args;
        if ffi::Py_IsNone(value) != 0 {
            return Ok(false);
        }
        arg(py, &value).is_truthy()
    }
}

pub(super) unsafe extern "C" fn serialize(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run_hot(|py| {
        // SAFETY: methods are called for messages, with the arguments that Python says.
        unsafe {
            let message = message_of(object);
            let deterministic =
                (count > 0 || !keywords.is_null()) && deterministic(py, args, count, keywords)?;
            if !message.is_initialized().map_err(too_deep)? {
                return Err(missing_required(&message));
            }
            to_bytes(&message, deterministic)
        }
    })
}

pub(super) unsafe extern "C" fn serialize_partial(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        unsafe {
            let deterministic = deterministic(py, args, count, keywords)?;
            to_bytes(&message_of(object), deterministic)
        }
    })
}

pub(super) unsafe extern "C" fn byte_size(object: Object, _: Object) -> Object {
    run_hot(|_| {
        // SAFETY: as above.
        unsafe {
            let size = message_of(object).byte_size().map_err(too_deep)?;
            Ok(ffi::PyLong_FromSize_t(size))
        }
    })
}
