"""newrelic's instrumentation: segments of a client's calls, transactions of a server's."""

import os
from concurrent import futures

os.environ.update(
    NEW_RELIC_LICENSE_KEY="0" * 40,
    NEW_RELIC_APP_NAME="shop",
    NEW_RELIC_DEVELOPER_MODE="true",
    NEW_RELIC_STARTUP_TIMEOUT="10",
)
import newrelic.agent

newrelic.agent.initialize()
application = newrelic.agent.register_application(timeout=10)
import grpc  # noqa: E402


def unary(request, context):
    if request == b"fail":
        raise ValueError("broken")
    transaction = newrelic.agent.current_transaction()
    print("in", transaction and transaction.name)
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
with (
    newrelic.agent.BackgroundTask(application, "task"),
    grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
):
    print(channel.unary_unary("/pack.Service/unary")(b"x"))
    try:
        channel.unary_unary("/pack.Service/unary")(b"fail")
    except grpc.RpcError as error:
        print(error.code(), error.details())
    names = sorted(
        child.__class__.__name__
        for child in newrelic.agent.current_transaction().root_span.__dict__.get("children", [])
        or []
    )
    print(names, type(channel.unary_unary("/pack.Service/unary").__call__).__name__)
server.stop(None).wait()
