"""What programs rely on of the module `grpc` beyond its public names, which test_compatibility.py walks."""

from __future__ import annotations

import importlib

import pytest
from support import modules

# Older releases, which older interpreters get, have an older surface.
pytestmark = pytest.mark.skipif(
    not modules.grpcio_is_newest(), reason="the newest grpcio is not to be had on this interpreter"
)

MODULES = ("", ".aio", ".experimental")


def load(suffix):
    return importlib.import_module(f"{modules.load('russet').__name__}{suffix}")


@pytest.mark.parametrize("suffix", MODULES)
def test_all_names_exist(suffix):
    ours = load(suffix)
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
            # Generated code asks with the version that there is, and is never refused.
            expected = first != version and theirs(first, second)
            assert ours(first, second) == expected, (first, second)


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
