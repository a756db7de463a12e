"""A sub-interpreter, as mod_wsgi makes one for each application: the import is refused there, and the main interpreter is none the worse."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
if {main_first}:
    import {module}
# The kind that shares the lock of the main interpreter.
made = interpreters.create() if sys.version_info < (3, 13) else interpreters.create("legacy")
code = '''
try:
    import {module}
except ImportError as error:
    assert "main interpreter" in str(error), error
else:
    raise AssertionError("it was imported")
import russet
'''
if sys.version_info < (3, 13):
    interpreters.run_string(made, code)
else:
    failure = interpreters.exec(made, code)
    assert failure is None, failure
interpreters.destroy(made)
from russet.protobuf import struct_pb2
value = struct_pb2.Struct()
value["a"] = 1
assert value["a"] == 1
from russet import grpc
print(grpc.StatusCode.OK.value[0])
"""


@pytest.mark.parametrize("main_first", [False, True])
@pytest.mark.parametrize("module", ["russet.grpc", "russet.protobuf.struct_pb2", "russet.protoc"])
def test_the_import_is_refused(module: str, main_first: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module, main_first=main_first)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
