//! Channels, servers and calls: the border between the Python API and the drivers of `russet-net`.
//!
//! Here Python objects become bytes, metadata and deadlines, and the reverse. What a call does on the wire is the engine's affair; who waits for what is the reactor's.

mod aio_server;
mod call_owner;
mod census;
mod channel;
mod client_call;
mod clock;
mod convert;
mod detached;
mod fork;
mod greenlets;
mod imports;
mod method;
mod news;
mod observations;
mod options;
mod own_threads;
mod server;
mod server_call;
mod signer;
mod steps;
mod tls;
mod trace;
mod waiting;

use pyo3::prelude::*;

/// Adds this part to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<channel::Channel>()?;
    module.add_class::<call_owner::CallOwner>()?;
    module.add_class::<client_call::ClientCall>()?;
    module.add_class::<aio_server::AioServer>()?;
    module.add_class::<aio_server::AioServerCall>()?;
    module.add_class::<server::Server>()?;
    module.add_class::<server::Worker>()?;
    module.add_class::<server_call::ServerCall>()?;
    module.add_class::<server_call::RequestIterator>()?;
    module.add_class::<observations::Observations>()?;
    module.add_class::<tls::ClientTls>()?;
    module.add_class::<tls::ServerTls>()?;
    module.add_function(wrap_pyfunction!(steps::want, module)?)?;
    module.add_function(wrap_pyfunction!(trace::start, module)?)?;
    module.add_function(wrap_pyfunction!(trace::stop, module)?)?;
    module.add_function(wrap_pyfunction!(census::census, module)?)?;
    module.add_function(wrap_pyfunction!(greenlets::install, module)?)?;
    module.add_function(wrap_pyfunction!(own_threads::shut_out_own_threads, module)?)?;
    Ok(())
}
