//! Descriptors as Python sees them. Each is made once and is the same object whenever it is asked for.

mod collections;
mod enumeration;
mod field;
mod file;
mod message;
mod methods;
mod oneof;
mod service;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use russet_descriptor::pool::{Enum, EnumValue, Field, File, Message, Method, Oneof, Service};

use enumeration::{EnumDescriptor, EnumValueDescriptor};
use field::FieldDescriptor;
use file::FileDescriptor;
use message::Descriptor;
use oneof::OneofDescriptor;
use service::{MethodDescriptor, ServiceDescriptor};

use super::errors;

/// A descriptor of any kind.
#[derive(Clone, Copy)]
pub(super) enum Described {
    File(&'static File),
    Message(&'static Message),
    Field(&'static Field),
    Oneof(&'static Oneof),
    Enum(&'static Enum),
    EnumValue(&'static EnumValue),
    Service(&'static Service),
    Method(&'static Method),
}

/// The Python object of each descriptor, by its address. Descriptors live as long as the process, so do these.
static MADE: Mutex<Option<HashMap<usize, Py<PyAny>>>> = Mutex::new(None);

/// The Python object of a descriptor.
pub(super) fn wrap(py: Python<'_>, described: Described) -> PyResult<Bound<'_, PyAny>> {
    let address = match described {
        Described::File(d) => std::ptr::from_ref(d).addr(),
        Described::Message(d) => std::ptr::from_ref(d).addr(),
        Described::Field(d) => std::ptr::from_ref(d).addr(),
        Described::Oneof(d) => std::ptr::from_ref(d).addr(),
        Described::Enum(d) => std::ptr::from_ref(d).addr(),
        Described::EnumValue(d) => std::ptr::from_ref(d).addr(),
        Described::Service(d) => std::ptr::from_ref(d).addr(),
        Described::Method(d) => std::ptr::from_ref(d).addr(),
    };
    let lookup = || {
        let made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        made.as_ref()
            .and_then(|made| made.get(&address))
            .map(|object| object.clone_ref(py).into_bound(py))
    };
    if let Some(object) = lookup() {
        return Ok(object);
    }
    let object = match described {
        Described::File(d) => Bound::new(py, FileDescriptor::new(d))?.into_any(),
        Described::Message(d) => Bound::new(py, Descriptor::new(d))?.into_any(),
        Described::Field(d) => Bound::new(py, FieldDescriptor::new(d))?.into_any(),
        Described::Oneof(d) => Bound::new(py, OneofDescriptor::new(d))?.into_any(),
        Described::Enum(d) => Bound::new(py, EnumDescriptor::new(d))?.into_any(),
        Described::EnumValue(d) => Bound::new(py, EnumValueDescriptor::new(d))?.into_any(),
        Described::Service(d) => Bound::new(py, ServiceDescriptor::new(d))?.into_any(),
        Described::Method(d) => Bound::new(py, MethodDescriptor::new(d))?.into_any(),
    };
    // Making it may have let another thread run, whose object is then the one.
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let object = made
        .get_or_insert_default()
        .entry(address)
        .or_insert_with(|| object.unbind());
    Ok(object.clone_ref(py).into_bound(py))
}

/// The descriptor of a message that an object is.
pub(super) fn message_of(object: &Bound<'_, PyAny>) -> PyResult<&'static Message> {
    match object.cast::<Descriptor>() {
        Ok(descriptor) => Ok(descriptor.get().inner),
        Err(_) => Err(PyTypeError::new_err(format!(
            "expected a message's Descriptor, got {}",
            errors::shown(object)
        ))),
    }
}

/// The descriptor of a field that an object is.
pub(super) fn field_of(object: &Bound<'_, PyAny>) -> PyResult<&'static Field> {
    match object.cast::<FieldDescriptor>() {
        Ok(descriptor) => Ok(descriptor.get().inner),
        // A KeyError, since it comes from `message.Extensions[...]`.
        Err(_) => Err(PyKeyError::new_err(format!(
            "expected a FieldDescriptor, got {}",
            errors::shown(object)
        ))),
    }
}

/// Adds the classes to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_class::<FileDescriptor>()?;
    module.add_class::<Descriptor>()?;
    module.add_class::<FieldDescriptor>()?;
    module.add_class::<OneofDescriptor>()?;
    module.add_class::<EnumDescriptor>()?;
    module.add_class::<EnumValueDescriptor>()?;
    module.add_class::<ServiceDescriptor>()?;
    module.add_class::<MethodDescriptor>()?;
    let field = py.get_type::<FieldDescriptor>();
    for &(name, value) in field::CONSTANTS {
        field.setattr(name, value)?;
    }
    Ok(())
}
