//! tonic's client and server, with a codec that passes bytes on as they are.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use tokio::runtime::Runtime;
use tokio_stream::{Iter, StreamExt};
use tonic::body::Body;
use tonic::client::Grpc as Client;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tower::service_fn;

use crate::measure::Engine;
use crate::pipe::{in_flight, pipe, runtime};
use crate::{MESSAGE, MESSAGES, STREAM_PATH, UNARY_PATH, WINDOW};

#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// What generated code would be.
#[derive(Clone)]
struct Echo;

type Pinned<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = Pinned<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        Box::pin(async { Ok(Response::new(request.into_inner())) })
    }
}

impl ServerStreamingService<Bytes> for Echo {
    type Response = Bytes;
    type ResponseStream = Iter<std::vec::IntoIter<Result<Bytes, Status>>>;
    type Future = Pinned<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        Box::pin(async {
            let answers = vec![Ok(request.into_inner()); MESSAGES];
            Ok(Response::new(tokio_stream::iter(answers)))
        })
    }
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pinned<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(if request.uri().path() == STREAM_PATH {
                Grpc::new(Raw).server_streaming(Echo, request).await
            } else {
                Grpc::new(Raw).unary(Echo, request).await
            })
        })
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "russet.bench.Echo";
}

pub struct Pair {
    runtime: Runtime,
    client: Client<Channel>,
}

impl Pair {
    pub fn new() -> Self {
        let runtime = runtime();
        let channel = runtime.block_on(async {
            let (ours, theirs) = pipe();
            let incoming = tokio_stream::iter([Ok::<_, std::io::Error>(theirs)])
                .chain(tokio_stream::pending());
            tokio::spawn(
                Server::builder()
                    .initial_stream_window_size(WINDOW)
                    .initial_connection_window_size(WINDOW)
                    .add_service(Echo)
                    .serve_with_incoming(incoming),
            );
            let mut ours = Some(TokioIo::new(ours));
            let connect = service_fn(move |_| {
                let ours = ours
                    .take()
                    .ok_or_else(|| std::io::Error::other("the pipe has broken"));
                async move { ours }
            });
            let endpoint = Endpoint::from_static("http://localhost:50051")
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(WINDOW);
            endpoint
                .connect_with_connector(connect)
                .await
                .expect("a connection in memory")
        });
        Self {
            runtime,
            client: Client::new(channel),
        }
    }
}

async fn unary(mut client: Client<Channel>) {
    client.ready().await.expect("the connection stands");
    let request = Request::new(Bytes::from_static(MESSAGE));
    let answer = client
        .unary(request, PathAndQuery::from_static(UNARY_PATH), Raw)
        .await
        .expect("an answer");
    assert_eq!(answer.into_inner(), MESSAGE);
}

async fn stream(mut client: Client<Channel>) -> usize {
    client.ready().await.expect("the connection stands");
    let request = Request::new(Bytes::from_static(MESSAGE));
    let answer = client
        .server_streaming(request, PathAndQuery::from_static(STREAM_PATH), Raw)
        .await;
    let mut messages = answer.expect("an answer").into_inner();
    let mut came = 0;
    while let Some(message) = messages.message().await.expect("the stream ends well") {
        assert_eq!(message, MESSAGE);
        came += 1;
    }
    came
}

impl Engine for Pair {
    fn unary_round(&mut self) -> usize {
        let client = self.client.clone();
        in_flight(&self.runtime, move || unary(client.clone()))
    }

    fn stream_round(&mut self) -> usize {
        let came = self.runtime.block_on(stream(self.client.clone()));
        assert_eq!(came, MESSAGES);
        came
    }
}
