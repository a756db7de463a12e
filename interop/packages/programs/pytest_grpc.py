"""pytest-grpc: its plug-in's fixtures serve and call in a test run."""

import pathlib
import subprocess
import sys

pathlib.Path("test_it.py").write_text("""
import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

@pytest.fixture(scope="module")
def grpc_add_to_server():
    return health_pb2_grpc.add_HealthServicer_to_server

@pytest.fixture(scope="module")
def grpc_servicer():
    return health.HealthServicer()

@pytest.fixture(scope="module")
def grpc_stub_cls(grpc_channel):
    return health_pb2_grpc.HealthStub

def test_check(grpc_stub):
    assert grpc_stub.Check(health_pb2.HealthCheckRequest()).status == 1

def test_refused(grpc_stub):
    with pytest.raises(grpc.RpcError):
        grpc_stub.Check(health_pb2.HealthCheckRequest(service="no"))
""")
for options in ([], ["--grpc-max-workers=4"]):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-v",
            *options,
            "test_it.py",
        ],
        capture_output=True,
        text=True,
    )
    print(
        options,
        *(
            line.split(" [")[0]
            for line in done.stdout.splitlines()
            if "::" in line and "PASSED" in line
        ),
        done.returncode,
        sep="\n ",
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
