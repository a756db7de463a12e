"""`grpc.protos`, `services` and `protos_and_services`. Each in a program of its own: a module can be imported once only."""

from __future__ import annotations

import pytest
from support.process import Program

PROTO = """
syntax = "proto3";
package greet;
import "inner/words.proto";
message Hello { string name = 1; Words words = 2; }
service Greeter { rpc Say(Hello) returns (Hello); }
"""
INNER = """
syntax = "proto3";
package greet;
message Words { repeated string word = 1; }
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "greet.proto").write_text(PROTO)
    (tmp_path / "inner" / "words.proto").write_text(INNER)
    (tmp_path / "with-dash.proto").write_text(INNER.replace("Words", "Dashed"))
    (tmp_path / "wrong.proto").write_text('syntax = "proto3"; message {')
    return tmp_path


def run(grpc, folder, source, said):
    with Program(grpc, f"sys.path.insert(0, {str(folder)!r})\n" + source) as program:
        program.expect(said)
        code, _, errors = program.end()
        assert code == 0, errors
        return errors


def test_a_call_through_modules_made_at_run_time(grpc, folder):
    run(
        grpc,
        folder,
        """
protos, services = grpc.protos_and_services("greet.proto")
class Greeter(services.GreeterServicer):
    def Say(self, request, context):
        return protos.Hello(name=request.name.upper(), words={"word": ["a", "b"]})
server = grpc.server(futures.ThreadPoolExecutor(2))
services.add_GreeterServicer_to_server(Greeter(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    answer = services.GreeterStub(channel).Say(protos.Hello(name="x"), timeout=20)
say(answer.name, list(answer.words.word))
server.stop(None).wait()
""",
        "X ['a', 'b']",
    )


def test_the_same_module_each_time(grpc, folder):
    run(
        grpc,
        folder,
        """
first = grpc.protos("greet.proto")
import greet_pb2, greet_pb2_grpc
import inner.words_pb2
say(first is grpc.protos("greet.proto") is greet_pb2, grpc.services("greet.proto") is greet_pb2_grpc, first.__name__)
""",
        "True True greet_pb2",
    )


def test_a_file_whose_name_is_no_module_name(grpc, folder):
    run(
        grpc,
        folder,
        """
say(grpc.protos("with-dash.proto").Dashed(word=["x"]).word[0])
""",
        "x",
    )


def test_a_file_that_does_not_compile(grpc, folder):
    errors = run(
        grpc,
        folder,
        """
try:
    grpc.protos("wrong.proto")
except Exception as error:
    say("raised")
    sys.stderr.write(str(error))
""",
        "raised",
    )
    assert "wrong.proto" in errors


@pytest.mark.newest_grpcio
def test_a_file_that_is_not_there(grpc, folder):
    run(
        grpc,
        folder,
        """
try:
    grpc.protos("none.proto")
except Exception:
    say("raised")
""",
        "raised",
    )


def test_turned_off_by_the_environment(russet, folder):
    run(
        russet,
        folder,
        """
os.environ["GRPC_PYTHON_DISABLE_DYNAMIC_STUBS"] = "true"
try:
    grpc.protos("greet.proto")
except NotImplementedError as error:
    say("GRPC_PYTHON_DISABLE_DYNAMIC_STUBS" in str(error))
""",
        "True",
    )


def test_a_path_from_the_root_is_refused_with_the_reason(russet, folder):
    run(
        russet,
        folder,
        f"""
try:
    grpc.protos({str(folder / "greet.proto")!r})
except ModuleNotFoundError as error:
    say("not relative to a folder of sys.path" in str(error))
""",
        "True",
    )


def test_our_messages_where_the_original_compiler_is_imported_too(russet, folder):
    """Its finder stands in `sys.meta_path` first, and makes modules of google.protobuf."""
    run(
        russet,
        folder,
        """
import importlib, grpc_tools.protoc
protos = grpc.protos("greet.proto")
say(isinstance(protos.Hello(), importlib.import_module("russet.protobuf.message").Message))
""",
        "True",
    )
