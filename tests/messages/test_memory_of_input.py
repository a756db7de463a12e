"""What a peer's bytes may become in memory: nothing beside themselves until somebody reads the messages, and then at most what docs/limits.md says."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path
from russet.protobuf import struct_pb2

def resident():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024

# The shortest messages that there are, of the type whose messages are among the largest.
data = b"\\x0a\\x00" * 2_000_000
before = resident()
parsed = struct_pb2.ListValue.FromString(data)
unread = resident()
kept = list(parsed.values)
print((unread - before) / len(data), (resident() - before) / len(data))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_byte_of_input_becomes_so_many_bytes_at_most() -> None:
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    ).stdout
    unread, read = map(float, output.split())
    assert unread < 2
    # docs/limits.md says 64, of the messages themselves; the list that holds them has 4 more.
    assert read < 64 + 4
