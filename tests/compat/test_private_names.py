"""Private names of grpcio that programs import or patch: they are there on both sides, mean the same, and what replaces them is called."""

from __future__ import annotations

import enum
import subprocess
import sys
import textwrap

import pytest

from .private import IMPORTED, NAMES

# Seconds; far beyond what one takes.
LIMIT = 50
ON = {"grpcio": "", "russet": "import russet; russet.install()\n"}


def program(code: str, on: str) -> str:
    """What a program prints on one of the two; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", ON[on] + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=list(ON))
def on(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_name_is_there(on: str) -> None:
    names = [(group.module, name) for group in NAMES for name in group.names]
    out = program(
        f"""
        import importlib
        for module, name in {names!r}:
            if not hasattr(importlib.import_module(module), name):
                print(module, name)
        """,
        on,
    )
    assert out == ""


def test_every_form_of_import(on: str) -> None:
    program(
        """
        import grpc
        from grpc import _common, _cython, _grpcio_metadata
        from grpc._cython import cygrpc
        import grpc._cython.cygrpc as again
        from grpc.aio import _typing
        assert grpc._cython.cygrpc is cygrpc is again is _cython.cygrpc
        assert grpc._common is _common
        assert _grpcio_metadata.__version__ == grpc.__version__
        assert grpc._common.__name__ and grpc._typing.MetadataType
        try:
            grpc._no_such_name
        except AttributeError as error:
            assert "_no_such_name" in str(error)
        else:
            raise AssertionError
        """,
        on,
    )


def test_nothing_of_it_is_loaded_with_grpc() -> None:
    out = program("import sys, grpc, grpc.aio; print([m for m in sys.modules if '_compat' in m])", "russet")  # fmt: skip
    assert out == "[]\n"


def test_what_has_no_meaning_raises_at_its_use() -> None:
    names = [(group.module, name) for group in NAMES for name in group.names if group.meaning == IMPORTED]  # fmt: skip
    assert names
    out = program(
        f"""
        import importlib
        for module, name in {names!r}:
            found = getattr(importlib.import_module(module), name)
            assert found is getattr(importlib.import_module(module), name)
            assert found.__name__ == name and found.__doc__
            try:
                found(None)
            except NotImplementedError as error:
                assert f"{{module}}.{{name}} is a part of grpcio's C core" in str(error), error
            else:
                raise AssertionError(name)
        """,
        "russet",
    )
    assert out == ""


def test_constants_are_the_original_s() -> None:
    """Every class of constants and every number and text of the extension module."""
    from grpc._cython import cygrpc
    from russet.grpc._compat._cython import cygrpc as ours

    groups = [name for name in ours.__all__ if _constants(getattr(cygrpc, name, None))]
    assert len(groups) >= 14
    for name in groups:
        assert _constants(getattr(ours, name)) == _constants(getattr(cygrpc, name)), name
    for name in (
        "GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM",
        "GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY",
        "_EMPTY_FLAGS",
        "_EMPTY_MASK",
        "TYPE_METADATA_STRING",
    ):
        assert getattr(ours, name) == getattr(cygrpc, name)


def _constants(group: object) -> dict[str, object]:
    if not isinstance(group, type):
        return {}
    if issubclass(group, enum.Enum):
        return {name: member.value for name, member in group.__members__.items()}
    return {
        name: value
        for name, value in vars(group).items()
        if not name.startswith("_") and isinstance(value, (int, bytes))
    }


def test_errors_and_calls_are_made_of_a_state(on: str) -> None:
    """As the tests of many programs make them."""
    out = program(
        """
        import grpc
        from grpc import _channel
        state = _channel._RPCState((), (("a", "b"),), (("c", "d"),), grpc.StatusCode.ABORTED, "why")
        error = _channel._InactiveRpcError(state)
        assert isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call)
        print(error.code(), error.details(), error.initial_metadata(), error.trailing_metadata())
        print(error._state.code, error._state.details)
        try:
            raise error
        except grpc.RpcError as caught:
            assert caught is error
        call = _channel._MultiThreadedRendezvous(state, None, None, None)
        print(call.code(), call.details(), call.trailing_metadata(), call.is_active(), call.done())
        try:
            next(call)
        except grpc.RpcError as caught:
            print(caught is call)
        good = _channel._RPCState((), (), (), grpc.StatusCode.OK, "")
        good.response = "message"
        call = _channel._MultiThreadedRendezvous(good, None, None, None)
        print(call.result(), call.exception())
        running = _channel._RPCState((), None, None, None, None)
        class Under:
            def cancel(self, code, details):
                print("cancelled", int(code if isinstance(code, int) else code.value[0]), details)
        call = _channel._MultiThreadedRendezvous(running, Under(), None, None)
        print(call.is_active(), call.cancel(), call.code(), call.cancelled())
        """,
        on,
    )
    assert out == textwrap.dedent("""\
        StatusCode.ABORTED why (('a', 'b'),) (('c', 'd'),)
        StatusCode.ABORTED why
        StatusCode.ABORTED why (('c', 'd'),) False True
        True
        message None
        cancelled 1 Locally cancelled by application!
        True True StatusCode.CANCELLED True
        """)


def test_agents_wait_for_the_modules_that_a_program_uses(on: str) -> None:
    """As newrelic does: it hears of a module's import by the name that grpcio gives it, and wraps what is there before the first call."""
    out = program(
        """
        import asyncio, importlib.util, sys
        from concurrent import futures

        class Loader:
            def __init__(self, loader):
                self.loader = loader
            def create_module(self, spec):
                return self.loader.create_module(spec)
            def exec_module(self, module):
                self.loader.exec_module(module)
                heard.add(module.__name__)
                if module.__name__ == "grpc._channel":
                    original = module._UnaryUnaryMultiCallable.__call__
                    def wrapper(self, *arguments, **keywords):
                        print("called", self._method)
                        return original(self, *arguments, **keywords)
                    module._UnaryUnaryMultiCallable.__call__ = wrapper

        class Finder:
            busy = set()
            def find_spec(self, name, path=None, target=None):
                if not name.startswith("grpc") or name in self.busy:
                    return None
                self.busy.add(name)
                try:
                    spec = importlib.util.find_spec(name)
                finally:
                    self.busy.discard(name)
                if spec is not None:
                    spec.loader = Loader(spec.loader)
                return spec

        heard = set()
        sys.meta_path.insert(0, Finder())
        import grpc

        handlers = {"m": grpc.unary_unary_rpc_method_handler(lambda request, context: request)}
        server = grpc.server(futures.ThreadPoolExecutor(1))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", handlers),))
        port = server.add_insecure_port("localhost:0")
        server.start()
        print(sorted(heard & {"grpc", "grpc._server", "grpc._channel", "grpc._interceptor"}))
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            print(channel.unary_unary("/s/m")(b"x"))
        print("grpc._channel" in heard)
        server.stop(None).wait()

        async def main():
            async with grpc.aio.insecure_channel("localhost:1"):
                await grpc.aio.server().stop(None)
        asyncio.run(main())
        print(sorted(heard & {"grpc.aio", "grpc.aio._call", "grpc.aio._channel", "grpc.aio._interceptor", "grpc.aio._server"}))
        """,
        on,
    )
    assert out == textwrap.dedent("""\
        ['grpc', 'grpc._interceptor', 'grpc._server']
        called b'/s/m'
        b'x'
        True
        ['grpc.aio', 'grpc.aio._call', 'grpc.aio._channel', 'grpc.aio._interceptor', 'grpc.aio._server']
        """)


def test_agents_wrap_the_client_s_methods(on: str) -> None:
    """As newrelic does: methods of multi-callables and of calls are replaced, and name the call by its channel's target and its path."""
    out = program(
        """
        import sys
        from concurrent import futures
        import grpc
        from grpc import _channel

        seen = []

        def wrap(owner, name):
            original = getattr(owner, name)
            def wrapper(self, *arguments, **keywords):
                seen.append((owner.__name__, name))
                if hasattr(self, "_method"):
                    target = self._channel.target().decode().replace("dns:///", "")
                    assert target == f"localhost:{port}", target
                    assert self._method.decode() == "/s/m"
                result = original(self, *arguments, **keywords)
                if isinstance(result, _channel._Rendezvous):
                    result._mark = 1
                return result
            setattr(owner, name, wrapper)

        wrap(_channel._UnaryUnaryMultiCallable, "__call__")
        wrap(_channel._UnaryUnaryMultiCallable, "with_call")
        wrap(_channel._UnaryUnaryMultiCallable, "future")
        wrap(_channel._UnaryStreamMultiCallable, "__call__")
        wrap(_channel._StreamUnaryMultiCallable, "with_call")
        wrap(_channel._StreamUnaryMultiCallable, "future")
        wrap(_channel._StreamStreamMultiCallable, "__call__")
        wrap(_channel._MultiThreadedRendezvous, "result")
        wrap(_channel._MultiThreadedRendezvous, "_next")
        wrap(_channel._Rendezvous, "cancel")

        class Handler(grpc.GenericRpcHandler):
            def service(self, details):
                return handlers[dict(details.invocation_metadata).get("kind", "uu")]

        handlers = {
            "uu": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
            "us": grpc.unary_stream_rpc_method_handler(lambda request, context: iter([request] * 2)),
            "su": grpc.stream_unary_rpc_method_handler(lambda requests, context: b"".join(requests)),
            "ss": grpc.stream_stream_rpc_method_handler(lambda requests, context: requests),
        }
        server = grpc.server(futures.ThreadPoolExecutor(4))
        server.add_generic_rpc_handlers((Handler(),))
        port = server.add_insecure_port("localhost:0")
        server.start()
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            uu = channel.unary_unary("/s/m")
            assert uu(b"a") == b"a"
            assert uu.with_call(b"a")[0] == b"a"
            future = uu.future(b"a")
            assert future._mark == 1 and future.result() == b"a"
            stream = channel.unary_stream("/s/m")(b"a", metadata=(("kind", "us"),))
            assert list(stream) == [b"a"] * 2
            su = channel.stream_unary("/s/m")
            assert su.with_call(iter([b"a", b"b"]), metadata=(("kind", "su"),))[0] == b"ab"
            assert su.future(iter([b"a"]), metadata=(("kind", "su"),)).result() == b"a"
            both = channel.stream_stream("/s/m")(iter([b"a"]), metadata=(("kind", "ss"),))
            assert list(both) == [b"a"]
            both.cancel()
        server.stop(None).wait()
        print(*seen, sep="\\n")
        """,
        on,
    )
    calls = [
        ("_UnaryUnaryMultiCallable", "__call__"),
        ("_UnaryUnaryMultiCallable", "with_call"),
        ("_UnaryUnaryMultiCallable", "future"),
        ("_MultiThreadedRendezvous", "result"),
        ("_UnaryStreamMultiCallable", "__call__"),
        *[("_MultiThreadedRendezvous", "_next")] * 3,
        ("_StreamUnaryMultiCallable", "with_call"),
        ("_StreamUnaryMultiCallable", "future"),
        ("_MultiThreadedRendezvous", "result"),
        ("_StreamStreamMultiCallable", "__call__"),
        *[("_MultiThreadedRendezvous", "_next")] * 2,
        ("_Rendezvous", "cancel"),
    ]
    assert out == "".join(f"{call}\n" for call in calls)


def test_credentials_of_the_extension_module(on: str) -> None:
    """What its classes make is what `grpc`'s credentials hold."""
    out = program(
        """
        import grpc
        from grpc._cython import cygrpc
        ssl = cygrpc.SSLChannelCredentials(None, None, None)
        token = grpc.access_token_call_credentials("t")._credentials
        both = cygrpc.CompositeChannelCredentials((token,), ssl)
        for made in (ssl, both, cygrpc.InsecureChannelCredentials()):
            print(isinstance(made, cygrpc.ChannelCredentials), isinstance(made, cygrpc.CompositeChannelCredentials))
        print(isinstance(token, cygrpc.CallCredentials))
        channel = grpc.secure_channel("localhost:1", grpc.ChannelCredentials(both))
        try:
            channel.unary_unary("/s/m")(b"", timeout=5)
        except grpc.RpcError as error:
            print(error.code())
        pair = cygrpc.SslPemKeyCertPair(b"k", b"c")
        print(pair.private_key, pair.certificate_chain, isinstance(cygrpc._Metadatum("a", "b"), tuple))
        """,
        on,
    )
    assert out == textwrap.dedent("""\
        True False
        True True
        True False
        True
        StatusCode.UNAVAILABLE
        b'k' b'c' True
        """)


def test_the_fork_epoch(on: str) -> None:
    out = program(
        """
        import os, sys
        os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "1"
        from grpc._cython import cygrpc
        before = cygrpc.get_fork_epoch()
        if not hasattr(os, "fork"):
            print(True)
            sys.exit()
        import grpc
        grpc.insecure_channel("localhost:1").close()
        child = os.fork()
        if child == 0:
            os._exit(0 if cygrpc.get_fork_epoch() != before else 3)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, cygrpc.get_fork_epoch() == before)
        """,
        on,
    )
    assert out == "True True\n"


def test_the_framework_s_foundation(on: str) -> None:
    out = program(
        """
        import logging
        from grpc.framework.foundation import abandonment, callable_util, logging_pool, stream_util
        from grpc.framework.common import cardinality, style
        logging.disable(logging.CRITICAL)
        with logging_pool.pool(2) as pool:
            print(pool.submit(pow, 2, 3).result(), list(pool.map(abs, [-1, 2])))
            failed = pool.submit(int, "x")
            print(type(failed.exception()).__name__)
            taken = stream_util.IterableConsumer()
            upper = stream_util.TransformingConsumer(str.upper, taken)
            switching = stream_util.ThreadSwitchingConsumer(upper, pool)
            for letter in "ab":
                switching.consume(letter)
            switching.consume_and_terminate("c")
            switching.consume("d")
            print(*taken)
        for behavior in (lambda: 1, lambda: 1 // 0):
            outcome = callable_util.call_logging_exceptions(behavior, "message")
            print(outcome.kind.name, outcome.return_value, type(outcome.exception).__name__)
        print(cardinality.Cardinality.UNARY_STREAM.value, style.Service.INLINE.value, issubclass(abandonment.Abandoned, Exception))
        """,
        on,
    )
    assert out == textwrap.dedent("""\
        8 [1, 2]
        ValueError
        A B C
        RETURNED 1 NoneType
        RAISED None ZeroDivisionError
        request-unary/response-streaming inline True
        """)
