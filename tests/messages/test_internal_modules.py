"""What programs import from below the public API does what the original's does."""

from __future__ import annotations

import importlib
import itertools
from typing import Any

import pytest

from .conftest import GOOGLE, RUSSET, Runtime
from .outcomes import ORACLE_IS_CURRENT

pytestmark = pytest.mark.skipif(not ORACLE_IS_CURRENT, reason="an older original has other modules")


def both(name: str) -> tuple[Any, Any]:
    """A module of the original and of Russet."""
    return (
        importlib.import_module(f"google.protobuf.{name}"),
        importlib.import_module(f"russet.protobuf.{name}"),
    )


def outcome(function: Any, *arguments: Any) -> Any:
    """What a call gives, or which exception with which words."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)


NUMBERS = [0, 1, 127, 128, 300, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1]
SIGNED = [0, 1, -1, 63, -64, 64, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)]


def test_tags_and_zigzag() -> None:
    for theirs, ours in zip(*[
        [outcome(module.PackTag, number, wire) for number in (1, 15, 16, 2**29 - 1) for wire in range(-1, 8)]
        + [module.UnpackTag(tag) for tag in NUMBERS]
        + [module.ZigZagEncode(number) for number in SIGNED]
        + [module.ZigZagDecode(number) for number in NUMBERS]
        + [module.IsTypePackable(kind) for kind in range(1, 19)]
        for module in both("internal.wire_format")
    ]):  # fmt: skip
        assert ours == theirs


# The kind of a field in the names of functions, and values of it.
KINDS: dict[str, list[Any]] = {
    "Int32": SIGNED[:8], "Int64": SIGNED, "UInt32": NUMBERS[:8], "UInt64": NUMBERS, "SInt32": SIGNED[:8], "SInt64": SIGNED,
    "Fixed32": NUMBERS[:8], "Fixed64": NUMBERS, "SFixed32": SIGNED[:8], "SFixed64": SIGNED, "Bool": [True, False], "Enum": SIGNED[:8],
    "Float": [0.0, -1.5, 3e38, float("inf"), float("-inf")], "Double": [0.0, -1.5, 1e300, float("inf"), float("-inf")],
    "String": ["", "a", "é" * 100], "Bytes": [b"", b"a", b"\0" * 200],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [1, 16, 5000])
def test_fields_are_encoded_alike(kind: str, number: int) -> None:
    results = []
    for wire_format, encoder in zip(both("internal.wire_format"), both("internal.encoder")):
        made: list[Any] = []
        size_of = getattr(wire_format, f"{kind}ByteSize")
        # The original takes an enum's number for unsigned there.
        made += [size_of(number, value) for value in KINDS[kind] if kind != "Enum" or value >= 0]
        shapes = [(False, False), (True, False)] + ([(True, True)] if kind not in ("String", "Bytes") else [])  # fmt: skip
        for repeated, packed in shapes:
            for value in [KINDS[kind]] if repeated else KINDS[kind]:
                pieces: list[bytes] = []
                getattr(encoder, f"{kind}Encoder")(number, repeated, packed)(pieces.append, value, False)  # fmt: skip
                size = getattr(encoder, f"{kind}Sizer")(number, repeated, packed)(value)
                assert size == len(b"".join(pieces))
                made += [b"".join(pieces), size]
        results.append(made)
    assert results[0] == results[1]


def test_what_encoders_write_is_what_messages_are() -> None:
    for runtime in (RUSSET,):
        wire_format, encoder = both("internal.wire_format")[1], both("internal.encoder")[1]
        sub = runtime.classes.Sub(x=5, s="deep")
        holder = runtime.classes.All(f_sub=sub, r_sub=[sub, sub], m_int32_sub={3: sub, 1: sub})
        fields = runtime.classes.All.DESCRIPTOR.fields_by_name
        pieces: list[bytes] = []
        encoder.MessageEncoder(fields["f_sub"].number, False, False)(pieces.append, sub, True)
        encoder.MessageEncoder(fields["r_sub"].number, True, False)(pieces.append, [sub, sub], True)
        parts = (encoder.Int32Encoder(1, False, False), encoder.MessageEncoder(2, False, False))
        sizes = (encoder.Int32Sizer(1, False, False), encoder.MessageSizer(2, False, False))
        field = fields["m_int32_sub"]
        encoder.MapEncoder(field, *parts, *sizes)(pieces.append, holder.m_int32_sub, True)
        data = b"".join(pieces)
        assert runtime.classes.All.FromString(data) == holder
        assert len(data) == (
            wire_format.MessageByteSize(fields["f_sub"].number, sub)
            + encoder.MessageSizer(fields["r_sub"].number, True, False)([sub, sub])
            + encoder.MapSizer(field, *sizes)(holder.m_int32_sub)
        )
        group: list[bytes] = []
        encoder.GroupEncoder(9, False, False)(group.append, sub, False)
        assert len(b"".join(group)) == wire_format.GroupByteSize(9, sub)
        item: list[bytes] = []
        encoder.MessageSetItemEncoder(99)(item.append, sub, False)
        size = wire_format.MessageSetItemByteSize(99, sub)
        assert len(b"".join(item)) == size == encoder.MessageSetItemSizer(99)(sub)


def test_varints_are_read_alike() -> None:
    theirs, ours = both("internal.decoder")
    _, encoder = both("internal.encoder")
    for number, position in itertools.product(NUMBERS, (0, 3)):
        data = b"\xff" * position + encoder._VarintBytes(number) + b"x"
        for name in ("_DecodeVarint", "_DecodeSignedVarint", "_DecodeVarint32"):
            if hasattr(theirs, name):
                assert getattr(ours, name)(data, position) == getattr(theirs, name)(data, position)
        assert ours._DecodeVarint(memoryview(data), position) == (number, len(data) - 1)
    for wrong in (b"", b"\x80", b"\xff" * 11):
        assert outcome(ours._DecodeVarint, wrong, 0)[0] == outcome(theirs._DecodeVarint, wrong, 0)[0]  # fmt: skip
    for tag in (b"\x08", b"\xf8\x01", b"\x00"):
        assert outcome(ours.ReadTag, memoryview(tag), 0) == outcome(theirs.ReadTag, memoryview(tag), 0)  # fmt: skip
        assert outcome(ours.DecodeTag, tag) == outcome(theirs.DecodeTag, tag)
    for value in (0, 0.0, -0.0, 1, "", "a", b"", False):
        assert ours.IsDefaultScalarValue(value) == theirs.IsDefaultScalarValue(value)


VALUES = [0, 1, -1, 2**31, 2**32, 2**63, 2**64, True, 1.5, 1e300, float("inf"), "a", "\ud800", b"a", b"\xff", None, [], "é"]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["Bool", "Int32", "Uint32", "Int64", "Uint64", "Unicode", "Double", "Float"],
)
def test_values_are_checked_alike(name: str) -> None:
    theirs, ours = (getattr(m, f"{name}ValueChecker")() for m in both("internal.type_checkers"))
    assert ours.DefaultValue() == theirs.DefaultValue()
    for value in VALUES:
        assert outcome(ours.CheckValue, value) == outcome(theirs.CheckValue, value), value


def test_checkers_of_fields_are_alike() -> None:
    theirs, ours = both("internal.type_checkers")
    for field in RUSSET.classes.All.DESCRIPTOR.fields:
        if field.message_type is not None:
            continue
        other = GOOGLE.classes.All.DESCRIPTOR.fields_by_name[field.name]
        for value in VALUES:
            checks = (ours.GetTypeChecker(field).CheckValue, theirs.GetTypeChecker(other).CheckValue)  # fmt: skip
            assert outcome(checks[0], value) == outcome(checks[1], value), (field.name, value)
    for number in (0.1, 1 / 3, 16777216.0, -2.5, 3e38):
        assert ours.ToShortestFloat(ours.TruncateToFourByteFloat(number)) == theirs.ToShortestFloat(theirs.TruncateToFourByteFloat(number))  # fmt: skip
    assert outcome(ours.TruncateToFourByteFloat, 1e300) == outcome(theirs.TruncateToFourByteFloat, 1e300)  # fmt: skip


TEXTS = [
    "identifier1 : 123\n 'str' \"two\"  # comment\n -1.5f inf true 0x1F 010 <>[a.b/c] 'a\\n' 'open\n \"\\x41\"",
    "", "#only a comment", "a#b\nc", "1e9 .5 +3 'a' 'b' 't'\t 'x", "é $ % 12abc _x-y+z",
]  # fmt: skip
METHODS = [
    "ConsumeIdentifier", "ConsumeIdentifierOrNumber", "ConsumeInteger", "ConsumeFloat", "ConsumeBool", "ConsumeString", "ConsumeByteString", "ConsumeUrlChars",
    "ConsumeComment", "ConsumeCommentOrTrailingComment", "TryConsumeIdentifier", "TryConsumeIdentifierOrNumber", "TryConsumeInteger", "TryConsumeFloat",
    "TryConsumeByteString", "TryConsumeUrlChars", "AtEnd",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("skip_comments", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_tokens_are_alike(text: str, skip_comments: bool, method: str) -> None:
    """At each token: what one method makes of it, then what stands there."""
    results = []
    for module in both("text_format"):
        tokenizer = module.Tokenizer(text.split("\n"), skip_comments)
        made = []
        while not tokenizer.AtEnd():
            before = tokenizer.token
            made.append((before, outcome(getattr(tokenizer, method)), tokenizer.token))
            made.append(str(tokenizer.ParseError("here")) + str(tokenizer.ParseErrorPreviousToken("there")))  # fmt: skip
            if tokenizer.token == before and not tokenizer.TryConsume(before):
                tokenizer.NextToken()
        results.append(made)
    assert results[0] == results[1]


def test_tokens_of_enums_and_single_tokens() -> None:
    results = []
    for runtime, module in zip((GOOGLE, RUSSET), both("text_format")):
        field = runtime.classes.All.DESCRIPTOR.fields_by_name["f_enum"]
        name = field.enum_type.values[1].name
        tokenizer = module.Tokenizer([f"{name} 1 nope :"])
        results.append([
            tokenizer.ConsumeEnum(field), tokenizer.ConsumeEnum(field), outcome(tokenizer.ConsumeEnum, field),
            tokenizer.LookingAt("nope"), tokenizer.TryConsume("x"), outcome(tokenizer.Consume, "x"), tokenizer.Consume("nope"), tokenizer.TryConsume(":"), tokenizer.AtEnd(),
        ])  # fmt: skip
    assert results[0] == results[1]


def test_a_tokenizer_takes_linear_time() -> None:
    _, ours = both("text_format")
    text = "'" + "\\a" * 200_000
    with pytest.raises(ours.ParseError, match="missing ending quote"):
        ours.Tokenizer([text]).ConsumeString()


class Controller:
    """What a generic service tells of a failure."""

    def __init__(self) -> None:
        self.failures: list[str] = []

    def SetFailed(self, reason: str) -> None:
        self.failures.append(reason)


class Channel:
    """Takes the calls of a stub."""

    def CallMethod(self, method: Any, controller: Any, request: Any, response: Any, done: Any) -> Any:  # fmt: skip
        return method.name, response.DESCRIPTOR.full_name, request, done


@pytest.mark.parametrize("runtime", [GOOGLE, RUSSET], ids=["google", "russet"])
def test_generic_services(runtime: Runtime) -> None:
    """`py_generic_services`, as generated code asks for it."""
    root = "google.protobuf" if runtime is GOOGLE else "russet.protobuf"
    builder = importlib.import_module(f"{root}.internal.builder")
    pools = importlib.import_module(f"{root}.descriptor_pool")
    proto = runtime.descriptor_pb2.FileDescriptorProto(name="generic.proto", package="generic")
    proto.message_type.add(name="In")
    proto.message_type.add(name="Out")
    for name in ("First", "Second"):
        service = proto.service.add(name=name)
        service.method.add(name="Do", input_type=".generic.In", output_type=".generic.Out")
    file = pools.DescriptorPool().AddSerializedFile(proto.SerializeToString())
    module: dict[str, Any] = {}
    builder.BuildTopDescriptorsAndMessages(file, "generic_pb2", module)
    builder.BuildServices(file, "generic_pb2", module)
    assert {"First", "First_Stub", "Second", "Second_Stub"} <= set(module)
    descriptor = file.services_by_name["First"]
    assert module["First"].DESCRIPTOR is descriptor
    assert module["First"].GetDescriptor() is descriptor
    assert module["First"].__module__ == "generic_pb2"

    class Mine(module["First"]):  # type: ignore[misc]
        def Do(self, controller: Any, request: Any, done: Any) -> None:
            done(module["Out"]())

    do = descriptor.methods[0]
    answers: list[Any] = []
    Mine().CallMethod(do, Controller(), module["In"](), answers.append)
    controller = Controller()
    module["First"]().CallMethod(do, controller, module["In"](), answers.append)
    assert answers == [module["Out"](), None]
    assert controller.failures == ["Method Do not implemented."]
    assert Mine().GetRequestClass(do) is module["In"]
    assert Mine().GetResponseClass(do) is module["Out"]
    with pytest.raises(RuntimeError, match="wrong service type"):
        module["Second"]().CallMethod(do, controller, module["In"](), answers.append)
    stub = module["First_Stub"](Channel())
    assert stub.Do(None, "request") == ("Do", "generic.Out", "request", None)


def test_descriptors_are_instances_of_one_base() -> None:
    for runtime, module in zip((GOOGLE, RUSSET), both("descriptor")):
        if runtime is RUSSET:
            assert isinstance(runtime.classes.All.DESCRIPTOR, module.DescriptorBase)
            assert isinstance(runtime.classes.All.DESCRIPTOR.file, module.DescriptorBase)
        assert not isinstance(3, module.DescriptorBase)
        kinds = [outcome(module.FieldDescriptor.ProtoTypeToCppProtoType, kind) for kind in range(20)]  # fmt: skip
        assert kinds[1:19] == [5, 6, 2, 4, 1, 4, 3, 7, 9, 10, 10, 9, 3, 8, 1, 2, 1, 2]
        assert kinds[0] == ("TypeTransformationError", "Unknown proto_type: 0")
        assert kinds[19][0] == "TypeTransformationError"


@pytest.mark.parametrize(
    "name",
    ["RepeatedScalarFieldContainer", "RepeatedCompositeFieldContainer", "ScalarMap", "MessageMap"],
)
def test_containers_take_their_contents_types_in_annotations(name: str) -> None:
    theirs, ours = both("internal.containers")
    parameters = (str, int) if name.endswith("Map") else int
    for module in (theirs, ours):
        assert getattr(module, name)[parameters] is not None
