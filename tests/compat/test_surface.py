"""Walks grpcio's public modules and holds Russet's against them: every name, kind of thing, signature and enum member."""

from __future__ import annotations

import enum
import importlib
import inspect

import pytest
from support import modules

# Older releases, which older interpreters get, have an older surface.
pytestmark = pytest.mark.skipif(
    not modules.grpcio_is_newest(), reason="the newest grpcio is not to be had on this interpreter"
)

MODULES = ("", ".aio", ".experimental")

# Where Russet differs on purpose: (module, name, attribute or "") -> why.
DIFFERENT = {
    ("", "HandlerCallDetails", "__init__"): "a typing.Protocol costs the import of typing",
    (
        ".aio",
        "InterceptedUnaryUnaryCall",
        "__init__",
    ): "made by channels only; takes no Cython objects here",
    (".experimental", "Callable", ""): "leaked import",
    (".experimental", "PrivateKeySignatureAlgorithm", ""): "comes with TLS",
    (".experimental", "CustomPrivateKeySign", ""): "an alias of typing, not a function",
    (".experimental", "PrivateKeySignCancel", ""): "an alias of typing, not a function",
    (".experimental", "PrivateKeySignOnComplete", ""): "an alias of typing, not a function",
}


def public_names(module):
    return [name for name in module.__all__ if not name.startswith("_")]


def load(suffix):
    theirs = importlib.import_module(f"grpc{suffix}")
    ours_root = modules.load("russet")
    return theirs, importlib.import_module(f"{ours_root.__name__}{suffix}")


def cases():
    for suffix in MODULES:
        for name in public_names(importlib.import_module(f"grpc{suffix}")):
            yield pytest.param(suffix, name, id=f"grpc{suffix}.{name}")


def kind(thing):
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, BaseException) else "class"
    return "function" if callable(thing) else "value"


def parameters(function):
    """Names, kinds and defaults; annotations may differ."""
    return [
        (p.name, p.kind, repr(p.default) if p.default is not p.empty else "required")
        for p in inspect.signature(function).parameters.values()
    ]


@pytest.mark.parametrize(("suffix", "name"), list(cases()))
def test_public_name(suffix, name):
    theirs, ours = load(suffix)
    if (suffix, name, "") in DIFFERENT:
        return
    assert name in ours.__all__
    original, replacement = getattr(theirs, name), getattr(ours, name)
    assert kind(replacement) == kind(original)
    if kind(original) == "function":
        assert parameters(replacement) == parameters(original)
    elif isinstance(original, enum.EnumMeta):
        assert [(m.name, m.value) for m in replacement] == [(m.name, m.value) for m in original]
    elif inspect.isclass(original):
        compare_classes(suffix, name, original, replacement)


def compare_classes(suffix, name, original, replacement):
    bases = [
        base.__name__ for base in original.__mro__ if base.__module__.partition(".")[0] == "grpc"
    ]
    ours = [base.__name__ for base in replacement.__mro__]
    # grpcio's Cython classes and its private mixins have no counterpart.
    missing = {
        base for base in bases if not base.startswith("_") and base != "InterceptedCall"
    } - set(ours)
    assert not missing, f"not derived from {missing}"
    abstract = set(getattr(original, "__abstractmethods__", ()))
    assert set(getattr(replacement, "__abstractmethods__", ())) == abstract
    for attribute, value in vars(original).items():
        if attribute.startswith("_") and attribute not in (
            "__init__",
            "__call__",
            "__enter__",
            "__aenter__",
            "__await__",
            "__aiter__",
        ):
            continue
        if (suffix, name, attribute) in DIFFERENT:
            continue
        assert hasattr(replacement, attribute), attribute
        if inspect.isfunction(value):
            mine = getattr(replacement, attribute)
            assert parameters(mine) == parameters(value), attribute
            assert inspect.iscoroutinefunction(mine) == inspect.iscoroutinefunction(value), (
                attribute
            )


def test_every_difference_is_still_one():
    """An entry of the list above for something that grpcio no longer has, or never had, must go."""
    for (suffix, name, attribute), reason in DIFFERENT.items():
        theirs = importlib.import_module(f"grpc{suffix}")
        assert reason
        assert (
            not hasattr(theirs, name) or not attribute or hasattr(getattr(theirs, name), attribute)
        )


@pytest.mark.parametrize("suffix", MODULES)
def test_all_names_exist(suffix):
    _, ours = load(suffix)
    for name in ours.__all__:
        assert getattr(ours, name) is not None


def test_submodules_are_there_after_importing_grpc():
    grpc = modules.load("russet")
    assert grpc.aio.insecure_channel
    assert grpc.experimental.unary_unary
    assert grpc.experimental.aio.Metadata is grpc.aio.Metadata
    assert {"aio", "experimental"} <= set(dir(grpc))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = grpc.no_such_name


def test_the_version_satisfies_generated_code():
    from grpc._utilities import first_version_is_lower as theirs

    ours = importlib.import_module("russet.grpc._utilities").first_version_is_lower
    version = modules.load("russet").__version__
    original = importlib.import_module("grpc").__version__
    assert not ours(version, original)
    assert not theirs(version, original)
    versions = [
        "1.60.0",
        "1.60.1",
        "1.60.1.dev0",
        "1.61.0",
        "2.0.0",
        "1.9.9",
        "1.x.0",
        "0.0.0",
        version,
        original,
    ]
    for first in versions:
        for second in versions:
            assert ours(first, second) == theirs(first, second), (first, second)


def test_concrete_classes_of_calls_are_known_by_their_private_names():
    """Programs catch and test for these."""
    channel = importlib.import_module("russet.grpc._channel")
    grpc = modules.load("russet")
    for name in ("_InactiveRpcError", "_MultiThreadedRendezvous"):
        cls = getattr(channel, name)
        assert issubclass(cls, grpc.RpcError)
        assert issubclass(cls, grpc.Call)
        assert issubclass(cls, grpc.Future)


def test_typed_classes_can_be_subscripted():
    grpc = modules.load("russet")
    for cls in (grpc.UnaryUnaryMultiCallable, grpc.aio.UnaryUnaryCall, grpc.aio.ServicerContext):
        assert cls[int, str] is not None
