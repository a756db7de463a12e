"""weaviate's client against a server that plays the database: vectors go in and are searched by gRPC, synchronous and asyncio."""

import asyncio
import http.server
import json
import threading
import uuid
from concurrent import futures

import grpc
import weaviate
from grpc_health.v1 import health, health_pb2_grpc
from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter, MetadataQuery
from weaviate.proto.v1 import batch_pb2, search_get_pb2, weaviate_pb2_grpc

CONFIG = {
    "class": "Thing",
    "vectorizer": "none",
    "properties": [{"name": "title", "dataType": ["text"], "tokenization": "word"}],
}


class Rest(http.server.BaseHTTPRequestHandler):
    """The few pages that a client asks for."""

    def do_GET(self):
        pages = {"/v1/meta": {"version": "1.34.0", "hostname": "h"}, "/v1/schema/Thing": CONFIG}
        page = pages.get(self.path)
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(page or {}).encode())

    def log_message(self, *arguments):
        pass


class Database(weaviate_pb2_grpc.WeaviateServicer):
    def __init__(self):
        self.objects = []

    def BatchObjects(self, request, context):
        self.objects.extend(request.objects)
        errors = [
            {"index": at, "error": "no title"}
            for at, one in enumerate(request.objects)
            if "title" not in one.properties.non_ref_properties.fields
        ]
        return batch_pb2.BatchObjectsReply(took=0.5, errors=errors)

    def Search(self, request, context):
        if request.limit == 1000:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "too many")
        reply = search_get_pb2.SearchReply(took=0.25)
        print(
            "asked",
            request.collection,
            request.HasField("near_vector"),
            request.HasField("filters"),
            dict(context.invocation_metadata()).get("authorization"),
        )
        for at, one in enumerate(self.objects[: request.limit or None]):
            result = reply.results.add()
            result.metadata.id_as_bytes = uuid.UUID(one.uuid).bytes
            result.metadata.distance = at / 4
            result.metadata.distance_present = True
            for name, value in one.properties.non_ref_properties.fields.items():
                result.properties.non_ref_props.fields[name].text_value = value.string_value
        return reply


rest = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Rest)
threading.Thread(target=rest.serve_forever, daemon=True).start()
server = grpc.server(futures.ThreadPoolExecutor(8))
weaviate_pb2_grpc.add_WeaviateServicer_to_server(Database(), server)
health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
ids = [f"00000000-0000-0000-0000-00000000000{number}" for number in range(3)]
with weaviate.connect_to_local("127.0.0.1", rest.server_address[1], port) as client:
    print(client.is_connected(), client.get_meta()["version"])
    things = client.collections.get("Thing")
    made = things.data.insert_many(
        [
            DataObject({"title": f"t{at}"}, uuid=one, vector=[0.5, -1.0])
            for at, one in enumerate(ids)
        ]
        + [DataObject({}, uuid="00000000-0000-0000-0000-000000000009")]
    )
    print(made.has_errors, {at: one.message for at, one in made.errors.items()}, len(made.uuids))
    for answer in (
        things.query.near_vector([1.0, 2.0], limit=2, return_metadata=MetadataQuery(distance=True)),
        things.query.fetch_objects(filters=Filter.by_property("title").equal("t1"), limit=3),
    ):
        print([(str(one.uuid), one.properties, one.metadata.distance) for one in answer.objects])
    try:
        things.query.fetch_objects(limit=1000)
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0][:200])


async def main():
    made = weaviate.use_async_with_local("127.0.0.1", rest.server_address[1], port)
    async with made as client:
        things = client.collections.get("Thing")
        answer = await things.query.near_vector([1.0], limit=1)
        print([str(one.uuid) for one in answer.objects])
        try:
            await things.query.fetch_objects(limit=1000)
        except Exception as error:
            print(type(error).__name__, str(error).splitlines()[0][:200])


asyncio.run(main())
server.stop(None).wait()
rest.shutdown()
