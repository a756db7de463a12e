//! Loads a server of `bench.proto` and prints what it did as JSON.
//!
//! One thread, several connections, several calls in flight on each: whenever one ends the next begins (a closed loop). Every answer is checked. What is counted are calls (unary) or messages (streams); a latency is that of a call (unary), of a whole stream (server and client stream) or of a round trip (bidirectional).

mod connection;
mod message;
mod report;
mod workload;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use connection::{Connection, LoadError};
use mio::{Events, Poll, Token};
use report::Report;
use workload::Kind;

/// Loads a server of bench.proto.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// Where the server listens.
    #[arg(long)]
    address: SocketAddr,
    /// What to call.
    #[arg(long, value_enum)]
    workload: Kind,
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Calls at once on each connection.
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// Seconds that count.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Seconds before them that do not.
    #[arg(long, default_value_t = 1.0)]
    warmup: f64,
    /// Bytes of text in each message.
    #[arg(long, default_value_t = 64)]
    payload: usize,
    /// Messages of each server or client stream.
    #[arg(long, default_value_t = 1000)]
    messages: u32,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) => {
            println!("{}", report.to_json());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report, LoadError> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(256);
    let mut report = Report::default();
    let mut connections = Vec::with_capacity(arguments.connections);
    for token in 0..arguments.connections {
        connections.push(Connection::open(arguments, poll.registry(), Token(token))?);
    }
    let begin = Instant::now() + Duration::from_secs_f64(arguments.warmup);
    let end = begin + Duration::from_secs_f64(arguments.seconds);
    loop {
        let now = Instant::now();
        if now >= end {
            report.finish(now.saturating_duration_since(begin));
            return Ok(report);
        }
        if !report.is_counting() && now >= begin {
            report.start_counting();
        }
        poll.poll(&mut events, Some(end.saturating_duration_since(now)))?;
        for event in &events {
            connections[event.token().0].handle(event, &mut report)?;
        }
    }
}
