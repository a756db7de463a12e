//! `FieldDescriptor`, of a field or an extension.

use pyo3::prelude::*;
use pyo3::types::PyList;
use russet_descriptor::pool::{Cardinality, Default, Field};

use super::collections::Lazy;
use super::methods::{descriptor, maybe, methods};
use super::{Described, wrap};
use crate::messages::convert;

/// The C++ type that stands for each type of a field, by its number; none is 0.
const CPP_TYPES: [u8; 19] = [0, 5, 6, 2, 4, 1, 4, 3, 7, 9, 10, 10, 9, 3, 8, 1, 2, 1, 2];

descriptor! {
    /// Describes a field or extension.
    FieldDescriptor(Field) {}
}

methods! {
    FieldDescriptor, "FieldOptions", [name, full_name, file, index, repr_by_full_name] {
        /// The JSON name with its first letter in lower case, as in the original.
        #[getter]
        fn camelcase_name(&self) -> String {
            let mut name = self.inner.json_name().to_owned();
            if let Some(first) = name.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            name
        }
        #[getter]
        fn json_name(&self) -> &str {
            self.inner.json_name()
        }
        #[getter]
        fn number(&self) -> u32 {
            self.inner.number()
        }
        #[getter]
        fn r#type(&self) -> u8 {
            self.inner.field_type() as u8
        }
        #[getter]
        fn cpp_type(&self) -> u8 {
            CPP_TYPES[self.inner.field_type() as usize]
        }
        /// The `CPPTYPE_` of a `TYPE_`.
        #[staticmethod]
        #[pyo3(name = "ProtoTypeToCppProtoType")]
        fn proto_type_to_cpp_proto_type(py: Python<'_>, proto_type: &Bound<'_, PyAny>) -> PyResult<u8> {
            let found = proto_type.extract().ok().filter(|&ty: &usize| ty > 0);
            if let Some(&found) = found.and_then(|ty| CPP_TYPES.get(ty)) {
                return Ok(found);
            }
            let error = py
                .import("russet.protobuf.descriptor")?
                .getattr("TypeTransformationError")?;
            Err(PyErr::from_value(
                error.call1((format!("Unknown proto_type: {proto_type}"),))?,
            ))
        }
        #[getter]
        fn label(&self) -> u8 {
            match self.inner.cardinality() {
                Cardinality::Singular => 1,
                Cardinality::Required => 2,
                Cardinality::Repeated => 3,
            }
        }
        #[getter]
        fn is_required(&self) -> bool {
            self.inner.is_required()
        }
        #[getter]
        fn is_repeated(&self) -> bool {
            self.inner.is_repeated()
        }
        #[getter]
        fn has_default_value(&self) -> bool {
            self.inner.has_default()
        }
        #[getter]
        fn default_value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            let field = self.inner;
            if field.is_repeated() {
                return Ok(PyList::empty(py).into_any());
            }
            Ok(match field.default() {
                Default::None => py.None().into_bound(py),
                Default::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
                Default::I32(value) | Default::Enum(value) => value.into_pyobject(py)?.into_any(),
                Default::U32(value) => value.into_pyobject(py)?.into_any(),
                Default::I64(value) => value.into_pyobject(py)?.into_any(),
                Default::U64(value) => value.into_pyobject(py)?.into_any(),
                Default::F32(value) => value.into_pyobject(py)?.into_any(),
                Default::F64(value) => value.into_pyobject(py)?.into_any(),
                Default::Bytes(bytes) => convert::bind_bytes(py, field.field_type(), bytes)?,
            })
        }
        #[getter]
        fn containing_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            wrap(py, Described::Message(self.inner.containing_type()))
        }
        #[getter]
        fn message_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            maybe(py, self.inner.message_type().map(Described::Message))
        }
        #[getter]
        fn enum_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            maybe(py, self.inner.enum_type().map(Described::Enum))
        }
        #[getter]
        fn extension_scope<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            maybe(py, self.inner.extension_scope().map(Described::Message))
        }
        #[getter]
        fn is_extension(&self) -> bool {
            self.inner.is_extension()
        }
        #[getter]
        fn containing_oneof<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            maybe(py, self.inner.containing_oneof().map(Described::Oneof))
        }
        #[getter]
        fn has_presence(&self) -> bool {
            self.inner.has_presence()
        }
        #[getter]
        fn is_packed(&self) -> bool {
            self.inner.is_packed()
        }
    }
}

/// The constants of `FieldDescriptor`: types, C++ types, labels, limits of numbers.
pub(super) const CONSTANTS: &[(&str, u32)] = &[
    ("TYPE_DOUBLE", 1),
    ("TYPE_FLOAT", 2),
    ("TYPE_INT64", 3),
    ("TYPE_UINT64", 4),
    ("TYPE_INT32", 5),
    ("TYPE_FIXED64", 6),
    ("TYPE_FIXED32", 7),
    ("TYPE_BOOL", 8),
    ("TYPE_STRING", 9),
    ("TYPE_GROUP", 10),
    ("TYPE_MESSAGE", 11),
    ("TYPE_BYTES", 12),
    ("TYPE_UINT32", 13),
    ("TYPE_ENUM", 14),
    ("TYPE_SFIXED32", 15),
    ("TYPE_SFIXED64", 16),
    ("TYPE_SINT32", 17),
    ("TYPE_SINT64", 18),
    ("MAX_TYPE", 18),
    ("CPPTYPE_INT32", 1),
    ("CPPTYPE_INT64", 2),
    ("CPPTYPE_UINT32", 3),
    ("CPPTYPE_UINT64", 4),
    ("CPPTYPE_DOUBLE", 5),
    ("CPPTYPE_FLOAT", 6),
    ("CPPTYPE_BOOL", 7),
    ("CPPTYPE_ENUM", 8),
    ("CPPTYPE_STRING", 9),
    ("CPPTYPE_MESSAGE", 10),
    ("MAX_CPPTYPE", 10),
    ("LABEL_OPTIONAL", 1),
    ("LABEL_REQUIRED", 2),
    ("LABEL_REPEATED", 3),
    ("MAX_LABEL", 3),
    ("MAX_FIELD_NUMBER", (1 << 29) - 1),
    ("FIRST_RESERVED_FIELD_NUMBER", 19000),
    ("LAST_RESERVED_FIELD_NUMBER", 19999),
];
