//! The class `Message`: the methods that all messages have. Those that parse and serialize are in [`message_wire`](super::message_wire).

#![expect(unsafe_code, reason = "C functions as methods")]

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::{
    PyAttributeError, PyKeyError, PyNotImplementedError, PyTypeError, PyValueError,
};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PySet, PyString, PyTuple};
use russet_message::text_format::{Dialect, Printer};
use russet_message::{FieldInfo, Message, Shape};

use super::class::{self, class_of_object, named_field};
use super::descriptor::{self, Described};
use super::errors::{no_attribute, no_field, too_deep};
use super::extension;
use super::guard::check;
use super::message_wire::{
    byte_size, from_string, merge_from_string, parse_from_string, parse_into, serialize,
    serialize_partial, to_bytes,
};
use super::object::{self, arg, message_of, none, run, run_hot};
use super::{fields, types};

type Object = *mut ffi::PyObject;

/// Makes the base class.
pub(super) fn make_base(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    let class_method = |method: ffi::PyMethodDef| ffi::PyMethodDef {
        ml_flags: method.ml_flags | ffi::METH_CLASS,
        ..method
    };
    let methods = vec![
        types::no_args(c"ByteSize", byte_size, c"The size of the serialized message, in bytes."),
        types::no_args(c"Clear", clear, c"Clears all fields."),
        types::one_arg(c"ClearField", clear_field, c"Clears a field, or what is set of a oneof."),
        types::one_arg(c"ClearExtension", clear_extension, c"Clears an extension."),
        types::one_arg(c"CopyFrom", copy_from, c"Makes this message a copy of another."),
        types::no_args(c"DiscardUnknownFields", discard_unknown, c"Drops unknown fields, in sub-messages too."),
        types::no_args(c"FindInitializationErrors", find_errors, c"The paths of required fields that are not set."),
        class_method(types::one_arg(c"FromString", from_string, c"Parses a new message.")),
        types::one_arg(c"HasExtension", has_extension, c"Whether an extension is set."),
        types::one_arg(c"HasField", has_field, c"Whether a field with presence, or any field of a oneof, is set."),
        types::any_args(c"IsInitialized", is_initialized, c"Whether all required fields are set; a list given takes the paths of those that are not."),
        types::no_args(c"ListFields", list_fields, c"The fields that are set, with their values, by number."),
        types::one_arg(c"MergeFrom", merge_from, c"Merges another message of this class."),
        types::one_arg(c"MergeFromString", merge_from_string, c"Parses into this message."),
        types::one_arg(c"ParseFromString", parse_from_string, c"Clears this message and parses into it."),
        types::any_args(c"SerializePartialToString", serialize_partial, c"The message as bytes, whether or not required fields are set."),
        types::any_args(c"SerializeToString", serialize, c"The message as bytes."),
        class_method(types::one_arg(c"RegisterExtension", register_extension, c"Does nothing: the pool has the extension. Code of old protocs calls it.")),
        types::no_args(c"SetInParent", set_in_parent, c"Makes this message set in its parent."),
        types::no_args(c"UnknownFields", unknown_fields, c"Gone from the original; see unknown_fields.UnknownFieldSet."),
        types::one_arg(c"WhichOneof", which_oneof, c"The name of the field of a oneof that is set, or None."),
        types::one_arg(c"__contains__", contains, c"As HasField; of Struct and ListValue, whether there is a key or value."),
        types::one_arg(c"__deepcopy__", deep_copy, c"A copy."),
        types::no_args(c"__copy__", shallow_copy, c"A copy."),
        types::no_args(c"__reduce__", reduce, c"For pickling."),
        types::no_args(c"__getstate__", get_state, c"For pickling."),
        types::one_arg(c"__setstate__", set_state, c"For pickling."),
        types::no_args(c"__dir__", dir, c"The names of attributes."),
        types::one_arg(c"_SetListener", set_listener, c"Does nothing; the original's pure Python version uses it."),
    ];
    let getsets = vec![ffi::PyGetSetDef {
        name: c"Extensions".as_ptr(),
        get: Some(extensions),
        set: None,
        doc: c"The extensions of an extendable message, by their descriptor.".as_ptr(),
        closure: ptr::null_mut(),
    }];
    let slots = vec![
        types::slot(ffi::Py_tp_new, class::new_message as *const _),
        types::slot(ffi::Py_tp_init, class::init_message as *const _),
        types::slot(ffi::Py_tp_dealloc, object::dealloc_message as *const _),
        types::slot(ffi::Py_tp_repr, repr as *const _),
        types::slot(ffi::Py_tp_str, repr as *const _),
        types::slot(ffi::Py_tp_richcompare, compare as *const _),
        types::slot(
            ffi::Py_tp_hash,
            ffi::PyObject_HashNotImplemented as *const _,
        ),
        types::slot(ffi::Py_tp_setattro, set_attribute as *const _),
        types::slot(ffi::Py_tp_methods, types::table(methods)),
        types::slot(ffi::Py_tp_getset, types::table(getsets)),
        types::slot(
            ffi::Py_tp_doc,
            c"Base class of all messages.".as_ptr().cast(),
        ),
    ];
    let size = russet_message::PREFIX + size_of::<usize>();
    types::make(
        py,
        c"russet._core.Message",
        size,
        ffi::Py_TPFLAGS_BASETYPE,
        slots,
        None,
    )
}

// Whole messages.

unsafe extern "C" fn clear(object: Object, _: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        let message = unsafe { message_of(object) };
        check(py, &*message)?;
        message.clear();
        Ok(none(py))
    })
}

/// Another message of the same class.
unsafe fn same_class(
    py: Python<'_>,
    function: &str,
    object: Object,
    other: Object,
) -> PyResult<std::mem::ManuallyDrop<Message>> {
    // SAFETY: `object` is a message; `other` is one if it is of the same class. Both are alive for the call.
    unsafe {
        if ffi::Py_TYPE(object) != ffi::Py_TYPE(other) {
            return Err(class::wrong_class(
                function,
                class_of_object(object),
                arg(py, &other),
            ));
        }
        Ok(message_of(other))
    }
}

unsafe extern "C" fn merge_from(object: Object, other: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        unsafe {
            let source = same_class(py, "MergeFrom()", object, other)?;
            let message = message_of(object);
            check(py, &*message)?;
            message.merge_from(&source).map_err(too_deep)?;
        }
        Ok(none(py))
    })
}

unsafe extern "C" fn copy_from(object: Object, other: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        unsafe {
            let source = same_class(py, "CopyFrom()", object, other)?;
            let message = message_of(object);
            check(py, &*message)?;
            // A source in the target lives on: it is held by the caller.
            message.assign(&source).map_err(too_deep)?;
        }
        Ok(none(py))
    })
}

unsafe extern "C" fn deep_copy(object: Object, _memo: Object) -> Object {
    // SAFETY: as above.
    unsafe { shallow_copy(object, ptr::null_mut()) }
}

unsafe extern "C" fn shallow_copy(object: Object, _: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        let copy = unsafe { message_of(object) }
            .duplicate()
            .map_err(too_deep)?;
        object::expose(py, copy)
    })
}

unsafe extern "C" fn discard_unknown(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let message = unsafe { message_of(object) };
        check(py, &*message)?;
        message.discard_unknown().map_err(too_deep)?;
        Ok(none(py))
    })
}

unsafe extern "C" fn set_in_parent(object: Object, _: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        let message = unsafe { message_of(object) };
        check(py, &*message)?;
        message.touch();
        Ok(none(py))
    })
}

unsafe extern "C" fn unknown_fields(_object: Object, _: Object) -> Object {
    run(|_| {
        Err(PyNotImplementedError::new_err(
            "unknown field accessor; use unknown_fields.UnknownFieldSet(message)",
        ))
    })
}

unsafe extern "C" fn set_listener(_object: Object, _listener: Object) -> Object {
    run(|py| Ok(none(py)))
}

unsafe extern "C" fn register_extension(_class: Object, _extension: Object) -> Object {
    run(|py| Ok(none(py)))
}

unsafe extern "C" fn find_errors(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let missing = unsafe { message_of(object) }
            .missing_required()
            .map_err(too_deep)?;
        Ok(PyList::new(py, missing)?.into_ptr())
    })
}

unsafe extern "C" fn is_initialized(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run(|py| {
        // SAFETY: as above; `args` has as many as `count` says.
        unsafe {
            if !keywords.is_null() {
                return Err(PyTypeError::new_err(
                    "IsInitialized() takes no keyword arguments",
                ));
            }
            if count > 1 {
                return Err(PyTypeError::new_err(format!(
                    "function takes at most 1 argument ({count} given)"
                )));
            }
            let message = message_of(object);
            let initialized = message.is_initialized().map_err(too_deep)?;
            if count > 0 && !initialized {
                let list = *args;
                let missing = message.missing_required().map_err(too_deep)?;
                arg(py, &list).call_method1(intern!(py, "extend"), (missing,))?;
            }
            Ok(ffi::PyBool_FromLong(initialized.into()))
        }
    })
}

// Fields.

/// What a name is: a field, or a oneof by its index.
enum Named {
    Field(&'static FieldInfo),
    Oneof(usize),
}

unsafe fn named(py: Python<'_>, object: Object, name: Object) -> PyResult<Named> {
    // SAFETY: `object` is a message and `name` alive for the call.
    let (class, name) = unsafe { (class_of_object(object), arg(py, &name)) };
    // The original takes the name as UTF-8 too.
    if let Ok(bytes) = name.cast::<PyBytes>() {
        let text = PyString::from_bytes(py, bytes.as_bytes())?;
        // SAFETY: as above; the text is alive for the call.
        return unsafe { named(py, object, text.as_ptr()) };
    }
    if let Ok(text) = name.cast::<PyString>()
        && class.field(name.as_ptr(), 0).is_none()
        && let Some(oneof) = class.ty().descriptor().oneof_by_name(text.to_str()?)
    {
        return Ok(Named::Oneof(oneof.index()));
    }
    named_field(class, name).map(Named::Field)
}

unsafe extern "C" fn has_field(object: Object, name: Object) -> Object {
    run_hot(|py| {
        // SAFETY: methods are called for messages, with living arguments.
        unsafe {
            let message = message_of(object);
            let has = match named(py, object, name)? {
                Named::Field(field) if field.has_presence() => message.has(field),
                Named::Field(field) => {
                    return Err(PyValueError::new_err(format!(
                        "Field {} does not have presence.",
                        field.descriptor().full_name()
                    )));
                }
                Named::Oneof(oneof) => message.which(oneof).is_some(),
            };
            Ok(ffi::PyBool_FromLong(has.into()))
        }
    })
}

unsafe extern "C" fn contains(object: Object, item: Object) -> Object {
    // SAFETY: as above.
    let ty = unsafe { message_of(object) }.ty();
    let values = match ty.descriptor().full_name() {
        "google.protobuf.Struct" => "fields",
        "google.protobuf.ListValue" => "items",
        // SAFETY: as above.
        _ => return unsafe { has_field(object, item) },
    };
    run(|py| {
        // SAFETY: as above.
        let (object, item) = unsafe { (arg(py, &object), arg(py, &item)) };
        let values = object.getattr(values)?;
        let values = if values.is_callable() {
            values.call0()?
        } else {
            values
        };
        // SAFETY: makes a bool.
        Ok(unsafe { ffi::PyBool_FromLong(values.contains(item)?.into()) })
    })
}

unsafe extern "C" fn clear_field(object: Object, name: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        unsafe {
            let message = message_of(object);
            check(py, &*message)?;
            match named(py, object, name)? {
                Named::Field(field) => message.clear_field(field),
                Named::Oneof(oneof) => {
                    if let Some(field) = message.which(oneof) {
                        message.clear_field(field);
                    }
                }
            }
        }
        Ok(none(py))
    })
}

unsafe extern "C" fn which_oneof(object: Object, name: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        let (message, name) = unsafe { (message_of(object), arg(py, &name)) };
        let descriptor = message.ty().descriptor();
        let text = match name.cast::<PyString>() {
            Ok(text) => text.to_str()?.to_owned(),
            // The original takes bytes here too.
            Err(_) => match name.cast::<PyBytes>() {
                Ok(bytes) => String::from_utf8_lossy(bytes.as_bytes()).into_owned(),
                Err(_) => {
                    return Err(PyValueError::new_err(format!(
                        "Expected a oneof name, but got {}.",
                        super::errors::shown(name)
                    )));
                }
            },
        };
        let Some(oneof) = descriptor.oneof_by_name(&text) else {
            return Err(if descriptor.field_by_name(&text).is_some() {
                PyValueError::new_err(format!("Expected a oneof name, but got field name {text}."))
            } else {
                no_field(descriptor, &text)
            });
        };
        Ok(match message.which(oneof.index()) {
            Some(field) => PyString::intern(py, field.descriptor().name())
                .into_any()
                .into_ptr(),
            None => none(py),
        })
    })
}

unsafe extern "C" fn list_fields(object: Object, _: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        let message = unsafe { message_of(object) };
        let list = PyList::empty(py);
        let mut set = message.set_fields();
        set.sort_by_key(|field| field.number());
        for field in set {
            let described = descriptor::wrap(py, Described::Field(field.descriptor()))?;
            list.append((described, fields::get(py, &message, field)?))?;
        }
        Ok(list.into_ptr())
    })
}

unsafe extern "C" fn set_attribute(object: Object, name: Object, value: Object) -> c_int {
    // SAFETY: Python passes a message, a str, and a value or null.
    unsafe {
        let result = ffi::PyObject_GenericSetAttr(object, name, value);
        if result < 0 && ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) != 0 {
            return run(|py| {
                let error = PyErr::fetch(py);
                let class = class_of_object(object);
                if class.field(name, 0).is_some() {
                    return Err(error);
                }
                let name = arg(py, &name).str()?.to_string();
                Err(no_attribute(class.ty().descriptor(), &name))
            });
        }
        result
    }
}

unsafe extern "C" fn dir(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let object = unsafe { arg(py, &object) };
        let base = py.import("builtins")?.getattr("object")?;
        let names = base.call_method1("__dir__", (object,))?;
        let set = PySet::empty(py)?;
        for name in names.try_iter()? {
            set.add(name?)?;
        }
        // SAFETY: as above.
        let class = unsafe { class_of_object(object.as_ptr()) };
        if !class.ty().descriptor().is_extendable() {
            set.discard("Extensions")?;
        }
        Ok(PyList::new(py, set.iter())?.into_ptr())
    })
}

// Comparing, printing, pickling.

unsafe extern "C" fn compare(object: Object, other: Object, operation: c_int) -> Object {
    run_hot(|py| {
        if operation != ffi::Py_EQ && operation != ffi::Py_NE {
            return Ok(py.NotImplemented().into_ptr());
        }
        // SAFETY: Python passes living objects, of which the first is a message.
        let equal = unsafe {
            if ffi::Py_TYPE(object) == ffi::Py_TYPE(other) {
                message_of(object)
                    .equals(&message_of(other))
                    .map_err(too_deep)?
            } else if types::is_message(other) {
                return Ok(py.NotImplemented().into_ptr());
            } else {
                // Struct and ListValue compare to dicts and lists.
                let object = arg(py, &object);
                match object.getattr_opt(intern!(py, "_internal_compare"))? {
                    Some(compare) => compare.call1((arg(py, &other),))?.is_truthy()?,
                    None => return Ok(py.NotImplemented().into_ptr()),
                }
            }
        };
        let result = equal == (operation == ffi::Py_EQ);
        // SAFETY: makes a bool.
        Ok(unsafe { ffi::PyBool_FromLong(result.into()) })
    })
}

unsafe extern "C" fn repr(object: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        let message = unsafe { message_of(object) };
        let text = Printer::new(Dialect::Str).print(&message);
        Ok(PyString::new(py, &text).into_any().into_ptr())
    })
}

unsafe extern "C" fn get_state(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above; the bytes are a new reference.
        let bytes: Bound<'_, PyAny> =
            unsafe { Bound::from_owned_ptr_or_err(py, to_bytes(&message_of(object), false)?)? };
        let state = PyDict::new(py);
        state.set_item(intern!(py, "serialized"), bytes)?;
        Ok(state.into_ptr())
    })
}

unsafe extern "C" fn reduce(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let state = Bound::from_owned_ptr_or_err(py, get_state(object, ptr::null_mut()))?;
            let class = arg(py, &object).get_type();
            Ok((class, PyTuple::empty(py), state)
                .into_pyobject(py)?
                .into_ptr())
        }
    })
}

unsafe extern "C" fn set_state(object: Object, state: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let data = arg(py, &state).get_item("serialized")?;
            // Older pickles have the bytes as a Latin-1 str.
            let data = if data.is_instance_of::<PyString>() {
                data.call_method1("encode", ("latin1",))?
            } else {
                data
            };
            let message = message_of(object);
            check(py, &*message)?;
            message.clear();
            parse_into(py, &message, data.as_ptr())?;
        }
        Ok(none(py))
    })
}

// Extensions.

unsafe extern "C" fn extensions(object: Object, _: *mut std::ffi::c_void) -> Object {
    run(|py| {
        // SAFETY: as above.
        let message = unsafe { message_of(object) };
        if !message.ty().descriptor().is_extendable() {
            return Err(PyAttributeError::new_err(format!(
                "{} has no extension range, so no Extensions",
                message.ty().descriptor().full_name()
            )));
        }
        // SAFETY: as above.
        let object = unsafe { arg(py, &object) };
        extension::dict(object).map(Bound::into_ptr)
    })
}

unsafe extern "C" fn has_extension(object: Object, handle: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let message = message_of(object);
            let field = extension::field_of(&message, arg(py, &handle))?;
            if field.shape() != Shape::Singular {
                return Err(PyKeyError::new_err(format!(
                    "\"{}\" is repeated; HasExtension is for singular extensions",
                    field.descriptor().full_name()
                )));
            }
            Ok(ffi::PyBool_FromLong(message.has(field).into()))
        }
    })
}

unsafe extern "C" fn clear_extension(object: Object, handle: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let message = message_of(object);
            check(py, &*message)?;
            let field = extension::field_of(&message, arg(py, &handle))?;
            message.clear_field(field);
        }
        Ok(none(py))
    })
}

/// The unknown fields of a message in wire form, for `unknown_fields.UnknownFieldSet`.
#[pyfunction]
pub(super) fn unknown_field_bytes<'py>(
    message: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    if !types::is_message(message.as_ptr()) {
        return Err(PyTypeError::new_err(format!(
            "expected a message, got {}",
            super::errors::shown(message)
        )));
    }
    // SAFETY: just checked.
    let unknown = unsafe { message_of(message.as_ptr()) }.unknown();
    Ok(PyBytes::new(message.py(), &unknown))
}
