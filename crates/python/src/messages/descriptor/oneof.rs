//! `OneofDescriptor`.

use pyo3::prelude::*;
use russet_descriptor::pool::Oneof;

use super::collections::{Lazy, sequence};
use super::methods::{descriptor, methods};
use super::{Described, wrap};

descriptor! {
    /// Describes a oneof.
    OneofDescriptor(Oneof) { fields }
}

methods! {
    OneofDescriptor, "OneofOptions", [name, full_name, index, repr_by_full_name] {
        #[getter]
        fn containing_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            wrap(py, Described::Message(self.inner.containing_type()))
        }
        #[getter]
        fn fields(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            sequence(py, &self.fields, self.inner.fields().map(Described::Field))
        }
    }
}
