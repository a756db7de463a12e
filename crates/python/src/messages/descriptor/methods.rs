//! How descriptor classes are declared, and the methods that many of them have.

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use russet_message::Guard;

use super::collections::Lazy;
use super::{Described, wrap};
use crate::messages::errors::shown;
use crate::messages::{rules, text};

/// `GetOptions()`: the options as a message, made once, which warns of changes.
pub(super) fn options(
    py: Python<'_>,
    cell: &Lazy,
    class: &str,
    bytes: &[u8],
) -> PyResult<Py<PyAny>> {
    cell.get_or_try_init(py, || {
        let module = py.import("russet.protobuf.descriptor_pb2")?;
        let class = module.getattr(class)?;
        let options = class.call_method1("FromString", (PyBytes::new(py, bytes),))?;
        text::message_argument(&options)?.set_guard(Guard::Watched);
        Ok(options.unbind())
    })
    .map(|made| made.clone_ref(py))
}

/// `CopyToProto(proto)`, which takes a message of the descriptor's own type and no other.
pub(super) fn copy_to(proto: &Bound<'_, PyAny>, ty: &str, bytes: &[u8]) -> PyResult<()> {
    let is_own = text::message_argument(proto).is_ok_and(|message| {
        message
            .ty()
            .descriptor()
            .full_name()
            .strip_prefix("google.protobuf.")
            == Some(ty)
    });
    if !is_own {
        return Err(PyTypeError::new_err(format!(
            "CopyToProto: message is not of type google.protobuf.{ty}: {}",
            shown(proto)
        )));
    }
    proto
        .call_method1("ParseFromString", (PyBytes::new(proto.py(), bytes),))
        .map(drop)
}

/// A call of a descriptor's class: only code that an old protoc generated makes descriptors so, and it gets those of the pool.
pub(super) fn create<'py, T: pyo3::PyClass>(
    class: &str,
    arguments: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, T>> {
    let module = (arguments.py()).import("russet.protobuf._old_generated_code")?;
    let found = module.getattr(class)?.call(arguments, keywords)?;
    Ok(found.cast_into()?)
}

/// What code of an old protoc sets though the pool has filled it in: the options.
const OPTIONS: [&str; 3] = ["_options", "_serialized_options", "has_options"];

/// `descriptor.name = value`, which code that an old protoc generated says to link its descriptors, as those of the pool are already.
pub(super) fn set_attribute(
    descriptor: &Bound<'_, PyAny>,
    name: &Bound<'_, PyString>,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = descriptor.py();
    if rules::code_makes_descriptors(py)?
        && (OPTIONS.contains(&name.to_str()?)
            || descriptor.getattr(name).is_ok_and(|own| own.is(value)))
    {
        return Ok(());
    }
    Err(not_writable(descriptor, name))
}

/// The error that Python itself gives for attributes of such objects.
pub(super) fn not_writable(descriptor: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyErr {
    let class = descriptor.get_type();
    let text = match (class.fully_qualified_name(), class.hasattr(name)) {
        (Err(error), _) | (_, Err(error)) => return error,
        (Ok(class), Ok(true)) => format!("attribute '{name}' of '{class}' objects is not writable"),
        (Ok(class), Ok(false)) => format!("'{class}' object has no attribute '{name}'"),
    };
    PyAttributeError::new_err(text)
}

/// The parent that a descriptor stands in, or None.
pub(super) fn maybe(py: Python<'_>, described: Option<Described>) -> PyResult<Bound<'_, PyAny>> {
    match described {
        Some(described) => wrap(py, described),
        None => Ok(py.None().into_bound(py)),
    }
}

/// Declares a descriptor class over its Rust counterpart, with a cell for each value made lazily.
macro_rules! descriptor {
    ($(#[$doc:meta])* $name:ident($inner:ty) { $($cell:ident),* }) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "russet.protobuf.descriptor")]
        pub(super) struct $name {
            pub(super) inner: &'static $inner,
            options: Lazy,
            $($cell: Lazy,)*
        }
        impl $name {
            pub(super) fn new(inner: &'static $inner) -> Self {
                Self { inner, options: Lazy::new(), $($cell: Lazy::new(),)* }
            }
        }
    };
}

/// The methods of a descriptor class: those named in brackets, which are the same for many; those of its options, whose message is named; and its own.
macro_rules! methods {
    (@ $class:ident [$($made:tt)*] [name $(, $($more:tt)*)?] $own:tt) => {
        methods! { @ $class [$($made)*
            #[getter]
            fn name(&self) -> &str {
                self.inner.name()
            }
        ] [$($($more)*)?] $own }
    };
    (@ $class:ident [$($made:tt)*] [full_name $(, $($more:tt)*)?] $own:tt) => {
        methods! { @ $class [$($made)*
            #[getter]
            fn full_name(&self) -> &str {
                self.inner.full_name()
            }
        ] [$($($more)*)?] $own }
    };
    (@ $class:ident [$($made:tt)*] [index $(, $($more:tt)*)?] $own:tt) => {
        methods! { @ $class [$($made)*
            #[getter]
            fn index(&self) -> usize {
                self.inner.index()
            }
        ] [$($($more)*)?] $own }
    };
    (@ $class:ident [$($made:tt)*] [file $(, $($more:tt)*)?] $own:tt) => {
        methods! { @ $class [$($made)*
            #[getter]
            fn file<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                wrap(py, Described::File(self.inner.file()))
            }
        ] [$($($more)*)?] $own }
    };
    (@ $class:ident [$($made:tt)*] [copy_to_proto $(, $($more:tt)*)?] $own:tt) => {
        methods! { @ $class [$($made)*
            #[pyo3(name = "CopyToProto")]
            fn copy_to_proto(&self, proto: &Bound<'_, PyAny>) -> PyResult<()> {
                let own = self.inner.proto();
                // The struct has the name of the message.
                let ty = std::any::type_name_of_val(own).rsplit("::").next();
                $crate::messages::descriptor::methods::copy_to(proto, ty.unwrap_or_default(), &own.encode())
            }
        ] [$($($more)*)?] $own }
    };
    (@ $class:ident [$($made:tt)*] [repr_by_name $(, $($more:tt)*)?] $own:tt) => {
        methods! { @ $class [$($made)*
            fn __repr__(&self) -> String {
                format!(concat!("<", stringify!($class), " {}>"), self.inner.name())
            }
        ] [$($($more)*)?] $own }
    };
    (@ $class:ident [$($made:tt)*] [repr_by_full_name $(, $($more:tt)*)?] $own:tt) => {
        methods! { @ $class [$($made)*
            fn __repr__(&self) -> String {
                format!(concat!("<", stringify!($class), " {}>"), self.inner.full_name())
            }
        ] [$($($more)*)?] $own }
    };
    (@ $class:ident [$($made:tt)*] [] { $($own:tt)* }) => {
        #[pymethods]
        impl $class {
            $($made)*
            $($own)*
        }
    };
    ($class:ident, $options:literal, $shared:tt $own:tt) => {
        methods! { @ $class [
            #[new]
            #[pyo3(signature = (*arguments, **keywords), text_signature = None)]
            fn create<'py>(
                arguments: &Bound<'py, pyo3::types::PyTuple>,
                keywords: Option<&Bound<'py, pyo3::types::PyDict>>,
            ) -> PyResult<Bound<'py, Self>> {
                $crate::messages::descriptor::methods::create(stringify!($class), arguments, keywords)
            }
            fn __setattr__(
                slf: &Bound<'_, Self>,
                name: &Bound<'_, pyo3::types::PyString>,
                value: &Bound<'_, PyAny>,
            ) -> PyResult<()> {
                $crate::messages::descriptor::methods::set_attribute(slf.as_any(), name, value)
            }
            fn __delattr__(slf: &Bound<'_, Self>, name: &Bound<'_, pyo3::types::PyString>) -> PyResult<()> {
                Err($crate::messages::descriptor::methods::not_writable(slf.as_any(), name))
            }
            #[getter]
            fn has_options(&self) -> bool {
                self.inner.proto().options.is_some()
            }
            /// Without their features, which the original takes out: what they resolve to is asked of the descriptor.
            #[pyo3(name = "GetOptions")]
            fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                let given = self.inner.proto().options.as_ref();
                let bytes = given.map(|given| {
                    let mut given = given.clone();
                    given.features = None;
                    given.encode()
                });
                let bytes = bytes.unwrap_or_default();
                $crate::messages::descriptor::methods::options(py, &self.options, $options, &bytes)
            }
        ] $shared $own }
    };
}

pub(super) use {descriptor, methods};
