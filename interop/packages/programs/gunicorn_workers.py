"""gunicorn: its workers, forked and started again on SIGHUP, import grpc, and call a server and one of their own."""

import os
import signal
import subprocess
import sys
import urllib.request
from concurrent import futures
from pathlib import Path

APPLICATION = """
import os

import grpc
from google.protobuf import json_format, struct_pb2


def application(environ, start_response):
    with grpc.insecure_channel(os.environ["PEER"]) as channel:
        call = channel.unary_unary(
            "/pack.Service/Echo",
            request_serializer=struct_pb2.Value.SerializeToString,
            response_deserializer=struct_pb2.Value.FromString,
        )
        answer = call(struct_pb2.Value(string_value=environ["PATH_INFO"]), timeout=20)
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Worker", str(os.getpid()))])
    return [json_format.MessageToJson(answer).encode()]
"""
import grpc  # noqa: E402

Path("application.py").write_text(APPLICATION)
server = grpc.server(futures.ThreadPoolExecutor(4))
echo = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
server.add_generic_rpc_handlers(
    (grpc.method_handlers_generic_handler("pack.Service", {"Echo": echo}),)
)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
told = subprocess.Popen(
    [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        "127.0.0.1:0",
        "--workers",
        "2",
        "--worker-class",
        "gthread",
        "--threads",
        "4",
        "application:application",
    ],
    stderr=subprocess.PIPE,
    text=True,
    env={**os.environ, "PEER": f"127.0.0.1:{port}", "RUSSET_INSTALL": "1"},
)


def lines_until(text):
    for line in told.stderr:
        if text in line:
            return line
    raise SystemExit("gunicorn ended")


def ask(path):
    with urllib.request.urlopen(url + path, timeout=30) as answer:
        return answer.headers["X-Worker"], answer.read().decode()


try:
    url = next(word for word in lines_until("Listening at").split() if word.startswith("http"))
    lines_until("Booting worker")
    lines_until("Booting worker")
    before = [ask(f"/{number}") for number in range(20)]
    print([text for _, text in before])
    told.send_signal(signal.SIGHUP)
    lines_until("Booting worker")
    lines_until("Booting worker")
    # Until the old ones have ended, one of them may answer.
    gone = {worker for worker, _ in before}
    while gone:
        gone = {worker for worker in gone if Path("/proc", worker).exists()}
    print([ask(f"/{number}")[1] for number in range(20)])
finally:
    told.terminate()
    told.wait()
server.stop(None).wait()
