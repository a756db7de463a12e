"""What the original answers where it is easily got wrong: message sets, names that hide methods, strings that are not UTF-8, pools with a database or defaults of their own, mappings and numbers in JSON."""

from __future__ import annotations

import collections
import copy
import decimal
import importlib
import subprocess
import sys
import types
from typing import Any

import pytest

from .conftest import GOOGLE, RUSSET

BOTH = pytest.mark.parametrize("runtime", [GOOGLE, RUSSET], ids=["google", "russet"])


def module(runtime: Any, name: str) -> Any:
    package = "google" if runtime is GOOGLE else "russet"
    return importlib.import_module(f"{package}.protobuf.{name}")


def classes(runtime: Any, file: Any) -> dict[str, Any]:
    """The classes and extensions of a file's descriptor, by name, in a pool of their own."""
    pool = module(runtime, "descriptor_pool").DescriptorPool()
    found = pool.AddSerializedFile(file.SerializeToString())
    make = module(runtime, "message_factory").GetMessageClass
    made = {name: make(message) for name, message in found.message_types_by_name.items()}
    return {**made, **found.extensions_by_name}


def sets(runtime: Any) -> dict[str, Any]:
    file = module(runtime, "descriptor_pb2").FileDescriptorProto(name="sets.proto", package="sets")
    bag = file.message_type.add(name="Bag")
    bag.options.message_set_wire_format = True
    bag.extension_range.add(start=4, end=2**31 - 1)
    apple = file.message_type.add(name="Apple")
    apple.field.add(name="weight", number=7, label=1, type=5)
    apple.field.add(name="inner", number=8, label=1, type=11, type_name=".sets.Bag")
    for name, number in (("apple", 1000), ("great", 2**31 - 3)):
        file.extension.add(
            name=name, number=number, label=1, type=11, type_name=".sets.Apple", extendee=".sets.Bag"
        )  # fmt: skip
    return classes(runtime, file)


@BOTH
@pytest.mark.parametrize(
    ("wire", "written"),
    [
        ("0b10e8071a0238050c", "0b10e8071a0238050c"),
        ("0b1a02380510e8070c", "0b10e8071a0238050c"),
        ("c23e023805", "0b10e8071a0238050c"),
        ("0b10e90720051a0238050c", "0b10e9071a0238050c"),
        ("0b10e8070c", ""),
        ("0b1a0238050c", ""),
        ("0b10fdffffff071a0238050c", "0b10fdffffff071a0238050c"),
    ],
)
def test_items_of_message_sets(runtime: Any, wire: str, written: str) -> None:
    bag = sets(runtime)["Bag"].FromString(bytes.fromhex(wire))
    assert bag.SerializeToString().hex() == written
    assert bag.ByteSize() == len(written) // 2
    assert copy.deepcopy(bag) == bag


@BOTH
def test_message_sets_in_all_forms(runtime: Any) -> None:
    made = sets(runtime)
    bag = made["Bag"]()
    bag.Extensions[made["great"]].weight = 1
    bag.Extensions[made["apple"]].inner.Extensions[made["great"]].weight = 2
    assert bag.Extensions[made["apple"]].HasField("inner")
    assert made["Bag"].FromString(bag.SerializeToString()) == bag
    text_format = module(runtime, "text_format")
    assert text_format.Parse(str(bag), made["Bag"]()) == bag
    json_format = module(runtime, "json_format")
    assert json_format.Parse(json_format.MessageToJson(bag), made["Bag"]()) == bag
    unknown = made["Bag"].FromString(bytes.fromhex("0b10e9071a0238050c"))
    fields = module(runtime, "unknown_fields").UnknownFieldSet(unknown)
    assert [(field.field_number, field.data) for field in fields] == [(1001, b"\x38\x05")]
    assert text_format.MessageToString(unknown, print_unknown_fields=True) == "1001 {\n  7: 5\n}\n"


@pytest.mark.parametrize("step", ["list", "map"])
@pytest.mark.parametrize("end", ["", "root.Clear()", "root.ClearField(step)"])
def test_a_long_chain_is_let_go(step: str, end: str) -> None:
    program = f"""
from russet.protobuf import struct_pb2
step = "list_value" if {step!r} == "list" else "struct_value"
root = node = struct_pb2.Value()
for _ in range(100_000):
    node = node.list_value.values.add() if step == "list_value" else node.struct_value.fields["a"]
del node
{end}
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@BOTH
def test_names_that_hide_methods(runtime: Any) -> None:
    file = module(runtime, "descriptor_pb2").FileDescriptorProto(name="hide.proto", package="hide")
    sky = file.message_type.add(name="Sky")
    sky.field.add(name="FromString", number=1, label=1, type=5)
    sky.field.add(name="mro", number=2, label=1, type=5)
    kind = sky.enum_type.add(name="ByteSize")
    for number, name in enumerate(("Clear", "MergeFrom", "IsInitialized", "Cloudy")):
        kind.value.add(name=name, number=number)
    sky_class = classes(runtime, file)["Sky"]
    message = sky_class(FromString=5, mro=6)
    assert (message.FromString, message.mro, sky_class.Cloudy) == (5, 6, 3)
    assert sky_class.FromString(b"\x08\x07").FromString == 7
    assert sky_class.mro()[0] is sky_class
    assert message.ByteSize() == 4
    assert message.IsInitialized()
    sky_class.MergeFrom(message, sky_class(FromString=9))
    message.FromString += 1
    assert message.FromString == 10
    message.Clear()
    assert message == sky_class()
    assert (message.__name__, message.__mro__) == ("Sky", sky_class.__mro__)


@BOTH
def test_strings_of_proto2_that_are_not_utf8_are_bytes(runtime: Any) -> None:
    file = module(runtime, "descriptor_pb2").FileDescriptorProto(name="raw.proto", package="raw")
    raw = file.message_type.add(name="Raw")
    raw.field.add(name="one", number=1, label=1, type=9)
    raw.field.add(name="many", number=2, label=3, type=9)
    message = classes(runtime, file)["Raw"].FromString(
        b"\x0a\x02\xff\xfe\x12\x02\xe9a\x12\x02\xc3\xa9"
    )
    assert message.one == b"\xff\xfe"
    assert list(message.many) == [b"\xe9a", "é"]
    assert message.SerializeToString() == b"\x0a\x02\xff\xfe\x12\x02\xe9a\x12\x02\xc3\xa9"


@BOTH
def test_a_pool_is_the_one_it_was(runtime: Any) -> None:
    file = module(runtime, "descriptor_pb2").FileDescriptorProto(name="pool.proto")
    pool = module(runtime, "descriptor_pool").DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    assert pool.FindFileByName("pool.proto").pool is pool


@BOTH
@pytest.mark.parametrize(
    ("low", "high", "presence"), [(998, 1000, 2), (999, 1000, None), (900, 900, None)]
)
def test_feature_defaults_of_a_pool(runtime: Any, low: int, high: int, presence: Any) -> None:
    descriptors = module(runtime, "descriptor_pb2")
    defaults = descriptors.FeatureSetDefaults(minimum_edition=low, maximum_edition=high)
    features = descriptors.FeatureSet(
        field_presence=2, enum_type=2, repeated_field_encoding=2, utf8_validation=3, message_encoding=1, json_format=2
    )  # fmt: skip
    defaults.defaults.add(edition=998).overridable_features.CopyFrom(features)
    pool = module(runtime, "descriptor_pool").DescriptorPool()
    pool.SetFeatureSetDefaults(defaults)
    file = descriptors.FileDescriptorProto(name="defaults.proto")
    file.message_type.add(name="M").field.add(name="x", number=1, label=1, type=5)
    if presence is None:
        with pytest.raises(TypeError):
            pool.AddSerializedFile(file.SerializeToString())
        return
    pool.AddSerializedFile(file.SerializeToString())
    assert not pool.FindMessageTypeByName("M").fields_by_name["x"].has_presence
    with pytest.raises(ValueError, match="changed"):
        pool.SetFeatureSetDefaults(defaults)


@BOTH
@pytest.mark.parametrize(
    "value",
    [
        {"fInt32": decimal.Decimal(5)},
        types.MappingProxyType({"fInt32": 5}),
        collections.UserDict(fInt32=5),
        collections.ChainMap({"f_int32": 5}),
        {"f_int32": 4, "fInt32": 5},
    ],
)
def test_numbers_and_mappings_of_dicts(runtime: Any, value: Any) -> None:
    parse = module(runtime, "json_format").ParseDict
    assert parse(value, runtime.classes.All()) == runtime.classes.All(f_int32=5)


@BOTH
@pytest.mark.parametrize("truth", [None, 0, 1, "yes", []])
def test_options_count_by_their_truth(runtime: Any, truth: Any) -> None:
    message = runtime.classes.All(f_enum=1)
    json_format, text_format = module(runtime, "json_format"), module(runtime, "text_format")
    found = json_format.MessageToDict(message, use_integers_for_enums=truth)
    assert isinstance(found["fEnum"], int) == bool(truth)
    text = text_format.MessageToString(message, as_one_line=truth)
    assert text.endswith("\n") != bool(truth)
