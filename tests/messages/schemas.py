"""Random schemas and random messages of them, from a `random.Random`: the same seed gives the same."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

from google.protobuf import descriptor_pb2 as d

F = d.FieldDescriptorProto
SCALARS = [kind for kind in range(1, 19) if kind not in (F.TYPE_GROUP, F.TYPE_MESSAGE)]
KEYS = [kind for kind in SCALARS if kind not in (F.TYPE_DOUBLE, F.TYPE_FLOAT, F.TYPE_BYTES, F.TYPE_ENUM)]  # fmt: skip
NOT_PACKED = (F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE, F.TYPE_GROUP)
WORDS = ["a", "field", "class", "from", "camelCase", "snake_case", "Upper", "x1", "a_1", "with__two", "_lead", "trail_", "DESCRIPTOR", "nan", "type"]  # fmt: skip
TEXTS = [
    "",
    "a",
    "é",
    "\0",
    "\n\t\"'\\",
    "😀",
    "x" * 40,
    "null",
    "\x7f\x80",
    "\u2028</script>",
    "\U0001d4b3" * 20,
    "0",
    "0x1",
]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 1e300, -1e-300, 5e-324, 1e16, 1e15, 123456789.0, 3.4e38, 1e-45, math.inf, -math.inf, math.nan]  # fmt: skip


def integer(rng: random.Random, bits: int, signed: bool) -> int:
    """An integer, often at an edge."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice([low, high, 0, 1, min(high, 127), min(high, 128), low + 1])
    if kind == 1:
        return rng.randint(low, high)
    value = rng.getrandbits(rng.randrange(1, bits))
    return -value if signed and kind == 2 else value


INTEGERS = {
    F.TYPE_INT32: (32, True), F.TYPE_SINT32: (32, True), F.TYPE_SFIXED32: (32, True),
    F.TYPE_INT64: (64, True), F.TYPE_SINT64: (64, True), F.TYPE_SFIXED64: (64, True),
    F.TYPE_UINT32: (32, False), F.TYPE_FIXED32: (32, False), F.TYPE_UINT64: (64, False), F.TYPE_FIXED64: (64, False),
}  # fmt: skip


def text(rng: random.Random) -> str:
    """A text."""
    if rng.random() < 0.6:
        return rng.choice(TEXTS)
    return "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)])) for _ in range(rng.randrange(20)))  # fmt: skip


class Schema:
    """A file: its descriptor and the names of what is in it."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.file = d.FileDescriptorProto(name=f"random_{seed}.proto", package=f"r{seed}")
        self.kind = rng.choice(["proto2", "proto3", "editions"])
        self.file.syntax = self.kind
        if self.kind == "editions":
            self.file.edition = rng.choice([d.EDITION_2023, d.EDITION_2024])
            self.features(self.file.options.features)
        self.counter = 0
        self.enums: list[tuple[str, bool]] = []
        self.messages: list[tuple[str, d.DescriptorProto]] = []
        package = f".{self.file.package}"
        for _ in range(rng.randrange(1, 3)):
            self.enum(self.file.enum_type.add(), package)
        for _ in range(rng.randrange(1, 4)):
            self.message(self.file.message_type.add(), package, 0)
        for name, message in list(self.messages):
            self.fields(name, message)
        if self.kind != "proto3":
            self.extensions()

    def features(self, features: Any) -> None:
        """Some features of an edition; enums stay open where messages must be able to hold them."""
        rng = self.rng
        if rng.random() < 0.4:
            features.field_presence = rng.choice([1, 2])
        if rng.random() < 0.4:
            features.repeated_field_encoding = rng.choice([1, 2])
        if rng.random() < 0.4:
            features.message_encoding = rng.choice([1, 2])

    def name(self, words: list[str] = WORDS) -> str:
        """A name that nothing else in the file has."""
        self.counter += 1
        return f"{self.rng.choice(words)}_{self.counter}"

    def enum(self, enum: d.EnumDescriptorProto, scope: str) -> None:
        """An enum; in proto2 it is closed."""
        enum.name = self.name(["E", "Color"])
        numbers = [0, *self.rng.sample(range(-5, 2000), self.rng.randrange(0, 5))]
        closed = self.kind == "proto2"
        if closed and self.rng.random() < 0.5:
            self.rng.shuffle(numbers)
        seen: set[int] = set()
        for number in numbers:
            if number not in seen:
                enum.value.add(name=self.name(["VALUE", "value"]), number=number)
            seen.add(number)
        if self.rng.random() < 0.2:
            enum.options.allow_alias = True
            enum.value.add(name=self.name(["ALIAS"]), number=enum.value[0].number)
        self.enums.append((f"{scope}.{enum.name}", closed))

    def message(self, message: d.DescriptorProto, scope: str, depth: int) -> None:
        """A message without its fields yet, and what is nested in it."""
        message.name = self.name(["M", "Message"])
        full = f"{scope}.{message.name}"
        self.messages.append((full, message))
        if self.rng.random() < 0.3:
            self.enum(message.enum_type.add(), full)
        if depth < 2 and self.rng.random() < 0.4:
            self.message(message.nested_type.add(), full, depth + 1)

    def fields(self, scope: str, message: d.DescriptorProto) -> None:
        """The fields of a message."""
        rng = self.rng
        count = rng.choice([0, 1, 2, 5, 10, 20])
        numbers = rng.sample([*range(1, 60), 100, 1000, 2047, 2048, 18999, 20000, 2**29 - 1], count)
        if rng.random() < 0.5:
            numbers.sort()
        oneof = False
        for number in numbers:
            field = message.field.add(name=self.name(), number=number, label=F.LABEL_OPTIONAL)
            self.type_of(field)
            roll = rng.random()
            if roll < 0.3:
                field.label = F.LABEL_REPEATED
                if field.type not in NOT_PACKED and rng.random() < 0.4:
                    if self.kind == "editions":
                        field.options.features.repeated_field_encoding = rng.choice([1, 2])
                    else:
                        field.options.packed = rng.random() < 0.5
            elif roll < 0.4:
                self.map_of(scope, message, field)
            elif roll < 0.55:
                if not oneof or rng.random() < 0.3:
                    message.oneof_decl.add(name=self.name(["choice", "which"]))
                    oneof = True
                field.oneof_index = len(message.oneof_decl) - 1
            elif self.kind == "proto2" and roll < 0.6:
                field.label = F.LABEL_REQUIRED
            elif roll < 0.7 and self.kind == "proto2":
                self.default(field)
            if self.kind == "proto2" and field.type == F.TYPE_MESSAGE and field.label != F.LABEL_REPEATED and rng.random() < 0.2:  # fmt: skip
                self.group(scope, message, field)
            if rng.random() < 0.1:
                field.json_name = f"json{field.number}"
        if self.kind == "proto3":
            self.optional(message)

    def type_of(self, field: d.FieldDescriptorProto) -> None:
        """The type of a field."""
        rng = self.rng
        if rng.random() < 0.25:
            field.type = F.TYPE_MESSAGE
            field.type_name = rng.choice(self.messages)[0]
            return
        field.type = rng.choice(SCALARS)  # type: ignore[assignment]
        if field.type == F.TYPE_ENUM:
            field.type_name = rng.choice(self.enums)[0]

    def map_of(self, scope: str, message: d.DescriptorProto, field: d.FieldDescriptorProto) -> None:
        """Makes a field a map of its type."""
        camel = "".join(part[:1].upper() + part[1:] for part in field.name.split("_"))
        entry = message.nested_type.add(name=f"{camel}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=1, type=self.rng.choice(KEYS))  # type: ignore[arg-type]
        value = entry.field.add(name="value", number=2, label=1, type=field.type)
        if field.type_name:
            value.type_name = field.type_name
        if value.type == F.TYPE_ENUM:
            # The first value of a map's enum must be 0.
            zero = [name for name, closed in self.enums if not closed]
            if zero:
                value.type_name = zero[0]
            else:
                value.type = F.TYPE_INT32
                value.ClearField("type_name")
        field.label = F.LABEL_REPEATED
        field.type = F.TYPE_MESSAGE
        field.type_name = f"{scope}.{entry.name}"

    def group(self, scope: str, message: d.DescriptorProto, field: d.FieldDescriptorProto) -> None:
        """Makes a message field a group with a type of its own."""
        nested = message.nested_type.add(name=self.name(["Group"]))
        nested.field.add(name="inner", number=1, label=1, type=F.TYPE_INT32)
        field.type = F.TYPE_GROUP
        field.type_name = f"{scope}.{nested.name}"
        field.name = nested.name.lower()

    def default(self, field: d.FieldDescriptorProto) -> None:
        """A default other than zero."""
        rng = self.rng
        if field.type in INTEGERS:
            field.default_value = str(integer(rng, *INTEGERS[field.type]))
        elif field.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
            field.default_value = rng.choice(["1.5", "inf", "-inf", "nan", "1e+10", "0.25"])
        elif field.type == F.TYPE_BOOL:
            field.default_value = rng.choice(["true", "false"])
        elif field.type == F.TYPE_STRING:
            field.default_value = text(rng)
        elif field.type == F.TYPE_BYTES:
            field.default_value = rng.choice(["", "abc", "\\000\\377", "a\\nb"])

    def optional(self, message: d.DescriptorProto) -> None:
        """Gives some fields of proto3 presence; their oneofs come after all others."""
        for field in message.field:
            if field.label == F.LABEL_OPTIONAL and not field.HasField("oneof_index") and self.rng.random() < 0.3:  # fmt: skip
                field.proto3_optional = True
                field.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field.name}")

    def extensions(self) -> None:
        """Extensions of a message, declared in the file."""
        if self.rng.random() < 0.5:
            return
        full, message = self.rng.choice(self.messages)
        message.extension_range.add(start=70, end=90)
        for number in range(70, 70 + self.rng.randrange(1, 4)):
            field = self.file.extension.add(name=self.name(["ext"]), number=number, extendee=full)
            field.label = self.rng.choice([F.LABEL_OPTIONAL, F.LABEL_REPEATED])
            self.type_of(field)


def scalar(rng: random.Random, field: Any) -> Any:
    """A value of a field that is no message."""
    if field.type in INTEGERS:
        return integer(rng, *INTEGERS[field.type])
    if field.type == F.TYPE_DOUBLE:
        return rng.choice(FLOATS) if rng.random() < 0.7 else struct.unpack("<d", rng.randbytes(8))[0]  # fmt: skip
    if field.type == F.TYPE_FLOAT:
        return rng.choice(FLOATS) if rng.random() < 0.7 else rng.uniform(-1e6, 1e6)
    if field.type == F.TYPE_BOOL:
        return rng.random() < 0.5
    if field.type == F.TYPE_STRING:
        return text(rng)
    if field.type == F.TYPE_BYTES:
        return rng.choice([b"", b"a", b"\0\xff", rng.randbytes(rng.randrange(40))])
    enum = field.enum_type
    if not enum.is_closed and rng.random() < 0.2:
        return integer(rng, 32, True)
    return rng.choice(enum.values).number


def content(rng: random.Random, descriptor: Any, depth: int = 0) -> dict[str, Any]:
    """Constructor arguments for a message."""
    made: dict[str, Any] = {}
    density = rng.choice([0.1, 0.5, 0.9])
    for field in descriptor.fields:
        if rng.random() > density or (field.message_type is not None and depth > 1):
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
            made[field.name] = {
                scalar(rng, key): content(rng, value.message_type, depth + 1) if value.message_type else scalar(rng, value)
                for _ in range(rng.randrange(4))
            }  # fmt: skip
            continue

        def one(field: Any = field) -> Any:
            if field.message_type is not None:
                return content(rng, field.message_type, depth + 1)
            return scalar(rng, field)

        made[field.name] = [one() for _ in range(rng.randrange(4))] if field.is_repeated else one()
    return made
