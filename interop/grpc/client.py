"""The interop client in Python: runs one case against a server, and ends with an error where it fails."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from implementation import load, parser
from server import INITIAL_KEY, TRAILING_KEY

# Seconds for one call.
TIMEOUT = 20.0

# Sizes of the streaming cases.
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)

SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


class Requests:
    """A request iterator that is fed from outside."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def put(self, request: Any) -> None:
        self._queue.put(request)

    def end(self) -> None:
        self._queue.put(None)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._queue.get, None)


class Cases:
    """One method a case. Each asserts what the test descriptions ask for."""

    def __init__(self, grpc: Any, messages: Any, stub: Any, unimplemented: Any) -> None:
        self.grpc = grpc
        self.m = messages
        self.stub = stub
        self.unimplemented = unimplemented

    def payload(self, size: int) -> Any:
        return self.m.Payload(body=bytes(size))

    def output_request(self, response_size: int, request_size: int = 0, **more: Any) -> Any:
        parameters = [self.m.ResponseParameters(size=response_size, **more)]
        return self.m.StreamingOutputCallRequest(
            response_parameters=parameters, payload=self.payload(request_size)
        )

    def expect(self, code: str, function: Callable[[], Any], details: str | None = None) -> None:
        try:
            function()
        except self.grpc.RpcError as error:
            assert error.code() is getattr(self.grpc.StatusCode, code), error
            assert details is None or error.details() == details, error
        else:
            raise AssertionError(f"the call succeeded; {code} was expected")

    def empty_unary(self) -> None:
        assert self.stub.EmptyCall(self.m.Empty(), timeout=TIMEOUT) == self.m.Empty()

    def large_unary(self, **options: Any) -> None:
        request = self.m.SimpleRequest(response_size=314159, payload=self.payload(271828))
        response = self.stub.UnaryCall(request, timeout=TIMEOUT, **options)
        assert response.payload.body == bytes(314159)

    def client_compressed_unary(self) -> None:
        """Without the probe for a server that refuses what is not compressed: few servers look."""
        self.large_unary(compression=self.grpc.Compression.Gzip)

    def server_compressed_unary(self) -> None:
        for compressed in (True, False):
            request = self.m.SimpleRequest(
                response_size=314159,
                payload=self.payload(271828),
                response_compressed=self.m.BoolValue(value=compressed),
            )
            response, call = self.stub.UnaryCall.with_call(request, timeout=TIMEOUT)
            assert response.payload.body == bytes(314159)
            assert call.code() is self.grpc.StatusCode.OK

    def client_streaming(self, **options: Any) -> None:
        requests = (
            self.m.StreamingInputCallRequest(payload=self.payload(size)) for size in REQUEST_SIZES
        )
        response = self.stub.StreamingInputCall(requests, timeout=TIMEOUT, **options)
        assert response.aggregated_payload_size == 74922

    def client_compressed_streaming(self) -> None:
        self.client_streaming(compression=self.grpc.Compression.Gzip)

    def server_streaming(self, compressed: bool = False) -> None:
        more = {"compressed": self.m.BoolValue(value=True)} if compressed else {}
        request = self.m.StreamingOutputCallRequest(
            response_parameters=[
                self.m.ResponseParameters(size=size, **more) for size in RESPONSE_SIZES
            ]
        )
        responses = self.stub.StreamingOutputCall(request, timeout=TIMEOUT)
        assert [len(response.payload.body) for response in responses] == list(RESPONSE_SIZES)

    def server_compressed_streaming(self) -> None:
        self.server_streaming(compressed=True)

    def ping_pong(self) -> None:
        requests = Requests()
        responses = self.stub.FullDuplexCall(iter(requests), timeout=TIMEOUT)
        for response_size, request_size in zip(RESPONSE_SIZES, REQUEST_SIZES):
            requests.put(self.output_request(response_size, request_size))
            assert len(next(responses).payload.body) == response_size
        requests.end()
        assert list(responses) == []

    def empty_stream(self) -> None:
        assert list(self.stub.FullDuplexCall(iter(()), timeout=TIMEOUT)) == []

    def cancel_after_begin(self) -> None:
        requests = Requests()
        call = self.stub.StreamingInputCall.future(iter(requests), timeout=TIMEOUT)
        call.cancel()
        requests.end()
        assert call.cancelled()
        assert call.code() is self.grpc.StatusCode.CANCELLED

    def cancel_after_first_response(self) -> None:
        requests = Requests()
        call = self.stub.FullDuplexCall(iter(requests), timeout=TIMEOUT)
        requests.put(self.output_request(31415, 27182))
        assert len(next(call).payload.body) == 31415
        call.cancel()
        requests.end()
        self.expect("CANCELLED", lambda: next(call))

    def timeout_on_sleeping_server(self) -> None:
        requests = Requests()
        call = self.stub.FullDuplexCall(iter(requests), timeout=0.001)
        requests.put(self.output_request(31415, 27182, interval_us=2_000_000))
        self.expect("DEADLINE_EXCEEDED", lambda: next(call))
        requests.end()

    def custom_metadata(self) -> None:
        metadata = ((INITIAL_KEY, "test_initial_metadata_value"), (TRAILING_KEY, b"\xab\xab\xab"))
        request = self.m.SimpleRequest(response_size=1, payload=self.payload(1))
        _, unary = self.stub.UnaryCall.with_call(request, timeout=TIMEOUT, metadata=metadata)
        requests = iter([self.output_request(1, 1)])
        stream = self.stub.FullDuplexCall(requests, timeout=TIMEOUT, metadata=metadata)
        assert len(list(stream)) == 1
        for call in (unary, stream):
            assert dict(call.initial_metadata())[INITIAL_KEY] == metadata[0][1]
            assert dict(call.trailing_metadata())[TRAILING_KEY] == metadata[1][1]

    def _status(self, message: str) -> None:
        status = self.m.EchoStatus(code=2, message=message)
        unary = self.m.SimpleRequest(response_status=status)
        self.expect("UNKNOWN", lambda: self.stub.UnaryCall(unary, timeout=TIMEOUT), message)
        request = self.m.StreamingOutputCallRequest(response_status=status)
        stream = self.stub.FullDuplexCall(iter([request]), timeout=TIMEOUT)
        self.expect("UNKNOWN", lambda: next(stream), message)

    def status_code_and_message(self) -> None:
        self._status("test status message")

    def special_status_message(self) -> None:
        status = self.m.EchoStatus(code=2, message=SPECIAL)
        request = self.m.SimpleRequest(response_status=status)
        self.expect("UNKNOWN", lambda: self.stub.UnaryCall(request, timeout=TIMEOUT), SPECIAL)

    def unimplemented_method(self) -> None:
        self.expect(
            "UNIMPLEMENTED", lambda: self.stub.UnimplementedCall(self.m.Empty(), timeout=TIMEOUT)
        )

    def unimplemented_service(self) -> None:
        call = self.unimplemented.UnimplementedCall
        self.expect("UNIMPLEMENTED", lambda: call(self.m.Empty(), timeout=TIMEOUT))


NAMES = tuple(
    name
    for name in vars(Cases)
    if name[0] != "_"
    and name
    not in (
        "payload",
        "output_request",
        "expect",
    )
)


def main() -> None:
    arguments = parser()
    arguments.add_argument("--server_host", default="127.0.0.1")
    arguments.add_argument("--server_port", required=True)
    arguments.add_argument("--server_host_override")
    arguments.add_argument("--ca_file")
    arguments.add_argument("--test_case", choices=NAMES, required=True)
    given = arguments.parse_args()
    grpc, messages, stubs = load(given.implementation)
    target = f"{given.server_host}:{given.server_port}"
    if given.use_tls == "true":
        options = []
        if given.server_host_override:
            options.append(("grpc.ssl_target_name_override", given.server_host_override))
        credentials = grpc.ssl_channel_credentials(Path(given.ca_file).read_bytes())
        channel = grpc.secure_channel(target, credentials, options=options)
    else:
        channel = grpc.insecure_channel(target)
    with channel:
        cases = Cases(
            grpc, messages, stubs.TestServiceStub(channel), stubs.UnimplementedServiceStub(channel)
        )
        getattr(cases, given.test_case)()


if __name__ == "__main__":
    main()
