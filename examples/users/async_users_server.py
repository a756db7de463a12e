"""A Users server on asyncio."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import checks
import users_pb2
import users_pb2_grpc
from russet import grpc
from store import NameTakenError, Store


class UsersServicer(users_pb2_grpc.UsersServicer):
    def __init__(self, store: Store) -> None:
        self._store = store

    async def SignUp(
        self, request: users_pb2.SignUpRequest, context: grpc.aio.ServicerContext
    ) -> users_pb2.SignUpResponse:
        wrong = checks.wrong_fields(request)
        if wrong is not None:
            await context.abort(wrong.code, wrong.details, wrong.trailing_metadata)
        # Hashing a password takes long: in a thread it does not hold up the other calls.
        add = (self._store.add, request.name, request.email, request.password)
        try:
            user, token = await asyncio.get_running_loop().run_in_executor(None, *add)
        except NameTakenError:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{request.name} is taken")
        return users_pb2.SignUpResponse(user=user, token=token)

    async def GetUser(
        self, request: users_pb2.GetUserRequest, context: grpc.aio.ServicerContext
    ) -> users_pb2.User:
        await self._authorize(context)
        user = self._store.find(request.name)
        if user is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no user {request.name}")
        return user

    async def ListUsers(
        self, request: users_pb2.ListUsersRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[users_pb2.User]:
        await self._authorize(context)
        pause = request.pause.ToTimedelta().total_seconds()
        sent = 0
        try:
            for user in self._store.all(request.name_prefix):
                await asyncio.sleep(pause)
                yield user
                sent += 1
        except asyncio.CancelledError:
            # The client's deadline is past, or it has cancelled: nobody waits for the rest.
            print(f"ListUsers: the client is gone after {sent} users", flush=True)
            raise
        context.set_trailing_metadata((("users-sent", str(sent)),))

    async def _authorize(self, context: grpc.aio.ServicerContext) -> None:
        if not self._store.knows(checks.token_of(context)):
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "a token of a user is needed")


async def serve(port: int, database: str) -> None:
    server = grpc.aio.server()
    users_pb2_grpc.add_UsersServicer_to_server(UsersServicer(Store(database)), server)
    bound = server.add_insecure_port(f"[::]:{port}")
    await server.start()
    print(f"Server started, listening on {bound}", flush=True)
    try:
        await server.wait_for_termination()
    finally:
        await server.stop(grace=1)


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    parser.add_argument("--database", default=":memory:", help="a file to keep the users in")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.port, arguments.database))
