"""A Users server: sign-up, details, a streaming list; tokens in metadata, errors with details."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from concurrent import futures

import checks
import users_pb2
import users_pb2_grpc
from russet import grpc
from store import NameTakenError, Store


class UsersServicer(users_pb2_grpc.UsersServicer):
    def __init__(self, store: Store) -> None:
        self._store = store

    def SignUp(
        self, request: users_pb2.SignUpRequest, context: grpc.ServicerContext
    ) -> users_pb2.SignUpResponse:
        wrong = checks.wrong_fields(request)
        if wrong is not None:
            context.abort_with_status(wrong)
        try:
            user, token = self._store.add(request.name, request.email, request.password)
        except NameTakenError:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{request.name} is taken")
        return users_pb2.SignUpResponse(user=user, token=token)

    def GetUser(
        self, request: users_pb2.GetUserRequest, context: grpc.ServicerContext
    ) -> users_pb2.User:
        self._authorize(context)
        user = self._store.find(request.name)
        if user is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no user {request.name}")
        return user

    def ListUsers(
        self, request: users_pb2.ListUsersRequest, context: grpc.ServicerContext
    ) -> Iterator[users_pb2.User]:
        self._authorize(context)
        pause = request.pause.ToTimedelta().total_seconds()
        sent = 0
        for user in self._store.all(request.name_prefix):
            time.sleep(pause)
            if not context.is_active():
                # The client's deadline is past, or it has cancelled: nobody waits for the rest.
                print(f"ListUsers: the client is gone after {sent} users", flush=True)
                return
            yield user
            sent += 1
        context.set_trailing_metadata((("users-sent", str(sent)),))

    def _authorize(self, context: grpc.ServicerContext) -> None:
        if not self._store.knows(checks.token_of(context)):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "a token of a user is needed")


def serve(port: int, database: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    users_pb2_grpc.add_UsersServicer_to_server(UsersServicer(Store(database)), server)
    bound = server.add_insecure_port(f"[::]:{port}")
    server.start()
    try:
        print(f"Server started, listening on {bound}", flush=True)
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=1).wait()


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    parser.add_argument("--database", default=":memory:", help="a file to keep the users in")
    arguments = parser.parse_args()
    serve(arguments.port, arguments.database)
