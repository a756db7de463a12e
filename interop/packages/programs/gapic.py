"""Google's generated clients: every method of every client of a package, synchronous and asyncio, over a local server that plays the services."""

import asyncio
import hashlib
import importlib
import inspect
import re
import sys
import typing
from concurrent import futures

import grpc
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials

module = importlib.import_module(sys.argv[1])
seen, answers = [], {}


def fill(message, depth=0):
    """Give every field of a message a value, three levels deep."""
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None and field.containing_oneof.fields[0] is not field:
            continue
        value = {
            1: 1.5, 2: 2.5, 3: -3, 4: 4, 5: -5, 6: 6, 7: 7, 8: True, 9: f"{field.name}/x", 12: b"\x00bytes",
            13: 13, 14: field.enum_type and field.enum_type.values[-1].number, 15: 15, 16: -16, 17: -17, 18: -18,
        }.get(field.type)  # fmt: skip
        if field.message_type is not None:
            if depth == 2 or field.message_type.full_name.startswith("google.protobuf"):
                continue
            if field.message_type.GetOptions().map_entry:
                continue
            inner = getattr(message, field.name)
            if field.is_repeated:
                fill(inner.add(), depth + 1)
            else:
                fill(inner, depth + 1)
        elif field.is_repeated:
            getattr(message, field.name).append(value)
        elif field.name != "next_page_token":
            setattr(message, field.name, value)
    return message


def made(annotation):
    """A filled message of an annotation's type, as the class behind it has it."""
    choices = typing.get_args(annotation) or (annotation,)
    for choice in choices:
        if hasattr(choice, "pb") and hasattr(choice, "meta"):
            return choice, fill(choice.pb(choice()))
        if hasattr(choice, "DESCRIPTOR"):
            return choice, fill(choice())
    return None, None


class Services(grpc.GenericRpcHandler):
    def service(self, details):
        def answer(requests, context):
            seen.append(
                (
                    details.method,
                    [hashlib.sha256(request).hexdigest()[:12] for request in requests],
                    sorted(
                        key
                        for key, _ in context.invocation_metadata()
                        if key.startswith("x-goog-request")
                    ),
                )
            )
            yield answers.get("next", b"")

        return grpc.stream_stream_rpc_method_handler(answer)


def methods(client):
    for name, function in sorted(vars(client).items()):
        if (
            not name.startswith("_")
            and callable(function)
            and not isinstance(function, (staticmethod, classmethod))
        ):
            parameters = inspect.signature(function).parameters
            if name.startswith("wait_for"):
                continue
            if "request" in parameters:
                yield (
                    name,
                    parameters["request"].annotation,
                    inspect.signature(function).return_annotation,
                )
            elif "requests" in parameters:
                yield name, None, None


def show(name, value):
    text = re.sub(r" at 0x[0-9a-f]+", "", str(value))
    print(
        " ",
        name,
        type(value).__name__,
        hashlib.sha256(text.encode()).hexdigest()[:12]
        if len(text) > 300
        else text.replace("\n", " "),
        *seen,
    )
    seen.clear()


def is_stream(value):
    return "Stream" in type(value).__name__


def prepare(asked, answered):
    _, request = made(asked)
    _, answer = made(answered)
    answers["next"] = b"" if answer is None else answer.SerializeToString(deterministic=True)
    return request


server = grpc.server(futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((Services(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
target = f"127.0.0.1:{port}"
NAMES = [
    name
    for name in sorted(dir(module))
    if name.endswith("Client") and hasattr(getattr(module, name), "get_transport_class")
]

for name in NAMES:
    if name.endswith("AsyncClient"):
        continue
    kind = getattr(module, name)
    print(name)
    with grpc.insecure_channel(target) as channel:
        transport = kind.get_transport_class("grpc")(
            channel=channel, credentials=AnonymousCredentials()
        )
        client = kind(transport=transport)
        for method, asked, answered in methods(kind):
            request = prepare(asked, answered)
            if request is None:
                continue
            try:
                result = getattr(client, method)(request=request, timeout=20, retry=None)
                show(method, list(result) if is_stream(result) else result)
            except (exceptions.GoogleAPICallError, TypeError, ValueError) as error:
                show(method, repr(error))


async def main():
    for name in NAMES:
        if not name.endswith("AsyncClient"):
            continue
        kind = getattr(module, name)
        print(name)
        async with grpc.aio.insecure_channel(target) as channel:
            transport = kind.get_transport_class("grpc_asyncio")(
                channel=channel, credentials=AnonymousCredentials()
            )
            client = kind(transport=transport)
            for method, asked, answered in methods(kind):
                request = prepare(asked, answered)
                if request is None:
                    continue
                try:
                    result = getattr(client, method)(request=request, timeout=20, retry=None)
                    result = await result if inspect.isawaitable(result) else result
                    show(method, [one async for one in result] if is_stream(result) else result)
                except (exceptions.GoogleAPICallError, TypeError, ValueError) as error:
                    show(method, repr(error))


asyncio.run(main())
server.stop(None).wait()
