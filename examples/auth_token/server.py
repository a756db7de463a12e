"""A server whose calls need a token, which ends after a time."""

from __future__ import annotations

import argparse
import contextvars
import hmac
import logging
import secrets
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any

import notes_pb2
import notes_pb2_grpc
from russet import grpc

# Whose call it is; the interceptor sets it, the handlers read it.
caller = contextvars.ContextVar[str]("caller")
PASSWORDS = {"ada": "difference", "grace": "nanosecond"}


class Tokens:
    """The tokens that are good now."""

    def __init__(self, good_for: float) -> None:
        self.good_for = good_for
        self._owners: dict[str, tuple[str, float]] = {}

    def make(self, owner: str) -> str:
        now = time.monotonic()
        # What has ended is forgotten.
        self._owners = {token: kept for token, kept in self._owners.items() if kept[1] > now}
        token = secrets.token_urlsafe()
        self._owners[token] = owner, now + self.good_for
        return token

    def owner(self, token: str) -> str | None:
        owner, end = self._owners.get(token, ("", 0.0))
        return owner if time.monotonic() < end else None


class WithToken(grpc.ServerInterceptor):
    """Lets calls through that have a token, and says whose it is."""

    def __init__(self, tokens: Tokens, without: set[str]) -> None:
        self._tokens = tokens
        self._without = without

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or handler_call_details.method in self._without:
            return handler
        metadata = dict(handler_call_details.invocation_metadata)
        scheme, _, token = metadata.get("authorization", "").partition(" ")
        owner = self._tokens.owner(token) if scheme == "Bearer" else None

        def checked(request: Any, context: grpc.ServicerContext) -> Any:
            if owner is None:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is missing or has ended")
            caller.set(owner)
            return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(
            checked, handler.request_deserializer, handler.response_serializer
        )


class Notes(notes_pb2_grpc.NotesServicer):
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._notes: dict[str, list[str]] = {}

    def Login(
        self, request: notes_pb2.LoginRequest, context: grpc.ServicerContext
    ) -> notes_pb2.Token:
        expected = PASSWORDS.get(request.name, "")
        # A comparison that takes as long whatever is wrong.
        if not hmac.compare_digest(expected.encode(), request.password.encode()) or not expected:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the name or the password is wrong")
        return notes_pb2.Token(
            token=self._tokens.make(request.name), good_for=self._tokens.good_for
        )

    def Add(self, request: notes_pb2.Note, context: grpc.ServicerContext) -> notes_pb2.Summary:
        notes = self._notes.setdefault(caller.get(), [])
        notes.append(request.text)
        return notes_pb2.Summary(owner=caller.get(), notes=len(notes))


def serve(port: int, good_for: float) -> None:
    tokens = Tokens(good_for)
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=10),
        interceptors=(WithToken(tokens, without={"/notes.Notes/Login"}),),
    )
    notes_pb2_grpc.add_NotesServicer_to_server(Notes(tokens), server)
    # Tokens must not be seen on the way: local credentials for this machine, TLS for a network.
    bound = server.add_secure_port(f"localhost:{port}", grpc.local_server_credentials())
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
    parser.add_argument("--good-for", type=float, default=0.5, help="seconds of a token")
    arguments = parser.parse_args()
    serve(arguments.port, arguments.good_for)
