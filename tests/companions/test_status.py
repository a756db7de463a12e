"""Errors with details, between Russet and grpcio."""

from __future__ import annotations

import asyncio

import pytest
from support.aio import connected as connected_aio
from support.rpc import WAIT, connected, path, rpc_error

KEY = "grpc-status-details-bin"


def messages(stack):
    if stack.name == "grpcio":
        from google.rpc import error_details_pb2, status_pb2
    else:
        from russet.rpc import error_details_pb2, status_pb2
    return status_pb2, error_details_pb2


def bad_request(stack, code=3):
    status_pb2, details = messages(stack)
    status = status_pb2.Status(code=code, message="the name is too short")
    violation = details.BadRequest.FieldViolation(field="user.name", description="3 letters")
    status.details.add().Pack(details.BadRequest(field_violations=[violation]))
    return status


def test_the_same_bytes(russet, grpcio):
    assert bad_request(russet).SerializeToString() == bad_request(grpcio).SerializeToString()


@pytest.mark.parametrize("server_name", ["grpcio", "russet"])
@pytest.mark.parametrize("client_name", ["grpcio", "russet"])
def test_details_arrive(server_name, client_name, request):
    server, client = request.getfixturevalue(server_name), request.getfixturevalue(client_name)
    rpc_status = server.module("status.rpc_status")

    def fail(_, context):
        context.abort_with_status(rpc_status.to_status(bad_request(server)))

    with connected(client.grpc, server=server.grpc, Fail=("unary_unary", fail)) as channel:
        error = rpc_error(client.grpc, channel.unary_unary(path("Fail")), b"", timeout=WAIT)
        assert error.code() is client.grpc.StatusCode.INVALID_ARGUMENT
        found = client.module("status.rpc_status").from_call(error)
        assert found == bad_request(client)
        details = messages(client)[1].BadRequest()
        assert found.details[0].Unpack(details)
        assert details.field_violations[0].field == "user.name"


def test_asyncio(stack):
    rpc_status = stack.module("status.rpc_status")

    async def fail(_, context):
        status = rpc_status.to_status(bad_request(stack))
        await context.abort(status.code, status.details, status.trailing_metadata)

    async def run():
        async with connected_aio(stack.grpc, Fail=("unary_unary", fail)) as channel:
            call = channel.unary_unary(path("Fail"))(b"", timeout=WAIT)
            with pytest.raises(stack.grpc.aio.AioRpcError):
                await call
            assert await rpc_status.aio.from_call(call) == bad_request(stack)

    asyncio.run(asyncio.wait_for(run(), 2 * WAIT))


def test_the_error_that_was_raised_will_do(russet):
    """grpcio takes the call alone."""
    rpc_status = russet.module("status.rpc_status")

    async def fail(_, context):
        status = rpc_status.to_status(bad_request(russet))
        await context.abort(status.code, status.details, status.trailing_metadata)

    async def run():
        async with connected_aio(russet.grpc, Fail=("unary_unary", fail)) as channel:
            with pytest.raises(russet.grpc.aio.AioRpcError) as raised:
                await channel.unary_unary(path("Fail"))(b"", timeout=WAIT)
            assert await rpc_status.aio.from_call(raised.value) == bad_request(russet)

    asyncio.run(asyncio.wait_for(run(), 2 * WAIT))


class Ended:
    """What `from_call` asks a call for."""

    def __init__(self, code, details, metadata):
        self.code, self.details = (lambda: code), (lambda: details)
        self.trailing_metadata = lambda: metadata


def test_a_call_without_details(stack):
    code = stack.grpc.StatusCode.NOT_FOUND
    from_call = stack.module("status.rpc_status").from_call
    assert from_call(Ended(code, "x", None)) is None
    assert from_call(Ended(code, "x", (("other", "1"),))) is None


def test_details_that_contradict_the_call(stack):
    from_call = stack.module("status.rpc_status").from_call
    metadata = ((KEY, bad_request(stack).SerializeToString()),)
    codes = stack.grpc.StatusCode
    with pytest.raises(
        ValueError, match=r"Code in Status proto \(StatusCode.INVALID_ARGUMENT\) doesn't match"
    ):
        from_call(Ended(codes.NOT_FOUND, "the name is too short", metadata))
    with pytest.raises(ValueError, match=r"Message in Status proto \(the name is too short\)"):
        from_call(Ended(codes.INVALID_ARGUMENT, "something else", metadata))


def test_a_code_that_is_none(stack):
    with pytest.raises(ValueError, match="Invalid status code 17"):
        stack.module("status.rpc_status").to_status(bad_request(stack, code=17))


@pytest.mark.parametrize("stack_name", ["grpcio", "russet"])
@pytest.mark.parametrize("module", ["rpc_status", "_async"])
def test_names_that_programs_import_or_replace(stack_name, module, request, monkeypatch):
    stack = request.getfixturevalue(stack_name)
    found = stack.module(f"status.{module}")
    assert found.status_pb2.Status is messages(stack)[0].Status
    assert found.GRPC_DETAILS_METADATA_KEY == KEY
    assert found.code_to_grpc_status_code(5) is stack.grpc.StatusCode.NOT_FOUND

    class Replacement:
        class Status:
            code, message = 5, "gone"

            @classmethod
            def FromString(cls, serialized):
                assert serialized == b"bytes"
                return cls()

    monkeypatch.setattr(found, "status_pb2", Replacement)
    metadata = ((KEY, b"bytes"),)
    code = stack.grpc.StatusCode.NOT_FOUND

    class Call:
        def code(self):
            return given(code)

        def details(self):
            return given("gone")

        def trailing_metadata(self):
            return given(metadata)

    async def later(value):
        return value

    given = (lambda value: value) if module == "rpc_status" else later
    status = found.from_call(Call())
    if module == "_async":
        status = asyncio.run(status)
    assert isinstance(status, Replacement.Status)
