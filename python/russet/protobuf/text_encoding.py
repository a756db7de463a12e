"""C escapes, as text format and defaults of ``bytes`` fields have them."""

from __future__ import annotations

from russet._core import c_unescape

__all__ = ["CEscape", "CUnescape"]

_SHORT = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x22: '\\"', 0x27: "\\'", 0x5C: "\\\\"}


def CEscape(text: str | bytes, as_utf8: bool) -> str:
    """Escapes a string; with ``as_utf8`` what is not ASCII stays, else it becomes the octal escapes of its UTF-8."""
    if isinstance(text, str):
        if as_utf8:
            return "".join(_escape(ord(c)) if ord(c) < 0x80 else c for c in text)
        text = text.encode()
    return "".join(map(_escape, text))


def _escape(byte: int) -> str:
    short = _SHORT.get(byte)
    if short is not None:
        return short
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def CUnescape(text: str) -> bytes:
    """The bytes that a C-escaped string means."""
    return c_unescape(text)
