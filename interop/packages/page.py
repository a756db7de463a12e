"""Writes docs/packages.md from what `make packages` printed, given as files: a line of a later file stands for that of an earlier one about the same package.

page.py DATE FILE ...
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "packages.md"
LINE = re.compile(r"(\S+) (\S+?)(, its tests)?\s*(-|\d+\.\d+\.\d+)\s+(\S+)\s+\d+  (same|differs|fails|broken|listed)(: .*)?")  # fmt: skip
HEAD = """# Packages on Russet

What `make packages` ([interop/packages](../interop/packages)) printed on {date}, on Linux with CPython {python}, in a whole run and in runs of what was mended or added since: packages of PyPI that use gRPC or protobuf, each installed twice, with the originals and with Russet's [shims](shims.md) in their place, at the same versions. A program does the package's main thing, or runs the tests that the package ships, against a real server where one can be had, and what it prints must be equal. A package that stands here twice has two programs. `-` says that the package does not need grpcio or protobuf.

{same} of {all} are the same.

| package | grpcio | protobuf | result |
|---|---|---|---|
"""
FOOT = """
## What differs
The reasons, as they stand in [differences.txt](../interop/packages/differences.txt). A difference without a reason there makes `make packages` fail.

"""


def main() -> None:
    rows: list[tuple[str, ...]] = []
    date, *files = sys.argv[1:]
    for number, file in enumerate(files):
        for line in Path(file).read_text().splitlines():
            found = LINE.fullmatch(line.rstrip())
            if not found:
                continue
            name, version, tests, grpcio, protobuf, result, _ = found.groups()
            row = (f"{name} {version}{tests or ''}", grpcio, protobuf, result)
            same = [at for at, one in enumerate(rows) if one[0] == row[0]]
            if number and len(same) == 1:
                rows[same[0]] = row
            else:
                rows.append(row)
    python = "{}.{}".format(*sys.version_info[:2])
    same_count = sum(row[3] == "same" for row in rows)
    text = HEAD.format(date=date, python=python, same=same_count, all=len(rows))
    text += "".join(f"| {' | '.join(row)} |\n" for row in sorted(rows))
    text += FOOT
    for line in (HERE / "differences.txt").read_text().splitlines():
        program, separator, reason = line.partition(": ")
        if separator and not line.startswith("#"):
            text += f"- `{program}`: {reason}.\n"
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
