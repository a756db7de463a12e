//! Any text as a message in text format; the first byte chooses its type.
#![no_main]

mod schema;

use russet_message::{Message, text_format};

fn read(choice: u8, text: &str) -> Option<Message> {
    let message = Message::new(schema::chosen(choice));
    let parser = text_format::Parser::new(schema::pool());
    parser.merge(&message, text).ok()?;
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
    if let Some(printed) = schema::to_text(&message) {
        let again = read(choice, &printed).expect("what is printed can be read");
        assert_eq!(schema::to_text(&again), Some(printed));
    }
});
