//! The `h2` crate, used as its documentation says: a task for each connection and each request.

use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, client, server};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::runtime::Runtime;

use crate::measure::Engine;
use crate::pipe::{in_flight, pipe, runtime};
use crate::{FRAMED, MESSAGES, STREAM_PATH, UNARY_PATH, WINDOW};

pub struct Pair {
    runtime: Runtime,
    client: SendRequest<Bytes>,
}

impl Pair {
    pub fn new() -> Self {
        let runtime = runtime();
        let client = runtime.block_on(async {
            let (ours, theirs) = pipe();
            tokio::spawn(async move {
                let mut builder = server::Builder::new();
                builder
                    .initial_window_size(WINDOW)
                    .initial_connection_window_size(WINDOW);
                let mut connection = builder
                    .handshake::<_, Bytes>(theirs)
                    .await
                    .expect("a handshake in memory");
                while let Some(accepted) = connection.accept().await {
                    let (request, respond) = accepted.expect("the client does nothing wrong");
                    tokio::spawn(serve(request, respond));
                }
            });
            let mut builder = client::Builder::new();
            builder
                .initial_window_size(WINDOW)
                .initial_connection_window_size(WINDOW);
            let (client, connection) = builder
                .handshake(ours)
                .await
                .expect("a handshake in memory");
            tokio::spawn(connection);
            client.ready().await.expect("a handshake in memory")
        });
        Self { runtime, client }
    }
}

async fn serve(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let streams = request.uri().path() == STREAM_PATH;
    let message = take(request.into_body()).await;
    let response = Response::builder()
        .header("content-type", "application/grpc")
        .body(())
        .expect("valid headers");
    let mut stream = respond
        .send_response(response, false)
        .expect("the stream is open");
    for _ in 0..if streams { MESSAGES } else { 1 } {
        stream
            .send_data(message.clone(), false)
            .expect("the stream is open");
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers).expect("the stream is open");
}

/// The only piece of a body that is one message.
async fn take(mut body: RecvStream) -> Bytes {
    let mut message = Bytes::new();
    while let Some(data) = body.data().await {
        let data = data.expect("the stream is open");
        let _ = body.flow_control().release_capacity(data.len());
        message = data;
    }
    message
}

async fn call(client: SendRequest<Bytes>, path: &'static str) -> usize {
    let mut client = client.ready().await.expect("the connection stands");
    let request = Request::post(format!("http://localhost:50051{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "bench")
        .body(())
        .expect("valid headers");
    let (response, mut stream) = client
        .send_request(request, false)
        .expect("the server allows it");
    stream
        .send_data(Bytes::from_static(FRAMED), true)
        .expect("the stream is open");
    let mut body = response.await.expect("an answer").into_body();
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data.expect("the stream is open");
        length += data.len();
        let _ = body.flow_control().release_capacity(data.len());
    }
    let trailers = body.trailers().await.expect("trailers").expect("trailers");
    assert_eq!(trailers["grpc-status"], "0");
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
