"""`russet install` and `russet uninstall`: Russet for every Python of an environment, by one file beside the packages."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

_FILE = "russet_environment.pth"
# As `russet_install.pth`, which the package brings, but on where the variable says nothing, and silent where Russet is gone.
_LINE = """import os, sys; os.environ.get("RUSSET_INSTALL", "1") in ("", "0") or exec("try:\\n import russet._startup\\nexcept Exception as error:\\n getattr(error, 'name', '') != 'russet' and sys.stderr and not hasattr(sys, '_russet_startup') and print('russet: russet install has no effect:', error, file=sys.stderr)\\n sys._russet_startup = error")
"""
_NAMES = "grpc, google.protobuf, grpc_tools and grpcio's companions"

_INSTALL_HELP = f"""\
Make {_NAMES} mean Russet in every Python of this environment.

Usage: russet install

It writes one file, {_FILE}, beside the installed packages. Originals that are
installed stay where they are, unused. RUSSET_INSTALL=0 turns it off for a process and those that
it starts. russet uninstall undoes it; do that before you remove the package russet.
"""

_UNINSTALL_HELP = f"""\
Undo russet install: {_NAMES} mean again what is installed.

Usage: russet uninstall

It removes one file, {_FILE}. The package russet stays installed.
"""


def folder() -> Path:
    """Where the environment's Python looks for `.pth` files: the folder that Russet's own metadata is in."""
    try:
        # An editable installation has its metadata there too, unlike its modules.
        return Path(str(metadata.distribution("russet").locate_file("")))
    except metadata.PackageNotFoundError:
        return Path(sysconfig.get_path("platlib"))


def install(arguments: list[str]) -> int:
    """Run `russet install`; return the exit code."""
    if arguments:
        return _help(_INSTALL_HELP, arguments)
    target = folder() / _FILE
    if target.is_file() and target.read_text("utf-8") == _LINE and _takes_effect():
        print(f"It is on already in {sys.prefix}: {target} is there.")
        return 0
    try:
        target.write_text(_LINE, "utf-8")
    except OSError as error:
        return _failed("install", f"cannot write {target}: {error.strerror}")
    if not _takes_effect():
        target.unlink()
        return _failed("install", f"{sys.executable} does not read {target}: Russet is not in a folder of that Python's packages")  # fmt: skip
    print(f"In {sys.prefix}, {_NAMES} are Russet from now on.")
    print(
        f"Wrote {target}. RUSSET_INSTALL=0 turns it off for a process; russet uninstall undoes it."
    )
    return 0


def uninstall(arguments: list[str]) -> int:
    """Run `russet uninstall`; return the exit code."""
    if arguments:
        return _help(_UNINSTALL_HELP, arguments)
    target = folder() / _FILE
    try:
        target.unlink()
    except FileNotFoundError:
        print(f"Nothing to undo in {sys.prefix}: there is no {target}.")
        return 0
    except OSError as error:
        return _failed("uninstall", f"cannot remove {target}: {error.strerror}")
    print(f"Removed {target}. In {sys.prefix}, {_NAMES} are what is installed.")
    return 0


def _takes_effect() -> bool:
    """Whether a fresh Python of this environment has Russet."""
    environment = {name: value for name, value in os.environ.items() if name != "RUSSET_INSTALL"}
    code = "import sys; sys.exit('russet._startup' not in sys.modules)"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=False).returncode == 0


def _help(text: str, arguments: list[str]) -> int:
    asked = arguments[0] in ("-h", "--help")
    (sys.stdout if asked else sys.stderr).write(text)
    return 0 if asked else 2


def _failed(command: str, why: str) -> int:
    sys.stderr.write(f"russet {command}: {why}.\n")
    return 1
