//! What a pool accepts, refuses and answers.

use super::*;
use crate::proto::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, ExtensionRange, FeatureSet,
    FieldDescriptorProto, FieldOptions, FileOptions, MessageOptions, MethodDescriptorProto,
    OneofDescriptorProto, ServiceDescriptorProto, field_type, label,
};

fn field(name: &str, number: i32, type_: i32) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        type_: Some(type_),
        label: Some(label::OPTIONAL),
        ..FieldDescriptorProto::default()
    }
}

fn typed(name: &str, number: i32, type_: i32, type_name: &str) -> FieldDescriptorProto {
    FieldDescriptorProto {
        type_name: Some(type_name.into()),
        ..field(name, number, type_)
    }
}

fn message(name: &str, fields: Vec<FieldDescriptorProto>) -> DescriptorProto {
    DescriptorProto {
        name: Some(name.into()),
        field: fields,
        ..DescriptorProto::default()
    }
}

fn file(name: &str, syntax: &str, messages: Vec<DescriptorProto>) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.into()),
        package: Some("p.q".into()),
        syntax: (syntax != "proto2").then(|| syntax.into()),
        message_type: messages,
        ..FileDescriptorProto::default()
    }
}

#[test]
fn names_resolve_from_the_inside_out() {
    let mut outer = message("Outer", vec![typed("a", 1, field_type::MESSAGE, "Inner")]);
    outer.nested_type.push(message("Inner", vec![]));
    let pool = Pool::new();
    let proto = file(
        "a.proto",
        "proto3",
        vec![
            outer,
            message("Inner", vec![]),
            message("Other", vec![typed("b", 1, field_type::MESSAGE, "Inner")]),
            message(
                "Third",
                vec![typed("c", 1, field_type::MESSAGE, ".p.q.Outer.Inner")],
            ),
        ],
    );
    pool.add_proto(&proto).unwrap();
    let target = |name: &str| {
        pool.message(name).unwrap().fields()[0]
            .message_type()
            .unwrap()
            .full_name()
            .to_owned()
    };
    assert_eq!(target("p.q.Outer"), "p.q.Outer.Inner");
    assert_eq!(target("p.q.Other"), "p.q.Inner");
    assert_eq!(target("p.q.Third"), "p.q.Outer.Inner");
    assert!(matches!(pool.symbol("p"), Some(Symbol::Package(_))));
}

#[test]
fn features_follow_syntax_labels_and_options() {
    let pool = Pool::new();
    let repeated = |name: &str, number, options: Option<bool>| FieldDescriptorProto {
        label: Some(label::REPEATED),
        options: options.map(|packed| {
            Box::new(FieldOptions {
                packed: Some(packed),
                ..FieldOptions::default()
            })
        }),
        ..field(name, number, field_type::INT32)
    };
    for (syntax, packed, presence, utf8) in [
        ("proto2", false, true, false),
        ("proto3", true, false, true),
        ("editions", true, true, true),
    ] {
        let name = format!("{syntax}.proto");
        let mut proto = file(
            &name,
            syntax,
            vec![message(
                "M",
                vec![
                    repeated("plain", 1, None),
                    repeated("yes", 2, Some(true)),
                    repeated("no", 3, Some(false)),
                    field("text", 4, field_type::STRING),
                ],
            )],
        );
        proto.package = Some(syntax.into());
        let m = pool.add_proto(&proto).unwrap().messages()[0];
        let field = |name| m.field_by_name(name).unwrap();
        assert_eq!(field("plain").is_packed(), packed, "{syntax}");
        assert!(
            field("yes").is_packed() && !field("no").is_packed(),
            "{syntax}"
        );
        assert_eq!(field("text").has_presence(), presence, "{syntax}");
        assert_eq!(field("text").validates_utf8(), utf8, "{syntax}");
    }
}

#[test]
fn adding_the_same_file_again_is_fine_and_another_of_its_name_is_not() {
    let pool = Pool::new();
    let proto = file("a.proto", "proto3", vec![message("M", vec![])]);
    let first = pool.add_proto(&proto).unwrap();
    assert_eq!(pool.add_proto(&proto).unwrap(), first);
    let mut other = proto.clone();
    other.message_type[0].name = Some("N".into());
    assert_eq!(
        pool.add_proto(&other),
        Err(PoolError::DuplicateFile {
            file: "a.proto".into()
        })
    );
    let mut same_symbol = proto;
    same_symbol.name = Some("b.proto".into());
    let error = pool.add_proto(&same_symbol).unwrap_err().to_string();
    assert_eq!(
        error,
        "duplicate symbol 'p.q.M': defined in \"a.proto\" and again in \"b.proto\""
    );
}

#[test]
fn broken_descriptors_are_refused_with_the_rule_they_break() {
    let optional_in = |index| FieldDescriptorProto {
        oneof_index: Some(index),
        ..field("f", 1, field_type::INT32)
    };
    let with_oneof = DescriptorProto {
        oneof_decl: vec![OneofDescriptorProto {
            name: Some("o".into()),
            ..OneofDescriptorProto::default()
        }],
        ..message("M", vec![])
    };
    let bad_map = DescriptorProto {
        nested_type: vec![DescriptorProto {
            options: Some(Box::new(MessageOptions {
                map_entry: Some(true),
                ..MessageOptions::default()
            })),
            ..message("MEntry", vec![field("key", 1, field_type::DOUBLE)])
        }],
        ..message(
            "M",
            vec![FieldDescriptorProto {
                label: Some(label::REPEATED),
                ..typed("m", 1, field_type::MESSAGE, ".p.q.M.MEntry")
            }],
        )
    };
    let nested_as_field = DescriptorProto {
        nested_type: vec![message("f", vec![])],
        ..message("M", vec![field("f", 1, field_type::INT32)])
    };
    // Numbered downwards, and one number twice.
    let many_fields = |count| {
        let mut fields: Vec<_> = (1..=count)
            .rev()
            .map(|number| field(&format!("f{number}"), number, field_type::INT32))
            .collect();
        fields.push(field("last", count - 1, field_type::INT32));
        message("M", fields)
    };
    let cases = [
        (
            message("M", vec![field("f", 0, field_type::INT32)]),
            "field number 0",
        ),
        (
            message("M", vec![field("f", 536_870_912, 5)]),
            "field number 536870912",
        ),
        (message("M", vec![field("f", 1, 99)]), "no field type 99"),
        (
            message("M", vec![field("f", 1, 5), field("g", 1, 5)]),
            "already used by \"f\"",
        ),
        (
            message("M", vec![field("f", 1, 5), field("f", 2, 5)]),
            "duplicate symbol 'p.q.M.f'",
        ),
        (nested_as_field, "duplicate symbol 'p.q.M.f'"),
        (many_fields(30), "already used by \"f29\""),
        (message("", vec![]), "is not a name"),
        (message("a.b", vec![]), "is not a name"),
        (message("M", vec![optional_in(3)]), "no oneof of index 3"),
        (with_oneof, "at least one field"),
        (
            message("M", vec![typed("f", 1, field_type::MESSAGE, ".x.Y")]),
            "couldn't resolve name 'x.Y'",
        ),
        (
            message("M", vec![typed("f", 1, field_type::ENUM, ".p.q.M")]),
            "not of the kind",
        ),
        (bad_map, "a map needs an entry"),
        (
            message(
                "M",
                vec![FieldDescriptorProto {
                    default_value: Some("x".into()),
                    ..field("f", 1, field_type::INT32)
                }],
            ),
            "no default for its type",
        ),
    ];
    for (broken, expected) in cases {
        let error = Pool::new()
            .add_proto(&file("a.proto", "proto2", vec![broken]))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error} should say {expected}");
    }
    let mut missing = file("a.proto", "proto3", vec![]);
    missing.dependency.push("z.proto".into());
    let error = Pool::new().add_proto(&missing).unwrap_err().to_string();
    assert!(
        error.contains("Depends on file 'z.proto', but it has not been loaded"),
        "{error}"
    );
}

#[test]
fn delimited_encoding_leaves_maps_alone() {
    let mut m = message(
        "M",
        vec![
            typed("plain", 1, field_type::MESSAGE, ".p.q.M"),
            FieldDescriptorProto {
                label: Some(label::REPEATED),
                ..typed("named", 2, field_type::MESSAGE, ".p.q.M.NamedEntry")
            },
        ],
    );
    m.nested_type.push(DescriptorProto {
        options: Some(Box::new(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        })),
        ..message(
            "NamedEntry",
            vec![
                field("key", 1, field_type::STRING),
                typed("value", 2, field_type::MESSAGE, ".p.q.M"),
            ],
        )
    });
    let mut proto = file("a.proto", "editions", vec![m]);
    proto.edition = Some(crate::proto::edition::EDITION_2023);
    proto.options = Some(Box::new(FileOptions {
        features: Some(FeatureSet {
            message_encoding: Some(crate::proto::message_encoding::DELIMITED),
            ..FeatureSet::default()
        }),
        ..FileOptions::default()
    }));
    let pool = Pool::new();
    let m = pool.add_proto(&proto).unwrap().messages()[0];
    let types = |m: &Message| m.fields().iter().map(Field::field_type).collect::<Vec<_>>();
    assert_eq!(types(m), [FieldType::Group, FieldType::Message]);
    assert_eq!(
        types(m.nested()[0]),
        [FieldType::String, FieldType::Message]
    );
}

#[test]
fn open_enums_start_at_zero() {
    let mut proto = file("a.proto", "proto3", vec![]);
    proto.enum_type.push(EnumDescriptorProto {
        name: Some("E".into()),
        value: vec![EnumValueDescriptorProto {
            name: Some("ONE".into()),
            number: Some(1),
            ..EnumValueDescriptorProto::default()
        }],
        ..EnumDescriptorProto::default()
    });
    assert!(Pool::new().add_proto(&proto).is_err());
    proto.syntax = None;
    let pool = Pool::new();
    let e = pool.add_proto(&proto).unwrap().enums()[0];
    assert!(e.is_closed());
    // Values stand beside their enum.
    assert!(
        matches!(pool.symbol("p.q.ONE"), Some(Symbol::EnumValue(value)) if value.parent() == e)
    );
}

#[test]
fn members_are_found_by_name_and_number_in_small_and_in_large_messages() {
    for count in [2, 40] {
        let mut m = message(
            "M",
            (1..=count)
                .map(|number| field(&format!("f{number}"), number, field_type::INT32))
                .collect(),
        );
        m.field[0].oneof_index = Some(0);
        m.oneof_decl.push(OneofDescriptorProto {
            name: Some("o".into()),
            ..OneofDescriptorProto::default()
        });
        let pool = Pool::new();
        let proto = file("a.proto", "proto3", vec![m]);
        let m = pool.add_proto(&proto).unwrap().messages()[0];
        for number in 1..=count.cast_unsigned() {
            let name = format!("f{number}");
            let by_number = m.field_by_number(number).unwrap();
            assert_eq!(m.field_by_name(&name), Some(by_number));
            assert_eq!(by_number.name(), name);
            assert!(
                matches!(pool.symbol(&format!("p.q.M.{name}")), Some(Symbol::Field(found)) if found == by_number)
            );
        }
        assert_eq!(m.field_by_name("g"), None);
        assert_eq!(m.field_by_number(count.cast_unsigned() + 1), None);
        assert!(
            matches!(pool.symbol("p.q.M.o"), Some(Symbol::Oneof(found)) if found == &m.oneofs()[0])
        );
        assert!(pool.symbol("p.q.M.p").is_none() && pool.symbol("p.q.x.f1").is_none());
        assert_eq!(*m.proto(), proto.message_type[0]);
        assert_eq!(*m.fields()[1].proto(), proto.message_type[0].field[1]);
    }
}

#[test]
fn services_have_methods_of_one_name_each() {
    let method = |name: &str| MethodDescriptorProto {
        name: Some(name.into()),
        input_type: Some(".p.q.M".into()),
        output_type: Some("M".into()),
        ..MethodDescriptorProto::default()
    };
    let mut proto = file("a.proto", "proto3", vec![message("M", vec![])]);
    proto.service.push(ServiceDescriptorProto {
        name: Some("S".into()),
        method: vec![method("a"), method("b")],
        ..ServiceDescriptorProto::default()
    });
    let pool = Pool::new();
    let service = pool.add_proto(&proto).unwrap().services()[0];
    assert!(
        matches!(pool.symbol("p.q.S.b"), Some(Symbol::Method(found)) if found == &service.methods()[1])
    );
    assert_eq!(*service.methods()[1].proto(), proto.service[0].method[1]);
    proto.service[0].method.push(method("a"));
    let error = Pool::new().add_proto(&proto).unwrap_err().to_string();
    assert!(error.contains("duplicate symbol 'p.q.S.a'"), "{error}");
}

#[test]
fn extensions_are_found_by_number_and_may_not_collide() {
    let mut base = message("M", vec![]);
    base.extension_range.push(ExtensionRange {
        start: Some(100),
        end: Some(200),
        ..ExtensionRange::default()
    });
    let extension = |name: &str, number| FieldDescriptorProto {
        extendee: Some(".p.q.M".into()),
        ..field(name, number, field_type::STRING)
    };
    let pool = Pool::new();
    let mut proto = file("a.proto", "proto2", vec![base]);
    proto.extension.push(extension("x", 100));
    let m = pool.add_proto(&proto).unwrap().messages()[0];
    assert_eq!(pool.extension(m, 100).unwrap().full_name(), "p.q.x");
    assert!(pool.extension(m, 101).is_none());
    for (name, number, expected) in [
        ("y", 100, "duplicate extension"),
        ("z", 200, "does not declare 200"),
    ] {
        let mut second = file("b.proto", "proto2", vec![]);
        second.dependency.push("a.proto".into());
        second.extension.push(extension(name, number));
        let error = pool.add_proto(&second).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(pool.extensions_of(m).len(), 1);
}

/// Whatever bytes a pool takes, descriptors find their parts of the file's struct, which is made later of the same bytes.
#[test]
fn a_file_of_any_bytes_is_refused_or_whole() {
    let mut m = message(
        "M",
        vec![
            field("a_b", 1, field_type::INT32),
            typed("e", 2, field_type::ENUM, "E"),
        ],
    );
    m.field[0].oneof_index = Some(0);
    m.oneof_decl.push(OneofDescriptorProto {
        name: Some("o".into()),
        ..OneofDescriptorProto::default()
    });
    m.nested_type.push(message("N", vec![]));
    m.extension_range.push(ExtensionRange {
        start: Some(5),
        end: Some(9),
        ..ExtensionRange::default()
    });
    m.enum_type.push(EnumDescriptorProto {
        name: Some("E".into()),
        value: vec![EnumValueDescriptorProto {
            name: Some("ZERO".into()),
            ..EnumValueDescriptorProto::default()
        }],
        ..EnumDescriptorProto::default()
    });
    let mut proto = file("a.proto", "proto2", vec![m]);
    proto.options = Some(Box::default());
    proto.source_code_info = Some(crate::proto::SourceCodeInfo::default());
    proto.extension.push(FieldDescriptorProto {
        extendee: Some("M".into()),
        ..field("x", 6, field_type::STRING)
    });
    proto.service.push(ServiceDescriptorProto {
        name: Some("S".into()),
        method: vec![MethodDescriptorProto {
            name: Some("m".into()),
            input_type: Some("M".into()),
            output_type: Some("M.N".into()),
            ..MethodDescriptorProto::default()
        }],
        ..ServiceDescriptorProto::default()
    });
    let bytes = proto.encode();
    let (mut taken, mut refused) = (0, 0);
    for at in 0..bytes.len() {
        for flipped in 0..8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << flipped;
            match Pool::new().add_serialized(&bytes) {
                Ok(file) => {
                    taken += 1;
                    check_parts(file);
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        taken > 100 && refused > 100,
        "{taken} taken, {refused} refused"
    );
}

fn check_parts(file: &'static File) {
    fn check_message(message: &'static Message) {
        assert_eq!(
            message.proto().name.as_deref().unwrap_or_default(),
            message.name()
        );
        for field in message.fields() {
            assert_eq!(field.proto().name.as_deref(), Some(field.name()));
            assert!(field.full_name().ends_with(field.name()));
        }
        for oneof in message.oneofs() {
            assert_eq!(oneof.proto().name.as_deref(), Some(oneof.name()));
        }
        for nested in message.nested() {
            check_message(nested);
        }
        for enumeration in message.enums() {
            assert_eq!(
                enumeration.proto().name.as_deref(),
                Some(enumeration.name())
            );
            for value in enumeration.values() {
                assert_eq!(value.proto().name.as_deref(), Some(value.name()));
            }
        }
    }
    for message in file.messages() {
        check_message(message);
    }
    for extension in file.extensions() {
        assert_eq!(extension.proto().name.as_deref(), Some(extension.name()));
    }
    for service in file.services() {
        for method in service.methods() {
            assert_eq!(method.proto().name.as_deref(), Some(method.name()));
        }
    }
}
