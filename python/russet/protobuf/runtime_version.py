"""The version of the runtime, of which generated code makes sure.

Code of every version runs here, so nothing is ever refused; the names are those of the original.
"""

from __future__ import annotations

from enum import Enum


class Domain(Enum):
    """Who released a runtime."""

    GOOGLE_INTERNAL = 1
    PUBLIC = 2


OSS_DOMAIN = DOMAIN = Domain.PUBLIC
OSS_MAJOR = MAJOR = 7
OSS_MINOR = MINOR = 36
OSS_PATCH = PATCH = 2
OSS_SUFFIX = SUFFIX = ""


class VersionError(Exception):
    """Generated code and runtime do not fit; kept for programs that catch it."""


def ValidateProtobufRuntimeVersion(
    gen_domain: Domain,
    gen_major: int,
    gen_minor: int,
    gen_patch: int,
    gen_suffix: str,
    location: str,
) -> None:
    """Accepts generated code of any version; one that could not be is an error of its caller."""
    if min(gen_major, gen_minor, gen_patch) < 0:
        raise VersionError(
            f"Invalid gencode version: {gen_major}.{gen_minor}.{gen_patch}{gen_suffix} of {location}"
        )
