//! The compiler's command line, called in process.

use pyo3::prelude::*;

/// Runs protoc with `argv`, the program's name first; returns the exit code. Other Python threads run meanwhile, unless messages are made: here they are Python objects.
#[pyfunction]
fn protoc_main(py: Python<'_>, argv: Vec<String>) -> i32 {
    if russet_cli::protoc::makes_messages(&argv) {
        return russet_cli::protoc::main(&argv);
    }
    py.detach(|| russet_cli::protoc::main(&argv))
}

/// Runs the `russet` command with `argv`, the program's name first; returns the exit code.
#[pyfunction]
fn russet_main(py: Python<'_>, argv: Vec<String>) -> i32 {
    let is_protoc = argv.get(1).is_some_and(|command| command == "protoc");
    if is_protoc && russet_cli::protoc::makes_messages(&argv[1..]) {
        return russet_cli::main(&argv);
    }
    py.detach(|| russet_cli::main(&argv))
}

/// Adds this part to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(protoc_main, module)?)?;
    module.add_function(wrap_pyfunction!(russet_main, module)?)
}
