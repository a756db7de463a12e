//! The mappings and sequences that descriptors give: made once, read-only.

use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyIterator, PyList, PyTuple};

use super::{Described, wrap};
use crate::messages::rules;

/// A value that is made when it is first asked for.
pub(super) type Lazy = PyOnceLock<Py<PyAny>>;

/// A read-only mapping that is made once.
pub(super) fn mapping<'py, K: IntoPyObject<'py>>(
    py: Python<'py>,
    cell: &Lazy,
    entries: impl Iterator<Item = (K, Described)>,
) -> PyResult<Py<PyAny>> {
    make_mapping(py, cell, entries, false)
}

/// As [`mapping`], whose keys are numbers: whatever has `__index__` is a key, and nothing else.
pub(super) fn mapping_by_number<'py, K: IntoPyObject<'py>>(
    py: Python<'py>,
    cell: &Lazy,
    entries: impl Iterator<Item = (K, Described)>,
) -> PyResult<Py<PyAny>> {
    make_mapping(py, cell, entries, true)
}

fn make_mapping<'py, K: IntoPyObject<'py>>(
    py: Python<'py>,
    cell: &Lazy,
    entries: impl Iterator<Item = (K, Described)>,
    by_number: bool,
) -> PyResult<Py<PyAny>> {
    cell.get_or_try_init(py, || {
        let dict = PyDict::new(py);
        for (key, described) in entries {
            dict.set_item(key, wrap(py, described)?)?;
        }
        let made = Mapping {
            dict: dict.unbind(),
            by_number,
        };
        Ok(Bound::new(py, made)?.into_any().unbind())
    })
    .map(|made| made.clone_ref(py))
}

/// A sequence that is made once. The original's cannot be changed either.
pub(super) fn sequence(
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

/// A read-only mapping; keys, values and items are lists, as those of the original.
#[pyclass(frozen, mapping, module = "russet._core", name = "_Mapping")]
struct Mapping {
    dict: Py<PyDict>,
    by_number: bool,
}

impl Mapping {
    /// What an object is as a key; `None` if it can be none.
    fn key<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if !self.by_number || key.is_exact_instance_of::<PyInt>() {
            return Ok(Some(key.clone()));
        }
        match key.py().import("operator")?.call_method1("index", (key,)) {
            Ok(number) => Ok(Some(number)),
            Err(error) if error.is_instance_of::<PyTypeError>(key.py()) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[pymethods]
impl Mapping {
    fn __len__(&self, py: Python<'_>) -> usize {
        self.dict.bind(py).len()
    }
    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.key(key)? {
            Some(key) => self.dict.bind(py).as_any().get_item(key),
            None => Err(PyKeyError::new_err(key.clone().unbind())),
        }
    }
    /// Code that an old protoc generated puts in what is there already.
    fn __setitem__(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if rules::code_makes_descriptors(py)?
            && self.__getitem__(py, key).is_ok_and(|known| known.is(value))
        {
            return Ok(());
        }
        Err(PyTypeError::new_err(
            "'russet._core._Mapping' object does not support item assignment",
        ))
    }
    /// Python would take a class that sets items for one that deletes them.
    fn __delitem__(_slf: &Bound<'_, Self>, _key: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "'russet._core._Mapping' object does not support item deletion",
        ))
    }
    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        match self.key(key)? {
            Some(key) => self.dict.bind(py).contains(key),
            None => Ok(false),
        }
    }
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.dict.bind(py).try_iter()
    }
    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let ours = self.dict.bind(py);
        match other.cast::<Self>() {
            Ok(other) => ours.eq(other.get().dict.bind(py)),
            Err(_) => ours.eq(other),
        }
    }
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.dict.bind(py).repr()?.to_string())
    }
    #[pyo3(signature = (key, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(match self.key(key)? {
            Some(key) => self.dict.bind(py).get_item(key)?.or(default),
            None => default,
        })
    }
    fn keys<'py>(&self, py: Python<'py>) -> Bound<'py, PyList> {
        self.dict.bind(py).keys()
    }
    fn values<'py>(&self, py: Python<'py>) -> Bound<'py, PyList> {
        self.dict.bind(py).values()
    }
    fn items<'py>(&self, py: Python<'py>) -> Bound<'py, PyList> {
        self.dict.bind(py).items()
    }
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
    /// There to be refused, as in the original, unless code that an old protoc generated appends what is there already.
    fn append(&self, py: Python<'_>, item: &Bound<'_, PyAny>) -> PyResult<()> {
        if rules::code_makes_descriptors(py)? && self.0.bind(py).contains(item)? {
            return Ok(());
        }
        Err(PyTypeError::new_err(format!(
            "{} is not a mutable sequence",
            self.__repr__(py)?
        )))
    }
    fn index(&self, py: Python<'_>, item: &Bound<'_, PyAny>) -> PyResult<usize> {
        self.0.bind(py).index(item)
    }
    fn count<'py>(&self, py: Python<'py>, item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.0.bind(py).as_any().call_method1("count", (item,))
    }
}
