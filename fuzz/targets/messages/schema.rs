//! The schemas of the message tests, compiled once, and what holds of every message.

use std::sync::OnceLock;

use russet_compiler::{Compiler, SourceTree};
use russet_descriptor::pool::Pool;
use russet_message::text_format::{Dialect, Resolution};
use russet_message::{Encoder, Input, Message, MessageType, Types, json, text_format};

const FILES: [(&str, &str); 3] = [
    (
        "messages_all.proto",
        include_str!("../../../tests/protos/messages_all.proto"),
    ),
    (
        "messages_proto2.proto",
        include_str!("../../../tests/protos/messages_proto2.proto"),
    ),
    (
        "messages_editions.proto",
        include_str!("../../../tests/protos/messages_editions.proto"),
    ),
];

/// The pool of the schemas.
pub fn pool() -> &'static Pool {
    static POOL: OnceLock<&'static Pool> = OnceLock::new();
    POOL.get_or_init(|| {
        let mut sources = SourceTree::new();
        for (name, text) in FILES {
            sources.add_memory_file(name, text);
        }
        let roots = FILES.map(|(name, _)| name.to_owned());
        let mut compiler = Compiler::new(&sources);
        compiler.compile(&roots);
        let pool: &'static Pool = Box::leak(Box::new(Pool::new()));
        for name in compiler.transitive(&roots) {
            let file = compiler
                .runtime_file(&name)
                .expect("the schemas compile")
                .into_owned();
            pool.add_proto(&file).expect("the schemas link");
        }
        pool
    })
}

/// A message type, chosen by a byte.
pub fn chosen(byte: u8) -> &'static MessageType {
    static ALL: OnceLock<Vec<&'static MessageType>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let files = FILES.iter().filter_map(|(name, _)| pool().file(name));
        files
            .flat_map(|file| {
                file.messages()
                    .iter()
                    .map(|message| MessageType::of(message))
            })
            .collect()
    });
    all[usize::from(byte) % all.len()]
}

/// Where the parsers find extensions.
pub fn types() -> Types<'static> {
    Types { pool: Some(pool()) }
}

/// A message's bytes, maps in order; none where it is nested too deep.
pub fn encode(message: &Message) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new();
    encoder.encode(message, true).ok().map(<[u8]>::to_vec)
}

/// A message as JSON, if it has one.
pub fn to_json(message: &Message) -> Option<String> {
    let mut sink = json::TextSink::new(None, false);
    json::Printer::new(pool()).print(message, &mut sink).ok()?;
    Some(sink.into_text())
}

/// A message as text format, unknown fields left out; none where it is nested too deep.
pub fn to_text(message: &Message) -> Option<String> {
    let resolution = Resolution {
        types: Some(pool()),
        format: None,
    };
    text_format::Printer::new(Dialect::TextFormat)
        .print_with(message, resolution)
        .ok()
}

/// What holds of a message, however it was made.
pub fn check(message: &Message) {
    let Some(bytes) = encode(message) else { return };
    // What is written can be read, and is written the same again.
    let again = Message::parse(message.ty(), Input::new(&bytes).with_types(types()));
    if let Ok(again) = again {
        assert_eq!(
            encode(&again).as_deref(),
            Some(&*bytes),
            "written differently after a parse"
        );
    }
    let copy = message
        .duplicate()
        .expect("it was not too deep to be written");
    assert_eq!(
        encode(&copy).as_deref(),
        Some(&*bytes),
        "a copy is written differently"
    );
    let _initialized = message.is_initialized();
    let _json = to_json(message);
    let _text = to_text(message);
}
