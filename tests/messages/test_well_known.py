"""The well-known types' own methods, compared with the original's."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from .outcomes import check

SETUP = "import datetime\nt = m.w_timestamp\nu = m.w_duration\ns = m.w_struct\nl = m.w_list\na = m.w_any\nk = m.w_mask\n"
CODE = [
    # Timestamp.
    *(f"t.FromJsonString({text!r})\n(t.seconds, t.nanos)" for text in (
        "1970-01-01T00:00:00Z", "1972-01-01T10:00:20.021Z", "1972-01-01T10:00:20.021-05:00", "2020-02-29T23:59:59.999999999+01:30",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "x", "1970-01-01T00:00:00", "1970-01-01t00:00:00Z", "1970-01-01T00:00:00.1234567891Z",
        "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00+0100", "0001-01-01T00:00:00+01:00", "1970-01-01T25:00:00Z", "", "1970-01-01T00:00:00.5+00:00",
    )),
    "t.FromJsonString(5)",
    *(f"t.seconds, t.nanos = {value}\nt.ToJsonString()" for value in ((0, 0), (5, 10**6), (5, 10**3), (5, 1), (-1, 999999999), (253402300800, 0), (0, -1), (0, 10**9))),
    *(f"t.seconds, t.nanos = -5, 123456789\nt.{name}()" for name in ("ToNanoseconds", "ToMicroseconds", "ToMilliseconds", "ToSeconds")),
    *(f"t.{name}({value})\n(t.seconds, t.nanos)" for name in ("FromNanoseconds", "FromMicroseconds", "FromMilliseconds", "FromSeconds") for value in (0, 1234567890123, -1234567890123, 10**21)),
    "t.FromDatetime(datetime.datetime(2020, 1, 2, 3, 4, 5, 678901))\n(t.seconds, t.nanos)",
    "t.FromDatetime(datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=5))))\nt.seconds", "t.FromDatetime(5)",
    "t.FromSeconds(86400)\nstr(t.ToDatetime())", "t.FromSeconds(86400)\nstr(t.ToDatetime(datetime.timezone.utc))", "t.GetCurrentTime()\nabs(t.ToDatetime() - datetime.datetime.utcfromtimestamp(0)).days > 18000 or m.Clear()\nt.seconds = t.nanos = 0",
    "m.w_timestamp = datetime.datetime(2020, 1, 1)\nm", "m.w_timestamp = 5", "All(w_timestamp=datetime.datetime(2020, 1, 1))", "All(w_timestamp={'seconds': 5})",
    "t.seconds = 5\nstr(t + datetime.timedelta(seconds=1))", "t.seconds = 5\nstr(t - datetime.timedelta(seconds=1))", "t.seconds = 5\nstr(t - t)", "t.seconds = 5\nu.seconds = 2\nstr(t + u), str(t - u), str(u + t)",
    # Duration.
    *(f"u.FromJsonString({text!r})\n(u.seconds, u.nanos)" for text in ("0s", "1.5s", "-1.5s", "-0.5s", "3.000000001s", "1", "xs", "315576000001s", "1.0000000001s", "s", ".5s", "-0s")),
    *(f"u.seconds, u.nanos = {value}\nu.ToJsonString()" for value in ((0, 0), (1, 5 * 10**8), (-1, -5 * 10**8), (0, -1), (1, -1), (315576000001, 0), (0, 10**9), (3, 1000), (-3, -1000000))),
    *(f"u.seconds, u.nanos = -5, -123456789\nu.{name}()" for name in ("ToNanoseconds", "ToMicroseconds", "ToMilliseconds", "ToSeconds")),
    *(f"u.{name}({value})\n(u.seconds, u.nanos)" for name in ("FromNanoseconds", "FromMicroseconds", "FromMilliseconds", "FromSeconds") for value in (0, 1234567890123, -1234567890123)),
    "u.FromTimedelta(datetime.timedelta(days=-1, microseconds=5))\n(u.seconds, u.nanos)", "u.FromTimedelta(5)", "u.FromMilliseconds(-1500)\nstr(u.ToTimedelta())", "m.w_duration = datetime.timedelta(seconds=3)\nm", "All(w_duration=datetime.timedelta(seconds=3))",
    # Struct, Value, ListValue.
    "s['a'] = 1\ns['b'] = 'x'\ns['c'] = None\ns['d'] = True\ns['e'] = [1, {'f': 2}]\ns['g'] = {'h': []}\n(s['a'], s['b'], s['c'], s['d'], len(s['e']), s['g']['h'].values)", "s['x']", "s['a'] = object()", "s.update({'a': 1})\n('a' in s, 'b' in s, len(s), sorted(s), s.items())",
    "s.update({'a': 1})\ndel s['a']\nlen(s)", "s.get_or_create_struct('a')['b'] = 1\nm", "s.get_or_create_list('a').extend([1, 'x', None])\nm", "s.update({'a': [1, {'b': 2}]})\ns == {'a': [1, {'b': 2}]}", "s.update({'a': 1})\ns == {'a': 2}",
    "m.w_struct = {'a': {'b': [1, 2]}}\nm", "All(w_struct={'a': 1})", "m.w_list = [1, 'x']\nm", "All(w_list=[1, [2]])", "l.append(1)\nl.extend(['x', None, True])\n(len(l), l[0], l[1], l[2], list(l.items()))", "l.extend([1, 2])\nl[0] = 'x'\ndel l[1]\nm", "l.add_struct()['a'] = 1\nl.add_list().append(2)\nm", "l.extend([1, [2]])\nl == [1, [2]]", "l[0]", "s.values(), s.keys()",
    # Any.
    "a.Pack(Sub(x=5))\n(a.type_url, a.value, a.TypeName(), a.Is(Sub.DESCRIPTOR), a.Is(All.DESCRIPTOR))", "a.Pack(Sub(x=5))\ns = Sub()\n(a.Unpack(s), s)", "a.Pack(Sub(x=5), 'my.prefix')\n(a.Unpack(All()), a.type_url)", "a.Is(Sub.DESCRIPTOR)", "a.Pack(Sub(children={'a': {}, 'b': {}}), deterministic=True)\nm",
    # FieldMask.
    "k.FromJsonString('fooBar,baz.quxQuux')\n(list(k.paths), k.ToJsonString())", "k.FromJsonString('foo_bar')", "k.paths.append('Foo')\nk.ToJsonString()", "k.paths.append('foo_')\nk.ToJsonString()", "k.paths.append('foo_1')\nk.ToJsonString()", "k.FromJsonString('')\nlist(k.paths)", "k.FromJsonString(5)",
    "k.paths.extend(['x', 'next.x', 'next.nope'])\nk.IsValidForDescriptor(Sub.DESCRIPTOR)", "k.paths.extend(['x', 'next.x'])\nk.IsValidForDescriptor(Sub.DESCRIPTOR)", "k.paths.extend(['l.x'])\nk.IsValidForDescriptor(Sub.DESCRIPTOR)", "k.AllFieldsFromDescriptor(Sub.DESCRIPTOR)\nlist(k.paths)",
    "o = All().w_mask\no.paths.extend(['b', 'a.b', 'a', 'b.c.d'])\nk.CanonicalFormFromMask(o)\nlist(k.paths)", "o = All().w_mask\np = All().w_mask\no.paths.extend(['a.b', 'c'])\np.paths.extend(['a', 'd'])\nk.Union(o, p)\nlist(k.paths)", "o = All().w_mask\np = All().w_mask\no.paths.extend(['a.b', 'c', 'e'])\np.paths.extend(['a', 'c.d', 'f'])\nk.Intersect(o, p)\nlist(k.paths)",
    "l.extend([1, 'x'])\n(1 in l, 2 in l)", "k.Union(Sub(), Sub())", "k.paths.extend(['x', 'next.s', 'l'])\np = Sub(x=9, l=[5])\nk.MergeMessage(Sub(x=1, s='no', next={'x': 2, 's': 'yes'}, l=[1]), p)\np", "k.paths.extend(['next', 'l'])\np = Sub(l=[5], next={'x': 1})\nk.MergeMessage(Sub(next={'s': 'a'}, l=[1]), p, True, True)\np", "k.paths.append('nope')\nk.MergeMessage(Sub(), Sub())", "k.paths.append('x.y')\nk.MergeMessage(Sub(), Sub())",
    # Wrappers.
    "m.w_int32.value = 0\nm", "All(w_int32={'value': 3}, w_string={'value': ''})",
]  # fmt: skip


@pytest.mark.parametrize("code", CODE)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_well_known_types(both: tuple[Any, Any], code: str) -> None:
    check(both, SETUP + code)


def test_now_is_now(russet: Any) -> None:
    stamp = russet.classes.All().w_timestamp
    before = datetime.datetime.now(tz=datetime.timezone.utc)
    stamp.GetCurrentTime()
    after = datetime.datetime.now(tz=datetime.timezone.utc)
    assert before <= stamp.ToDatetime(datetime.timezone.utc) <= after


def test_the_modules_of_well_known_types_import() -> None:
    from russet.protobuf import (
        any_pb2,
        api_pb2,
        descriptor_pb2,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        source_context_pb2,
        struct_pb2,
        timestamp_pb2,
        type_pb2,
        wrappers_pb2,
    )
    from russet.protobuf.compiler import plugin_pb2

    packed = any_pb2.Any()
    packed.Pack(timestamp_pb2.Timestamp(seconds=1))
    assert packed.Is(timestamp_pb2.Timestamp.DESCRIPTOR)
    assert struct_pb2.NULL_VALUE == 0
    assert wrappers_pb2.BoolValue(value=True).value is True
    assert empty_pb2.Empty() == empty_pb2.Empty()
    assert field_mask_pb2.FieldMask(paths=["a"]).ToJsonString() == "a"
    assert duration_pb2.Duration(seconds=1).ToJsonString() == "1s"
    assert api_pb2.Api(name="a").name == type_pb2.Type(name="a").name
    assert source_context_pb2.SourceContext().file_name == ""
    assert plugin_pb2.CodeGeneratorRequest().ByteSize() == 0
    assert descriptor_pb2.FieldDescriptorProto.TYPE_STRING == 9
