"""A wheel of text files, the same bytes for the same content."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_WHEEL = "Wheel-Version: 1.0\nGenerator: russet shims\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def filename(name: str, version: str) -> str:
    """The file name of a wheel for any Python 3."""
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def wheel(name: str, version: str, files: Mapping[str, str], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a wheel: what it installs, by path, and its metadata, by name."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    contents = dict(sorted(files.items()))
    for file, text in sorted({**metadata, "WHEEL": _WHEEL}.items()):
        contents[f"{info}/{file}"] = text
    record = "".join(f"{path},{_digest(text)},{len(text.encode())}\n" for path, text in contents.items())  # fmt: skip
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    out = io.BytesIO()
    # Stored, since what a compressor writes differs from one zlib to the next.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, text in contents.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, text.encode())
    return out.getvalue()


def _digest(text: str) -> str:
    """A file's hash as RECORD has it."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256={digest.decode().rstrip('=')}"
