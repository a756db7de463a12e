"""`russet shims`: wheels in the originals' place, in fresh environments made by each installer."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.environments import LIMIT, ROOT, Environment, uv

pytestmark = pytest.mark.timeout(600)

GRPCIO, PROTOBUF = "1.83.2", "6.33.0"
NAMES = [
    "grpcio", "grpcio-admin", "grpcio-channelz", "grpcio-csds", "grpcio-health-checking", "grpcio-observability",
    "grpcio-reflection", "grpcio-status", "grpcio-testing", "grpcio-tools", "protobuf",
]  # fmt: skip
# What a program with all of this sees.
PROGRAM = """
# Before google.protobuf: a module of another distribution that is built on it.
from google.rpc import status_pb2
import google, grpc, grpc.aio, google.protobuf
from importlib.metadata import distribution, version
from google.api import annotations_pb2
from google.protobuf import any_pb2, message
from grpc_status import rpc_status
from russet.rpc import status_pb2 as ours

assert grpc.__name__ == "russet.grpc" and grpc.aio.__name__ == "russet.grpc.aio"
assert isinstance(status_pb2.Status(details=[any_pb2.Any()]), message.Message)
assert status_pb2 is ours
assert len(google.__path__) == 1 and not hasattr(google, "__file__") or google.__file__ is None
assert distribution("grpcio").requires[0] == "russet"
print(version("grpcio"), version("grpcio-status"), version("protobuf"), grpc.__version__, google.protobuf.__version__)
"""
PRINTED = f"{GRPCIO}+russet {GRPCIO}+russet {PROTOBUF}+russet {GRPCIO} {PROTOBUF}\n"


def build(folder: Path, *arguments: str) -> str:
    """Run `russet shims`."""
    command = [sys.executable, "-m", "russet", "shims", "--dir", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def shims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all shims, of versions that are not the newest."""
    folder = tmp_path_factory.mktemp("shims")
    build(folder, "--grpcio", GRPCIO, "--protobuf", PROTOBUF)
    return folder


@pytest.fixture(scope="module")
def environment(shims: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """All of them, and another distribution that requires protobuf and shares `google`."""
    made = Environment.create(tmp_path_factory.mktemp("environment") / "venv", wheel)
    made.install("--find-links", shims, "--find-links", wheel.parent, "-c", shims / "constraints.txt", *NAMES, "googleapis-common-protos")  # fmt: skip
    return made


def test_the_wheels(shims: Path) -> None:
    expected = {f"{name.replace('-', '_')}-{PROTOBUF if name == 'protobuf' else GRPCIO}+russet-py3-none-any.whl" for name in NAMES}  # fmt: skip
    assert {path.name for path in shims.glob("*.whl")} == expected
    lines = [f"{name}=={PROTOBUF if name == 'protobuf' else GRPCIO}+russet" for name in NAMES]
    assert (shims / "constraints.txt").read_text().splitlines() == lines
    for path in shims.glob("*.whl"):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
            text = archive.read(metadata).decode()
            assert "\nRequires-Dist: russet" in text
            # What package indexes refuse.
            assert "\nClassifier: Private :: Do Not Upload\n" in text
            assert "Bugs go to Russet" in text


def test_the_same_bytes_twice(shims: Path, tmp_path: Path) -> None:
    build(tmp_path, "--protobuf", PROTOBUF, "--grpcio", GRPCIO)
    for path in shims.rglob("*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(shims)).read_bytes() == path.read_bytes(), path


def test_versions_of_their_own_and_a_choice(tmp_path: Path) -> None:
    build(tmp_path, "grpcio_status", "grpcio", "--grpcio", "1.60.0rc1", "--grpcio-status", "1.59.0")
    assert (tmp_path / "constraints.txt").read_text() == "grpcio==1.60.0rc1+russet\ngrpcio-status==1.59.0+russet\n"  # fmt: skip
    build(tmp_path, "grpcio", "--grpcio", "1.62.0")
    assert sorted(path.name for path in tmp_path.glob("*.whl")) == [
        "grpcio-1.62.0+russet-py3-none-any.whl",
        "grpcio_status-1.59.0+russet-py3-none-any.whl",
    ]
    assert sorted(path.name for path in (tmp_path / "simple").iterdir()) == ["grpcio", "grpcio-status", "index.html"]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dir", "x", "grpcio-gcp"], "there is no shim for 'grpcio-gcp'"),
        (["--dir", "x", "--grpcio", "newest"], "'newest' is not a version such as"),
        (["--dir", "x", "--protobuf", "6.33.0+russet"], "shims add +russet to it themselves"),
        ([], "--dir"),
    ],
)
def test_what_is_refused(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "russet", "shims", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run([sys.executable, "-m", "russet", "shims", "--dir", tmp_path / "file"], capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert str(tmp_path / "file") in done.stderr


def test_what_a_program_sees(environment: Environment) -> None:
    assert environment.says("-c", PROGRAM) == PRINTED
    uv("pip", "check", "--python", environment.python)


MODULES = [
    ("google.protobuf.message", "russet.protobuf.message"),
    ("google._upb._message", "russet._core"),
    ("grpc.experimental.aio", "russet.grpc.experimental.aio"),
    ("grpc_tools.protoc", "russet.protoc"),
    ("grpc_admin", "russet.admin"),
    ("grpc_channelz.v1.channelz", "russet.channelz.v1.channelz"),
    ("grpc_csds", "russet.csds"),
    ("grpc_health.v1.health_pb2", "russet.health.v1.health_pb2"),
    ("grpc_observability", "russet.opentelemetry"),
    ("grpc_reflection.v1alpha.reflection", "russet.reflection.v1alpha.reflection"),
    ("grpc_status.rpc_status", "russet.status.rpc_status"),
    ("grpc_testing", "russet.testing"),
]


@pytest.mark.parametrize(("name", "target"), MODULES, ids=[name for name, _ in MODULES])
def test_a_module_is_that_of_install(environment: Environment, name: str, target: str) -> None:
    """Whichever is imported first, with `russet.install()` and without."""
    check = f"import sys; assert sys.modules[{name!r}] is sys.modules[{target!r}] and sys.modules[{name!r}].__name__ == {target!r}"
    for code in (f"import {name}, {target}", f"import {target}, {name}", f"import {name}, russet; russet.install(); import {target}"):  # fmt: skip
        environment.says("-c", f"{code}; {check}")
    environment.says("-c", f"import {name}, {target}; {check}", RUSSET_INSTALL="1")


def test_versions_are_the_shims_after_install_too(environment: Environment) -> None:
    assert environment.says("-c", PROGRAM, RUSSET_INSTALL="1") == PRINTED


def test_a_part_alone_leaves_the_others(shims: Path, wheel: Path, tmp_path: Path) -> None:
    """grpcio's shim with the original protobuf: messages are the original's."""
    made = Environment.create(tmp_path / "venv", wheel)
    made.install("--find-links", shims, "-c", shims / "constraints.txt", "grpcio")
    made.install("protobuf")
    code = "import google.protobuf.message as m, grpc; from google.protobuf import any_pb2; print(m.__name__, grpc.__name__)"
    assert made.says("-c", code) == "google.protobuf.message russet.grpc\n"
    assert made.says("-c", code.replace("import ", "import grpc, ", 1)) == "google.protobuf.message russet.grpc\n"  # fmt: skip


def test_the_command_of_grpcio_tools(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "a.proto").write_text('syntax = "proto3"; message A { int32 n = 1; }')
    command = [
        environment.folder / "bin" / "python-grpc-tools-protoc",
        "-I.",
        "--python_out=.",
        "a.proto",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=LIMIT)
    assert environment.says("-m", "grpc_tools.protoc", f"-I{tmp_path}", f"--python_out={tmp_path}", "a.proto") == ""  # fmt: skip
    assert (tmp_path / "a_pb2.py").exists()


TYPED = """
from concurrent import futures

import grpc
import grpc.aio
import grpc_testing
from google.protobuf import descriptor_pool, json_format, message, timestamp_pb2
from google.protobuf.internal import enum_type_wrapper
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status
from grpc_tools import protoc


def serve(channel: grpc.Channel, any_message: message.Message) -> grpc.Server:
    stub = health_pb2_grpc.HealthStub(channel)
    answer: health_pb2.HealthCheckResponse = stub.Check(health_pb2.HealthCheckRequest(service="x"))
    print(json_format.MessageToJson(timestamp_pb2.Timestamp(seconds=answer.status)), any_message)
    server: grpc.Server = grpc.server(futures.ThreadPoolExecutor(1))
    aio: grpc.aio.Channel = grpc.aio.insecure_channel("x")
    print(aio, protoc.main(["x"]))
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    return server
"""


def test_types(environment: Environment, tmp_path: Path) -> None:
    """mypy and pyright, strict, know every name, and find what is wrong."""
    locked = (ROOT / "requirements" / "locked" / "lint.txt").read_text()
    pins = [line.rstrip(" \\") for line in locked.splitlines() if line.startswith(("mypy==", "pyright=="))]  # fmt: skip
    checkers = Environment.create(tmp_path / "venv", *pins)
    (tmp_path / "right.py").write_text(TYPED)
    (tmp_path / "wrong.py").write_text("import grpc\n\ngrpc.no_such_name\nx: int = grpc.insecure_channel('x')\n")  # fmt: skip
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "reportUnusedImport": "none"}')  # fmt: skip
    for command in (["mypy", "--strict", "--python-executable"], ["pyright", "--pythonpath"]):
        program = [checkers.folder / "bin" / command[0], *command[1:], environment.python]
        right = subprocess.run([*program, "right.py"], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False)  # fmt: skip
        assert right.returncode == 0, right.stdout
        wrong = subprocess.run([*program, "wrong.py"], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False)  # fmt: skip
        assert wrong.returncode == 1
        assert "no_such_name" in wrong.stdout
        assert "Channel" in wrong.stdout


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder on a web server of files, as an index of packages is."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("way", ["find-links", "index"])
def test_pip(shims: Path, wheel: Path, tmp_path: Path, way: str) -> None:
    """Instead of originals that are there, and away again."""
    made = Environment.create(tmp_path / "venv", "pip", wheel, "protobuf<7")
    pip = ["-m", "pip", "--disable-pip-version-check"]
    with served(shims) as url:
        links = {"find-links": ["--find-links", str(shims)], "index": ["--extra-index-url", f"{url}/simple"]}  # fmt: skip
        made.says(*pip, "install", "--quiet", *links[way], "-c", shims / "constraints.txt", "googleapis-common-protos[grpc]", "grpcio-status", NO_PROXY="127.0.0.1")  # fmt: skip
    assert made.says("-c", PROGRAM) == PRINTED
    assert made.says(*pip, "check") == "No broken requirements found.\n"
    frozen = made.says(*pip, "freeze")
    assert f"grpcio=={GRPCIO}+russet" in frozen
    made.says(*pip, "uninstall", "--quiet", "--yes", "grpcio", "grpcio-status", "protobuf")
    assert not [path.name for path in made.packages.iterdir() if "grpc" in path.name or "protobuf" in path.name]  # fmt: skip
    assert not (made.packages / "google" / "protobuf").exists()
    assert not (made.packages / "russet_shims").exists()
    made.says(*pip, "install", "--quiet", "protobuf<7", "grpcio")
    code = "import grpc, google.protobuf as p; print(grpc.__name__, p.__name__)"
    assert made.says("-c", code) == "grpc google.protobuf\n"


def test_uv_overrides_what_packages_require(shims: Path, wheel: Path, tmp_path: Path) -> None:
    """Also where a package's own bounds say no."""
    made = Environment.create(tmp_path / "venv", wheel)
    made.install("--find-links", shims, "--override", shims / "constraints.txt", "googleapis-common-protos", "grpcio-status<1.70", "protobuf>=7")  # fmt: skip
    assert made.says("-c", PROGRAM) == PRINTED


PROJECT = """
[project]
name = "app"
version = "0"
requires-python = "=={python}.*"
dependencies = ["googleapis-common-protos", "grpcio", "grpcio-status", "protobuf", "russet"]
"""


def test_a_uv_project(shims: Path, wheel: Path, tmp_path: Path) -> None:
    python = "{}.{}".format(*sys.version_info[:2])
    constraints = (shims / "constraints.txt").read_text().splitlines()
    (tmp_path / "pyproject.toml").write_text(
        PROJECT.format(python=python)
        + f"[tool.uv]\nfind-links = [{str(shims)!r}, {str(wheel.parent)!r}]\nconstraint-dependencies = {constraints}\n"
    )
    uv("sync", "--quiet", "--python", sys.executable, "--project", tmp_path)
    made = Environment(tmp_path / ".venv")
    assert made.says("-c", PROGRAM) == PRINTED
    assert f'version = "{GRPCIO}+russet"' in (tmp_path / "uv.lock").read_text()


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the newest Poetry needs Python 3.10")
def test_a_poetry_project(shims: Path, wheel: Path, tmp_path: Path) -> None:
    poetry = Environment.create(tmp_path / "poetry", "poetry")
    project = tmp_path / "project"
    project.mkdir()
    paths = {"russet": wheel, **{path.name.split("-")[0].replace("_", "-"): path for path in shims.glob("*.whl")}}  # fmt: skip
    lines = "".join(f"{name} = {{path = {str(paths[name])!r}}}\n" for name in ("grpcio", "grpcio-status", "protobuf", "russet"))  # fmt: skip
    (project / "pyproject.toml").write_text(
        PROJECT.format(python="{}.{}".format(*sys.version_info[:2]))
        + f"[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\n{lines}"
    )
    variables = {"POETRY_VIRTUALENVS_IN_PROJECT": "1", "POETRY_VIRTUALENVS_CREATE": "1"}
    done = poetry.run("-m", "poetry", "install", "--no-interaction", "--directory", project, **variables)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert Environment(project / ".venv").says("-c", PROGRAM) == PRINTED


AGENT = """
import importlib.abc, importlib.machinery, sys

class Loader(importlib.abc.Loader):
    def __init__(self, inner): self.inner = inner
    def create_module(self, spec): return self.inner.create_module(spec)
    def exec_module(self, module):
        self.inner.exec_module(module)
        assert module.__name__ == "grpc"
        module.insecure_channel = ("wrapped", module.insecure_channel)

class Finder:
    asking = False
    def find_spec(self, name, path=None, target=None):
        if name != "grpc" or self.asking:
            return None
        self.asking = True
        spec = importlib.util.find_spec(name)
        self.asking = False
        spec.loader = Loader(spec.loader)
        return spec

import importlib.util
sys.meta_path.insert(0, Finder())
import grpc
from russet import grpc as ours
print(grpc is ours, grpc.insecure_channel[0])
"""


@pytest.mark.parametrize("said", ["0", "1"])
def test_an_agent_that_waits_for_an_import(environment: Environment, said: str) -> None:
    assert environment.says("-c", AGENT, RUSSET_INSTALL=said) == "True wrapped\n"
