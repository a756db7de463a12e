"""Writes `docs/compatibility.md`: every public name of the originals, whether Russet has it with the same signature, and which tests use it.

Run as `python -m compat.matrix` in the folder `tests`, or by `make compatibility`.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter, defaultdict
from pathlib import Path

from . import surface
from .exceptions import ABSENT, DIFFERENT
from .private import NAMES

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "compatibility.md"
# Where the behaviour of a package is tested; more specific ones first.
FOLDERS = {
    "grpc": ("rpc", "interop", "examples"),
    "grpc_health": ("companions",),
    "grpc_reflection": ("companions",),
    "grpc_status": ("companions",),
    "grpc_channelz": ("companions",),
    "grpc_testing": ("companions",),
    "grpc_tools": ("compiler",),
    "google.protobuf": ("messages", "compiler", "packages"),
}
INTRODUCTION = """\
# Compatibility

Every public name of the packages that Russet stands in for, as a program finds them: it walks the originals, holds Russet's modules against them, and looks up which tests use a name. `make compatibility` writes this page anew; a test fails when it is not true any more.

*Same* means: the same kind of thing, the same bases, abstract methods and enum members, and for every function and method the same parameters and defaults. *Used by* names the test files that use the name most, beyond this comparison; members that no test names are counted after it.
"""


PRIVATE_INTRODUCTION = """\
Names that begin with an underscore or stand in such a module, which programs import or patch all the same. A name that only grpcio's C core could fulfil can be imported, for annotations and checks; where it is used it raises `NotImplementedError`, which names the public way.
"""


def identifiers(source: str) -> Counter[str]:
    """The names that a test file uses, in its code and in the code that its strings hold; comments and docstrings do not count."""
    found: Counter[str] = Counter()
    tree = ast.parse(source)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found[node.id] += 1
        elif isinstance(node, ast.Attribute):
            found[node.attr] += 1
        elif isinstance(node, ast.alias):
            found.update(node.name.split("."))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documentation
        ):
            found.update(re.findall(r"[A-Za-z_]\w*", node.value))
    return found


class Usage:
    """Which test files use a name."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, Counter[str]]] = defaultdict(dict)
        for path in sorted(TESTS.rglob("test_*.py")):
            folder = path.relative_to(TESTS).parts[0]
            if folder != "compat":
                name = path.relative_to(TESTS).as_posix()
                self._files[folder][name] = identifiers(path.read_text("utf-8"))

    def of(self, package: str, name: str) -> list[str]:
        """The two files that use a name most, of the folders in which the package's behaviour is tested."""
        counts = {
            file: words[name]
            for folder in FOLDERS[package]
            for file, words in self._files[folder].items()
            if words[name]
        }
        return sorted(counts, key=lambda file: (-counts[file], file))[:2]


def row(package: str, name: surface.Name, usage: Usage) -> tuple[str, str]:
    """A line of a table, and what state it shows: same, different, absent or gap."""
    used = usage.of(package, name.name)
    where = ", ".join(f"`{file}`" for file in used)
    if surface.is_absent(name.path):
        return f"| `{name.name}` | {name.kind} | absent | |", "absent"
    gaps = surface.differences(name)
    if gaps:
        return f"| `{name.name}` | {name.kind} | **gap**: {'; '.join(gaps)} | {where} |", "gap"
    excused = [m for m in name.members if f"{name.path}.{m}" in ABSENT or f"{name.path}.{m}" in DIFFERENT]  # fmt: skip
    state = "different" if name.path in DIFFERENT else "same"
    text = state
    if name.members:
        text += f", {len(name.members) - len(excused)} of {len(name.members)} members"
        # Dunders are used by syntax and not by name.
        unused = [m for m in name.members if not m.startswith("__") and not usage.of(package, m)]
        if unused:
            where += f"; {len(unused)} members by none" if where else f"{len(unused)} members by none"  # fmt: skip
    return f"| `{name.name}` | {name.kind} | {text} | {where} |", state


def page() -> str:
    """The whole page."""
    usage = Usage()
    sections: list[str] = []
    summary = ["| package | release | names | same | different | absent | gaps |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for package in surface.PACKAGES:
        counts: Counter[str] = Counter()
        for module in surface.modules(package):
            if surface.is_absent(module):
                sections.append(f"### {module}\nAbsent: {_reason(module)}.\n")
                continue
            lines = ["| name | kind | Russet | used by |", "|---|---|---|---|"]
            for name in surface.names(module):
                line, state = row(package, name, usage)
                lines.append(line)
                counts[state] += 1
            if len(lines) > 2:
                sections.append(f"### {module}\nRusset's is `{surface.russet_module(module)}`.\n\n" + "\n".join(lines) + "\n")  # fmt: skip
        version = _release(package)
        total = sum(counts.values())
        summary.append(f"| {package} | {version} | {total} | {counts['same']} | {counts['different']} | {counts['absent']} | {counts['gap']} |")  # fmt: skip
    reasons = ["| what | why |", "|---|---|"]
    reasons += [f"| `{path}` | absent: {why} |" for path, why in ABSENT.items()]
    reasons += [f"| `{path}` | different: {why} |" for path, why in DIFFERENT.items()]
    reasons = ["## What is absent or different, and why", *reasons, ""]
    private = ["## Private names", PRIVATE_INTRODUCTION, "| module | names | in Russet | known users |", "|---|---|---|---|"]  # fmt: skip
    for group in NAMES:
        names = ", ".join(f"`{name}`" for name in group.names)
        private.append(f"| {group.module} | {names} | {group.meaning} | {group.used_by} |")
    return "\n".join([INTRODUCTION, *summary, "", *reasons, *private, "", "## Name by name", *sections])  # fmt: skip


def _reason(path: str) -> str:
    while path not in ABSENT:
        path = path.rpartition(".")[0]
    return ABSENT[path]


def _release(package: str) -> str:
    module = importlib.import_module("google.protobuf" if package == "google.protobuf" else "grpc")
    version: str = module.__version__
    return version


def main() -> None:
    PAGE.write_text(page(), "utf-8")
    print(f"{PAGE.relative_to(TESTS.parent)} is written")


if __name__ == "__main__":
    main()
