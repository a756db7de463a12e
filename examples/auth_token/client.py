"""A client that adds a token to each call, and gets a new one before it ends."""

from __future__ import annotations

import argparse
import threading
import time

import notes_pb2
import notes_pb2_grpc
from russet import grpc


class TokenPlugin(grpc.AuthMetadataPlugin):
    """Asked for metadata by each call, on a thread of its own: it may take its time."""

    def __init__(self, login: notes_pb2_grpc.NotesStub, name: str, password: str) -> None:
        self._login = login
        self._request = notes_pb2.LoginRequest(name=name, password=password)
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0
        self.logins = 0

    def __call__(
        self, context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback
    ) -> None:
        try:
            with self._lock:
                if time.monotonic() >= self._renew_at:
                    self._renew()
            callback((("authorization", f"Bearer {self._token}"),), None)
        except grpc.RpcError as error:
            # The call that asked ends with this.
            callback((), error)

    def _renew(self) -> None:
        token = self._login.Login(self._request, timeout=10)
        self._token = token.token
        # Early, so that it does not end on its way.
        self._renew_at = time.monotonic() + token.good_for * 0.6
        self.logins += 1


def run(port: int) -> None:
    target, local = f"localhost:{port}", grpc.local_channel_credentials()
    with grpc.secure_channel(target, local) as without_token:
        login = notes_pb2_grpc.NotesStub(without_token)
        try:
            login.Add(notes_pb2.Note(text="who am I?"), timeout=10)
        except grpc.RpcError as error:
            print(f"without a token: {error.code().name}, {error.details()}")
        plugin = TokenPlugin(login, "ada", "difference")
        credentials = grpc.composite_channel_credentials(
            local, grpc.metadata_call_credentials(plugin)
        )
        with grpc.secure_channel(target, credentials) as channel:
            stub = notes_pb2_grpc.NotesStub(channel)
            # Long enough for several tokens.
            while plugin.logins < 3:
                summary = stub.Add(notes_pb2.Note(text="a thought"), timeout=10)
                time.sleep(0.01)
        print(f"{summary.owner} has more than {plugin.logins} notes: {summary.notes > 3}")
        print(f"tokens used: {plugin.logins}")
        wrong = TokenPlugin(login, "ada", "engine")
        try:
            with grpc.secure_channel(target, local) as channel:
                stub = notes_pb2_grpc.NotesStub(channel)
                stub.Add(
                    notes_pb2.Note(), timeout=10, credentials=grpc.metadata_call_credentials(wrong)
                )
        except grpc.RpcError as error:
            print(f"with a wrong password: {error.code().name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
