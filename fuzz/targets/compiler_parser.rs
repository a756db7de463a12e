//! Any bytes as one `.proto` file, parsed but not linked.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| russet_compiler::fuzzing::parse(data));
