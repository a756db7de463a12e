"""The interop client in Python, synchronous: runs cases against a server, and prints `name: ok` or `name: what went wrong` for each."""

from __future__ import annotations

import argparse
import queue
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

from implementation import load, parser
from reports import OUT_OF_BAND, PER_CALL, TRAILER, Reports
from server import INITIAL_KEY, TRAILING_KEY

# Seconds for one call.
TIMEOUT = 20.0

# Sizes of the streaming cases.
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)

# Calls of the soak cases, and those of the concurrent one.
REPEATED = 10
CONCURRENT = 50

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

    def __init__(self, grpc: Any, messages: Any, stubs: Any, connect: Callable[[], Any]) -> None:
        self.grpc = grpc
        self.m = messages
        self.stubs = stubs
        self.connect = connect
        self.channel = connect()
        self.stub = stubs.TestServiceStub(self.channel)
        self.reports = Reports(grpc, messages)

    def payload(self, size: int) -> Any:
        return self.m.Payload(body=bytes(size))

    def large_request(self, **more: Any) -> Any:
        return self.m.SimpleRequest(response_size=314159, payload=self.payload(271828), **more)

    def output_request(
        self, response_size: int, request_size: int = 0, orca: Any = None, **more: Any
    ) -> Any:
        parameters = [self.m.ResponseParameters(size=response_size, **more)]
        return self.m.StreamingOutputCallRequest(
            response_parameters=parameters,
            payload=self.payload(request_size),
            orca_oob_report=orca,
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

    def large_unary(self, request: Any = None, **options: Any) -> None:
        request = self.large_request() if request is None else request
        response = self.stub.UnaryCall(request, timeout=TIMEOUT, **options)
        assert response.payload.body == bytes(314159)

    def client_compressed_unary(self) -> None:
        """Without the probe for a server that refuses what is not compressed: few servers look."""
        for compressed in (True, False):
            request = self.large_request(expect_compressed=self.m.BoolValue(value=compressed))
            compression = self.grpc.Compression.Gzip if compressed else None
            self.large_unary(request, compression=compression)

    def server_compressed_unary(self) -> None:
        for compressed in (True, False):
            request = self.large_request(response_compressed=self.m.BoolValue(value=compressed))
            response, call = self.stub.UnaryCall.with_call(request, timeout=TIMEOUT)
            assert response.payload.body == bytes(314159)
            assert call.code() is self.grpc.StatusCode.OK

    def client_streaming(self) -> None:
        requests = (
            self.m.StreamingInputCallRequest(payload=self.payload(size)) for size in REQUEST_SIZES
        )
        response = self.stub.StreamingInputCall(requests, timeout=TIMEOUT)
        assert response.aggregated_payload_size == sum(REQUEST_SIZES)

    def client_compressed_streaming(self) -> None:
        """Both messages are compressed: a call of Python's API compresses all of them or none."""
        requests = (
            self.m.StreamingInputCallRequest(
                payload=self.payload(size), expect_compressed=self.m.BoolValue(value=True)
            )
            for size in (27182, 45904)
        )
        gzip = self.grpc.Compression.Gzip
        response = self.stub.StreamingInputCall(requests, timeout=TIMEOUT, compression=gzip)
        assert response.aggregated_payload_size == 73086

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
        call = self.stubs.UnimplementedServiceStub(self.channel).UnimplementedCall
        self.expect("UNIMPLEMENTED", lambda: call(self.m.Empty(), timeout=TIMEOUT))

    def pick_first_unary(self) -> None:
        request = self.m.SimpleRequest(
            response_size=1, payload=self.payload(1), fill_server_id=True
        )
        answers = [self.stub.UnaryCall(request, timeout=TIMEOUT) for _ in range(REPEATED)]
        assert answers[0].server_id
        assert {answer.server_id for answer in answers} == {answers[0].server_id}

    def concurrent_large_unary(self) -> None:
        with futures.ThreadPoolExecutor(CONCURRENT) as pool:
            for done in [pool.submit(self.large_unary) for _ in range(CONCURRENT)]:
                done.result()

    def rpc_soak(self) -> None:
        for _ in range(REPEATED):
            self.large_unary()

    def channel_soak(self) -> None:
        for _ in range(REPEATED):
            with self.connect() as channel:
                stub = self.stubs.TestServiceStub(channel)
                response = stub.UnaryCall(self.large_request(), timeout=TIMEOUT)
                assert response.payload.body == bytes(314159)

    def orca_per_rpc(self) -> None:
        wanted = self.reports.wanted(PER_CALL)
        request = self.m.SimpleRequest(orca_per_query_report=wanted)
        _, call = self.stub.UnaryCall.with_call(request, timeout=TIMEOUT)
        assert self.reports.parse(dict(call.trailing_metadata())[TRAILER]) == wanted
        _, call = self.stub.UnaryCall.with_call(self.m.SimpleRequest(), timeout=TIMEOUT)
        reported = dict(call.trailing_metadata()).get(TRAILER, b"")
        assert self.reports.parse(reported) == self.m.TestOrcaReport()

    def orca_oob(self) -> None:
        """The stream of reports tells one after the other what the server was given."""
        requests = Requests()
        responses = self.stub.FullDuplexCall(iter(requests), timeout=TIMEOUT)
        stub = self.reports.stubs.OpenRcaServiceStub(self.channel)
        reports = stub.StreamCoreMetrics(self.reports.request, timeout=TIMEOUT)
        for values in OUT_OF_BAND:
            wanted = self.reports.wanted(values)
            requests.put(self.output_request(1, orca=wanted))
            assert len(next(responses).payload.body) == 1
            assert any(self.reports.told(report) == wanted for report in reports)
        requests.end()
        assert list(responses) == []
        reports.cancel()


def arguments() -> argparse.ArgumentParser:
    """The flags of both clients in Python."""
    made = parser()
    made.add_argument("--server_host", default="127.0.0.1")
    made.add_argument("--server_port", required=True)
    made.add_argument("--server_host_override")
    made.add_argument("--ca_file")
    made.add_argument("--test_case", required=True, help="one case, or several with commas")
    return made


def connector(grpc: Any, module: Any, given: argparse.Namespace) -> Callable[[], Any]:
    """What opens channels of `module`, which is grpc or grpc.aio."""
    target = f"{given.server_host}:{given.server_port}"
    if given.use_tls == "false":
        return lambda: module.insecure_channel(target)
    options = [("grpc.ssl_target_name_override", given.server_host_override)]
    credentials = grpc.ssl_channel_credentials(Path(given.ca_file).read_bytes())
    return lambda: module.secure_channel(target, credentials, options=options)


def told(error: BaseException) -> str:
    """An error on one line."""
    return " ".join(f"{type(error).__name__} {error}".split())


def main() -> None:
    given = arguments().parse_args()
    grpc, messages, stubs = load(given.implementation)
    cases = Cases(grpc, messages, stubs, connector(grpc, grpc, given))
    with cases.channel:
        for name in given.test_case.split(","):
            outcome = "ok"
            try:
                getattr(cases, name)()
            # Whatever a case ends with is its outcome.
            except Exception as error:
                outcome = told(error)
            print(f"{name}: {outcome}", flush=True)


if __name__ == "__main__":
    main()
