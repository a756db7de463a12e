//! What an engine costs in memory, both sides together, on one thread and one connection: wall time and allocations of a unary call with 100 in flight, and of a message of a stream. Russet beside tonic, hyper and h2, all of which carry the same bytes: a message with one string, already serialized.
//!
//! Arguments pick engines by a part of their name; `--quick` measures for a shorter time.

mod h2;
mod hyper;
mod measure;
mod pipe;
mod russet;
mod tonic;

use measure::{Engine, Figures, measure};

/// Calls in flight at once.
const IN_FLIGHT: usize = 100;
/// Messages of a stream.
const MESSAGES: usize = 1000;
/// A message with one string, `text: "a short text"`, as Protocol Buffers write it.
const MESSAGE: &[u8] = b"\x0a\x0ca short text";
/// The same with gRPC's prefix.
const FRAMED: &[u8] = b"\0\0\0\0\x0e\x0a\x0ca short text";
/// Enough for all that a round has under way, so that no side waits for credit: without it hyper and tonic end streams of small messages, which they take for an attack.
const WINDOW: u32 = 16 << 20;

const UNARY_PATH: &str = "/russet.bench.Echo/Unary";
const STREAM_PATH: &str = "/russet.bench.Echo/ServerStream";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let names: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    type Make = fn() -> Box<dyn Engine>;
    let engines: [(&str, Make); 4] = [
        ("russet", || Box::new(russet::Pair::new())),
        ("h2", || Box::new(h2::Pair::new())),
        ("hyper", || Box::new(hyper::Pair::new())),
        ("tonic", || Box::new(tonic::Pair::new())),
    ];
    println!(
        "{:8} {:>14} {:>14} {:>14} {:>14} {:>16}",
        "", "unary us", "allocations", "bytes", "streamed ns", "allocations"
    );
    let mut ours = None;
    for (name, make) in engines {
        if !names.is_empty() && !names.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let mut engine = make();
        let unary = measure(|| engine.unary_round(), quick);
        let stream = measure(|| engine.stream_round(), quick);
        println!(
            "{name:8} {:14.2} {:14.2} {:14.0} {:14.1} {:16.3}",
            unary.nanoseconds / 1000.0,
            unary.allocations,
            unary.bytes,
            stream.nanoseconds,
            stream.allocations,
        );
        if name == "russet" {
            ours = Some((unary, stream));
        }
    }
    if let Some((unary, stream)) = ours {
        report(&unary, &stream);
    }
}

/// The goals, each with what came out. Only a quiet machine can tell of the times.
fn report(unary: &Figures, stream: &Figures) {
    println!();
    for (goal, limit, found) in [
        (
            "microseconds of a unary call",
            2.5,
            unary.nanoseconds / 1000.0,
        ),
        ("allocations of a unary call", 2.0, unary.allocations),
        (
            "nanoseconds of a streamed message",
            150.0,
            stream.nanoseconds,
        ),
    ] {
        // What grows every now and then, a table of streams say, is not a cost of each call.
        let verdict = if found <= limit * 1.005 {
            "kept"
        } else {
            "missed"
        };
        println!("goal: no more than {limit} {goal}: {found:.2}, {verdict}");
    }
}
