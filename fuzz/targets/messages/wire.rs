//! Any bytes as a message in wire form; the first byte chooses its type.
#![no_main]

mod schema;

use russet_message::{Input, Message};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    let input = Input::new(bytes).with_types(schema::types());
    if let Ok(message) = Message::parse(schema::chosen(choice), input) {
        schema::check(&message);
    }
});
