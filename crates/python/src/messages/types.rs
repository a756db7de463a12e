//! The static Python types: the message base class, its metaclass, lists and maps; and what is imported from Python once.

#![expect(unsafe_code, reason = "types are made from C slots")]

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ptr;
use std::sync::OnceLock;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use russet_message::{FieldInfo, Storage};

use super::{class, class_names, iterate, list, map, message};

/// A type that lives as long as the process.
#[derive(Clone, Copy)]
struct Type(*mut ffi::PyTypeObject);
// SAFETY: a pointer that is written once; the type itself is guarded by Python.
unsafe impl Send for Type {}
// SAFETY: as above.
unsafe impl Sync for Type {}

struct Types {
    message: Type,
    meta: Type,
    scalar_list: Type,
    composite_list: Type,
    scalar_map: Type,
    message_map: Type,
    iterator: Type,
}

static TYPES: OnceLock<Types> = OnceLock::new();

fn types() -> &'static Types {
    TYPES
        .get()
        .expect("the types are made when the module is loaded")
}

/// The class `Message`.
#[inline]
pub(super) fn message_base() -> *mut ffi::PyTypeObject {
    types().message.0
}
/// The class `MessageMeta`.
pub(super) fn meta() -> *mut ffi::PyTypeObject {
    types().meta.0
}
/// The class of a field's list.
pub(super) fn list_type(field: &FieldInfo) -> *mut ffi::PyTypeObject {
    if field.storage() == Storage::Message {
        types().composite_list.0
    } else {
        types().scalar_list.0
    }
}
/// The class of a field's map.
pub(super) fn map_type(field: &'static FieldInfo) -> *mut ffi::PyTypeObject {
    if field.map_fields().1.storage() == Storage::Message {
        types().message_map.0
    } else {
        types().scalar_map.0
    }
}
/// The class of iterators over lists and maps.
pub(super) fn iterator_type() -> *mut ffi::PyTypeObject {
    types().iterator.0
}

/// Whether an object is a list of ours.
pub(super) fn is_list(object: *mut ffi::PyObject) -> bool {
    // SAFETY: any living object has a type.
    let ty = unsafe { ffi::Py_TYPE(object) };
    ty == types().scalar_list.0 || ty == types().composite_list.0
}
/// Whether an object is a map of ours.
pub(super) fn is_map(object: *mut ffi::PyObject) -> bool {
    // SAFETY: any living object has a type.
    let ty = unsafe { ffi::Py_TYPE(object) };
    ty == types().scalar_map.0 || ty == types().message_map.0
}
/// Whether an object is a message of ours.
#[inline]
pub(super) fn is_message(object: *mut ffi::PyObject) -> bool {
    // SAFETY: any living object has a type, whose type is living too.
    unsafe { ffi::Py_TYPE(ffi::Py_TYPE(object).cast()) == meta() }
}

/// A slot of a type's specification.
pub(super) fn slot(slot: c_int, value: *const c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot {
        slot,
        pfunc: value.cast_mut(),
    }
}

/// A table that C keeps a pointer to: made once and never freed, with the zeroed entry at its end that C expects.
pub(super) fn table<T: Default>(mut entries: Vec<T>) -> *const c_void {
    entries.push(T::default());
    entries.leak().as_ptr().cast()
}

/// A method that takes no argument.
pub(super) fn no_args(
    name: &'static CStr,
    function: ffi::PyCFunction,
    doc: &'static CStr,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunction: function,
        },
        ml_flags: ffi::METH_NOARGS,
        ml_doc: doc.as_ptr(),
    }
}

/// A method that takes one argument.
pub(super) fn one_arg(
    name: &'static CStr,
    function: ffi::PyCFunction,
    doc: &'static CStr,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_flags: ffi::METH_O,
        ..no_args(name, function, doc)
    }
}

/// A method that takes positional arguments and keywords.
pub(super) fn any_args(
    name: &'static CStr,
    function: ffi::PyCFunctionFastWithKeywords,
    doc: &'static CStr,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: function,
        },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: doc.as_ptr(),
    }
}

/// Makes a type from its slots.
pub(super) fn make(
    py: Python<'_>,
    name: &'static CStr,
    size: usize,
    flags: std::ffi::c_ulong,
    mut slots: Vec<ffi::PyType_Slot>,
    base: Option<*mut ffi::PyTypeObject>,
) -> PyResult<*mut ffi::PyTypeObject> {
    slots.push(slot(0, ptr::null()));
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: c_int::try_from(size).expect("types are small"),
        itemsize: 0,
        flags: c_uint::try_from(ffi::Py_TPFLAGS_DEFAULT | flags).expect("flags are 32 bits"),
        slots: slots.leak().as_mut_ptr(),
    };
    // SAFETY: the specification is complete, and its tables are never freed.
    unsafe {
        let bases = match base {
            Some(base) => ffi::PyTuple_Pack(1, base),
            None => ptr::null_mut(),
        };
        let made = ffi::PyType_FromSpecWithBases(&raw mut spec, bases);
        Bound::from_owned_ptr_or_err(py, made).map(|made| made.into_ptr().cast())
    }
}

/// Makes the types and puts those with public names into the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    if TYPES.get().is_none() {
        let made = Types {
            message: Type(message::make_base(py)?),
            meta: Type(class::make_meta(py)?),
            scalar_list: Type(list::make_scalar(py)?),
            composite_list: Type(list::make_composite(py)?),
            scalar_map: Type(map::make_scalar(py)?),
            message_map: Type(map::make_message(py)?),
            iterator: Type(iterate::make(py)?),
        };
        let _ = TYPES.set(made);
    }
    // Where `collections.abc` has them from; the interpreter has this module anyway, and all of `collections` not.
    let abstracts = py.import("_collections_abc")?;
    for (interface, classes) in [
        (
            "MutableSequence",
            [types().scalar_list, types().composite_list],
        ),
        ("MutableMapping", [types().scalar_map, types().message_map]),
    ] {
        for class in classes {
            // SAFETY: the type is alive.
            let class: Bound<'_, PyAny> = unsafe { Bound::from_borrowed_ptr(py, class.0.cast()) };
            abstracts
                .getattr(interface)?
                .call_method1("register", (class,))?;
        }
    }
    for (name, ty) in [
        ("Message", types().message),
        ("MessageMeta", types().meta),
        ("RepeatedScalarContainer", types().scalar_list),
        ("RepeatedCompositeContainer", types().composite_list),
        ("ScalarMapContainer", types().scalar_map),
        ("MessageMapContainer", types().message_map),
    ] {
        // SAFETY: the type is alive.
        let object: Bound<'_, PyAny> = unsafe { Bound::from_borrowed_ptr(py, ty.0.cast()) };
        if name == "Message" {
            // Generated classes have their own.
            object.setattr("DESCRIPTOR", py.None())?;
            // SAFETY: as above.
            class_names::add_to(py, &unsafe { class::type_dict(py, ty.0)? })?;
            // SAFETY: as above.
            unsafe { ffi::PyType_Modified(ty.0) };
        }
        module.add(name, object)?;
    }
    Ok(())
}

/// An attribute of a Python module of the package, imported when first needed.
pub(super) fn import<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    cell.get_or_try_init(py, || Ok(py.import(module)?.getattr(name)?.unbind()))
        .map(|object| object.bind(py))
}
