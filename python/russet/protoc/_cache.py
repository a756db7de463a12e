"""Modules that were compiled from `.proto` files before, kept by what the files held.

An entry is found by the name of the file, the folders that are searched and what would compile it; it counts only while every file it was made from is found where it was and holds the same bytes. Entries are the user's own: a folder that belongs to or can be written by someone else is not used, since what is in it is run. Nothing here ever fails a program: where the cache does not work, files are compiled each time.

`RUSSET_CACHE_DIR` names the folder (default: `russet/protos` in the user's cache folder); empty, it turns the cache off.
"""

from __future__ import annotations

import marshal
import os
import sys
from hashlib import sha256
from pathlib import Path

from russet import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType

# Raised when the form of an entry changes.
_FORM = 1
# Seconds. What changed so shortly before it was compiled may have changed again since.
_SETTLED = 2
# Entries beyond this many are removed, those used longest ago first.
MAX_ENTRIES = 1000


def _folder() -> Path | None:
    named = os.environ.get("RUSSET_CACHE_DIR")
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base or Path.home() / ".cache", "russet", "protos")
    except RuntimeError:
        # Nobody's home.
        return None


def _is_own(folder: Path) -> bool:
    """Whether nobody else can have put anything there."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _entry(folder: Path, proto: str, suffix: str, roots: Sequence[str]) -> Path:
    absolute = [str(Path(root).absolute()) for root in roots]
    compiler = Path(_core.__file__).stat()
    made_by = (_FORM, compiler.st_mtime_ns, compiler.st_size, sys.implementation.cache_tag)
    key = (made_by, proto, suffix, absolute)
    return folder / sha256(repr(key).encode()).hexdigest()


def _found(name: str, roots: Sequence[str]) -> str | None:
    """Where a file is, as the compiler looks for it; `None` for a bundled one."""
    for root in roots:
        path = Path(root, name)
        if path.is_file():
            return str(path.absolute())
    return None


def _digest(path: str) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


def load(proto: str, suffix: str, roots: Sequence[str]) -> CodeType | None:
    """The code of a module, if it is kept and nothing has changed."""
    try:
        folder = _folder()
        if folder is None or not folder.is_dir() or not _is_own(folder):
            return None
        entry = _entry(folder, proto, suffix, roots)
        files, code = marshal.loads(entry.read_bytes())
        for name, path, digest in files:
            if _found(name, roots) != path or (path is not None and _digest(path) != digest):
                return None
        # Used now: not to be removed next.
        os.utime(entry)
    except (OSError, ValueError, EOFError, TypeError):
        return None
    kept: CodeType = code
    return kept


def save(
    proto: str,
    suffix: str,
    roots: Sequence[str],
    files: Sequence[tuple[str, str | None]],
    code: CodeType,
    started: float,
) -> None:
    """Keep the code of a module that was made from these files, from `started` on (in seconds since the epoch)."""
    try:
        folder = _folder()
        if folder is None:
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(folder):
            return
        made_from: list[tuple[str, str | None, str | None]] = []
        for name, _ in files:
            path = _found(name, roots)
            if path is not None and Path(path).stat().st_mtime > started - _SETTLED:
                return
            made_from.append((name, path, path and _digest(path)))
        entry = _entry(folder, proto, suffix, roots)
        partial = entry.with_name(f"{entry.name}.{os.getpid()}.tmp")
        partial.write_bytes(marshal.dumps((made_from, code)))
        partial.replace(entry)
        _remove_oldest(folder)
    except (OSError, ValueError):
        return


def _remove_oldest(folder: Path) -> None:
    entries = list(folder.iterdir())
    if len(entries) > MAX_ENTRIES:
        entries.sort(key=lambda entry: entry.stat().st_mtime)
        for entry in entries[: len(entries) - MAX_ENTRIES]:
            entry.unlink(missing_ok=True)
