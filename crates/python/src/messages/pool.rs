//! `DescriptorPool`: adding files and looking descriptors up.

use std::cell::{OnceCell, RefCell};
use std::sync::{Mutex, PoisonError, RwLock};

use pyo3::exceptions::{PyAttributeError, PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyWeakrefMethods, PyWeakrefReference};
use russet_descriptor::pool::{File, Message, Pool, PoolError, Symbol};
use russet_descriptor::proto::FileDescriptorProto;
use russet_message::{Resolver, Types};

use super::descriptor::{self, Described};
use super::text::message_argument;

/// Every pool of Python's, by its id. Pools live as long as the process, as the classes made from them do.
static POOLS: RwLock<Vec<&'static Pool>> = RwLock::new(Vec::new());

/// The Python object of each pool, by the pool's id.
static OBJECTS: Mutex<Vec<(u64, PoolObject)>> = Mutex::new(Vec::new());

/// How the Python object of a pool is known.
enum PoolObject {
    /// For ever: that of the default pool, and those made for descriptors.
    Kept(Py<DescriptorPool>),
    /// As long as the program keeps it: its database may be what the program wants to let go.
    Weak(Py<PyWeakrefReference>),
}

impl PoolObject {
    fn get<'py>(&self, py: Python<'py>) -> Option<Bound<'py, DescriptorPool>> {
        match self {
            Self::Kept(object) => Some(object.clone_ref(py).into_bound(py)),
            Self::Weak(weak) => weak.bind(py).upgrade()?.cast_into().ok(),
        }
    }
}

/// The Python object of a pool: the one that the program made, or if that is gone a new one (it has no database, whose files are in the pool by then).
pub(super) fn object_of(py: Python<'_>, id: u64) -> PyResult<Bound<'_, PyAny>> {
    let found = |objects: &[(u64, PoolObject)]| {
        let mut known = objects.iter().filter(|(known, _)| *known == id);
        known
            .find_map(|(_, object)| object.get(py))
            .map(Bound::into_any)
    };
    if let Some(object) = found(&OBJECTS.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(object);
    }
    let pool = by_id(id).ok_or_else(|| PyKeyError::new_err("the descriptor is of no pool"))?;
    let made = DescriptorPool {
        pool,
        database: None,
    };
    let made = Bound::new(py, made)?;
    let mut objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
    if found(&objects).is_none() {
        objects.retain(|(known, _)| *known != id);
        objects.push((id, PoolObject::Kept(made.clone().unbind())));
    }
    found(&objects).ok_or_else(|| PyKeyError::new_err("the descriptor is of no pool"))
}

/// How deep imports of files from a database may nest.
const MAX_IMPORT_DEPTH: usize = 200;

/// The pool of an id.
pub(super) fn by_id(id: u64) -> Option<&'static Pool> {
    POOLS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .copied()
        .find(|pool| pool.id() == id)
}

fn new_pool() -> &'static Pool {
    let pool: &'static Pool = Box::leak(Box::new(Pool::new()));
    POOLS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .push(pool);
    pool
}

/// A collection of descriptors linked to each other.
#[pyclass(frozen, weakref, module = "russet.protobuf.descriptor_pool")]
pub(crate) struct DescriptorPool {
    pool: &'static Pool,
    /// Where files are looked for that the pool does not hold.
    database: Option<Py<PyAny>>,
}

impl DescriptorPool {
    /// Adds a file of the database, after the files that it imports.
    fn add_from_database(&self, file: &Bound<'_, PyAny>, depth: usize) -> PyResult<&'static File> {
        let py = file.py();
        let bytes = file.call_method0("SerializeToString")?;
        let bytes = bytes.cast::<PyBytes>()?.as_bytes();
        let proto = FileDescriptorProto::decode(bytes).map_err(|error| refused(&error.into()))?;
        let Some(depth) = depth.checked_sub(1) else {
            return Err(PyTypeError::new_err(format!(
                "imports of files nest deeper than {MAX_IMPORT_DEPTH}; do they import each other in a circle?"
            )));
        };
        for dependency in &proto.dependency {
            if self.pool.file(dependency).is_none()
                && let Some(found) = self.ask(py, "FindFileByName", (dependency,))?
            {
                self.add_from_database(&found, depth)?;
            }
        }
        self.pool
            .add_serialized(bytes)
            .map_err(|error| refused(&error))
    }

    /// What the database answers; `None` where it has nothing, or there is none.
    fn ask<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        arguments: impl pyo3::call::PyCallArgs<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(database) = &self.database else {
            return Ok(None);
        };
        match database.bind(py).call_method1(method, arguments) {
            Ok(found) if found.is_none() => Ok(None),
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_instance_of::<PyKeyError>(py) => Ok(None),
            // Databases of extensions are rare.
            Err(error)
                if error.is_instance_of::<PyAttributeError>(py)
                    && !database.bind(py).hasattr(method)? =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn symbol(&self, py: Python<'_>, name: &str) -> PyResult<Option<Symbol>> {
        if let Some(symbol) = self.pool.symbol(name) {
            return Ok(Some(symbol));
        }
        if let Some(file) = self.ask(py, "FindFileContainingSymbol", (name,))? {
            self.add_from_database(&file, MAX_IMPORT_DEPTH)?;
        }
        Ok(self.pool.symbol(name))
    }

    /// Adds the file of the database that has an extension, if the pool does not have that.
    fn load_extension(&self, py: Python<'_>, message: &Message, number: u32) -> PyResult<()> {
        if self.database.is_some()
            && self.pool.extension(message, number).is_none()
            && let Some(file) = self.ask(
                py,
                "FindFileContainingExtension",
                (message.full_name(), number),
            )?
        {
            self.add_from_database(&file, MAX_IMPORT_DEPTH)?;
        }
        Ok(())
    }

    /// The descriptor that `pick` finds behind a name.
    fn find<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        kind: &str,
        pick: impl FnOnce(Symbol) -> Option<Described>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.symbol(py, name)?.and_then(pick) {
            Some(found) => descriptor::wrap(py, found),
            None => Err(not_found(kind, name)),
        }
    }
}

/// A pool of Python's as a place where names are looked up, its database asked for what it does not hold.
pub(super) struct Names<'py> {
    py: Python<'py>,
    /// The default pool, unless another is given, once it is asked for.
    pool: OnceCell<Option<Bound<'py, DescriptorPool>>>,
    /// What the database raised, first.
    raised: RefCell<Option<PyErr>>,
}

impl<'py> Names<'py> {
    /// The names of a pool, or of the default pool.
    pub(super) fn new(py: Python<'py>, pool: Option<Bound<'py, DescriptorPool>>) -> Self {
        Self {
            py,
            pool: pool.map_or_else(OnceCell::new, |pool| OnceCell::from(Some(pool))),
            raised: RefCell::new(None),
        }
    }

    fn pool(&self) -> Option<&DescriptorPool> {
        let py = self.py;
        let default = || {
            let objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
            let (_, default) = objects.first()?;
            default.get(py)
        };
        self.pool.get_or_init(default).as_ref().map(Bound::get)
    }

    /// Raises what the database raised.
    pub(super) fn finish(self) -> PyResult<()> {
        self.raised.into_inner().map_or(Ok(()), Err)
    }
}

impl Resolver for Names<'_> {
    fn symbol(&self, full_name: &str) -> Option<Symbol> {
        self.pool()?
            .symbol(self.py, full_name)
            .unwrap_or_else(|error| {
                self.raised.borrow_mut().get_or_insert(error);
                None
            })
    }

    fn types(&self) -> Types<'_> {
        Types {
            pool: self.pool().map(|pool| pool.pool),
        }
    }
}

fn not_found(kind: &str, name: &str) -> PyErr {
    PyKeyError::new_err(format!("Couldn't find {kind} {name}"))
}

fn refused(error: &PoolError) -> PyErr {
    PyTypeError::new_err(format!(
        "Couldn't build proto file into descriptor pool: {error}"
    ))
}

#[pymethods]
impl DescriptorPool {
    #[new]
    #[pyo3(signature = (descriptor_db=None))]
    fn new(py: Python<'_>, descriptor_db: Option<Py<PyAny>>) -> PyResult<Bound<'_, Self>> {
        let made = Self {
            pool: new_pool(),
            database: descriptor_db,
        };
        let made = Bound::new(py, made)?;
        let weak = PyWeakrefReference::new(&made)?.unbind();
        let mut objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
        objects.push((made.get().pool.id(), PoolObject::Weak(weak)));
        drop(objects);
        Ok(made)
    }

    #[pyo3(name = "AddSerializedFile")]
    fn add_serialized_file<'py>(
        &self,
        py: Python<'py>,
        serialized_file_desc_proto: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        if self.database.is_some() {
            return Err(PyTypeError::new_err(
                "Cannot call AddSerializedFile() on a DescriptorPool that uses a DescriptorDatabase. Add your file to the underlying database.",
            ));
        }
        let file = self
            .pool
            .add_serialized(serialized_file_desc_proto)
            .map_err(|error| refused(&error))?;
        descriptor::wrap(py, Described::File(file))
    }

    #[pyo3(name = "Add")]
    fn add<'py>(
        &self,
        py: Python<'py>,
        file_desc_proto: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let bytes = file_desc_proto.call_method0("SerializeToString")?;
        self.add_serialized_file(py, bytes.cast::<PyBytes>()?.as_bytes())
    }

    #[pyo3(name = "FindFileByName")]
    fn find_file_by_name<'py>(
        &self,
        py: Python<'py>,
        file_name: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        if self.pool.file(file_name).is_none()
            && let Some(file) = self.ask(py, "FindFileByName", (file_name,))?
        {
            self.add_from_database(&file, MAX_IMPORT_DEPTH)?;
        }
        match self.pool.file(file_name) {
            Some(file) => descriptor::wrap(py, Described::File(file)),
            None => Err(not_found("file", file_name)),
        }
    }

    #[pyo3(name = "FindFileContainingSymbol")]
    fn find_file_containing_symbol<'py>(
        &self,
        py: Python<'py>,
        symbol: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, symbol, "symbol", |found| match found {
            Symbol::Package(_) => None,
            other => Some(Described::File(other.file())),
        })
    }

    #[pyo3(name = "FindMessageTypeByName")]
    fn find_message<'py>(&self, py: Python<'py>, full_name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, full_name, "message", |found| match found {
            Symbol::Message(message) => Some(Described::Message(message)),
            _ => None,
        })
    }

    #[pyo3(name = "FindEnumTypeByName")]
    fn find_enum<'py>(&self, py: Python<'py>, full_name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, full_name, "enum", |found| match found {
            Symbol::Enum(enumeration) => Some(Described::Enum(enumeration)),
            _ => None,
        })
    }

    #[pyo3(name = "FindFieldByName")]
    fn find_field<'py>(&self, py: Python<'py>, full_name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, full_name, "field", |found| match found {
            Symbol::Field(field) if !field.is_extension() => Some(Described::Field(field)),
            _ => None,
        })
    }

    #[pyo3(name = "FindExtensionByName")]
    fn find_extension<'py>(&self, py: Python<'py>, full_name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, full_name, "extension field", |found| match found {
            Symbol::Field(field) if field.is_extension() => Some(Described::Field(field)),
            _ => None,
        })
    }

    #[pyo3(name = "FindOneofByName")]
    fn find_oneof<'py>(&self, py: Python<'py>, full_name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, full_name, "oneof", |found| match found {
            Symbol::Oneof(oneof) => Some(Described::Oneof(oneof)),
            _ => None,
        })
    }

    #[pyo3(name = "FindServiceByName")]
    fn find_service<'py>(&self, py: Python<'py>, full_name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, full_name, "service", |found| match found {
            Symbol::Service(service) => Some(Described::Service(service)),
            _ => None,
        })
    }

    #[pyo3(name = "FindMethodByName")]
    fn find_method<'py>(&self, py: Python<'py>, full_name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.find(py, full_name, "method", |found| match found {
            Symbol::Method(method) => Some(Described::Method(method)),
            _ => None,
        })
    }

    #[pyo3(name = "FindExtensionByNumber")]
    fn find_extension_by_number<'py>(
        &self,
        py: Python<'py>,
        message_descriptor: &Bound<'py, PyAny>,
        number: u32,
    ) -> PyResult<Bound<'py, PyAny>> {
        let message = descriptor::message_of(message_descriptor)?;
        self.load_extension(py, message, number)?;
        match self.pool.extension(message, number) {
            Some(field) => descriptor::wrap(py, Described::Field(field)),
            None => Err(not_found("Extension", &number.to_string())),
        }
    }

    #[pyo3(name = "FindAllExtensions")]
    fn find_all_extensions<'py>(
        &self,
        py: Python<'py>,
        message_descriptor: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let message = descriptor::message_of(message_descriptor)?;
        if let Some(numbers) = self.ask(py, "FindAllExtensionNumbers", (message.full_name(),))? {
            for number in numbers.try_iter()? {
                self.load_extension(py, message, number?.extract()?)?;
            }
        }
        let list = PyList::empty(py);
        for field in self.pool.extensions_of(message) {
            list.append(descriptor::wrap(py, Described::Field(field))?)?;
        }
        Ok(list)
    }

    /// Gives the files of this pool, which may have none yet, other feature defaults than the language has.
    #[pyo3(name = "SetFeatureSetDefaults")]
    fn set_feature_set_defaults(&self, defaults: &Bound<'_, PyAny>) -> PyResult<()> {
        let is_own = message_argument(defaults).is_ok_and(|message| {
            message.ty().descriptor().full_name() == "google.protobuf.FeatureSetDefaults"
        });
        if !is_own {
            return Err(PyTypeError::new_err(
                "SetFeatureSetDefaults called with invalid type",
            ));
        }
        let bytes = defaults.call_method0("SerializeToString")?;
        self.pool
            .set_feature_defaults(bytes.cast::<PyBytes>()?.as_bytes())
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

/// Adds the class and the default pool to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<DescriptorPool>()?;
    let default = DescriptorPool {
        pool: new_pool(),
        database: None,
    };
    let default = Bound::new(module.py(), default)?;
    let mut objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
    objects.push((
        default.get().pool.id(),
        PoolObject::Kept(default.clone().unbind()),
    ));
    drop(objects);
    module.add("default_pool", default)
}
