//! Filling repeated fields from Python: `append`, `extend`, `add`, assigning to elements and slices.

#![expect(unsafe_code, reason = "C functions as slots and methods")]

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PySlice};
use russet_message::{Items, List, Message, Storage, Value};

use super::convert;
use super::errors::too_deep;
use super::guard::check;
use super::init;
use super::list::{keyword_dict, take};
use super::list_read::{as_index, out_of_range, place};
use super::object::{self, arg, list_of, none, run, run_hot};
use super::types;

type Object = *mut ffi::PyObject;

/// Appends one value.
fn push(py: Python<'_>, list: &List, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let value = init::element(py, list, value)?;
    list.items_mut().push(value);
    Ok(())
}

/// Appends the values of an iterable: all of them or, where one is refused, none.
pub(super) fn extend(py: Python<'_>, list: &List, values: &Bound<'_, PyAny>) -> PyResult<()> {
    if values.is_none() {
        return Err(PyTypeError::new_err("must assign iterable"));
    }
    if types::is_list(values.as_ptr()) {
        // SAFETY: just checked.
        let other = unsafe { list_of(values.as_ptr()) };
        if ptr::eq(list.field(), other.field()) {
            let copies = other.copy_items().map_err(too_deep)?;
            list.items_mut().append(copies);
            return Ok(());
        }
    }
    list.touch();
    if let Ok(values) = values.cast_exact::<PyList>() {
        return extend_from_list(py, list, values);
    }
    let values = values
        .try_iter()
        .map_err(|_| PyTypeError::new_err("must assign iterable"))?;
    let mut fresh = Items::empty(list.field().storage());
    for value in values {
        fresh.push(init::element(py, list, &value?)?);
    }
    list.items_mut().append(fresh);
    Ok(())
}

fn extend_from_list(py: Python<'_>, list: &List, values: &Bound<'_, PyList>) -> PyResult<()> {
    let field = list.field();
    /// Appends numbers; they are converted first, since that may run code of Python's.
    macro_rules! numbers {
        ($type:ty, $convert:path) => {{
            let mut fresh: Vec<$type> = Vec::with_capacity(values.len());
            for value in values.iter() {
                fresh.push($convert(field, &value)?);
            }
            list.items_mut().vec_mut::<$type>().append(&mut fresh);
        }};
    }
    match field.storage() {
        Storage::F64 => numbers!(f64, convert::to_f64),
        Storage::I64 => numbers!(i64, convert::to_i64),
        Storage::U64 => numbers!(u64, convert::to_u64),
        Storage::U32 => numbers!(u32, convert::to_u32),
        Storage::F32 => numbers!(f32, convert::to_f32),
        _ => {
            let mut fresh = Items::empty(field.storage());
            for value in values.iter() {
                fresh.push(init::element(py, list, &value)?);
            }
            list.items_mut().append(fresh);
        }
    }
    Ok(())
}

pub(super) unsafe extern "C" fn append(object: Object, value: Object) -> Object {
    run_hot(|py| {
        // SAFETY: methods are called for lists, with living arguments.
        let (list, value) = unsafe { (list_of(object), arg(py, &value)) };
        check(py, &*list)?;
        check_message(&list, value)?;
        push(py, &list, value)?;
        Ok(none(py))
    })
}

/// What is appended to a list of messages must be a message; only constructors take dicts.
pub(super) fn check_message(list: &List, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if list.field().storage() == Storage::Message && !types::is_message(value.as_ptr()) {
        return Err(PyTypeError::new_err(format!(
            "Expected a message object, but got {}.",
            value.repr()?
        )));
    }
    Ok(())
}

pub(super) unsafe extern "C" fn extend_method(object: Object, values: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let (list, values) = unsafe { (list_of(object), arg(py, &values)) };
        check(py, &*list)?;
        extend_checked(py, &list, values)?;
        Ok(none(py))
    })
}

/// As [`extend`], but messages only are appended to a list of messages, each before the next is asked for.
fn extend_checked(py: Python<'_>, list: &List, values: &Bound<'_, PyAny>) -> PyResult<()> {
    if list.field().storage() != Storage::Message || types::is_list(values.as_ptr()) {
        return extend(py, list, values);
    }
    let values = values
        .try_iter()
        .map_err(|_| PyTypeError::new_err("must assign iterable"))?;
    list.touch();
    for value in values {
        let value = value?;
        check_message(list, &value)?;
        push(py, list, &value)?;
    }
    Ok(())
}

pub(super) unsafe extern "C" fn add(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let list = list_of(object);
            check(py, &*list)?;
            if count > 0 {
                return Err(PyTypeError::new_err("No positional arguments allowed"));
            }
            let child = Message::new(list.field().message_type());
            let options = keyword_dict(py, args, count, keywords)?;
            init::from_dict(py, &child, &options)?;
            list.items_mut().push(Value::Message(child.clone()));
            object::expose(py, child)
        }
    })
}

pub(super) unsafe extern "C" fn assign(object: Object, key: Object, value: Object) -> c_int {
    run(|py| {
        // SAFETY: Python passes a list, a living key, and a value or null.
        let (list, key) = unsafe { (list_of(object), arg(py, &key)) };
        check(py, &*list)?;
        if list.field().storage() == Storage::Message && !value.is_null() {
            if key.cast::<PySlice>().is_err() {
                place(as_index(key)?, list.len()).ok_or_else(out_of_range)?;
            }
            return Err(PyTypeError::new_err(
                "does not support assignment: messages of a repeated field are added or removed, not replaced",
            ));
        }
        if let Ok(slice) = key.cast::<PySlice>() {
            // Values first: what they come from may be this list, and may change it.
            let fresh = if value.is_null() {
                None
            } else {
                // SAFETY: alive for the call.
                let values = unsafe { arg(py, &value) };
                let fresh = List::detached(list.field());
                extend(py, &fresh, values)?;
                Some(fresh)
            };
            let length = list.len();
            let indices = slice.indices(length.cast_signed())?;
            return assign_slice(&list, &indices, fresh.as_ref()).map(|()| 0);
        }
        let index = as_index(key)?;
        let at = |length| place(index, length).ok_or_else(out_of_range);
        if value.is_null() {
            let at = at(list.len())?;
            drop(take(&list, at..at + 1));
        } else {
            // SAFETY: alive for the call.
            let value = convert::to_value(list.field(), unsafe { arg(py, &value) })?;
            let at = at(list.len())?;
            drop(list.items_mut().replace(at, value));
        }
        Ok(0)
    })
}

/// Replaces or removes the values of a slice.
fn assign_slice(
    list: &List,
    indices: &pyo3::types::slice::PySliceIndices,
    fresh: Option<&List>,
) -> PyResult<()> {
    let count = indices.slicelength;
    if indices.step == 1 {
        let start = indices.start.cast_unsigned();
        let mut items = list.items_mut();
        let length = items.len();
        // A slice that ends before it starts is empty, and stands where it starts.
        let removed = items.drain(start..start + count);
        let tail = items.drain(start..length - count);
        if let Some(fresh) = fresh {
            let length = fresh.len();
            items.append(fresh.items_mut().drain(0..length));
        }
        items.append(tail);
        drop(items);
        drop(removed);
        return Ok(());
    }
    let places: Vec<usize> = (0..count.cast_signed())
        .map(|n| (indices.start + n * indices.step).cast_unsigned())
        .collect();
    match fresh {
        None => {
            let mut sorted = places;
            sorted.sort_unstable();
            for place in sorted.into_iter().rev() {
                drop(take(list, place..place + 1));
            }
        }
        Some(fresh) => {
            if fresh.len() != places.len() {
                return Err(PyValueError::new_err(format!(
                    "attempt to assign sequence of size {} to extended slice of size {}",
                    fresh.len(),
                    places.len()
                )));
            }
            for (index, place) in places.into_iter().enumerate() {
                let value = fresh.items().get(index);
                drop(list.items_mut().replace(place, value));
            }
        }
    }
    Ok(())
}
