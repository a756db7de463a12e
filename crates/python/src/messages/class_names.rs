//! Names that a message class has twice: as a method or class attribute and as a field, nested type or enum value; and what an instance has of its class.
//!
//! As in the original, a method of all messages hides a nested type, enum value or extension of its name, a field hides the method in instances alone, and an instance has what its class has of its metaclass, such as `__name__`.

use std::collections::HashSet;

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use super::types;

/// A field whose name the class has otherwise: an instance has the field, the class what else it has.
#[pyclass(frozen, module = "russet._core", name = "_FieldOfInstances")]
pub(super) struct FieldOfInstances {
    /// The field's own descriptor.
    field: Py<PyAny>,
    /// What the class gives.
    of_class: Py<PyAny>,
}

impl FieldOfInstances {
    pub(super) fn make<'py>(
        field: Bound<'py, PyAny>,
        of_class: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = field.py();
        let made = Self {
            field: field.unbind(),
            of_class: of_class.unbind(),
        };
        Ok(Bound::new(py, made)?.into_any())
    }
}

#[pymethods]
impl FieldOfInstances {
    fn __get__<'py>(
        &self,
        py: Python<'py>,
        message: Option<&Bound<'py, PyAny>>,
        class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match message {
            Some(message) => self
                .field
                .bind(py)
                .call_method1("__get__", (message, class)),
            None => Ok(self.of_class.bind(py).clone()),
        }
    }
    fn __set__(&self, message: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let field = self.field.bind(message.py());
        field.call_method1("__set__", (message, value)).map(drop)
    }
    fn __delete__(&self, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let field = self.field.bind(message.py());
        field.call_method1("__delete__", (message,)).map(drop)
    }
}

/// An attribute that classes have of `type`, for instances of message classes too.
#[pyclass(frozen, module = "russet._core", name = "_NameOfClass")]
struct NameOfClass {
    /// The descriptor in the dict of `type`.
    descriptor: Py<PyAny>,
}

#[pymethods]
impl NameOfClass {
    fn __get__<'py>(
        &self,
        py: Python<'py>,
        message: Option<&Bound<'py, PyAny>>,
        class: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let class = message
            .map(|message| message.get_type().into_any())
            .or(class)
            .ok_or_else(|| PyAttributeError::new_err("neither an instance nor a class"))?;
        let meta = class.get_type();
        self.descriptor
            .bind(py)
            .call_method1("__get__", (class, meta))
    }
}

/// What instances have of their class, but for the methods behind operators and calls, which would make instances what they are not.
const NAMES: [&str; 15] = [
    "__name__",
    "__qualname__",
    "mro",
    "__mro__",
    "__bases__",
    "__base__",
    "__basicsize__",
    "__itemsize__",
    "__flags__",
    "__dictoffset__",
    "__weakrefoffset__",
    "__subclasses__",
    "__dict__",
    "__annotations__",
    "__type_params__",
];

/// Puts them into the dict of the base class.
pub(super) fn add_to(py: Python<'_>, dict: &Bound<'_, PyDict>) -> PyResult<()> {
    let of_type = py.get_type::<PyType>().getattr("__dict__")?;
    for name in NAMES {
        // Not every version of Python has all of them.
        if !of_type.contains(name)? {
            continue;
        }
        let descriptor = of_type.get_item(name)?.unbind();
        dict.set_item(name, Bound::new(py, NameOfClass { descriptor })?)?;
    }
    Ok(())
}

/// Whether every message class has an attribute of this name, as `Clear` and `mro`.
pub(super) fn is_common(py: Python<'_>, name: &str) -> PyResult<bool> {
    static COMMON: PyOnceLock<HashSet<String>> = PyOnceLock::new();
    let common = COMMON.get_or_try_init(py, || {
        #[expect(unsafe_code, reason = "the base class lives as long as the process")]
        // SAFETY: as the reason says.
        let base: Bound<'_, PyAny> =
            unsafe { Bound::from_borrowed_ptr(py, types::message_base().cast()) };
        let mut names = HashSet::new();
        for class in [base, py.get_type::<PyType>().into_any()] {
            for class in class.getattr("__mro__")?.try_iter()? {
                for name in class?.getattr("__dict__")?.try_iter()? {
                    names.insert(name?.extract()?);
                }
            }
        }
        PyResult::Ok(names)
    })?;
    Ok(common.contains(name))
}
