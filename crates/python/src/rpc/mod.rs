//! Channels, servers and calls.

use pyo3::prelude::*;

/// Adds this part to the extension module.
pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
