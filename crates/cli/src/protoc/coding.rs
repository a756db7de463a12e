//! `--encode` and `--decode`: one message from standard input to standard output, text to binary or back.

use std::io::{self, Read, Write};

use russet_compiler::Compiler;
use russet_descriptor::pool::Pool;
use russet_message::text_format::{Dialect, Parser, Printer};
use russet_message::{Encoder, Input, MAX_MESSAGE_SIZE, Message, MessageType, Types};

use super::inputs::os_text;
use crate::{complain, print};

/// How text is read and written between standard input and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Encode,
    Decode,
}

/// Reads a message of the type `name` and writes its other form; returns the exit code.
pub(super) fn run(
    compiler: &Compiler<'_>,
    name: &str,
    direction: Direction,
    deterministic: bool,
) -> Result<i32, String> {
    let pool = pool(compiler)?;
    let ty = pool
        .message(name)
        .map(MessageType::of)
        .ok_or_else(|| format!("Type not defined: {name}"))?;
    let input = read_input()?;
    match direction {
        Direction::Decode => decode(&pool, ty, &input),
        Direction::Encode => encode(&pool, ty, &input, deterministic),
    }
}

/// All compiled files.
pub(super) fn pool(compiler: &Compiler<'_>) -> Result<Pool, String> {
    let pool = Pool::new();
    for file in compiler.files() {
        // Without its source_code_info, field 9.
        pool.add_serialized(&file.encode_without(9))
            .map_err(|error| format!("{}: {error}", file.name.as_deref().unwrap_or_default()))?;
    }
    Ok(pool)
}

pub(super) fn read_input() -> Result<Vec<u8>, String> {
    let mut input = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_MESSAGE_SIZE as u64 + 1)
        .read_to_end(&mut input)
        .map_err(|error| format!("input: {}", os_text(&error)))?;
    if input.len() > MAX_MESSAGE_SIZE {
        return Err(format!(
            "input: longer than {MAX_MESSAGE_SIZE} bytes, the largest message"
        ));
    }
    Ok(input)
}

fn decode(pool: &Pool, ty: &'static MessageType, input: &[u8]) -> Result<i32, String> {
    let input = Input::new(input).with_types(Types { pool: Some(pool) });
    let message = Message::parse(ty, input).map_err(|error| failed(&format!("input: {error}")))?;
    warn_of_missing(&message);
    let printer = Printer {
        as_utf8: false,
        print_unknown_fields: true,
        ..Printer::new(Dialect::Protoc)
    };
    Ok(print(&printer.print(&message)))
}

fn encode(
    pool: &Pool,
    ty: &'static MessageType,
    input: &[u8],
    deterministic: bool,
) -> Result<i32, String> {
    let text = std::str::from_utf8(input).map_err(|error| {
        let good = &input[..error.valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        failed(&format!("input:{line}: Text format must be UTF-8."))
    })?;
    let message = Message::new(ty);
    Parser::new(pool).merge(&message, text).map_err(|error| {
        let (line, column) = error.position().unwrap_or((1, 1));
        failed(&format!("input:{line}:{column}: {}", error.message()))
    })?;
    warn_of_missing(&message);
    let mut encoder = Encoder::new();
    let bytes = encoder
        .encode(&message, deterministic)
        .map_err(|error| format!("output: {error}"))?;
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|_| "output: I/O error.".to_owned())?;
    Ok(0)
}

/// What is wrong, and then protoc's summary.
fn failed(what: &str) -> String {
    format!("{what}\nFailed to parse input.")
}

/// Required fields may be missing; that is said.
fn warn_of_missing(message: &Message) {
    match message.missing_required() {
        Ok(missing) if !missing.is_empty() => complain(&format!(
            "warning:  Input message is missing required fields:  {}\n",
            missing.join(", ")
        )),
        // Nested too deeply to look: writing it fails with that.
        _ => {}
    }
}
