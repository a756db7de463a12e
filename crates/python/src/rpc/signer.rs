//! A private key that Python has elsewhere: `grpc.experimental.ssl_channel_credentials_with_custom_signer`.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use russet_net::tls::{SignElsewhere, Ticket};

use super::convert::exception_text;
use super::own_threads;

type Signature = Result<Vec<u8>, String>;

/// What a signer calls with the signature, or with the exception that there is none.
#[pyclass(frozen, module = "russet._core")]
struct OnSigned {
    /// Taken by the first call.
    sender: Mutex<Option<Sender<Signature>>>,
}

#[pymethods]
impl OnSigned {
    fn __call__(&self, result: &Bound<'_, PyAny>) -> PyResult<()> {
        let signature = if let Ok(signature) = result.cast::<PyBytes>() {
            Ok(signature.as_bytes().to_vec())
        } else if result.is_instance_of::<pyo3::exceptions::PyBaseException>() {
            let error = PyErr::from_value(result.clone());
            Err(exception_text(result.py(), &error))
        } else {
            return Err(PyTypeError::new_err(
                "the signing is complete with bytes or an exception",
            ));
        };
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(sender) = sender {
            // The connection may be gone by now; then nobody wants the signature.
            let _ = sender.send(signature);
        }
        Ok(())
    }
}

/// Asks `sign(data, algorithm, on_complete)`, which returns the signature, or a function that cancels and calls `on_complete` later.
pub(super) fn signer(sign: Py<PyAny>) -> Arc<SignElsewhere> {
    Arc::new(move |message, algorithm, ticket| {
        let (sender, signed) = channel();
        // None while the interpreter is going down: nobody signs any more.
        let asked = own_threads::enter(|py| {
            ask(py, &sign, message, algorithm as u8, sender, ticket)
                .map_err(|error| exception_text(py, &error))
        });
        match asked {
            Some(Ok(Some(signature))) => Ok(signature),
            Some(Ok(None)) => {
                let signature = signed
                    .recv()
                    .unwrap_or_else(|_| Err("it let go of on_complete".to_owned()));
                ticket.signed();
                signature
            }
            Some(Err(why)) => Err(why),
            None => Err("the interpreter is going down".to_owned()),
        }
    })
}

/// The signature, if it is given at once.
fn ask(
    py: Python<'_>,
    sign: &Py<PyAny>,
    message: &[u8],
    algorithm: u8,
    sender: Sender<Signature>,
    ticket: &Arc<Ticket>,
) -> PyResult<Option<Vec<u8>>> {
    let on_signed = OnSigned {
        sender: Mutex::new(Some(sender.clone())),
    };
    let on_signed = Bound::new(py, on_signed)?;
    let answer = sign
        .bind(py)
        .call1((PyBytes::new(py, message), algorithm, &on_signed))?;
    if let Ok(signature) = answer.cast::<PyBytes>() {
        return Ok(Some(signature.as_bytes().to_vec()));
    }
    if !answer.is_callable() {
        return Err(PyTypeError::new_err(
            "a signer returns the signature as bytes, or a function that cancels the signing",
        ));
    }
    let cancel = answer.unbind();
    ticket.on_cancel(Box::new(move || {
        let _ = sender.send(Err("the connection was given up".to_owned()));
        // On a thread of its own: who gives up holds the channel, and must not wait for Python.
        let run = move || {
            own_threads::enter(|py| {
                if let Err(error) = cancel.call0(py) {
                    error.write_unraisable(py, Some(cancel.bind(py)));
                }
            });
        };
        let _ = std::thread::Builder::new()
            .name("russet-signer".to_owned())
            .spawn(run);
    }));
    Ok(None)
}
