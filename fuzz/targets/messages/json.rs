//! Any text as a message in JSON; the first byte chooses its type, and whether unknown fields are left out.
#![no_main]

mod schema;

use russet_message::{Message, json};

fn read(choice: u8, text: &str) -> Option<Message> {
    let message = Message::new(schema::chosen(choice));
    let parser = json::Parser {
        ignore_unknown_fields: choice >= 0x80,
        ..json::Parser::new(schema::pool())
    };
    let document = json::Document::read(text).ok()?;
    parser.merge(&message, &document).ok()?;
    Some(message)
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some(message) = read(choice, text) else {
        return;
    };
    schema::check(&message);
    if let Some(printed) = schema::to_json(&message) {
        let again = read(choice, &printed).expect("what is printed can be read");
        assert_eq!(schema::to_json(&again), Some(printed));
    }
});
