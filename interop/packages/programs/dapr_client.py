"""Dapr's client against a server that plays its sidecar: state, secrets, events and a subscription; the callbacks of an app."""

import http.server
import os
import queue
import threading
from concurrent import futures

import grpc
from dapr.proto.runtime.v1 import dapr_pb2_grpc, pubsub_pb2, secret_pb2, state_pb2
from google.protobuf import empty_pb2


class Health(http.server.BaseHTTPRequestHandler):
    """What a client waits for before it calls."""

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Sidecar(dapr_pb2_grpc.DaprServicer):
    def __init__(self):
        self.states = {}

    def SaveState(self, request, context):
        for one in request.states:
            self.states[request.store_name, one.key] = one.value
        return empty_pb2.Empty()

    def GetState(self, request, context):
        data = self.states.get((request.store_name, request.key), b"")
        context.send_initial_metadata((("seen", str(len(data))),))
        return state_pb2.GetStateResponse(data=data, etag="1")

    def GetSecret(self, request, context):
        if request.key == "none":
            context.abort(grpc.StatusCode.INTERNAL, "no such secret")
        return secret_pb2.GetSecretResponse(data={request.key: "hidden"})

    def PublishEvent(self, request, context):
        print("published", request.topic, request.data, request.data_content_type)
        return empty_pb2.Empty()

    def SubscribeTopicEventsAlpha1(self, requests, context):
        first = next(requests)
        yield pubsub_pb2.SubscribeTopicEventsResponseAlpha1(initial_response={})
        for number in range(3):
            yield pubsub_pb2.SubscribeTopicEventsResponseAlpha1(
                event_message={
                    "id": str(number),
                    "topic": first.initial_request.topic,
                    "data": b'{"n": %d}' % number,
                    "data_content_type": "application/json",
                }
            )
            answers.put(next(requests).event_processed.status.status)


answers = queue.Queue()
health = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
threading.Thread(target=health.serve_forever, daemon=True).start()
os.environ["DAPR_HTTP_PORT"] = str(health.server_address[1])
server = grpc.server(futures.ThreadPoolExecutor(8))
dapr_pb2_grpc.add_DaprServicer_to_server(Sidecar(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
from dapr.clients import DaprClient  # noqa: E402
from dapr.clients.exceptions import DaprGrpcError  # noqa: E402

with DaprClient(address=f"127.0.0.1:{port}") as client:
    client.save_state("store", "k", "value \u00e9")
    state = client.get_state("store", "k")
    print(state.data, state.etag, state.headers.get("seen"))
    print(client.get_state("store", "none").data)
    print(client.get_secret("vault", "pass").secret)
    try:
        client.get_secret("vault", "none")
    except (DaprGrpcError, grpc.RpcError) as error:
        print(type(error).__name__, error.code(), error.details())
    client.publish_event("bus", "sales", '{"a": 1}', data_content_type="application/json")
    subscription = client.subscribe("bus", "orders")
    for _ in range(3):
        event = subscription.next_message()
        print(event.topic(), event.data())
        subscription.respond_success(event)
        print("answered", answers.get(timeout=20))
    subscription.close()
server.stop(None).wait()
health.shutdown()
