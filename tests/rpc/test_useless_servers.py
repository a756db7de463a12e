"""Servers whose connections are of no use: a channel comes back to them once at once, and then after waits that grow. How often within a minute of simulated time, with every policy, stands in `crates/net/src/simulation`."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from types import ModuleType

import pytest
from support import tls
from support.rpc import WAIT, rpc_error

SETTINGS = b"\0\0\0\4\0\0\0\0\0"
GO_AWAY = b"\0\0\x08\7\0\0\0\0\0" + bytes(8)
# So long that a test sees no connection after the first wait.
OPTIONS = (("grpc.initial_reconnect_backoff_ms", 60_000), ("grpc.max_reconnect_backoff_ms", 60_000))


class Server:
    """Says the same on each connection and closes it when the client does, or at once."""

    def __init__(
        self, words: bytes, *, closes: bool, protection: ssl.SSLContext | None = None
    ) -> None:
        self._words = words
        self._closes = closes
        self._protection = protection
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(WAIT)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                self.connections += 1
                peer.settimeout(WAIT)
                with peer, contextlib.suppress(OSError):
                    if self._protection is None:
                        self._say(peer)
                    else:
                        with self._protection.wrap_socket(peer, server_side=True) as protected:
                            self._say(protected)

    def _say(self, peer: socket.socket) -> None:
        if self._words:
            peer.recv(10_000)
            peer.sendall(self._words)
        while not self._closes and peer.recv(10_000):
            pass


@pytest.mark.parametrize(("words", "closes"), [(SETTINGS + GO_AWAY, False), (SETTINGS, True)])
@pytest.mark.parametrize("policy", ["pick_first", "round_robin"])
def test_they_are_left_alone_for_a_while(
    russet: ModuleType, words: bytes, closes: bool, policy: str
) -> None:
    options = (*OPTIONS, ("grpc.lb_policy_name", policy))
    with (
        Server(words, closes=closes) as server,
        russet.insecure_channel(server.address, options=options) as channel,
    ):
        call = channel.unary_unary("/s/m")
        waiting = call.future(b"", timeout=WAIT, wait_for_ready=True)
        codes = set()
        # As many as it takes until the channel waits, and some more.
        for _ in range(20):
            error = rpc_error(russet, call, b"", timeout=WAIT)
            codes.add(error.code())
        assert codes == {russet.StatusCode.UNAVAILABLE}
        assert "before it was of use" in error.details()
        waiting.cancel()
        assert server.connections == 2


@pytest.mark.parametrize(("words", "connections"), [(b"", 1), (SETTINGS, 2)])
def test_servers_that_end_it_after_tls(
    russet: ModuleType, tmp_path: Path, words: bytes, connections: int
) -> None:
    """One that says nothing has failed; one that speaks HTTP/2 is tried once more."""
    key, chain = tls.pair("localhost")
    (tmp_path / "pair").write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair")
    context.set_alpn_protocols(["h2"])
    credentials = russet.ssl_channel_credentials(tls.root())
    options = (*OPTIONS, ("grpc.ssl_target_name_override", "localhost"))
    with (
        Server(words, closes=True, protection=context) as server,
        russet.secure_channel(server.address, credentials, options=options) as channel,
    ):
        for _ in range(20):
            error = rpc_error(russet, channel.unary_unary("/s/m"), b"", timeout=WAIT)
            assert error.code() is russet.StatusCode.UNAVAILABLE
        assert server.connections == connections


def test_asyncio(russet: ModuleType) -> None:
    import asyncio

    async def run(address: str) -> None:
        async with russet.aio.insecure_channel(address, options=OPTIONS) as channel:
            call = channel.unary_unary("/s/m")
            for _ in range(20):
                with pytest.raises(russet.aio.AioRpcError) as raised:
                    await call(b"", timeout=WAIT)
                assert raised.value.code() is russet.StatusCode.UNAVAILABLE

    with Server(SETTINGS + GO_AWAY, closes=False) as server:
        asyncio.run(run(server.address))
        assert server.connections == 2
