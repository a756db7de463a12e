"""Chroma: vectors are kept, searched and changed; its traces go out by OTLP over gRPC."""

import logging
import threading
from concurrent import futures

import chromadb
import grpc
from chromadb.config import Settings
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

logging.disable(logging.CRITICAL)
arrived = threading.Event()
names = set()


class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                names.update(span.name for span in scope.spans)
        arrived.set()
        return trace_service_pb2.ExportTraceServiceResponse()


server = grpc.server(futures.ThreadPoolExecutor(2))
trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Receiver(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
client = chromadb.PersistentClient(
    "kept",
    Settings(
        anonymized_telemetry=False,
        chroma_otel_collection_endpoint=f"http://127.0.0.1:{port}",
        chroma_otel_service_name="chroma",
        chroma_otel_granularity="all",
    ),
)
made = client.create_collection("things", embedding_function=None)
made.add(
    ids=["a", "b", "c"],
    embeddings=[[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]],
    metadatas=[{"n": 1}, {"n": 2}, {"n": 3}],
    documents=["one", "two", "three"],
)
found = made.query(query_embeddings=[[1.0, 0.1]], n_results=2, where={"n": {"$gt": 1}})
print(found["ids"], found["documents"], found["metadatas"])
made.update(ids=["b"], embeddings=[[0.0, 2.0]], documents=["deux"])
made.delete(ids=["a"])
print(
    made.count(), made.get(ids=["b"])["documents"], [one.name for one in client.list_collections()]
)
print(arrived.wait(60), len(names) > 0)
server.stop(None).wait()
