"""Random `.proto` files that are right: every construct, every literal form, comments and white space anywhere.

Names and numbers are drawn so that they never conflict; all else is left to chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

EDITIONS = ["proto2", "proto3", "2023", "2024"]

SCALARS = [
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
    "sfixed32", "sfixed64", "float", "double", "bool", "string", "bytes",
]  # fmt: skip
KEYS = [name for name in SCALARS if name not in ("float", "double", "bytes")]
# Words of the language are names too.
WORDS = ["foo", "Bar", "message", "option", "to", "max", "x", "string", "map", "fooBar", "_a", "Z9"]
FREE_TEXT = [
    "a comment",
    " two  words ",
    "*",
    "é😀",
    "\tx",
    "",
    "!",
    " * star\n * star",
    "\\n",
    '"',
]
STRINGS = [
    '"plain"', "'single'", r'"\n\t\\\"\'"', r"'\x41\101\377'", r'"\u00e9\U0001F600"', '"é😀"',
    '"a" "b"', "'a'\n\"b\"", '""', r'"\?\a\b\f\r\v\0"', '"//" \'/*\'',
]  # fmt: skip
TEXT_STRINGS = [text for text in STRINGS if r"\x" not in text]
FLOATS = [
    "0", "1.5", "-1.5", ".5", "5.", "1e10", "-1E-10", "1e400", "inf", "-inf", "nan", "1.", "123456789",
    "0.1", "3.4028235e38", "1e-50", "18446744073709551616", "0x1F", "017", "-0.0", "1.1754944e-38", "33554433",
]  # fmt: skip
MAPS = "counts { key: 'b' } counts { value: 2 key: 'a' } counts: { key: 'b' value: -3 } values {} values { key: 7 } "
# The text format knows no octal and hexadecimal floats.
NOT_IN_TEXT = ["0x1F", "017"]
INTEGERS = ["0", "1", "-1", "0x7f", "017", "2147483647", "-2147483648", "-0", "-0x10", "00"]
NATURALS = ["0", "1", "0x7F", "017", "4294967295", "0XABC"]


@dataclass
class Type:
    """A declared message or enum."""

    full_name: str
    is_enum: bool = False
    values: list[str] = field(default_factory=list)
    starts_at_zero: bool = True
    is_extendable: bool = False


class Grammar:
    """Writes one file."""

    def __init__(self, random: Random, editions: list[str]) -> None:
        self.random = random
        self.syntax = random.choice(editions)
        self.is_proto2 = self.syntax == "proto2"
        self.is_proto3 = self.syntax == "proto3"
        self.is_edition = not (self.is_proto2 or self.is_proto3)
        self.has_visibility = self.syntax >= "2024" and self.is_edition
        self.tokens: list[str] = []
        self.types: list[Type] = []
        self.count = 0
        self.package = ""
        # A type that is only imported for options cannot be named in an `Any`.
        self.sees_any = True

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def some(self, most: int, make: Callable[[], None]) -> None:
        for _ in range(self.random.randint(0, most)):
            make()

    def put(self, *tokens: str) -> None:
        self.tokens.extend(tokens)

    def name(self, prefix: str = "") -> str:
        self.count += 1
        return f"{prefix}{self.random.choice(WORDS)}q{self.count}"

    # White space and comments.

    def gap(self, before: str, after: str) -> str:
        kind = self.random.randrange(100)
        text = self.random.choice(FREE_TEXT)
        line = text.split("\n")[0]
        symbols = "{}()[];,=<>"
        if kind < 40 and (before[-1:] in symbols or after[:1] in symbols):
            return ""
        if kind < 75:
            return " "
        return self.random.choice([
            "\n", "\n\n", "\t", "\r\n", "  \n  ", "\v", "\n\n\n",
            f" // {line}\n", f"\n// {line}\n", f"\n// {line}\n// {line}\n", f"\n\n// {line}\n\n",
            f" /* {text} */ ", f"\n/* {text} */\n", f"/*{text}*/", f"\n/**\n * {text}\n   {line}\n */\n",
            f" // {line}\n\n// {line}\n\n/* {text} */\n// {line}\n", f" //{line}\r\n", f"\n//{line}\n/* {line} */\n",
        ])  # fmt: skip

    def text(self) -> str:
        out = self.gap("", ";") if self.chance(30) else ""
        before = ""
        for token in self.tokens:
            if before:
                out += self.gap(before, token)
            out += token
            before = token
        end = self.random.choice(["", "\n", "\n// end", "\n/* end */\n", "  "])
        return out + end

    # Options.

    def scalar(self, kind: str) -> str:
        pick = self.random.choice
        if kind in ("float", "double"):
            return pick(FLOATS)
        if kind in ("string",):
            return pick(TEXT_STRINGS)
        if kind == "bytes":
            return pick(STRINGS)
        if kind == "bool":
            return pick(["true", "false"])
        return pick(NATURALS if kind[0] in "uf" else INTEGERS)

    def put_scalar(self, kind: str) -> None:
        value = self.scalar(kind)
        if value.startswith("-"):
            self.put("-", value[1:])
        else:
            self.put(value)

    FIELDS = {
        "i32": "int32", "i64": "int64", "u32": "uint32", "u64": "uint64", "s32": "sint32", "s64": "sint64",
        "x32": "fixed32", "x64": "sfixed64", "single": "float", "twice": "double", "flag": "bool",
        "text": "string", "raw": "bytes",
    }  # fmt: skip

    def text_value(self, kind: str) -> str:
        if kind in ("float", "double"):
            return self.random.choice([value for value in FLOATS if value not in NOT_IN_TEXT])
        return self.scalar(kind)

    def aggregate(self, depth: int) -> str:
        """The text format, which has spaces of its own."""
        pick = self.random.choice
        names = self.random.sample(sorted(self.FIELDS), self.random.randint(0, 3))
        parts = [f"{name}: {self.text_value(self.FIELDS[name])}" for name in names]
        if self.chance(30):
            parts.append(pick(["level: HIGH", "level: -3", "level: 5", "levels: [LOW, HIGH]"]))
        if self.chance(20):
            parts.append(pick([
                "plain {}", "plain { number: 0 text: '' level: 0 }", "plain { number: 1 maybe: 0 single: -0.0 }",
                "plain { numbers: 0 choice: 0 levels: { key: 1 } }", "plain: { raw: '' single: 0 flag: false }",
            ]))  # fmt: skip
        if self.chance(30):
            parts.append(pick(["numbers: [1, -2, 0x3]", "numbers: 1 numbers: 2", "numbers: []"]))
        if self.chance(20):
            parts.append(
                pick(["packed: [1, -1]", "packed: 7", "texts: ['a', \"b\"]", "source_only: 1"])
            )
        if self.chance(15):
            parts.append(
                pick(["one: 1", "two: '2'", "counts { key: 'k' value: 1 }", "counts: [{}]", MAPS])
            )
        if depth > 0:
            inner = self.aggregate(depth - 1)
            if self.chance(40):
                parts.append(
                    pick([f"inner {{ {inner} }}", f"inner: {{ {inner} }}", f"inner < {inner} >"])
                )
            if self.chance(25):
                parts.append(pick([
                    f"list {{ {inner} }}", f"list: [{{ {inner} }}, {{}}]", f"Grouped {{ list {{ {inner} }} a: 1 }}",
                    f"[any_options.extended_list] {{ {inner} }}", f"values {{ key: 3 value {{ {inner} }} }}",
                    f"any {{ [type.googleapis.com/any_options.Value] {{ {inner} }} }}" if self.sees_any else "",
                    "[any_options.extended]: 5", "list <> list {}",
                ]))  # fmt: skip
        self.random.shuffle(parts)
        parts = [part for part in parts if part]
        return "".join(part + pick([" ", ", ", "; ", "\n"]) for part in parts)

    def options(self, element: str) -> list[list[str]]:
        """Options of an element, each as its tokens; none sets what another has set."""
        found: list[list[str]] = []

        def put(*tokens: str) -> None:
            self.tokens = []
            self.put(*tokens)

        saved = self.tokens
        custom = f"any_options.{element}"
        dot = self.random.choice(["", "."])
        if self.chance(25):
            put("(", dot + custom + "_value", ")", "=", "{" + self.aggregate(2) + "}")
            found.append(self.tokens)
        elif self.chance(25):
            for name in self.random.sample(sorted(self.FIELDS), self.random.randint(1, 3)):
                path = self.random.choice([[], [".", "inner"], [".", "grouped", ".", "list"]])
                if "list" in path:
                    path = [".", "inner", ".", "inner"]
                put("(", dot + custom + "_value", ")", *path, ".", name, "=")
                self.put_scalar(self.FIELDS[name])
                found.append(self.tokens)
        for _ in range(self.random.choice([0, 0, 0, 1, 3])):
            put("(", custom + "_list", ")", "=")
            self.put_scalar("int32")
            found.append(self.tokens)
        if self.chance(10):
            put("(", custom + "_source", ")", "=")
            self.put_scalar("string")
            found.append(self.tokens)
        if element not in ("oneof", "range") and self.chance(15):
            put("deprecated", "=", self.random.choice(["true", "false"]))
            found.append(self.tokens)
        self.tokens = saved
        return found

    def statements(self, element: str) -> None:
        for tokens in self.options(element):
            self.put("option", *tokens, ";")

    def brackets(self, element: str, more: list[list[str]]) -> None:
        every = self.options(element) + more
        self.random.shuffle(every)
        if every:
            self.put("[")
            for index, tokens in enumerate(every):
                self.put(*([","] if index else []), *tokens)
            self.put("]")

    # Declarations.

    def visibility(self, is_nested: bool) -> None:
        if self.has_visibility and self.chance(20):
            # Edition 2026 exports nothing that is nested.
            exports = not (is_nested and self.syntax >= "2026")
            self.put(self.random.choice(["export", "local"]) if exports else "local")

    def reference(self, wanted: Callable[[Type], bool]) -> Type | None:
        found = [known for known in self.types if wanted(known)]
        return self.random.choice(found) if found else None

    def put_type(self, known: Type) -> None:
        if self.chance(50):
            self.put("." + known.full_name)
        else:
            self.put(known.full_name)

    def field_type(self) -> tuple[str, Type | None]:
        known = self.reference(lambda _: True) if self.chance(35) else None
        if known:
            self.put_type(known)
            return "", known
        kind = self.random.choice(SCALARS)
        self.put(kind)
        return kind, None

    def default(self, kind: str, known: Type | None) -> list[list[str]]:
        saved, self.tokens = self.tokens, []
        self.put("default", "=")
        if known:
            self.put(self.random.choice(known.values))
        else:
            self.put_scalar(kind)
        made, self.tokens = self.tokens, saved
        return [made]

    def field(self, number: int, scope: str, label: bool = True, depth: int = 3) -> None:
        repeated = False
        if label:
            labels = ["repeated"]
            labels += {
                "proto2": ["optional", "required", "optional"],
                "proto3": ["", "optional"],
            }.get(self.syntax, [""])
            chosen = self.random.choice(labels)
            repeated = chosen == "repeated"
            if chosen:
                self.put(chosen)
        if self.is_proto2 and depth and self.chance(8):
            name = f"G{self.count}Roup"
            self.count += 1
            self.put("group", name, "=", str(number))
            self.brackets("field", [])
            self.body(f"{scope}.{name}", depth - 1)
            return
        kind, known = self.field_type()
        self.put(self.name(), "=", self.random.choice([str(number), hex(number), f"0{number:o}"]))
        more = []
        has_default = not repeated and not self.is_proto3 and not (known and not known.is_enum)
        if has_default and self.chance(30):
            more += self.default(kind, known)
        if self.chance(10):
            more.append(["json_name", "=", f'"json{self.count}"'])
        is_number = kind not in ("string", "bytes", "") or (known is not None and known.is_enum)
        packable = repeated and is_number
        if packable and not self.is_edition and self.chance(20):
            more.append(["packed", "=", self.random.choice(["true", "false"])])
        if packable and self.is_edition and self.chance(20):
            more.append(["features", ".", "repeated_field_encoding", "=", "EXPANDED"])
        if self.is_edition and known and not known.is_enum and self.chance(20):
            more.append(["features", ".", "message_encoding", "=", "DELIMITED"])
        self.brackets("field", more)
        self.put(";")

    def map(self, number: int) -> None:
        self.put("map", "<", self.random.choice(KEYS), ",")
        known = self.reference(lambda known: known.starts_at_zero) if self.chance(40) else None
        if known:
            self.put_type(known)
        else:
            self.put(self.random.choice(SCALARS))
        self.put(">", self.name(), "=", str(number))
        self.brackets("field", [])
        self.put(";")

    def oneof(self, numbers: list[int], scope: str) -> None:
        self.put("oneof", self.name(), "{")
        self.statements("oneof")
        for number in numbers:
            self.field(number, scope, label=False, depth=1)
        self.put("}")

    def message(self, scope: str, depth: int) -> None:
        self.visibility(scope != self.package)
        name = self.name("M")
        full_name = f"{scope}.{name}".lstrip(".")
        self.put("message", name)
        self.body(full_name, depth)

    def body(self, full_name: str, depth: int) -> None:
        known = Type(full_name)
        self.put("{")
        number = 0

        def next_number() -> int:
            nonlocal number
            number += self.random.choice([1, 1, 1, 2, 10])
            return number

        self.statements("message")
        for _ in range(self.random.randint(0, 5)):
            kind = self.random.randrange(14)
            if kind < 6:
                self.field(next_number(), full_name)
            elif kind == 6:
                self.map(next_number())
            elif kind == 7:
                self.oneof([next_number() for _ in range(self.random.randint(1, 3))], full_name)
            elif kind == 8 and depth:
                self.message(full_name, depth - 1)
            elif kind == 9:
                self.enumeration(full_name)
            elif kind == 10:
                self.reserved(next_number)
            elif kind == 11 and not self.is_proto3:
                self.extensions(next_number, known)
            elif kind == 12:
                self.extend(full_name)
            else:
                self.put(";")
        if self.chance(10):
            self.put("reserved", str(number + 1), "to", "max", ";")
        self.put("}")
        self.types.append(known)

    def reserved(self, next_number: Callable[[], int]) -> None:
        self.put("reserved")
        if self.chance(50):
            for index in range(self.random.randint(1, 3)):
                name = self.name()
                self.put(*([","] if index else []), name if self.is_edition else f'"{name}"')
        else:
            self.ranges(next_number)
        self.put(";")

    def ranges(self, next_number: Callable[[], int]) -> list[int]:
        starts = []
        for index in range(self.random.randint(1, 3)):
            self.put(*([","] if index else []))
            start = next_number()
            starts.append(start)
            self.put(str(start))
            if self.chance(40):
                self.put("to", str(next_number()))
        return starts

    def extensions(self, next_number: Callable[[], int], known: Type) -> None:
        self.put("extensions")
        starts = self.ranges(next_number)
        self.brackets("range", [])
        self.put(";")
        if self.chance(60):
            # Extended once the message is complete.
            known.values.append(str(starts[0]))
            known.is_extendable = True

    def extend(self, scope: str) -> None:
        extended = self.reference(lambda known: known.is_extendable and bool(known.values))
        if extended is None or self.is_proto3:
            return
        self.put("extend")
        self.put_type(extended)
        self.put("{")
        if self.is_proto2:
            self.put(self.random.choice(["optional", "repeated"]))
        self.put(self.random.choice(SCALARS), self.name(), "=", extended.values.pop())
        self.brackets("field", [])
        self.put(";", "}")

    def enumeration(self, scope: str) -> None:
        self.visibility(scope != self.package)
        name = self.name("E")
        known = Type(f"{scope}.{name}".lstrip("."), is_enum=True)
        self.put("enum", name, "{")
        self.statements("enum")
        first = self.random.choice([-1, 0, 5]) if self.is_proto2 else 0
        known.starts_at_zero = first == 0
        for index in range(self.random.randint(1, 4)):
            self.count += 1
            value = f"V{self.count}X"
            known.values.append(value)
            number = first + index if index < 3 else 2147483647
            self.put(value, "=")
            self.put(*(["-", str(-number)] if number < 0 else [str(number)]))
            self.brackets("entry", [])
            self.put(";")
        if self.chance(30):
            self.put(
                "reserved", "100", "to", self.random.choice(["200", "0xFF"]), ",", "-", "5", ";"
            )
        if self.chance(20):
            name = self.name()
            self.put("reserved", name if self.is_edition else f'"{name}"', ";")
        self.put("}")
        self.types.append(known)

    def service(self) -> None:
        message = self.reference(lambda known: not known.is_enum)
        if message is None:
            return
        self.put("service", self.name("S"), "{")
        self.statements("service")
        for _ in range(self.random.randint(0, 3)):
            self.put("rpc", self.name())
            for index in range(2):
                self.put(*(["returns"] if index else []), "(")
                if self.chance(30):
                    self.put("stream")
                self.put_type(message)
                self.put(")")
            if self.chance(40):
                self.put("{")
                self.statements("method")
                self.some(1, lambda: self.put(";"))
                self.put("}")
            else:
                self.put(";")
        self.put("}")

    def file(self, index: int) -> str:
        if not (self.is_proto2 and self.chance(30)):
            self.put("edition" if self.is_edition else "syntax", "=", f'"{self.syntax}"', ";")
        self.package = f"pack{index}" + self.random.choice(["", ".inner", ".a.b"])
        header = [
            [
                "import",
                self.random.choice(['"any_options.proto"', "'any_' \"options.proto\"", "public"]),
            ]
        ]
        if header[0][1] == "public":
            header[0].append('"any_options.proto"')
        if self.is_edition and self.syntax >= "2024" and self.chance(50):
            header = [["import", "option", '"any_options.proto"']]
            self.sees_any = False
        header.append(["package", *self.package.replace(".", " . ").split()])
        if self.chance(40):
            header.append(["import", '"google/protobuf/any.proto"'])
            header.sort(key=lambda tokens: tokens[1] == "option")
        for tokens in header:
            self.put(*tokens, ";")
        if self.has_visibility:
            self.put("option", "features", ".", "enforce_naming_style", "=", "STYLE_LEGACY", ";")
        self.statements("file")
        if self.chance(20):
            self.put("option", "java_package", "=", '"com.example"', ";")
        for _ in range(self.random.randint(1, 6)):
            kind = self.random.randrange(10)
            if kind < 5:
                self.message(self.package, 2)
            elif kind < 7:
                self.enumeration(self.package)
            elif kind == 7:
                self.service()
            elif kind == 8:
                self.extend(self.package)
            else:
                self.put(";")
        return self.text()


def generate(random: Random, index: int, editions: list[str] = EDITIONS) -> str:
    """The text of a file; files of different indexes do not conflict."""
    return Grammar(random, editions).file(index)
