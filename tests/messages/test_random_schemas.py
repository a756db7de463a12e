"""Random schemas and random messages of them are the same on Russet and on google.protobuf: fields, bytes, JSON, text, repr, both ways.

`RUSSET_TEST_SCHEMAS` says how many schemas. Descriptors live as long as the process, so a long run is many processes of some thousand schemas each.
"""

from __future__ import annotations

import copy
import os
import random
from typing import Any

import pytest
from google.protobuf import descriptor_pool as google_pools
from google.protobuf import json_format as google_json
from google.protobuf import message_factory as google_factory
from google.protobuf import text_format as google_text
from russet.protobuf import descriptor_pool, json_format, message_factory, text_format
from russet.protobuf.message import DecodeError

from .outcomes import normal
from .schemas import F, Schema, content, scalar

LONG = "RUSSET_TEST_SCHEMAS" in os.environ
SCHEMAS = int(os.environ.get("RUSSET_TEST_SCHEMAS", "120"))
# Messages of a schema.
MESSAGES = 25


def outcome(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """What a call gives, or the name of the exception."""
    try:
        return function(*arguments, **keywords)
    except Exception as error:
        return type(error).__name__


def data_of(message: Any) -> bytes:
    """The bytes of a message, maps in order."""
    return message.SerializePartialToString(deterministic=True)  # type: ignore[no-any-return]


def has_extensions(message: Any) -> bool:
    """Whether extensions are set in it, whose order on the wire is free."""
    for field, value in message.ListFields():
        if field.is_extension:
            return True
        if field.message_type is None:
            continue
        if not field.is_repeated:
            values = [value]
        elif hasattr(value, "values"):
            values = list(value.values()) if field.message_type.fields_by_name["value"].message_type else []  # fmt: skip
        else:
            values = list(value)
        if any(map(has_extensions, values)):
            return True
    return False


def compare(theirs: Any, ours: Any) -> None:
    """Two messages are the same in every form."""
    assert str(ours) == str(theirs)
    assert repr(ours) == repr(theirs)
    assert ours.IsInitialized() == theirs.IsInitialized()
    # The original's FindInitializationErrors crashes on some schemas with required fields in maps.
    assert bool(ours.FindInitializationErrors()) is not theirs.IsInitialized()
    if theirs.IsInitialized():
        assert ours.ByteSize() == theirs.ByteSize()
    if not has_extensions(theirs):
        assert data_of(ours) == data_of(theirs)
        assert normal(ours.ListFields()) == normal(theirs.ListFields())
    for field in theirs.DESCRIPTOR.fields:
        name = field.name
        assert outcome(ours.HasField, name) == outcome(theirs.HasField, name)
        assert field.has_presence == ours.DESCRIPTOR.fields_by_name[name].has_presence
        if field.message_type is None:
            assert normal(getattr(ours, name)) == normal(getattr(theirs, name))
    for oneof in theirs.DESCRIPTOR.oneofs:
        assert ours.WhichOneof(oneof.name) == theirs.WhichOneof(oneof.name)


def compare_forms(rng: random.Random, theirs: Any, ours: Any, pools: tuple[Any, Any]) -> None:
    """JSON and text with random options, and back."""
    options = {name: rng.random() < 0.5 for name in ("always_print_fields_with_no_presence", "preserving_proto_field_name", "use_integers_for_enums")}  # fmt: skip
    their_json = outcome(google_json.MessageToJson, theirs, indent=rng.choice([None, 0, 2]), descriptor_pool=pools[0], **options)  # fmt: skip
    our_dict = outcome(json_format.MessageToDict, ours, descriptor_pool=pools[1], **options)
    assert normal(our_dict) == normal(outcome(google_json.MessageToDict, theirs, descriptor_pool=pools[0], **options))  # fmt: skip
    indent = rng.choice([None, 0, 2])
    sort = rng.random() < 0.5
    one, other = (outcome(json.MessageToJson, m, indent=indent, sort_keys=sort, ensure_ascii=not sort, **options) for json, m in ((google_json, theirs), (json_format, ours)))  # fmt: skip
    if sort or not any_map(theirs):
        assert other == one
    if their_json.startswith("{"):
        back = [outcome(json.Parse, their_json, type(m)(), descriptor_pool=pool) for json, m, pool in zip((google_json, json_format), (theirs, ours), pools)]  # fmt: skip
        assert_same(*back)
    styles = {name: rng.random() < 0.3 for name in ("as_utf8", "as_one_line", "use_short_repeated_primitives", "pointy_brackets", "use_index_order", "use_field_number", "print_unknown_fields", "force_colon")}  # fmt: skip
    printed = [outcome(text.MessageToString, m, **styles) for text, m in ((google_text, theirs), (text_format, ours))]  # fmt: skip
    assert printed[1] == printed[0]
    if not styles["use_field_number"]:
        back = [outcome(text.Parse, printed[0], type(m)(), descriptor_pool=pool) for text, m, pool in zip((google_text, text_format), (theirs, ours), pools)]  # fmt: skip
        assert_same(*back)


def any_map(message: Any) -> bool:
    """Whether a message's type has maps, whose order is free, however deep."""
    seen: set[str] = set()

    def visit(descriptor: Any) -> bool:
        if descriptor.full_name in seen:
            return False
        seen.add(descriptor.full_name)
        return any(
            field.message_type is not None
            and (field.message_type.GetOptions().map_entry or visit(field.message_type))
            for field in descriptor.fields
        )

    return visit(message.DESCRIPTOR)


def assert_same(theirs: Any, ours: Any) -> None:
    """Two outcomes: the same exception, or messages of the same bytes."""
    if isinstance(theirs, str) or isinstance(ours, str):
        assert ours == theirs, (ours, theirs)
    elif has_extensions(theirs):
        assert str(ours) == str(theirs)
    else:
        assert data_of(ours) == data_of(theirs)


def change(rng: random.Random, theirs: Any, ours: Any) -> None:
    """The same random change to both."""
    fields = list(theirs.DESCRIPTOR.fields)
    if not fields:
        return
    field = rng.choice(fields)
    name = field.name
    kind = rng.randrange(5)
    is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
    if kind == 0:
        results = [outcome(m.ClearField, name) for m in (theirs, ours)]
    elif field.is_repeated and not is_map:
        lists = [getattr(m, name) for m in (theirs, ours)]
        state = rng.getstate()
        results = []
        for values in lists:
            rng.setstate(state)
            results.append(outcome(change_list, rng, field, values))
    elif field.message_type is not None and not is_map:
        results = [outcome(getattr(m, name).SetInParent) for m in (theirs, ours)]
    elif not is_map:
        value = scalar(rng, field)
        results = [outcome(setattr, m, name, value) for m in (theirs, ours)]
    else:
        value_field = field.message_type.fields_by_name["value"]
        key = scalar(rng, field.message_type.fields_by_name["key"])
        if value_field.message_type is None:
            value = scalar(rng, value_field)
            results = [outcome(getattr(m, name).__setitem__, key, value) for m in (theirs, ours)]
        else:
            results = [outcome(lambda values: len(data_of(values[key])), getattr(m, name)) for m in (theirs, ours)]  # fmt: skip
    assert normal(results[1]) == normal(results[0])


def change_list(rng: random.Random, field: Any, values: Any) -> Any:
    """A random change of a repeated field."""
    kind = rng.randrange(7)
    at = rng.randrange(-3, 4)
    if kind == 0:
        # Out of range, the original warns and takes something else.
        return values.pop(at) is None if -len(values) <= at < len(values) else None
    if kind == 1:
        del values[at : at + 2]
        return len(values)
    if kind == 2:
        return values.reverse()
    if kind == 3:
        if field.message_type is not None:
            return data_of(values.add())
        return values.insert(at, scalar(rng, field))
    if kind == 4 and field.message_type is None:
        values[at] = scalar(rng, field)
        return None
    if kind == 5 and field.message_type is None and field.type not in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
        return values.sort()
    return values.extend(list(values)[:2])


def check_schema(seed: int) -> None:
    """A schema, its classes on both runtimes, and messages of them."""
    schema = Schema(seed)
    serialized = schema.file.SerializeToString()
    pools = (google_pools.DescriptorPool(), descriptor_pool.DescriptorPool())
    added = [outcome(pool.AddSerializedFile, serialized) for pool in pools]
    assert isinstance(added[1], str) == isinstance(added[0], str), (added, schema.file)
    if isinstance(added[0], str):
        return
    rng = random.Random(seed + 1)
    for _ in range(MESSAGES):
        name = rng.choice(schema.messages)[0][1:]
        classes = (
            google_factory.GetMessageClass(pools[0].FindMessageTypeByName(name)),
            message_factory.GetMessageClass(pools[1].FindMessageTypeByName(name)),
        )
        made = content(rng, classes[0].DESCRIPTOR)
        theirs, ours = classes[0](**copy.deepcopy(made)), classes[1](**copy.deepcopy(made))
        extensions = [x for x in pools[0].FindAllExtensions(classes[0].DESCRIPTOR) if x.message_type is None]  # fmt: skip
        if extensions and rng.random() < 0.5:
            extension = rng.choice(extensions)
            value = scalar(rng, extension)
            for message, pool in ((theirs, pools[0]), (ours, pools[1])):
                handle = pool.FindExtensionByName(extension.full_name)
                if extension.is_repeated:
                    message.Extensions[handle].append(value)
                else:
                    message.Extensions[handle] = value
        compare(theirs, ours)
        compare_forms(rng, theirs, ours, pools)
        for _ in range(rng.randrange(4)):
            change(rng, theirs, ours)
        compare(theirs, ours)
        data = data_of(theirs)
        parsed = [cls.FromString(data) for cls in classes] if theirs.IsInitialized() else []
        if parsed:
            compare(*parsed)
            assert outcome(lambda a, b: a == b, parsed[1], ours) == (parsed[0] == theirs)
            assert data_of(copy.deepcopy(parsed[1])) == data_of(parsed[1])
            assert data_of(classes[0].FromString(data_of(ours))) == data
        # Damaged, it is taken or refused alike.
        damaged = bytearray(data or b"\x08")
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        cut = bytes(damaged[: rng.randrange(1, len(damaged) + 1)])
        broken = [outcome(cls.FromString, cut) for cls in classes]
        if isinstance(broken[1], str) and not isinstance(broken[0], str):
            # In a group of an unknown field, the original overlooks what it refuses everywhere else.
            with pytest.raises(DecodeError, match="field number 0"):
                classes[1].FromString(cut)
        elif isinstance(broken[0], str) or isinstance(broken[1], str):
            assert broken[1] == broken[0]
        else:
            assert str(broken[1]) == str(broken[0])
            # Of an entry of a map that holds unknown fields, the original keeps only those.
            if not schema.file.extension and not any_map(theirs):
                assert data_of(broken[1]) == data_of(broken[0])


# Each run of `make test` has the same schemas, a long run new ones.
FIRST = random.randrange(2**48) if LONG else 0


@pytest.mark.parametrize("part", range(10))
def test_random_schemas(part: int) -> None:
    for seed in range(FIRST + part, FIRST + SCHEMAS, 10):
        try:
            check_schema(seed)
        except BaseException:
            print(f"the seed is {seed}")
            raise


@pytest.mark.parametrize("seed", [21858597, 115129902182318, 153145413330422, 83563970373974])
def test_schemas_that_were_different(seed: int) -> None:
    """Two fields with one JSON name: 21858597 in proto3, 115129902182318 in proto2. A tag of ten bytes: 153145413330422. Field number 0 in an unknown group: 83563970373974."""
    check_schema(seed)


def test_descriptors_of_random_schemas() -> None:
    """The descriptors themselves: what they say, and what `CopyToProto` gives."""
    for seed in range(30):
        schema = Schema(seed)
        pools = (google_pools.DescriptorPool(), descriptor_pool.DescriptorPool())
        if isinstance(outcome(pools[0].Add, schema.file), str):
            continue
        serialized = schema.file.SerializeToString()
        theirs, ours = (pool.AddSerializedFile(serialized) for pool in (google_pools.DescriptorPool(), pools[1]))  # fmt: skip
        protos = [schema.file.__class__(), schema.file.__class__()]
        theirs.CopyToProto(protos[0])
        protos[1].ParseFromString(ours.serialized_pb)
        for proto in protos:
            # It is the default, which may be left out.
            if proto.syntax == "proto2":
                proto.ClearField("syntax")
        assert protos[1] == protos[0]
        for name, message in theirs.message_types_by_name.items():
            other = ours.message_types_by_name[name]
            for field, same in zip(message.fields, other.fields):
                for attribute in ("name", "full_name", "number", "type", "cpp_type", "is_repeated", "is_required", "has_default_value", "default_value", "json_name", "camelcase_name", "index", "has_presence", "is_packed"):  # fmt: skip
                    assert normal(getattr(same, attribute)) == normal(getattr(field, attribute)), (seed, field.full_name, attribute)  # fmt: skip
