"""The conformance suite's other end in Python: reads requests from stdin, answers on stdout.

Usage: testee.py DESCRIPTOR_SET
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

from russet.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    json_format,
    message,
    message_factory,
    text_format,
)


def load(path: Path) -> Any:
    """The pool of generated code, with the suite's files in it."""
    pool = descriptor_pool.Default()
    for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def parse(request: Any, payload: str, target: Any) -> None:
    """Puts a request's payload into a message."""
    if payload == "protobuf_payload":
        target.ParseFromString(request.protobuf_payload)
    elif payload == "json_payload":
        ignore = request.test_category == 3
        json_format.Parse(request.json_payload, target, ignore_unknown_fields=ignore)
    else:
        text_format.Parse(request.text_payload, target)


def answer(pool: Any, request: Any, response: Any) -> None:
    """Fills in the response to a request."""
    payload = request.WhichOneof("payload")
    if payload not in ("protobuf_payload", "json_payload", "text_payload"):
        response.skipped = f"{payload} is of no public format"
        return
    descriptor = pool.FindMessageTypeByName(request.message_type)
    target = message_factory.GetMessageClass(descriptor)()
    try:
        parse(request, payload, target)
    except (message.DecodeError, json_format.ParseError, text_format.ParseError) as error:
        response.parse_error = str(error)
        return
    try:
        if request.requested_output_format == 1:
            response.protobuf_payload = target.SerializeToString()
        elif request.requested_output_format == 2:
            response.json_payload = json_format.MessageToJson(target)
        elif request.requested_output_format == 4:
            response.text_payload = text_format.MessageToString(
                target, print_unknown_fields=request.print_unknown_fields
            )
        else:
            response.skipped = "the wanted format is not public"
    except (message.EncodeError, json_format.Error, ValueError, TypeError) as error:
        response.serialize_error = str(error)


def exactly(stream: BinaryIO, count: int) -> bytes:
    """So many bytes; fewer only at the end."""
    return stream.read(count)


def main() -> None:
    """Answers until the runner closes the pipe."""
    pool = load(Path(sys.argv[1]))
    names = ("conformance.ConformanceRequest", "conformance.ConformanceResponse")
    request_class, response_class = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names
    )
    while length := exactly(sys.stdin.buffer, 4):
        (size,) = struct.unpack("<I", length)
        request: Any = request_class.FromString(exactly(sys.stdin.buffer, size))
        response: Any = response_class()
        if request.message_type == "conformance.FailureSet":
            response.protobuf_payload = b""
        else:
            try:
                answer(pool, request, response)
            except Exception as error:
                response.runtime_error = f"{type(error).__name__}: {error}"
        data = response.SerializeToString()
        sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
