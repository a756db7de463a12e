//! Metadata, status codes and times, between Python and the engine.

use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use russet_net::rpc::{
    Code, Encoding, Message, Metadata, MetadataError, UnreadableMessage, is_binary,
};

use super::imports;

/// Longer timeouts than this mean none: about a hundred years.
const FOREVER: f64 = 3.2e9;

/// Metadata as handlers give it: as [`check_metadata`], and `ValueError` where a key or value cannot be sent.
pub(super) fn metadata_from_python(given: Option<&Bound<'_, PyAny>>) -> PyResult<Metadata> {
    check_metadata(given)?.map_err(|error| {
        let given = given.map(ToString::to_string).unwrap_or_default();
        PyValueError::new_err(format!("metadata was invalid: {given}: {error}"))
    })
}

/// Metadata as callers give it: `None` or an iterable of pairs. A value is `str` or `bytes`, or `None` for an empty one; for a key that ends in `-bin` it must be `bytes`. The inner error is that of a key or value which cannot be sent; grpcio ends the call for it.
pub(super) fn check_metadata(
    given: Option<&Bound<'_, PyAny>>,
) -> PyResult<Result<Metadata, MetadataError>> {
    let mut metadata = Metadata::new();
    let Some(given) = given.filter(|given| !given.is_none()) else {
        return Ok(Ok(metadata));
    };
    for item in given.try_iter()? {
        let item = item?;
        if item.len()? != 2 {
            return Err(PyTypeError::new_err(format!(
                "metadata is a sequence of pairs of a key and a value, and {item} is none"
            )));
        }
        let key = text_or_bytes(&item.get_item(0)?, "key")?;
        let key = String::from_utf8_lossy(&key);
        let key = &*key;
        let value = item.get_item(1)?;
        if is_binary(key) && !value.is_instance_of::<PyBytes>() {
            return Err(PyTypeError::new_err(format!(
                "the value of the metadata key {key:?} must be bytes, as the key ends in \"-bin\", not {}",
                value.get_type().name()?
            )));
        }
        let value = if value.is_none() {
            Vec::new()
        } else {
            text_or_bytes(&value, "value")?
        };
        match metadata.push(key, &value) {
            // The protocol's own keys are dropped without a word, as in grpcio.
            Ok(()) | Err(MetadataError::Reserved(_)) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(metadata))
}

fn text_or_bytes(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<u8>> {
    if let Ok(text) = object.cast::<PyString>() {
        Ok(text.to_str()?.as_bytes().to_vec())
    } else if let Ok(bytes) = object.cast::<PyBytes>() {
        Ok(bytes.as_bytes().to_vec())
    } else {
        Err(PyTypeError::new_err(format!(
            "a metadata {what} must be str or bytes, not {}",
            object.get_type().name()?
        )))
    }
}

/// Metadata as callers receive it: a tuple of named pairs; the value is `bytes` for a key that ends in `-bin`, else `str`.
pub(super) fn metadata_to_python<'py>(
    py: Python<'py>,
    metadata: &Metadata,
) -> PyResult<Bound<'py, PyTuple>> {
    if metadata.is_empty() {
        return Ok(PyTuple::empty(py));
    }
    let class = imports::metadatum(py)?;
    let mut pairs = Vec::new();
    for (key, value) in metadata {
        let value = if is_binary(key) {
            PyBytes::new(py, value).into_any()
        } else {
            PyString::new(py, &String::from_utf8_lossy(value)).into_any()
        };
        pairs.push(class.call1((key, value))?);
    }
    PyTuple::new(py, pairs)
}

/// The code of a `StatusCode`; UNKNOWN for anything else, as in grpcio.
pub(super) fn code_from_python(code: &Bound<'_, PyAny>) -> Code {
    let number = code
        .getattr(intern!(code.py(), "value"))
        .and_then(|value| value.get_item(0))
        .and_then(|number| number.extract::<u32>());
    number
        .ok()
        .and_then(Code::from_u32)
        .unwrap_or(Code::Unknown)
}

/// The `StatusCode` of a code.
pub(super) fn code_to_python(py: Python<'_>, code: Code) -> PyResult<Bound<'_, PyAny>> {
    imports::status_codes(py)?.get_item(code.as_u32())
}

/// When a timeout in seconds runs out. A negative one has run out.
pub(super) fn deadline(timeout: Option<f64>, now: Instant) -> Option<Instant> {
    let timeout = timeout.filter(|timeout| *timeout < FOREVER)?;
    Some(now + Duration::from_secs_f64(timeout.max(0.0)))
}

/// Seconds until `deadline`, at least 0.
pub(super) fn seconds_until(deadline: Instant) -> f64 {
    deadline
        .saturating_duration_since(Instant::now())
        .as_secs_f64()
}

/// A `grpc.Compression`: 0 none, 1 deflate, 2 gzip; and 3 zstd.
pub(super) fn encoding(number: Option<u8>) -> PyResult<Encoding> {
    match number {
        None | Some(0) => Ok(Encoding::Identity),
        Some(1) => Ok(Encoding::Deflate),
        Some(2) => Ok(Encoding::Gzip),
        Some(3) => Ok(Encoding::Zstd),
        Some(other) => Err(PyValueError::new_err(format!(
            "unknown compression algorithm {other}: use a member of grpc.Compression"
        ))),
    }
}

/// The text of an exception, also of one whose own `__str__` fails.
pub(super) fn exception_text(py: Python<'_>, error: &PyErr) -> String {
    let text = error
        .value(py)
        .str()
        .map(|text| text.to_string_lossy().into_owned());
    text.unwrap_or_else(|_| format!("<{}>", error.get_type(py)))
}

/// What `add_insecure_port` raises for an address that cannot be listened on.
pub(super) fn bind_error(address: &str, error: &dyn std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(format!("Failed to bind to address {address}: {error}"))
}

/// A received message as Python's bytes. A compressed one is decompressed without the interpreter's lock, and where it tells its length right, into the object itself.
pub(super) fn message_to_python(
    py: Python<'_>,
    message: Message,
) -> Result<Bound<'_, PyBytes>, UnreadableMessage> {
    if let Some(length) = message.told_length() {
        let mut read = false;
        let made = PyBytes::new_with(py, length, |out| {
            read = py.detach(|| message.read_into(out));
            Ok(())
        });
        if let Ok(bytes) = made
            && read
        {
            return Ok(bytes);
        }
    }
    let bytes = if message.is_compressed() {
        py.detach(|| message.into_bytes())
    } else {
        message.into_bytes()
    };
    bytes.map(|bytes| PyBytes::new(py, &bytes))
}
