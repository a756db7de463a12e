//! `EnumDescriptor` and `EnumValueDescriptor`.

use pyo3::prelude::*;
use russet_descriptor::pool::{Enum, EnumValue};

use super::collections::{Lazy, mapping, mapping_by_number, sequence};
use super::methods::{descriptor, maybe, methods};
use super::{Described, wrap};

descriptor! {
    /// Describes an enum type.
    EnumDescriptor(Enum) { values, by_name, by_number }
}

methods! {
    EnumDescriptor, "EnumOptions", [name, full_name, index, file, copy_to_proto, repr_by_full_name] {
        #[getter]
        fn containing_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            maybe(py, self.inner.parent().map(Described::Message))
        }
        #[getter]
        fn is_closed(&self) -> bool {
            self.inner.is_closed()
        }
        #[getter]
        fn values(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            sequence(
                py,
                &self.values,
                self.inner.values().iter().map(Described::EnumValue),
            )
        }
        #[getter]
        fn values_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let values = self.inner.values().iter();
            mapping(
                py,
                &self.by_name,
                values.map(|v| (v.name(), Described::EnumValue(v))),
            )
        }
        #[getter]
        fn values_by_number(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            // Of aliases the first is meant.
            let values = self.inner.values().iter().rev();
            mapping_by_number(
                py,
                &self.by_number,
                values.map(|v| (v.number(), Described::EnumValue(v))),
            )
        }
    }
}

descriptor! {
    /// Describes a value of an enum.
    EnumValueDescriptor(EnumValue) {}
}

methods! {
    EnumValueDescriptor, "EnumValueOptions", [name, index, repr_by_full_name] {
        #[getter]
        fn number(&self) -> i32 {
            self.inner.number()
        }
        #[getter]
        fn r#type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            wrap(py, Described::Enum(self.inner.parent()))
        }
    }
}
