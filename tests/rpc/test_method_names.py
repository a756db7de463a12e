"""A method's name is whatever the client asks for and a generic handler knows."""

from __future__ import annotations

from concurrent import futures
from types import ModuleType
from typing import Any

import pytest
from support.rpc import WAIT

NAMES = ["Plain", "/Plain", "a/b", "/a/b/c", "/a.b/", "//", "?q=1", "/%2F"]


@pytest.mark.parametrize("name", NAMES)
def test_it_reaches_the_generic_handlers(pair: tuple[ModuleType, ModuleType], name: str) -> None:
    server_module, client = pair
    asked = []

    class Everything(server_module.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            asked.append(handler_call_details.method)
            return server_module.unary_unary_rpc_method_handler(lambda request, context: request)

    server = server_module.server(futures.ThreadPoolExecutor(2), handlers=(Everything(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with client.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary(name)(b"x", timeout=WAIT) == b"x"
    server.stop(None).wait(WAIT)
    assert asked == [name]
