"""What every feature is in every edition, as a serialized `FeatureSetDefaults`. Russet's pools do not need it: programs that give it to a pool of theirs do."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from russet.protoc import main

__all__ = ["_PROTOBUF_INTERNAL_PYTHON_EDITION_DEFAULTS"]


def _defaults() -> bytes:
    """As the compiler writes them."""
    with TemporaryDirectory() as folder:
        out = Path(folder, "defaults")
        arguments = (
            f"--edition_defaults_out={out}",
            "--edition_defaults_minimum=PROTO2",
            "--edition_defaults_maximum=2026",
            "google/protobuf/descriptor.proto",
        )
        if main(["protoc", *arguments]) != 0:
            raise ImportError("the compiler could not write the defaults of the editions")
        return out.read_bytes()


_PROTOBUF_INTERNAL_PYTHON_EDITION_DEFAULTS = _defaults()
