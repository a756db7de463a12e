//! The iterator over lists and maps: by index, as Python's own list iterator, so that appending while iterating is seen. Numbers that were made before ([`kept_numbers`]) are taken from there while they are the list's.

#![expect(unsafe_code, reason = "C functions as slots")]

use std::ptr;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::kept_numbers;
use super::object::{self, map_of, run_hot};
use super::{list_read, map, types};

type Object = *mut ffi::PyObject;

#[repr(C)]
struct Iterator {
    header: ffi::PyObject,
    /// The list or map; null when it is used up.
    container: Object,
    index: usize,
    /// The map's version when the iterator was made; of no meaning for lists.
    version: u64,
    /// The tuple of all numbers that the list kept when the iterator was made, or null.
    kept: Object,
    is_map: bool,
}

/// Makes the type.
pub(super) fn make(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    let slots = vec![
        types::slot(ffi::Py_tp_dealloc, dealloc as *const _),
        types::slot(ffi::Py_tp_iter, ffi::PyObject_SelfIter as *const _),
        types::slot(ffi::Py_tp_iternext, next as *const _),
    ];
    types::make(
        py,
        c"russet._core.ContainerIterator",
        size_of::<Iterator>(),
        0,
        slots,
        None,
    )
}

/// `iter(container)`.
pub(super) unsafe extern "C" fn iterate(container: Object) -> Object {
    // SAFETY: Python passes a list or map; the iterator is made whole.
    unsafe {
        let kept = if types::is_map(container) {
            ptr::null_mut()
        } else {
            match kept_numbers::of(&object::list_of(container)) {
                Ok(kept) => kept,
                Err(()) => return ptr::null_mut(),
            }
        };
        let ty = types::iterator_type();
        let alloc = (*ty).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
        let made = alloc(ty, 0).cast::<Iterator>();
        if made.is_null() {
            ffi::Py_XDECREF(kept);
        } else {
            ffi::Py_INCREF(container);
            (*made).container = container;
            (*made).kept = kept;
            (*made).index = 0;
            (*made).is_map = types::is_map(container);
            (*made).version = if (*made).is_map {
                map_of(container).entries().version()
            } else {
                0
            };
        }
        made.cast()
    }
}

unsafe extern "C" fn dealloc(object: Object) {
    // SAFETY: Python calls it once.
    unsafe {
        let class = ffi::Py_TYPE(object);
        ffi::Py_XDECREF((*object.cast::<Iterator>()).kept);
        ffi::Py_XDECREF((*object.cast::<Iterator>()).container);
        ffi::PyObject_Free(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

unsafe extern "C" fn next(object: Object) -> Object {
    // SAFETY: Python passes an iterator of ours, whose container it keeps alive.
    unsafe {
        let this = &mut *object.cast::<Iterator>();
        if !this.is_map && !this.container.is_null() {
            let list = object::list_of(this.container);
            let made = if let Some(kept) = kept_numbers::at(&list, this.kept, this.index) {
                Some(kept)
            } else {
                list_read::number_at(&list, this.index)
            };
            if let Some(made) = made {
                this.index += 1;
                return made;
            }
        }
    }
    next_of_any(object)
}

/// The next of what is no list of numbers, or is at its end.
fn next_of_any(object: Object) -> Object {
    run_hot(|py| {
        // SAFETY: Python passes an iterator of ours, whose container it keeps alive.
        unsafe {
            let this = &mut *object.cast::<Iterator>();
            let container = this.container;
            if container.is_null() {
                return Ok(ptr::null_mut());
            }
            let index = this.index;
            this.index += 1;
            let item = if this.is_map {
                let map = map_of(container);
                if map.entries().version() != this.version {
                    return Err(PyRuntimeError::new_err("Map modified during iteration."));
                }
                map::key_at(py, &map, index)?
            } else {
                let list = object::list_of(container);
                let item = list_read::item_at(py, &list, index)?;
                if item.is_null() {
                    kept_numbers::read_to_the_end(py, &list);
                }
                item
            };
            if item.is_null() {
                this.container = ptr::null_mut();
                ffi::Py_DECREF(container);
            }
            Ok(item)
        }
    })
}
