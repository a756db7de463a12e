"""Wrong uses of generated code: type checkers must report each line that ends in `# wrong`, and no other."""

from __future__ import annotations

import greeter_pb2
import greeter_pb2_grpc
from greeter_pb2 import Reply, Request
from russet import grpc


def messages(request: Request) -> None:
    Request("x")  # wrong
    Request(missing=1)  # wrong
    Request(name=1)  # wrong
    Request(at="2020-01-01")  # wrong
    request.missing = 1  # wrong
    request.name = 1  # wrong
    request.last = Reply()  # wrong
    request.all = [Reply()]  # wrong
    request.counts = {"a": 1}  # wrong
    request.at = 1  # wrong
    request.tone = "LOUD"  # wrong
    request.all.append(Request())  # wrong
    request.replies["a"] = Reply()  # wrong
    request.counts["a"] = "1"  # wrong
    request.HasField("name")  # wrong
    request.HasField("missing")  # wrong
    request.ClearField("missing")  # wrong
    request.WhichOneof("name")  # wrong
    Reply().WhichOneof("by")  # wrong
    if request.WhichOneof("by") == "missing":  # wrong
        pass
    print(greeter_pb2.QUIET)  # wrong


def sync_client(channel: grpc.Channel, other: grpc.aio.Channel) -> None:
    stub = greeter_pb2_grpc.GreeterStub(channel)
    stub.Ask(Reply())  # wrong
    print(stub.Ask(Request()).name)  # wrong
    stub.Missing(Request())  # wrong
    ask(greeter_pb2_grpc.GreeterStub(other))  # wrong
    greeter_pb2_grpc.GreeterStub("localhost")  # wrong
    greeter_pb2_grpc.GreeterAsyncStub(channel)  # wrong
    stub.Tell(Request())  # wrong


def ask(stub: greeter_pb2_grpc.GreeterStub) -> None: ...


async def async_client(channel: grpc.aio.Channel) -> None:
    stub = greeter_pb2_grpc.GreeterStub(channel)
    print((await stub.Ask(Request())).name)  # wrong
    print(stub.Ask(Request()).text)  # wrong


class Wrong(greeter_pb2_grpc.GreeterServicer):
    def Ask(self, request: Reply, context: grpc.ServicerContext) -> Reply:  # wrong
        return Reply()

    def Tell(self, requests: Request, context: grpc.ServicerContext) -> Reply:  # wrong
        return Reply()

    def Listen(self, request: Request, context: grpc.ServicerContext) -> Reply:  # wrong
        return Reply()
