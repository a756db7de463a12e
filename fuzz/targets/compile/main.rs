//! The whole compiler: several files that import each other, linked, their options interpreted.
//!
//! The first byte chooses what the rest is: the text of files, parted by zero bytes, or choices for [`grammar`], which writes files that are mostly right, so that the later stages are reached.
#![no_main]

mod grammar;

use russet_compiler::{Compiler, SourceTree};
use russet_descriptor::proto::FileDescriptorProto;

const NAMES: [&str; 4] = ["a.proto", "b.proto", "c.proto", "d.proto"];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let texts: Vec<Vec<u8>> = if mode % 2 == 0 {
        rest.splitn(NAMES.len(), |&byte| byte == 0)
            .map(<[u8]>::to_vec)
            .collect()
    } else {
        grammar::files(rest, &NAMES)
    };
    let mut sources = SourceTree::new();
    for (name, text) in NAMES.iter().zip(texts) {
        sources.add_memory_file(*name, text);
    }
    check(&sources);
});

fn check(sources: &SourceTree) {
    let first = [NAMES[0].to_owned()];
    let mut compiler = Compiler::new(sources);
    compiler.compile(&first);
    assert_eq!(compiler.has_errors(), compiler.file(NAMES[0]).is_none());
    for diagnostic in compiler.diagnostics() {
        let _line = diagnostic.to_string();
    }
    if compiler.has_errors() {
        return;
    }
    let names = compiler.transitive(&first);
    let nowhere = SourceTree::new();
    let mut again = Compiler::new(&nowhere);
    for name in &names {
        let file = compiler.file(name).expect("it is listed");
        let read = FileDescriptorProto::decode(&file.encode()).expect("it was just written");
        assert_eq!(read.encode(), file.encode());
        again.add_descriptor(read);
        let _stripped = compiler.runtime_file(name).expect("it is listed");
    }
    // What was compiled once is right as a descriptor too, and stays what it is.
    again.compile(&first);
    assert!(!again.has_errors(), "{:?}", again.diagnostics());
    for name in &names {
        assert_eq!(
            again.file(name).map(FileDescriptorProto::encode),
            compiler.file(name).map(FileDescriptorProto::encode)
        );
    }
}
