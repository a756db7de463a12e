//! What `ParseDict` reads: a document of the nodes of Python's dicts, lists and numbers.

#![expect(unsafe_code, reason = "conversions of the C API")]

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::iter::{BoundDictIterator, BoundListIterator, BoundTupleIterator};
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyIterator, PyList, PyString, PyTuple,
    PyType,
};
use russet_message::MAX_NESTING;
use russet_message::json::{Document, Foreign, Node};

/// The deepest dicts and lists that become nodes: a message may take a dict and a list.
const MAX_DICTS: usize = 2 * MAX_NESTING as usize;

/// A list or object whose elements are being added.
struct Open<'py> {
    object: Bound<'py, PyAny>,
    index: usize,
    rest: Rest<'py>,
}

/// The elements that are still to be added.
enum Rest<'py> {
    Dict(BoundDictIterator<'py>),
    List(BoundListIterator<'py>),
    Tuple(BoundTupleIterator<'py>),
    Mapping(Bound<'py, PyIterator>),
}

impl<'py> Open<'py> {
    /// The next element; the key before it is added.
    fn next(&mut self, document: &mut Document<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match &mut self.rest {
            Rest::Dict(entries) => {
                let Some((key, value)) = entries.next() else {
                    return Ok(None);
                };
                add_key(&key, document)?;
                Ok(Some(value))
            }
            Rest::List(elements) => Ok(elements.next()),
            Rest::Tuple(elements) => Ok(elements.next()),
            Rest::Mapping(keys) => {
                let Some(key) = keys.next() else {
                    return Ok(None);
                };
                let key = key?;
                add_key(&key, document)?;
                self.object.get_item(&key).map(Some)
            }
        }
    }
}

/// Makes a document of an object and all in it. Strings are copied, since code that runs later may change what holds them.
///
/// Nothing here calls itself, since a thread's stack may be short; and an object that contains itself is noticed.
pub(super) fn document_of(object: &Bound<'_, PyAny>) -> PyResult<Document<'static>> {
    let mut document = Document::new();
    let mut open = Vec::new();
    let mut object = object.clone();
    loop {
        if let Some(node) = scalar(&object)? {
            document.push(node);
        } else if let Some((node, rest)) = container(&object)? {
            if open.len() == MAX_DICTS
                || open.iter().any(|outer: &Open<'_>| outer.object.is(&object))
            {
                // Whoever comes so deep refuses it; what is passed over may be as deep as it likes.
                document.push(Node::TooDeep);
            } else {
                let index = document.push(node);
                open.push(Open {
                    object,
                    index,
                    rest,
                });
            }
        } else {
            document.push(Node::Other(Box::new(foreign(&object)?)));
        }
        object = loop {
            let Some(innermost) = open.last_mut() else {
                return Ok(document);
            };
            if let Some(next) = innermost.next(&mut document)? {
                break next;
            }
            document.close(innermost.index);
            open.pop();
        };
    }
}

/// Adds a key, which is one node whatever it is.
fn add_key(key: &Bound<'_, PyAny>, document: &mut Document<'_>) -> PyResult<()> {
    let node = match scalar(key)? {
        Some(node) => node,
        None => Node::Other(Box::new(foreign(key)?)),
    };
    document.push(node);
    Ok(())
}

/// The node of an object that has nothing in it; `None` for all others.
fn scalar(object: &Bound<'_, PyAny>) -> PyResult<Option<Node<'static>>> {
    Ok(Some(if object.is_none() {
        Node::Null
    } else if let Ok(text) = object.cast::<PyString>() {
        match text.to_str() {
            Ok(text) => Node::String(text.to_owned().into()),
            Err(_) => Node::Unpaired(text.to_string_lossy().into_owned()),
        }
    } else if let Ok(truth) = object.cast::<PyBool>() {
        Node::Bool(truth.is_true())
    } else if object.is_instance_of::<PyInt>() {
        // Of the number itself: a subclass, as an enum, may have a text of its own.
        let number = object.call_method0("__int__")?;
        Node::Number(number.str()?.to_str()?.to_owned().into())
    } else if let Ok(number) = object.cast::<PyFloat>() {
        Node::Float(number.value())
    } else if let Ok(bytes) = object.cast::<PyBytes>() {
        Node::Bytes(bytes.as_bytes().to_vec().into())
    } else {
        return Ok(None);
    }))
}

/// The node of a list or object, and what is in it; `None` for what is neither.
fn container<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<(Node<'static>, Rest<'py>)>> {
    Ok(Some(if let Ok(dict) = object.cast::<PyDict>() {
        (Node::Object(0), Rest::Dict(dict.iter()))
    } else if let Ok(list) = object.cast::<PyList>() {
        (Node::List(0), Rest::List(list.iter()))
    } else if let Ok(tuple) = object.cast::<PyTuple>() {
        (Node::List(0), Rest::Tuple(tuple.iter()))
    } else if is_mapping(object)? {
        let keys = object.call_method0(intern!(object.py(), "keys"))?;
        (Node::Mapping(0), Rest::Mapping(keys.try_iter()?))
    } else {
        return Ok(None);
    }))
}

/// Whether messages are read from an object as from a dict, which it is not.
fn is_mapping(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    // A class has the methods of its instances.
    Ok(!object.is_instance_of::<PyType>()
        && object.hasattr(intern!(py, "keys"))?
        && object.hasattr(intern!(py, "__getitem__"))?)
}

/// What is taken of an object that JSON does not have, such as a `Decimal` or a number of numpy.
fn foreign(object: &Bound<'_, PyAny>) -> PyResult<Foreign> {
    let class = object.get_type();
    let (integer, has_fraction) = match whole_number(object) {
        // What is beyond the greatest of fields is so with any number as great.
        Some((integer, true)) => (integer.extract().ok().or(Some(i128::MAX)), false),
        Some((_, false)) => (None, true),
        None => (None, false),
    };
    // SAFETY: the object is alive; an error is taken away.
    let float =
        unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyNumber_Float(object.as_ptr())) }
            .ok();
    let float: Option<f64> = float.and_then(|float| float.extract().ok());
    Ok(Foreign {
        type_name: class.fully_qualified_name()?.to_string(),
        shown: object.str()?.to_string(),
        quoted: object.repr()?.to_string(),
        integer,
        // A NaN or an infinity is a number that is no integer.
        has_fraction: has_fraction || float.is_some_and(|float| !float.is_finite()),
        float,
    })
}

/// The integer that an object converts to, and whether they are equal; `None` if it is no number.
fn whole_number<'py>(object: &Bound<'py, PyAny>) -> Option<(Bound<'py, PyAny>, bool)> {
    // SAFETY: as in `foreign`.
    let integer =
        unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyNumber_Long(object.as_ptr())) }
            .ok()?;
    // Bytes are converted as text, which is never equal to a number.
    let is_equal = object.cast::<PyByteArray>().is_ok() || object.eq(&integer).unwrap_or(false);
    Some((integer, is_equal))
}
