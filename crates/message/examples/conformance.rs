//! The conformance suite's other end in Rust: reads requests from stdin, answers on stdout.
//!
//! Usage: `conformance DESCRIPTOR_SET`. See `interop/conformance`.

use std::error::Error;
use std::io::{Read as _, Write as _};

use russet_descriptor::pool::Pool;
use russet_descriptor::proto::FileDescriptorSet;
use russet_message::text_format::{self, Dialect, Resolution};
use russet_message::{Encoder, FieldInfo, Input, Message, MessageType, Text, Types, json};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("usage: conformance DESCRIPTOR_SET")?;
    let pool: &'static Pool = Box::leak(Box::new(Pool::new()));
    for file in FileDescriptorSet::decode(&std::fs::read(path)?)?.file {
        pool.add_proto(&file)?;
    }
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut length = [0; 4];
    while input.read_exact(&mut length).is_ok() {
        let mut request = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut request)?;
        let response = respond(pool, &request)?;
        output.write_all(&u32::try_from(response.len())?.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
    Ok(())
}

fn type_of(pool: &Pool, name: &str) -> Result<&'static MessageType, String> {
    pool.message(name)
        .map(MessageType::of)
        .ok_or_else(|| format!("{name} is not in the descriptor set"))
}

fn field(ty: &'static MessageType, name: &str) -> &'static FieldInfo {
    ty.descriptor()
        .field_by_name(name)
        .and_then(|field| ty.field_of(field))
        .expect("the suite's messages have their fields")
}

/// The response to a request, both in wire form.
fn respond(pool: &'static Pool, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let request = Message::parse(
        type_of(pool, "conformance.ConformanceRequest")?,
        Input::new(request),
    )?;
    let ty = type_of(pool, "conformance.ConformanceResponse")?;
    let response = Message::new(ty);
    let (result, content) = match answer(pool, &request) {
        Ok(answered) => answered,
        Err(error) => ("runtime_error", error.to_string().into_bytes()),
    };
    response.set_text(field(ty, result), Text::copy_of(&content));
    Ok(Encoder::new().encode(&response, false)?.to_vec())
}

/// The field of the response that is set, and its content.
fn answer(
    pool: &'static Pool,
    request: &Message,
) -> Result<(&'static str, Vec<u8>), Box<dyn Error>> {
    let get = |name| field(request.ty(), name);
    let text = |name| String::from_utf8(request.bytes(get(name)));
    let name = text("message_type")?;
    if name == "conformance.FailureSet" {
        return Ok(("protobuf_payload", Vec::new()));
    }
    let types = Types { pool: Some(pool) };
    let message = Message::new(type_of(pool, &name)?);
    let parsed: Result<(), String> = if request.has(get("protobuf_payload")) {
        let bytes = request.bytes(get("protobuf_payload"));
        let merged = message.merge_wire(Input::new(&bytes).with_types(types));
        merged.map_err(|error| error.to_string())
    } else if request.has(get("json_payload")) {
        let text = text("json_payload")?;
        let parser = json::Parser {
            ignore_unknown_fields: request.scalar::<i32>(get("test_category")) == 3,
            ..json::Parser::new(pool)
        };
        json::Document::read(&text)
            .map_err(|error| error.to_string())
            .and_then(|document| {
                let merged = parser.merge(&message, &document);
                merged.map_err(|error| error.to_string())
            })
    } else if request.has(get("text_payload")) {
        let merged = text_format::Parser::new(pool).merge(&message, &text("text_payload")?);
        merged.map_err(|error| error.to_string())
    } else {
        return Ok(("skipped", b"no payload of a public format".to_vec()));
    };
    if let Err(error) = parsed {
        return Ok(("parse_error", error.into_bytes()));
    }
    if !message.is_initialized()? {
        return Ok(("parse_error", b"required fields are missing".to_vec()));
    }
    Ok(
        match request.scalar::<i32>(get("requested_output_format")) {
            1 => {
                let mut encoder = Encoder::new();
                (
                    "protobuf_payload",
                    encoder.encode(&message, false)?.to_vec(),
                )
            }
            2 => {
                let mut sink = json::TextSink::new(None, false);
                match json::Printer::new(pool).print(&message, &mut sink) {
                    Ok(()) => ("json_payload", sink.into_text().into_bytes()),
                    Err(error) => ("serialize_error", format!("{error:?}").into_bytes()),
                }
            }
            4 => {
                let printer = text_format::Printer {
                    print_unknown_fields: request.scalar(get("print_unknown_fields")),
                    ..text_format::Printer::new(Dialect::TextFormat)
                };
                let resolution = Resolution {
                    types: Some(pool),
                    format: None,
                };
                match printer.print_with(&message, resolution) {
                    Ok(text) => ("text_payload", text.into_bytes()),
                    Err(error) => ("serialize_error", error.to_string().into_bytes()),
                }
            }
            _ => ("skipped", b"the wanted format is not public".to_vec()),
        },
    )
}
