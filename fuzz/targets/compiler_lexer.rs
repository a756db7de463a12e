//! Any bytes as tokens, of `.proto` files and of the text format.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| russet_compiler::fuzzing::lex(data));
