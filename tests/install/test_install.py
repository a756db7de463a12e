"""`russet.install()` and `russet run`, each in a process of its own, since they change what the whole process imports."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

# Seconds; far beyond what one takes.
LIMIT = 50


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Python with arguments, to its end."""
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        cwd=cwd,
        env=environment,
        check=False,
    )


def program(code: str, *options: str) -> str:
    """What a program prints; it must end well."""
    done = run(*options, "-c", textwrap.dedent(code))
    assert done.returncode == 0, done.stderr
    return done.stdout


PAIRS = [
    ("google.protobuf", "russet.protobuf"),
    ("google.protobuf.message", "russet.protobuf.message"),
    ("google.protobuf.internal.builder", "russet.protobuf.internal.builder"),
    ("google.protobuf.compiler.plugin_pb2", "russet.protobuf.compiler.plugin_pb2"),
    ("google._upb._message", "russet._core"),
    ("grpc", "russet.grpc"),
    ("grpc.aio", "russet.grpc.aio"),
    ("grpc.experimental.aio", "russet.grpc.experimental.aio"),
    ("grpc_tools", "russet.grpc_tools"),
    ("grpc_tools.protoc", "russet.protoc"),
    ("grpc_tools.command", "russet.protoc.command"),
    ("grpc_channelz.v1.channelz", "russet.channelz.v1.channelz"),
    ("grpc_health.v1.health", "russet.health.v1.health"),
    ("grpc_reflection.v1alpha.reflection", "russet.reflection.v1alpha.reflection"),
    ("grpc_status.rpc_status", "russet.status.rpc_status"),
    ("grpc_testing", "russet.testing"),
    ("google.rpc.status_pb2", "russet.rpc.status_pb2"),
]


@pytest.mark.parametrize("order", [0, 1], ids=["original first", "russet first"])
def test_a_module_exists_once(order: int) -> None:
    program(f"""
        import importlib, sys
        import russet
        russet.install()
        russet.install()
        for pair in {PAIRS!r}:
            names = pair if {order} == 0 else pair[::-1]
            one, other = map(importlib.import_module, names)
            assert one is other is sys.modules[pair[0]] is sys.modules[pair[1]], pair
            assert one.__name__ == one.__spec__.name == pair[1], (pair, one.__spec__)
            parent, _, name = pair[0].rpartition(".")
            assert not parent or getattr(sys.modules[parent], name) is one
    """)


def test_every_form_of_import() -> None:
    program("""
        import russet; russet.install()
        import google.protobuf.duration_pb2
        from google import protobuf
        from google.protobuf import timestamp_pb2 as t, duration_pb2
        from google.protobuf.internal import enum_type_wrapper
        from grpc import aio
        from grpc_tools import protoc, command
        import grpc.experimental as e
        assert google.protobuf.duration_pb2 is protobuf.duration_pb2 is duration_pb2
        assert duration_pb2.Duration.__module__ == "russet.protobuf.duration_pb2"
        import importlib, pickle
        assert pickle.loads(pickle.dumps(t.Timestamp(seconds=1))).seconds == 1
        assert importlib.reload(enum_type_wrapper) is enum_type_wrapper
    """)


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    program("""
        import sys
        before = set(sys.modules)
        import russet; russet.install()
        new = {name for name in set(sys.modules) - before if name.startswith(("russet", "google", "grpc"))}
        assert new == {"russet", "russet._install"}, new
    """)


def test_other_packages_of_the_namespace_are_found() -> None:
    program("""
        import russet; russet.install()
        from google.rpc import status_pb2
        from google.api import annotations_pb2
        from google.protobuf import any_pb2, message
        assert isinstance(status_pb2.Status(details=[any_pb2.Any()]), message.Message)
    """)


def test_the_namespace_is_there_where_nothing_is_installed(tmp_path: Path) -> None:
    """Also what comes to `sys.path` later is found in it."""
    later = tmp_path / "google" / "later"
    later.mkdir(parents=True)
    (later / "__init__.py").write_text("here = True")
    program(f"""
        import sys, russet; russet.install()
        sys.path[:] = [entry for entry in sys.path if "site-packages" not in entry]
        from google.protobuf import empty_pb2
        import google._upb._message, grpc
        import google
        assert list(google.__path__) == []
        sys.path.append({str(tmp_path)!r})
        import google.later
        assert google.later.here
    """)


def test_what_russet_lacks_is_not_taken_from_the_original() -> None:
    program("""
        import russet; russet.install()
        import google.protobuf, grpc
        from russet import _versions
        for name in ("google.protobuf.no_such", "grpc.no_such", "grpc.no.such"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                assert name.startswith(error.name), error
            else:
                raise AssertionError(name)
    """)


@pytest.mark.parametrize("first", ["grpc", "google.protobuf", "google._upb._message", "grpc_tools"])
def test_originals_that_are_imported_already_are_an_error(first: str) -> None:
    out = program(f"""
        import sys
        import {first}
        import russet
        try:
            russet.install()
        except RuntimeError as error:
            print(error)
        assert not any("russet" in type(finder).__module__ for finder in sys.meta_path)
    """)
    assert "is already imported, from " in out
    assert "russet run" in out


def test_russet_may_be_imported_before() -> None:
    program("""
        from russet import grpc as ours
        from russet.protobuf import duration_pb2 as before
        import russet; russet.install()
        import grpc
        from google.protobuf import duration_pb2
        assert grpc is ours and duration_pb2 is before
    """)


def test_the_versions_are_those_of_what_runs() -> None:
    out = program("""
        import russet; russet.install()
        from importlib import metadata
        import google.protobuf, grpc
        from russet import _versions
        assert metadata.version("protobuf") == google.protobuf.__version__
        assert metadata.version("grpcio") == metadata.version("grpcio_tools") == grpc.__version__ == _versions.GRPCIO
        assert metadata.distribution("Protobuf").metadata["Name"] == "protobuf"
        assert metadata.version("pytest")
        names = [d.metadata["Name"] for d in metadata.distributions()]
        assert names.count("pytest") == 1
        try:
            metadata.version("no-such-distribution")
        except metadata.PackageNotFoundError:
            print("none")
    """)
    assert out == "none\n"


SCRIPT = """
import sys
import grpc, google.protobuf.message as message
print(grpc.__name__, message.__name__, __name__, sys.argv, sys.path[0], sys.modules["__main__"].__dict__ is globals())
import beside
if sys.argv[1:] == ["fail"]:
    sys.exit(5)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a program and a module beside it."""
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "beside.py").write_text("")
    return tmp_path.resolve()


def test_run_a_script(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = run("-m", "russet", "run", folder / "script.py", "-m", "x", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    expected = f"russet.grpc russet.protobuf.message __main__ {[str(folder / 'script.py'), '-m', 'x']} {folder} True\n"
    assert done.stdout == expected
    assert run("-m", "russet", "run", folder / "script.py", "fail").returncode == 5


def test_run_by_the_console_script(folder: Path) -> None:
    command = Path(sys.executable).with_name("russet")
    done = subprocess.run(
        [command, "run", "script.py"], capture_output=True, text=True, cwd=folder, timeout=LIMIT
    )
    assert done.returncode == 0, done.stderr
    assert f"['script.py'] {folder} True" in done.stdout


def test_run_a_module_code_and_archive(folder: Path) -> None:
    done = run("-m", "russet", "run", "-m", "script", "a", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f"__main__ {[str(folder / 'script.py'), 'a']}" in done.stdout
    done = run("-m", "russet", "run", "-c", "import sys, grpc; import beside; print(grpc.__name__, sys.argv)", "b", cwd=folder)  # fmt: skip
    assert done.stdout == "russet.grpc ['-c', 'b']\n", done.stderr
    archive = folder / "app.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("__main__.py", SCRIPT)
        out.writestr("beside.py", "")
    done = run("-m", "russet", "run", archive)
    assert done.stdout.startswith("russet.grpc russet.protobuf.message __main__"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage: russet run"),
        (["-m"], "-m needs an argument"),
        (["--x"], "unknown option --x"),
        (["missing.py"], "cannot open 'missing.py'"),
    ],
)
def test_run_refuses_what_it_cannot_run(arguments: list[str], said: str) -> None:
    done = run("-m", "russet", "run", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_run_shows_the_program_s_own_traceback(folder: Path) -> None:
    (folder / "fails.py").write_text("def f():\n    raise ValueError('mine')\nf()\n")
    done = run("-m", "russet", "run", "fails.py", cwd=folder)
    assert done.returncode == 1
    assert 'File "fails.py", line 2' in done.stderr
    assert done.stderr.rstrip().endswith("ValueError: mine")


def test_the_pytest_plugin(folder: Path) -> None:
    (folder / "conftest.py").write_text("import grpc\nassert grpc.__name__ == 'russet.grpc'\n")
    (folder / "test_it.py").write_text(
        "from google.protobuf import message\ndef test(): assert message.__name__ == 'russet.protobuf.message'\n"
    )
    done = run("-m", "pytest", "-q", "-p", "russet.pytest_plugin", "-p", "no:cacheprovider", ".", cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_program_may_name_the_package_by_itself() -> None:
    """As one does for Russet's RPC with generated code that imports grpc: nothing stands in for the names below it."""
    program("""
        import sys
        from concurrent import futures
        from russet import grpc
        sys.modules["grpc"] = grpc
        server = grpc.server(futures.ThreadPoolExecutor(1))
        server.add_insecure_port("localhost:0")
        server.start()
        server.stop(None).wait()
    """)
