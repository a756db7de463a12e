"""Reads the cases of this folder; README.md describes their form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent

BYTES = re.compile(r"\\(x[0-9a-f]{2}|r|0)")


@dataclass
class Case:
    """A file that is wrong, with the files it imports."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    expected: list[str] = field(default_factory=list)
    different: list[str] | None = None
    reason: str = ""

    @property
    def lines(self) -> list[str]:
        """What Russet prints, sorted."""
        return self.expected if self.different is None else self.different

    def write(self, folder: Path) -> None:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.encoded(text))

    def encoded(self, text: str) -> bytes:
        if not self.name.endswith("_bytes"):
            return text.encode()
        one = {"r": "\r", "0": "\0"}
        plain = BYTES.sub(lambda m: one.get(m[1]) or chr(int(m[1][1:], 16)), text)
        return plain.encode("latin-1")


def read(path: Path) -> list[Case]:
    cases: list[Case] = []
    target: list[str] = []
    for line in path.read_text("utf-8").splitlines(keepends=True):
        mark, _, rest = line.rstrip("\n").partition(" ")
        if mark == "===":
            cases.append(Case(rest))
        if mark in ("===", "---"):
            name = f"{rest}.proto" if mark == "===" else rest
            target = []
            cases[-1].files[name] = ""
        elif mark == ">>>" and not rest:
            target = cases[-1].expected
        elif mark == ">>>":
            cases[-1].reason = rest.removeprefix("because ")
            target = cases[-1].different = []
        elif target is cases[-1].expected or target is cases[-1].different:
            target.append(line.rstrip("\n"))
        else:
            name = list(cases[-1].files)[-1]
            cases[-1].files[name] += line
    return cases


def topics() -> list[Path]:
    return sorted(HERE.glob("*.txt"))


def all_cases() -> dict[str, Case]:
    return {case.name: case for path in topics() for case in read(path)}
