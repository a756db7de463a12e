"""`GRPC_VERBOSITY` and `GRPC_TRACE`: what the library says it does, through Python's logging."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from support import modules
from support.rpc import WAIT

PROGRAM = """
from concurrent import futures
{prelude}
from russet import grpc

server = grpc.server(futures.ThreadPoolExecutor(2))
handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", {{"m": handler}}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{{port}}") as channel:
    channel.unary_unary("/s/m")(b"", timeout={wait})
server.stop(None).wait()
"""


def run(prelude: str = "", **environment: str) -> str:
    """What a program that makes a call writes to stderr."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(prelude=prelude, wait=WAIT)],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=3 * WAIT,
        check=True,
    )
    return ran.stderr


def test_nothing_is_said_unasked() -> None:
    assert run() == ""


def test_tracers_say_what_happens() -> None:
    said = run(GRPC_TRACE="all", GRPC_VERBOSITY="debug")
    for tracer, line in [
        ("connectivity_state", "Idle -> Connecting"),
        ("connectivity_state", "Connecting -> Ready"),
        ("connectivity_state", "Ready -> Shutdown"),
        ("subchannel", "connecting to ipv4:127.0.0.1:"),
        ("subchannel", "connected to ipv4:127.0.0.1:"),
        ("call", "/s/m goes to ipv4:127.0.0.1:"),
        ("call", "a call ended: OK"),
        ("server_channel", "a connection from ipv4:127.0.0.1:"),
        ("call", "/s/m on stream 1"),
    ]:
        assert any(f" grpc.trace.{tracer}] " in text and line in text for text in said.splitlines())


@pytest.mark.parametrize(
    ("tracers", "there", "absent"),
    [
        ("subchannel", ["subchannel"], ["call", "connectivity_state"]),
        ("all,-subchannel", ["call", "connectivity_state"], ["subchannel"]),
    ],
)
def test_tracers_are_chosen(tracers: str, there: list[str], absent: list[str]) -> None:
    said = run(GRPC_TRACE=tracers, GRPC_VERBOSITY="DEBUG")
    for name in there:
        assert f"grpc.trace.{name}]" in said
    for name in absent:
        assert f"grpc.trace.{name}]" not in said


@pytest.mark.parametrize("verbosity", ["INFO", "ERROR", "NONE"])
def test_a_higher_level_hides_them(verbosity: str) -> None:
    assert run(GRPC_TRACE="all", GRPC_VERBOSITY=verbosity) == ""


def test_the_programs_own_logging_gets_the_lines() -> None:
    prelude = "import logging; logging.basicConfig(level=logging.DEBUG, format='own %(name)s')"
    lines = run(prelude, GRPC_TRACE="call", GRPC_VERBOSITY="DEBUG").splitlines()
    assert lines
    assert set(lines) == {"own grpc.trace.call"}


def test_what_is_not_known_is_said() -> None:
    assert "tcp, epoll" in run(GRPC_TRACE="tcp,epoll", GRPC_VERBOSITY="ERROR")
    assert "'LOUD'" in run(GRPC_VERBOSITY="LOUD")


def test_a_sink_gets_each_line_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from russet import _core, grpc

    lines: list[Any] = []
    assert _core.trace("connectivity_state,nope", lambda *line: lines.append(line)) == ["nope"]
    try:
        with grpc.insecure_channel("127.0.0.1:1"):
            pass
    finally:
        _core.stop_trace()
    mine = [line for tracer, line in lines if tracer == "connectivity_state"]
    assert any(line.endswith("Idle -> Shutdown") for line in mine)


@pytest.mark.parametrize("first", ["logging", "grpc"])
@pytest.mark.parametrize("module", modules.NAMES)
def test_the_logger_has_a_handler_from_the_import_on(module: str, first: str) -> None:
    imports = ["import logging", f"import {modules.load(module).__name__}"]
    program = f"""
{"; ".join(imports if first == "logging" else reversed(imports))}
logger = logging.getLogger("grpc")
print([type(handler).__name__ for handler in logger.handlers], logger.level, logger.propagate)
logging.getLogger("grpc.of_the_program").error("nobody reads this")
logging.getLogger("other").error("said")
"""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GRPC_")}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=3 * WAIT,
        check=True,
    )
    assert ran.stdout == "['NullHandler'] 0 True\n"
    assert ran.stderr == "said\n"
