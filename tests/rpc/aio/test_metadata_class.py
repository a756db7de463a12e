"""`aio.Metadata`, the multi-map."""

from __future__ import annotations

import pytest


@pytest.fixture
def metadata(grpc):
    return grpc.aio.Metadata(("a", "1"), ("b-bin", b"2"), ("a", "3"))


def test_reading(metadata):
    assert metadata["a"] == "1"
    assert metadata["b-bin"] == b"2"
    assert metadata.get("a") == "1"
    assert metadata.get("none") is None
    assert metadata.get("none", "default") == "default"
    assert metadata.get_all("a") == ["1", "3"]
    assert metadata.get_all("none") == []
    assert "a" in metadata
    assert "none" not in metadata
    assert 5 not in metadata
    with pytest.raises(KeyError):
        metadata["none"]


def test_iterating(metadata):
    assert list(metadata) == [("a", "1"), ("a", "3"), ("b-bin", b"2")]
    assert len(metadata) == 3
    assert list(metadata.keys()) == ["a", "b-bin"]
    assert list(metadata.values()) == [["1", "3"], [b"2"]]
    assert list(metadata.items()) == [("a", ["1", "3"]), ("b-bin", [b"2"])]


def test_writing(metadata):
    metadata.add("a", "4")
    assert metadata.get_all("a") == ["1", "3", "4"]
    metadata["a"] = "first"
    assert metadata.get_all("a") == ["first", "3", "4"]
    metadata["new"] = "n"
    assert metadata["new"] == "n"
    metadata.set_all("a", ["x"])
    assert metadata.get_all("a") == ["x"]


@pytest.mark.newest_grpcio
def test_deleting(metadata):
    del metadata["a"]
    assert metadata.get_all("a") == ["3"]
    del metadata["a"]
    assert "a" not in metadata
    with pytest.raises(KeyError):
        del metadata["a"]
    metadata.delete_all("b-bin")
    assert len(metadata) == 0
    with pytest.raises(KeyError):
        metadata.delete_all("b-bin")


def test_equality(grpc, metadata):
    cls = grpc.aio.Metadata
    assert metadata == cls(("a", "1"), ("b-bin", b"2"), ("a", "3"))
    assert metadata != cls(("a", "3"), ("b-bin", b"2"), ("a", "1"))
    assert metadata == (("a", "1"), ("a", "3"), ("b-bin", b"2"))
    assert metadata != (("a", "1"),)
    assert metadata != {"a": "1"}
    with pytest.raises(TypeError):
        hash(metadata)


def test_adding_up(grpc, metadata):
    cls = grpc.aio.Metadata
    total = metadata + cls(("c", "5")) + (("d", "6"),)
    assert isinstance(total, cls)
    assert list(total) == [("a", "1"), ("a", "3"), ("b-bin", b"2"), ("c", "5"), ("d", "6")]
    assert len(metadata) == 3
    with pytest.raises(TypeError):
        metadata + "text"


def test_from_tuple(grpc):
    cls = grpc.aio.Metadata
    assert cls.from_tuple((("a", "1"), ("a", "2"))).get_all("a") == ["1", "2"]
    assert len(cls.from_tuple(())) == 0
    assert len(cls.from_tuple(None)) == 0


def test_repr(metadata):
    assert repr(metadata) == "Metadata((('a', '1'), ('a', '3'), ('b-bin', b'2')))"


def test_empty_is_false(grpc):
    assert not grpc.aio.Metadata()
