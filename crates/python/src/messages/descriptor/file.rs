//! `FileDescriptor`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use russet_descriptor::pool::File;

use super::collections::{Lazy, mapping};
use super::methods::{copy_to, descriptor, methods};
use super::{Described, wrap};
use crate::messages::pool;

descriptor! {
    /// Describes a `.proto` file.
    FileDescriptor(File) { messages, enums, extensions, services }
}

methods! {
    FileDescriptor, "FileOptions", [name, repr_by_name] {
        #[getter]
        fn package(&self) -> &str {
            self.inner.package()
        }
        #[getter]
        fn serialized_pb<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
            PyBytes::new(py, self.inner.serialized())
        }
        #[getter]
        fn pool<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            pool::object_of(py, self.inner.pool_id())
        }
        #[getter]
        fn dependencies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
            files(py, self.inner.dependencies().iter().copied())
        }
        #[getter]
        fn public_dependencies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
            files(py, self.inner.public_dependencies())
        }
        #[getter]
        fn message_types_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let messages = self.inner.messages().iter();
            mapping(
                py,
                &self.messages,
                messages.map(|&m| (m.name(), Described::Message(m))),
            )
        }
        #[getter]
        fn enum_types_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let enums = self.inner.enums().iter();
            mapping(
                py,
                &self.enums,
                enums.map(|&e| (e.name(), Described::Enum(e))),
            )
        }
        #[getter]
        fn extensions_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let extensions = self.inner.extensions().iter();
            mapping(
                py,
                &self.extensions,
                extensions.map(|&e| (e.name(), Described::Field(e))),
            )
        }
        #[getter]
        fn services_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let services = self.inner.services().iter();
            mapping(
                py,
                &self.services,
                services.map(|&s| (s.name(), Described::Service(s))),
            )
        }
        #[pyo3(name = "CopyToProto")]
        fn copy_to_proto(&self, proto: &Bound<'_, PyAny>) -> PyResult<()> {
            copy_to(proto, "FileDescriptorProto", self.inner.serialized())
        }
    }
}

fn files(
    py: Python<'_>,
    files: impl Iterator<Item = &'static File>,
) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for file in files {
        list.append(wrap(py, Described::File(file))?)?;
    }
    Ok(list)
}
