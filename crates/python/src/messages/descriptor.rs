//! Descriptors as Python sees them. Each is made once and is the same object whenever it is asked for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyMappingProxy, PyTuple};
use russet_descriptor::pool::{
    self, Default, Enum, EnumValue, Field, File, Message, Method, Oneof, Service,
};
use russet_message::{Guard, MessageType};

use super::{class, convert, errors, pool as pools, text};

/// The C++ type that stands for each type of a field, by its number; none is 0.
const CPP_TYPES: [u8; 19] = [0, 5, 6, 2, 4, 1, 4, 3, 7, 9, 10, 10, 9, 3, 8, 1, 2, 1, 2];

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

type Lazy = PyOnceLock<Py<PyAny>>;

/// A read-only mapping that is made once.
fn mapping<'py, K: IntoPyObject<'py>>(
    py: Python<'py>,
    cell: &Lazy,
    entries: impl Iterator<Item = (K, Described)>,
) -> PyResult<Py<PyAny>> {
    cell.get_or_try_init(py, || {
        let dict = PyDict::new(py);
        for (key, described) in entries {
            dict.set_item(key, wrap(py, described)?)?;
        }
        Ok(PyMappingProxy::new(py, dict.as_mapping())
            .into_any()
            .unbind())
    })
    .map(|made| made.clone_ref(py))
}

/// A sequence that is made once. The original's cannot be changed either.
fn sequence(
    py: Python<'_>,
    cell: &Lazy,
    items: impl Iterator<Item = Described>,
) -> PyResult<Py<PyAny>> {
    cell.get_or_try_init(py, || {
        let items = items
            .map(|described| wrap(py, described))
            .collect::<PyResult<Vec<_>>>()?;
        Sequence::of(py, items)
    })
    .map(|made| made.clone_ref(py))
}

/// A read-only sequence that compares to lists.
#[pyclass(frozen, sequence, module = "russet._core", name = "_GenericSequence")]
struct Sequence(Py<PyTuple>);

impl Sequence {
    fn of(py: Python<'_>, items: Vec<Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let items = PyTuple::new(py, items)?.unbind();
        Ok(Bound::new(py, Self(items))?.into_any().unbind())
    }
}

#[pymethods]
impl Sequence {
    fn __len__(&self, py: Python<'_>) -> usize {
        self.0.bind(py).len()
    }
    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        index: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let item = self.0.bind(py).as_any().get_item(index)?;
        // A slice is a list.
        match item.cast::<PyTuple>() {
            Ok(slice) => Ok(slice.to_list().into_any()),
            Err(_) => Ok(item),
        }
    }
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.0.bind(py).as_any().call_method0("__iter__")
    }
    fn __contains__(&self, py: Python<'_>, item: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.0.bind(py).contains(item)
    }
    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let ours = self.0.bind(py).to_list();
        match other.cast::<Self>() {
            Ok(other) => ours.eq(other.get().0.bind(py).to_list()),
            Err(_) => ours.eq(other),
        }
    }
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.0.bind(py).to_list().repr()?.to_string())
    }
    fn index(&self, py: Python<'_>, item: &Bound<'_, PyAny>) -> PyResult<usize> {
        self.0.bind(py).index(item)
    }
    fn count<'py>(&self, py: Python<'py>, item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.0.bind(py).as_any().call_method1("count", (item,))
    }
}

/// `GetOptions()`: the options as a message, made once, which warns of changes.
fn options(py: Python<'_>, cell: &Lazy, class: &str, bytes: &[u8]) -> PyResult<Py<PyAny>> {
    cell.get_or_try_init(py, || {
        let module = py.import("russet.protobuf.descriptor_pb2")?;
        let class = module.getattr(class)?;
        let options = class.call_method1("FromString", (PyBytes::new(py, bytes),))?;
        text::message_argument(&options)?.set_guard(Guard::Watched);
        Ok(options.unbind())
    })
    .map(|made| made.clone_ref(py))
}

/// The options without their features, which the original takes out: what they resolve to is asked of the descriptor.
macro_rules! without_features {
    ($py:expr, $self:expr, $given:expr, $class:literal) => {{
        let bytes = $given.map(|given| {
            let mut given = given.clone();
            given.features = None;
            given.encode()
        });
        options($py, &$self.options, $class, &bytes.unwrap_or_default())
    }};
}

/// `CopyToProto(proto)`.
fn copy_to(proto: &Bound<'_, PyAny>, bytes: &[u8]) -> PyResult<()> {
    proto
        .call_method1("ParseFromString", (PyBytes::new(proto.py(), bytes),))
        .map(drop)
}

/// Declares a descriptor class over its Rust counterpart, with a cell for each value made lazily.
macro_rules! descriptor {
    ($(#[$doc:meta])* $name:ident($inner:ty) { $($cell:ident),* }) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "russet.protobuf.descriptor")]
        pub(super) struct $name {
            inner: &'static $inner,
            options: Lazy,
            $($cell: Lazy,)*
        }
        impl $name {
            fn new(inner: &'static $inner) -> Self {
                Self { inner, options: Lazy::new(), $($cell: Lazy::new(),)* }
            }
        }
    };
}

descriptor! {
    /// Describes a `.proto` file.
    FileDescriptor(File) { messages, enums, extensions, services }
}
descriptor! {
    /// Describes a message type.
    Descriptor(Message) {
        fields, fields_by_name, fields_by_number, fields_by_camelcase_name, nested, nested_by_name, enums, enums_by_name,
        enum_values_by_name, extensions, extensions_by_name, oneofs, oneofs_by_name
    }
}
descriptor! {
    /// Describes a field or extension.
    FieldDescriptor(Field) {}
}
descriptor! {
    /// Describes a oneof.
    OneofDescriptor(Oneof) { fields }
}
descriptor! {
    /// Describes an enum type.
    EnumDescriptor(Enum) { values, by_name, by_number }
}
descriptor! {
    /// Describes a value of an enum.
    EnumValueDescriptor(EnumValue) {}
}
descriptor! {
    /// Describes a service.
    ServiceDescriptor(Service) { methods, by_name }
}
descriptor! {
    /// Describes a method.
    MethodDescriptor(Method) {}
}

/// The parent that a descriptor stands in, or None.
fn maybe(py: Python<'_>, described: Option<Described>) -> PyResult<Bound<'_, PyAny>> {
    match described {
        Some(described) => wrap(py, described),
        None => Ok(py.None().into_bound(py)),
    }
}

#[pymethods]
impl FileDescriptor {
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }
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
        pools::object_of(py, self.inner.pool_id())
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
    #[getter]
    fn has_options(&self) -> bool {
        self.inner.proto().options.is_some()
    }
    #[pyo3(name = "GetOptions")]
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let given = self.inner.proto().options.as_ref();
        without_features!(py, self, given, "FileOptions")
    }
    #[pyo3(name = "CopyToProto")]
    fn copy_to_proto(&self, proto: &Bound<'_, PyAny>) -> PyResult<()> {
        copy_to(proto, self.inner.serialized())
    }
    fn __repr__(&self) -> String {
        format!("<FileDescriptor {}>", self.inner.name())
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

#[pymethods]
impl Descriptor {
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }
    #[getter]
    fn full_name(&self) -> &str {
        self.inner.full_name()
    }
    #[getter]
    fn index(&self) -> usize {
        self.inner.index()
    }
    #[getter]
    fn file<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wrap(py, Described::File(self.inner.file()))
    }
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
        mapping(
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
    #[getter]
    fn has_options(&self) -> bool {
        self.inner.proto().options.is_some()
    }
    #[pyo3(name = "GetOptions")]
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let given = self.inner.proto().options.as_ref();
        without_features!(py, self, given, "MessageOptions")
    }
    #[pyo3(name = "CopyToProto")]
    fn copy_to_proto(&self, proto: &Bound<'_, PyAny>) -> PyResult<()> {
        copy_to(proto, &self.inner.proto().encode())
    }
    fn __repr__(&self) -> String {
        format!("<Descriptor {}>", self.inner.full_name())
    }
}

#[pymethods]
impl FieldDescriptor {
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }
    #[getter]
    fn full_name(&self) -> &str {
        self.inner.full_name()
    }
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
    fn file<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wrap(py, Described::File(self.inner.file()))
    }
    #[getter]
    fn index(&self) -> usize {
        self.inner.index()
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
            pool::Cardinality::Singular => 1,
            pool::Cardinality::Required => 2,
            pool::Cardinality::Repeated => 3,
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
    #[getter]
    fn has_options(&self) -> bool {
        self.inner.proto().options.is_some()
    }
    #[pyo3(name = "GetOptions")]
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let given = self.inner.proto().options.as_ref();
        without_features!(py, self, given, "FieldOptions")
    }
    fn __repr__(&self) -> String {
        format!("<FieldDescriptor {}>", self.inner.full_name())
    }
}

#[pymethods]
impl OneofDescriptor {
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }
    #[getter]
    fn full_name(&self) -> &str {
        self.inner.full_name()
    }
    #[getter]
    fn index(&self) -> usize {
        self.inner.index()
    }
    #[getter]
    fn containing_type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wrap(py, Described::Message(self.inner.containing_type()))
    }
    #[getter]
    fn fields(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        sequence(py, &self.fields, self.inner.fields().map(Described::Field))
    }
    #[getter]
    fn has_options(&self) -> bool {
        self.inner.proto().options.is_some()
    }
    #[pyo3(name = "GetOptions")]
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let given = self.inner.proto().options.as_ref();
        without_features!(py, self, given, "OneofOptions")
    }
    fn __repr__(&self) -> String {
        format!("<OneofDescriptor {}>", self.inner.full_name())
    }
}

#[pymethods]
impl EnumDescriptor {
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }
    #[getter]
    fn full_name(&self) -> &str {
        self.inner.full_name()
    }
    #[getter]
    fn index(&self) -> usize {
        self.inner.index()
    }
    #[getter]
    fn file<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wrap(py, Described::File(self.inner.file()))
    }
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
        mapping(
            py,
            &self.by_number,
            values.map(|v| (v.number(), Described::EnumValue(v))),
        )
    }
    #[getter]
    fn has_options(&self) -> bool {
        self.inner.proto().options.is_some()
    }
    #[pyo3(name = "GetOptions")]
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let given = self.inner.proto().options.as_ref();
        without_features!(py, self, given, "EnumOptions")
    }
    #[pyo3(name = "CopyToProto")]
    fn copy_to_proto(&self, proto: &Bound<'_, PyAny>) -> PyResult<()> {
        copy_to(proto, &self.inner.proto().encode())
    }
    fn __repr__(&self) -> String {
        format!("<EnumDescriptor {}>", self.inner.full_name())
    }
}

#[pymethods]
impl EnumValueDescriptor {
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }
    #[getter]
    fn index(&self) -> usize {
        self.inner.index()
    }
    #[getter]
    fn number(&self) -> i32 {
        self.inner.number()
    }
    #[getter]
    fn r#type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wrap(py, Described::Enum(self.inner.parent()))
    }
    #[getter]
    fn has_options(&self) -> bool {
        self.inner.proto().options.is_some()
    }
    #[pyo3(name = "GetOptions")]
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let given = self.inner.proto().options.as_ref();
        without_features!(py, self, given, "EnumValueOptions")
    }
    fn __repr__(&self) -> String {
        format!("<EnumValueDescriptor {}>", self.inner.full_name())
    }
}

#[pymethods]
impl ServiceDescriptor {
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }
    #[getter]
    fn full_name(&self) -> &str {
        self.inner.full_name()
    }
    #[getter]
    fn index(&self) -> usize {
        self.inner.index()
    }
    #[getter]
    fn file<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wrap(py, Described::File(self.inner.file()))
    }
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
    #[getter]
    fn has_options(&self) -> bool {
        self.inner.proto().options.is_some()
    }
    #[pyo3(name = "GetOptions")]
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let given = self.inner.proto().options.as_ref();
        without_features!(py, self, given, "ServiceOptions")
    }
    #[pyo3(name = "CopyToProto")]
    fn copy_to_proto(&self, proto: &Bound<'_, PyAny>) -> PyResult<()> {
        copy_to(proto, &self.inner.proto().encode())
    }
    fn __repr__(&self) -> String {
        format!("<ServiceDescriptor {}>", self.inner.full_name())
    }
}

#[pymethods]
impl MethodDescriptor {
    #[getter]
    fn name(&self) -> &str {
        self.inner.name()
    }
    #[getter]
    fn full_name(&self) -> &str {
        self.inner.full_name()
    }
    #[getter]
    fn index(&self) -> usize {
        self.inner.index()
    }
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
    #[getter]
    fn has_options(&self) -> bool {
        self.inner.proto().options.is_some()
    }
    #[pyo3(name = "GetOptions")]
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let given = self.inner.proto().options.as_ref();
        without_features!(py, self, given, "MethodOptions")
    }
    #[pyo3(name = "CopyToProto")]
    fn copy_to_proto(&self, proto: &Bound<'_, PyAny>) -> PyResult<()> {
        copy_to(proto, &self.inner.proto().encode())
    }
    fn __repr__(&self) -> String {
        format!("<MethodDescriptor {}>", self.inner.full_name())
    }
}

/// The constants of `FieldDescriptor`: types, C++ types, labels, limits of numbers.
const FIELD_CONSTANTS: &[(&str, u32)] = &[
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
    for &(name, value) in FIELD_CONSTANTS {
        field.setattr(name, value)?;
    }
    Ok(())
}
