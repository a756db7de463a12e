"""Google Cloud Storage's asyncio client against a server that plays the service: an object is appended to in parts with checksums, flushed, finalized and read in ranges; the server breaks a stream and sends another elsewhere."""

import asyncio
import zlib

import google_crc32c
import grpc
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import _storage_v2
from google.cloud.storage.asyncio.async_appendable_object_writer import AsyncAppendableObjectWriter
from google.cloud.storage.asyncio.async_grpc_client import AsyncGrpcClient
from google.cloud.storage.asyncio.async_multi_range_downloader import AsyncMultiRangeDownloader
from google.protobuf import any_pb2
from google.rpc import status_pb2
from grpc_status import rpc_status

STORED = {}
EVENTS = []


def check(data):
    assert google_crc32c.value(data.content) == data.crc32c, "the checksum is another"


class Service(grpc.GenericRpcHandler):
    """Answers by the method's name."""

    def service(self, details):
        name = details.method.rpartition("/")[2]
        kinds = {
            "BidiWriteObject": (
                self.write,
                _storage_v2.BidiWriteObjectRequest,
                _storage_v2.BidiWriteObjectResponse,
            ),
            "BidiReadObject": (
                self.read,
                _storage_v2.BidiReadObjectRequest,
                _storage_v2.BidiReadObjectResponse,
            ),
        }
        handler, request, response = kinds[name]
        return grpc.stream_stream_rpc_method_handler(
            handler,
            request_deserializer=request.deserialize,
            response_serializer=response.serialize,
        )

    breaks = 1
    redirects = 1

    async def write(self, requests, context):
        name = None
        async for request in requests:
            if name is None:
                spec = request.write_object_spec or request.append_object_spec
                name = request.write_object_spec.resource.name or request.append_object_spec.object_
                EVENTS.append("append" if request.append_object_spec else "write")
                if name == "taken" and request.write_object_spec.if_generation_match == 0:
                    await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "it is there")
                if self.redirects and request.append_object_spec:
                    self.redirects -= 1
                    elsewhere = _storage_v2.BidiWriteObjectRedirectedError(
                        routing_token="there", generation=5
                    )
                    detail = any_pb2.Any()
                    detail.Pack(_storage_v2.BidiWriteObjectRedirectedError.pb(elsewhere))
                    status = status_pb2.Status(code=10, message="elsewhere", details=[detail])
                    await context.abort_with_status(rpc_status.to_status(status))
                del spec
                STORED.setdefault(name, bytearray())
                made = _storage_v2.Object(name=name, generation=5, size=len(STORED[name]))
                handle = _storage_v2.BidiWriteHandle(handle=b"handle")
                yield _storage_v2.BidiWriteObjectResponse(resource=made, write_handle=handle)
                if not request.checksummed_data.content:
                    if request.state_lookup and request.append_object_spec:
                        yield _storage_v2.BidiWriteObjectResponse(persisted_size=len(STORED[name]))
                    continue
            content = STORED[name]
            if request.checksummed_data.content:
                check(request.checksummed_data)
                assert request.write_offset <= len(content), "a hole"
                del content[request.write_offset :]
                content += request.checksummed_data.content
                if self.breaks and len(content) > 5 * 2**20:
                    self.breaks -= 1
                    EVENTS.append("break")
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
            if request.finish_write:
                EVENTS.append("finish")
                made = _storage_v2.Object(
                    name=name, generation=5, size=len(content), finalize_time={"seconds": 1}
                )
                yield _storage_v2.BidiWriteObjectResponse(resource=made)
            elif request.state_lookup:
                yield _storage_v2.BidiWriteObjectResponse(persisted_size=len(content))

    async def read(self, requests, context):
        content = None
        async for request in requests:
            if content is None:
                if request.read_object_spec.object_ not in STORED:
                    await context.abort(grpc.StatusCode.NOT_FOUND, "no object")
                content = bytes(STORED[request.read_object_spec.object_])
                yield _storage_v2.BidiReadObjectResponse(
                    metadata=_storage_v2.Object(name="o", generation=5, size=len(content)),
                    read_handle=_storage_v2.BidiReadHandle(handle=b"r"),
                )
            for one in request.read_ranges:
                part = content[one.read_offset : one.read_offset + one.read_length]
                for at in range(0, len(part), 10**6):
                    piece = part[at : at + 10**6]
                    data = _storage_v2.ChecksummedData(
                        content=piece, crc32c=google_crc32c.value(piece)
                    )
                    told = _storage_v2.ReadRange(
                        read_id=one.read_id,
                        read_offset=one.read_offset + at,
                        read_length=len(piece),
                    )
                    yield _storage_v2.BidiReadObjectResponse(
                        object_data_ranges=[
                            _storage_v2.ObjectRangeData(
                                checksummed_data=data,
                                read_range=told,
                                range_end=at + len(piece) == len(part),
                            )
                        ]
                    )


async def main():
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((Service(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    options = ClientOptions(api_endpoint=f"127.0.0.1:{port}")
    client = AsyncGrpcClient(credentials=AnonymousCredentials(), client_options=options)
    whole = bytes(range(256)) * (40 * 2**10)
    writer = AsyncAppendableObjectWriter(
        client, "b", "o", generation=0, writer_options={"FLUSH_INTERVAL_BYTES": 4 * 2**20}
    )
    await writer.open()
    for at in range(0, len(whole), 3 * 2**20):
        await writer.append(whole[at : at + 3 * 2**20])
    print(await writer.flush(), writer.generation, writer.write_handle.handle)
    await writer.append(b"end")
    await writer.close()
    print(len(STORED["o"]), bytes(STORED["o"]) == whole + b"end", zlib.crc32(STORED["o"]))
    again = AsyncAppendableObjectWriter(client, "b", "o", generation=5)
    await again.open()
    print(await again.state_lookup())
    await again.append(b" and more")
    made = await again.finalize()
    print(made.size, made.name)
    reader = AsyncMultiRangeDownloader(client, "b", "o")
    await reader.open()
    parts = [bytearray() for _ in range(3)]
    ranges = [(0, 3 * 10**6), (5, 1), (len(whole), 12)]

    class Into:
        def __init__(self, part):
            self.part = part

        def write(self, data):
            self.part += data
            return len(data)

    await reader.download_ranges(
        [(start, length, Into(part)) for (start, length), part in zip(ranges, parts)]
    )
    print(
        [
            bytes(part) == bytes(STORED["o"][start : start + length])
            for (start, length), part in zip(ranges, parts)
        ]
    )
    await reader.close()
    taken = AsyncAppendableObjectWriter(client, "b", "taken", generation=0)
    for wrong in (taken.open(), AsyncMultiRangeDownloader(client, "b", "none").open()):
        try:
            await wrong
        except exceptions.GoogleAPICallError as error:
            print(type(error).__name__, error.message)
    print(EVENTS)
    await client.grpc_client.transport.close()
    await server.stop(None)


asyncio.run(main())
