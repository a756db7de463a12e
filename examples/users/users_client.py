"""Signs users up, reads them back, and shows what errors and timeouts look like."""

from __future__ import annotations

import argparse

import users_pb2
import users_pb2_grpc
from russet import grpc
from russet.protobuf import duration_pb2
from russet.rpc import error_details_pb2
from russet.status import rpc_status


def run(port: int) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        stub = users_pb2_grpc.UsersStub(channel)
        token = sign_up(stub)
        metadata = (("authorization", f"Bearer {token}"),)

        user = stub.GetUser(users_pb2.GetUserRequest(name="ada"), metadata=metadata, timeout=5)
        print(f"ada is user {user.id} with the address {user.email}")
        without_token(stub)
        list_all(stub, metadata)
        wrong_sign_up(stub)
        too_slow(stub, metadata)


def sign_up(stub: users_pb2_grpc.UsersStub) -> str:
    token = ""
    for name in ("ada", "grace", "hedy"):
        request = users_pb2.SignUpRequest(
            name=name, email=f"{name}@example.com", password="correct horse battery staple"
        )
        answer = stub.SignUp(request, timeout=5)
        token = token or answer.token
        print(f"signed up {answer.user.name}")
    return token


def without_token(stub: users_pb2_grpc.UsersStub) -> None:
    try:
        stub.GetUser(users_pb2.GetUserRequest(name="ada"), timeout=5)
    except grpc.RpcError as error:
        print(f"without a token: {error.code().name}, {error.details()}")


def list_all(stub: users_pb2_grpc.UsersStub, metadata: tuple[tuple[str, str], ...]) -> None:
    users = stub.ListUsers(users_pb2.ListUsersRequest(), metadata=metadata, timeout=5)
    print(f"users: {', '.join(user.name for user in users)}")
    for key, value in users.trailing_metadata():
        print(f"trailing metadata: {key} = {value}")


def wrong_sign_up(stub: users_pb2_grpc.UsersStub) -> None:
    try:
        stub.SignUp(users_pb2.SignUpRequest(name="x", password="short"), timeout=5)
    except grpc.RpcError as error:
        print(f"a wrong sign-up: {error.code().name}, {error.details()}")
        status = rpc_status.from_call(error)
        for detail in status.details:
            bad_request = error_details_pb2.BadRequest()
            if detail.Unpack(bad_request):
                for violation in bad_request.field_violations:
                    print(f"  {violation.field} {violation.description}")


def too_slow(stub: users_pb2_grpc.UsersStub, metadata: tuple[tuple[str, str], ...]) -> None:
    """The server pauses for longer than the client is willing to wait."""
    request = users_pb2.ListUsersRequest(pause=duration_pb2.Duration(seconds=1))
    try:
        for user in stub.ListUsers(request, metadata=metadata, timeout=0.2):
            print(f"in time: {user.name}")
    except grpc.RpcError as error:
        print(f"after 0.2 s: {error.code().name}, {error.details()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
