//! The compiler's command line, called in process.

use pyo3::prelude::*;
use russet_cli::protoc::{Kind, module_source};

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

/// What is wrong with a file: its name, the line and the column from one (zero where the whole file is meant), the message.
type Problem = (String, u32, u32, String);

/// The source of the module made from a `.proto` file, or what is wrong with the file.
#[pyfunction]
fn protoc_module(
    py: Python<'_>,
    name: String,
    roots: Vec<String>,
    services: bool,
) -> (Option<String>, Vec<Problem>) {
    let kind = if services {
        Kind::Services
    } else {
        Kind::Messages
    };
    match py.detach(|| module_source(&name, &roots, kind)) {
        Ok(source) => (Some(source), Vec::new()),
        Err(diagnostics) => {
            let problems = diagnostics.into_iter().map(|diagnostic| {
                let place = diagnostic.position;
                let (line, column) =
                    place.map_or((0, 0), |place| (place.line + 1, place.column + 1));
                (diagnostic.file, line, column, diagnostic.message)
            });
            (None, problems.collect())
        }
    }
}

/// Adds this part to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(protoc_main, module)?)?;
    module.add_function(wrap_pyfunction!(russet_main, module)?)?;
    module.add_function(wrap_pyfunction!(protoc_module, module)?)
}
