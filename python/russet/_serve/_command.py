"""The arguments of `russet serve`."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os

from . import Settings
from ._supervisor import Supervisor

_DESCRIPTION = """\
Run a server in several processes, one a core, that share its port.

FACTORY is a function without parameters that returns a server, of grpc.server() or of
grpc.aio.server(), with its services added; it may be a coroutine function:

  # app.py
  def make_server():
      server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
      greeter_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
      return server

  russet serve app:make_server --bind '[::]:50051'
"""
_SIGNALS = """\
signals:
  SIGTERM, SIGINT  refuse new calls, let the running ones end within the grace, stop; twice: at once
  SIGHUP           start new workers, with the program as it is now, then stop the old ones

A worker that ends is replaced. The kernel spreads connections, not calls: a client with one
connection is served by one worker.
"""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e9:
        raise argparse.ArgumentTypeError("seconds, not negative")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="russet serve",
        description=_DESCRIPTION,
        epilog=_SIGNALS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("factory", metavar="FACTORY", help="module:function")
    parser.add_argument("--workers", type=_positive, default=None, metavar="N", help="processes (default: one a core that this process may use)")  # fmt: skip
    parser.add_argument("--bind", action="append", metavar="HOST:PORT", help="where to listen; may be given more than once (default: [::]:50051)")  # fmt: skip
    parser.add_argument("--no-bind", action="store_true", help="the factory binds its ports itself")
    parser.add_argument("--grace", type=_seconds, default=30.0, metavar="SECONDS", help="what running calls have to end (default: 30)")  # fmt: skip
    parser.add_argument("--tls-certificate", metavar="FILE", help="the server's certificate chain, PEM")  # fmt: skip
    parser.add_argument("--tls-key", metavar="FILE", help="its private key, PEM")
    parser.add_argument("--tls-client-authority", metavar="FILE", help="ask clients for a certificate of this authority, PEM")  # fmt: skip
    parser.add_argument("--drop-in", action="store_true", help="russet.install() first: the program imports grpc and google.protobuf")  # fmt: skip
    parser.add_argument("--uvloop", action="store_true", help="run asyncio on uvloop, which has to be installed")  # fmt: skip
    return parser


def main(arguments: list[str]) -> int:
    """Run the supervisor; returns the exit code."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    module, separator, name = parsed.factory.partition(":")
    if not (separator and name and module):
        parser.error(f"FACTORY is module:function, as app:make_server, and not {parsed.factory!r}")
    if parsed.no_bind and (parsed.bind or parsed.tls_certificate):
        parser.error("--no-bind leaves addresses and TLS to the factory: not with --bind or --tls-certificate")  # fmt: skip
    if (parsed.tls_certificate is None) != (parsed.tls_key is None):
        parser.error("--tls-certificate and --tls-key belong together")
    if parsed.tls_client_authority and not parsed.tls_certificate:
        parser.error("--tls-client-authority needs --tls-certificate")
    if parsed.uvloop and importlib.util.find_spec("uvloop") is None:
        parser.error("--uvloop: uvloop is not installed")
    settings = Settings(
        factory=parsed.factory,
        addresses=() if parsed.no_bind else tuple(parsed.bind or ["[::]:50051"]),
        grace=parsed.grace,
        certificate=parsed.tls_certificate,
        key=parsed.tls_key,
        client_authority=parsed.tls_client_authority,
        drop_in=parsed.drop_in,
        uvloop=parsed.uvloop,
    )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s russet serve: %(message)s")
    try:
        supervisor = Supervisor(settings, parsed.workers or _cores())
    except OSError as error:
        parser.error(f"--bind {error}")
    return supervisor.run()
