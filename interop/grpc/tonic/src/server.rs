//! The test service.

use std::pin::Pin;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::pb::test_service_server::{TestService, TestServiceServer};
use crate::pb::{
    EchoStatus, Empty, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use crate::{Failure, INITIAL_KEY, flag, payload};

type Responses = Pin<Box<dyn Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send>>;

struct Service;

/// Sends the metadata back that belongs into the headers; tonic's services cannot give a successful call trailers.
fn echo(metadata: &MetadataMap, headers: &mut MetadataMap) {
    if let Some(value) = metadata.get(INITIAL_KEY) {
        headers.insert(INITIAL_KEY, value.clone());
    }
}

fn wanted(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        Some(status) if status.code != 0 => {
            Err(Status::new(Code::from_i32(status.code), status.message))
        }
        _ => Ok(()),
    }
}

fn size(given: i32) -> Result<usize, Status> {
    usize::try_from(given).map_err(|_| Status::invalid_argument("a size is below 0"))
}

/// The responses that a request asks for.
fn responses(
    request: StreamingOutputCallRequest,
) -> impl Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send {
    let end = wanted(request.response_status).err().map(Err);
    tokio_stream::iter(request.response_parameters)
        .then(|parameters| async move {
            tokio::time::sleep(Duration::from_micros(
                parameters.interval_us.max(0).unsigned_abs().into(),
            ))
            .await;
            Ok(StreamingOutputCallResponse {
                payload: payload(size(parameters.size)?),
            })
        })
        .chain(tokio_stream::iter(end))
}

#[tonic::async_trait]
impl TestService for Service {
    type StreamingOutputCallStream = Responses;
    type FullDuplexCallStream = Responses;

    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        wanted(request.response_status)?;
        let server_id = if request.fill_server_id {
            "tonic".into()
        } else {
            String::new()
        };
        let answer = SimpleResponse {
            payload: payload(size(request.response_size)?),
            server_id,
        };
        let mut response = Response::new(answer);
        if !request.response_compressed.is_some_and(|wish| wish.value) {
            response.disable_compression();
        }
        echo(&metadata, response.metadata_mut());
        Ok(response)
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Responses>, Status> {
        let request = request.into_inner();
        let compressed = request
            .response_parameters
            .iter()
            .any(|each| each.compressed.is_some_and(|wish| wish.value));
        let mut response = Response::new(Box::pin(responses(request)) as Responses);
        if !compressed {
            response.disable_compression();
        }
        Ok(response)
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut requests = request.into_inner();
        let mut size = 0;
        while let Some(request) = requests.next().await {
            size += request?.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size =
            i32::try_from(size).map_err(|_| Status::out_of_range("more than 2 GiB"))?;
        Ok(Response::new(StreamingInputCallResponse {
            aggregated_payload_size,
        }))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let (metadata, _, mut requests) = request.into_parts();
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            while let Some(request) = requests.next().await {
                let mut answers = match request {
                    Ok(request) => Box::pin(responses(request)) as Responses,
                    Err(error) => Box::pin(tokio_stream::once(Err(error))),
                };
                while let Some(answer) = answers.next().await {
                    if sender.send(answer).await.is_err() {
                        return;
                    }
                }
            }
        });
        let stream: Responses = Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver));
        let mut response = Response::new(stream);
        response.disable_compression();
        echo(&metadata, response.metadata_mut());
        Ok(response)
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("this method is not implemented"))
    }
}

/// Serves until the standard input ends.
pub async fn serve() -> Result<(), Failure> {
    let mut builder = Server::builder();
    if flag("use_tls") == "true" {
        let identity = Identity::from_pem(
            std::fs::read(flag("tls_cert_file"))?,
            std::fs::read(flag("tls_key_file"))?,
        );
        builder = builder.tls_config(ServerTlsConfig::new().identity(identity))?;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let incoming = TcpListenerStream::new(listener).map(|socket| {
        socket.and_then(|socket| {
            socket.set_nodelay(true)?;
            Ok(socket)
        })
    });
    let service = TestServiceServer::new(Service)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    let ended = async {
        // Whatever it says, its end or an error is what is waited for.
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    };
    builder
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, ended)
        .await?;
    Ok(())
}
