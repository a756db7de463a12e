"""The small modules of functions: the same on both runtimes."""

from __future__ import annotations

import datetime
import importlib
import inspect
import io
import warnings
from collections import OrderedDict
from types import ModuleType
from typing import Any

import pytest

from .outcomes import ORACLE_IS_CURRENT

pytestmark = pytest.mark.skipif(not ORACLE_IS_CURRENT, reason="an older original has fewer modules")

MODULES = ["any", "duration", "proto", "proto_builder", "proto_json", "proto_text", "timestamp", "descriptor_database", "json_format", "text_format", "text_encoding"]  # fmt: skip
# What the original has for its own use, or imports.
NOT_OURS = {"io", "json", "math", "re", "warnings", "os", "hashlib", "OrderedDict", "Tokenizer", "methodcaller", "attrgetter", "base64", "encodings", "decoder", "type_checkers"}  # fmt: skip


def both(name: str) -> tuple[ModuleType, ModuleType]:
    """A module of the original and of Russet."""
    return (
        importlib.import_module(f"google.protobuf.{name}"),
        importlib.import_module(f"russet.protobuf.{name}"),
    )


@pytest.mark.parametrize("name", MODULES)
def test_functions_have_the_original_names_and_parameters(name: str) -> None:
    theirs, ours = both(name)
    for attribute, thing in vars(theirs).items():
        if attribute.startswith("_") or attribute in NOT_OURS:
            continue
        if not callable(thing) or getattr(thing, "__module__", "") != theirs.__name__:
            continue
        mine = getattr(ours, attribute)
        if inspect.isfunction(thing):
            expected = [
                (p.name, p.kind, p.default) for p in inspect.signature(thing).parameters.values()
            ]
            got = [(p.name, p.kind, p.default) for p in inspect.signature(mine).parameters.values()]
            assert got == expected, attribute


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("timestamp", "[m.from_json_string('1972-01-01T10:00:20.021-05:00').seconds, m.from_seconds(5).seconds, m.from_milliseconds(-1).nanos, m.from_microseconds(7).nanos, m.from_nanoseconds(9).nanos]"),
        ("timestamp", "[f(m.from_nanoseconds(123456789012)) for f in (m.to_json_string, m.to_microseconds, m.to_milliseconds, m.to_nanoseconds, m.to_seconds, m.to_datetime)]"),
        ("timestamp", "m.to_datetime(m.from_seconds(5), datetime.timezone.utc)"),
        ("duration", "[m.from_json_string('-1.5s').nanos, m.from_seconds(5).seconds, m.from_milliseconds(-1).nanos, m.from_microseconds(7).nanos, m.from_nanoseconds(9).nanos]"),
        ("duration", "[f(m.from_timedelta(datetime.timedelta(1, 2, 3))) for f in (m.to_json_string, m.to_microseconds, m.to_milliseconds, m.to_nanoseconds, m.to_seconds, m.to_timedelta)]"),
        ("any", "(lambda a: (a.type_url, m.type_name(a), m.is_type(a, D.DESCRIPTOR), m.unpack(a, D()), m.unpack_as(a, D).seconds))(m.pack(D(seconds=5), 'x'))"),
        ("any", "m.unpack_as(m.pack(D(seconds=5)), type(m.pack(D())))"),
        ("proto", "m.byte_size(D(seconds=300)), m.serialize(D(seconds=5)), m.parse(D, b'\\x08\\x05').seconds"),
        ("proto", "(lambda d: (m.clear_field(d, 'seconds'), d.seconds, d.nanos, m.clear_message(d), d.nanos))(D(seconds=5, nanos=6))"),
        ("proto", "m.parse_length_prefixed(D, io.BytesIO(b''))"),
        ("proto", "m.parse_length_prefixed(D, io.BytesIO(b'\\x05\\x08'))"),
        ("proto", "m.parse_length_prefixed(D, io.BytesIO(b'\\x80'))"),
        ("proto", "m.parse_length_prefixed(D, io.BytesIO(b'\\xff' * 11))"),
        ("proto_builder", "[(f.name, f.number, f.type) for f in m.MakeSimpleProtoClass({'b': 9, 'a': 3}).DESCRIPTOR.fields]"),
        ("proto_builder", "[(f.name, f.number) for f in m.MakeSimpleProtoClass(OrderedDict([('b', 9), ('a', 3)]), 'x.y.Made').DESCRIPTOR.fields]"),
        ("proto_builder", "m.MakeSimpleProtoClass({'b': 9, 'a': 3}).DESCRIPTOR.full_name"),
    ],
)  # fmt: skip
def test_functions_do_the_same(name: str, code: str) -> None:
    outcomes = []
    for module in both(name):
        package = module.__name__.rpartition(".")[0]
        duration = importlib.import_module(f"{package}.duration_pb2").Duration
        scope = {"m": module, "D": duration, "io": io, "datetime": datetime, "OrderedDict": OrderedDict}  # fmt: skip
        try:
            outcomes.append(repr(eval(code, scope)))
        except Exception as error:
            outcomes.append(type(error).__name__)
    assert outcomes[0] == outcomes[1]


def test_numbers_that_the_language_keeps_are_left_out() -> None:
    from russet.protobuf import proto_builder

    made = proto_builder.MakeSimpleProtoClass({f"f{n:05}": 9 for n in range(19_010)})
    numbers = [field.number for field in made.DESCRIPTOR.fields]
    assert numbers[18_998:19_001] == [18_999, 20_000, 20_001]


def test_messages_follow_each_other_in_a_stream() -> None:
    from russet.protobuf import duration_pb2, proto

    stream = io.BytesIO()
    spans = [duration_pb2.Duration(seconds=n, nanos=n) for n in (0, 1, 300, 10**9)]
    for span in spans:
        proto.serialize_length_prefixed(span, stream)
    stream.seek(0)
    read = []
    while (span := proto.parse_length_prefixed(duration_pb2.Duration, stream)) is not None:
        read.append(span)
    assert read == spans


def database(module: ModuleType) -> Any:
    """A database with one file."""
    package = module.__name__.rpartition(".")[0]
    descriptors = importlib.import_module(f"{package}.descriptor_pb2")
    file = descriptors.FileDescriptorProto(name="d.proto", package="d", syntax="proto2")
    message = file.message_type.add(name="M")
    message.field.add(name="f", number=1, type=5, label=1)
    message.nested_type.add(name="N")
    message.enum_type.add(name="E").value.add(name="V", number=0)
    message.extension_range.add(start=100, end=200)
    file.enum_type.add(name="F").value.add(name="W", number=0)
    file.extension.add(name="x", number=100, type=5, label=1, extendee=".d.M")
    file.service.add(name="S")
    made = module.DescriptorDatabase()
    made.Add(file)
    with warnings.catch_warnings():
        # The same file again is no conflict.
        warnings.simplefilter("error")
        made.Add(file)
    return made


@pytest.mark.parametrize(
    "symbol",
    ["d.M", ".d.M", "d.M.N", "d.M.E", "d.M.f", "d.M.nope", "d.F", "d.W", "d.x", "d.S", "d.nope", "d", "", "d.M.N.a.b"],
)  # fmt: skip
def test_databases_find_symbols_alike(symbol: str) -> None:
    outcomes = []
    for module in both("descriptor_database"):
        try:
            outcomes.append(database(module).FindFileContainingSymbol(symbol).name)
        except KeyError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_a_pool_loads_from_a_database() -> None:
    from russet.protobuf import descriptor_database, descriptor_pb2, descriptor_pool

    files = database(descriptor_database)
    pool = descriptor_pool.DescriptorPool(files)
    assert pool.FindMessageTypeByName("d.M").fields[0].name == "f"
    assert files.FindFileContainingExtension("d.M", 100).name == "d.proto"
    assert files.FindFileContainingExtension("d.M", 101) is None
    assert files.FindAllExtensionNumbers("d.M") == [100]
    assert files.FindFileByName("d.proto").package == "d"
    with pytest.raises(descriptor_database.DescriptorDatabaseConflictingDefinitionError):
        files.Add(descriptor_pb2.FileDescriptorProto(name="d.proto"))
    other = descriptor_pb2.FileDescriptorProto(name="e.proto", package="d")
    other.message_type.add(name="M")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        files.Add(other)
    assert "d.M is already defined in file" in str(caught[0].message)
