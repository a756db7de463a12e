//! Blocks of `russet_message` as Python objects, and functions of ours as Python's.
//!
//! A message, list or map is a Python object whose header is the block's prefix: address of the object plus [`PREFIX`] is the address of the block. A message that was made by parsing has the base class as its type until Python first sees it ([`expose`]); so classes are built only when they are needed, and a message that nobody looks at costs no class.

#![expect(unsafe_code, reason = "object headers and C function pointers")]

use std::ffi::c_int;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use russet_message::{Host, List, Map, Message, NodeKind, PREFIX};

use super::class;
use super::types;

const _: () = assert!(
    size_of::<ffi::PyObject>() == PREFIX,
    "free-threaded builds have a larger header"
);

/// The block of an object.
///
/// # Safety
/// `object` is a message, list or map.
#[inline]
pub(super) unsafe fn block_of(object: *mut ffi::PyObject) -> NonNull<u8> {
    // SAFETY: the block follows the header, by the caller's word.
    unsafe { NonNull::new_unchecked(object.cast::<u8>().add(PREFIX)) }
}

/// The object of a block.
#[inline]
pub(super) fn object_of(block: NonNull<u8>) -> *mut ffi::PyObject {
    block.as_ptr().wrapping_sub(PREFIX).cast()
}

/// The message that an object is.
///
/// # Safety
/// `object` is a message, and lives as long as what is returned.
#[inline]
pub(super) unsafe fn message_of(object: *mut ffi::PyObject) -> ManuallyDrop<Message> {
    // SAFETY: by the caller's word.
    unsafe { Message::borrow_raw(block_of(object)) }
}

/// The list that an object is.
///
/// # Safety
/// As for [`message_of`].
#[inline]
pub(super) unsafe fn list_of(object: *mut ffi::PyObject) -> ManuallyDrop<List> {
    // SAFETY: by the caller's word.
    unsafe { List::borrow_raw(block_of(object)) }
}

/// The map that an object is.
///
/// # Safety
/// As for [`message_of`].
#[inline]
pub(super) unsafe fn map_of(object: *mut ffi::PyObject) -> ManuallyDrop<Map> {
    // SAFETY: by the caller's word.
    unsafe { Map::borrow_raw(block_of(object)) }
}

/// A message as an object of its class; the reference goes with it.
#[inline]
pub(super) fn expose(py: Python<'_>, message: Message) -> PyResult<*mut ffi::PyObject> {
    let ty = message.ty();
    let object = object_of(message.into_raw());
    // SAFETY: the object is alive: its reference was just taken over.
    unsafe {
        if ffi::Py_TYPE(object) == types::message_base() {
            let class = match class::class_of(py, ty) {
                Ok(class) => class,
                Err(error) => {
                    ffi::Py_DECREF(object);
                    return Err(error);
                }
            };
            ffi::Py_INCREF(class.type_object().cast());
            (*object).ob_type = class.type_object();
            ffi::Py_DECREF(types::message_base().cast());
        }
    }
    Ok(object)
}

/// As [`expose`], for `PyO3`.
pub(super) fn bind(py: Python<'_>, message: Message) -> PyResult<Bound<'_, PyAny>> {
    let object = expose(py, message)?;
    // SAFETY: `expose` gives an owned reference.
    Ok(unsafe { Bound::from_owned_ptr(py, object) })
}

/// A list or map as an object; the reference goes with it.
pub(super) fn bind_block(py: Python<'_>, block: NonNull<u8>) -> Bound<'_, PyAny> {
    // SAFETY: the block of a living list or map, whose reference is taken over.
    unsafe { Bound::from_owned_ptr(py, object_of(block)) }
}

/// Python as the owner of blocks.
pub(super) static HOST: Host = Host {
    allocate,
    retain: |block| {
        // SAFETY: the block's object is alive.
        unsafe { ffi::Py_INCREF(object_of(block)) }
    },
    release: |block, _| {
        // SAFETY: the caller gives its reference back; the type's dealloc destroys the block.
        unsafe { ffi::Py_DECREF(object_of(block)) }
    },
    retain_object: |object| {
        // SAFETY: a str or bytes that is alive.
        unsafe { ffi::Py_INCREF(object.as_ptr().cast()) }
    },
    release_object: |object| {
        // SAFETY: the caller gives its reference back.
        unsafe { ffi::Py_DECREF(object.as_ptr().cast()) }
    },
    lend: |bytes| {
        let length = bytes.len().cast_signed();
        // SAFETY: the bytes are copied. Without memory there is no object, and the exception is of no use to the caller, who does without.
        let made = unsafe { ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), length) };
        if made.is_null() {
            // SAFETY: as above.
            unsafe { ffi::PyErr_Clear() };
        }
        NonNull::new(made.cast())
    },
    object_bytes,
};

unsafe fn allocate(kind: NodeKind) -> NonNull<u8> {
    let size = PREFIX + kind.size();
    let ty = match kind {
        NodeKind::Message(ty) => {
            class::built_class(ty).map_or_else(types::message_base, class::Class::type_object)
        }
        NodeKind::List(field) => types::list_type(field),
        NodeKind::Map(field) => types::map_type(field),
    };
    // SAFETY: the memory is that of an object of `ty`, whose dealloc frees it the same way.
    unsafe {
        let memory = ffi::PyObject_Malloc(size).cast::<u8>();
        let Some(memory) = NonNull::new(memory) else {
            std::alloc::handle_alloc_error(
                std::alloc::Layout::from_size_align(size, 16).expect("a block's size is small"),
            )
        };
        memory.write_bytes(0, size);
        ffi::PyObject_Init(memory.as_ptr().cast(), ty);
        memory.add(PREFIX)
    }
}

/// The bytes of an input, which is always an exact `bytes`.
unsafe fn object_bytes(object: NonNull<()>) -> (*const u8, usize) {
    let object: *mut ffi::PyObject = object.as_ptr().cast();
    // SAFETY: only the parser's inputs come here.
    unsafe {
        (
            ffi::PyBytes_AS_STRING(object).cast(),
            ffi::PyBytes_Size(object).cast_unsigned(),
        )
    }
}

/// `tp_dealloc` of messages: of the base class and of every generated one.
pub(super) unsafe extern "C" fn dealloc_message(object: *mut ffi::PyObject) {
    // SAFETY: Python calls it once, when the last reference is gone.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let block = block_of(object);
        let ty = Message::borrow_raw(block).ty();
        NodeKind::Message(ty).destroy(block);
        ffi::PyObject_Free(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

/// `tp_dealloc` of lists.
pub(super) unsafe extern "C" fn dealloc_list(object: *mut ffi::PyObject) {
    // SAFETY: as for messages.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let field = list_of(object).field();
        NodeKind::List(field).destroy(block_of(object));
        ffi::PyObject_Free(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

/// `tp_dealloc` of maps.
pub(super) unsafe extern "C" fn dealloc_map(object: *mut ffi::PyObject) {
    // SAFETY: as for messages.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let field = map_of(object).field();
        NodeKind::Map(field).destroy(block_of(object));
        ffi::PyObject_Free(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

/// What a C function returns where it raised.
pub(super) trait Raised {
    const RAISED: Self;
}
impl Raised for *mut ffi::PyObject {
    const RAISED: Self = std::ptr::null_mut();
}
impl Raised for c_int {
    const RAISED: Self = -1;
}
impl Raised for ffi::Py_ssize_t {
    const RAISED: Self = -1;
}

/// Runs a body between C and Python: an error becomes the exception that is set, a panic too.
#[inline]
pub(super) fn run<T: Raised>(body: impl FnOnce(Python<'_>) -> PyResult<T>) -> T {
    Python::attach(|py| guard(py, body))
}

/// As [`run`], for short bodies that drop no `Py`: without registering the thread with `PyO3`.
#[inline]
pub(super) fn run_hot<T: Raised>(body: impl FnOnce(Python<'_>) -> PyResult<T>) -> T {
    // SAFETY: only functions that Python calls come here, and it holds the lock then.
    guard(unsafe { Python::assume_attached() }, body)
}

#[inline]
fn guard<T: Raised>(py: Python<'_>, body: impl FnOnce(Python<'_>) -> PyResult<T>) -> T {
    match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => {
            // Attached, so that `PyO3` gives references back at once.
            Python::attach(|py| error.restore(py));
            T::RAISED
        }
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown");
            PySystemError::new_err(format!(
                "a bug in russet: {text}; please report it with what led to it"
            ))
            .restore(py);
            T::RAISED
        }
    }
}

/// A borrowed argument.
///
/// # Safety
/// `object` is alive for the call.
#[inline]
pub(super) unsafe fn arg<'a, 'py>(
    py: Python<'py>,
    object: &'a *mut ffi::PyObject,
) -> &'a Bound<'py, PyAny> {
    // SAFETY: by the caller's word; a Bound is a pointer.
    unsafe { Bound::ref_from_ptr(py, object) }
}

/// `None`, owned.
pub(super) fn none(py: Python<'_>) -> *mut ffi::PyObject {
    py.None().into_ptr()
}
