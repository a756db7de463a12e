"""The classes of repeated and map fields, for ``isinstance``."""

from __future__ import annotations

from russet._core import (
    MessageMapContainer,
    RepeatedCompositeContainer,
    RepeatedScalarContainer,
    ScalarMapContainer,
)

__all__ = [
    "MessageMap",
    "RepeatedCompositeFieldContainer",
    "RepeatedScalarFieldContainer",
    "ScalarMap",
]

RepeatedScalarFieldContainer = RepeatedScalarContainer
RepeatedCompositeFieldContainer = RepeatedCompositeContainer
ScalarMap = ScalarMapContainer
MessageMap = MessageMapContainer
