"""A client whose private key stays elsewhere: somebody is asked for the signature of the handshake."""

from __future__ import annotations

import ast
import importlib
import threading
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from support import tls
from support.rpc import ECHO, WAIT, happened, path, rpc_error
from support.tls import WHO

Sign = Callable[[bytes, Any, Callable[[Any], None]], Any]


def name_of(algorithm: int) -> str:
    """grpcio gives a number."""
    from russet.grpc.experimental import PrivateKeySignatureAlgorithm

    return PrivateKeySignatureAlgorithm(algorithm).name


def signature(key: bytes, data: bytes, algorithm: Any) -> bytes:
    """What the owner of the key signs with."""
    private: Any = serialization.load_pem_private_key(key, None)
    name = name_of(algorithm)
    digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[name[-3:]]()
    if name.startswith("ECDSA"):
        return private.sign(data, ec.ECDSA(digest))
    if "PSS" in name:
        pss = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
        return private.sign(data, pss, digest)
    return private.sign(data, padding.PKCS1v15(), digest)


def identity(kind: str) -> tuple[bytes, bytes]:
    """A client's key and chain."""
    import trustme

    made = tls.authority("main").issue_cert("client.example", key_type=trustme.KeyType[kind])
    chain = b"".join(part.bytes() for part in made.cert_chain_pems)
    return made.private_key_pem.bytes(), chain


def credentials(grpc: Any, sign: Sign, chain: bytes) -> Any:
    experimental = importlib.import_module(f"{grpc.__name__}.experimental")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return experimental.ssl_channel_credentials_with_custom_signer(
            private_key_sign_fn=sign, root_certificates=tls.root(), certificate_chain=chain
        )


def mutual(grpc: Any, **methods: Any) -> Any:
    own = grpc.ssl_server_credentials(
        [tls.pair("localhost")], root_certificates=tls.root(), require_client_auth=True
    )
    return tls.serving(grpc, own, **methods)


@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_the_server_believes_the_signature(grpc: ModuleType, kind: str, later: bool) -> None:
    key, chain = identity(kind)
    asked = []

    def sign(data: bytes, algorithm: Any, on_complete: Callable[[Any], None]) -> Any:
        asked.append(name_of(algorithm))
        if not later:
            return signature(key, data, algorithm)
        threading.Timer(0, lambda: on_complete(signature(key, data, algorithm))).start()
        return lambda: None

    with mutual(grpc, Who=WHO) as address:
        with grpc.secure_channel(address, credentials(grpc, sign, chain)) as channel:
            who = ast.literal_eval(channel.unary_unary(path("Who"))(b"", timeout=WAIT).decode())
        assert b"client.example" in str(who).encode()
        assert len(asked) == 1
        assert asked[0].startswith({"RSA": "RSA_PSS", "ECDSA": "ECDSA_SECP256R1"}[kind])


def test_a_server_that_asks_for_no_certificate_needs_no_signature(grpc: ModuleType) -> None:
    def sign(data: bytes, algorithm: Any, on_complete: Callable[[Any], None]) -> Any:
        raise AssertionError

    _, chain = identity("ECDSA")
    own = grpc.ssl_server_credentials([tls.pair("localhost")])
    with (
        tls.serving(grpc, own, Echo=ECHO) as address,
        grpc.secure_channel(address, credentials(grpc, sign, chain)) as channel,
    ):
        assert channel.unary_unary(path("Echo"))(b"x" * 100_000, timeout=WAIT) == b"x" * 100_000


@pytest.mark.parametrize("how", ["raises", "completes with an exception", "wrong signature"])
def test_a_signer_that_fails_fails_the_connection(grpc: ModuleType, how: str) -> None:
    def sign(data: bytes, algorithm: Any, on_complete: Callable[[Any], None]) -> Any:
        if how == "raises":
            raise ValueError("the token is not plugged in")
        if how == "wrong signature":
            return b"\x30\x06\x02\x01\x01\x02\x01\x01"
        error = ValueError("the token is not plugged in")
        threading.Timer(0, lambda: on_complete(error)).start()
        return lambda: None

    _, chain = identity("ECDSA")
    with (
        mutual(grpc, Echo=ECHO) as address,
        grpc.secure_channel(address, credentials(grpc, sign, chain)) as channel,
    ):
        error = rpc_error(grpc, channel.unary_unary(path("Echo")), b"x", timeout=WAIT)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        if how != "wrong signature" and "russet" in grpc.__name__:
            assert "the token is not plugged in" in error.details()


def test_a_signer_that_waits_holds_up_nothing_else(russet: ModuleType) -> None:
    key, chain = identity("ECDSA")
    asked, may_sign = threading.Event(), threading.Event()

    def sign(data: bytes, algorithm: Any, on_complete: Callable[[Any], None]) -> Any:
        asked.set()
        may_sign.wait(WAIT)
        return signature(key, data, algorithm)

    with (
        mutual(russet, Echo=ECHO) as address,
        russet.secure_channel(address, credentials(russet, sign, chain)) as channel,
    ):
        echo = channel.unary_unary(path("Echo"))
        waiting = echo.future(b"x", timeout=WAIT)
        assert happened(asked)
        # The same channel still keeps time.
        error = rpc_error(russet, echo, b"y", timeout=0.05)
        assert error.code() is russet.StatusCode.DEADLINE_EXCEEDED
        may_sign.set()
        assert waiting.result(WAIT) == b"x"


def test_a_connection_that_is_given_up_cancels_the_signing(russet: ModuleType) -> None:
    _, chain = identity("ECDSA")
    asked, cancelled = threading.Event(), threading.Event()

    def sign(data: bytes, algorithm: Any, on_complete: Callable[[Any], None]) -> Any:
        asked.set()
        return cancelled.set

    with mutual(russet, Echo=ECHO) as address:
        with russet.secure_channel(address, credentials(russet, sign, chain)) as channel:
            call = channel.unary_unary(path("Echo")).future(b"x", timeout=WAIT)
            assert happened(asked)
        assert happened(cancelled)
        assert call.code() is russet.StatusCode.CANCELLED


def test_what_is_no_chain_fails_the_calls(russet: ModuleType) -> None:
    unusable = credentials(russet, lambda data, algorithm, on_complete: b"", b"nothing")
    with russet.secure_channel("localhost:1", unusable) as channel:
        error = rpc_error(russet, channel.unary_unary(path("Echo")), b"x", timeout=WAIT)
    assert error.code() is russet.StatusCode.UNAVAILABLE
    assert "certificate chain" in error.details()
