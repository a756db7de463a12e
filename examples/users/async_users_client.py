"""The same calls on asyncio: three sign-ups at once, a list, a timeout."""

from __future__ import annotations

import argparse
import asyncio

import users_pb2
import users_pb2_grpc
from russet import grpc
from russet.protobuf import duration_pb2
from russet.rpc import error_details_pb2
from russet.status import rpc_status


async def run(port: int) -> None:
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        stub = users_pb2_grpc.UsersStub(channel)
        answers = await asyncio.gather(
            *(
                stub.SignUp(
                    users_pb2.SignUpRequest(
                        name=name, email=f"{name}@example.com", password="a long password"
                    ),
                    timeout=5,
                )
                for name in ("ada", "grace", "hedy")
            )
        )
        print(f"signed up {', '.join(answer.user.name for answer in answers)}")
        metadata = (("authorization", f"Bearer {answers[0].token}"),)

        call = stub.ListUsers(users_pb2.ListUsersRequest(), metadata=metadata, timeout=5)
        print(f"users: {', '.join([user.name async for user in call])}")
        for key, value in await call.trailing_metadata():
            print(f"trailing metadata: {key} = {value}")

        try:
            await stub.SignUp(users_pb2.SignUpRequest(name="ada"), timeout=5)
        except grpc.aio.AioRpcError as error:
            print(f"a wrong sign-up: {error.code().name}, {error.details()}")
            status = await rpc_status.aio.from_call(error)
            bad_request = error_details_pb2.BadRequest()
            status.details[0].Unpack(bad_request)
            for violation in bad_request.field_violations:
                print(f"  {violation.field} {violation.description}")

        slow = users_pb2.ListUsersRequest(pause=duration_pb2.Duration(seconds=1))
        try:
            async for user in stub.ListUsers(slow, metadata=metadata, timeout=0.2):
                print(f"in time: {user.name}")
        except grpc.aio.AioRpcError as error:
            print(f"after 0.2 s: {error.code().name}, {error.details()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    asyncio.run(run(parser.parse_args().port))
