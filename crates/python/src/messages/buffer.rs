//! The buffer protocol of repeated numbers: a copy of them in one block, for `memoryview` and numpy.
//!
//! A view has memory of its own, as the original's arrays have: what is written there changes no list, and it sees no change of the list. Requests for memory that must be written are refused, since those want to change the list, and requests for plain bytes are refused, since for `bytearray(list)` or `file.write(list)` they would silently give numbers' bytes where the original has it fail or take the values.

#![expect(unsafe_code, reason = "the C structure of a buffer")]

use std::ffi::{CStr, c_int, c_long};
use std::ptr;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use russet_message::{Export, Storage};

use super::object::{list_of, run};

/// What a view refers to while it lives: the memory, and the numbers of the structure that it is described by.
struct View {
    _export: Export,
    shape: ffi::Py_ssize_t,
    stride: ffi::Py_ssize_t,
}

/// The format of a storage in the terms of Python's `struct`; numpy's types of 64 bits are named by C's `long` where that has as many.
fn format(storage: Storage) -> Option<&'static CStr> {
    let long = size_of::<c_long>() == 8;
    Some(match storage {
        Storage::I32 => c"i",
        Storage::U32 => c"I",
        Storage::I64 if long => c"l",
        Storage::I64 => c"q",
        Storage::U64 if long => c"L",
        Storage::U64 => c"Q",
        Storage::F32 => c"f",
        Storage::F64 => c"d",
        Storage::Bool => c"?",
        Storage::Text | Storage::Message => return None,
    })
}

/// `bf_getbuffer` of lists of scalars.
pub(super) unsafe extern "C" fn get(
    object: *mut ffi::PyObject,
    view: *mut ffi::Py_buffer,
    flags: c_int,
) -> c_int {
    run(|_| {
        // SAFETY: Python passes a list of ours, alive, and a structure to fill, whose `obj` is null where this fails.
        let list = unsafe {
            (*view).obj = ptr::null_mut();
            list_of(object)
        };
        let name = list.field().descriptor().full_name();
        let Some(format) = format(list.field().storage()) else {
            return Err(PyBufferError::new_err(format!(
                "Field {name}: strings and bytes have no buffer; numbers do"
            )));
        };
        if flags & ffi::PyBUF_WRITABLE != 0 {
            return Err(PyBufferError::new_err(format!(
                "Field {name}: a view of a repeated field is a copy, and writing it would not change the field; assign to the field"
            )));
        }
        if flags & (ffi::PyBUF_ND | ffi::PyBUF_FORMAT) == 0 {
            return Err(PyBufferError::new_err(format!(
                "Field {name}: a repeated field is no plain bytes; memoryview(field) is its memory, list(field) its values"
            )));
        }
        let mut export = Export::of(&list).ok_or_else(|| {
            PyBufferError::new_err(format!("Field {name}: the values are being changed"))
        })?;
        let start = export.start();
        let made = Box::into_raw(Box::new(View {
            shape: export.count().cast_signed(),
            stride: export.width().cast_signed(),
            _export: export,
        }));
        let asked = |flag: c_int| flags & flag == flag;
        // SAFETY: the view lives until `release` frees it, and so does all that it points to; the list's reference is given to `obj`, which Python gives back.
        unsafe {
            let length = (*made).shape * (*made).stride;
            ffi::Py_INCREF(object);
            *view = ffi::Py_buffer {
                buf: start.cast(),
                obj: object,
                len: length,
                itemsize: (*made).stride,
                readonly: 0,
                ndim: 1,
                format: if asked(ffi::PyBUF_FORMAT) {
                    format.as_ptr().cast_mut()
                } else {
                    ptr::null_mut()
                },
                shape: if asked(ffi::PyBUF_ND) {
                    &raw mut (*made).shape
                } else {
                    ptr::null_mut()
                },
                strides: if asked(ffi::PyBUF_STRIDES) {
                    &raw mut (*made).stride
                } else {
                    ptr::null_mut()
                },
                suboffsets: ptr::null_mut(),
                internal: made.cast(),
            };
        }
        Ok(0)
    })
}

/// `bf_releasebuffer`.
pub(super) unsafe extern "C" fn release(_object: *mut ffi::PyObject, view: *mut ffi::Py_buffer) {
    // SAFETY: `internal` is what `get` put there, and Python releases each view once, holding its lock.
    drop(unsafe { Box::from_raw((*view).internal.cast::<View>()) });
}
