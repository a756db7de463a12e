//! `ServiceDescriptor` and `MethodDescriptor`.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use russet_descriptor::pool::{Method, Service};

use super::collections::{Lazy, mapping, sequence};
use super::methods::{descriptor, methods};
use super::{Described, wrap};

descriptor! {
    /// Describes a service.
    ServiceDescriptor(Service) { methods, by_name }
}

methods! {
    ServiceDescriptor, "ServiceOptions", [name, full_name, index, file, copy_to_proto, repr_by_full_name] {
        #[getter]
        fn methods(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            sequence(
                py,
                &self.methods,
                self.inner.methods().iter().map(Described::Method),
            )
        }
        #[getter]
        fn methods_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let methods = self.inner.methods().iter();
            mapping(
                py,
                &self.by_name,
                methods.map(|m| (m.name(), Described::Method(m))),
            )
        }
        #[pyo3(name = "FindMethodByName")]
        fn find_method_by_name<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
            match self.inner.method_by_name(name) {
                Some(method) => wrap(py, Described::Method(method)),
                None => Err(PyKeyError::new_err(format!("Couldn't find method {name}"))),
            }
        }
    }
}

descriptor! {
    /// Describes a method.
    MethodDescriptor(Method) {}
}

methods! {
    MethodDescriptor, "MethodOptions", [name, full_name, index, copy_to_proto, repr_by_full_name] {
        #[getter]
        fn containing_service<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            wrap(py, Described::Service(self.inner.service()))
        }
        #[getter]
        fn input_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            wrap(py, Described::Message(self.inner.input()))
        }
        #[getter]
        fn output_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            wrap(py, Described::Message(self.inner.output()))
        }
        #[getter]
        fn client_streaming(&self) -> bool {
            self.inner.client_streaming()
        }
        #[getter]
        fn server_streaming(&self) -> bool {
            self.inner.server_streaming()
        }
    }
}
