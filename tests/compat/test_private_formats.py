"""The classes behind `json_format` and `text_format`, which programs subclass and change: with the original and with Russet, such programs print the same."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

# Seconds; far beyond what one takes.
LIMIT = 50
BEGINNINGS = {"original": "", "russet": "import russet; russet.install()\n"}
MESSAGES = """
import json
from google.protobuf import any_pb2, api_pb2, descriptor_pb2, duration_pb2, field_mask_pb2, json_format, struct_pb2, text_format, timestamp_pb2, type_pb2, wrappers_pb2
P = descriptor_pb2
struct = struct_pb2.Struct()
struct.update({"a": [1, 2.5, "x", None, True, {"b": {}}], "e": [], "n": None, "s": "\\u00fc"})
packed = [any_pb2.Any() for _ in range(4)]
packed[0].Pack(duration_pb2.Duration(seconds=3, nanos=500000000))
packed[1].Pack(wrappers_pb2.Int64Value(value=2**53))
packed[2].Pack(type_pb2.Option(name="n", value=packed[0]))
file = P.FileDescriptorProto(name="f.proto", syntax="proto2", public_dependency=[0, 2], message_type=[P.DescriptorProto(name="M", field=[P.FieldDescriptorProto(name="x", number=1, type=P.FieldDescriptorProto.TYPE_BYTES, default_value="\\\\001", json_name="X")])])
file.options.java_package = "j"
file.options.optimize_for = P.FileOptions.CODE_SIZE
file.options.uninterpreted_option.add(double_value=1e-300, string_value=b"\\xff\\x00'\\"", positive_int_value=2**64 - 1, negative_int_value=-2**63)
MESSAGES = [
    struct, *packed, file, type_pb2.Type(name="t", syntax=type_pb2.SYNTAX_PROTO3, fields=[type_pb2.Field(kind=type_pb2.Field.TYPE_BOOL, packed=True)]),
    type_pb2.Field(kind=77), api_pb2.Api(name="a", methods=[api_pb2.Method(request_streaming=True)]),
    wrappers_pb2.FloatValue(value=0.1), wrappers_pb2.DoubleValue(value=float("nan")), wrappers_pb2.FloatValue(value=float("-inf")), wrappers_pb2.UInt64Value(value=5),
    wrappers_pb2.BytesValue(value=b"\\xfb\\xff"), wrappers_pb2.BoolValue(), timestamp_pb2.Timestamp(seconds=1, nanos=5), field_mask_pb2.FieldMask(paths=["a_b.c", "d"]),
    struct_pb2.Value(), struct_pb2.Value(number_value=1), struct_pb2.ListValue(values=[struct_pb2.Value(bool_value=False)]), type_pb2.Type(),
]
def show(made):
    # Maps of the original are in any order.
    return json.dumps(made, sort_keys=True)
"""


def program(code: str, on: str) -> str:
    """What a program prints on one of the two; it must end well."""
    code = BEGINNINGS[on] + MESSAGES + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def both(code: str) -> str:
    """What a program prints, which must be the same on both."""
    printed = {on: program(code, on) for on in BEGINNINGS}
    assert printed["russet"].splitlines() == printed["original"].splitlines()
    return printed["russet"]


def test_the_json_printer_prints_as_the_function_does() -> None:
    out = both(
        """
        for message in MESSAGES:
            for options in ({}, {"preserving_proto_field_name": True}, {"use_integers_for_enums": True}, {"always_print_fields_with_no_presence": True}, {"unquote_int64_if_possible": True}):
                printer = json_format._Printer(**options)
                made = printer._MessageToJsonObject(message)
                print(show(made))
                assert made == json_format.MessageToDict(message, **options), (made, options)
                print(printer.ToJsonString(message, 1, True, False))
        for bad in (struct_pb2.Value(number_value=float("inf")), any_pb2.Any(type_url="a/no.Type"), struct_pb2.Struct(fields={"k": struct_pb2.Value(number_value=float("nan"))})):
            try:
                json_format._Printer()._MessageToJsonObject(bad)
            except Exception as error:
                print(type(error).__name__, error)
        """
    )
    assert len(out.splitlines()) > 100


def test_the_json_parser_parses_as_the_function_does() -> None:
    out = both(
        """
        for message in MESSAGES:
            js = json_format.MessageToDict(message)
            again = type(message)()
            json_format._Parser(False, None, 100).ConvertMessage(js, again, "")
            assert show(json_format.MessageToDict(again)) == show(js), js
        wrong = [
            (P.FileDescriptorProto, {"name": 1}), (P.FileDescriptorProto, {"no": 1}), (P.FileDescriptorProto, {"options": {"optimizeFor": "NO"}}),
            (P.FileDescriptorProto, {"publicDependency": [1, None]}), (P.FileDescriptorProto, {"publicDependency": 5}), (P.FileDescriptorProto, {"publicDependency": [1, "x"]}),
            (P.FileDescriptorProto, {"messageType": [{"field": [{"number": 1.5}]}]}), (P.FileDescriptorProto, {"messageType": [{"field": [{"[a.b]": 1}]}]}),
            (P.FileDescriptorProto, {"options": {"[no.such]": 1}}), (struct_pb2.Struct, []), (struct_pb2.ListValue, {}), (struct_pb2.Value, {"a": b"x"}),
            (timestamp_pb2.Timestamp, "x"), (any_pb2.Any, {"x": 1}), (any_pb2.Any, {"@type": "a/no.Type"}), (type_pb2.Type, {"syntax": "NO"}),
            (wrappers_pb2.Int32Value, True), (wrappers_pb2.Int32Value, 2**31), (wrappers_pb2.BoolValue, "true"), (wrappers_pb2.FloatValue, 1e300),
            (P.UninterpretedOption, {"stringValue": "!"}), (struct_pb2.Value, {"a": {"b": [1, {"c": object}]}}), (P.FileOptions, {"javaPackage": ["a"]}),
        ]
        for kind, js in wrong:
            for ignore in (False, True):
                message = kind()
                try:
                    json_format._Parser(ignore, None, 100).ConvertMessage(js, message, "")
                    print("ok", str(message))
                except Exception as error:
                    print(type(error).__name__, str(error).split("\\n")[0][:60], [type(e).__name__ for e in (error.__cause__,)])
        deep = {}
        for _ in range(6):
            deep = {"a": deep}
        for depth in (3, 50):
            try:
                json_format._Parser(False, None, depth).ConvertMessage(deep, struct_pb2.Struct(), "")
                print("ok")
            except json_format.ParseError as error:
                print(error)
        """
    )
    assert out.endswith("ok\n")


def test_a_subclass_of_the_json_printer_may_print_its_own_way() -> None:
    out = both(
        """
        class Printer(json_format._Printer):
            def _FieldToJsonObject(self, field, value):
                if field.type == field.TYPE_BYTES:
                    return value.hex()
                if field.message_type is None and field.cpp_type == field.CPPTYPE_UINT64:
                    return value
                return super()._FieldToJsonObject(field, value)
            def _RegularMessageToJsonObject(self, message, js):
                js["is"] = message.DESCRIPTOR.name
                return super()._RegularMessageToJsonObject(message, js)
            def _StructMessageToJsonObject(self, message):
                return sorted(message.fields)
        for message in MESSAGES:
            print(show(Printer(preserving_proto_field_name=True)._MessageToJsonObject(message)))
        class Parser(json_format._Parser):
            def _ConvertFieldValuePair(self, js, message, path):
                js = {name.lower(): value for name, value in js.items()}
                super()._ConvertFieldValuePair(js, message, path)
        message = P.FileDescriptorProto()
        Parser(False, None, 100).ConvertMessage({"NAME": "x", "OPTIONS": {"Deprecated": True}}, message, "")
        print(message)
        # The functions are as they were.
        print(show(json_format.MessageToDict(struct)), json_format.MessageToJson(packed[0], indent=None))
        """
    )
    assert '"is": "FileDescriptorProto"' in out


@pytest.mark.parametrize("imported_before", [True, False])
def test_a_type_is_given_a_json_of_its_own(imported_before: bool) -> None:
    """As feast does: the functions go by it, also those that were imported before."""
    first = "from google.protobuf.json_format import MessageToDict, MessageToJson, Parse, ParseDict"
    out = both(
        f"""
        {first if imported_before else ""}
        setattr(json_format._Printer, "_to", lambda printer, message: "".join(f"<{{value}}>" for value in message.paths))
        def read(parser, value, message, path):
            message.paths.extend(value[1:-1].split("><"))
        setattr(json_format._Parser, "_from", read)
        json_format._WKTJSONMETHODS["google.protobuf.FieldMask"] = ["_to", "_from"]
        {first}
        mask = field_mask_pb2.FieldMask(paths=["a_b", "c"])
        inner = any_pb2.Any()
        inner.Pack(mask)
        print(MessageToDict(mask), MessageToJson(mask), show(MessageToDict(message=inner)), MessageToJson(inner, indent=None, sort_keys=True))
        print(Parse('"<x><y>"', field_mask_pb2.FieldMask()), ParseDict("<z>", field_mask_pb2.FieldMask(), ignore_unknown_fields=True))
        print(json_format.Parse(b'"<x>"', message=field_mask_pb2.FieldMask()))
        for message in MESSAGES:
            print(show(MessageToDict(message)), MessageToJson(message, indent="\\t", sort_keys=True))
        for text in ('{{"a": 1, "a": 2}}', "{{", '{{"name": [1]}}', '{{"name": "x"}}'):
            try:
                print(Parse(text, P.FileDescriptorProto()))
            except json_format.ParseError as error:
                print(str(error)[:40])
        """
    )
    assert out.startswith('<a_b><c> "<a_b><c>" ')


@pytest.mark.parametrize(
    "change",
    [
        'json_format._Printer._GenericMessageToJsonObject = lambda printer, message: "mine"',
        'json_format._WKTJSONMETHODS["google.protobuf.Duration"][0] = "_own"; json_format._Printer._own = lambda printer, message: "mine"',
        'json_format._WKTJSONMETHODS.update({"google.protobuf.Duration": ["_own", ""]}); json_format._Printer._own = lambda printer, message: "mine"',
        "del json_format._WKTJSONMETHODS['google.protobuf.Duration']",
        'json_format._Printer = type("Mine", (json_format._Printer,), {"_MessageToJsonObject": lambda printer, message: "mine"})',
    ],
)
def test_any_change_of_the_classes_counts(change: str) -> None:
    out = both(
        f"""
        before = json_format.MessageToJson(duration_pb2.Duration(seconds=1))
        {change}
        print(before, json_format.MessageToJson(duration_pb2.Duration(seconds=1)), json_format.MessageToDict(duration_pb2.Duration(seconds=1)))
        """
    )
    assert out.startswith('"1s" ')
    assert out != '"1s" "1s" 1s\n'


def test_the_text_printer_prints_as_the_function_does() -> None:
    out = both(
        """
        import io
        message = P.FileOptions()
        message.MergeFromString(bytes([0xc0, 0x3e, 5, 0xca, 0x3e, 2, 8, 1, 0xd2, 0x3e, 2, 255, 255, 0xdb, 0x3e, 8, 1, 0xdc, 0x3e]))
        for message in [*MESSAGES, message]:
            for options in ({}, {"as_one_line": True, "as_utf8": False}, {"use_short_repeated_primitives": True, "pointy_brackets": True}, {"use_index_order": True, "indent": 3}, {"use_field_number": True, "force_colon": True}, {"print_unknown_fields": True}, {"print_unknown_fields": True, "as_one_line": True}, {"message_formatter": lambda message, indent, line: "own" if message.DESCRIPTOR.name == "Value" else None}):
                out, function = io.StringIO(), io.StringIO()
                text_format._Printer(out, **options).PrintMessage(message)
                text_format.PrintMessage(message, function, **options)
                assert out.getvalue() == function.getvalue(), (out.getvalue(), function.getvalue())
                print(out.getvalue())
        class Printer(text_format._Printer):
            def PrintFieldValue(self, field, value):
                if field.type == field.TYPE_STRING:
                    self.out.write("'secret'")
                else:
                    super().PrintFieldValue(field, value)
        Printer(out := io.StringIO()).PrintMessage(file)
        print(out.getvalue())
        """
    )
    assert "'secret'" in out


def test_the_text_parser_parses_as_the_function_does() -> None:
    both(
        """
        for message in MESSAGES:
            lines = text_format.MessageToString(message).split("\\n")
            for parse in ("ParseLines", "MergeLines"):
                again = type(message)()
                getattr(text_format._Parser(), parse)(lines, again)
                assert again == message or "nan" in str(message), message
        texts = [
            "name: 'a' name: 'b'", "name: 5", "no: 5", "5: 'a'", "name 'a'", "options < java_package: 'x' >", "options { java_package: 'x'", "public_dependency: [1, 2,", "public_dependency: []",
            "public_dependency: [1, 2] public_dependency: 3; message_type: [{name: 'a'}, {name: 'b'}]", "options { [no.ext]: 5 }", "[no.ext] { a: 1 }", "options { optimize_for: NO }", "public_dependency: 99999999999",
            "no { a: 1 b { c: 'x' 'y' } d: [1, {}] [e.f.h/g.H]: 2 } name: 'k'", "no: {a: 1}", "no: -inf", "no: [1, 'x'", "name: 'a' # c",
        ]
        for text in texts:
            for options in ({}, {"allow_unknown_field": True}, {"allow_unknown_extension": True}, {"allow_field_number": True}):
                message = P.FileDescriptorProto()
                try:
                    print(text_format._Parser(**options).ParseLines(text.split("\\n"), message))
                except text_format.ParseError as error:
                    print(str(error)[:40], error.GetLine(), error.GetColumn())
        for text in ("[a/google.protobuf.Duration] { seconds: 3 }", "[/google.protobuf.Duration] {}", "[google.protobuf.Duration] {}", "[a%2/google.protobuf.Duration] {}", "[a/no.Type] {}", "[a/b/google.protobuf.Duration]: < >", "[a/1x] {}"):
            try:
                print(text_format._Parser().MergeLines([text], any_pb2.Any()))
            except text_format.ParseError as error:
                print(str(error)[:40])
        class Parser(text_format._Parser):
            def _MergeScalarField(self, tokenizer, message, field):
                print(field.name, tokenizer.token)
                super()._MergeScalarField(tokenizer, message, field)
        print(Parser(max_recursion_depth=3).MergeLines([b"name: 'x'", "options { java_package: 'y' }"], P.FileDescriptorProto()))
        try:
            Parser(max_recursion_depth=1).MergeLines(["options { java_package: 'y' }"], P.FileDescriptorProto())
        except text_format.ParseError as error:
            print(error)
        """
    )
