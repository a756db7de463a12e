"""Descriptors answer as the original's do: every attribute of every element, pools, conflicts."""

from __future__ import annotations

from typing import Any

import pytest
from russet.protobuf import descriptor, descriptor_pb2, descriptor_pool, message_factory

from .conftest import SERIALIZED
from .outcomes import ORACLE_IS_CURRENT

PLAIN = {
    "FileDescriptor": ["name", "package", "serialized_pb", "has_options"],
    "Descriptor": ["name", "full_name", "has_options", "is_extendable", "extension_ranges"],
    "FieldDescriptor": [
        "name", "full_name", "camelcase_name", "json_name", "index", "number", "type", "cpp_type", "is_required",
        "is_repeated", "has_default_value", "is_extension", "has_presence", "is_packed", "has_options",
    ],
    "OneofDescriptor": ["name", "full_name", "index", "has_options"],
    "EnumDescriptor": ["name", "full_name", "is_closed", "has_options"],
    "EnumValueDescriptor": ["name", "index", "number", "has_options"],
    "ServiceDescriptor": ["name", "full_name", "index", "has_options"],
    "MethodDescriptor": ["name", "full_name", "index", "client_streaming", "server_streaming", "has_options"],
}  # fmt: skip
LINKS = {
    "FileDescriptor": [],
    "Descriptor": ["file", "containing_type"],
    "FieldDescriptor": [
        "file",
        "containing_type",
        "message_type",
        "enum_type",
        "extension_scope",
        "containing_oneof",
    ],
    "OneofDescriptor": ["containing_type"],
    "EnumDescriptor": ["file", "containing_type"],
    "EnumValueDescriptor": ["type"],
    "ServiceDescriptor": ["file"],
    "MethodDescriptor": ["containing_service", "input_type", "output_type"],
}
SEQUENCES = {
    "FileDescriptor": ["dependencies", "public_dependencies"],
    "Descriptor": ["fields", "nested_types", "enum_types", "extensions", "oneofs"],
    "OneofDescriptor": ["fields"],
    "EnumDescriptor": ["values"],
    "ServiceDescriptor": ["methods"],
}
MAPPINGS = {
    "FileDescriptor": ["message_types_by_name", "enum_types_by_name", "extensions_by_name", "services_by_name"],
    "Descriptor": [
        "fields_by_name", "fields_by_number", "fields_by_camelcase_name", "nested_types_by_name", "enum_types_by_name",
        "enum_values_by_name", "extensions_by_name", "oneofs_by_name",
    ],
    "EnumDescriptor": ["values_by_name", "values_by_number"],
    "ServiceDescriptor": ["methods_by_name"],
}  # fmt: skip


def label(element: Any) -> Any:
    """A name that tells an element apart."""
    return None if element is None else getattr(element, "full_name", element.name)


def compare(theirs: Any, ours: Any, seen: set[str]) -> None:
    """Compares two elements and all that is in them."""
    kind = type(ours).__name__
    if f"{kind} {label(theirs)}" in seen:
        return
    seen.add(f"{kind} {label(theirs)}")
    assert type(theirs).__name__ == kind
    for name in PLAIN[kind]:
        assert getattr(ours, name) == getattr(theirs, name), f"{label(theirs)}.{name}"
    if kind == "FieldDescriptor":
        assert (
            ours.default_value == theirs.default_value or ours.default_value != ours.default_value
        )
    for name in LINKS[kind]:
        assert label(getattr(ours, name)) == label(getattr(theirs, name)), f"{label(theirs)}.{name}"
    assert ours.GetOptions().SerializeToString() == theirs.GetOptions().SerializeToString()
    for name in SEQUENCES.get(kind, []):
        pairs = list(zip(getattr(theirs, name), getattr(ours, name)))
        assert len(getattr(ours, name)) == len(getattr(theirs, name)) == len(pairs)
        for their_item, our_item in pairs:
            compare(their_item, our_item, seen)
    for name in MAPPINGS.get(kind, []):
        their_map, our_map = getattr(theirs, name), getattr(ours, name)
        assert set(our_map) == set(their_map), f"{label(theirs)}.{name}"
        for key in their_map:
            compare(their_map[key], our_map[key], seen)


@pytest.mark.parametrize(
    "name", ["messages_all.proto", "messages_proto2.proto", "messages_editions.proto"]
)
def test_every_attribute_is_the_same(both: tuple[Any, Any], name: str) -> None:
    theirs, ours = (runtime.pool.FindFileByName(name) for runtime in both)
    seen: set[str] = set()
    compare(theirs, ours, seen)
    assert len(seen) > 10


def test_descriptors_are_copied_to_protos(both: tuple[Any, Any]) -> None:
    pairs = [
        ("FileDescriptorProto", lambda file: file),
        ("DescriptorProto", lambda file: file.message_types_by_name["All"]),
        ("EnumDescriptorProto", lambda file: file.enum_types_by_name["Color"]),
        ("ServiceDescriptorProto", lambda file: file.services_by_name["Service"]),
        (
            "MethodDescriptorProto",
            lambda file: file.services_by_name["Service"].methods_by_name["Both"],
        ),
    ]
    for proto, pick in pairs:
        copies = []
        for runtime in both:
            copy = getattr(runtime.descriptor_pb2, proto)()
            pick(runtime.pool.FindFileByName("messages_all.proto")).CopyToProto(copy)
            copies.append(copy.SerializeToString())
        assert copies[0] == copies[1]


@pytest.mark.skipif(not ORACLE_IS_CURRENT, reason="an older release crashes on some lookups")
def test_lookups_find_what_the_original_finds(both: tuple[Any, Any]) -> None:
    lookups = {
        "FindFileByName": ["messages_all.proto", "nope.proto"],
        "FindMessageTypeByName": [
            "russet.test.All",
            "russet.test.All.Inner",
            ".russet.test.All",
            "russet.test.Color",
            "nope",
        ],
        "FindEnumTypeByName": ["russet.test.Color", "russet.test.All.Nested", "russet.test.All"],
        "FindFieldByName": ["russet.test.All.f_int32", "russet.test2.x_int32", "nope"],
        "FindExtensionByName": [
            "russet.test2.x_int32",
            "russet.test2.Scope.x_scoped",
            "russet.test.All.f_int32",
        ],
        "FindOneofByName": ["russet.test.All.choice", "russet.test.All.f_int32"],
        "FindServiceByName": ["russet.test.Service", "russet.test.All"],
        "FindMethodByName": ["russet.test.Service.Unary", "russet.test.Service.Nope"],
        "FindFileContainingSymbol": [
            "russet.test.All",
            "russet.test.All.f_int32",
            "russet.test.RED",
            "nope",
        ],
    }
    for method, names in lookups.items():
        for name in names:
            found = []
            for runtime in both:
                try:
                    found.append(label(getattr(runtime.pool, method)(name)))
                except KeyError:
                    found.append("KeyError")
            assert found[0] == found[1], f"{method}({name})"


def test_a_descriptor_is_one_object(russet: Any) -> None:
    message = russet.classes.All.DESCRIPTOR
    assert message is russet.pool.FindMessageTypeByName("russet.test.All")
    assert message.fields_by_name["f_sub"].message_type is russet.classes.Sub.DESCRIPTOR
    assert message.fields[0] is message.fields_by_number[1]
    assert {message: 1}[message] == 1
    assert message.file.pool.FindFileByName("messages_all.proto") is message.file
    assert message.fields == list(message.fields)
    assert message.fields[1:3] == [message.fields[1], message.fields[2]]
    with pytest.raises(TypeError):
        message.fields_by_name["x"] = 1
    assert isinstance(message.fields[0], descriptor.FieldDescriptor)
    assert message.fields[0].type == descriptor.FieldDescriptor.TYPE_DOUBLE


def test_conflicts_name_both_files() -> None:
    pool = descriptor_pool.DescriptorPool()
    first = descriptor_pb2.FileDescriptorProto(
        name="a.proto", package="p", message_type=[{"name": "M"}]
    )
    assert pool.Add(first) is pool.Add(first)
    second = descriptor_pb2.FileDescriptorProto(
        name="b.proto", package="p", message_type=[{"name": "M"}]
    )
    with pytest.raises(TypeError, match=r'duplicate symbol \'p\.M\'.*"a\.proto".*"b\.proto"'):
        pool.Add(second)
    changed = descriptor_pb2.FileDescriptorProto(name="a.proto", package="q")
    with pytest.raises(TypeError, match=r"duplicate file name a\.proto"):
        pool.Add(changed)
    missing = descriptor_pb2.FileDescriptorProto(name="c.proto", dependency=["gone.proto"])
    with pytest.raises(TypeError, match=r"c\.proto.*gone\.proto"):
        pool.Add(missing)
    with pytest.raises(TypeError, match="not a FileDescriptorProto"):
        pool.AddSerializedFile(b"\xff")


def test_a_database_is_asked_for_what_a_pool_lacks() -> None:
    files = {}
    for data in SERIALIZED:
        file = descriptor_pb2.FileDescriptorProto.FromString(data)
        files[file.name] = file
    asked: list[str] = []

    class Database:
        def FindFileByName(self, name: str) -> Any:
            asked.append(name)
            return files[name]

        def FindFileContainingSymbol(self, symbol: str) -> Any:
            asked.append(symbol)
            if symbol == "russet.test.All":
                return files["messages_all.proto"]
            raise KeyError(symbol)

    pool = descriptor_pool.DescriptorPool(Database())
    found = message_factory.GetMessageClass(pool.FindMessageTypeByName("russet.test.All"))
    assert found(f_int32=3).SerializeToString() == b"\x18\x03"
    assert "google/protobuf/timestamp.proto" in asked
    with pytest.raises(KeyError):
        pool.FindMessageTypeByName("no.Such")
    with pytest.raises(TypeError, match="DescriptorDatabase"):
        pool.AddSerializedFile(SERIALIZED[0])


def test_hostile_descriptors_are_refused() -> None:
    for broken in (
        {"message_type": [{"name": "M", "field": [{"name": "f", "number": 0, "type": 5}]}]},
        {
            "message_type": [
                {
                    "name": "M",
                    "field": [{"name": "f", "number": 1, "type": 11, "type_name": ".gone"}],
                }
            ]
        },
        {"message_type": [{"name": "a b"}]},
        {"message_type": [{"name": "M", "oneof_decl": [{"name": "o"}]}]},
        {"enum_type": [{"name": "E"}]},
        {"extension": [{"name": "x", "number": 5, "type": 5, "extendee": ".M"}]},
    ):
        with pytest.raises(
            TypeError, match=r"Couldn't build proto file into descriptor pool: bad\.proto"
        ):
            descriptor_pool.DescriptorPool().Add(
                descriptor_pb2.FileDescriptorProto(name="bad.proto", **broken)
            )


def test_messages_recurse_into_themselves(russet: Any) -> None:
    sub = russet.classes.Sub
    assert sub.DESCRIPTOR.fields_by_name["next"].message_type is sub.DESCRIPTOR
    assert type(sub().next) is sub


def test_mappings_give_lists(both: tuple[Any, Any]) -> None:
    """As the original's: code takes `fields_by_name.values()[0]`."""
    for runtime in both:
        fields = runtime.classes.Sub.DESCRIPTOR.fields_by_name
        assert fields.keys() == ["x", "s", "next", "l", "children"]
        assert fields.keys()[0] == "x"
        assert fields.values()[1].name == "s"
        assert [name for name, _ in fields.items()[:2]] == ["x", "s"]
        assert list(fields) == fields.keys()
        assert fields.get("x") is fields["x"]
        assert (fields.get("y"), fields.get("y", 5)) == (None, 5)
        assert "x" in fields
        assert "y" not in fields
        assert fields == dict(fields) == fields
        assert len(fields) == 5
        with pytest.raises(KeyError):
            fields["y"]
        with pytest.raises(TypeError):
            fields["x"] = 1
