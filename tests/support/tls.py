"""Certificates for tests, made anew in each run, and servers and channels that use them."""

from __future__ import annotations

import contextlib
import datetime
import functools
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.rpc import WAIT, handlers


@functools.cache
def authority(name: str = "main") -> trustme.CA:
    """A certificate authority, the same for the same name."""
    return trustme.CA(organization_name=name)


def root(name: str = "main") -> bytes:
    """The authority's certificate."""
    return authority(name).cert_pem.bytes()


@functools.cache
def pair(*names: str, ca: str = "main", common_name: str | None = None) -> tuple[bytes, bytes]:
    """A private key and its certificate chain."""
    made = authority(ca).issue_cert(*names, common_name=common_name)
    return made.private_key_pem.bytes(), b"".join(part.bytes() for part in made.cert_chain_pems)


def self_signed(common_name: str, *, days: int = 30, names: bool = True) -> tuple[bytes, bytes]:
    """A key and a certificate that nobody else has signed, as tutorials make them. Negative `days` makes one that is over."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=100))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(common_name)])
        builder = builder.add_extension(alternative, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)


def client(
    subject: list[list[tuple[x509.ObjectIdentifier, str]]], names: list[x509.GeneralName]
) -> tuple[bytes, bytes]:
    """A key and a certificate of its own with these parts of the subject, and these alternative names."""
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [
        x509.RelativeDistinguishedName([x509.NameAttribute(*attribute) for attribute in part])
        for part in subject
    ]
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(parts))
        .issuer_name(x509.Name(parts))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    if names:
        alternative = x509.SubjectAlternativeName(names)
        builder = builder.add_extension(alternative, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)


@contextlib.contextmanager
def serving(
    grpc: Any,
    credentials: Any,
    *,
    address: str = "localhost:0",
    options: Any = None,
    **methods: Any,
) -> Iterator[str]:
    """Serve `Name=(kind, behavior)` with server credentials and yield the address."""
    pool = futures.ThreadPoolExecutor(8)
    server = grpc.server(pool, handlers=(handlers(grpc, methods),), options=options)
    port = server.add_secure_port(address, credentials)
    server.start()
    try:
        yield address if address.startswith("unix:") else f"localhost:{port}"
    finally:
        assert server.stop(None).wait(WAIT), "the server did not stop"
        pool.shutdown(wait=False)


def describe_peer(request: bytes, context: Any) -> bytes:
    """Answer what the server knows of its client."""
    known = {key: list(values) for key, values in context.auth_context().items()}
    identities = context.peer_identities()
    return repr(
        (known, None if identities is None else list(identities), context.peer_identity_key())
    ).encode()


WHO = ("unary_unary", describe_peer)
