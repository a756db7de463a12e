"""Text format: printed with every option, read with every option, errors to the letter, compared with the original's."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from russet.protobuf.message import DecodeError

from .conftest import GOOGLE, RUSSET, Runtime
from .outcomes import ORACLE_IS_CURRENT
from .test_random import ALL, EXAMPLES, build, deterministic

current = pytest.mark.skipif(not ORACLE_IS_CURRENT, reason="an older original differs in details")

FULL = """
f_double: 1.5 f_float: 0.1 f_int32: -3 f_uint64: 18446744073709551615 f_bool: true f_string: "h\\303\\251\\n'\\"" f_bytes: "\\377\\000a"
f_enum: BLUE f_sub { x: 1 s: "s" next { x: 2 l: [1, 2] } children { key: "k" value { x: 3 } } } o_int32: 0 o_enum: -3
r_double: [1, nan, -inf, 1e300] r_float: [0.1, 3.4e38] r_int32: [1, 2, 3] r_string: ["a", "b"] r_bytes: "\\001" r_enum: [RED, 5, 77] r_sub {} r_sub { x: 9 }
m_string_int32 { key: "b" value: 2 } m_string_int32 { key: "a" } m_int32_sub { key: -1 value {} } m_bool_float { key: true value: 2.5 } m_uint64_bytes { value: "x" }
c_sub { x: 4 } w_timestamp { seconds: 5 } w_any { [type.googleapis.com/russet.test.Sub] { x: 7 next < s: "in" > } }
"""

OPTIONS: list[dict[str, Any]] = [
    {},
    {"as_utf8": False},
    {"as_one_line": True},
    {"as_one_line": True, "indent": 3},
    {"use_short_repeated_primitives": True},
    {"pointy_brackets": True},
    {"use_index_order": True},
    {"use_field_number": True},
    {"indent": 4},
    {"print_unknown_fields": True},
    {"force_colon": True},
    {"as_one_line": True, "print_unknown_fields": True, "force_colon": True, "pointy_brackets": True},
]  # fmt: skip


def read(runtime: Runtime, name: str, text: str | bytes, **options: Any) -> Any:
    """What parsing gives: the message, or the error with its place, and what is in the message then."""
    message = getattr(runtime.classes, name)()
    before = options.pop("before", "")
    function = options.pop("function", "Parse")
    options.setdefault("descriptor_pool", runtime.pool)
    runtime.text_format.Parse(before, message)
    error = None
    try:
        getattr(runtime.text_format, function)(text, message, **options)
    except runtime.text_format.ParseError as caught:
        error = (str(caught), caught.GetLine(), caught.GetColumn())
    return error, message.SerializePartialToString(deterministic=True)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_messages_print_alike(options: dict[str, Any]) -> None:
    printed = []
    for runtime in (GOOGLE, RUSSET):
        message = runtime.classes.All()
        runtime.text_format.Parse(FULL, message, descriptor_pool=runtime.pool)
        message.MergeFromString(
            b"\xc0\x3e\x05\xc5\x3e\x01\x02\x03\x04\xc1\x3e12345678\xc2\x3e\x02\x08\x01\xc2\x3e\x00\xc2\x3e\x03abc\xc3\x3e\x08\x01\xc4\x3e"
        )
        printed.append(
            runtime.text_format.MessageToString(message, descriptor_pool=runtime.pool, **options)
        )
        out = io.StringIO()
        runtime.text_format.PrintMessage(message, out, descriptor_pool=runtime.pool, **options)
        printed.append(out.getvalue())
        printed.append(runtime.text_format.MessageToString(message, **options))
    assert printed[:3] == printed[3:]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_extensions_and_groups_print_alike(options: dict[str, Any]) -> None:
    text = 'Grouped { inside: 1 } Groups { inside: "a" } [russet.test2.x_int32]: 5 [russet.test2.x_message] { id: 1 } [russet.test2.Scope.x_scoped]: true d_string: "x" closed_map { key: 0 value: ZERO }'
    printed = []
    for runtime in (GOOGLE, RUSSET):
        message = runtime.text_format.Parse(text, runtime.classes.Defaults())
        printed.append(runtime.text_format.MessageToString(message, **options))
    assert printed[0] == printed[1]


def test_a_formatter_prints_what_it_wants() -> None:
    def formatter(message: Any, indent: int, as_one_line: bool) -> str | None:
        calls.append((message.DESCRIPTOR.full_name, indent, as_one_line))
        return f"x is {message.x}" if message.DESCRIPTOR.name == "Sub" else None

    printed = []
    for runtime in (GOOGLE, RUSSET):
        message = runtime.classes.All()
        runtime.text_format.Parse(FULL, message, descriptor_pool=runtime.pool)
        for one_line in (False, True):
            calls: list[Any] = []
            text = runtime.text_format.MessageToString(
                message,
                message_formatter=formatter,
                as_one_line=one_line,
                descriptor_pool=runtime.pool,
            )
            printed.append((text, calls))
    assert printed[:2] == printed[2:]


def test_an_error_of_a_formatter_is_raised() -> None:
    def formatter(message: Any, indent: int, as_one_line: bool) -> str | None:
        raise LookupError(message.DESCRIPTOR.name)

    with pytest.raises(LookupError, match="All"):
        RUSSET.text_format.MessageToString(RUSSET.classes.All(), message_formatter=formatter)


def test_a_formatter_may_change_what_is_printed() -> None:
    message = RUSSET.classes.All(r_sub=[{"x": 1}, {"x": 2}, {"x": 3}])

    def formatter(sub: Any, indent: int, as_one_line: bool) -> str | None:
        if sub.DESCRIPTOR.name == "Sub":
            del message.r_sub[1:]
        return None

    text = RUSSET.text_format.MessageToString(message, message_formatter=formatter)
    assert text == "r_sub {\n  x: 1\n}\n"


@pytest.mark.parametrize("only_value", [False, True])
def test_fields_print_alike(only_value: bool) -> None:
    values = {
        "f_double": 0.1, "f_float": 0.5, "f_int32": -1, "f_bool": True, "f_string": "é'", "f_bytes": b"\xff", "f_enum": 5, "r_enum": 78, "r_int32": 4,
    }  # fmt: skip
    printed = []
    for runtime in (GOOGLE, RUSSET):
        fields = runtime.classes.All.DESCRIPTOR.fields_by_name
        function = getattr(runtime.text_format, "PrintFieldValue" if only_value else "PrintField")
        out = io.StringIO()
        for name, value in values.items():
            function(fields[name], value, out)
            function(fields[name], value, out, as_utf8=False, indent=2, as_one_line=True)
        sub = runtime.classes.Sub(x=5, next={"x": 6})
        for one_line in (False, True):
            function(fields["f_sub"], sub, out, indent=2, as_one_line=one_line, force_colon=True)
        printed.append(out.getvalue())
    assert printed[0] == printed[1]


def test_a_broken_any_is_a_decode_error() -> None:
    message = RUSSET.classes.All()
    message.w_any.type_url = "x/russet.test.Sub"
    message.w_any.value = b"\xff"
    with pytest.raises(DecodeError, match=r"russet\.test\.Sub"):
        RUSSET.text_format.MessageToString(message, descriptor_pool=RUSSET.pool)


VALID = [
    *(("All", text, {}) for text in (
        FULL, "", "# nothing\n", "f_int32: 5 # end", "f_int32:5,f_int64:6;f_bool:t", "f_int32: 0x1F f_int64: -0x1f f_uint32: 017", "f_int32: 1_000", "f_int32: +5", "f_int32: 0b11 f_int64: 0o17",
        "f_float: 1e39 f_double: 1.5f", "f_float: inf f_double: -Infinity", "f_double: nan", "f_double: 1.", "f_double: .5", "f_double: -.5e-3", "f_double: 1_0.5", "f_double: infinityf", "f_double: -inff",
        "f_bool: 1 o_bool: False", "f_bool: 0", "f_bool: True", "f_string: 'a' \"b\" 'c'", "f_string: 'a'\n  # between\n  'b'", 'f_string: "\\x41\\102\\u00e9\\U0001F600\\a\\b\\f\\v\\t\\r\\n"', "f_bytes: '\\377\\xff\\0'", 'f_string: "é😀"', "f_string: '\"' f_bytes: \"'\"",
        "f_enum: BLUE r_enum: [GREEN, 5, -3, 99]", "f_enum: 0x5", "r_int32: [] r_int32: 1 r_int32: [2, 3]", "r_sub: [{ x: 1 }, < x: 2 >] r_sub {} r_sub: {}", "f_sub < x: 1 >", "f_sub: { next: < x: 1 > }", "m_string_int32: [{ key: 'a' value: 1 }, { value: 2 }]", "m_int32_sub { key: 1 } m_int32_sub { key: 1 value { x: 5 } }",
        "w_any { type_url: 'x/y' value: 'z' }", "w_any { [a.b/russet.test.Sub]: { x: 1 } }", "w_any { [a-b.~c%20d/e/russet.test.Sub] < > }", "w_any { [ type.googleapis.com / russet . test . Sub ] { x: 1 } }", "w_any { [x/google.protobuf.Any] { [y/russet.test.Sub] { x: 1 } } }",
        "\tf_int32:\r\n5\n\n", "f_int32\n:\n5", "f_sub{x:1}f_inner{flag:true}", "c_int32: 1", "far: 3", "w_struct { fields { key: 'a' value { list_value { values { null_value: NULL_VALUE } } } } }",
    )),
    *(("Defaults", text, {}) for text in (
        "Grouped { inside: 1 } Groups { inside: 'a' } Groups: { }", "grouped { inside: 1 }", "[russet.test2.x_int32]: 5", "[russet.test2.x_list]: [1, 2]", "[russet.test2.x_message] { id: 1 }", "[russet.test2.x_messages]: [{ id: 1 }, { id: 2 }]", "[ russet.test2 . Scope.x_scoped ]: true", "d_enum: TWO closed: [1, 2, MINUS, -1]",
    )),
    *(("All", text, {"allow_unknown_field": True}) for text in (
        "nope: 1 f_int32: 2", "nope: 'a' 'b' nope: [1, 'x', foo, 1.5] nope { a: 1 b { c: [ { d: 1 } ] } [x.y.z/q.w]: 3 } f_int32: 2", "nope: { a: 1 } nope < a: 2 > f_int32: 2", "nope: [] f_int32: 2", "nope: -1 nope: 18446744073709551615 nope: nan, f_int32: 2",
    )),
    ("Defaults", "[not.there]: 5 [nor.this] { a: 1 } d_int32: 1", {"allow_unknown_extension": True}),
    ("All", "3: 5 17 { 1: 2 }", {"allow_field_number": True}),
    ("Defaults", "1: 5 100: 7", {"allow_field_number": True}),
    ("All", "f_int32: 1 f_int32: 2 f_sub { x: 1 } f_sub { s: 'a' } c_int32: 1 c_string: 'x'", {"function": "Merge"}),
    ("All", "f_int32: 2 r_int32: 2", {"function": "Merge", "before": "f_int32: 1 r_int32: 1"}),
    ("All", "r_int32: 2", {"before": "f_int32: 1 r_int32: 1"}),
    ("All", "f_sub { next { next { } } }", {"max_recursion_depth": 4}),
]  # fmt: skip

WRONG = [
    *(("All", text, {}) for text in (
        "nope: 1", "\n  nope: 1", "f_int32", "f_int32:", "f_int32 5", "f_int32: x", "f_int32: 2147483648", "f_int32: -2147483649", "f_uint32: -1", "f_int64: 9223372036854775808", "f_uint64: 18446744073709551616", "f_int32: 1.5", "f_int32: 08", "f_int32: 0x", "f_int32: - 5", "f_int32: 1__0",
        "f_bool: yes", "f_bool: 2", "f_double: 01.5", "f_double: x", "f_double: 0x1p3", "f_string: 5", "f_string: abc", "f_string: 'abc", "f_string: 'abc\n'", "f_string: 'a\\", "f_string: 'it\\'s", 'f_string: "a\'b', "f_string: '\\377'", "f_string: 'abc\\303'", "f_string: '\\342\\202'", "f_string: '\\355\\240\\200'", "f_string: 'a\\303a' f_int32: 1",
        "f_enum: NOPE", "o_enum: x", "f_sub: 5", "f_sub { x: 1", "f_sub { x: 1 >", "f_sub < x: 1 }", "f_sub { nope: 1 }", "f_sub", "r_int32: [1, ]", "r_int32: [1 2]", "r_int32: [", "f_int32: [1]", "f_int32: 1 f_int32: 2", "f_sub {} f_sub {}", "c_int32: 1 c_string: 'a'", "o_int32: 0 o_int32: 0", "f_int32: 0 f_int32: 0",
        "}", "{", "[", "[a", "[a.b]: 1", "[russet.test2.x_int32]: 1", "5: 1", ":", "é: 1", "f_int32: é", "f_int32: 1 é", "F_Int32: 1", "f-int32: 1",
        "w_any { [russet.test.Sub] {} }", "w_any { [/russet.test.Sub] {} }", "w_any { [//x/russet.test.Sub] {} }", "w_any { [x%2/russet.test.Sub] {} }", "w_any { [x%zz/russet.test.Sub] {} }", "w_any { [x/russet.test.Nope] {} }", "w_any { [x/1a] {} }", "w_any { [x/] {} }", "w_any { [x/russet.test.Sub {} }", "w_any { [x/russet.test.Sub] 5 }", "w_any { [x#y\n/russet.test.Sub] {",
        "m_string_int32 { key: 'a' key: 'b' }", "m_string_int32 { nope: 1 }", "m_string_int32: 5", "f_sub {} ,, f_int32: 1", "f_int32: 5 }", "\ttext", "f_string: 'é' nope: 1",
    )),
    *(("Defaults", text, {}) for text in ("[russet.test2.nope]: 1", "[russet.test2.x_int32", "[russet.test2.x_int32] 1", "[russet.test2.x_int32]: 1 [russet.test2.x_int32]: 2", "[russet.test2.x_message] {} [russet.test2.x_message] {}", "GROUPED {}", "Grouped: 5", "d_enum: 7", "d_enum: THREE", "[5]: 1", "d_int32: 1 d_int32: 1")),
    ("Required", "[russet.test2.x_int32]: 1", {}),
    *(("All", text, {"allow_unknown_field": True}) for text in ("nope", "nope: ", "nope: }", "nope { ", "nope { a", "nope { a: 1 >", "nope: [1", "nope { [a }", "nope: :")),
    ("All", "99999: 1", {"allow_field_number": True}),
    ("All", "f_int32: 2", {"before": "f_int32: 1"}),
    ("All", "f_sub {}", {"before": "f_sub { }"}),
    ("All", "c_string: ''", {"before": "c_int32: 1"}),
    ("All", "f_sub { next { next { } } }", {"max_recursion_depth": 3}),
    ("All", "", {"max_recursion_depth": 0}),
    ("All", b"f_int32: 5 f_string: '\xc3\xa9'", {}),
]  # fmt: skip


@current
@pytest.mark.parametrize(("name", "text", "options"), VALID + WRONG, ids=repr)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_text_is_read_alike(name: str, text: str | bytes, options: dict[str, Any]) -> None:
    assert read(RUSSET, name, text, **options) == read(GOOGLE, name, text, **options)


@pytest.mark.parametrize(("name", "text", "options"), VALID, ids=repr)
def test_valid_text_has_no_error(name: str, text: str, options: dict[str, Any]) -> None:
    assert read(RUSSET, name, text, **options)[0] is None


# Where the original's text is an accident of its implementation: what is wrong is said, and at the same place.
@pytest.mark.parametrize(
    ("text", "error"),
    [
        (r"f_string: '\x'", "1:11 : 'f_string: '\\x'': Invalid escape sequence in string literal: \\x"),
        (r"f_bytes: '\777'", "1:10 : 'f_bytes: '\\777'': Invalid escape sequence in string literal: \\777"),
        (r"f_string: '\u12'", "1:11 : 'f_string: '\\u12'': Invalid escape sequence in string literal: \\u12"),
        (r"f_string: '\ud800'", "1:11 : 'f_string: '\\ud800'': Invalid escape sequence in string literal: \\ud800"),
    ],
)  # fmt: skip
def test_wrong_escapes_are_errors(text: str, error: str) -> None:
    assert read(RUSSET, "All", text)[0][0] == error
    assert read(GOOGLE, "All", text)[0][1:] == read(RUSSET, "All", text)[0][1:]


def test_escapes_of_c_that_the_original_does_not_know() -> None:
    assert read(RUSSET, "All", r"f_string: '\?'")[1] == b"r\x01?"


def test_deep_text_is_refused_without_harm() -> None:
    deep = "f_sub { " + "next { " * 100_000
    error, _ = read(RUSSET, "All", deep)
    assert error == ("Message too deep. Max recursion depth is 1000", None, None)
    error, _ = read(RUSSET, "All", "nope { " * 100_000, allow_unknown_field=True)
    assert "nested deeper" in error[0]


def test_lines_are_read_as_one_text() -> None:
    for function in ("ParseLines", "MergeLines"):
        for lines in (["f_sub {", "  x: 1", "}"], [b"f_sub {\n", b"x: 1\n", b"}\n"]):
            message = RUSSET.classes.All()
            assert getattr(RUSSET.text_format, function)(lines, message) is message
            assert message.f_sub.x == 1


def test_bytes_that_are_not_utf8_are_a_parse_error() -> None:
    with pytest.raises(RUSSET.text_format.ParseError):
        RUSSET.text_format.Parse(b"f_string: '\xff'", RUSSET.classes.All())


@pytest.mark.parametrize(
    ("function", "texts"),
    [
        ("ParseInteger", ["5", "-5", "0x1f", "017", "08", "99999999999", "x", "", "1.5"]),
        ("ParseFloat", ["5", "-inf", "1.5f", "01", "x", ""]),
        ("ParseBool", ["true", "t", "1", "True", "false", "f", "0", "False", "TRUE", ""]),
    ],
)
def test_values_are_read_alike(function: str, texts: list[str]) -> None:
    def outcome(runtime: Runtime, text: str) -> Any:
        try:
            return getattr(runtime.text_format, function)(text)
        except ValueError as error:
            return str(error)

    for text in texts:
        assert outcome(RUSSET, text) == outcome(GOOGLE, text), text


@pytest.mark.parametrize("text", ["GREEN", "1", "77", "0x5", "NOPE"])
@pytest.mark.parametrize(("name", "field"), [("All", "f_enum"), ("Defaults", "d_enum")])
def test_enums_are_read_alike(name: str, field: str, text: str) -> None:
    def outcome(runtime: Runtime) -> Any:
        descriptor = getattr(runtime.classes, name).DESCRIPTOR.fields_by_name[field]
        try:
            return runtime.text_format.ParseEnum(descriptor, text)
        except ValueError as error:
            return str(error)

    assert outcome(RUSSET) == outcome(GOOGLE)


@given(ALL, st.sampled_from(OPTIONS))
@settings(max_examples=EXAMPLES, deadline=None)
def test_random_messages_print_alike_and_come_back(
    content: dict[str, Any], options: dict[str, Any]
) -> None:
    theirs, ours = build(content)
    text = RUSSET.text_format.MessageToString(ours, **options)
    assert text == GOOGLE.text_format.MessageToString(theirs, **options)
    numbers = options.get("use_field_number", False)
    back = RUSSET.text_format.Parse(text, RUSSET.classes.All(), allow_field_number=numbers)
    their_back = GOOGLE.text_format.Parse(text, GOOGLE.classes.All(), allow_field_number=numbers)
    assert deterministic(back) == deterministic(their_back)


@current
@given(ALL, st.data())
@settings(max_examples=EXAMPLES, deadline=None)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_damaged_text_is_read_alike(content: dict[str, Any], data: Any) -> None:
    text = GOOGLE.text_format.MessageToString(GOOGLE.classes.All(**content))
    at = data.draw(st.integers(0, len(text)))
    junk = data.draw(st.text("{}[]<>:;,.'\"#-+_/%01ax \n\t", max_size=4))
    text = text[:at] + junk + text[data.draw(st.integers(at, len(text))) :]
    assert read(RUSSET, "All", text) == read(GOOGLE, "All", text)
