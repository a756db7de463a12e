//! What a finding says beside its line: hints, and notes at other places.

use russet_compiler::{Compiler, Diagnostic, SourceTree};

fn diagnostics(files: &[(&str, &str)]) -> Vec<Diagnostic> {
    let mut tree = SourceTree::new();
    for (name, text) in files {
        tree.add_memory_file(*name, *text);
    }
    let mut compiler = Compiler::new(&tree);
    compiler.compile(&[files[0].0.to_owned()]);
    compiler.diagnostics().to_vec()
}

fn hints(text: &str) -> Vec<Option<String>> {
    let text = format!("syntax = \"proto3\"; package p.q;\n{text}");
    diagnostics(&[("a.proto", &text)])
        .into_iter()
        .map(|diagnostic| diagnostic.hint)
        .collect()
}

#[test]
fn wrong_words_are_told_what_was_meant() {
    for (text, hint) in [
        ("mesage A {}", "did you mean \"message\"?"),
        ("Enum A {}", "did you mean \"enum\"?"),
        ("message A { int a = 1; }", "did you mean \"int32\"?"),
        ("message A { boolean a = 1; }", "did you mean \"bool\"?"),
        (
            "message Person {} message A { Persn a = 1; }",
            "did you mean \"p.q.Person\"?",
        ),
        (
            "message A { int32 a = 1 [depricated = true]; }",
            "did you mean \"deprecated\"?",
        ),
        (
            "option java_packag = \"x\";",
            "did you mean \"java_package\"?",
        ),
        (
            "message A {\n int32 a = 1\n int32 b = 2; }",
            "\";\" is missing at the end of line 3",
        ),
    ] {
        assert_eq!(hints(text), [Some(hint.to_owned())], "{text}");
    }
}

#[test]
fn what_is_like_nothing_gets_no_hint() {
    for text in ["message A { Bogus a = 1; }", "nonsense;", "option zzz = 1;"] {
        assert_eq!(hints(text), [None], "{text}");
    }
}

#[test]
fn a_name_is_looked_for_in_bundled_files_and_in_those_of_the_roots() {
    let elsewhere = (
        "dir/b.proto",
        "syntax = \"proto3\"; package p.r; message Far { enum Inner { Z = 0; } }",
    );
    for (name, hint) in [
        (
            "google.protobuf.Timestamp",
            "\"google.protobuf.Timestamp\" is defined in \"google/protobuf/timestamp.proto\", which is not imported",
        ),
        (
            "Timestamp",
            "did you mean \"google.protobuf.Timestamp\"? it is defined in \"google/protobuf/timestamp.proto\", which is not imported",
        ),
        (
            "r.Far",
            "\"p.r.Far\" is defined in \"dir/b.proto\", which is not imported",
        ),
        (
            "Inner",
            "did you mean \"p.r.Far.Inner\"? it is defined in \"dir/b.proto\", which is not imported",
        ),
    ] {
        let text = format!("syntax = \"proto3\"; package p.q; message A {{ {name} a = 1; }}");
        let found = diagnostics(&[("a.proto", &text), elsewhere]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].hint.as_deref(), Some(hint), "{name}");
    }
}

#[test]
fn an_extension_is_found_by_a_similar_name() {
    let found = diagnostics(&[(
        "a.proto",
        "syntax = \"proto3\"; package p; import \"google/protobuf/descriptor.proto\";
        extend google.protobuf.FileOptions { string some_text = 50000; }
        option (p.some_txt) = \"x\";",
    )]);
    assert_eq!(found.len(), 1);
    let hint = found[0].hint.as_deref();
    assert_eq!(hint, Some("did you mean \"(p.some_text)\"?"));
}

#[test]
fn a_conflict_points_at_the_other_place() {
    // Fields are declared before enums, wherever they stand.
    for (text, line, column, message) in [
        (
            "message A {}\n message A {}",
            1,
            8,
            "the other definition is here",
        ),
        (
            "message A {\n enum E { Z = 0; }\n int32 Z = 1; }",
            3,
            7,
            "the other definition is here",
        ),
        (
            "message A {\n int32 a = 7;\n int32 b = 7; }",
            2,
            11,
            "the other field is here",
        ),
    ] {
        let text = format!("syntax = \"proto3\";\n{text}");
        let found = diagnostics(&[("a.proto", &text)]);
        let note = &found[0].notes[0];
        let position = note.position.expect("it is in the file");
        assert_eq!(
            (position.line, position.column, note.message.as_str()),
            (line, column, message),
            "{text}"
        );
    }
}
