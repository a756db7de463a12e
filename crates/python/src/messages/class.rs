//! Message classes: made from descriptors by the metaclass, one for each message type.
//!
//! A class has in its dict what programs expect to find there: the descriptor, a data descriptor for each field, nested classes, enums and their values, extensions, field numbers. Its metaclass gives it room for a pointer to its [`Class`], which the constructor and the methods use.

#![expect(unsafe_code, reason = "types are patched after they are made")]

use std::ffi::CString;
use std::mem::offset_of;
use std::ptr;
use std::sync::atomic::Ordering;

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};
use russet_descriptor::pool::Pool;
use russet_message::{FieldInfo, Message, MessageType, Types};

use super::class_names::{self, FieldOfInstances};
use super::descriptor::{self, Described};
use super::object::{self, run};
use super::{errors, fields, guard, init, pool, types};

/// What belongs to a message class; lives as long as the process.
pub(super) struct Class {
    object: *mut ffi::PyTypeObject,
    ty: &'static MessageType,
    pool: Option<&'static Pool>,
    /// The interned name of each field, as declared.
    names: Vec<*mut ffi::PyObject>,
}

// SAFETY: the pointers are to immortal objects and are compared, or used under Python's lock.
unsafe impl Send for Class {}
// SAFETY: as above.
unsafe impl Sync for Class {}

impl Class {
    /// The Python class.
    #[inline]
    pub(super) fn type_object(&self) -> *mut ffi::PyTypeObject {
        self.object
    }
    /// The class as an object of `PyO3`.
    pub(super) fn bind<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        // SAFETY: classes live as long as the process.
        unsafe { Bound::from_borrowed_ptr(py, self.object.cast()) }
    }
    /// The table of its messages.
    #[inline]
    pub(super) fn ty(&self) -> &'static MessageType {
        self.ty
    }
    /// Where the parser finds extensions.
    #[inline]
    pub(super) fn types(&self) -> Types<'static> {
        Types { pool: self.pool }
    }
    /// The field of a name; `near` is a guess of its place, and the place it is at is returned with it.
    #[inline]
    pub(super) fn field(
        &self,
        name: *mut ffi::PyObject,
        near: usize,
    ) -> Option<(&'static FieldInfo, usize)> {
        // Keywords are interned and mostly given as declared.
        if self.names.get(near) == Some(&name) {
            return Some((&self.ty.fields()[near], near));
        }
        if let Some(place) = self.names.iter().position(|&known| known == name) {
            return Some((&self.ty.fields()[place], place));
        }
        self.field_by_text(name)
    }

    #[cold]
    fn field_by_text(&self, name: *mut ffi::PyObject) -> Option<(&'static FieldInfo, usize)> {
        // SAFETY: only functions called by Python come here, with a living object.
        let name = unsafe { Bound::from_borrowed_ptr(Python::assume_attached(), name) };
        let name = name.cast::<PyString>().ok()?;
        let descriptor = self.ty.descriptor().field_by_name(name.to_str().ok()?)?;
        let place = descriptor.index();
        Some((&self.ty.fields()[place], place))
    }
}

/// The class of a message type, if it was made.
#[inline]
pub(super) fn built_class(ty: &'static MessageType) -> Option<&'static Class> {
    // SAFETY: only `build` writes the slot, with a class that lives as long as the process.
    unsafe {
        ty.host_slot()
            .load(Ordering::Acquire)
            .cast::<Class>()
            .as_ref()
    }
}

/// The class of a message type, made if it was not.
#[inline]
pub(super) fn class_of(py: Python<'_>, ty: &'static MessageType) -> PyResult<&'static Class> {
    match built_class(ty) {
        Some(class) => Ok(class),
        None => build_from_descriptor(py, ty),
    }
}

#[cold]
fn build_from_descriptor(py: Python<'_>, ty: &'static MessageType) -> PyResult<&'static Class> {
    let dict = PyDict::new(py);
    dict.set_item("__module__", module_name(ty.descriptor().file().name()))?;
    let mut names = vec![ty.descriptor().name()];
    let mut outer = ty.descriptor().parent();
    while let Some(message) = outer {
        names.push(message.name());
        outer = message.parent();
    }
    names.reverse();
    dict.set_item("__qualname__", names.join("."))?;
    build(py, ty, &dict)
}

/// The module that protoc generates for a file.
fn module_name(file: &str) -> String {
    let stem = file.strip_suffix(".proto").unwrap_or(file);
    format!("{}_pb2", stem.replace('-', "_").replace('/', "."))
}

/// The class of a type object that the metaclass made.
#[inline]
pub(super) unsafe fn class_of_type(ty: *mut ffi::PyTypeObject) -> Option<&'static Class> {
    // SAFETY: the caller passes an instance of the metaclass, which has the pointer after what every type has.
    unsafe { *class_slot(ty) }
}

unsafe fn class_slot(ty: *mut ffi::PyTypeObject) -> *mut Option<&'static Class> {
    // SAFETY: as above.
    unsafe {
        let offset = ffi::PyType_Type.tp_basicsize.cast_unsigned();
        ty.cast::<u8>().add(offset).cast()
    }
}

/// The class of a message.
#[inline]
pub(super) unsafe fn class_of_object(object: *mut ffi::PyObject) -> &'static Class {
    // SAFETY: the caller passes a message that Python has seen, which is of a class that the metaclass made.
    unsafe { class_of_type(ffi::Py_TYPE(object)).expect("a message's class has its table") }
}

/// Makes the metaclass.
pub(super) fn make_meta(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    let slots = vec![
        types::slot(ffi::Py_tp_new, new_class as *const _),
        types::slot(
            ffi::Py_tp_doc,
            c"The class of message classes.".as_ptr().cast(),
        ),
    ];
    // SAFETY: the type of types, with room for a pointer more.
    unsafe {
        let base = &raw mut ffi::PyType_Type;
        let size = (*base).tp_basicsize.cast_unsigned() + size_of::<usize>();
        let meta = types::make(
            py,
            c"russet._core.MessageMeta",
            size,
            ffi::Py_TPFLAGS_BASETYPE,
            slots,
            Some(base),
        )?;
        // Before 3.12 a heap type does not inherit this; without it, calling a class would not use its constructor below.
        (*meta).tp_vectorcall_offset = offset_of!(ffi::PyTypeObject, tp_vectorcall).cast_signed();
        (*meta).tp_flags |= ffi::Py_TPFLAGS_HAVE_VECTORCALL;
        Ok(meta)
    }
}

/// `MessageMeta(name, bases, dict)`, with the descriptor as `DESCRIPTOR` in the dict.
unsafe extern "C" fn new_class(
    _meta: *mut ffi::PyTypeObject,
    args: *mut ffi::PyObject,
    _keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    run(|py| {
        // SAFETY: Python passes a tuple.
        let args = unsafe { object::arg(py, &args) };
        let (name, bases, dict): (String, Bound<'_, PyTuple>, Bound<'_, PyDict>) =
            args.extract()?;
        for base in &bases {
            // A mixin of a well-known type may come first; a generated class may not be extended.
            if types::meta() == base.get_type_ptr() {
                return Err(PyTypeError::new_err(format!(
                    "A Message class can only inherit from Message, not {}",
                    bases.repr()?
                )));
            }
        }
        let descriptor = dict.get_item("DESCRIPTOR")?.ok_or_else(|| {
            PyTypeError::new_err(format!(
                "Message class {name} must have DESCRIPTOR, the descriptor of its message type, in its dict"
            ))
        })?;
        let message = descriptor::message_of(&descriptor)?;
        let ty = MessageType::of(message);
        if let Some(class) = built_class(ty) {
            // Made before its module asked for it; the module's name is the better one.
            let class = class.bind(py);
            if let Some(module) = dict.get_item("__module__")? {
                class.setattr("__module__", module)?;
            }
            return Ok(class.into_ptr());
        }
        Ok(build(py, ty, &dict.copy()?)?.bind(py).into_ptr())
    })
}

/// Makes the class of a message type; `dict` may already have some of its content.
fn build(
    py: Python<'_>,
    ty: &'static MessageType,
    dict: &Bound<'_, PyDict>,
) -> PyResult<&'static Class> {
    static WRAPPER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static MIXINS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static PLAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let message = ty.descriptor();
    dict.set_item("__slots__", PyTuple::empty(py))?;
    dict.set_item(
        "DESCRIPTOR",
        descriptor::wrap(py, Described::Message(message))?,
    )?;
    // Names that the class does not have otherwise: see `class_names`.
    let declared = PyDict::new(py);
    for nested in message.nested() {
        let class = class_of(py, MessageType::of(nested))?;
        declared.set_item(nested.name(), class.bind(py))?;
    }
    for &enumeration in message.enums() {
        let wrapper = types::import(
            py,
            &WRAPPER,
            "russet.protobuf.internal.enum_type_wrapper",
            "EnumTypeWrapper",
        )?;
        let described = descriptor::wrap(py, Described::Enum(enumeration))?;
        declared.set_item(enumeration.name(), wrapper.call1((described,))?)?;
        for value in enumeration.values() {
            declared.set_item(value.name(), value.number())?;
        }
    }
    let number_name = |name: &str| format!("{}_FIELD_NUMBER", name.to_uppercase());
    for &extension in message.extensions() {
        declared.set_item(
            extension.name(),
            descriptor::wrap(py, Described::Field(extension))?,
        )?;
        declared.set_item(number_name(extension.name()), extension.number())?;
    }
    for field in message.fields() {
        declared.set_item(number_name(field.name()), field.number())?;
    }
    let mixins = types::import(
        py,
        &MIXINS,
        "russet.protobuf.internal.well_known_types",
        "WKTBASES",
    )?;
    // SAFETY: the base class lives as long as the process.
    let base: Bound<'_, PyAny> =
        unsafe { Bound::from_borrowed_ptr(py, types::message_base().cast()) };
    // What programs know as `Message`: it has no methods of its own, but other classes may be derived from it.
    let plain = types::import(py, &PLAIN, "russet.protobuf.message", "Message")?.clone();
    let mixin = mixins.cast::<PyDict>()?.get_item(message.full_name())?;
    let bases = match &mixin {
        Some(mixin) => PyTuple::new(py, [base, plain, mixin.clone()])?,
        None => PyTuple::new(py, [base, plain])?,
    };
    let args = (message.name(), bases, dict).into_pyobject(py)?;
    // SAFETY: `type.__new__` with the metaclass makes a type whose fields are then set as the layout needs; instances are made by our constructors only.
    let object = unsafe {
        let new = ffi::PyType_Type.tp_new.expect("type has a tp_new");
        let made = new(types::meta(), args.as_ptr(), ptr::null_mut());
        let object: *mut ffi::PyTypeObject =
            Bound::from_owned_ptr_or_err(py, made)?.into_ptr().cast();
        // `type.__new__` assumes instances with a garbage collector's header before them. Ours have none and need none: what a message holds cannot refer back to it.
        (*object).tp_flags &= !ffi::Py_TPFLAGS_HAVE_GC;
        (*object).tp_traverse = None;
        (*object).tp_clear = None;
        (*object).tp_free = Some(ffi::PyObject_Free);
        (*object).tp_dealloc = Some(object::dealloc_message);
        // Since 3.11 `type.__new__` makes every class collectable; our blocks have no collector's header before them.
        (*object).tp_flags &= !ffi::Py_TPFLAGS_HAVE_GC;
        (*object).tp_traverse = None;
        (*object).tp_clear = None;
        (*object).tp_free = Some(ffi::PyObject_Free);
        (*object).tp_vectorcall = Some(construct);
        (*object).tp_basicsize = (russet_message::PREFIX + ty.size()).cast_signed();
        object
    };
    let mut names = Vec::with_capacity(ty.fields().len());
    // SAFETY: the type's own dict, before anyone else has seen the type.
    unsafe {
        let dict = type_dict(py, object)?;
        let class: Bound<'_, PyAny> = Bound::from_borrowed_ptr(py, object.cast());
        let is_taken = |name: &str| -> PyResult<bool> {
            Ok(class_names::is_common(py, name)?
                || dict.contains(name)?
                || match &mixin {
                    Some(mixin) => mixin.hasattr(name)?,
                    None => false,
                })
        };
        for (name, value) in declared.iter() {
            if !is_taken(name.cast::<PyString>()?.to_str()?)? {
                dict.set_item(name, value)?;
            }
        }
        for field in ty.fields() {
            let name = PyString::intern(py, field.descriptor().name());
            let definition = Box::leak(Box::new(ffi::PyGetSetDef {
                name: CString::new(field.descriptor().name())
                    .map_err(|_| PyTypeError::new_err("a field's name has no zero byte"))?
                    .into_raw(),
                get: Some(fields::getter(field)),
                set: Some(fields::setter(field)),
                doc: ptr::null(),
                closure: ptr::from_ref::<FieldInfo>(field).cast_mut().cast(),
            }));
            let property =
                Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewGetSet(object, definition))?;
            let property = if is_taken(field.descriptor().name())?
                && let Some(of_class) = class.getattr_opt(&name)?
            {
                FieldOfInstances::make(property, of_class)?
            } else {
                property
            };
            dict.set_item(&name, property)?;
            names.push(name.into_ptr());
        }
        ffi::PyType_Modified(object);
        let class = Box::leak(Box::new(Class {
            object,
            ty,
            pool: pool::by_id(message.file().pool_id()),
            names,
        }));
        let slot = ptr::from_mut(class).cast();
        let earlier = ty.host_slot().compare_exchange(
            ptr::null_mut(),
            slot,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        // Code that ran meanwhile may have made the class; the first one is the class.
        let class: &'static Class = match earlier {
            Ok(_) => class,
            Err(first) => return Ok(&*first.cast::<Class>()),
        };
        class_slot(object).write(Some(class));
        Ok(class)
    }
}

/// The dict of a type.
pub(super) unsafe fn type_dict(
    py: Python<'_>,
    object: *mut ffi::PyTypeObject,
) -> PyResult<Bound<'_, PyDict>> {
    // SAFETY: heap types keep their dict here in all versions; the caller passes a living type.
    unsafe {
        Bound::from_borrowed_ptr_or_err(py, (*object).tp_dict)?
            .cast_into::<PyDict>()
            .map_err(Into::into)
    }
}

/// `Class(field=value, ...)`.
unsafe extern "C" fn construct(
    callable: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: usize,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    object::run_hot(|py| {
        // SAFETY: Python calls it for classes that the metaclass made, with as many arguments as it says.
        unsafe {
            let class = class_of_type(callable.cast()).ok_or_else(unfinished)?;
            if ffi::PyVectorcall_NARGS(count) > 0 {
                return Err(PyTypeError::new_err("No positional arguments allowed"));
            }
            let message = Message::new(class.ty);
            if !keywords.is_null() {
                let count = ffi::PyTuple_GET_SIZE(keywords);
                let mut near = 0;
                for index in 0..count {
                    let name = ffi::PyTuple_GET_ITEM(keywords, index);
                    let value = *args.add(index.cast_unsigned());
                    near = init::keyword(py, class, &message, name, value, near)? + 1;
                }
            }
            object::expose(py, message)
        }
    })
}

#[cold]
fn unfinished() -> PyErr {
    PyAttributeError::new_err("this message class is not complete; its creation failed")
}

/// `Class.__new__(Class)`: an empty message.
pub(super) unsafe extern "C" fn new_message(
    ty: *mut ffi::PyTypeObject,
    _args: *mut ffi::PyObject,
    _keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    run(|py| {
        // SAFETY: `ty` is a type, checked to be of the metaclass.
        unsafe {
            if ffi::Py_TYPE(ty.cast()) != types::meta() {
                return Err(PyTypeError::new_err(
                    "Message is the base of generated classes; it has no instances of its own",
                ));
            }
            let class = class_of_type(ty).ok_or_else(unfinished)?;
            object::expose(py, Message::new(class.ty))
        }
    })
}

/// `message.__init__(field=value, ...)`.
pub(super) unsafe extern "C" fn init_message(
    object: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> std::ffi::c_int {
    run(|py| {
        // SAFETY: Python passes a message of ours, a tuple, and a dict or null.
        unsafe {
            if ffi::PyTuple_GET_SIZE(args) > 0 {
                return Err(PyTypeError::new_err("No positional arguments allowed"));
            }
            let message = object::message_of(object);
            if let Some(keywords) = Bound::from_borrowed_ptr_or_opt(py, keywords) {
                guard::check(py, &*message)?;
                init::from_dict(py, &message, keywords.cast::<PyDict>()?)?;
            }
            Ok(0)
        }
    })
}

/// `isinstance(value, class)` for message classes, else `None`: the class that an object is of.
pub(super) fn message_class_of(value: &Bound<'_, PyAny>) -> Option<&'static Class> {
    if types::is_message(value.as_ptr()) {
        // SAFETY: just checked.
        Some(unsafe { class_of_object(value.as_ptr()) })
    } else {
        None
    }
}

/// An error for what is no message of the class wanted.
#[cold]
pub(super) fn wrong_class(function: &str, expected: &Class, value: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!(
        "Parameter to {function} must be instance of same class: expected {} got {}.",
        expected.bind(value.py()),
        value.get_type()
    ))
}

/// `message_factory.GetMessageClass(descriptor)`.
#[pyfunction]
pub(super) fn get_message_class<'py>(
    py: Python<'py>,
    descriptor: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let message = descriptor::message_of(descriptor)?;
    Ok(class_of(py, MessageType::of(message))?.bind(py))
}

/// The field of a name that Python gave, or the error that the original raises.
pub(super) fn named_field(
    class: &'static Class,
    name: &Bound<'_, PyAny>,
) -> PyResult<&'static FieldInfo> {
    let Ok(text) = name.cast::<PyString>() else {
        return Err(pyo3::exceptions::PyValueError::new_err(format!(
            "Expected a field name, but got non-string argument {}.",
            name.repr()?
        )));
    };
    match class.field(name.as_ptr(), 0) {
        Some((field, _)) => Ok(field),
        None => Err(errors::no_field(class.ty.descriptor(), text.to_str()?)),
    }
}
