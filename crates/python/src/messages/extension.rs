//! `message.Extensions`: the extensions of a message by their descriptor.

#![expect(unsafe_code, reason = "the message inside is an object of ours")]

use std::mem::ManuallyDrop;

use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyList;
use russet_descriptor::pool::Symbol;
use russet_message::{FieldInfo, Message, Shape, Storage};

use super::descriptor::{self, Described};
use super::guard::check;
use super::object::message_of;
use super::{class, errors, fields, pool};

/// The extensions of one message, live.
#[pyclass(frozen, module = "russet._core")]
pub(super) struct ExtensionDict {
    message: Py<PyAny>,
}

/// The extensions of a message.
pub(super) fn dict<'py>(message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let dict = ExtensionDict {
        message: message.clone().unbind(),
    };
    Ok(Bound::new(message.py(), dict)?.into_any())
}

/// The table entry of an extension of a message's type.
pub(super) fn field_of(
    message: &Message,
    handle: &Bound<'_, PyAny>,
) -> PyResult<&'static FieldInfo> {
    let field = descriptor::field_of(handle)?;
    if !field.is_extension() {
        return Err(PyKeyError::new_err(format!(
            "{} is not an extension",
            field.full_name()
        )));
    }
    if field.containing_type() != message.ty().descriptor() {
        return Err(PyKeyError::new_err(format!(
            "Extension \"{}\" extends message type \"{}\", but this message is of type \"{}\".",
            field.full_name(),
            field.containing_type().full_name(),
            message.ty().descriptor().full_name()
        )));
    }
    Ok(FieldInfo::of_extension(field))
}

impl ExtensionDict {
    fn message(&self) -> ManuallyDrop<Message> {
        // SAFETY: `self` was made from a message, and keeps it alive.
        unsafe { message_of(self.message.as_ptr()) }
    }
}

#[pymethods]
impl ExtensionDict {
    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        handle: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let message = self.message();
        fields::get(py, &message, field_of(&message, handle)?)
    }

    fn __setitem__(&self, handle: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let message = self.message();
        check(handle.py(), &*message)?;
        let field = field_of(&message, handle)?;
        if field.shape() != Shape::Singular || field.storage() == Storage::Message {
            return Err(PyTypeError::new_err(format!(
                "Cannot assign to extension \"{}\" because it is a repeated or composite type.",
                field.descriptor().full_name()
            )));
        }
        fields::set_scalar(&message, field, value)
    }

    fn __delitem__(&self, handle: &Bound<'_, PyAny>) -> PyResult<()> {
        let message = self.message();
        check(handle.py(), &*message)?;
        message.clear_field(field_of(&message, handle)?);
        Ok(())
    }

    fn __contains__(&self, handle: &Bound<'_, PyAny>) -> PyResult<bool> {
        let message = self.message();
        let field = field_of(&message, handle)?;
        // Of a repeated one, whether there are elements.
        Ok(message.has(field))
    }

    fn __len__(&self) -> usize {
        self.message().extensions().len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let set = PyList::empty(py);
        for field in self.message().extensions() {
            set.append(descriptor::wrap(py, Described::Field(field.descriptor()))?)?;
        }
        set.call_method0("__iter__")
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast::<Self>() else {
            return Ok(false);
        };
        let (ours, theirs) = (self.message(), other.get().message());
        if *ours == *theirs {
            return Ok(true);
        }
        ours.equals(&theirs).map_err(errors::too_deep)
    }

    #[pyo3(name = "_FindExtensionByName")]
    fn find_by_name<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let message = self.message();
        let ty = message.ty();
        let class = class::class_of(py, ty)?;
        match class.types().pool.and_then(|pool| pool.symbol(name)) {
            Some(Symbol::Field(field))
                if field.is_extension() && field.containing_type() == ty.descriptor() =>
            {
                descriptor::wrap(py, Described::Field(field))
            }
            _ => Ok(py.None().into_bound(py)),
        }
    }

    #[pyo3(name = "_FindExtensionByNumber")]
    fn find_by_number<'py>(&self, py: Python<'py>, number: u32) -> PyResult<Bound<'py, PyAny>> {
        let message = self.message();
        let descriptor = message.ty().descriptor();
        match pool::by_id(descriptor.file().pool_id())
            .and_then(|pool| pool.extension(descriptor, number))
        {
            Some(field) => descriptor::wrap(py, Described::Field(field)),
            None => Ok(py.None().into_bound(py)),
        }
    }
}
