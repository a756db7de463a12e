"""Messages and Python's cyclic garbage collector."""

from __future__ import annotations

import gc

from russet.protobuf import struct_pb2


def test_messages_are_none_of_the_collectors_business() -> None:
    # A message refers to no Python object that could refer back, so it has no collector's header; a class that claimed one would let the collector write before its blocks.
    message = struct_pb2.Struct()
    message.fields["a"].list_value.values.add().number_value = 1
    assert not gc.is_tracked(message)
    assert not gc.is_tracked(message.fields["a"].list_value)
    gc.collect()
