"""The interop client in Python, asyncio: as `client.py`, case by case."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from client import (
    CONCURRENT,
    REPEATED,
    REQUEST_SIZES,
    RESPONSE_SIZES,
    SPECIAL,
    TIMEOUT,
    arguments,
    connector,
    told,
)
from implementation import load
from reports import OUT_OF_BAND, PER_CALL, TRAILER, Reports
from server import INITIAL_KEY, TRAILING_KEY


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

    def flag(self, value: bool) -> Any:
        return self.m.BoolValue(value=value)

    def large_request(self, **more: Any) -> Any:
        return self.m.SimpleRequest(response_size=314159, payload=self.payload(271828), **more)

    def output_request(
        self, response_size: int, request_size: int, orca: Any = None, **more: Any
    ) -> Any:
        parameters = [self.m.ResponseParameters(size=response_size, **more)]
        return self.m.StreamingOutputCallRequest(
            response_parameters=parameters,
            payload=self.payload(request_size),
            orca_oob_report=orca,
        )

    async def expect(self, code: str, call: Awaitable[Any], details: str | None = None) -> None:
        try:
            await call
        except self.grpc.RpcError as error:
            assert error.code() is getattr(self.grpc.StatusCode, code), error
            assert details is None or error.details() == details, error
        else:
            raise AssertionError(f"the call succeeded; {code} was expected")

    async def empty_unary(self) -> None:
        assert await self.stub.EmptyCall(self.m.Empty(), timeout=TIMEOUT) == self.m.Empty()

    async def large_unary(self, request: Any = None, **options: Any) -> None:
        request = self.large_request() if request is None else request
        response = await self.stub.UnaryCall(request, timeout=TIMEOUT, **options)
        assert response.payload.body == bytes(314159)

    async def client_compressed_unary(self) -> None:
        for compressed in (True, False):
            request = self.large_request(expect_compressed=self.flag(compressed))
            compression = self.grpc.Compression.Gzip if compressed else None
            await self.large_unary(request, compression=compression)

    async def server_compressed_unary(self) -> None:
        for compressed in (True, False):
            await self.large_unary(self.large_request(response_compressed=self.flag(compressed)))

    async def client_streaming(self) -> None:
        call = self.stub.StreamingInputCall(timeout=TIMEOUT)
        for size in REQUEST_SIZES:
            await call.write(self.m.StreamingInputCallRequest(payload=self.payload(size)))
        await call.done_writing()
        assert (await call).aggregated_payload_size == sum(REQUEST_SIZES)

    async def client_compressed_streaming(self) -> None:
        requests = (
            self.m.StreamingInputCallRequest(
                payload=self.payload(size), expect_compressed=self.flag(True)
            )
            for size in (27182, 45904)
        )
        gzip = self.grpc.Compression.Gzip
        response = await self.stub.StreamingInputCall(requests, timeout=TIMEOUT, compression=gzip)
        assert response.aggregated_payload_size == 73086

    async def server_streaming(self, **more: Any) -> None:
        parameters = [self.m.ResponseParameters(size=size, **more) for size in RESPONSE_SIZES]
        request = self.m.StreamingOutputCallRequest(response_parameters=parameters)
        call = self.stub.StreamingOutputCall(request, timeout=TIMEOUT)
        sizes = [len(response.payload.body) async for response in call]
        assert sizes == list(RESPONSE_SIZES)

    async def server_compressed_streaming(self) -> None:
        await self.server_streaming(compressed=self.flag(True))

    async def ping_pong(self) -> None:
        call = self.stub.FullDuplexCall(timeout=TIMEOUT)
        for response_size, request_size in zip(RESPONSE_SIZES, REQUEST_SIZES):
            await call.write(self.output_request(response_size, request_size))
            assert len((await call.read()).payload.body) == response_size
        await call.done_writing()
        assert await call.read() is self.grpc.aio.EOF

    async def empty_stream(self) -> None:
        call = self.stub.FullDuplexCall(iter(()), timeout=TIMEOUT)
        assert [response async for response in call] == []

    async def cancel_after_begin(self) -> None:
        call = self.stub.StreamingInputCall(timeout=TIMEOUT)
        call.cancel()
        assert call.cancelled()
        assert await call.code() is self.grpc.StatusCode.CANCELLED

    async def cancel_after_first_response(self) -> None:
        call = self.stub.FullDuplexCall(timeout=TIMEOUT)
        await call.write(self.output_request(31415, 27182))
        assert len((await call.read()).payload.body) == 31415
        call.cancel()
        assert await call.code() is self.grpc.StatusCode.CANCELLED

    async def timeout_on_sleeping_server(self) -> None:
        request = self.output_request(31415, 27182, interval_us=2_000_000)
        call = self.stub.FullDuplexCall(iter([request]), timeout=0.001)
        await self.expect("DEADLINE_EXCEEDED", call.read())

    async def custom_metadata(self) -> None:
        metadata = ((INITIAL_KEY, "test_initial_metadata_value"), (TRAILING_KEY, b"\xab\xab\xab"))
        request = self.m.SimpleRequest(response_size=1, payload=self.payload(1))
        unary = self.stub.UnaryCall(request, timeout=TIMEOUT, metadata=metadata)
        await unary
        requests = iter([self.output_request(1, 1)])
        stream = self.stub.FullDuplexCall(requests, timeout=TIMEOUT, metadata=metadata)
        assert len([response async for response in stream]) == 1
        for call in (unary, stream):
            assert dict(await call.initial_metadata())[INITIAL_KEY] == metadata[0][1]
            assert dict(await call.trailing_metadata())[TRAILING_KEY] == metadata[1][1]

    async def _status(self, message: str) -> None:
        status = self.m.EchoStatus(code=2, message=message)
        unary = self.m.SimpleRequest(response_status=status)
        await self.expect("UNKNOWN", self.stub.UnaryCall(unary, timeout=TIMEOUT), message)
        request = self.m.StreamingOutputCallRequest(response_status=status)
        stream = self.stub.FullDuplexCall(iter([request]), timeout=TIMEOUT)
        await self.expect("UNKNOWN", stream.read(), message)

    async def status_code_and_message(self) -> None:
        await self._status("test status message")

    async def special_status_message(self) -> None:
        status = self.m.EchoStatus(code=2, message=SPECIAL)
        request = self.m.SimpleRequest(response_status=status)
        await self.expect("UNKNOWN", self.stub.UnaryCall(request, timeout=TIMEOUT), SPECIAL)

    async def unimplemented_method(self) -> None:
        call = self.stub.UnimplementedCall(self.m.Empty(), timeout=TIMEOUT)
        await self.expect("UNIMPLEMENTED", call)

    async def unimplemented_service(self) -> None:
        stub = self.stubs.UnimplementedServiceStub(self.channel)
        await self.expect("UNIMPLEMENTED", stub.UnimplementedCall(self.m.Empty(), timeout=TIMEOUT))

    async def pick_first_unary(self) -> None:
        request = self.m.SimpleRequest(
            response_size=1, payload=self.payload(1), fill_server_id=True
        )
        answers = [await self.stub.UnaryCall(request, timeout=TIMEOUT) for _ in range(REPEATED)]
        assert answers[0].server_id
        assert {answer.server_id for answer in answers} == {answers[0].server_id}

    async def concurrent_large_unary(self) -> None:
        await asyncio.gather(*(self.large_unary() for _ in range(CONCURRENT)))

    async def rpc_soak(self) -> None:
        for _ in range(REPEATED):
            await self.large_unary()

    async def channel_soak(self) -> None:
        for _ in range(REPEATED):
            async with self.connect() as channel:
                stub = self.stubs.TestServiceStub(channel)
                response = await stub.UnaryCall(self.large_request(), timeout=TIMEOUT)
                assert response.payload.body == bytes(314159)

    async def orca_per_rpc(self) -> None:
        wanted = self.reports.wanted(PER_CALL)
        request = self.m.SimpleRequest(orca_per_query_report=wanted)
        call = self.stub.UnaryCall(request, timeout=TIMEOUT)
        assert self.reports.parse(dict(await call.trailing_metadata())[TRAILER]) == wanted
        call = self.stub.UnaryCall(self.m.SimpleRequest(), timeout=TIMEOUT)
        reported = dict(await call.trailing_metadata()).get(TRAILER, b"")
        assert self.reports.parse(reported) == self.m.TestOrcaReport()

    async def orca_oob(self) -> None:
        call = self.stub.FullDuplexCall(timeout=TIMEOUT)
        stub = self.reports.stubs.OpenRcaServiceStub(self.channel)
        reports = stub.StreamCoreMetrics(self.reports.request, timeout=TIMEOUT)
        for values in OUT_OF_BAND:
            wanted = self.reports.wanted(values)
            await call.write(self.output_request(1, 0, orca=wanted))
            assert len((await call.read()).payload.body) == 1
            while self.reports.told(await reports.read()) != wanted:
                pass
        await call.done_writing()
        assert await call.read() is self.grpc.aio.EOF
        reports.cancel()


async def main() -> None:
    given = arguments().parse_args()
    grpc, messages, stubs = load(given.implementation)
    cases = Cases(grpc, messages, stubs, connector(grpc, grpc.aio, given))
    async with cases.channel:
        for name in given.test_case.split(","):
            outcome = "ok"
            try:
                await getattr(cases, name)()
            # Whatever a case ends with is its outcome.
            except Exception as error:
                outcome = told(error)
            print(f"{name}: {outcome}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
