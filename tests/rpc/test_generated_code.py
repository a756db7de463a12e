"""Generated messages over RPC: Russet's and google.protobuf's on either side, over either implementation of gRPC."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from russet import protoc
from support.modules import needs_newest_protobuf
from support.rpc import WAIT, connected, path

PROTO = """
syntax = "proto3";
package russet.test.generated;
message Note {
  string text = 1;
  repeated int64 numbers = 2;
  map<string, Note> named = 3;
}
"""


@pytest.fixture(scope="module")
def notes(tmp_path_factory) -> dict[str, ModuleType]:
    """The generated module for each message runtime."""
    modules = {}
    for runtime in ("russet", "google"):
        folder: Path = tmp_path_factory.mktemp(runtime)
        (folder / "note.proto").write_text(PROTO)
        code = protoc.main(
            [
                "protoc",
                f"--proto_path={folder}",
                f"--python_out={folder}",
                f"--python_opt=runtime={runtime}",
                str(folder / "note.proto"),
            ]
        )
        assert code == 0
        spec = importlib.util.spec_from_file_location(f"{runtime}_note_pb2", folder / "note_pb2.py")
        assert spec is not None and spec.loader is not None
        modules[runtime] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(modules[runtime])
    return modules


@needs_newest_protobuf
@pytest.mark.parametrize("client_runtime", ["russet", "google"])
@pytest.mark.parametrize("server_runtime", ["russet", "google"])
def test_messages_of_either_runtime(pair, notes, server_runtime, client_runtime):
    server, client = pair
    theirs, ours = notes[server_runtime].Note, notes[client_runtime].Note

    def answer(request, context):
        note = theirs.FromString(request)
        note.named["asked"].CopyFrom(theirs.FromString(request))
        note.numbers.append(len(note.text))
        return note.SerializeToString()

    with connected(client, server=server, Answer=("unary_unary", answer)) as channel:
        call = channel.unary_unary(
            path("Answer"),
            request_serializer=ours.SerializeToString,
            response_deserializer=ours.FromString,
        )
        reply = call(ours(text="grüße", numbers=[1, -(2**63)]), timeout=WAIT)
    assert reply == ours(
        text="grüße",
        numbers=[1, -(2**63), 5],
        named={"asked": ours(text="grüße", numbers=[1, -(2**63)])},
    )
