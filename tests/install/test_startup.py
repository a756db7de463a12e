"""Processes that start fresh: `RUSSET_INSTALL`, `russet install`, and what they cost programs that never import grpc."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.environments import Environment

WHOSE = "import grpc, google.protobuf as p; print(grpc.__name__, p.__name__)"
OURS = "russet.grpc russet.protobuf\n"
# Stand-ins for the originals; here only their names count.
ORIGINALS = {"grpc/__init__.py": "", "google/protobuf/__init__.py": ""}
THEIRS = "grpc google.protobuf\n"

pytestmark = pytest.mark.timeout(600)


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def environment(wheel: Path, tmp_path: Path) -> Environment:
    """Russet from its wheel, beside originals."""
    made = Environment.create(tmp_path / "venv", wheel)
    put(made.packages, ORIGINALS)
    return made


@pytest.mark.parametrize("said", ["1", "true", "YES", "on"])
def test_the_variable_switches_it_on(environment: Environment, said: str) -> None:
    assert environment.says("-c", WHOSE, RUSSET_INSTALL=said) == OURS


@pytest.mark.parametrize("said", ["", "0", "false", "No", "off"])
def test_the_variable_switches_it_off(environment: Environment, said: str) -> None:
    assert environment.says("-c", WHOSE, RUSSET_INSTALL=said) == THEIRS
    assert environment.says("-c", WHOSE) == THEIRS


def test_what_it_imports() -> None:
    """Off, nothing; on, three small modules."""
    shown = "import sys; print(sorted(sys.modules))"
    listed = {}
    for said in ("0", "1"):
        done = subprocess.run([sys.executable, "-c", shown], env={**os.environ, "RUSSET_INSTALL": said}, capture_output=True, text=True, check=True)  # fmt: skip
        listed[said] = set(eval(done.stdout))
    assert not any("russet" in name for name in listed["0"])
    assert listed["1"] - listed["0"] == {"__future__", "russet", "russet._install", "russet._startup"}  # fmt: skip


def test_nothing_more_is_imported_until_an_alias_is_asked_for(environment: Environment) -> None:
    code = """
import importlib.metadata, json, sys
assert importlib.metadata.version("russet")
importlib.metadata.entry_points()
print(sorted(name for name in sys.modules if name.startswith(("russet", "grpc", "google"))))
"""
    expected = ["russet", "russet._distributions", "russet._install", "russet._startup", "russet._versions"]  # fmt: skip
    assert environment.says("-c", code, RUSSET_INSTALL="1") == f"{expected}\n"


CHILDREN = """
import multiprocessing, subprocess, sys

def whose(_):
    import grpc
    return grpc.__name__

if __name__ == "__main__":
    print(subprocess.run([sys.executable, "-c", "import grpc; print(grpc.__name__)"], capture_output=True, text=True).stdout.strip())
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(*pool.map(whose, [0]))
"""


@pytest.mark.parametrize("how", ["variable", "run"])
def test_children_inherit_it(environment: Environment, tmp_path: Path, how: str) -> None:
    put(tmp_path, {"program.py": CHILDREN})
    program = tmp_path / "program.py"
    if how == "variable":
        assert environment.says(program, RUSSET_INSTALL="1") == "russet.grpc\n" * 3
    else:
        assert environment.says("-m", "russet", "run", program) == "russet.grpc\n" * 3
    assert environment.says(program) == "grpc\n" * 3


def test_a_module_of_an_original_runs(environment: Environment) -> None:
    """runpy asks the alias's loader for code."""
    out = environment.says("-m", "grpc_tools.protoc", "--version", RUSSET_INSTALL="1")
    assert out.startswith("libprotoc ")
    assert "russet" in out


def test_an_original_that_another_pth_file_imports_is_one_line(environment: Environment) -> None:
    put(environment.packages, {"early.pth": "import grpc\n"})
    done = environment.run("-c", "print('goes on')", RUSSET_INSTALL="1")
    assert done.stdout == "goes on\n"
    (line,) = done.stderr.splitlines()
    assert line.startswith("russet: RUSSET_INSTALL has no effect: russet.install(): grpc is already imported")  # fmt: skip


def test_a_variable_that_says_neither_is_one_line(environment: Environment) -> None:
    done = environment.run("-c", WHOSE, RUSSET_INSTALL="maybe")
    assert done.stdout == THEIRS
    (line,) = done.stderr.splitlines()
    assert line == "russet: RUSSET_INSTALL has no effect: it is 'maybe', which is neither 1 nor 0"


@pytest.mark.parametrize("broken", ["russet/_install.py", "russet/__init__.py", "russet"])
def test_a_broken_installation_is_one_line(environment: Environment, broken: str) -> None:
    path = environment.packages / broken
    if path.is_dir():
        path.rename(path.with_name("elsewhere"))
    else:
        path.write_text("import no_such_module\n")
    done = environment.run("-c", WHOSE, RUSSET_INSTALL="1")
    assert done.returncode == 0
    assert done.stdout == THEIRS
    (line,) = done.stderr.splitlines()
    assert line.startswith("russet: RUSSET_INSTALL has no effect: No module named ")


def snapshot(folder: Path) -> dict[str, bytes]:
    """The files below a folder, but for what Python caches."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_install_and_uninstall_for_an_environment(environment: Environment) -> None:
    before = snapshot(environment.folder)
    said = environment.says("-m", "russet", "install")
    assert str(environment.packages / "russet_environment.pth") in said
    assert "russet uninstall undoes it" in said
    assert environment.says("-c", WHOSE) == OURS
    assert environment.says("-I", "-c", WHOSE) == OURS
    assert environment.says("-c", WHOSE, RUSSET_INSTALL="0") == THEIRS
    assert "is on already" in environment.says("-m", "russet", "install")
    said = environment.says("-m", "russet", "uninstall")
    assert str(environment.packages / "russet_environment.pth") in said
    assert snapshot(environment.folder) == before
    assert environment.says("-c", WHOSE) == THEIRS
    assert "Nothing to undo" in environment.says("-m", "russet", "uninstall")


def test_install_outlives_an_upgrade_and_is_silent_without_russet(environment: Environment, wheel: Path) -> None:  # fmt: skip
    environment.says("-m", "russet", "install")
    environment.install("--reinstall", wheel)
    assert environment.says("-c", WHOSE) == OURS
    (environment.packages / "russet").rename(environment.packages / "elsewhere")
    assert environment.says("-c", WHOSE) == THEIRS


def test_install_says_where_it_cannot(environment: Environment, tmp_path: Path) -> None:
    """Packages that are on the path only by PYTHONPATH have no `.pth` files read beside them."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in environment.packages.glob("russet*"):
        path.rename(elsewhere / path.name)
    done = environment.run("-m", "russet", "install", PYTHONPATH=str(elsewhere))
    assert done.returncode == 1
    assert "Russet is not in a folder of that Python's packages" in done.stderr
    assert not (elsewhere / "russet_environment.pth").exists()
    target = environment.packages / "russet_environment.pth"
    target.mkdir()
    for path in elsewhere.glob("russet*"):
        path.rename(environment.packages / path.name)
    for command in ("install", "uninstall"):
        done = environment.run("-m", "russet", command)
        assert done.returncode == 1
        assert f"{command}: cannot " in done.stderr
        assert str(target) in done.stderr


@pytest.mark.parametrize("command", ["install", "uninstall", "shims"])
def test_help(environment: Environment, command: str) -> None:
    assert f"russet {command}" in environment.says("-m", "russet", command, "--help")
    done = environment.run("-m", "russet", command, "--no-such-option")
    assert done.returncode == 2
    assert f"russet {command}" in done.stderr


def test_an_editable_installation_has_it_too() -> None:
    """As `make build` makes one, in which these tests run."""
    done = subprocess.run([sys.executable, "-c", WHOSE], env={**os.environ, "RUSSET_INSTALL": "1"}, capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.stdout, done.stderr) == (OURS, "")


def test_tests_start_processes_that_have_it(environment: Environment, tmp_path: Path) -> None:
    put(tmp_path, {"test_it.py": f"import subprocess, sys\ndef test():\n    done = subprocess.run([sys.executable, '-c', {WHOSE!r}], capture_output=True, text=True)\n    assert done.stdout == {OURS!r}\n"})  # fmt: skip
    environment.install("pytest")
    assert "1 passed" in environment.says("-m", "pytest", "-q", "-p", "russet.pytest_plugin", "-p", "no:cacheprovider", tmp_path)  # fmt: skip
