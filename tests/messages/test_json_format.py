"""ProtoJSON: written with every option, read with every option, errors to the letter, compared with the original's."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from google.protobuf import json_format as google_json
from google.protobuf import message_factory as google_factory
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from russet.protobuf import json_format as russet_json
from russet.protobuf import message_factory, proto_json, proto_text

from .conftest import GOOGLE, RUSSET, Runtime
from .outcomes import ORACLE_IS_CURRENT
from .test_random import ALL, EXAMPLES, build, deterministic
from .test_text_format import FULL

pytestmark = pytest.mark.skipif(
    not ORACLE_IS_CURRENT, reason="an older original differs in details"
)

JSON = {"google": google_json, "russet": russet_json}

OPTIONS: list[dict[str, Any]] = [
    {},
    {"preserving_proto_field_name": True},
    {"use_integers_for_enums": True},
    {"always_print_fields_with_no_presence": True},
    {"unquote_int64_if_possible": True},
    {"always_print_fields_with_no_presence": True, "preserving_proto_field_name": True, "use_integers_for_enums": True},
]  # fmt: skip
LAYOUTS: list[dict[str, Any]] = [
    {},
    {"indent": None},
    {"indent": 0},
    {"indent": -1},
    {"indent": "\t"},
    {"sort_keys": True},
    {"ensure_ascii": False},
    {"indent": None, "sort_keys": True, "ensure_ascii": False},
]

SPECIAL = FULL.replace("w_timestamp { seconds: 5 }", "") + """
w_timestamp { seconds: 1 nanos: 500000 } w_duration { seconds: -3 nanos: -5 } w_mask { paths: "foo_bar.baz" paths: "q" } w_int32 { value: 7 }
w_struct { fields { key: "a" value { number_value: 1.5 } } fields { key: "b" value { null_value: NULL_VALUE } } fields { key: "c" value { list_value { values { bool_value: true } values { string_value: "x" } values { struct_value {} } values {} } } } }
w_value { list_value {} } w_list { values { number_value: 3 } }
"""  # fmt: skip


def wrote(function: str, runtime: Runtime, message: Any, **options: Any) -> Any:
    """What a function makes of a message, or its error."""
    module = JSON[runtime.name]
    options.setdefault("descriptor_pool", runtime.pool)
    try:
        return getattr(module, function)(message, **options)
    except (module.Error, ValueError, TypeError) as error:
        return type(error).__name__, str(error)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_messages_are_written_alike(options: dict[str, Any]) -> None:
    got = []
    for runtime in (GOOGLE, RUSSET):
        message = runtime.classes.All()
        runtime.text_format.Parse(SPECIAL, message, descriptor_pool=runtime.pool)
        # The original orders maps by an accident of its hash.
        texts = [
            wrote("MessageToJson", runtime, message, sort_keys=True, **options),
            *(
                wrote("MessageToJson", runtime, message, **{"sort_keys": True, **layout}, **options)
                for layout in LAYOUTS
            ),
            wrote("MessageToDict", runtime, message, **options),
            wrote("MessageToDict", runtime, runtime.classes.All(), **options),
        ]
        got.append(texts)
    assert got[0] == got[1]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_the_order_is_that_of_numbers(layout: dict[str, Any]) -> None:
    text = 'f_string: "\\303\\251\\"\\\\/\\177\\001\\360\\237\\230\\200" f_int32: 1 f_double: 1e16 f_float: 1.5 r_sub {} r_sub { x: 1 } r_string: "" f_sub {}'
    got = []
    for runtime in (GOOGLE, RUSSET):
        message = runtime.text_format.Parse(text, runtime.classes.All())
        got.append(wrote("MessageToJson", runtime, message, **layout))
    assert got[0] == got[1]


UNWRITABLE = [
    ("All", "w_timestamp { nanos: -1 }"),
    ("All", "w_timestamp { seconds: 253402300800 }"),
    ("All", "w_duration { seconds: 1 nanos: -1 }"),
    ("All", "w_duration { seconds: 315576000001 }"),
    ("All", "w_duration { nanos: 1000000000 }"),
    ("All", 'w_mask { paths: "fooBar" }'),
    ("All", 'w_mask { paths: "foo_" }'),
    ("All", 'w_mask { paths: "foo_1" }'),
    ("All", "w_value { number_value: nan }"),
    ("All", "w_value { number_value: inf }"),
    ("All", "w_struct { fields { key: 'a' value { number_value: -inf } } }"),
    ("All", 'w_any { type_url: "x/nope.Nope" }'),
    ("All", 'w_any { value: "x" }'),
]


@pytest.mark.parametrize(("name", "text"), UNWRITABLE)
@pytest.mark.parametrize("function", ["MessageToJson", "MessageToDict"])
def test_what_cannot_be_written_fails_alike(name: str, text: str, function: str) -> None:
    got = []
    for runtime in (GOOGLE, RUSSET):
        message = runtime.text_format.Parse(text, getattr(runtime.classes, name)())
        got.append(wrote(function, runtime, message))
    assert got[0] == got[1]


def test_extensions_are_written_alike() -> None:
    text = "[russet.test2.x_int32]: 5 [russet.test2.x_message] { id: 1 } [russet.test2.x_list]: 1 [russet.test2.Scope.x_scoped]: true"
    for runtime in (GOOGLE, RUSSET):
        message = runtime.text_format.Parse(text, runtime.classes.Defaults())
        written = wrote("MessageToDict", runtime, message)
        assert written == {
            "[russet.test2.x_int32]": 5,
            "[russet.test2.x_message]": {"id": 1},
            "[russet.test2.x_list]": [1],
            "[russet.test2.Scope.x_scoped]": True,
        }
        back = JSON[runtime.name].ParseDict(written, runtime.classes.Defaults())
        assert back == message


def read(runtime: Runtime, name: str, text: Any, **options: Any) -> Any:
    """What parsing gives: the message, or the error."""
    module = JSON[runtime.name]
    message = getattr(runtime.classes, name)()
    runtime.text_format.Parse(options.pop("before", ""), message)
    options.setdefault("descriptor_pool", runtime.pool)
    function = module.Parse if isinstance(text, (str, bytes)) else module.ParseDict
    error = None
    try:
        function(text, message, **options)
    except Exception as caught:
        error = (type(caught).__name__, str(caught))
    data = message.SerializePartialToString(deterministic=True)
    return error, data


VALID = [
    *(("All", text, {}) for text in (
        "{}", ' { "fInt32" : 5 } ', '{"f_int32": 5}', '{"fInt32": "5", "fInt64": "-7", "fUint64": 18446744073709551615, "fFixed32": 1.0, "fSint64": 1e3}',
        '{"fInt32": "1e2", "fInt64": "1.0", "fUint32": "+5", "fSint32": "007"}', '{"fDouble": 1, "fFloat": 1.5, "oDouble": "1e3"}', '{"fDouble": "NaN", "fFloat": "-Infinity", "oDouble": "Infinity"}', '{"fDouble": "inf", "fFloat": "1_0.5"}', '{"fDouble": true}',
        '{"fBool": true, "oBool": false}', '{"fString": "\\u00e9\\ud83d\\ude00\\n\\"\\/", "oString": ""}', '{"fBytes": "/+8="}', '{"fBytes": "_-8"}', '{"fBytes": ""}', '{"fBytes": "YQ", "oBytes": "Y Q=="}', '{"rBytes": ["YWI=", "YWI", "YWJj"]}',
        '{"fEnum": "BLUE", "oEnum": 5}', '{"fEnum": 99}', '{"fEnum": "1"}', '{"fEnum": 1.0}', '{"fEnum": true}', '{"rEnum": ["RED", 5, -3]}',
        '{"fSub": {"x": 1, "next": {"s": "a"}}, "fInner": {}}', '{"rInt32": [1, "2", 3.0], "rString": [], "rSub": [{}, {"x": 1}]}', '{"fInt32": null, "rInt32": null, "mStringInt32": null, "fSub": null, "cInt32": null, "cString": "a"}',
        '{"mStringInt32": {"a": 1, "": 2}, "mInt32Sub": {"-1": {"x": 1}}, "mBoolFloat": {"true": 1, "false": 2}, "mUint64Bytes": {"18446744073709551615": "YQ=="}, "mSint32Enum": {"5": "BLUE"}}',
        '{"wTimestamp": "1972-01-01T10:00:20.021Z", "wDuration": "-3.5s", "wMask": "fooBar.baz,q", "wInt32": 5}', '{"wTimestamp": "1972-01-01T10:00:20-05:00", "wMask": ""}', '{"wStruct": {"a": 1, "b": null, "c": [true, "x", {}, []], "d": {"e": 1.5}}, "wValue": null, "wList": [1, null]}', '{"wValue": {"a": [1]}}', '{"wValue": 5}', '{"wValue": "x"}', '{"wValue": false}', '{"wValue": []}',
        '{"wAny": {"@type": "type.googleapis.com/russet.test.Sub", "x": 5, "next": {"x": 6}}}', '{"wAny": {"x": 5, "@type": "russet.test.Sub"}}', '{"wAny": {}}', '{"wAny": {"@type": "x/google.protobuf.Duration", "value": "1s"}}', '{"wAny": {"@type": "x/google.protobuf.Int32Value", "value": 5}}', '{"wAny": {"@type": "x/google.protobuf.Any", "value": {"@type": "y/russet.test.Sub", "x": 1}}}', '{"wAny": {"@type": "x/google.protobuf.Struct", "value": {"a": 1}}}',
        '{"cSub": {}}', '{"cInt32": 0}', '{"far": 1}',
    )),
    ("All", '{"nope": 1, "fSub": {"nope": [{}]}, "fEnum": "NOPE", "rEnum": ["RED", "NOPE"], "mSint32Enum": {"1": "NOPE"}, "fInt32": 5}', {"ignore_unknown_fields": True}),
    ("All", '{"fInt32": 2, "rInt32": [2], "fSub": {"s": "a"}, "mStringInt32": {"b": 1}}', {"before": "f_int32: 1 r_int32: 1 f_sub { x: 1 } m_string_int32 { key: 'a' }"}),
    ("All", '{"fSub": {"next": {"next": {}}}}', {"max_recursion_depth": 4}),
    ("All", b'{"fString": "\xc3\xa9"}', {}),
    ("Defaults", '{"dInt32": 5, "dEnum": "ONE", "[russet.test2.x_int32]": 5, "grouped": {"inside": 1}}', {}),
    ("Defaults", '{"[russet.test2.x_list]": [1, 2]}', {}),
    ("Defaults", '{"[russet.test2.x_int32.ignored]": 5}', {}),
    *(("All", value, {}) for value in (
        {}, {"fInt32": 5, "f_string": "é", "rInt32": (1, 2), "fDouble": 1, "fBool": True}, {"mInt32Sub": {1: {"x": 2}}}, {"fBytes": b"YQ=="}, {"wStruct": {"a": (1, None)}},
    )),
]  # fmt: skip

WRONG = [
    *(("All", text, {}) for text in (
        "", "{", "[", "nul", '{"a"}', "{'a': 1}", '{"fInt32": }', '{"fInt32": 1} x', '{"fString": "\\x"}', '{"fString": "a\nb"}', '{"fString": "\\ud800"}', '{"fString": "abc', '\ufeff{}',
        "5", "null", "true", '{"nope": 1}', '{"fSub": {"nope": 1}}', '{"fInt32": "x"}', '{"fInt32": 1.5}', '{"fInt32": "1.5"}', '{"fInt32": " 1"}', '{"fInt32": true}', '{"fInt32": []}', '{"fInt32": {}}', '{"fInt32": NaN}', '{"fInt32": Infinity}',
        '{"fDouble": NaN}', '{"fDouble": Infinity}', '{"fDouble": -Infinity}', '{"fDouble": 1e999}', '{"fFloat": 1e39}', '{"fFloat": -1e39}', '{"fDouble": "nan"}', '{"fDouble": "x"}', '{"fDouble": []}',
        '{"fBool": 1}', '{"fBool": "true"}', '{"fString": 5}', '{"fEnum": "NOPE"}', '{"fEnum": []}', '{"rInt32": 5}', '{"rInt32": {"a": [1, null, true, "x", 1.0, "it\'s"]}}', '{"rInt32": [1, null]}', '{"rSub": [null]}', '{"rInt32": [1, "x"]}', '{"rSub": [{"x": 1}, {"x": "y"}]}', '{"fSub": 5}', '{"oSub": 5}', '{"fSub": true}',
        '{"mStringInt32": [1]}', '{"mInt32Sub": {"x": {}}}', '{"mBoolFloat": {"True": 1}}', '{"mStringInt32": {"a": null}}', '{"mStringInt32": {"a": "x"}}', '{"mInt32Sub": {"5": {"x": "y"}}}', '{"mInt32Sub": {"5": {"nope": 1}}}', '{"mStringString": {"a": 5}}',
        '{"cInt32": 1, "cString": "a"}', '{"oInt32": "x"}', '{"cSub": {"x": "y"}}', '{"wTimestamp": 5}', '{"wTimestamp": "1970-01-01T00:00:00"}', '{"wTimestamp": "1970-01-01T00:00:00.1234567891Z"}', '{"wTimestamp": "1970-01-01t00:00:00Z"}', '{"wTimestamp": "1970-01-01T00:00:00Zx"}', '{"wDuration": "1"}', '{"wDuration": "xs"}', '{"wDuration": 5}', '{"wDuration": "315576000001s"}', '{"wMask": "foo_bar"}', '{"wMask": 5}', '{"wMask": ["a"]}', '{"wInt32": "x"}', '{"wInt32": {}}',
        '{"wStruct": 5}', '{"wStruct": [1]}', '{"wList": {}}', '{"wList": 5}', '{"wAny": {"x": 5}}', '{"wAny": {"@type": "x/nope.Nope"}}', '{"wAny": {"@type": "x/russet.test.Sub", "nope": 1}}', '{"wAny": {"@type": "x/google.protobuf.Duration", "value": 5}}',
        '{"[russet.test2.x_int32]": 5}', '{"[a-b]": 5}',
    )),
    ("Defaults", '{"[russet.test2.nope]": 5}', {}),
    ("Defaults", '{"dEnum": 77}', {}),
    ("Defaults", '{"dEnum": "THREE"}', {}),
    ("Defaults", '{"[russet.test2.x_int32]": "x"}', {}),
    ("All", '{"[russet.test2.x_int32]": 5}', {"ignore_unknown_fields": True}),
    ("All", '{"fSub": {"next": {"next": {}}}}', {"max_recursion_depth": 3}),
    ("All", "{}", {"max_recursion_depth": 0}),
    *(("All", value, {}) for value in ({"fInt32": "x"}, {"fBool": 1}, {"fString": 5}, 5, {"fSub": 5}, {"wStruct": {"a": b"x"}}, {5: 5})),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "options"), VALID + WRONG, ids=repr)
def test_json_is_read_alike(name: str, text: Any, options: dict[str, Any]) -> None:
    assert read(RUSSET, name, text, **options) == read(GOOGLE, name, text, **options)


@pytest.mark.parametrize(("name", "text", "options"), VALID, ids=repr)
def test_valid_json_has_no_error(name: str, text: Any, options: dict[str, Any]) -> None:
    assert read(RUSSET, name, text, **options)[0] is None


# Where the original takes what the specification forbids, or its text is an accident of its implementation.
DIFFERENT = [
    ('{"fInt32": 1, "fInt32": 2}', "Failed to load JSON: duplicate key fInt32."),
    ('{"fSub": ""}', "'str' object is no JSON object"),
    ('{"fSub": []}', "'list' object is no JSON object"),
    ('{"fEnum": 1.5}', "Invalid enum value 1.5 for enum type russet.test.Color"),
    ('{"fInt32": 2147483648}', "Value out of range: 2147483648"),
    ('{"fUint32": -1}', "Value out of range: -1"),
    ('{"fUint64": 18446744073709551616}', "Value out of range: 18446744073709551616"),
    ('{"fInt64": 99999999999999999999999999999999999999999999}', "Value out of range: 9999"),
    ('{"fEnum": 2147483648}', "Value out of range: 2147483648"),
    ('{"fBytes": "a"}', "Invalid base64-encoded string"),
    ('{"fBytes": 5}', "expected base64 in a str, got 'int'"),
    ('{"wTimestamp": "1970-02-30T00:00:00Z"}', "day is out of range for month"),
    ('{"wAny": 5}', "an Any must be in a dict, not 'int'"),
    ('{"wAny": {"@type": 5}}', "@type must be a str, not 'int'"),
    ('{"wAny": {"@type": "x/google.protobuf.Duration"}}', "KeyError: 'value'"),
    ('{"rSub": [' + "[" * 3000 + "]" * 3000 + "]}", "'list' object is no JSON object"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), DIFFERENT, ids=lambda case: case[:60])
def test_what_is_no_message_is_a_parse_error(text: str, reason: str) -> None:
    error, _ = read(RUSSET, "All", text)
    assert error[0] == "ParseError"
    assert reason in error[1]


def test_names_of_enum_values_that_json_alone_has() -> None:
    from russet.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="names.proto", package="n", syntax="proto3")
    enum = file.enum_type.add(name="E")
    enum.value.add(name="A", number=0)
    enum.value.add(name="B", number=1).options.MergeFromString(b"\xb2\x3e\x03\n\x01b")
    field = file.message_type.add(name="M").field.add(name="e", number=1, type=14, type_name=".n.E")
    field.label = 1
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    cls = message_factory.GetMessageClass(pool.FindMessageTypeByName("n.M"))
    assert russet_json.MessageToDict(cls(e=1)) == {"e": "b"}
    for text in ('{"e": "b"}', '{"e": "B"}', '{"e": 1}'):
        assert russet_json.Parse(text, cls()).e == 1


def test_the_greatest_float_comes_back() -> None:
    for value in (3.4028234663852886e38, -3.4028234663852886e38):
        message = RUSSET.classes.All(f_float=value)
        text = russet_json.MessageToJson(message)
        assert russet_json.Parse(text, RUSSET.classes.All()) == message


def test_a_dict_that_holds_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["next"] = endless
    with pytest.raises(russet_json.ParseError, match="Message too deep"):
        russet_json.ParseDict({"fSub": endless}, RUSSET.classes.All())


def test_deep_json_is_refused_without_harm() -> None:
    deep = '{"wValue": ' + "[" * 100_000 + "]" * 100_000 + "}"
    error, _ = read(RUSSET, "All", deep)
    assert "Message too deep. Max recursion depth is 100" in error[1]


def test_functions_that_take_the_class() -> None:
    sub = RUSSET.classes.Sub(x=5, s="a")
    assert proto_json.serialize(sub) == {"x": 5, "s": "a"}
    assert proto_json.parse(RUSSET.classes.Sub, {"x": 5, "s": "a"}) == sub
    assert proto_text.serialize(sub, as_one_line=True) == 'x: 5 s: "a"'
    assert proto_text.parse(RUSSET.classes.Sub, "x: 5 s: 'a'") == sub


@given(ALL, st.sampled_from(OPTIONS))
@settings(max_examples=EXAMPLES, deadline=None)
def test_random_messages_are_written_alike_and_come_back(
    content: dict[str, Any], options: dict[str, Any]
) -> None:
    theirs, ours = build(content)
    theirs_dict = wrote("MessageToDict", GOOGLE, theirs, **options)
    ours_dict = wrote("MessageToDict", RUSSET, ours, **options)
    assert ours_dict == theirs_dict
    text = wrote("MessageToJson", RUSSET, ours, sort_keys=True, **options)
    assert text == wrote("MessageToJson", GOOGLE, theirs, sort_keys=True, **options)
    if isinstance(ours_dict, tuple):
        return
    assert json.loads(text) == ours_dict
    for form in (text, ours_dict):
        got = read(RUSSET, "All", form)
        # The original does not read its own text of the greatest float.
        if "3.4028235e+38" not in text:
            assert got == read(GOOGLE, "All", form)
        if "nan" not in repr(content):
            assert got[1] == deterministic(ours)


@given(ALL, st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_damaged_json_is_taken_or_refused_alike(content: dict[str, Any], data: Any) -> None:
    message = GOOGLE.classes.All(**content)
    text = wrote("MessageToJson", GOOGLE, message)
    if isinstance(text, tuple):
        return
    at = data.draw(st.integers(0, len(text)))
    junk = data.draw(st.text('{}[]:,"\\-+.eE01ax \n\t', max_size=4))
    text = text[:at] + junk + text[data.draw(st.integers(at, len(text))) :]
    # The original does not read its own text of the greatest float.
    assume("3.402823" not in text)
    theirs, ours = read(GOOGLE, "All", text), read(RUSSET, "All", text)
    assert (ours[0] is None) == (theirs[0] is None), (ours, theirs)
    if ours[0] is None:
        assert ours[1] == theirs[1]


def test_floats_are_written_alike() -> None:
    for exponent in range(-149, 127, 2):
        for factor in (1.0, 1.1, 1 / 3, 9.99999):
            theirs, ours = build({"f_float": math.ldexp(factor, exponent)})
            assert wrote("MessageToJson", RUSSET, ours) == wrote("MessageToJson", GOOGLE, theirs)


def repeated(runtime: Runtime, kind: str) -> Any:
    """An empty message with nothing but repeated values of a kind, by its name of `FieldDescriptorProto.Type`."""
    descriptors = runtime.descriptor_pb2
    file = descriptors.FileDescriptorProto(
        name=f"repeated_{kind}.proto", package="repeated", syntax="proto3"
    )
    field = file.message_type.add(name=kind).field.add(name="values", number=1, label=3)
    field.type = getattr(field, f"TYPE_{kind}")
    if kind == "ENUM":
        field.type_name = ".repeated.Enum"
        enum = file.enum_type.add(name="Enum")
        enum.value.add(name="ZERO", number=0)
    pool = type(runtime.pool)()
    pool.AddSerializedFile(file.SerializeToString())
    factory = google_factory if runtime.name == "google" else message_factory
    return factory.GetMessageClass(pool.FindMessageTypeByName(f"repeated.{kind}"))()


# Around what is written at once; the values below take ten bytes or more each.
@pytest.mark.parametrize("count", [0, 1, 2, 150, 1000])
@pytest.mark.parametrize(
    "indent", [None, 0, 2, "\t", " " * 4070, " " * 5000], ids=lambda each: repr(each)[:6]
)
@pytest.mark.parametrize("kind", ["INT32", "UINT32", "INT64", "UINT64", "ENUM"])
def test_lists_of_integers_are_written_alike(kind: str, indent: Any, count: int) -> None:
    """Lists are written in one go, however long they and their indents are."""
    numbers: list[int] = []
    if kind == "ENUM":
        numbers = [0, 7]
    else:
        bits = int(kind[-2:])
        numbers = [0, 9, 10, 2**31 - 1, 2 ** (bits - 1) - 1]
        numbers += [2**bits - 1] if kind[0] == "U" else [-1, -(2 ** (bits - 1))]
    values = (numbers * count)[:count]
    texts = []
    for runtime in (GOOGLE, RUSSET):
        message = repeated(runtime, kind)
        message.values.extend(values)
        texts.append(JSON[runtime.name].MessageToJson(message, indent=indent))
    assert texts[1] == texts[0]
    assert len(json.loads(texts[1]).get("values", [])) == count
