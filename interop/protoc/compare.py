"""Compiles a corpus with protoc and with Russet, and says where they differ.

Compared are the descriptor sets, file by file and byte for byte, without and with source info; what is printed as warnings; and for files that one of the two refuses, the verdict and the lines printed. Files differ only if it is this program's output that says so: every difference is listed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus import PACKAGES, ROOT, Tree, Unavailable, trees

sys.path.insert(0, str(ROOT / "tests" / "compiler"))

from wrong_files import all_cases

PROTOC_VERSION = "36.2"
FINDING = re.compile(r"^(?P<file>[^\s:]+\.proto):(?P<place>(?:\d+:\d+:)?) (?P<text>.*)$")

Command = list[str]


@dataclass
class Answer:
    """What a compiler did."""

    code: int
    lines: list[str]
    files: dict[str, bytes]

    def wrong_files(self, roots: list[Path]) -> set[str]:
        """By their virtual names; printed are names on disk, where they are on disk."""
        found = (FINDING.match(line) for line in self.lines)
        shown = {m["file"] for m in found if m and not m["text"].startswith("warning:")}
        for root in sorted(roots, key=lambda root: len(str(root)), reverse=True):
            shown = {name.removeprefix(f"{root}/") for name in shown}
        return shown

    def places(self) -> set[tuple[str, str]]:
        found = (FINDING.match(line) for line in self.lines)
        return {(m["file"], m["place"]) for m in found if m}


@dataclass
class Count:
    """The figures of one tree."""

    name: str
    accepted: int = 0
    refused: int = 0
    # What differs, a line each, the file's name first.
    different: list[str] = field(default_factory=list)

    def figures(self) -> tuple[int, int, int, int]:
        """Compared, equal, refused by both, different: in files."""
        compared = self.accepted + self.refused
        different = len({line.partition(": ")[0] for line in self.different})
        return compared, compared - different, self.refused, different


def compile_files(command: Command, tree: Tree, files: list[str], *flags: str) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        out, argfile = Path(folder, "set"), Path(folder, "files")
        argfile.write_text("\n".join(files))
        done = subprocess.run(
            [*command, *tree.flags(), *flags, f"--descriptor_set_out={out}", f"@{argfile}"],
            capture_output=True,
            check=False,
        )
        lines = [
            line
            for line in done.stderr.decode("utf-8", "replace").splitlines()
            if FINDING.match(line)
        ]
        return Answer(done.returncode, lines, split(out.read_bytes()) if out.exists() else {})


def split(descriptor_set: bytes) -> dict[str, bytes]:
    """The files of a FileDescriptorSet by name, without a library that could hide a difference."""
    files: dict[str, bytes] = {}
    at = 0
    while at < len(descriptor_set):
        assert descriptor_set[at] == 0x0A, "only the field `file`"
        size, at = varint(descriptor_set, at + 1)
        content = descriptor_set[at : at + size]
        length, start = varint(content, 1)
        files[content[start : start + length].decode()] = content
        at += size
    return files


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def accepted_files(command: Command, tree: Tree, files: list[str]) -> list[str]:
    """The files without those that are wrong, or import a wrong one."""
    left = list(files)
    while left:
        answer = compile_files(command, tree, left)
        wrong = answer.wrong_files(tree.roots)
        if answer.code == 0:
            break
        before = len(left)
        left = [name for name in left if name not in wrong]
        if len(left) == before:
            raise SystemExit(
                f"{command[0]} refuses {tree.name}, and names no file: {answer.lines[:3]}"
            )
    return left


def compare_tree(protoc: Command, russet: Command, tree: Tree) -> Count:
    count = Count(tree.name)
    # What Russet accepts is asked of protoc all at once; what protoc refuses of it comes out as a difference.
    ours = accepted_files(russet, tree, tree.files)
    theirs = accepted_files(protoc, tree, ours)
    count.different += [f"{name}: only Russet accepts it" for name in set(ours) - set(theirs)]
    if theirs:
        for flags in ((), ("--include_source_info",), ("--retain_options",)):
            label = " ".join(flags) or "descriptor"
            one = compile_files(protoc, tree, theirs, *flags)
            other = compile_files(russet, tree, theirs, *flags)
            for name in theirs:
                if one.files.get(name) != other.files.get(name):
                    count.different.append(f"{name}: {label}")
            if not flags and list(one.files) != list(other.files):
                count.different.append("all files: other order")
            if not flags and sorted(one.lines) != sorted(other.lines):
                for line in sorted(set(one.lines) ^ set(other.lines)):
                    by = "Russet" if line in other.lines else "protoc"
                    name, _, text = line.partition(":")
                    count.different.append(f"{name}: printed only by {by}: {text.strip()}")
    count.accepted = len(theirs)
    for name in sorted(set(tree.files) - set(ours)):
        one, other = (compile_files(command, tree, [name]) for command in (protoc, russet))
        count.refused += 1
        count.different += [f"{name}: {what}" for what in differences(one, other)]
    return count


def differences(protoc: Answer, russet: Answer) -> Iterator[str]:
    """Where two verdicts on one file differ: in the verdict, the places, the texts."""
    if (protoc.code == 0) != (russet.code == 0):
        yield "only Russet refuses it" if protoc.code == 0 else "only Russet accepts it"
    elif protoc.places() != russet.places():
        yield f"other places: {sorted(protoc.places() ^ russet.places())}"


def compare_wrong_files(protoc: Command, russet: Command) -> Count:
    """The wrong files of the tests: verdict and places are the same, but where a case says why not."""
    count = Count("wrong files")
    for case in all_cases().values():
        with tempfile.TemporaryDirectory() as folder:
            case.write(Path(folder))
            tree = Tree(case.name, [Path(folder)])
            one, other = (
                compile_files(command, tree, [f"{case.name}.proto"]) for command in (protoc, russet)
            )
        is_refused = one.code != 0
        count.refused += is_refused
        count.accepted += not is_refused
        if not case.reason:
            count.different += [f"{case.name}: {what}" for what in differences(one, other)]
            if sorted(one.lines) != sorted(other.lines):
                count.different.append(f"{case.name}: other texts")
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--russet", nargs="+", default=["russet", "protoc"], metavar="COMMAND")
    parser.add_argument("--protoc", nargs="+", default=["protoc"], metavar="COMMAND")
    parser.add_argument("--package", action="append", default=[], help="only this one; repeatable")
    arguments = parser.parse_args()
    asked = subprocess.run(
        [*arguments.protoc, "--version"], capture_output=True, text=True, check=True
    )
    print(f"Russet beside {asked.stdout.strip()}")
    if PROTOC_VERSION not in asked.stdout:
        print(f"note: differences are to be expected: this is not protoc {PROTOC_VERSION}")
    print(f"{'':42}{'compared':>9}{'equal':>9}{'refused by both':>17}{'different':>11}")
    counts: list[Count] = []
    unavailable: list[str] = []
    for package in PACKAGES:
        if arguments.package and package.name not in arguments.package:
            continue
        try:
            counts.extend(
                show(compare_tree(arguments.protoc, arguments.russet, tree))
                for tree in trees([package.name])
            )
        except Unavailable as error:
            unavailable.append(str(error))
    if not arguments.package:
        counts.append(show(compare_wrong_files(arguments.protoc, arguments.russet)))
    show_row("total", *(sum(column) for column in zip(*(count.figures() for count in counts))))
    for line in unavailable:
        print(f"not compared: {line}")
    different = [f"{count.name}: {line}" for count in counts for line in count.different]
    for line in different:
        print(f"different: {line}")
    return int(bool(different))


def show(count: Count) -> Count:
    show_row(count.name, *count.figures())
    return count


def show_row(name: str, compared: int, equal: int, refused: int, different: int) -> None:
    print(f"{name:42}{compared:9}{equal:9}{refused:17}{different:11}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
