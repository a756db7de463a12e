//! The extension module `russet._core`: the border between Python and the Rust crates. It converts and dispatches; it holds no logic of its own.

mod interpreter;
mod messages;
mod protoc;
mod rpc;

use pyo3::prelude::*;

/// The module `russet._core`, which [`interpreter`] loads.
#[pymodule]
#[pyo3(name = "_core_of_the_main_interpreter")]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    messages::register(module)?;
    protoc::register(module)?;
    rpc::register(module)?;
    Ok(())
}
