"""TLS, in all four pairs of server and client: who is believed, what each side learns of the other, and what a refusal says."""

from __future__ import annotations

import ast
import ipaddress
import socket
import ssl
import threading
import warnings
from types import ModuleType
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.x509.oid import NameOID as oid  # noqa: N813 (short in a table)
from support import modules, tls
from support.process import Program
from support.rpc import ECHO, ECHO_EACH, REPEAT, WAIT, happened, path, rpc_error
from support.tls import WHO, pair, root, self_signed, serving

Pair = tuple[ModuleType, ModuleType]


def server_credentials(grpc: Any, *names: str, **options: Any) -> Any:
    return grpc.ssl_server_credentials([pair(*(names or ("localhost",)))], **options)


def who(channel: Any) -> Any:
    return ast.literal_eval(channel.unary_unary(path("Who"))(b"", timeout=WAIT).decode())


def refusal(client: Any, address: str, credentials: Any, *options: Any) -> Any:
    with client.secure_channel(address, credentials, options=options) as channel:
        return rpc_error(client, channel.unary_unary(path("Echo")), b"x", timeout=WAIT)


def unusable(grpc: Any, credentials: Any) -> str:
    """Why credentials cannot be used: what a call or a port with them fails with."""
    if isinstance(credentials, grpc.ServerCredentials):
        with pytest.raises(RuntimeError) as caught:
            grpc.server(None).add_secure_port("localhost:0", credentials)
        return str(caught.value)
    error = refusal(grpc, "localhost:1", credentials)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    return str(error.details())


def test_calls_of_every_size(pair: Pair) -> None:
    server, client = pair
    with (
        serving(
            server, server_credentials(server), Echo=ECHO, Repeat=REPEAT, EchoEach=ECHO_EACH
        ) as address,
        client.secure_channel(address, client.ssl_channel_credentials(root())) as channel,
    ):
        echo = channel.unary_unary(path("Echo"))
        # One record, several, and more than a buffer of any layer.
        for size in (0, 1, 16_384, 16_385, 100_000, 3_000_000):
            message = bytes([size % 251]) * size
            assert echo(message, timeout=WAIT) == message
        assert len(list(channel.unary_stream(path("Repeat"))(b"5000", timeout=WAIT))) == 5000
        messages = [b"%d" % number * number for number in range(0, 3000, 7)]
        answers = channel.stream_stream(path("EchoEach"))(iter(messages), timeout=WAIT)
        assert list(answers) == messages


def test_many_calls_at_once(pair: Pair) -> None:
    server, client = pair
    with (
        serving(server, server_credentials(server), Echo=ECHO) as address,
        client.secure_channel(address, client.ssl_channel_credentials(root())) as channel,
    ):
        echo = channel.unary_unary(path("Echo"))
        calls = [echo.future(b"%d" % number * 1000, timeout=WAIT) for number in range(200)]
        assert [call.result() for call in calls] == [b"%d" % number * 1000 for number in range(200)]


def test_the_server_knows_a_client_with_a_certificate(pair: Pair) -> None:
    server, client = pair
    key, chain = tls.pair("client@example.org", "client.example", common_name="The Client")
    with (
        serving(
            server,
            server_credentials(server, root_certificates=root(), require_client_auth=True),
            Who=WHO,
        ) as address,
        client.secure_channel(
            address, client.ssl_channel_credentials(root(), key, chain)
        ) as channel,
    ):
        known, identities, key_name = who(channel)
    assert identities == [b"client@example.org", b"client.example"]
    assert key_name == "x509_subject_alternative_name"
    assert known["x509_common_name"] == [b"The Client"]
    assert known["transport_security_type"] == [b"ssl"]
    assert known["security_level"] == [b"TSI_PRIVACY_AND_INTEGRITY"]
    assert known["peer_email"] == [b"client@example.org"]
    assert known["peer_dns"] == [b"client.example"]
    assert known["x509_pem_cert"] == [chain.replace(b"\r\n", b"\n")]


def test_both_implementations_know_the_same_of_a_client(grpc: ModuleType) -> None:
    """The names and values, which programs take apart."""
    key, chain = tls.pair("client.example", "10.1.2.3", common_name="The Client")
    with (
        serving(
            grpc,
            server_credentials(grpc, root_certificates=root(), require_client_auth=True),
            Who=WHO,
        ) as address,
        grpc.secure_channel(address, grpc.ssl_channel_credentials(root(), key, chain)) as channel,
    ):
        known, identities, _ = who(channel)
    # An older grpcio knows fewer of them.
    assert set(known) >= {
        "transport_security_type",
        "x509_common_name",
        "x509_pem_cert",
        "x509_subject_alternative_name",
        "security_level",
        "ssl_session_reused",
    }
    assert known["ssl_session_reused"] == [b"false"]
    assert identities == [b"client.example", b"10.1.2.3"]


def test_a_client_without_a_certificate_is_anonymous(pair: Pair) -> None:
    server, client = pair
    with (
        serving(server, server_credentials(server), Who=WHO) as address,
        client.secure_channel(address, client.ssl_channel_credentials(root())) as channel,
    ):
        known, identities, key_name = who(channel)
    assert (identities, key_name) == (None, None)
    assert known["transport_security_type"] == [b"ssl"]
    assert "x509_common_name" not in known


def test_a_client_needs_the_certificate_that_the_server_asks_for(pair: Pair) -> None:
    server, client = pair
    credentials = server_credentials(server, root_certificates=root(), require_client_auth=True)
    stranger = tls.pair("client.example", ca="stranger")
    with serving(server, credentials, Echo=ECHO) as address:
        for presented in ((), stranger):
            error = refusal(client, address, client.ssl_channel_credentials(root(), *presented))
            assert error.code() is client.StatusCode.UNAVAILABLE


def test_a_server_that_no_root_vouches_for_is_not_believed(pair: Pair) -> None:
    server, client = pair
    with serving(server, server_credentials(server), Echo=ECHO) as address:
        for credentials in (
            client.ssl_channel_credentials(root("stranger")),
            client.ssl_channel_credentials(),
        ):
            error = refusal(client, address, credentials)
            assert error.code() is client.StatusCode.UNAVAILABLE


def test_the_name_must_be_the_certificates(pair: Pair) -> None:
    server, client = pair
    with serving(server, server_credentials(server, "good.example"), Echo=ECHO) as address:
        credentials = client.ssl_channel_credentials(root())
        assert refusal(client, address, credentials).code() is client.StatusCode.UNAVAILABLE
        options = (("grpc.ssl_target_name_override", "good.example"),)
        with client.secure_channel(address, credentials, options=options) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_the_name_that_the_client_asks_for_chooses_the_certificate(pair: Pair) -> None:
    server, client = pair
    credentials = server.ssl_server_credentials(
        [tls.pair("one.example"), tls.pair("two.example"), tls.pair("*.three.example")]
    )
    with serving(server, credentials, Echo=ECHO) as address:
        for name in ("one.example", "two.example", "any.three.example"):
            options = (("grpc.ssl_target_name_override", name),)
            with client.secure_channel(
                address, client.ssl_channel_credentials(root()), options=options
            ) as channel:
                assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("names", [True, False], ids=["alternative-name", "common-name"])
def test_a_self_signed_certificate_is_its_own_root(pair: Pair, names: bool) -> None:
    server, client = pair
    key, chain = self_signed("localhost", names=names)
    with (
        serving(server, server.ssl_server_credentials([(key, chain)]), Echo=ECHO) as address,
        client.secure_channel(address, client.ssl_channel_credentials(chain)) as channel,
    ):
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_self_signed_client_is_its_own_root(pair: Pair) -> None:
    server, client = pair
    key, chain = self_signed("client.example")
    credentials = server_credentials(server, root_certificates=chain, require_client_auth=True)
    with (
        serving(server, credentials, Who=WHO) as address,
        client.secure_channel(
            address, client.ssl_channel_credentials(root(), key, chain)
        ) as channel,
    ):
        assert who(channel)[1] == [b"client.example"]


def test_a_certificate_that_is_over_is_refused(pair: Pair) -> None:
    server, client = pair
    key, chain = self_signed("localhost", days=-1)
    with serving(server, server.ssl_server_credentials([(key, chain)]), Echo=ECHO) as address:
        error = refusal(client, address, client.ssl_channel_credentials(chain))
        assert error.code() is client.StatusCode.UNAVAILABLE


def test_a_refusal_says_which_certificate_and_why(russet: ModuleType) -> None:
    with serving(russet, server_credentials(russet, "good.example"), Echo=ECHO) as address:
        trusted = russet.ssl_channel_credentials(root())
        details = refusal(russet, address, trusted).details()
        assert "for good.example, issued by" in details
        assert 'not valid for name "localhost"' in details
        stranger = russet.ssl_channel_credentials(root("stranger"))
        details = refusal(russet, address, stranger).details()
        assert "for good.example, issued by" in details
        assert "O=main" in details
        assert "none of the trusted root certificates has issued it" in details
    key, chain = self_signed("localhost", days=-1)
    with serving(russet, russet.ssl_server_credentials([(key, chain)]), Echo=ECHO) as address:
        details = refusal(russet, address, russet.ssl_channel_credentials(chain)).details()
        assert "CN=localhost" in details
        assert "expired" in details


def test_a_client_is_told_what_the_server_misses(russet: ModuleType) -> None:
    credentials = server_credentials(russet, root_certificates=root(), require_client_auth=True)
    with serving(russet, credentials, Echo=ECHO) as address:
        error = refusal(russet, address, russet.ssl_channel_credentials(root()))
        assert "CertificateRequired" in error.details()


def test_plaintext_and_tls_do_not_meet(pair: Pair) -> None:
    server, client = pair
    with serving(server, server_credentials(server), Echo=ECHO) as address:
        with client.insecure_channel(address) as channel:
            error = rpc_error(client, channel.unary_unary(path("Echo")), b"x", timeout=WAIT)
            assert error.code() is client.StatusCode.UNAVAILABLE
        # The server has taken no harm.
        with client.secure_channel(address, client.ssl_channel_credentials(root())) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    with serving(server, server.insecure_server_credentials(), Echo=ECHO) as address:
        error = refusal(client, address, client.ssl_channel_credentials(root()))
        assert error.code() is client.StatusCode.UNAVAILABLE


def test_certificates_can_change_while_the_server_runs(pair: Pair) -> None:
    server, client = pair

    def configuration(ca: str) -> Any:
        return server.ssl_server_certificate_configuration([tls.pair("localhost", ca=ca)])

    answers = [None, configuration("second"), "nonsense", None]
    asked = []

    def fetch() -> Any:
        asked.append(threading.current_thread())
        return answers.pop(0) if answers else None

    credentials = server.dynamic_ssl_server_credentials(configuration("first"), fetch)

    def call(ca: str) -> bytes:
        with client.secure_channel(address, client.ssl_channel_credentials(root(ca))) as channel:
            return channel.unary_unary(path("Echo"))(b"x", timeout=WAIT)

    with serving(server, credentials, Echo=ECHO) as address:
        assert not asked
        assert call("first") == b"x"
        # One answer is what the server had, one is new, and what is no answer changes nothing.
        for _ in range(3):
            assert call("second") == b"x"
        assert len(asked) == 4
        error = refusal(client, address, client.ssl_channel_credentials(root("first")))
        assert error.code() is client.StatusCode.UNAVAILABLE


def test_a_session_is_taken_up_again(pair: Pair) -> None:
    server, client = pair
    if client.__name__ == "grpc":
        pytest.skip("grpcio takes sessions up only with an option of its own")
    with serving(server, server_credentials(server), Who=WHO) as address:
        credentials = client.ssl_channel_credentials(root())
        reused = []
        for _ in range(2):
            with client.secure_channel(address, credentials) as channel:
                reused.append(who(channel)[0]["ssl_session_reused"])
        assert reused == [[b"false"], [b"true"]]
        # Other credentials may trust others: they begin anew.
        with client.secure_channel(address, client.ssl_channel_credentials(root())) as channel:
            assert who(channel)[0]["ssl_session_reused"] == [b"false"]


def test_unverified_is_loud(russet: ModuleType) -> None:
    with serving(russet, server_credentials(russet, "elsewhere.example"), Echo=ECHO) as address:
        with pytest.warns(RuntimeWarning, match="will not check who its server is"):
            credentials = russet.experimental.unverified_ssl_channel_credentials()
        with russet.secure_channel(address, credentials) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_the_file_of_default_roots(
    russet: ModuleType, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(root())
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(roots))
    with (
        serving(russet, server_credentials(russet), Echo=ECHO) as address,
        russet.secure_channel(address, russet.ssl_channel_credentials()) as channel,
    ):
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(tmp_path / "missing.pem"))
    assert "missing.pem cannot be read" in unusable(russet, russet.ssl_channel_credentials())


def test_the_folder_of_the_system_s_roots(
    russet: ModuleType, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README").write_text("no certificate\n")
    (tmp_path / "folder").mkdir()
    monkeypatch.delenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", raising=False)
    monkeypatch.setenv("GRPC_USE_SYSTEM_ROOTS_OVER_LANGUAGE_CALLBACK", "true")
    monkeypatch.setenv("GRPC_SYSTEM_SSL_ROOTS_DIR", str(tmp_path))
    why = unusable(russet, russet.ssl_channel_credentials())
    assert "no file in it has a certificate" in why
    (tmp_path / "one.pem").write_bytes(root("another"))
    (tmp_path / "two.pem").write_bytes(b"# ours\n" + root())
    with serving(russet, server_credentials(russet), Echo=ECHO) as address:
        with russet.secure_channel(address, russet.ssl_channel_credentials()) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"
        # Mozilla's list, which does not have ours.
        monkeypatch.setenv("GRPC_NOT_USE_SYSTEM_SSL_ROOTS", "true")
        with russet.secure_channel(address, russet.ssl_channel_credentials()) as channel:
            error = rpc_error(russet, channel.unary_unary(path("Echo")), b"x", timeout=WAIT)
            assert error.code() is russet.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("version", "suites", "expected"),
    [
        ("TLSv1_2", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("TLSv1_2", "RC4-MD5:ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        # The list is about the older version.
        ("TLSv1_3", "ECDHE-RSA-AES128-GCM-SHA256", "TLS_"),
    ],
)
def test_cipher_suites_of_the_environment(
    grpc: ModuleType,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    suites: str,
    expected: str,
) -> None:
    """As a server of Python's own sees them. A program of its own, since grpcio reads the variable once."""
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    identity = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    identity.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    context.set_alpn_protocols(["h2"])
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    monkeypatch.setenv("GRPC_SSL_CIPHER_SUITES", suites)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT)
        port = listener.getsockname()[1]
        source = f"""
        root = open({str(tmp_path / "root.pem")!r}, "rb").read()
        channel = grpc.secure_channel("localhost:{port}", grpc.ssl_channel_credentials(root))
        future = grpc.channel_ready_future(channel)
        sys.stdin.read()
        """
        with Program(grpc, source):
            client, _ = listener.accept()
            client.settimeout(WAIT)
            with context.wrap_socket(client, server_side=True) as secure:
                cipher = secure.cipher()
                assert cipher is not None
                assert cipher[0].startswith(expected)


def test_cipher_suites_that_nobody_knows(
    russet: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRPC_SSL_CIPHER_SUITES", "RC4-MD5")
    reason = "GRPC_SSL_CIPHER_SUITES=RC4-MD5 names no cipher"
    assert reason in unusable(russet, russet.ssl_channel_credentials(root()))
    assert reason in unusable(russet, russet.ssl_server_credentials([pair("localhost")]))


def test_credentials_that_cannot_be_used_are_made_all_the_same(grpc: Any) -> None:
    """Calls and ports fail, as with grpcio; nothing is sent, to nobody."""
    key, chain = pair("localhost")
    other_key, _ = pair("other.example")
    for arguments in (
        (b"garbage",),
        (root(), b"garbage", chain),
        (root(), key, b"garbage"),
        (root(), other_key, chain),
    ):
        with socket.create_server(("localhost", 0)) as listener:
            address = f"localhost:{listener.getsockname()[1]}"
            credentials = grpc.ssl_channel_credentials(*arguments)
            assert refusal(grpc, address, credentials).code() is grpc.StatusCode.UNAVAILABLE
            credentials = grpc.composite_channel_credentials(
                credentials, grpc.access_token_call_credentials("secret")
            )
            assert refusal(grpc, address, credentials).code() is grpc.StatusCode.UNAVAILABLE
    for pairs in ([(b"garbage", chain)], [(key, b"garbage")], [(other_key, chain)]):
        server = grpc.server(None)
        with pytest.raises(RuntimeError, match="Failed to bind"):
            server.add_secure_port("localhost:0", grpc.ssl_server_credentials(pairs))


def test_what_cannot_be_used_waits_where_the_call_does(grpc: Any) -> None:
    credentials = grpc.ssl_channel_credentials(b"garbage")
    with grpc.secure_channel("localhost:1", credentials) as channel:
        call = channel.unary_unary(path("Echo")).future(b"x", wait_for_ready=True)
        with pytest.raises(grpc.FutureTimeoutError):
            call.result(timeout=0.1)
        call.cancel()


def test_alts_is_for_google_s_cloud(grpc: Any) -> None:
    """Never plaintext in place of what was asked for."""
    error = refusal(grpc, "localhost:1", grpc.alts_channel_credentials())
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "No credentials provided" in error.details()
    with pytest.raises(RuntimeError, match="Failed to bind"):
        grpc.server(None).add_secure_port("localhost:0", grpc.alts_server_credentials())


def test_google_s_credentials_are_tls_with_a_token(
    russet: ModuleType, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As grpcio's, which reads the file once a process."""

    def authorization(request: bytes, context: Any) -> bytes:
        return str(dict(context.invocation_metadata()).get("authorization")).encode()

    roots = tmp_path / "roots.pem"
    roots.write_bytes(root())
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(roots))
    token = russet.access_token_call_credentials("secret")
    with (
        serving(
            russet, server_credentials(russet), Authorization=("unary_unary", authorization)
        ) as address,
        russet.secure_channel(address, russet.compute_engine_channel_credentials(token)) as channel,
    ):
        call = channel.unary_unary(path("Authorization"))
        assert call(b"", timeout=WAIT) == b"Bearer secret"


def test_google_s_credentials_trust_the_system_too(
    russet: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody else."""
    monkeypatch.delenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", raising=False)
    token = russet.access_token_call_credentials("secret")
    with serving(russet, server_credentials(russet), Echo=ECHO) as address:
        credentials = russet.compute_engine_channel_credentials(token)
        error = refusal(russet, address, credentials)
    assert error.code() is russet.StatusCode.UNAVAILABLE
    assert "was refused" in error.details()


def test_credentials_without_any_are_those_of_an_insecure_channel(grpc: Any) -> None:
    with (
        serving(grpc, grpc.insecure_server_credentials(), Echo=ECHO) as address,
        grpc.secure_channel(address, grpc.ChannelCredentials(None)) as channel,
    ):
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_what_cannot_be_read_is_named(russet: ModuleType) -> None:
    key, chain = pair("localhost")
    other_key, _ = pair("other.example")
    broken = root().replace(b"MII", b"!!!", 1)
    for make, text in (
        (lambda: russet.ssl_channel_credentials(b"garbage"), "root certificates is not a PEM text"),
        (lambda: russet.ssl_channel_credentials(broken), "root certificates is not a PEM text"),
        (lambda: russet.ssl_channel_credentials(root(), key), "the certificate chain is missing"),
        (lambda: russet.ssl_channel_credentials(root(), None, chain), "the private key is missing"),
        (lambda: russet.ssl_channel_credentials(root(), b"garbage", chain), "private key is not"),
        (lambda: russet.ssl_channel_credentials(root(), other_key, chain), "does not belong to"),
        (lambda: russet.ssl_server_credentials([(key, b"")]), "certificate chain is not a PEM"),
        (lambda: russet.ssl_server_credentials([(other_key, chain)]), "for localhost, issued by"),
    ):
        assert text in unusable(russet, make())


def test_a_client_that_never_shakes_hands_is_let_go(russet: ModuleType) -> None:
    options = (("grpc.server_handshake_timeout_ms", 200),)
    with serving(russet, server_credentials(russet), options=options, Echo=ECHO) as address:
        host, port = address.rsplit(":", 1)
        for sent in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"):
            with socket.create_connection((host, int(port)), timeout=WAIT) as peer:
                peer.sendall(sent)
                # Perhaps an alert, and then the end.
                while peer.recv(1000):
                    pass
        with russet.secure_channel(address, russet.ssl_channel_credentials(root())) as channel:
            assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


def test_a_stream_is_cancelled_and_the_connection_goes_on(pair: Pair) -> None:
    server, client = pair
    ended = threading.Event()

    def endless(request: bytes, context: Any) -> Any:
        context.add_callback(ended.set)
        while context.is_active():
            yield b"x" * 10_000

    with (
        serving(
            server, server_credentials(server), Endless=("unary_stream", endless), Echo=ECHO
        ) as address,
        client.secure_channel(address, client.ssl_channel_credentials(root())) as channel,
    ):
        call = channel.unary_stream(path("Endless"))(b"", timeout=WAIT)
        assert next(call) == b"x" * 10_000
        call.cancel()
        assert happened(ended)
        assert channel.unary_unary(path("Echo"))(b"x", timeout=WAIT) == b"x"


@pytest.mark.parametrize("kind", ["UDS", "LOCAL_TCP"])
def test_local_credentials(pair: Pair, kind: str, tmp_path: Any) -> None:
    server, client = pair
    address = f"unix:{tmp_path}/socket" if kind == "UDS" else "localhost:0"
    credentials = server.local_server_credentials(getattr(server.LocalConnectionType, kind))
    with (
        serving(server, credentials, address=address, Who=WHO) as target,
        client.secure_channel(
            target, client.local_channel_credentials(getattr(client.LocalConnectionType, kind))
        ) as channel,
    ):
        known, identities, key_name = who(channel)
    assert known["transport_security_type"] == [b"local"]
    assert (identities, key_name) == ([b"local"], "transport_security_type")


def test_local_credentials_do_not_leave_their_kind(grpc: ModuleType) -> None:
    credentials = grpc.local_server_credentials()
    with serving(grpc, credentials, Echo=ECHO) as address:
        unix = grpc.local_channel_credentials(grpc.LocalConnectionType.UDS)
        assert refusal(grpc, address, unix).code() is grpc.StatusCode.UNAVAILABLE


def test_a_plaintext_connection_proves_nothing(grpc: ModuleType) -> None:
    with (
        serving(grpc, grpc.insecure_server_credentials(), Who=WHO) as address,
        grpc.insecure_channel(address) as channel,
    ):
        known, identities, key_name = who(channel)
    assert (identities, key_name) == (None, None)
    assert "x509_common_name" not in known


def test_no_warning_without_need(russet: ModuleType) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        russet.ssl_channel_credentials(root())


NAMES_OF_CLIENTS = {
    "everything": (
        [
            [(oid.COUNTRY_NAME, "DE")],
            [(oid.STATE_OR_PROVINCE_NAME, "B")],
            [(oid.ORGANIZATION_NAME, "Org, Inc.")],
            [(oid.ORGANIZATION_NAME, "second")],
            [(oid.STREET_ADDRESS, "s"), (oid.GIVEN_NAME, "g")],
            [(oid.SURNAME, "s")],
            [(oid.SERIAL_NUMBER, "1")],
            [(oid.TITLE, "t")],
            [(oid.USER_ID, "u")],
            [(oid.DOMAIN_COMPONENT, "d")],
            [(oid.EMAIL_ADDRESS, "a@b.c")],
            [(oid.PSEUDONYM, "p")],
            [(oid.JURISDICTION_COUNTRY_NAME, "DE")],
            [(x509.ObjectIdentifier("1.2.3.4"), "xx")],
            [(oid.COMMON_NAME, "name")],
        ],
        [x509.DNSName("a"), x509.UniformResourceIdentifier("spiffe://x/y")],
    ),
    "escapes": (
        [[(oid.COMMON_NAME, '#a+b"c\\;<d> ')], [(oid.ORGANIZATION_NAME, " \u00fcn\u00ef ")]],
        [],
    ),
    "no common name": ([[(oid.ORGANIZATION_NAME, "o")]], []),
    "two common names": ([[(oid.COMMON_NAME, "one")], [(oid.COMMON_NAME, "two")]], []),
    "no subject": ([], [x509.DNSName("a")]),
    "two URIs": (
        [],
        [
            x509.UniformResourceIdentifier("spiffe://x/y"),
            x509.UniformResourceIdentifier("http://x"),
        ],
    ),
    "another URI": ([], [x509.UniformResourceIdentifier("http://x/y")]),
    "no workload": ([], [x509.UniformResourceIdentifier("spiffe://x/")]),
    "no path": ([], [x509.UniformResourceIdentifier("spiffe://x")]),
    "a long trust domain": ([], [x509.UniformResourceIdentifier(f"spiffe://{'x' * 256}/y")]),
    "a long id": ([], [x509.UniformResourceIdentifier(f"spiffe://x/{'y' * 2048}")]),
    "other kinds": (
        [[(oid.COMMON_NAME, "name")]],
        [
            x509.DNSName("a"),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
            x509.DirectoryName(x509.Name([x509.NameAttribute(oid.COMMON_NAME, "d")])),
            x509.RFC822Name("a@b.c"),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ],
    ),
}


@pytest.mark.parametrize("case", NAMES_OF_CLIENTS.values(), ids=NAMES_OF_CLIENTS)
@pytest.mark.skipif(not modules.grpcio_is_newest(), reason="an older grpcio tells less")
def test_names_of_a_client_as_grpcio_writes_them(case: Any) -> None:
    subject, names = case
    key, chain = tls.client(subject, names)
    told = []
    for name in modules.NAMES:
        grpc = modules.load(name)
        credentials = server_credentials(grpc, root_certificates=chain, require_client_auth=True)
        with (
            serving(grpc, credentials, Who=WHO) as address,
            grpc.secure_channel(
                address, grpc.ssl_channel_credentials(root(), key, chain)
            ) as channel,
        ):
            told.append(who(channel))
    assert told[1] == told[0]


@pytest.mark.parametrize(
    "arguments", [(None, None), (1, str), ("configuration", None), ("configuration", 1)]
)
def test_arguments_of_changing_credentials(grpc: ModuleType, arguments: Any) -> None:
    initial, fetcher = arguments
    if initial == "configuration":
        initial = grpc.ssl_server_certificate_configuration([tls.pair("localhost")])
    with pytest.raises(TypeError):
        grpc.dynamic_ssl_server_credentials(initial, fetcher)
