"""celery: a worker's processes call a gRPC server of their own and one of the program; messages are tasks' arguments."""

import os
import subprocess
import sys
from concurrent import futures
from pathlib import Path

TASKS = """
import os

import celery
import grpc
from google.protobuf import json_format, struct_pb2

app = celery.Celery("tasks")
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={
        "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"
    },
    result_backend="file://" + os.path.abspath("results"),
    task_serializer="json",
    broker_connection_retry_on_startup=True,
)


@app.task
def echo(text):
    value = json_format.Parse(text, struct_pb2.Value())
    with grpc.insecure_channel(os.environ["PEER"]) as channel:
        call = channel.unary_unary(
            "/pack.Service/Echo",
            request_serializer=struct_pb2.Value.SerializeToString,
            response_deserializer=struct_pb2.Value.FromString,
        )
        return json_format.MessageToJson(call(value, timeout=20))


@app.task
def fail():
    with grpc.insecure_channel(os.environ["PEER"]) as channel:
        try:
            channel.unary_unary("/pack.Service/None")(b"", timeout=20)
        except grpc.RpcError as error:
            return [error.code().name, error.details()]
"""
for name in ("queue", "control", "results"):
    Path(name).mkdir()
Path("tasks.py").write_text(TASKS)
sys.path.insert(0, ".")
import grpc  # noqa: E402

server = grpc.server(futures.ThreadPoolExecutor(4))
handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
server.add_generic_rpc_handlers(
    (grpc.method_handlers_generic_handler("pack.Service", {"Echo": handler}),)
)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
os.environ.update(PEER=f"127.0.0.1:{port}", RUSSET_INSTALL="1")
import tasks  # noqa: E402

for pool in ("prefork", "threads"):
    worker = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tasks",
            "worker",
            "--pool",
            pool,
            "--concurrency",
            "2",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "C_FORCE_ROOT": "1"},
    )
    try:
        waiting = [tasks.echo.delay(f'["{pool}", {number}]') for number in range(10)]
        print([one.get(timeout=60) for one in waiting], tasks.fail.delay().get(timeout=60))
    finally:
        worker.terminate()
        worker.wait()
server.stop(None).wait()
