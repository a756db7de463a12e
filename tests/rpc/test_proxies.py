"""Connections through an HTTP proxy: which one is used, what it is asked, what its refusal does."""

from __future__ import annotations

import base64
import socket
import threading
from types import ModuleType, TracebackType
from typing import Any

import pytest
from support import tls
from support.rpc import ECHO, WAIT, path, rpc_error, serving

VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy")


class Proxy:
    """A proxy that understands CONNECT, and keeps the requests that it got."""

    def __init__(
        self, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n", server: str | None = None
    ) -> None:
        """`server` is where all connections lead to, if not to where they are asked for."""
        self.answer = answer
        self._server = server
        self.requests: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            received = client.recv(1)
            if not received:
                return
            request += received
        self.requests.append(request.decode())
        client.sendall(self.answer)
        if b" 200 " not in self.answer:
            client.close()
            return
        asked = request.split()[1].decode() if self._server is None else self._server
        host, port = asked.rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        threading.Thread(target=pump, args=(server, client), daemon=True).start()
        pump(client, server)


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture(autouse=True)
def no_other_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def call(grpc: Any, address: str, *options: Any) -> Any:
    with grpc.insecure_channel(address, options=options) as channel:
        return channel.unary_unary(path("Echo"))(b"x" * 100_000, timeout=WAIT)


@pytest.mark.parametrize("variable", VARIABLES[:3])
def test_the_environment_names_a_proxy(
    grpc: ModuleType, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with serving(grpc, Echo=ECHO) as address, Proxy() as proxy:
        monkeypatch.setenv(variable, f"http://{proxy.address}")
        assert call(grpc, address) == b"x" * 100_000
        (request,) = proxy.requests
        lines = request.split("\r\n")
        assert lines[0].startswith(f"CONNECT {address} HTTP/1.")
        assert f"Host: {address}" in lines


def test_an_option_names_a_proxy_and_credentials(grpc: ModuleType) -> None:
    with serving(grpc, Echo=ECHO) as address, Proxy() as proxy:
        url = f"http://me:secret@{proxy.address}"
        assert call(grpc, address, ("grpc.http_proxy", url)) == b"x" * 100_000
        credentials = base64.b64encode(b"me:secret").decode()
        (request,) = proxy.requests
        assert f"proxy-authorization: basic {credentials.lower()}" in request.lower()


@pytest.mark.parametrize("exceptions", ["127.0.0.1", "example.org, 127.0.0.0/8"])
def test_exceptions_are_reached_directly(
    grpc: ModuleType, monkeypatch: pytest.MonkeyPatch, exceptions: str
) -> None:
    with serving(grpc, Echo=ECHO) as address, Proxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        monkeypatch.setenv("no_proxy", exceptions)
        assert call(grpc, address) == b"x" * 100_000
        assert proxy.requests == []
        monkeypatch.setenv("no_grpc_proxy", "example.org")
        assert call(grpc, address, ("grpc.use_local_subchannel_pool", 1)) == b"x" * 100_000
        assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("host", "exceptions", "through"),
    [
        ("localhost", "localhost", False),
        ("localhost", ".localhost", False),
        ("localhost", "LocalHost", False),
        ("localhost", "example.org,localhost", False),
        ("localhost", "host", True),
        ("localhost", "calhost", True),
        ("localhost", "t", True),
        ("localhost", "xlocalhost", True),
        ("a.localhost", "localhost", False),
        ("a.localhost", ".localhost", False),
        ("a.localhost", "a.localhost", False),
        ("a.localhost", "b.localhost", True),
        ("alocalhost", "localhost", True),
        ("alocalhost", ".localhost", True),
    ],
)
def test_names_of_exceptions_are_whole_labels(
    grpc: ModuleType, monkeypatch: pytest.MonkeyPatch, host: str, exceptions: str, through: bool
) -> None:
    with serving(grpc, Echo=ECHO) as address, Proxy(server=address) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        monkeypatch.setenv("no_proxy", exceptions)
        port = address.rpartition(":")[2]
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"{host}:{port}", options=options) as channel:
            call = channel.unary_unary(path("Echo")).future(b"x", timeout=WAIT)
            # Not every resolver knows the names.
            assert call.exception() is None or not through
        assert len(proxy.requests) == int(through)


def test_the_option_switches_proxies_off(grpc: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(grpc, Echo=ECHO) as address, Proxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        assert call(grpc, address, ("grpc.enable_http_proxy", 0)) == b"x" * 100_000
        assert proxy.requests == []


def test_a_refusal_fails_the_call(grpc: ModuleType) -> None:
    answer = b"HTTP/1.1 403 Forbidden\r\n\r\n"
    with Proxy(answer) as proxy:
        options = [("grpc.http_proxy", f"http://{proxy.address}")]
        with grpc.insecure_channel("127.0.0.1:1", options=options) as channel:
            error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"", timeout=WAIT)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert "403" in error.details()


def test_a_url_that_is_none_is_left_out(grpc: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "ftp://127.0.0.1:1")
    with serving(grpc, Echo=ECHO) as address:
        assert call(grpc, address) == b"x" * 100_000


def test_tls_goes_through_the_proxy(grpc: ModuleType) -> None:
    credentials = grpc.ssl_server_credentials([tls.pair("localhost")])
    with tls.serving(grpc, credentials, Echo=ECHO) as address, Proxy() as proxy:
        options = [("grpc.http_proxy", f"http://{proxy.address}")]
        trusted = grpc.ssl_channel_credentials(tls.root())
        with grpc.secure_channel(address, trusted, options=options) as channel:
            echo = channel.unary_unary(path("Echo"))
            assert echo(b"x" * 100_000, timeout=WAIT) == b"x" * 100_000
        assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("enabled", "through"), [("10.0.0.0/8,127.0.0.1", True), ("10.0.0.0/8", False), ("", False)]
)
def test_a_proxy_for_addresses(grpc: ModuleType, enabled: str, through: bool) -> None:
    with serving(grpc, Echo=ECHO) as address, Proxy() as proxy:
        options = (
            ("grpc.address_http_proxy", proxy.address),
            ("grpc.address_http_proxy_enabled_addresses", enabled),
        )
        assert call(grpc, address, *options) == b"x" * 100_000
        assert [request.split()[1] for request in proxy.requests] == [address] * through
