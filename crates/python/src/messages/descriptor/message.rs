//! `Descriptor`, of a message type.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use russet_descriptor::pool::{EnumValue, Message};
use russet_message::MessageType;

use super::collections::{Lazy, mapping, mapping_by_number, sequence};
use super::methods::{descriptor, maybe, methods};
use super::{Described, wrap};
use crate::messages::class;

descriptor! {
    /// Describes a message type.
    Descriptor(Message) {
        fields, fields_by_name, fields_by_number, fields_by_camelcase_name, nested, nested_by_name, enums, enums_by_name,
        enum_values_by_name, extensions, extensions_by_name, oneofs, oneofs_by_name
    }
}

methods! {
    Descriptor, "MessageOptions", [name, full_name, index, file, copy_to_proto, repr_by_full_name] {
        #[getter]
        fn containing_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            maybe(py, self.inner.parent().map(Described::Message))
        }
        #[getter]
        fn fields(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            sequence(
                py,
                &self.fields,
                self.inner.fields().iter().map(Described::Field),
            )
        }
        #[getter]
        fn fields_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let fields = self.inner.fields().iter();
            mapping(
                py,
                &self.fields_by_name,
                fields.map(|f| (f.name(), Described::Field(f))),
            )
        }
        #[getter]
        fn fields_by_number(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let fields = self.inner.fields().iter();
            mapping_by_number(
                py,
                &self.fields_by_number,
                fields.map(|f| (f.number(), Described::Field(f))),
            )
        }
        #[getter]
        fn fields_by_camelcase_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let fields = self.inner.fields().iter();
            mapping(
                py,
                &self.fields_by_camelcase_name,
                fields.map(|f| (f.json_name(), Described::Field(f))),
            )
        }
        #[getter]
        fn nested_types(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            sequence(
                py,
                &self.nested,
                self.inner.nested().iter().copied().map(Described::Message),
            )
        }
        #[getter]
        fn nested_types_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let nested = self.inner.nested().iter();
            mapping(
                py,
                &self.nested_by_name,
                nested.map(|&m| (m.name(), Described::Message(m))),
            )
        }
        #[getter]
        fn enum_types(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            sequence(
                py,
                &self.enums,
                self.inner.enums().iter().copied().map(Described::Enum),
            )
        }
        #[getter]
        fn enum_types_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let enums = self.inner.enums().iter();
            mapping(
                py,
                &self.enums_by_name,
                enums.map(|&e| (e.name(), Described::Enum(e))),
            )
        }
        #[getter]
        fn enum_values_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let values = self.inner.enums().iter().flat_map(|e| e.values());
            mapping(
                py,
                &self.enum_values_by_name,
                values.map(|v| (v.name(), Described::EnumValue(v))),
            )
        }
        #[getter]
        fn extensions(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            sequence(
                py,
                &self.extensions,
                self.inner
                    .extensions()
                    .iter()
                    .copied()
                    .map(Described::Field),
            )
        }
        #[getter]
        fn extensions_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let extensions = self.inner.extensions().iter();
            mapping(
                py,
                &self.extensions_by_name,
                extensions.map(|&e| (e.name(), Described::Field(e))),
            )
        }
        #[getter]
        fn oneofs(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            sequence(
                py,
                &self.oneofs,
                self.inner.oneofs().iter().map(Described::Oneof),
            )
        }
        #[getter]
        fn oneofs_by_name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
            let oneofs = self.inner.oneofs().iter();
            mapping(
                py,
                &self.oneofs_by_name,
                oneofs.map(|o| (o.name(), Described::Oneof(o))),
            )
        }
        #[getter]
        fn extension_ranges(&self) -> Vec<(i32, i32)> {
            let ranges = self.inner.proto().extension_range.iter();
            ranges
                .map(|range| {
                    (
                        range.start.unwrap_or_default(),
                        range.end.unwrap_or_default(),
                    )
                })
                .collect()
        }
        #[getter]
        fn is_extendable(&self) -> bool {
            !self.inner.proto().extension_range.is_empty()
        }
        #[getter(_concrete_class)]
        fn concrete_class<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            Ok(class::class_of(py, MessageType::of(self.inner))?.bind(py))
        }
        #[pyo3(name = "EnumValueName")]
        fn enum_value_name(&self, name: &str, value: i32) -> PyResult<&str> {
            let enumeration = self.inner.enums().iter().find(|e| e.name() == name);
            enumeration
                .and_then(|e| e.value_by_number(value))
                .map(EnumValue::name)
                .ok_or_else(|| PyKeyError::new_err(format!("no value {value} of an enum {name}")))
        }
    }
}
