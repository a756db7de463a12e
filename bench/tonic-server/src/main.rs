//! The benchmark's service on tonic, on one thread. Prints `listening on <port>`.

use std::pin::Pin;

use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

mod pb {
    tonic::include_proto!("russet.bench");
}

use pb::echo_server::{Echo, EchoServer};
use pb::{Ping, Pong};

type PongStream = Pin<Box<dyn Stream<Item = Result<Pong, Status>> + Send>>;

struct Service;

#[tonic::async_trait]
impl Echo for Service {
    type ServerStreamStream = PongStream;
    type BidirectionalStream = PongStream;

    async fn unary(&self, request: Request<Ping>) -> Result<Response<Pong>, Status> {
        Ok(Response::new(Pong { text: request.into_inner().text, count: 0 }))
    }

    async fn server_stream(&self, request: Request<Ping>) -> Result<Response<PongStream>, Status> {
        let ping = request.into_inner();
        let pongs = (0..ping.count).map(move |_| Ok(Pong { text: ping.text.clone(), count: 0 }));
        Ok(Response::new(Box::pin(tokio_stream::iter(pongs))))
    }

    async fn client_stream(&self, request: Request<Streaming<Ping>>) -> Result<Response<Pong>, Status> {
        let mut pings = request.into_inner();
        let (mut text, mut count) = (String::new(), 0);
        while let Some(ping) = pings.next().await {
            text = ping?.text;
            count += 1;
        }
        Ok(Response::new(Pong { text, count }))
    }

    async fn bidirectional(&self, request: Request<Streaming<Ping>>) -> Result<Response<PongStream>, Status> {
        let pongs = request.into_inner().map(|ping| ping.map(|ping| Pong { text: ping.text, count: 0 }));
        Ok(Response::new(Box::pin(pongs)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?.port());
    let incoming = TcpListenerStream::new(listener).map(|socket| {
        socket.and_then(|socket| {
            socket.set_nodelay(true)?;
            Ok(socket)
        })
    });
    tonic::transport::Server::builder().add_service(EchoServer::new(Service)).serve_with_incoming(incoming).await?;
    Ok(())
}
