//! The Greeter in Rust.

use std::pin::Pin;

use polyglot::greeter_server::{Greeter, GreeterServer};
use polyglot::{Greeting, Often, Person};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

type Greetings = Pin<Box<dyn Stream<Item = Result<Greeting, Status>> + Send>>;

struct Service;

fn hello(name: &str) -> Greeting {
    Greeting {
        text: format!("Hello, {name}!"),
    }
}

#[tonic::async_trait]
impl Greeter for Service {
    type GreetOftenStream = Greetings;
    type ChatStream = Greetings;

    async fn greet(&self, request: Request<Person>) -> Result<Response<Greeting>, Status> {
        let caller = request.metadata().get("caller").cloned();
        let caller = caller.ok_or_else(|| Status::invalid_argument("the caller is not named"))?;
        let name = &request.get_ref().name;
        if name.is_empty() {
            let mut refusal = Status::invalid_argument("a name is needed");
            refusal.metadata_mut().insert("refused", caller);
            return Err(refusal);
        }
        let mut response = Response::new(hello(name));
        let served = format!("rust for {}", caller.to_str().unwrap_or_default());
        let served = served
            .parse()
            .map_err(|_| Status::invalid_argument("the caller's name is not ASCII"))?;
        response.metadata_mut().insert("served-by", served);
        Ok(response)
    }

    async fn greet_often(&self, request: Request<Often>) -> Result<Response<Greetings>, Status> {
        let Often { name, times } = request.into_inner();
        let greetings = (1..=times).map(move |number| Ok(hello(&format!("{name}, {number}"))));
        Ok(Response::new(Box::pin(tokio_stream::iter(greetings))))
    }

    async fn greet_all(
        &self,
        request: Request<Streaming<Person>>,
    ) -> Result<Response<Greeting>, Status> {
        let mut people = request.into_inner();
        let mut names = Vec::new();
        while let Some(person) = people.message().await? {
            names.push(person.name);
        }
        Ok(Response::new(hello(&names.join(" and "))))
    }

    async fn chat(
        &self,
        request: Request<Streaming<Person>>,
    ) -> Result<Response<Greetings>, Status> {
        let people = request.into_inner();
        let greetings = people.map(|person| Ok(hello(&person?.name)));
        Ok(Response::new(Box::pin(greetings)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(("127.0.0.1", polyglot::port())).await?;
    println!(
        "Server started, listening on {}",
        listener.local_addr()?.port()
    );
    tonic::transport::Server::builder()
        .add_service(GreeterServer::new(Service))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await?;
    Ok(())
}
