//! Whatever a file holds, compiling it ends, without a panic, in descriptors or in errors.

use proptest::prelude::*;
use russet_compiler::{Compiler, SourceTree};

/// Compiles text; it must have errors or a descriptor, and never both.
fn compile(text: &[u8]) {
    let mut tree = SourceTree::new();
    tree.add_memory_file("a.proto", text);
    let mut compiler = Compiler::new(&tree);
    compiler.compile(&["a.proto".to_owned()]);
    assert_eq!(compiler.has_errors(), compiler.file("a.proto").is_none());
    let _stripped = compiler.runtime_files();
}

const WORDS: &[&str] = &[
    "syntax",
    "=",
    "\"proto3\"",
    "\"proto2\"",
    "edition",
    "\"2023\"",
    "\"2024\"",
    ";",
    ";",
    ";",
    "message",
    "enum",
    "service",
    "rpc",
    "returns",
    "stream",
    "extend",
    "import",
    "public",
    "weak",
    "option",
    "package",
    "oneof",
    "map",
    "<",
    ">",
    "{",
    "}",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "-",
    "A",
    "B",
    "a",
    "b",
    "int32",
    "string",
    "group",
    "optional",
    "repeated",
    "required",
    "reserved",
    "extensions",
    "to",
    "max",
    "default",
    "json_name",
    "packed",
    "deprecated",
    "true",
    "false",
    "1",
    "2",
    "0",
    "100",
    "536870911",
    "99999999999999999999",
    "0x1f",
    "017",
    "1.5",
    "1e400",
    "inf",
    "nan",
    "\"x\"",
    "'\\377'",
    "\"google/protobuf/descriptor.proto\"",
    "google.protobuf.FieldOptions",
    "features",
    "field_presence",
    "IMPLICIT",
    "map_entry",
    "// c\n",
    "/* c */",
    "\n",
    "\n\n",
    "export",
    "local",
    "message_set_wire_format",
    "allow_alias",
    "uninterpreted_option",
];

const VALID: &str = "syntax = \"proto2\"; package p; import \"google/protobuf/descriptor.proto\";
// Comment.
message O { optional int32 a = 1; repeated O r = 2; map<string, O> m = 3; extensions 100 to max; optional group G = 4 { required bytes x = 1 [default = \"\\001\"]; } }
extend google.protobuf.MessageOptions { optional O o = 50000; repeated sint64 i = 50001 [packed = true]; }
extend O { optional O e = 100; }
message A { option (o) = { a: 1 r { a: 2 } r [{ a: 3 }] m { key: \"k\" } [p.e] { a: 4 } G { x: \"y\" } }; option (i) = -5; reserved 5 to 7, 9; reserved \"q\"; oneof c { int32 one = 1; string two = 2; } enum E { Z = 0; Y = -1; } optional E f = 3 [default = Y, deprecated = true]; }
service S { rpc M(A) returns (stream p.O) { option deprecated = true; } }
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        compile(&bytes);
    }

    #[test]
    fn any_words(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..120)) {
        compile(format!("syntax = \"proto3\"; {}", words.join(" ")).as_bytes());
        compile(words.join(" ").as_bytes());
    }

    #[test]
    fn a_valid_file_with_some_bytes_changed(
        changes in proptest::collection::vec((0..VALID.len(), any::<u8>()), 0..6),
        cut in 0..VALID.len(),
    ) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        compile(&bytes);
        compile(&bytes[..cut]);
    }

    #[test]
    fn a_valid_file_with_words_replaced(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), proptest::sample::select(WORDS)), 1..5),
    ) {
        let mut words: Vec<&str> = VALID.split(' ').collect();
        for (index, word) in changes {
            *index.get_mut(&mut words) = word;
        }
        compile(words.join(" ").as_bytes());
    }
}

#[test]
fn the_file_that_the_changes_start_from_is_valid() {
    let mut tree = SourceTree::new();
    tree.add_memory_file("a.proto", VALID);
    let mut compiler = Compiler::new(&tree);
    compiler.compile(&["a.proto".to_owned()]);
    assert_eq!(compiler.diagnostics(), []);
}

/// How many declarations a huge file of the tests has: if a rule compared all with all, compiling it would take minutes.
const HUGE: usize = 15_000;

#[test]
fn huge_files_end() {
    let many = |make: &dyn Fn(usize) -> String| (0..HUGE).map(make).collect::<String>();
    for text in [
        many(&|i| format!("reserved {};", 2 * i + 1)),
        many(&|i| format!("reserved {} to {};", i + 1, i + 100)),
        many(&|i| format!("oneof o{i}q {{ int32 f{i}x = {}; }}", i + 20_000)),
        many(&|i| format!("int32 f{i}x = 1;")),
        many(&|i| format!("Foo{i} f{i}x = {};", i + 20_000)),
        many(&|i| format!("enum E{i} {{ V = 0; }}")),
        format!("enum E {{ Z = 0; {} }}", many(&|i| format!("V{i}Q = 1;"))),
        many(&|_| "option (unknown) = 1;".to_owned()),
    ] {
        compile(format!("syntax = \"proto3\"; message A {{ {text} }}").as_bytes());
    }
}
