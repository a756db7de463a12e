//! Calls the Greeter from Rust, in all four ways.

use std::time::Duration;

use polyglot::greeter_client::GreeterClient;
use polyglot::{Greeting, Often, Person};
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;
use tonic::{Request, Status, Streaming};

/// For a call.
const TIMEOUT: Duration = Duration::from_secs(10);

fn named(name: &str) -> Request<Person> {
    let mut request = Request::new(Person { name: name.into() });
    request
        .metadata_mut()
        .insert("caller", "rust".parse().expect("it is ASCII"));
    request
}

fn people() -> impl tokio_stream::Stream<Item = Person> {
    tokio_stream::iter(["Ada", "Grace", "Mary"].map(|name| Person { name: name.into() }))
}

fn value<'a>(metadata: &'a MetadataMap, key: &str) -> &'a str {
    metadata
        .get(key)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("nobody")
}

async fn all(mut stream: Streaming<Greeting>) -> Result<String, Status> {
    let mut texts = Vec::new();
    while let Some(greeting) = stream.message().await? {
        texts.push(greeting.text);
    }
    Ok(texts.join(" "))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", polyglot::port()))?;
    let mut stub = GreeterClient::new(endpoint.timeout(TIMEOUT).connect().await?);

    let response = stub.greet(named("Ada")).await?;
    println!("unary: {}", response.get_ref().text);
    println!("metadata: {}", value(response.metadata(), "served-by"));

    let often = Often {
        name: "Ada".into(),
        times: 3,
    };
    println!(
        "server streaming: {}",
        all(stub.greet_often(often).await?.into_inner()).await?
    );

    println!(
        "client streaming: {}",
        stub.greet_all(people()).await?.into_inner().text
    );

    println!(
        "both streaming: {}",
        all(stub.chat(people()).await?.into_inner()).await?
    );

    let Err(error) = stub.greet(named("")).await else {
        return Err("an empty name was greeted".into());
    };
    let refused = value(error.metadata(), "refused");
    println!(
        "error: {}, {}, to {refused}",
        i32::from(error.code()),
        error.message()
    );
    Ok(())
}
