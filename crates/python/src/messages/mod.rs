//! Message classes built from descriptors.

use pyo3::prelude::*;

/// Adds this part to the extension module.
pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
