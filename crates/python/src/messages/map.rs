//! Map fields as Python sees them: `ScalarMapContainer` and `MessageMapContainer`.

#![expect(unsafe_code, reason = "C functions as slots and methods")]

use std::cell::RefMut;
use std::ffi::c_int;
use std::ptr::{self, NonNull};

use pyo3::exceptions::{
    PyAttributeError, PyKeyError, PyNotImplementedError, PyTypeError, PyValueError,
};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use russet_message::{Entries, Guard, Map, Storage, Value};

use super::errors::too_deep;
use super::guard::check;
use super::object::{self, arg, map_of, none, run, run_hot};
use super::{class, convert, init, iterate, list, types};

type Object = *mut ffi::PyObject;

fn methods(message: bool) -> Vec<ffi::PyMethodDef> {
    let mut methods = vec![
        types::no_args(c"clear", clear, c"Removes all entries."),
        types::no_args(
            c"GetEntryClass",
            entry_class,
            c"The class of the entry message.",
        ),
        types::one_arg(
            c"MergeFrom",
            merge_from,
            c"Copies the entries of another map into this.",
        ),
        types::any_args(
            c"get",
            get,
            c"The value of a key, or a default; the map stays as it is.",
        ),
        types::any_args(
            c"setdefault",
            set_default,
            c"The value of a key, set to a default if there is none.",
        ),
        types::one_arg(
            c"__deepcopy__",
            deep_copy,
            c"The entries as a dict of copies.",
        ),
    ];
    if message {
        methods.push(types::one_arg(
            c"get_or_create",
            get_or_create,
            c"The message of a key, made if there is none.",
        ));
    }
    methods
}

fn make(
    py: Python<'_>,
    name: &'static std::ffi::CStr,
    message: bool,
) -> PyResult<*mut ffi::PyTypeObject> {
    let slots = vec![
        types::slot(ffi::Py_tp_dealloc, object::dealloc_map as *const _),
        types::slot(ffi::Py_tp_repr, repr as *const _),
        types::slot(ffi::Py_tp_richcompare, compare as *const _),
        types::slot(ffi::Py_tp_hash, hash as *const _),
        types::slot(ffi::Py_tp_iter, iterate::iterate as *const _),
        types::slot(ffi::Py_tp_methods, types::table(methods(message))),
        types::slot(ffi::Py_tp_new, list::no_new as *const _),
        types::slot(ffi::Py_mp_length, length as *const _),
        types::slot(ffi::Py_mp_subscript, subscript as *const _),
        types::slot(ffi::Py_mp_ass_subscript, assign as *const _),
        types::slot(ffi::Py_sq_contains, contains as *const _),
    ];
    let made = types::make(
        py,
        name,
        russet_message::PREFIX + size_of::<usize>(),
        0,
        slots,
        None,
    )?;
    // The rest of a mutable mapping is Python's own, written over the methods above.
    // SAFETY: the type is alive.
    let class: Bound<'_, PyAny> = unsafe { Bound::from_borrowed_ptr(py, made.cast()) };
    let mapping = py.import("_collections_abc")?.getattr("MutableMapping")?;
    for name in ["keys", "items", "values", "pop", "popitem", "update"] {
        class.setattr(name, mapping.getattr(name)?)?;
    }
    list::make_generic(&class)?;
    Ok(made)
}

/// Makes the class of maps of scalars.
pub(super) fn make_scalar(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    make(py, c"russet._core.ScalarMapContainer", false)
}

/// Makes the class of maps of messages.
pub(super) fn make_message(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    make(py, c"russet._core.MessageMapContainer", true)
}

/// A key, or the error that the original raises for one of a wrong type.
fn key(map: &Map, key: &Bound<'_, PyAny>) -> PyResult<Value> {
    convert::to_value(map.field().map_fields().0, key)
}

/// The key at an index, owned; null without an exception past the end.
pub(super) fn key_at(py: Python<'_>, map: &Map, index: usize) -> PyResult<Object> {
    let key_field = map.field().map_fields().0;
    let made = match map.entries().as_slice().get(index) {
        None => return Ok(ptr::null_mut()),
        Some((key, _)) => convert::from_value(py, key_field, key)?,
    };
    if let Some((Value::Text(text), _)) = map.entries_cache().as_mut_slice().get_mut(index) {
        cache(text, made);
    }
    Ok(made)
}

/// Puts the object made of a text in its place, so that it is made once.
fn cache(text: &mut russet_message::Text, made: Object) {
    if text.object().is_none()
        && let Some(cached) = convert::cached(made, text.as_slice())
    {
        *text = cached;
    }
}

/// The value of a key, owned; null without an exception where there is none.
fn lookup(py: Python<'_>, map: &Map, key: &Value) -> PyResult<Object> {
    let entries = map.entries_cache();
    match entries.find(key) {
        Some(place) => value_at(py, map, entries, place),
        None => Ok(ptr::null_mut()),
    }
}

/// The value of a key that the map itself has handed out, as programs look up what they iterate over, without another conversion; null without an exception where it is not one of those.
#[inline]
fn lookup_handed_out(py: Python<'_>, map: &Map, name: &Bound<'_, PyAny>) -> PyResult<Object> {
    let entries = map.entries_cache();
    let place = NonNull::new(name.as_ptr()).and_then(|name| entries.place_of_object(name.cast()));
    match place {
        Some(place) => value_at(py, map, entries, place),
        None => Ok(ptr::null_mut()),
    }
}

/// The value at a place, owned.
#[inline]
fn value_at(
    py: Python<'_>,
    map: &Map,
    mut entries: RefMut<'_, Entries>,
    place: usize,
) -> PyResult<Object> {
    let value_field = map.field().map_fields().1;
    let value = &mut entries.as_mut_slice()[place].1;
    if let Value::Message(message) = value {
        let message = message.clone();
        drop(entries);
        return object::expose(py, message);
    }
    let made = convert::from_value(py, value_field, value)?;
    if let Value::Text(text) = value {
        cache(text, made);
    }
    Ok(made)
}

unsafe extern "C" fn length(object: Object) -> ffi::Py_ssize_t {
    // SAFETY: Python passes a map.
    unsafe { map_of(object) }.len().cast_signed()
}

/// `map[key]`: a key that is not there gets a default value, as in the original.
unsafe extern "C" fn subscript(object: Object, name: Object) -> Object {
    run_hot(|py| {
        // SAFETY: Python passes a map and a living key.
        let (map, name) = unsafe { (map_of(object), arg(py, &name)) };
        let found = lookup_handed_out(py, &map, name)?;
        if !found.is_null() {
            return Ok(found);
        }
        let key = key(&map, name)?;
        let found = lookup(py, &map, &key)?;
        if !found.is_null() {
            return Ok(found);
        }
        if map.guard() == Guard::Frozen {
            // There is nothing to read, and the map cannot get it.
            return Err(PyKeyError::new_err(name.clone().unbind()));
        }
        create(py, &map, key)
    })
}

unsafe extern "C" fn get_or_create(object: Object, name: Object) -> Object {
    run_hot(|py| {
        // SAFETY: as above.
        let (map, name) = unsafe { (map_of(object), arg(py, &name)) };
        let key = key(&map, name)?;
        let found = lookup(py, &map, &key)?;
        if found.is_null() {
            create(py, &map, key)
        } else {
            Ok(found)
        }
    })
}

/// The default value of a new key.
fn create(py: Python<'_>, map: &Map, key: Value) -> PyResult<Object> {
    check(py, map)?;
    let value = Value::default_of(map.field().map_fields().1);
    map.entries_mut().insert(key.clone(), value);
    lookup(py, map, &key)
}

unsafe extern "C" fn contains(object: Object, name: Object) -> c_int {
    run_hot(|py| {
        // SAFETY: as above.
        let (map, name) = unsafe { (map_of(object), arg(py, &name)) };
        if map.is_empty() {
            return Ok(0);
        }
        let key = key(&map, name)?;
        Ok(c_int::from(map.entries().find(&key).is_some()))
    })
}

unsafe extern "C" fn assign(object: Object, name: Object, value: Object) -> c_int {
    run_hot(|py| {
        // SAFETY: as above; the value is alive or null.
        let (map, name) = unsafe { (map_of(object), arg(py, &name)) };
        check(py, &*map)?;
        let value_field = map.field().map_fields().1;
        if value.is_null() {
            let removed = map.entries_mut().remove(&key(&map, name)?);
            return match removed {
                Some(_) => Ok(0),
                None => Err(PyKeyError::new_err(name.clone().unbind())),
            };
        }
        if value_field.storage() == Storage::Message {
            return Err(PyValueError::new_err(
                "Message objects may not be assigned; use map[key].CopyFrom(message)",
            ));
        }
        // SAFETY: as above.
        let value = convert::to_value(value_field, unsafe { arg(py, &value) })?;
        let key = key(&map, name)?;
        let replaced = map.entries_mut().insert(key, value);
        drop(replaced);
        Ok(0)
    })
}

unsafe extern "C" fn get(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run(|py| {
        // SAFETY: Python passes a map and as many arguments as it says.
        unsafe {
            let map = map_of(object);
            let mut name = None;
            let mut default = None;
            for index in 0..count.cast_unsigned() {
                let value = *args.add(index);
                match index {
                    0 => name = Some(value),
                    1 => default = Some(value),
                    _ => return Err(PyTypeError::new_err("get() takes at most 2 arguments")),
                }
            }
            if !keywords.is_null() {
                for index in 0..ffi::PyTuple_GET_SIZE(keywords) {
                    let keyword = ffi::PyTuple_GET_ITEM(keywords, index);
                    let value = *args.add((count + index).cast_unsigned());
                    match arg(py, &keyword).cast::<PyString>()?.to_str()? {
                        "key" => name = Some(value),
                        "default" => default = Some(value),
                        other => {
                            return Err(PyTypeError::new_err(format!(
                                "'{other}' is an invalid keyword argument for get()"
                            )));
                        }
                    }
                }
            }
            let Some(name) = name else {
                return Err(PyTypeError::new_err(
                    "get() missing required argument 'key'",
                ));
            };
            let found = lookup(py, &map, &key(&map, arg(py, &name))?)?;
            if !found.is_null() {
                return Ok(found);
            }
            Ok(match default {
                Some(default) => arg(py, &default).clone().into_ptr(),
                None => none(py),
            })
        }
    })
}

unsafe extern "C" fn set_default(
    object: Object,
    args: *const Object,
    count: ffi::Py_ssize_t,
    keywords: Object,
) -> Object {
    run(|py| {
        // SAFETY: as above.
        unsafe {
            let map = map_of(object);
            check(py, &*map)?;
            if map.field().map_fields().1.storage() == Storage::Message {
                return Err(PyNotImplementedError::new_err(
                    "Set message map value directly is not supported, call my_map[key].foo = 5",
                ));
            }
            if !(1..=2).contains(&count) || !keywords.is_null() {
                return Err(PyTypeError::new_err(
                    "setdefault() takes a key and a default, by position",
                ));
            }
            let key = key(&map, arg(py, &*args))?;
            let found = lookup(py, &map, &key)?;
            if !found.is_null() {
                map.entries_cache().end_iterators();
                return Ok(found);
            }
            if count < 2 || ffi::Py_IsNone(*args.add(1)) != 0 {
                return Err(PyValueError::new_err(
                    "The value for map key must be set and not None.",
                ));
            }
            map.entries_mut().end_iterators();
            let default = *args.add(1);
            let value = init::map_value(py, &map, arg(py, &default))?;
            map.entries_mut().insert(key, value);
            Ok(arg(py, &default).clone().into_ptr())
        }
    })
}

/// By identity, as in the original, though maps compare by content.
unsafe extern "C" fn hash(object: Object) -> ffi::Py_hash_t {
    // Objects are 16-aligned; -1 would mean an error.
    (object.addr() >> 4).cast_signed()
}

unsafe extern "C" fn clear(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let map = unsafe { map_of(object) };
        check(py, &*map)?;
        let entries = map.entries_mut().take();
        drop(entries);
        Ok(none(py))
    })
}

unsafe extern "C" fn entry_class(object: Object, _: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let map = unsafe { map_of(object) };
        let class = class::class_of(py, map.field().message_type())?;
        Ok(class.bind(py).into_ptr())
    })
}

unsafe extern "C" fn merge_from(object: Object, other: Object) -> Object {
    run(|py| {
        // SAFETY: as above; `other` is alive.
        let (map, other) = unsafe { (map_of(object), arg(py, &other)) };
        check(py, &*map)?;
        if other.cast::<PyDict>().is_ok() {
            return Err(PyAttributeError::new_err("Merging of dict is not allowed"));
        }
        map.entries_mut().end_iterators();
        update(py, &map, other)?;
        Ok(none(py))
    })
}

/// Copies entries from another map, a mapping, or pairs.
pub(super) fn update(py: Python<'_>, map: &Map, other: &Bound<'_, PyAny>) -> PyResult<()> {
    if types::is_map(other.as_ptr()) {
        // SAFETY: just checked.
        let source = unsafe { map_of(other.as_ptr()) };
        if ptr::eq(source.field(), map.field()) {
            let copies = source.copy_entries().map_err(too_deep)?;
            let mut entries = map.entries_mut();
            for (key, value) in copies {
                entries.insert(key, value);
            }
            return Ok(());
        }
    }
    map.touch();
    if let Ok(dict) = other.cast::<PyDict>() {
        for (name, value) in dict.iter() {
            insert(py, map, &name, &value)?;
        }
        return Ok(());
    }
    if other.hasattr(intern!(py, "keys"))? {
        for name in other.call_method0(intern!(py, "keys"))?.try_iter()? {
            let name = name?;
            insert(py, map, &name, &other.get_item(&name)?)?;
        }
        return Ok(());
    }
    for pair in other.try_iter()? {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair?.extract()?;
        insert(py, map, &name, &value)?;
    }
    Ok(())
}

fn insert(
    py: Python<'_>,
    map: &Map,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let key = key(map, name)?;
    let value = init::map_value(py, map, value)?;
    let replaced = map.entries_mut().insert(key, value);
    drop(replaced);
    Ok(())
}

/// The entries as a dict.
fn to_dict<'py>(py: Python<'py>, map: &Map) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let (key_field, value_field) = map.field().map_fields();
    for index in 0..map.len() {
        let entry = map.entries().as_slice().get(index).cloned();
        let Some((key, value)) = entry else { break };
        dict.set_item(
            convert::bind_value(py, key_field, &key)?,
            convert::bind_value(py, value_field, &value)?,
        )?;
    }
    Ok(dict)
}

unsafe extern "C" fn repr(object: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let map = unsafe { map_of(object) };
        let dict = to_dict(py, &map)?;
        Ok(dict.repr()?.into_any().into_ptr())
    })
}

unsafe extern "C" fn deep_copy(object: Object, _memo: Object) -> Object {
    run(|py| {
        // SAFETY: as above.
        let map = unsafe { map_of(object) };
        let dict = PyDict::new(py);
        let (key_field, value_field) = map.field().map_fields();
        for (key, value) in map.copy_entries().map_err(too_deep)? {
            dict.set_item(
                convert::bind_value(py, key_field, &key)?,
                convert::bind_value(py, value_field, &value)?,
            )?;
        }
        Ok(dict.into_ptr())
    })
}

unsafe extern "C" fn compare(object: Object, other: Object, operation: c_int) -> Object {
    run(|py| {
        if operation != ffi::Py_EQ && operation != ffi::Py_NE {
            return Ok(py.NotImplemented().into_ptr());
        }
        // SAFETY: Python passes living objects, of which the first is a map.
        unsafe {
            let ours = to_dict(py, &map_of(object))?;
            let theirs = if types::is_map(other) {
                to_dict(py, &map_of(other))?.into_any()
            } else {
                arg(py, &other).clone()
            };
            let result = ffi::PyObject_RichCompare(ours.as_ptr(), theirs.as_ptr(), operation);
            Bound::from_owned_ptr_or_err(py, result).map(Bound::into_ptr)
        }
    })
}
