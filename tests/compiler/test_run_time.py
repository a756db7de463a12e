"""`.proto` files compiled while the program runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from russet import grpc
from russet.protoc import CompileError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rt_base.proto").write_text(
        'syntax = "proto3";\npackage rt;\nmessage Base { int32 id = 1; }\n'
    )
    (tmp_path / "rt").mkdir()
    (tmp_path / "rt" / "user-list.proto").write_text("not what is imported")
    (tmp_path / "rt" / "users.proto").write_text(
        'syntax = "proto3";\npackage rt;\nimport "rt_base.proto";\n'
        "message User { Base base = 1; string name = 2; }\n"
        "service Users { rpc Get(Base) returns (User); }\n"
    )
    (tmp_path / "rt" / "wrong.proto").write_text(
        'syntax = "proto3";\nmessage A {\n  Bogus b = 1;\n  int32 c = 0;\n}\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_messages_and_services_with_what_they_import(folder: Path) -> None:
    protos, services = grpc.protos_and_services("rt/users.proto")
    user = protos.User(name="x", base=sys.modules["rt_base_pb2"].Base(id=3))
    assert protos.User.FromString(user.SerializeToString()) == user
    assert hasattr(services, "UsersStub")
    assert hasattr(services, "add_UsersServicer_to_server")
    assert grpc.protos("rt/users.proto") is protos
    assert not list(folder.rglob("*.py"))


def test_what_is_wrong_comes_as_an_exception(folder: Path) -> None:
    with pytest.raises(CompileError) as raised:
        grpc.protos("rt/wrong.proto")
    assert [problem[:3] for problem in raised.value.problems] == [
        ("rt/wrong.proto", 4, 13),
        ("rt/wrong.proto", 3, 3),
        ("rt/wrong.proto", 4, 13),
    ]
    assert 'rt/wrong.proto:3:3: "Bogus" is not defined.' in str(raised.value)


def test_a_missing_file_is_a_missing_module(folder: Path) -> None:
    with pytest.raises(ModuleNotFoundError):
        grpc.protos("rt/missing.proto")
