//! Our generators as plugins: a request on standard input, an answer on standard output.

use std::io::{self, Read, Write};

use russet_codegen::Generator;
use russet_codegen::plugin::guest;

use crate::{VERSION, complain, print};

/// The longest request, in bytes: the largest message of Protocol Buffers.
const MAX_REQUEST: u64 = (1 << 31) - 1;

/// Runs the plugin `name`; returns the exit code.
pub(crate) fn main(generator: Generator, name: &str, args: &[String]) -> i32 {
    match args.first().map(String::as_str) {
        None => {}
        Some("--version") => return print(&format!("{name} {VERSION}\n")),
        Some(_) => {
            let flag = name.strip_prefix("protoc-gen-").unwrap_or(name);
            complain(&format!(
                "{name} is a plugin of protoc and takes no arguments: run protoc --{flag}_out=DIR\n"
            ));
            return 2;
        }
    }
    match answer(generator) {
        Ok(()) => 0,
        Err(message) => {
            complain(&format!("{name}: {message}\n"));
            1
        }
    }
}

fn answer(generator: Generator) -> Result<(), String> {
    let mut request = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_REQUEST + 1)
        .read_to_end(&mut request)
        .map_err(|error| format!("cannot read the request: {error}"))?;
    if request.len() as u64 > MAX_REQUEST {
        return Err(format!("the request is longer than {MAX_REQUEST} bytes"));
    }
    let answer = guest::answer(generator, &request)
        .map_err(|error| format!("protoc sent unparseable request to plugin: {error}"))?;
    let mut out = io::stdout().lock();
    out.write_all(&answer)
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot write the answer: {error}"))
}
