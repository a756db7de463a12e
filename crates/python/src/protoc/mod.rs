//! The compiler's command line, called in process.

use pyo3::prelude::*;

/// Runs protoc with `argv`, the program's name first; returns the exit code. Other Python threads run meanwhile.
#[pyfunction]
fn protoc_main(py: Python<'_>, argv: Vec<String>) -> i32 {
    py.detach(|| russet_cli::protoc::main(&argv))
}

/// Runs the `russet` command with `argv`, the program's name first; returns the exit code.
#[pyfunction]
fn russet_main(py: Python<'_>, argv: Vec<String>) -> i32 {
    py.detach(|| russet_cli::main(&argv))
}

/// Adds this part to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(protoc_main, module)?)?;
    module.add_function(wrap_pyfunction!(russet_main, module)?)
}
