//! What `build.rs` makes of `polyglot.proto`, and the port of the command line.

tonic::include_proto!("polyglot");

/// The port of `--port=`, or the usual one.
pub fn port() -> u16 {
    std::env::args()
        .find_map(|given| given.strip_prefix("--port=")?.parse().ok())
        .unwrap_or(50051)
}
