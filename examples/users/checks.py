"""What a request must be, said in the way of gRPC's richer error model."""

from __future__ import annotations

import re

import users_pb2
from russet import grpc
from russet.rpc import code_pb2, error_details_pb2, status_pb2
from russet.status import rpc_status

NAME = re.compile(r"\w{3,32}", re.ASCII)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MIN_PASSWORD = 10


def wrong_fields(request: users_pb2.SignUpRequest) -> grpc.Status | None:
    """The status of a sign-up that is wrong, with every wrong field; None if it is right."""
    found = {}
    if not NAME.fullmatch(request.name):
        found["name"] = "must be 3 to 32 letters, digits and underscores"
    if not EMAIL.fullmatch(request.email):
        found["email"] = "must be an address such as ada@example.com"
    if len(request.password) < MIN_PASSWORD:
        found["password"] = f"must have at least {MIN_PASSWORD} characters"
    if not found:
        return None
    violation = error_details_pb2.BadRequest.FieldViolation
    details = error_details_pb2.BadRequest(
        field_violations=[
            violation(field=field, description=description) for field, description in found.items()
        ]
    )
    status = status_pb2.Status(
        code=code_pb2.INVALID_ARGUMENT, message=f"{', '.join(found)} cannot be accepted"
    )
    status.details.add().Pack(details)
    return rpc_status.to_status(status)


def token_of(context: grpc.ServicerContext | grpc.aio.ServicerContext) -> str:
    """The bearer token among a call's metadata; empty if there is none."""
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str):
            kind, _, token = value.partition(" ")
            return token if kind == "Bearer" else ""
    return ""
