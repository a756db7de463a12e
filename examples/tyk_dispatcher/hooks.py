"""The hooks: functions that change an Object, by the hook_name that the API's definition gives them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import coprocess_object_pb2

Object = coprocess_object_pb2.Object
Hook = Callable[[Object], None]

# What keys may call the API, and whose they are.
KEYS = {"key-of-ada": "ada"}

HOOKS: dict[str, Hook] = {}


def hook(function: Hook) -> Hook:
    """Makes a function known to the gateway under its own name."""
    HOOKS[function.__name__] = function
    return function


@hook
def add_request_id(call: Object) -> None:
    """Pre: before anything else is done with the request."""
    call.request.set_headers["X-Request-Id"] = f"{time.time_ns():x}"


@hook
def check_key(call: Object) -> None:
    """CustomKeyCheck: opens a session for a known key, and refuses others."""
    key = call.request.headers.get("Authorization", "")
    owner = KEYS.get(key)
    if owner is None:
        call.request.return_overrides.response_code = 401
        call.request.return_overrides.response_error = "this key is not known"
        return
    call.session.alias = owner
    call.session.rate, call.session.per = 100, 60
    call.session.quota_max = call.session.quota_remaining = 10_000
    call.session.quota_renewal_rate = 3600
    call.session.expires = int(time.time()) + 3600
    # The gateway finds the session again by this token.
    call.metadata["token"] = key


@hook
def name_the_owner(call: Object) -> None:
    """PostKeyAuth: the session is known now."""
    call.request.set_headers["X-Owner"] = call.session.alias


@hook
def rewrite_body(call: Object) -> None:
    """Post: the last hook before the upstream; it wraps a JSON body."""
    body = json.loads(call.request.raw_body or b"null")
    call.request.body = json.dumps({"owner": call.session.alias, "payload": body})
    call.request.raw_body = call.request.body.encode()


@hook
def sign_response(call: Object) -> None:
    """Response: what the upstream answered, on its way to the client."""
    header = call.response.multivalue_headers.add(key="X-Served-By")
    header.values.append("russet")
    call.response.headers["X-Served-By"] = "russet"


class NoSuchHookError(Exception):
    """The gateway asks for a hook that is not here."""


def run(call: Object) -> Object:
    """Runs a hook; NoSuchHookError where there is none of the name. All that is not changed goes back as it came, fields of a newer gateway too."""
    function = HOOKS.get(call.hook_name)
    if function is None:
        raise NoSuchHookError(f"there is no hook {call.hook_name!r}")
    function(call)
    return call
