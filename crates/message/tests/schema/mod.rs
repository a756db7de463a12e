//! A schema made by hand: `All` with every scalar type singular and repeated, recursion, a map, a oneof, a group.

use std::sync::OnceLock;

use russet_descriptor::pool::Pool;
use russet_descriptor::proto::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions,
    OneofDescriptorProto, field_type, label,
};
use russet_message::{FieldInfo, MessageType};

fn field(name: &str, number: i32, type_: i32, label: i32) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        type_: Some(type_),
        label: Some(label),
        type_name: match type_ {
            field_type::MESSAGE | field_type::GROUP => Some(".t.All".into()),
            _ => None,
        },
        ..FieldDescriptorProto::default()
    }
}

/// The scalar types: 1 to 18 without group, message and enum.
pub(crate) fn scalar_types() -> impl Iterator<Item = i32> {
    (1..=18).filter(|t| ![field_type::GROUP, field_type::MESSAGE, field_type::ENUM].contains(t))
}

/// The table of `All`. Singular scalars have the number of their type, repeated ones 100 more.
pub(crate) fn all() -> &'static MessageType {
    static ALL: OnceLock<&'static MessageType> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut fields: Vec<_> = scalar_types()
            .flat_map(|t| {
                [
                    field(&format!("f{t}"), t, t, label::OPTIONAL),
                    field(&format!("r{t}"), 100 + t, t, label::REPEATED),
                ]
            })
            .collect();
        fields.push(field("sub", 30, field_type::MESSAGE, label::OPTIONAL));
        fields.push(field("subs", 31, field_type::MESSAGE, label::REPEATED));
        fields.push(field("group", 32, field_type::GROUP, label::OPTIONAL));
        fields.push(FieldDescriptorProto {
            type_name: Some(".t.All.MapEntry".into()),
            ..field("map", 33, field_type::MESSAGE, label::REPEATED)
        });
        for (name, number, type_) in [
            ("number", 40, field_type::INT32),
            ("text", 41, field_type::STRING),
            ("message", 42, field_type::MESSAGE),
        ] {
            fields.push(FieldDescriptorProto {
                oneof_index: Some(0),
                ..field(name, number, type_, label::OPTIONAL)
            });
        }
        let entry = DescriptorProto {
            name: Some("MapEntry".into()),
            field: vec![
                field("key", 1, field_type::STRING, label::OPTIONAL),
                field("value", 2, field_type::MESSAGE, label::OPTIONAL),
            ],
            options: Some(Box::new(MessageOptions {
                map_entry: Some(true),
                ..MessageOptions::default()
            })),
            ..DescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("t.proto".into()),
            package: Some("t".into()),
            syntax: Some("proto3".into()),
            message_type: vec![DescriptorProto {
                name: Some("All".into()),
                field: fields,
                nested_type: vec![entry],
                oneof_decl: vec![OneofDescriptorProto {
                    name: Some("choice".into()),
                    ..OneofDescriptorProto::default()
                }],
                ..DescriptorProto::default()
            }],
            ..FileDescriptorProto::default()
        };
        let file = Pool::new().add_proto(&file).expect("the schema is right");
        MessageType::of(file.messages()[0])
    })
}

/// A field of `All` by its name.
pub(crate) fn named(name: &str) -> &'static FieldInfo {
    let ty = all();
    let descriptor = ty.descriptor().field_by_name(name).expect("a field of All");
    ty.field_of(descriptor).expect("a field of All")
}
