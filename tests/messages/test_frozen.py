"""Messages that nothing can change, and options, of which changes warn."""

from __future__ import annotations

import copy
import threading
import warnings
from typing import Any

import pytest
from google.protobuf import descriptor_pb2 as google_descriptor
from russet.protobuf import descriptor_pb2, json_format, text_format
from russet.protobuf.frozen import freeze, is_frozen

from .conftest import RUSSET
from .outcomes import ORACLE_IS_CURRENT

All, Sub = RUSSET.classes.All, RUSSET.classes.Sub


def content() -> Any:
    """A message with something of every shape."""
    return All(
        f_int32=1, f_string="a text that is longer than its slot", f_sub={"x": 1, "next": {"s": "deep"}},
        r_sub=[{"x": 1, "l": [1]}, {"x": 2}], r_int32=[3, 1, 2], r_string=["a", "b"],
        m_string_int32={"a": 1}, m_string_string={"a": "b"}, m_int32_sub={1: {"x": 5}}, w_struct={"a": [1, None]},
    )  # fmt: skip


CHANGES: list[Any] = [
    lambda m: setattr(m, "f_int32", 2),
    lambda m: setattr(m, "f_string", "b"),
    lambda m: setattr(m, "f_int32", m.f_int32),
    lambda m: setattr(m, "w_struct", {"b": 1}),
    lambda m: setattr(m.f_sub, "x", 2),
    lambda m: setattr(m.f_sub.next, "s", "b"),
    lambda m: setattr(m.f_sub.next.next.next, "x", 3),
    lambda m: setattr(m.o_sub, "x", 1),
    lambda m: m.o_sub.SetInParent(),
    lambda m: m.f_inner.innermost.SetInParent(),
    lambda m: m.f_sub.l.append(1),
    lambda m: m.r_sub.add(),
    lambda m: m.r_sub.append(Sub()),
    lambda m: m.r_sub.extend([Sub()]),
    lambda m: m.r_sub.pop(),
    lambda m: m.r_sub.sort(key=lambda sub: -sub.x),
    lambda m: m.r_sub.__delitem__(0),
    lambda m: m.r_sub.__delitem__(slice(None)),
    lambda m: setattr(m.r_sub[0], "x", 9),
    lambda m: m.r_sub[0].l.append(1),
    lambda m: m.r_int32.append(1),
    lambda m: m.r_int32.extend([1]),
    lambda m: m.r_int32.extend([]),
    lambda m: m.r_int32.insert(0, 1),
    lambda m: m.r_int32.pop(),
    lambda m: m.r_int32.remove(3),
    lambda m: m.r_int32.reverse(),
    lambda m: m.r_int32.sort(),
    lambda m: m.r_int32.clear(),
    lambda m: m.r_int32.MergeFrom([1]),
    lambda m: m.r_int32.__setitem__(0, 5),
    lambda m: m.r_int32.__delitem__(slice(None)),
    lambda m: m.r_string.append("c"),
    lambda m: m.m_string_int32.__setitem__("b", 1),
    lambda m: m.m_string_int32.__delitem__("a"),
    lambda m: m.m_string_int32.update({"b": 1}),
    lambda m: m.m_string_int32.clear(),
    lambda m: m.m_string_int32.pop("a"),
    lambda m: m.m_string_int32.popitem(),
    lambda m: m.m_string_int32.setdefault("a", 3),
    lambda m: m.m_string_int32.MergeFrom(m.m_string_int32),
    lambda m: setattr(m.m_int32_sub[1], "x", 7),
    lambda m: m.m_int32_sub[1].children.clear(),
    lambda m: m.w_struct.update({"b": 1}),
    lambda m: m.w_struct.__setitem__("b", 1),
    lambda m: m.w_struct["a"].append(1),
    lambda m: m.w_struct.get_or_create_list("new"),
    lambda m: m.m_int32_sub.get_or_create(5),
    lambda m: m.Clear(),
    lambda m: m.ClearField("f_int32"),
    lambda m: m.ClearField("f_double"),
    lambda m: m.MergeFrom(All(f_int32=5)),
    lambda m: m.CopyFrom(All(f_int32=5)),
    lambda m: m.MergeFromString(b""),
    lambda m: m.ParseFromString(b""),
    lambda m: m.DiscardUnknownFields(),
    lambda m: m.SetInParent(),
    lambda m: m.__init__(f_int32=5),
    lambda m: m.__setstate__(All().__getstate__()),
    lambda m: json_format.Parse("{}", m),
    lambda m: json_format.ParseDict({"fInt32": 4}, m),
    lambda m: text_format.Parse("r_int32: 4", m),
    lambda m: text_format.Merge("f_int32: 4", m),
]


@pytest.mark.parametrize("parsed", [False, True])
@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_every_change_is_refused(number: int, parsed: bool) -> None:
    message = content()
    if parsed:
        # Most of it is made when it is first read.
        message = All.FromString(message.SerializeToString())
    else:
        # So that the copy has stubs too.
        assert message.o_sub.next.x == 0
    data = message.SerializeToString(deterministic=True)
    frozen = freeze(message)
    with pytest.raises(TypeError, match="is frozen and cannot be changed"):
        CHANGES[number](frozen)
    assert frozen.SerializeToString(deterministic=True) == data
    assert frozen == message
    # The message itself, and a copy of the frozen one, can be changed.
    CHANGES[number](message)
    CHANGES[number](copy.deepcopy(frozen))
    assert frozen.SerializeToString(deterministic=True) == data


def test_reading_is_as_ever() -> None:
    message = content()
    frozen = freeze(message)
    assert is_frozen(frozen)
    assert is_frozen(frozen.f_sub.next)
    assert is_frozen(frozen.o_sub)
    assert not is_frozen(message)
    assert freeze(frozen) is frozen
    assert frozen == message
    assert str(frozen) == str(message)
    assert json_format.MessageToJson(frozen) == json_format.MessageToJson(message)
    assert frozen.ListFields() == message.ListFields()
    assert memoryview(frozen.r_int32).tolist() == [3, 1, 2]
    assert dict(frozen.m_string_string) == {"a": "b"}
    assert 9 not in frozen.m_int32_sub
    assert not frozen.HasField("o_sub")
    with pytest.raises(TypeError):
        hash(frozen)


def test_a_frozen_message_does_not_follow_the_one_it_was_made_of() -> None:
    message = content()
    held = message.f_sub
    frozen = freeze(message)
    held.x = 100
    message.r_int32.append(4)
    assert frozen.f_sub.x == 1
    assert list(frozen.r_int32) == [3, 1, 2]
    # A part of a frozen message is frozen for itself, and a part of an open one is copied.
    assert freeze(frozen.f_sub) is frozen.f_sub
    assert freeze(held) == held
    assert not is_frozen(held)


@pytest.mark.parametrize("name", ["m_string_int32", "m_int32_sub"])
def test_a_key_that_a_frozen_map_does_not_have(name: str) -> None:
    """Reading it would add it."""
    entries = getattr(freeze(content()), name)
    key: Any = "none" if name == "m_string_int32" else 77
    with pytest.raises(KeyError):
        entries[key]
    assert entries.get(key) is None
    assert len(entries) == 1


def test_copies_are_open() -> None:
    frozen = freeze(content())
    merged = All()
    merged.MergeFrom(frozen)
    assigned = All(f_sub=frozen.f_sub, r_sub=frozen.r_sub)
    copies = [
        copy.copy(frozen),
        copy.deepcopy(frozen),
        merged,
        All.FromString(frozen.SerializeToString()),
        assigned,
    ]
    for opened in copies:
        assert not is_frozen(opened)
        opened.f_sub.next.s = "changed"
        opened.r_sub[0].l.append(5)
        opened.r_sub.add()
    assert copy.deepcopy(frozen.r_int32) == [3, 1, 2]
    copy.deepcopy(frozen.r_int32).append(5)
    assert frozen == content()


def test_extensions_are_frozen_too() -> None:
    name = next(
        cls.DESCRIPTOR.full_name
        for cls in vars(RUSSET.classes).values()
        if cls.DESCRIPTOR.is_extendable
    )
    cls = RUSSET.find(name)
    pool = RUSSET.pool
    for extension in pool.FindAllExtensions(cls.DESCRIPTOR):
        frozen = freeze(cls())
        with pytest.raises(TypeError, match="is frozen"):
            if extension.is_repeated:
                frozen.Extensions[extension].extend([])
            elif extension.message_type is not None:
                frozen.Extensions[extension].SetInParent()
            else:
                frozen.Extensions[extension] = extension.default_value
        with pytest.raises(TypeError, match="is frozen"):
            frozen.ClearExtension(extension)
        with pytest.raises(TypeError, match="is frozen"):
            del frozen.Extensions[extension]
        assert frozen == cls()


def test_only_messages_are_frozen() -> None:
    with pytest.raises(TypeError, match="expected a message, got int 3"):
        freeze(3)  # type: ignore[type-var]


def test_threads_share_a_frozen_message() -> None:
    data = content().SerializeToString()
    for _ in range(50):
        frozen = freeze(All.FromString(data))
        start = threading.Barrier(4)
        texts: list[str] = []

        def read(frozen: Any = frozen, start: Any = start, texts: list[str] = texts) -> None:
            start.wait()
            texts.append(str(frozen) + frozen.f_sub.next.s + frozen.r_string[1])

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(texts)) == 1 and len(texts) == 4


@pytest.mark.parametrize(
    "module",
    [
        pytest.param(google_descriptor, id="google", marks=pytest.mark.skipif(not ORACLE_IS_CURRENT, reason="an older original does not warn")),
        pytest.param(descriptor_pb2, id="russet"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "change",
    [
        lambda o: setattr(o, "deprecated", True),
        lambda o: o.ClearField("deprecated"),
        lambda o: o.uninterpreted_option.add(),
        lambda o: o.uninterpreted_option.extend([]),
        lambda o: o.features.SetInParent(),
        lambda o: o.Clear(),
        lambda o: o.MergeFrom(type(o)()),
        lambda o: o.ParseFromString(b""),
    ],
)
def test_changing_options_warns(module: Any, change: Any) -> None:
    """They are shared by all that ask for them; the original says that it will refuse."""
    descriptor = module.FileDescriptorProto.DESCRIPTOR
    options = descriptor.GetOptions()
    assert options is descriptor.GetOptions()
    with pytest.warns(FutureWarning, match="Mutating messages or containers returned by GetOptions"):  # fmt: skip
        change(options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        change(copy.deepcopy(options))
        options.ListFields()
