"""The command `russet shims`."""

from __future__ import annotations

import argparse
import hashlib
import html
import re
import sys
from pathlib import Path
from urllib.parse import quote

from . import _wheel
from ._packages import PACKAGES, Package, files

_LOCAL = "russet"
# A public version of PEP 440, in its normal form.
_VERSION = re.compile(r"(\d+!)?\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?")
_DESCRIPTION = """\
Build wheels that satisfy what other packages require of grpcio, protobuf and their companions. Each
has the version that you ask for with +russet behind it, modules of the original's names that are
Russet's, types, and needs the package russet. They are for your own environments: do not publish
them, and take bugs to Russet, not to the originals.
"""
_EPILOG = """\
  pip install --find-links DIR -c DIR/constraints.txt PACKAGE
  uv pip install --find-links DIR --override DIR/constraints.txt PACKAGE

DIR/simple is the same as an index (PEP 503). docs/shims.md has Poetry and lock files.
"""
_METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: Russet in the place of {name}, made by `russet shims` on your own machine
Classifier: Private :: Do Not Upload
Requires-Python: >=3.9
{requires}
Description-Content-Type: text/markdown

This is not {name}: it gives {modules} of Russet under the original's names. It is for the
environment that it was made for and must not be published. Bugs go to Russet, not to {name}.
"""


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="russet shims",
        usage="russet shims --dir DIR [--grpcio VERSION] [--protobuf VERSION] [PACKAGE ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=f"which to build; all of them where none is named: {', '.join(PACKAGES)}")  # fmt: skip
    parser.add_argument("--dir", required=True, type=Path, help="where the wheels go, an index of them and constraints.txt")  # fmt: skip
    versions = parser.add_argument_group("versions")
    versions.add_argument("--grpcio", metavar="VERSION", type=_version, default=PACKAGES["grpcio"].version, help="of grpcio and all grpcio-* packages (%(default)s)")  # fmt: skip
    versions.add_argument("--protobuf", metavar="VERSION", type=_version, default=PACKAGES["protobuf"].version, help="of protobuf (%(default)s)")  # fmt: skip
    for name in PACKAGES:
        if name.startswith("grpcio-"):
            versions.add_argument(f"--{name}", metavar="VERSION", type=_version, help="of this one, where it differs from --grpcio")  # fmt: skip
    given = vars(parser.parse_args(arguments))
    named = [re.sub(r"[-_.]+", "-", name).lower() for name in given["packages"]]
    for name in named:
        if name not in PACKAGES:
            parser.error(f"there is no shim for {name!r}; there is one for {', '.join(PACKAGES)}")
    chosen = {name: given[name.replace("-", "_")] or given["grpcio"] for name in named or PACKAGES}
    folder: Path = given["dir"]
    try:
        made = build(folder, chosen)
    except OSError as error:
        sys.stderr.write(
            f"russet shims: cannot write {error.filename or folder}: {error.strerror}\n"
        )
        return 1
    for path in made:
        print(path)
    print(
        f"\nInstall packages beside them, on Russet:\n{_EPILOG.replace('DIR', str(folder))}", end=""
    )
    return 0


def build(folder: Path, versions: dict[str, str]) -> list[Path]:
    """Write the shims of some distributions, by name with their versions, then the constraints and the index for all in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for name, version in versions.items():
        full = f"{version}+{_LOCAL}"
        # One version of each: an installer takes the highest that it finds.
        for old in _wheels(folder, name):
            old.unlink()
        path = folder / _wheel.filename(name, full)
        path.write_bytes(contents(PACKAGES[name], version))
        made.append(path)
    _write_lists(folder)
    return made


def contents(package: Package, version: str) -> bytes:
    """The wheel that stands for a version of a distribution."""
    full = f"{version}+{_LOCAL}"
    metadata = {
        "METADATA": _METADATA.format(
            name=package.name,
            version=full,
            requires="\n".join(
                (
                    *(f"Requires-Dist: {need}" for need in ("russet", *package.needs)),
                    *package.metadata,
                )
            ),
            modules=" and ".join(f"`{module}`" for module in package.modules),
        )
    }
    if package.scripts:
        metadata["entry_points.txt"] = package.scripts
    return _wheel.wheel(package.name, full, dict(files(package, version)), metadata)


def _write_lists(folder: Path) -> None:
    """`constraints.txt`, one line a shim, and `simple/`, an index."""
    lines: list[str] = []
    links: list[str] = []
    for name in PACKAGES:
        for path in _wheels(folder, name):
            lines.append(f"{name}=={path.name.split('-')[1]}\n")
            links.append(f'<a href="{name}/">{name}</a><br>\n')
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            link = f'<a href="../../{quote(path.name)}#sha256={digest}" data-requires-python="&gt;=3.9">{html.escape(path.name)}</a><br>\n'
            _write_page(folder / "simple" / name, link)
    (folder / "constraints.txt").write_text("".join(lines), "utf-8")
    _write_page(folder / "simple", "".join(links))


def _write_page(folder: Path, links: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><meta name="pypi:repository-version" content="1.0"></head><body>\n{links}</body></html>\n'
    (folder / "index.html").write_text(text, "utf-8")


def _wheels(folder: Path, name: str) -> list[Path]:
    """The shims of a distribution in a folder."""
    return sorted(folder.glob(f"{name.replace('-', '_')}-*+{_LOCAL}-py3-none-any.whl"))


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a version such as 1.85.3; shims add +{_LOCAL} to it themselves")  # fmt: skip
    return text
