//! Reading repeated fields from Python: elements, slices, comparing, `repr`, numpy arrays.

#![expect(unsafe_code, reason = "C functions as slots and methods")]

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PySlice};
use russet_descriptor::pool::FieldType;
use russet_message::{Items, List, Storage};

use super::convert;
use super::kept_numbers;
use super::list::keyword_dict;
use super::object::{self, arg, list_of, run, run_hot};
use super::types;

type Object = *mut ffi::PyObject;

/// The value at an index, owned; null without an exception past the end.
#[inline]
pub(super) fn item_at(py: Python<'_>, list: &List, index: usize) -> PyResult<Object> {
    let field = list.field();
    let items = list.items();
    if index >= items.len() {
        return Ok(ptr::null_mut());
    }
    let made = match &*items {
        Items::Message(items) => {
            let message = items[index].clone();
            return object::expose(py, message);
        }
        Items::Text(texts) => {
            let text = &texts[index];
            let made = convert::from_text(field, text);
            if text.object().is_none()
                && let Some(cached) = convert::cached(made, text.as_slice())
            {
                drop(items);
                if let Items::Text(texts) = &mut *list.items_cache() {
                    texts[index] = cached;
                }
            }
            made
        }
        _ => {
            drop(items);
            number_at(list, index).unwrap_or(ptr::null_mut())
        }
    };
    if made.is_null() {
        Err(PyErr::fetch(py))
    } else {
        Ok(made)
    }
}

/// The number at an index, owned, or null with an exception; `None` where there is none, or something else.
#[inline]
pub(super) fn number_at(list: &List, index: usize) -> Option<Object> {
    let items = list.try_items()?;
    Some(match &*items {
        Items::I32(items) => convert::int64((*items.get(index)?).into()),
        Items::U32(items) => convert::int64((*items.get(index)?).into()),
        Items::I64(items) => convert::int64(*items.get(index)?),
        Items::U64(items) => convert::uint64(*items.get(index)?),
        Items::F32(items) => convert::float64((*items.get(index)?).into()),
        Items::F64(items) => convert::float64(*items.get(index)?),
        Items::Bool(items) => convert::truth(*items.get(index)?),
        Items::Text(_) | Items::Message(_) => return None,
    })
}

/// All values as a list.
pub(super) fn to_list<'py>(py: Python<'py>, list: &List) -> PyResult<Bound<'py, PyList>> {
    if let Some(kept) = kept_numbers::as_list(list) {
        // SAFETY: a new list, or null with an exception.
        let kept = unsafe { Bound::from_owned_ptr_or_err(py, kept)? };
        return Ok(kept.cast_into()?);
    }
    let out = PyList::empty(py);
    for index in 0.. {
        let item = item_at(py, list, index)?;
        if item.is_null() {
            break;
        }
        // SAFETY: an owned reference.
        out.append(unsafe { Bound::from_owned_ptr(py, item) })?;
    }
    Ok(out)
}

/// `bytes(list)`.
pub(super) unsafe extern "C" fn to_bytes(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: methods are called for lists.
        let list = unsafe { list_of(object) };
        let values = to_list(py, &list)?;
        // SAFETY: the list is alive.
        let bytes = unsafe { ffi::PyBytes_FromObject(values.as_ptr()) };
        // SAFETY: an owned reference, or null with an exception.
        unsafe { Bound::from_owned_ptr_or_err(py, bytes) }.map(Bound::into_ptr)
    })
}

pub(super) unsafe extern "C" fn length(object: Object) -> ffi::Py_ssize_t {
    // SAFETY: Python passes a list.
    unsafe { list_of(object) }.len().cast_signed()
}

pub(super) unsafe extern "C" fn item(object: Object, index: ffi::Py_ssize_t) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        let list = unsafe { list_of(object) };
        let made = item_at(py, &list, index.cast_unsigned())?;
        if made.is_null() {
            return Err(out_of_range());
        }
        Ok(made)
    })
}

#[cold]
pub(super) fn out_of_range() -> PyErr {
    PyIndexError::new_err("list index out of range")
}

/// An index of Python within the list, from the end where negative.
pub(super) fn place(index: isize, length: usize) -> Option<usize> {
    let index = if index < 0 {
        index.checked_add(length.cast_signed())?
    } else {
        index
    };
    usize::try_from(index).ok().filter(|&index| index < length)
}

pub(super) unsafe extern "C" fn subscript(object: Object, key: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above; `key` is alive for the call.
        let (list, key) = unsafe { (list_of(object), arg(py, &key)) };
        if let Ok(slice) = key.cast::<PySlice>() {
            let indices = slice.indices(list.len().cast_signed())?;
            let out = PyList::empty(py);
            let mut at = indices.start;
            for _ in 0..indices.slicelength {
                let item = item_at(py, &list, at.cast_unsigned())?;
                // SAFETY: the slice is within the list, so that there is an item.
                out.append(unsafe { Bound::from_owned_ptr_or_err(py, item)? })?;
                at += indices.step;
            }
            return Ok(out.into_ptr());
        }
        let index = as_index(key)?;
        let index = place(index, list.len()).ok_or_else(out_of_range)?;
        item_at(py, &list, index)
    })
}

pub(super) fn as_index(key: &Bound<'_, PyAny>) -> PyResult<isize> {
    // SAFETY: `key` is alive.
    unsafe {
        if ffi::PyIndex_Check(key.as_ptr()) == 0 {
            return Err(PyTypeError::new_err("list indices must be integers"));
        }
        let index = ffi::PyNumber_AsSsize_t(key.as_ptr(), ffi::PyExc_IndexError);
        if index == -1
            && let Some(error) = PyErr::take(key.py())
        {
            return Err(error);
        }
        Ok(index)
    }
}

pub(super) unsafe extern "C" fn repr(object: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let list = unsafe { list_of(object) };
        let list = to_list(py, &list)?;
        // Enums are shown as numbers, as the values are.
        Ok(list.repr()?.into_any().into_ptr())
    })
}

pub(super) unsafe extern "C" fn compare(object: Object, other: Object, operation: c_int) -> Object {
    run(|py| {
        // SAFETY: Python passes living objects, of which the first is a list.
        unsafe {
            let list = list_of(object);
            if operation != ffi::Py_EQ && operation != ffi::Py_NE {
                return Ok(py.NotImplemented().into_ptr());
            }
            let ours = to_list(py, &list)?;
            let theirs = if types::is_list(other) {
                to_list(py, &list_of(other))?.into_any()
            } else {
                arg(py, &other).clone()
            };
            let result = ffi::PyObject_RichCompare(ours.as_ptr(), theirs.as_ptr(), operation);
            Bound::from_owned_ptr_or_err(py, result).map(Bound::into_ptr)
        }
    })
}

pub(super) unsafe extern "C" fn array(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let list = list_of(object);
            let options = keyword_dict(py, args, count, keywords)?;
            if count > 0 {
                options.set_item("dtype", arg(py, &*args))?;
            }
            // Numpy's protocol passes `copy`; the array is always a new one.
            if options.contains("copy")? {
                options.del_item("copy")?;
            }
            if !options.contains("dtype")? {
                let name = match list.field().storage() {
                    Storage::I32 => "int32",
                    Storage::U32 => "uint32",
                    Storage::I64 => "int64",
                    Storage::U64 => "uint64",
                    Storage::F32 => "float32",
                    Storage::F64 => "float64",
                    Storage::Bool => "bool",
                    // Of values, numpy sees which it is.
                    Storage::Text if !list.is_empty() => "",
                    Storage::Text if list.field().field_type() == FieldType::Bytes => "S",
                    Storage::Text => "U",
                    Storage::Message => "",
                };
                if !name.is_empty() {
                    options.set_item("dtype", name)?;
                }
            }
            let values = to_list(py, &list)?;
            let make = py.import("numpy")?.getattr("array")?;
            Ok(make.call((values,), Some(&options))?.into_ptr())
        }
    })
}
