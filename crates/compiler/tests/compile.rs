//! The compiler as a whole: what compiles, what is refused, and that every limit holds.

use russet_compiler::{
    Compiler, Diagnostic, MAX_ERRORS_PER_FILE, MAX_IMPORT_DEPTH, MAX_MESSAGE_NESTING, SourceTree,
    well_known,
};
use russet_descriptor::proto::{FileDescriptorProto, field_type};

fn tree(files: &[(&str, &str)]) -> SourceTree {
    let mut tree = SourceTree::new();
    for (name, text) in files {
        tree.add_memory_file(*name, *text);
    }
    tree
}

fn messages(tree: &SourceTree, name: &str) -> Vec<String> {
    let mut compiler = Compiler::new(tree);
    compiler.compile(&[name.to_owned()]);
    compiler
        .diagnostics()
        .iter()
        .map(Diagnostic::to_string)
        .collect()
}

fn compiled(text: &str) -> FileDescriptorProto {
    let tree = tree(&[("a.proto", text)]);
    let mut compiler = Compiler::new(&tree);
    compiler.compile(&["a.proto".to_owned()]);
    assert_eq!(compiler.diagnostics(), []);
    compiler.file("a.proto").cloned().expect("it compiled")
}

#[test]
fn every_bundled_file_compiles() {
    let tree = SourceTree::new();
    for (name, _) in well_known::FILES {
        assert_eq!(messages(&tree, name), [""; 0], "{name}");
    }
}

#[test]
fn optional_fields_get_oneofs_of_their_own_after_all_others() {
    let file = compiled(
        "syntax = \"proto3\"; message A { optional int32 a = 1; int32 _a = 2; oneof o { int32 b = 3; } }",
    );
    let message = &file.message_type[0];
    let names: Vec<_> = message
        .oneof_decl
        .iter()
        .map(|oneof| oneof.name.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(names, ["o", "X_a"]);
    assert_eq!(message.field[0].oneof_index, Some(1));
    assert_eq!(message.field[0].proto3_optional, Some(true));
}

#[test]
fn a_map_field_is_a_repeated_entry_message() {
    let file = compiled("syntax = \"proto3\"; message A { map<string, A> some_map = 1; }");
    let message = &file.message_type[0];
    assert_eq!(
        message.field[0].type_name.as_deref(),
        Some(".A.SomeMapEntry")
    );
    let entry = &message.nested_type[0];
    assert_eq!(entry.field[1].type_name.as_deref(), Some(".A"));
    assert_eq!(entry.field[1].type_, Some(field_type::MESSAGE));
    assert_eq!(
        entry.options.as_ref().and_then(|options| options.map_entry),
        Some(true)
    );
}

#[test]
fn an_aggregate_may_hold_comments() {
    let text = "syntax = \"proto3\";
        import \"google/protobuf/descriptor.proto\";
        message O { int32 a = 1; }
        extend google.protobuf.FileOptions { O o = 50000; }
        option (o) = {
          # not the end of the value
          a: 5
        };";
    let file = compiled(text);
    let options = file.options.expect("it has options");
    assert_eq!(options.unknown, [0x82, 0xb5, 0x18, 2, 8, 5]);
}

#[test]
fn a_file_with_many_errors_reports_the_first_of_them() {
    let mut text = "syntax = \"proto3\";\n".to_owned();
    for _ in 0..3 * MAX_ERRORS_PER_FILE {
        text.push_str("message {}\n");
    }
    let found = messages(&tree(&[("a.proto", &text)]), "a.proto");
    assert_eq!(found.len(), MAX_ERRORS_PER_FILE);
    assert!(found[0].starts_with("a.proto:2:9: "));
    assert!(found[MAX_ERRORS_PER_FILE - 1].contains("Too many errors"));
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| {
        let open = "message A { ".repeat(depth);
        format!("syntax = \"proto3\"; {open}{}", "}".repeat(depth))
    };
    let deepest = MAX_MESSAGE_NESTING - 1;
    assert_eq!(
        messages(&tree(&[("a.proto", &nested(deepest))]), "a.proto"),
        [""; 0]
    );
    // As protoc, which says of each open message that it does not end.
    let found = messages(&tree(&[("a.proto", &nested(100_000))]), "a.proto");
    assert_eq!(found.len(), MAX_MESSAGE_NESTING);
    assert!(found[0].contains("maximum recursion limit"), "{found:?}");
    assert!(found[1].contains("Reached end of input"), "{found:?}");
}

#[test]
fn options_nested_too_deep_are_refused() {
    let text = format!(
        "syntax = \"proto3\";
        import \"google/protobuf/descriptor.proto\";
        message O {{ O o = 1; }}
        extend google.protobuf.FileOptions {{ O o = 50000; }}
        option (o) = {{ {} {} }};",
        "o {".repeat(50_000),
        "}".repeat(50_000)
    );
    let found = messages(&tree(&[("a.proto", &text)]), "a.proto");
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("Message is too deep"), "{found:?}");
}

#[test]
fn a_chain_of_imports_is_limited() {
    let mut tree = SourceTree::new();
    let length = MAX_IMPORT_DEPTH + 10;
    for index in 0..length {
        let text = format!(
            "syntax = \"proto3\"; import public \"{}.proto\";",
            index + 1
        );
        tree.add_memory_file(format!("{index}.proto"), text);
    }
    tree.add_memory_file(format!("{length}.proto"), "syntax = \"proto3\";");
    let found = messages(&tree, "0.proto");
    assert!(
        found
            .iter()
            .any(|message| message.contains("Imports are nested deeper than")),
        "{}",
        found.len()
    );
}

#[test]
fn columns_count_bytes_and_tabs() {
    let text = "syntax = \"proto3\";\nmessage A {\n\tB b = 1; /* é */ C c = 2;\n}\n";
    assert_eq!(
        messages(&tree(&[("a.proto", text)]), "a.proto"),
        [
            "a.proto:3:9: \"B\" is not defined.",
            "a.proto:3:27: \"C\" is not defined."
        ]
    );
}
