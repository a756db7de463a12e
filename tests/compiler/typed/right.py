"""Right uses of generated code: type checkers must find nothing."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Iterator

import greeter_pb2
import greeter_pb2_grpc
from greeter_pb2 import Reply, Request
from russet import grpc
from russet.protobuf.message import Message


def messages() -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    request = Request(
        name="x",
        id=1,
        last={"text": "y"},
        all=[Reply(), {"text": "z"}],
        replies={"a": Reply()},
        counts={"a": 1},
        at=now,
        wait=datetime.timedelta(seconds=1),
        more={"a": [1, "b"]},
        tone=greeter_pb2.LOUD,
    )
    request.at = now
    request.wait = datetime.timedelta(seconds=1)
    request.more = {"a": 1}
    request.tone = greeter_pb2.Tone.Value("LOUD")
    print(request.at.ToDatetime().year, greeter_pb2.Tone.Name(request.tone))
    if request.WhichOneof("by") == "key" and request.HasField("last"):
        request.ClearField("by")
    print(request.HasField("times"), request.HasField("by"), request.WhichOneof("other"))
    request.all.add().text = "w"
    request.all.append(Reply(text="v"))
    request.replies["a"].text = "u"
    request.counts["a"] += 1
    request.last.CopyFrom(Reply())
    any_message: Message = request
    print(any_message.SerializeToString(), Request.FromString(b"").name.upper())


def sync_client(channel: grpc.Channel) -> str:
    stub = greeter_pb2_grpc.GreeterStub(channel)
    for reply in stub.Listen(Request(), timeout=1, metadata=[("a", "b")]):
        print(reply.text.upper())
    for reply in stub.Talk(iter([Request()])):
        print(reply.text.upper())
    future = stub.Ask.future(Request())
    print(future.result().text.upper())
    return ask(stub) + stub.Tell(iter([Request()])).text


def ask(stub: greeter_pb2_grpc.GreeterStub) -> str:
    return stub.Ask(Request()).text


async def async_client(channel: grpc.aio.Channel) -> str:
    stub = greeter_pb2_grpc.GreeterStub(channel)
    async for reply in stub.Listen(Request()):
        print(reply.text.upper())
    return await async_ask(stub) + (await stub.Ask(Request())).text


async def async_ask(stub: greeter_pb2_grpc.GreeterAsyncStub) -> str:
    return (await stub.Ask(Request())).text


class Sync(greeter_pb2_grpc.GreeterServicer):
    def Ask(self, request: Request, context: grpc.ServicerContext) -> Reply:
        return Reply(text=request.name)

    def Listen(self, request: Request, context: grpc.ServicerContext) -> Iterator[Reply]:
        yield Reply(text=request.name)

    def Tell(self, requests: Iterator[Request], context: grpc.ServicerContext) -> Reply:
        return Reply(text=next(requests).name)


class Async(greeter_pb2_grpc.GreeterServicer):
    async def Ask(
        self, request: Request, context: grpc.aio.ServicerContext[Request, Reply]
    ) -> Reply:
        return Reply(text=request.name)

    async def Listen(
        self, request: Request, context: grpc.aio.ServicerContext[Request, Reply]
    ) -> AsyncIterator[Reply]:
        yield Reply(text=request.name)

    async def Talk(
        self,
        requests: AsyncIterator[Request],
        context: grpc.aio.ServicerContext[Request, Reply],
    ) -> None:
        async for request in requests:
            await context.write(Reply(text=request.name))


def serve(server: grpc.Server, async_server: grpc.aio.Server) -> None:
    greeter_pb2_grpc.add_GreeterServicer_to_server(Sync(), server)
    greeter_pb2_grpc.add_GreeterServicer_to_server(Async(), async_server)
