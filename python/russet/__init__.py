"""gRPC and Protocol Buffers for Python, with a core in Rust.

`russet.grpc` has grpcio's API, `russet.protobuf` that of google.protobuf, `russet.protoc` is the compiler. `install()` gives all of them the names of the originals.
"""

from __future__ import annotations

__all__ = ["__version__", "install"]

__version__ = "0.1.0"


def install() -> None:
    """Make `import grpc`, `import google.protobuf`, `import grpc_tools` and the companions `grpc_health`, `grpc_reflection` and `grpc_status` mean Russet in this process, also where the originals are installed.

    Call it first, before anything imports one of them; calling it again changes nothing. `russet run` does it for a program without a changed line, and the pytest plugin `russet.pytest_plugin` for tests. Processes that start fresh, as those of multiprocessing's "spawn", call it for themselves, or have the environment variable `RUSSET_INSTALL=1`, with which Python calls it as it starts; `russet install` does that for a whole environment.

    Raises:
        RuntimeError: One of the originals is imported already.
    """
    from ._install import install

    install()
