"""A plugin that does what the environment says: records its request, answers with what `ANSWER` makes, or misbehaves."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse


def main() -> None:
    if os.environ.get("DEAF"):
        sys.stdin.close()
    else:
        data = sys.stdin.buffer.read()
        if "RECORD" in os.environ:
            Path(os.environ["RECORD"]).write_bytes(data)
    response = CodeGeneratorResponse()
    response.supported_features = 3
    response.minimum_edition = 998
    response.maximum_edition = 1001
    request = None if os.environ.get("DEAF") else CodeGeneratorRequest.FromString(data)
    names = {"response": response, "os": os, "sys": sys, "request": request}
    exec(os.environ.get("ANSWER", ""), names)
    sys.stdout.buffer.write(response.SerializeToString())


main()
