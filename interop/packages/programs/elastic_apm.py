"""elastic-apm's instrumentation of clients and servers."""

from concurrent import futures

import elasticapm
import grpc
from elasticapm.transport.base import Transport


class Kept(Transport):
    seen = []

    def queue(self, event_type, data, flush=False):
        self.seen.append((event_type, data))

    def start_thread(self, pid=None):
        pass

    def close(self):
        pass


client = elasticapm.Client(
    service_name="shop",
    transport_class="__main__.Kept",
    metrics_interval="0s",
    central_config=False,
    cloud_provider="none",
    disable_metrics="*",
)
elasticapm.instrument()


def unary(request, context):
    if request == b"fail":
        raise ValueError("broken")
    return request


server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers(
    (
        grpc.method_handlers_generic_handler(
            "pack.Service", {"unary": grpc.unary_unary_rpc_method_handler(unary)}
        ),
    )
)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
client.begin_transaction("test")
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    print(channel.unary_unary("/pack.Service/unary")(b"x"))
    try:
        channel.unary_unary("/pack.Service/unary")(b"fail")
    except grpc.RpcError as error:
        print(error.code(), error.details())
client.end_transaction("mine", "ok")
server.stop(None).wait()
told = [
    (
        kind,
        data.get("name"),
        data.get("type"),
        data.get("subtype"),
        data.get("outcome"),
        data.get("result"),
        (data.get("exception") or {}).get("message"),
    )
    for kind, data in Kept.seen
]
print(*sorted(map(str, told)), sep="\n")
