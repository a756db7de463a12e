//! The gRPC interop client and server on tonic: `tonic-peer server` or `tonic-peer client`, with the flags of the standard programs.
//!
//! The server prints its port and ends when its input does. The client takes several cases, separated by commas, and prints a line for each.

mod client;
mod server;

/// What `build.rs` makes of `interop.proto`.
mod pb {
    tonic::include_proto!("grpc.testing");
}

/// The metadata that a server sends back, at the beginning and at the end.
const INITIAL_KEY: &str = "x-grpc-test-echo-initial";
const TRAILING_KEY: &str = "x-grpc-test-echo-trailing-bin";

type Failure = Box<dyn std::error::Error>;

/// The value of `--name=value`; empty where there is none.
fn flag(name: &str) -> String {
    let prefix = format!("--{name}=");
    std::env::args()
        .find_map(|given| Some(given.strip_prefix(&prefix)?.to_owned()))
        .unwrap_or_default()
}

fn payload(size: usize) -> Option<pb::Payload> {
    Some(pb::Payload {
        r#type: 0,
        body: vec![0; size],
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    match std::env::args().nth(1).as_deref() {
        Some("server") => server::serve().await,
        Some("client") => client::call().await,
        _ => Err("the first argument is server or client".into()),
    }
}
