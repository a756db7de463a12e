//! Repeated fields as Python sees them: `RepeatedScalarContainer` and `RepeatedCompositeContainer`. Their classes, and what takes values out or puts them in another order; reading is in [`list_read`](super::list_read), filling in [`list_write`](super::list_write).

#![expect(unsafe_code, reason = "C functions as slots and methods")]

use pyo3::exceptions::{PyIndexError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use russet_message::{Items, List};

use super::buffer;
use super::errors::too_deep;
use super::guard::check;
use super::init;
use super::iterate;
use super::list_read::{
    array, as_index, compare, item, item_at, length, place, repr, subscript, to_bytes, to_list,
};
use super::list_write::{add, append, assign, check_message, extend_method};
use super::object::{self, arg, list_of, none, object_of, run};
use super::types;

type Object = *mut ffi::PyObject;

fn methods(composite: bool) -> Vec<ffi::PyMethodDef> {
    let mut methods = vec![
        types::one_arg(c"append", append, c"Appends a value; a message is copied."),
        types::one_arg(
            c"extend",
            extend_method,
            c"Appends the values of an iterable.",
        ),
        types::any_args(c"insert", insert, c"Inserts a value before an index."),
        types::any_args(
            c"pop",
            pop,
            c"Removes and returns the value at an index, by default the last.",
        ),
        types::one_arg(c"remove", remove, c"Removes the first value that is equal."),
        types::any_args(
            c"index",
            index,
            c"The index of the first value that is equal.",
        ),
        types::one_arg(c"count", count, c"How many values are equal."),
        types::any_args(
            c"sort",
            sort,
            c"Sorts in place; key and reverse as for lists.",
        ),
        types::no_args(c"reverse", reverse, c"Reverses in place."),
        types::no_args(c"clear", clear, c"Removes all values."),
        types::one_arg(
            c"MergeFrom",
            extend_method,
            c"Appends the values of another container.",
        ),
        types::one_arg(c"__deepcopy__", deep_copy, c"A copy that is in no message."),
    ];
    if composite {
        methods.push(types::any_args(
            c"add",
            add,
            c"Appends a new message, its fields from keywords.",
        ));
    } else {
        methods.push(types::no_args(
            c"__reduce__",
            reduce,
            c"Containers are not pickled.",
        ));
        // Before buffers, which give the memory: the values are asked for.
        methods.push(types::no_args(
            c"__bytes__",
            to_bytes,
            c"The values as bytes, as of a list.",
        ));
        methods.push(types::any_args(
            c"__array__",
            array,
            c"The values as a numpy array.",
        ));
    }
    methods
}

fn make(
    py: Python<'_>,
    name: &'static std::ffi::CStr,
    composite: bool,
) -> PyResult<*mut ffi::PyTypeObject> {
    let mut slots = vec![
        types::slot(ffi::Py_tp_dealloc, object::dealloc_list as *const _),
        types::slot(ffi::Py_tp_repr, repr as *const _),
        types::slot(ffi::Py_tp_richcompare, compare as *const _),
        types::slot(
            ffi::Py_tp_hash,
            ffi::PyObject_HashNotImplemented as *const _,
        ),
        types::slot(ffi::Py_tp_iter, iterate::iterate as *const _),
        types::slot(ffi::Py_tp_methods, types::table(methods(composite))),
        types::slot(ffi::Py_tp_new, no_new as *const _),
        types::slot(ffi::Py_sq_length, length as *const _),
        types::slot(ffi::Py_sq_item, item as *const _),
        types::slot(ffi::Py_mp_length, length as *const _),
        types::slot(ffi::Py_mp_subscript, subscript as *const _),
        types::slot(ffi::Py_mp_ass_subscript, assign as *const _),
    ];
    if !composite {
        slots.push(types::slot(ffi::Py_bf_getbuffer, buffer::get as *const _));
        slots.push(types::slot(
            ffi::Py_bf_releasebuffer,
            buffer::release as *const _,
        ));
    }
    let made = types::make(
        py,
        name,
        russet_message::PREFIX + size_of::<usize>(),
        0,
        slots,
        None,
    )?;
    // SAFETY: the type is alive.
    let class: Bound<'_, PyAny> = unsafe { Bound::from_borrowed_ptr(py, made.cast()) };
    make_generic(&class)?;
    Ok(made)
}

/// Lets annotations say of what a container is, as in `RepeatedScalarFieldContainer[int]`.
pub(super) fn make_generic(class: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = class.py();
    let alias = py.import("types")?.getattr("GenericAlias")?;
    let of_class = py.import("builtins")?.getattr("classmethod")?;
    class.setattr("__class_getitem__", of_class.call1((alias,))?)
}

/// Makes the class of lists of scalars.
pub(super) fn make_scalar(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    make(py, c"russet._core.RepeatedScalarContainer", false)
}

/// Makes the class of lists of messages.
pub(super) fn make_composite(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    make(py, c"russet._core.RepeatedCompositeContainer", true)
}

/// Containers are made by their messages.
pub(super) unsafe extern "C" fn no_new(
    ty: *mut ffi::PyTypeObject,
    _args: Object,
    _keywords: Object,
) -> Object {
    run(|py| {
        // SAFETY: `ty` is alive.
        let ty: Bound<'_, PyAny> = unsafe { Bound::from_borrowed_ptr(py, ty.cast()) };
        Err(PyRuntimeError::new_err(format!(
            "cannot create '{}' instances; read a repeated or map field of a message",
            ty.getattr("__name__")?
        )))
    })
}

/// Positional arguments; keywords are refused.
unsafe fn positional<'a>(
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
    name: &str,
    least: isize,
    most: isize,
) -> PyResult<&'a [Object]> {
    if !keywords.is_null() {
        return Err(PyTypeError::new_err(format!(
            "{name}() takes no keyword arguments"
        )));
    }
    if count < least || count > most {
        return Err(PyTypeError::new_err(format!(
            "{name}() takes {least} to {most} arguments ({count} given)"
        )));
    }
    // SAFETY: Python passes as many arguments as it says.
    Ok(if count == 0 {
        &[]
    } else {
        unsafe { std::slice::from_raw_parts(args, count.cast_unsigned()) }
    })
}

unsafe extern "C" fn insert(
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
            let args = positional(args, count, keywords, "insert", 2, 2)?;
            let index = as_index(arg(py, &args[0]))?;
            let value = arg(py, &args[1]);
            check_message(&list, value)?;
            let value = init::element(py, &list, value)?;
            let length = list.len();
            let at = if index < 0 {
                index
                    .saturating_add(length.cast_signed())
                    .max(0)
                    .cast_unsigned()
            } else {
                index.cast_unsigned().min(length)
            };
            list.items_mut().insert(at, value);
        }
        Ok(none(py))
    })
}

unsafe extern "C" fn pop(
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
            let args = positional(args, count, keywords, "pop", 0, 1)?;
            let index = match args {
                [index] => as_index(arg(py, index))?,
                _ => -1,
            };
            let at = place(index, list.len()).ok_or_else(|| {
                PyIndexError::new_err(format!("list index ({index}) out of range"))
            })?;
            let item = item_at(py, &list, at)?;
            drop(take(&list, at..at + 1));
            Ok(item)
        }
    })
}

/// Takes values out; they are dropped when the list is free again.
pub(super) fn take(list: &List, range: std::ops::Range<usize>) -> Items {
    list.items_mut().drain(range)
}

/// The index of the first value that is equal.
fn find(py: Python<'_>, list: &List, value: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    for index in 0.. {
        let item = item_at(py, list, index)?;
        if item.is_null() {
            break;
        }
        // SAFETY: an owned reference.
        let item: Bound<'_, PyAny> = unsafe { Bound::from_owned_ptr(py, item) };
        if item.eq(value)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

unsafe extern "C" fn remove(object: Object, value: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let (list, value) = unsafe { (list_of(object), arg(py, &value)) };
        check(py, &*list)?;
        let at = find(py, &list, value)?
            .filter(|&at| at < list.len())
            .ok_or_else(|| PyValueError::new_err("remove(x): x not in container"))?;
        drop(take(&list, at..at + 1));
        Ok(none(py))
    })
}

unsafe extern "C" fn index(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let args = positional(args, count, keywords, "index", 1, 3)?;
            let values = to_list(py, &list_of(object))?;
            let args = PyTuple::new(py, args.iter().map(|value| arg(py, value)))?;
            Ok(values.call_method1(intern!(py, "index"), args)?.into_ptr())
        }
    })
}

unsafe extern "C" fn count(object: Object, value: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let values = to_list(py, &list_of(object))?;
            Ok(values
                .call_method1(intern!(py, "count"), (arg(py, &value),))?
                .into_ptr())
        }
    })
}

unsafe extern "C" fn reverse(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let list = unsafe { list_of(object) };
        check(py, &*list)?;
        list.items_mut().reverse();
        Ok(none(py))
    })
}

unsafe extern "C" fn clear(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let list = unsafe { list_of(object) };
        check(py, &*list)?;
        let length = list.len();
        if length > 0 {
            drop(take(&list, 0..length));
        }
        Ok(none(py))
    })
}

/// Keywords of a call as a dict.
pub(super) unsafe fn keyword_dict(
    py: Python<'_>,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    // SAFETY: Python passes the keywords' values after the positional arguments.
    unsafe {
        if !keywords.is_null() {
            for index in 0..ffi::PyTuple_GET_SIZE(keywords) {
                let name = ffi::PyTuple_GET_ITEM(keywords, index);
                let value = *args.add((count + index).cast_unsigned());
                dict.set_item(arg(py, &name), arg(py, &value))?;
            }
        }
    }
    Ok(dict)
}

unsafe extern "C" fn sort(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            if count > 0 {
                return Err(PyTypeError::new_err("sort() takes no positional arguments"));
            }
            let list = list_of(object);
            check(py, &*list)?;
            let options = keyword_dict(py, args, count, keywords)?;
            // Older Python had `cmp`, which the original still takes.
            if let Some(compare) = options
                .get_item("sort_function")?
                .or(options.get_item("cmp")?)
            {
                let key = py
                    .import("functools")?
                    .getattr("cmp_to_key")?
                    .call1((compare,))?;
                options
                    .del_item("sort_function")
                    .or_else(|_| options.del_item("cmp"))?;
                options.set_item("key", key)?;
            }
            // Indexes are sorted by the values, so that the values stay what they are: messages keep their identity.
            let values = to_list(py, &list)?;
            let key = options.get_item("key")?.filter(|key| !key.is_none());
            let keys = PyList::empty(py);
            for value in values.iter() {
                keys.append(match &key {
                    Some(key) => key.call1((value,))?,
                    None => value,
                })?;
            }
            options.set_item("key", keys.getattr("__getitem__")?)?;
            let order = PyList::new(py, 0..values.len())?;
            order.call_method("sort", (), Some(&options))?;
            let order: Vec<usize> = order.extract()?;
            if order.len() != list.len() {
                return Err(PyValueError::new_err("list modified during sort"));
            }
            if !order.is_empty() {
                list.items_mut().permute(&order);
            }
        }
        Ok(none(py))
    })
}

unsafe extern "C" fn deep_copy(object: Object, _memo: Object) -> Object {
    run(|_| {
        // SAFETY: as above.
        let list = unsafe { list_of(object) };
        let copy = List::detached(list.field());
        copy.items_mut()
            .append(list.copy_items().map_err(too_deep)?);
        Ok(object_of(copy.into_raw()))
    })
}

unsafe extern "C" fn reduce(_object: Object, _: Object) -> Object {
    run(|py| {
        let error = py.import("pickle")?.getattr("PickleError")?;
        Err(PyErr::from_value(error.call1((
            "can't pickle repeated message fields, convert to list first",
        ))?))
    })
}
