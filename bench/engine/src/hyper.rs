//! hyper over its own HTTP/2, with gRPC's messages and trailers as bodies.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::Runtime;

use crate::measure::Engine;
use crate::pipe::{in_flight, pipe, runtime};
use crate::{FRAMED, MESSAGES, STREAM_PATH, UNARY_PATH, WINDOW};

/// A message some times over, then trailers where it is an answer.
struct Messages {
    message: Bytes,
    left: usize,
    trailers: bool,
}

impl Body for Messages {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left > 0 {
            self.left -= 1;
            return Poll::Ready(Some(Ok(Frame::data(self.message.clone()))));
        }
        Poll::Ready(std::mem::take(&mut self.trailers).then(|| {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            Ok(Frame::trailers(trailers))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && !self.trailers
    }
}

pub struct Pair {
    runtime: Runtime,
    client: SendRequest<Messages>,
}

impl Pair {
    pub fn new() -> Self {
        let runtime = runtime();
        let client = runtime.block_on(async {
            let (ours, theirs) = pipe();
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .initial_stream_window_size(WINDOW)
                    .initial_connection_window_size(WINDOW)
                    .serve_connection(TokioIo::new(theirs), service_fn(serve)),
            );
            let (client, connection) =
                hyper::client::conn::http2::Builder::new(TokioExecutor::new())
                    .initial_stream_window_size(WINDOW)
                    .initial_connection_window_size(WINDOW)
                    .handshake(TokioIo::new(ours))
                    .await
                    .expect("a handshake in memory");
            tokio::spawn(connection);
            client
        });
        Self { runtime, client }
    }
}

async fn serve(request: Request<Incoming>) -> Result<Response<Messages>, Infallible> {
    let left = if request.uri().path() == STREAM_PATH {
        MESSAGES
    } else {
        1
    };
    let mut body = request.into_body();
    let mut message = Bytes::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.expect("the stream is open").into_data() {
            message = data;
        }
    }
    let body = Messages {
        message,
        left,
        trailers: true,
    };
    Ok(Response::builder()
        .header("content-type", "application/grpc")
        .body(body)
        .expect("valid headers"))
}

async fn call(mut client: SendRequest<Messages>, path: &'static str) -> usize {
    client.ready().await.expect("the connection stands");
    let request = Request::post(format!("http://localhost:50051{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "bench")
        .body(Messages {
            message: Bytes::from_static(FRAMED),
            left: 1,
            trailers: false,
        })
        .expect("valid headers");
    let mut body = client
        .send_request(request)
        .await
        .expect("an answer")
        .into_body();
    let (mut length, mut ended) = (0, false);
    while let Some(frame) = body.frame().await {
        let frame = frame.expect("the stream is open");
        if let Some(data) = frame.data_ref() {
            length += data.len();
        } else if let Some(trailers) = frame.trailers_ref() {
            ended = trailers["grpc-status"] == "0";
        }
    }
    assert!(ended);
    length / FRAMED.len()
}

impl Engine for Pair {
    fn unary_round(&mut self) -> usize {
        let client = self.client.clone();
        in_flight(&self.runtime, move || {
            let client = client.clone();
            async move { assert_eq!(call(client, UNARY_PATH).await, 1) }
        })
    }

    fn stream_round(&mut self) -> usize {
        let came = self
            .runtime
            .block_on(call(self.client.clone(), STREAM_PATH));
        assert_eq!(came, MESSAGES);
        came
    }
}
