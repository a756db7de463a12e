"""qdrant-client: the generated stubs of a database's client, synchronous and asyncio, with a small server of the same generated code."""

import asyncio
from concurrent import futures

import grpc
from qdrant_client import AsyncQdrantClient, QdrantClient, models
from qdrant_client import grpc as qdrant

stored = {}


class Collections(qdrant.collections_service_pb2_grpc.CollectionsServicer):
    def CollectionExists(self, request, context):
        answer = qdrant.CollectionExistsResponse()
        answer.result.exists = request.collection_name == "places"
        return answer


class Points(qdrant.points_service_pb2_grpc.PointsServicer):
    def Upsert(self, request, context):
        for point in request.points:
            stored[point.id.num] = point
        answer = qdrant.PointsOperationResponse()
        answer.result.status = qdrant.UpdateStatus.Completed
        return answer

    def Get(self, request, context):
        answer = qdrant.GetResponse()
        for wanted in request.ids:
            if wanted.num not in stored:
                context.abort(grpc.StatusCode.NOT_FOUND, f"there is no point {wanted.num}")
            found = answer.result.add(id=wanted)
            for key, value in stored[wanted.num].payload.items():
                found.payload[key].CopyFrom(value)
        return answer


server = grpc.server(futures.ThreadPoolExecutor(4))
qdrant.collections_service_pb2_grpc.add_CollectionsServicer_to_server(Collections(), server)
qdrant.points_service_pb2_grpc.add_PointsServicer_to_server(Points(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
given = {"host": "127.0.0.1", "grpc_port": port, "prefer_grpc": True, "check_compatibility": False}

client = QdrantClient(**given)
print(client.collection_exists("places"), client.collection_exists("people"))
payload = {"name": "Eiffel Tower", "height": 330, "tags": ["iron", "old"], "where": {"lat": 48.9}}
point = models.PointStruct(id=7, vector=[0.25, 0.5, 1.0], payload=payload)
print(client.upsert("places", [point]))
print(list(stored[7].vectors.vector.dense.data or stored[7].vectors.vector.data))
(found,) = client.retrieve("places", [7])
# A map has no order.
print(found.id, sorted(found.payload.items()))
try:
    client.retrieve("places", [8])
except grpc.RpcError as error:
    print(error.code(), error.details())
client.close()


async def main():
    client = AsyncQdrantClient(**given)
    print(await client.collection_exists("places"))
    (found,) = await client.retrieve("places", [7])
    print(found.id, sorted(found.payload.items()))
    await client.close()


asyncio.run(main())
server.stop(None).wait()
