"""The README's service in twenty lines runs as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def section(title: str) -> str:
    text = README.read_text("utf-8")
    return re.split(r"^## ", text.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_a_service_in_twenty_lines(tmp_path: Path) -> None:
    text = section("A service in twenty lines")
    (proto,), (compile_it,), (program,) = (blocks(text, kind) for kind in ("proto", "sh", "python"))
    (tmp_path / "greet.proto").write_text(proto)
    shell = shutil.which("sh")
    assert shell
    # `python` is this interpreter, with which Russet is installed.
    commands = compile_it.replace("python ", f"{sys.executable} ", 1)
    subprocess.run([shell, "-ec", commands], cwd=tmp_path, check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    (promised,) = re.findall(r"It prints `([^`]*)`", text)
    assert (done.stdout, done.stderr) == (f"{promised}\n", "")
    lines = [line for line in program.splitlines() if line.strip()]
    assert len(lines) <= 20, "the title says twenty"
