"""C escapes, as text format and defaults of ``bytes`` fields have them."""

from __future__ import annotations

import re

_SHORT = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x22: '\\"', 0x27: "\\'", 0x5C: "\\\\"}
_UNESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.)|$)", re.DOTALL)
_MEANING = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
}  # fmt: skip


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

    def meaning(match: re.Match[bytes]) -> bytes:
        hexadecimal, octal, other = match.groups()
        if hexadecimal is not None:
            return bytes([int(hexadecimal, 16)])
        if octal is not None:
            return bytes([int(octal, 8) & 0xFF])
        if other is None or other == b"x":
            raise ValueError(f"invalid escape at the end of, or without digits in, {text!r}")
        return _MEANING.get(other, other)

    return _UNESCAPE.sub(meaning, text.encode("utf-8", "surrogateescape"))
