"""The interop server in Python, synchronous or asyncio. Prints its port, and ends when its input does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

from implementation import load, parser
from reports import INTERVAL, record_call, record_server

INITIAL_KEY = "x-grpc-test-echo-initial"
TRAILING_KEY = "x-grpc-test-echo-trailing-bin"
# Names this process, for cases that ask whether the same server answers.
SERVER_ID = str(os.getpid())


def servicer(grpc: Any, messages: Any, stubs: Any, recorder: Any) -> Any:
    """The test service: every handler is a plain function, which both servers run."""
    # One stream at a time says what the server reports.
    reporting = threading.Lock()

    def echo_metadata(context: Any) -> None:
        metadata = dict(context.invocation_metadata())
        if INITIAL_KEY in metadata:
            context.send_initial_metadata(((INITIAL_KEY, metadata[INITIAL_KEY]),))
        if TRAILING_KEY in metadata:
            context.set_trailing_metadata(((TRAILING_KEY, metadata[TRAILING_KEY]),))

    def echo_status(request: Any, context: Any) -> None:
        if request.HasField("response_status"):
            code = request.response_status.code
            for known in grpc.StatusCode:
                if known.value[0] == code:
                    context.set_code(known)
            context.set_details(request.response_status.message)

    def output(request: Any, context: Any) -> Iterator[Any]:
        for parameters in request.response_parameters:
            time.sleep(parameters.interval_us / 1e6)
            if parameters.HasField("compressed") and not parameters.compressed.value:
                context.disable_next_message_compression()
            payload = messages.Payload(body=bytes(parameters.size))
            yield messages.StreamingOutputCallResponse(payload=payload)
        echo_status(request, context)

    class Service(stubs.TestServiceServicer):  # type: ignore[misc, name-defined]
        def EmptyCall(self, request: Any, context: Any) -> Any:
            echo_metadata(context)
            return messages.Empty()

        def UnaryCall(self, request: Any, context: Any) -> Any:
            if request.HasField("response_compressed") and request.response_compressed.value:
                context.set_compression(grpc.Compression.Gzip)
            echo_metadata(context)
            if request.HasField("orca_per_query_report"):
                record_call(request.orca_per_query_report)
            echo_status(request, context)
            return messages.SimpleResponse(
                payload=messages.Payload(body=bytes(request.response_size)),
                server_id=SERVER_ID if request.fill_server_id else "",
            )

        def StreamingOutputCall(self, request: Any, context: Any) -> Any:
            if any(part.compressed.value for part in request.response_parameters):
                context.set_compression(grpc.Compression.Gzip)
            echo_metadata(context)
            yield from output(request, context)

        def StreamingInputCall(self, requests: Any, context: Any) -> Any:
            size = sum(len(request.payload.body) for request in requests)
            return messages.StreamingInputCallResponse(aggregated_payload_size=size)

        def FullDuplexCall(self, requests: Any, context: Any) -> Any:
            echo_metadata(context)
            with contextlib.ExitStack() as held:
                is_alone = False
                for request in requests:
                    if request.HasField("orca_oob_report"):
                        if not is_alone:
                            held.enter_context(reporting)
                            is_alone = True
                        record_server(recorder, request.orca_oob_report)
                    yield from output(request, context)

    return Service()


def main() -> None:
    arguments = parser()
    arguments.add_argument("--asyncio", action="store_true")
    arguments.add_argument("--tls_cert_file")
    arguments.add_argument("--tls_key_file")
    given = arguments.parse_args()
    grpc, messages, stubs = load(given.implementation)
    recorder: Any = None
    interceptors: dict[bool, list[Any]] = {False: [], True: []}
    if given.implementation == "russet":
        from russet import orca

        recorder = orca.ServerMetricRecorder()
        interceptors = {
            False: [orca.LoadReportInterceptor()],
            True: [orca.aio.LoadReportInterceptor()],
        }
    service = servicer(grpc, messages, stubs, recorder)
    credentials = grpc.insecure_server_credentials()
    if given.use_tls == "true":
        pair = (Path(given.tls_key_file).read_bytes(), Path(given.tls_cert_file).read_bytes())
        credentials = grpc.ssl_server_credentials([pair])

    def start(server: Any) -> None:
        stubs.add_TestServiceServicer_to_server(service, server)
        if recorder is not None:
            kind = orca.aio.OrcaServicer if given.asyncio else orca.OrcaServicer
            orca.add_OrcaServicer_to_server(kind(recorder, INTERVAL), server)
        print(server.add_secure_port("127.0.0.1:0", credentials), flush=True)

    if given.asyncio:

        async def serve() -> None:
            server = grpc.aio.server(
                migration_thread_pool=futures.ThreadPoolExecutor(16),
                interceptors=interceptors[True],
            )
            start(server)
            await server.start()
            await asyncio.to_thread(sys.stdin.read)
            await server.stop(None)

        asyncio.run(serve())
    else:
        server = grpc.server(futures.ThreadPoolExecutor(16), interceptors=interceptors[False])
        start(server)
        server.start()
        sys.stdin.read()
        server.stop(None).wait()


if __name__ == "__main__":
    main()
