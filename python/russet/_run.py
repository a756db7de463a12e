"""`russet run`: a Python program after `russet.install()`, without a changed line."""

from __future__ import annotations

import builtins
import io
import os
import runpy
import sys
import zipfile
from pathlib import Path
from types import CodeType, ModuleType

import russet

_HELP = """\
Run a Python program in which grpc, google.protobuf and grpc_tools are Russet.

Usage: russet run FILE [ARGUMENTS]
       russet run -m MODULE [ARGUMENTS]
       russet run -c CODE [ARGUMENTS]

The program sees sys.argv, sys.path and __main__ as python gives them. So do the Python processes
that it starts (subprocess, multiprocessing, workers of servers): RUSSET_INSTALL=1 is set for them.
"""


def main(arguments: list[str]) -> int:
    """Run what the arguments name; return the exit code. `SystemExit` and what the program raises pass through."""
    if not arguments or arguments[0] in ("-h", "--help"):
        (sys.stdout if arguments else sys.stderr).write(_HELP)
        return 0 if arguments else 2
    kind = arguments[0]
    if kind in ("-m", "-c") and len(arguments) < 2:
        sys.stderr.write(f"russet run: {kind} needs an argument. See russet run --help.\n")
        return 2
    if kind.startswith("-") and kind not in ("-m", "-c"):
        sys.stderr.write(f"russet run: unknown option {kind}. See russet run --help.\n")
        return 2
    russet.install()
    os.environ["RUSSET_INSTALL"] = "1"
    if kind == "-m":
        _set_path("")
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        _set_path("")
        sys.argv = ["-c", *arguments[2:]]
        _execute(compile(arguments[1], "<string>", "exec"))
    else:
        script = Path(kind)
        if not script.exists():
            sys.stderr.write(f"russet run: cannot open {kind!r}: no such file\n")
            return 2
        sys.argv = arguments
        if script.is_dir() or zipfile.is_zipfile(script):
            _drop_own_path()
            runpy.run_path(kind, run_name="__main__")
        else:
            _set_path(str(script.resolve().parent))
            with io.open_code(str(script.absolute())) as source:
                code = compile(source.read(), kind, "exec")
            _execute(code, __file__=kind)
    return 0


def _execute(code: CodeType, **names: str) -> None:
    """Run code as the module `__main__`, which stays that until the process ends, for threads and exit handlers."""
    module = ModuleType("__main__")
    module.__dict__.update(names, __builtins__=builtins)
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def _set_path(first: str) -> None:
    """Put the program's folder where this command's own stands in `sys.path`."""
    _drop_own_path()
    sys.path.insert(0, first)


def _drop_own_path() -> None:
    """Take out the folder of the console script, or with `python -m russet` the current one; with -P or -I Python put none there."""
    if sys.path and not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated:
        del sys.path[0]
