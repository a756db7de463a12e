//! A method's handler as the server needs it: its kind, its functions, and how long it usually runs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A handler that usually runs longer than this is likely to block: another worker takes the lead before it starts.
const SLOW: Duration = Duration::from_micros(200);

/// The weight of the newest run in the average is one in this many.
const WEIGHT: u32 = 8;

/// A `grpc.RpcMethodHandler`, read once.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) request_streaming: bool,
    pub(super) response_streaming: bool,
    pub(super) behavior: Py<PyAny>,
    pub(super) deserializer: Option<Py<PyAny>>,
    pub(super) serializer: Option<Py<PyAny>>,
    /// Whether it takes a function to send responses with, and returns before the last of them (grpcio's `experimental_non_blocking`).
    pub(super) non_blocking: bool,
    /// The executor that runs it in place of the server's (grpcio's `experimental_thread_pool`).
    pub(super) thread_pool: Option<Py<PyAny>>,
    /// A moving average of the runs, in microseconds.
    usual: AtomicU32,
}

impl Method {
    pub(super) fn new(handler: &Bound<'_, PyAny>) -> PyResult<Self> {
        let request_streaming = handler.getattr("request_streaming")?.is_truthy()?;
        let response_streaming = handler.getattr("response_streaming")?.is_truthy()?;
        let behavior = handler.getattr(match (request_streaming, response_streaming) {
            (false, false) => "unary_unary",
            (false, true) => "unary_stream",
            (true, false) => "stream_unary",
            (true, true) => "stream_stream",
        })?;
        let optional = |name| -> PyResult<Option<Py<PyAny>>> {
            let value = handler.getattr(name)?;
            Ok((!value.is_none()).then(|| value.unbind()))
        };
        let non_blocking = response_streaming
            && match behavior.getattr_opt("experimental_non_blocking")? {
                Some(asked) => asked.is_truthy()?,
                None => false,
            };
        let thread_pool = match behavior.getattr_opt("experimental_thread_pool")? {
            Some(pool) if pool.hasattr("submit")? => Some(pool.unbind()),
            _ => None,
        };
        Ok(Self {
            request_streaming,
            response_streaming,
            non_blocking,
            thread_pool,
            behavior: behavior.unbind(),
            deserializer: optional("request_deserializer")?,
            serializer: optional("response_serializer")?,
            // A streaming handler waits for its client; until it is seen to be quick, it is taken to block.
            usual: AtomicU32::new(if request_streaming || response_streaming {
                u32::MAX / WEIGHT
            } else {
                0
            }),
        })
    }

    /// Whether a run is likely to block its thread.
    pub(super) fn is_slow(&self) -> bool {
        u128::from(self.usual.load(Ordering::Relaxed)) > SLOW.as_micros()
    }

    /// Takes in how long a run took.
    pub(super) fn ran_for(&self, time: Duration) {
        let micros = u32::try_from(time.as_micros())
            .unwrap_or(u32::MAX / WEIGHT)
            .min(u32::MAX / WEIGHT);
        let usual = self.usual.load(Ordering::Relaxed);
        // Two threads at once may lose one of the two runs, which the average can bear.
        self.usual
            .store(usual - usual / WEIGHT + micros / WEIGHT, Ordering::Relaxed);
    }

    /// The request object of a message.
    pub(super) fn deserialize<'py>(
        &self,
        message: Bound<'py, PyBytes>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match &self.deserializer {
            Some(deserializer) => deserializer.bind(message.py()).call1((message,)),
            None => Ok(message.into_any()),
        }
    }

    /// The bytes of a response object; `None` where the serializer gave none, which ends the call with INTERNAL.
    pub(super) fn serialize<'py>(
        &self,
        response: Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let serialized = match &self.serializer {
            Some(serializer) => serializer.bind(response.py()).call1((response,))?,
            None => response,
        };
        if serialized.is_none() {
            return Ok(None);
        }
        Ok(Some(serialized.cast_into::<PyBytes>()?))
    }
}
