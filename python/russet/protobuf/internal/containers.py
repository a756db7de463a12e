"""The classes of repeated and map fields, for ``isinstance``."""

from __future__ import annotations

from collections.abc import MutableSequence

from russet._core import (
    MessageMapContainer,
    RepeatedCompositeContainer,
    RepeatedScalarContainer,
    ScalarMapContainer,
)
from russet.protobuf.unknown_fields import UnknownField, UnknownFieldSet

__all__ = [
    "BaseContainer",
    "MessageMap",
    "RepeatedCompositeFieldContainer",
    "RepeatedScalarFieldContainer",
    "ScalarMap",
    "UnknownFieldRef",
    "UnknownFieldSet",
]

RepeatedScalarFieldContainer = RepeatedScalarContainer
RepeatedCompositeFieldContainer = RepeatedCompositeContainer
ScalarMap = ScalarMapContainer
MessageMap = MessageMapContainer
# What both kinds of repeated fields are instances of, and one unknown field.
BaseContainer = MutableSequence
UnknownFieldRef = UnknownField
