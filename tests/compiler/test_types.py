"""Generated stubs: type checkers in their strictest mode find nothing wrong with them, nothing with right uses, and all wrong ones."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from compiler_support import CORPORA, PROTOS, Tool, bundled_protos, roots_flags, scripts_on_path

TYPED = Path(__file__).parent / "typed"

RULES = sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / "rules").glob("*.proto"))


def generate(
    ours: Tool, out: Path, roots: list[Path], files: list[str], parameter: str = ""
) -> None:
    ours.good(
        *roots_flags(roots),
        *files,
        f"--python_out={parameter}{out}",
        f"--pyi_out={parameter}{out}",
        f"--grpc_python_out={parameter}{out}",
    )


def mypy(folder: Path, *args: str) -> list[str]:
    """What mypy finds, a line each."""
    pytest.importorskip("mypy")
    flags = ["--strict", "--explicit-package-bases", "--namespace-packages", "--no-error-summary"]
    found = subprocess.run(
        [sys.executable, "-m", "mypy", *flags, "--python-version", "3.10", *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not found.stderr, found.stderr
    return [line for line in found.stdout.splitlines() if ": note: " not in line]


def pyright(folder: Path, *args: str) -> list[str]:
    """What pyright finds, a line each."""
    program = shutil.which("pyright", path=scripts_on_path())
    if program is None:
        pytest.skip("pyright is not installed here")
    options = {
        "typeCheckingMode": "strict",
        "reportPrivateUsage": False,
        "reportDeprecated": "error",
        # A package that is installed, such as google.iam.v1, hides a corpus's folder of its name, and need not be typed.
        "reportMissingTypeStubs": False,
        "pythonVersion": "3.10",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(options))
    found = subprocess.run(
        [program, "--pythonpath", sys.executable, "--outputjson", *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    diagnostics = json.loads(found.stdout)["generalDiagnostics"]
    return [
        f"{Path(one['file']).name}:{one['range']['start']['line'] + 1}: {one['message']}"
        for one in diagnostics
    ]


CHECKERS = [mypy, pyright]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("corpus", ["bundled", "googleapis", "rules"])
def test_stubs_of_the_corpora(corpus: str, checker, ours: Tool, tmp_path: Path) -> None:
    roots, files = ([PROTOS, bundled_protos()], RULES) if corpus == "rules" else CORPORA[corpus]
    generate(ours, tmp_path, roots, files)
    stubs = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.pyi")]
    assert len(stubs) == 2 * len(files)
    assert checker(tmp_path, *stubs) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_stubs_with_relative_imports(checker, ours: Tool, tmp_path: Path) -> None:
    package = tmp_path / "outer" / "made"
    package.mkdir(parents=True)
    generate(ours, package, [PROTOS, bundled_protos()], RULES, "imports=relative,init=true:")
    stubs = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.pyi")]
    assert checker(tmp_path, *stubs) == []


@pytest.fixture
def typed(ours: Tool, tmp_path: Path) -> Path:
    generate(ours, tmp_path, [TYPED], ["greeter.proto"])
    for name in ("right.py", "wrong.py"):
        shutil.copy(TYPED / name, tmp_path)
    return tmp_path


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_right_uses(checker, typed: Path) -> None:
    assert checker(typed, "right.py") == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_wrong_uses_are_found(checker, typed: Path) -> None:
    lines = (typed / "wrong.py").read_text().splitlines()
    expected = {number for number, line in enumerate(lines, start=1) if line.endswith("# wrong")}
    found = {
        int(match[1])
        for line in checker(typed, "wrong.py")
        if (match := re.match(r"wrong\.py:(\d+):", line))
    }
    assert found == expected


def test_deprecation_is_reported(typed: Path) -> None:
    (typed / "old.py").write_text(
        "from greeter_pb2 import Request\n\nprint(Request().old)\nRequest().old = 1\nRequest().id = 1\n"
    )
    found = pyright(typed, "old.py")
    assert [line.split(":")[1] for line in found] == ["3", "4"]
    assert "deprecated in greeter.proto" in found[0]


def test_comments_become_docstrings(typed: Path) -> None:
    messages = (typed / "greeter_pb2.pyi").read_text()
    assert 'class Request(_message.Message):\n    """Asks."""\n' in messages
    assert '    LOUD: _ClassVar[Tone]\n    """With feeling."""\n' in messages
    services = (typed / "greeter_pb2_grpc.pyi").read_text()
    assert '"""One for one."""' in services
