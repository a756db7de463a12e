"""Plays the gateway: sends one request through all hooks, one without a key, and two events."""

from __future__ import annotations

import argparse
import json

import coprocess_common_pb2
import coprocess_object_pb2
import coprocess_object_pb2_grpc
from russet import grpc

Object = coprocess_object_pb2.Object


def run(port: int) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        stub = coprocess_object_pb2_grpc.DispatcherStub(channel)
        call = good_request(stub)
        print(f"to the upstream: {call.request.set_headers['X-Owner']}, {call.request.body}")
        call.response.status_code = 200
        call = dispatch(stub, call, "Response", "sign_response")
        print(
            f"to the client: {call.response.status_code}, X-Served-By: {call.response.headers['X-Served-By']}"
        )

        refused = dispatch(stub, request("nobody's key"), "CustomKeyCheck", "check_key")
        overrides = refused.request.return_overrides
        print(f"without a key: {overrides.response_code}, {overrides.response_error}")

        try:
            dispatch(stub, Object(), "Pre", "no_such_hook")
        except grpc.RpcError as error:
            print(f"a hook that is not there: {error.code().name}, {error.details()}")
        for kind in ("QuotaExceeded", "AuthFailure"):
            event = coprocess_object_pb2.Event(payload=json.dumps({"Type": kind}))
            stub.DispatchEvent(event, timeout=5)
        print("two events are told")


def request(key: str) -> coprocess_object_pb2.Object:
    call = Object()
    call.request.method, call.request.url = "POST", "/widgets"
    call.request.headers["Authorization"] = key
    call.request.raw_body = b'{"color": "red"}'
    return call


def good_request(stub: coprocess_object_pb2_grpc.DispatcherStub) -> coprocess_object_pb2.Object:
    call = request("key-of-ada")
    call = dispatch(stub, call, "Pre", "add_request_id")
    call = dispatch(stub, call, "CustomKeyCheck", "check_key")
    call = dispatch(stub, call, "PostKeyAuth", "name_the_owner")
    return dispatch(stub, call, "Post", "rewrite_body")


def dispatch(
    stub: coprocess_object_pb2_grpc.DispatcherStub,
    call: coprocess_object_pb2.Object,
    kind: str,
    name: str,
) -> coprocess_object_pb2.Object:
    call.hook_type = coprocess_common_pb2.HookType.Value(kind)
    call.hook_name = name
    return stub.Dispatch(call, timeout=5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5555)
    run(parser.parse_args().port)
