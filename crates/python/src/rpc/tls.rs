//! `_core.ClientTls` and `_core.ServerTls`: what `russet/grpc/_credentials.py` makes of PEM, and how a channel or a port is protected.

use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use russet_net::address::host;
use russet_net::security::{AuthContext, ClientSecurity, FetchTls, LocalKind, ServerSecurity};
use russet_net::tls::{self, Roots, TlsError};

use super::options;
use super::own_threads;
use super::signer::signer;

fn value_error(error: TlsError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A client's roots and identity.
#[pyclass(frozen, module = "russet._core")]
pub(super) struct ClientTls {
    tls: Arc<tls::ClientTls>,
}

#[pymethods]
impl ClientTls {
    /// PEM texts; without `roots` the default ones, and with `system` the system's too. `verify=False` trusts everybody. `sign` signs in the place of a `key`, as [`signer`] says. Raises `ValueError` for what cannot be read.
    #[new]
    #[pyo3(signature = (roots, key, chain, verify=true, sign=None, system=false))]
    fn new(
        roots: Option<&[u8]>,
        key: Option<&[u8]>,
        chain: Option<&[u8]>,
        verify: bool,
        sign: Option<Py<PyAny>>,
        system: bool,
    ) -> PyResult<Self> {
        let roots = match (verify, roots) {
            (false, _) => Roots::Unverified,
            (true, Some(pem)) => Roots::Pem(pem),
            (true, None) if system => Roots::DefaultAndSystem,
            (true, None) => Roots::Default,
        };
        let tls = match (sign, chain) {
            (Some(sign), Some(chain)) => tls::ClientTls::with_signer(roots, chain, signer(sign)),
            _ => tls::ClientTls::new(roots, key, chain),
        };
        let tls = tls.map_err(value_error)?;
        Ok(Self { tls: Arc::new(tls) })
    }
}

/// A server's identities and whom it lets in.
#[pyclass(frozen, module = "russet._core")]
pub(super) struct ServerTls {
    tls: Arc<tls::ServerTls>,
}

#[pymethods]
impl ServerTls {
    /// Pairs of private key and certificate chain as PEM; with `client_roots` clients need a certificate. Raises `ValueError` for what cannot be read.
    #[new]
    fn new(pairs: Vec<(Vec<u8>, Vec<u8>)>, client_roots: Option<&[u8]>) -> PyResult<Self> {
        let tls = tls::ServerTls::new(&pairs, client_roots).map_err(value_error)?;
        Ok(Self { tls: Arc::new(tls) })
    }
}

fn local_kind(number: u8) -> LocalKind {
    if number == 0 {
        LocalKind::Unix
    } else {
        LocalKind::Tcp
    }
}

/// How a channel is protected: `tls`, with `tls_name` where the server's certificate has another name than `authority`; or `local` (a `LocalConnectionType`'s number); or nothing.
pub(super) fn client_security(
    settings: &Bound<'_, PyDict>,
    authority: &str,
) -> PyResult<ClientSecurity> {
    if let Some(tls) = settings.get_item("tls")? {
        let tls = tls.cast::<ClientTls>()?.get().tls.clone();
        let name = options::text(settings, "tls_name")?;
        let name = host(name.as_deref().unwrap_or(authority)).to_owned();
        return Ok(ClientSecurity::Tls { tls, name });
    }
    Ok(match settings.get_item("local")? {
        Some(number) => ClientSecurity::Local(local_kind(number.extract()?)),
        None => ClientSecurity::Plaintext,
    })
}

/// How a port is protected: `None` not at all, a `LocalConnectionType`'s number, a [`ServerTls`], or a function that gives one for each connection.
pub(super) fn server_security(given: Option<&Bound<'_, PyAny>>) -> PyResult<ServerSecurity> {
    let Some(given) = given else {
        return Ok(ServerSecurity::Plaintext);
    };
    if let Ok(tls) = given.cast::<ServerTls>() {
        return Ok(ServerSecurity::Tls(tls.get().tls.clone()));
    }
    if given.is_callable() {
        return Ok(ServerSecurity::Changing(fetcher(given.clone().unbind())));
    }
    match given.extract() {
        Ok(number) => Ok(ServerSecurity::Local(local_kind(number))),
        Err(_) => Err(PyTypeError::new_err(
            "a port is protected by server credentials",
        )),
    }
}

fn fetcher(fetch: Py<PyAny>) -> Arc<FetchTls> {
    Arc::new(move || {
        // None while the interpreter is going down: nobody is let in any more.
        own_threads::enter(|py| {
            let fetched = fetch
                .call0(py)
                .and_then(|tls| Ok(tls.bind(py).cast::<ServerTls>()?.get().tls.clone()));
            match fetched {
                Ok(tls) => Some(tls),
                Err(error) => {
                    error.write_unraisable(py, Some(fetch.bind(py)));
                    None
                }
            }
        })
        .flatten()
    })
}

/// `ServicerContext.auth_context()`: lists of bytes by property.
pub(super) fn auth_context<'py>(
    py: Python<'py>,
    context: &AuthContext,
) -> PyResult<Bound<'py, PyDict>> {
    let properties = PyDict::new(py);
    for (key, values) in context.properties() {
        let values = values.iter().map(String::as_bytes);
        properties.set_item(key, PyList::new(py, values)?)?;
    }
    Ok(properties)
}

/// `ServicerContext.peer_identities()`: the peer's names, `None` where it has not proved any.
pub(super) fn peer_identities<'py>(
    py: Python<'py>,
    context: &AuthContext,
) -> PyResult<Option<Bound<'py, PyList>>> {
    context
        .identities()
        .map(|names| PyList::new(py, names.iter().map(String::as_bytes)))
        .transpose()
}
